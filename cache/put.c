#include "cache/put.h"

#include <stdlib.h>
#include <string.h>

#include "cache/key.h"

enum put_state { PUT_QUEUED, PUT_DONE, PUT_LEFT };

enum { USUAL_SIZE = 512 };

struct put *put_new(struct pool *pool, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len,
                    uint32_t epoch)
{
    size_t size = sizeof(struct put) + key_len + len;
    struct put *p = size <= USUAL_SIZE ? pool_take(pool, USUAL_SIZE) : malloc(size);
    if (p != NULL) {
        *p = (struct put){.name_hash = key_name_hash(key, key_len),
                          .key_len = (uint16_t)key_len,
                          .len = (uint32_t)len,
                          .epoch = epoch};
        atomic_init(&p->state, PUT_QUEUED);
        memcpy(p->bytes, key, key_len);
        memcpy(p->bytes + key_len, value, len);
    }
    return p;
}

size_t put_size(const struct put *p)
{
    return sizeof(*p) + p->key_len + p->len;
}

int put_compare(const void *a, const void *b)
{
    const struct put *x = *(struct put *const *)a;
    const struct put *y = *(struct put *const *)b;
    int order = memcmp(x->bytes, y->bytes, x->key_len < y->key_len ? x->key_len : y->key_len);
    if (order == 0) {
        order = (x->key_len > y->key_len) - (x->key_len < y->key_len);
    }
    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

bool put_is_same_key(const struct put *a, const struct put *b)
{
    return a->key_len == b->key_len && memcmp(a->bytes, b->bytes, a->key_len) == 0;
}

void put_finish(struct put *p)
{
    if (atomic_exchange(&p->state, PUT_DONE) == PUT_LEFT) {
        free(p);
    }
}

bool put_is_done(const struct put *p)
{
    return atomic_load_explicit(&p->state, memory_order_acquire) == PUT_DONE;
}

void put_leave(struct pool *pool, struct put *p)
{
    if (atomic_exchange(&p->state, PUT_LEFT) != PUT_DONE) {
        return;
    }
    if (put_size(p) <= USUAL_SIZE) {
        pool_give(pool, p);
    } else {
        free(p);
    }
}
