#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/edns.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "resolver/validate/keyring.h"
#include "resolver/validate/rollover.h"
#include "tests/support/signer.h"

enum {
    HOUR = 3600,
    DAY = 24 * HOUR,
    NOW = 1700000000,
    TTL = 2 * DAY,
    KEY_LEN = 68,
    SEP = 0x0001,
    REVOKE = 0x0080,
    SIGNER_REVOKED = SIGNER_KSK | REVOKE
};

static const uint8_t zone[] = "\4test";

/* A zone whose keys are made up: no state of the machine alone looks into them. */
struct stand {
    struct arena memory;
    struct arena spare; /* the state before, until the next step */
    struct rollover state;
    uint64_t now;
    uint32_t ttl, expires_in;
    struct rollover_seen seen[64];
    unsigned count;
};

static int set_up(void **state)
{
    static struct stand s;
    s = (struct stand){.now = NOW, .ttl = TTL, .expires_in = 14 * DAY};
    arena_init(&s.memory, 1 << 20);
    arena_init(&s.spare, 1 << 20);
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct stand *s = *state;
    arena_fini(&s->memory);
    arena_fini(&s->spare);
    return 0;
}

/* Key number `n` of algorithm 13, with the flags of a key signing key less `without`. */
static struct rdata_view key_without(unsigned n, unsigned without)
{
    static uint8_t keys[64][2][KEY_LEN];
    uint8_t *bytes = keys[n][without != 0];
    memset(bytes, (int)n, KEY_LEN);
    wire_put_u16(bytes, (uint16_t)(0x0101 & ~without));
    bytes[2] = 3;
    bytes[3] = 13;
    return (struct rdata_view){bytes, KEY_LEN};
}

static struct rdata_view key(unsigned n)
{
    return key_without(n, 0);
}

/* An anchor of the DS of keys, ending in 0. */
static struct anchor anchor_of(const unsigned *numbers)
{
    static uint8_t bytes[64 * (2 + DS_SIZE)];
    struct anchor a = {.zone = zone, .ds = {.bytes = bytes}};
    for (; *numbers != 0; numbers++) {
        uint8_t ds[DS_SIZE];
        assert_int_equal(ds_from_key(zone, key(*numbers), ds), DS_SIZE);
        a.ds.len += (uint32_t)rdatas_pack(bytes + a.ds.len, ds, DS_SIZE);
        a.ds.count++;
    }
    return a;
}

#define ANCHOR(...) anchor_of((const unsigned[]){__VA_ARGS__, 0})

/* The state becomes `next`, which `memory` holds; what the one before pointed to is gone. */
static void take(struct stand *s, const struct rollover *next)
{
    struct arena older = s->spare;
    s->state = *next;
    s->spare = s->memory;
    s->memory = older;
    arena_fini(&s->memory);
}

static void begin(struct stand *s, struct anchor configured)
{
    struct rollover next;
    assert_int_equal(rollover_begin(&configured, s->now, &s->memory, &next), FAIL_NONE);
    take(s, &next);
}

static bool resume(struct stand *s, struct anchor configured)
{
    struct rollover next;
    bool is_anew;
    assert_int_equal(rollover_resume(&s->state, &configured, s->now, &s->memory, &next, &is_anew), FAIL_NONE);
    take(s, &next);
    return is_anew;
}

static void show(struct stand *s, struct rdata_view dnskey, bool is_revoked)
{
    s->seen[s->count++] = (struct rollover_seen){dnskey, is_revoked};
}

/* A secure set arrives that has the keys shown since the last one. */
static void arrive(struct stand *s)
{
    const struct rollover_set set = {s->seen, s->count, s->ttl, s->expires_in};
    struct rollover next;
    assert_int_equal(rollover_revoke(&s->state, &set, s->now, &s->memory, &next), FAIL_NONE);
    take(s, &next);
    assert_int_equal(rollover_advance(&s->state, &set, s->now, &s->memory, &next), FAIL_NONE);
    take(s, &next);
    s->count = 0;
}

static void arrive_with(struct stand *s, const unsigned *numbers)
{
    for (; *numbers != 0; numbers++) {
        show(s, key(*numbers), false);
    }
    arrive(s);
}

#define ARRIVE(s, ...) arrive_with(s, (const unsigned[]){__VA_ARGS__, 0})

static const struct rollover_key *find(const struct stand *s, struct rdata_view dnskey)
{
    for (unsigned i = 0; i < s->state.count; i++) {
        if (memcmp(s->state.keys[i].dnskey.bytes, dnskey.bytes, KEY_LEN) == 0) {
            return &s->state.keys[i];
        }
    }
    return NULL;
}

/* "start" for a key that is not in the list. */
static void is_state(const struct stand *s, unsigned n, const char *expected)
{
    const struct rollover_key *k = find(s, key(n));
    assert_string_equal(k != NULL ? key_state_text(k->state) : "start", expected);
}

/* Exactly these keys are in force, by their DS. */
static void in_force(const struct stand *s, const unsigned *numbers)
{
    struct arena a;
    struct anchor_record records[CAPS_DS];
    unsigned count, expected = 0;
    arena_init(&a, 1 << 16);
    assert_int_equal(rollover_records(&s->state, &a, records, &count), FAIL_NONE);
    for (; numbers[expected] != 0; expected++) {
        bool is_there = false;
        for (unsigned i = 0; i < count; i++) {
            is_there |= ds_matches(zone, records[i].ds, key(numbers[expected]));
        }
        assert_true(is_there);
    }
    assert_int_equal(count, expected);
    arena_fini(&a);
}

#define IN_FORCE(s, ...) in_force(s, (const unsigned[]){__VA_ARGS__, 0})

/* ---- Each transition of RFC 5011 4.1 ---- */

static void what_is_configured_is_in_force_unseen(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    assert_int_equal(s->state.count, 0);
    assert_int_equal(s->state.query_at, NOW);
    assert_int_equal(s->state.seen_at, 0);
    IN_FORCE(s, 1, 2);
}

static void a_configured_key_is_valid_at_first_sight(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    ARRIVE(s, 1);
    is_state(s, 1, "valid");
    is_state(s, 2, "start");
    assert_int_equal(s->state.seen_at, NOW);
    IN_FORCE(s, 1, 2);
}

static void a_new_key_waits_out_its_hold_down(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    ARRIVE(s, 1, 2);
    is_state(s, 2, "pending");
    assert_int_equal(find(s, key(2))->since, NOW);
    assert_int_equal(find(s, key(2))->until, NOW + 30 * DAY);
    IN_FORCE(s, 1);
    s->now = NOW + 30 * DAY - 1;
    ARRIVE(s, 1, 2);
    is_state(s, 2, "pending");
    IN_FORCE(s, 1);
    s->now++;
    ARRIVE(s, 1, 2);
    is_state(s, 2, "valid");
    assert_int_equal(find(s, key(2))->since, s->now);
    IN_FORCE(s, 1, 2);
}

static void time_alone_adds_no_key(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    ARRIVE(s, 1, 2);
    s->now += 300 * DAY;
    IN_FORCE(s, 1);
    ARRIVE(s, 1);
    is_state(s, 2, "start");
    IN_FORCE(s, 1);
}

/* Whoever has stolen a key and shows one of his own now and then has to keep it in every set. */
static void a_pending_key_that_was_away_begins_again(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    ARRIVE(s, 1, 2);
    s->now += 29 * DAY;
    ARRIVE(s, 1);
    is_state(s, 2, "start");
    s->now += DAY / 2;
    ARRIVE(s, 1, 2);
    is_state(s, 2, "pending");
    assert_int_equal(find(s, key(2))->until, s->now + 30 * DAY);
    s->now += 30 * DAY - 1;
    ARRIVE(s, 1, 2);
    IN_FORCE(s, 1);
}

static void seeing_it_often_does_not_shorten_the_hold_down(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    ARRIVE(s, 1, 2);
    for (unsigned day = 1; day < 30; day++) {
        s->now += DAY;
        ARRIVE(s, 1, 2);
        is_state(s, 2, "pending");
        assert_int_equal(find(s, key(2))->until, NOW + 30 * DAY);
    }
    s->now += DAY;
    ARRIVE(s, 1, 2);
    is_state(s, 2, "valid");
}

static void a_long_ttl_makes_the_hold_down_longer(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    s->ttl = 40 * DAY;
    ARRIVE(s, 1, 2);
    assert_int_equal(find(s, key(2))->until, NOW + 40 * DAY);
}

static void a_valid_key_may_be_missing_and_return(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    ARRIVE(s, 1, 2);
    s->now += DAY;
    ARRIVE(s, 1);
    is_state(s, 2, "missing");
    assert_int_equal(find(s, key(2))->since, s->now);
    IN_FORCE(s, 1, 2);
    s->now += 2000 * DAY;
    ARRIVE(s, 1);
    is_state(s, 2, "missing");
    IN_FORCE(s, 1, 2);
    ARRIVE(s, 1, 2);
    is_state(s, 2, "valid");
    assert_int_equal(find(s, key(2))->since, s->now);
}

static void a_revoked_key_is_out_for_good(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    ARRIVE(s, 1, 2);
    s->now += DAY;
    show(s, key(1), true);
    ARRIVE(s, 2);
    is_state(s, 1, "revoked");
    assert_int_equal(find(s, key(1))->until, s->now + 30 * DAY);
    IN_FORCE(s, 2);
    s->now += 30 * DAY - 1;
    ARRIVE(s, 2);
    is_state(s, 1, "revoked");
    s->now++;
    ARRIVE(s, 2);
    is_state(s, 1, "removed");
    IN_FORCE(s, 2);
}

static void a_revoked_key_does_not_come_back(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    ARRIVE(s, 1, 2);
    show(s, key(1), true);
    ARRIVE(s, 2);
    s->now += DAY;
    ARRIVE(s, 1, 2);
    is_state(s, 1, "revoked");
    for (unsigned month = 0; month < 4; month++) {
        s->now += 31 * DAY;
        ARRIVE(s, 1, 2);
        is_state(s, 1, "removed");
        IN_FORCE(s, 2);
    }
}

static void a_missing_key_can_be_revoked(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    ARRIVE(s, 1, 2);
    ARRIVE(s, 1);
    is_state(s, 2, "missing");
    show(s, key(2), true);
    ARRIVE(s, 1);
    is_state(s, 2, "revoked");
    IN_FORCE(s, 1);
}

static void a_pending_key_that_is_revoked_is_forgotten(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    ARRIVE(s, 1, 2);
    show(s, key(2), true);
    ARRIVE(s, 1);
    is_state(s, 2, "start");
    IN_FORCE(s, 1);
}

/* Both forms of the key in one set. */
static void a_revocation_beats_the_same_key_without_it(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    ARRIVE(s, 1, 2);
    show(s, key(2), true);
    ARRIVE(s, 1, 2);
    is_state(s, 2, "revoked");
    IN_FORCE(s, 1);
}

static void it_does_so_for_a_pending_key(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    ARRIVE(s, 1, 2);
    show(s, key(2), true);
    ARRIVE(s, 1, 2);
    is_state(s, 2, "start");
}

static void revocations_of_strangers_mean_nothing(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    show(s, key(2), true);
    ARRIVE(s, 1);
    is_state(s, 2, "start");
    assert_int_equal(s->state.count, 1);
}

/* A fresh installation whose built-in anchor was revoked long ago. */
static void a_configured_key_may_be_revoked_unseen(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    show(s, key(1), true);
    ARRIVE(s, 2);
    is_state(s, 1, "revoked");
    IN_FORCE(s, 2);
}

static void without_the_sep_bit_a_key_is_not_followed(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    show(s, key_without(2, SEP), false);
    ARRIVE(s, 1);
    assert_int_equal(s->state.count, 1);
}

static void the_configuration_may_name_a_key_without_it(void **state)
{
    struct stand *s = *state;
    uint8_t ds[DS_SIZE], packed[2 + DS_SIZE];
    assert_int_equal(ds_from_key(zone, key_without(1, SEP), ds), DS_SIZE);
    rdatas_pack(packed, ds, DS_SIZE);
    begin(s, (struct anchor){zone, {packed, sizeof(packed), 1}});
    show(s, key_without(1, SEP), false);
    ARRIVE(s, 2);
    assert_int_equal(find(s, key_without(1, SEP))->state, KEY_VALID);
    is_state(s, 2, "pending");
}

static void when_all_are_revoked_nothing_is_in_force(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    ARRIVE(s, 1);
    show(s, key(1), true);
    show(s, key(2), true);
    arrive(s);
    in_force(s, (const unsigned[]){0});
}

/* ---- Time and measure ---- */

static void the_time_to_ask_again_follows_ttl_and_signature(void **state)
{
    struct stand *s = *state;
    static const struct {
        uint32_t ttl, expires_in, query_s, retry_s;
    } cases[] = {
        {2 * DAY, 14 * DAY, DAY, 2 * DAY / 10}, /* the root's */
        {2 * DAY, DAY, DAY / 2, DAY / 10},      /* the signature ends first */
        {600, 14 * DAY, HOUR, HOUR},            /* never more often than each hour */
        {100 * DAY, 90 * DAY, 15 * DAY, DAY},   /* nor less often than each 15 days, and each day after a failure */
        {0, 0, HOUR, HOUR},
        {UINT32_MAX, UINT32_MAX, 15 * DAY, DAY},
    };
    begin(s, ANCHOR(1));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        s->ttl = cases[i].ttl;
        s->expires_in = cases[i].expires_in;
        ARRIVE(s, 1);
        assert_int_equal(s->state.query_at, s->now + cases[i].query_s);
        assert_int_equal(s->state.retry_s, cases[i].retry_s);
        s->now += HOUR;
        rollover_fail(&s->state, s->now);
        assert_int_equal(s->state.query_at, s->now + cases[i].retry_s);
    }
}

static void a_clock_that_was_ahead_does_not_silence_it(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    rollover_fail(&s->state, NOW + 5000ull * DAY);
    assert_int_equal(rollover_query_at(&s->state, NOW), NOW);
    s->ttl = s->expires_in = 100 * DAY;
    ARRIVE(s, 1);
    assert_int_equal(rollover_query_at(&s->state, NOW), NOW + 15 * DAY);
    assert_int_equal(rollover_query_at(&s->state, NOW + 20 * DAY), NOW + 15 * DAY);
}

static void the_first_failure_is_tried_again_in_an_hour(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    rollover_fail(&s->state, s->now);
    assert_int_equal(s->state.query_at, NOW + HOUR);
    IN_FORCE(s, 1);
}

static void too_many_new_keys_are_passed_over(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    for (unsigned n = 2; n < 60; n++) {
        show(s, key(n), false);
    }
    ARRIVE(s, 1); /* comes last and finds no room, but what the configuration says stays in force */
    assert_int_equal(s->state.count, ROLLOVER_KEYS_MAX);
    is_state(s, 2, "pending");
    IN_FORCE(s, 1);
}

/* Each year's key is revoked by the next year's: the list must not fill up. */
static void the_oldest_removed_keys_make_room(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    ARRIVE(s, 1);
    for (unsigned n = 2; n < 60; n++) {
        ARRIVE(s, n - 1, n);
        s->now += 31 * DAY;
        ARRIVE(s, n - 1, n);
        show(s, key(n - 1), true);
        ARRIVE(s, n);
        s->now += 31 * DAY;
        ARRIVE(s, n);
        IN_FORCE(s, n);
    }
    assert_int_equal(s->state.count, ROLLOVER_KEYS_MAX);
    is_state(s, 1, "removed"); /* the configuration would bring it back */
    is_state(s, 2, "start");
    is_state(s, 58, "removed");
}

static void no_more_are_in_force_than_are_tried(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2, 3, 4, 5, 6, 7, 8));
    ARRIVE(s, 1, 2, 3, 4, 5, 6, 7, 8);
    ARRIVE(s, 5, 6, 7, 8, 9, 10, 11);
    s->now += 31 * DAY;
    ARRIVE(s, 5, 6, 7, 8, 9, 10, 11);
    is_state(s, 1, "missing");
    is_state(s, 11, "valid");
    struct arena a;
    struct anchor_record records[CAPS_DS];
    unsigned count;
    arena_init(&a, 1 << 16);
    assert_int_equal(rollover_records(&s->state, &a, records, &count), FAIL_NONE);
    assert_int_equal(count, CAPS_DS);
    for (unsigned i = 0; i < 7; i++) { /* valid ones first */
        assert_true(ds_matches(zone, records[i].ds, key(5 + i)));
    }
    arena_fini(&a);
}

/* ---- Under another configuration ---- */

static void the_same_configuration_changes_nothing(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    ARRIVE(s, 1, 3);
    s->now += DAY;
    assert_false(resume(s, ANCHOR(1, 2)));
    assert_int_equal(s->state.query_at, NOW + DAY);
    assert_int_equal(s->state.seen_at, NOW);
    assert_int_equal(s->state.count, 2);
    is_state(s, 3, "pending");
    assert_int_equal(find(s, key(3))->until, NOW + 30 * DAY);
    IN_FORCE(s, 1, 2);
}

static void a_new_configured_key_need_not_wait(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    ARRIVE(s, 1, 2);
    s->now += HOUR;
    assert_false(resume(s, ANCHOR(1, 2, 3)));
    is_state(s, 2, "valid");
    assert_int_equal(s->state.query_at, s->now);
    IN_FORCE(s, 1, 2, 3);
}

static void a_key_no_longer_configured_takes_all_it_brought(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1));
    ARRIVE(s, 1, 2);
    s->now += 31 * DAY;
    ARRIVE(s, 1, 2);
    IN_FORCE(s, 1, 2);
    assert_true(resume(s, ANCHOR(5)));
    assert_int_equal(s->state.count, 0);
    assert_int_equal(s->state.seen_at, 0);
    assert_int_equal(s->state.query_at, s->now);
    IN_FORCE(s, 5);
}

static void a_revoked_key_may_leave_the_configuration(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    ARRIVE(s, 1, 2, 3);
    show(s, key(1), true);
    ARRIVE(s, 2, 3);
    assert_false(resume(s, ANCHOR(2)));
    is_state(s, 3, "pending");
    IN_FORCE(s, 2);
}

static void no_configuration_brings_a_revoked_key_back(void **state)
{
    struct stand *s = *state;
    begin(s, ANCHOR(1, 2));
    ARRIVE(s, 1, 2);
    show(s, key(1), true);
    ARRIVE(s, 2);
    assert_true(resume(s, ANCHOR(1, 3))); /* 2 is gone: all begins anew */
    is_state(s, 1, "revoked");
    is_state(s, 2, "start");
    IN_FORCE(s, 3);
    s->now += 31 * DAY;
    ARRIVE(s, 1, 3);
    is_state(s, 1, "removed");
    IN_FORCE(s, 3);
}

/* ---- Memory ---- */

static void a_full_arena_is_said(void **state)
{
    struct stand *s = *state;
    struct anchor configured = ANCHOR(1, 2);
    begin(s, configured);
    ARRIVE(s, 1, 3);
    show(s, key(1), true);
    const struct rollover_set set = {s->seen, s->count, s->ttl, s->expires_in};
    unsigned failed[4] = {0};
    for (size_t cap = 0; cap < 8192; cap += 16) {
        struct rollover next;
        bool is_anew;
        int results[4];
        for (unsigned i = 0; i < 4; i++) {
            struct arena a;
            arena_init(&a, cap);
            results[i] = i == 0   ? rollover_begin(&configured, s->now, &a, &next)
                         : i == 1 ? rollover_resume(&s->state, &configured, s->now, &a, &next, &is_anew)
                         : i == 2 ? rollover_revoke(&s->state, &set, s->now, &a, &next)
                                  : rollover_advance(&s->state, &set, s->now, &a, &next);
            assert_true(results[i] == FAIL_NONE || results[i] == FAIL_LIMIT);
            failed[i] += results[i] != FAIL_NONE;
            arena_fini(&a);
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_in_range(failed[i], 1, 8192 / 16 - 1);
    }
}

static void states_have_names(void **state)
{
    (void)state;
    for (enum key_state k = KEY_PENDING; k <= KEY_REMOVED; k++) {
        enum key_state again;
        assert_true(key_state_parse(key_state_text(k), &again));
        assert_int_equal(again, k);
        assert_false(key_state_parse("start", &again));
    }
}

/* ---- With real signatures ---- */

/* A zone on the wire. */
struct wire {
    struct stand *stand;
    struct arena arena;
    struct keyring *keyring;
    struct expense expense;
    struct rrset keys;
    struct fault why;
};

static struct wire wire_make(struct stand *s)
{
    struct wire w = {.stand = s, .keyring = keyring_new(8)};
    assert_non_null(w.keyring);
    arena_init(&w.arena, 1 << 20);
    w.keys = (struct rrset){.owner = zone, .type = TYPE_DNSKEY, .ttl = TTL};
    return w;
}

static void wire_end(struct wire *w)
{
    keyring_free(w->keyring);
    arena_fini(&w->arena);
}

static void publish(struct wire *w, struct signer *signer)
{
    signer_add_key(&w->arena, signer, &w->keys.data);
}

static void sign(struct wire *w, struct signer *signer)
{
    uint32_t now = (uint32_t)w->stand->now;
    signer_sign(&w->arena, signer, &w->keys, zone, now - HOUR, now + 14 * DAY);
}

/* The set as it stands reaches the resolver; then it is empty again. */
static enum verdict observe(struct wire *w)
{
    struct stand *s = w->stand;
    struct rollover next;
    enum verdict verdict;
    w->expense = (struct expense){.verifications = 64, .failures = 16};
    struct verifier v = {.keyring = w->keyring, .expense = &w->expense, .caps = CAPS_USUAL, .wall = (uint32_t)s->now};
    memset(&w->why, 0, sizeof(w->why));
    assert_int_equal(rollover_observe(&v, &s->state, &w->keys, s->now, &s->memory, &next, &verdict, &w->why),
                     FAIL_NONE);
    take(s, &next);
    w->keys.data = (struct rdatas){0};
    w->keys.sigs = (struct rdatas){0};
    return verdict;
}

static void begin_with(struct wire *w, struct signer *signer, uint8_t digest)
{
    struct anchor configured = {.zone = zone};
    signer_add_ds(&w->arena, signer, zone, digest, &configured.ds);
    begin(w->stand, configured);
}

/* Of the key without the revoke bit; "start" when it is not followed. */
static void is_signers_state(struct wire *w, struct signer *signer, const char *expected)
{
    uint16_t len;
    const uint8_t *bytes = signer_dnskey(signer, &len);
    const char *found = "start";
    for (unsigned i = 0; i < w->stand->state.count; i++) {
        const struct rollover_key *k = &w->stand->state.keys[i];
        if (k->dnskey.len == len && memcmp(k->dnskey.bytes + 2, bytes + 2, len - 2u) == 0) {
            found = key_state_text(k->state);
        }
    }
    assert_string_equal(found, expected);
}

static unsigned count_in_force(const struct stand *s)
{
    struct arena a;
    struct anchor_record records[CAPS_DS];
    unsigned count;
    arena_init(&a, 1 << 16);
    assert_int_equal(rollover_records(&s->state, &a, records, &count), FAIL_NONE);
    arena_fini(&a);
    return count;
}

static void a_whole_roll_over_is_followed(void **state)
{
    struct stand *s = *state;
    struct wire w = wire_make(s);
    struct signer *old = signer_new(13, SIGNER_KSK, 1), *new = signer_new(8, SIGNER_KSK, 2);
    struct signer *old_revoked = signer_new(13, SIGNER_REVOKED, 1), *zsk = signer_new(13, SIGNER_ZSK, 3);
    begin_with(&w, old, 4);
    for (unsigned day = 0; day <= 200; day++) {
        bool has_new = day >= 10, is_rolled = day >= 60, is_revoked = day >= 90 && day < 130, has_old = day < 130;
        publish(&w, zsk);
        if (has_old) {
            publish(&w, is_revoked ? old_revoked : old);
        }
        if (has_new) {
            publish(&w, new);
        }
        sign(&w, is_revoked ? old_revoked : is_rolled ? new : old);
        if (is_revoked) {
            sign(&w, new);
        }
        assert_int_equal(observe(&w), VERDICT_SECURE);
        is_signers_state(&w, new, day < 10 ? "start" : day < 40 ? "pending" : "valid");
        is_signers_state(&w, old, day < 90 ? "valid" : day < 120 ? "revoked" : "removed");
        is_signers_state(&w, zsk, "start");
        s->now += DAY;
    }
    assert_int_equal(count_in_force(s), 1);
    signer_free(old);
    signer_free(new);
    signer_free(old_revoked);
    signer_free(zsk);
    wire_end(&w);
}

/* The original TTL counts, not what a cache on the way has left of it; and the signature that ends first. */
static void when_to_ask_again_is_read_from_signatures(void **state)
{
    struct stand *s = *state;
    struct wire w = wire_make(s);
    struct signer *ksk = signer_new(13, SIGNER_KSK, 1), *zsk = signer_new(13, SIGNER_ZSK, 2);
    begin_with(&w, ksk, 2);
    publish(&w, ksk);
    sign(&w, ksk);
    w.keys.ttl = 7;
    assert_int_equal(observe(&w), VERDICT_SECURE);
    assert_int_equal(s->state.query_at, NOW + TTL / 2);
    assert_int_equal(s->state.retry_s, TTL / 10);
    w.keys.ttl = TTL;
    publish(&w, ksk);
    publish(&w, zsk);
    sign(&w, ksk);
    signer_sign(&w.arena, zsk, &w.keys, zone, NOW - HOUR, NOW + DAY);
    sign(&w, ksk);
    assert_int_equal(observe(&w), VERDICT_SECURE);
    assert_int_equal(s->state.query_at, NOW + DAY / 2);
    signer_free(ksk);
    signer_free(zsk);
    wire_end(&w);
}

static void a_set_that_is_not_secure_changes_nothing(void **state)
{
    struct stand *s = *state;
    struct wire w = wire_make(s);
    struct signer *ksk = signer_new(13, SIGNER_KSK, 1), *foreign = signer_new(13, SIGNER_KSK, 2);
    begin_with(&w, ksk, 2);
    publish(&w, ksk);
    sign(&w, ksk);
    assert_int_equal(observe(&w), VERDICT_SECURE);
    uint64_t seen_at = s->state.seen_at;
    s->now += 2 * DAY;
    publish(&w, foreign); /* a key of his own, signed by it */
    sign(&w, foreign);
    assert_int_equal(observe(&w), VERDICT_BOGUS);
    assert_int_equal(w.why.code, EDE_DNSKEY_MISSING);
    is_signers_state(&w, ksk, "valid");
    is_signers_state(&w, foreign, "start");
    assert_int_equal(s->state.seen_at, seen_at);
    assert_int_equal(s->state.query_at, s->now + s->state.retry_s);
    publish(&w, ksk); /* beside the true one, but not signed by it */
    publish(&w, foreign);
    sign(&w, foreign);
    assert_int_equal(observe(&w), VERDICT_BOGUS);
    is_signers_state(&w, foreign, "start");
    publish(&w, ksk); /* an old recording */
    sign(&w, ksk);
    s->now += 15 * DAY;
    assert_int_equal(observe(&w), VERDICT_BOGUS);
    assert_int_equal(w.why.code, EDE_SIGNATURE_EXPIRED);
    assert_int_equal(count_in_force(s), 1);
    signer_free(ksk);
    signer_free(foreign);
    wire_end(&w);
}

/* The attacker has the KSK for a while, adds his key, and then signs by it alone. */
static void a_pending_key_signs_nothing(void **state)
{
    struct stand *s = *state;
    struct wire w = wire_make(s);
    struct signer *ksk = signer_new(13, SIGNER_KSK, 1), *his = signer_new(13, SIGNER_KSK, 2);
    begin_with(&w, ksk, 2);
    publish(&w, ksk);
    publish(&w, his);
    sign(&w, ksk);
    assert_int_equal(observe(&w), VERDICT_SECURE);
    is_signers_state(&w, his, "pending");
    s->now += 40 * DAY;
    publish(&w, ksk);
    publish(&w, his);
    sign(&w, his);
    assert_int_equal(observe(&w), VERDICT_BOGUS);
    is_signers_state(&w, his, "pending");
    publish(&w, ksk); /* the owner notices: one set of his own is enough */
    sign(&w, ksk);
    assert_int_equal(observe(&w), VERDICT_SECURE);
    is_signers_state(&w, his, "start");
    signer_free(ksk);
    signer_free(his);
    wire_end(&w);
}

static void a_revocation_must_be_signed_by_its_key(void **state)
{
    struct stand *s = *state;
    struct wire w = wire_make(s);
    struct signer *one = signer_new(13, SIGNER_KSK, 1), *two = signer_new(13, SIGNER_KSK, 2);
    struct signer *one_revoked = signer_new(13, SIGNER_REVOKED, 1);
    begin_with(&w, one, 2);
    publish(&w, one);
    publish(&w, two);
    sign(&w, one);
    assert_int_equal(observe(&w), VERDICT_SECURE);
    s->now += 31 * DAY;
    publish(&w, one);
    publish(&w, two);
    sign(&w, one);
    assert_int_equal(observe(&w), VERDICT_SECURE);
    is_signers_state(&w, two, "valid");
    publish(&w, one_revoked); /* only the other key says so: it is gone, no more */
    publish(&w, two);
    sign(&w, two);
    assert_int_equal(observe(&w), VERDICT_SECURE);
    is_signers_state(&w, one, "missing");
    assert_int_equal(count_in_force(s), 2);
    publish(&w, one_revoked);
    publish(&w, two);
    sign(&w, one_revoked);
    sign(&w, two);
    assert_int_equal(observe(&w), VERDICT_SECURE);
    is_signers_state(&w, one, "revoked");
    assert_int_equal(count_in_force(s), 1);
    signer_free(one);
    signer_free(two);
    signer_free(one_revoked);
    wire_end(&w);
}

/* What a revoked key signs revokes it, and says nothing else. */
static void a_revoked_key_brings_nobody(void **state)
{
    struct stand *s = *state;
    struct wire w = wire_make(s);
    struct signer *ksk = signer_new(13, SIGNER_KSK, 1), *revoked = signer_new(13, SIGNER_REVOKED, 1);
    struct signer *his = signer_new(13, SIGNER_KSK, 2);
    begin_with(&w, ksk, 2);
    publish(&w, ksk);
    sign(&w, ksk);
    assert_int_equal(observe(&w), VERDICT_SECURE);
    publish(&w, revoked);
    publish(&w, ksk);
    publish(&w, his);
    sign(&w, revoked);
    sign(&w, ksk);
    assert_int_equal(observe(&w), VERDICT_UNSUPPORTED);
    is_signers_state(&w, ksk, "revoked");
    is_signers_state(&w, his, "start");
    assert_int_equal(count_in_force(s), 0);
    signer_free(ksk);
    signer_free(revoked);
    signer_free(his);
    wire_end(&w);
}

static void keys_that_are_not_verified_are_not_followed(void **state)
{
    struct stand *s = *state;
    struct wire w = wire_make(s);
    struct signer *ksk = signer_new(13, SIGNER_KSK, 1), *unknown = signer_new(99, SIGNER_KSK, 2);
    struct signer *sha1 = signer_new(5, SIGNER_KSK, 3);
    struct signer *host = signer_new(13, 0x0001, 4);
    begin_with(&w, ksk, 2);
    publish(&w, unknown);
    publish(&w, sha1);
    publish(&w, host);
    publish(&w, ksk);
    sign(&w, ksk);
    assert_int_equal(observe(&w), VERDICT_SECURE);
    assert_int_equal(s->state.count, 1);
    is_signers_state(&w, ksk, "valid");
    signer_free(ksk);
    signer_free(unknown);
    signer_free(sha1);
    signer_free(host);
    wire_end(&w);
}

static void a_key_beyond_all_measure_is_not_followed(void **state)
{
    enum { LARGE = 2000 };
    struct stand *s = *state;
    struct wire w = wire_make(s);
    struct signer *ksk = signer_new(13, SIGNER_KSK, 1);
    uint8_t rdata[LARGE] = {0x01, 0x01, 3, 8};
    begin_with(&w, ksk, 2);
    publish(&w, ksk);
    uint8_t *packed = arena_take(&w.arena, w.keys.data.len + 2 + LARGE);
    memcpy(packed, w.keys.data.bytes, w.keys.data.len);
    w.keys.data.len += (uint32_t)rdatas_pack(packed + w.keys.data.len, rdata, LARGE);
    w.keys.data.bytes = packed;
    w.keys.data.count++;
    sign(&w, ksk);
    assert_int_equal(observe(&w), VERDICT_SECURE);
    assert_int_equal(s->state.count, 1);
    signer_free(ksk);
    wire_end(&w);
}

/* Keys and signatures without end cost no more than was given. */
static void a_flood_of_revoked_keys_is_bounded(void **state)
{
    struct stand *s = *state;
    struct wire w = wire_make(s);
    struct signer *ksk = signer_new(13, SIGNER_KSK, 1);
    struct signer *flood[30];
    begin_with(&w, ksk, 2);
    for (unsigned i = 0; i < 30; i++) {
        flood[i] = signer_new(13, SIGNER_REVOKED, 100 + i);
        publish(&w, flood[i]);
    }
    publish(&w, ksk);
    for (unsigned i = 0; i < 30; i++) {
        sign(&w, flood[i]);
    }
    assert_int_not_equal(observe(&w), VERDICT_SECURE);
    assert_true(w.expense.spent <= 64);
    is_signers_state(&w, ksk, "start");
    assert_int_equal(count_in_force(s), 1);
    for (unsigned i = 0; i < 30; i++) {
        signer_free(flood[i]);
    }
    signer_free(ksk);
    wire_end(&w);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_configured_is_in_force_unseen),
        TEST(a_configured_key_is_valid_at_first_sight),
        TEST(a_new_key_waits_out_its_hold_down),
        TEST(time_alone_adds_no_key),
        TEST(a_pending_key_that_was_away_begins_again),
        TEST(seeing_it_often_does_not_shorten_the_hold_down),
        TEST(a_long_ttl_makes_the_hold_down_longer),
        TEST(a_valid_key_may_be_missing_and_return),
        TEST(a_revoked_key_is_out_for_good),
        TEST(a_revoked_key_does_not_come_back),
        TEST(a_missing_key_can_be_revoked),
        TEST(a_pending_key_that_is_revoked_is_forgotten),
        TEST(a_revocation_beats_the_same_key_without_it),
        TEST(it_does_so_for_a_pending_key),
        TEST(revocations_of_strangers_mean_nothing),
        TEST(a_configured_key_may_be_revoked_unseen),
        TEST(without_the_sep_bit_a_key_is_not_followed),
        TEST(the_configuration_may_name_a_key_without_it),
        TEST(when_all_are_revoked_nothing_is_in_force),
        TEST(the_time_to_ask_again_follows_ttl_and_signature),
        TEST(a_clock_that_was_ahead_does_not_silence_it),
        TEST(the_first_failure_is_tried_again_in_an_hour),
        TEST(too_many_new_keys_are_passed_over),
        TEST(the_oldest_removed_keys_make_room),
        TEST(no_more_are_in_force_than_are_tried),
        TEST(the_same_configuration_changes_nothing),
        TEST(a_new_configured_key_need_not_wait),
        TEST(a_key_no_longer_configured_takes_all_it_brought),
        TEST(a_revoked_key_may_leave_the_configuration),
        TEST(no_configuration_brings_a_revoked_key_back),
        TEST(a_full_arena_is_said),
        TEST(states_have_names),
        TEST(a_whole_roll_over_is_followed),
        TEST(when_to_ask_again_is_read_from_signatures),
        TEST(a_set_that_is_not_secure_changes_nothing),
        TEST(a_pending_key_signs_nothing),
        TEST(a_revocation_must_be_signed_by_its_key),
        TEST(a_revoked_key_brings_nobody),
        TEST(keys_that_are_not_verified_are_not_followed),
        TEST(a_key_beyond_all_measure_is_not_followed),
        TEST(a_flood_of_revoked_keys_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
