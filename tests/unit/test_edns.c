#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/edns.h"

static void flags_version_and_size_are_taken_from_the_fixed_fields(void **state)
{
    (void)state;
    struct edns e;
    assert_int_equal(edns_parse(4096, 0x01008000, NULL, 0, &e), FAIL_NONE);
    assert_true(e.present);
    assert_true(e.dnssec_ok);
    assert_int_equal(e.udp_size, 4096);
    assert_int_equal(e.extended_rcode, 1);
    assert_int_equal(e.version, 0);
    assert_false(e.has_received);
    assert_int_equal(e.received.code, 0xffff);
}

static void the_first_extended_error_is_kept(void **state)
{
    (void)state;
    struct edns e;
    static const uint8_t options[] = "\0\17\0\5\0\6bad\0\17\0\2\0\7";
    assert_int_equal(edns_parse(512, 0, options, sizeof(options) - 1, &e), FAIL_NONE);
    assert_int_equal(e.received.code, EDE_DNSSEC_BOGUS);
    assert_string_equal(e.received.text, "bad");
}

static void an_extended_error_without_code_is_no_error(void **state)
{
    (void)state;
    struct edns e;
    assert_int_equal(edns_parse(512, 0, (const uint8_t *)"\0\17\0\1\0", 5, &e), FAIL_NONE);
    assert_false(e.has_received);
}

static void a_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    struct edns e;
    uint8_t options[4 + 2 + 2 * EDE_TEXT_MAX] = {0, EDNS_EDE, 0, 0, 0, 0};
    for (size_t i = 6; i < sizeof(options); i += 2) {
        memcpy(options + i, "\303\244", 2);
    }
    options[2] = (uint8_t)((sizeof(options) - 4) >> 8);
    options[3] = (uint8_t)(sizeof(options) - 4);
    assert_int_equal(edns_parse(512, 0, options, sizeof(options), &e), FAIL_NONE);
    assert_int_equal(strlen(e.received.text), EDE_TEXT_MAX - 2);
}

static void options_must_add_up(void **state)
{
    (void)state;
    struct edns e;
    static const uint8_t options[] = {0, 9, 0, 2, 1, 2, 0, 3, 0, 0};
    for (size_t len = 0; len <= sizeof(options); len++) {
        bool is_whole = len == 0 || len == 6 || len == 10;
        assert_int_equal(edns_parse(512, 0, options, len, &e), is_whole ? FAIL_NONE : FAIL_WIRE);
    }
    assert_true(e.wants_nsid);
}

static void the_number_of_options_has_a_limit(void **state)
{
    (void)state;
    struct edns e;
    uint8_t options[4 * (EDNS_OPTIONS_MAX + 1)] = {0};
    assert_int_equal(edns_parse(512, 0, options, sizeof(options) - 4, &e), FAIL_NONE);
    assert_int_equal(edns_parse(512, 0, options, sizeof(options), &e), FAIL_WIRE);
}

/* Parses one option with `len` octets of data: 1, 2, 3... */
static struct edns parse_option(unsigned code, size_t len)
{
    struct edns e;
    uint8_t option[4 + 64] = {(uint8_t)(code >> 8), (uint8_t)code, 0, (uint8_t)len};
    for (size_t i = 0; i < len; i++) {
        option[4 + i] = (uint8_t)(i + 1);
    }
    assert_int_equal(edns_parse(512, 0, option, 4 + len, &e), FAIL_NONE);
    return e;
}

static void a_cookie_has_8_octets_or_16_to_40(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 64; len++) {
        struct edns e = parse_option(EDNS_COOKIE, len);
        bool is_cookie = len == 8 || (len >= 16 && len <= 40);
        assert_int_equal(e.cookie_len, is_cookie ? len : 0);
        assert_int_equal(e.bad_cookie, !is_cookie);
    }
    struct edns e = parse_option(EDNS_COOKIE, 40);
    assert_int_equal(e.cookie[0], 1);
    assert_int_equal(e.cookie[EDNS_COOKIE_SIZE - 1], EDNS_COOKIE_SIZE);
}

static void of_several_cookies_the_first_counts(void **state)
{
    (void)state;
    struct edns e;
    static const uint8_t good_first[] = "\0\12\0\10aaaaaaaa\0\12\0\1b\0\12\0\10cccccccc";
    assert_int_equal(edns_parse(512, 0, good_first, sizeof(good_first) - 1, &e), FAIL_NONE);
    assert_false(e.bad_cookie);
    assert_memory_equal(e.cookie, "aaaaaaaa", 8);
    static const uint8_t bad_first[] = "\0\12\0\1b\0\12\0\10cccccccc";
    assert_int_equal(edns_parse(512, 0, bad_first, sizeof(bad_first) - 1, &e), FAIL_NONE);
    assert_true(e.bad_cookie);
    assert_int_equal(e.cookie_len, 0);
}

static void a_keepalive_of_a_query_has_no_timeout(void **state)
{
    (void)state;
    struct edns e = parse_option(EDNS_KEEPALIVE, 0);
    assert_true(e.wants_keepalive && !e.bad_keepalive);
    e = parse_option(EDNS_KEEPALIVE, 2);
    assert_true(e.wants_keepalive && e.bad_keepalive);
    assert_false(e.has_keepalive);
}

static void padding_changes_nothing(void **state)
{
    (void)state;
    struct edns plain, padded = parse_option(EDNS_PADDING, 64);
    assert_int_equal(edns_parse(512, 0, NULL, 0, &plain), FAIL_NONE);
    assert_int_equal(edns_size(&padded), edns_size(&plain));
    assert_false(padded.bad_cookie || padded.bad_keepalive || padded.wants_nsid || padded.has_received);
}

static void sizes_count_every_option_to_be_sent(void **state)
{
    (void)state;
    const struct ede errors[] = {{EDE_NETWORK_ERROR, "abc"}, {EDE_OTHER, ""}};
    const struct edns plain = {.present = true};
    const struct edns full = {.nsid = (const uint8_t *)"id",
                              .nsid_len = 2,
                              .cookie_len = EDNS_COOKIE_SIZE,
                              .has_keepalive = true,
                              .errors = errors,
                              .error_count = 2};
    assert_int_equal(edns_size(&plain), 11);
    assert_int_equal(edns_size(&full), 11 + 6 + 28 + 6 + 9 + 6);
}

static void every_code_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(ede_text(EDE_NO_REACHABLE_AUTHORITY), "No Reachable Authority");
    assert_string_equal(ede_text(EDE_NEGATIVE_TRUST_ANCHOR), "Negative Trust Anchor");
    assert_string_equal(ede_text(EDE_STALE_NXDOMAIN), "Stale NXDOMAIN Answer");
    for (unsigned code = 0; code < 70000; code++) {
        assert_true(strlen(ede_text(code)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_version_and_size_are_taken_from_the_fixed_fields),
        cmocka_unit_test(the_first_extended_error_is_kept),
        cmocka_unit_test(an_extended_error_without_code_is_no_error),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(options_must_add_up),
        cmocka_unit_test(the_number_of_options_has_a_limit),
        cmocka_unit_test(a_cookie_has_8_octets_or_16_to_40),
        cmocka_unit_test(of_several_cookies_the_first_counts),
        cmocka_unit_test(a_keepalive_of_a_query_has_no_timeout),
        cmocka_unit_test(padding_changes_nothing),
        cmocka_unit_test(sizes_count_every_option_to_be_sent),
        cmocka_unit_test(every_code_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
