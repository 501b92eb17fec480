/* One attempt to get a copy of the root zone, from a file or from the root's servers, in a thread of its own. */
#ifndef CAIRN_SERVER_ROOT_FETCH_H
#define CAIRN_SERVER_ROOT_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/addr.h"
#include "resolver/iterate/copy.h"
#include "resolver/server/mailbox.h"
#include "resolver/server/settings.h"

#define ROOT_FETCH_WHY_SIZE 256

struct root_fetch;

struct root_fetched {
    struct zone_copy *copy;        /* a new one, passes over; NULL: there is none */
    bool is_current;               /* the copy that is there is the newest */
    struct addr server;            /* who gave it; len 0: a file */
    char why[ROOT_FETCH_WHY_SIZE]; /* when neither */
};

/* On the thread of `home`, once; the fetch is gone afterwards. */
typedef void root_fetch_done(void *ctx, const struct root_fetched *result);

/* Begins to fetch as `s` says: hints, port, file and trust anchor of the root; `s` is held meanwhile. `serial`: of the
 * copy that is there, or NULL; a file is read in any case. NULL: the system has no thread or memory for it. */
struct root_fetch *root_fetch_start(struct mailbox *home, struct settings *s, const uint32_t *serial,
                                    root_fetch_done *done, void *ctx);

/* Has it given up soon, and waits for that. `done` still runs when the mailbox is next emptied. */
void root_fetch_stop(struct root_fetch *f);

#endif
