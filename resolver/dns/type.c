#include "resolver/dns/type.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The rules of a row. OLD: the types of RFC 1035, whose names may be compressed. LOWER: newer types whose names are
 * still lower case in canonical form. */
#define PLAIN        .may_compress = false
#define OLD          .may_compress = true, .lowers_names = true
#define LOWER        .lowers_names = true
#define META         .is_meta = true
#define OLD_SINGLE   OLD, .is_single = true
#define LOWER_SINGLE LOWER, .is_single = true
#define ROW(number, text, source, rules, ...)                                                                          \
    [number] = {.type = (number), .mnemonic = (text), .rfc = (source), .fields = {__VA_ARGS__}, rules}

#define SIGNATURE_FIELDS                                                                                               \
    FIELD_TYPE, FIELD_ALGORITHM, FIELD_U8, FIELD_PERIOD, FIELD_TIME, FIELD_TIME, FIELD_U16, FIELD_NAME, FIELD_BASE64
#define KEY_FIELDS    FIELD_U16, FIELD_U8, FIELD_ALGORITHM, FIELD_BASE64
#define DIGEST_FIELDS FIELD_U16, FIELD_ALGORITHM, FIELD_U8, FIELD_HEX
#define SOA_FIELDS    FIELD_NAME, FIELD_NAME, FIELD_U32, FIELD_PERIOD, FIELD_PERIOD, FIELD_PERIOD, FIELD_PERIOD

/* Indexed by type number: a look-up is one load. Gaps have no mnemonic. */
static const struct type_info low[] = {
    ROW(1, "A", "RFC 1035", PLAIN, FIELD_IPV4),
    ROW(2, "NS", "RFC 1035", OLD, FIELD_NAME),
    ROW(3, "MD", "RFC 1035", OLD, FIELD_NAME),
    ROW(4, "MF", "RFC 1035", OLD, FIELD_NAME),
    ROW(5, "CNAME", "RFC 1035", OLD_SINGLE, FIELD_NAME),
    ROW(6, "SOA", "RFC 1035", OLD_SINGLE, SOA_FIELDS),
    ROW(7, "MB", "RFC 1035", OLD, FIELD_NAME),
    ROW(8, "MG", "RFC 1035", OLD, FIELD_NAME),
    ROW(9, "MR", "RFC 1035", OLD, FIELD_NAME),
    ROW(10, "NULL", "RFC 1035", PLAIN, FIELD_OPAQUE),
    ROW(11, "WKS", "RFC 1035", PLAIN, FIELD_OPAQUE),
    ROW(12, "PTR", "RFC 1035", OLD, FIELD_NAME),
    ROW(13, "HINFO", "RFC 1035", PLAIN, FIELD_STRING, FIELD_STRING),
    ROW(14, "MINFO", "RFC 1035", OLD, FIELD_NAME, FIELD_NAME),
    ROW(15, "MX", "RFC 1035", OLD, FIELD_U16, FIELD_NAME),
    ROW(16, "TXT", "RFC 1035", PLAIN, FIELD_STRINGS),
    ROW(17, "RP", "RFC 1183", LOWER, FIELD_NAME, FIELD_NAME),
    ROW(18, "AFSDB", "RFC 1183", LOWER, FIELD_U16, FIELD_NAME),
    ROW(19, "X25", "RFC 1183", PLAIN, FIELD_STRING),
    ROW(20, "ISDN", "RFC 1183", PLAIN, FIELD_STRINGS),
    ROW(21, "RT", "RFC 1183", LOWER, FIELD_U16, FIELD_NAME),
    ROW(22, "NSAP", "RFC 1706", PLAIN, FIELD_OPAQUE),
    ROW(23, "NSAP-PTR", "RFC 1706", PLAIN, FIELD_NAME),
    ROW(24, "SIG", "RFC 2535", LOWER, SIGNATURE_FIELDS),
    ROW(25, "KEY", "RFC 2535", PLAIN, KEY_FIELDS),
    ROW(26, "PX", "RFC 2163", LOWER, FIELD_U16, FIELD_NAME, FIELD_NAME),
    ROW(27, "GPOS", "RFC 1712", PLAIN, FIELD_STRING, FIELD_STRING, FIELD_STRING),
    ROW(28, "AAAA", "RFC 3596", PLAIN, FIELD_IPV6),
    ROW(29, "LOC", "RFC 1876", PLAIN, FIELD_LOCATION),
    ROW(30, "NXT", "RFC 2535", PLAIN, FIELD_OPAQUE),
    ROW(33, "SRV", "RFC 2782", LOWER, FIELD_U16, FIELD_U16, FIELD_U16, FIELD_NAME),
    ROW(35, "NAPTR", "RFC 3403", LOWER, FIELD_U16, FIELD_U16, FIELD_STRING, FIELD_STRING, FIELD_STRING, FIELD_NAME),
    ROW(36, "KX", "RFC 2230", LOWER, FIELD_U16, FIELD_NAME),
    ROW(37, "CERT", "RFC 4398", PLAIN, FIELD_CERTIFICATE, FIELD_U16, FIELD_ALGORITHM, FIELD_BASE64),
    ROW(38, "A6", "RFC 2874", PLAIN, FIELD_OPAQUE),
    ROW(39, "DNAME", "RFC 6672", LOWER_SINGLE, FIELD_NAME),
    ROW(41, "OPT", "RFC 6891", META, FIELD_OPAQUE),
    ROW(42, "APL", "RFC 3123", PLAIN, FIELD_ADDRESS_PREFIXES),
    ROW(43, "DS", "RFC 4034", PLAIN, DIGEST_FIELDS),
    ROW(44, "SSHFP", "RFC 4255", PLAIN, FIELD_U8, FIELD_U8, FIELD_HEX),
    ROW(45, "IPSECKEY", "RFC 4025", PLAIN, FIELD_OPAQUE),
    ROW(46, "RRSIG", "RFC 4034", LOWER, SIGNATURE_FIELDS),
    ROW(47, "NSEC", "RFC 4034", PLAIN, FIELD_NAME, FIELD_TYPE_BITMAP),
    ROW(48, "DNSKEY", "RFC 4034", PLAIN, KEY_FIELDS),
    ROW(49, "DHCID", "RFC 4701", PLAIN, FIELD_BASE64),
    ROW(50, "NSEC3", "RFC 5155", PLAIN, FIELD_U8, FIELD_U8, FIELD_U16, FIELD_HEX_COUNTED, FIELD_BASE32_COUNTED,
        FIELD_TYPE_BITMAP),
    ROW(51, "NSEC3PARAM", "RFC 5155", PLAIN, FIELD_U8, FIELD_U8, FIELD_U16, FIELD_HEX_COUNTED),
    ROW(52, "TLSA", "RFC 6698", PLAIN, FIELD_U8, FIELD_U8, FIELD_U8, FIELD_HEX),
    ROW(53, "SMIMEA", "RFC 8162", PLAIN, FIELD_U8, FIELD_U8, FIELD_U8, FIELD_HEX),
    ROW(55, "HIP", "RFC 8005", PLAIN, FIELD_OPAQUE),
    ROW(56, "NINFO", "NINFO/ninfo-completed-template", PLAIN, FIELD_STRINGS),
    ROW(57, "RKEY", "RKEY/rkey-completed-template", PLAIN, KEY_FIELDS),
    ROW(58, "TALINK", "TALINK/talink-completed-template", PLAIN, FIELD_NAME, FIELD_NAME),
    ROW(59, "CDS", "RFC 7344", PLAIN, DIGEST_FIELDS),
    ROW(60, "CDNSKEY", "RFC 7344", PLAIN, KEY_FIELDS),
    ROW(61, "OPENPGPKEY", "RFC 7929", PLAIN, FIELD_BASE64),
    ROW(62, "CSYNC", "RFC 7477", PLAIN, FIELD_U32, FIELD_U16, FIELD_TYPE_BITMAP),
    ROW(63, "ZONEMD", "RFC 8976", PLAIN, FIELD_U32, FIELD_U8, FIELD_U8, FIELD_HEX),
    ROW(64, "SVCB", "RFC 9460", PLAIN, FIELD_U16, FIELD_NAME, FIELD_SVC_PARAMS),
    ROW(65, "HTTPS", "RFC 9460", PLAIN, FIELD_U16, FIELD_NAME, FIELD_SVC_PARAMS),
    ROW(66, "DSYNC", "RFC 9859", PLAIN, FIELD_OPAQUE),
    ROW(99, "SPF", "RFC 7208", PLAIN, FIELD_STRINGS),
    ROW(104, "NID", "RFC 6742", PLAIN, FIELD_U16, FIELD_NODE_ID),
    ROW(105, "L32", "RFC 6742", PLAIN, FIELD_U16, FIELD_IPV4),
    ROW(106, "L64", "RFC 6742", PLAIN, FIELD_U16, FIELD_NODE_ID),
    ROW(107, "LP", "RFC 6742", PLAIN, FIELD_U16, FIELD_NAME),
    ROW(108, "EUI48", "RFC 7043", PLAIN, FIELD_EUI48),
    ROW(109, "EUI64", "RFC 7043", PLAIN, FIELD_EUI64),
    ROW(128, "NXNAME", "RFC 9824", META, FIELD_OPAQUE),
    ROW(249, "TKEY", "RFC 2930", META, FIELD_OPAQUE),
    ROW(250, "TSIG", "RFC 8945", META, FIELD_OPAQUE),
    ROW(251, "IXFR", "RFC 1995", META, FIELD_OPAQUE),
    ROW(252, "AXFR", "RFC 5936", META, FIELD_OPAQUE),
    ROW(253, "MAILB", "RFC 1035", META, FIELD_OPAQUE),
    ROW(254, "MAILA", "RFC 1035", META, FIELD_OPAQUE),
    ROW(255, "ANY", "RFC 8482", META, FIELD_OPAQUE),
    ROW(256, "URI", "RFC 7553", PLAIN, FIELD_U16, FIELD_U16, FIELD_TEXT_REST),
    ROW(257, "CAA", "RFC 8659", PLAIN, FIELD_U8, FIELD_TAG, FIELD_TEXT_REST),
    ROW(258, "AVC", "AVC/avc-completed-template", PLAIN, FIELD_STRINGS),
    ROW(259, "DOA", "DOA/doa-completed-template", PLAIN, FIELD_OPAQUE),
    ROW(260, "AMTRELAY", "RFC 8777", PLAIN, FIELD_OPAQUE),
    ROW(261, "RESINFO", "RFC 9606", PLAIN, FIELD_STRINGS),
    ROW(262, "WALLET", "WALLET/wallet-completed-template", PLAIN, FIELD_STRINGS),
};

static const struct type_info high[] = {
    {32768, "TA", "TA/ta-completed-template", {DIGEST_FIELDS}, false, false, false, false},
    {32769, "DLV", "RFC 8749", {DIGEST_FIELDS}, false, false, false, false},
};

enum { LOW_COUNT = sizeof(low) / sizeof(low[0]), HIGH_COUNT = sizeof(high) / sizeof(high[0]) };

const struct type_info *type_find(uint16_t type)
{
    if (type < LOW_COUNT) {
        return low[type].mnemonic != NULL ? &low[type] : NULL;
    }
    for (size_t i = 0; i < HIGH_COUNT; i++) {
        if (high[i].type == type) {
            return &high[i];
        }
    }
    return NULL;
}

const struct type_info *type_row(size_t index)
{
    for (size_t type = 0; type < LOW_COUNT; type++) {
        if (low[type].mnemonic != NULL && index-- == 0) {
            return &low[type];
        }
    }
    return index < HIGH_COUNT ? &high[index] : NULL;
}

bool type_is_meta(uint16_t type)
{
    return type == 0 || type == TYPE_OPT || (type >= 128 && type <= 255);
}

static bool is_text(const char *text, size_t len, const char *word)
{
    return len > 0 && (text[0] | 0x20) == (word[0] | 0x20) && strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* The number behind `prefix`, as in TYPE65280 and CLASS32 (RFC 3597 5). */
static int number_from_text(const char *text, size_t len, const char *prefix, uint16_t *out)
{
    size_t skip = strlen(prefix);
    unsigned value = 0;
    if (len <= skip || len > skip + 5 || strncasecmp(text, prefix, skip) != 0) {
        return FAIL_SYNTAX;
    }
    for (size_t i = skip; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return FAIL_SYNTAX;
        }
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    if (value > UINT16_MAX) {
        return FAIL_SYNTAX;
    }
    *out = (uint16_t)value;
    return FAIL_NONE;
}

char *type_text(uint16_t type, char out[TYPE_TEXT_SIZE])
{
    const struct type_info *row = type_find(type);
    if (row != NULL) {
        snprintf(out, TYPE_TEXT_SIZE, "%s", row->mnemonic);
    } else {
        snprintf(out, TYPE_TEXT_SIZE, "TYPE%u", type);
    }
    return out;
}

int type_from_text(const char *text, size_t len, uint16_t *out)
{
    for (size_t type = 0; type < LOW_COUNT; type++) {
        if (low[type].mnemonic != NULL && is_text(text, len, low[type].mnemonic)) {
            *out = low[type].type;
            return FAIL_NONE;
        }
    }
    for (size_t i = 0; i < HIGH_COUNT; i++) {
        if (is_text(text, len, high[i].mnemonic)) {
            *out = high[i].type;
            return FAIL_NONE;
        }
    }
    return number_from_text(text, len, "TYPE", out);
}

static const struct {
    uint16_t class;
    const char *mnemonic;
} classes[] = {{CLASS_IN, "IN"}, {CLASS_CH, "CH"}, {4, "HS"}, {CLASS_NONE, "NONE"}, {CLASS_ANY, "ANY"}};

enum { CLASS_COUNT = sizeof(classes) / sizeof(classes[0]) };

char *class_text(uint16_t class, char out[TYPE_TEXT_SIZE])
{
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        if (classes[i].class == class) {
            snprintf(out, TYPE_TEXT_SIZE, "%s", classes[i].mnemonic);
            return out;
        }
    }
    snprintf(out, TYPE_TEXT_SIZE, "CLASS%u", class);
    return out;
}

int class_from_text(const char *text, size_t len, uint16_t *out)
{
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        if (is_text(text, len, classes[i].mnemonic)) {
            *out = classes[i].class;
            return FAIL_NONE;
        }
    }
    return number_from_text(text, len, "CLASS", out);
}
