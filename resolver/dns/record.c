#include "resolver/dns/record.h"

#include <stdlib.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"

enum { CAPACITY_FIRST = 1024 };

void record_list_init(struct record_list *r, struct arena *memory)
{
    *r = (struct record_list){.memory = memory};
}

void record_list_fini(struct record_list *r)
{
    free(r->items);
    *r = (struct record_list){.memory = r->memory};
}

static bool make_room(struct record_list *r)
{
    if (r->count < r->capacity) {
        return true;
    }
    size_t capacity = r->capacity > 0 ? 2 * r->capacity : CAPACITY_FIRST;
    struct record *items = realloc(r->items, capacity * sizeof(*items));
    if (items == NULL) {
        return false;
    }
    r->items = items;
    r->capacity = capacity;
    return true;
}

int record_list_add(struct record_list *r, const struct record *record)
{
    uint8_t *owner = arena_copy(r->memory, record->owner, name_len(record->owner));
    uint8_t *rdata = arena_copy(r->memory, record->rdata, record->len);
    if (owner == NULL || rdata == NULL || !make_room(r)) {
        return FAIL_LIMIT;
    }
    rdata_canonicalise(record->type, rdata, record->len);
    struct record *copy = &r->items[r->count++];
    *copy = *record;
    copy->owner = owner;
    copy->rdata = rdata;
    return FAIL_NONE;
}

static int compare(const void *a, const void *b)
{
    const struct record *x = a;
    const struct record *y = b;
    int order = name_compare(x->owner, y->owner);
    if (order == 0) {
        order = (x->type > y->type) - (x->type < y->type);
    }
    return order != 0 ? order : rdata_compare(x->rdata, x->len, y->rdata, y->len);
}

void record_list_sort(struct record_list *r)
{
    size_t kept = 0;
    if (r->count == 0) {
        return;
    }
    qsort(r->items, r->count, sizeof(*r->items), compare);
    for (size_t i = 1; i < r->count; i++) {
        if (compare(&r->items[i], &r->items[kept]) != 0) {
            r->items[++kept] = r->items[i];
        }
    }
    r->count = kept + 1;
}
