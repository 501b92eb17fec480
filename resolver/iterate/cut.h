/* The delegation a walk stands at: one zone, its name servers and the addresses known of them. Sources are the cache,
 * the hints, a referral just received, a delegation out of an own zone and the configured routes. Memory belongs to the
 * arena given. */
#ifndef CAIRN_ITERATE_CUT_H
#define CAIRN_ITERATE_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/base/fail.h"
#include "resolver/dns/rrset.h"
#include "resolver/iterate/query.h"

enum cut_source { CUT_NONE, CUT_CACHE, CUT_HINTS, CUT_REFERRAL, CUT_LOCAL, CUT_FORWARD, CUT_STUB };

/* A server by name. */
struct nameserver {
    const uint8_t *name;
    uint8_t addresses;  /* targets it gave */
    bool is_missing[2]; /* IPv4, IPv6: looked up, or not to be looked up */
};

/* A server by address, and how it behaved for the question now asked. */
struct target {
    struct addr addr; /* with port */
    uint32_t place;   /* of what is known of it (servers.h) */
    uint8_t tries[2]; /* by transport: 0 UDP, 1 TCP */
    uint8_t timeouts;
    bool needs_tcp;  /* truncated, suspect or silent over UDP */
    bool is_plain;   /* EDNS was not understood */
    bool is_out;     /* answered uselessly, or may not be asked */
    bool is_probed;  /* was silent for others before it was asked: one packet must do */
    bool has_failed; /* was out under the delegation of the same zone that this one replaces */
};

struct cut {
    const uint8_t *zone;
    enum cut_source source;
    struct nameserver *servers;
    unsigned server_count;
    struct target *targets; /* no address twice */
    unsigned target_count, target_max;
    unsigned lookups;      /* name server addresses looked up for it */
    struct rrset *foreign; /* addresses of its servers for when nothing else is left (scrub.h) */
    bool is_exhausted;     /* nothing else was left: they are among the targets, if any */
    bool is_signed;        /* its parent has a DS for it */
    uint64_t lasts_until;  /* while delegations learnt there depend on none but it; 0: for ever */
};

/* Fills `c` from an NS set and a list that may hold addresses of its servers; at most limits.servers servers, those
 * with addresses first, and limits.addresses addresses of each. The policy is r's, which counts what these limits leave
 * out. FAIL_LIMIT: the arena is full. */
MUST_CHECK int cut_from_set(struct cut *c, enum cut_source source, const struct rrset *ns, struct rrset *glue,
                            struct resolver *r, struct arena *a);

/* Likewise from the policy's hints, for the root. */
MUST_CHECK int cut_from_hints(struct cut *c, struct resolver *r, struct arena *a);

/* Likewise from a route: its addresses without names. */
MUST_CHECK int cut_from_route(struct cut *c, const struct route *route, struct resolver *r, struct arena *a);

/* The servers were configured, or an own zone names them: their addresses are nobody else's claim. */
static inline bool cut_is_trusted(const struct cut *c)
{
    return c->source == CUT_LOCAL || c->source == CUT_FORWARD || c->source == CUT_STUB;
}

/* When what depends on two delegations ends; 0: it does not depend on one. */
static inline uint64_t cut_end(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0) {
        return a != 0 ? a : b;
    }
    return a < b ? a : b;
}

/* Takes the addresses of an A or AAAA set for server `index`; returns how many were new. */
unsigned cut_add_addresses(struct cut *c, unsigned index, const struct rrset *set, struct resolver *r);

/* The target with that address and port, or NULL. */
struct target *cut_find_target(struct cut *c, const struct addr *a);

/* Rules `a` out, if it is a target. */
void cut_avoid(struct cut *c, const struct addr *a);

/* Marks the targets of `c` that were of no use under the delegation `old` of the same zone. */
void cut_mark_failed(struct cut *c, struct cut *old);

/* The server named in NS RDATA. */
const uint8_t *ns_target(const struct rdata_view *rdata);

#endif
