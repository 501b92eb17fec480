/* Lists of address prefixes, the RDATA of APL records (RFC 3123). */
#ifndef CAIRN_DNS_PREFIX_H
#define CAIRN_DNS_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/text.h"
#include "resolver/dns/wire.h"

/* True when items add up, without trailing zero octets, and fit their address family where it is known. */
bool prefix_check(const uint8_t *list, size_t len);

/* "1:192.0.2.0/24 !2:2001:db8::/32" of a checked list. Other families have no text: out->is_odd is set. */
void prefix_print(struct text *out, const uint8_t *list, size_t len);

/* Parses one item of that form. FAIL_SYNTAX. */
MUST_CHECK int prefix_parse(const struct token *token, struct writer *w);

#endif
