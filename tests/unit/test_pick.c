/* Which server gets the questions, by chance and by what is known: four of them, a thousand questions, on a clock of
 * their own. */
#include "resolver/iterate/pick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cache/memory.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/servers.h"

#define WWW ((const uint8_t *)"\3www\4test")

static const struct addr roots[] = {{.octets = {192, 0, 2, 1}, .len = 4},
                                    {.octets = {192, 0, 2, 2}, .len = 4},
                                    {.octets = {192, 0, 2, 3}, .len = 4},
                                    {.octets = {192, 0, 2, 4}, .len = 4}};
static const struct hint hint = {.name = (const uint8_t *)"\2ns\4root", .addresses = roots, .address_count = 4};
static const struct cache_policy cache_policy = {
    .max_ttl = 86400, .max_negative_ttl = 3600, .max_entry_size = 16384, .max_records = 100};
static const struct query_event start = {.kind = EVENT_START};

struct fixture {
    struct policy policy;
    struct memory *memory;
    struct cache_view cache;
    struct resolver resolver;
    uint32_t chance;
    uint64_t now;
    uint8_t bytes[1024];
};

static uint32_t random_below(void *ctx, uint32_t bound)
{
    struct fixture *f = ctx;
    f->chance = f->chance * 1664525u + 1013904223u;
    return (f->chance >> 8) % bound;
}

static int set_up(void **state)
{
    static struct fixture f;
    f = (struct fixture){.chance = 7, .now = 1000000};
    f.policy = (struct policy){.hints = &hint, .hint_count = 1, .ipv4 = true, .upstream_port = 53};
    f.policy.limits = limits_default;
    f.memory = memory_new();
    f.cache = (struct cache_view){.backend = memory_backend(f.memory), .policy = &cache_policy};
    f.resolver = (struct resolver){.policy = &f.policy, .cache = &f.cache, .servers = servers_new(64)};
    f.resolver.random_below = random_below;
    f.resolver.random_ctx = &f;
    *state = &f;
    return f.memory == NULL;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    resolver_drain(&f->resolver);
    servers_free(f->resolver.servers);
    memory_free(f->memory);
    return 0;
}

static size_t write_answer(struct fixture *f, const struct send *s)
{
    static struct msg_writer m;
    static const uint8_t address[] = {192, 0, 2, 77};
    uint8_t packed[8];
    struct question q = {.name = s->name, .type = s->type, .class = CLASS_IN};
    struct rrset set = {.owner = s->name, .type = TYPE_A, .ttl = 300};
    set.data = (struct rdatas){.bytes = packed, .len = (uint32_t)rdatas_pack(packed, address, 4), .count = 1};
    msg_begin(&m, f->bytes, sizeof(f->bytes), 1, MSG_QR | MSG_AA, &q);
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, &set, true), FAIL_NONE);
    return msg_finish(&m, false);
}

/* How a server of the root does: its round-trip time, and of how many packets it loses one. */
struct manner {
    uint32_t rtt_ms;
    unsigned loses_one_in; /* 0: none */
    unsigned asked, beside;
};

static struct query_event serve(struct fixture *f, struct manner *manners, const struct send *s, uint64_t *took)
{
    const struct manner *m = &manners[s->server.octets[3] - 1];
    struct query_event ev = {.kind = EVENT_REPLY, .server = s->server, .over_tcp = s->use_tcp, .bytes = f->bytes};
    ev.len = write_answer(f, s);
    ev.rtt_us = m->rtt_ms * 1000;
    bool is_lost = m->loses_one_in > 0 && random_below(f, m->loses_one_in) == 0;
    if (is_lost || m->rtt_ms > s->timeout_ms) {
        ev.kind = EVENT_TIMEOUT;
    }
    *took = ev.kind == EVENT_TIMEOUT ? s->timeout_ms : m->rtt_ms;
    return ev;
}

/* Asks one name and returns how many milliseconds it took. A second passes between two of them. */
static uint64_t ask_one(struct fixture *f, struct manner *manners)
{
    uint64_t began = f->now, took;
    struct query *q = query_new(&f->resolver, WWW, TYPE_A, QUERY_NO_CACHE, f->now);
    enum want want = query_step(q, &start, f->now);
    while (want == WANT_SEND) {
        const struct send *s = query_send(q);
        const struct send *beside = query_beside(q);
        manners[s->server.octets[3] - 1].asked++;
        if (beside != NULL) {
            manners[beside->server.octets[3] - 1].beside++;
            struct query_event ev = serve(f, manners, beside, &took);
            servers_tried(f->resolver.servers, &beside->server, ev.kind == EVENT_REPLY, ev.rtt_us, f->now + took);
        }
        struct query_event ev = serve(f, manners, s, &took);
        f->now += took;
        want = query_step(q, &ev, f->now);
    }
    assert_int_equal(query_answer(q)->rcode, RCODE_NOERROR);
    query_free(q);
    took = f->now - began;
    f->now += 1000;
    return took;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

enum { ASKED = 1000 };

/* The time that 95 of 100 queries took at most. */
static uint64_t ask_many(struct fixture *f, struct manner *manners)
{
    static uint64_t times[ASKED];
    for (unsigned i = 0; i < 4; i++) {
        manners[i].asked = manners[i].beside = 0;
    }
    for (unsigned i = 0; i < ASKED; i++) {
        times[i] = ask_one(f, manners);
    }
    qsort(times, ASKED, sizeof(times[0]), compare_times);
    return times[ASKED * 95 / 100];
}

static void a_slow_and_a_lossy_server_get_few_questions(void **state)
{
    struct fixture *f = *state;
    struct manner manners[4] = {{.rtt_ms = 200}, {.rtt_ms = 10, .loses_one_in = 3}, {.rtt_ms = 10}, {.rtt_ms = 10}};
    ask_many(f, manners);
    assert_in_range(manners[0].asked, 1, 20);
    assert_in_range(manners[1].asked, 1, 250);
    assert_in_range(manners[2].asked, 250, 800);
    assert_in_range(manners[3].asked, 250, 800);
}

static void a_server_that_turns_slow_and_lossy_is_left(void **state)
{
    struct fixture *f = *state;
    struct manner manners[4] = {{.rtt_ms = 20}, {.rtt_ms = 20}, {.rtt_ms = 20}, {.rtt_ms = 20}};
    uint64_t healthy = ask_many(f, manners);
    assert_int_equal(healthy, 20);
    manners[0] = (struct manner){.rtt_ms = 800, .loses_one_in = 3};
    for (unsigned i = 0; i < 200; i++) {
        ask_one(f, manners);
    }
    uint64_t sick = ask_many(f, manners);
    assert_true(sick < 2 * healthy);
    assert_in_range(manners[0].asked, 0, ASKED / 10);
}

static void a_server_that_turns_fast_is_found_beside_the_questions(void **state)
{
    struct fixture *f = *state;
    struct manner manners[4] = {{.rtt_ms = 800}, {.rtt_ms = 60}, {.rtt_ms = 800}, {.rtt_ms = 800}};
    ask_many(f, manners);
    uint64_t before = ask_many(f, manners);
    assert_int_equal(before, 60);
    assert_int_equal(manners[1].asked, ASKED);
    assert_in_range(manners[0].beside + manners[2].beside + manners[3].beside, 10, ASKED / 10);
    manners[2].rtt_ms = 10;
    for (unsigned i = 0; i < 4; i++) {
        ask_many(f, manners);
    }
    assert_int_equal(manners[2].asked, ASKED);
}

static void one_server_is_never_asked_beside_itself(void **state)
{
    struct fixture *f = *state;
    struct hint one = {.name = hint.name, .addresses = roots, .address_count = 1};
    struct manner manners[4] = {{.rtt_ms = 20}};
    f->policy.hints = &one;
    ask_many(f, manners);
    assert_int_equal(manners[0].asked, ASKED);
    assert_int_equal(manners[0].beside, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_slow_and_a_lossy_server_get_few_questions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_turns_slow_and_lossy_is_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_turns_fast_is_found_beside_the_questions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_server_is_never_asked_beside_itself, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
