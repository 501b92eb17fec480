#include "resolver/base/region.h"

#include <stdint.h>
#include <sys/mman.h>

static size_t whole_chunks(size_t size)
{
    return (size + REGION_CHUNK - 1) / REGION_CHUNK * REGION_CHUNK;
}

int region_reserve(struct region *r, size_t max)
{
    size_t size = whole_chunks(max);
    /* One more, since the system does not know where chunks start. */
    char *at = mmap(NULL, size + REGION_CHUNK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        return FAIL_MEMORY;
    }
    size_t before = whole_chunks((uintptr_t)at) - (uintptr_t)at;
    if (before > 0) {
        munmap(at, before);
    }
    munmap(at + before + size, REGION_CHUNK - before);
    *r = (struct region){.at = at + before, .max = size};
    return FAIL_NONE;
}

bool region_grow(struct region *r, size_t size)
{
    if (size <= r->size) {
        return true;
    }
    size_t more = whole_chunks(size) - r->size;
    char *end = (char *)r->at + r->size;
    if (size > r->max || mprotect(end, more, PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    if (r->size > 0) {
        madvise(r->at, r->size, MADV_HUGEPAGE); /* no harm if it fails */
    }
    r->size += more;
    return true;
}

void region_clear(struct region *r)
{
    if (r->size > 0) {
        madvise(r->at, r->size, MADV_DONTNEED);
        madvise(r->at, r->size, MADV_NOHUGEPAGE);
    }
}

void region_free(struct region *r)
{
    if (r->at != NULL) {
        munmap(r->at, r->max);
    }
    *r = (struct region){0};
}
