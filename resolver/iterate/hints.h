/* The root's name servers and their addresses, built in: where a walk begins while nothing better is known (RFC 9609).
 */
#ifndef CAIRN_ITERATE_HINTS_H
#define CAIRN_ITERATE_HINTS_H

#include "resolver/iterate/query.h"

/* The thirteen servers of the public root with their IPv4 and IPv6 addresses; constant. */
const struct hint *hints_builtin(unsigned *count);

#endif
