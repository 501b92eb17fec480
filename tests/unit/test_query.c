/* The state machine where a scenario file cannot say it: chance, shared exchanges, flushes under way, signatures. */
#include "resolver/iterate/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cache/memory.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/hints.h"
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

/* An authoritative A record for whatever was asked, signed when `sigs` says so. */
static struct query_event answer(struct fixture *f, const struct send *s, const struct rdatas *sigs)
{
    static struct msg_writer m;
    static const uint8_t address[] = {192, 0, 2, 77};
    uint8_t packed[8];
    struct question q = {.name = s->name, .type = s->type, .class = CLASS_IN};
    struct rrset set = {.owner = s->name, .type = TYPE_A, .ttl = 300};
    set.data = (struct rdatas){.bytes = packed, .len = (uint32_t)rdatas_pack(packed, address, 4), .count = 1};
    if (sigs != NULL) {
        set.sigs = *sigs;
    }
    msg_begin(&m, f->bytes, sizeof(f->bytes), 1, MSG_QR | MSG_AA, &q);
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, &set, true), FAIL_NONE);
    return (struct query_event){.kind = EVENT_REPLY,
                                .server = s->server,
                                .over_tcp = s->use_tcp,
                                .bytes = f->bytes,
                                .len = msg_finish(&m, false),
                                .rtt_us = 10000};
}

static void what_was_flushed_under_way_is_not_stored(void **state)
{
    struct fixture *f = *state;
    struct query *q = query_new(&f->resolver, WWW, TYPE_A, 0, f->now);
    assert_int_equal(query_step(q, &start, f->now), WANT_SEND);
    memory_flush(f->memory, WWW, false);
    struct query_event ev = answer(f, query_send(q), NULL);
    assert_int_equal(query_step(q, &ev, f->now), WANT_FINISH);
    assert_int_equal(query_answer(q)->rcode, RCODE_NOERROR);
    assert_int_equal(memory_count(f->memory), 0);
    query_free(q);
}

static void a_reply_from_another_server_of_the_zone_is_taken(void **state)
{
    struct fixture *f = *state;
    struct query *q = query_new(&f->resolver, WWW, TYPE_A, 0, f->now);
    assert_int_equal(query_step(q, &start, f->now), WANT_SEND);
    struct addr chosen = query_send(q)->server;
    struct query_event ev = answer(f, query_send(q), NULL);
    ev.server.octets[3] = chosen.octets[3] == 4 ? 1 : (uint8_t)(chosen.octets[3] + 1);
    assert_int_equal(query_step(q, &ev, f->now), WANT_FINISH);
    assert_int_equal(query_answer(q)->rcode, RCODE_NOERROR);
    assert_int_equal(servers_find(f->resolver.servers, &ev.server)->srtt_us, 10000);
    assert_null(servers_find(f->resolver.servers, &chosen));
    query_free(q);
}

static void signatures_stay_with_their_set(void **state)
{
    struct fixture *f = *state;
    uint8_t sig[32] = {0, TYPE_A, 13, 2, 0, 0, 1, 44, 0, 0, 0, 1, 0, 0, 0, 1, 0, 7, 0, 0xaa, 0xbb, 0xcc};
    uint8_t packed[40];
    struct rdatas sigs = {.bytes = packed, .len = (uint32_t)rdatas_pack(packed, sig, 22), .count = 1};
    for (unsigned round = 0; round < 2; round++) { /* from the server, then from the cache */
        struct query *q = query_new(&f->resolver, WWW, TYPE_A, 0, f->now);
        enum want want = query_step(q, &start, f->now);
        if (round == 0) {
            struct query_event ev = answer(f, query_send(q), &sigs);
            want = query_step(q, &ev, f->now);
        }
        assert_int_equal(want, WANT_FINISH);
        const struct rrset *set = query_answer(q)->sections[SECTION_ANSWER];
        assert_int_equal(set->sigs.count, 1);
        assert_memory_equal(rdatas_first(&set->sigs).bytes, sig, 22);
        assert_int_equal(query_answer(q)->is_cached, round == 1);
        query_free(q);
    }
}

static void names_are_asked_in_lower_case_and_answered_as_given(void **state)
{
    struct fixture *f = *state;
    static const uint8_t mixed[] = "\3wWw\4TesT";
    struct query *q = query_new(&f->resolver, mixed, TYPE_A, 0, f->now);
    assert_int_equal(query_step(q, &start, f->now), WANT_SEND);
    assert_memory_equal(query_send(q)->name, WWW, 10);
    struct query_event ev = answer(f, query_send(q), NULL);
    assert_int_equal(query_step(q, &ev, f->now), WANT_FINISH);
    assert_memory_equal(query_answer(q)->sections[SECTION_ANSWER]->owner, mixed, 10);
    assert_memory_equal(query_question(q)->name, mixed, 10);
    query_free(q);
}

static void the_built_in_hints_are_thirteen_servers_with_two_addresses(void **state)
{
    unsigned count;
    const struct hint *hints = hints_builtin(&count);
    char text[ADDR_TEXT_SIZE], name[NAME_TEXT_SIZE];
    (void)state;
    assert_int_equal(count, 13);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(hints[i].address_count, 2);
        assert_int_equal(hints[i].addresses[0].len, 4);
        assert_int_equal(hints[i].addresses[1].len, 16);
        assert_int_equal(name_labels(hints[i].name), 3);
    }
    assert_string_equal(name_text(hints[12].name, name), "m.root-servers.net.");
    assert_string_equal(addr_text(&hints[1].addresses[0], text), "170.247.170.2");
    assert_string_equal(addr_text(&hints[1].addresses[1], text), "2801:1b8:10::b");
    assert_string_equal(addr_text(&hints[0].addresses[1], text), "2001:503:ba3e::2:30");
    assert_string_equal(addr_text(&hints[6].addresses[1], text), "2001:500:12::d0d");
}

static void no_hint_is_a_failure_that_says_so(void **state)
{
    struct fixture *f = *state;
    f->policy.hint_count = 0;
    struct query *q = query_new(&f->resolver, WWW, TYPE_A, 0, f->now);
    assert_int_equal(query_step(q, &start, f->now), WANT_FINISH);
    assert_int_equal(query_answer(q)->rcode, RCODE_SERVFAIL);
    assert_string_equal(query_answer(q)->errors[0].text, "no server of . could be asked: none is known");
    query_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_flushed_under_way_is_not_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reply_from_another_server_of_the_zone_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signatures_stay_with_their_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_asked_in_lower_case_and_answered_as_given, set_up, tear_down),
        cmocka_unit_test(the_built_in_hints_are_thirteen_servers_with_two_addresses),
        cmocka_unit_test_setup_teardown(no_hint_is_a_failure_that_says_so, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
