/* How failures end early. A failure is remembered for minutes (RFC 9520), but when silence was its cause it names a
 * silent server, and ends as soon as that server, or another one that would be asked now, has replied to anything. So
 * that one does, a zone that is down and still asked for gets a probe per server every few seconds. */
#ifndef CAIRN_ITERATE_RECOVER_H
#define CAIRN_ITERATE_RECOVER_H

#include "resolver/iterate/state.h"

/* Whether `e`, the remembered failure of the frame's question, proves nothing any more. */
bool recover_is_over(struct query *q, struct frame *f, const struct cache_entry *e);

/* The silent server to name in the failure of the frame's question; `last` is the failure before it in a row, or NULL.
 * Its len is 0 when silence was not the cause: a server that has replied since `last` and failed the question again
 * drops just this one. */
struct addr recover_suspect(struct query *q, struct frame *f, const struct cache_entry *last);

/* The most packets that query_probes gives at once. */
#define RECOVER_PROBES_MAX 16

/* After an answer with `is_remembered`: probes of the servers whose silence it remembers, those that are due. A
 * reply is told with servers_replied; silence means nothing new. Valid until query_free. */
unsigned query_probes(struct query *q, uint64_t now, struct send out[RECOVER_PROBES_MAX]);

#endif
