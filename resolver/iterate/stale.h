/* Answers from data that has expired, for when nothing better comes in time (RFC 8767). Own data is never old: it is
 * looked up anew for every name of a chain. */
#ifndef CAIRN_ITERATE_STALE_H
#define CAIRN_ITERATE_STALE_H

#include "resolver/iterate/state.h"

/* The whole answer to the query's question, with the aliases on the way, as far as the cache's window reaches; NULL
 * when something is missing or the query is not one that clients wait for. Sought once for each query. */
const struct answer *stale_find(struct query *q);

/* True when (name, type) has data, expired or not, that could be served while it cannot be renewed. */
bool stale_has(struct query *q, const uint8_t *name, uint16_t type);

#endif
