#include "resolver/iterate/glueless.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/learn.h"
#include "resolver/iterate/servers.h"

enum {
    FAMILIES = 2,
    ZONES_ABOVE = 4 /* whose glue is looked through for one server */
};

static const uint16_t address_types[FAMILIES] = {TYPE_A, TYPE_AAAA};

static bool is_enabled(const struct query *q, unsigned family)
{
    return family == 0 ? q->resolver->policy->ipv4 : q->resolver->policy->ipv6;
}

static bool is_wanted(const struct query *q, const struct nameserver *server, unsigned family)
{
    return server->addresses == 0 && is_enabled(q, family) && !server->is_missing[family];
}

static void trace_no_address(struct query *q, const struct nameserver *server, unsigned family)
{
    trace_add(&q->trace, TRACE_NO_ADDRESS, server->name, address_types[family], q->now);
}

/* What the cache knows of one server's addresses, also that it has none, spares a frame. */
static unsigned take_cached(struct query *q, struct frame *f, unsigned index, unsigned family)
{
    struct nameserver *server = &f->cut.servers[index];
    const struct cache_entry *e = NULL;
    if (cache_find(q->resolver->cache, CACHE_ANSWER, server->name, address_types[family], q->now, 0, &q->arena, &e) !=
            FAIL_NONE ||
        e == NULL) {
        return 0;
    }
    server->is_missing[family] = true;
    if (e->is_negative || e->sets == NULL) {
        trace_no_address(q, server, family);
        return 0;
    }
    return cut_add_addresses(&f->cut, index, e->sets, q->resolver);
}

static bool search_cache(struct query *q, struct frame *f)
{
    unsigned found = 0;
    for (unsigned i = 0; i < f->cut.server_count * FAMILIES; i++) {
        unsigned index = i / FAMILIES;
        unsigned family = i % FAMILIES;
        if (is_wanted(q, &f->cut.servers[index], family)) {
            found += take_cached(q, f, index, family);
        }
    }
    return found > 0;
}

/* Looking for `name` while already looking for it is a circle. */
static bool is_circular(const struct frame *f, const uint8_t *name)
{
    for (const struct frame *g = f; g != NULL; g = g->parent) {
        bool is_address = g->type == TYPE_A || g->type == TYPE_AAAA;
        if (is_address && name_equal(g->name, name)) {
            return true;
        }
    }
    return false;
}

/* A server inside its own zone can only be known to the zone above, which should have said so. Asked in vain, it is
 * left alone for a minute. */
static bool may_ask_above(const struct query *q, const struct frame *f, const uint8_t *name)
{
    bool has_above = f->cut.source == CUT_CACHE || f->cut.source == CUT_REFERRAL;
    return has_above && !name_is_root(f->cut.zone) && !servers_is_vain(q->resolver->servers, name, q->now);
}

static bool may_seek(struct query *q, struct frame *f, const struct nameserver *server, bool is_inside)
{
    if (!is_circular(f, server->name) && (!is_inside || may_ask_above(q, f, server->name))) {
        return true;
    }
    f->is_starved = f->is_starved || !is_inside;
    return false;
}

/* Finds a server worth looking for: beginning with one chosen by chance, IPv6 addresses only of servers that have no
 * IPv4 address. */
static bool choose(struct query *q, struct frame *f, bool is_inside, unsigned *index, unsigned *family)
{
    unsigned count = f->cut.server_count;
    unsigned first = count > 1 ? q->resolver->random_below(q->resolver->random_ctx, count) : 0;
    for (unsigned i = 0; i < count * FAMILIES; i++) {
        *index = (first + i / FAMILIES) % count;
        *family = i % FAMILIES;
        struct nameserver *server = &f->cut.servers[*index];
        if (!is_wanted(q, server, *family) || name_is_under(server->name, f->cut.zone) != is_inside) {
            continue;
        }
        server->is_missing[*family] = true;
        if (may_seek(q, f, server, is_inside)) {
            return true;
        }
        trace_no_address(q, server, *family);
    }
    return false;
}

/* The limits are tested in the order in which they cost least. */
static bool may_look_up(struct query *q, const struct frame *f)
{
    const struct limits *limits = query_limits(q);
    enum limit_id broken = LIMIT_COUNT;
    if (f->cut.lookups >= limit_get(limits, glueless_per_referral)) {
        broken = LIMIT_ID_glueless_per_referral;
    } else if (f->lookups + 1 > limit_get(limits, depth)) {
        broken = LIMIT_ID_depth;
    } else if (q->used[LIMIT_ID_glueless_failures] >= limit_get(limits, glueless_failures)) {
        broken = LIMIT_ID_glueless_failures;
    } else {
        return query_spend(q, LIMIT_ID_glueless, 1);
    }
    query_hit_limit(q, broken);
    return false;
}

static enum search seek(struct query *q, struct frame *f, unsigned index, unsigned family, bool is_inside)
{
    struct nameserver *server = &f->cut.servers[index];
    if (!may_look_up(q, f)) {
        server->is_missing[family] = false;
        f->is_starved = true;
        return SEARCH_NONE;
    }
    f->cut.lookups++;
    f->server_awaited = index;
    trace_add(&q->trace, TRACE_NEED_ADDRESS, server->name, address_types[family], q->now);
    if (!frame_push(q, server->name, address_types[family])) {
        return SEARCH_NONE;
    }
    q->top->above = is_inside ? f->cut.zone : NULL;
    return SEARCH_FRAME;
}

enum search glueless_search(struct query *q, struct frame *f)
{
    unsigned index, family;
    if (search_cache(q, f)) {
        return SEARCH_FOUND;
    }
    if (choose(q, f, false, &index, &family)) {
        return seek(q, f, index, family, false);
    }
    return choose(q, f, true, &index, &family) ? seek(q, f, index, family, true) : SEARCH_NONE;
}

void glueless_found(struct query *q, struct frame *f, const struct frame *child)
{
    const uint8_t *name = f->cut.servers[f->server_awaited].name;
    unsigned found = 0;
    for (const struct rrset *set = child->sections[SECTION_ANSWER]; set != NULL; set = set->next) {
        if (child->outcome != OUTCOME_ANSWER || set->type != child->type) {
            continue;
        }
        found += cut_add_addresses(&f->cut, f->server_awaited, set, q->resolver);
        if (child->above != NULL) {
            learn_glue(q, f->cut.zone, name, set);
        }
    }
    if (found > 0) {
        return;
    }
    q->used[LIMIT_ID_glueless_failures]++;
    f->is_starved = f->is_starved || child->outcome == OUTCOME_LIMIT || child->outcome == OUTCOME_CROWDED;
    if (child->above != NULL) {
        servers_set_vain(q->resolver->servers, name, q->now);
    }
    trace_no_address(q, &f->cut.servers[f->server_awaited], child->type == TYPE_AAAA);
}

/* ---- When nothing else is left ---- */

static unsigned take_addresses(struct query *q, struct frame *f, unsigned index, struct rrset *list)
{
    unsigned found = 0;
    for (unsigned family = 0; family < FAMILIES; family++) {
        const struct rrset *set = rrset_find(list, f->cut.servers[index].name, address_types[family]);
        found += set != NULL ? cut_add_addresses(&f->cut, index, set, q->resolver) : 0;
    }
    return found;
}

/* The glue that a remembered delegation above the server's name has of it: its own zone may be broken where the server
 * itself is not. */
static unsigned take_glue(struct query *q, struct frame *f, unsigned index)
{
    const uint8_t *at = f->cut.servers[index].name;
    unsigned found = 0;
    for (unsigned i = 0; i < ZONES_ABOVE && found == 0 && !name_is_root(at); i++) {
        const struct cache_entry *e = NULL;
        int failed = cache_find_delegation(q->resolver->cache, at, q->now, &q->arena, &e);
        if (failed != FAIL_NONE || e == NULL || e->sets == NULL || name_is_root(e->name)) {
            return found;
        }
        found = take_addresses(q, f, index, e->sets);
        at = name_parent(e->name);
    }
    return found;
}

bool glueless_last_resort(struct query *q, struct frame *f)
{
    unsigned found = 0;
    if (f->cut.is_exhausted) {
        return false;
    }
    f->cut.is_exhausted = true;
    for (unsigned i = 0; i < f->cut.server_count; i++) {
        found += take_glue(q, f, i) + take_addresses(q, f, i, f->cut.foreign);
    }
    return found > 0;
}
