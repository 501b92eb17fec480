#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/msg.h"
#include "resolver/dns/type.h"

enum { ARENA_CAP = 1 << 20 };

static const uint8_t www[] = "\3www\7Example\4test";
static const uint8_t apex[] = "\7example\4test";

struct fixture {
    struct arena arena;
    uint8_t wire[MSG_SIZE_MAX + 1];
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

static unsigned count_sets(const struct rrset *list)
{
    unsigned count = 0;
    for (; list != NULL; list = list->next) {
        count++;
    }
    return count;
}

static struct rrset *make_address(struct fixture *f, const uint8_t *owner, unsigned last_octet)
{
    uint8_t octets[] = {192, 0, 2, (uint8_t)last_octet};
    return rrset_single(&f->arena, owner, TYPE_A, 300, (struct rdata_view){octets, 4});
}

/* A set of `count` NS records n0.<owner>, n1.<owner> ... */
static struct rrset *make_servers(struct fixture *f, const uint8_t *owner, unsigned count)
{
    uint8_t *packed = arena_take(&f->arena, count * 64);
    struct rrset *set = arena_take(&f->arena, sizeof(*set));
    size_t len = 0;
    for (unsigned i = 0; i < count; i++) {
        uint8_t name[64] = {2, 'n', (uint8_t)('0' + i)};
        size_t name_octets = 3 + name_copy(name + 3, owner);
        len += rdatas_pack(packed + len, name, (uint16_t)name_octets);
    }
    set->owner = owner;
    set->type = TYPE_NS;
    set->ttl = 600;
    set->data = (struct rdatas){.bytes = packed, .len = (uint32_t)len, .count = (uint16_t)count};
    return set;
}

static const uint8_t signature[] = "\0\1\10\2\0\0\1\54\0\0\0\2\0\0\0\1\0\7\0sig";

static void names_are_compressed_against_all_earlier_ones(void **state)
{
    struct fixture *f = *state;
    struct msg_writer m;
    struct msg parsed;
    const struct question q = {www, TYPE_A, CLASS_IN};
    msg_begin(&m, f->wire, 512, 7, MSG_QR, &q);
    assert_int_equal(
        msg_put_rrset(&m, SECTION_ANSWER, make_address(f, (const uint8_t *)"\3WWW\7EXAMPLE\4TEST", 1), false),
        FAIL_NONE);
    assert_int_equal(msg_put_rrset(&m, SECTION_AUTHORITY, make_servers(f, apex, 2), false), FAIL_NONE);
    assert_int_equal(
        msg_put_rrset(&m, SECTION_ADDITIONAL, make_address(f, (const uint8_t *)"\2n1\7example\4test", 2), false),
        FAIL_NONE);
    size_t len = msg_finish(&m, false);
    /* header and question; pointer + A; twice pointer + NS with label and pointer; pointer + A */
    assert_int_equal(len, 12 + 22 + (2 + 10 + 4) + 2 * (2 + 10 + 5) + (2 + 10 + 4));
    assert_int_equal(wire_get_u16(f->wire + 34), 0xc00c);
    assert_int_equal(msg_parse(f->wire, len, &f->arena, &parsed), FAIL_NONE);
    assert_memory_equal(parsed.sections[SECTION_ANSWER]->owner, www, sizeof(www)); /* the question's case */
    assert_int_equal(parsed.sections[SECTION_AUTHORITY]->data.count, 2);
    assert_true(name_equal(parsed.sections[SECTION_ADDITIONAL]->owner, (const uint8_t *)"\2n1\7example\4test"));
}

static void names_of_newer_types_are_written_whole(void **state)
{
    struct fixture *f = *state;
    struct msg_writer m;
    const struct question q = {apex, 33, CLASS_IN};
    static const uint8_t srv[] = "\0\1\0\2\0\3\7example\4test";
    const struct rrset *set = rrset_single(&f->arena, apex, TYPE_SRV, 300, (struct rdata_view){srv, sizeof(srv)});
    msg_begin(&m, f->wire, 512, 7, MSG_QR, &q);
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, set, false), FAIL_NONE);
    size_t len = msg_finish(&m, false);
    assert_memory_equal(f->wire + len - sizeof(srv), srv, sizeof(srv));
}

static void a_set_that_does_not_fit_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    const struct question q = {www, TYPE_A, CLASS_IN};
    const struct rrset *large = make_servers(f, (const uint8_t *)"\5other\4test", 10);
    const struct rrset *small = make_servers(f, (const uint8_t *)"\5other\4test", 1);
    static uint8_t expected[512];
    struct msg_writer m;
    struct ttl_mark marks[32];
    msg_begin(&m, expected, sizeof(expected), 7, MSG_QR, &q);
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, small, false), FAIL_NONE);
    size_t expected_len = msg_finish(&m, true);
    /* At every size that is too small for the large set, the small one comes out as if nothing had been tried. */
    for (size_t size = expected_len; size < expected_len + 9 * 17; size++) {
        memset(f->wire, 0xaa, sizeof(f->wire));
        msg_begin(&m, f->wire, size, 7, MSG_QR, &q);
        m.marks = marks;
        m.mark_max = 32;
        assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, large, false), FAIL_SPACE);
        assert_int_equal(m.mark_count, 0);
        assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, small, false), FAIL_NONE);
        assert_int_equal(m.mark_count, 1);
        assert_int_equal(msg_finish(&m, true), expected_len);
        assert_memory_equal(f->wire, expected, expected_len);
        assert_int_equal(f->wire[2] & 0x02, 0x02);
    }
}

static void room_reserved_for_opt_is_kept(void **state)
{
    struct fixture *f = *state;
    const struct question q = {www, TYPE_A, CLASS_IN};
    const struct ede errors[] = {{EDE_NETWORK_ERROR, "timed out"}, {EDE_CACHED_ERROR, ""}};
    struct edns edns = {.present = true, .dnssec_ok = true, .udp_size = 1232, .errors = errors, .error_count = 2};
    struct msg_writer m;
    struct msg parsed;
    size_t size = 12 + 22 + 16 + edns_size(&edns);
    edns.nsid = (const uint8_t *)"cairn";
    edns.nsid_len = 5;
    msg_begin(&m, f->wire, size, 7, MSG_QR, &q);
    msg_reserve(&m, edns_size(&edns));
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, make_address(f, www, 1), false), FAIL_SPACE);
    edns.nsid = NULL;
    assert_int_equal(edns_size(&edns) + 9, 11 + 6 + 9 + 6 + 9);
    msg_begin(&m, f->wire, size, 7, MSG_QR, &q);
    msg_reserve(&m, edns_size(&edns));
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, make_address(f, www, 1), false), FAIL_NONE);
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, make_address(f, apex, 1), false), FAIL_SPACE);
    assert_int_equal(msg_put_opt(&m, &edns, RCODE_BADVERS), FAIL_NONE);
    assert_int_equal(msg_finish(&m, false), size);
    assert_int_equal(msg_parse(f->wire, size, &f->arena, &parsed), FAIL_NONE);
    assert_int_equal(parsed.rcode, RCODE_BADVERS);
    assert_true(parsed.edns.dnssec_ok);
    assert_int_equal(parsed.edns.received.code, EDE_NETWORK_ERROR);
    assert_string_equal(parsed.edns.received.text, "timed out");
}

static void opt_without_room_leaves_the_message_as_it_was(void **state)
{
    struct fixture *f = *state;
    const struct question q = {www, TYPE_A, CLASS_IN};
    const struct edns edns = {.present = true, .udp_size = 1232};
    struct msg_writer m;
    msg_begin(&m, f->wire, 12 + 22 + 10, 7, MSG_QR, &q);
    assert_int_equal(msg_put_opt(&m, &edns, RCODE_SERVFAIL), FAIL_SPACE);
    assert_int_equal(msg_finish(&m, false), 12 + 22);
    assert_int_equal(wire_get_u16(f->wire + 10), 0);
}

static void a_finished_message_can_be_resumed_to_append_opt(void **state)
{
    struct fixture *f = *state;
    const struct question q = {www, TYPE_A, CLASS_IN};
    const struct edns edns = {.present = true, .udp_size = 1232};
    struct msg_writer m;
    struct msg parsed;
    msg_begin(&m, f->wire, 512, 7, MSG_QR, &q);
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, make_address(f, www, 1), false), FAIL_NONE);
    size_t len = msg_finish(&m, false);
    msg_resume(&m, f->wire, len, 512);
    assert_int_equal(msg_put_opt(&m, &edns, RCODE_NXDOMAIN), FAIL_NONE);
    assert_int_equal(msg_finish(&m, false), len + EDNS_FIXED_SIZE);
    assert_int_equal(msg_parse(f->wire, len + EDNS_FIXED_SIZE, &f->arena, &parsed), FAIL_NONE);
    assert_true(parsed.edns.present);
    assert_int_equal(parsed.rcode, RCODE_NXDOMAIN);
    assert_int_equal(count_sets(parsed.sections[SECTION_ANSWER]), 1);
}

static void cookie_and_keepalive_are_written_as_options(void **state)
{
    struct fixture *f = *state;
    const struct question q = {www, TYPE_A, CLASS_IN};
    struct edns edns = {.present = true, .udp_size = 1232, .cookie_len = EDNS_COOKIE_SIZE};
    memcpy(edns.cookie, "clientcoserver cookie 16", EDNS_COOKIE_SIZE);
    edns.has_keepalive = true;
    edns.keepalive = 100;
    struct msg parsed;
    size_t len = msg_write_query(f->wire, 512, 7, MSG_QR, &q, &edns);
    assert_int_equal(msg_parse(f->wire, len, &f->arena, &parsed), FAIL_NONE);
    assert_int_equal(parsed.edns.cookie_len, EDNS_COOKIE_SIZE);
    assert_memory_equal(parsed.edns.cookie, edns.cookie, EDNS_COOKIE_SIZE);
    assert_memory_equal(f->wire + len - 6, "\0\13\0\2\0\144", 6);
}

static void ttls_are_marked_and_count_down(void **state)
{
    struct fixture *f = *state;
    const struct question q = {www, TYPE_A, CLASS_IN};
    struct ttl_mark marks[2];
    struct msg_writer m;
    struct rrset *set = make_address(f, www, 1);
    set->expires = 1000000 + 7501;
    set->sigs = (struct rdatas){.bytes = arena_take(&f->arena, 64), .count = 1};
    set->sigs.len = (uint32_t)rdatas_pack((uint8_t *)(uintptr_t)set->sigs.bytes, signature, sizeof(signature) - 1);
    msg_begin(&m, f->wire, 512, 7, MSG_QR, &q);
    m.now = 1000000;
    m.marks = marks;
    m.mark_max = 2;
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, set, true), FAIL_NONE);
    assert_int_equal(m.mark_count, 2);
    assert_false(m.marks_lost);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(marks[i].expires, set->expires);
        assert_int_equal(wire_get_u32(f->wire + marks[i].offset), 8);
    }
    assert_int_equal(msg_put_rrset(&m, SECTION_ADDITIONAL, make_address(f, apex, 1), false), FAIL_NONE);
    assert_true(m.marks_lost);
    assert_int_equal(wire_get_u16(f->wire + 6), 0);
    msg_finish(&m, false);
    assert_int_equal(wire_get_u16(f->wire + 6), 2);
}

static void many_names_still_make_a_message_that_reads_back(void **state)
{
    struct fixture *f = *state;
    const struct question q = {www, TYPE_A, CLASS_IN};
    static uint8_t owners[1000][32];
    struct msg_writer m;
    struct msg parsed;
    arena_fini(&f->arena);
    arena_init(&f->arena, 8 << 20);
    msg_begin(&m, f->wire, MSG_SIZE_MAX, 7, MSG_QR, &q);
    for (unsigned i = 0; i < 1000; i++) {
        int len = snprintf((char *)owners[i] + 1, 16, "h%u", i * 7919);
        owners[i][0] = (uint8_t)len;
        name_copy(owners[i] + 1 + len, i % 2 == 0 ? apex : www);
        assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, make_address(f, owners[i], i), false), FAIL_NONE);
    }
    size_t len = msg_finish(&m, false);
    assert_int_equal(msg_parse(f->wire, len, &f->arena, &parsed), FAIL_NONE);
    const struct rrset *set = parsed.sections[SECTION_ANSWER];
    for (unsigned i = 0; i < 1000; i++, set = set->next) {
        assert_true(name_equal(set->owner, owners[i]));
    }
    assert_null(set);
}

static void a_plain_query_is_written(void **state)
{
    struct fixture *f = *state;
    const struct question q = {www, TYPE_AAAA, CLASS_IN};
    const struct edns edns = {.present = true, .dnssec_ok = true, .udp_size = 1232};
    struct request r;
    size_t len = msg_write_query(f->wire, 512, 99, MSG_RD, &q, &edns);
    assert_int_equal(len, 12 + 22 + 11);
    assert_int_equal(request_parse(f->wire, len, &r), REQUEST_OK);
    assert_int_equal(r.id, 99);
    assert_int_equal(r.type, TYPE_AAAA);
    assert_true(r.edns.dnssec_ok);
    assert_int_equal(msg_write_query(f->wire, 512, 99, MSG_RD, &q, NULL), 12 + 22);
    for (size_t size = 0; size < len; size++) {
        assert_int_equal(msg_write_query(f->wire, size, 99, MSG_RD, &q, &edns), 0);
    }
}

static void rcodes_have_names(void **state)
{
    (void)state;
    char text[16];
    assert_string_equal(rcode_text(RCODE_NXDOMAIN, text), "NXDOMAIN");
    assert_string_equal(rcode_text(RCODE_NOTAUTH, text), "NOTAUTH");
    assert_string_equal(rcode_text(RCODE_BADVERS, text), "BADVERS");
    assert_string_equal(rcode_text(RCODE_BADCOOKIE, text), "BADCOOKIE");
    assert_string_equal(rcode_text(4095, text), "RCODE4095");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_are_compressed_against_all_earlier_ones),
        TEST(names_of_newer_types_are_written_whole),
        TEST(a_set_that_does_not_fit_leaves_no_trace),
        TEST(room_reserved_for_opt_is_kept),
        TEST(opt_without_room_leaves_the_message_as_it_was),
        TEST(a_finished_message_can_be_resumed_to_append_opt),
        TEST(cookie_and_keepalive_are_written_as_options),
        TEST(ttls_are_marked_and_count_down),
        TEST(many_names_still_make_a_message_that_reads_back),
        TEST(a_plain_query_is_written),
        TEST(rcodes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
