#include "resolver/iterate/stale.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/alias.h"
#include "resolver/iterate/finding.h"
#include "resolver/iterate/known.h"
#include "resolver/iterate/private.h"
#include "resolver/iterate/secure.h"

static const struct cache_entry *find(struct query *q, enum cache_slot slot, const uint8_t *name, uint16_t type)
{
    const struct cache_entry *hit = NULL;
    uint64_t window = q->resolver->policy->stale.window_ms;
    if (cache_find(q->resolver->cache, slot, name, type, q->now, window, &q->arena, &hit) != FAIL_NONE) {
        return NULL;
    }
    bool is_good = hit != NULL && hit->security != SECURITY_BOGUS;
    return is_good && (!q->is_validated || hit->security != SECURITY_UNCHECKED) ? hit : NULL;
}

/* What lives is better than what does not, else what was learnt last. */
static const struct cache_entry *better(const struct cache_entry *a, const struct cache_entry *b, uint64_t now)
{
    if (a == NULL || b == NULL) {
        return a != NULL ? a : b;
    }
    bool a_lives = now < a->expires;
    bool b_lives = now < b->expires;
    if (a_lives != b_lives) {
        return a_lives ? a : b;
    }
    return b->stored > a->stored ? b : a;
}

/* The last that was heard of (name, type): its set, its alias, or that one of them does not exist. */
static const struct cache_entry *find_last(struct query *q, const uint8_t *name, uint16_t type)
{
    const struct cache_entry *last = find(q, CACHE_ANSWER, name, type);
    if (known_follows_aliases(type)) {
        const struct cache_entry *alias = find(q, CACHE_ANSWER, name, TYPE_CNAME);
        last = better(last, alias != NULL && !alias->is_negative ? alias : NULL, q->now);
    }
    return better(last, find(q, CACHE_NXDOMAIN, name, 0), q->now);
}

static enum known find_dname(struct query *q, struct frame *f)
{
    const uint8_t *owner = f->name;
    while (!name_is_root(owner)) {
        owner = name_parent(owner);
        const struct cache_entry *e = find(q, CACHE_ANSWER, owner, TYPE_DNAME);
        if (e != NULL && !e->is_negative && e->sets != NULL) {
            return known_follow(q, f, e);
        }
    }
    return KNOWN_NOTHING;
}

static enum known find_link(struct query *q, struct frame *f)
{
    enum known known = known_own(q, f);
    if (known != KNOWN_NOTHING) {
        return known;
    }
    const struct cache_entry *e = find_last(q, f->name, f->type);
    if (e == NULL || e->sets == NULL) {
        return find_dname(q, f);
    }
    if (e->slot == CACHE_ANSWER && e->sets->type == TYPE_CNAME && f->type != TYPE_CNAME && !e->is_negative) {
        return known_follow(q, f, e);
    }
    return known_use(q, f, e);
}

/* Expired sets get a short life of their own. Returns the age of the oldest in milliseconds; 0: none has expired. */
static uint64_t renew(const struct query *q, struct answer *a)
{
    const struct stale_policy *p = &q->resolver->policy->stale;
    uint64_t oldest = 0;
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        for (struct rrset *set = a->sections[i]; set != NULL; set = set->next) {
            if (set->expires == 0 || set->expires > q->now) {
                continue;
            }
            uint64_t age = q->now - set->expires + 1;
            oldest = age > oldest ? age : oldest;
            set->ttl = p->ttl;
            set->expires = q->now + 1000ull * p->ttl;
        }
    }
    return oldest;
}

static bool has_live_signature(const struct rrset *set, uint32_t wall)
{
    struct rdata_view rdata;
    struct rrsig sig;
    for (size_t at = 0; rdatas_next(&set->sigs, &at, &rdata);) {
        if (rrsig_parse(rdata, &sig) == FAIL_NONE && (int32_t)(sig.expiration - wall) > 0) {
            return true;
        }
    }
    return false;
}

/* Data that has expired keeps the status it had, but no signature vouches for anything after its end. */
static enum security security_of(const struct query *q, const struct frame *f)
{
    const struct resolver *r = q->resolver;
    enum security security = finding_security(f);
    for (const struct finding *l = f->findings; l != NULL && security == SECURITY_SECURE; l = l->next) {
        for (const struct rrset *set = l->entry.sets; set != NULL; set = set->next) {
            if (!has_live_signature(set, (uint32_t)r->wall(r->wall_ctx))) {
                return SECURITY_INDETERMINATE;
            }
        }
    }
    return security;
}

static const struct answer *build(struct query *q, const struct frame *f)
{
    struct answer *a = arena_take(&q->arena, sizeof(*a));
    if (a == NULL) {
        return NULL;
    }
    *a = (struct answer){.rcode = f->rcode, .is_cached = !q->is_local, .is_local = q->is_local};
    a->authoritative = q->authoritative;
    a->security = security_of(q, f);
    memcpy(a->sections, f->sections, sizeof(a->sections));
    uint64_t age = renew(q, a);
    if (age > 0) {
        bool is_nxdomain = a->rcode == RCODE_NXDOMAIN;
        struct ede *e = &a->errors[a->error_count++];
        e->code = is_nxdomain ? EDE_STALE_NXDOMAIN : EDE_STALE_ANSWER;
        snprintf(e->text, sizeof(e->text), "expired %" PRIu64 " s ago", age / 1000);
        a->is_stale = true;
    }
    a->error_count += secure_errors(q, f, a->errors + a->error_count);
    private_remove(q, a);
    return a;
}

static const struct answer *assemble(struct query *q)
{
    struct frame f = {.name = q->question_name, .type = q->question.type};
    enum known known;
    do {
        known = find_link(q, &f);
    } while (known == KNOWN_ALIAS);
    return known == KNOWN_ANSWER && f.outcome == OUTCOME_ANSWER ? build(q, &f) : NULL;
}

/* Queries for which nobody waits, or whose asker wants something else. */
static bool is_served(const struct query *q)
{
    return (q->flags & (QUERY_PRIME | QUERY_NO_CACHE | QUERY_CACHE_ONLY | QUERY_REFRESH)) == 0 &&
           q->question.type != TYPE_ANY && q->resolver->policy->stale.is_on;
}

const struct answer *stale_find(struct query *q)
{
    if (!q->has_sought_stale && is_served(q)) {
        bool is_local = q->is_local;
        bool authoritative = q->authoritative;
        q->is_local = q->authoritative = false;
        q->stale = assemble(q);
        q->is_local = is_local;
        q->authoritative = authoritative;
    }
    q->has_sought_stale = true;
    return q->stale;
}

bool stale_has(struct query *q, const uint8_t *name, uint16_t type)
{
    return q->resolver->policy->stale.is_on && find_last(q, name, type) != NULL;
}
