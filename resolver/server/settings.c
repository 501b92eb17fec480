#include "resolver/server/settings.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/base/clock.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/hints.h"
#include "resolver/iterate/routes.h"
#include "resolver/validate/ds.h"

enum {
    TCP_WRITE_BUFFER = 256 * 1024, /* a few of the largest answers */
    ANCHORS_MAX = 8 << 20          /* octets of as many as a configuration may have */
};

static unsigned add_routes(struct route *out, const struct config_targets *targets, bool is_forward)
{
    for (unsigned i = 0; i < targets->count; i++) {
        const struct config_target *t = &targets->items[i];
        out[i] = (struct route){
            .zone = t->zone, .to = t->to.items, .to_count = t->to.count, .is_forward = is_forward, .dnssec = t->dnssec};
    }
    return targets->count;
}

/* Where the root itself is routed, its hints are of no use, and neither is priming. */
static void make_routes(struct settings *s)
{
    const struct config *c = s->config;
    unsigned count = c->forward.count + c->stub.count;
    if (count == 0) {
        return;
    }
    s->routes = calloc(count, sizeof(*s->routes));
    if (s->routes == NULL) {
        abort();
    }
    count = add_routes(s->routes, &c->forward, true);
    count += add_routes(s->routes + count, &c->stub, false);
    routes_sort(s->routes, count);
    s->policy.routes = s->routes;
    s->policy.route_count = count;
    if (route_is_apex(&s->policy, name_root)) {
        s->policy.hint_count = 0;
    }
}

/* ---- Trust anchors ---- */

/* What vouches for the key: itself, or what a parent would say of it. */
static struct rdata_view ds_of(const struct config_anchor *anchor, struct arena *a)
{
    if (anchor->type == TYPE_DS) {
        return anchor->rdata;
    }
    uint8_t *ds = arena_take(a, DS_SIZE);
    if (ds == NULL || ds_from_key(anchor->zone, anchor->rdata, ds) != DS_SIZE) {
        abort();
    }
    return (struct rdata_view){ds, DS_SIZE};
}

static void make_anchors(struct settings *s)
{
    const struct config_anchors *from = &s->config->dnssec.trust_anchors;
    const struct config_names *negative = &s->config->dnssec.negative_trust_anchors;
    unsigned count;
    const struct anchor_record *builtin = anchors_builtin(&count);
    count = from->builtin ? count : 0;
    struct anchor_record *records = arena_take(&s->memory, (count + from->count) * sizeof(*records));
    if (records == NULL) {
        abort();
    }
    memcpy(records, builtin, count * sizeof(*records));
    for (unsigned i = 0; i < from->count; i++) {
        records[count++] = (struct anchor_record){from->items[i].zone, ds_of(&from->items[i], &s->memory)};
    }
    if (anchors_make(records, count, negative->items, negative->count, &s->memory, &s->policy.anchors) != FAIL_NONE) {
        abort();
    }
}

/* ---- Whole ---- */

static struct policy make_policy(const struct config *c)
{
    struct policy p = {.hints = c->recursion.hints,
                       .hint_count = c->recursion.hint_count,
                       .ipv4 = c->recursion.ipv4,
                       .ipv6 = c->recursion.ipv6,
                       .special_use = c->recursion.special_use_zones,
                       .qname_minimisation = c->recursion.qname_minimisation,
                       .upstream_port = (uint16_t)c->recursion.upstream_port,
                       .edns_size = (uint16_t)c->recursion.edns_buffer_size,
                       .allowed = c->recursion.allow_upstream.items,
                       .allowed_count = c->recursion.allow_upstream.count,
                       .private_nets = c->recursion.private_address.items,
                       .private_count = c->recursion.private_address.count,
                       .own = c->server.listen.items,
                       .own_count = c->server.listen.count,
                       .prefetch = c->cache.prefetch,
                       .aggressive_nsec = c->cache.aggressive_nsec,
                       .stale = {.is_on = c->cache.serve_stale.enabled,
                                 .window_ms = 1000ull * c->cache.serve_stale.window_s,
                                 .client_ms = c->cache.serve_stale.client_timeout_ms,
                                 .ttl = c->cache.serve_stale.ttl_s},
                       .validation = c->dnssec.validation,
                       .accept_sha1 = c->dnssec.accept_sha1,
                       .signature_skew = c->dnssec.signature_skew_s,
                       .limits = c->limits};
    if (c->recursion.root_hints == CONFIG_HINTS_BUILTIN) {
        p.hints = hints_builtin(&p.hint_count);
    }
    return p;
}

static struct settings *new_settings(void)
{
    struct settings *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        abort();
    }
    arena_init(&s->memory, ANCHORS_MAX);
    atomic_init(&s->users, 1);
    return s;
}

struct settings *settings_new(struct config *config, struct zone_set *zones)
{
    struct settings *s = new_settings();
    const struct limits *l = &config->limits;
    const char *identity = config->server.identity;
    s->config = config;
    s->zones = zones;
    s->policy = make_policy(config);
    make_routes(s);
    make_anchors(s);
    s->cache = (struct cache_policy){.min_ttl = config->cache.min_ttl_s,
                                     .max_ttl = config->cache.max_ttl_s,
                                     .min_negative_ttl = config->cache.min_negative_ttl_s,
                                     .max_negative_ttl = config->cache.max_negative_ttl_s,
                                     .max_entry_size = (uint32_t)config->cache.max_entry_size,
                                     .max_records = (uint16_t)limit_get(l, records)};
    s->upstream = (struct upstream_settings){.case_randomisation = config->recursion.case_randomisation,
                                             .edns_size = (uint16_t)config->recursion.edns_buffer_size};
    s->tcp = (struct tcp_settings){.connections = limit_get(l, tcp_clients),
                                   .connections_per_client = limit_get(l, tcp_clients_per_address),
                                   .pipeline = limit_get(l, tcp_pipeline),
                                   .message_ms = limit_get(l, tcp_first_ms),
                                   .idle_ms = limit_get(l, tcp_idle_ms),
                                   .idle_busy_ms = limit_get(l, tcp_idle_busy_ms),
                                   .write_buffer = TCP_WRITE_BUFFER};
    s->responder.recursion_available = true;
    if (identity[0] != '\0') {
        s->responder.nsid = (const uint8_t *)identity;
        s->responder.nsid_len = (uint16_t)strlen(identity);
    }
    uint8_t secret[CONFIG_SECRET_SIZE];
    cookie_secrets_init(&s->cookies, config_secret(config->server.cookie_secret, secret) ? secret : NULL);
    s->loaded_at = clock_now();
    return s;
}

/* The same but for the anchors, which are those of the configuration. */
static struct settings *derive(struct settings *s)
{
    struct settings *next = new_settings();
    next->base = s->base != NULL ? s->base : s;
    settings_take(next->base);
    next->config = s->config;
    next->zones = s->zones;
    next->routes = s->routes;
    next->policy = s->policy;
    next->cache = s->cache;
    next->upstream = s->upstream;
    next->tcp = s->tcp;
    next->responder = s->responder;
    next->cookies = s->cookies;
    next->loaded_at = s->loaded_at;
    next->policy.anchors = next->base->policy.anchors;
    next->root_copy = s->root_copy != NULL ? copy_hold(s->root_copy) : NULL;
    return next;
}

struct settings *settings_with_root_copy(struct settings *s, struct zone_copy *copy, uint64_t until)
{
    struct settings *next = derive(s);
    copy_release(next->root_copy);
    next->root_copy = copy != NULL ? copy_hold(copy) : NULL;
    next->policy.root_copy = copy;
    next->policy.root_copy_until = until;
    return next;
}

struct settings *settings_with_anchors(struct settings *s, const struct anchor_record *records, unsigned count,
                                       const uint8_t *const *negative, unsigned negative_count)
{
    struct settings *next = derive(s);
    if (anchors_make(records, count, negative, negative_count, &next->memory, &next->policy.anchors) != FAIL_NONE) {
        abort();
    }
    return next;
}

void settings_follow(struct settings *s, const struct settings *before)
{
    cookie_secrets_follow(&s->cookies, &before->cookies);
}

void settings_take(struct settings *s)
{
    atomic_fetch_add(&s->users, 1);
}

void settings_drop(struct settings *s)
{
    if (s == NULL || atomic_fetch_sub(&s->users, 1) != 1) {
        return;
    }
    if (s->base != NULL) {
        settings_drop(s->base);
    } else {
        zone_set_free(s->zones);
        free(s->routes);
        config_free(s->config);
    }
    copy_release(s->root_copy);
    arena_fini(&s->memory);
    free(s);
}

bool settings_allow(const struct settings *s, const struct addr *peer)
{
    const struct config_nets *nets = &s->config->server.allow;
    for (unsigned i = 0; i < nets->count; i++) {
        if (addr_net_has(&nets->items[i], peer)) {
            return true;
        }
    }
    return false;
}
