/* Gives up root after the sockets and files are open. */
#ifndef CAIRN_SERVER_PRIVILEGES_H
#define CAIRN_SERVER_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>

#include "resolver/base/fail.h"

/* Whom the process should run as: true and ids when it runs as root and `user` is set and exists. A user that was named
 * in the configuration (`is_given`) but does not exist is FAIL_SYSTEM. */
struct privileges {
    bool must_drop;
    bool stays_root; /* though `user` is set: it does not exist, and is only the default */
    unsigned uid, gid;
    const char *user;
};
MUST_CHECK int privileges_find(const char *user, bool is_given, struct privileges *out);

/* Creates `directory` and its parents if missing and makes it the user's. FAIL_SYSTEM: errno says why. */
MUST_CHECK int privileges_directory(const struct privileges *p, const char *directory);

/* Drops to the user for good and forbids regaining privileges. FAIL_SYSTEM: errno says why; the process must end. */
MUST_CHECK int privileges_drop(const struct privileges *p);

#endif
