#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rrset.h"
#include "resolver/dns/type.h"

static const uint8_t owner[] = "\3www\4test";

static void packed_rdata_is_stepped_through(void **state)
{
    (void)state;
    uint8_t bytes[32];
    size_t len = rdatas_pack(bytes, "abc", 3);
    len += rdatas_pack(bytes + len, NULL, 0);
    len += rdatas_pack(bytes + len, "de", 2);
    const struct rdatas set = {.bytes = bytes, .len = (uint32_t)len, .count = 3};
    struct rdata_view view;
    size_t at = 0;
    assert_int_equal(len, 3 * 2 + 5);
    assert_true(rdatas_next(&set, &at, &view));
    assert_int_equal(view.len, 3);
    assert_memory_equal(view.bytes, "abc", 3);
    assert_true(rdatas_next(&set, &at, &view));
    assert_int_equal(view.len, 0);
    assert_true(rdatas_next(&set, &at, &view));
    assert_memory_equal(view.bytes, "de", 2);
    assert_false(rdatas_next(&set, &at, &view));
    assert_memory_equal(rdatas_first(&set).bytes, "abc", 3);
}

static void shortened_data_keeps_its_beginning(void **state)
{
    (void)state;
    uint8_t bytes[32];
    size_t len = rdatas_pack(bytes, "abc", 3);
    len += rdatas_pack(bytes + len, "de", 2);
    struct rdatas set = {.bytes = bytes, .len = (uint32_t)len, .count = 2};
    rdatas_shorten(&set, 3);
    assert_int_equal(set.len, len);
    rdatas_shorten(&set, 1);
    assert_int_equal(set.count, 1);
    assert_int_equal(set.len, 2 + 3);
}

static void a_copy_shares_nothing_with_its_original(void **state)
{
    (void)state;
    struct arena from, to;
    arena_init(&from, 4096);
    arena_init(&to, 4096);
    struct rrset *set = rrset_single(&from, owner, TYPE_A, 60, (struct rdata_view){(const uint8_t *)"\1\2\3\4", 4});
    assert_non_null(set);
    set->sigs = set->data;
    set->next = set;
    set->expires = 77;
    struct rrset *copy = rrset_copy(&to, set);
    assert_non_null(copy);
    arena_fini(&from);
    assert_null(copy->next);
    assert_int_equal(copy->ttl, 60);
    assert_int_equal(copy->expires, 77);
    assert_int_equal(copy->type, TYPE_A);
    assert_true(name_equal(copy->owner, owner));
    assert_memory_equal(rdatas_first(&copy->data).bytes, "\1\2\3\4", 4);
    assert_memory_equal(rdatas_first(&copy->sigs).bytes, "\1\2\3\4", 4);
    arena_fini(&to);
}

static void a_full_arena_gives_no_set(void **state)
{
    (void)state;
    struct arena whole, a;
    const struct rdata_view rdata = {(const uint8_t *)"\1\2\3\4", 4};
    arena_init(&whole, 4096);
    struct rrset *set = rrset_single(&whole, owner, TYPE_A, 60, rdata);
    size_t needed = whole.used;
    for (size_t cap = 0; cap < needed; cap++) {
        arena_init(&a, cap);
        assert_null(rrset_single(&a, owner, TYPE_A, 60, rdata));
        assert_null(rrset_copy(&a, set));
        arena_fini(&a);
    }
    arena_fini(&whole);
}

static void sets_are_found_by_owner_and_type(void **state)
{
    (void)state;
    struct arena a;
    struct rrset *list = NULL;
    const struct rdata_view rdata = {owner, sizeof(owner)};
    arena_init(&a, 4096);
    struct rrset *first = rrset_single(&a, owner, TYPE_NS, 60, rdata);
    struct rrset *second = rrset_single(&a, owner, TYPE_PTR, 60, rdata);
    rrset_append(&list, first);
    rrset_append(&list, second);
    assert_ptr_equal(list, first);
    assert_ptr_equal(first->next, second);
    assert_ptr_equal(rrset_find(list, (const uint8_t *)"\3WWW\4TEST", TYPE_PTR), second);
    assert_null(rrset_find(list, owner, TYPE_A));
    assert_null(rrset_find(list, name_root, TYPE_NS));
    assert_null(rrset_find(NULL, owner, TYPE_NS));
    arena_fini(&a);
}

static void ttls_count_down_to_the_nearest_second_and_never_to_zero(void **state)
{
    (void)state;
    struct rrset set = {.ttl = 10, .expires = 20000};
    assert_int_equal(rrset_ttl_at(&set, 10000), 10);
    assert_int_equal(rrset_ttl_at(&set, 10500), 10);
    assert_int_equal(rrset_ttl_at(&set, 10501), 9);
    assert_int_equal(rrset_ttl_at(&set, 11000), 9);
    assert_int_equal(rrset_ttl_at(&set, 19999), 1);
    assert_int_equal(rrset_ttl_at(&set, 20000), 1);
    assert_int_equal(rrset_ttl_at(&set, 99999), 1);
    assert_int_equal(rrset_ttl_at(&set, 0), 10); /* never more than was learnt */
    set.expires = 0;
    assert_int_equal(rrset_ttl_at(&set, 99999), 10);
    set = (struct rrset){.ttl = 0, .expires = 5};
    assert_int_equal(rrset_ttl_at(&set, 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_rdata_is_stepped_through),
        cmocka_unit_test(shortened_data_keeps_its_beginning),
        cmocka_unit_test(a_copy_shares_nothing_with_its_original),
        cmocka_unit_test(a_full_arena_gives_no_set),
        cmocka_unit_test(sets_are_found_by_owner_and_type),
        cmocka_unit_test(ttls_count_down_to_the_nearest_second_and_never_to_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
