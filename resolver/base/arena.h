/* Memory of one request: taken piece by piece, freed at once, with a hard cap. Not thread-safe; one owner. */
#ifndef CAIRN_BASE_ARENA_H
#define CAIRN_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* bytes handed out, alignment included */
    size_t cap;                 /* bytes that may be handed out */
};

/* Prepares an empty arena that hands out at most `cap` bytes. Takes no memory yet. */
void arena_init(struct arena *a, size_t cap);

/* Frees every block. The arena is empty and usable again. */
void arena_fini(struct arena *a);

/* Forgets what was handed out but keeps one block for the next request, so that a busy owner does not malloc. */
void arena_reset(struct arena *a);

/* `size` zeroed bytes aligned for any type, valid until arena_fini or arena_reset. NULL when the cap is reached or the
 * system has no memory: the request fails, the process does not. */
void *arena_take(struct arena *a, size_t size);

/* Likewise with anything in them, for what is written before it is read. */
void *arena_room(struct arena *a, size_t size);

/* The memory that is taken next begins to come into the processor's cache. */
void arena_fetch(const struct arena *a);

/* A copy of `len` bytes of `from`, or NULL as arena_take. `len` 0 gives a valid pointer. */
void *arena_copy(struct arena *a, const void *from, size_t len);

#endif
