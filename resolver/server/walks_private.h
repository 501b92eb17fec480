/* The parts of `struct walks`. Private to walks.c, which drives the walks, and walks_wait.c, which looks after those
 * who wait for them. */
#ifndef CAIRN_SERVER_WALKS_PRIVATE_H
#define CAIRN_SERVER_WALKS_PRIVATE_H

#include <event2/util.h>

#include "resolver/base/pool.h"
#include "resolver/base/table.h"
#include "resolver/server/exchanges.h"
#include "resolver/server/probes.h"
#include "resolver/server/walks.h"

TAILQ_HEAD(waiters, waiter);
TAILQ_HEAD(walk_list, walk);

struct walk {
    struct table_node node;
    struct walks *owner;
    struct generation *generation;
    struct query *query;
    struct exchange_part part;
    struct waiters waiters;
    unsigned waiter_count;
    unsigned flags;
    bool is_refresh;
    bool is_upper; /* in the list of those that may have to give way */
    TAILQ_ENTRY(walk) in_list;
    bool is_resting; /* in the list of those that go on soon */
    TAILQ_ENTRY(walk) in_rest;
    uint64_t began;              /* clock_now milliseconds */
    const struct answer *answer; /* instead of the query's own; NULL: that */
    uint32_t epoch;
};

struct walks {
    struct exchanges exchanges;
    struct table table;
    struct pool memory; /* of walks */
    struct probes probes;
    struct waiters by_time;     /* all waiters, first deadline first */
    struct waiters by_patience; /* those that expired data was not tried for, likewise */
    struct walk_list upper;     /* walks in the upper half of all places, oldest first */
    struct walk_list given_up;  /* their clients are answered by `giving_up` */
    struct event *giving_up;
    struct walk_list resting; /* walks that let others go first, until `going_on` continues them */
    uint32_t effort;          /* of all walks since then, as in the resolver of each */
    struct event *going_on;
    struct crowd crowd;
    struct event *timer; /* armed while somebody waits */
    uint64_t timer_at;   /* when it fires, while it is armed */
    struct walk_counts counts;
    struct walk_hooks hooks;
};

/* ---- walks_wait.c ---- */

/* Sets the timer for whoever's time comes first. */
void waiters_arm(struct walks *w);

/* True when the limits let `who` wait, too. */
bool waiters_may_join(const struct walks *w, struct resolver *r, const struct asker *who);

/* Answers all who wait for `walk`. */
void waiters_answer(struct walk *walk, const struct answer *a);

/* Answers those who wait for walks that were given up, and ends these. */
void waiters_answer_given_up(struct walks *w);

/* Of the two events: `arg` is the walks. */
void waiters_on_timer(evutil_socket_t fd, short what, void *arg);
void waiters_on_given_up(evutil_socket_t fd, short what, void *arg);

#endif
