#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/edns.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/validate/algorithm.h"
#include "resolver/validate/ds.h"
#include "resolver/validate/keyring.h"
#include "tests/support/records.h"
#include "tests/support/signer.h"

enum { NOW = 1700000000, HOUR = 3600, DAY = 86400, SHA1 = 1, SHA256 = 2, GOST = 3, SHA384 = 4 };

static const uint8_t zone[] = "\4Test";

/* A zone with a key that signs keys and one that signs data, and the DS of its parent. */
struct stand {
    struct arena arena;
    struct expense expense;
    struct verifier v;
    struct signer *ksk, *zsk;
    struct rrset keys;
    struct rdatas ds;
    struct attest attest;
    struct fault fault;
};

static int set_up(void **state)
{
    static struct stand s;
    s = (struct stand){.expense = {.verifications = 128, .failures = 32},
                       .v = {.expense = &s.expense, .caps = CAPS_USUAL, .wall = NOW}};
    arena_init(&s.arena, 1 << 20);
    s.v.keyring = keyring_new(16);
    assert_non_null(s.v.keyring);
    s.ksk = signer_new(13, SIGNER_KSK, 1);
    s.zsk = signer_new(13, SIGNER_ZSK, 2);
    s.keys = (struct rrset){.owner = zone, .type = TYPE_DNSKEY, .ttl = 600};
    signer_add_key(&s.arena, s.zsk, &s.keys.data);
    signer_add_key(&s.arena, s.ksk, &s.keys.data);
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct stand *s = *state;
    signer_free(s->ksk);
    signer_free(s->zsk);
    keyring_free(s->v.keyring);
    arena_fini(&s->arena);
    return 0;
}

static void sign_by(struct stand *s, struct signer *signer)
{
    signer_sign(&s->arena, signer, &s->keys, zone, NOW - HOUR, NOW + DAY);
}

static void add_ds(struct stand *s, const struct signer *signer, uint8_t digest)
{
    signer_add_ds(&s->arena, signer, zone, digest, &s->ds);
}

/* Turns a bit of the last DS. */
static void spoil_ds(struct stand *s)
{
    uint8_t *bytes = arena_copy(&s->arena, s->ds.bytes, s->ds.len);
    bytes[s->ds.len - 1] ^= 1;
    s->ds.bytes = bytes;
}

static enum verdict verify(struct stand *s)
{
    memset(&s->fault, 0xff, sizeof(s->fault));
    return ds_verify_keys(&s->v, &s->keys, &s->ds, &s->attest, &s->fault);
}

static void fails(struct stand *s, enum verdict verdict, unsigned code, const char *detail)
{
    assert_int_equal(verify(s), verdict);
    assert_int_equal(s->fault.code, code);
    if (detail == NULL) {
        assert_null(s->fault.detail);
    } else {
        assert_string_equal(s->fault.detail, detail);
    }
    assert_ptr_equal(s->fault.zone, zone);
    assert_ptr_equal(s->fault.owner, zone);
    assert_int_equal(s->fault.type, TYPE_DNSKEY);
}

static void a_key_vouched_for_makes_its_set_secure(void **state)
{
    static const uint8_t digests[] = {SHA256, SHA384};
    struct stand *s = *state;
    sign_by(s, s->zsk);
    sign_by(s, s->ksk);
    for (size_t i = 0; i < sizeof(digests); i++) {
        s->ds = (struct rdatas){0};
        add_ds(s, s->ksk, digests[i]);
        assert_int_equal(verify(s), VERDICT_SECURE);
        assert_int_equal(s->attest.ttl_max, 600);
        assert_int_equal(s->attest.labels, 1);
    }
    assert_int_equal(s->expense.spent, 2);
    assert_int_equal(s->expense.failures, 32);
    assert_int_equal(ds_verify_keys(&s->v, &s->keys, &s->ds, NULL, NULL), VERDICT_SECURE);
}

static void sha1_counts_where_accepted(void **state)
{
    struct stand *s = *state;
    sign_by(s, s->ksk);
    add_ds(s, s->ksk, SHA1);
    fails(s, VERDICT_UNSUPPORTED, EDE_UNSUPPORTED_DS_DIGEST, NULL);
    assert_int_equal(s->fault.algorithm, SHA1);
    s->v.accept_sha1 = true;
    assert_int_equal(verify(s), VERDICT_SECURE);
}

static void sha1_is_not_looked_at_beside_better(void **state)
{
    struct stand *s = *state;
    s->v.accept_sha1 = true;
    sign_by(s, s->ksk);
    add_ds(s, s->ksk, SHA1);
    add_ds(s, s->ksk, SHA256);
    assert_int_equal(verify(s), VERDICT_SECURE);
    spoil_ds(s);
    fails(s, VERDICT_BOGUS, EDE_DNSKEY_MISSING, "key differs from the digest of its DS");
    assert_int_equal(s->fault.key_tag, signer_tag(s->ksk));
    assert_int_equal(s->expense.spent, 1);
}

/* A better digest that cannot help does not take away the one that can. */
static void sha1_counts_beside_better_of_unsupported_algorithms(void **state)
{
    struct stand *s = *state;
    struct signer *odd = signer_new(99, SIGNER_KSK, 3);
    s->v.accept_sha1 = true;
    sign_by(s, s->ksk);
    add_ds(s, odd, SHA256);
    add_ds(s, s->ksk, SHA1);
    assert_int_equal(verify(s), VERDICT_SECURE);
    signer_free(odd);
}

static void unsupported_ds_alone_are_insecure(void **state)
{
    static const uint8_t algorithms[] = {1, 3, 5, 7, 12, 17, 99};
    struct stand *s = *state;
    sign_by(s, s->ksk);
    for (size_t i = 0; i < sizeof(algorithms); i++) {
        struct signer *odd = signer_new(algorithms[i], SIGNER_KSK, 3);
        s->ds = (struct rdatas){0};
        add_ds(s, odd, SHA256);
        fails(s, VERDICT_UNSUPPORTED, EDE_UNSUPPORTED_DNSKEY_ALGORITHM, NULL);
        assert_int_equal(s->fault.algorithm, algorithms[i]);
        assert_int_equal(s->fault.key_tag, signer_tag(odd));
        add_ds(s, s->ksk, GOST);
        fails(s, VERDICT_UNSUPPORTED, EDE_UNSUPPORTED_DS_DIGEST, NULL);
        assert_int_equal(s->fault.algorithm, GOST);
        add_ds(s, s->ksk, SHA256);
        assert_int_equal(verify(s), VERDICT_SECURE);
        signer_free(odd);
    }
}

static void sha1_algorithms_count_where_accepted(void **state)
{
    struct stand *s = *state;
    if (algorithm_support(7) == SUPPORT_NONE) {
        skip();
    }
    struct signer *old = signer_new(7, SIGNER_KSK, 3);
    signer_add_key(&s->arena, old, &s->keys.data);
    sign_by(s, old);
    add_ds(s, old, SHA256);
    fails(s, VERDICT_UNSUPPORTED, EDE_UNSUPPORTED_DNSKEY_ALGORITHM, NULL);
    s->v.accept_sha1 = true;
    assert_int_equal(verify(s), VERDICT_SECURE);
    signer_free(old);
}

static void a_ds_without_its_key_is_bogus(void **state)
{
    struct stand *s = *state;
    struct signer *other = signer_new(13, SIGNER_KSK, 9);
    sign_by(s, s->ksk);
    add_ds(s, other, SHA256);
    fails(s, VERDICT_BOGUS, EDE_DNSKEY_MISSING, "no key matches the DS");
    assert_int_equal(s->fault.key_tag, signer_tag(other));
    assert_int_equal(s->expense.spent, 0);
    add_ds(s, s->ksk, SHA256);
    assert_int_equal(verify(s), VERDICT_SECURE);
    signer_free(other);
}

static void the_key_of_a_ds_must_sign(void **state)
{
    struct stand *s = *state;
    add_ds(s, s->ksk, SHA256);
    fails(s, VERDICT_BOGUS, EDE_RRSIGS_MISSING, NULL);
    sign_by(s, s->zsk);
    fails(s, VERDICT_BOGUS, EDE_RRSIGS_MISSING, "no signature by a key that a DS names");
    assert_int_equal(s->expense.spent, 0);
}

/* A key kept ready beside the one in use must not hide what is wrong with that. */
static void the_most_telling_fault_of_several_keys_is_reported(void **state)
{
    struct stand *s = *state;
    add_ds(s, s->zsk, SHA256);
    add_ds(s, s->ksk, SHA256);
    signer_sign(&s->arena, s->ksk, &s->keys, zone, NOW - 2 * DAY, NOW - DAY);
    fails(s, VERDICT_BOGUS, EDE_SIGNATURE_EXPIRED, NULL);
    assert_int_equal(s->fault.key_tag, signer_tag(s->ksk));
    assert_int_equal(s->fault.expiration, NOW - DAY);
}

static void several_ds_of_one_key_cost_once(void **state)
{
    struct stand *s = *state;
    sign_by(s, s->ksk);
    add_ds(s, s->ksk, SHA256);
    add_ds(s, s->ksk, SHA384);
    records_add(&s->arena, TYPE_A, "192.0.2.1", &s->keys.data); /* something that was not signed */
    fails(s, VERDICT_BOGUS, EDE_DNSSEC_BOGUS, "signature does not verify");
    assert_int_equal(s->expense.spent, 1);
}

static void a_key_without_zone_bit_is_of_no_use(void **state)
{
    struct stand *s = *state;
    struct signer *odd = signer_new(13, 0x0001, 3);
    signer_add_key(&s->arena, odd, &s->keys.data);
    sign_by(s, odd);
    add_ds(s, odd, SHA256);
    fails(s, VERDICT_BOGUS, EDE_NO_ZONE_KEY_BIT, NULL);
    signer_free(odd);
}

static void a_revoked_key_is_of_no_use(void **state)
{
    struct stand *s = *state;
    struct signer *revoked = signer_new(13, SIGNER_KSK | 0x0080, 3);
    signer_add_key(&s->arena, revoked, &s->keys.data);
    sign_by(s, revoked);
    add_ds(s, revoked, SHA256);
    fails(s, VERDICT_BOGUS, EDE_DNSKEY_MISSING, "key is revoked");
    signer_free(revoked);
}

static void only_some_ds_are_tried(void **state)
{
    struct stand *s = *state;
    sign_by(s, s->ksk);
    for (unsigned i = 0; i < CAPS_DS - 1; i++) {
        add_ds(s, s->ksk, SHA256);
        spoil_ds(s);
    }
    const struct rdatas fewer = s->ds;
    add_ds(s, s->ksk, SHA256);
    assert_int_equal(verify(s), VERDICT_SECURE);
    s->ds = fewer;
    add_ds(s, s->ksk, SHA256);
    spoil_ds(s);
    add_ds(s, s->ksk, SHA256);
    fails(s, VERDICT_BOGUS, EDE_DNSKEY_MISSING, "key differs from the digest of its DS");
}

static void only_some_keys_of_a_tag_are_compared(void **state)
{
    struct stand *s = *state;
    struct signer *others[2] = {signer_new_colliding(s->ksk, 1), signer_new_colliding(s->ksk, 2)};
    struct rdatas keys = {0};
    signer_add_key(&s->arena, others[0], &keys);
    signer_add_key(&s->arena, s->ksk, &keys);
    s->keys.data = keys;
    sign_by(s, s->ksk);
    add_ds(s, s->ksk, SHA256);
    assert_int_equal(verify(s), VERDICT_SECURE);
    keys = (struct rdatas){0};
    signer_add_key(&s->arena, others[0], &keys);
    signer_add_key(&s->arena, others[1], &keys);
    signer_add_key(&s->arena, s->ksk, &keys);
    s->keys.data = keys;
    fails(s, VERDICT_BOGUS, EDE_DNSKEY_MISSING, "key differs from the digest of its DS");
    signer_free(others[0]);
    signer_free(others[1]);
}

static void a_spent_budget_is_a_limit(void **state)
{
    struct stand *s = *state;
    sign_by(s, s->ksk);
    add_ds(s, s->ksk, SHA256);
    s->expense.verifications = 0;
    assert_int_equal(verify(s), VERDICT_LIMIT);
}

static void malformed_ds_and_keys_match_nothing(void **state)
{
    struct stand *s = *state;
    uint8_t bytes[2 * DNSKEY_SIZE] = {0};
    s->ds = (struct rdatas){.bytes = bytes, .len = (uint32_t)rdatas_pack(bytes, "\0\1\15\2", 4), .count = 1};
    fails(s, VERDICT_UNSUPPORTED, EDE_UNSUPPORTED_DNSKEY_ALGORITHM, NULL);
    s->ds.len = (uint32_t)rdatas_pack(bytes, "\0\0\15\2x", 5);
    s->keys.data = (struct rdatas){.bytes = bytes, .len = s->ds.len, .count = 1};
    sign_by(s, s->ksk);
    fails(s, VERDICT_BOGUS, EDE_DNSKEY_MISSING, "no key matches the DS");
}

/* RFC 4034 appendix B: an odd octet counts as the high one of a word, and a carry comes back in. */
static void key_tags_count_every_octet(void **state)
{
    static const uint8_t key[] = {1, 0, 3, 13, 0xff};
    (void)state;
    assert_int_equal(key_tag((struct rdata_view){key, 5}), 0x0100 + 0x030d + 0xff00 - 0xffff);
    assert_int_equal(key_tag((struct rdata_view){key, 4}), 0);
}

static void a_ds_has_the_algorithm_and_length_of_its_key(void **state)
{
    struct stand *s = *state;
    sign_by(s, s->ksk);
    add_ds(s, s->ksk, SHA256);
    uint8_t *bytes = arena_take(&s->arena, 100);
    struct rdata_view good = rdatas_first(&s->ds);
    memcpy(bytes + 50, good.bytes, good.len);
    s->ds.bytes = bytes;
    s->ds.len = (uint32_t)rdatas_pack(bytes, bytes + 50, good.len);
    assert_int_equal(verify(s), VERDICT_SECURE);
    s->ds.len = (uint32_t)rdatas_pack(bytes, bytes + 50, (uint16_t)(good.len + 1));
    fails(s, VERDICT_BOGUS, EDE_DNSKEY_MISSING, "key differs from the digest of its DS");
    s->ds.len = (uint32_t)rdatas_pack(bytes, bytes + 50, (uint16_t)(good.len - 1));
    fails(s, VERDICT_BOGUS, EDE_DNSKEY_MISSING, "key differs from the digest of its DS");
    bytes[50 + 2] = 14;
    s->ds.len = (uint32_t)rdatas_pack(bytes, bytes + 50, good.len);
    fails(s, VERDICT_BOGUS, EDE_DNSKEY_MISSING, "no key matches the DS");
}

/* RSA with so many zeros before its modulus that nobody needs them. */
static void a_key_made_to_be_large_is_not_looked_at(void **state)
{
    struct stand *s = *state;
    struct signer *rsa = signer_new(8, SIGNER_KSK, 3);
    uint16_t len;
    const uint8_t *dnskey = signer_dnskey(rsa, &len);
    const uint16_t head = DNSKEY_FIXED + 4;
    for (uint16_t size = DNSKEY_SIZE; size <= DNSKEY_SIZE + 1; size++) {
        uint8_t *key = arena_take(&s->arena, size), *packed = arena_take(&s->arena, size + sizeof(size));
        uint8_t *ds = arena_take(&s->arena, DS_SIZE + sizeof(size)), rdata[DS_SIZE];
        memcpy(key, dnskey, head);
        memcpy(key + size - (len - head), dnskey + head, len - head);
        s->keys.data = (struct rdatas){.bytes = packed, .len = (uint32_t)rdatas_pack(packed, key, size), .count = 1};
        assert_int_equal(ds_from_key(zone, (struct rdata_view){key, size}, rdata), DS_SIZE);
        s->ds = (struct rdatas){.bytes = ds, .len = (uint32_t)rdatas_pack(ds, rdata, DS_SIZE), .count = 1};
        struct rrsig fields = signer_fields(rsa, &s->keys, zone, NOW - HOUR, NOW + DAY);
        fields.key_tag = key_tag((struct rdata_view){key, size});
        s->keys.sigs = (struct rdatas){0};
        signer_sign_as(&s->arena, rsa, &s->keys, &fields);
        if (size == DNSKEY_SIZE) {
            assert_int_equal(verify(s), VERDICT_SECURE);
        } else {
            fails(s, VERDICT_BOGUS, EDE_DNSKEY_MISSING, "no key matches the DS");
        }
    }
    signer_free(rsa);
}

/* RFC 4509 2.3, RFC 6605 6, RFC 8080 6. */
static const struct {
    const char *owner, *key, *ds;
} vectors[] = {
    {"dskey.example.com.",
     "256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvx"
     "egXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==",
     "60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"},
    {"example.net.",
     "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==",
     "55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"},
    {"example.com.", "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
     "3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b"},
    {"EXAMPLE.com.", "257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA",
     "9713 16 2 6ccf18d5bc5d7fc2fceb1d59d17321402f2aa8d368048db93dd811f5cb2b19c7"},
};

static void vectors_of_the_standards_are_met(void **state)
{
    struct stand *s = *state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct rdatas key = {0}, ds = {0};
        uint8_t made[DS_SIZE];
        records_add(&s->arena, TYPE_DNSKEY, vectors[i].key, &key);
        records_add(&s->arena, TYPE_DS, vectors[i].ds, &ds);
        assert_int_equal(ds_from_key(records_name(&s->arena, vectors[i].owner), rdatas_first(&key), made), DS_SIZE);
        assert_int_equal(rdatas_first(&ds).len, DS_SIZE);
        assert_memory_equal(made, rdatas_first(&ds).bytes, DS_SIZE);
    }
    assert_int_equal(ds_from_key(zone, (struct rdata_view){zone, 4}, (uint8_t[DS_SIZE]){0}), 0);
}

/* RFC 6605 6.2 has a digest of SHA-384. */
static void a_digest_of_sha384_matches(void **state)
{
    struct stand *s = *state;
    s->keys = (struct rrset){.owner = records_name(&s->arena, "example.net."), .type = TYPE_DNSKEY};
    records_add(&s->arena, TYPE_DNSKEY,
                "257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8"
                "/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40",
                &s->keys.data);
    records_add(&s->arena, TYPE_DS,
                "10771 14 4 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a94"
                "6df983d6",
                &s->ds);
    assert_int_equal(verify(s), VERDICT_BOGUS); /* for want of a signature, not of a key */
    assert_int_equal(s->fault.code, EDE_RRSIGS_MISSING);
    spoil_ds(s);
    assert_int_equal(verify(s), VERDICT_BOGUS);
    assert_int_equal(s->fault.code, EDE_DNSKEY_MISSING);
}

static struct rdata_view key_of(struct signer *signer)
{
    struct rdata_view key;
    key.bytes = signer_dnskey(signer, &key.len);
    return key;
}

static void a_ds_is_matched_with_its_key(void **state)
{
    struct stand *s = *state;
    static const uint8_t digests[] = {SHA1, SHA256, SHA384};
    static const uint8_t other[] = "\5other";
    for (size_t i = 0; i < sizeof(digests); i++) {
        s->ds = (struct rdatas){0};
        add_ds(s, s->ksk, digests[i]);
        assert_true(ds_matches(zone, rdatas_first(&s->ds), key_of(s->ksk)));
        assert_false(ds_matches(zone, rdatas_first(&s->ds), key_of(s->zsk)));
        assert_false(ds_matches(other, rdatas_first(&s->ds), key_of(s->ksk)));
        spoil_ds(s);
        assert_false(ds_matches(zone, rdatas_first(&s->ds), key_of(s->ksk)));
    }
    s->ds = (struct rdatas){0};
    add_ds(s, s->ksk, GOST);
    assert_false(ds_matches(zone, rdatas_first(&s->ds), key_of(s->ksk)));
    assert_false(ds_matches(zone, (struct rdata_view){rdatas_first(&s->ds).bytes, 4}, key_of(s->ksk)));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_key_vouched_for_makes_its_set_secure),
        TEST(sha1_counts_where_accepted),
        TEST(sha1_is_not_looked_at_beside_better),
        TEST(sha1_counts_beside_better_of_unsupported_algorithms),
        TEST(unsupported_ds_alone_are_insecure),
        TEST(sha1_algorithms_count_where_accepted),
        TEST(a_ds_without_its_key_is_bogus),
        TEST(the_key_of_a_ds_must_sign),
        TEST(the_most_telling_fault_of_several_keys_is_reported),
        TEST(several_ds_of_one_key_cost_once),
        TEST(a_key_without_zone_bit_is_of_no_use),
        TEST(a_revoked_key_is_of_no_use),
        TEST(only_some_ds_are_tried),
        TEST(only_some_keys_of_a_tag_are_compared),
        TEST(a_spent_budget_is_a_limit),
        TEST(malformed_ds_and_keys_match_nothing),
        TEST(key_tags_count_every_octet),
        TEST(a_ds_has_the_algorithm_and_length_of_its_key),
        TEST(a_key_made_to_be_large_is_not_looked_at),
        TEST(vectors_of_the_standards_are_met),
        TEST(a_digest_of_sha384_matches),
        TEST(a_ds_is_matched_with_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
