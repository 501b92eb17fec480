#include "resolver/iterate/known.h"

#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/alias.h"
#include "resolver/iterate/finding.h"
#include "resolver/iterate/recover.h"
#include "resolver/iterate/refresh.h"
#include "resolver/iterate/routes.h"
#include "resolver/iterate/special.h"

static void trace_known(struct query *q, const struct frame *f, enum trace_kind kind, unsigned detail)
{
    trace_add(&q->trace, kind, f->name, f->type, q->now)->detail = (uint8_t)detail;
}

/* ---- Own zones and special-use names ---- */

static enum known use_local(struct query *q, struct frame *f, const struct local_answer *local)
{
    bool is_first = f->depth == 0 && f->sections[SECTION_ANSWER] == NULL;
    trace_known(q, f, TRACE_LOCAL, 0);
    f->is_local = true;
    if (!finding_add_local(q, f)) {
        return KNOWN_ANSWER;
    }
    if (f->depth == 0) {
        q->is_local = true;
        q->authoritative = q->authoritative || is_first;
    }
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        if (!answer_append_all(q, f, (enum section)i, local->sections[i])) {
            return KNOWN_ANSWER;
        }
    }
    return KNOWN_NOTHING;
}

/* The walk begins at a delegation out of an own zone: its servers may have any address. */
static enum known use_local_delegation(struct query *q, struct frame *f, const struct local_answer *local)
{
    const struct rrset *ns = local->sections[SECTION_AUTHORITY];
    while (ns != NULL && ns->type != TYPE_NS) {
        ns = ns->next;
    }
    f->own_cut = ns != NULL ? ns->owner : NULL;
    if (ns != NULL && cut_from_set(&f->cut, CUT_LOCAL, ns, local->sections[SECTION_ADDITIONAL], q->resolver,
                                   &q->arena) != FAIL_NONE) {
        frame_end_memory(q, f);
        return KNOWN_ANSWER;
    }
    return KNOWN_NOTHING;
}

enum known known_own(struct query *q, struct frame *f)
{
    struct local_answer answer = {0};
    const struct local *local = &q->resolver->local;
    enum local_hit hit = LOCAL_NONE;
    if (local->find != NULL) {
        hit = local->find(local->ctx, f->name, f->type, &q->arena, &answer);
    }
    if (hit == LOCAL_NONE && route_leaves_special_use(q->resolver->policy, f->name, f->type)) {
        hit = special_find(f->name, f->type, &q->arena, &answer);
    }
    if (hit == LOCAL_NONE) {
        return KNOWN_NOTHING;
    }
    if (hit == LOCAL_DELEGATION) {
        return use_local_delegation(q, f, &answer);
    }
    if (use_local(q, f, &answer) == KNOWN_ANSWER) {
        return KNOWN_ANSWER;
    }
    if (hit == LOCAL_ALIAS) {
        return alias_move(q, f, answer.target);
    }
    frame_end(f, OUTCOME_ANSWER, answer.rcode);
    return KNOWN_ANSWER;
}

/* ---- Cache ---- */

bool known_may_use_cache(const struct query *q, const struct frame *f)
{
    return !f->is_fresh && (f->depth > 0 || (q->flags & QUERY_NO_CACHE) == 0);
}

/* Bogus data and the failure that it led to are each for those who want it so: data is raw for the chain's own
 * questions and for clients that check themselves. */
static bool is_for(const struct query *q, const struct frame *f, const struct cache_entry *e)
{
    bool wants_checked = q->is_validated && f->depth == 0;
    return e->security != SECURITY_BOGUS || wants_checked == (e->slot == CACHE_FAILURE);
}

static const struct cache_entry *find_slot(struct query *q, const struct frame *f, struct cache_name *n,
                                           enum cache_slot slot, uint16_t type)
{
    const struct cache_entry *hit = NULL;
    if (cache_find_slot(q->resolver->cache, n, slot, type, q->now, &q->arena, &hit) != FAIL_NONE) {
        return NULL;
    }
    return hit != NULL && is_for(q, f, hit) ? hit : NULL;
}

/* `n` is f->name. */
static const struct cache_entry *find(struct query *q, const struct frame *f, struct cache_name *n,
                                      enum cache_slot slot, uint16_t type)
{
    const struct cache_entry *hit = find_slot(q, f, n, slot, type);
    bool is_ending = hit != NULL && slot != CACHE_FAILURE && refresh_is_due(hit->stored, hit->expires, q->now);
    return is_ending && f->depth == 0 && (q->flags & QUERY_REFRESH) != 0 ? NULL : hit;
}

enum known known_use(struct query *q, struct frame *f, const struct cache_entry *e)
{
    const struct rrset *rest = e->sets;
    trace_known(q, f, TRACE_CACHE_HIT, e->slot);
    f->source = e->source;
    if (!finding_add(q, f, e, true)) {
        return KNOWN_ANSWER;
    }
    if (!e->is_negative && e->slot == CACHE_ANSWER && rest != NULL) {
        if (!answer_append(q, f, SECTION_ANSWER, rest)) {
            return KNOWN_ANSWER;
        }
        rest = rest->next;
    }
    if (answer_append_all(q, f, SECTION_AUTHORITY, rest)) {
        frame_end(f, OUTCOME_ANSWER, e->slot == CACHE_NXDOMAIN ? RCODE_NXDOMAIN : RCODE_NOERROR);
    }
    return KNOWN_ANSWER;
}

enum known known_follow(struct query *q, struct frame *f, const struct cache_entry *e)
{
    trace_known(q, f, TRACE_CACHE_HIT, e->slot);
    return finding_add(q, f, e, true) ? alias_follow(q, f, e->sets) : KNOWN_ANSWER;
}

static enum known use_failure(struct query *q, struct frame *f, const struct cache_entry *e)
{
    struct trace_step *step = trace_add(&q->trace, TRACE_CACHED_FAILURE, f->name, f->type, q->now);
    step->detail = (uint8_t)e->error.code;
    step->server = e->source;
    f->why = &e->error;
    if (f->depth == 0) {
        struct answer *answer = &q->answer;
        q->failure = e;
        answer->errors[0] = (struct ede){.code = EDE_CACHED_ERROR};
        memcpy(answer->errors[0].text, e->error.text, sizeof(e->error.text));
        answer->errors[1] = (struct ede){.code = e->error.code};
        answer->error_count = 2;
    }
    frame_end(f, OUTCOME_KNOWN_FAILURE, RCODE_SERVFAIL);
    return KNOWN_ANSWER;
}

bool known_follows_aliases(uint16_t type)
{
    return type != TYPE_CNAME && type != TYPE_RRSIG && type != TYPE_NSEC && type != TYPE_ANY;
}

/* ANY is answered with one set, whichever is at hand (RFC 8482 4.1). */
static const struct cache_entry *find_any(struct query *q, const struct frame *f, struct cache_name *n)
{
    static const uint16_t types[] = {TYPE_CNAME, TYPE_A,   TYPE_AAAA, TYPE_MX,    TYPE_TXT,
                                     TYPE_NS,    TYPE_SOA, TYPE_SRV,  TYPE_HTTPS, TYPE_PTR};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const struct cache_entry *e = find(q, f, n, CACHE_ANSWER, types[i]);
        if (e != NULL && !e->is_negative) {
            return e;
        }
    }
    return NULL;
}

static const struct cache_entry *find_failure(struct query *q, struct frame *f, struct cache_name *n)
{
    const struct cache_entry *e = find(q, f, n, CACHE_FAILURE, f->type);
    return e != NULL && !recover_is_over(q, f, e) ? e : NULL;
}

/* A chain of aliases that took too much a moment ago is not tried again although its links are known. */
static enum known use_alias(struct query *q, struct frame *f, struct cache_name *n, const struct cache_entry *cname)
{
    const struct cache_entry *failure = f->depth == 0 && f->name == q->first_name ? find_failure(q, f, n) : NULL;
    return failure != NULL ? use_failure(q, f, failure) : known_follow(q, f, cname);
}

/* Data that a client without need of validation left here, and that did not stand it a moment ago. */
static bool failed_before(struct query *q, struct frame *f, struct cache_name *n, const struct cache_entry *e)
{
    if (!q->is_validated || f->depth > 0 || e->security != SECURITY_UNCHECKED) {
        return false;
    }
    const struct cache_entry *failure = find(q, f, n, CACHE_FAILURE, f->type);
    return failure != NULL && failure->security == SECURITY_BOGUS;
}

static enum known known_cached(struct query *q, struct frame *f)
{
    UNCLEARED struct cache_name n;
    cache_name_set(&n, f->name);
    const struct cache_entry *e = f->type == TYPE_ANY ? find_any(q, f, &n) : find(q, f, &n, CACHE_ANSWER, f->type);
    f->is_bare = n.is_bare;
    if (f->is_bare) {
        return KNOWN_NOTHING;
    }
    if (e == NULL && known_follows_aliases(f->type)) {
        const struct cache_entry *cname = find(q, f, &n, CACHE_ANSWER, TYPE_CNAME);
        if (cname != NULL && !cname->is_negative && cname->sets != NULL && !failed_before(q, f, &n, cname)) {
            return use_alias(q, f, &n, cname);
        }
    }
    if (e == NULL) {
        e = find(q, f, &n, CACHE_NXDOMAIN, 0);
    }
    if (e != NULL && !failed_before(q, f, &n, e)) {
        return known_use(q, f, e);
    }
    e = find_failure(q, f, &n);
    return e != NULL ? use_failure(q, f, e) : KNOWN_NOTHING;
}

/* Nothing exists below a name that does not exist (RFC 8020), unless it was denied as part of a longer name: servers
 * that deny what owns no records themselves are not rare. */
static bool denies_all_below(const struct cache_entry *e)
{
    return e != NULL && (e->trust > TRUST_REFERRAL || e->security == SECURITY_SECURE);
}

enum known known_above(struct query *q, struct frame *f, const uint8_t *zone)
{
    if (name_is_root(f->name) || !known_may_use_cache(q, f)) {
        return KNOWN_NOTHING;
    }
    UNCLEARED struct cache_name owner;
    cache_name_set(&owner, name_parent(f->name));
    for (unsigned left = name_labels(f->name) - name_labels(zone); left > 0; left--, cache_name_rise(&owner)) {
        const struct cache_entry *dname = find_slot(q, f, &owner, CACHE_ANSWER, TYPE_DNAME);
        if (dname != NULL && !dname->is_negative && dname->sets != NULL) {
            return known_follow(q, f, dname);
        }
        const struct cache_entry *denial = left > 1 ? find_slot(q, f, &owner, CACHE_NXDOMAIN, 0) : NULL;
        if (denies_all_below(denial)) {
            return known_use(q, f, denial);
        }
    }
    return KNOWN_NOTHING;
}

enum known known_find(struct query *q, struct frame *f)
{
    f->is_bare = false;
    enum known known = known_own(q, f);
    if (known == KNOWN_NOTHING && q->first_name == NULL && f->depth == 0) {
        q->first_name = f->name;
    }
    return known == KNOWN_NOTHING && known_may_use_cache(q, f) ? known_cached(q, f) : known;
}
