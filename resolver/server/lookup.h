/* A question of the main thread's own, walked by a worker. */
#ifndef CAIRN_SERVER_LOOKUP_H
#define CAIRN_SERVER_LOOKUP_H

#include <stdint.h>

#include "resolver/dns/rrset.h"
#include "resolver/server/mailbox.h"
#include "resolver/server/worker.h"

/* Called once on the thread of `home`. `set` is of the name and type asked for and valid during the call; NULL: servers
 * gave none in time. */
typedef void lookup_done(void *ctx, const uint8_t *name, const struct rrset *set);

/* From the thread of `home`: asks the servers, whatever is cached, and validates nothing. `home` and `ctx` outlive the
 * worker. Ends the process without memory. */
void lookup_start(struct worker *w, struct mailbox *home, const uint8_t *name, uint16_t type, lookup_done *done,
                  void *ctx);

#endif
