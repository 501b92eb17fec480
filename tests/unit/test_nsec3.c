#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/validate/keyring.h"
#include "resolver/validate/nsec3.h"
#include "tests/unit/proof_text.h"

static const uint8_t salt[] = {0xaa, 0xbb, 0xcc, 0xdd};

/* RFC 5155 appendix A: salt aabbccdd, 12 iterations. */
static const struct {
    const char *name, *hash;
} published[] = {
    {"example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},
    {"a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
    {"ai.example.", "gjeqe526plbf1g8mklp59enfd789njgi"},
    {"ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
    {"NS2.Example.", "q04jkcevqvmu85r014c7dkba38o0ji5r"},
    {"w.example.", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},
    {"*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
    {"x.w.example.", "b4um86eghhds6nea196smvmlo4ors995"},
    {"y.w.example.", "ji6neoaepv8b5o6k4ev33abha8ht9fgc"},
    {"x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s"},
    {"xx.example.", "t644ebqk9bibcna874givr6joj62mlhv"},
    {"2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.", "kohar7mbb8dc2ce8a9qvl8hon4k53uhi"},
};

/* The record at `label`, read. */
static void read_at(struct arena *a, const char *label, struct nsec3 *n)
{
    char line[256];
    snprintf(line, sizeof(line), "%s.example. NSEC3 1 0 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A", label);
    assert_int_equal(nsec3_read(proof_text(a, line), proof_name(a, "example."), 50, n), NSEC3_USABLE);
}

static void hashes_are_those_of_the_rfc(void **state)
{
    (void)state;
    struct arena a;
    struct nsec3 n;
    uint8_t hash[NSEC3_HASH_SIZE];
    const struct nsec3_params params = {12, sizeof(salt), salt};
    struct expense e = {.hash_blocks = 1000};
    struct verifier v = {.keyring = keyring_new(1), .expense = &e, .caps = CAPS_USUAL};
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
        assert_int_equal(nsec3_hash(&v, &params, proof_name(&a, published[i].name), hash), FAIL_NONE);
        read_at(&a, published[i].hash, &n);
        assert_true(nsec3_matches(&n, hash));
        assert_false(nsec3_covers(&n, hash));
    }
    arena_fini(&a);
    keyring_free(v.keyring);
}

/* What sha1sum says of "\1a\0" alone: no salt, no iteration. */
static void a_hash_needs_neither_salt_nor_iterations(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0xd4, 0xc5, 0x42, 0xc1, 0x7c, 0xab, 0x0c, 0x3a, 0xc0, 0x1a,
                                       0xc7, 0xb6, 0x69, 0xa4, 0xac, 0x47, 0x04, 0xb3, 0x79, 0xd1};
    const struct nsec3_params params = {0, 0, salt};
    uint8_t hash[NSEC3_HASH_SIZE];
    struct expense e = {.hash_blocks = 1000};
    struct verifier v = {.keyring = keyring_new(1), .expense = &e, .caps = CAPS_USUAL};
    assert_int_equal(nsec3_hash(&v, &params, (const uint8_t *)"\1A", hash), FAIL_NONE);
    assert_memory_equal(hash, expected, sizeof(expected));
    keyring_free(v.keyring);
}

static void cost_is_counted_in_blocks(void **state)
{
    (void)state;
    uint8_t longest[NAME_SIZE];
    for (unsigned i = 0; i < NAME_LABELS; i++) {
        memcpy(longest + 2 * i, "\1a", 2);
    }
    longest[NAME_SIZE - 1] = 0;
    const struct nsec3_params plain = {0, 0, salt};
    const struct nsec3_params fits = {10, 35, salt}; /* 20 octets, 35 of salt and 9 of padding */
    const struct nsec3_params spills = {10, 36, salt};
    const struct nsec3_params most = {50, 255, salt};
    assert_int_equal(nsec3_blocks(&plain, (const uint8_t *)"\1a"), 1);
    assert_int_equal(nsec3_blocks(&plain, longest), 5);
    assert_int_equal(nsec3_blocks(&fits, (const uint8_t *)"\1a"), 1 + 10);
    assert_int_equal(nsec3_blocks(&spills, (const uint8_t *)"\1a"), 1 + 20);
    assert_int_equal(nsec3_blocks(&most, longest), 9 + 50 * 5);
}

#define NEXT "2vptu5timamqttgl4luu9kg21e0aor3s"
#define AT   "2t7b4g4vsa5smi47k61mv5bv1a22bojr"

static void only_records_that_mean_something_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *record;
        enum nsec3_use use;
    } rows[] = {
        {AT ".example. NSEC3 1 0 0 - " NEXT " A", NSEC3_USABLE},
        {AT ".example. NSEC3 1 1 50 aabbccdd " NEXT " A", NSEC3_USABLE},
        {AT ".EXAMPLE. NSEC3 1 0 0 - " NEXT, NSEC3_USABLE},
        {"2T7B4G4VSA5SMI47K61MV5BV1A22BOJR.example. NSEC3 1 0 0 - " NEXT " A", NSEC3_USABLE},
        {AT ".example. NSEC3 1 0 51 - " NEXT " A", NSEC3_COSTLY},
        {AT ".example. NSEC3 1 1 65535 aabbccdd " NEXT " A", NSEC3_COSTLY},
        {AT ".example. NSEC3 2 0 0 - " NEXT " A", NSEC3_USELESS},
        {AT ".example. NSEC3 0 0 51 - " NEXT " A", NSEC3_USELESS},
        {AT ".example. NSEC3 1 2 0 - " NEXT " A", NSEC3_USELESS},
        {AT ".example. NSEC3 1 129 51 - " NEXT " A", NSEC3_USELESS},
        {AT ".example. NSEC3 1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s00 A", NSEC3_USELESS},
        {AT ".example. NSEC3 1 0 0 - 2vptu5ti A", NSEC3_USELESS},
        {AT ".other. NSEC3 1 0 0 - " NEXT " A", NSEC3_USELESS},
        {AT ".child.example. NSEC3 1 0 0 - " NEXT " A", NSEC3_USELESS},
        {AT ".child.example. NSEC3 1 0 51 - " NEXT " A", NSEC3_USELESS},
        {"example. NSEC3 1 0 0 - " NEXT " A", NSEC3_USELESS},
        {"2t7b4g4vsa5smi47k61mv5bv1a22boj.example. NSEC3 1 0 0 - " NEXT " A", NSEC3_USELESS},
        {"2t7b4g4vsa5smi47k61mv5bv1a22bojw.example. NSEC3 1 0 0 - " NEXT " A", NSEC3_USELESS},
        {"2t7b4g4vsa5smi47k61mv5bv1a22boj-.example. NSEC3 1 0 0 - " NEXT " A", NSEC3_USELESS},
        {AT ".example. labels=1 NSEC3 1 0 0 - " NEXT " A", NSEC3_USELESS},
        {AT ".example. A 192.0.2.1", NSEC3_USELESS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena a;
        struct nsec3 n;
        arena_init(&a, 1 << 16);
        enum nsec3_use use = nsec3_read(proof_text(&a, rows[i].record), proof_name(&a, "example."), 50, &n);
        if (use != rows[i].use) {
            fail_msg("%s: %d, not %d", rows[i].record, use, rows[i].use);
        }
        arena_fini(&a);
    }
}

static struct nsec3 span(uint8_t owner[NSEC3_HASH_SIZE], uint8_t next[NSEC3_HASH_SIZE], uint8_t from, uint8_t to)
{
    struct nsec3 n = {.next = next};
    memset(owner, 0, NSEC3_HASH_SIZE);
    memset(next, 0, NSEC3_HASH_SIZE);
    owner[NSEC3_HASH_SIZE - 1] = from;
    next[NSEC3_HASH_SIZE - 1] = to;
    memcpy(n.owner, owner, NSEC3_HASH_SIZE);
    return n;
}

static void a_span_ends_before_the_next_hash(void **state)
{
    (void)state;
    static const struct {
        uint8_t from, to, at;
        bool is_covered;
    } rows[] = {
        {10, 20, 15, true},  {10, 20, 11, true},  {10, 20, 10, false}, {10, 20, 20, false}, {10, 20, 9, false},
        {10, 20, 21, false}, {20, 10, 21, true},  {20, 10, 9, true},   {20, 10, 10, false}, {20, 10, 20, false},
        {20, 10, 15, false}, {10, 10, 10, false}, {10, 10, 9, true},   {10, 10, 11, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t owner[NSEC3_HASH_SIZE], next[NSEC3_HASH_SIZE], hash[NSEC3_HASH_SIZE] = {0};
        struct nsec3 n = span(owner, next, rows[i].from, rows[i].to);
        hash[NSEC3_HASH_SIZE - 1] = rows[i].at;
        assert_int_equal(nsec3_covers(&n, hash), rows[i].is_covered);
        assert_int_equal(nsec3_matches(&n, hash), rows[i].from == rows[i].at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_the_rfc),      cmocka_unit_test(a_hash_needs_neither_salt_nor_iterations),
        cmocka_unit_test(cost_is_counted_in_blocks),        cmocka_unit_test(only_records_that_mean_something_are_read),
        cmocka_unit_test(a_span_ends_before_the_next_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
