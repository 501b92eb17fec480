/* Aggressive use of validated denial (RFC 8198): NSEC and NSEC3 that came with secure answers also deny other names,
 * and names that a known wildcard makes need not be asked for. */
#ifndef CAIRN_ITERATE_AGGRESSIVE_H
#define CAIRN_ITERATE_AGGRESSIVE_H

#include "resolver/iterate/finding.h"
#include "resolver/iterate/state.h"

/* Keeps what a secure link brought: its proofs, the SOA that goes with them, and the wildcard that made it. */
void aggressive_learn(struct query *q, const struct finding *l);

/* Answers (f->name, f->type) by what was kept of the zone that holds it, f->cut.zone or one below. The answer is
 * secure, and lives no longer than anything that it is made of. */
enum known aggressive_find(struct query *q, struct frame *f);

#endif
