/* NSEC3 (RFC 5155): one record, what it says of a hash, and what a list of records proves (RFC 5155 8). */
#ifndef CAIRN_VALIDATE_NSEC3_H
#define CAIRN_VALIDATE_NSEC3_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/rrset.h"
#include "resolver/validate/denial.h"
#include "resolver/validate/proof.h"

#define NSEC3_HASH_SIZE 20 /* octets of SHA-1, the only hash there is */

struct nsec3_params {
    uint16_t iterations; /* additional ones, as the record counts them */
    uint8_t salt_len;
    const uint8_t *salt;
};

/* A record; salt, next hash and types point into its set. */
struct nsec3 {
    uint8_t owner[NSEC3_HASH_SIZE];
    const uint8_t *next;
    struct nsec3_params params;
    bool is_opt_out;
    struct types types;
};

enum nsec3_use {
    NSEC3_USELESS, /* malformed, not directly below its zone, unknown hash or flags (RFC 5155 8.1, 8.2): no proof */
    NSEC3_USABLE,
    NSEC3_COSTLY /* more iterations than `most` */
};

/* Reads a set that was verified as signed by `zone`; `out` is filled when it is usable. */
MUST_CHECK enum nsec3_use nsec3_read(const struct rrset *set, const uint8_t *zone, uint32_t most, struct nsec3 *out);

bool nsec3_has_params(const struct nsec3 *n, const struct nsec3_params *p);

/* Blocks of 64 octets that SHA-1 goes through for one name: what hashing costs. */
uint32_t nsec3_blocks(const struct nsec3_params *p, const uint8_t *name);

/* The hash of `name` in lower case (RFC 5155 5), paid from the expense. FAIL_LIMIT: that does not allow it;
 * FAIL_SYSTEM: the cryptographic library fails. */
MUST_CHECK int nsec3_hash(struct verifier *v, const struct nsec3_params *p, const uint8_t *name,
                          uint8_t out[NSEC3_HASH_SIZE]);

/* The name of this hash exists, and `n` is its record. */
bool nsec3_matches(const struct nsec3 *n, const uint8_t hash[NSEC3_HASH_SIZE]);

/* There is no record for this hash: the name does not exist, or is unsigned where `n` is of opt-out. */
bool nsec3_covers(const struct nsec3 *n, const uint8_t hash[NSEC3_HASH_SIZE]);

/* The functions of denial.h with the NSEC3 sets of `proofs` alone. */
enum denial nsec3_name_error(struct verifier *v, const struct rrset *proofs, const uint8_t *zone, const uint8_t *name);
enum denial nsec3_no_data(struct verifier *v, const struct rrset *proofs, const uint8_t *zone, const uint8_t *name,
                          uint16_t type);
enum denial nsec3_no_closer_match(struct verifier *v, const struct rrset *proofs, const uint8_t *zone,
                                  const uint8_t *next_closer);
enum delegation nsec3_delegation(struct verifier *v, const struct rrset *proofs, const uint8_t *zone,
                                 const uint8_t *name);

#endif
