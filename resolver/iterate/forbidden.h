/* Addresses that a name server on the public Internet cannot have: asking there would turn the resolver against its own
 * network or itself. */
#ifndef CAIRN_ITERATE_FORBIDDEN_H
#define CAIRN_ITERATE_FORBIDDEN_H

#include <stdbool.h>

#include "resolver/iterate/query.h"

/* True for unspecified, loopback, private (RFC 1918, RFC 6598, RFC 4193), link-local, multicast, reserved and
 * IPv4-mapped addresses and for our own listeners, unless the policy opens their network. */
bool address_is_forbidden(const struct policy *p, const struct addr *a);

#endif
