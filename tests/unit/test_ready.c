#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/type.h"
#include "resolver/server/ready.h"

enum { NOW = 1000000, EPOCH = 7 };

static struct request request_for(const char *name)
{
    struct request q = {.id = 1, .flags = MSG_RD, .type = TYPE_A, .class = CLASS_IN};
    assert_int_equal(name_from_text(name, strlen(name), NULL, q.name), FAIL_NONE);
    q.name_len = (uint8_t)name_lower(q.key, q.name);
    return q;
}

static uint64_t hash_of(const struct request *q)
{
    return ready_hash(q->key, q->name_len, q->type);
}

/* Keeps a message with one A record, as respond_answer would leave it. */
static void keep_as(struct ready *r, const struct request *q, uint64_t now, uint64_t expires, bool is_secure)
{
    static const uint8_t rdata[] = {4, 0, 192, 0, 2, 1};
    struct question question = {q->name, q->type, q->class};
    struct rrset set = {
        .owner = q->name, .type = TYPE_A, .ttl = 300, .expires = expires, .data = {rdata, sizeof(rdata), 1}};
    uint8_t bytes[512];
    struct ttl_mark mark;
    struct msg_writer m;
    msg_begin(&m, bytes, sizeof(bytes), q->id, MSG_QR | MSG_RA | MSG_RD, &question);
    m.now = now;
    m.marks = &mark;
    m.mark_max = 1;
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, &set, false), FAIL_NONE);
    size_t len = msg_finish(&m, false);
    struct ready_message message = {bytes, len, &mark, m.mark_count, is_secure, false, expires - 30000};
    ready_keep(r, q, hash_of(q), EPOCH, now, &message);
}

static void keep(struct ready *r, const struct request *q, uint64_t expires)
{
    keep_as(r, q, NOW, expires, false);
}

static size_t find(struct ready *r, const struct request *q, uint32_t epoch, uint64_t now, uint8_t *out, size_t size)
{
    uint64_t hash = hash_of(q);
    ready_prefetch(r, hash); /* of no effect but on time */
    return ready_find(r, q, hash, epoch, now, out, size);
}

static uint32_t ttl_of(const uint8_t *answer, const struct request *q)
{
    /* header, question (name, type, class), then a pointer, type, class */
    return wire_get_u32(answer + MSG_HEADER_SIZE + q->name_len + 4 + 2 + 4);
}

static void a_kept_answer_comes_back_with_the_askers_id_case_and_flags(void **state)
{
    (void)state;
    struct ready *r = ready_new(65536);
    struct request first = request_for("www.example.com");
    keep(r, &first, NOW + 300000);
    struct request q = request_for("WwW.eXample.COM");
    q.id = 0xbeef;
    q.flags = 0;
    uint8_t out[512];
    assert_true(find(r, &q, EPOCH, NOW, out, sizeof(out)) > 0);
    assert_int_equal(wire_get_u16(out), 0xbeef);
    assert_int_equal(wire_get_u16(out + 2) & (MSG_RD | MSG_RA | MSG_QR), MSG_RA | MSG_QR);
    assert_memory_equal(out + MSG_HEADER_SIZE, q.name, q.name_len);
    ready_free(r);
}

static void ttls_count_down_to_the_nearest_second_and_end(void **state)
{
    (void)state;
    struct ready *r = ready_new(65536);
    struct request q = request_for("www.example.com");
    uint8_t out[512];
    keep(r, &q, NOW + 3000);
    assert_true(find(r, &q, EPOCH, NOW, out, sizeof(out)) > 0);
    assert_int_equal(ttl_of(out, &q), 3);
    assert_true(find(r, &q, EPOCH, NOW + 500, out, sizeof(out)) > 0);
    assert_int_equal(ttl_of(out, &q), 3);
    assert_true(find(r, &q, EPOCH, NOW + 501, out, sizeof(out)) > 0);
    assert_int_equal(ttl_of(out, &q), 2);
    assert_true(find(r, &q, EPOCH, NOW + 2999, out, sizeof(out)) > 0);
    assert_int_equal(ttl_of(out, &q), 1);
    assert_int_equal(find(r, &q, EPOCH, NOW + 3000, out, sizeof(out)), 0);
    ready_free(r);
}

static void a_new_epoch_voids_what_was_kept(void **state)
{
    (void)state;
    struct ready *r = ready_new(65536);
    struct request q = request_for("www.example.com");
    uint8_t out[512];
    keep(r, &q, NOW + 3000);
    assert_int_equal(find(r, &q, EPOCH + 1, NOW, out, sizeof(out)), 0);
    ready_free(r);
}

static void cleared_it_is_empty_and_has_all_its_room(void **state)
{
    (void)state;
    struct ready *r = ready_new(400); /* room for two or three */
    struct request q = request_for("www.example.com"), other = request_for("other.example.com");
    uint8_t out[512];
    for (unsigned i = 0; i < 10; i++) {
        keep(r, &q, NOW + 60000);
        keep(r, &other, NOW + 60000);
        assert_true(find(r, &q, EPOCH, NOW, out, sizeof(out)) > 0);
        assert_true(find(r, &other, EPOCH, NOW, out, sizeof(out)) > 0);
        ready_clear(r);
        assert_int_equal(find(r, &q, EPOCH, NOW, out, sizeof(out)), 0);
        assert_int_equal(find(r, &other, EPOCH, NOW, out, sizeof(out)), 0);
    }
    ready_free(r);
}

static void questions_that_differ_in_type_do_or_cd_do_not_share_answers(void **state)
{
    (void)state;
    struct ready *r = ready_new(65536);
    struct request q = request_for("www.example.com");
    uint8_t out[512];
    keep(r, &q, NOW + 3000);
    struct request other = q;
    other.type = TYPE_AAAA;
    assert_int_equal(find(r, &other, EPOCH, NOW, out, sizeof(out)), 0);
    other = q;
    other.edns.present = other.edns.dnssec_ok = true;
    assert_int_equal(find(r, &other, EPOCH, NOW, out, sizeof(out)), 0);
    other = q;
    other.flags |= MSG_CD;
    assert_int_equal(find(r, &other, EPOCH, NOW, out, sizeof(out)), 0);
    ready_free(r);
}

/* RFC 6840 5.7, 5.8: whoever asked first. */
static void a_secure_answer_has_ad_for_those_who_understand_it(void **state)
{
    (void)state;
    struct ready *r = ready_new(65536);
    struct request q = request_for("www.example.com"), with_ad = q, with_do = q,
                   other = request_for("other.example.com");
    uint8_t out[512];
    with_ad.flags |= MSG_AD;
    with_do.edns.present = with_do.edns.dnssec_ok = true;
    keep_as(r, &q, NOW, NOW + 3000, true);
    keep_as(r, &with_do, NOW, NOW + 3000, true);
    keep_as(r, &other, NOW, NOW + 3000, false);
    assert_true(find(r, &q, EPOCH, NOW, out, sizeof(out)) > 0);
    assert_false(wire_get_u16(out + 2) & MSG_AD);
    assert_true(find(r, &with_ad, EPOCH, NOW, out, sizeof(out)) > 0);
    assert_true(wire_get_u16(out + 2) & MSG_AD);
    assert_true(find(r, &with_do, EPOCH, NOW, out, sizeof(out)) > 0);
    assert_true(wire_get_u16(out + 2) & MSG_AD);
    other.flags |= MSG_AD;
    assert_true(find(r, &other, EPOCH, NOW, out, sizeof(out)) > 0);
    assert_false(wire_get_u16(out + 2) & MSG_AD);
    ready_free(r);
}

static void an_answer_larger_than_the_client_takes_is_left_to_others(void **state)
{
    (void)state;
    struct ready *r = ready_new(65536);
    struct request q = request_for("www.example.com");
    uint8_t out[512];
    keep(r, &q, NOW + 3000);
    assert_int_equal(find(r, &q, EPOCH, NOW, out, 40), 0);
    assert_true(find(r, &q, EPOCH, NOW, out, sizeof(out)) > 0);
    ready_free(r);
}

static struct request numbered(unsigned n)
{
    char name[32];
    snprintf(name, sizeof(name), "n%u.example.com", n);
    return request_for(name);
}

static bool is_there(struct ready *r, unsigned n, uint64_t now)
{
    struct request q = numbered(n);
    uint8_t out[512];
    return find(r, &q, EPOCH, now, out, sizeof(out)) > 0;
}

static void many_more_names_than_room_stay_within_the_bounds(void **state)
{
    (void)state;
    enum { ROOM = 64 * 1024, NAMES = 20000, LEAST = 60 };
    struct ready *r = ready_new(ROOM);
    unsigned found = 0;
    for (unsigned i = 0; i < NAMES; i++) {
        struct request q = numbered(i);
        keep(r, &q, NOW + 3000);
    }
    for (unsigned i = 0; i < NAMES; i++) {
        found += is_there(r, i, NOW);
    }
    assert_in_range(found, ROOM / 256, ROOM / LEAST);
    ready_free(r);
}

static void answers_stay_exact_while_it_grows(void **state)
{
    (void)state;
    enum { NAMES = 100000, EACH = 997 };
    struct ready *r = ready_new(64 << 20);
    unsigned lost = 0;
    for (unsigned i = 0; i < NAMES; i++) {
        struct request q = numbered(i);
        keep(r, &q, NOW + 1000 * (1 + i % 1000));
        /* One of those before, with the TTL of its own. */
        unsigned old = i * EACH % (i + 1);
        uint8_t out[512];
        q = numbered(old);
        size_t len = find(r, &q, EPOCH, NOW, out, sizeof(out));
        lost += len == 0;
        if (len > 0) {
            assert_int_equal(ttl_of(out, &q), 1 + old % 1000);
            assert_memory_equal(out + MSG_HEADER_SIZE, q.name, q.name_len);
        }
    }
    assert_in_range(lost, 0, NAMES / 25); /* whose set was full */
    ready_free(r);
}

/* A scan of far more names than there is room for. */
static void those_in_use_outlive_a_flood_of_others(void **state)
{
    (void)state;
    enum { HOT = 500, FLOOD = 60000 };
    struct ready *r = ready_new(1 << 20);
    unsigned left = 0;
    for (unsigned i = 0; i < HOT; i++) {
        struct request q = numbered(i);
        keep(r, &q, NOW + 3000);
    }
    for (unsigned i = HOT; i < FLOOD; i++) {
        struct request q = numbered(i);
        keep(r, &q, NOW + 3000);
        is_there(r, i % HOT, NOW);
    }
    for (unsigned i = 0; i < HOT; i++) {
        left += is_there(r, i, NOW);
    }
    assert_in_range(left, HOT * 9 / 10, HOT);
    ready_free(r);
}

static void of_many_new_ones_some_are_let_in_when_it_is_full(void **state)
{
    (void)state;
    enum { NAMES = 20000, SOME = 1000 };
    struct ready *r = ready_new(1 << 20);
    unsigned in = 0;
    for (unsigned i = 0; i < NAMES + SOME; i++) {
        struct request q = numbered(i);
        keep(r, &q, NOW + 3000);
        in += i >= NAMES && is_there(r, i, NOW);
    }
    assert_in_range(in, SOME / 8, SOME / 3);
    ready_free(r);
}

/* Its places are taken over by those who come now. */
static void room_of_answers_that_ended_is_used_again(void **state)
{
    (void)state;
    enum { NAMES = 20000, ROUNDS = 5, HALF = 4000 };
    struct ready *r = ready_new(1 << 20);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t now = NOW + round * 10000ull;
        unsigned found = 0;
        for (unsigned i = 0; i < NAMES; i++) {
            struct request q = numbered(round * NAMES + i);
            keep_as(r, &q, now, now + 3000, false);
        }
        for (unsigned i = 0; i < NAMES; i++) {
            found += is_there(r, round * NAMES + i, now);
        }
        assert_in_range(found, HALF, NAMES);
    }
    ready_free(r);
}

/* TTLs that end at different times, and one that does not age. */
static void each_record_counts_down_by_its_own(void **state)
{
    (void)state;
    struct ready *r = ready_new(65536);
    struct request q = request_for("www.example.com");
    uint8_t bytes[64] = {0};
    const struct ttl_mark marks[] = {{40, NOW + 9000}, {44, 0}, {48, NOW + 5000}, {52, NOW + 4000000000ull}};
    struct ready_message m = {bytes, sizeof(bytes), marks, 4, false, false, UINT64_MAX};
    memset(bytes + 44, 0x11, 4);
    ready_keep(r, &q, hash_of(&q), EPOCH, NOW, &m);
    uint8_t out[512];
    assert_int_equal(find(r, &q, EPOCH, NOW + 2000, out, sizeof(out)), sizeof(bytes));
    assert_int_equal(wire_get_u32(out + 40), 7);
    assert_int_equal(wire_get_u32(out + 44), 0x11111111);
    assert_int_equal(wire_get_u32(out + 48), 3);
    assert_int_equal(wire_get_u32(out + 52), 3999998);
    assert_false(ready_is_due(r));
    assert_int_equal(find(r, &q, EPOCH, NOW + 5000, out, sizeof(out)), 0);
    ready_free(r);
}

static void what_does_not_age_or_is_too_large_is_not_kept(void **state)
{
    (void)state;
    struct ready *r = ready_new(65536);
    struct request q = request_for("www.example.com");
    static uint8_t bytes[4096], out[4096];
    const struct ttl_mark ageless = {40, 0}, ends = {40, NOW + 9000};
    struct ready_message m = {bytes, 64, &ageless, 1, false, false, UINT64_MAX};
    ready_keep(r, &q, hash_of(&q), EPOCH, NOW, &m);
    assert_int_equal(find(r, &q, EPOCH, NOW, out, sizeof(out)), 0);
    m = (struct ready_message){bytes, sizeof(bytes), &ends, 1, false, false, UINT64_MAX};
    ready_keep(r, &q, hash_of(&q), EPOCH, NOW, &m);
    assert_int_equal(find(r, &q, EPOCH, NOW, out, sizeof(out)), 0);
    ready_free(r);
}

static void hits_are_counted_for_each_answer_up_to_their_bound(void **state)
{
    (void)state;
    struct ready *r = ready_new(65536);
    struct request q = request_for("a.example.com");
    struct request other = request_for("b.example.com");
    uint8_t out[512];
    keep(r, &q, NOW + 3000);
    keep(r, &other, NOW + 3000);
    for (unsigned i = 1; i <= 300; i++) {
        assert_true(find(r, &q, EPOCH, NOW, out, sizeof(out)) > 0);
        assert_int_equal(ready_hits(r), i < READY_HITS_MAX ? i : READY_HITS_MAX);
    }
    assert_true(find(r, &other, EPOCH, NOW, out, sizeof(out)) > 0);
    assert_int_equal(ready_hits(r), 1);
    ready_free(r);
}

static void an_answer_says_once_that_it_should_be_renewed(void **state)
{
    (void)state;
    struct ready *r = ready_new(65536);
    struct request q = request_for("www.example.com");
    keep(r, &q, NOW + 300000);
    uint8_t out[512];
    assert_true(find(r, &q, EPOCH, NOW + 269999, out, sizeof(out)) > 0);
    assert_false(ready_is_due(r));
    assert_true(find(r, &q, EPOCH, NOW + 270000, out, sizeof(out)) > 0);
    assert_true(ready_is_due(r));
    assert_true(find(r, &q, EPOCH, NOW + 270001, out, sizeof(out)) > 0);
    assert_false(ready_is_due(r));
    ready_free(r);
}

static void answers_can_be_forgotten(void **state)
{
    (void)state;
    struct ready *r = ready_new(65536);
    struct request q = request_for("www.example.com");
    struct request with_do = q;
    with_do.edns.dnssec_ok = true;
    struct request other = request_for("other.example.com");
    keep(r, &q, NOW + 300000);
    keep(r, &with_do, NOW + 300000);
    keep(r, &other, NOW + 300000);
    ready_forget(r, (const uint8_t *)"\3WWW\7example\3com", TYPE_A);
    uint8_t out[512];
    assert_int_equal(find(r, &q, EPOCH, NOW, out, sizeof(out)), 0);
    assert_int_equal(find(r, &with_do, EPOCH, NOW, out, sizeof(out)), 0);
    assert_true(find(r, &other, EPOCH, NOW, out, sizeof(out)) > 0);
    ready_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kept_answer_comes_back_with_the_askers_id_case_and_flags),
        cmocka_unit_test(ttls_count_down_to_the_nearest_second_and_end),
        cmocka_unit_test(a_new_epoch_voids_what_was_kept),
        cmocka_unit_test(cleared_it_is_empty_and_has_all_its_room),
        cmocka_unit_test(questions_that_differ_in_type_do_or_cd_do_not_share_answers),
        cmocka_unit_test(a_secure_answer_has_ad_for_those_who_understand_it),
        cmocka_unit_test(an_answer_larger_than_the_client_takes_is_left_to_others),
        cmocka_unit_test(many_more_names_than_room_stay_within_the_bounds),
        cmocka_unit_test(answers_stay_exact_while_it_grows),
        cmocka_unit_test(those_in_use_outlive_a_flood_of_others),
        cmocka_unit_test(of_many_new_ones_some_are_let_in_when_it_is_full),
        cmocka_unit_test(room_of_answers_that_ended_is_used_again),
        cmocka_unit_test(each_record_counts_down_by_its_own),
        cmocka_unit_test(what_does_not_age_or_is_too_large_is_not_kept),
        cmocka_unit_test(hits_are_counted_for_each_answer_up_to_their_bound),
        cmocka_unit_test(an_answer_says_once_that_it_should_be_renewed),
        cmocka_unit_test(answers_can_be_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
