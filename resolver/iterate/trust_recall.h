/* What a query knows of zones: its own findings first, then those of its worker. */
#ifndef CAIRN_ITERATE_TRUST_RECALL_H
#define CAIRN_ITERATE_TRUST_RECALL_H

#include "resolver/iterate/state.h"
#include "resolver/iterate/trust_table.h"

/* Valid as long as the query; NULL: nothing is known, or no memory. */
const struct zone_trust *trust_recall(struct query *q, const uint8_t *zone);

/* Keeps what was found out, for other queries too if it expires after now. NULL: no memory. */
const struct zone_trust *trust_keep(struct query *q, const struct zone_trust *z);

/* A minute or more ago: what a zone said then may have changed since. */
bool trust_is_old(const struct query *q, uint64_t learnt);

/* Forgets a secure zone, here and in the worker, that was learnt so long ago. False: it was not. */
bool trust_forget_old(struct query *q, const uint8_t *zone);

#endif
