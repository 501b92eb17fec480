/* An outage of all servers for ten minutes, and their return, on a clock that is wound by hand. */
#include "resolver/iterate/recover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/type.h"
#include "resolver/iterate/servers.h"
#include "world.h"

enum {
    NAMES = 6,
    KNOWN = 4, /* of them, these were asked for before the outage */
    STEP_MS = 50,
    ASK_MS = 1000, /* each name is asked for once a second */
    OUTAGE_MS = 600000,
    SETTLED_MS = 30000, /* from the first failures on */
    RETURN_MS = 5000,
    REFRESH_MS = 30000
};

/* One name: who asks for it, and the walk that goes on for it. */
struct asked {
    uint8_t name[8];
    struct query *walk; /* NULL: none */
    uint64_t began, due;
    bool is_answered;
    struct query_event event; /* that comes when due */
    uint8_t bytes[512];
    unsigned packets;  /* since it was set to 0 */
    uint64_t fresh_at; /* last answer that is neither old nor a failure */
    unsigned rcode;    /* of the last answer */
};

struct outage {
    struct world world;
    struct asked names[NAMES];
    unsigned probes[WORLD_SERVERS];
};

static const struct query_event start = {.kind = EVENT_START};

static void note_answer(struct outage *o, struct asked *n, const struct answer *a)
{
    n->is_answered = true;
    n->rcode = a->rcode;
    if (a->rcode == RCODE_NOERROR && !a->is_stale) {
        n->fresh_at = o->world.now;
    }
}

static void send_probes(struct outage *o, struct query *q)
{
    struct send sends[RECOVER_PROBES_MAX];
    unsigned count = query_answer(q)->is_remembered ? query_probes(q, o->world.now, sends) : 0;
    for (unsigned i = 0; i < count; i++) {
        const struct world_server *server = world_server_of(&o->world, &sends[i]);
        o->probes[server - o->world.servers]++;
        if (!server->is_silent) {
            servers_replied(o->world.resolver.servers, &sends[i].server, server->rtt_ms * 1000, false, o->world.now);
        }
    }
}

static void go_on(struct outage *o, struct asked *n, const struct query_event *ev)
{
    if (query_step(n->walk, ev, o->world.now) == WANT_SEND) {
        uint64_t took;
        n->event = world_serve(&o->world, query_send(n->walk), &took);
        memcpy(n->bytes, n->event.bytes, n->event.len);
        n->event.bytes = n->bytes;
        n->due = o->world.now + took;
        n->packets++;
        return;
    }
    if (!n->is_answered) {
        note_answer(o, n, query_answer(n->walk));
    }
    send_probes(o, n->walk);
    query_free(n->walk);
    n->walk = NULL;
}

/* Clients who ask meanwhile wait with the first. */
static void ask(struct outage *o, struct asked *n)
{
    if (n->walk == NULL) {
        n->walk = query_new(&o->world.resolver, n->name, TYPE_A, 0, o->world.now);
        n->began = o->world.now;
        n->is_answered = false;
        go_on(o, n, &start);
    }
}

/* After 1.8 s what has expired is served, after 3.5 s a failure. */
static void lose_patience(struct outage *o, struct asked *n)
{
    if (n->walk == NULL || n->is_answered || o->world.now < n->began + o->world.policy.stale.client_ms) {
        return;
    }
    const struct answer *stale = query_stale_answer(n->walk, o->world.now);
    bool was_known = n < &o->names[KNOWN];
    assert_int_equal(stale != NULL, was_known);
    if (stale != NULL) {
        note_answer(o, n, stale);
    } else if (o->world.now >= n->began + 3500) {
        n->is_answered = true;
        n->rcode = RCODE_SERVFAIL;
    }
}

static void pass(struct outage *o, uint64_t ms)
{
    for (uint64_t end = o->world.now + ms; o->world.now < end; o->world.now += STEP_MS) {
        for (unsigned i = 0; i < NAMES; i++) {
            struct asked *n = &o->names[i];
            if (n->walk != NULL && n->due <= o->world.now) {
                struct query_event ev = n->event;
                go_on(o, n, &ev);
            }
            if (o->world.now / STEP_MS % (ASK_MS / STEP_MS) == i) {
                ask(o, n);
            }
            lose_patience(o, n);
        }
    }
}

static void begin(struct outage *o, unsigned servers)
{
    *o = (struct outage){0};
    world_begin(&o->world, servers, 20);
    o->world.policy.stale = (struct stale_policy){.is_on = true, .window_ms = 86400000, .client_ms = 1800, .ttl = 30};
    for (unsigned i = 0; i < NAMES; i++) {
        memcpy(o->names[i].name, "\1a\4test", 8);
        o->names[i].name[1] = (uint8_t)('a' + i);
    }
    for (unsigned i = 0; i < KNOWN; i++) {
        ask(o, &o->names[i]);
        while (o->names[i].walk != NULL) {
            o->world.now = o->names[i].due;
            struct query_event ev = o->names[i].event;
            go_on(o, &o->names[i], &ev);
        }
    }
}

static void end(struct outage *o)
{
    for (unsigned i = 0; i < NAMES; i++) {
        query_free(o->names[i].walk);
    }
    world_end(&o->world);
}

static void check(unsigned servers)
{
    static struct outage o;
    begin(&o, servers);
    for (unsigned i = 0; i < servers; i++) {
        o.world.servers[i].is_silent = true;
    }
    pass(&o, 1000ull * WORLD_TTL + SETTLED_MS);
    for (unsigned i = 0; i < NAMES; i++) {
        o.names[i].packets = 0;
    }
    memset(o.probes, 0, sizeof(o.probes));
    pass(&o, OUTAGE_MS);
    for (unsigned i = 0; i < NAMES; i++) {
        assert_int_equal(o.names[i].rcode, i < KNOWN ? RCODE_NOERROR : RCODE_SERVFAIL);
        assert_in_range(o.names[i].packets, 0, servers * (OUTAGE_MS / REFRESH_MS));
    }
    for (unsigned i = 0; i < servers; i++) {
        assert_in_range(o.probes[i], OUTAGE_MS / 5000, OUTAGE_MS / 2000);
        o.world.servers[i].is_silent = false;
    }
    uint64_t back = o.world.now;
    pass(&o, RETURN_MS);
    for (unsigned i = 0; i < NAMES; i++) {
        assert_int_equal(o.names[i].rcode, RCODE_NOERROR);
        assert_true(o.names[i].fresh_at >= back);
    }
    end(&o);
}

static void an_outage_of_the_only_server(void **state)
{
    (void)state;
    check(1);
}

static void an_outage_of_four_servers(void **state)
{
    (void)state;
    check(4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outage_of_the_only_server),
        cmocka_unit_test(an_outage_of_four_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
