/* What is known of a question without asking anybody: own zones, special-use names, the cache, in this order. */
#ifndef CAIRN_ITERATE_KNOWN_H
#define CAIRN_ITERATE_KNOWN_H

#include "resolver/iterate/state.h"

/* Looks (f->name, f->type) up. For a delegation out of an own zone f->cut is set, else it is CUT_NONE. */
enum known known_find(struct query *q, struct frame *f);

/* A DNAME in the cache that rewrites f->name, owned by a name from its parent up to `zone`. */
enum known known_dname(struct query *q, struct frame *f, const uint8_t *zone);

#endif
