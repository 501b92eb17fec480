#include "resolver/server/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { RATE = 10, NOW = 1000000 };

static struct rate_table table;
static unsigned counts[3]; /* by verdict */

static int set_up(void **state)
{
    (void)state;
    memset(&table, 0, sizeof(table));
    return 0;
}

static void count(const char *client, unsigned times, uint64_t now)
{
    struct addr a;
    assert_int_equal(addr_parse(client, 4242, &a), FAIL_NONE);
    memset(counts, 0, sizeof(counts));
    for (unsigned i = 0; i < times; i++) {
        counts[rate_count(&table, &a, RATE, now)]++;
    }
}

static void a_quiet_network_may_have_a_seconds_answers_at_once(void **state)
{
    (void)state;
    count("192.0.2.1", RATE, NOW);
    assert_int_equal(counts[RATE_ANSWER], RATE);
}

static void beyond_the_rate_every_second_one_is_truncated(void **state)
{
    (void)state;
    count("192.0.2.1", RATE + 100, NOW);
    assert_int_equal(counts[RATE_ANSWER], RATE);
    assert_int_equal(counts[RATE_TRUNCATE], 100 / RATE_SLIP);
    assert_int_equal(counts[RATE_DROP], 100 - 100 / RATE_SLIP);
}

static void time_gives_new_credit_but_never_more_than_a_second(void **state)
{
    (void)state;
    count("192.0.2.1", 100, NOW);
    count("192.0.2.1", 100, NOW + 500);
    assert_int_equal(counts[RATE_ANSWER], RATE / 2);
    count("192.0.2.1", 100, NOW + 3600000);
    assert_int_equal(counts[RATE_ANSWER], RATE);
}

static void credit_comes_in_parts_of_an_answer(void **state)
{
    unsigned answers = 0;
    (void)state;
    count("192.0.2.1", 100, NOW);
    for (unsigned ms = 1; ms <= 1000; ms++) {
        count("192.0.2.1", 1, NOW + ms);
        answers += counts[RATE_ANSWER];
    }
    assert_int_equal(answers, RATE);
}

static void a_clock_read_a_little_earlier_gives_nothing(void **state)
{
    (void)state;
    count("192.0.2.1", 100, NOW);
    count("192.0.2.1", 100, NOW - 1);
    assert_int_equal(counts[RATE_ANSWER], 0);
}

static void neighbours_share_and_others_do_not(void **state)
{
    (void)state;
    count("192.0.2.1", 100, NOW);
    count("192.0.2.200", 100, NOW);
    assert_int_equal(counts[RATE_ANSWER], 0);
    count("192.0.3.1", 100, NOW);
    assert_int_equal(counts[RATE_ANSWER], RATE);
    count("2001:db8:0:1::1", 100, NOW);
    assert_int_equal(counts[RATE_ANSWER], RATE);
    count("2001:db8:0:ff::1", 100, NOW);
    assert_int_equal(counts[RATE_ANSWER], 0);
    count("2001:db8:0:100::1", 100, NOW);
    assert_int_equal(counts[RATE_ANSWER], RATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_quiet_network_may_have_a_seconds_answers_at_once, set_up),
        cmocka_unit_test_setup(beyond_the_rate_every_second_one_is_truncated, set_up),
        cmocka_unit_test_setup(time_gives_new_credit_but_never_more_than_a_second, set_up),
        cmocka_unit_test_setup(credit_comes_in_parts_of_an_answer, set_up),
        cmocka_unit_test_setup(a_clock_read_a_little_earlier_gives_nothing, set_up),
        cmocka_unit_test_setup(neighbours_share_and_others_do_not, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
