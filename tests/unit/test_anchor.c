#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "resolver/validate/anchor.h"

static const uint8_t com[] = "\3com";
static const uint8_t example_com[] = "\7example\3com";
static const uint8_t a_example_com[] = "\1a\7example\3com";
static const uint8_t b_a_example_com[] = "\1b\1a\7example\3com";
static const uint8_t net[] = "\3net";

static const uint8_t digest_one[] = {0, 1, 8, 2, 0xaa};
static const uint8_t digest_two[] = {0, 2, 8, 2, 0xbb, 0xcc};

static struct anchor_record one(const uint8_t *zone)
{
    return (struct anchor_record){zone, {digest_one, sizeof(digest_one)}};
}

static struct anchor_record two(const uint8_t *zone)
{
    return (struct anchor_record){zone, {digest_two, sizeof(digest_two)}};
}

static struct anchors make(struct arena *a, const struct anchor_record *records, unsigned count,
                           const uint8_t *const *negative, unsigned negative_count)
{
    struct anchors set;
    arena_init(a, 1 << 16);
    assert_int_equal(anchors_make(records, count, negative, negative_count, a, &set), FAIL_NONE);
    return set;
}

static void assert_name(const uint8_t *found, const uint8_t *expected)
{
    assert_non_null(found);
    assert_true(name_equal(found, expected));
}

static void the_roots_keys_are_built_in(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
        "38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
    };
    unsigned count;
    const struct anchor_record *records = anchors_builtin(&count);
    assert_int_equal(count, 2);
    for (unsigned i = 0; i < count; i++) {
        char text[128];
        rdata_text(TYPE_DS, records[i].ds.bytes, records[i].ds.len, text, sizeof(text));
        assert_string_equal(text, expected[i]);
        assert_true(name_is_root(records[i].zone));
    }
}

static void records_are_grouped_by_zone(void **state)
{
    (void)state;
    static const uint8_t shouted[] = "\7EXAMPLE\3com";
    struct arena a;
    const struct anchor_record records[] = {two(example_com), one(net), one(shouted), two(shouted), one(name_root)};
    struct anchors set = make(&a, records, 5, NULL, 0);
    assert_int_equal(set.count, 3);
    assert_true(name_is_root(set.items[0].zone));
    assert_memory_equal(set.items[1].zone, example_com, sizeof(example_com));
    assert_memory_equal(set.items[2].zone, net, sizeof(net));
    assert_int_equal(set.items[0].ds.count, 1);
    assert_int_equal(set.items[1].ds.count, 2);
    struct rdata_view ds;
    size_t at = 0;
    assert_true(rdatas_next(&set.items[1].ds, &at, &ds));
    assert_int_equal(ds.len, sizeof(digest_one));
    assert_memory_equal(ds.bytes, digest_one, ds.len);
    assert_true(rdatas_next(&set.items[1].ds, &at, &ds));
    assert_int_equal(ds.len, sizeof(digest_two));
    assert_memory_equal(ds.bytes, digest_two, ds.len);
    assert_false(rdatas_next(&set.items[1].ds, &at, &ds));
    arena_fini(&a);
}

static void the_deepest_anchor_is_found(void **state)
{
    (void)state;
    struct arena a;
    const struct anchor_record records[] = {one(name_root), one(example_com)};
    struct anchors set = make(&a, records, 2, NULL, 0);
    assert_name(anchor_find(&set, b_a_example_com)->zone, example_com);
    assert_name(anchor_find(&set, example_com)->zone, example_com);
    assert_name(anchor_find(&set, com)->zone, name_root);
    assert_name(anchor_find(&set, name_root)->zone, name_root);
    assert_null(anchor_at(&set, com));
    arena_fini(&a);
}

static void an_island_is_trusted_alone(void **state)
{
    (void)state;
    struct arena a;
    const struct anchor_record records[] = {one(example_com)};
    struct anchors set = make(&a, records, 1, NULL, 0);
    assert_non_null(anchor_find(&set, a_example_com));
    assert_null(anchor_find(&set, com));
    assert_null(anchor_find(&set, name_root));
    assert_null(anchor_find(&set, net));
    arena_fini(&a);
}

static void without_anchors_nothing_is_found(void **state)
{
    (void)state;
    struct arena a;
    struct anchors set = make(&a, NULL, 0, NULL, 0);
    assert_null(anchor_find(&set, a_example_com));
    assert_null(anchor_at(&set, name_root));
    assert_null(anchor_negative(&set, a_example_com));
    arena_fini(&a);
}

static void negative_anchors_cover_what_is_below(void **state)
{
    (void)state;
    static const uint8_t shouted[] = "\1A\7example\3COM";
    struct arena a;
    const struct anchor_record records[] = {one(name_root)};
    const uint8_t *const negative[] = {net, shouted, a_example_com, com};
    struct anchors set = make(&a, records, 1, negative, 4);
    assert_int_equal(set.negative_count, 3);
    assert_name(anchor_negative(&set, b_a_example_com), a_example_com);
    assert_memory_equal(anchor_negative(&set, b_a_example_com), a_example_com, sizeof(a_example_com));
    assert_name(anchor_negative(&set, a_example_com), a_example_com);
    assert_name(anchor_negative(&set, example_com), com);
    assert_name(anchor_negative(&set, net), net);
    assert_null(anchor_negative(&set, name_root));
    arena_fini(&a);
}

/* RFC 7646 3: at the same name the negative anchor wins; what is anchored deeper is trusted again. */
static void anchors_and_negative_anchors_take_turns(void **state)
{
    (void)state;
    struct arena a;
    const struct anchor_record records[] = {one(com), one(a_example_com)};
    const uint8_t *const negative[] = {com};
    struct anchors set = make(&a, records, 2, negative, 1);
    assert_name(anchor_negative(&set, com), com);
    assert_name(anchor_negative(&set, example_com), com);
    assert_null(anchor_negative(&set, a_example_com));
    assert_null(anchor_negative(&set, b_a_example_com));
    arena_fini(&a);
}

static void a_full_arena_is_said(void **state)
{
    (void)state;
    const struct anchor_record records[] = {one(com), two(com), one(net)};
    const uint8_t *const negative[] = {com, net};
    for (size_t cap = 0;; cap += 8) {
        struct arena a;
        struct anchors set;
        arena_init(&a, cap);
        int result = anchors_make(records, 3, negative, 2, &a, &set);
        arena_fini(&a);
        if (result == FAIL_NONE) {
            assert_true(cap > 0);
            break;
        }
        assert_int_equal(result, FAIL_LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_roots_keys_are_built_in),
        cmocka_unit_test(records_are_grouped_by_zone),
        cmocka_unit_test(the_deepest_anchor_is_found),
        cmocka_unit_test(an_island_is_trusted_alone),
        cmocka_unit_test(without_anchors_nothing_is_found),
        cmocka_unit_test(negative_anchors_cover_what_is_below),
        cmocka_unit_test(anchors_and_negative_anchors_take_turns),
        cmocka_unit_test(a_full_arena_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
