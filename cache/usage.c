#include "cache/usage.h"

#include <stdatomic.h>
#include <stdlib.h>

struct usage {
    size_t mask;
    _Atomic uint8_t counters[];
};

struct usage *usage_new(size_t entries)
{
    size_t size = 1024;
    while (size < entries) {
        size *= 2;
    }
    struct usage *u = calloc(1, sizeof(*u) + size);
    if (u != NULL) {
        u->mask = size - 1;
    }
    return u;
}

void usage_free(struct usage *u)
{
    free(u);
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
