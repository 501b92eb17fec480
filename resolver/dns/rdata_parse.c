#include "resolver/dns/rdata.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "resolver/dns/encode.h"
#include "resolver/dns/location.h"
#include "resolver/dns/name.h"
#include "resolver/dns/prefix.h"
#include "resolver/dns/svcparam.h"
#include "resolver/dns/text.h"
#include "resolver/dns/type.h"

struct parse {
    const struct token *tokens;
    size_t count;
    size_t at; /* next token */
    const uint8_t *origin;
    struct writer *w;
    struct token_error *error;
};

/* A word for a number: algorithms of RFC 4034 A.1 and its registry, certificates of RFC 4398 2.1. */
struct mnemonic {
    const char *word;
    uint8_t value;
};

static const struct mnemonic algorithms[] = {{"RSAMD5", 1},
                                             {"DH", 2},
                                             {"DSA", 3},
                                             {"RSASHA1", 5},
                                             {"DSA-NSEC3-SHA1", 6},
                                             {"NSEC3DSA", 6},
                                             {"RSASHA1-NSEC3-SHA1", 7},
                                             {"NSEC3RSASHA1", 7},
                                             {"RSASHA256", 8},
                                             {"RSASHA512", 10},
                                             {"ECC-GOST", 12},
                                             {"ECDSAP256SHA256", 13},
                                             {"ECDSAP384SHA384", 14},
                                             {"ED25519", 15},
                                             {"ED448", 16},
                                             {"INDIRECT", 252},
                                             {"PRIVATEDNS", 253},
                                             {"PRIVATEOID", 254},
                                             {NULL, 0}};

static const struct mnemonic certificates[] = {{"PKIX", 1},  {"SPKI", 2},  {"PGP", 3},    {"IPKIX", 4},
                                               {"ISPKI", 5}, {"IPGP", 6},  {"ACPKIX", 7}, {"IACPKIX", 8},
                                               {"URI", 253}, {"OID", 254}, {NULL, 0}};

static int fail_at(struct parse *p, size_t bad, const char *why)
{
    p->error->bad = bad;
    p->error->why = why;
    return FAIL_SYNTAX;
}

static int check_token(struct parse *p, int result, const char *why)
{
    return result == FAIL_NONE ? FAIL_NONE : fail_at(p, p->at - 1, why);
}

static int parse_number(struct parse *p, const struct token *token, uint32_t max, const struct mnemonic *words,
                        uint32_t *out)
{
    for (; words != NULL && words->word != NULL; words++) {
        if (token_is(token, words->word)) {
            *out = words->value;
            return FAIL_NONE;
        }
    }
    return check_token(p, token_number(token, max, out), "not a number, or out of range");
}

static int parse_name(struct parse *p, const struct token *token)
{
    uint8_t name[NAME_SIZE];
    int fail = name_from_text(token->text, token->len, p->origin, name);
    if (fail == FAIL_NONE) {
        writer_bytes(p->w, name, name_len(name));
    }
    return check_token(p, fail, "not a domain name");
}

static int parse_address(struct parse *p, const struct token *token, int family, size_t size)
{
    char host[INET6_ADDRSTRLEN] = {0};
    uint8_t octets[16];
    if (token->len < sizeof(host)) {
        memcpy(host, token->text, token->len);
    }
    if (inet_pton(family, host, octets) != 1) {
        return fail_at(p, p->at - 1, family == AF_INET ? "not an IPv4 address" : "not an IPv6 address");
    }
    writer_bytes(p->w, octets, size);
    return FAIL_NONE;
}

/* Patches the length octet in front of what was written behind `start`. */
static int close_counted(struct parse *p, const uint8_t *start, const char *why)
{
    size_t len = (size_t)(p->w->at - start) - 1;
    if (p->w->full) {
        return FAIL_NONE;
    }
    if (len > UINT8_MAX) {
        return fail_at(p, p->at - 1, why);
    }
    p->w->start[start - p->w->start] = (uint8_t)len;
    return FAIL_NONE;
}

static int parse_string(struct parse *p, const struct token *token)
{
    const uint8_t *start = p->w->at;
    writer_u8(p->w, 0);
    int fail = check_token(p, token_octets(token, p->w), "bad escape");
    return fail == FAIL_NONE ? close_counted(p, start, "string over 255 octets") : fail;
}

static int parse_hex_counted(struct parse *p, const struct token *token)
{
    const uint8_t *start = p->w->at;
    size_t bad;
    writer_u8(p->w, 0);
    if (!token_is(token, "-") && decode_hex(token, 1, p->w, &bad) != FAIL_NONE) {
        return fail_at(p, p->at - 1, "not hexadecimal");
    }
    return close_counted(p, start, "over 255 octets");
}

static int parse_base32_counted(struct parse *p, const struct token *token)
{
    const uint8_t *start = p->w->at;
    writer_u8(p->w, 0);
    if (decode_base32(token, p->w) != FAIL_NONE) {
        return fail_at(p, p->at - 1, "not base32");
    }
    return close_counted(p, start, "over 255 octets");
}

static int parse_type(struct parse *p, const struct token *token)
{
    uint16_t type = 0;
    int fail = type_from_text(token->text, token->len, &type);
    writer_u16(p->w, type);
    return check_token(p, fail, "not a record type");
}

static bool read_digits(const char *text, unsigned count, unsigned min, unsigned max, int *out)
{
    struct token token = {.text = text, .len = count};
    uint32_t value;
    if (token_number(&token, max, &value) != FAIL_NONE || value < min) {
        return false;
    }
    *out = (int)value;
    return true;
}

/* YYYYMMDDHHmmSS or seconds since 1970, told apart by their length (RFC 4034 3.2). */
static int parse_time(struct parse *p, const struct token *token)
{
    struct tm tm = {0};
    uint32_t seconds = 0;
    if (token->len != 14) {
        int fail = token_number(token, UINT32_MAX, &seconds);
        writer_u32(p->w, seconds);
        return check_token(p, fail, "not a time");
    }
    const char *t = token->text;
    if (!read_digits(t, 4, 1970, 2106, &tm.tm_year) || !read_digits(t + 4, 2, 1, 12, &tm.tm_mon) ||
        !read_digits(t + 6, 2, 1, 31, &tm.tm_mday) || !read_digits(t + 8, 2, 0, 23, &tm.tm_hour) ||
        !read_digits(t + 10, 2, 0, 59, &tm.tm_min) || !read_digits(t + 12, 2, 0, 59, &tm.tm_sec)) {
        return fail_at(p, p->at - 1, "not a time");
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int day = tm.tm_mday;
    time_t when = timegm(&tm);
    if (tm.tm_mday != day || when > (time_t)UINT32_MAX) {
        return fail_at(p, p->at - 1, "no such day");
    }
    writer_u32(p->w, (uint32_t)when);
    return FAIL_NONE;
}

/* `groups` groups of up to `digits` hexadecimal digits; all of them where `is_exact`. */
static int parse_groups(struct parse *p, const struct token *token, unsigned groups, unsigned digits, char separator)
{
    const char *at = token->text;
    const char *end = at + token->len;
    for (unsigned i = 0; i < groups; i++) {
        const char *stop = i + 1 < groups ? memchr(at, separator, (size_t)(end - at)) : end;
        char padded[4] = {'0', '0', '0', '0'};
        size_t len = stop != NULL ? (size_t)(stop - at) : 0;
        struct token group = {.text = padded, .len = digits};
        size_t bad;
        if (len == 0 || len > digits) {
            return fail_at(p, p->at - 1, "wrong number of digits");
        }
        memcpy(padded + digits - len, at, len);
        if (decode_hex(&group, 1, p->w, &bad) != FAIL_NONE) {
            return fail_at(p, p->at - 1, "not hexadecimal");
        }
        at = stop + (i + 1 < groups);
    }
    return FAIL_NONE;
}

static int parse_u(struct parse *p, const struct token *token, enum field field)
{
    uint32_t value = 0;
    int fail;
    switch (field) {
    case FIELD_U8:
    case FIELD_ALGORITHM:
        fail = parse_number(p, token, UINT8_MAX, field == FIELD_U8 ? NULL : algorithms, &value);
        writer_u8(p->w, (uint8_t)value);
        return fail;
    case FIELD_U16:
    case FIELD_CERTIFICATE:
        fail = parse_number(p, token, UINT16_MAX, field == FIELD_U16 ? NULL : certificates, &value);
        writer_u16(p->w, (uint16_t)value);
        return fail;
    case FIELD_PERIOD:
        fail = check_token(p, token_period(token, &value), "not a period of time");
        writer_u32(p->w, value);
        return fail;
    default:
        fail = parse_number(p, token, UINT32_MAX, NULL, &value);
        writer_u32(p->w, value);
        return fail;
    }
}

/* A field that is one token. */
static int parse_one(struct parse *p, const struct token *token, enum field field)
{
    switch (field) {
    case FIELD_NAME:
        return parse_name(p, token);
    case FIELD_IPV4:
        return parse_address(p, token, AF_INET, 4);
    case FIELD_IPV6:
        return parse_address(p, token, AF_INET6, 16);
    case FIELD_STRING:
    case FIELD_TAG:
        return parse_string(p, token);
    case FIELD_TEXT_REST:
        return check_token(p, token_octets(token, p->w), "bad escape");
    case FIELD_TYPE:
        return parse_type(p, token);
    case FIELD_TIME:
        return parse_time(p, token);
    case FIELD_HEX_COUNTED:
        return parse_hex_counted(p, token);
    case FIELD_BASE32_COUNTED:
        return parse_base32_counted(p, token);
    case FIELD_EUI48:
        return parse_groups(p, token, 6, 2, '-');
    case FIELD_EUI64:
        return parse_groups(p, token, 8, 2, '-');
    case FIELD_NODE_ID:
        return parse_groups(p, token, 4, 4, ':');
    default:
        return parse_u(p, token, field);
    }
}

static int parse_bitmap(struct parse *p)
{
    uint8_t windows[256][32] = {{0}};
    for (; p->at < p->count; p->at++) {
        uint16_t type;
        if (type_from_text(p->tokens[p->at].text, p->tokens[p->at].len, &type) != FAIL_NONE) {
            return fail_at(p, p->at, "not a record type");
        }
        windows[type >> 8][(type & 255) / 8] |= (uint8_t)(0x80 >> type % 8);
    }
    for (unsigned window = 0; window < 256; window++) {
        unsigned len = 32;
        while (len > 0 && windows[window][len - 1] == 0) {
            len--;
        }
        if (len > 0) {
            writer_u8(p->w, (uint8_t)window);
            writer_u8(p->w, (uint8_t)len);
            writer_bytes(p->w, windows[window], len);
        }
    }
    return FAIL_NONE;
}

static int parse_binary(struct parse *p, enum field field)
{
    size_t first = p->at;
    size_t bad = 0;
    int (*decode)(const struct token *, size_t, struct writer *, size_t *) =
        field == FIELD_HEX ? decode_hex : decode_base64;
    p->at = p->count;
    if (decode(p->tokens + first, p->count - first, p->w, &bad) != FAIL_NONE) {
        return fail_at(p, first + bad, field == FIELD_HEX ? "not hexadecimal" : "not base64");
    }
    return FAIL_NONE;
}

static int parse_tail(struct parse *p, enum field field)
{
    size_t first = p->at;
    p->at = p->count;
    int fail = field == FIELD_LOCATION ? location_parse(p->tokens + first, p->count - first, p->w, p->error)
                                       : svcparam_parse(p->tokens + first, p->count - first, p->w, p->error);
    p->error->bad += fail != FAIL_NONE ? first : 0;
    return fail;
}

static int parse_prefixes(struct parse *p)
{
    while (p->at < p->count) {
        int fail = prefix_parse(&p->tokens[p->at++], p->w);
        if (fail != FAIL_NONE) {
            return check_token(p, fail, "not an address prefix such as 1:192.0.2.0/24");
        }
    }
    return FAIL_NONE;
}

static int parse_strings(struct parse *p)
{
    int fail;
    do {
        fail = parse_string(p, &p->tokens[p->at++]);
    } while (fail == FAIL_NONE && p->at < p->count);
    return fail;
}

static int parse_field(struct parse *p, enum field field)
{
    bool may_be_empty = field == FIELD_TYPE_BITMAP || field == FIELD_SVC_PARAMS || field == FIELD_ADDRESS_PREFIXES;
    if (p->at == p->count && !may_be_empty) {
        return fail_at(p, p->count, "a field is missing");
    }
    switch (field) {
    case FIELD_STRINGS:
        return parse_strings(p);
    case FIELD_BASE64:
    case FIELD_HEX:
        return parse_binary(p, field);
    case FIELD_TYPE_BITMAP:
        return parse_bitmap(p);
    case FIELD_SVC_PARAMS:
    case FIELD_LOCATION:
        return parse_tail(p, field);
    case FIELD_ADDRESS_PREFIXES:
        return parse_prefixes(p);
    case FIELD_OPAQUE:
        return fail_at(p, p->at, "this type is written as \\# LENGTH HEX (RFC 3597)");
    default:
        p->at++;
        return parse_one(p, &p->tokens[p->at - 1], field);
    }
}

/* \# LENGTH HEX (RFC 3597 5). */
static int parse_generic(struct parse *p, uint16_t type)
{
    const uint8_t *start = p->w->at;
    uint32_t len;
    size_t bad = 0;
    if (p->count < 2 || token_number(&p->tokens[1], RDATA_SIZE, &len) != FAIL_NONE) {
        return fail_at(p, 1, "\\# needs a length");
    }
    if (decode_hex(p->tokens + 2, p->count - 2, p->w, &bad) != FAIL_NONE) {
        return fail_at(p, 2 + bad, "not hexadecimal");
    }
    if (p->w->full) {
        return FAIL_SPACE;
    }
    if ((size_t)(p->w->at - start) != len) {
        return fail_at(p, 1, "the length is not that of the data");
    }
    return rdata_check(type, start, len) == FAIL_NONE ? FAIL_NONE : fail_at(p, 2, "the data does not fit the type");
}

static int parse_fields(struct parse *p, uint16_t type)
{
    static const uint8_t opaque[] = {FIELD_OPAQUE, FIELD_END};
    const struct type_info *row = type_find(type);
    const uint8_t *start = p->w->at;
    for (const uint8_t *field = row != NULL ? row->fields : opaque; *field != FIELD_END; field++) {
        int fail = parse_field(p, (enum field) * field);
        if (fail != FAIL_NONE) {
            return fail;
        }
    }
    if (p->at < p->count) {
        return fail_at(p, p->at, "nothing may follow here");
    }
    size_t len = (size_t)(p->w->at - start);
    if (p->w->full || len > RDATA_SIZE) {
        return FAIL_SPACE;
    }
    return rdata_check(type, start, len) == FAIL_NONE ? FAIL_NONE : fail_at(p, 0, "the data does not fit the type");
}

int rdata_from_text(uint16_t type, const struct token *tokens, size_t count, const uint8_t *origin, struct writer *w,
                    struct token_error *error)
{
    struct parse p = {.tokens = tokens, .count = count, .origin = origin, .w = w, .error = error};
    bool is_generic = count > 0 && !tokens[0].quoted && token_is(&tokens[0], "\\#");
    return is_generic ? parse_generic(&p, type) : parse_fields(&p, type);
}
