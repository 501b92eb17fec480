#include "resolver/validate/nsec.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

bool nsec_read(const struct rrset *set, const uint8_t *zone, struct nsec *out)
{
    struct rdata_view rdata;
    if (!proof_rdata(set, TYPE_NSEC, zone, &rdata)) {
        return false;
    }
    size_t next_len = name_len(rdata.bytes);
    *out = (struct nsec){.zone = zone,
                         .owner = set->owner,
                         .next = rdata.bytes,
                         .types = {rdata.bytes + next_len, rdata.len - next_len}};
    return name_equal(out->next, zone) || (name_is_under(out->next, zone) && name_compare(out->owner, out->next) < 0);
}

enum nsec_says nsec_says(const struct nsec *n, const uint8_t *name)
{
    int order = name_compare(n->owner, name);
    if (order == 0) {
        return NSEC_EXISTS;
    }
    /* The last name of a zone is followed by the apex. */
    bool is_between = order < 0 && (name_equal(n->next, n->zone) || name_compare(name, n->next) < 0);
    if (!is_between || !name_is_under(name, n->zone) || (types_end_zone(&n->types) && name_is_under(name, n->owner))) {
        return NSEC_NOTHING;
    }
    return name_is_under(n->next, name) ? NSEC_EMPTY : NSEC_NO_NAME;
}

const uint8_t *nsec_encloser(const struct nsec *n, const uint8_t *name)
{
    unsigned before = name_common_labels(name, n->owner);
    unsigned behind = name_common_labels(name, n->next);
    return name_strip(name, name_labels(name) - (before > behind ? before : behind));
}

/* The first record of the list, from `*at` on, that says anything of `name`; `*at` is moved behind it. */
static enum nsec_says next_say(const struct rrset **at, const uint8_t *zone, const uint8_t *name, struct nsec *out)
{
    enum nsec_says says = NSEC_NOTHING;
    for (; *at != NULL && says == NSEC_NOTHING; *at = (*at)->next) {
        says = nsec_read(*at, zone, out) ? nsec_says(out, name) : NSEC_NOTHING;
    }
    return says;
}

bool nsec_no_closer_match(const struct rrset *proofs, const uint8_t *zone, const uint8_t *next_closer)
{
    struct nsec n;
    enum nsec_says says;
    do {
        says = next_say(&proofs, zone, next_closer, &n);
    } while (says == NSEC_EXISTS || says == NSEC_EMPTY);
    return says == NSEC_NO_NAME;
}

bool nsec_name_error(const struct rrset *proofs, const uint8_t *zone, const uint8_t *name)
{
    struct nsec n;
    uint8_t wildcard[NAME_SIZE];
    const struct rrset *at = proofs;
    for (enum nsec_says says; (says = next_say(&at, zone, name, &n)) != NSEC_NOTHING;) {
        if (says == NSEC_EXISTS && types_are_nxname(&n.types)) {
            return true;
        }
        if (says == NSEC_NO_NAME &&
            nsec_no_closer_match(proofs, zone, proof_wildcard(nsec_encloser(&n, name), wildcard))) {
            return true;
        }
    }
    return false;
}

/* `name`, not made by a wildcard, exists without `type`. */
static bool has_no_type(const struct rrset *proofs, const uint8_t *zone, const uint8_t *name, uint16_t type)
{
    struct nsec n;
    for (enum nsec_says says; (says = next_say(&proofs, zone, name, &n)) != NSEC_NOTHING;) {
        if (says == NSEC_EMPTY || (says == NSEC_EXISTS && types_deny(&n.types, name, type))) {
            return true;
        }
    }
    return false;
}

bool nsec_no_data(const struct rrset *proofs, const uint8_t *zone, const uint8_t *name, uint16_t type)
{
    struct nsec n;
    uint8_t wildcard[NAME_SIZE];
    if (has_no_type(proofs, zone, name, type)) {
        return true;
    }
    const struct rrset *at = proofs;
    for (enum nsec_says says; (says = next_say(&at, zone, name, &n)) != NSEC_NOTHING;) {
        if (says == NSEC_NO_NAME &&
            has_no_type(proofs, zone, proof_wildcard(nsec_encloser(&n, name), wildcard), type)) {
            return true;
        }
    }
    return false;
}

enum delegation nsec_delegation(const struct rrset *proofs, const uint8_t *zone, const uint8_t *name)
{
    struct nsec n;
    switch (next_say(&proofs, zone, name, &n)) {
    case NSEC_EXISTS:
        return types_delegation(&n.types);
    case NSEC_EMPTY:
        return DELEGATION_NO_CUT;
    case NSEC_NO_NAME:
        return DELEGATION_NO_NAME;
    default:
        return DELEGATION_UNPROVEN;
    }
}
