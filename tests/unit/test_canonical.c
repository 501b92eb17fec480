#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/validate/canonical.h"
#include "tests/support/records.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

#define HEAD "\0\1\15\2\0\0\0\74\0\0\0\2\0\0\0\1\22\64" /* A 13 2 60, times, tag 0x1234 */

/* The canonical form of `set` for an RRSIG of that head, signed by "Test.", without the part that is always the same.
 */
static struct rdata_view canonical_of(const struct rrset *set, unsigned labels)
{
    static const uint8_t rdata[] = HEAD "\4Test\0sig";
    const struct rrsig sig = {.labels = (uint8_t)labels, .original_ttl = 60, .signer = rdata + RRSIG_FIXED};
    struct canonical c;
    assert_int_equal(canonical_prepare(&arena, set, &c), FAIL_NONE);
    size_t len = canonical_write(&c, &sig);
    const size_t head = RRSIG_FIXED + 6;
    assert_true(len > head);
    assert_memory_equal(c.bytes, HEAD "\4test", head);
    return (struct rdata_view){.bytes = c.bytes + head, .len = (uint16_t)(len - head)};
}

#define is_canonical(set, labels, expected)                                                                            \
    do {                                                                                                               \
        struct rdata_view got = canonical_of((set), (labels));                                                         \
        assert_int_equal(got.len, sizeof(expected) - 1);                                                               \
        assert_memory_equal(got.bytes, (expected), got.len);                                                           \
    } while (0)

static void records_are_sorted_and_single(void **state)
{
    (void)state;
    static const char *const texts[] = {"b", "ab", "\"\"", "a", "ab"};
    const struct rrset *set = records_set(&arena, "WWW.test.", TYPE_TXT, texts, 5);
#define RECORD "\3www\4test\0\0\20\0\1\0\0\0\74"
    is_canonical(set, 2, RECORD "\0\1\0" RECORD "\0\2\1a" RECORD "\0\2\1b" RECORD "\0\3\2ab");
#undef RECORD
}

/* Shorter RDATA comes first where the longer begins with it, and octets are unsigned. */
static void order_is_by_octets_without_sign(void **state)
{
    (void)state;
    static const char *const texts[] = {"\\# 2 8000", "\\# 1 80", "\\# 1 7f"};
    const struct rrset *set = records_set(&arena, "t.", 65280, texts, 3);
#define RECORD "\1t\0\377\0\0\1\0\0\0\74"
    is_canonical(set, 1, RECORD "\0\1\177" RECORD "\0\1\200" RECORD "\0\2\200\0");
#undef RECORD
}

static void names_of_old_types_are_lowered_before_sorting(void **state)
{
    (void)state;
    static const char *const exchanges[] = {"10 b.", "10 A.", "10 B."};
    const struct rrset *set = records_set(&arena, "t.", TYPE_MX, exchanges, 3);
#define RECORD "\1t\0\0\17\0\1\0\0\0\74"
    is_canonical(set, 1, RECORD "\0\5\0\12\1a\0" RECORD "\0\5\0\12\1b\0");
#undef RECORD
}

static void names_of_other_types_keep_their_case(void **state)
{
    (void)state;
    static const char *const next[] = {"B. A"};
    static const char *const service[] = {"1 B."};
    is_canonical(records_set(&arena, "t.", TYPE_NSEC, next, 1), 1, "\1t\0\0\57\0\1\0\0\0\74\0\6\1B\0\0\1\100");
    is_canonical(records_set(&arena, "t.", TYPE_SVCB, service, 1), 1, "\1t\0\0\100\0\1\0\0\0\74\0\5\0\1\1B\0");
}

static void each_name_of_a_record_is_lowered(void **state)
{
    (void)state;
    static const char *const soa[] = {"A. B. 1 2 3 4 5"};
    static const char *const naptr[] = {"1 2 \"U\" \"S\" \"R\" B."};
    static const char *const srv[] = {"1 2 3 B."};
    is_canonical(records_set(&arena, "t.", TYPE_SOA, soa, 1), 1,
                 "\1t\0\0\6\0\1\0\0\0\74\0\32\1a\0\1b\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5");
    is_canonical(records_set(&arena, "t.", TYPE_NAPTR, naptr, 1), 1,
                 "\1t\0\0\43\0\1\0\0\0\74\0\15\0\1\0\2\1U\1S\1R\1b\0");
    is_canonical(records_set(&arena, "t.", TYPE_SRV, srv, 1), 1, "\1t\0\0\41\0\1\0\0\0\74\0\11\0\1\0\2\0\3\1b\0");
}

static void a_wildcards_records_have_its_name(void **state)
{
    (void)state;
    static const char *const address[] = {"192.0.2.1"};
#define RECORD "\0\1\0\1\0\0\0\74\0\4\300\0\2\1"
    is_canonical(records_set(&arena, "A.b.Test.", TYPE_A, address, 1), 1, "\1*\4test\0" RECORD);
    is_canonical(records_set(&arena, "A.b.Test.", TYPE_A, address, 1), 2, "\1*\1b\4test\0" RECORD);
    is_canonical(records_set(&arena, "A.b.Test.", TYPE_A, address, 1), 3, "\1a\1b\4test\0" RECORD);
    is_canonical(records_set(&arena, "*.b.Test.", TYPE_A, address, 1), 2, "\1*\1b\4test\0" RECORD);
    is_canonical(records_set(&arena, "a.", TYPE_A, address, 1), 0, "\1*\0" RECORD);
    is_canonical(records_set(&arena, ".", TYPE_A, address, 1), 0, "\0" RECORD);
#undef RECORD
}

static void memory_is_bounded(void **state)
{
    (void)state;
    static const char *const names[] = {"a.", "b."};
    const struct rrset *set = records_set(&arena, "t.", TYPE_NS, names, 2);
    struct canonical c;
    struct arena small;
    unsigned refused = 0;
    for (size_t cap = 0; cap < 1024; cap++) {
        arena_init(&small, cap);
        refused += canonical_prepare(&small, set, &c) == FAIL_SPACE;
        arena_fini(&small);
    }
    assert_in_range(refused, 300, 500);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_are_sorted_and_single),
        TEST(order_is_by_octets_without_sign),
        TEST(names_of_old_types_are_lowered_before_sorting),
        TEST(names_of_other_types_keep_their_case),
        TEST(each_name_of_a_record_is_lowered),
        TEST(a_wildcards_records_have_its_name),
        TEST(memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
