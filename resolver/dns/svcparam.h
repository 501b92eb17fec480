/* The parameters of SVCB and HTTPS records (RFC 9460 2.1, 2.2 and appendix A). */
#ifndef CAIRN_DNS_SVCPARAM_H
#define CAIRN_DNS_SVCPARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/text.h"
#include "resolver/dns/wire.h"

enum svcparam_key { SVCPARAM_IPV4HINT = 4, SVCPARAM_IPV6HINT = 6 };

/* The value of a parameter, of *value_len octets; NULL: it is not among them. */
const uint8_t *svcparam_find(const uint8_t *params, size_t len, unsigned key, size_t *value_len);

/* True when keys ascend and every value fits its key. */
bool svcparam_check(const uint8_t *params, size_t len);

/* Writes valid parameters in presentation form, one space between them. */
void svcparam_print(struct text *out, const uint8_t *params, size_t len);

/* Parses tokens of the form key or key=value, in any order, and writes them with ascending keys. On FAIL_SYNTAX
 * error->bad is the index of the offending token. */
MUST_CHECK int svcparam_parse(const struct token *tokens, size_t count, struct writer *w, struct token_error *error);

#endif
