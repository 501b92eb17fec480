#include "resolver/iterate/secure.h"

#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/chain.h"
#include "resolver/iterate/finding.h"
#include "resolver/iterate/routes.h"
#include "resolver/iterate/trust.h"
#include "resolver/iterate/trust_recall.h"
#include "resolver/validate/denial.h"
#include "resolver/validate/signature.h"

/* What the public tree is given to say of a zone that was configured: its clients wait no longer than this for it. */
enum { PRIVATE_MS = 1500 };

/* ---- Verdicts on one link ---- */

static enum check conclude(struct query *q, struct finding *l, enum security security, const struct ede *why)
{
    const struct route *route = route_find(q->resolver->policy, l->asked);
    bool is_required = route != NULL && route->dnssec == DNSSEC_REQUIRE;
    if (is_required && (security == SECURITY_INSECURE || security == SECURITY_INDETERMINATE)) {
        struct fault fault = {.code = EDE_DNSSEC_INDETERMINATE, .owner = l->asked};
        fault.detail = "no chain of trust, which the settings require";
        security = SECURITY_BOGUS;
        why = trust_words(q, &fault);
    }
    l->entry.security = security;
    l->entry.error = why != NULL ? *why : (struct ede){0};
    l->is_stored = l->is_stored && security == SECURITY_INDETERMINATE;
    if (security == SECURITY_SECURE) {
        l->entry.trust = TRUST_VALIDATED;
        if (l->ttl_max != UINT32_MAX) {
            finding_cap(q, l, l->ttl_max);
        }
    } else if (security == SECURITY_BOGUS) {
        l->entry.trust = TRUST_NONE;
        finding_cap(q, l, limit_get(query_limits(q), bogus_ms) / 1000);
    }
    return CHECK_DONE;
}

/* The fault lies in the link itself, not in the chain to its zone. */
static enum check conclude_bogus(struct query *q, struct finding *l, const struct fault *fault)
{
    l->is_own_fault = true;
    return conclude(q, l, SECURITY_BOGUS, trust_words(q, fault));
}

static bool is_negative(const struct finding *l)
{
    return l->entry.is_negative || l->entry.slot == CACHE_NXDOMAIN;
}

/* Of the whole link: what is asked for, with the status of its zone. */
static struct fault fault_of(const struct finding *l, const struct zone_trust *zone, enum ede_code code,
                             const char *detail)
{
    return (struct fault){.code = (uint16_t)code,
                          .zone = zone->name,
                          .owner = l->entry.name,
                          .type = l->entry.slot == CACHE_NXDOMAIN ? 0 : l->entry.type,
                          .detail = detail};
}

/* ---- Signed links ---- */

static enum check judge_denial(struct query *q, struct finding *l, const struct zone_trust *zone, enum denial denial)
{
    switch (denial) {
    case DENIAL_SECURE:
        return conclude(q, l, SECURITY_SECURE, NULL);
    case DENIAL_OPT_OUT:
        return conclude(q, l, SECURITY_INSECURE, NULL);
    case DENIAL_COSTLY: {
        struct fault fault = fault_of(l, zone, EDE_UNSUPPORTED_NSEC3_ITERATIONS, "too many NSEC3 iterations");
        return conclude(q, l, SECURITY_INSECURE, trust_words(q, &fault));
    }
    case DENIAL_LIMIT:
        return trust_hit_limit(q);
    case DENIAL_NONE:
        break;
    }
    struct fault fault =
        fault_of(l, zone, EDE_NSEC_MISSING,
                 is_negative(l) ? "not proven absent" : "made by a wildcard, and the name itself not proven absent");
    return conclude_bogus(q, l, &fault);
}

/* All signatures are good; what is left is what they prove. */
static enum check judge(struct query *q, struct finding *l, const struct zone_trust *zone)
{
    const struct rrset *sets = l->entry.sets;
    const uint8_t *name = l->entry.name;
    struct verifier v = trust_verifier(q);
    if (l->entry.slot == CACHE_NXDOMAIN) {
        return judge_denial(q, l, zone, denial_name_error(&v, sets, zone->name, name));
    }
    bool is_parents = l->entry.type == TYPE_DS && !name_is_root(name);
    if (l->entry.is_negative && is_parents && route_is_apex(q->resolver->policy, name)) {
        return conclude(q, l, SECURITY_INSECURE, NULL); /* what the parent may deny altogether (reply.c) */
    }
    if (l->entry.is_negative) {
        return judge_denial(q, l, zone, denial_no_data(&v, sets, zone->name, name, l->entry.type));
    }
    if (l->attest.is_expanded) {
        return judge_denial(q, l, zone, denial_wildcard(&v, sets->next, zone->name, name, l->attest.labels));
    }
    return conclude(q, l, SECURITY_SECURE, NULL);
}

static enum check verify(struct query *q, struct finding *l, const struct zone_trust *zone)
{
    struct verifier v = trust_verifier(q);
    for (; l->unverified != NULL; l->unverified = l->unverified->next) {
        struct attest attest;
        struct fault fault = {0};
        if (trust_is_tired(q)) {
            return CHECK_PAUSE;
        }
        enum verdict verdict = signature_verify(&v, l->unverified, zone->name, &zone->keys, &attest, &fault);
        if (verdict == VERDICT_LIMIT) {
            return trust_hit_limit(q);
        }
        if (verdict == VERDICT_TIRED) {
            return CHECK_PAUSE;
        }
        if (verdict != VERDICT_SECURE) {
            bool is_renewed = trust_forget_old(q, zone->name) && chain_renew(q, zone->name, TYPE_DNSKEY);
            return is_renewed ? CHECK_AGAIN : conclude_bogus(q, l, &fault);
        }
        l->attest = l->unverified == l->entry.sets ? attest : l->attest;
        l->ttl_max = attest.ttl_max < l->ttl_max ? attest.ttl_max : l->ttl_max;
    }
    return judge(q, l, zone);
}

/* ---- Links ---- */

/* A zone that was configured and is not known in public must work while the public cannot be asked. */
static bool is_private(const struct query *q, const struct finding *l)
{
    const struct route *route = route_find(q->resolver->policy, l->asked);
    return route != NULL && route->dnssec == DNSSEC_AUTO && !name_is_root(route->zone);
}

/* What was indeterminate a while ago may have an anchor now; but nobody waits for the public tree to say so. */
static bool has_status(const struct query *q, const struct finding *l)
{
    if (l->entry.security == SECURITY_INDETERMINATE) {
        return l->is_stored && is_private(q, l);
    }
    return l->entry.security != SECURITY_UNCHECKED;
}

/* A signature by what is not at or below the anchor of the name counts for nothing: the chain could not lead to it. */
static const uint8_t *signer_of(const struct finding *l, const struct anchor *anchor)
{
    const uint8_t *signer = NULL;
    for (const struct rrset *set = l->entry.sets; signer == NULL && set != NULL; set = set->next) {
        signer = signature_signer(set);
    }
    return signer != NULL && name_is_under(signer, anchor->zone) ? signer : NULL;
}

/* A name whose zone speaks: the parent of a cut does so for its DS (RFC 4035 3.1.4.1). */
static const uint8_t *speaker_of(const struct finding *l)
{
    bool is_parents = l->entry.type == TYPE_DS && l->entry.slot == CACHE_ANSWER;
    return is_parents ? name_parent(l->entry.name) : l->entry.name;
}

static enum check check_unsigned(struct query *q, struct finding *l)
{
    const struct rrset *first = l->entry.sets;
    const uint8_t *name = speaker_of(l);
    const uint8_t *hint = first != NULL && first->type == TYPE_SOA ? first->owner : l->zone;
    const struct zone_trust *zone;
    hint = hint != NULL && name_is_under(name, hint) ? hint : NULL;
    enum check check = trust_enclosing(q, name, hint, &zone);
    if (check != CHECK_DONE) {
        l->is_own_fault = check == CHECK_FAILED; /* signed, it would not have needed what cannot be had */
        return check;
    }
    switch (zone->status) {
    case ZONE_INSECURE:
        return conclude(q, l, SECURITY_INSECURE, zone->why);
    case ZONE_INDETERMINATE:
        return conclude(q, l, SECURITY_INDETERMINATE, NULL);
    case ZONE_BOGUS:
        l->is_own_fault = true; /* who took the signatures from the answer may have had a hand in what denies them */
        return conclude(q, l, SECURITY_BOGUS, zone->why);
    case ZONE_SECURE:
    case ZONE_NO_CUT:
    case ZONE_NO_NAME:
        break;
    }
    struct fault fault = fault_of(l, zone, EDE_RRSIGS_MISSING, "not signed");
    return conclude_bogus(q, l, &fault);
}

static enum check check_signed(struct query *q, struct finding *l, const uint8_t *signer)
{
    const struct zone_trust *zone;
    enum check check = trust_zone(q, signer, &zone);
    if (check != CHECK_DONE) {
        return check;
    }
    switch (zone->status) {
    case ZONE_SECURE:
        l->signer = signer;
        return verify(q, l, zone);
    case ZONE_INSECURE:
        return conclude(q, l, SECURITY_INSECURE, zone->why);
    case ZONE_INDETERMINATE:
        return conclude(q, l, SECURITY_INDETERMINATE, NULL);
    case ZONE_BOGUS:
        return conclude(q, l, SECURITY_BOGUS, zone->why);
    case ZONE_NO_CUT:
    case ZONE_NO_NAME:
        break;
    }
    struct fault fault = fault_of(l, zone, EDE_DNSSEC_BOGUS, "signed in the name of what is no zone");
    return conclude_bogus(q, l, &fault);
}

static enum check check_link(struct query *q, struct finding *l)
{
    const struct anchor *anchor = anchor_find(&q->resolver->policy->anchors, speaker_of(l));
    bool is_own = l->own_cut != NULL && (anchor == NULL || !name_is_under(anchor->zone, l->own_cut));
    if (is_own) {
        return conclude(q, l, SECURITY_INSECURE, NULL);
    }
    /* RRSIGs are not signed themselves (RFC 4035 2.2). */
    if (anchor == NULL || (l->entry.type == TYPE_RRSIG && !is_negative(l))) {
        return conclude(q, l, SECURITY_INDETERMINATE, NULL);
    }
    /* A negative trust anchor need not be a zone: what is signed from above it is not looked at either. */
    bool is_exempt = anchor_negative(&q->resolver->policy->anchors, speaker_of(l)) != NULL;
    const uint8_t *signer = is_exempt ? NULL : signer_of(l, anchor);
    return signer != NULL ? check_signed(q, l, signer) : check_unsigned(q, l);
}

/* ---- The answer ---- */

/* Asks for the link again, elsewhere if that is possible: one broken server or a forgery must not break a name. */
static bool try_again(struct query *q, struct frame *f, struct finding *l)
{
    if (f->doubted != NULL || !query_try(q, LIMIT_ID_bogus_retries)) {
        return false;
    }
    finding_undo(f, l);
    frame_begin(f);
    f->doubted = l;
    f->is_fresh = true;
    f->avoid = l->entry.source;
    return true;
}

static enum next end_bogus(struct frame *f, struct finding *l)
{
    f->bogus = l;
    return frame_end(f, OUTCOME_BOGUS, RCODE_SERVFAIL);
}

static enum next stop(struct query *q, struct frame *f, enum check check)
{
    switch (check) {
    case CHECK_NEED:
        return NEXT_RESOLVE;
    case CHECK_PAUSE:
        return NEXT_PAUSE;
    case CHECK_FAILED:
        return frame_end(f, q->fault_outcome, RCODE_SERVFAIL);
    default:
        return frame_end(f, OUTCOME_LIMIT, RCODE_SERVFAIL);
    }
}

static enum check find_status(struct query *q, struct finding *l)
{
    enum check check;
    uint64_t soon = q->trace.started + PRIVATE_MS;
    q->chain_deadline = is_private(q, l) && soon < q->deadline ? soon : q->deadline;
    do {
        check = check_link(q, l);
    } while (check == CHECK_AGAIN);
    if (check == CHECK_FAILED && is_private(q, l)) {
        q->fault_count = 0;
        check = conclude(q, l, SECURITY_INDETERMINATE, NULL);
    }
    if (check == CHECK_DONE) {
        trace_add(&q->trace, TRACE_STATUS, l->asked, q->top->type, q->now)->detail = (uint8_t)l->entry.security;
    }
    return check;
}

enum next secure_check(struct query *q, struct frame *f)
{
    if (!q->is_validated || f->outcome != OUTCOME_ANSWER) {
        bool was_bogus = f->doubted != NULL && f->doubted->entry.security == SECURITY_BOGUS;
        return was_bogus ? end_bogus(f, f->doubted) : NEXT_DONE;
    }
    for (struct finding *l = f->findings; l != NULL; l = l->next) {
        enum check check = has_status(q, l) ? CHECK_DONE : find_status(q, l);
        if (check == CHECK_FAILED && l->is_own_fault && try_again(q, f, l)) {
            q->fault_count = 0;
            return NEXT_RESOLVE;
        }
        if (check != CHECK_DONE) {
            return stop(q, f, check);
        }
        if (l->entry.security == SECURITY_BOGUS) {
            return l->is_own_fault && try_again(q, f, l) ? NEXT_RESOLVE : end_bogus(f, l);
        }
    }
    return NEXT_DONE;
}

unsigned secure_errors(const struct query *q, const struct frame *f, struct ede out[EDE_MAX])
{
    const struct finding *l = f->outcome == OUTCOME_ANSWER ? f->findings : f->bogus;
    if (f->outcome == OUTCOME_FAILED) {
        memcpy(out, q->faults, q->fault_count * sizeof(*out));
        return q->fault_count;
    }
    while (l != NULL && l->entry.error.text[0] == '\0') {
        l = l->next;
    }
    if (l == NULL || (f->outcome != OUTCOME_ANSWER && f->outcome != OUTCOME_BOGUS)) {
        return 0;
    }
    out[0] = l->entry.error;
    return 1;
}
