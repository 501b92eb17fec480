/* Zones that are asked of given servers instead of being walked to: forwarders, which resolve for us (recursion
 * desired), and stubs, whose servers stand in place of the zone's public delegation. */
#ifndef CAIRN_ITERATE_ROUTES_H
#define CAIRN_ITERATE_ROUTES_H

#include "resolver/iterate/query.h"

/* Sorts a table for route_find. No two routes may be of one zone. */
void routes_sort(struct route *routes, unsigned count);

/* The route of the deepest zone at or above `name`, or NULL. */
const struct route *route_find(const struct policy *p, const uint8_t *name);

/* The route that leads to an answer for (name, type), or NULL. The DS of a routed zone itself is asked at its parent
 * (RFC 4035 3.1.4.1). */
const struct route *route_for(const struct policy *p, const uint8_t *name, uint16_t type);

/* True when the policy has a route of just that zone. */
bool route_is_apex(const struct policy *p, const uint8_t *name);

/* Whether special-use names (special.h) may answer (name, type): they are on, and no route says on purpose who knows
 * the name; one for all names says nothing of these. */
bool route_leaves_special_use(const struct policy *p, const uint8_t *name, uint16_t type);

#endif
