/* What is known of a question without asking anybody: own zones, special-use names, the cache, in this order. */
#ifndef CAIRN_ITERATE_KNOWN_H
#define CAIRN_ITERATE_KNOWN_H

#include "resolver/iterate/state.h"

/* Looks (f->name, f->type) up. For a delegation out of an own zone f->cut is set, else it is CUT_NONE. */
enum known known_find(struct query *q, struct frame *f);

/* False when servers are to be asked whatever the cache holds. A query that wants fresh data wants it for its question,
 * not for the name servers on the way. */
bool known_may_use_cache(const struct query *q, const struct frame *f);

/* What the cache says of names above f->name, from its parent up to `zone`, the deepest zone known: a DNAME that
 * rewrites it, or that one of them does not exist. */
enum known known_above(struct query *q, struct frame *f, const uint8_t *zone);

/* Parts of known_find. Own zones and special-use names: */
enum known known_own(struct query *q, struct frame *f);

/* An entry of the cache that answers the frame's question. */
enum known known_use(struct query *q, struct frame *f, const struct cache_entry *e);

/* An alias of the cache, CNAME or DNAME, with what proves that a wildcard made it. */
enum known known_follow(struct query *q, struct frame *f, const struct cache_entry *e);

/* False for types that stand beside a CNAME (RFC 4035 2.5) or are the link itself. */
bool known_follows_aliases(uint16_t type);

#endif
