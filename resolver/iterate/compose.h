/* The finished query as its client sees it. */
#ifndef CAIRN_ITERATE_COMPOSE_H
#define CAIRN_ITERATE_COMPOSE_H

#include "resolver/iterate/state.h"

/* Fills q->answer from the client's frame, which has an outcome: the alias chain in order and the rcode of its last
 * name (RFC 6604 2), SOA and proofs for a negative answer and no other authority; or SERVFAIL with the reasons. */
void compose_answer(struct query *q, const struct frame *f);

#endif
