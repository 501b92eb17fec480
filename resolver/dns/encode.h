/* Binary data as text: base16, base32hex without padding, and base64 (RFC 4648). */
#ifndef CAIRN_DNS_ENCODE_H
#define CAIRN_DNS_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/text.h"
#include "resolver/dns/wire.h"

void encode_hex(struct text *out, const uint8_t *bytes, size_t len);    /* upper case */
void encode_base32(struct text *out, const uint8_t *bytes, size_t len); /* upper case, RFC 5155 3.3 */
void encode_base64(struct text *out, const uint8_t *bytes, size_t len);

/* Decoders of data that may be split over several tokens; no token may hold anything else. They write to `w` whatever
 * they can. FAIL_SYNTAX: a foreign character, or the digits do not end on an octet; *bad is the token's index. */
MUST_CHECK int decode_hex(const struct token *tokens, size_t count, struct writer *w, size_t *bad);
MUST_CHECK int decode_base32(const struct token *token, struct writer *w);
MUST_CHECK int decode_base64(const struct token *tokens, size_t count, struct writer *w, size_t *bad);

#endif
