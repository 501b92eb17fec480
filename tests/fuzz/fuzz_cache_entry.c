/* Any bytes as a stored entry: one octet of key length, key, value. What reads must write and read back the same. The
 * checksum is mended first (entry_expire does that), or nothing behind it would ever be reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cache/entry.h"
#include "cache/key.h"
#include "resolver/dns/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_key(const uint8_t *key, size_t len)
{
    struct key_parts parts;
    uint8_t again[KEY_SIZE];
    if (key_read(key, len, &parts) != FAIL_NONE) {
        return;
    }
    const uint8_t *zone = parts.name + parts.name_len - parts.zone_len;
    size_t again_len = parts.zone_len > 0 ? key_proof(again, zone, parts.type, parts.name, &(size_t){0})
                                          : key_write(again, parts.name, parts.slot, parts.type);
    if (name_len(parts.name) != parts.name_len || again_len != len || memcmp(again, key, len) != 0) {
        abort();
    }
}

static void check_same(const struct rrset *x, const struct rrset *y)
{
    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        if (!name_equal(x->owner, y->owner) || x->type != y->type || x->data.len != y->data.len ||
            x->sigs.len != y->sigs.len || memcmp(x->data.bytes, y->data.bytes, x->data.len) != 0) {
            abort();
        }
    }
    if (x != NULL || y != NULL) {
        abort();
    }
}

static void check_again(const struct cache_entry *e, const uint8_t *key, size_t key_len, struct arena *a)
{
    size_t bound = entry_bound(e);
    uint8_t *value = arena_take(a, bound);
    struct cache_entry *again;
    size_t len = value != NULL ? entry_write(e, key, key_len, value, bound) : 0;
    if (len == 0 || entry_read(key, key_len, value, len, a, &again) != FAIL_NONE) {
        abort();
    }
    if (e->backed_until != again->backed_until || e->backer_labels != again->backer_labels) {
        abort();
    }
    check_same(e->sets, again->sets);
    check_same(e->foreign, again->foreign);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cache_entry *e;
    struct entry_head head;
    struct arena a;
    if (len < 1 || len - 1 < data[0]) {
        return 0;
    }
    const uint8_t *key = data + 1;
    size_t key_len = data[0];
    size_t value_len = len - 1 - key_len;
    uint8_t *value = malloc(value_len > 0 ? value_len : 1);
    if (value == NULL) {
        return 0;
    }
    memcpy(value, key + key_len, value_len);
    check_key(key, key_len);
    entry_expire(key, key_len, value, value_len);
    arena_init(&a, 1 << 20);
    (void)!entry_peek(value, value_len, &head);
    if (entry_read(key, key_len, value, value_len, &a, &e) == FAIL_NONE) {
        check_again(e, key, key_len, &a);
    }
    arena_fini(&a);
    free(value);
    return 0;
}
