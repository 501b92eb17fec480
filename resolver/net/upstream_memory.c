#include <ares.h>

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/base/pool.h"
#include "resolver/net/upstream_private.h"

/* c-ares takes some thirty small pieces of memory for each exchange and gives them back at once: a third of what it
 * costs if they come from malloc. A piece knows its size; the small ones come from pools of the thread that asks, and
 * stay with the thread that gives them back. */

#define STEP      32 /* octets from one pool to the next */
#define SMALL_MAX 512

struct piece {
    size_t size; /* that the owner may use; a multiple of STEP */
    alignas(max_align_t) uint8_t bytes[];
};

static _Thread_local struct pool pools[SMALL_MAX / STEP];

static struct pool *pool_of(size_t size)
{
    return &pools[size / STEP - 1];
}

static struct piece *piece_of(void *bytes)
{
    return (struct piece *)(void *)((uint8_t *)bytes - offsetof(struct piece, bytes));
}

static void *take(size_t size)
{
    if (size > PTRDIFF_MAX) {
        return NULL;
    }
    size = size == 0 ? STEP : (size + STEP - 1) / STEP * STEP;
    size_t whole = sizeof(struct piece) + size;
    struct piece *p = size <= SMALL_MAX ? pool_take(pool_of(size), whole) : malloc(whole);
    if (p == NULL) {
        return NULL;
    }
    p->size = size;
    return p->bytes;
}

static void give(void *bytes)
{
    if (bytes == NULL) {
        return;
    }
    struct piece *p = piece_of(bytes);
    if (p->size <= SMALL_MAX) {
        pool_give(pool_of(p->size), p);
    } else {
        free(p);
    }
}

static void *resize(void *bytes, size_t size)
{
    size_t had = bytes != NULL ? piece_of(bytes)->size : 0;
    if (had >= size && had > 0) {
        return bytes;
    }
    void *more = take(size);
    if (more != NULL && bytes != NULL) {
        memcpy(more, bytes, had);
        give(bytes);
    }
    return more;
}

void upstream_start(void)
{
    unsetenv("RES_OPTIONS");
    unsetenv("LOCALDOMAIN");
    (void)ares_library_init_mem(ARES_LIB_INIT_ALL, take, give, resize);
}
