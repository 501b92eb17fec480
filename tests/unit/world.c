#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "resolver/dns/type.h"
#include "resolver/iterate/servers.h"

static const struct addr roots[WORLD_SERVERS] = {{.octets = {192, 0, 2, 1}, .len = 4},
                                                 {.octets = {192, 0, 2, 2}, .len = 4},
                                                 {.octets = {192, 0, 2, 3}, .len = 4},
                                                 {.octets = {192, 0, 2, 4}, .len = 4}};
static const struct cache_policy cache_policy = {
    .max_ttl = 86400, .max_negative_ttl = 3600, .max_entry_size = 16384, .max_records = 100};

uint32_t world_random_below(void *world, uint32_t bound)
{
    struct world *w = world;
    w->chance = w->chance * 1664525u + 1013904223u;
    return (w->chance >> 8) % bound;
}

void world_begin(struct world *w, unsigned servers, uint32_t rtt_ms)
{
    *w = (struct world){.chance = 7, .now = 1000000};
    w->hint = (struct hint){.name = (const uint8_t *)"\2ns\4root", .addresses = roots, .address_count = servers};
    w->policy = (struct policy){.hints = &w->hint, .hint_count = 1, .ipv4 = true, .upstream_port = 53};
    w->policy.limits = limits_default;
    w->memory = memory_new();
    w->cache = (struct cache_view){.backend = memory_backend(w->memory), .policy = &cache_policy};
    w->resolver = (struct resolver){.policy = &w->policy, .cache = &w->cache, .servers = servers_new(64)};
    w->resolver.random_below = world_random_below;
    w->resolver.random_ctx = w;
    for (unsigned i = 0; i < WORLD_SERVERS; i++) {
        w->servers[i].rtt_ms = rtt_ms;
    }
    assert_non_null(w->memory);
    assert_non_null(w->resolver.servers);
}

void world_end(struct world *w)
{
    resolver_drain(&w->resolver);
    servers_free(w->resolver.servers);
    memory_free(w->memory);
}

static size_t write_answer(const struct send *s, uint8_t *out, size_t size)
{
    static struct msg_writer m;
    static const uint8_t address[] = {192, 0, 2, 77};
    uint8_t packed[8];
    struct question q = {.name = s->name, .type = s->type, .class = CLASS_IN};
    struct rrset set = {.owner = s->name, .type = TYPE_A, .ttl = WORLD_TTL};
    set.data = (struct rdatas){.bytes = packed, .len = (uint32_t)rdatas_pack(packed, address, 4), .count = 1};
    msg_begin(&m, out, size, 1, MSG_QR | MSG_AA, &q);
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, &set, true), FAIL_NONE);
    return msg_finish(&m, false);
}

struct world_server *world_server_of(struct world *w, const struct send *s)
{
    return &w->servers[s->server.octets[3] - 1];
}

static struct query_event serve(struct world *w, const struct send *s, uint64_t *took)
{
    static uint8_t bytes[512];
    const struct world_server *server = world_server_of(w, s);
    struct query_event ev = {.kind = EVENT_REPLY, .server = s->server, .over_tcp = s->use_tcp, .bytes = bytes};
    bool is_lost = server->loses_one_in > 0 && world_random_below(w, server->loses_one_in) == 0;
    ev.len = write_answer(s, bytes, sizeof(bytes));
    ev.rtt_us = server->rtt_ms * 1000;
    if (is_lost || server->is_silent || server->rtt_ms > s->timeout_ms) {
        ev.kind = EVENT_TIMEOUT;
    }
    *took = ev.kind == EVENT_TIMEOUT ? s->timeout_ms : server->rtt_ms;
    return ev;
}

struct query_event world_serve(struct world *w, const struct send *s, uint64_t *took)
{
    world_server_of(w, s)->asked++;
    return serve(w, s, took);
}

void world_serve_beside(struct world *w, const struct send *s)
{
    uint64_t took;
    world_server_of(w, s)->beside++;
    struct query_event ev = serve(w, s, &took);
    servers_tried(w->resolver.servers, &s->server, ev.kind == EVENT_REPLY, ev.rtt_us, w->now + took);
}
