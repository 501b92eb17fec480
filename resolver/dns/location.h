/* LOC records: a place on earth with its size and the precision of both (RFC 1876). */
#ifndef CAIRN_DNS_LOCATION_H
#define CAIRN_DNS_LOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/text.h"
#include "resolver/dns/wire.h"

/* True for 16 octets of version 0 with coordinates on the globe. */
bool location_check(const uint8_t *rdata, size_t len);

/* "52 22 23.000 N 4 53 32.000 E -2.00m 1.00m 10000.00m 10.00m" of a checked location. */
void location_print(struct text *out, const uint8_t *rdata);

/* Parses the form above; minutes, seconds and everything behind the altitude may be missing (RFC 1876 3). On
 * FAIL_SYNTAX error->bad is the index of the offending token. */
MUST_CHECK int location_parse(const struct token *tokens, size_t count, struct writer *w, struct token_error *error);

#endif
