/* RDATA of one record: from a message, to text, in canonical form. Driven by the type table. Inside the program RDATA
 * is always uncompressed. */
#ifndef CAIRN_DNS_RDATA_H
#define CAIRN_DNS_RDATA_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/wire.h"

#define RDATA_SIZE 65535

/* Reads `rdlength` bytes of RDATA of `type` at the reader, checks every field, expands compressed names (also in types
 * that must not use them but did, RFC 3597 4) and appends the result to `w`, or only checks when `w` is NULL.
 * FAIL_WIRE: a field does not fit, or bytes are left over; FAIL_SPACE: `w` is full. The reader then stands after the
 * RDATA unless bad. */
MUST_CHECK int rdata_read(struct reader *r, uint16_t type, uint16_t rdlength, struct writer *w);

/* FAIL_WIRE unless the uncompressed RDATA is well-formed for its type. */
MUST_CHECK int rdata_check(uint16_t type, const uint8_t *rdata, size_t len);

/* FAIL_WIRE unless it is what rdata_read lets through: that leaves to clients what concerns them alone (parameters of
 * SVCB, locations, prefixes). */
MUST_CHECK int rdata_check_read(uint16_t type, const uint8_t *rdata, size_t len);

/* Canonical form (RFC 4034 6.2 as clarified by RFC 6840 5.1): names of the listed types in lower case, in place. */
void rdata_canonicalise(uint16_t type, uint8_t *rdata, size_t len);

/* Octet-wise order of RFC 4034 6.3. */
int rdata_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

/* Presentation form, cut at `size` and always zero-ended; generic form (RFC 3597 5) for types without a row or RDATA
 * that breaks its type. Returns the characters written. */
size_t rdata_text(uint16_t type, const uint8_t *rdata, size_t len, char *out, size_t size);

/* A word of a master file, without surrounding quotes. Escapes are still in the text, and so are quotes inside a word:
 * alpn="h2,h3" is one token, not quoted. */
struct token {
    const char *text;
    size_t len;
    int quoted; /* non-zero: was in double quotes */
};

struct token_error {
    size_t bad;
    const char *why;
};

/* Parses the fields of one record from presentation form, already split into tokens, into wire form at `w`.
 * See zones/load.h for the tokenizer. Also accepts the generic form \# LENGTH HEX for every type. On FAIL_SYNTAX
 * error->bad is the index of the offending token (or `count` when one is missing) and error->why a constant
 * explanation. FAIL_SPACE: `w` is full, or the RDATA longer than RDATA_SIZE. */
MUST_CHECK int rdata_from_text(uint16_t type, const struct token *tokens, size_t count, const uint8_t *origin,
                               struct writer *w, struct token_error *error);

#endif
