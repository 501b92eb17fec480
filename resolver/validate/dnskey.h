/* DNSKEY RDATA (RFC 4034 2). */
#ifndef CAIRN_VALIDATE_DNSKEY_H
#define CAIRN_VALIDATE_DNSKEY_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/dns/rrset.h"

#define DNSKEY_FIXED 4 /* octets before the public key */
#define DNSKEY_SIZE                                                                                                    \
    1024 /* octets of the longest RDATA that is looked at: RSA with 4096 bits needs about half of it                   \
          */

/* RFC 4034 appendix B, without the exception for RSAMD5, which nobody verifies any more; 0 for RDATA too short to be a
 * key. */
uint16_t key_tag(struct rdata_view dnskey);

/* True when it is a key of that algorithm and tag, and not above DNSKEY_SIZE. */
bool dnskey_matches(struct rdata_view dnskey, uint8_t algorithm, uint16_t tag);

/* Whether a key may verify the data of a zone; if not, the first reason in this order. */
enum dnskey_use {
    DNSKEY_USABLE,
    DNSKEY_NO_ZONE_BIT,    /* RFC 4034 2.1.1 */
    DNSKEY_OTHER_PROTOCOL, /* RFC 4034 2.1.2 */
    DNSKEY_REVOKED         /* RFC 5011 2.1 */
};

/* `dnskey` must match something. */
enum dnskey_use dnskey_use(struct rdata_view dnskey);

#endif
