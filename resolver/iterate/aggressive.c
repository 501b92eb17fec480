#include "resolver/iterate/aggressive.h"

#include <string.h>

#include "resolver/dns/encode.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/known.h"
#include "resolver/iterate/routes.h"
#include "resolver/iterate/trust.h"
#include "resolver/validate/denial.h"
#include "resolver/validate/nsec.h"
#include "resolver/validate/nsec3.h"

/* NARROW: hashes so near each other that no name lies between: made for one question, and of no use for another.
 * BLOCKS: of hashing for one name; asking costs less than more would. */
enum { NARROW = 16, BLOCKS = 128 };

/* ---- Learning ---- */

static void put(struct query *q, const struct finding *l, const struct cache_entry *what)
{
    struct cache_entry e = *what;
    e.trust = TRUST_VALIDATED;
    e.security = SECURITY_SECURE;
    e.stored = l->entry.stored;
    e.epoch = l->entry.epoch;
    e.source = l->entry.source;
    e.source_tcp = l->entry.source_tcp;
    query_store(q, &e);
}

static bool is_useful(const struct query *q, const struct rrset *set, const uint8_t *zone)
{
    uint32_t most = limit_get(query_limits(q), nsec3_iterations);
    struct nsec nsec;
    struct nsec3 nsec3;
    if (set->type == TYPE_NSEC) {
        return nsec_read(set, zone, &nsec);
    }
    return set->type == TYPE_NSEC3 && nsec3_read(set, zone, most, &nsec3) == NSEC3_USABLE &&
           memcmp(nsec3.owner, nsec3.next, NARROW) != 0;
}

static void learn_proof(struct query *q, const struct finding *l, const struct rrset *set)
{
    struct rrset one = *set;
    one.next = NULL;
    struct cache_entry e = {.name = set->owner, .slot = CACHE_PROOF, .zone = l->signer, .type = set->type};
    e.sets = &one;
    put(q, l, &e);
}

static const struct cache_entry *find_zone(struct query *q, const uint8_t *zone)
{
    const struct cache_entry *hit = NULL;
    int failed = cache_find(q->resolver->cache, CACHE_PROOF, zone, TYPE_SOA, q->now, 0, &q->arena, &hit);
    return failed == FAIL_NONE ? hit : NULL;
}

/* One proof, which tells how the zone denies, behind the SOA that goes into denials. What a wildcard made comes without
 * SOA; with it alone nothing is denied. */
static void learn_zone(struct query *q, const struct finding *l, const struct rrset *proof)
{
    struct rrset sample = *proof;
    struct rrset first = *l->entry.sets;
    struct cache_entry e = {.name = l->signer, .slot = CACHE_PROOF, .type = TYPE_SOA, .sets = &sample};
    sample.next = NULL;
    first.next = &sample;
    if (first.type == TYPE_SOA && name_equal(first.owner, l->signer)) {
        e.sets = &first;
    }
    if (e.sets == &first || find_zone(q, l->signer) == NULL) {
        put(q, l, &e);
    }
}

/* The set as the zone has it: its signatures are good for that owner, too. */
static void learn_wildcard(struct query *q, const struct finding *l)
{
    uint8_t owner[NAME_SIZE];
    struct rrset set = *l->entry.sets;
    const uint8_t *name = set.owner;
    set.owner = proof_wildcard(name_strip(name, name_labels(name) - l->attest.labels), owner);
    set.next = NULL;
    put(q, l, &(struct cache_entry){.name = owner, .slot = CACHE_ANSWER, .type = set.type, .sets = &set});
}

void aggressive_learn(struct query *q, const struct finding *l)
{
    const struct rrset *sample = NULL;
    if (!q->resolver->policy->aggressive_nsec || l->entry.security != SECURITY_SECURE || l->signer == NULL) {
        return;
    }
    for (const struct rrset *set = l->entry.sets; set != NULL; set = set->next) {
        if (is_useful(q, set, l->signer)) {
            learn_proof(q, l, set);
            sample = set;
        }
    }
    if (sample == NULL) {
        return;
    }
    learn_zone(q, l, sample);
    if (l->attest.is_expanded) {
        learn_wildcard(q, l);
    }
}

/* ---- Gathering ---- */

struct search {
    struct query *q;
    const struct frame *frame;
    struct verifier v;
    struct expense expense;
    const uint8_t *zone;
    struct rrset *soa; /* NULL: not known */
    uint64_t life;     /* of a proof, since it was stored: no more than a negative answer of the zone has (RFC 9077) */
    struct nsec3_params params;
    struct rrset *proofs;    /* that the answer may need; the one that denies the name itself first */
    const uint8_t *encloser; /* of a name that is denied */
};

static struct rrset *fetch(struct search *s, uint16_t type, const uint8_t *name)
{
    const struct cache_entry *hit = NULL;
    struct query *q = s->q;
    int failed = cache_find_proof(q->resolver->cache, s->zone, type, name, q->now, &q->arena, &hit);
    if (failed != FAIL_NONE || hit == NULL || hit->security != SECURITY_SECURE || hit->stored + s->life <= q->now) {
        return NULL;
    }
    uint64_t end = hit->stored + s->life;
    hit->sets->expires = end < hit->expires ? end : hit->expires;
    return hit->sets;
}

static void add(struct search *s, struct rrset *proof)
{
    if (proof != NULL && rrset_find(s->proofs, proof->owner, proof->type) == NULL) {
        rrset_append(&s->proofs, proof);
    }
}

static void gather_nsec(struct search *s)
{
    uint8_t wildcard[NAME_SIZE];
    struct nsec n;
    struct rrset *own = fetch(s, TYPE_NSEC, s->frame->name);
    if (own == NULL || !nsec_read(own, s->zone, &n)) {
        return;
    }
    add(s, own);
    if (nsec_says(&n, s->frame->name) == NSEC_NO_NAME) {
        s->encloser = nsec_encloser(&n, s->frame->name);
        add(s, fetch(s, TYPE_NSEC, proof_wildcard(s->encloser, wildcard)));
    }
}

/* What is known of one name: its record, or the one in whose span it is. */
struct place {
    struct rrset *match, *cover;
};

/* The owner of the NSEC3 with that hash. False: there is no such name. */
static bool write_owner(const struct search *s, const uint8_t hash[NSEC3_HASH_SIZE], uint8_t out[NAME_SIZE])
{
    enum { LABEL = NSEC3_HASH_SIZE * 8 / 5 };
    char label[LABEL + 1];
    struct text t;
    text_init(&t, label, sizeof(label));
    encode_base32(&t, hash, NSEC3_HASH_SIZE);
    text_finish(&t);
    return name_from_text(label, LABEL, s->zone, out) == FAIL_NONE;
}

static struct place find_place(struct search *s, const uint8_t *name)
{
    uint8_t hash[NSEC3_HASH_SIZE], owner[NAME_SIZE];
    struct place found = {NULL, NULL};
    struct nsec3 n;
    if (nsec3_hash(&s->v, &s->params, name, hash) != FAIL_NONE || !write_owner(s, hash, owner)) {
        return found;
    }
    struct rrset *set = fetch(s, TYPE_NSEC3, owner);
    if (set != NULL && nsec3_read(set, s->zone, s->v.caps.iterations, &n) == NSEC3_USABLE &&
        nsec3_has_params(&n, &s->params)) {
        found.match = nsec3_matches(&n, hash) ? set : NULL;
        found.cover = nsec3_covers(&n, hash) ? set : NULL;
    }
    return found;
}

/* As validation looks for the closest encloser (nsec3_proof.c), which then judges what is found here. */
static void gather_nsec3(struct search *s, const struct rrset *sample)
{
    const uint8_t *name = s->frame->name;
    uint8_t wildcard[NAME_SIZE];
    struct nsec3 n;
    if (nsec3_read(sample, s->zone, s->v.caps.iterations, &n) != NSEC3_USABLE) {
        return;
    }
    s->params = n.params;
    struct place self = find_place(s, name);
    add(s, self.match);
    unsigned below = self.match == NULL ? name_labels(name) - name_labels(s->zone) : 0;
    struct place here = below > 0 ? find_place(s, s->zone) : self;
    for (; below > 0 && s->encloser == NULL; below--) {
        struct place next = below > 1 ? find_place(s, name_strip(name, below - 1)) : self;
        if (here.match != NULL && next.cover != NULL) {
            s->encloser = name_strip(name, below);
            struct place made = find_place(s, proof_wildcard(s->encloser, wildcard));
            add(s, next.cover);
            add(s, here.match);
            add(s, made.match != NULL ? made.match : made.cover);
        }
        here = next;
    }
}

/* ---- Answering ---- */

/* Gives all sets, and with them the entry, the life of the shortest. */
static void level(struct query *q, struct cache_entry *e)
{
    e->expires = UINT64_MAX;
    for (const struct rrset *set = e->sets; set != NULL; set = set->next) {
        e->expires = set->expires < e->expires ? set->expires : e->expires;
    }
    for (struct rrset *set = e->sets; set != NULL; set = set->next) {
        set->expires = e->expires;
        set->ttl = (uint32_t)((e->expires - q->now + 999) / 1000);
    }
}

static struct cache_entry entry(const struct search *s, enum cache_slot slot, struct rrset *sets)
{
    struct cache_entry e = {.name = s->frame->name,
                            .slot = slot,
                            .type = slot == CACHE_ANSWER ? s->frame->type : 0,
                            .trust = TRUST_VALIDATED,
                            .security = SECURITY_SECURE,
                            .stored = s->q->now,
                            .sets = sets};
    level(s->q, &e);
    trace_add(&s->q->trace, TRACE_PROOFS, s->zone, 0, s->q->now);
    s->q->resolver->synthesised++;
    return e;
}

static enum known deny(struct search *s, struct frame *f, enum cache_slot slot)
{
    s->soa->next = s->proofs;
    struct cache_entry e = entry(s, slot, s->soa);
    e.is_negative = true;
    return known_use(s->q, f, &e);
}

/* The set of that type that a wildcard gives all names below `encloser` that do not exist. */
static const struct cache_entry *find_wildcard(struct search *s, uint16_t type)
{
    uint8_t wildcard[NAME_SIZE];
    const struct cache_entry *hit = NULL;
    struct query *q = s->q;
    int failed = cache_find(q->resolver->cache, CACHE_ANSWER, proof_wildcard(s->encloser, wildcard), type, q->now, 0,
                            &q->arena, &hit);
    bool is_good = failed == FAIL_NONE && hit != NULL && hit->security == SECURITY_SECURE && !hit->is_negative;
    return is_good && hit->sets != NULL ? hit : NULL;
}

static enum known expand(struct search *s, struct frame *f)
{
    struct rrset *cover = s->proofs;
    cover->next = NULL;
    if (denial_wildcard(&s->v, cover, s->zone, f->name, name_labels(s->encloser)) != DENIAL_SECURE) {
        return KNOWN_NOTHING;
    }
    const struct cache_entry *made = find_wildcard(s, f->type);
    bool is_alias = made == NULL && known_follows_aliases(f->type);
    made = is_alias ? find_wildcard(s, TYPE_CNAME) : made;
    if (made == NULL) {
        return KNOWN_NOTHING;
    }
    made->sets->owner = f->name;
    made->sets->next = cover;
    struct cache_entry e = entry(s, CACHE_ANSWER, made->sets);
    e.type = made->type;
    return is_alias ? known_follow(s->q, f, &e) : known_use(s->q, f, &e);
}

/* What was gathered is held against the rules of validation, as if a server had sent it. Opt-out spans, which leave
 * open what is unsigned in them, are no reason not to ask. */
static enum known conclude(struct search *s, struct frame *f)
{
    if (s->proofs == NULL) {
        return KNOWN_NOTHING;
    }
    if (s->soa != NULL && denial_no_data(&s->v, s->proofs, s->zone, f->name, f->type) == DENIAL_SECURE) {
        return deny(s, f, CACHE_ANSWER);
    }
    if (s->soa != NULL && denial_name_error(&s->v, s->proofs, s->zone, f->name) == DENIAL_SECURE) {
        return deny(s, f, CACHE_NXDOMAIN);
    }
    return s->encloser != NULL ? expand(s, f) : KNOWN_NOTHING;
}

/* The answer would be validated, and the cache is wanted. */
static bool may_answer(const struct query *q, const struct frame *f)
{
    return q->resolver->policy->aggressive_nsec && q->is_validated && f->depth == 0 && known_may_use_cache(q, f) &&
           (q->flags & QUERY_REFRESH) == 0 && f->own_cut == NULL && f->type != TYPE_ANY && f->type != TYPE_RRSIG;
}

/* The settings would let a chain of trust reach `name` through `zone`. */
static bool may_be_secure(const struct policy *p, const uint8_t *name, const uint8_t *zone)
{
    const struct anchor *anchor = anchor_find(&p->anchors, name);
    const struct route *route = route_find(p, name);
    return anchor != NULL && name_is_under(zone, anchor->zone) && anchor_negative(&p->anchors, name) == NULL &&
           (route == NULL || route->dnssec != DNSSEC_OFF);
}

/* What is kept of the deepest zone from f->name up to the cut. */
static const struct cache_entry *find_enclosing(struct query *q, const struct frame *f)
{
    unsigned above = name_labels(f->name) - name_labels(f->cut.zone);
    const struct cache_entry *hit = find_zone(q, f->name);
    for (const uint8_t *zone = f->name; hit == NULL && above > 0; above--) {
        zone = name_parent(zone);
        hit = find_zone(q, zone);
    }
    return hit != NULL && hit->security == SECURITY_SECURE && hit->sets != NULL ? hit : NULL;
}

enum known aggressive_find(struct query *q, struct frame *f)
{
    const struct cache_entry *zone = may_answer(q, f) ? find_enclosing(q, f) : NULL;
    if (zone == NULL || !may_be_secure(q->resolver->policy, f->name, zone->name)) {
        return KNOWN_NOTHING;
    }
    struct search s = {.q = q,
                       .frame = f,
                       .v = trust_verifier(q),
                       .expense = {.hash_blocks = BLOCKS},
                       .zone = zone->name,
                       .life = zone->expires - zone->stored};
    s.v.expense = &s.expense;
    s.soa = zone->sets->type == TYPE_SOA ? zone->sets : NULL;
    const struct rrset *sample = s.soa != NULL ? s.soa->next : zone->sets;
    if (sample != NULL && sample->type == TYPE_NSEC3) {
        gather_nsec3(&s, sample);
    } else {
        gather_nsec(&s);
    }
    return conclude(&s, f);
}
