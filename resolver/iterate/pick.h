/* Which address of a cut is asked next, and how: round-trip and failure history, with some chance in it. */
#ifndef CAIRN_ITERATE_PICK_H
#define CAIRN_ITERATE_PICK_H

#include "resolver/iterate/servers.h"
#include "resolver/iterate/state.h"

/* What is known of a target's server, or NULL. */
static inline const struct server_info *pick_info(const struct query *q, const struct target *t)
{
    return servers_find_at(q->resolver->servers, t->place, &t->addr);
}

/* The target to ask now, or NULL when none may be asked (again). Fewest tries in this question first; among those the
 * fastest, or another one nearly as fast. Lame servers come into question only when nothing better is left; resting
 * ones not at all. */
struct target *pick_target(struct query *q, struct frame *f);

/* Whether `t` may be asked (again): family, address, tries and the TCP budget allow it. */
bool pick_may_ask(struct query *q, struct frame *f, struct target *t);

/* True when `t` should be asked over TCP. */
bool pick_tcp(const struct query *q, const struct frame *f, const struct target *t);

/* A server has answered over TCP: its connection stays open for a while. */
void pick_note_stream(struct query *q, const struct addr *addr);

/* Whether a question over TCP to it counts against limits.tcp_connects. */
bool pick_spends_tcp(const struct query *q, const struct target *t);

/* Notes in the trace which servers were not asked because they rest. */
void pick_trace_resting(struct query *q, struct frame *f);

#endif
