/* NSEC (RFC 4034 4): what one record proves about a name of its zone, and what a list of them proves (RFC 4035 5.4). */
#ifndef CAIRN_VALIDATE_NSEC_H
#define CAIRN_VALIDATE_NSEC_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/dns/rrset.h"
#include "resolver/validate/denial.h"
#include "resolver/validate/proof.h"

/* A record in place; it points into the set and the name of the zone. */
struct nsec {
    const uint8_t *zone;
    const uint8_t *owner;
    const uint8_t *next;
    struct types types;
};

/* Reads a set that was verified as signed by `zone`. False when it proves nothing (proof_rdata), or when its next name
 * is not in the zone or not behind its owner: such a record would deny the names of others. */
MUST_CHECK bool nsec_read(const struct rrset *set, const uint8_t *zone, struct nsec *out);

enum nsec_says {
    NSEC_NOTHING,
    NSEC_EXISTS,  /* the name is the owner */
    NSEC_EMPTY,   /* an empty non-terminal: it has no records, but names below it have */
    NSEC_NO_NAME, /* the name does not exist, nor any below it; a wildcard may still make it */
};

/* What a record says of `name`. Below a zone cut or a DNAME it says nothing. */
enum nsec_says nsec_says(const struct nsec *n, const uint8_t *name);

/* The closest encloser of a `name` of which `n` says NSEC_NO_NAME: a pointer into `name`. */
const uint8_t *nsec_encloser(const struct nsec *n, const uint8_t *name);

/* The functions of denial.h with the NSEC sets of `proofs` alone. */
bool nsec_name_error(const struct rrset *proofs, const uint8_t *zone, const uint8_t *name);
bool nsec_no_data(const struct rrset *proofs, const uint8_t *zone, const uint8_t *name, uint16_t type);
bool nsec_no_closer_match(const struct rrset *proofs, const uint8_t *zone, const uint8_t *next_closer);
enum delegation nsec_delegation(const struct rrset *proofs, const uint8_t *zone, const uint8_t *name);

#endif
