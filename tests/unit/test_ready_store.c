#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/server/ready_store.h"

enum { NOW = 1000000, LEN = 60, RING = 1 << 20, EPOCH = 3 };

struct stand {
    struct ready_index index;
    struct ready_store store;
};

static int setup(void **state)
{
    static struct stand s;
    assert_int_equal(ready_index_init(&s.index, 1 << 20), FAIL_NONE);
    assert_int_equal(ready_store_init(&s.store, RING), FAIL_NONE);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct stand *s = *state;
    ready_index_free(&s->index);
    ready_store_free(&s->store);
    return 0;
}

/* So that no set of the index is ever full. */
static uint32_t hash_of(uint32_t id)
{
    return id;
}

/* The item whose message is `id` repeated. */
static struct ready_slot *find(struct stand *s, uint32_t id)
{
    struct ready_slot *set = ready_index_set(&s->index, hash_of(id));
    for (unsigned w = 0; w < READY_WAYS; w++) {
        uint32_t found;
        if (set[w].ref != 0) {
            memcpy(&found, ready_item_message(ready_store_item(&s->store, set[w].ref)), sizeof(found));
            if (found == id) {
                return &set[w];
            }
        }
    }
    return NULL;
}

/* Finds it, whole, and counts that as a use. */
static bool use(struct stand *s, uint32_t id)
{
    struct ready_slot *slot = find(s, id);
    if (slot == NULL) {
        return false;
    }
    struct ready_item *i = ready_store_item(&s->store, slot->ref);
    assert_true((i->flags & READY_LIVE) != 0);
    for (unsigned at = 0; at < LEN; at += sizeof(id)) {
        assert_memory_equal(ready_item_message(i) + at, &id, sizeof(id));
    }
    i->hits = i->hits < 255 ? i->hits + 1 : i->hits;
    return true;
}

static struct ready_slot *free_slot(struct stand *s, uint32_t id)
{
    struct ready_slot *set = ready_index_set(&s->index, hash_of(id));
    unsigned w = 0;
    while (set[w].ref != 0) {
        assert_in_range(++w, 0, READY_WAYS - 1);
    }
    return &set[w];
}

/* False: there was no room. */
static bool put(struct stand *s, uint32_t id, uint64_t expires, uint64_t now, uint32_t epoch)
{
    uint32_t ref = ready_store_place(&s->store, &s->index, ready_item_size(1, LEN), now, epoch);
    if (ref == 0) {
        return false;
    }
    struct ready_item *i = ready_store_item(&s->store, ref);
    *i = (struct ready_item){
        .expires = expires, .epoch = epoch, .hash = hash_of(id), .len = LEN, .mark_count = 1, .flags = READY_LIVE};
    for (unsigned at = 0; at < LEN; at += sizeof(id)) {
        memcpy(ready_item_message(i) + at, &id, sizeof(id));
    }
    ready_index_fill(&s->index, free_slot(s, id), i->hash, ref);
    return true;
}

static void drop(struct stand *s, uint32_t id)
{
    struct ready_slot *slot = find(s, id);
    ready_store_drop(&s->store, ready_store_item(&s->store, slot->ref));
    ready_index_release(&s->index, slot);
}

static void it_grows_with_what_is_in_it(void **state)
{
    struct stand *s = *state;
    size_t size = ready_item_size(1, LEN);
    for (uint32_t id = 1; id <= 5000; id++) {
        assert_true(put(s, id, NOW + 1000, NOW, EPOCH));
        assert_in_range(s->store.size, id * size, id * size + (64 << 10));
    }
    for (uint32_t id = 1; id <= 5000; id++) {
        assert_true(use(s, id));
    }
}

static void the_room_of_what_was_dropped_is_used_again(void **state)
{
    struct stand *s = *state;
    for (uint32_t id = 1; id <= 1000; id++) {
        assert_true(put(s, id, NOW + 1000, NOW, EPOCH));
    }
    for (uint32_t id = 1001; id <= 100000; id++) {
        drop(s, id - 1000);
        put(s, id, NOW + 1000, NOW, EPOCH);
        if (find(s, id) == NULL) { /* where many in use lay side by side */
            assert_true(put(s, id, NOW + 1000, NOW, EPOCH));
        }
        assert_true(use(s, id - 500));
    }
    assert_int_equal(s->store.live, 1000 * ready_item_size(1, LEN));
    assert_in_range(s->store.size, s->store.live, s->store.live * 4 / 3 + (128 << 10));
}

static void what_has_ended_or_is_of_an_older_epoch_makes_room(void **state)
{
    struct stand *s = *state;
    uint32_t id = 1;
    while (s->store.size < RING || s->store.end == 0) {
        put(s, id++, NOW + 1000, NOW, EPOCH);
    }
    for (uint32_t i = 0; i < 30000; i++) {
        put(s, id++, NOW + 3000, NOW + 2000, EPOCH);
    }
    assert_false(use(s, 1));
    for (uint32_t i = 0; i < 30000; i++) {
        put(s, id++, NOW + 90000, NOW + 2000, EPOCH + 1);
    }
    for (uint32_t old = 1; old <= 30000; old++) {
        struct ready_slot *slot = find(s, old);
        assert_true(slot == NULL || ready_store_item(&s->store, slot->ref)->epoch == EPOCH + 1);
    }
}

static void full_it_keeps_what_is_used(void **state)
{
    struct stand *s = *state;
    enum { HOT = 1000, FLOOD = 200000 };
    for (uint32_t id = 1; id <= HOT; id++) {
        assert_true(put(s, id, NOW + 1000, NOW, EPOCH));
    }
    for (uint32_t id = HOT + 1; id <= FLOOD; id++) {
        put(s, id, NOW + 1000, NOW, EPOCH);
        assert_true(use(s, id % HOT + 1));
    }
    assert_int_equal(s->store.size, RING);
    assert_true(ready_store_is_full(&s->store, NOW));
    for (uint32_t id = 1; id <= HOT; id++) {
        assert_true(use(s, id));
    }
    assert_true(find(s, HOT + 1) == NULL);
}

/* As many as there are, at most, pass for one. */
static void all_in_use_leave_no_room_but_in_time(void **state)
{
    struct stand *s = *state;
    uint32_t id = 1;
    unsigned refused = 0;
    while (!ready_store_is_full(&s->store, NOW) || s->store.end == 0) {
        if (put(s, id, NOW + 1000, NOW, EPOCH)) {
            assert_true(use(s, id));
            id++;
        }
    }
    for (unsigned i = 0; i < 10000 && refused == 0; i++) {
        refused += !put(s, id++, NOW + 1000, NOW, EPOCH);
    }
    assert_true(refused > 0);
    unsigned taken = 0;
    for (unsigned i = 0; i < 10000; i++) {
        taken += put(s, id++, NOW + 1000, NOW, EPOCH);
    }
    assert_true(taken > 5000); /* who is not used any more goes after its last round */
}

static void cleared_it_is_empty_and_has_all_its_room(void **state)
{
    struct stand *s = *state;
    for (unsigned round = 0; round < 3; round++) {
        for (uint32_t id = 1; id <= 5000; id++) {
            assert_true(put(s, id, NOW + 1000, NOW, EPOCH));
        }
        ready_store_clear(&s->store);
        ready_index_clear(&s->index);
        assert_int_equal(s->store.size, 0);
        assert_int_equal(s->store.live, 0);
    }
}

static void what_is_larger_than_the_ring_finds_no_place(void **state)
{
    struct stand *s = *state;
    assert_int_equal(ready_store_place(&s->store, &s->index, RING + READY_ALIGN, NOW, EPOCH), 0);
    assert_true(put(s, 1, NOW + 1000, NOW, EPOCH));
    assert_true(use(s, 1));
}

int main(void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORE_TEST(it_grows_with_what_is_in_it),
        STORE_TEST(the_room_of_what_was_dropped_is_used_again),
        STORE_TEST(what_has_ended_or_is_of_an_older_epoch_makes_room),
        STORE_TEST(full_it_keeps_what_is_used),
        STORE_TEST(all_in_use_leave_no_room_but_in_time),
        STORE_TEST(cleared_it_is_empty_and_has_all_its_room),
        STORE_TEST(what_is_larger_than_the_ring_finds_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
