/* What a reply of a known kind does to the frame that asked: its answer, its next name, its next zone. */
#ifndef CAIRN_ITERATE_REPLY_H
#define CAIRN_ITERATE_REPLY_H

#include "resolver/dns/msg.h"
#include "resolver/iterate/classify.h"
#include "resolver/iterate/state.h"

/* Takes an ANSWER, ALIAS, NODATA or NXDOMAIN that a server of `zone` gave for f->name, and stores it. */
enum known reply_take(struct query *q, struct frame *f, const struct msg *m, const uint8_t *zone, enum reply_kind kind);

/* Stores what a server of f->cut says about the part of f->name that it was asked for (minimise.h); the frame goes on.
 */
void reply_note(struct query *q, struct frame *f, const struct msg *m, enum reply_kind kind);

/* After an alias that a forwarder told: takes what the same reply says about the target, if the same forwarders would
 * be asked for it; everything else is asked for anew. */
enum known reply_take_rest(struct query *q, struct frame *f);

/* Moves the walk to the zone a REFERRAL names. KNOWN_ANSWER: the frame ended, by a limit or because it may not go
 * there.
 */
enum known reply_refer(struct query *q, struct frame *f, const struct msg *m);

#endif
