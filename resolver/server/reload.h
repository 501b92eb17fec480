/* Loads configuration and zones again in a thread of its own, so that neither answers nor the control socket wait for a
 * large zone. One at a time. */
#ifndef CAIRN_SERVER_RELOAD_H
#define CAIRN_SERVER_RELOAD_H

#include <stdbool.h>

#include <jansson.h>

#include "resolver/server/load.h"
#include "resolver/server/mailbox.h"
#include "resolver/server/settings.h"

struct reload;

struct reload_result {
    bool ok;
    struct loaded loaded; /* passes to the callback when ok */
    json_t *problems;     /* array of texts of several lines each, errors and warnings; borrowed */
    json_t *zones;        /* array of the names of new zones and of those whose files changed; borrowed */
    bool has_new_cuts;    /* one of these zones delegates names away */
};

typedef void reload_done(void *ctx, const struct reload_result *result);

struct reload *reload_new(struct mailbox *home, reload_done *done, void *ctx);

/* Waits until no load runs; the outcome of the last one may still be on its way through the mailbox. */
void reload_wait(struct reload *r);

/* After reload_wait and once the mailbox is empty. */
void reload_free(struct reload *r);

/* Starts a load of `path` (see config_load) that may share zones with `current`, of which it keeps a user meanwhile;
 * `done` runs on the home thread. FAIL_BUSY: one is running. FAIL_SYSTEM: no thread. */
MUST_CHECK int reload_start(struct reload *r, const char *path, struct settings *current);

#endif
