#include "resolver/server/ready_index.h"

#include <stdbool.h>

enum {
    FIRST_SETS = 64,
    /* Entries per set at which the next is split. Sets still to be split have up to half as many again; with three, one
     * in a hundred finds its set full. */
    LOAD = 3
};

#define SET_SIZE (READY_WAYS * sizeof(struct ready_slot))

_Static_assert(SET_SIZE == 64, "a set is one line of the processor's cache");

int ready_index_init(struct ready_index *x, size_t bytes)
{
    *x = (struct ready_index){.round = FIRST_SETS, .sets_max = bytes / SET_SIZE};
    if (x->sets_max < FIRST_SETS) {
        x->sets_max = FIRST_SETS;
    }
    if (region_reserve(&x->memory, x->sets_max * SET_SIZE) != FAIL_NONE) {
        return FAIL_MEMORY;
    }
    x->slots = x->memory.at;
    return region_grow(&x->memory, FIRST_SETS * SET_SIZE) ? FAIL_NONE : FAIL_MEMORY;
}

void ready_index_free(struct ready_index *x)
{
    region_free(&x->memory);
}

void ready_index_clear(struct ready_index *x)
{
    region_clear(&x->memory);
    x->round = FIRST_SETS;
    x->split = 0;
    x->used = 0;
}

struct ready_slot *ready_index_slot(const struct ready_index *x, uint32_t hash, uint32_t ref)
{
    struct ready_slot *s = ready_index_set(x, hash);
    while (s->ref != ref) {
        s++;
    }
    return s;
}

/* The next set to be split gives those of its entries to a new one whose hash has one more bit set. */
static void split_one(struct ready_index *x)
{
    size_t sets = x->round + x->split;
    if (sets >= x->sets_max || !region_grow(&x->memory, (sets + 1) * SET_SIZE)) {
        return;
    }
    struct ready_slot *from = &x->slots[x->split * READY_WAYS];
    struct ready_slot *to = &x->slots[sets * READY_WAYS];
    for (unsigned w = 0; w < READY_WAYS; w++) {
        if ((from[w].hash & x->round) != 0) {
            to[w] = from[w];
            from[w] = (struct ready_slot){0};
        }
    }
    x->split++;
    if (x->split == x->round) {
        x->round *= 2;
        x->split = 0;
    }
}

void ready_index_fill(struct ready_index *x, struct ready_slot *s, uint32_t hash, uint32_t ref)
{
    *s = (struct ready_slot){.hash = hash, .ref = ref};
    x->used++;
    if (x->used > (x->round + x->split) * LOAD) {
        split_one(x);
    }
}
