/* One link of an alias chain: a CNAME at the name asked, or a DNAME above it. */
#ifndef CAIRN_ITERATE_ALIAS_H
#define CAIRN_ITERATE_ALIAS_H

#include "resolver/iterate/state.h"

/* Each returns KNOWN_ALIAS when the frame moved on, or KNOWN_ANSWER when it ended: the link itself was asked for, is
 * one too many or circular, or the new name is too long (YXDOMAIN, RFC 6672 2.2). */

/* Appends `cname`, whose owner is f->name, to the answer and moves the frame to its target. */
enum known alias_follow_cname(struct query *q, struct frame *f, const struct rrset *cname);

/* Appends `dname` and the CNAME it stands for at f->name (RFC 6672 3.1), and moves the frame to its target. */
enum known alias_follow_dname(struct query *q, struct frame *f, const struct rrset *dname);

/* Moves the frame to `target`; for chains whose sets are in the answer already. */
enum known alias_move(struct query *q, struct frame *f, const uint8_t *target);

/* Appends a shallow copy of `set` to a section of the frame's answer. False: the arena is full and the frame failed. */
bool answer_append(struct query *q, struct frame *f, enum section section, const struct rrset *set);

#endif
