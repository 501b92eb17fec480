#include "resolver/iterate/trust_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "resolver/base/hash.h"
#include "resolver/base/table.h"
#include "resolver/dns/name.h"

struct row {
    struct table_node node;
    TAILQ_ENTRY(row) by_use;
    uint32_t epoch;
    struct zone_trust zone; /* what it points to stands behind the row */
    struct ede why;
};

TAILQ_HEAD(rows, row);

struct trust_table {
    struct table table;
    struct rows by_use; /* most recent first */
    size_t most;
};

uint64_t trust_hash(const uint8_t *name)
{
    uint8_t lower[NAME_SIZE];
    size_t len = name_lower(lower, name);
    return hash_bytes(lower, len);
}

struct trust_table *trust_table_new(size_t zones)
{
    struct trust_table *t = calloc(1, sizeof(*t));
    if (t == NULL || table_init(&t->table) != FAIL_NONE) {
        free(t);
        return NULL;
    }
    TAILQ_INIT(&t->by_use);
    t->most = zones;
    return t;
}

static void drop(struct trust_table *t, struct row *r)
{
    table_remove(&t->table, &r->node);
    TAILQ_REMOVE(&t->by_use, r, by_use);
    free(r);
}

void trust_table_free(struct trust_table *t)
{
    if (t == NULL) {
        return;
    }
    for (struct row *r; (r = TAILQ_FIRST(&t->by_use)) != NULL;) {
        drop(t, r);
    }
    table_fini(&t->table);
    free(t);
}

static bool is_of(struct table_node *n, const void *name)
{
    return name_equal(TABLE_OWNER(n, struct row, node)->zone.name, name);
}

static struct row *find(struct trust_table *t, const uint8_t *name, uint64_t hash)
{
    struct table_node *n = table_find(&t->table, hash, is_of, name);
    return n != NULL ? TABLE_OWNER(n, struct row, node) : NULL;
}

const struct zone_trust *trust_table_find(struct trust_table *t, const uint8_t *name, uint64_t hash, uint32_t epoch,
                                          uint64_t now)
{
    struct row *r = find(t, name, hash);
    if (r == NULL) {
        return NULL;
    }
    if (r->epoch != epoch || now >= r->zone.expires) {
        drop(t, r);
        return NULL;
    }
    TAILQ_REMOVE(&t->by_use, r, by_use);
    TAILQ_INSERT_HEAD(&t->by_use, r, by_use);
    return &r->zone;
}

static struct row *make_row(const struct zone_trust *z)
{
    size_t name_size = name_len(z->name);
    struct row *r = malloc(sizeof(*r) + name_size + z->keys.len);
    if (r == NULL) {
        return NULL;
    }
    uint8_t *octets = (uint8_t *)(r + 1);
    r->zone = *z;
    r->zone.next = NULL;
    r->zone.name = memcpy(octets, z->name, name_size);
    if (z->keys.len > 0) {
        r->zone.keys.bytes = memcpy(octets + name_size, z->keys.bytes, z->keys.len);
    }
    if (z->why != NULL) {
        r->why = *z->why;
        r->zone.why = &r->why;
    }
    return r;
}

void trust_table_keep(struct trust_table *t, const struct zone_trust *z, uint32_t epoch)
{
    struct row *before = find(t, z->name, z->hash);
    if (before != NULL) {
        drop(t, before);
    } else if (t->table.count >= t->most) {
        drop(t, TAILQ_LAST(&t->by_use, rows));
    }
    struct row *r = make_row(z);
    if (r != NULL) {
        r->epoch = epoch;
        table_add(&t->table, &r->node, z->hash);
        TAILQ_INSERT_HEAD(&t->by_use, r, by_use);
    }
}

void trust_table_drop(struct trust_table *t, const uint8_t *name)
{
    struct row *r = find(t, name, trust_hash(name));
    if (r != NULL) {
        drop(t, r);
    }
}
