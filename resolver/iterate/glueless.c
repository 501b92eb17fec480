#include "resolver/iterate/glueless.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

enum { FAMILIES = 2 };

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

/* Looking for `name` while already looking for it, or in the very zone that cannot be entered without it, is a circle.
 */
static bool is_circular(const struct frame *f, const uint8_t *name)
{
    if (name_is_under(name, f->cut.zone)) {
        return true;
    }
    for (const struct frame *g = f; g != NULL; g = g->parent) {
        bool is_address = g->type == TYPE_A || g->type == TYPE_AAAA;
        if (is_address && name_equal(g->name, name)) {
            return true;
        }
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
    } else if (f->depth + 1 > limit_get(limits, depth)) {
        broken = LIMIT_ID_depth;
    } else if (q->used[LIMIT_ID_glueless_failures] >= limit_get(limits, glueless_failures)) {
        broken = LIMIT_ID_glueless_failures;
    } else {
        return query_spend(q, LIMIT_ID_glueless, 1);
    }
    query_hit_limit(q, broken);
    return false;
}

/* Begins with a server chosen by chance; IPv6 addresses only of servers that have no IPv4 address. */
enum search glueless_search(struct query *q, struct frame *f)
{
    unsigned count = f->cut.server_count;
    if (search_cache(q, f)) {
        return SEARCH_FOUND;
    }
    unsigned first = count > 1 ? q->resolver->random_below(q->resolver->random_ctx, count) : 0;
    for (unsigned i = 0; i < count * FAMILIES; i++) {
        unsigned index = (first + i / FAMILIES) % count;
        unsigned family = i % FAMILIES;
        struct nameserver *server = &f->cut.servers[index];
        if (!is_wanted(q, server, family)) {
            continue;
        }
        if (is_circular(f, server->name)) {
            server->is_missing[family] = true;
            f->is_starved = f->is_starved || !name_is_under(server->name, f->cut.zone);
            trace_no_address(q, server, family);
            continue;
        }
        if (!may_look_up(q, f)) {
            f->is_starved = true;
            return SEARCH_NONE;
        }
        server->is_missing[family] = true;
        f->cut.lookups++;
        f->server_awaited = index;
        trace_add(&q->trace, TRACE_NEED_ADDRESS, server->name, address_types[family], q->now);
        if (frame_push(q, server->name, address_types[family])) {
            return SEARCH_FRAME;
        }
        return SEARCH_NONE;
    }
    return SEARCH_NONE;
}

void glueless_found(struct query *q, struct frame *f, const struct frame *child)
{
    unsigned found = 0;
    for (const struct rrset *set = child->sections[SECTION_ANSWER]; set != NULL; set = set->next) {
        if (child->outcome == OUTCOME_ANSWER && set->type == child->type) {
            found += cut_add_addresses(&f->cut, f->server_awaited, set, q->resolver);
        }
    }
    if (found == 0) {
        q->used[LIMIT_ID_glueless_failures]++;
        f->is_starved = f->is_starved || child->outcome == OUTCOME_LIMIT || child->outcome == OUTCOME_CROWDED;
        trace_no_address(q, &f->cut.servers[f->server_awaited], child->type == TYPE_AAAA);
    }
}
