/* Packets beside the questions of walks, whose replies answer nobody: they show how a server does that is not asked, or
 * is asked over TCP only, so that old judgements are tested at no client's cost. */
#ifndef CAIRN_ITERATE_BESIDE_H
#define CAIRN_ITERATE_BESIDE_H

#include "resolver/iterate/state.h"

/* A packet that shows whether `server` of the frame's zone replies over UDP: its SOA, the smallest question that shows
 * nothing of what clients ask. The name is written to `name`, which must last as long as the packet. */
struct send beside_packet(const struct frame *f, const struct addr *server, uint8_t name[NAME_SIZE]);

/* Decides what goes beside the question that `asked` is about to get: now and then another server of the zone; or
 * `asked` itself over UDP, when it gets its questions over TCP because UDP was silent. Sets q->beside. */
void beside_decide(struct query *q, struct frame *f, const struct target *asked, bool is_tcp);

#endif
