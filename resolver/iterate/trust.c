#include "resolver/iterate/trust.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/chain.h"
#include "resolver/iterate/fault.h"
#include "resolver/iterate/routes.h"
#include "resolver/iterate/trust_recall.h"
#include "resolver/validate/denial.h"
#include "resolver/validate/ds.h"
#include "resolver/validate/signature.h"

/* The effort of the query at which its step ends; the shared one may be over already. */
static uint32_t patience(const struct query *q)
{
    uint32_t left = q->resolver->effort < RESOLVER_TIRED ? RESOLVER_TIRED - q->resolver->effort : 0;
    return q->rested + left > 0 ? q->rested + left : 1;
}

struct verifier trust_verifier(struct query *q)
{
    const struct resolver *r = q->resolver;
    const struct limits *l = query_limits(q);
    return (struct verifier){.keyring = r->keyring,
                             .expense = &q->expense,
                             .caps = {.signatures = limit_get(l, signatures_per_set),
                                      .keys = limit_get(l, keys_per_tag),
                                      .ds = limit_get(l, ds_per_zone),
                                      .iterations = limit_get(l, nsec3_iterations)},
                             .patience = patience(q),
                             .wall = (uint32_t)r->wall(r->wall_ctx),
                             .skew = r->policy->signature_skew,
                             .accept_sha1 = r->policy->accept_sha1};
}

bool trust_is_tired(const struct query *q)
{
    return q->resolver->effort + q->expense.effort - q->rested >= RESOLVER_TIRED;
}

enum check trust_hit_limit(struct query *q)
{
    const struct expense *e = &q->expense;
    enum limit_id id = LIMIT_ID_nsec3_blocks;
    if (e->verifications == 0 || e->failures == 0) {
        id = e->verifications == 0 ? LIMIT_ID_verifications : LIMIT_ID_verification_failures;
    }
    query_hit_limit(q, id);
    return CHECK_LIMIT;
}

const struct ede *trust_words(struct query *q, const struct fault *fault)
{
    struct ede *e = arena_take(&q->arena, sizeof(*e));
    if (e != NULL) {
        fault_describe(fault, e);
    }
    return e;
}

/* ---- Ends of a search ---- */

static enum check settle(struct query *q, const struct zone_trust *found, const struct zone_trust **out)
{
    struct zone_trust z = *found;
    z.hash = trust_hash(z.name);
    z.learnt = q->now;
    struct trace_step *step = trace_add(&q->trace, TRACE_ZONE, z.name, 0, q->now);
    step->detail = (uint8_t)z.status;
    *out = trust_keep(q, &z);
    if (*out == NULL) {
        query_hit_limit(q, LIMIT_ID_query_memory);
        return CHECK_LIMIT;
    }
    return CHECK_DONE;
}

static enum check settle_bogus(struct query *q, const uint8_t *zone, const struct fault *fault,
                               const struct zone_trust **out)
{
    struct zone_trust z = {.name = zone, .status = ZONE_BOGUS, .why = trust_words(q, fault)};
    z.expires = q->now + limit_get(query_limits(q), bogus_ms);
    return settle(q, &z, out);
}

/* The zone is what the zone above it is, which is not secure. */
static enum check inherit(struct query *q, const uint8_t *zone, const struct zone_trust *above,
                          const struct zone_trust **out)
{
    if (above->status == ZONE_NO_CUT || above->status == ZONE_NO_NAME) {
        struct fault fault = {.code = EDE_DNSSEC_BOGUS, .zone = above->name, .owner = zone, .type = TYPE_DS};
        fault.detail = "signed in the name of what is no zone";
        return settle_bogus(q, zone, &fault, out);
    }
    struct zone_trust z = {.name = zone, .status = above->status, .why = above->why, .expires = above->expires};
    return settle(q, &z, out);
}

static enum check ask(struct query *q, const uint8_t *zone, uint16_t type)
{
    return chain_ask(q, zone, type) ? CHECK_NEED : CHECK_LIMIT;
}

static enum check fail(struct query *q, const struct raw *raw)
{
    struct fault fault = {.code = EDE_DNSSEC_INDETERMINATE, .owner = raw->name, .type = raw->type};
    fault.detail = "cannot be had";
    fault_describe(&fault, &q->faults[0]);
    q->fault_count = 1;
    q->fault_outcome = raw->outcome == OUTCOME_KNOWN_FAILURE ? OUTCOME_FAILED : raw->outcome;
    if (raw->why != NULL) {
        q->faults[q->fault_count++] = *raw->why;
    }
    return CHECK_FAILED;
}

/* Until when `set` of `raw` is good. */
static uint64_t expiry_of(const struct query *q, const struct raw *raw, const struct rrset *set,
                          const struct attest *attest)
{
    const struct cache_policy *p = q->resolver->cache->policy;
    uint64_t expires = set->expires != 0 ? set->expires : q->now + 1000ull * cache_clamp_ttl(p, set->ttl, false);
    uint64_t signed_until = raw->stored + 1000ull * attest->ttl_max;
    return expires < signed_until ? expires : signed_until;
}

/* ---- Keys ---- */

static enum check settle_secure(struct query *q, const struct rrset *keys, uint64_t expires,
                                const struct zone_trust **out)
{
    struct zone_trust z = {.name = keys->owner, .status = ZONE_SECURE, .keys = keys->data, .expires = expires};
    return settle(q, &z, out);
}

/* The keys do not fit the DS set: they may be forged. It is verified, but may be old. */
static enum check doubt_keys(struct query *q, struct raw *keys, const struct fault *fault,
                             const struct zone_trust **out)
{
    const uint8_t *zone = keys->name;
    struct raw *ds = chain_find(q, zone, TYPE_DS);
    if (chain_doubt(q, keys)) {
        return ask(q, zone, TYPE_DNSKEY);
    }
    if (ds != NULL && trust_is_old(q, ds->stored) && chain_doubt(q, ds)) {
        return ask(q, zone, TYPE_DS);
    }
    return settle_bogus(q, zone, fault, out);
}

static enum check settle_unsupported(struct query *q, const uint8_t *zone, const struct fault *fault, uint64_t expires,
                                     const struct zone_trust **out)
{
    struct zone_trust z = {.name = zone, .status = ZONE_INSECURE, .why = trust_words(q, fault), .expires = expires};
    return settle(q, &z, out);
}

/* By a DS set that is trusted until `expires`. */
static enum check by_keys(struct query *q, const uint8_t *zone, const struct rdatas *ds, uint64_t expires,
                          const struct zone_trust **out)
{
    struct raw *raw = chain_find(q, zone, TYPE_DNSKEY);
    if (raw == NULL) {
        return ask(q, zone, TYPE_DNSKEY);
    }
    if (raw->outcome != OUTCOME_ANSWER) {
        return fail(q, raw);
    }
    const struct rrset *keys = rrset_find(raw->sets, zone, TYPE_DNSKEY);
    struct fault fault = {.code = EDE_DNSKEY_MISSING, .owner = zone, .type = TYPE_DNSKEY};
    fault.detail = "the parent vouches for keys, and there are none";
    if (keys == NULL) {
        return doubt_keys(q, raw, &fault, out);
    }
    struct verifier v = trust_verifier(q);
    struct attest attest;
    switch (ds_verify_keys(&v, keys, ds, &attest, &fault)) {
    case VERDICT_SECURE: {
        uint64_t own = expiry_of(q, raw, keys, &attest);
        return settle_secure(q, keys, own < expires ? own : expires, out);
    }
    case VERDICT_UNSUPPORTED:
        return settle_unsupported(q, zone, &fault, expires, out);
    case VERDICT_LIMIT:
        return trust_hit_limit(q);
    case VERDICT_TIRED:
        return CHECK_PAUSE;
    case VERDICT_BOGUS:
        break;
    }
    return doubt_keys(q, raw, &fault, out);
}

/* ---- What the parent says ---- */

static enum check doubt_statement(struct query *q, struct raw *raw, const struct fault *fault,
                                  const struct zone_trust **out)
{
    if (chain_doubt(q, raw)) {
        return ask(q, raw->name, TYPE_DS);
    }
    return settle_bogus(q, raw->name, fault, out);
}

/* Whether any DS is of an algorithm and a digest that we support; it takes no key to see that. */
static bool is_supported(struct query *q, const struct rrset *ds, struct fault *fault)
{
    struct verifier v = trust_verifier(q);
    const struct rrset no_keys = {.owner = ds->owner, .type = TYPE_DNSKEY};
    return ds_verify_keys(&v, &no_keys, &ds->data, NULL, fault) != VERDICT_UNSUPPORTED;
}

/* The keys are fetched before the DS is verified, so that nothing is verified twice. */
static enum check by_ds(struct query *q, struct raw *raw, const struct rrset *ds, const struct zone_trust *parent,
                        const struct zone_trust **out)
{
    struct verifier v = trust_verifier(q);
    struct attest attest;
    struct fault fault = {0}, refusal;
    bool has_use = is_supported(q, ds, &refusal);
    if (has_use && chain_find(q, raw->name, TYPE_DNSKEY) == NULL) {
        return ask(q, raw->name, TYPE_DNSKEY);
    }
    if (raw->verified == 0) {
        switch (signature_verify(&v, ds, parent->name, &parent->keys, &attest, &fault)) {
        case VERDICT_SECURE:
            raw->verified = 1;
            raw->verified_until = expiry_of(q, raw, ds, &attest);
            break;
        case VERDICT_LIMIT:
            return trust_hit_limit(q);
        case VERDICT_TIRED:
            return CHECK_PAUSE;
        case VERDICT_UNSUPPORTED:
        case VERDICT_BOGUS:
            return doubt_statement(q, raw, &fault, out);
        }
    }
    return has_use ? by_keys(q, raw->name, &ds->data, raw->verified_until, out)
                   : settle_unsupported(q, raw->name, &refusal, raw->verified_until, out);
}

/* Copies of what `raw` says in the name of `parent`. NULL: nothing, or no memory. */
static struct rrset *pick_proofs(struct query *q, const struct raw *raw, const struct zone_trust *parent)
{
    struct rrset *proofs = NULL;
    for (const struct rrset *set = raw->sets; set != NULL; set = set->next) {
        const uint8_t *signer = chain_is_statement(raw, set) ? signature_signer(set) : NULL;
        struct rrset *copy = NULL;
        if (signer != NULL && name_equal(signer, parent->name)) {
            copy = arena_copy(&q->arena, set, sizeof(*set));
        }
        if (copy != NULL) {
            copy->next = NULL;
            rrset_append(&proofs, copy);
        }
    }
    return proofs;
}

static enum check settle_denied(struct query *q, struct raw *raw, enum zone_status status, uint64_t expires,
                                const struct zone_trust **out)
{
    /* What the public tree denies exists here by a route. */
    bool is_routed = status != ZONE_INSECURE && route_is_apex(q->resolver->policy, raw->name);
    struct zone_trust z = {.name = raw->name, .status = is_routed ? ZONE_INSECURE : status, .expires = expires};
    return settle(q, &z, out);
}

static enum check by_denial(struct query *q, struct raw *raw, const struct rrset *proofs,
                            const struct zone_trust *parent, uint64_t expires, const struct zone_trust **out)
{
    struct verifier v = trust_verifier(q);
    struct fault fault = {.code = EDE_NSEC_MISSING, .zone = parent->name, .owner = raw->name, .type = TYPE_DS};
    fault.detail = "not proven absent";
    if (proofs->type == TYPE_CNAME || proofs->type == TYPE_DNAME) { /* the name is an alias, or below one */
        return settle_denied(q, raw, ZONE_NO_CUT, expires, out);
    }
    switch (denial_delegation(&v, proofs, parent->name, raw->name)) {
    case DELEGATION_INSECURE:
        return settle_denied(q, raw, ZONE_INSECURE, expires, out);
    case DELEGATION_COSTLY:
        fault.code = EDE_UNSUPPORTED_NSEC3_ITERATIONS;
        fault.detail = "too many NSEC3 iterations";
        return settle_unsupported(q, raw->name, &fault, expires, out);
    case DELEGATION_NO_CUT:
        if (!raw->is_referral) {
            return settle_denied(q, raw, ZONE_NO_CUT, expires, out);
        }
        break;
    case DELEGATION_NO_NAME:
        if (!raw->is_referral) {
            return settle_denied(q, raw, ZONE_NO_NAME, expires, out);
        }
        break;
    case DELEGATION_LIMIT:
        return trust_hit_limit(q);
    case DELEGATION_UNPROVEN:
        break;
    }
    return doubt_statement(q, raw, &fault, out);
}

static enum check by_proofs(struct query *q, struct raw *raw, const struct zone_trust *parent,
                            const struct zone_trust **out)
{
    struct verifier v = trust_verifier(q);
    struct rrset *proofs = pick_proofs(q, raw, parent);
    unsigned index = 0;
    struct fault fault = {.code = EDE_NSEC_MISSING, .zone = parent->name, .owner = raw->name, .type = TYPE_DS};
    for (const struct rrset *set = proofs; set != NULL; set = set->next, index++) {
        struct attest attest;
        if (index < raw->verified) {
            continue;
        }
        if (trust_is_tired(q)) {
            return CHECK_PAUSE;
        }
        enum verdict verdict = signature_verify(&v, set, parent->name, &parent->keys, &attest, &fault);
        if (verdict == VERDICT_LIMIT) {
            return trust_hit_limit(q);
        }
        if (verdict == VERDICT_TIRED) {
            return CHECK_PAUSE;
        }
        if (verdict != VERDICT_SECURE) {
            return doubt_statement(q, raw, &fault, out);
        }
        uint64_t end = expiry_of(q, raw, set, &attest);
        raw->verified_until = index == 0 || end < raw->verified_until ? end : raw->verified_until;
        raw->verified = index + 1;
    }
    return proofs != NULL ? by_denial(q, raw, proofs, parent, raw->verified_until, out)
                          : doubt_statement(q, raw, &fault, out);
}

static enum check by_statement(struct query *q, struct raw *raw, const struct zone_trust *parent,
                               const struct zone_trust **out)
{
    if (trust_is_tired(q)) {
        return CHECK_PAUSE;
    }
    const struct rrset *ds = rrset_find(raw->sets, raw->name, TYPE_DS);
    return ds != NULL ? by_ds(q, raw, ds, parent, out) : by_proofs(q, raw, parent, out);
}

/* ---- What it leaves unsaid ---- */

static bool is_settled(const struct zone_trust *z)
{
    return z->status != ZONE_NO_CUT && z->status != ZONE_NO_NAME;
}

/* The deepest zone known at or above `name`, but not above its anchor; NULL: none. */
static const struct zone_trust *recall_above(struct query *q, const uint8_t *name, const uint8_t *anchor)
{
    for (;; name = name_parent(name)) {
        const struct zone_trust *z = trust_recall(q, name);
        if ((z != NULL && is_settled(z)) || name_is_root(name) || name_equal(name, anchor)) {
            return z;
        }
    }
}

/* Nothing signed says anything of the zone. That is right below a zone that is insecure, and nowhere else. */
static enum check by_silence(struct query *q, const uint8_t *zone, struct raw *raw, const uint8_t *anchor,
                             const struct zone_trust **out)
{
    const struct zone_trust *above = recall_above(q, name_parent(zone), anchor);
    if (above != NULL && above->status != ZONE_SECURE) {
        return inherit(q, zone, above, out);
    }
    if (raw == NULL) {
        return ask(q, zone, TYPE_DS);
    }
    enum check check = trust_enclosing(q, name_parent(zone), NULL, &above);
    if (check != CHECK_DONE) {
        return check;
    }
    if (above->status != ZONE_SECURE) {
        return inherit(q, zone, above, out);
    }
    if (raw->is_referral) {
        return ask(q, zone, TYPE_DS);
    }
    if (raw->outcome != OUTCOME_ANSWER) {
        return fail(q, raw);
    }
    if (raw->is_local) {
        struct zone_trust z = {.name = zone, .status = ZONE_INSECURE};
        return settle(q, &z, out);
    }
    struct fault fault = {.code = EDE_RRSIGS_MISSING, .zone = above->name, .owner = zone, .type = TYPE_DS};
    fault.detail = "neither it nor its absence is signed";
    return doubt_statement(q, raw, &fault, out);
}

static enum check by_parent(struct query *q, const uint8_t *zone, const uint8_t *anchor, const struct zone_trust **out)
{
    struct raw *raw = chain_find(q, zone, TYPE_DS);
    const uint8_t *signer = raw != NULL ? chain_signer(raw) : NULL;
    if (signer == NULL || !name_is_under(signer, anchor)) {
        return by_silence(q, zone, raw, anchor, out);
    }
    const struct zone_trust *parent;
    enum check check = trust_zone(q, signer, &parent);
    if (check != CHECK_DONE) {
        return check;
    }
    return parent->status == ZONE_SECURE ? by_statement(q, raw, parent, out) : inherit(q, zone, parent, out);
}

/* ---- Where a search begins ---- */

/* NULL: the settings say nothing against looking for a chain, and name an anchor. */
static const struct zone_trust *by_policy(struct query *q, const uint8_t *name)
{
    const struct policy *p = q->resolver->policy;
    const struct route *route = route_find(p, name);
    struct zone_trust z = {.name = name, .status = ZONE_INSECURE, .hash = trust_hash(name)};
    struct fault fault = {.code = EDE_NEGATIVE_TRUST_ANCHOR, .detail = "nothing below is validated"};
    fault.owner = anchor_negative(&p->anchors, name);
    if (fault.owner != NULL) {
        z.why = trust_words(q, &fault);
    } else if (anchor_find(&p->anchors, name) == NULL) {
        z.status = ZONE_INDETERMINATE;
    } else if (route == NULL || route->dnssec != DNSSEC_OFF) {
        return NULL;
    }
    return trust_keep(q, &z);
}

enum check trust_zone(struct query *q, const uint8_t *zone, const struct zone_trust **out)
{
    *out = trust_recall(q, zone);
    if (*out == NULL) {
        *out = by_policy(q, zone);
    }
    if (*out != NULL) {
        return CHECK_DONE;
    }
    const struct anchor *anchor = anchor_find(&q->resolver->policy->anchors, zone);
    if (anchor == NULL) {
        query_hit_limit(q, LIMIT_ID_query_memory);
        return CHECK_LIMIT;
    }
    if (name_equal(anchor->zone, zone)) {
        return by_keys(q, zone, &anchor->ds, UINT64_MAX, out);
    }
    return by_parent(q, zone, anchor->zone, out);
}

/* ---- Downwards ---- */

/* Whether to look at `zone` before what lies above it. A referral to it that brought no signed words of its parent
 * would be followed by a question that is not needed where a zone above is insecure. */
static bool is_worth_a_look(struct query *q, const uint8_t *zone)
{
    const struct raw *raw = chain_find(q, zone, TYPE_DS);
    return raw == NULL || chain_signer(raw) != NULL;
}

static enum check descend(struct query *q, const uint8_t *name, const struct zone_trust **out)
{
    unsigned all = name_labels(name);
    for (unsigned labels = name_labels((*out)->name) + 1; labels <= all; labels++) {
        const struct zone_trust *below;
        enum check check = trust_zone(q, name_strip(name, all - labels), &below);
        if (check != CHECK_DONE) {
            return check;
        }
        if (below->status == ZONE_NO_NAME) {
            break;
        }
        *out = is_settled(below) ? below : *out;
        if ((*out)->status != ZONE_SECURE) {
            break;
        }
    }
    return CHECK_DONE;
}

enum check trust_enclosing(struct query *q, const uint8_t *name, const uint8_t *hint, const struct zone_trust **out)
{
    const struct anchor *anchor = anchor_find(&q->resolver->policy->anchors, name);
    bool is_hint_good = hint != NULL && anchor != NULL && name_is_under(hint, anchor->zone);
    *out = is_hint_good ? trust_recall(q, hint) : NULL;
    if (*out != NULL && is_settled(*out) && (*out)->status != ZONE_SECURE) {
        return CHECK_DONE;
    }
    *out = by_policy(q, name);
    if (*out != NULL) {
        return CHECK_DONE;
    }
    *out = recall_above(q, name, anchor->zone);
    enum check check = CHECK_DONE;
    if (*out == NULL) {
        check = trust_zone(q, anchor->zone, out);
    }
    if (check == CHECK_DONE && (*out)->status == ZONE_SECURE && is_hint_good && !name_is_under((*out)->name, hint) &&
        is_worth_a_look(q, hint)) {
        const struct zone_trust *hinted;
        check = trust_zone(q, hint, &hinted);
        *out = check == CHECK_DONE && is_settled(hinted) ? hinted : *out; /* no zone: the one above goes on */
    }
    return check == CHECK_DONE && (*out)->status == ZONE_SECURE ? descend(q, name, out) : check;
}
