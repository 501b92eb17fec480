/* Zeroed memory that grows in place: the addresses are reserved at once, memory is taken as far as it is used. Chunks
 * that have been outgrown may be made huge pages by the system in the background, so that looks into a large table at
 * random do not wait for the page tables too; not when they are touched first, which can take it milliseconds. */
#ifndef CAIRN_BASE_REGION_H
#define CAIRN_BASE_REGION_H

#include <stdbool.h>
#include <stddef.h>

#include "resolver/base/fail.h"

#define REGION_CHUNK ((size_t)2 << 20) /* octets of a huge page; regions grow by whole ones */

/* All zero is a region that holds nothing and may be freed. */
struct region {
    void *at;    /* at the start of a chunk; stays where it is */
    size_t size; /* octets that may be used */
    size_t max;
};

/* Addresses for at least `max` octets, none of which may be used yet. FAIL_MEMORY: the system has no room. */
MUST_CHECK int region_reserve(struct region *r, size_t max);

/* Makes at least the first `size` octets usable; new ones are zero. False, with all as before, when that is more than
 * was reserved or the system has no memory. */
bool region_grow(struct region *r, size_t size);

/* Gives the memory back to the system. What was usable stays so, and is zero. */
void region_clear(struct region *r);

void region_free(struct region *r);

#endif
