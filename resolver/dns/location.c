#include "resolver/dns/location.h"

#include <string.h>

/* Coordinates count thousandths of a second of arc from 2^31, the altitude centimetres from 100 km below the reference
 * spheroid. Sizes are one decimal digit and a power of ten, in centimetres. */
enum {
    LOCATION_SIZE = 16,
    DEGREE = 3600000,
    MINUTE = 60000,
    SECOND = 1000,
    DEFAULT_SIZE = 0x12,
    DEFAULT_HORIZONTAL = 0x16,
    DEFAULT_VERTICAL = 0x13
};

static const uint32_t equator = UINT32_C(1) << 31;
static const uint32_t sea_level = 10000000;

struct cursor {
    const struct token *tokens;
    size_t count, at;
};

static bool is_precision(uint8_t octet)
{
    return octet >> 4 <= 9 && (octet & 15) <= 9 && (octet >> 4 != 0 || octet == 0);
}

static bool is_angle(uint32_t value, uint32_t max_degrees)
{
    uint32_t distance = value >= equator ? value - equator : equator - value;
    return distance <= max_degrees * DEGREE;
}

bool location_check(const uint8_t *rdata, size_t len)
{
    return len == LOCATION_SIZE && rdata[0] == 0 && is_precision(rdata[1]) && is_precision(rdata[2]) &&
           is_precision(rdata[3]) && is_angle(wire_get_u32(rdata + 4), 90) && is_angle(wire_get_u32(rdata + 8), 180);
}

static void print_angle(struct text *out, uint32_t value, char positive, char negative)
{
    bool is_positive = value >= equator;
    uint32_t distance = is_positive ? value - equator : equator - value;
    text_printf(out, "%u %u %u.%03u %c ", distance / DEGREE, distance % DEGREE / MINUTE, distance % MINUTE / SECOND,
                distance % SECOND, is_positive ? positive : negative);
}

static void print_precision(struct text *out, uint8_t octet)
{
    uint64_t value = octet >> 4;
    for (unsigned power = octet & 15; power > 0; power--) {
        value *= 10;
    }
    text_printf(out, " %u.%02um", (unsigned)(value / 100), (unsigned)(value % 100));
}

void location_print(struct text *out, const uint8_t *rdata)
{
    uint32_t altitude = wire_get_u32(rdata + 12);
    bool is_below = altitude < sea_level;
    uint32_t distance = is_below ? sea_level - altitude : altitude - sea_level;
    print_angle(out, wire_get_u32(rdata + 4), 'N', 'S');
    print_angle(out, wire_get_u32(rdata + 8), 'E', 'W');
    text_printf(out, "%s%u.%02um", is_below ? "-" : "", distance / 100, distance % 100);
    print_precision(out, rdata[1]);
    print_precision(out, rdata[2]);
    print_precision(out, rdata[3]);
}

/* A number with up to `decimals` digits behind the point, as a whole number of the smallest unit. */
static int parse_decimal(struct token token, unsigned decimals, uint64_t max, uint64_t *out)
{
    const char *point = memchr(token.text, '.', token.len);
    size_t whole = point != NULL ? (size_t)(point - token.text) : token.len;
    size_t digits = point != NULL ? token.len - whole - 1 : 0;
    uint64_t value = 0;
    if (whole == 0 || whole > 10 || digits > decimals) {
        return FAIL_SYNTAX;
    }
    for (size_t i = 0; i < whole + 1 + decimals; i++) {
        char c = (char)(i < token.len ? token.text[i] : '0');
        if (i == whole) {
            continue;
        }
        if (c < '0' || c > '9') {
            return FAIL_SYNTAX;
        }
        value = value * 10 + (uint64_t)(c - '0');
    }
    *out = value;
    return value <= max ? FAIL_NONE : FAIL_SYNTAX;
}

/* Degrees, then minutes and seconds if they are there, then the hemisphere. */
static int parse_angle(struct cursor *c, uint32_t max_degrees, const char *positive, const char *negative,
                       uint32_t *out)
{
    static const struct {
        uint32_t unit;
        uint32_t max;
        unsigned decimals;
    } parts[] = {{DEGREE, 180, 0}, {MINUTE, 59, 0}, {1, 59999, 3}};
    uint64_t total = 0;
    for (unsigned i = 0; c->at < c->count; c->at++, i++) {
        const struct token *token = &c->tokens[c->at];
        bool is_positive = token_is(token, positive);
        uint64_t value;
        if (i > 0 && total <= (uint64_t)max_degrees * DEGREE && (is_positive || token_is(token, negative))) {
            *out = is_positive ? equator + (uint32_t)total : equator - (uint32_t)total;
            c->at++;
            return FAIL_NONE;
        }
        if (i == 3 || parse_decimal(*token, parts[i].decimals, parts[i].max, &value) != FAIL_NONE) {
            return FAIL_SYNTAX;
        }
        total += value * parts[i].unit;
    }
    return FAIL_SYNTAX;
}

static struct token without_unit(struct token token)
{
    if (token.len > 1 && (token.text[token.len - 1] | 0x20) == 'm') {
        token.len--;
    }
    return token;
}

static int parse_altitude(struct cursor *c, uint32_t *out)
{
    if (c->at == c->count) {
        return FAIL_SYNTAX;
    }
    struct token token = without_unit(c->tokens[c->at]);
    bool is_below = token.len > 0 && token.text[0] == '-';
    uint64_t distance;
    token.text += is_below;
    token.len -= is_below;
    if (parse_decimal(token, 2, is_below ? sea_level : UINT32_MAX - sea_level, &distance) != FAIL_NONE) {
        return FAIL_SYNTAX;
    }
    *out = is_below ? sea_level - (uint32_t)distance : sea_level + (uint32_t)distance;
    c->at++;
    return FAIL_NONE;
}

static int parse_precision(struct cursor *c, uint8_t *out)
{
    uint64_t value;
    uint8_t power = 0;
    if (c->at == c->count) {
        return FAIL_NONE;
    }
    if (parse_decimal(without_unit(c->tokens[c->at]), 2, UINT64_C(9999999999), &value) != FAIL_NONE) {
        return FAIL_SYNTAX;
    }
    for (; value > 9; value /= 10) {
        power++;
    }
    *out = (uint8_t)(value << 4 | power);
    c->at++;
    return FAIL_NONE;
}

static int parse_fields(struct cursor *c, struct writer *w)
{
    uint8_t sizes[3] = {DEFAULT_SIZE, DEFAULT_HORIZONTAL, DEFAULT_VERTICAL};
    uint32_t latitude, longitude, altitude;
    if (parse_angle(c, 90, "N", "S", &latitude) != FAIL_NONE ||
        parse_angle(c, 180, "E", "W", &longitude) != FAIL_NONE || parse_altitude(c, &altitude) != FAIL_NONE) {
        return FAIL_SYNTAX;
    }
    for (unsigned i = 0; i < sizeof(sizes); i++) {
        if (parse_precision(c, &sizes[i]) != FAIL_NONE) {
            return FAIL_SYNTAX;
        }
    }
    writer_u8(w, 0);
    writer_bytes(w, sizes, sizeof(sizes));
    writer_u32(w, latitude);
    writer_u32(w, longitude);
    writer_u32(w, altitude);
    return c->at == c->count ? FAIL_NONE : FAIL_SYNTAX;
}

int location_parse(const struct token *tokens, size_t count, struct writer *w, struct token_error *error)
{
    struct cursor c = {.tokens = tokens, .count = count};
    int fail = parse_fields(&c, w);
    if (fail != FAIL_NONE) {
        error->bad = c.at;
        error->why = "not a location (RFC 1876)";
    }
    return fail;
}
