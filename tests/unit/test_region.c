#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "resolver/base/region.h"

static size_t resident_pages(const struct region *r)
{
    enum { PAGE = 4096 };
    static unsigned char seen[8 * REGION_CHUNK / PAGE];
    assert_true(r->size <= 8 * REGION_CHUNK);
    assert_int_equal(mincore(r->at, r->size, seen), 0);
    size_t pages = 0;
    for (size_t i = 0; i < r->size / PAGE; i++) {
        pages += seen[i] & 1u;
    }
    return pages;
}

static void it_grows_in_place_and_is_zero(void **state)
{
    (void)state;
    struct region r;
    assert_int_equal(region_reserve(&r, 3 * REGION_CHUNK), FAIL_NONE);
    assert_int_equal((uintptr_t)r.at % REGION_CHUNK, 0);
    assert_int_equal(r.size, 0);
    assert_true(region_grow(&r, 100));
    assert_int_equal(r.size, REGION_CHUNK);
    uint8_t *bytes = r.at;
    memset(bytes, 0xaa, r.size);
    assert_true(region_grow(&r, 3 * REGION_CHUNK));
    assert_ptr_equal(r.at, bytes);
    assert_int_equal(bytes[REGION_CHUNK - 1], 0xaa);
    for (size_t i = REGION_CHUNK; i < r.size; i++) {
        assert_int_equal(bytes[i], 0);
    }
    region_free(&r);
}

static void it_does_not_outgrow_its_reserve(void **state)
{
    (void)state;
    struct region r;
    assert_int_equal(region_reserve(&r, REGION_CHUNK + 1), FAIL_NONE);
    assert_true(region_grow(&r, REGION_CHUNK + 1));
    assert_false(region_grow(&r, 2 * REGION_CHUNK + 1));
    assert_int_equal(r.size, 2 * REGION_CHUNK);
    region_free(&r);
}

static void cleared_it_holds_no_memory_and_is_zero(void **state)
{
    (void)state;
    struct region r;
    assert_int_equal(region_reserve(&r, 2 * REGION_CHUNK), FAIL_NONE);
    assert_true(region_grow(&r, 2 * REGION_CHUNK));
    uint8_t *bytes = r.at;
    memset(bytes, 0xaa, r.size);
    assert_true(resident_pages(&r) > 0);
    region_clear(&r);
    assert_int_equal(resident_pages(&r), 0);
    for (size_t i = 0; i < r.size; i++) {
        assert_int_equal(bytes[i], 0);
    }
    region_free(&r);
}

static void nothing_touched_is_nothing_taken(void **state)
{
    (void)state;
    struct region r;
    assert_int_equal(region_reserve(&r, 2 * REGION_CHUNK), FAIL_NONE);
    assert_true(region_grow(&r, 2 * REGION_CHUNK));
    assert_int_equal(resident_pages(&r), 0);
    region_free(&r);
    struct region none = {0};
    region_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_in_place_and_is_zero),
        cmocka_unit_test(it_does_not_outgrow_its_reserve),
        cmocka_unit_test(cleared_it_holds_no_memory_and_is_zero),
        cmocka_unit_test(nothing_touched_is_nothing_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
