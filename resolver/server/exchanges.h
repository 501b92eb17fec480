/* Merges equal upstream exchanges of one worker: walks that want the same (zone cut, name, type) over the same
 * transport, and of the same server where the configuration names it, share one exchange and each gets the same event,
 * so that nobody waits on another client's walk. New exchanges with the servers of one zone are limited, so that no
 * zone takes all of a worker's walks (random names below a slow one). */
#ifndef CAIRN_SERVER_EXCHANGES_H
#define CAIRN_SERVER_EXCHANGES_H

#include <sys/queue.h>

#include "resolver/base/pool.h"
#include "resolver/base/table.h"
#include "resolver/iterate/query.h"
#include "resolver/net/upstream.h"

struct shared_exchange;

/* One walk's part in an exchange; embedded in the walk. */
struct exchange_part {
    TAILQ_ENTRY(exchange_part) link;
    struct shared_exchange *shared; /* NULL: not in an exchange */
};
TAILQ_HEAD(exchange_parts, exchange_part);

struct exchange_hooks {
    /* Gets every part's event, from the event loop only; the part is free again by then. */
    void (*deliver)(void *ctx, struct exchange_part *part, const struct query_event *ev);
    /* That event comes in a moment (upstream_soon). */
    void (*expect)(void *ctx, struct exchange_part *part);
    void *ctx;
};

/* Zones are counted by a keyed hash: two that share a counter share its limit. */
#define EXCHANGE_ZONES 4096

struct exchanges {
    struct upstream *upstream;
    struct table table;
    struct pool memory;             /* of what is in the table */
    uint32_t zones[EXCHANGE_ZONES]; /* exchanges with the servers of each */
    struct exchange_hooks hooks;
};

/* FAIL_MEMORY. */
MUST_CHECK int exchanges_init(struct exchanges *x, struct upstream *u, const struct exchange_hooks *hooks);

/* Ends all exchanges without events. */
void exchanges_fini(struct exchanges *x);

/* Joins a running exchange or starts one. Without an event to come: FAIL_SYSTEM, it could not begin; FAIL_LIMIT, there
 * are `zone_max` with the zone's servers already. That does not count for the root, top-level domains and configured
 * servers. */
MUST_CHECK int exchanges_join(struct exchanges *x, const struct send *s, unsigned zone_max, struct exchange_part *part);

/* Leaves without an event; the last to leave ends the exchange. */
void exchanges_leave(struct exchanges *x, struct exchange_part *part);

#endif
