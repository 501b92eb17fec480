/* The resolver proper, without I/O: one query is a state machine that is fed events and says what it wants next. Time
 * and randomness come in from outside, so scenarios and fuzzers drive it exactly as the daemon does (RFC 1034 5.3.3).
 */
#ifndef CAIRN_ITERATE_QUERY_H
#define CAIRN_ITERATE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/cache.h"
#include "resolver/base/addr.h"
#include "resolver/dns/edns.h"
#include "resolver/dns/msg.h"
#include "resolver/iterate/limits.h"
#include "resolver/iterate/trace.h"
#include "resolver/validate/anchor.h"

struct zone_copy;   /* copy.h: a whole zone */
struct servers;     /* servers.h: what is known of each upstream address */
struct keyring;     /* validate/keyring.h */
struct trust_table; /* trust_table.h */

/* One name server of the hints. */
struct hint {
    const uint8_t *name;
    const struct addr *addresses; /* port 0 */
    unsigned address_count;
};

/* How the zone of a route is validated. */
enum dnssec_mode {
    DNSSEC_AUTO,    /* where the public tree vouches for it; insecure where that denies it or cannot be asked */
    DNSSEC_REQUIRE, /* what no chain of trust reaches is bogus */
    DNSSEC_OFF      /* everything in it is insecure */
};

/* A zone asked of given servers (routes.h). */
struct route {
    const uint8_t *zone;
    const struct addr *to; /* with port */
    unsigned to_count;
    bool is_forward; /* they resolve for us; else they are the zone's own servers */
    enum dnssec_mode dnssec;
};

/* When data that has expired may still be served (RFC 8767). */
struct stale_policy {
    bool is_on;
    uint64_t window_ms; /* after its expiry */
    uint32_t client_ms; /* what a client waits for something better first; 0: not at all */
    uint32_t ttl;       /* that it is sent with, in seconds */
};

/* Settings of the core: an immutable snapshot that outlives every query started with it. */
struct policy {
    const struct hint *hints; /* the root's servers; count 0: no walk is possible */
    unsigned hint_count;
    const struct zone_copy *root_copy; /* asked in place of the root's servers (RFC 8806), or NULL */
    uint64_t root_copy_until;          /* clock_now: it is too old from then on */
    const struct route *routes;        /* sorted by routes_sort */
    unsigned route_count;
    bool validation;         /* answers are validated */
    struct anchors anchors;  /* where that begins; without one at or above a name it is indeterminate */
    bool accept_sha1;        /* DNSKEY algorithms 5 and 7, DS digest 1 */
    uint32_t signature_skew; /* seconds of clock error forgiven at both ends of a signature's validity */
    bool ipv4, ipv6;         /* families that upstream servers may be asked by */
    bool special_use;        /* answer special-use names here (RFC 6761 and others) */
    bool qname_minimisation; /* show servers no more of a name than they need (RFC 9156) */
    uint16_t upstream_port;
    uint16_t edns_size;             /* advertised to servers */
    const struct addr_net *allowed; /* networks opened for iteration although closed by default */
    unsigned allowed_count;
    const struct addr *own; /* our listeners: never asked unless allowed with their network */
    unsigned own_count;
    const struct addr_net *private_nets; /* taken out of public answers (private.h) */
    unsigned private_count;
    struct stale_policy stale;
    bool prefetch;        /* refresh.h */
    bool aggressive_nsec; /* aggressive.h */
    struct limits limits;
};

/* What own data says about a name. */
enum local_hit {
    LOCAL_NONE,      /* no own zone holds the name */
    LOCAL_ANSWER,    /* final: rcode and sections are set (positive, NODATA, NXDOMAIN) */
    LOCAL_ALIAS,     /* sections hold CNAMEs; go on with `target`, which no own zone holds */
    LOCAL_DELEGATION /* authority holds the NS set, additional its glue: the walk may start there */
};

struct local_answer {
    unsigned rcode;
    const uint8_t *target;
    struct rrset *sections[SECTION_COUNT]; /* nodes in the arena; data in the snapshot, valid for the whole query */
};

/* Own zones as the core sees them. */
struct local {
    void *ctx;
    enum local_hit (*find)(void *ctx, const uint8_t *name, uint16_t type, struct arena *a, struct local_answer *out);
};

/* Effort, in verifications by ECDSAP256SHA256, after which others get a turn. */
#define RESOLVER_TIRED 8

/* What a worker's queries share. The owner keeps it alive while queries are. */
struct resolver {
    const struct policy *policy;
    struct cache_view *cache;
    struct servers *servers;
    struct local local; /* find NULL: no own zones */
    uint32_t (*random_below)(void *ctx, uint32_t bound);
    void *random_ctx;
    int64_t (*wall)(void *ctx); /* CLOCK_REALTIME in seconds, for signatures; may be NULL when nothing is validated */
    void *wall_ctx;
    struct keyring *keyring;   /* likewise */
    struct trust_table *trust; /* likewise, and where nothing is kept for other queries */
    struct query *spares;      /* finished queries whose memory serves the next ones */
    unsigned spare_count;
    /* Of cryptography, by all queries since the owner last set it to 0, which it does when others have had their turn:
     * from RESOLVER_TIRED on, queries with more to verify want that first (WANT_CONTINUE). */
    uint32_t effort;
    /* Written by the owner's thread only. */
    uint64_t verifications; /* of signatures */
    uint64_t synthesised;   /* answers made from proofs of other names */
    uint64_t limit_hits[LIMIT_COUNT];
};

/* Frees the memory kept for further queries; the owner's last call. No query may be left. */
void resolver_drain(struct resolver *r);

enum query_flag {
    QUERY_PRIME = 1,    /* ask the hints for the root's servers and store the root delegation (RFC 9609) */
    QUERY_NO_CACHE = 2, /* answer from servers, not from cache; delegations are still used */
    QUERY_CD = 4,       /* checking disabled */
    QUERY_CACHE_ONLY =
        8,             /* finish with what is cached or local: rcode SERVFAIL and `is_miss` when that is not enough */
    QUERY_REFRESH = 16 /* renew what is cached of the question and near its end (refresh.h): nobody waits for it */
};

struct query;

/* An exchange that the driver shall make. `query` must be answered by exactly one event. */
struct send {
    struct addr server;  /* with port */
    const uint8_t *zone; /* the cut the server is asked for: exchanges equal in zone, name, type may be shared */
    const uint8_t *name; /* lower case; the driver may randomise case */
    uint16_t type;
    bool use_tcp;
    bool use_edns;   /* OPT with DO and edns_size */
    bool recursion;  /* set RD (forwarders) */
    bool plain_case; /* the server loses the case of names: no random one */
    bool is_routed;  /* the server is configured: share with exchanges with this very server only */
    uint32_t timeout_ms;
};

enum event_kind {
    EVENT_START,    /* first step */
    EVENT_CONTINUE, /* after WANT_CONTINUE */
    EVENT_REPLY,    /* `bytes` hold a reply whose id, question and source the driver has checked */
    EVENT_TIMEOUT,
    EVENT_UNREACHABLE, /* the network said no: try the next at once */
    EVENT_CROWDED,     /* the driver has too many packets on their way to servers of the zone: it sends none */
    EVENT_SUSPECT      /* replies came that did not match: a forgery may be going on; ask again over TCP */
};

struct query_event {
    enum event_kind kind;
    struct addr server; /* who replied: with shared exchanges not always the one this query chose */
    bool over_tcp;
    const uint8_t *bytes;
    size_t len;
    uint32_t rtt_us;
    bool case_lost; /* the reply repeats the question in another case, over a transport that nobody can forge */
};

enum want {
    WANT_SEND,     /* make the exchange query_send() */
    WANT_CONTINUE, /* much was computed, by this query or others: step again with EVENT_CONTINUE when others have had
                      their turn, with the resolver's effort at 0 */
    WANT_FINISH    /* query_answer() is complete */
};

struct answer {
    unsigned rcode;
    struct rrset *sections[SECTION_COUNT]; /* chain order in ANSWER; SOA (and proofs) in AUTHORITY for negatives */
    struct ede errors[EDE_MAX];
    unsigned error_count;
    enum security security;
    bool is_cached;           /* no server was asked */
    bool denies_name;         /* NOERROR, but the proof says that the name does not exist (RFC 9824 3.2) */
    bool is_stale;            /* some of it has expired; errors[0] says so */
    bool is_remembered;       /* a failure of a moment ago decided it: query_probes may have something to send */
    bool is_miss;             /* QUERY_CACHE_ONLY: the cache was not enough */
    unsigned private_removed; /* records that private_remove took out */
    bool is_local;            /* own zones or special-use names had a part in it: not to be kept with TTL data */
    bool authoritative;       /* first owner is own data */
};

/* A new query in memory of its own (limits.query_memory), or NULL when the system has none. `name` in any case is
 * copied. Nothing happens until the first query_step with EVENT_START. */
struct query *query_new(struct resolver *r, const uint8_t *name, uint16_t type, unsigned flags, uint64_t now);
void query_free(struct query *q);

/* An event follows in a moment: what it will look at begins to come from memory. */
void query_fetch(const struct query *q);

/* Consumes one event and runs until the query needs the network or is finished. Never blocks, never recurses into the
 * driver. After WANT_FINISH it must not be called again. */
enum want query_step(struct query *q, const struct query_event *ev, uint64_t now);

/* Valid after WANT_SEND until the next step. */
const struct send *query_send(const struct query *q);

/* After WANT_SEND until the next step: a packet worth sending beside that exchange (beside.h), or NULL. Its outcome is
 * no event of the query; servers_tried takes it. */
const struct send *query_beside(const struct query *q);

/* Valid after WANT_FINISH until query_free. */
const struct answer *query_answer(const struct query *q);

/* For a client that has waited long enough (policy.stale) while the walk goes on: the answer that expired data of the
 * cache gives. NULL: there is none, or it may not be served. Valid until query_free. */
const struct answer *query_stale_answer(struct query *q, uint64_t now);

/* The steps so far; for clients that must be answered before the walk is over, trace_errors on it says why. */
const struct trace *query_trace(const struct query *q);

const struct question *query_question(const struct query *q);

#endif
