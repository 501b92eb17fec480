#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/wire.h"

/* Twelve octets in place of a header, so that pointers count as in a message. */
#define HEADER "\0\0\0\0\0\0\0\0\0\0\0\0"

static size_t read_name_at(const void *wire, size_t len, size_t offset, uint8_t out[NAME_SIZE], struct reader *r)
{
    reader_init(r, wire, len);
    r->at += offset;
    return reader_name(r, out);
}

static void numbers_are_big_endian(void **state)
{
    (void)state;
    struct reader r;
    reader_init(&r, "\1\2\3\4\5\6\7", 7);
    assert_int_equal(reader_u8(&r), 1);
    assert_int_equal(reader_u16(&r), 0x0203);
    assert_int_equal(reader_u32(&r), 0x04050607);
    assert_int_equal(reader_left(&r), 0);
    assert_false(r.bad);
}

static void a_reader_that_failed_stays_failed(void **state)
{
    (void)state;
    struct reader r;
    reader_init(&r, "\1\2\3", 3);
    assert_int_equal(reader_u32(&r), 0);
    assert_true(r.bad);
    assert_int_equal(reader_u8(&r), 0);
    assert_null(reader_bytes(&r, 0));
    assert_int_equal(reader_left(&r), 0);
}

static void bytes_are_given_in_place(void **state)
{
    (void)state;
    static const uint8_t wire[] = {1, 2, 3};
    struct reader r;
    reader_init(&r, wire, 3);
    assert_ptr_equal(reader_bytes(&r, 2), wire);
    assert_ptr_equal(reader_bytes(&r, 0), wire + 2);
    assert_null(reader_bytes(&r, 2));
}

static void pointers_are_followed_backwards(void **state)
{
    (void)state;
    static const char wire[] = HEADER "\3com\0\7example\300\14\3www\300\21rest";
    struct reader r;
    uint8_t out[NAME_SIZE];
    assert_int_equal(read_name_at(wire, sizeof(wire) - 1, 27, out, &r), 17);
    assert_memory_equal(out, "\3www\7example\3com", 17);
    assert_int_equal(reader_left(&r), 4);
    assert_memory_equal(r.at, "rest", 4);
}

static void pointers_that_do_not_lead_back_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *wire;
        size_t len;
        size_t offset;
    } cases[] = {
        {HEADER "\300\14", 14, 12},              /* itself */
        {HEADER "\300\16\0", 15, 12},            /* ahead */
        {HEADER "\1a\300\14", 16, 12},           /* its own label */
        {HEADER "\300\0", 14, 12},               /* the header */
        {HEADER "\300\13", 14, 12},              /* the header's last octet */
        {HEADER "\1a\300\20\1b\300\14", 20, 16}, /* a loop of two */
        {HEADER "\300", 13, 12},                 /* half a pointer */
        {HEADER "\377\377", 14, 12},             /* past the end */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reader r;
        uint8_t out[NAME_SIZE];
        assert_int_equal(read_name_at(cases[i].wire, cases[i].len, cases[i].offset, out, &r), 0);
        assert_true(r.bad);
    }
}

static void labels_of_other_kinds_and_cut_names_are_refused(void **state)
{
    (void)state;
    struct reader r;
    uint8_t out[NAME_SIZE];
    assert_int_equal(read_name_at("\101a\0", 3, 0, out, &r), 0);
    assert_int_equal(read_name_at("\201a\0", 3, 0, out, &r), 0);
    assert_int_equal(read_name_at("\3ab", 3, 0, out, &r), 0);
    assert_int_equal(read_name_at("\3abc", 4, 0, out, &r), 0);
    assert_int_equal(read_name_at("", 0, 0, out, &r), 0);
}

static void a_name_may_have_255_octets_but_not_one_more(void **state)
{
    (void)state;
    uint8_t wire[300];
    uint8_t out[NAME_SIZE];
    struct reader r;
    for (unsigned last = 61; last <= 62; last++) {
        memset(wire, 'a', sizeof(wire));
        wire[0] = wire[64] = wire[128] = 63;
        wire[192] = (uint8_t)last;
        wire[193 + last] = 0;
        assert_int_equal(read_name_at(wire, sizeof(wire), 0, out, &r), last == 61 ? 255 : 0);
        reader_init(&r, wire, sizeof(wire));
        reader_skip_name(&r);
        assert_int_equal(r.bad, last != 61);
    }
}

static void a_chain_of_pointers_has_a_limit(void **state)
{
    (void)state;
    uint8_t wire[12 + 1 + 2 * 200] = {0};
    uint8_t out[NAME_SIZE];
    struct reader r;
    for (size_t i = 0; i < 200; i++) {
        size_t target = i == 0 ? 12 : 13 + 2 * (i - 1);
        wire_put_u16(wire + 13 + 2 * i, (uint16_t)(0xc000 | target));
    }
    assert_int_equal(read_name_at(wire, sizeof(wire), 13 + 2 * 127, out, &r), 1);
    assert_int_equal(read_name_at(wire, sizeof(wire), 13 + 2 * 128, out, &r), 0);
}

static void all_names_of_a_message_share_a_stock_of_pointers(void **state)
{
    (void)state;
    static const char wire[] = HEADER "\0\300\14";
    struct reader r;
    uint8_t out[NAME_SIZE];
    reader_init(&r, wire, sizeof(wire) - 1);
    unsigned stock = r.pointers_left;
    for (unsigned i = 0; i < stock; i++) {
        r.at = r.start + 13;
        assert_int_equal(reader_name(&r, out), 1);
    }
    r.at = r.start + 13;
    assert_int_equal(reader_name(&r, out), 0);
}

static void skipping_a_name_ends_behind_its_first_pointer(void **state)
{
    (void)state;
    struct reader r;
    reader_init(&r, HEADER "\3abc\300\14x", 19);
    r.at += 12;
    reader_skip_name(&r);
    assert_false(r.bad);
    assert_int_equal(reader_left(&r), 1);
}

static void a_full_writer_stays_full_and_keeps_whole_fields(void **state)
{
    (void)state;
    uint8_t out[8] = {0};
    struct writer w;
    writer_init(&w, out, 5);
    writer_u8(&w, 1);
    writer_u16(&w, 0x0203);
    writer_u32(&w, 0x04050607);
    assert_true(w.full);
    writer_u8(&w, 9);
    assert_int_equal(writer_len(&w), 3);
    assert_memory_equal(out, "\1\2\3\0\0\0\0\0", 8);
    writer_init(&w, out, 8);
    writer_bytes(&w, NULL, 0);
    writer_u32(&w, 0x04050607);
    writer_bytes(&w, "abcd", 4);
    assert_false(w.full);
    assert_memory_equal(out, "\4\5\6\7abcd", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(a_reader_that_failed_stays_failed),
        cmocka_unit_test(bytes_are_given_in_place),
        cmocka_unit_test(pointers_are_followed_backwards),
        cmocka_unit_test(pointers_that_do_not_lead_back_are_refused),
        cmocka_unit_test(labels_of_other_kinds_and_cut_names_are_refused),
        cmocka_unit_test(a_name_may_have_255_octets_but_not_one_more),
        cmocka_unit_test(a_chain_of_pointers_has_a_limit),
        cmocka_unit_test(all_names_of_a_message_share_a_stock_of_pointers),
        cmocka_unit_test(skipping_a_name_ends_behind_its_first_pointer),
        cmocka_unit_test(a_full_writer_stays_full_and_keeps_whole_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
