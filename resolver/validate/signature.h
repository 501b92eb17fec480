/* Verification of RRsets (RFC 4035 5.3) over their canonical form (RFC 4034 6). */
#ifndef CAIRN_VALIDATE_SIGNATURE_H
#define CAIRN_VALIDATE_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/rrset.h"
#include "resolver/validate/verdict.h"

#define RRSIG_FIXED 18 /* octets before the signer's name */

/* RDATA of an RRSIG (RFC 4034 3.1) in place. */
struct rrsig {
    uint16_t covered;
    uint8_t algorithm;
    uint8_t labels;
    uint32_t original_ttl;
    uint32_t expiration, inception; /* serial arithmetic (RFC 1982) */
    uint16_t key_tag;
    const uint8_t *signer; /* uncompressed; the fixed fields stand before it */
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
    uint8_t labels;   /* of the RRSIG: those of the owner that are in the zone, a wildcard's "*" not counted */
    bool is_expanded; /* they are fewer than the owner has, so that a wildcard made it (RFC 4035 5.3.4) */
    uint32_t ttl_max; /* seconds: the original TTL, cut where the signature ends (RFC 4035 5.3.3) */
};

/* Verifies `set` by a DNSKEY of `zone`; `keys` are RDATA that are trusted already, at least one of them of a supported
 * algorithm (ds_verify_keys). Only keys with the zone bit, protocol 3 and without the revoke bit verify anything (RFC
 * 4034 2.1, RFC 5011 2.1). One good signature is enough; where there is none, `why` tells of the one that came closest.
 * A set that has only signatures of unsupported algorithms is bogus: whoever took the others away must not be believed
 * (RFC 6840 5.11). NSEC, NSEC3 and DS that a wildcard made are bogus, too: they speak of one name only. `out` is filled
 * when secure, `why` when not; either may be NULL. VERDICT_LIMIT: the expense is used up, or the set too large.
 * VERDICT_TIRED: signatures are left, and v->patience is over; the next call leaves out what has failed in this one. */
enum verdict signature_verify(struct verifier *v, const struct rrset *set, const uint8_t *zone,
                              const struct rdatas *keys, struct attest *out, struct fault *why);

/* True when this very key signs `set`, whether it is revoked or not: a key is revoked by its own signature (RFC 5011
 * 2.1). */
bool signature_is_by(struct verifier *v, const struct rrset *set, const uint8_t *zone, struct rdata_view dnskey);

#endif
