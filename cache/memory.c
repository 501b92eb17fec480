#include "cache/memory.h"

#include <stdlib.h>
#include <string.h>

#include "cache/key.h"

struct item {
    uint8_t *value;
    size_t len;
    size_t key_len;
    uint8_t key[KEY_SIZE];
};

/* Items sorted by key. */
struct memory {
    struct item **items;
    size_t count, room;
    uint32_t epoch;
};

struct memory *memory_new(void)
{
    struct memory *m = calloc(1, sizeof(*m));
    if (m != NULL) {
        m->epoch = 1;
    }
    return m;
}

static void free_item(struct item *i)
{
    free(i->value);
    free(i);
}

void memory_free(struct memory *m)
{
    if (m == NULL) {
        return;
    }
    for (size_t i = 0; i < m->count; i++) {
        free_item(m->items[i]);
    }
    free(m->items);
    free(m);
}

static int compare(const struct item *i, const uint8_t *key, size_t key_len)
{
    size_t common = i->key_len < key_len ? i->key_len : key_len;
    int order = memcmp(i->key, key, common);
    return order != 0 ? order : (i->key_len > key_len) - (i->key_len < key_len);
}

/* Index of the first item that is not before `key`. */
static size_t find_place(const struct memory *m, const uint8_t *key, size_t key_len)
{
    size_t low = 0;
    size_t high = m->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(m->items[middle], key, key_len) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_at(const struct memory *m, size_t place, const uint8_t *key, size_t key_len)
{
    return place < m->count && compare(m->items[place], key, key_len) == 0;
}

static bool has_prefix(const struct item *i, const uint8_t *prefix, size_t len)
{
    return i->key_len >= len && memcmp(i->key, prefix, len) == 0;
}

/* Nothing that has the name of `key` is beside the place where `key` would be. */
static bool is_bare(const struct memory *m, size_t place, const uint8_t *key, size_t key_len)
{
    size_t len = key_own(key_len);
    return (place == 0 || !has_prefix(m->items[place - 1], key, len)) &&
           (place == m->count || !has_prefix(m->items[place], key, len));
}

static int get(void *ctx, const uint8_t *key, size_t key_len, struct cache_stored *out)
{
    const struct memory *m = ctx;
    size_t place = find_place(m, key, key_len);
    *out = (struct cache_stored){.key = key, .key_len = key_len};
    if (is_at(m, place, key, key_len)) {
        out->value = m->items[place]->value;
        out->len = m->items[place]->len;
    } else {
        out->is_bare = is_bare(m, place, key, key_len);
    }
    return FAIL_NONE;
}

static int get_before(void *ctx, const uint8_t *key, size_t key_len, size_t prefix_len, struct cache_stored *out)
{
    const struct memory *m = ctx;
    size_t place = find_place(m, key, key_len);
    place += is_at(m, place, key, key_len) ? 1 : 0;
    const struct item *i = place > 0 ? m->items[place - 1] : NULL;
    *out = (struct cache_stored){0};
    if (i != NULL && has_prefix(i, key, prefix_len)) {
        *out = (struct cache_stored){.key = i->key, .key_len = i->key_len, .value = i->value, .len = i->len};
    }
    return FAIL_NONE;
}

/* An item without value at `place`; NULL when memory is short. */
static struct item *insert_item(struct memory *m, size_t place, const uint8_t *key, size_t key_len)
{
    if (m->count == m->room) {
        size_t room = m->room > 0 ? 2 * m->room : 64;
        struct item **items = realloc(m->items, room * sizeof(struct item *));
        if (items == NULL) {
            return NULL;
        }
        m->items = items;
        m->room = room;
    }
    struct item *i = calloc(1, sizeof(*i));
    if (i != NULL) {
        memcpy(i->key, key, key_len);
        i->key_len = key_len;
        memmove(m->items + place + 1, m->items + place, (m->count - place) * sizeof(struct item *));
        m->items[place] = i;
        m->count++;
    }
    return i;
}

static int put(void *ctx, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len)
{
    struct memory *m = ctx;
    if (key_len > KEY_SIZE) {
        return FAIL_STORE;
    }
    size_t place = find_place(m, key, key_len);
    uint8_t *copy = malloc(len > 0 ? len : 1);
    struct item *i = is_at(m, place, key, key_len) ? m->items[place] : NULL;
    if (copy != NULL && i == NULL) {
        i = insert_item(m, place, key, key_len);
    }
    if (copy == NULL || i == NULL) {
        free(copy);
        return FAIL_STORE;
    }
    memcpy(copy, value, len);
    free(i->value);
    i->value = copy;
    i->len = len;
    return FAIL_NONE;
}

static uint32_t epoch(void *ctx)
{
    const struct memory *m = ctx;
    return m->epoch;
}

struct cache_backend memory_backend(struct memory *m)
{
    return (struct cache_backend){.ctx = m, .get = get, .put = put, .get_before = get_before, .epoch = epoch};
}

size_t memory_count(const struct memory *m)
{
    return m->count;
}

bool memory_at(const struct memory *m, size_t index, const uint8_t **key, size_t *key_len, uint8_t **value, size_t *len)
{
    if (index >= m->count) {
        return false;
    }
    *key = m->items[index]->key;
    *key_len = m->items[index]->key_len;
    *value = m->items[index]->value;
    *len = m->items[index]->len;
    return true;
}

/* What may deny `name` from above: that a name above it does not exist, or a proof of a zone. */
static bool is_denial_over(const struct item *i, const uint8_t *name)
{
    uint8_t prefix[KEY_SIZE];
    for (size_t len = key_labels(prefix, name);; len = key_parent(prefix, len)) {
        bool is_denial = has_prefix(i, prefix, key_finish(prefix, len, CACHE_NXDOMAIN, 0)) ||
                         has_prefix(i, prefix, key_proofs(prefix, len));
        if (is_denial || len == 0) {
            return is_denial;
        }
    }
}

size_t memory_flush(struct memory *m, const uint8_t *name, bool subtree)
{
    uint8_t labels[KEY_SIZE];
    size_t len = key_range(labels, name, subtree);
    size_t kept = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (has_prefix(m->items[i], labels, len) || is_denial_over(m->items[i], name)) {
            free_item(m->items[i]);
        } else {
            m->items[kept++] = m->items[i];
        }
    }
    size_t dropped = m->count - kept;
    m->count = kept;
    m->epoch++;
    return dropped;
}
