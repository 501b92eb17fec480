/* Every bound on work that a client's query may cause, in one place. Each is configurable under `limits:` by its name
 * and has a counter of how often it was hit: how often something would have gone on, or gone on longer, without it.
 * "per query" counts one client query with all sub-questions it causes, "per worker" what one of the daemon's threads
 * has in hand, "in all" the whole daemon. */
#ifndef CAIRN_ITERATE_LIMITS_H
#define CAIRN_ITERATE_LIMITS_H

#include <stdint.h>

/*         name                    default  unit and scope */
#define LIMIT_TABLE(X)                                                                                                 \
    X(sends, 100, "upstream queries per query")                                                                        \
    X(sends_per_name, 32, "upstream queries for one name and type per query")                                          \
    X(received_bytes, 262144, "bytes of upstream replies per query")                                                   \
    X(walk_ms, 8000, "milliseconds a walk may go on")                                                                  \
    X(answer_ms, 3500, "milliseconds until a client is answered, whatever happened")                                   \
    X(depth, 8, "nested look-ups of name server addresses")                                                            \
    X(aliases, 11, "CNAME and DNAME links of one answer")                                                              \
    X(referrals, 32, "referrals followed per query")                                                                   \
    X(qname_steps, 10, "steps in which servers are shown a name, the last shows all (RFC 9156)")                       \
    X(qname_single_labels, 4, "steps in one zone that show a single label more")                                       \
    X(servers, 13, "name servers used of one delegation")                                                              \
    X(addresses, 4, "addresses used of one name server")                                                               \
    X(glueless, 10, "name server addresses looked up per query")                                                       \
    X(glueless_per_referral, 4, "name server addresses looked up for one delegation")                                  \
    X(glueless_failures, 5, "failed name server look-ups per query")                                                   \
    X(tries, 3, "tries per server and transport for one question (RFC 9520)")                                          \
    X(chain, 64, "DS and DNSKEY questions per query for validation")                                                   \
    X(bogus_retries, 3, "bogus answers asked for again per query")                                                     \
    X(bogus_ms, 60000, "milliseconds a bogus answer is remembered")                                                    \
    X(verifications, 128, "signatures verified per query")                                                             \
    X(verification_failures, 32, "verifications per query that fail, or repeat with a second key of one tag")          \
    X(nsec3_blocks, 512, "SHA-1 blocks hashed for NSEC3 per query")                                                    \
    X(nsec3_iterations, 50, "iterations of NSEC3: with more a zone is insecure (RFC 9276)")                            \
    X(signatures_per_set, 8, "signatures of one RRset that are tried")                                                 \
    X(keys_per_tag, 2, "keys of one tag that are tried for one signature or DS")                                       \
    X(ds_per_zone, 8, "DS records of one zone that are tried")                                                         \
    X(tcp_connects, 6, "upstream connections per query")                                                               \
    X(query_memory, 1048576, "bytes of memory per query")                                                              \
    X(in_flight, 2048, "walks at once per worker")                                                                     \
    X(in_flight_per_zone, 200,                                                                                         \
      "packets on their way to one zone's servers, per worker; no end for root, top-level"                             \
      " domains, forward and stub zones")                                                                              \
    X(slow_ms, 200, "milliseconds after which a walk of the upper half of in_flight gives way to a new one")           \
    X(waiters, 2048, "clients waiting for one question, per worker")                                                   \
    X(waiting, 16384, "clients waiting in all questions, per worker")                                                  \
    X(waiting_per_address, 100,                                                                                        \
      "questions of one client address waiting, per worker, while in_flight or waiting is"                             \
      " over half used")                                                                                               \
    X(waiting_per_address_proven, 1000, "likewise of an address that shows a valid cookie or uses TCP")                \
    X(responses_per_second, 0,                                                                                         \
      "UDP answers to one client network (/24, /56) in all, without a valid cookie; 0: no"                             \
      " end")                                                                                                          \
    X(failure_ms, 5000, "milliseconds a first failure is remembered (RFC 9520)")                                       \
    X(failure_max_ms, 300000, "milliseconds a repeated failure is remembered at most")                                 \
    X(refresh_ms, 30000, "milliseconds between attempts to renew expired data that is served (RFC 8767)")              \
    X(prefetches, 64, "walks at once per worker that renew names in use before they expire")                           \
    X(probes, 256, "packets on their way at once per worker to see whether silent servers are back")                   \
    X(records, 100, "records of one RRset that is cached")                                                             \
    X(tcp_clients, 1024, "client connections in all")                                                                  \
    X(tcp_clients_per_address, 32, "connections of one client address in all, while tcp_clients is over half used")    \
    X(tcp_pipeline, 16, "queries of one connection in progress")                                                       \
    X(tcp_first_ms, 2000, "milliseconds for a connection's first or a begun message")                                  \
    X(tcp_idle_ms, 10000, "milliseconds an idle client connection is kept")                                            \
    X(tcp_idle_busy_ms, 500, "likewise while 80 % of tcp_clients are in use")

/* Bounds of what is kept, which are settings under `cache:`; here they are counted with the others. */
#define LIMIT_CACHE_TABLE(X)                                                                                           \
    X(max_entry_size, "entries of more octets, which were answered and not kept")                                      \
    X(max_ttl, "TTLs that were cut")                                                                                   \
    X(max_negative_ttl, "TTLs of negative answers that were cut")                                                      \
    X(min_ttl, "TTLs that were raised")                                                                                \
    X(min_negative_ttl, "TTLs of negative answers that were raised")

enum limit_id {
#define LIMIT_ID(name, value, text) LIMIT_ID_##name,
    LIMIT_TABLE(LIMIT_ID)
#undef LIMIT_ID
        LIMIT_VALUE_COUNT, /* those that are set under `limits:` */
    LIMIT_BEFORE_CACHE = LIMIT_VALUE_COUNT - 1,
#define LIMIT_ID(name, text) LIMIT_ID_##name,
    LIMIT_CACHE_TABLE(LIMIT_ID)
#undef LIMIT_ID
        LIMIT_COUNT
};

struct limits {
    uint32_t values[LIMIT_VALUE_COUNT];
};

/* The value of a limit: limit_get(&l, sends). */
#define limit_get(limits, name) ((limits)->values[LIMIT_ID_##name])

extern const struct limits limits_default;

/* Name and meaning of limit `id`, constant. */
const char *limit_name(enum limit_id id);
const char *limit_meaning(enum limit_id id);

#endif
