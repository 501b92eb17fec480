/* The copy of the root zone in place of the root's servers (RFC 8806). */
#ifndef CAIRN_ITERATE_LOCAL_ROOT_H
#define CAIRN_ITERATE_LOCAL_ROOT_H

#include "resolver/iterate/state.h"

/* When the walk stands at the root and the policy has a copy that is not too old: takes what the copy says, as a reply.
 * KNOWN_NOTHING: the walk goes on where it stands now, at the root or at the zone that the copy referred to. */
enum known local_root_ask(struct query *q, struct frame *f);

#endif
