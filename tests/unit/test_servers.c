/* What is remembered of upstream servers, and for how long. */
#include "resolver/iterate/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct addr address(uint8_t last)
{
    return addr_v4((const uint8_t[]){192, 0, 2, last}, 53);
}

static void an_unknown_server_is_waited_for_376_ms_doubling_up_to_1500(void **state)
{
    struct servers *s = servers_new(16);
    struct addr a = address(1);
    (void)state;
    assert_null(servers_find(s, &a));
    assert_int_equal(servers_timeout(s, &a, 0), 376);
    assert_int_equal(servers_timeout(s, &a, 1), 752);
    assert_int_equal(servers_timeout(s, &a, 2), 1500);
    assert_int_equal(servers_timeout(s, &a, 200), 1500);
    servers_free(s);
}

static void the_timeout_is_smoothed_time_plus_four_deviations(void **state)
{
    struct servers *s = servers_new(16);
    struct addr a = address(1);
    (void)state;
    servers_replied(s, &a, 100000, false, 1);
    assert_int_equal(servers_timeout(s, &a, 0), 300); /* 100 + 4 * 50 */
    servers_replied(s, &a, 100000, false, 2);
    assert_int_equal(servers_timeout(s, &a, 0), 250); /* the deviation shrinks: 37.5 */
    for (uint64_t now = 3; now < 60; now++) {
        servers_replied(s, &a, 2000, false, now);
    }
    assert_int_equal(servers_timeout(s, &a, 0), SERVERS_TIMEOUT_MIN_MS);
    servers_free(s);
}

static void time_over_tcp_does_not_count(void **state)
{
    struct servers *s = servers_new(16);
    struct addr a = address(1);
    (void)state;
    servers_replied(s, &a, 900000, true, 1);
    assert_int_equal(servers_find(s, &a)->srtt_us, 0);
    servers_free(s);
}

static void udp_is_lost_when_two_were_silent_and_none_replied(void **state)
{
    struct servers *s = servers_new(16);
    struct addr a = address(1), b = address(2);
    struct addr other_family = addr_v6((const uint8_t[16]){0x20, 1}, 53);
    (void)state;
    servers_silent_over_udp(s, &a, 1000);
    servers_silent_over_udp(s, &a, 2000);
    assert_false(servers_udp_is_lost(s, &a));
    servers_silent_over_udp(s, &b, 3000);
    assert_true(servers_udp_is_lost(s, &a));
    assert_false(servers_udp_is_lost(s, &other_family));
    servers_replied(s, &a, 100, true, 4000);
    assert_true(servers_udp_is_lost(s, &a));
    servers_replied(s, &a, 100, false, 5000);
    assert_false(servers_udp_is_lost(s, &a));
    servers_silent_over_udp(s, &a, 64999);
    servers_silent_over_udp(s, &b, 64999);
    assert_false(servers_udp_is_lost(s, &a)); /* it worked a minute ago */
    servers_silent_over_udp(s, &a, 65000);
    servers_silent_over_udp(s, &b, 65001);
    assert_true(servers_udp_is_lost(s, &a));
    servers_forgive(s, 66000);
    assert_false(servers_udp_is_lost(s, &a));
    servers_silent_over_udp(s, &a, 66001);
    servers_silent_over_udp(s, &b, 66002);
    assert_true(servers_udp_is_lost(s, &a)); /* on another network "a minute ago" means nothing */
    servers_free(s);
}

static void what_others_found_of_udp_is_taken_over(void **state)
{
    struct servers *one = servers_new(16), *two = servers_new(16);
    struct servers_paths board = {0};
    struct addr a = address(1), b = address(2);
    (void)state;
    servers_silent_over_udp(one, &a, 1000);
    servers_silent_over_udp(one, &b, 1001);
    assert_true(servers_merge_paths(one, &board));
    assert_false(servers_merge_paths(two, &board));
    assert_true(servers_udp_is_lost(two, &a));
    servers_replied(two, &a, 100, false, 5000);
    assert_true(servers_merge_paths(two, &board));
    servers_replied(two, &a, 100, false, 5999);
    assert_false(servers_merge_paths(two, &board)); /* no news */
    assert_false(servers_merge_paths(one, &board));
    assert_false(servers_udp_is_lost(one, &a));
    servers_silent_over_udp(one, &a, 64000);
    servers_silent_over_udp(one, &b, 64001);
    assert_false(servers_udp_is_lost(one, &a)); /* it worked for somebody a minute ago */
    servers_free(one);
    servers_free(two);
}

static void a_packet_beside_goes_every_ten_seconds_and_its_silence_is_a_failure(void **state)
{
    struct servers *s = servers_new(16);
    struct addr a = address(1), b = address(2);
    (void)state;
    assert_true(servers_may_try(s, &a, 1000));
    assert_false(servers_may_try(s, &a, 1000 + SERVERS_TRIAL_MS - 1));
    servers_tried(s, &a, false, 0, 2500);
    assert_int_equal(servers_find(s, &a)->failures, 1);
    servers_tried(s, &a, true, 7000, 2600);
    assert_int_equal(servers_find(s, &a)->failures, 0);
    assert_int_equal(servers_find(s, &a)->srtt_us, 7000);
    assert_true(servers_may_try(s, &a, 1000 + SERVERS_TRIAL_MS));
    servers_only_tcp(s, &b, true, 3000);
    servers_tried(s, &b, false, 0, 4500);
    assert_int_equal(servers_find(s, &b)->failures, 0); /* nothing new */
    servers_free(s);
}

static void that_only_tcp_works_holds_on_while_it_is_used(void **state)
{
    struct servers *s = servers_new(16);
    struct addr a = address(1);
    (void)state;
    servers_only_tcp(s, &a, false, 1000);
    assert_int_equal(servers_find(s, &a)->tcp_until, 0);
    servers_only_tcp(s, &a, true, 1000);
    servers_only_tcp(s, &a, false, 1000 + SERVERS_TCP_MS - SERVERS_TRIAL_MS - 1);
    assert_int_equal(servers_find(s, &a)->tcp_until, 1000 + SERVERS_TCP_MS);
    servers_only_tcp(s, &a, false, 1000 + SERVERS_TCP_MS - 1);
    assert_int_equal(servers_find(s, &a)->tcp_until, 1000 + 2 * SERVERS_TCP_MS - 1);
    servers_replied(s, &a, 100, false, 70000);
    assert_int_equal(servers_find(s, &a)->tcp_until, 0);
    servers_free(s);
}

static void a_server_rests_for_two_seconds_after_each_failure_from_the_third(void **state)
{
    struct servers *s = servers_new(16);
    struct addr a = address(1);
    static const uint64_t rests[] = {0, 0, SERVERS_REST_MS, SERVERS_REST_MS, SERVERS_REST_MS};
    uint64_t now = 5000;
    (void)state;
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
        now += 1000;
        servers_failed(s, &a, now);
        assert_int_equal(servers_find(s, &a)->dead_until, rests[i] > 0 ? now + rests[i] : 0);
    }
    servers_replied(s, &a, 0, false, now);
    assert_int_equal(servers_find(s, &a)->dead_until, 0);
    assert_int_equal(servers_find(s, &a)->failures, 0);
    servers_free(s);
}

static void failures_at_the_same_moment_count_once(void **state)
{
    struct servers *s = servers_new(16);
    struct addr a = address(1);
    (void)state;
    for (int i = 0; i < 50; i++) {
        servers_failed(s, &a, 1000);
    }
    assert_int_equal(servers_find(s, &a)->failures, 1);
    servers_free(s);
}

static void a_probe_holds_others_back(void **state)
{
    struct servers *s = servers_new(16);
    struct addr a = address(1);
    (void)state;
    assert_false(servers_probe(s, &a, 500, 100));
    assert_null(servers_find(s, &a));
    for (uint64_t now = 1000; now <= 3000; now += 1000) {
        servers_failed(s, &a, now);
    }
    assert_true(servers_probe(s, &a, 5376, 5000));
    assert_int_equal(servers_find(s, &a)->dead_until, 5376);
    servers_free(s);
}

static void lameness_is_of_one_server_for_one_zone_and_a_minute(void **state)
{
    static const uint8_t zone[] = "\7example", same[] = "\7EXAMPLE", other[] = "\5other";
    struct servers *s = servers_new(16);
    struct addr a = address(1), b = address(2);
    (void)state;
    servers_set_lame(s, &a, zone, 1000);
    assert_true(servers_is_lame(s, &a, same, 1000));
    assert_false(servers_is_lame(s, &b, zone, 1000));
    assert_false(servers_is_lame(s, &a, other, 1000));
    assert_true(servers_is_lame(s, &a, zone, 1000 + SERVERS_LAME_MS - 1));
    assert_false(servers_is_lame(s, &a, zone, 1000 + SERVERS_LAME_MS));
    servers_free(s);
}

static void edns_is_never_given_up_once_seen(void **state)
{
    struct servers *s = servers_new(16);
    struct addr a = address(1);
    (void)state;
    servers_only_plain(s, &a, 1000);
    assert_int_equal(servers_find(s, &a)->plain_until, 1000 + SERVERS_PLAIN_MS);
    servers_saw_edns(s, &a, 2000);
    assert_int_equal(servers_find(s, &a)->plain_until, 0);
    servers_only_plain(s, &a, 3000);
    assert_int_equal(servers_find(s, &a)->plain_until, 0);
    servers_free(s);
}

static void a_family_is_doubtful_after_three_refusals_until_one_answers(void **state)
{
    struct servers *s = servers_new(64);
    struct addr six = addr_v6((const uint8_t[16]){0x20, 1}, 53), four = address(1);
    (void)state;
    for (uint8_t i = 0; i < 3; i++) {
        assert_false(servers_family_is_doubtful(s, &six, 1000));
        six.octets[15] = i;
        servers_refused(s, &six, 1000);
    }
    assert_true(servers_family_is_doubtful(s, &six, 1000));
    assert_false(servers_family_is_doubtful(s, &four, 1000));
    assert_false(servers_family_is_doubtful(s, &six, 61000));
    servers_replied(s, &six, 1000, false, 1500);
    assert_false(servers_family_is_doubtful(s, &six, 1500));
    servers_free(s);
}

static void a_full_table_forgets_what_was_not_used_longest(void **state)
{
    struct servers *s = servers_new(4);
    (void)state;
    assert_int_equal(servers_count(s), 4);
    for (uint8_t i = 1; i <= 4; i++) {
        struct addr a = address(i);
        servers_replied(s, &a, 1000, false, i);
    }
    struct addr first = address(1), second = address(2), fifth = address(5);
    servers_replied(s, &first, 1000, false, 10);
    servers_replied(s, &fifth, 1000, false, 11);
    assert_non_null(servers_find(s, &first));
    assert_non_null(servers_find(s, &fifth));
    assert_null(servers_find(s, &second));
    servers_free(s);
}

static void an_address_is_found_at_its_place_and_nowhere_else(void **state)
{
    struct servers *s = servers_new(64);
    (void)state;
    struct addr known = address(1), unknown = address(2);
    uint32_t place = servers_place(s, &known);
    assert_null(servers_find_at(s, place, &known));
    servers_replied(s, &known, 7000, false, 1000);
    assert_int_equal(servers_place(s, &known), place);
    assert_null(servers_find_at(s, servers_place(s, &unknown), &unknown));
    assert_int_equal(servers_find_at(s, place, &known)->srtt_us, 7000);
    assert_ptr_equal(servers_find_at(s, place, &known), servers_find(s, &known));
    servers_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_server_is_waited_for_376_ms_doubling_up_to_1500),
        cmocka_unit_test(the_timeout_is_smoothed_time_plus_four_deviations),
        cmocka_unit_test(time_over_tcp_does_not_count),
        cmocka_unit_test(udp_is_lost_when_two_were_silent_and_none_replied),
        cmocka_unit_test(what_others_found_of_udp_is_taken_over),
        cmocka_unit_test(a_packet_beside_goes_every_ten_seconds_and_its_silence_is_a_failure),
        cmocka_unit_test(that_only_tcp_works_holds_on_while_it_is_used),
        cmocka_unit_test(a_server_rests_for_two_seconds_after_each_failure_from_the_third),
        cmocka_unit_test(failures_at_the_same_moment_count_once),
        cmocka_unit_test(a_probe_holds_others_back),
        cmocka_unit_test(lameness_is_of_one_server_for_one_zone_and_a_minute),
        cmocka_unit_test(edns_is_never_given_up_once_seen),
        cmocka_unit_test(a_family_is_doubtful_after_three_refusals_until_one_answers),
        cmocka_unit_test(a_full_table_forgets_what_was_not_used_longest),
        cmocka_unit_test(an_address_is_found_at_its_place_and_nowhere_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
