#include "resolver/server/config_value.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 1000000000000000000ull

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit durations[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {0}};
static const struct unit sizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}, {0}};

/* Reads digits; `*end` is what follows them. */
static int digits(const char *text, uint64_t *out, const char **end)
{
    const char *at = text;
    uint64_t value = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (value > NUMBER_MAX / 10) {
            return FAIL_LIMIT;
        }
        value = value * 10 + (uint64_t)(*at - '0');
    }
    if (at == text || (text[0] == '0' && at - text > 1)) {
        return FAIL_SYNTAX;
    }
    *out = value;
    *end = at;
    return FAIL_NONE;
}

int number_parse(const char *text, uint64_t *out)
{
    const char *end;
    int result = digits(text, out, &end);
    return result == FAIL_NONE && *end != '\0' ? FAIL_SYNTAX : result;
}

static int parse(const char *text, const struct unit *units, uint64_t *out)
{
    const char *end;
    uint64_t value;
    int result = digits(text, &value, &end);
    if (result != FAIL_NONE) {
        return result;
    }
    for (; units->name != NULL; units++) {
        if (strcmp(units->name, end) == 0) {
            if (value > NUMBER_MAX / units->factor) {
                return FAIL_LIMIT;
            }
            *out = value * units->factor;
            return FAIL_NONE;
        }
    }
    return FAIL_SYNTAX;
}

int duration_parse(const char *text, uint64_t *ms)
{
    return parse(text, durations, ms);
}

int size_parse(const char *text, uint64_t *octets)
{
    return parse(text, sizes, octets);
}

static char *print(uint64_t value, const struct unit *units, char out[VALUE_TEXT_SIZE])
{
    while (units->factor > 1 && value % units->factor != 0) {
        units++;
    }
    snprintf(out, VALUE_TEXT_SIZE, "%" PRIu64 "%s", value / units->factor, units->name);
    return out;
}

char *duration_text(uint64_t ms, const char *zero, char out[VALUE_TEXT_SIZE])
{
    if (ms == 0) {
        snprintf(out, VALUE_TEXT_SIZE, "%s", zero);
        return out;
    }
    return print(ms, durations, out);
}

char *size_text(uint64_t octets, char out[VALUE_TEXT_SIZE])
{
    if (octets == 0) {
        memcpy(out, "0B", sizeof("0B"));
        return out;
    }
    return print(octets, sizes, out);
}
