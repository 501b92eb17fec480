/* EDNS(0) (RFC 6891), its options for cookies (RFC 7873) and idle TCP connections (RFC 7828), and Extended DNS Errors
 * (RFC 8914). Padding (RFC 7830) is ignored like an unknown option: it must not be used without encryption. */
#ifndef CAIRN_DNS_EDNS_H
#define CAIRN_DNS_EDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"

enum edns_option { EDNS_NSID = 3, EDNS_COOKIE = 10, EDNS_KEEPALIVE = 11, EDNS_PADDING = 12, EDNS_EDE = 15 };

/* Info codes of RFC 8914 and its registry, as far as they are sent or shown. */
enum ede_code {
    EDE_OTHER = 0,
    EDE_UNSUPPORTED_DNSKEY_ALGORITHM = 1,
    EDE_UNSUPPORTED_DS_DIGEST = 2,
    EDE_STALE_ANSWER = 3,
    EDE_FORGED_ANSWER = 4,
    EDE_DNSSEC_INDETERMINATE = 5,
    EDE_DNSSEC_BOGUS = 6,
    EDE_SIGNATURE_EXPIRED = 7,
    EDE_SIGNATURE_NOT_YET_VALID = 8,
    EDE_DNSKEY_MISSING = 9,
    EDE_RRSIGS_MISSING = 10,
    EDE_NO_ZONE_KEY_BIT = 11,
    EDE_NSEC_MISSING = 12,
    EDE_CACHED_ERROR = 13,
    EDE_NOT_READY = 14,
    EDE_BLOCKED = 15,
    EDE_PROHIBITED = 18,
    EDE_STALE_NXDOMAIN = 19,
    EDE_NOT_AUTHORITATIVE = 20,
    EDE_NOT_SUPPORTED = 21,
    EDE_NO_REACHABLE_AUTHORITY = 22,
    EDE_NETWORK_ERROR = 23,
    EDE_INVALID_DATA = 24,
    EDE_EXPIRED_BEFORE_VALID = 25,
    EDE_UNSUPPORTED_NSEC3_ITERATIONS = 27,
    EDE_NEGATIVE_TRUST_ANCHOR = 33
};

/* "No Reachable Authority" for 22; constant, never NULL. */
const char *ede_text(unsigned code);

#define EDE_MAX      3   /* errors carried in one answer */
#define EDE_TEXT_MAX 160 /* octets of one EXTRA-TEXT, ending zero included */

struct ede {
    uint16_t code;
    char text[EDE_TEXT_MAX]; /* UTF-8, may be empty */
};

#define EDNS_OPTIONS_MAX   32 /* options read from one OPT record; more is FORMERR */

#define EDNS_CLIENT_COOKIE 8  /* octets, at the start of each COOKIE option */
#define EDNS_COOKIE_SIZE   24 /* with a server cookie in the form of RFC 9018 */

struct edns {
    bool present;
    bool dnssec_ok; /* DO (RFC 3225) */
    uint8_t version;
    uint8_t extended_rcode;
    uint16_t udp_size;   /* as received, or as to be advertised */
    bool wants_nsid;     /* in a query */
    const uint8_t *nsid; /* to send; NULL: none */
    uint16_t nsid_len;
    uint8_t cookie[EDNS_COOKIE_SIZE]; /* of the first COOKIE option received, cut to this; or to send */
    uint8_t cookie_len;               /* as received: 8, or 16 to 40; or to send; 0: none */
    bool bad_cookie;                  /* its length is another (RFC 7873 4); then cookie_len is 0 */
    bool wants_keepalive;             /* in a query; means something over TCP only */
    bool bad_keepalive;               /* as it, but with a time-out, which only answers have (RFC 7828 3.1) */
    bool has_keepalive;               /* to send `keepalive` */
    uint16_t keepalive;               /* units of 100 ms */
    const struct ede *errors;         /* to send; `error_count` of them */
    unsigned error_count;
    struct ede received; /* first EDE of a reply; code 0xffff when there was none */
    bool has_received;
};

/* Makes `e` the EDNS of a message without OPT: nothing present, nothing to send. */
void edns_clear(struct edns *e);

#define EDNS_FIXED_SIZE 11 /* octets of an OPT record without options */

/* Octets that msg_put_opt will need. */
size_t edns_size(const struct edns *e);

/* Parses an OPT record's owner-less parts: class and ttl fields and RDATA. FAIL_WIRE: options do not add up or are more
 * than EDNS_OPTIONS_MAX. Unknown options are ignored (RFC 6891 6.1.2), and so
 * is the whole RDATA of a version above 0, whose form nobody knows. */
MUST_CHECK int edns_parse(uint16_t class, uint32_t ttl, const uint8_t *rdata, size_t len, struct edns *out);

#endif
