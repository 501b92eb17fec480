/* The stored form of entries: what is written reads back, small, and nothing else is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cache/entry.h"
#include "cache/key.h"
#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"

enum { VALUE_SIZE = 16384 };

static struct arena arena;

static int start(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static const uint8_t *name_of(const char *text)
{
    uint8_t name[NAME_SIZE];
    assert_int_equal(name_from_text(text, strlen(text), NULL, name), FAIL_NONE);
    return arena_copy(&arena, name, name_len(name));
}

/* Adds one RDATA to a set. */
static void add_rdata(struct rdatas *data, const void *rdata, uint16_t len)
{
    uint8_t *bytes = arena_take(&arena, data->len + 2u + len);
    if (data->len > 0) {
        memcpy(bytes, data->bytes, data->len);
    }
    data->len += (uint32_t)rdatas_pack(bytes + data->len, rdata, len);
    data->bytes = bytes;
    data->count++;
}

static struct rrset *new_set(struct rrset **list, const uint8_t *owner, uint16_t type, uint32_t ttl)
{
    struct rrset *set = arena_take(&arena, sizeof(*set));
    set->owner = owner;
    set->type = type;
    set->ttl = ttl;
    rrset_append(list, set);
    return set;
}

static void add_name(struct rrset *set, const char *text)
{
    const uint8_t *name = name_of(text);
    add_rdata(&set->data, name, (uint16_t)name_len(name));
}

static void add_soa(struct rrset *set)
{
    uint8_t rdata[64];
    const uint8_t *name = name_of("a.example.");
    size_t len = name_copy(rdata, name);
    len += name_copy(rdata + len, name);
    memset(rdata + len, 1, 20);
    add_rdata(&set->data, rdata, (uint16_t)(len + 20));
}

static void add_rrsig(struct rrset *set)
{
    uint8_t rdata[64] = {0, 1, 13, 2};
    size_t len = 18 + name_copy(rdata + 18, name_of("example."));
    memset(rdata + len, 7, 16);
    add_rdata(&set->sigs, rdata, (uint16_t)(len + 16));
}

struct stored {
    uint8_t key[KEY_SIZE];
    size_t key_len;
    uint8_t value[VALUE_SIZE];
    size_t len;
};

static struct stored *store(const struct cache_entry *e)
{
    struct stored *s = arena_take(&arena, sizeof(*s));
    s->key_len = key_write(s->key, e->name, e->slot, e->type);
    s->len = entry_write(e, s->key, s->key_len, s->value, VALUE_SIZE);
    assert_true(s->len > 0 && s->len <= entry_bound(e));
    return s;
}

static struct cache_entry *load(const struct stored *s)
{
    struct cache_entry *e;
    assert_int_equal(entry_read(s->key, s->key_len, s->value, s->len, &arena, &e), FAIL_NONE);
    return e;
}

static void assert_same_data(const struct rdatas *a, const struct rdatas *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->len, b->len);
    if (a->len > 0) {
        assert_memory_equal(a->bytes, b->bytes, a->len);
    }
}

static void assert_same_sets(const struct rrset *x, const struct rrset *y, uint64_t expires)
{
    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        assert_true(name_equal(x->owner, y->owner));
        assert_int_equal(x->type, y->type);
        assert_int_equal(y->expires, expires);
        assert_same_data(&x->data, &y->data);
        assert_same_data(&x->sigs, &y->sigs);
    }
    assert_true(x == NULL && y == NULL);
}

static void assert_same(const struct cache_entry *a, const struct cache_entry *b)
{
    assert_true(name_equal(a->name, b->name));
    assert_int_equal(a->slot, b->slot);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->is_negative, b->is_negative);
    assert_int_equal(a->trust, b->trust);
    assert_int_equal(a->security, b->security);
    assert_int_equal(a->stored, b->stored);
    assert_int_equal(a->expires, b->expires);
    assert_int_equal(a->epoch, b->epoch);
    assert_true(addr_equal(&a->source, &b->source));
    assert_int_equal(a->source_tcp, b->source_tcp);
    assert_int_equal(a->failures, b->failures);
    assert_int_equal(a->error.code, b->error.code);
    assert_string_equal(a->error.text, b->error.text);
    assert_same_sets(a->sets, b->sets, b->expires);
    assert_same_sets(a->foreign, b->foreign, b->expires);
    assert_int_equal(a->backed_until, b->backed_until);
    assert_int_equal(a->backer_labels, b->backer_labels);
}

static struct cache_entry simple_a(const char *name)
{
    static const uint8_t octets[4] = {192, 0, 2, 1};
    static const uint8_t server[4] = {198, 51, 100, 1};
    struct cache_entry e = {.name = name_of(name),
                            .slot = CACHE_ANSWER,
                            .type = TYPE_A,
                            .trust = TRUST_AUTHORITATIVE,
                            .stored = 1700000000123,
                            .expires = 1700000300123,
                            .epoch = 7,
                            .source = addr_v4(server, 53)};
    add_rdata(&new_set(&e.sets, e.name, TYPE_A, 300)->data, octets, 4);
    return e;
}

/* NS in and out of the zone, DS, glue of both families, and from outside. */
static struct cache_entry delegation(void)
{
    static const uint8_t ds[] = {0x12, 0x34, 13, 2,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
                                 15,   16,   17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
    uint8_t octets[16] = {0x20, 1, 0x0d, 0xb8};
    struct cache_entry e = {.name = name_of("example.com."),
                            .slot = CACHE_DELEGATION,
                            .trust = TRUST_REFERRAL,
                            .stored = 1,
                            .expires = 86400001,
                            .source = addr_v6(octets, 5353),
                            .source_tcp = true};
    struct rrset *ns = new_set(&e.sets, e.name, TYPE_NS, 86400);
    add_name(ns, "ns1.example.com.");
    add_name(ns, "ns2.example.com.");
    add_name(ns, "ns.elsewhere.net.");
    struct rrset *set = new_set(&e.sets, e.name, TYPE_DS, 86400);
    add_rdata(&set->data, ds, sizeof(ds));
    add_rrsig(set);
    add_rdata(&new_set(&e.sets, name_of("ns1.example.com."), TYPE_A, 60)->data, octets, 4);
    add_rdata(&new_set(&e.sets, name_of("ns2.example.com."), TYPE_AAAA, 60)->data, octets, 16);
    add_rdata(&new_set(&e.foreign, name_of("ns.elsewhere.net."), TYPE_AAAA, 60)->data, octets, 16);
    e.backed_until = e.stored + 3600000;
    e.backer_labels = 1;
    return e;
}

static struct cache_entry nodata(void)
{
    static const uint8_t types[] = {0, 6, 0x40, 0, 0, 0, 0, 3};
    uint8_t nsec[64];
    struct cache_entry e = {.name = name_of("www.sub.example."),
                            .slot = CACHE_ANSWER,
                            .type = TYPE_AAAA,
                            .is_negative = true,
                            .trust = TRUST_VALIDATED,
                            .security = SECURITY_SECURE,
                            .stored = 5000,
                            .expires = 65000};
    struct rrset *soa = new_set(&e.sets, name_of("example."), TYPE_SOA, 60);
    add_soa(soa);
    add_rrsig(soa);
    struct rrset *proof = new_set(&e.sets, name_of("other.sub.example."), TYPE_NSEC, 60);
    size_t len = name_copy(nsec, name_of("z.example."));
    memcpy(nsec + len, types, sizeof(types));
    add_rdata(&proof->data, nsec, (uint16_t)(len + sizeof(types)));
    add_rrsig(proof);
    return e;
}

static struct cache_entry failure(void)
{
    struct cache_entry e = {.name = name_of("broken.example."),
                            .slot = CACHE_FAILURE,
                            .type = TYPE_MX,
                            .stored = 9,
                            .expires = 5009,
                            .failures = 3,
                            .error = {.code = EDE_NO_REACHABLE_AUTHORITY, .text = "192.0.2.1 timed out"}};
    return e;
}

static struct cache_entry insecure(void)
{
    struct cache_entry e = simple_a("www.sha1.example.");
    e.security = SECURITY_INSECURE;
    e.error = (struct ede){.code = EDE_UNSUPPORTED_DNSKEY_ALGORITHM, .text = "sha1.example. DNSKEY: RSASHA1"};
    return e;
}

static void every_kind_of_entry_reads_back(void **state)
{
    const struct cache_entry entries[] = {
        simple_a("www.example.com."), simple_a("."), delegation(), nodata(), failure(), insecure()};
    (void)state;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        assert_same(&entries[i], load(store(&entries[i])));
    }
}

/* An HTTPS record whose parameters are in no order: clients may judge that (RFC 9460 2.2), it is kept like others. */
static void what_was_let_in_reads_back(void **state)
{
    static const uint8_t unordered[] = {0, 1, 0, 0, 3, 0, 2, 1, 187, 0, 1, 0, 3, 2, 'h', '2'};
    struct cache_entry e = simple_a("www.example.com.");
    (void)state;
    e.type = TYPE_HTTPS;
    e.sets = NULL;
    add_rdata(&new_set(&e.sets, e.name, TYPE_HTTPS, 300)->data, unordered, sizeof(unordered));
    assert_int_equal(rdata_check(TYPE_HTTPS, unordered, sizeof(unordered)), FAIL_WIRE);
    assert_same(&e, load(store(&e)));
}

static void a_simple_address_takes_at_most_100_octets_with_its_key(void **state)
{
    struct cache_entry e = simple_a("www.some-company.example.com.");
    struct stored *s = store(&e);
    (void)state;
    print_message("key %zu, value %zu\n", s->key_len, s->len);
    assert_true(s->key_len + s->len <= 100);
    e = delegation();
    s = store(&e);
    print_message("delegation: key %zu, value %zu\n", s->key_len, s->len);
}

static void only_who_has_a_reason_stores_one(void **state)
{
    struct cache_entry with = insecure(), without = insecure(), bogus = insecure();
    (void)state;
    without.error = (struct ede){0};
    bogus.security = SECURITY_BOGUS;
    size_t usual = store(&without)->len;
    assert_int_equal(store(&with)->len, usual + 3 + strlen(with.error.text));
    assert_int_equal(store(&bogus)->len, usual);
    assert_int_equal(load(store(&bogus))->error.code, 0);
}

static void the_header_alone_says_how_long_and_how_sure(void **state)
{
    struct cache_entry e = nodata();
    struct stored *s = store(&e);
    struct entry_head head;
    (void)state;
    assert_int_equal(entry_peek(s->value, s->len, &head), FAIL_NONE);
    assert_int_equal(head.stored, 5000);
    assert_int_equal(head.expires, 65000);
    assert_int_equal(head.trust, TRUST_VALIDATED);
    assert_true(head.is_negative);
    assert_int_equal(entry_peek(s->value, 10, &head), FAIL_WIRE);
}

static void any_flipped_bit_of_key_or_value_is_noticed(void **state)
{
    struct cache_entry e = delegation();
    struct stored *s = store(&e);
    struct cache_entry *out;
    (void)state;
    for (size_t bit = 0; bit < 8 * (s->key_len + s->len); bit++) {
        uint8_t *at = bit / 8 < s->key_len ? s->key + bit / 8 : s->value + bit / 8 - s->key_len;
        *at ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(entry_read(s->key, s->key_len, s->value, s->len, &arena, &out), FAIL_WIRE);
        *at ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < s->len; len++) {
        assert_int_equal(entry_read(s->key, s->key_len, s->value, len, &arena, &out), FAIL_WIRE);
    }
    assert_non_null(load(s));
}

/* Damage that the checksum does not see must still be harmless: sanitizers watch. entry_expire mends the checksum. */
static void read_damaged(const struct stored *good)
{
    size_t len = rand() % 4 == 0 ? 22 + (size_t)rand() % (good->len - 21) : good->len;
    uint8_t *value = malloc(len); /* of the exact size, so that a read past the end is seen */
    struct cache_entry *out;
    struct arena a;
    memcpy(value, good->value, len);
    for (int n = 1 + rand() % 4; n > 0; n--) {
        value[4 + (size_t)rand() % (len - 4)] = (uint8_t)rand();
    }
    entry_expire(good->key, good->key_len, value, len);
    arena_init(&a, 1 << 20);
    if (entry_read(good->key, good->key_len, value, len, &a, &out) == FAIL_NONE) {
        for (const struct rrset *set = out->sets; set != NULL; set = set->next) {
            assert_true(name_len(set->owner) <= NAME_SIZE);
        }
    }
    arena_fini(&a);
    free(value);
}

static void nonsense_with_a_right_checksum_is_harmless(void **state)
{
    const struct cache_entry entries[] = {simple_a("www.example.com."), delegation(), nodata(), failure(), insecure()};
    const struct stored *good[5];
    (void)state;
    srand(1);
    for (int i = 0; i < 5; i++) {
        good[i] = store(&entries[i]);
    }
    for (int i = 0; i < 40000; i++) {
        read_damaged(good[i % 5]);
    }
}

static void a_full_arena_is_a_limit_and_not_a_damage(void **state)
{
    struct cache_entry e = nodata();
    struct stored *s = store(&e);
    struct cache_entry *out;
    int result = FAIL_LIMIT;
    (void)state;
    for (size_t cap = 0; result != FAIL_NONE; cap += 16) {
        struct arena a;
        arena_init(&a, cap);
        result = entry_read(s->key, s->key_len, s->value, s->len, &a, &out);
        assert_true(result == FAIL_NONE || result == FAIL_LIMIT);
        arena_fini(&a);
        assert_true(cap < 4096);
    }
}

static void more_sets_than_the_limit_are_not_written(void **state)
{
    static const uint8_t octets[4] = {0};
    struct cache_entry e = simple_a("example.");
    uint8_t key[KEY_SIZE];
    size_t key_len = key_write(key, e.name, e.slot, e.type);
    uint8_t *value = arena_take(&arena, VALUE_SIZE);
    (void)state;
    for (int i = 1; i < ENTRY_SETS_MAX; i++) {
        add_rdata(&new_set(&e.sets, e.name, TYPE_A, 1)->data, octets, 4);
    }
    assert_true(entry_write(&e, key, key_len, value, VALUE_SIZE) > 0);
    add_rdata(&new_set(&e.sets, e.name, TYPE_A, 1)->data, octets, 4);
    assert_int_equal(entry_write(&e, key, key_len, value, VALUE_SIZE), 0);
}

static void an_entry_that_was_ended_reads_as_expired_at_its_beginning(void **state)
{
    struct cache_entry e = simple_a("example.");
    struct stored *s = store(&e);
    (void)state;
    entry_expire(s->key, s->key_len, s->value, s->len);
    assert_int_equal(load(s)->expires, e.stored);
}

static void a_very_long_life_is_cut(void **state)
{
    struct cache_entry e = simple_a("example.");
    (void)state;
    e.expires = e.stored + 0x1234567890;
    assert_int_equal(load(store(&e))->expires, e.stored + ENTRY_LIFE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
        TEST(every_kind_of_entry_reads_back),
        TEST(what_was_let_in_reads_back),
        TEST(a_simple_address_takes_at_most_100_octets_with_its_key),
        TEST(only_who_has_a_reason_stores_one),
        TEST(the_header_alone_says_how_long_and_how_sure),
        TEST(any_flipped_bit_of_key_or_value_is_noticed),
        TEST(nonsense_with_a_right_checksum_is_harmless),
        TEST(a_full_arena_is_a_limit_and_not_a_damage),
        TEST(more_sets_than_the_limit_are_not_written),
        TEST(an_entry_that_was_ended_reads_as_expired_at_its_beginning),
        TEST(a_very_long_life_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
