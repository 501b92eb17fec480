#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/msg.h"
#include "resolver/dns/type.h"

/* Pieces of queries. HEADER takes flags and the four counts, each below 128. */
#define HEADER(high, low, qd, an, ns, ar) 0x12, 0x34, high, low, 0, qd, 0, an, 0, ns, 0, ar
#define WWW                               3, 'W', 'w', 'W', 2, 'e', 'X', 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1
#define RECORD_A                          1, 'x', 0, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1
#define OPT(version, flags, len)          0, 0, 41, 4, 208, 0, version, flags, 0, 0, len

#define PARSE(q, ...)                     parse((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), q)

/* An exact copy on the heap, so that AddressSanitizer sees every octet read past the end. */
static enum request_verdict parse(const uint8_t *wire, size_t len, struct request *q)
{
    uint8_t *copy = test_malloc(len);
    memcpy(copy, wire, len);
    memset(q, 0xee, sizeof(*q));
    enum request_verdict verdict = request_parse(copy, len, q);
    uint8_t key[NAME_SIZE];
    uint16_t type;
    size_t name_len = request_peek(copy, len, key, &type);
    if (verdict == REQUEST_OK) { /* what a look ahead sees is what is read */
        assert_int_equal(name_len, q->name_len);
        assert_memory_equal(key, q->key, name_len);
        assert_int_equal(type, q->type);
    }
    test_free(copy);
    return verdict;
}

static void a_plain_query_is_read_with_its_case_kept_and_a_lower_case_key(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, HEADER(1, 0x10, 1, 0, 0, 0), WWW), REQUEST_OK);
    assert_int_equal(q.id, 0x1234);
    assert_int_equal(q.flags, MSG_RD | MSG_CD);
    assert_int_equal(q.type, TYPE_A);
    assert_int_equal(q.class, CLASS_IN);
    assert_int_equal(q.name_len, 13);
    assert_memory_equal(q.name, "\3WwW\2eX\4test", 13);
    assert_memory_equal(q.key, "\3www\2ex\4test", 13);
    assert_false(q.edns.present);
}

static void the_root_and_odd_octets_are_names_too(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 0), 0, 0, 2, 0, 1), REQUEST_OK);
    assert_int_equal(q.name_len, 1);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 0), 4, 0, '.', '\\', 0xff, 0, 0, 2, 0, 1), REQUEST_OK);
    assert_int_equal(q.name_len, 6);
}

static void silence_for_what_is_no_query(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, 0x12), REQUEST_IGNORE);
    assert_int_equal(PARSE(&q, 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0), REQUEST_IGNORE);
    assert_int_equal(PARSE(&q, HEADER(0x81, 0, 1, 0, 0, 0), WWW), REQUEST_IGNORE);
    assert_int_equal(PARSE(&q, HEADER(0xa9, 0, 1, 0, 0, 0), 1), REQUEST_IGNORE);
}

static void other_opcodes_are_not_implemented_whatever_follows(void **state)
{
    (void)state;
    struct request q;
    for (unsigned opcode = 1; opcode < 16; opcode++) {
        uint8_t high = (uint8_t)(opcode << 3 | 1);
        assert_int_equal(PARSE(&q, HEADER(high, 0, 1, 0, 0, 0), WWW), REQUEST_NOTIMP);
        assert_int_equal(PARSE(&q, HEADER(high, 0, 1, 0, 0, 0), 0xff, 0xff), REQUEST_NOTIMP);
        assert_int_equal(q.name_len, 0);
        assert_false(q.edns.present);
    }
}

static void there_must_be_exactly_one_question(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, HEADER(1, 0, 0, 0, 0, 0)), REQUEST_FORMERR);
    assert_int_equal(q.name_len, 0);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 0, 0, 0, 1), OPT(0, 0, 0)), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 2, 0, 0, 0), WWW, WWW), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 0)), REQUEST_FORMERR);
}

static void every_cut_of_a_query_is_malformed(void **state)
{
    (void)state;
    static const uint8_t wire[] = {HEADER(1, 0, 1, 1, 0, 2), WWW, RECORD_A, RECORD_A, OPT(0, 0x80, 4), 0, 3, 0, 0};
    struct request q;
    assert_int_equal(parse(wire, sizeof(wire), &q), REQUEST_OK);
    for (size_t len = MSG_HEADER_SIZE; len < sizeof(wire); len++) {
        assert_int_equal(parse(wire, len, &q), REQUEST_FORMERR);
        assert_int_equal(q.name_len, len < MSG_HEADER_SIZE + 17 ? 0 : 13);
    }
}

static void names_that_are_compressed_or_too_long_are_malformed(void **state)
{
    (void)state;
    struct request q;
    uint8_t wire[MSG_HEADER_SIZE + 300] = {HEADER(1, 0, 1, 0, 0, 0)};
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 0), 0xc0, 12, 0, 1, 0, 1), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 0), 0xc0, 0, 0, 1, 0, 1), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 0), 1, 'a', 0xc0, 4, 0, 1, 0, 1), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 0), 0x41, 'a', 0, 0, 1, 0, 1), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 0), 0x81, 'a', 0, 0, 1, 0, 1), REQUEST_FORMERR);
    for (size_t last = 60; last < 64; last++) {
        memset(wire + MSG_HEADER_SIZE, 'a', 4 * 64);
        for (size_t i = 0; i < 3; i++) {
            wire[MSG_HEADER_SIZE + i * 64] = 63;
        }
        wire[MSG_HEADER_SIZE + 3 * 64] = (uint8_t)last;
        memset(wire + MSG_HEADER_SIZE + 3 * 64 + 1 + last, 0, 20);
        size_t name_len = 3 * 64 + last + 2;
        enum request_verdict due = name_len <= NAME_SIZE ? REQUEST_OK : REQUEST_FORMERR;
        assert_int_equal(parse(wire, MSG_HEADER_SIZE + name_len + 4, &q), due);
    }
}

static void opt_is_read(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, OPT(0, 0x80, 4), 0, 3, 0, 0), REQUEST_OK);
    assert_true(q.edns.present);
    assert_true(q.edns.dnssec_ok);
    assert_true(q.edns.wants_nsid);
    assert_int_equal(q.edns.udp_size, 1232);
    assert_int_equal(q.edns.version, 0);
}

#define COOKIE 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8

static void a_cookie_is_read_and_one_of_wrong_length_is_malformed(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, OPT(0, 0, 12), COOKIE), REQUEST_OK);
    assert_int_equal(q.edns.cookie_len, 8);
    assert_int_equal(q.edns.cookie[7], 8);
    assert_false(q.is_proven);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, OPT(0, 0, 4), 0, 10, 0, 0), REQUEST_FORMERR);
    assert_int_equal(q.name_len, 13);
    assert_int_equal(q.edns.cookie_len, 0);
    /* Nobody knows what options mean in a later version. */
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, OPT(1, 0, 4), 0, 10, 0, 0), REQUEST_BADVERS);
}

static void without_a_question_a_cookie_is_one(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, HEADER(1, 0, 0, 0, 0, 1), OPT(0, 0, 12), COOKIE), REQUEST_COOKIE);
    assert_int_equal(q.name_len, 0);
    assert_int_equal(q.edns.cookie_len, 8);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 0, 0, 0, 1), OPT(0, 0, 0)), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 0, 0, 0, 0), 0), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 2, 0, 0, 1), WWW, WWW, OPT(0, 0, 12), COOKIE), REQUEST_FORMERR);
}

static void unknown_options_are_ignored(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, OPT(0, 0, 9), 0xff, 0, 0, 1, 7, 0, 12, 0, 0), REQUEST_OK);
    assert_true(q.edns.present);
    assert_false(q.edns.wants_nsid);
}

static void broken_opt_is_malformed_but_the_question_is_kept(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 2), WWW, OPT(0, 0, 0), OPT(0, 0, 0)), REQUEST_FORMERR);
    assert_int_equal(q.name_len, 13);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, 1, 'a', OPT(0, 0, 0)), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 1, 0, 0), WWW, OPT(0, 0, 0)), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 1, 0), WWW, OPT(0, 0, 0)), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, OPT(0, 0, 3), 0, 3, 0), REQUEST_FORMERR);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, OPT(0, 0, 5), 0, 3, 0, 2, 1), REQUEST_FORMERR);
}

static void more_options_than_the_limit_are_malformed(void **state)
{
    (void)state;
    for (unsigned count = EDNS_OPTIONS_MAX; count <= EDNS_OPTIONS_MAX + 1; count++) {
        uint8_t wire[256] = {HEADER(1, 0, 1, 0, 0, 1), WWW, OPT(0, 0, 0)};
        size_t len = MSG_HEADER_SIZE + 17 + 11;
        struct request q;
        wire[len - 1] = (uint8_t)(count * 4);
        enum request_verdict due = count <= EDNS_OPTIONS_MAX ? REQUEST_OK : REQUEST_FORMERR;
        assert_int_equal(parse(wire, len + count * 4, &q), due);
    }
}

static void a_later_edns_version_is_named_whatever_its_options(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, OPT(1, 0x80, 0)), REQUEST_BADVERS);
    assert_true(q.edns.dnssec_ok);
    assert_int_equal(q.name_len, 13);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, OPT(1, 0, 3), 0, 3, 0), REQUEST_BADVERS);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 2, 0, 0, 1), WWW, WWW, OPT(1, 0, 0)), REQUEST_FORMERR);
}

static void other_records_are_passed_over_when_they_are_well_formed(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 1, 1, 2), WWW, RECORD_A, RECORD_A, RECORD_A, OPT(0, 0, 0)), REQUEST_OK);
    assert_true(q.edns.present);
    /* three octets of address */
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 3, 1, 2, 3),
                     REQUEST_FORMERR);
    /* an owner that points ahead */
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, 0xc0, 99, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4),
                     REQUEST_FORMERR);
    /* counted, but not there */
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW), REQUEST_FORMERR);
}

static void octets_behind_the_last_record_are_ignored(void **state)
{
    (void)state;
    struct request q;
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 0), WWW, 1, 2, 3), REQUEST_OK);
    assert_int_equal(PARSE(&q, HEADER(1, 0, 1, 0, 0, 1), WWW, OPT(0, 0, 0), 1, 2, 3), REQUEST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_query_is_read_with_its_case_kept_and_a_lower_case_key),
        cmocka_unit_test(the_root_and_odd_octets_are_names_too),
        cmocka_unit_test(silence_for_what_is_no_query),
        cmocka_unit_test(other_opcodes_are_not_implemented_whatever_follows),
        cmocka_unit_test(there_must_be_exactly_one_question),
        cmocka_unit_test(every_cut_of_a_query_is_malformed),
        cmocka_unit_test(names_that_are_compressed_or_too_long_are_malformed),
        cmocka_unit_test(opt_is_read),
        cmocka_unit_test(a_cookie_is_read_and_one_of_wrong_length_is_malformed),
        cmocka_unit_test(without_a_question_a_cookie_is_one),
        cmocka_unit_test(unknown_options_are_ignored),
        cmocka_unit_test(broken_opt_is_malformed_but_the_question_is_kept),
        cmocka_unit_test(more_options_than_the_limit_are_malformed),
        cmocka_unit_test(a_later_edns_version_is_named_whatever_its_options),
        cmocka_unit_test(other_records_are_passed_over_when_they_are_well_formed),
        cmocka_unit_test(octets_behind_the_last_record_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
