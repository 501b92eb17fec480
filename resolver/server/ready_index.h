/* From the hash of a question to the place of its ready answer: sets of eight slots, each set one line of the
 * processor's cache. Grows by linear hashing: one set is split in two at a time, in the order of their numbers, so that
 * no insertion waits for a table to be copied and memory follows the number of entries. */
#ifndef CAIRN_SERVER_READY_INDEX_H
#define CAIRN_SERVER_READY_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/base/region.h"

#define READY_WAYS 8

struct ready_slot {
    uint32_t hash;
    uint32_t ref; /* 0: the slot is free */
};

struct ready_index {
    struct region memory;
    struct ready_slot *slots;
    size_t round;    /* sets when this round of splitting began, a power of two */
    size_t split;    /* of these, how many have been split; a new set stands behind for each */
    size_t sets_max; /* a power of two or not */
    size_t used;     /* slots that are not free */
};

/* In at most `bytes` of memory, or somewhat more where that is very little. FAIL_MEMORY. */
MUST_CHECK int ready_index_init(struct ready_index *x, size_t bytes);
void ready_index_free(struct ready_index *x);

/* Empty again, and small. */
void ready_index_clear(struct ready_index *x);

/* The READY_WAYS slots where entries with this hash are. */
static inline struct ready_slot *ready_index_set(const struct ready_index *x, uint32_t hash)
{
    size_t set = hash & (2 * x->round - 1);
    if (set >= x->round + x->split) {
        set -= x->round;
    }
    return &x->slots[set * READY_WAYS];
}

/* The slot with this hash and `ref`, which is there. */
struct ready_slot *ready_index_slot(const struct ready_index *x, uint32_t hash, uint32_t ref);

/* Fills a free slot. Slots may change their places. */
void ready_index_fill(struct ready_index *x, struct ready_slot *s, uint32_t hash, uint32_t ref);

static inline void ready_index_release(struct ready_index *x, struct ready_slot *s)
{
    s->ref = 0;
    x->used--;
}

#endif
