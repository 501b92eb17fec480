/* What proofs by NSEC and by NSEC3 have in common: which sets may be proofs at all, and what the list of types of a
 * name that exists says. */
#ifndef CAIRN_VALIDATE_PROOF_H
#define CAIRN_VALIDATE_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rrset.h"
#include "resolver/validate/denial.h"

/* The one RDATA of `set`. False when `set` can prove nothing: it is of another type, of several records, malformed,
 * outside the zone, or made by a wildcard, whose NSEC would then speak of a name that does not exist. */
bool proof_rdata(const struct rrset *set, uint16_t type, const uint8_t *zone, struct rdata_view *out);

/* A type bitmap in place (RFC 4034 4.1.2). */
struct types {
    const uint8_t *bytes;
    size_t len;
};

bool types_have(const struct types *t, uint16_t type);

/* NXNAME and nothing else but what every NSEC has: the name does not exist (RFC 9824 3.2). */
bool types_are_nxname(const struct types *t);

/* The parent's side of a zone cut, or a DNAME: what lies below is not the zone's to deny (RFC 6840 4.1). */
bool types_end_zone(const struct types *t);

/* A query for `type` at `name`, which has these types, rightly finds nothing: neither the type nor a CNAME (RFC 6840
 * 4.3), told by the side of the zone cut that knows (RFC 4035 5.2, RFC 6840 4.1, 4.4). */
bool types_deny(const struct types *t, const uint8_t *name, uint16_t type);

/* What they say of a cut at their name. */
enum delegation types_delegation(const struct types *t);

/* Writes the wildcard below `encloser` to `out`. There is room for it where `encloser` is above some other name. */
const uint8_t *proof_wildcard(const uint8_t *encloser, uint8_t out[NAME_SIZE]);

#endif
