#include "resolver/base/table.h"

#include <stdlib.h>

enum { BUCKETS_MIN = 64 };

static int make(struct table *t, size_t buckets)
{
    *t = (struct table){.buckets = calloc(buckets, sizeof(*t->buckets)), .mask = buckets - 1};
    return t->buckets != NULL ? FAIL_NONE : FAIL_MEMORY;
}

int table_init(struct table *t)
{
    return make(t, BUCKETS_MIN);
}

void table_fini(struct table *t)
{
    free(t->buckets);
    *t = (struct table){0};
}

static void link_node(struct table *t, struct table_node *n)
{
    struct table_node **bucket = &t->buckets[n->hash & t->mask];
    n->next = *bucket;
    *bucket = n;
    t->count++;
}

static void grow(struct table *t)
{
    struct table larger;
    if (make(&larger, 2 * (t->mask + 1)) != FAIL_NONE) {
        return;
    }
    for (size_t i = 0; i <= t->mask; i++) {
        struct table_node *next;
        for (struct table_node *n = t->buckets[i]; n != NULL; n = next) {
            next = n->next;
            link_node(&larger, n);
        }
    }
    free(t->buckets);
    *t = larger;
}

void table_add(struct table *t, struct table_node *n, uint64_t hash)
{
    if (t->count > t->mask) {
        grow(t);
    }
    n->hash = hash;
    link_node(t, n);
}

void table_remove(struct table *t, struct table_node *n)
{
    struct table_node **at = &t->buckets[n->hash & t->mask];
    while (*at != NULL && *at != n) {
        at = &(*at)->next;
    }
    if (*at == n) {
        *at = n->next;
        t->count--;
    }
}

struct table_node *table_find(const struct table *t, uint64_t hash, bool (*is_same)(struct table_node *, const void *),
                              const void *key)
{
    struct table_node *n = t->buckets[hash & t->mask];
    while (n != NULL && (n->hash != hash || !is_same(n, key))) {
        n = n->next;
    }
    return n;
}

struct table_node *table_any(const struct table *t)
{
    for (size_t i = 0; t->count > 0 && i <= t->mask; i++) {
        if (t->buckets[i] != NULL) {
            return t->buckets[i];
        }
    }
    return NULL;
}
