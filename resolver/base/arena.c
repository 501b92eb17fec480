#include "resolver/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_SIZE = 8192 - 64,
    LINE = 64, /* of a processor's cache */
    FETCHED = 8 * LINE
};

struct arena_block {
    struct arena_block *next;
    size_t size; /* of `bytes` */
    size_t used;
    alignas(max_align_t) uint8_t bytes[];
};

void arena_init(struct arena *a, size_t cap)
{
    *a = (struct arena){.cap = cap};
}

static void free_blocks(struct arena_block *b)
{
    while (b != NULL) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_fini(struct arena *a)
{
    free_blocks(a->blocks);
    a->blocks = NULL;
    a->used = 0;
}

void arena_reset(struct arena *a)
{
    struct arena_block *keep = a->blocks;
    if (keep != NULL) {
        free_blocks(keep->next);
        keep->next = NULL;
        if (keep->size > BLOCK_SIZE) {
            free(keep);
            keep = NULL;
        } else {
            keep->used = 0;
        }
    }
    a->blocks = keep;
    a->used = 0;
}

/* Rare, and kept out of arena_room, which is short without it. */
static __attribute__((noinline)) struct arena_block *add_block(struct arena *a, size_t size)
{
    size_t capacity = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct arena_block *b = malloc(sizeof(*b) + capacity);
    if (b != NULL) {
        b->size = capacity;
        b->used = 0;
        b->next = a->blocks;
        a->blocks = b;
    }
    return b;
}

void *arena_room(struct arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > a->cap) {
        return NULL;
    }
    size = (size + align - 1) & ~(align - 1);
    if (size > a->cap - a->used) {
        return NULL;
    }
    struct arena_block *b = a->blocks;
    if (b == NULL || b->size - b->used < size) {
        b = add_block(a, size);
        if (b == NULL) {
            return NULL;
        }
    }
    uint8_t *piece = b->bytes + b->used;
    b->used += size;
    a->used += size;
    return piece;
}

void arena_fetch(const struct arena *a)
{
    const struct arena_block *b = a->blocks;
    for (size_t i = b != NULL ? b->used : 0; b != NULL && i < b->size && i < b->used + FETCHED; i += LINE) {
        __builtin_prefetch(b->bytes + i, 1);
    }
}

void *arena_take(struct arena *a, size_t size)
{
    void *piece = arena_room(a, size);
    return piece != NULL ? memset(piece, 0, size) : NULL;
}

void *arena_copy(struct arena *a, const void *from, size_t len)
{
    void *to = arena_room(a, len);
    if (to != NULL && len > 0) {
        memcpy(to, from, len);
    }
    return to;
}
