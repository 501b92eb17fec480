#include "resolver/server/cookie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECRET  "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define CLIENT  "2464c4abcf10c957"
#define ADDRESS "198.51.100.100"
#define MADE    1559731985
#define COOKIE  CLIENT "010000005cf79f111f8130c3eee29480" /* made at MADE */

static size_t bytes_of(const char *hex, uint8_t *out)
{
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++) {
        unsigned octet;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &octet), 1);
        out[i] = (uint8_t)octet;
    }
    return len;
}

static struct cookie_secrets secrets(const char *hex)
{
    struct cookie_secrets s;
    uint8_t secret[HASH_SECRET_SIZE];
    bytes_of(hex, secret);
    cookie_secrets_init(&s, secret);
    return s;
}

static struct edns edns_with(const char *cookie)
{
    struct edns e;
    uint8_t bytes[40];
    edns_clear(&e);
    e.cookie_len = (uint8_t)bytes_of(cookie, bytes);
    memcpy(e.cookie, bytes, e.cookie_len < sizeof(e.cookie) ? e.cookie_len : sizeof(e.cookie));
    return e;
}

/* Answers `cookie` and compares what is sent. */
static bool answers(const struct cookie_secrets *s, const char *from, uint32_t now, const char *cookie,
                    const char *sent)
{
    struct addr peer;
    struct edns e = edns_with(cookie);
    assert_int_equal(addr_parse(from, 0, &peer), FAIL_NONE);
    bool is_valid = cookie_answer(s, &peer, now, &e);
    assert_int_equal(e.cookie_len, EDNS_COOKIE_SIZE);
    if (sent != NULL) {
        uint8_t expected[40];
        assert_int_equal(bytes_of(sent, expected), EDNS_COOKIE_SIZE);
        assert_memory_equal(e.cookie, expected, EDNS_COOKIE_SIZE);
    }
    return is_valid;
}

/* RFC 9018 appendix A. */
static void cookies_are_those_of_the_standard(void **state)
{
    struct cookie_secrets s = secrets(SECRET);
    (void)state;
    assert_false(answers(&s, ADDRESS, MADE, CLIENT, COOKIE)); /* A.1: learning */
    assert_true(answers(&s, ADDRESS, 1559734385, COOKIE, CLIENT "010000005cf7a871d4a564a1442aca77")); /* A.2: renewed */
    /* A.3: reserved octets that another implementation set */
    const char *theirs = "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5";
    assert_false(answers(&s, "203.0.113.203", 1559734700, theirs, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"));
    assert_true(answers(&s, "203.0.113.203", 1559727985 + 60, theirs, theirs));
    /* A.4: IPv6, and a secret that another has followed */
    struct cookie_secrets next = secrets("445536bcd2513298075a5d379663c962");
    s = secrets("dd3bdf9344b678b185a6f5cb60fca715");
    cookie_secrets_follow(&next, &s);
    assert_true(answers(&next, "2001:db8:220:1:59de:d0f4:8769:82b8", 1559741961,
                        "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
                        "22681ab97d52c298010000005cf7c609a6bb79d16625507a"));
}

static void a_cookie_is_good_for_an_hour_and_renewed_after_half_of_it(void **state)
{
    struct cookie_secrets s = secrets(SECRET);
    (void)state;
    assert_true(answers(&s, ADDRESS, MADE + 1799, COOKIE, COOKIE));
    assert_true(answers(&s, ADDRESS, MADE + 1800, COOKIE, NULL));
    assert_true(answers(&s, ADDRESS, MADE + 3600, COOKIE, NULL));
    assert_false(answers(&s, ADDRESS, MADE + 3601, COOKIE, NULL));
    assert_true(answers(&s, ADDRESS, MADE - 300, COOKIE, COOKIE)); /* of a server whose clock is ahead */
    assert_false(answers(&s, ADDRESS, MADE - 301, COOKIE, NULL));
}

static void time_goes_round_in_32_bits(void **state)
{
    struct cookie_secrets s = secrets(SECRET);
    struct addr peer;
    struct edns e = edns_with(CLIENT);
    (void)state;
    assert_int_equal(addr_parse(ADDRESS, 0, &peer), FAIL_NONE);
    assert_false(cookie_answer(&s, &peer, UINT32_MAX - 10, &e));
    assert_true(cookie_answer(&s, &peer, 20, &e));
    assert_false(cookie_answer(&s, &peer, 20 + 3600, &e));
}

static void a_cookie_belongs_to_one_client_address_and_secret(void **state)
{
    struct cookie_secrets s = secrets(SECRET), other = secrets("00000000000000000000000000000000");
    (void)state;
    assert_true(answers(&s, ADDRESS, MADE, COOKIE, COOKIE));
    assert_false(answers(&s, "198.51.100.101", MADE, COOKIE, NULL));
    assert_false(answers(&s, "2001:db8::1", MADE, COOKIE, NULL));
    assert_false(answers(&other, ADDRESS, MADE, COOKIE, NULL));
    assert_false(answers(&s, ADDRESS, MADE, "2464c4abcf10c958010000005cf79f111f8130c3eee29480", NULL));
}

static void every_bit_of_a_cookie_counts(void **state)
{
    struct cookie_secrets s = secrets(SECRET);
    struct addr peer;
    (void)state;
    assert_int_equal(addr_parse(ADDRESS, 0, &peer), FAIL_NONE);
    for (unsigned bit = 0; bit < EDNS_COOKIE_SIZE * 8; bit++) {
        struct edns e = edns_with(COOKIE);
        e.cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(cookie_answer(&s, &peer, MADE, &e));
    }
}

static void cookies_of_other_forms_are_answered_with_ours(void **state)
{
    struct cookie_secrets s = secrets(SECRET);
    (void)state;
    assert_false(answers(&s, ADDRESS, MADE, CLIENT "0102030405060708", COOKIE));
    assert_false(answers(&s, ADDRESS, MADE, COOKIE "00", COOKIE));
    assert_false(answers(&s, ADDRESS, MADE, CLIENT "020000005cf79f111f8130c3eee29480", COOKIE));
}

static void a_drawn_secret_survives_reloads(void **state)
{
    struct cookie_secrets first, second;
    (void)state;
    cookie_secrets_init(&first, NULL);
    cookie_secrets_init(&second, NULL);
    assert_memory_not_equal(first.current, second.current, sizeof(first.current));
    cookie_secrets_follow(&second, &first);
    assert_memory_equal(first.current, second.current, sizeof(first.current));
    assert_false(second.has_previous);
}

static void the_secret_before_stays_good_until_the_next_one(void **state)
{
    struct cookie_secrets a = secrets(SECRET), b = secrets("01000000000000000000000000000000"), b_again = b, c;
    (void)state;
    cookie_secrets_init(&c, NULL);
    cookie_secrets_follow(&b, &a);
    assert_true(answers(&b, ADDRESS, MADE, COOKIE, NULL));
    cookie_secrets_follow(&b_again, &b); /* a reload for another reason */
    assert_true(answers(&b_again, ADDRESS, MADE, COOKIE, NULL));
    cookie_secrets_follow(&c, &b_again);
    assert_false(answers(&c, ADDRESS, MADE, COOKIE, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cookies_are_those_of_the_standard),
        cmocka_unit_test(a_cookie_is_good_for_an_hour_and_renewed_after_half_of_it),
        cmocka_unit_test(time_goes_round_in_32_bits),
        cmocka_unit_test(a_cookie_belongs_to_one_client_address_and_secret),
        cmocka_unit_test(every_bit_of_a_cookie_counts),
        cmocka_unit_test(cookies_of_other_forms_are_answered_with_ours),
        cmocka_unit_test(a_drawn_secret_survives_reloads),
        cmocka_unit_test(the_secret_before_stays_good_until_the_next_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
