/* The walks of one worker: drives each query's state machine with upstream events, lets any number of clients wait for
 * one question, and answers each within its time whatever the walk does.
 *
 * What the cache alone answers needs no place. Walks have limits.in_flight places. Those in the lower half end by
 * themselves; of those in the upper half the oldest that has taken limits.slow_ms gives way to a new question when all
 * places are taken. A walk's age counts from its first client: who asks again makes it no younger. */
#ifndef CAIRN_SERVER_WALKS_H
#define CAIRN_SERVER_WALKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "resolver/iterate/query.h"
#include "resolver/net/upstream.h"
#include "resolver/server/crowd.h"
#include "resolver/server/generation.h"

struct event_base;
struct probe_board;
struct walk;
struct walks;

/* A client that waits; embedded in the front's record of it. */
struct waiter {
    TAILQ_ENTRY(waiter) in_walk;
    TAILQ_ENTRY(waiter) in_time;
    TAILQ_ENTRY(waiter) in_patience; /* until expired data was tried */
    struct walk *walk;
    struct asker asker; /* set by the front */
    uint64_t deadline;  /* clock_now milliseconds */
    uint64_t patience;  /* when expired data will do; 0: not any more, or never */
    uint32_t epoch;     /* of the cache when the walk began */
    bool is_late;       /* answered because its time was up */
    /* Called exactly once, from the event loop; the waiter is the front's again. */
    void (*answer)(struct waiter *w, const struct answer *a);
};

enum walk_state {
    WALK_FINISHED, /* walk_answer is ready, perhaps from expired data because there was no place; end with walk_release
                    */
    WALK_ON,       /* it needs the network: walk_wait */
    WALK_REFUSED   /* no place, or no memory: no walk */
};

struct walk_hooks {
    void *ctx;
    void (*on_network)(void *ctx);                                       /* a new walk needs the network */
    void (*on_refreshed)(void *ctx, const uint8_t *name, uint16_t type); /* what walks_refresh began has ended */
    void (*on_rest)(void *ctx); /* an upstream event or a timer was dealt with: nothing borrowed is in use */
};

/* `board` is what the walks of all workers share. */
struct walks *walks_new(struct event_base *base, struct upstream *u, struct probe_board *board,
                        const struct walk_hooks *hooks);

/* Ends all walks; every waiter is answered SERVFAIL first. */
void walks_free(struct walks *w);

/* Finds the walk of an equal question or begins one under generation `g`. `who` NULL: no client does; then no other
 * walk gives way. */
enum walk_state walks_ask(struct walks *w, struct generation *g, const struct question *q, unsigned flags,
                          const struct asker *who, struct walk **walk);

const struct answer *walk_answer(const struct walk *walk);
uint32_t walk_epoch(const struct walk *walk);
void walk_release(struct walk *walk);

/* Adds a client. FAIL_LIMIT: too many wait for this question, in all, or of its address. */
MUST_CHECK int walk_wait(struct walk *walk, struct waiter *waiter);

/* Expired data for a client that waits for nothing better (client-timeout 0); NULL: it has to wait. */
const struct answer *walk_answer_at_once(struct walk *walk);

/* Begins to renew what is cached of the question and near its end, unless that is going on or limits.prefetches walks
 * do such work. Nobody waits for it. */
void walks_refresh(struct walks *w, struct generation *g, const struct question *q, unsigned flags);

struct walk_counts {
    uint64_t started, finished, late, refused;
    uint64_t given_up;  /* of those finished: to make room */
    uint64_t refreshes; /* of those started */
    uint64_t probes, probes_answered;
    unsigned in_flight, waiting;
    unsigned refreshing; /* of those in flight */
};
struct walk_counts walks_counts(const struct walks *w);

#endif
