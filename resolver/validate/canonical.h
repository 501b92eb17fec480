/* RRsets as they are signed: the canonical form and order of RFC 4034 6. */
#ifndef CAIRN_VALIDATE_CANONICAL_H
#define CAIRN_VALIDATE_CANONICAL_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/base/fail.h"
#include "resolver/dns/rrset.h"
#include "resolver/validate/signature.h"

/* A set made ready for all of its signatures. */
struct canonical {
    const struct rrset *set;
    struct rdata_view *records; /* canonical and in order; equal ones follow each other */
    uint8_t *bytes;             /* of canonical_write */
    size_t size;
};

/* Memory comes from `a` and is valid as long as it. FAIL_SPACE: the arena refuses. */
MUST_CHECK int canonical_prepare(struct arena *a, const struct rrset *set, struct canonical *out);

/* What `sig` signs (RFC 4034 3.1.8.1), at `c->bytes` until the next call: its own RDATA, then the records with its
 * original TTL and, when a wildcard made them, the wildcard's name. The RRSIG must be of the set and have no more
 * labels than its owner. Returns the octets. */
size_t canonical_write(struct canonical *c, const struct rrsig *sig);

#endif
