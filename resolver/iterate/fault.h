/* What is wrong with a signature, key or proof, in words for people. */
#ifndef CAIRN_ITERATE_FAULT_H
#define CAIRN_ITERATE_FAULT_H

#include "resolver/dns/edns.h"
#include "resolver/validate/verdict.h"

/* "www.example.com. A: signature has expired, key 12345 of example.com., valid 2026-01-01T00:00:00Z to
 * 2026-02-01T00:00:00Z" */
void fault_describe(const struct fault *f, struct ede *out);

#endif
