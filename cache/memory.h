/* A cache backend in memory, for scenarios and tests: nothing is ever dropped unless asked. Single-threaded. */
#ifndef CAIRN_CACHE_MEMORY_H
#define CAIRN_CACHE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/cache.h"

struct memory;

/* An empty store; NULL when the system has no memory. */
struct memory *memory_new(void);
void memory_free(struct memory *m);

/* The backend to put into a cache_view; valid as long as `m`. A value it returns is good until the next put or flush.
 */
struct cache_backend memory_backend(struct memory *m);

/* Entries held. */
size_t memory_count(const struct memory *m);

/* The entry at `index` in key order, for looking around; false past the end. */
bool memory_at(const struct memory *m, size_t index, const uint8_t **key, size_t *key_len, uint8_t **value,
               size_t *len);

/* Drops the entries of `name` (`subtree`: and of all names below it), and what denies it from above, and starts
 * a new epoch; returns how many. */
size_t memory_flush(struct memory *m, const uint8_t *name, bool subtree);

#endif
