/* From DS to DNSKEY: how a parent vouches for the keys of its child (RFC 4034 5, RFC 4035 5.2). Trust anchors are DS
 * sets too. */
#ifndef CAIRN_VALIDATE_DS_H
#define CAIRN_VALIDATE_DS_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/dns/rrset.h"
#include "resolver/validate/signature.h"
#include "resolver/validate/verdict.h"

/* RFC 4034 appendix B; 0 for RDATA too short to be a key. */
uint16_t key_tag(struct rdata_view dnskey);

/* Writes the DS RDATA with digest type 2 of a DNSKEY to `out` (room for 36 octets); 0 when it is no key. */
uint16_t ds_from_key(const uint8_t *zone, struct rdata_view dnskey, uint8_t *out);

/* The DNSKEY set of a zone by its trusted DS set: secure when a key that a DS matches signs the set. Where DS of
 * SHA-256 or better are supported, those of SHA-1 are not looked at (RFC 4509 3). VERDICT_UNSUPPORTED: no DS has both
 * an algorithm and a digest that we support, so that the zone is insecure (RFC 4035 5.2); `why` then says which (EDE 1
 * or 2). */
enum verdict ds_verify_keys(struct verifier *v, const struct rrset *keys, const struct rdatas *ds, struct attest *out,
                            struct fault *why);

#endif
