#include "zones/blocks.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Blocks start small, for a zone of ten names, and double up to the size of a huge page, so that a million names cost
 * few TLB misses. Those of that size and above are mapped and unmapped, so that they go back to the system when they
 * are freed: malloc would keep them. */
#define BLOCK_FIRST ((size_t)4096)
#define BLOCK_HUGE  ((size_t)2 * 1024 * 1024)

struct block {
    struct block *older;
    size_t size; /* of `bytes` */
    size_t used;
    alignas(max_align_t) uint8_t bytes[];
};

/* Maps `size` bytes, a multiple of BLOCK_HUGE, at such a multiple. */
static void *map_huge(size_t size)
{
    uint8_t *start = mmap(NULL, size + BLOCK_HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    size_t before = (BLOCK_HUGE - (uintptr_t)start % BLOCK_HUGE) % BLOCK_HUGE;
    if (before > 0) {
        (void)munmap(start, before);
    }
    (void)munmap(start + before + size, BLOCK_HUGE - before);
    (void)madvise(start + before, size, MADV_HUGEPAGE); /* only a wish: systems without huge pages refuse */
    return start + before;
}

static bool is_mapped(size_t block_size)
{
    return block_size % BLOCK_HUGE == 0;
}

static struct block *add_block(struct blocks *b, size_t need)
{
    size_t size = b->newest == NULL ? BLOCK_FIRST : (b->newest->size + sizeof(struct block)) * 2;
    size = size < BLOCK_HUGE ? size : BLOCK_HUGE;
    if (size - sizeof(struct block) < need) {
        size = sizeof(struct block) + need;
        size = size < BLOCK_HUGE ? size : (size + BLOCK_HUGE - 1) / BLOCK_HUGE * BLOCK_HUGE;
    }
    struct block *block = is_mapped(size) ? map_huge(size) : malloc(size);
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
        size_t size = sizeof(*block) + block->size;
        if (is_mapped(size)) {
            (void)munmap(block, size);
        } else {
            free(block);
        }
        block = older;
    }
    *b = (struct blocks){0};
}
