#include "resolver/dns/encode.h"

static const char hex_digits[] = "0123456789ABCDEF";
static const char base32_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void encode_hex(struct text *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        text_char(out, hex_digits[bytes[i] >> 4]);
        text_char(out, hex_digits[bytes[i] & 15]);
    }
}

/* Digits of `width` bits each, the last filled up with zero bits. Returns how many were written. */
static size_t encode(struct text *out, const uint8_t *bytes, size_t len, const char *digits, unsigned width)
{
    size_t count = 0;
    unsigned held = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < len; i++) {
        held = (held << 8 | bytes[i]) & 0xffff;
        for (bits += 8; bits >= width; count++) {
            bits -= width;
            text_char(out, digits[held >> bits & ((1u << width) - 1)]);
        }
    }
    if (bits > 0) {
        text_char(out, digits[held << (width - bits) & ((1u << width) - 1)]);
        count++;
    }
    return count;
}

void encode_base32(struct text *out, const uint8_t *bytes, size_t len)
{
    encode(out, bytes, len, base32_digits, 5);
}

void encode_base64(struct text *out, const uint8_t *bytes, size_t len)
{
    for (size_t count = encode(out, bytes, len, base64_digits, 6); count % 4 != 0; count++) {
        text_char(out, '=');
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int base32_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'v' ? c - 'a' + 10 : -1;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct decoder {
    int (*value)(char c);
    unsigned width;
    unsigned held, bits;
    size_t digits, padding;
};

static int decode_token(struct decoder *d, const struct token *token, struct writer *w)
{
    for (size_t i = 0; i < token->len; i++) {
        if (token->text[i] == '=' && d->width == 6) {
            d->padding++;
            continue;
        }
        int value = d->value(token->text[i]);
        if (value < 0 || d->padding > 0) {
            return FAIL_SYNTAX;
        }
        d->digits++;
        d->held = (d->held << d->width | (unsigned)value) & 0xffff;
        d->bits += d->width;
        if (d->bits >= 8) {
            d->bits -= 8;
            writer_u8(w, (uint8_t)(d->held >> d->bits));
        }
    }
    return FAIL_NONE;
}

static int decode_tokens(struct decoder *d, const struct token *tokens, size_t count, struct writer *w, size_t *bad)
{
    for (size_t i = 0; i < count; i++) {
        *bad = i;
        if (decode_token(d, &tokens[i], w) != FAIL_NONE) {
            return FAIL_SYNTAX;
        }
    }
    /* What remains must be less than one digit and all zero. */
    return d->bits < d->width && (d->held & ((1u << d->bits) - 1)) == 0 ? FAIL_NONE : FAIL_SYNTAX;
}

int decode_hex(const struct token *tokens, size_t count, struct writer *w, size_t *bad)
{
    struct decoder d = {.value = hex_value, .width = 4};
    return decode_tokens(&d, tokens, count, w, bad);
}

int decode_base32(const struct token *token, struct writer *w)
{
    struct decoder d = {.value = base32_value, .width = 5};
    size_t bad;
    return decode_tokens(&d, token, 1, w, &bad);
}

int decode_base64(const struct token *tokens, size_t count, struct writer *w, size_t *bad)
{
    struct decoder d = {.value = base64_value, .width = 6};
    int fail = decode_tokens(&d, tokens, count, w, bad);
    return fail == FAIL_NONE && d.padding <= 2 && (d.digits + d.padding) % 4 == 0 ? FAIL_NONE : FAIL_SYNTAX;
}
