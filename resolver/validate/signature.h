/* Verification of RRsets (RFC 4035 5.3) over their canonical form (RFC 4034 6). */
#ifndef CAIRN_VALIDATE_SIGNATURE_H
#define CAIRN_VALIDATE_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/rrset.h"
#include "resolver/validate/verdict.h"

/* RDATA of an RRSIG (RFC 4034 3.1) in place. */
struct rrsig {
    uint16_t covered;
    uint8_t algorithm;
    uint8_t labels;
    uint32_t original_ttl;
    uint32_t expiration, inception; /* serial arithmetic (RFC 1982) */
    uint16_t key_tag;
    const uint8_t *signer; /* uncompressed */
    const uint8_t *bytes;  /* the signature */
    uint16_t len;
};

/* FAIL_WIRE: it is none. */
MUST_CHECK int rrsig_parse(struct rdata_view rdata, struct rrsig *out);

/* The zone that signed `set`: the signer of its first RRSIG whose signer is at or above the owner (strictly above for
 * DS, which the parent signs). NULL: the set has no such signature. */
const uint8_t *signature_signer(const struct rrset *set);

/* What a verified signature says about its set. */
struct attest {
    uint8_t labels; /* that the owner has in the zone; fewer than it really has: a wildcard made it (RFC 4035 5.3.4) */
    uint32_t ttl_max; /* seconds: the original TTL, cut where the signature ends (RFC 4035 5.3.3) */
};

/* Verifies `set` by a DNSKEY of `zone`; `keys` are RDATA that are trusted already. Only keys with the zone bit,
 * protocol 3 and without the revoke bit verify anything (RFC 4034 2.1, RFC 5011 2.1). One good signature is enough.
 * `out` is filled when secure, `why` when not; either may be NULL. */
enum verdict signature_verify(struct verifier *v, const struct rrset *set, const uint8_t *zone,
                              const struct rdatas *keys, struct attest *out, struct fault *why);

#endif
