/* How much of a name the servers of a zone are shown (RFC 9156): one label more than the zone at first, and more with
 * every reply that says that the name exists but leads to no deeper zone. It saves nothing but privacy, so whatever
 * goes wrong with part of a name is answered by asking for the whole. */
#ifndef CAIRN_ITERATE_MINIMISE_H
#define CAIRN_ITERATE_MINIMISE_H

#include "resolver/iterate/state.h"

/* Decides what the servers of f->cut are asked, unless that is decided already (f->shown is not 0). A forwarder gets
 * the whole name: it resolves that itself. What one of them
 * said a while ago about part of the name and the cache still holds is not asked again. */
void minimise_begin(struct query *q, struct frame *f);

/* What they are asked: part of the frame's question, the whole, or the name servers of the zone above it. */
const uint8_t *minimise_name(const struct frame *f);
uint16_t minimise_type(const struct frame *f);

/* True when that is only part of the name. */
bool minimise_is_part(const struct frame *f);

/* The part exists: the next question shows more of the name. */
void minimise_extend(struct query *q, struct frame *f);

/* The part is denied, or not understood: the next question to this zone shows the whole name. */
void minimise_give_up(struct frame *f);

/* Likewise, but nobody said anything: it is one more try of the same question, not a new one. */
void minimise_stop(struct frame *f);

#endif
