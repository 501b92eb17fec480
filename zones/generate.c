#include "zones/generate.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Both parse in a copy that ends in a zero octet. */
enum { RANGE_TEXT = 40, FORMAT_TEXT = 40 };

int generate_range(const struct token *token, struct generate_range *out)
{
    char text[RANGE_TEXT];
    int end = 0, end_with_step = 0;
    if (token->len >= sizeof(text) || token->len == 0 || strspn(token->text, "0123456789-/") < token->len) {
        return FAIL_SYNTAX;
    }
    memcpy(text, token->text, token->len);
    text[token->len] = '\0';
    out->step = 1;
    int count = sscanf(text, "%9" SCNu32 "-%9" SCNu32 "%n/%9" SCNu32 "%n", &out->first, &out->last, &end, &out->step,
                       &end_with_step);
    size_t used = (size_t)(count == 3 ? end_with_step : end);
    if (count < 2 || used != token->len || out->first > out->last || out->step == 0) {
        return FAIL_SYNTAX;
    }
    return (out->last - out->first) / out->step < GENERATE_MAX ? FAIL_NONE : FAIL_LIMIT;
}

/* What one "$" asks for, `len` characters from there. */
struct format {
    int32_t offset;
    uint32_t width;
    char base;
    size_t len;
};

static int read_format(const char *at, size_t left, struct format *out)
{
    char text[FORMAT_TEXT];
    int end = 0;
    *out = (struct format){.base = 'd', .len = 1};
    if (left < 2 || at[1] != '{') {
        return FAIL_NONE;
    }
    const char *close = memchr(at, '}', left);
    if (close == NULL || (size_t)(close - at) >= sizeof(text)) {
        return FAIL_SYNTAX;
    }
    out->len = (size_t)(close - at) + 1;
    memcpy(text, at + 2, out->len - 3);
    text[out->len - 3] = '\0';
    int count =
        sscanf(text, "%9" SCNd32 "%n,%4" SCNu32 "%n,%c%n", &out->offset, &end, &out->width, &end, &out->base, &end);
    if (count < 1 || (size_t)end != out->len - 3 || strchr("doxX", out->base) == NULL) {
        return FAIL_SYNTAX;
    }
    return FAIL_NONE;
}

static int put_number(const struct format *f, uint32_t number, char *out, size_t size)
{
    int64_t value = (int64_t)number + f->offset;
    uint32_t positive = value > 0 ? (uint32_t)value : 0;
    int width = (int)(f->width < size ? f->width : size);
    int len = f->base == 'd'   ? snprintf(out, size, "%0*" PRIu32, width, positive)
              : f->base == 'o' ? snprintf(out, size, "%0*" PRIo32, width, positive)
              : f->base == 'x' ? snprintf(out, size, "%0*" PRIx32, width, positive)
                               : snprintf(out, size, "%0*" PRIX32, width, positive);
    return len > 0 && (size_t)len < size ? len : FAIL_SPACE;
}

int generate_fill(const struct token *token, uint32_t number, char out[GENERATE_FIELD_MAX], size_t *len)
{
    const char *at = token->text, *end = token->text + token->len;
    char *to = out, *room = out + GENERATE_FIELD_MAX;
    while (at < end) {
        bool is_pair = end - at > 1 && ((at[0] == '\\') || (at[0] == '$' && at[1] == '$'));
        if (room - to < 2) {
            return FAIL_SPACE;
        }
        if (is_pair) {
            if (at[1] != '$') {
                *to++ = at[0]; /* another escape stays one */
            }
            *to++ = at[1];
            at += 2;
        } else if (*at != '$') {
            *to++ = *at++;
        } else {
            struct format format;
            int fail = read_format(at, (size_t)(end - at), &format);
            int digits = fail == FAIL_NONE ? put_number(&format, number, to, (size_t)(room - to)) : fail;
            if (digits < 0) {
                return digits;
            }
            to += digits;
            at += format.len;
        }
    }
    *len = (size_t)(to - out);
    return FAIL_NONE;
}
