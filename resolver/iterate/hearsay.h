/* Answers that are believed only for want of better: without the authority bit from a server that should have it, or
 * negative without SOA. Such a server is perhaps a resolver that was left in the delegation, or serves nothing but an
 * empty zone, and another one of the zone is asked for a second opinion, one for each question. */
#ifndef CAIRN_ITERATE_HEARSAY_H
#define CAIRN_ITERATE_HEARSAY_H

#include "resolver/dns/msg.h"
#include "resolver/iterate/classify.h"
#include "resolver/iterate/state.h"

/* Keeps what `t` said, an answer of any kind, and rules `t` out, when that is hearsay and another server is there to be
 * asked. False: the answer is to be taken. */
bool hearsay_keep(struct query *q, struct frame *f, const struct msg *m, struct target *t, enum reply_kind kind);

/* Whether the second opinion was asked for and brought nothing. */
bool hearsay_is_all(const struct frame *f);

/* Takes what was kept, if anything; KNOWN_NOTHING: nothing was. */
enum known hearsay_take(struct query *q, struct frame *f);

#endif
