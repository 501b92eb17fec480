/* What a reply leaves behind: TTLs set to what the cache policy allows, and entries in the cache with their rank. Every
 * function gets sets that scrub.h let through; storing may fail without consequence for the answer. */
#ifndef CAIRN_ITERATE_LEARN_H
#define CAIRN_ITERATE_LEARN_H

#include "resolver/iterate/scrub.h"
#include "resolver/iterate/state.h"

/* Stores a positive set under its own owner and type, with the proofs that follow it when a wildcard made it; clamps
 * TTLs. `f`: the frame that it is the answer of, before it is appended there, or NULL; the client's answer is stored
 * when its status is known (finding.h). False: no memory, and the frame has ended. */
bool learn_set(struct query *q, struct frame *f, struct rrset *set, enum trust trust);

/* Likewise NODATA of the name and type asked or NXDOMAIN of the name. `sets` begins with the SOA, else nothing is
 * stored (RFC 2308 5): the answer serves those who wait, and the next asks again. */
bool learn_negative(struct query *q, struct frame *f, const struct question *asked, struct rrset *sets,
                    bool is_nxdomain, enum trust trust);

/* Stores a delegation that servers of `above` gave. NULL: what the root's servers say of themselves. */
void learn_delegation(struct query *q, const struct delegation *d, const struct cut *above);

/* Adds the addresses of `set` to the stored delegation of `zone`, as glue of its server `name`. */
void learn_glue(struct query *q, const uint8_t *zone, const uint8_t *name, const struct rrset *set);

/* Remembers that `name` could not be resolved for the frame's type, twice as long as the last time (RFC 9520 3.2), and
 * which silent server was the cause (recover.h). */
void learn_failure(struct query *q, struct frame *f, const uint8_t *name, const struct ede *why);

/* Remembers that (name, type) is bogus, for those who want it validated. */
void learn_bogus(struct query *q, const uint8_t *name, uint16_t type, const struct ede *why);

#endif
