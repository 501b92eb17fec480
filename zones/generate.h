/* $GENERATE, BIND's way to write many records that differ by a number:
 *
 *     $GENERATE 1-9/2 host-$ A 10.0.0.${100,3}
 *
 * One record for each number of the range, with "$" replaced by the number and "${OFFSET,WIDTH,BASE}" by the number
 * plus OFFSET, in at least WIDTH digits, in BASE d, o, x or X. "$$" and "\$" are a plain "$". */
#ifndef CAIRN_ZONES_GENERATE_H
#define CAIRN_ZONES_GENERATE_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/rdata.h"

#define GENERATE_MAX       65536 /* records of one directive: the hosts of a /16 */
#define GENERATE_FIELD_MAX 1024  /* characters of one field with its numbers filled in */

struct generate_range {
    uint32_t first, last, step; /* first <= last, step > 0 */
};

/* Parses FIRST-LAST or FIRST-LAST/STEP. FAIL_SYNTAX; FAIL_LIMIT for more than GENERATE_MAX numbers. */
MUST_CHECK int generate_range(const struct token *token, struct generate_range *out);

/* Writes the text of `token` with the number filled in, `*len` characters. FAIL_SYNTAX; FAIL_SPACE when longer than
 * GENERATE_FIELD_MAX. */
MUST_CHECK int generate_fill(const struct token *token, uint32_t number, char out[GENERATE_FIELD_MAX], size_t *len);

#endif
