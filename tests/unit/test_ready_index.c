#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/base/hash.h"
#include "resolver/server/ready_index.h"

static uint32_t hash_of(uint32_t ref)
{
    return (uint32_t)hash_bytes(&ref, sizeof(ref));
}

static struct ready_slot *find(const struct ready_index *x, uint32_t ref)
{
    struct ready_slot *set = ready_index_set(x, hash_of(ref));
    for (unsigned w = 0; w < READY_WAYS; w++) {
        if (set[w].hash == hash_of(ref) && set[w].ref == ref) {
            return &set[w];
        }
    }
    return NULL;
}

/* False: its set is full. */
static bool fill(struct ready_index *x, uint32_t ref)
{
    struct ready_slot *set = ready_index_set(x, hash_of(ref));
    for (unsigned w = 0; w < READY_WAYS; w++) {
        if (set[w].ref == 0) {
            ready_index_fill(x, &set[w], hash_of(ref), ref);
            return true;
        }
    }
    return false;
}

static size_t sets_of(const struct ready_index *x)
{
    return x->round + x->split;
}

static void what_was_filled_in_is_found_at_every_step_of_growth(void **state)
{
    (void)state;
    enum { COUNT = 20000, STEP = 97 };
    static bool is_in[COUNT + 1];
    struct ready_index x;
    size_t sets = 0, refused = 0;
    assert_int_equal(ready_index_init(&x, 64u << 20), FAIL_NONE);
    for (uint32_t ref = 1; ref <= COUNT; ref++) {
        is_in[ref] = fill(&x, ref);
        refused += !is_in[ref];
        assert_in_range(sets_of(&x), sets, sets == 0 ? SIZE_MAX : sets + 1);
        sets = sets_of(&x);
        for (uint32_t old = 1; ref % STEP == 0 && old <= ref; old++) {
            assert_int_equal(find(&x, old) != NULL, is_in[old]);
        }
    }
    assert_int_equal(x.used, COUNT - refused);
    assert_in_range(refused, 0, COUNT / 25); /* whose set was full */
    assert_in_range(sets, COUNT / 4, COUNT / 2);
    ready_index_free(&x);
}

static void it_stays_within_its_memory(void **state)
{
    (void)state;
    struct ready_index x;
    unsigned in = 0;
    assert_int_equal(ready_index_init(&x, 100 * READY_WAYS * sizeof(struct ready_slot)), FAIL_NONE);
    for (uint32_t ref = 1; ref <= 5000; ref++) {
        in += fill(&x, ref);
    }
    assert_int_equal(sets_of(&x), 100);
    assert_int_equal(x.used, in);
    assert_in_range(in, 90 * READY_WAYS, 100 * READY_WAYS);
    ready_index_free(&x);
}

static void a_released_slot_is_free_again(void **state)
{
    (void)state;
    struct ready_index x;
    assert_int_equal(ready_index_init(&x, 1 << 20), FAIL_NONE);
    for (uint32_t ref = 1; ref <= 100; ref++) {
        assert_true(fill(&x, ref));
    }
    for (uint32_t ref = 1; ref <= 100; ref++) {
        struct ready_slot *s = ready_index_slot(&x, hash_of(ref), ref);
        assert_ptr_equal(s, find(&x, ref));
        ready_index_release(&x, s);
        assert_null(find(&x, ref));
        assert_int_equal(x.used, 100 - ref);
    }
    ready_index_free(&x);
}

static void cleared_it_is_small_and_empty(void **state)
{
    (void)state;
    struct ready_index x;
    assert_int_equal(ready_index_init(&x, 1 << 20), FAIL_NONE);
    size_t first = sets_of(&x);
    for (uint32_t ref = 1; ref <= 3000; ref++) {
        fill(&x, ref);
    }
    ready_index_clear(&x);
    assert_int_equal(sets_of(&x), first);
    assert_int_equal(x.used, 0);
    for (uint32_t ref = 1; ref <= 3000; ref++) {
        assert_null(find(&x, ref));
    }
    ready_index_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_filled_in_is_found_at_every_step_of_growth),
        cmocka_unit_test(it_stays_within_its_memory),
        cmocka_unit_test(a_released_slot_is_free_again),
        cmocka_unit_test(cleared_it_is_small_and_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
