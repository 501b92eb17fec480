#include "resolver/server/crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PLACES = 100, WALKS = 40 };

static struct crowd crowd;
static struct limits limits;

static int set_up(void **state)
{
    (void)state;
    crowd = (struct crowd){.waiting = 0};
    limits = limits_default;
    limits.values[LIMIT_ID_waiting] = PLACES;
    limits.values[LIMIT_ID_in_flight] = WALKS;
    limits.values[LIMIT_ID_waiting_per_address] = 10;
    limits.values[LIMIT_ID_waiting_per_address_proven] = 20;
    return 0;
}

static struct asker asker(const char *address, bool is_proven)
{
    struct addr a;
    assert_int_equal(addr_parse(address, 4242, &a), FAIL_NONE);
    return crowd_asker(&a, is_proven);
}

/* Lets `who` wait as often as it may, at most `most` times; returns how often. */
static unsigned crowd_in(struct asker who, unsigned in_flight, unsigned most, enum limit_id *stopped)
{
    unsigned count = 0;
    *stopped = LIMIT_COUNT;
    while (count < most && (*stopped = crowd_check(&crowd, &limits, in_flight, &who)) == LIMIT_COUNT) {
        crowd_enter(&crowd, &who);
        count++;
    }
    return count;
}

static void one_address_may_take_half_of_all_places(void **state)
{
    enum limit_id stopped;
    (void)state;
    assert_int_equal(crowd_in(asker("192.0.2.1", false), 0, PLACES, &stopped), PLACES / 2 + 1);
    assert_int_equal(stopped, LIMIT_ID_waiting_per_address);
    assert_int_equal(crowd_in(asker("192.0.2.2", false), 0, PLACES, &stopped), 10);
    assert_int_equal(stopped, LIMIT_ID_waiting_per_address);
}

static void an_address_that_is_proven_has_a_larger_share(void **state)
{
    enum limit_id stopped;
    (void)state;
    assert_int_equal(crowd_in(asker("192.0.2.1", false), WALKS / 2 + 1, PLACES, &stopped), 10);
    assert_int_equal(crowd_in(asker("192.0.2.2", true), WALKS / 2 + 1, PLACES, &stopped), 20);
    assert_int_equal(stopped, LIMIT_ID_waiting_per_address_proven);
}

static void all_places_are_for_everybody(void **state)
{
    enum limit_id stopped;
    (void)state;
    limits.values[LIMIT_ID_waiting_per_address] = PLACES;
    assert_int_equal(crowd_in(asker("192.0.2.1", false), 0, 2 * PLACES, &stopped), PLACES);
    assert_int_equal(stopped, LIMIT_ID_waiting);
    assert_int_equal(crowd_in(asker("192.0.2.2", true), 0, 1, &stopped), 0);
}

static void who_leaves_makes_room(void **state)
{
    enum limit_id stopped;
    struct asker who = asker("192.0.2.1", false);
    (void)state;
    assert_int_equal(crowd_in(who, WALKS, PLACES, &stopped), 10);
    crowd_leave(&crowd, &who);
    assert_int_equal(crowd_in(who, WALKS, PLACES, &stopped), 1);
    assert_int_equal(crowd.waiting, 10);
}

static void a_client_of_ipv6_is_a_network(void **state)
{
    (void)state;
    assert_int_equal(asker("2001:db8:1:2::1", false).address, asker("2001:db8:1:2:ffff::7", false).address);
    assert_int_not_equal(asker("2001:db8:1:2::1", false).address, asker("2001:db8:1:3::1", false).address);
    assert_int_not_equal(asker("192.0.2.1", false).address, asker("192.0.2.2", false).address);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_address_may_take_half_of_all_places, set_up),
        cmocka_unit_test_setup(an_address_that_is_proven_has_a_larger_share, set_up),
        cmocka_unit_test_setup(all_places_are_for_everybody, set_up),
        cmocka_unit_test_setup(who_leaves_makes_room, set_up),
        cmocka_unit_test_setup(a_client_of_ipv6_is_a_network, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
