#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/validate/dnskey.h"
#include "resolver/validate/key.h"
#include "resolver/validate/keyring.h"
#include "tests/support/signer.h"

static int set_up(void **state)
{
    *state = keyring_new(8);
    return *state != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    keyring_free(*state);
    return 0;
}

static struct rdata_view view_of(struct signer *s)
{
    struct rdata_view view;
    view.bytes = signer_dnskey(s, &view.len);
    return view;
}

static void a_key_is_made_once(void **state)
{
    struct keyring *ring = *state;
    struct signer *a = signer_new(13, SIGNER_ZSK, 1), *b = signer_new(13, SIGNER_KSK, 1);
    struct key *key = keyring_key(ring, view_of(a));
    assert_non_null(key);
    assert_ptr_not_equal(keyring_key(ring, view_of(b)), key);
    assert_ptr_equal(keyring_key(ring, view_of(a)), key);
    signer_free(a);
    signer_free(b);
}

static void more_keys_than_places_come_and_go(void **state)
{
    struct keyring *ring = *state;
    struct signer *signers[100];
    for (unsigned i = 0; i < 100; i++) {
        signers[i] = signer_new(15, SIGNER_ZSK, i);
    }
    struct key *first = keyring_key(ring, view_of(signers[0]));
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 1; i < 100; i++) {
            assert_non_null(keyring_key(ring, view_of(signers[i])));
            assert_ptr_equal(keyring_key(ring, view_of(signers[0])), first); /* in use, so that it stays */
        }
    }
    for (unsigned i = 0; i < 100; i++) {
        signer_free(signers[i]);
    }
}

static void what_is_no_key_takes_no_place(void **state)
{
    struct keyring *ring = *state;
    struct signer *good = signer_new(13, SIGNER_ZSK, 1);
    struct key *key = keyring_key(ring, view_of(good));
    uint8_t bad[DNSKEY_FIXED + 64] = {1, 0, 3, 13};
    for (unsigned i = 0; i < 100; i++) {
        bad[DNSKEY_FIXED] = (uint8_t)i;
        assert_null(keyring_key(ring, (struct rdata_view){bad, sizeof(bad)}));
    }
    assert_ptr_equal(keyring_key(ring, view_of(good)), key);
    assert_null(keyring_key(ring, (struct rdata_view){bad, DNSKEY_FIXED}));
    bad[3] = 99;
    assert_null(keyring_key(ring, (struct rdata_view){bad, sizeof(bad)}));
    signer_free(good);
}

static void hashes_are_of_both_parts(void **state)
{
    static const uint8_t sha1[] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                                   0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    struct keyring *ring = *state;
    uint8_t whole[HASH_SIZE], parts[HASH_SIZE];
    assert_int_equal(keyring_hash(ring, HASH_SHA1, "ab", 2, "c", 1, whole), 20);
    assert_memory_equal(whole, sha1, sizeof(sha1));
    static const size_t sizes[HASH_COUNT] = {[HASH_SHA256] = 32, [HASH_SHA384] = 48, [HASH_SHA512] = 64};
    for (enum hash hash = HASH_SHA256; hash < HASH_COUNT; hash++) {
        assert_int_equal(keyring_hash(ring, hash, "abc", 3, NULL, 0, whole), sizes[hash]);
        assert_int_equal(keyring_hash(ring, hash, "", 0, "abc", 3, parts), sizes[hash]);
        assert_memory_equal(whole, parts, sizes[hash]);
    }
}

/* Whether RDATA of an RSA key with these numbers is taken: `exponent` and `modulus` in octets, their first octet given.
 */
static bool takes_rsa(struct keyring *ring, uint8_t algorithm, uint8_t exponent_first, size_t exponent_len,
                      uint8_t modulus_first, size_t modulus_len)
{
    uint8_t rdata[DNSKEY_FIXED + 1 + 255 + 1024] = {1, 0, 3, algorithm, (uint8_t)exponent_len};
    uint8_t *exponent = rdata + DNSKEY_FIXED + 1;
    memset(exponent, 1, exponent_len + modulus_len);
    exponent[0] = exponent_first;
    exponent[exponent_len] = modulus_first;
    return keyring_key(ring, (struct rdata_view){rdata, (uint16_t)(DNSKEY_FIXED + 1 + exponent_len + modulus_len)}) !=
           NULL;
}

static void rsa_numbers_are_bounded(void **state)
{
    struct keyring *ring = *state;
    assert_true(takes_rsa(ring, 8, 3, 1, 0x80, 64));
    assert_false(takes_rsa(ring, 8, 3, 1, 0x80, 63));
    assert_true(takes_rsa(ring, 8, 1, 3, 0xff, KEY_MODULUS_MAX));
    assert_false(takes_rsa(ring, 8, 1, 3, 0xff, KEY_MODULUS_MAX + 1));
    assert_true(takes_rsa(ring, 8, 1, 3, 0, KEY_MODULUS_MAX + 1)); /* a leading zero */
    assert_true(takes_rsa(ring, 10, 3, 1, 0x80, 128));
    assert_false(takes_rsa(ring, 10, 3, 1, 0x80, 127));
    assert_true(takes_rsa(ring, 8, 7, 5, 0x80, 128)); /* 35 bits */
    assert_false(takes_rsa(ring, 8, 8, 5, 0x80, 128));
    assert_true(takes_rsa(ring, 8, 0, 6, 0x80, 128));
    assert_false(takes_rsa(ring, 8, 1, 255, 0x80, 256));
    assert_false(takes_rsa(ring, 8, 0, 1, 0x80, 128)); /* an exponent of zero */
}

static void rsa_lengths_fit_the_rdata(void **state)
{
    struct keyring *ring = *state;
    struct signer *s = signer_new(8, SIGNER_ZSK, 1);
    struct rdata_view key = view_of(s);
    uint8_t rdata[DNSKEY_SIZE];
    assert_non_null(keyring_key(ring, key));
    memcpy(rdata, key.bytes, DNSKEY_FIXED); /* the exponent's length in three octets */
    memcpy(rdata + DNSKEY_FIXED, "\0\0", 2);
    memcpy(rdata + DNSKEY_FIXED + 2, key.bytes + DNSKEY_FIXED, key.len - DNSKEY_FIXED);
    assert_non_null(keyring_key(ring, (struct rdata_view){rdata, (uint16_t)(key.len + 2)}));
    for (uint16_t len = DNSKEY_FIXED; len < DNSKEY_FIXED + 10; len++) {
        assert_null(keyring_key(ring, (struct rdata_view){rdata, len}));
        assert_null(keyring_key(ring, (struct rdata_view){key.bytes, len}));
    }
    memset(rdata + DNSKEY_FIXED, 0xff, 4);
    assert_null(keyring_key(ring, (struct rdata_view){rdata, key.len}));
    signer_free(s);
}

static void keys_of_fixed_size_have_it(void **state)
{
    static const uint8_t algorithms[] = {13, 14, 15, 16};
    struct keyring *ring = *state;
    for (size_t i = 0; i < sizeof(algorithms); i++) {
        struct signer *s = signer_new(algorithms[i], SIGNER_ZSK, 1);
        struct rdata_view key = view_of(s);
        assert_non_null(keyring_key(ring, key));
        key.len++;
        assert_null(keyring_key(ring, key));
        key.len -= 2;
        assert_null(keyring_key(ring, key));
        signer_free(s);
    }
}

static void signatures_of_any_size_are_looked_at(void **state)
{
    static const uint8_t algorithms[] = {8, 10, 13, 14, 15, 16};
    static const uint8_t bytes[600] = {0};
    struct keyring *ring = *state;
    for (size_t i = 0; i < sizeof(algorithms); i++) {
        struct signer *s = signer_new(algorithms[i], SIGNER_ZSK, 1);
        struct key *key = keyring_key(ring, view_of(s));
        for (size_t len = 0; len < sizeof(bytes); len++) {
            assert_false(key_verify(key, bytes, 32, bytes, len));
        }
        signer_free(s);
    }
}

static void scratch_memory_is_empty_each_time(void **state)
{
    struct keyring *ring = *state;
    for (unsigned i = 0; i < 1000; i++) {
        assert_non_null(arena_take(keyring_scratch(ring), 100000));
    }
    assert_null(arena_take(keyring_scratch(ring), 1 << 20));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_is_made_once),
        TEST(more_keys_than_places_come_and_go),
        TEST(what_is_no_key_takes_no_place),
        TEST(hashes_are_of_both_parts),
        TEST(rsa_numbers_are_bounded),
        TEST(rsa_lengths_fit_the_rdata),
        TEST(keys_of_fixed_size_have_it),
        TEST(signatures_of_any_size_are_looked_at),
        TEST(scratch_memory_is_empty_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
