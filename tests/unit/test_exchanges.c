#include "resolver/server/exchanges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_upstream.h"
#include "resolver/dns/type.h"

#define ZONE    ((const uint8_t *)"\4test")
#define NAME    ((const uint8_t *)"\3www\4test")
#define WALKS   4
#define AT_MOST 200 /* with one zone */
#define NO_WALK WALKS

struct fixture {
    struct exchanges exchanges;
    struct exchange_part parts[WALKS];
    unsigned events[WALKS];
    struct query_event last;
    unsigned expected[WALKS];
    unsigned again; /* the walk that asks the same once more from its event */
};

static struct send question(void)
{
    return (struct send){.server = {.octets = {192, 0, 2, 1}, .len = 4, .port = 53},
                         .zone = ZONE,
                         .name = NAME,
                         .type = TYPE_A,
                         .use_edns = true,
                         .timeout_ms = 376};
}

static void deliver(void *ctx, struct exchange_part *part, const struct query_event *ev)
{
    struct fixture *f = ctx;
    unsigned walk = (unsigned)(part - f->parts);
    assert_null(part->shared);
    f->events[walk]++;
    f->last = *ev;
    if (walk == f->again) {
        struct send s = question();
        assert_int_equal(exchanges_join(&f->exchanges, &s, AT_MOST, part), FAIL_NONE);
    }
}

static void expect(void *ctx, struct exchange_part *part)
{
    struct fixture *f = ctx;
    f->expected[part - f->parts]++;
}

static int make(struct fixture *f)
{
    const struct exchange_hooks hooks = {.deliver = deliver, .expect = expect, .ctx = f};
    return exchanges_init(&f->exchanges, NULL, &hooks);
}

static int set_up(void **state)
{
    static struct fixture f;
    f = (struct fixture){.again = NO_WALK};
    fake_upstream_reset();
    *state = &f;
    return make(&f);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    exchanges_fini(&f->exchanges);
    return 0;
}

static void join(struct fixture *f, unsigned walk, const struct send *s)
{
    assert_int_equal(exchanges_join(&f->exchanges, s, AT_MOST, &f->parts[walk]), FAIL_NONE);
}

static void equal_exchanges_are_asked_once_and_all_get_the_event(void **state)
{
    struct fixture *f = *state;
    struct send s = question();
    join(f, 0, &s);
    s.server.octets[3] = 2; /* whichever server of the zone each had chosen */
    join(f, 1, &s);
    s.name = (const uint8_t *)"\3wWw\4TEST";
    join(f, 2, &s);
    assert_int_equal(fake_upstream_count(), 1);
    fake_upstream_answer(0, RCODE_NOERROR);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(f->events[i], 1);
    }
    assert_int_equal(f->last.kind, EVENT_REPLY);
    assert_int_equal(f->last.server.octets[3], 1); /* the one that did reply */
    assert_int_equal(f->last.rtt_us, 1000);
    assert_int_equal(f->exchanges.table.count, 0);
}

static void exchanges_that_differ_in_anything_else_are_asked_apart(void **state)
{
    struct fixture *f = *state;
    struct send s[] = {question(), question(), question(), question(), question(), question()};
    struct exchange_part parts[6] = {{.shared = NULL}};
    s[1].zone = name_root;
    s[2].name = (const uint8_t *)"\2ww\4test";
    s[3].type = TYPE_AAAA;
    s[4].use_tcp = true;
    s[5].use_edns = false;
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(exchanges_join(&f->exchanges, &s[i], AT_MOST, &parts[i]), FAIL_NONE);
        assert_int_equal(fake_upstream_count(), i + 1);
    }
    assert_true(fake_upstream_at(4)->question.use_tcp);
    assert_false(fake_upstream_at(5)->question.use_edns);
    for (unsigned i = 0; i < 6; i++) {
        exchanges_leave(&f->exchanges, &parts[i]);
    }
}

static void asking_again_from_within_the_event_is_a_new_exchange(void **state)
{
    struct fixture *f = *state;
    struct send s = question();
    f->again = 0;
    join(f, 0, &s);
    join(f, 1, &s);
    fake_upstream_end(0, UPSTREAM_TIMEOUT);
    assert_int_equal(f->events[0], 1);
    assert_int_equal(f->events[1], 1);
    assert_int_equal(f->last.kind, EVENT_TIMEOUT);
    assert_int_equal(fake_upstream_count(), 2);
    assert_null(f->parts[1].shared);
    f->again = NO_WALK;
    fake_upstream_end(1, UPSTREAM_SUSPECT);
    assert_int_equal(f->events[0], 2);
    assert_int_equal(f->events[1], 1);
    assert_int_equal(f->last.kind, EVENT_SUSPECT);
}

static void the_last_to_leave_ends_the_exchange(void **state)
{
    struct fixture *f = *state;
    struct send s = question();
    join(f, 0, &s);
    join(f, 1, &s);
    exchanges_leave(&f->exchanges, &f->parts[0]);
    exchanges_leave(&f->exchanges, &f->parts[0]); /* not in one: nothing happens */
    assert_false(fake_upstream_at(0)->is_over);
    exchanges_leave(&f->exchanges, &f->parts[1]);
    assert_true(fake_upstream_at(0)->was_cancelled);
    assert_int_equal(f->events[0] + f->events[1], 0);
    join(f, 0, &s);
    assert_int_equal(fake_upstream_count(), 2);
}

static void an_exchange_that_cannot_begin_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct send s = question();
    fake_upstream_refuse(1);
    assert_int_equal(exchanges_join(&f->exchanges, &s, AT_MOST, &f->parts[0]), FAIL_SYSTEM);
    assert_null(f->parts[0].shared);
    assert_int_equal(f->exchanges.table.count, 0);
    join(f, 0, &s);
    assert_int_equal(fake_upstream_count(), 1);
}

/* Asks `zone` one of many different questions. */
static int try(struct fixture *f, const uint8_t *zone, unsigned number, unsigned at_most, struct exchange_part *part)
{
    struct send s = question();
    s.zone = zone;
    s.type = (uint16_t)(1000 + number);
    return exchanges_join(&f->exchanges, &s, at_most, part);
}

static void no_zone_takes_more_than_its_share(void **state)
{
    struct fixture *f = *state;
    struct exchange_part more = {.shared = NULL};
    const uint8_t *zone = (const uint8_t *)"\4slow\4test", *other = (const uint8_t *)"\5other\4test";
    assert_int_equal(try(f, zone, 0, 2, &f->parts[0]), FAIL_NONE);
    assert_int_equal(try(f, zone, 1, 2, &f->parts[1]), FAIL_NONE);
    assert_int_equal(try(f, (const uint8_t *)"\4SLOW\4test", 2, 2, &more), FAIL_LIMIT);
    assert_null(more.shared);
    assert_int_equal(try(f, zone, 1, 2, &f->parts[2]), FAIL_NONE); /* shares what is on its way */
    assert_int_equal(fake_upstream_count(), 2);
    assert_int_equal(try(f, other, 2, 2, &f->parts[3]), FAIL_NONE);
    fake_upstream_end(0, UPSTREAM_TIMEOUT);
    assert_int_equal(try(f, zone, 2, 2, &f->parts[0]), FAIL_NONE);
    exchanges_leave(&f->exchanges, &f->parts[1]);
    exchanges_leave(&f->exchanges, &f->parts[2]);
    assert_int_equal(try(f, zone, 3, 2, &more), FAIL_NONE);
    exchanges_leave(&f->exchanges, &more);
}

static void root_top_level_and_configured_servers_have_no_share(void **state)
{
    struct fixture *f = *state;
    struct send s = question();
    s.zone = (const uint8_t *)"\4slow\4test";
    s.is_routed = true;
    assert_int_equal(try(f, name_root, 0, 0, &f->parts[0]), FAIL_NONE);
    assert_int_equal(try(f, ZONE, 0, 0, &f->parts[1]), FAIL_NONE);
    assert_int_equal(exchanges_join(&f->exchanges, &s, 0, &f->parts[2]), FAIL_NONE);
}

static void an_exchange_that_cannot_begin_takes_no_share(void **state)
{
    struct fixture *f = *state;
    const uint8_t *zone = (const uint8_t *)"\4slow\4test";
    fake_upstream_refuse(1);
    assert_int_equal(try(f, zone, 0, 1, &f->parts[0]), FAIL_SYSTEM);
    assert_int_equal(try(f, zone, 0, 1, &f->parts[0]), FAIL_NONE);
}

static void the_end_cancels_all_without_events(void **state)
{
    struct fixture *f = *state;
    struct send s = question();
    join(f, 0, &s);
    s.type = TYPE_AAAA;
    join(f, 1, &s);
    exchanges_fini(&f->exchanges);
    assert_true(fake_upstream_at(0)->was_cancelled && fake_upstream_at(1)->was_cancelled);
    assert_null(f->parts[0].shared);
    assert_int_equal(f->events[0] + f->events[1], 0);
    assert_int_equal(make(f), FAIL_NONE);
}

static void the_first_walk_hears_that_an_event_follows(void **state)
{
    struct fixture *f = *state;
    struct send s = question();
    join(f, 1, &s);
    join(f, 2, &s);
    struct exchange *x = fake_upstream_at(0);
    x->question.soon(x->arg);
    assert_int_equal(f->expected[1], 1);
    assert_int_equal(f->expected[2] + f->events[1] + f->events[2], 0);
    fake_upstream_answer(0, 0);
    assert_int_equal(f->events[1] + f->events[2], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_exchanges_are_asked_once_and_all_get_the_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(exchanges_that_differ_in_anything_else_are_asked_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(asking_again_from_within_the_event_is_a_new_exchange, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_to_leave_ends_the_exchange, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_walk_hears_that_an_event_follows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_exchange_that_cannot_begin_leaves_nothing_behind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_zone_takes_more_than_its_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(root_top_level_and_configured_servers_have_no_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_exchange_that_cannot_begin_takes_no_share, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_cancels_all_without_events, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
