#include "cache/bare.h"

#include <string.h>

void bare_log_put(struct bare_log *l, uint64_t name_hash)
{
    uint64_t batch = atomic_load_explicit(&l->committed, memory_order_relaxed) + 1;
    atomic_store_explicit(&l->puts[name_hash % BARE_LOG_SIZE], batch, memory_order_release);
}

void bare_log_commit(struct bare_log *l)
{
    atomic_fetch_add_explicit(&l->committed, 1, memory_order_release);
}

uint64_t bare_log_now(const struct bare_log *l)
{
    return atomic_load_explicit(&l->committed, memory_order_acquire);
}

static uint16_t tag_of(uint64_t name_hash)
{
    return (uint16_t)(name_hash >> 48);
}

void bare_add(struct bare_names *b, const uint8_t *labels, size_t len, uint64_t name_hash, uint64_t moment)
{
    struct bare_name *n = &b->names[name_hash % BARE_NAMES];
    if (len <= BARE_LABELS) {
        b->tags[name_hash % BARE_NAMES] = tag_of(name_hash);
        n->moment = moment;
        n->len = (uint8_t)len;
        memcpy(n->labels, labels, len);
    }
}

bool bare_has(const struct bare_names *b, const struct bare_log *l, const uint8_t *labels, size_t len,
              uint64_t name_hash)
{
    const struct bare_name *n = &b->names[name_hash % BARE_NAMES];
    return len > 0 && b->tags[name_hash % BARE_NAMES] == tag_of(name_hash) && n->len == len &&
           memcmp(n->labels, labels, len) == 0 &&
           atomic_load_explicit(&l->puts[name_hash % BARE_LOG_SIZE], memory_order_acquire) <= n->moment;
}
