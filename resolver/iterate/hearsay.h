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

/* Keeps a reply that denies without authority and SOA, for when no server of the zone says more: it is a
 * denial (RFC 2308 2.1, 2.2), but so do servers reply that do not know the zone. Others are nothing to keep. */
void hearsay_keep_bare(struct query *q, struct frame *f, const struct msg *m);

/* Whether the second opinion was asked for and brought nothing. */
bool hearsay_is_all(const struct frame *f);

/* After a referral: what servers further up said counts no more, but when it leads back to the zone that was left
 * because its servers disown it, their last resort does. */
void hearsay_leave(struct frame *f);

/* Takes what was kept, if anything; KNOWN_NOTHING: nothing was. */
enum known hearsay_take(struct query *q, struct frame *f);

#endif
