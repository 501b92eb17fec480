#include "resolver/iterate/reply.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/alias.h"
#include "resolver/iterate/chain.h"
#include "resolver/iterate/hearsay.h"
#include "resolver/iterate/learn.h"
#include "resolver/iterate/minimise.h"
#include "resolver/iterate/routes.h"
#include "resolver/iterate/scrub.h"

static enum trust trust_of(const struct msg *m)
{
    return (m->flags & MSG_AA) != 0 ? TRUST_AUTHORITATIVE : TRUST_ANSWER;
}

/* A set of the reply under the name that was asked for, whatever case the exchange used, with the proofs that belong to
 * it. A name has one alias (RFC 2181 10.1, RFC 6672 2.4). NULL: no memory. */
static struct rrset *copy_set(struct query *q, const struct msg *m, const struct rrset *found, const uint8_t *owner)
{
    struct rrset *set = arena_copy(&q->arena, found, sizeof(*set));
    if (set == NULL) {
        return NULL;
    }
    set->next = NULL;
    set->owner = owner;
    if (set->type == TYPE_CNAME || set->type == TYPE_DNAME) {
        rdatas_shorten(&set->data, 1);
    }
    return scrub_wildcard(m, set, &q->arena, &set->next) == FAIL_NONE ? set : NULL;
}

/* The root's servers with their addresses, as priming found them (RFC 9609 3). Without an address the hints are better.
 */
static void learn_root(struct query *q, const struct msg *m, const struct rrset *ns)
{
    struct delegation d;
    unsigned servers = limit_get(query_limits(q), servers);
    if (scrub_delegation(m, name_root, ns, servers, &q->arena, &d) != FAIL_NONE) {
        return;
    }
    for (const struct rrset *set = d.sets; set != NULL; set = set->next) {
        if (set->type == TYPE_A || set->type == TYPE_AAAA) {
            learn_delegation(q, &d, NULL);
            return;
        }
    }
}

static enum known take_answer(struct query *q, struct frame *f, const struct msg *m)
{
    struct rrset *set = copy_set(q, m, scrub_answer(m, f->name, f->type), f->name);
    if (set == NULL) {
        frame_end_memory(q, f);
        return KNOWN_ANSWER;
    }
    if ((q->flags & QUERY_PRIME) != 0 && f->depth == 0 && set->type == TYPE_NS && name_is_root(set->owner)) {
        learn_root(q, m, set);
    }
    if (learn_set(q, f, set, trust_of(m)) && answer_append(q, f, SECTION_ANSWER, set) &&
        answer_append_all(q, f, SECTION_AUTHORITY, set->next)) {
        frame_end(f, OUTCOME_ANSWER, RCODE_NOERROR);
    }
    return KNOWN_ANSWER;
}

/* A DNAME goes before the CNAME that was made from it: that one is made anew and never stored. What the reply says
 * about the target counts only when the server resolves for us: others are asked for it, or a forged alias at a name
 * nobody needs could replace what is known of a name that everybody needs. */
static enum known take_alias(struct query *q, struct frame *f, const struct msg *m, const uint8_t *zone)
{
    const struct rrset *dname = scrub_dname(m, zone, f->name);
    const struct rrset *link = dname != NULL ? dname : scrub_cname(m, f->name);
    struct rrset *set = copy_set(q, m, link, dname != NULL ? dname->owner : f->name);
    if (set == NULL) {
        frame_end_memory(q, f);
        return KNOWN_ANSWER;
    }
    f->reply = f->cut.source == CUT_FORWARD ? m : NULL;
    f->reply_zone = zone;
    return learn_set(q, f, set, trust_of(m)) ? alias_follow(q, f, set) : KNOWN_ANSWER;
}

static enum known take_negative(struct query *q, struct frame *f, const struct msg *m, const uint8_t *zone,
                                bool is_nxdomain)
{
    struct rrset *sets = NULL;
    /* What the parent denies exists here by a route: only the DS is missing. */
    is_nxdomain = is_nxdomain && !(f->type == TYPE_DS && route_is_apex(q->resolver->policy, f->name));
    if (scrub_negative(m, zone, f->name, &q->arena, &sets) != FAIL_NONE) {
        frame_end_memory(q, f);
        return KNOWN_ANSWER;
    }
    struct question asked = {f->name, f->type, CLASS_IN};
    if (learn_negative(q, f, &asked, sets, is_nxdomain, trust_of(m)) &&
        answer_append_all(q, f, SECTION_AUTHORITY, sets)) {
        frame_end(f, OUTCOME_ANSWER, is_nxdomain ? RCODE_NXDOMAIN : RCODE_NOERROR);
    }
    return KNOWN_ANSWER;
}

enum known reply_take(struct query *q, struct frame *f, const struct msg *m, const uint8_t *zone, enum reply_kind kind)
{
    switch (kind) {
    case REPLY_ANSWER:
        return take_answer(q, f, m);
    case REPLY_ALIAS:
        return take_alias(q, f, m, zone);
    case REPLY_NODATA:
        return take_negative(q, f, m, zone, false);
    case REPLY_NXDOMAIN:
        return take_negative(q, f, m, zone, true);
    default:
        return KNOWN_NOTHING;
    }
}

static void note_set(struct query *q, const struct msg *m, const struct rrset *found, const uint8_t *owner)
{
    struct rrset *set = copy_set(q, m, found, owner);
    if (set != NULL) {
        learn_set(q, NULL, set, trust_of(m));
    }
}

/* A denial of the name that was asked as a part only is the least of all: it says nothing about the names below. */
static void note_negative(struct query *q, struct frame *f, const struct msg *m, const struct question *asked,
                          bool is_nxdomain)
{
    struct rrset *sets = NULL;
    if (scrub_negative(m, f->cut.zone, asked->name, &q->arena, &sets) == FAIL_NONE) {
        learn_negative(q, NULL, asked, sets, is_nxdomain, is_nxdomain ? TRUST_REFERRAL : trust_of(m));
    }
}

void reply_note(struct query *q, struct frame *f, const struct msg *m, enum reply_kind kind)
{
    struct question asked = {minimise_name(f), minimise_type(f), CLASS_IN};
    switch (kind) {
    case REPLY_ANSWER:
        note_set(q, m, scrub_answer(m, asked.name, asked.type), asked.name);
        break;
    case REPLY_ALIAS:
        note_set(q, m, scrub_cname(m, asked.name), asked.name);
        break;
    case REPLY_NODATA:
    case REPLY_NXDOMAIN:
        note_negative(q, f, m, &asked, kind == REPLY_NXDOMAIN);
        break;
    default:
        break;
    }
}

enum known reply_take_rest(struct query *q, struct frame *f)
{
    const struct msg *m = f->reply;
    f->reply = NULL;
    if (m == NULL || !name_equal(f->cut.zone, f->reply_zone)) {
        return KNOWN_NOTHING;
    }
    enum reply_kind kind = classify_target(m, f->cut.zone, f->name, f->type);
    return reply_take(q, f, m, f->cut.zone, kind);
}

/* A referral back to the zone whose server is sought: the glue it may bring is all that is known above. */
static enum known take_glue(struct query *q, struct frame *f, const struct delegation *d)
{
    const struct rrset *glue = rrset_find(d->sets, f->name, f->type);
    if (glue == NULL) {
        frame_end(f, OUTCOME_FAILED, RCODE_SERVFAIL);
    } else if (answer_append(q, f, SECTION_ANSWER, glue)) {
        frame_end(f, OUTCOME_ANSWER, RCODE_NOERROR);
    }
    return KNOWN_ANSWER;
}

enum known reply_refer(struct query *q, struct frame *f, const struct msg *m)
{
    const struct policy *p = q->resolver->policy;
    const struct rrset *ns = scrub_ns(m, f->cut.zone, minimise_name(f), minimise_type(f));
    struct delegation d;
    if (!query_spend(q, LIMIT_ID_referrals, 1)) {
        frame_end(f, OUTCOME_LIMIT, RCODE_SERVFAIL);
        return KNOWN_ANSWER;
    }
    if (scrub_delegation(m, f->cut.zone, ns, limit_get(&p->limits, servers), &q->arena, &d) != FAIL_NONE) {
        frame_end_memory(q, f);
        return KNOWN_ANSWER;
    }
    learn_delegation(q, &d, &f->cut);
    chain_note_referral(q, d.sets);
    if (f->above != NULL && name_is_under(ns->owner, f->above)) {
        return take_glue(q, f, &d);
    }
    uint32_t ttl = cache_clamp_ttl(q->resolver->cache->policy, ns->ttl, false);
    uint64_t lasts_until = cut_end(f->cut.lasts_until, q->now + 1000ull * ttl);
    if (cut_from_set(&f->cut, CUT_REFERRAL, d.sets, d.sets, q->resolver, &q->arena) != FAIL_NONE) {
        frame_end_memory(q, f);
        return KNOWN_ANSWER;
    }
    f->cut.foreign = d.foreign;
    f->cut.lasts_until = lasts_until;
    cut_mark_failed(&f->cut, &f->left);
    hearsay_leave(f);
    f->silences = 0;
    f->shown = 0;
    f->seeks_parent = false;
    trace_add(&q->trace, TRACE_CUT, f->cut.zone, f->type, q->now)->detail = CUT_REFERRAL;
    return KNOWN_NOTHING;
}
