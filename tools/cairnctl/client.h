/* One request to the daemon over its control socket, blocking. */
#ifndef CAIRN_TOOLS_CLIENT_H
#define CAIRN_TOOLS_CLIENT_H

#include "tools/cairnctl/ctl.h"

/* Sends GET with `arguments` as query (NULL: none; the reference is taken), and gives the answer's JSON in `*out`,
 * which the caller releases. Everything but CTL_OK has been reported on stderr; for status 503 with a body of its own
 * (health) the answer is given as well. With --json a refusal is printed as the daemon sent it. */
enum ctl_exit client_get(const struct arguments *a, const char *path, json_t *arguments, json_t **out);

/* The same, and the answer is printed: by `print` for people, with --json as it came. */
typedef void client_print_fn(const struct arguments *a, json_t *answer);
enum ctl_exit client_show(const struct arguments *a, const char *path, json_t *arguments, client_print_fn *print);

/* Sends POST with `arguments` as body, and shows the answer. */
enum ctl_exit client_change(const struct arguments *a, const char *path, json_t *arguments, client_print_fn *print);

#endif
