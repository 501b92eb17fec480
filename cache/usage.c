#include "cache/usage.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "resolver/base/fail.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define SIZE_MIN  ((size_t)4096)

struct usage {
    size_t mask;
    void *map;
    size_t map_size;
    _Atomic uint8_t *counters;
};

/* Counters are touched in no order: on pages of the usual size nearly each touch would miss the TLB. Nothing is
 * resident before it is touched. */
static int map_counters(struct usage *u, size_t size)
{
    size_t slack = size >= HUGE_PAGE ? HUGE_PAGE : 0;
    u->map_size = size + slack;
    u->map = mmap(NULL, u->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (u->map == MAP_FAILED) {
        return FAIL_MEMORY;
    }
    uint8_t *counters = u->map;
    if (slack > 0) {
        counters += -(uintptr_t)u->map % HUGE_PAGE;
        (void)madvise(counters, size, MADV_HUGEPAGE);
    }
    u->counters = (_Atomic uint8_t *)counters;
    return FAIL_NONE;
}

struct usage *usage_new(size_t entries)
{
    size_t size = SIZE_MIN;
    while (size < entries) {
        size *= 2;
    }
    struct usage *u = calloc(1, sizeof(*u));
    if (u == NULL || map_counters(u, size) != FAIL_NONE) {
        free(u);
        return NULL;
    }
    u->mask = size - 1;
    return u;
}

void usage_free(struct usage *u)
{
    if (u != NULL) {
        munmap(u->map, u->map_size);
        free(u);
    }
}

void usage_bump(struct usage *u, uint64_t hash)
{
    _Atomic uint8_t *counter = &u->counters[hash & u->mask];
    uint8_t count = atomic_load_explicit(counter, memory_order_relaxed);
    if (count < USAGE_MAX) {
        atomic_store_explicit(counter, (uint8_t)(count + 1), memory_order_relaxed);
    }
}

unsigned usage_get(const struct usage *u, uint64_t hash)
{
    return atomic_load_explicit(&u->counters[hash & u->mask], memory_order_relaxed);
}

void usage_prefetch(const struct usage *u, uint64_t hash)
{
    __builtin_prefetch(&u->counters[hash & u->mask], 1);
}

void usage_halve(struct usage *u)
{
    for (size_t i = 0; i <= u->mask; i++) {
        uint8_t count = atomic_load_explicit(&u->counters[i], memory_order_relaxed);
        if (count > 0) {
            atomic_store_explicit(&u->counters[i], count / 2, memory_order_relaxed);
        }
    }
}
