#include "resolver/iterate/cut.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/servers.h"

/* An NS set may name far more servers than are used: only this many times the limit are looked at. */
enum { NAMES_SEEN = 2 };

const uint8_t *ns_target(const struct rdata_view *rdata)
{
    return rdata->bytes;
}

static int reserve(struct cut *c, const uint8_t *zone, enum cut_source source, const struct policy *p, struct arena *a)
{
    unsigned servers = limit_get(&p->limits, servers);
    unsigned addresses = limit_get(&p->limits, addresses);
    *c = (struct cut){.zone = zone, .source = source, .target_max = servers * addresses};
    c->servers = arena_room(a, servers * sizeof(*c->servers));
    c->targets = arena_room(a, c->target_max * sizeof(*c->targets));
    return c->servers == NULL || c->targets == NULL ? FAIL_LIMIT : FAIL_NONE;
}

static void add_address(struct cut *c, struct nameserver *server, const struct addr *address, struct resolver *r)
{
    if (cut_find_target(c, address) != NULL) {
        return;
    }
    if (server->addresses >= limit_get(&r->policy->limits, addresses) || c->target_count >= c->target_max) {
        r->limit_hits[LIMIT_ID_addresses]++;
        return;
    }
    c->targets[c->target_count++] = (struct target){.addr = *address, .place = servers_place(r->servers, address)};
    server->addresses++;
}

unsigned cut_add_addresses(struct cut *c, unsigned index, const struct rrset *set, struct resolver *r)
{
    uint16_t port = r->policy->upstream_port;
    uint16_t size = set->type == TYPE_A ? 4 : 16;
    unsigned before = c->target_count;
    struct rdata_view rdata;
    for (size_t at = 0; rdatas_next(&set->data, &at, &rdata);) {
        if (rdata.len == size) {
            struct addr address = size == 4 ? addr_v4(rdata.bytes, port) : addr_v6(rdata.bytes, port);
            add_address(c, &c->servers[index], &address, r);
        }
    }
    return c->target_count - before;
}

static bool has_name(const struct cut *c, const uint8_t *name)
{
    for (unsigned i = 0; i < c->server_count; i++) {
        if (name_equal(c->servers[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* Adds the servers of the set that have addresses in `glue`, or those that have none; returns how many are not so. */
static unsigned add_servers(struct cut *c, const struct rrset *ns, struct rrset *glue, bool with_address,
                            struct resolver *r)
{
    unsigned max = limit_get(&r->policy->limits, servers);
    unsigned seen = 0;
    unsigned others = 0;
    struct rdata_view rdata;
    for (size_t at = 0; c->server_count < max && seen < max * NAMES_SEEN && rdatas_next(&ns->data, &at, &rdata);
         seen++) {
        const uint8_t *name = ns_target(&rdata);
        const struct rrset *a = rrset_find(glue, name, TYPE_A);
        const struct rrset *aaaa = rrset_find(glue, name, TYPE_AAAA);
        if ((a != NULL || aaaa != NULL) != with_address) {
            others++;
            continue;
        }
        if (has_name(c, name)) {
            continue;
        }
        c->servers[c->server_count++] = (struct nameserver){.name = name};
        if (a != NULL) {
            cut_add_addresses(c, c->server_count - 1, a, r);
        }
        if (aaaa != NULL) {
            cut_add_addresses(c, c->server_count - 1, aaaa, r);
        }
    }
    return others;
}

int cut_from_set(struct cut *c, enum cut_source source, const struct rrset *ns, struct rrset *glue, struct resolver *r,
                 struct arena *a)
{
    if (reserve(c, ns->owner, source, r->policy, a) != FAIL_NONE) {
        return FAIL_LIMIT;
    }
    c->is_signed = rrset_find(glue, ns->owner, TYPE_DS) != NULL;
    if (add_servers(c, ns, glue, true, r) > 0) {
        add_servers(c, ns, glue, false, r);
    }
    r->limit_hits[LIMIT_ID_servers] += ns->data.count > limit_get(&r->policy->limits, servers);
    return FAIL_NONE;
}

int cut_from_hints(struct cut *c, struct resolver *r, struct arena *a)
{
    const struct policy *p = r->policy;
    if (reserve(c, name_root, CUT_HINTS, p, a) != FAIL_NONE) {
        return FAIL_LIMIT;
    }
    unsigned max = limit_get(&p->limits, servers);
    r->limit_hits[LIMIT_ID_servers] += p->hint_count > max;
    for (unsigned i = 0; i < p->hint_count && i < max; i++) {
        struct nameserver *server = &c->servers[c->server_count++];
        *server = (struct nameserver){.name = p->hints[i].name};
        for (unsigned j = 0; j < p->hints[i].address_count; j++) {
            struct addr address = p->hints[i].addresses[j];
            address.port = p->upstream_port;
            add_address(c, server, &address, r);
        }
    }
    return FAIL_NONE;
}

int cut_from_route(struct cut *c, const struct route *route, struct resolver *r, struct arena *a)
{
    *c = (struct cut){.zone = route->zone, .source = route->is_forward ? CUT_FORWARD : CUT_STUB};
    c->targets = arena_take(a, route->to_count * sizeof(*c->targets));
    if (c->targets == NULL) {
        return FAIL_LIMIT;
    }
    for (unsigned i = 0; i < route->to_count; i++) {
        c->targets[i] = (struct target){.addr = route->to[i], .place = servers_place(r->servers, &route->to[i])};
    }
    c->target_count = c->target_max = route->to_count;
    return FAIL_NONE;
}

struct target *cut_find_target(struct cut *c, const struct addr *a)
{
    for (unsigned i = 0; i < c->target_count; i++) {
        if (addr_equal(&c->targets[i].addr, a)) {
            return &c->targets[i];
        }
    }
    return NULL;
}

void cut_avoid(struct cut *c, const struct addr *a)
{
    struct target *t = a->len != 0 ? cut_find_target(c, a) : NULL;
    if (t != NULL) {
        t->is_out = true;
    }
}

void cut_mark_failed(struct cut *c, struct cut *old)
{
    for (unsigned i = 0; old->zone != NULL && name_equal(c->zone, old->zone) && i < c->target_count; i++) {
        const struct target *before = cut_find_target(old, &c->targets[i].addr);
        c->targets[i].has_failed = before != NULL && before->is_out;
    }
}
