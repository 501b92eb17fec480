/* One store on its way from a view to the writer. The view keeps it, to see its own puts, until the writer is done with
 * it; whoever is last frees it. */
#ifndef CAIRN_CACHE_PUT_H
#define CAIRN_CACHE_PUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/pool.h"
#include "resolver/base/table.h"

struct put {
    struct table_node node; /* in the view's table of pending puts, by key_hash */
    uint64_t name_hash;     /* key_name_hash */
    struct put *next_own;   /* in the view's list, oldest first */
    uint64_t order;         /* of arrival in the queue */
    uint32_t epoch;         /* of the walk that found it */
    atomic_int state;       /* enum put_state of put.c */
    bool is_listed;         /* in the table: no newer put of the same key replaced it */
    uint16_t key_len;
    uint32_t len;
    uint8_t bytes[]; /* key, value */
};

/* Takes memory from the view's `pool` unless the put is larger than usual. NULL when the system has none. */
struct put *put_new(struct pool *pool, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len,
                    uint32_t epoch);

/* Octets it takes. */
size_t put_size(const struct put *p);

/* Order of keys, then of arrival; for qsort of pointers. */
int put_compare(const void *a, const void *b);
bool put_is_same_key(const struct put *a, const struct put *b);

/* The writer has committed or dropped it. */
void put_finish(struct put *p);
bool put_is_done(const struct put *p);

/* The view gives it up; its memory goes to the view's `pool` if the writer is done with it. */
void put_leave(struct pool *pool, struct put *p);

#endif
