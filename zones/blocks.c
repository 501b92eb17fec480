#include "zones/blocks.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Blocks start small, for a zone of ten names, and double up to the size of a huge page, so that a million names cost
 * few TLB misses and go back to the system when the zone is freed. */
#define BLOCK_FIRST ((size_t)4096)
#define BLOCK_HUGE  ((size_t)2 * 1024 * 1024)

struct block {
    struct block *older;
    size_t size; /* of `bytes` */
    size_t used;
    alignas(max_align_t) uint8_t bytes[];
};

static struct block *take_block(size_t size)
{
    if (size != BLOCK_HUGE) {
        return malloc(size);
    }
    struct block *block = aligned_alloc(BLOCK_HUGE, size);
    if (block != NULL) {
        (void)madvise(block, size, MADV_HUGEPAGE); /* only a wish: systems without huge pages refuse */
    }
    return block;
}

static struct block *add_block(struct blocks *b, size_t need)
{
    size_t size = b->newest == NULL ? BLOCK_FIRST : (b->newest->size + sizeof(struct block)) * 2;
    size = size < BLOCK_HUGE ? size : BLOCK_HUGE;
    if (size - sizeof(struct block) < need) {
        size = sizeof(struct block) + need;
    }
    struct block *block = take_block(size);
    if (block != NULL) {
        *block = (struct block){.older = b->newest, .size = size - sizeof(*block)};
        b->newest = block;
        b->size += size;
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
