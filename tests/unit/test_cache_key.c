/* Keys of stored entries: order, ranges, length, and the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cache/key.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

struct key {
    uint8_t bytes[KEY_SIZE];
    size_t len;
};

static struct key make(const uint8_t *name, enum cache_slot slot, uint16_t type)
{
    struct key k;
    k.len = key_write(k.bytes, name, slot, type);
    return k;
}

static struct key make_text(const char *text, enum cache_slot slot, uint16_t type)
{
    uint8_t name[NAME_SIZE];
    assert_int_equal(name_from_text(text, strlen(text), NULL, name), FAIL_NONE);
    return make(name, slot, type);
}

/* As LMDB compares keys. */
static int compare(const struct key *a, const struct key *b)
{
    int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void a_key_starts_at_the_root_and_ends_in_slot_and_type(void **state)
{
    static const uint8_t expected[] = "com\0example\0www\0\0\0\0\x1c";
    struct key k = make_text("WWW.Example.com.", CACHE_ANSWER, TYPE_AAAA);
    (void)state;
    assert_int_equal(k.len, sizeof(expected) - 1);
    assert_memory_equal(k.bytes, expected, k.len);
    k = make_text(".", CACHE_DELEGATION, 0);
    assert_int_equal(k.len, KEY_TAIL);
    assert_memory_equal(k.bytes, "\0\x02\0\0", 4);
}

static uint64_t hash_of(const struct key *k)
{
    return key_hash(key_name_hash(k->bytes, k->len), k->bytes, k->len);
}

/* In the bits that a table of a few thousand looks at. */
static void keys_of_one_name_share_its_hash_and_have_their_own(void **state)
{
    enum { TYPES = 256, TABLE = 4096 };
    static uint8_t seen[TABLE];
    struct key other = make_text("www.example.net.", CACHE_ANSWER, TYPE_A);
    struct key first = make_text("www.example.com.", CACHE_ANSWER, TYPE_A);
    unsigned most = 0;
    (void)state;
    assert_true(key_name_hash(other.bytes, other.len) != key_name_hash(first.bytes, first.len));
    for (unsigned slot = CACHE_ANSWER; slot <= CACHE_PROOF; slot++) {
        for (uint16_t type = 0; type < TYPES; type++) {
            struct key k = make_text("WWW.example.com.", (enum cache_slot)slot, type);
            assert_int_equal(key_name_hash(k.bytes, k.len), key_name_hash(first.bytes, first.len));
            unsigned count = ++seen[hash_of(&k) % TABLE];
            most = count > most ? count : most;
        }
    }
    assert_in_range(most, 1, 4);
}

/* The example of RFC 4034 6.1, and octets that need escaping. */
static void keys_sort_in_the_canonical_order_of_names(void **state)
{
    static const char *const names[] = {".",
                                        "example.",
                                        "a.example.",
                                        "yljkjljk.a.example.",
                                        "Z.a.example.",
                                        "zABC.a.EXAMPLE.",
                                        "z.example.",
                                        "\\000.z.example.",
                                        "\\000\\000.z.example.",
                                        "\\000\\001.z.example.",
                                        "\\000a.z.example.",
                                        "\\001.z.example.",
                                        "x.\\001.z.example.",
                                        "\\001\\000.z.example.",
                                        "\\002.z.example.",
                                        "*.z.example.",
                                        "\\200.z.example.",
                                        "\\255\\255.z.example.",
                                        "zz.example."};
    const size_t count = sizeof(names) / sizeof(names[0]);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct key a = make_text(names[i], CACHE_FAILURE, 0xffff);
            struct key b = make_text(names[j], CACHE_ANSWER, 0);
            if (i != j) {
                assert_int_equal(sign(compare(&a, &b)), i < j ? -1 : 1);
            }
        }
    }
}

static void random_name(uint8_t out[NAME_SIZE])
{
    static const uint8_t octets[] = {0, 1, 2, 'a', 'B', '-', '.', 0xff};
    size_t at = 0;
    unsigned labels = (unsigned)rand() % 5;
    for (unsigned i = 0; i < labels; i++) {
        uint8_t len = (uint8_t)(1 + rand() % 3);
        out[at++] = len;
        while (len-- > 0) {
            out[at++] = octets[(unsigned)rand() % sizeof(octets)];
        }
    }
    out[at] = 0;
}

static void key_order_agrees_with_name_order_for_random_names(void **state)
{
    (void)state;
    srand(1);
    for (int i = 0; i < 200000; i++) {
        uint8_t a[NAME_SIZE], b[NAME_SIZE];
        random_name(a);
        random_name(b);
        struct key x = make(a, CACHE_ANSWER, 1);
        struct key y = make(b, CACHE_ANSWER, 1);
        assert_int_equal(sign(compare(&x, &y)), sign(name_compare(a, b)));
        bool is_start = x.len - KEY_TAIL <= y.len && memcmp(x.bytes, y.bytes, x.len - KEY_TAIL) == 0;
        assert_int_equal(is_start, name_is_under(b, a));
    }
}

static void a_names_own_entries_stand_before_those_of_its_children(void **state)
{
    struct key own = make_text("example.", CACHE_FAILURE, 0xffff);
    struct key child = make_text("\\000.example.", CACHE_ANSWER, 0);
    struct key sibling = make_text("example\\000.", CACHE_ANSWER, 0);
    (void)state;
    assert_true(compare(&own, &child) < 0);
    assert_true(compare(&child, &sibling) < 0);
}

/* Fills a name with labels of the given lengths and one octet everywhere. */
static void fill_name(uint8_t out[NAME_SIZE], const uint8_t *lens, uint8_t octet)
{
    for (; *lens != 0; lens++) {
        *out++ = *lens;
        memset(out, octet, *lens);
        out += *lens;
    }
    *out = 0;
}

static void the_longest_key_fits_into_lmdb(void **state)
{
    static const uint8_t few[] = {63, 63, 63, 61, 0};
    uint8_t many[NAME_LABELS + 1];
    uint8_t name[NAME_SIZE];
    (void)state;
    memset(many, 1, NAME_LABELS);
    many[NAME_LABELS] = 0;
    for (unsigned octet = 0; octet < 2; octet++) {
        fill_name(name, few, (uint8_t)octet);
        assert_int_equal(name_len(name), NAME_SIZE);
        struct key k = make(name, CACHE_FAILURE, 0xffff);
        assert_int_equal(k.len, KEY_SIZE - KEY_ZONE);
        k.len = key_proof(k.bytes, name_root, TYPE_NSEC, name, &(size_t){0});
        assert_int_equal(k.len, KEY_SIZE);
        assert_true(k.len <= 511);
        fill_name(name, many, (uint8_t)octet);
        assert_int_equal(name_len(name), NAME_SIZE);
        k = make(name, CACHE_FAILURE, 0xffff);
        assert_true(k.len <= KEY_SIZE);
    }
}

static void a_key_reads_back(void **state)
{
    static const char *const names[] = {".", "com.", "a.b.c.d.example.", "\\000\\001\\002.\\255.example."};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint8_t name[NAME_SIZE];
        struct key_parts parts;
        assert_int_equal(name_from_text(names[i], strlen(names[i]), NULL, name), FAIL_NONE);
        struct key k = make(name, CACHE_FAILURE, 0x1234);
        assert_int_equal(key_read(k.bytes, k.len, &parts), FAIL_NONE);
        assert_int_equal(parts.name_len, name_len(name));
        assert_memory_equal(parts.name, name, parts.name_len);
        assert_int_equal(parts.slot, CACHE_FAILURE);
        assert_int_equal(parts.type, 0x1234);
        assert_int_equal(parts.zone_len, 0);
    }
}

/* Names that only differ in where their labels end, or in an octet that means something in text: no key is another's,
 * nor the beginning of one that is not below it. */
static void odd_names_have_keys_of_their_own(void **state)
{
    static const char *const names[] = {"a.b.example.",
                                        "a\\.b.example.",
                                        "ab.example.",
                                        "a\\000.example.",
                                        "a.example.",
                                        "a\\000b.example.",
                                        "a\\\\.b.example.",
                                        "a\\\\b.example.",
                                        "a\\032b.example.",
                                        "a\\001.example.",
                                        "a\\001\\001.example.",
                                        "\\000.example.",
                                        "\\001.example.",
                                        "\\255.example.",
                                        "a.b\\.example.",
                                        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk.example.",
                                        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij.k.example."};
    enum { COUNT = sizeof(names) / sizeof(names[0]) };
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct key k = make_text(names[i], CACHE_ANSWER, TYPE_A);
        for (size_t j = 0; j < COUNT; j++) {
            struct key other = make_text(names[j], CACHE_ANSWER, TYPE_A);
            bool is_start = other.len >= k.len - KEY_TAIL && memcmp(k.bytes, other.bytes, k.len - KEY_TAIL) == 0;
            assert_true((compare(&k, &other) == 0) == (i == j));
            uint8_t name[NAME_SIZE], below[NAME_SIZE];
            assert_int_equal(name_from_text(names[i], strlen(names[i]), NULL, name), FAIL_NONE);
            assert_int_equal(name_from_text(names[j], strlen(names[j]), NULL, below), FAIL_NONE);
            assert_true(is_start == name_is_under(below, name));
        }
    }
}

/* ---- Proofs ---- */

static struct key make_proof(const char *zone_text, uint16_t type, const char *text, size_t *zone_len)
{
    uint8_t zone[NAME_SIZE], name[NAME_SIZE];
    struct key k;
    assert_int_equal(name_from_text(zone_text, strlen(zone_text), NULL, zone), FAIL_NONE);
    assert_int_equal(name_from_text(text, strlen(text), NULL, name), FAIL_NONE);
    k.len = key_proof(k.bytes, zone, type, name, zone_len);
    return k;
}

static void the_key_of_a_proof_has_its_zone_in_front(void **state)
{
    static const uint8_t expected[] = "com\0example\0\0\4\x2f"
                                      "a\0www\0\0\4\0\x2f";
    size_t zone_len;
    struct key k = make_proof("Example.com.", TYPE_NSEC, "www.A.example.com.", &zone_len);
    (void)state;
    assert_int_equal(k.len, sizeof(expected) - 1);
    assert_memory_equal(k.bytes, expected, k.len);
    assert_int_equal(zone_len, 12 + KEY_ZONE);
    k = make_proof(".", TYPE_NSEC3, ".", &zone_len);
    assert_int_equal(k.len, KEY_ZONE + KEY_TAIL);
    assert_memory_equal(k.bytes, "\0\4\x32\0\4\0\x32", k.len);
    assert_int_equal(zone_len, KEY_ZONE);
}

static void proofs_of_one_zone_stand_together_in_order(void **state)
{
    static const struct {
        const char *zone, *name;
        uint16_t type;
    } sorted[] = {{"example.", "example.", TYPE_NSEC},         {"example.", "a.example.", TYPE_NSEC},
                  {"example.", "\\000.a.example.", TYPE_NSEC}, {"example.", "b.a.example.", TYPE_NSEC},
                  {"example.", "b.example.", TYPE_NSEC},       {"example.", "0.example.", TYPE_NSEC3},
                  {"example.", "v.example.", TYPE_NSEC3},      {"a.example.", "a.example.", TYPE_NSEC},
                  {"a.example.", "b.a.example.", TYPE_NSEC}};
    size_t zone_len;
    (void)state;
    for (size_t i = 1; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
        struct key before = make_proof(sorted[i - 1].zone, sorted[i - 1].type, sorted[i - 1].name, &zone_len);
        struct key k = make_proof(sorted[i].zone, sorted[i].type, sorted[i].name, &zone_len);
        assert_true(compare(&before, &k) < 0);
    }
    struct key own = make_text("example.", CACHE_FAILURE, 0xffff);
    struct key child = make_text("\\000.example.", CACHE_ANSWER, 0);
    struct key proof = make_proof("example.", TYPE_NSEC, "z.example.", &zone_len);
    assert_true(compare(&own, &proof) < 0 && compare(&proof, &child) < 0);
}

static void the_key_of_a_proof_reads_back(void **state)
{
    static const char *const names[][2] = {
        {".", "."}, {".", "com."}, {"com.", "com."}, {"b.example.", "\\000\\001.a.b.example."}};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        uint8_t name[NAME_SIZE], zone[NAME_SIZE];
        struct key_parts parts;
        size_t zone_len;
        struct key k = make_proof(names[i][0], TYPE_NSEC3, names[i][1], &zone_len);
        assert_int_equal(name_from_text(names[i][0], strlen(names[i][0]), NULL, zone), FAIL_NONE);
        assert_int_equal(name_from_text(names[i][1], strlen(names[i][1]), NULL, name), FAIL_NONE);
        assert_int_equal(key_read(k.bytes, k.len, &parts), FAIL_NONE);
        assert_int_equal(parts.name_len, name_len(name));
        assert_memory_equal(parts.name, name, parts.name_len);
        assert_int_equal(parts.zone_len, name_len(zone));
        assert_memory_equal(parts.name + parts.name_len - parts.zone_len, zone, parts.zone_len);
        assert_int_equal(parts.slot, CACHE_PROOF);
        assert_int_equal(parts.type, TYPE_NSEC3);
    }
}

static void what_no_name_gives_is_not_read(void **state)
{
    static const struct key bad[] = {
        {"", 0},
        {"\0\0\0", 3},
        {"\0\x05\0\1", 4},         /* no such slot */
        {"a\0\0\0\1", 5},          /* a label without its end */
        {"\0\0\0\0\1", 5},         /* an empty label */
        {"A\0\0\0\0\1", 6},        /* upper case */
        {"\1\3\0\0\0\0\1", 7},     /* an escape that is none */
        {"\1\0\0\0\0\1", 6},       /* an escape without its octet */
        {"a\0\1\0\0\1", 6},        /* another marker */
        {"\0\4\x2f\0\4\1\x2f", 7}, /* a proof of a type that none has */
        {"\0\4\x2f\0\4\0\x32", 7}, /* two types */
        {"\0\3\x2f\0\4\0\x2f", 7}, /* two slots */
        {"\0\4\x2f\0\0\0\x2f", 7},
        {"\0\4\x2f\0\4\x2f\0\4\0\x2f", 10}, /* two zones */
        {"\0\4\x2f"
         "a\0\4\0\x2f",
         8}, /* a label without its end behind the zone */
    };
    struct key_parts parts;
    struct key long_label = {.len = 64 + 1 + KEY_TAIL};
    struct key long_name = {.len = 0};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(key_read(bad[i].bytes, bad[i].len, &parts), FAIL_WIRE);
    }
    memset(long_label.bytes, 'a', 64);
    assert_int_equal(key_read(long_label.bytes, long_label.len, &parts), FAIL_WIRE);
    for (int i = 0; i < 128; i++) {
        long_name.bytes[2 * i] = 'a';
        long_name.bytes[2 * i + 1] = 0;
    }
    long_name.len = 256 + KEY_TAIL;
    assert_int_equal(key_read(long_name.bytes, long_name.len, &parts), FAIL_WIRE);
}

static void the_parent_is_one_label_shorter(void **state)
{
    struct key k = make_text("www.\\000\\001.com.", CACHE_ANSWER, 1);
    size_t len = k.len - KEY_TAIL;
    (void)state;
    len = key_parent(k.bytes, len);
    assert_int_equal(len, 4 + 5);
    len = key_parent(k.bytes, len);
    assert_int_equal(len, 4);
    assert_int_equal(key_parent(k.bytes, len), 0);
    assert_int_equal(key_parent(k.bytes, 0), 0);
}

static void a_type_covers_what_stands_in_its_way(void **state)
{
    static const struct {
        enum cache_slot slot;
        uint16_t own, asked;
        bool is_covered;
    } cases[] = {{CACHE_ANSWER, TYPE_A, TYPE_A, true},    {CACHE_ANSWER, TYPE_A, TYPE_AAAA, false},
                 {CACHE_ANSWER, TYPE_A, 0, true},         {CACHE_FAILURE, TYPE_A, TYPE_A, true},
                 {CACHE_FAILURE, TYPE_A, TYPE_MX, false}, {CACHE_NXDOMAIN, 0, TYPE_A, true},
                 {CACHE_DELEGATION, 0, TYPE_A, false},    {CACHE_DELEGATION, 0, TYPE_NS, true},
                 {CACHE_DELEGATION, 0, TYPE_DS, true},    {CACHE_DELEGATION, 0, 0, true},
                 {CACHE_PROOF, TYPE_NSEC, 0, true},       {CACHE_PROOF, TYPE_NSEC, TYPE_A, false}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct key k = make_text("example.", cases[i].slot, cases[i].own);
        assert_int_equal(key_is_covered(k.bytes, k.len, cases[i].asked), cases[i].is_covered);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_starts_at_the_root_and_ends_in_slot_and_type),
        cmocka_unit_test(keys_of_one_name_share_its_hash_and_have_their_own),
        cmocka_unit_test(keys_sort_in_the_canonical_order_of_names),
        cmocka_unit_test(key_order_agrees_with_name_order_for_random_names),
        cmocka_unit_test(a_names_own_entries_stand_before_those_of_its_children),
        cmocka_unit_test(the_longest_key_fits_into_lmdb),
        cmocka_unit_test(a_key_reads_back),
        cmocka_unit_test(odd_names_have_keys_of_their_own),
        cmocka_unit_test(what_no_name_gives_is_not_read),
        cmocka_unit_test(the_key_of_a_proof_has_its_zone_in_front),
        cmocka_unit_test(proofs_of_one_zone_stand_together_in_order),
        cmocka_unit_test(the_key_of_a_proof_reads_back),
        cmocka_unit_test(the_parent_is_one_label_shorter),
        cmocka_unit_test(a_type_covers_what_stands_in_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
