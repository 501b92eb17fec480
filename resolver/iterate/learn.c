#include "resolver/iterate/learn.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

static void clamp(const struct query *q, struct rrset *set, bool is_negative)
{
    set->ttl = cache_clamp_ttl(q->resolver->cache->policy, set->ttl, is_negative);
    set->expires = q->now + 1000ull * set->ttl;
}

static struct cache_entry entry(const struct query *q, enum cache_slot slot, const uint8_t *name, uint16_t type)
{
    return (struct cache_entry){.name = name,
                                .slot = slot,
                                .type = type,
                                .stored = q->now,
                                .epoch = q->epoch,
                                .source = q->event->server,
                                .source_tcp = q->event->over_tcp};
}

static enum trust trust_of(bool authoritative)
{
    return authoritative ? TRUST_AUTHORITATIVE : TRUST_ANSWER;
}

/* A refused store is counted by the cache itself; the answer does not depend on it. */
static void put(struct query *q, const struct cache_entry *e)
{
    (void)cache_put(q->resolver->cache, e, &q->arena);
}

void learn_set(struct query *q, struct rrset *set, bool authoritative)
{
    clamp(q, set, false);
    struct cache_entry e = entry(q, CACHE_ANSWER, set->owner, set->type);
    e.trust = trust_of(authoritative);
    e.sets = set;
    put(q, &e);
}

/* The SOA of a negative answer is sent with the time the answer itself may be kept: the smaller of its TTL and its
 * MINIMUM field, the last of its RDATA (RFC 2308 3). */
static void clamp_soa(const struct query *q, struct rrset *soa)
{
    struct rdata_view rdata = rdatas_first(&soa->data);
    if (rdata.len >= 4) {
        uint32_t minimum = wire_get_u32(rdata.bytes + rdata.len - 4);
        soa->ttl = minimum < soa->ttl ? minimum : soa->ttl;
    }
    clamp(q, soa, true);
}

void learn_negative(struct query *q, const struct question *asked, struct rrset *sets, bool is_nxdomain,
                    bool authoritative)
{
    struct rrset *soa = sets != NULL && sets->type == TYPE_SOA ? sets : NULL;
    if (soa != NULL) {
        clamp_soa(q, soa);
    }
    for (struct rrset *set = soa != NULL ? soa->next : sets; set != NULL; set = set->next) {
        clamp(q, set, true);
        if (soa != NULL && set->ttl > soa->ttl) {
            set->ttl = soa->ttl;
            set->expires = soa->expires;
        }
    }
    if (soa == NULL) {
        return;
    }
    enum cache_slot slot = is_nxdomain ? CACHE_NXDOMAIN : CACHE_ANSWER;
    struct cache_entry e = entry(q, slot, asked->name, is_nxdomain ? 0 : asked->type);
    e.is_negative = true;
    e.trust = trust_of(authoritative);
    e.sets = sets;
    put(q, &e);
}

void learn_delegation(struct query *q, struct rrset *sets)
{
    struct cache_entry e = entry(q, CACHE_DELEGATION, sets->owner, 0);
    e.trust = TRUST_REFERRAL;
    e.sets = sets;
    put(q, &e);
}

void learn_failure(struct query *q, const struct frame *f, const struct ede *why)
{
    const struct limits *limits = query_limits(q);
    uint64_t most = limit_get(limits, failure_max_ms);
    const struct cache_entry *last = NULL;
    if (cache_find(q->resolver->cache, CACHE_FAILURE, f->name, f->type, q->now, most, &q->arena, &last) != FAIL_NONE) {
        last = NULL;
    }
    uint8_t before = last != NULL ? last->failures : 0;
    uint64_t ms = (uint64_t)limit_get(limits, failure_ms) << (before < 16 ? before : 16);
    struct cache_entry e = {.name = f->name,
                            .slot = CACHE_FAILURE,
                            .type = f->type,
                            .stored = q->now,
                            .expires = q->now + (ms < most ? ms : most),
                            .epoch = q->epoch,
                            .failures = (uint8_t)(before < UINT8_MAX ? before + 1 : before),
                            .error = *why};
    put(q, &e);
}
