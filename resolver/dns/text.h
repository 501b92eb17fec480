/* Presentation form in the small: a bounded buffer that records are printed into, and the numbers, strings and escapes
 * (RFC 1035 5.1) that tokens of a master file hold. */
#ifndef CAIRN_DNS_TEXT_H
#define CAIRN_DNS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/wire.h"

/* Text is cut at the end of the buffer; one octet is kept for the ending zero. */
struct text {
    char *start;
    char *at;
    char *end;
    bool is_odd; /* what was to be printed has no form of its own */
};

/* `size` > 0. */
void text_init(struct text *t, char *out, size_t size);

/* Ends the text with a zero octet and returns its length. */
size_t text_finish(struct text *t);

void text_char(struct text *t, char c);
void text_word(struct text *t, const char *word);
void text_printf(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);

/* Octets with everything outside printable ASCII as \DDD and `special` characters behind a backslash. */
void text_escaped(struct text *t, const uint8_t *bytes, size_t len, const char *special);

/* The same in double quotes. */
void text_quoted(struct text *t, const uint8_t *bytes, size_t len);

/* True when the token is `word`, case ignored. */
bool token_is(const struct token *token, const char *word);

/* A decimal number up to `max`. FAIL_SYNTAX otherwise. */
MUST_CHECK int token_number(const struct token *token, uint32_t max, uint32_t *out);

/* Seconds, plain or with units: 1w2d3h4m5s in any case. FAIL_SYNTAX otherwise, and above 32 bits. */
MUST_CHECK int token_period(const struct token *token, uint32_t *out);

/* Appends the octets of a string with its escapes resolved. FAIL_SYNTAX: a bad escape. */
MUST_CHECK int token_octets(const struct token *token, struct writer *w);

#endif
