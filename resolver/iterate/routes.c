#include "resolver/iterate/routes.h"

#include <stdlib.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

static int compare_zones(const void *a, const void *b)
{
    const struct route *first = a, *second = b;
    return name_compare(first->zone, second->zone);
}

void routes_sort(struct route *routes, unsigned count)
{
    if (count > 1) {
        qsort(routes, count, sizeof(*routes), compare_zones);
    }
}

static const struct route *find_zone(const struct policy *p, const uint8_t *zone)
{
    const struct route key = {.zone = zone};
    return bsearch(&key, p->routes, p->route_count, sizeof(key), compare_zones);
}

const struct route *route_find(const struct policy *p, const uint8_t *name)
{
    if (p->route_count == 0) {
        return NULL;
    }
    const struct route *route = find_zone(p, name);
    while (route == NULL && !name_is_root(name)) {
        name = name_parent(name);
        route = find_zone(p, name);
    }
    return route;
}

const struct route *route_for(const struct policy *p, const uint8_t *name, uint16_t type)
{
    return route_find(p, type == TYPE_DS ? name_parent(name) : name);
}

bool route_is_apex(const struct policy *p, const uint8_t *name)
{
    return p->route_count > 0 && find_zone(p, name) != NULL;
}

bool route_leaves_special_use(const struct policy *p, const uint8_t *name, uint16_t type)
{
    const struct route *route = p->special_use ? route_for(p, name, type) : NULL;
    return p->special_use && (route == NULL || name_is_root(route->zone));
}
