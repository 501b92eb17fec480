/* Counters of one worker: written by its thread only, read by others with relaxed loads and added up for people. */
#ifndef CAIRN_SERVER_STATS_H
#define CAIRN_SERVER_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#define STAT_TABLE(X)                                                                                                  \
    X(udp_queries, "queries that came by UDP")                                                                         \
    X(tcp_queries, "queries that came by TCP")                                                                         \
    X(ignored, "messages too short or not queries: no answer")                                                         \
    X(denied, "queries from networks that may not ask")                                                                \
    X(proven, "queries with a valid DNS cookie")                                                                       \
    X(from_ready, "answers from the worker's table of ready messages")                                                 \
    X(from_zone, "answers from own zones")                                                                             \
    X(from_cache, "answers from cache, special-use names included")                                                    \
    X(from_walk, "answers that needed other servers")                                                                  \
    X(stale, "answers with expired data (RFC 8767)")                                                                   \
    X(refreshed, "answers near their end that were renewed because they are in use")                                   \
    X(late, "clients answered SERVFAIL because their time was up")                                                     \
    X(overload, "queries answered SERVFAIL because too many were in progress")                                         \
    X(private_removed, "answers that a private address was left out of")                                               \
    X(bogus, "answers that failed validation")                                                                         \
    X(truncated, "answers cut for UDP")                                                                                \
    X(rate_limited, "UDP queries that got silence or TC because of responses_per_second")                              \
    X(noerror, "answers NOERROR")                                                                                      \
    X(formerr, "answers FORMERR")                                                                                      \
    X(servfail, "answers SERVFAIL")                                                                                    \
    X(nxdomain, "answers NXDOMAIN")                                                                                    \
    X(notimp, "answers NOTIMP")                                                                                        \
    X(refused, "answers REFUSED")                                                                                      \
    X(other_rcode, "answers with another response code")

enum stat_id {
#define STAT_ID(name, text) STAT_##name,
    STAT_TABLE(STAT_ID)
#undef STAT_ID
        STAT_COUNT
};

struct stats {
    _Atomic uint64_t values[STAT_COUNT];
};

static inline void stats_add(struct stats *s, enum stat_id id)
{
    /* One writer: no locked instruction is needed, only a store that readers see whole. */
    uint64_t value = atomic_load_explicit(&s->values[id], memory_order_relaxed);
    atomic_store_explicit(&s->values[id], value + 1, memory_order_relaxed);
}

static inline uint64_t stats_get(struct stats *s, enum stat_id id)
{
    return atomic_load_explicit(&s->values[id], memory_order_relaxed);
}

/* Counts an answer by its response code. */
void stats_rcode(struct stats *s, unsigned rcode);

/* Constant name and meaning of a counter. */
const char *stats_name(enum stat_id id);
const char *stats_meaning(enum stat_id id);

#endif
