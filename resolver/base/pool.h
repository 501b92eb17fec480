/* Memory for structs of one size that come and go all the time: what is given back serves the next taker, latest first,
 * while it is still in the processor's cache. One owner thread; all zero is an empty pool. */
#ifndef CAIRN_BASE_POOL_H
#define CAIRN_BASE_POOL_H

#include <stddef.h>
#include <stdlib.h>

struct pool_spare {
    struct pool_spare *next;
};

struct pool {
    struct pool_spare *spares;
    unsigned count;
};

/* How many spare pieces a pool keeps; further ones go back to the system. */
extern const unsigned pool_spares_max;

/* A piece aligned for any type, with anything in it; NULL when the system has no memory. `size` is the same for every
 * piece of a pool and at least that of a pointer. It may also be freed with free(), by any thread. */
static inline void *pool_take(struct pool *p, size_t size)
{
    struct pool_spare *s = p->spares;
    if (s == NULL) {
        return malloc(size);
    }
    p->spares = s->next;
    p->count--;
    return s;
}

static inline void pool_give(struct pool *p, void *piece)
{
    struct pool_spare *s = piece;
    if (p->count >= pool_spares_max) {
        free(s);
        return;
    }
    s->next = p->spares;
    p->spares = s;
    p->count++;
}

/* Frees the spare pieces. Those still taken may be given back later. */
void pool_drain(struct pool *p);

#endif
