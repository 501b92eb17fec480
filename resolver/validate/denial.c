#include "resolver/validate/denial.h"

#include <stddef.h>

#include "resolver/dns/name.h"
#include "resolver/validate/nsec.h"
#include "resolver/validate/nsec3.h"

/* A zone has NSEC or NSEC3, and while it changes over, both; a proof is of one kind. NSEC costs less. */

enum denial denial_name_error(struct verifier *v, const struct rrset *proofs, const uint8_t *zone, const uint8_t *name)
{
    return nsec_name_error(proofs, zone, name) ? DENIAL_SECURE : nsec3_name_error(v, proofs, zone, name);
}

enum denial denial_no_data(struct verifier *v, const struct rrset *proofs, const uint8_t *zone, const uint8_t *name,
                           uint16_t type)
{
    return nsec_no_data(proofs, zone, name, type) ? DENIAL_SECURE : nsec3_no_data(v, proofs, zone, name, type);
}

bool denial_is_compact_name_error(const struct rrset *proofs, const uint8_t *name)
{
    struct nsec n;
    for (; proofs != NULL; proofs = proofs->next) {
        if (nsec_read(proofs, name_root, &n) && name_equal(n.owner, name) && types_are_nxname(&n.types)) {
            return true;
        }
    }
    return false;
}

enum denial denial_wildcard(struct verifier *v, const struct rrset *proofs, const uint8_t *zone, const uint8_t *name,
                            unsigned labels)
{
    unsigned own = name_labels(name);
    if (labels >= own) {
        return DENIAL_NONE;
    }
    const uint8_t *next_closer = name_strip(name, own - labels - 1);
    if (nsec_no_closer_match(proofs, zone, next_closer)) {
        return DENIAL_SECURE;
    }
    return nsec3_no_closer_match(v, proofs, zone, next_closer);
}

enum delegation denial_delegation(struct verifier *v, const struct rrset *proofs, const uint8_t *zone,
                                  const uint8_t *name)
{
    enum delegation result = nsec_delegation(proofs, zone, name);
    return result != DELEGATION_UNPROVEN ? result : nsec3_delegation(v, proofs, zone, name);
}
