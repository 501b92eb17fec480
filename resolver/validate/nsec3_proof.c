#include <stddef.h>

#include "resolver/dns/name.h"
#include "resolver/validate/nsec3.h"

/* A proof needs at most three records; a reply may bring those of several links of an alias chain. */
enum { RECORDS_MAX = 32 };

struct proof {
    struct verifier *v;
    const uint8_t *zone;
    const uint8_t *name; /* whose proof it is */
    struct nsec3 records[RECORDS_MAX];
    unsigned count;
    bool is_costly; /* a record was left out for its iterations */
    bool is_ended;  /* the expense is used up: what follows finds nothing */
    bool is_hashed; /* `own` is known */
    uint8_t own[NSEC3_HASH_SIZE];
};

/* Only records with the parameters of the first usable one belong to the proof (RFC 5155 8.2). */
static void collect(struct proof *p, const struct rrset *proofs)
{
    for (; proofs != NULL && p->count < RECORDS_MAX; proofs = proofs->next) {
        struct nsec3 *n = &p->records[p->count];
        enum nsec3_use use = nsec3_read(proofs, p->zone, p->v->caps.iterations, n);
        p->v->expense->reached.iterations += use == NSEC3_COSTLY && !p->is_costly;
        p->is_costly = p->is_costly || use == NSEC3_COSTLY;
        if (use == NSEC3_USABLE && nsec3_has_params(n, &p->records[0].params)) {
            p->count++;
        }
    }
}

/* DENIAL_SECURE: there is something to prove with. */
static enum denial begin(struct proof *p, struct verifier *v, const struct rrset *proofs, const uint8_t *zone,
                         const uint8_t *name)
{
    *p = (struct proof){.v = v, .zone = zone, .name = name};
    if (!name_is_under(name, zone)) {
        return DENIAL_NONE;
    }
    collect(p, proofs);
    if (p->count == 0) {
        return p->is_costly ? DENIAL_COSTLY : DENIAL_NONE;
    }
    return DENIAL_SECURE;
}

static enum denial end(const struct proof *p, enum denial result)
{
    return p->is_ended ? DENIAL_LIMIT : result;
}

/* False when the expense does not allow it, now or before. */
static bool hash(struct proof *p, const uint8_t *name, uint8_t out[NSEC3_HASH_SIZE])
{
    p->is_ended = p->is_ended || nsec3_hash(p->v, &p->records[0].params, name, out) != FAIL_NONE;
    return !p->is_ended;
}

/* Where a name stands among the records: at one, in the span of one, or neither. */
struct place {
    const struct nsec3 *match;
    const struct nsec3 *cover;
};

static struct place find_hash(const struct proof *p, const uint8_t hashed[NSEC3_HASH_SIZE])
{
    struct place found = {NULL, NULL};
    for (const struct nsec3 *n = p->records; n < p->records + p->count; n++) {
        if (found.match == NULL && nsec3_matches(n, hashed)) {
            found.match = n;
        } else if (found.cover == NULL && nsec3_covers(n, hashed)) {
            found.cover = n;
        }
    }
    return found;
}

static struct place find(struct proof *p, const uint8_t *name)
{
    uint8_t hashed[NSEC3_HASH_SIZE];
    return hash(p, name, hashed) ? find_hash(p, hashed) : (struct place){NULL, NULL};
}

/* As find() for the name itself, which is hashed once. */
static struct place find_own(struct proof *p)
{
    p->is_hashed = p->is_hashed || hash(p, p->name, p->own);
    return p->is_hashed ? find_hash(p, p->own) : (struct place){NULL, NULL};
}

struct encloser {
    const uint8_t *name;
    bool is_opt_out; /* of the span that the next closer name is in */
};

/* The closest encloser proof of RFC 5155 8.3: a name that exists, at which the zone goes on, while the name one label
 * longer does not. It is searched from the apex down, as deep names that nobody has are what attackers ask for. */
static bool find_encloser(struct proof *p, struct encloser *out)
{
    unsigned below = name_labels(p->name) - name_labels(p->zone);
    struct place here = below > 0 ? find(p, p->zone) : (struct place){NULL, NULL};
    for (; below > 0 && !p->is_ended; below--) {
        struct place next = below > 1 ? find(p, name_strip(p->name, below - 1)) : find_own(p);
        if (here.match != NULL && !types_end_zone(&here.match->types) && next.cover != NULL) {
            *out = (struct encloser){name_strip(p->name, below), next.cover->is_opt_out};
            return true;
        }
        here = next;
    }
    return false;
}

static enum denial prove_name_error(struct proof *p)
{
    struct encloser e;
    uint8_t wildcard[NAME_SIZE];
    if (!find_encloser(p, &e) || find(p, proof_wildcard(e.name, wildcard)).cover == NULL) {
        return DENIAL_NONE;
    }
    return e.is_opt_out ? DENIAL_OPT_OUT : DENIAL_SECURE;
}

enum denial nsec3_name_error(struct verifier *v, const struct rrset *proofs, const uint8_t *zone, const uint8_t *name)
{
    struct proof p;
    enum denial result = begin(&p, v, proofs, zone, name);
    return result == DENIAL_SECURE ? end(&p, prove_name_error(&p)) : result;
}

/* RFC 5155 8.5 to 8.7. A name in an opt-out span may be an unsigned delegation, or an empty non-terminal above one. */
static enum denial prove_no_data(struct proof *p, uint16_t type)
{
    struct encloser e;
    uint8_t wildcard[NAME_SIZE];
    const struct nsec3 *self = find_own(p).match;
    if (self != NULL) {
        return types_deny(&self->types, p->name, type) ? DENIAL_SECURE : DENIAL_NONE;
    }
    if (!find_encloser(p, &e)) {
        return DENIAL_NONE;
    }
    const struct nsec3 *match = find(p, proof_wildcard(e.name, wildcard)).match;
    if (match != NULL && !types_deny(&match->types, wildcard, type)) {
        return DENIAL_NONE;
    }
    if (e.is_opt_out) {
        return DENIAL_OPT_OUT;
    }
    return match != NULL ? DENIAL_SECURE : DENIAL_NONE;
}

enum denial nsec3_no_data(struct verifier *v, const struct rrset *proofs, const uint8_t *zone, const uint8_t *name,
                          uint16_t type)
{
    struct proof p;
    enum denial result = begin(&p, v, proofs, zone, name);
    return result == DENIAL_SECURE ? end(&p, prove_no_data(&p, type)) : result;
}

enum denial nsec3_no_closer_match(struct verifier *v, const struct rrset *proofs, const uint8_t *zone,
                                  const uint8_t *next_closer)
{
    struct proof p;
    enum denial result = begin(&p, v, proofs, zone, next_closer);
    if (result != DENIAL_SECURE) {
        return result;
    }
    const struct nsec3 *cover = find_own(&p).cover;
    if (cover == NULL) {
        return end(&p, DENIAL_NONE);
    }
    return end(&p, cover->is_opt_out ? DENIAL_OPT_OUT : DENIAL_SECURE);
}

static enum delegation prove_delegation(struct proof *p)
{
    struct encloser e;
    const struct nsec3 *self = find_own(p).match;
    if (self != NULL) {
        return types_delegation(&self->types);
    }
    if (!find_encloser(p, &e)) {
        return DELEGATION_UNPROVEN;
    }
    return e.is_opt_out ? DELEGATION_INSECURE : DELEGATION_NO_NAME;
}

enum delegation nsec3_delegation(struct verifier *v, const struct rrset *proofs, const uint8_t *zone,
                                 const uint8_t *name)
{
    struct proof p;
    switch (begin(&p, v, proofs, zone, name)) {
    case DENIAL_SECURE:
        break;
    case DENIAL_COSTLY:
        return DELEGATION_COSTLY;
    case DENIAL_LIMIT:
        return DELEGATION_LIMIT;
    default:
        return DELEGATION_UNPROVEN;
    }
    enum delegation result = prove_delegation(&p);
    return p.is_ended ? DELEGATION_LIMIT : result;
}
