#include "resolver/dns/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void text_init(struct text *t, char *out, size_t size)
{
    t->start = out;
    t->at = out;
    t->end = out + size - 1;
    t->is_odd = false;
}

size_t text_finish(struct text *t)
{
    *t->at = '\0';
    return (size_t)(t->at - t->start);
}

void text_char(struct text *t, char c)
{
    if (t->at < t->end) {
        *t->at++ = c;
    }
}

void text_word(struct text *t, const char *word)
{
    while (*word != '\0') {
        text_char(t, *word++);
    }
}

void text_printf(struct text *t, const char *format, ...)
{
    char piece[128];
    va_list args;
    va_start(args, format);
    vsnprintf(piece, sizeof(piece), format, args);
    va_end(args);
    text_word(t, piece);
}

void text_escaped(struct text *t, const uint8_t *bytes, size_t len, const char *special)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] < ' ' || bytes[i] >= 0x7f) {
            text_printf(t, "\\%03u", bytes[i]);
            continue;
        }
        if (strchr(special, bytes[i]) != NULL) {
            text_char(t, '\\');
        }
        text_char(t, (char)bytes[i]);
    }
}

void text_quoted(struct text *t, const uint8_t *bytes, size_t len)
{
    text_char(t, '"');
    text_escaped(t, bytes, len, "\"\\");
    text_char(t, '"');
}

bool token_is(const struct token *token, const char *word)
{
    return strlen(word) == token->len && strncasecmp(token->text, word, token->len) == 0;
}

int token_number(const struct token *token, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;
    if (token->len == 0) {
        return FAIL_SYNTAX;
    }
    for (size_t i = 0; i < token->len; i++) {
        if (token->text[i] < '0' || token->text[i] > '9') {
            return FAIL_SYNTAX;
        }
        value = value * 10 + (uint64_t)(token->text[i] - '0');
        if (value > max) {
            return FAIL_SYNTAX;
        }
    }
    *out = (uint32_t)value;
    return FAIL_NONE;
}

/* Seconds of a unit letter, 0 for any other character. */
static uint32_t unit_seconds(char c)
{
    switch (c | 0x20) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 604800;
    default:
        return 0;
    }
}

int token_period(const struct token *token, uint32_t *out)
{
    uint64_t total = 0;
    size_t start = 0;
    if (token_number(token, UINT32_MAX, out) == FAIL_NONE) {
        return FAIL_NONE;
    }
    for (size_t i = 0; i < token->len; i++) {
        uint32_t seconds = unit_seconds(token->text[i]);
        struct token digits = {.text = token->text + start, .len = i - start};
        uint32_t count;
        if (seconds == 0) {
            continue;
        }
        if (token_number(&digits, UINT32_MAX, &count) != FAIL_NONE) {
            return FAIL_SYNTAX;
        }
        total += (uint64_t)count * seconds;
        if (total > UINT32_MAX) {
            return FAIL_SYNTAX;
        }
        start = i + 1;
    }
    if (token->len == 0 || start != token->len) {
        return FAIL_SYNTAX;
    }
    *out = (uint32_t)total;
    return FAIL_NONE;
}

int token_octets(const struct token *token, struct writer *w)
{
    for (size_t i = 0; i < token->len; i++) {
        if (token->text[i] != '\\') {
            writer_u8(w, (uint8_t)token->text[i]);
            continue;
        }
        if (++i == token->len) {
            return FAIL_SYNTAX;
        }
        if (token->text[i] < '0' || token->text[i] > '9') {
            writer_u8(w, (uint8_t)token->text[i]);
            continue;
        }
        struct token digits = {.text = token->text + i, .len = 3};
        uint32_t value;
        if (token->len - i < 3 || token_number(&digits, UINT8_MAX, &value) != FAIL_NONE) {
            return FAIL_SYNTAX;
        }
        writer_u8(w, (uint8_t)value);
        i += 2;
    }
    return FAIL_NONE;
}
