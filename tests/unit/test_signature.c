#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/edns.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "resolver/validate/algorithm.h"
#include "resolver/validate/dnskey.h"
#include "resolver/validate/keyring.h"
#include "resolver/validate/signature.h"
#include "tests/support/records.h"
#include "tests/support/signer.h"

enum { NOW = 1700000000, HOUR = 3600, DAY = 86400, SKEW = 600, FLAGS_LOW_AT = 1, PROTOCOL_AT = 2 };

static const uint8_t zone[] = "\4test";

/* A set of one zone with its signer, and what verifies them. */
struct stand {
    struct arena arena;
    struct expense expense;
    struct verifier v;
    struct signer *signer;
    struct rdatas keys;
    struct rrset *set;
    struct attest attest;
    struct fault fault;
};

static int set_up(void **state)
{
    static struct stand s;
    static const char *const addresses[] = {"192.0.2.2", "192.0.2.1", "192.0.2.2"};
    s = (struct stand){.expense = {.verifications = 128, .failures = 32},
                       .v = {.expense = &s.expense, .caps = CAPS_USUAL, .wall = NOW, .skew = SKEW}};
    arena_init(&s.arena, 1 << 22);
    s.v.keyring = keyring_new(16);
    assert_non_null(s.v.keyring);
    s.signer = signer_new(13, SIGNER_ZSK, 1);
    signer_add_key(&s.arena, s.signer, &s.keys);
    s.set = records_set(&s.arena, "www.Test.", TYPE_A, addresses, 3);
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct stand *s = *state;
    signer_free(s->signer);
    keyring_free(s->v.keyring);
    arena_fini(&s->arena);
    return 0;
}

static void sign(struct stand *s)
{
    signer_sign(&s->arena, s->signer, s->set, zone, NOW - HOUR, NOW + DAY);
}

static enum verdict verify(struct stand *s)
{
    memset(&s->attest, 0xff, sizeof(s->attest));
    memset(&s->fault, 0xff, sizeof(s->fault));
    return signature_verify(&s->v, s->set, zone, &s->keys, &s->attest, &s->fault);
}

/* Verifies a set that is bogus for the given reason. */
static void fails(struct stand *s, unsigned code, const char *detail)
{
    assert_int_equal(verify(s), VERDICT_BOGUS);
    assert_int_equal(s->fault.code, code);
    if (detail == NULL) {
        assert_null(s->fault.detail);
    } else {
        assert_string_equal(s->fault.detail, detail);
    }
    assert_ptr_equal(s->fault.zone, zone);
    assert_ptr_equal(s->fault.owner, s->set->owner);
    assert_int_equal(s->fault.type, s->set->type);
}

/* A copy of the RDATA of the last RRSIG, in place of the original and open to changes. */
static uint8_t *last_sig(struct stand *s)
{
    struct rdata_view view = {0};
    uint8_t *bytes = arena_copy(&s->arena, s->set->sigs.bytes, s->set->sigs.len);
    s->set->sigs.bytes = bytes;
    for (size_t at = 0; rdatas_next(&s->set->sigs, &at, &view);) {
    }
    return bytes + (view.bytes - bytes);
}

static struct rrsig fields_of(struct stand *s)
{
    return signer_fields(s->signer, s->set, zone, NOW - HOUR, NOW + DAY);
}

static void a_signed_set_is_secure(void **state)
{
    struct stand *s = *state;
    sign(s);
    assert_int_equal(verify(s), VERDICT_SECURE);
    assert_int_equal(s->attest.labels, 2);
    assert_false(s->attest.is_expanded);
    assert_int_equal(s->attest.ttl_max, 3600);
    assert_int_equal(s->expense.verifications, 127);
    assert_int_equal(s->expense.failures, 32);
    assert_int_equal(s->expense.spent, 1);
    assert_int_equal(signature_verify(&s->v, s->set, zone, &s->keys, NULL, NULL), VERDICT_SECURE);
}

static void every_algorithm_verifies(void **state)
{
    static const uint8_t algorithms[] = {5, 7, 8, 10, 13, 14, 15, 16};
    struct stand *s = *state;
    s->v.accept_sha1 = true;
    for (size_t i = 0; i < sizeof(algorithms); i++) {
        if (algorithm_support(algorithms[i]) == SUPPORT_NONE) {
            continue;
        }
        signer_free(s->signer);
        s->signer = signer_new(algorithms[i], SIGNER_KSK, 2);
        s->keys = (struct rdatas){0};
        s->set->sigs = (struct rdatas){0};
        signer_add_key(&s->arena, s->signer, &s->keys);
        sign(s);
        s->expense.effort = 0;
        assert_int_equal(verify(s), VERDICT_SECURE);
        assert_int_equal(s->expense.effort, algorithm_find(algorithms[i])->effort);
        assert_true(s->expense.effort > 0);
        last_sig(s)[RRSIG_FIXED + sizeof(zone) + 30] ^= 1;
        fails(s, EDE_DNSSEC_BOGUS, "signature does not verify");
        assert_int_equal(s->fault.algorithm, algorithms[i]);
        assert_int_equal(s->fault.key_tag, signer_tag(s->signer));
    }
}

static void an_unsigned_set_is_bogus(void **state)
{
    struct stand *s = *state;
    fails(s, EDE_RRSIGS_MISSING, NULL);
    assert_int_equal(s->fault.key_tag, 0);
    assert_null(signature_signer(s->set));
    assert_int_equal(s->expense.spent, 0);
}

/* One number in 256 is shorter than its field. */
static void numbers_that_begin_with_zero_verify(void **state)
{
    struct stand *s = *state;
    const uint8_t *sig;
    do {
        s->set->sigs = (struct rdatas){0};
        sign(s);
        sig = last_sig(s) + RRSIG_FIXED + sizeof(zone);
    } while (sig[0] != 0 && sig[32] != 0);
    assert_int_equal(verify(s), VERDICT_SECURE);
}

static void signatures_have_the_size_of_their_algorithm(void **state)
{
    struct stand *s = *state;
    sign(s);
    struct rdata_view view = rdatas_first(&s->set->sigs);
    uint8_t *rdata = arena_take(&s->arena, 2 * sizeof(view.len) + 2 * view.len);
    memcpy(rdata, view.bytes, view.len);
    for (int more = -1; more <= 1; more++) {
        uint8_t *packed = rdata + view.len + 1;
        s->set->sigs.bytes = packed;
        s->set->sigs.len = (uint32_t)rdatas_pack(packed, rdata, (uint16_t)(view.len + more));
        s->expense.failed_count = 0; /* what stands there is another now */
        assert_int_equal(verify(s), more == 0 ? VERDICT_SECURE : VERDICT_BOGUS);
    }
}

static void changed_data_is_bogus(void **state)
{
    struct stand *s = *state;
    sign(s);
    records_add(&s->arena, TYPE_A, "192.0.2.3", &s->set->data);
    fails(s, EDE_DNSSEC_BOGUS, "signature does not verify");
    assert_int_equal(s->expense.failures, 31);
    assert_int_equal(s->expense.verifications, 127);
}

static void a_changed_key_is_bogus(void **state)
{
    struct stand *s = *state;
    uint16_t len;
    sign(s);
    uint8_t *dnskey = signer_dnskey(s->signer, &len);
    uint16_t tag = signer_tag(s->signer);
    dnskey[10] ^= 1; /* no point of the curve */
    s->keys = (struct rdatas){0};
    signer_add_key(&s->arena, s->signer, &s->keys);
    wire_put_u16(last_sig(s) + 16, signer_tag(s->signer));
    fails(s, EDE_DNSSEC_BOGUS, "key cannot be used");
    assert_int_equal(s->expense.failures, 31);
    wire_put_u16(last_sig(s) + 16, tag);
    fails(s, EDE_DNSKEY_MISSING, NULL);
    assert_int_equal(s->fault.key_tag, tag);
    assert_int_equal(s->expense.failures, 31);
}

static void times_count_with_slack(void **state)
{
    static const struct {
        int begins, ends;
        unsigned code; /* 0: good */
        uint32_t ttl;
    } rows[] = {
        {0, 0, 0, SKEW},
        {-DAY, 100, 0, 100},
        {-DAY, 1 - SKEW, 0, 1},
        {-DAY, -SKEW, 0, 0},
        {-DAY, -SKEW - 1, EDE_SIGNATURE_EXPIRED, 0},
        {SKEW, DAY, 0, 3600},
        {SKEW + 1, DAY, EDE_SIGNATURE_NOT_YET_VALID, 0},
        {1, -1, EDE_EXPIRED_BEFORE_VALID, 0},
        {-DAY, 0x7fffffff, 0, 3600}, /* serial arithmetic: behind the end of 32 bits is still later */
    };
    struct stand *s = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t wall = rows[i].ends == 0x7fffffff ? 0xfffffff0 : NOW;
        uint32_t ends = rows[i].ends == 0x7fffffff ? wall + DAY : wall + (uint32_t)rows[i].ends;
        s->v.wall = wall;
        s->set->sigs = (struct rdatas){0};
        signer_sign(&s->arena, s->signer, s->set, zone, wall + (uint32_t)rows[i].begins, ends);
        if (rows[i].code == 0) {
            assert_int_equal(verify(s), VERDICT_SECURE);
            assert_int_equal(s->attest.ttl_max, rows[i].ttl);
        } else {
            fails(s, rows[i].code, NULL);
            assert_int_equal(s->fault.expiration, ends);
            assert_int_equal(s->fault.inception, wall + (uint32_t)rows[i].begins);
        }
    }
}

static void another_signer_is_bogus(void **state)
{
    static const char *const signers[] = {".", "www.test.", "tset.", "sub.www.test."};
    struct stand *s = *state;
    for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
        struct rrsig fields = fields_of(s);
        fields.signer = records_name(&s->arena, signers[i]);
        s->set->sigs = (struct rdatas){0};
        signer_sign_as(&s->arena, s->signer, s->set, &fields);
        fails(s, EDE_DNSSEC_BOGUS, "signed by another zone");
    }
    assert_int_equal(s->expense.spent, 0);
}

static void a_zone_signs_nothing_outside(void **state)
{
    struct stand *s = *state;
    s->set->owner = records_name(&s->arena, "www.example.");
    sign(s);
    fails(s, EDE_DNSSEC_BOGUS, "signed by another zone");
    assert_null(signature_signer(s->set));
}

static void a_zone_does_not_sign_its_own_ds(void **state)
{
    static const char *const ds[] = {"1 13 2 00"};
    struct stand *s = *state;
    s->set = records_set(&s->arena, "test.", TYPE_DS, ds, 1);
    sign(s);
    assert_null(signature_signer(s->set));
    fails(s, EDE_DNSSEC_BOGUS, "signed by another zone");
    s->set = records_set(&s->arena, "sub.test.", TYPE_DS, ds, 1);
    sign(s);
    assert_true(name_equal(signature_signer(s->set), zone));
    assert_int_equal(verify(s), VERDICT_SECURE);
}

static void label_counts_fit_owner_and_signer(void **state)
{
    struct stand *s = *state;
    struct rrsig fields = fields_of(s);
    for (unsigned labels = 0; labels < 6; labels++) {
        fields.labels = (uint8_t)labels;
        s->set->sigs = (struct rdatas){0};
        signer_sign_as(&s->arena, s->signer, s->set, &fields);
        if (labels == 1 || labels == 2) {
            assert_int_equal(verify(s), VERDICT_SECURE);
            assert_int_equal(s->attest.labels, labels);
            assert_int_equal(s->attest.is_expanded, labels == 1);
        } else {
            fails(s, EDE_DNSSEC_BOGUS, "impossible label count in signature");
        }
    }
}

static void a_wildcard_is_signed_as_itself(void **state)
{
    static const char *const text[] = {"any"};
    struct stand *s = *state;
    s->set = records_set(&s->arena, "*.test.", TYPE_TXT, text, 1);
    sign(s);
    assert_int_equal(verify(s), VERDICT_SECURE);
    assert_int_equal(s->attest.labels, 1);
    assert_false(s->attest.is_expanded);
    s->set->owner = records_name(&s->arena, "a.b.test.");
    assert_int_equal(verify(s), VERDICT_SECURE);
    assert_true(s->attest.is_expanded);
    s->set->owner = records_name(&s->arena, "a.*.test.");
    assert_int_equal(verify(s), VERDICT_SECURE);
    assert_true(s->attest.is_expanded);
}

static void records_of_one_name_come_from_no_wildcard(void **state)
{
    static const char *const rows[][2] = {
        {"NSEC", "a.test. A"}, {"NSEC3", "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A"}, {"DS", "1 13 2 00"}};
    struct stand *s = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint16_t type;
        assert_int_equal(type_from_text(rows[i][0], strlen(rows[i][0]), &type), FAIL_NONE);
        s->set = records_set(&s->arena, "*.test.", type, &rows[i][1], 1);
        sign(s);
        assert_int_equal(verify(s), VERDICT_SECURE);
        s->set->owner = records_name(&s->arena, "b.test.");
        fails(s, EDE_DNSSEC_BOGUS, "wildcard used for a record that may not come from one");
    }
}

static void unfit_keys_verify_nothing(void **state)
{
    static const struct {
        uint8_t at, value;
        unsigned code;
        const char *detail;
    } rows[] = {{0, 0x00, EDE_NO_ZONE_KEY_BIT, NULL},
                {FLAGS_LOW_AT, 0x80, EDE_DNSKEY_MISSING, "key is revoked"},
                {PROTOCOL_AT, 2, EDE_DNSKEY_MISSING, "key has another protocol"}};
    struct stand *s = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint16_t len;
        uint8_t *dnskey = signer_dnskey(s->signer, &len);
        uint8_t was = dnskey[rows[i].at];
        dnskey[rows[i].at] = rows[i].value;
        s->keys = (struct rdatas){0};
        s->set->sigs = (struct rdatas){0};
        signer_add_key(&s->arena, s->signer, &s->keys);
        sign(s);
        fails(s, rows[i].code, rows[i].detail);
        assert_int_equal(s->expense.spent, 0);
        dnskey[rows[i].at] = was;
    }
}

static void unsupported_signatures_alone_are_bogus(void **state)
{
    static const uint8_t algorithms[] = {1, 3, 5, 12, 99};
    struct stand *s = *state;
    for (size_t i = 0; i < sizeof(algorithms); i++) {
        struct signer *other = signer_new(algorithms[i], SIGNER_ZSK, 3);
        s->set->sigs = (struct rdatas){0};
        signer_add_key(&s->arena, other, &s->keys);
        signer_sign(&s->arena, other, s->set, zone, NOW - HOUR, NOW + DAY);
        fails(s, EDE_RRSIGS_MISSING, "no signature of a supported algorithm");
        assert_int_equal(s->fault.algorithm, algorithms[i]);
        signer_free(other);
    }
    assert_int_equal(s->expense.spent, 0);
    sign(s);
    assert_int_equal(verify(s), VERDICT_SECURE);
}

static void a_signature_of_another_type_is_none(void **state)
{
    struct stand *s = *state;
    sign(s);
    s->set->type = TYPE_TXT;
    fails(s, EDE_DNSSEC_BOGUS, "malformed signature");
}

static void the_most_telling_fault_is_reported(void **state)
{
    struct stand *s = *state;
    struct signer *odd = signer_new(99, SIGNER_ZSK, 3);
    struct signer *strange = signer_new(13, SIGNER_ZSK, 4);
    signer_sign(&s->arena, odd, s->set, zone, NOW - HOUR, NOW + DAY);
    fails(s, EDE_RRSIGS_MISSING, "no signature of a supported algorithm");
    signer_sign(&s->arena, strange, s->set, zone, NOW - HOUR, NOW + DAY);
    fails(s, EDE_DNSKEY_MISSING, NULL);
    assert_int_equal(s->fault.key_tag, signer_tag(strange));
    signer_sign(&s->arena, s->signer, s->set, zone, NOW + DAY, NOW + 2 * DAY);
    fails(s, EDE_SIGNATURE_NOT_YET_VALID, NULL);
    signer_sign(&s->arena, s->signer, s->set, zone, NOW - 2 * DAY, NOW - DAY);
    fails(s, EDE_SIGNATURE_EXPIRED, NULL);
    assert_int_equal(s->fault.key_tag, signer_tag(s->signer));
    assert_int_equal(s->fault.inception, NOW - 2 * DAY);
    assert_int_equal(s->fault.expiration, NOW - DAY);
    signer_sign(&s->arena, strange, s->set, zone, NOW - 2 * DAY, NOW - DAY);
    signer_sign(&s->arena, s->signer, s->set, zone, NOW - 4 * DAY, NOW - 3 * DAY);
    fails(s, EDE_SIGNATURE_EXPIRED, NULL);
    assert_int_equal(s->fault.expiration, NOW - DAY); /* the first of two that are alike */
    sign(s);
    last_sig(s)[RRSIG_FIXED + sizeof(zone)] ^= 1;
    fails(s, EDE_DNSSEC_BOGUS, "signature does not verify");
    assert_int_equal(s->fault.inception, NOW - HOUR);
    sign(s);
    assert_int_equal(verify(s), VERDICT_SECURE);
    signer_free(odd);
    signer_free(strange);
}

static void only_some_signatures_are_tried(void **state)
{
    struct stand *s = *state;
    for (unsigned i = 0; i < CAPS_USUAL.signatures; i++) {
        sign(s);
        last_sig(s)[RRSIG_FIXED + sizeof(zone)] ^= 1;
    }
    sign(s);
    fails(s, EDE_DNSSEC_BOGUS, "signature does not verify");
    assert_int_equal(s->expense.spent, CAPS_USUAL.signatures);
    assert_int_equal(s->expense.failures, 32 - CAPS_USUAL.signatures);
    s->set->sigs = (struct rdatas){0};
    for (unsigned i = 0; i < CAPS_USUAL.signatures - 1; i++) {
        sign(s);
        last_sig(s)[RRSIG_FIXED + sizeof(zone)] ^= 1;
    }
    sign(s);
    assert_int_equal(verify(s), VERDICT_SECURE);
}

static void a_spent_budget_is_a_limit(void **state)
{
    struct stand *s = *state;
    sign(s);
    s->expense.verifications = 1;
    assert_int_equal(verify(s), VERDICT_SECURE);
    assert_int_equal(verify(s), VERDICT_LIMIT);
    assert_int_equal(s->fault.code, EDE_OTHER);
    assert_string_equal(s->fault.detail, "too much to verify");
    s->expense = (struct expense){.verifications = 10, .failures = 0};
    assert_int_equal(verify(s), VERDICT_LIMIT);
    assert_int_equal(s->expense.verifications, 10);
    assert_int_equal(s->expense.spent, 0);
}

/* KeyTrap: 100 keys of one tag, and 100 signatures that none of them made. */
static void colliding_keys_are_bounded(void **state)
{
    struct stand *s = *state;
    struct signer *others[100];
    s->keys = (struct rdatas){0};
    for (unsigned i = 0; i < 100; i++) {
        others[i] = signer_new_colliding(s->signer, i);
        assert_int_equal(signer_tag(others[i]), signer_tag(s->signer));
        signer_add_key(&s->arena, others[i], &s->keys);
        sign(s);
    }
    fails(s, EDE_DNSSEC_BOGUS, "signature does not verify");
    assert_int_equal(s->expense.spent, CAPS_USUAL.keys * CAPS_USUAL.signatures);
    assert_int_equal(s->expense.failures, 32 - CAPS_USUAL.keys * CAPS_USUAL.signatures);
    assert_int_equal(s->expense.reached.keys, CAPS_USUAL.signatures);
    assert_int_equal(s->expense.reached.signatures, 1);
    fails(s, EDE_DNSSEC_BOGUS, "signature does not verify");
    assert_int_equal(s->expense.spent, CAPS_USUAL.keys * CAPS_USUAL.signatures); /* nothing is tried twice */
    s->expense.failed_count = 0;                                                 /* as for another set */
    fails(s, EDE_DNSSEC_BOGUS, "signature does not verify");
    s->expense.failed_count = 0;
    assert_int_equal(verify(s), VERDICT_LIMIT);
    assert_int_equal(s->expense.spent, 32);
    assert_int_equal(s->expense.failures, 0);
    for (unsigned i = 0; i < 100; i++) {
        signer_free(others[i]);
    }
}

static void a_set_that_takes_long_is_put_off_and_nothing_is_tried_twice(void **state)
{
    struct stand *s = *state;
    enum { FORGED = 5 };
    for (unsigned i = 0; i < FORGED; i++) {
        sign(s);
        last_sig(s)[RRSIG_FIXED + sizeof(zone)] ^= (uint8_t)(i + 1);
    }
    sign(s);
    for (unsigned i = 1; i <= FORGED; i++) {
        s->v.patience = i;
        assert_int_equal(verify(s), VERDICT_TIRED);
        assert_int_equal(s->expense.spent, i);
    }
    s->v.patience = FORGED + 1;
    assert_int_equal(verify(s), VERDICT_SECURE);
    assert_int_equal(s->expense.spent, FORGED + 1);
    assert_int_equal(s->expense.failures, 32 - FORGED);
}

static void the_second_of_two_colliding_keys_verifies(void **state)
{
    struct stand *s = *state;
    struct signer *other = signer_new_colliding(s->signer, 5);
    s->keys = (struct rdatas){0};
    signer_add_key(&s->arena, other, &s->keys);
    signer_add_key(&s->arena, s->signer, &s->keys);
    sign(s);
    assert_int_equal(verify(s), VERDICT_SECURE);
    assert_int_equal(s->expense.spent, 2);
    assert_int_equal(s->expense.verifications, 126);
    assert_int_equal(s->expense.failures, 30); /* one failed, one was a second key */
    signer_free(other);
}

/* 3,000 records under a name of 250 octets: beyond what is put into canonical form. */
static void a_set_made_to_be_large_is_a_limit(void **state)
{
    struct stand *s = *state;
    uint8_t *bytes = arena_take(&s->arena, 3000 * 6);
    sign(s);
    struct rdatas sigs = s->set->sigs;
    for (uint32_t i = 0; i < 3000; i++) {
        uint8_t address[4];
        wire_put_u32(address, i);
        rdatas_pack(bytes + 6 * i, address, 4);
    }
    char owner[254];
    for (size_t i = 0; i < 248; i++) {
        owner[i] = i % 50 == 49 ? '.' : 'a';
    }
    strcpy(owner + 248, ".test");
    *s->set = (struct rrset){.owner = records_name(&s->arena, owner), .type = TYPE_A, .ttl = 60, .sigs = sigs};
    s->set->data = (struct rdatas){.bytes = bytes, .len = 3000 * 6, .count = 3000};
    assert_int_equal(verify(s), VERDICT_LIMIT);
    assert_string_equal(s->fault.detail, "too much to verify");
    s->set->data.count = 100;
    s->set->data.len = 600;
    fails(s, EDE_DNSSEC_BOGUS, "signature does not verify");
}

static void rdata_that_is_no_signature_is_refused(void **state)
{
    struct stand *s = *state;
    struct rrsig sig;
    sign(s);
    struct rdata_view view = rdatas_first(&s->set->sigs);
    assert_int_equal(rrsig_parse(view, &sig), FAIL_NONE);
    assert_int_equal(sig.covered, TYPE_A);
    assert_int_equal(sig.algorithm, 13);
    assert_int_equal(sig.labels, 2);
    assert_int_equal(sig.original_ttl, 3600);
    assert_int_equal(sig.expiration, NOW + DAY);
    assert_int_equal(sig.inception, NOW - HOUR);
    assert_int_equal(sig.key_tag, signer_tag(s->signer));
    assert_true(name_equal(sig.signer, zone));
    assert_int_equal(sig.len, 64);
    for (uint16_t len = 0; len <= RRSIG_FIXED + sizeof(zone); len++) {
        assert_int_equal(rrsig_parse((struct rdata_view){view.bytes, len}, &sig), FAIL_WIRE);
    }
    memcpy(last_sig(s) + RRSIG_FIXED, "\300\014", 2); /* a compression pointer, to a zero in the time */
    memset(last_sig(s) + 12, 0, 4);
    assert_int_equal(rrsig_parse(rdatas_first(&s->set->sigs), &sig), FAIL_WIRE);
    fails(s, EDE_DNSSEC_BOGUS, "malformed signature");
    assert_null(signature_signer(s->set));
}

static void the_signer_is_at_or_above_the_owner(void **state)
{
    struct stand *s = *state;
    struct rrsig fields = fields_of(s);
    fields.signer = records_name(&s->arena, "other.");
    signer_sign_as(&s->arena, s->signer, s->set, &fields);
    assert_null(signature_signer(s->set));
    sign(s);
    assert_true(name_equal(signature_signer(s->set), zone));
    s->set->owner = zone;
    assert_true(name_equal(signature_signer(s->set), zone));
}

/* Signatures that others made. */
static const struct vector {
    const char *source;
    const char *owner, *type, *rdata, *signature, *zone, *key;
    uint32_t wall;
} vectors[] = {
    {"RFC 5702 6.1", "www.example.net.", "A", "192.0.2.91",
     "A 8 3 3600 20300101000000 20000101000000 9033 example.net. "
     "kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg==",
     "example.net.",
     "256 3 8 AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmObdk=",
     1000000000},
    {"RFC 5702 6.2", "www.example.net.", "A", "192.0.2.91",
     "A 10 3 3600 20300101000000 20000101000000 3740 example.net. "
     "tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fOuagYJRfDqfRe"
     "KBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw=",
     "example.net.",
     "256 3 10 "
     "AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFDxj13tOnD9u/1kTg7cV6rklMrZDtJCQ5PCl/D"
     "7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL",
     1000000000},
    {"RFC 6605 6.1", "www.example.net.", "A", "192.0.2.1",
     "A 13 3 3600 20100909100439 20100812100439 55648 example.net. "
     "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==",
     "example.net.",
     "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==", 1282000000},
    {"RFC 6605 6.2", "www.example.net.", "A", "192.0.2.1",
     "A 14 3 3600 20100909102025 20100812102025 10771 example.net. "
     "/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI"
     "0RSMROxxwGipWcJm",
     "example.net.",
     "257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8"
     "/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40",
     1282000000},
    {"RFC 8080 6.1", "example.com.", "MX", "10 mail.example.com.",
     "MX 15 2 3600 1440021600 1438207200 3613 example.com. "
     "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==",
     "example.com.", "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=", 1439000000},
    {"RFC 8080 6.2", "example.com.", "MX", "10 mail.example.com.",
     "MX 16 2 3600 1440021600 1438207200 9713 example.com. "
     "3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKxE/07"
     "+4RQvE581N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA",
     "example.com.", "257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA",
     1439000000},
};

static void vectors_of_the_standards_verify(void **state)
{
    struct stand *s = *state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct vector *vector = &vectors[i];
        uint16_t type;
        assert_int_equal(type_from_text(vector->type, strlen(vector->type), &type), FAIL_NONE);
        struct rrset *set = records_set(&s->arena, vector->owner, type, &vector->rdata, 1);
        struct rdatas keys = {0};
        records_add(&s->arena, TYPE_RRSIG, vector->signature, &set->sigs);
        records_add(&s->arena, TYPE_DNSKEY, vector->key, &keys);
        s->v.wall = vector->wall;
        if (signature_verify(&s->v, set, records_name(&s->arena, vector->zone), &keys, NULL, &s->fault) !=
            VERDICT_SECURE) {
            fail_msg("%s: %u %s", vector->source, s->fault.code, s->fault.detail);
        }
    }
}

/* RFC 5011 2.1 */
static void a_key_revokes_itself_by_its_signature(void **state)
{
    struct stand *s = *state;
    struct signer *revoked = signer_new(13, SIGNER_KSK | 0x0080, 5);
    struct rrset keys = {.owner = zone, .type = TYPE_DNSKEY, .ttl = 600, .data = s->keys};
    struct rdata_view key, other;
    key.bytes = signer_dnskey(revoked, &key.len);
    other.bytes = signer_dnskey(s->signer, &other.len);
    signer_add_key(&s->arena, revoked, &keys.data);
    assert_false(signature_is_by(&s->v, &keys, zone, key));
    signer_sign(&s->arena, s->signer, &keys, zone, NOW - HOUR, NOW + DAY);
    assert_true(signature_is_by(&s->v, &keys, zone, other));
    assert_false(signature_is_by(&s->v, &keys, zone, key));
    signer_sign(&s->arena, revoked, &keys, zone, NOW - HOUR, NOW + DAY);
    assert_true(signature_is_by(&s->v, &keys, zone, key));
    assert_int_equal(signature_verify(&s->v, &keys, zone, &keys.data, NULL, NULL), VERDICT_SECURE);
    s->v.wall = NOW + 2 * DAY;
    assert_false(signature_is_by(&s->v, &keys, zone, key));
    signer_free(revoked);
}

static void a_key_too_large_signs_nothing(void **state)
{
    struct stand *s = *state;
    static const uint8_t large[DNSKEY_SIZE + 1];
    sign(s);
    assert_false(signature_is_by(&s->v, s->set, zone, (struct rdata_view){large, sizeof(large)}));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_signed_set_is_secure),
        TEST(every_algorithm_verifies),
        TEST(an_unsigned_set_is_bogus),
        TEST(numbers_that_begin_with_zero_verify),
        TEST(signatures_have_the_size_of_their_algorithm),
        TEST(changed_data_is_bogus),
        TEST(a_changed_key_is_bogus),
        TEST(times_count_with_slack),
        TEST(another_signer_is_bogus),
        TEST(a_zone_signs_nothing_outside),
        TEST(a_zone_does_not_sign_its_own_ds),
        TEST(label_counts_fit_owner_and_signer),
        TEST(a_wildcard_is_signed_as_itself),
        TEST(records_of_one_name_come_from_no_wildcard),
        TEST(unfit_keys_verify_nothing),
        TEST(unsupported_signatures_alone_are_bogus),
        TEST(a_signature_of_another_type_is_none),
        TEST(the_most_telling_fault_is_reported),
        TEST(only_some_signatures_are_tried),
        TEST(a_spent_budget_is_a_limit),
        TEST(colliding_keys_are_bounded),
        TEST(a_set_that_takes_long_is_put_off_and_nothing_is_tried_twice),
        TEST(the_second_of_two_colliding_keys_verifies),
        TEST(a_set_made_to_be_large_is_a_limit),
        TEST(rdata_that_is_no_signature_is_refused),
        TEST(the_signer_is_at_or_above_the_owner),
        TEST(vectors_of_the_standards_verify),
        TEST(a_key_revokes_itself_by_its_signature),
        TEST(a_key_too_large_signs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
