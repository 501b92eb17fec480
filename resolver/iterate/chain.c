#include "resolver/iterate/chain.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/finding.h"
#include "resolver/validate/signature.h"

static struct raw *add(struct query *q, const uint8_t *name, uint16_t type)
{
    struct raw *raw = arena_take(&q->arena, sizeof(*raw));
    if (raw != NULL) {
        raw->name = name;
        raw->type = type;
        raw->stored = q->now;
        raw->next = q->raws;
        q->raws = raw;
    }
    return raw;
}

/* Answers come before referrals, whichever was first. */
static struct raw *find(struct query *q, const uint8_t *name, uint16_t type, bool is_referral)
{
    struct raw *raw = q->raws;
    while (raw != NULL && (raw->type != type || raw->is_referral != is_referral || !name_equal(raw->name, name))) {
        raw = raw->next;
    }
    return raw;
}

/* ---- Finding ---- */

/* A client that asks for DS or DNSKEY has them in its answer, which is not stored before it is validated. */
static struct raw *take_finding(struct query *q, const uint8_t *name, uint16_t type)
{
    const struct finding *l = q->top->findings;
    while (l != NULL && (l->entry.type != type || l->entry.slot != CACHE_ANSWER || l->entry.name == NULL ||
                         !name_equal(l->entry.name, name))) {
        l = l->next;
    }
    struct raw *raw = l != NULL ? add(q, name, type) : NULL;
    if (raw != NULL) {
        raw->outcome = OUTCOME_ANSWER;
        raw->sets = l->entry.sets;
        raw->stored = l->entry.stored;
        raw->source = l->entry.source;
    }
    return raw;
}

/* Proofs may live shorter than the delegation that they came with. */
static bool is_current(const struct cache_entry *e, uint64_t now)
{
    for (const struct rrset *set = e->sets; set != NULL; set = set->next) {
        struct rrsig sig;
        if (set->sigs.count > 0 && rrsig_parse(rdatas_first(&set->sigs), &sig) == FAIL_NONE &&
            now >= e->stored + 1000ull * sig.original_ttl) {
            return false;
        }
    }
    return true;
}

static struct raw *take_delegation(struct query *q, const uint8_t *name)
{
    const struct cache_entry *e = NULL;
    if (cache_find(q->resolver->cache, CACHE_DELEGATION, name, 0, q->now, 0, &q->arena, &e) != FAIL_NONE || e == NULL) {
        return NULL;
    }
    struct raw *raw = add(q, name, TYPE_DS);
    if (raw != NULL) {
        raw->outcome = OUTCOME_ANSWER;
        raw->is_referral = true;
        raw->sets = is_current(e, q->now) ? e->sets : NULL;
        raw->source = e->source;
        raw->stored = e->stored;
    }
    return raw;
}

static struct raw *unless_doubted(struct raw *raw)
{
    return raw != NULL && !raw->is_doubted ? raw : NULL;
}

struct raw *chain_find(struct query *q, const uint8_t *zone, uint16_t type)
{
    struct raw *raw = find(q, zone, type, false);
    if (raw == NULL) {
        raw = take_finding(q, zone, type);
    }
    if (raw == NULL && type == TYPE_DS) {
        raw = find(q, zone, TYPE_DS, true);
        raw = raw != NULL ? raw : take_delegation(q, zone);
    }
    return unless_doubted(raw);
}

void chain_note_referral(struct query *q, struct rrset *sets)
{
    struct raw *raw = q->is_validated ? add(q, sets->owner, TYPE_DS) : NULL;
    if (raw != NULL) {
        raw->outcome = OUTCOME_ANSWER;
        raw->is_referral = true;
        raw->sets = sets;
        raw->source = q->event->server;
    }
}

/* ---- Asking ---- */

bool chain_ask(struct query *q, const uint8_t *zone, uint16_t type)
{
    if (!query_spend(q, LIMIT_ID_chain, 1)) {
        return false;
    }
    const struct raw *before = find(q, zone, type, false);
    before = before != NULL ? before : find(q, zone, type, true);
    trace_add(&q->trace, TRACE_NEED_PROOF, zone, type, q->now);
    if (!frame_push(q, zone, type)) {
        return false;
    }
    q->top->is_raw = true;
    q->top->deadline = q->chain_deadline;
    q->top->lookups = 0;
    if (before != NULL && before->is_doubted) {
        q->top->is_fresh = true;
        q->top->avoid = before->source;
    }
    return true;
}

static void fill(struct raw *raw, const struct frame *child, uint64_t now)
{
    bool is_positive = child->sections[SECTION_ANSWER] != NULL;
    raw->outcome = child->outcome;
    raw->is_local = child->is_local;
    raw->source = child->source;
    raw->sets = child->sections[is_positive ? SECTION_ANSWER : SECTION_AUTHORITY];
    raw->why = child->why;
    raw->stored = now;
    raw->verified = 0;
}

/* When the second question brings nothing the answer to the first one stands. */
void chain_take(struct query *q, const struct frame *child)
{
    struct raw *raw = find(q, child->origin, child->type, false);
    struct raw *referral = find(q, child->origin, child->type, true);
    struct raw *before = raw != NULL ? raw : referral;
    bool is_second = before != NULL && before->is_doubted;
    if (is_second) {
        before->is_doubted = false;
        before->is_final = true;
    }
    if (is_second && child->outcome != OUTCOME_ANSWER) {
        return;
    }
    raw = raw != NULL ? raw : add(q, child->origin, child->type);
    if (raw != NULL) {
        fill(raw, child, q->now);
        raw->is_final = is_second;
    }
}

bool chain_doubt(struct query *q, struct raw *raw)
{
    if (raw->is_final || !query_try(q, LIMIT_ID_bogus_retries)) {
        return false;
    }
    raw->is_doubted = true;
    return true;
}

bool chain_renew(struct query *q, const uint8_t *zone, uint16_t type)
{
    struct raw *raw = find(q, zone, type, false);
    if (raw == NULL) {
        raw = add(q, zone, type);
    }
    return raw != NULL && chain_doubt(q, raw);
}

/* ---- Who signed it ---- */

bool chain_is_statement(const struct raw *raw, const struct rrset *set)
{
    bool is_proof = set->type == TYPE_NSEC || set->type == TYPE_NSEC3;
    bool is_alias = !raw->is_referral && (set->type == TYPE_CNAME || set->type == TYPE_DNAME);
    return set->type == TYPE_DS || is_proof || is_alias;
}

const uint8_t *chain_signer(const struct raw *raw)
{
    for (const struct rrset *set = raw->sets; set != NULL; set = set->next) {
        const uint8_t *signer = chain_is_statement(raw, set) ? signature_signer(set) : NULL;
        if (signer != NULL && name_is_under(raw->name, signer) && !name_equal(raw->name, signer)) {
            return signer;
        }
    }
    return NULL;
}
