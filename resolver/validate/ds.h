/* From DS to DNSKEY: how a parent vouches for the keys of its child (RFC 4034 5, RFC 4035 5.2). Trust anchors are DS
 * sets too. */
#ifndef CAIRN_VALIDATE_DS_H
#define CAIRN_VALIDATE_DS_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/dns/rrset.h"
#include "resolver/validate/dnskey.h"
#include "resolver/validate/signature.h"
#include "resolver/validate/verdict.h"

#define DS_SIZE 36 /* octets of RDATA with digest type 2 */

/* Writes the DS RDATA with digest type 2 (SHA-256) of a DNSKEY to `out`. Returns DS_SIZE; 0 when it is no key, or the
 * system has no memory. */
uint16_t ds_from_key(const uint8_t *zone, struct rdata_view dnskey, uint8_t out[DS_SIZE]);

/* True when a DS of any digest type that is known is that key's. For those few that trust begins with; it is slow. */
bool ds_matches(const uint8_t *zone, struct rdata_view ds, struct rdata_view dnskey);

/* The DNSKEY set of a zone by its trusted DS set: secure when a key that a DS matches signs the set. Where DS of
 * SHA-256 or better are supported, those of SHA-1 are not looked at (RFC 4509 3). VERDICT_UNSUPPORTED: no DS has both
 * an algorithm and a digest that we support, so that the zone is insecure (RFC 4035 5.2); `why` then says which (EDE 1
 * or 2). */
enum verdict ds_verify_keys(struct verifier *v, const struct rrset *keys, const struct rdatas *ds, struct attest *out,
                            struct fault *why);

#endif
