/* Proofs that something does not exist: NSEC (RFC 4034 4, RFC 4035 5.4), NSEC3 (RFC 5155 8) and their corrections (RFC
 * 6840 4, RFC 9077, RFC 9276, RFC 9824). The sets passed in have been verified as signed by `zone`; a list may hold
 * other types, which are passed over. */
#ifndef CAIRN_VALIDATE_DENIAL_H
#define CAIRN_VALIDATE_DENIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/dns/rrset.h"
#include "resolver/validate/verdict.h"

enum denial {
    DENIAL_NONE, /* the records do not prove it: bogus */
    DENIAL_SECURE,
    DENIAL_OPT_OUT, /* proven up to unsigned delegations (RFC 5155 6): insecure */
    DENIAL_COSTLY,  /* NSEC3 with too many iterations: insecure, EDE 27 */
    DENIAL_LIMIT    /* the expense is used up */
};

/* `name` does not exist, nor a wildcard that would make it. */
enum denial denial_name_error(struct verifier *v, const struct rrset *proofs, const uint8_t *zone, const uint8_t *name);

/* `name` exists, itself, as empty non-terminal or made by a wildcard, but has no `type` (for DS: see also
 * denial_delegation), and no CNAME. Compact denial (RFC 9824) counts; whether its NXNAME is set is told by
 * denial_is_compact_name_error. */
enum denial denial_no_data(struct verifier *v, const struct rrset *proofs, const uint8_t *zone, const uint8_t *name,
                           uint16_t type);

/* True when an NSEC at `name` says NXNAME: the NODATA stands for NXDOMAIN (RFC 9824 3.2). */
bool denial_is_compact_name_error(const struct rrset *proofs, const uint8_t *name);

/* The name asked for does not exist by itself, so that a wildcard answered rightly: `labels` is what the signature of
 * the expanded set says (struct attest). */
enum denial denial_wildcard(struct verifier *v, const struct rrset *proofs, const uint8_t *zone, const uint8_t *name,
                            unsigned labels);

/* What the parent zone says about the delegation of `name`. */
enum delegation {
    DELEGATION_UNPROVEN,
    DELEGATION_INSECURE, /* a cut without DS, or an opt-out span hides whether there is one */
    DELEGATION_COSTLY,   /* NSEC3 with too many iterations hide whether there is one: insecure, EDE 27 */
    DELEGATION_NO_CUT,   /* the name exists, or is an empty non-terminal, and is no cut: the zone goes on below it */
    DELEGATION_NO_NAME,  /* nothing of that name: nothing below it either */
    DELEGATION_LIMIT
};

enum delegation denial_delegation(struct verifier *v, const struct rrset *proofs, const uint8_t *zone,
                                  const uint8_t *name);

#endif
