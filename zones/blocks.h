/* Memory that is taken piece by piece and given back all at once: what one zone is made of, or what is needed while it
 * loads. Unlike an arena it has no cap, zeroes nothing and packs pieces at the alignment they ask for. */
#ifndef CAIRN_ZONES_BLOCKS_H
#define CAIRN_ZONES_BLOCKS_H

#include <stddef.h>

struct block;

struct blocks {
    struct block *newest;
    size_t size; /* bytes obtained from the system */
};

/* `size` bytes at a multiple of `align` (a power of two, at most that of max_align_t), valid until blocks_free. NULL
 * when the system has no memory. A zeroed `struct blocks` is empty and ready. */
void *blocks_take(struct blocks *b, size_t size, size_t align);

/* Frees everything. Empty and usable again. */
void blocks_free(struct blocks *b);

#endif
