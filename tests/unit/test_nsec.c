#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/validate/nsec.h"
#include "tests/unit/proof_text.h"

/* What one record says of a name. */
struct row {
    const char *record;
    const char *name;
    enum nsec_says says;
};

static void check_row(const struct row *row)
{
    struct arena a;
    struct nsec n;
    arena_init(&a, 1 << 16);
    const uint8_t *zone = proof_name(&a, "example.");
    bool is_read = nsec_read(proof_text(&a, row->record), zone, &n);
    enum nsec_says says = is_read ? nsec_says(&n, proof_name(&a, row->name)) : NSEC_NOTHING;
    if (says != row->says) {
        fail_msg("%s | %s: says %d, not %d", row->record, row->name, says, row->says);
    }
    arena_fini(&a);
}

#define CHECK_ROWS(rows)                                                                                               \
    for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++) {                                                    \
        check_row(&(rows)[i]);                                                                                         \
    }

static void a_record_spans_what_is_between_owner_and_next(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"b.example. NSEC d.example. A", "b.example.", NSEC_EXISTS},
        {"b.example. NSEC d.example. A", "B.EXAMPLE.", NSEC_EXISTS},
        {"b.example. NSEC d.example. A", "c.example.", NSEC_NO_NAME},
        {"b.example. NSEC d.example. A", "a.b.example.", NSEC_NO_NAME},
        {"b.example. NSEC d.example. A", "x.y.c.example.", NSEC_NO_NAME},
        {"b.example. NSEC d.example. A", "d.example.", NSEC_NOTHING},
        {"b.example. NSEC d.example. A", "e.example.", NSEC_NOTHING},
        {"b.example. NSEC d.example. A", "a.example.", NSEC_NOTHING},
        {"b.example. NSEC d.example. A", "example.", NSEC_NOTHING},
        {"b.example. NSEC d.example. A", "c.other.", NSEC_NOTHING},
        {"x.example. NSEC example. A", "z.example.", NSEC_NO_NAME},
        {"x.example. NSEC example. A", "a.x.example.", NSEC_NO_NAME},
        {"x.example. NSEC example. A", "w.example.", NSEC_NOTHING},
        {"x.example. NSEC example. A", "example.", NSEC_NOTHING},
        {"x.example. NSEC example. A", "y.other.", NSEC_NOTHING},
        {"example. NSEC example. SOA NS", "example.", NSEC_EXISTS},
        {"example. NSEC example. SOA NS", "a.example.", NSEC_NO_NAME},
    };
    CHECK_ROWS(rows);
}

static void names_above_the_next_one_are_empty_non_terminals(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"b.example. NSEC a.b.d.example. A", "d.example.", NSEC_EMPTY},
        {"b.example. NSEC a.b.d.example. A", "b.d.example.", NSEC_EMPTY},
        {"b.example. NSEC a.b.d.example. A", "a.d.example.", NSEC_NO_NAME},
        {"b.example. NSEC a.b.d.example. A", "a.b.d.example.", NSEC_NOTHING},
        {"b.example. NSEC a.c.b.example. A", "c.b.example.", NSEC_EMPTY},
        {"b.example. NSEC a.*.example. A", "*.example.", NSEC_NOTHING},
        {"example. NSEC a.*.example. NS SOA", "*.example.", NSEC_EMPTY},
    };
    CHECK_ROWS(rows);
}

/* RFC 6840 4.1. */
static void below_a_cut_or_dname_nothing_is_said(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"b.example. NSEC d.example. NS RRSIG NSEC", "b.example.", NSEC_EXISTS},
        {"b.example. NSEC d.example. NS RRSIG NSEC", "a.b.example.", NSEC_NOTHING},
        {"b.example. NSEC d.example. NS DS RRSIG NSEC", "x.a.b.example.", NSEC_NOTHING},
        {"b.example. NSEC d.example. NS RRSIG NSEC", "c.example.", NSEC_NO_NAME},
        {"b.example. NSEC d.example. DNAME RRSIG NSEC", "a.b.example.", NSEC_NOTHING},
        {"b.example. NSEC d.example. DNAME RRSIG NSEC", "bb.example.", NSEC_NO_NAME},
        {"example. NSEC d.example. NS SOA DNAME", "a.example.", NSEC_NOTHING},
        {"example. NSEC d.example. NS", "a.example.", NSEC_NOTHING},
        {"example. NSEC d.example. NS SOA", "a.example.", NSEC_NO_NAME},
    };
    CHECK_ROWS(rows);
}

/* CVE-2026-13321 and the like. */
static void records_that_lead_out_of_the_zone_are_nothing(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"b.example. NSEC com. A", "c.example.", NSEC_NOTHING},
        {"b.example. NSEC . A", "c.example.", NSEC_NOTHING},
        {"b.example. NSEC z.exampled. A", "c.example.", NSEC_NOTHING},
        {"b.other. NSEC d.example. A", "c.example.", NSEC_NOTHING},
        {". NSEC z. A", "c.example.", NSEC_NOTHING},
        {"d.example. NSEC b.example. A", "e.example.", NSEC_NOTHING},
        {"d.example. NSEC b.example. A", "a.example.", NSEC_NOTHING},
        {"d.example. NSEC d.example. A", "d.example.", NSEC_NOTHING},
        {"d.example. NSEC b.example. A", "d.example.", NSEC_NOTHING},
    };
    CHECK_ROWS(rows);
}

static void records_made_by_a_wildcard_are_nothing(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"*.w.example. NSEC xw.example. A", "*.w.example.", NSEC_EXISTS},
        {"*.w.example. NSEC xw.example. A", "a.w.example.", NSEC_NO_NAME},
        {"foo.w.example. labels=2 NSEC xw.example. A", "foo.w.example.", NSEC_NOTHING},
        {"foo.w.example. labels=2 NSEC xw.example. A", "goo.w.example.", NSEC_NOTHING},
        {"foo.w.example. labels=3 NSEC xw.example. A", "goo.w.example.", NSEC_NO_NAME},
        {"*.w.example. labels=1 NSEC xw.example. A", "*.w.example.", NSEC_NOTHING},
    };
    CHECK_ROWS(rows);
}

static bool is_read(struct arena *a, const uint8_t *rdata, uint16_t len)
{
    struct nsec n;
    uint8_t *bytes = arena_take(a, 512);
    struct rrset set = {.owner = proof_name(a, "b.example."),
                        .type = TYPE_NSEC,
                        .data = {bytes, (uint32_t)rdatas_pack(bytes, rdata, len), 1}};
    return nsec_read(&set, proof_name(a, "example."), &n);
}

#define NEXT            "\1d\7example\0"
#define READ(a, bitmap) is_read((a), (const uint8_t *)(NEXT bitmap), (uint16_t)(sizeof(NEXT bitmap) - 1))

static void malformed_records_are_nothing(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 16);
    assert_true(READ(&a, "\0\1\x40"));
    assert_true(READ(&a, ""));
    assert_true(READ(&a, "\0\1\x40\1\1\x40"));
    assert_false(READ(&a, "\0"));
    assert_false(READ(&a, "\0\1"));
    assert_false(READ(&a, "\0\0"));
    assert_false(READ(&a, "\0\2\x40"));
    assert_false(READ(&a, "\0\2\x40\0")); /* ends in a zero octet */
    assert_false(READ(&a, "\1\1\x40\0\1\x40"));
    assert_false(READ(&a, "\0\1\x40\0\1\x40"));
    assert_false(READ(&a, "\0\x21\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"));
    assert_false(is_read(&a, (const uint8_t *)"\1d\7exam", 7));
    assert_false(is_read(&a, (const uint8_t *)"\xc0\x0c\0\1\x40", 5));
    assert_false(is_read(&a, (const uint8_t *)"", 0));
    arena_fini(&a);
}

static void a_set_of_two_records_is_nothing(void **state)
{
    (void)state;
    struct arena a;
    struct nsec n;
    arena_init(&a, 1 << 16);
    struct rrset *set = proof_text(&a, "b.example. NSEC d.example. A");
    struct rrset *other = proof_text(&a, "b.example. NSEC z.example. A");
    uint8_t *bytes = arena_take(&a, set->data.len + other->data.len);
    memcpy(bytes, set->data.bytes, set->data.len);
    memcpy(bytes + set->data.len, other->data.bytes, other->data.len);
    set->data = (struct rdatas){bytes, set->data.len + other->data.len, 2};
    assert_false(nsec_read(set, proof_name(&a, "example."), &n));
    set->data.count = 0;
    set->data.len = 0;
    assert_false(nsec_read(set, proof_name(&a, "example."), &n));
    arena_fini(&a);
}

static void sets_of_other_types_are_nothing(void **state)
{
    (void)state;
    struct arena a;
    struct nsec n;
    arena_init(&a, 1 << 16);
    assert_false(nsec_read(proof_text(&a, "b.example. A 192.0.2.1"), proof_name(&a, "example."), &n));
    assert_false(nsec_read(proof_text(&a, "b.example. NS d.example."), proof_name(&a, "example."), &n));
    arena_fini(&a);
}

static void the_closest_encloser_shares_most_labels(void **state)
{
    (void)state;
    static const struct {
        const char *record, *name, *encloser;
    } rows[] = {
        {"b.example. NSEC d.example. A", "c.example.", "example."},
        {"b.example. NSEC d.example. A", "x.y.b.example.", "b.example."},
        {"b.example. NSEC x.y.c.example. A", "a.y.c.example.", "y.c.example."},
        {"a.b.example. NSEC d.example. A", "c.b.example.", "b.example."},
        {"x.example. NSEC example. A", "a.b.c.z.example.", "example."},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena a;
        struct nsec n;
        arena_init(&a, 1 << 16);
        const uint8_t *name = proof_name(&a, rows[i].name);
        assert_true(nsec_read(proof_text(&a, rows[i].record), proof_name(&a, "example."), &n));
        assert_int_equal(nsec_says(&n, name), NSEC_NO_NAME);
        assert_true(name_equal(nsec_encloser(&n, name), proof_name(&a, rows[i].encloser)));
        arena_fini(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_spans_what_is_between_owner_and_next),
        cmocka_unit_test(names_above_the_next_one_are_empty_non_terminals),
        cmocka_unit_test(below_a_cut_or_dname_nothing_is_said),
        cmocka_unit_test(records_that_lead_out_of_the_zone_are_nothing),
        cmocka_unit_test(records_made_by_a_wildcard_are_nothing),
        cmocka_unit_test(malformed_records_are_nothing),
        cmocka_unit_test(a_set_of_two_records_is_nothing),
        cmocka_unit_test(sets_of_other_types_are_nothing),
        cmocka_unit_test(the_closest_encloser_shares_most_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
