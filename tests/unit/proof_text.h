/* Proofs from text, for the tests of denial. */
#ifndef CAIRN_TESTS_PROOF_TEXT_H
#define CAIRN_TESTS_PROOF_TEXT_H

#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/dns/rrset.h"

/* Sets of one record from lines "OWNER TYPE RDATA", as if verified. "OWNER labels=N TYPE RDATA" has a signature that
 * says so many labels; other sets have one with the labels of their owner. */
struct rrset *proof_text(struct arena *a, const char *lines);

/* A name from text; lives in `a`. */
const uint8_t *proof_name(struct arena *a, const char *text);

#endif
