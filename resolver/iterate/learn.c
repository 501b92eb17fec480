#include "resolver/iterate/learn.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/finding.h"
#include "resolver/iterate/recover.h"
#include "resolver/iterate/stale.h"

static uint32_t clamp_ttl(struct query *q, uint32_t ttl, bool is_negative)
{
    uint32_t clamped = cache_clamp_ttl(q->resolver->cache->policy, ttl, is_negative);
    if (clamped < ttl) {
        q->resolver->limit_hits[is_negative ? LIMIT_ID_max_negative_ttl : LIMIT_ID_max_ttl]++;
    } else if (clamped > ttl) {
        q->resolver->limit_hits[is_negative ? LIMIT_ID_min_negative_ttl : LIMIT_ID_min_ttl]++;
    }
    return clamped;
}

static void clamp(struct query *q, struct rrset *set, bool is_negative)
{
    set->ttl = clamp_ttl(q, set->ttl, is_negative);
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

/* What a zone says of names below a cut, asked for the address of a server of the zone below, is no answer for anybody
 * else. */
static void put(struct query *q, const struct cache_entry *e)
{
    if (q->top->above != NULL && e->slot != CACHE_DELEGATION) {
        return;
    }
    query_store(q, e);
}

/* Of the client's answer nothing is stored yet. */
static bool put_or_hold(struct query *q, struct frame *f, const struct cache_entry *e)
{
    if (f != NULL && finding_is_kept(q, f)) {
        return finding_add(q, f, e, false);
    }
    put(q, e);
    return true;
}

bool learn_set(struct query *q, struct frame *f, struct rrset *set, enum trust trust)
{
    for (struct rrset *each = set; each != NULL; each = each->next) {
        clamp(q, each, false);
    }
    struct cache_entry e = entry(q, CACHE_ANSWER, set->owner, set->type);
    e.trust = trust;
    e.sets = set;
    return put_or_hold(q, f, &e);
}

/* The SOA of a negative answer is sent with the time the answer itself may be kept: the smaller of its TTL and its
 * MINIMUM field, the last of its RDATA (RFC 2308 3). */
static void clamp_soa(struct query *q, struct rrset *soa)
{
    struct rdata_view rdata = rdatas_first(&soa->data);
    if (rdata.len >= 4) {
        uint32_t minimum = wire_get_u32(rdata.bytes + rdata.len - 4);
        soa->ttl = minimum < soa->ttl ? minimum : soa->ttl;
    }
    clamp(q, soa, true);
}

bool learn_negative(struct query *q, struct frame *f, const struct question *asked, struct rrset *sets,
                    bool is_nxdomain, enum trust trust)
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
    enum cache_slot slot = is_nxdomain ? CACHE_NXDOMAIN : CACHE_ANSWER;
    struct cache_entry e = entry(q, slot, asked->name, is_nxdomain ? 0 : asked->type);
    e.is_negative = true;
    e.trust = trust;
    e.sets = sets;
    return put_or_hold(q, f, &e);
}

void learn_delegation(struct query *q, const struct delegation *d, const struct cut *above)
{
    struct cache_entry e = entry(q, CACHE_DELEGATION, d->sets->owner, 0);
    (void)clamp_ttl(q, d->sets->ttl, false); /* as cache_put will */
    e.trust = TRUST_REFERRAL;
    e.sets = d->sets;
    e.foreign = d->foreign;
    if (above != NULL) {
        e.backed_until = above->lasts_until;
        e.backer_labels = (uint8_t)name_labels(above->zone);
    }
    put(q, &e);
}

void learn_glue(struct query *q, const uint8_t *zone, const uint8_t *name, const struct rrset *set)
{
    const struct cache_entry *found = NULL;
    struct rrset *glue = arena_copy(&q->arena, set, sizeof(*set));
    int failed = cache_find(q->resolver->cache, CACHE_DELEGATION, zone, 0, q->now, 0, &q->arena, &found);
    if (failed != FAIL_NONE || found == NULL || glue == NULL || rrset_find(found->sets, name, set->type) != NULL) {
        return;
    }
    glue->owner = name;
    glue->next = NULL;
    struct cache_entry e = *found;
    rrset_append(&e.sets, glue);
    query_store(q, &e);
}

/* The failure before this one, unless the question was answered in between. */
static const struct cache_entry *find_last_failure(struct query *q, const uint8_t *name, uint16_t type, uint64_t window)
{
    const struct cache_entry *last = NULL;
    const struct cache_entry *answer = NULL;
    struct cache_view *cache = q->resolver->cache;
    if (cache_find(cache, CACHE_FAILURE, name, type, q->now, window, &q->arena, &last) != FAIL_NONE || last == NULL) {
        return NULL;
    }
    int failed = cache_find(cache, CACHE_ANSWER, name, type, q->now, window, &q->arena, &answer);
    return failed == FAIL_NONE && answer != NULL && answer->stored > last->stored ? NULL : last;
}

/* How long it is remembered. What can be answered from expired data is not tried again for a while (RFC 8767 5). */
static uint64_t failure_life(struct query *q, const struct frame *f, const uint8_t *name, unsigned before)
{
    const struct limits *limits = query_limits(q);
    uint64_t most = limit_get(limits, failure_max_ms);
    uint64_t ms = (uint64_t)limit_get(limits, failure_ms) << (before < 16 ? before : 16);
    enum limit_id bound = ms < most ? LIMIT_ID_failure_ms : LIMIT_ID_failure_max_ms;
    ms = ms < most ? ms : most;
    if (f->depth == 0 && ms < limit_get(limits, refresh_ms) && stale_has(q, name, f->type)) {
        bound = LIMIT_ID_refresh_ms;
        ms = limit_get(limits, refresh_ms);
    }
    q->resolver->limit_hits[bound]++;
    return ms;
}

void learn_failure(struct query *q, struct frame *f, const uint8_t *name, const struct ede *why)
{
    const struct cache_entry *last = find_last_failure(q, name, f->type, limit_get(query_limits(q), failure_max_ms));
    uint8_t before = last != NULL ? last->failures : 0;
    struct cache_entry e = {.name = name,
                            .slot = CACHE_FAILURE,
                            .type = f->type,
                            .stored = q->now,
                            .expires = q->now + failure_life(q, f, name, before),
                            .epoch = q->epoch,
                            .source = recover_suspect(q, f, last),
                            .failures = (uint8_t)(before < UINT8_MAX ? before + 1 : before),
                            .error = *why};
    put(q, &e);
}

void learn_bogus(struct query *q, const uint8_t *name, uint16_t type, const struct ede *why)
{
    struct cache_entry e = {.name = name,
                            .slot = CACHE_FAILURE,
                            .type = type,
                            .security = SECURITY_BOGUS,
                            .stored = q->now,
                            .expires = q->now + limit_get(query_limits(q), bogus_ms),
                            .epoch = q->epoch,
                            .error = *why};
    q->resolver->limit_hits[LIMIT_ID_bogus_ms]++;
    put(q, &e);
}
