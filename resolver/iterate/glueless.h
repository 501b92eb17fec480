/* Addresses of name servers that came without: from the cache, or by a frame of their own, within the query's budget.
 */
#ifndef CAIRN_ITERATE_GLUELESS_H
#define CAIRN_ITERATE_GLUELESS_H

#include "resolver/iterate/state.h"

enum search {
    SEARCH_FOUND, /* the cut has new targets */
    SEARCH_FRAME, /* a frame that looks one up is on top of the stack */
    SEARCH_NONE   /* nothing more can be found */
};

enum search glueless_search(struct query *q, struct frame *f);

/* Takes over what `child` found for the server it was made for. */
void glueless_found(struct query *q, struct frame *f, const struct frame *child);

/* When every server has been asked or has no address: addresses that are nobody's answer but may work, the glue that
 * other delegations have of these servers, and what the delegation itself says of servers outside its sender's zone.
 * They serve to reach this zone only, whose servers its sender names anyway (RFC 9471 2.3). True when there are new
 * ones; once for each delegation. */
bool glueless_last_resort(struct query *q, struct frame *f);

#endif
