/* Record types: one table row each, with mnemonic, fields and rules. Everything type-specific (reading, writing,
 * printing, parsing, canonical form) is driven by this table; types without a row are opaque (RFC 3597). */
#ifndef CAIRN_DNS_TYPE_H
#define CAIRN_DNS_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"

enum rr_type {
    TYPE_A = 1,
    TYPE_NS = 2,
    TYPE_CNAME = 5,
    TYPE_SOA = 6,
    TYPE_PTR = 12,
    TYPE_HINFO = 13,
    TYPE_MX = 15,
    TYPE_TXT = 16,
    TYPE_AAAA = 28,
    TYPE_SRV = 33,
    TYPE_NAPTR = 35,
    TYPE_DNAME = 39,
    TYPE_OPT = 41,
    TYPE_DS = 43,
    TYPE_RRSIG = 46,
    TYPE_NSEC = 47,
    TYPE_DNSKEY = 48,
    TYPE_NSEC3 = 50,
    TYPE_NSEC3PARAM = 51,
    TYPE_ZONEMD = 63,
    TYPE_SVCB = 64,
    TYPE_HTTPS = 65,
    TYPE_NXNAME = 128, /* only in type bitmaps */
    TYPE_TSIG = 250,
    TYPE_IXFR = 251,
    TYPE_AXFR = 252,
    TYPE_ANY = 255
};

enum rr_class { CLASS_IN = 1, CLASS_CH = 3, CLASS_NONE = 254, CLASS_ANY = 255 };

/* How the fields of an RDATA look on the wire and in master files. */
enum field {
    FIELD_END,
    FIELD_NAME, /* domain name; compressible only in types of RFC 1035 (RFC 3597 4) */
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_PERIOD, /* 32-bit seconds, text may use time units */
    FIELD_IPV4,
    FIELD_IPV6,
    FIELD_STRING,         /* one <character-string> */
    FIELD_STRINGS,        /* one or more to the end */
    FIELD_TEXT_REST,      /* unframed text to the end, one quoted string (CAA value, URI target) */
    FIELD_TYPE,           /* a type mnemonic */
    FIELD_TIME,           /* RRSIG time, YYYYMMDDHHmmSS */
    FIELD_BASE64,         /* to the end */
    FIELD_HEX,            /* to the end */
    FIELD_HEX_COUNTED,    /* one length octet; text "-" when empty (NSEC3 salt) */
    FIELD_BASE32_COUNTED, /* one length octet (NSEC3 next hashed owner) */
    FIELD_TYPE_BITMAP,    /* to the end (RFC 4034 4.1.2) */
    FIELD_SVC_PARAMS,     /* to the end (RFC 9460 2.1) */
    FIELD_LOCATION,       /* LOC's 16 octets (RFC 1876) */
    FIELD_EUI48,
    FIELD_EUI64,
    FIELD_NODE_ID,          /* 64 bits as xxxx:xxxx:xxxx:xxxx (NID, L64) */
    FIELD_ADDRESS_PREFIXES, /* APL to the end (RFC 3123) */
    FIELD_TAG,              /* <character-string> of at least one octet, written without quotes (CAA tag) */
    FIELD_ALGORITHM,        /* one octet, a DNSSEC algorithm: number or mnemonic (RFC 4034 A.1) */
    FIELD_CERTIFICATE,      /* 16 bits, a CERT type: number or mnemonic (RFC 4398 2.1) */
    FIELD_OPAQUE            /* to the end, only in the generic text form (RFC 3597 5) */
};

#define TYPE_FIELDS_MAX 10

struct type_info {
    uint16_t type;
    const char *mnemonic;
    const char *rfc;
    uint8_t fields[TYPE_FIELDS_MAX]; /* enum field, ending in FIELD_END */
    bool may_compress;               /* names in RDATA may be compressed when written (RFC 3597 4) */
    bool lowers_names;               /* names in RDATA are lower case in canonical form (RFC 4034 6.2, RFC 6840 5.1) */
    bool is_meta;                    /* never stored, never in a zone: OPT, TSIG, ANY, AXFR, ... */
    bool is_single;                  /* an owner holds at most one: CNAME, DNAME, SOA */
};

/* The row of `type`, NULL for types without one. Constant. */
const struct type_info *type_find(uint16_t type);

/* "A", "TYPE65280" (RFC 3597 5). `out` holds TYPE_TEXT_SIZE. Returns `out`. */
#define TYPE_TEXT_SIZE 16
char *type_text(uint16_t type, char out[TYPE_TEXT_SIZE]);
char *class_text(uint16_t class, char out[TYPE_TEXT_SIZE]);

/* Case-insensitive mnemonic, or TYPE12345. FAIL_SYNTAX when unknown. */
MUST_CHECK int type_from_text(const char *text, size_t len, uint16_t *out);
MUST_CHECK int class_from_text(const char *text, size_t len, uint16_t *out);

/* Types that are questions or transport, never data: 0, OPT and all of 128 to 255 (TKEY, TSIG, IXFR, AXFR, MAILB,
 * MAILA, ANY; RFC 6895 3.1). */
bool type_is_meta(uint16_t type);

/* Iterates all rows, for tests and documentation: NULL at the end. */
const struct type_info *type_row(size_t index);

#endif
