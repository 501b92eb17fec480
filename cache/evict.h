/* Eviction: keeps the map from filling up. When 80 % of its pages are in use a round begins that removes an eighth of
 * the payload, in small steps between the writer's batches: a hand moves through the keys and takes first what has
 * expired, then what was not used again. When a whole lap finds too little, the usage counters are halved and the hand
 * goes on.
 *
 * Removing entries empties pages only where neighbours go together, so the pages in use say when to begin but not when
 * to stop; and the next round waits until the payload has grown back, unless 90 % of the pages are in use. */
#ifndef CAIRN_CACHE_EVICT_H
#define CAIRN_CACHE_EVICT_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/lmdb.h"
#include "cache/usage.h"
#include "resolver/base/fail.h"

#define EVICT_STEP_VISITS 200     /* entries looked at in one step */
#define EVICT_STEP_DROPS  100     /* and removed at most: freeing pages needs pages */
#define EVICT_STEP_NS     2000000 /* nanoseconds after which a step stops */

struct evict {
    struct lmdb *db;
    struct usage *usage;
    struct lmdb_range hand;
    bool is_on;     /* a round is going on */
    bool is_gentle; /* it takes only what has expired */
    uint64_t goal;  /* payload at which the round ends */
    uint64_t rearm; /* payload at which the next may begin */
    unsigned laps;  /* ends of the keys reached in this round */
    uint64_t lap_visited, lap_dropped;
    uint64_t aged_at;   /* clock_ticks when the counters were last halved */
    uint64_t now;       /* clock_now of the step */
    uint64_t step_ends; /* clock_ticks */
    unsigned step_visits, step_expired;
    uint64_t expired, evicted; /* in all */
};

void evict_init(struct evict *e, struct lmdb *db, struct usage *usage);

/* After commits: begins a round if it is time. `ticks` is clock_ticks. */
void evict_check(struct evict *e, uint64_t ticks);

/* One step of the round; `drops` is EVICT_STEP_DROPS or less. As lmdb_sweep. */
MUST_CHECK int evict_step(struct evict *e, uint64_t now, uint64_t ticks, unsigned drops);

#endif
