/* The walk of one frame from zone to zone: where it stands, whom it asks, what it makes of each event. */
#ifndef CAIRN_ITERATE_WALK_H
#define CAIRN_ITERATE_WALK_H

#include "resolver/iterate/state.h"

/* Finds the deepest delegation known for f->name (RFC 1034 5.3.3 step 2). KNOWN_ANSWER: memory ended the frame. */
enum known walk_locate(struct query *q, struct frame *f);

/* Asks the next server, looks up the address of one, or ends the frame. */
enum next walk_ask(struct query *q, struct frame *f);

/* Consumes what became of the exchange in q->event. */
enum next walk_event(struct query *q, struct frame *f);

/* Consumes the address that `child` found or did not find, and goes on. */
enum next walk_child(struct query *q, struct frame *f, const struct frame *child);

#endif
