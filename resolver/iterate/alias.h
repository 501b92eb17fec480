/* One link of an alias chain: a CNAME at the name asked, or a DNAME above it. */
#ifndef CAIRN_ITERATE_ALIAS_H
#define CAIRN_ITERATE_ALIAS_H

#include "resolver/iterate/state.h"

/* Each returns KNOWN_ALIAS when the frame moved on, or KNOWN_ANSWER when it ended: the link itself was asked for, is
 * one too many or circular, or the new name is too long (YXDOMAIN, RFC 6672 2.2). */

/* Appends `link` to the answer, a CNAME of f->name or a DNAME above it with the CNAME it stands for (RFC 6672 3.1), and
 * what follows it in its list, the proofs that a wildcard made it, to the authority. Moves the frame to the target. */
enum known alias_follow(struct query *q, struct frame *f, const struct rrset *link);

/* Moves the frame to `target`; for chains whose sets are in the answer already. */
enum known alias_move(struct query *q, struct frame *f, const uint8_t *target);

/* Appends a shallow copy of `set` to a section of the frame's answer. False: the arena is full and the frame failed. */
bool answer_append(struct query *q, struct frame *f, enum section section, const struct rrset *set);

/* Likewise for each set of a list that is not there yet: links of a chain may share a proof. */
bool answer_append_all(struct query *q, struct frame *f, enum section section, const struct rrset *sets);

#endif
