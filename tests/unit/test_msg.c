#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "resolver/dns/msg.h"
#include "resolver/dns/type.h"

enum { ARENA_CAP = 1 << 20 };

static const uint8_t www[] = "\3www\7Example\4test";

struct fixture {
    struct arena arena;
    uint8_t wire[MSG_SIZE_MAX + 1];
    struct writer w; /* raw records into `wire` */
};

static struct fixture fixture;

static int set_up(void **state)
{
    arena_init(&fixture.arena, ARENA_CAP);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_fini(&f->arena);
    return 0;
}

/* Starts a reply to www.example.test A with the question at offset 12 and example.test at 16. */
static void begin_reply(struct fixture *f, unsigned answers, unsigned authorities, unsigned additionals)
{
    writer_init(&f->w, f->wire, sizeof(f->wire));
    writer_u16(&f->w, 0x1234);
    writer_u16(&f->w, MSG_QR | MSG_AA);
    writer_u16(&f->w, 1);
    writer_u16(&f->w, (uint16_t)answers);
    writer_u16(&f->w, (uint16_t)authorities);
    writer_u16(&f->w, (uint16_t)additionals);
    writer_bytes(&f->w, www, sizeof(www));
    writer_u16(&f->w, TYPE_A);
    writer_u16(&f->w, CLASS_IN);
}

static void add_record(struct fixture *f, unsigned pointer, uint16_t type, uint32_t ttl, const void *rdata, size_t len)
{
    writer_u16(&f->w, (uint16_t)(0xc000 | pointer));
    writer_u16(&f->w, type);
    writer_u16(&f->w, CLASS_IN);
    writer_u32(&f->w, ttl);
    writer_u16(&f->w, (uint16_t)len);
    writer_bytes(&f->w, rdata, len);
}

static int parse(struct fixture *f, struct msg *m)
{
    uint8_t *copy = test_malloc(writer_len(&f->w));
    memcpy(copy, f->wire, writer_len(&f->w));
    int result = msg_parse(copy, writer_len(&f->w), &f->arena, m);
    /* What was parsed must not depend on the message any more. */
    memset(copy, 0xff, writer_len(&f->w));
    test_free(copy);
    return result;
}

static unsigned count_sets(const struct rrset *list)
{
    unsigned count = 0;
    for (; list != NULL; list = list->next) {
        count++;
    }
    return count;
}

static const uint8_t signature[] = "\0\1\10\2\0\0\1\54\0\0\0\2\0\0\0\1\0\7\0sig";

static void records_are_gathered_into_sets_with_their_signatures(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    begin_reply(f, 3, 1, 1);
    add_record(f, 12, TYPE_A, 300, "\300\0\2\1", 4);
    add_record(f, 12, TYPE_RRSIG, 300, signature, sizeof(signature) - 1);
    add_record(f, 12, TYPE_A, 200, "\300\0\2\2", 4);
    add_record(f, 16, TYPE_NS, 600, "\2ns\300\20", 5);
    add_record(f, 16, TYPE_A, 600, "\300\0\2\65", 4);
    assert_int_equal(parse(f, &m), FAIL_NONE);
    assert_int_equal(m.id, 0x1234);
    assert_int_equal(m.flags, MSG_QR | MSG_AA);
    assert_true(m.has_question);
    assert_memory_equal(m.question.name, www, sizeof(www));
    assert_int_equal(count_sets(m.sections[SECTION_ANSWER]), 1);
    const struct rrset *set = m.sections[SECTION_ANSWER];
    assert_int_equal(set->data.count, 2);
    assert_int_equal(set->sigs.count, 1);
    assert_int_equal(set->ttl, 200);
    assert_int_equal(set->expires, 0);
    assert_memory_equal(set->owner, www, sizeof(www));
    assert_memory_equal(rdatas_first(&set->sigs).bytes, signature, sizeof(signature) - 1);
    set = m.sections[SECTION_AUTHORITY];
    assert_int_equal(rdatas_first(&set->data).len, 3 + sizeof("\7example\4test"));
    assert_true(name_equal(rdatas_first(&set->data).bytes, (const uint8_t *)"\2ns\7example\4test"));
    assert_int_equal(count_sets(m.sections[SECTION_ADDITIONAL]), 1);
}

static void duplicates_are_dropped_in_short_and_in_long_sets(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    begin_reply(f, 60, 0, 0);
    for (unsigned i = 0; i < 60; i++) {
        uint8_t octets[] = {192, 0, 2, (uint8_t)(i % 30)};
        add_record(f, 12, TYPE_A, 300, octets, 4);
    }
    assert_int_equal(parse(f, &m), FAIL_NONE);
    assert_int_equal(m.sections[SECTION_ANSWER]->data.count, 30);
    assert_int_equal(m.sections[SECTION_ANSWER]->data.len, 30 * 6);
}

static void the_same_record_in_two_sections_stays_in_both(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    begin_reply(f, 1, 0, 1);
    add_record(f, 12, TYPE_A, 300, "\300\0\2\1", 4);
    add_record(f, 12, TYPE_A, 300, "\300\0\2\1", 4);
    assert_int_equal(parse(f, &m), FAIL_NONE);
    assert_int_equal(count_sets(m.sections[SECTION_ANSWER]), 1);
    assert_int_equal(count_sets(m.sections[SECTION_ADDITIONAL]), 1);
}

static void signatures_without_their_sets_are_one_set_of_their_own(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    uint8_t other[sizeof(signature) - 1];
    memcpy(other, signature, sizeof(other));
    other[1] = TYPE_MX;
    begin_reply(f, 3, 0, 0);
    add_record(f, 12, TYPE_RRSIG, 300, signature, sizeof(signature) - 1);
    add_record(f, 16, TYPE_A, 300, "\300\0\2\1", 4);
    add_record(f, 12, TYPE_RRSIG, 100, other, sizeof(other));
    assert_int_equal(parse(f, &m), FAIL_NONE);
    assert_int_equal(count_sets(m.sections[SECTION_ANSWER]), 2);
    const struct rrset *set = rrset_find(m.sections[SECTION_ANSWER], www, TYPE_RRSIG);
    assert_non_null(set);
    assert_int_equal(set->data.count, 2);
    assert_int_equal(set->sigs.count, 0);
    assert_int_equal(set->ttl, 100);
    assert_int_equal(set->data.len, 2 * (2 + sizeof(other)));
}

/* The first sets are told apart one by one, the others by hash; a signature without its set may be on either side. */
static void many_sets_are_gathered_as_few_are(void **state)
{
    enum { TYPES = 20, FIRST_TYPE = 65280 };
    struct fixture *f = *state;
    struct msg m;
    uint8_t other[sizeof(signature) - 1];
    memcpy(other, signature, sizeof(other));
    other[1] = TYPE_MX;
    begin_reply(f, 2 * TYPES + 2, 0, 0);
    add_record(f, 12, TYPE_RRSIG, 300, signature, sizeof(signature) - 1);
    for (unsigned i = 0; i < 2 * TYPES; i++) {
        add_record(f, 12, (uint16_t)(FIRST_TYPE + i % TYPES), 300, &(uint8_t){(uint8_t)i}, 1);
    }
    add_record(f, 12, TYPE_RRSIG, 300, other, sizeof(other));
    assert_int_equal(parse(f, &m), FAIL_NONE);
    assert_int_equal(count_sets(m.sections[SECTION_ANSWER]), TYPES + 1);
    for (unsigned i = 0; i < TYPES; i++) {
        const struct rrset *set = rrset_find(m.sections[SECTION_ANSWER], www, (uint16_t)(FIRST_TYPE + i));
        assert_non_null(set);
        assert_int_equal(set->data.count, 2);
        assert_int_equal(rdatas_first(&set->data).bytes[0], i);
    }
    const struct rrset *sigs = rrset_find(m.sections[SECTION_ANSWER], www, TYPE_RRSIG);
    assert_non_null(sigs);
    assert_int_equal(sigs->data.count, 2);
}

static void a_ttl_with_the_top_bit_is_zero(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    begin_reply(f, 2, 0, 0);
    add_record(f, 12, TYPE_A, 0x80000000, "\300\0\2\1", 4);
    add_record(f, 16, TYPE_A, 0x7fffffff, "\300\0\2\1", 4);
    assert_int_equal(parse(f, &m), FAIL_NONE);
    assert_int_equal(m.sections[SECTION_ANSWER]->ttl, 0);
    assert_int_equal(m.sections[SECTION_ANSWER]->next->ttl, 0x7fffffff);
}

static void other_classes_and_meta_types_are_skipped(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    begin_reply(f, 2, 0, 1);
    add_record(f, 12, TYPE_A, 300, "\300\0\2\1", 4);
    f->w.at[-4 - 2 - 4 - 1] = CLASS_CH;
    add_record(f, 12, TYPE_A, 300, "\300\0\2\2", 4);
    add_record(f, 12, TYPE_TSIG, 0, "abc", 3);
    assert_int_equal(parse(f, &m), FAIL_NONE);
    assert_int_equal(count_sets(m.sections[SECTION_ANSWER]), 1);
    assert_memory_equal(rdatas_first(&m.sections[SECTION_ANSWER]->data).bytes, "\300\0\2\2", 4);
    assert_null(m.sections[SECTION_ADDITIONAL]);
}

static void opt_extends_the_rcode_and_carries_the_reason(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    begin_reply(f, 0, 0, 1);
    writer_bytes(&f->w, "\0\0\51\4\320\1\0\200\0\0\12\0\17\0\6\0\26oops", 21);
    assert_int_equal(parse(f, &m), FAIL_NONE);
    assert_int_equal(m.rcode, 16);
    assert_true(m.edns.has_received);
    assert_int_equal(m.edns.received.code, EDE_NO_REACHABLE_AUTHORITY);
    assert_string_equal(m.edns.received.text, "oops");
    assert_int_equal(m.edns.udp_size, 1232);
}

static void broken_replies_are_refused_but_id_and_flags_are_known(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    static const uint8_t opt[] = "\0\0\51\4\320\0\0\0\0\0";
    begin_reply(f, 1, 0, 0);
    assert_int_equal(parse(f, &m), FAIL_WIRE); /* the record is missing */
    assert_int_equal(m.id, 0x1234);
    assert_true(m.has_question);
    begin_reply(f, 1, 0, 0);
    add_record(f, 12, TYPE_A, 300, "\300\0\2", 3);
    assert_int_equal(parse(f, &m), FAIL_WIRE);
    begin_reply(f, 1, 0, 0);
    add_record(f, 12, TYPE_NS, 300, "\300\20x", 3);
    assert_int_equal(parse(f, &m), FAIL_WIRE);
    begin_reply(f, 0, 0, 2);
    writer_bytes(&f->w, opt, sizeof(opt));
    writer_bytes(&f->w, opt, sizeof(opt));
    assert_int_equal(parse(f, &m), FAIL_WIRE);
    begin_reply(f, 0, 0, 0);
    wire_put_u16(f->wire + 4, 2);
    assert_int_equal(parse(f, &m), FAIL_WIRE);
    assert_int_equal(msg_parse(f->wire, 11, &f->arena, &m), FAIL_WIRE);
}

static void every_cut_of_a_reply_is_refused(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    begin_reply(f, 1, 1, 0);
    add_record(f, 12, TYPE_A, 300, "\300\0\2\1", 4);
    add_record(f, 16, TYPE_SOA, 600, "\2ns\300\20\300\20\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 27);
    size_t whole = writer_len(&f->w);
    assert_int_equal(parse(f, &m), FAIL_NONE);
    for (size_t len = 0; len < whole; len++) {
        f->w.at = f->w.start + len;
        assert_int_equal(parse(f, &m), FAIL_WIRE);
    }
}

static void pointer_loops_are_refused(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    begin_reply(f, 1, 0, 0);
    unsigned here = (unsigned)writer_len(&f->w);
    add_record(f, here, TYPE_A, 300, "\300\0\2\1", 4); /* to itself */
    assert_int_equal(parse(f, &m), FAIL_WIRE);
    begin_reply(f, 1, 0, 0);
    add_record(f, 12, TYPE_NS, 300, "\1a\300\0", 4);
    wire_put_u16(f->w.at - 2, (uint16_t)(0xc000 | (writer_len(&f->w) - 4))); /* to the start of its own label */
    assert_int_equal(parse(f, &m), FAIL_WIRE);
    begin_reply(f, 1, 0, 0);
    add_record(f, 4, TYPE_A, 300, "\300\0\2\1", 4); /* into the header */
    assert_int_equal(parse(f, &m), FAIL_WIRE);
}

/* A reply whose opaque first record is a ladder of pointers, each to the one before, climbed by every later owner. */
static void a_64_kib_ladder_of_pointers_is_refused_at_once(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    struct timespec before, after;
    begin_reply(f, 4000, 0, 0);
    add_record(f, 12, 65280, 300, NULL, 0);
    uint8_t *length = f->w.at - 2;
    unsigned target = 12;
    while (writer_len(&f->w) < 16300) {
        unsigned here = (unsigned)writer_len(&f->w);
        writer_u16(&f->w, (uint16_t)(0xc000 | target));
        target = here;
    }
    wire_put_u16(length, (uint16_t)(f->w.at - length - 2));
    while (sizeof(f->wire) - writer_len(&f->w) > 16) {
        add_record(f, target - 2 * 100, TYPE_A, 300, "\300\0\2\1", 4);
    }
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(parse(f, &m), FAIL_WIRE);
    clock_gettime(CLOCK_MONOTONIC, &after);
    int64_t took_us = (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
    assert_true(took_us < 50000); /* under a millisecond undisturbed; sanitizers and busy machines need room */
}

static void thousands_of_records_parse_in_linear_time(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    struct timespec before, after;
    arena_fini(&f->arena);
    arena_init(&f->arena, 8 << 20);
    begin_reply(f, 4000, 0, 0);
    for (unsigned i = 0; i < 4000; i++) {
        uint8_t octets[] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i};
        add_record(f, 12, TYPE_A, 300, octets, 4);
    }
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(parse(f, &m), FAIL_NONE);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(m.sections[SECTION_ANSWER]->data.count, 4000);
    assert_true((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 < 200);
}

static void more_records_than_the_limit_are_refused(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    arena_fini(&f->arena);
    arena_init(&f->arena, 8 << 20);
    for (unsigned count = MSG_RECORDS_MAX; count <= MSG_RECORDS_MAX + 1; count++) {
        begin_reply(f, count, 0, 0);
        for (unsigned i = 0; i < count; i++) {
            writer_bytes(&f->w, "\0\377\0\0\1\0\0\0\1\0\0", 11);
        }
        assert_int_equal(parse(f, &m), count > MSG_RECORDS_MAX ? FAIL_WIRE : FAIL_NONE);
    }
    assert_int_equal(m.sections[SECTION_ANSWER] == NULL, true);
}

static void a_full_arena_fails_the_message_only(void **state)
{
    struct fixture *f = *state;
    struct msg m;
    begin_reply(f, 30, 0, 0);
    for (unsigned i = 0; i < 30; i++) {
        uint8_t rdata[100] = {99, (uint8_t)i};
        add_record(f, 12, TYPE_TXT, 300, rdata, sizeof(rdata));
    }
    bool has_succeeded = false;
    for (size_t cap = 0; cap < 16384; cap += 64) {
        arena_fini(&f->arena);
        arena_init(&f->arena, cap);
        int result = parse(f, &m);
        assert_true(result == FAIL_LIMIT || result == FAIL_NONE);
        assert_true(result == FAIL_NONE || !has_succeeded);
        has_succeeded = result == FAIL_NONE;
    }
    assert_true(has_succeeded);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_are_gathered_into_sets_with_their_signatures),
        TEST(many_sets_are_gathered_as_few_are),
        TEST(duplicates_are_dropped_in_short_and_in_long_sets),
        TEST(the_same_record_in_two_sections_stays_in_both),
        TEST(signatures_without_their_sets_are_one_set_of_their_own),
        TEST(a_ttl_with_the_top_bit_is_zero),
        TEST(other_classes_and_meta_types_are_skipped),
        TEST(opt_extends_the_rcode_and_carries_the_reason),
        TEST(broken_replies_are_refused_but_id_and_flags_are_known),
        TEST(every_cut_of_a_reply_is_refused),
        TEST(pointer_loops_are_refused),
        TEST(a_64_kib_ladder_of_pointers_is_refused_at_once),
        TEST(thousands_of_records_parse_in_linear_time),
        TEST(more_records_than_the_limit_are_refused),
        TEST(a_full_arena_fails_the_message_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
