#include "zones/blocks.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

/* Blocks start small, for a zone of ten names, and double up to a size that malloc maps and unmaps on its own, so that
 * the memory of a million names goes back to the system when the zone is freed. */
enum { BLOCK_FIRST = 4096 - 64, BLOCK_LAST = 1024 * 1024 - 64 };

struct block {
    struct block *older;
    size_t size; /* of `bytes` */
    size_t used;
    alignas(max_align_t) uint8_t bytes[];
};

static struct block *add_block(struct blocks *b, size_t need)
{
    size_t size = BLOCK_FIRST;
    if (b->newest != NULL) {
        size = b->newest->size * 2 < BLOCK_LAST ? b->newest->size * 2 : BLOCK_LAST;
    }
    if (size < need) {
        size = need;
    }
    struct block *block = malloc(sizeof(*block) + size);
    if (block != NULL) {
        *block = (struct block){.older = b->newest, .size = size};
        b->newest = block;
        b->size += sizeof(*block) + size;
    }
    return block;
}

void *blocks_take(struct blocks *b, size_t size, size_t align)
{
    struct block *block = b->newest;
    size_t start = block != NULL ? (block->used + align - 1) & ~(align - 1) : 0;
    if (block == NULL || start > block->size || block->size - start < size) {
        block = add_block(b, size);
        start = 0;
    }
    if (block == NULL) {
        return NULL;
    }
    block->used = start + size;
    return block->bytes + start;
}

void blocks_free(struct blocks *b)
{
    struct block *block = b->newest;
    while (block != NULL) {
        struct block *older = block->older;
        free(block);
        block = older;
    }
    *b = (struct blocks){0};
}
