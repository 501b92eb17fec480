/* A hash table of nodes embedded in their owners' structs, equality decided by the caller. It is as small as its nodes
 * allow, since a small one stays in the processor's cache, and grows with them. */
#ifndef CAIRN_BASE_TABLE_H
#define CAIRN_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"

struct table_node {
    struct table_node *next;
    uint64_t hash;
};

struct table {
    struct table_node **buckets;
    size_t mask;
    size_t count;
};

/* FAIL_MEMORY. The nodes stay their owners'. */
MUST_CHECK int table_init(struct table *t);
void table_fini(struct table *t);

/* Never fails: without memory to grow, chains get longer. */
void table_add(struct table *t, struct table_node *n, uint64_t hash);
void table_remove(struct table *t, struct table_node *n);

/* The first node with `hash` for which `is_same(node, key)` holds, or NULL. */
struct table_node *table_find(const struct table *t, uint64_t hash, bool (*is_same)(struct table_node *, const void *),
                              const void *key);

/* Any node, or NULL when empty: for tearing down. */
struct table_node *table_any(const struct table *t);

/* The struct that embeds `node` as `member`. */
#define TABLE_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

#endif
