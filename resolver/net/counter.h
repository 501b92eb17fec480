/* Counters that one thread writes and others read: no lock, no locked instruction on the writer's side. */
#ifndef CAIRN_NET_COUNTER_H
#define CAIRN_NET_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

struct counter {
    _Atomic uint64_t value;
};

/* Only from the thread that owns the counter. */
static inline void counter_add(struct counter *c, uint64_t n)
{
    atomic_store_explicit(&c->value, atomic_load_explicit(&c->value, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline uint64_t counter_read(const struct counter *c)
{
    return atomic_load_explicit(&c->value, memory_order_relaxed);
}

#endif
