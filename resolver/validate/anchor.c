#include "resolver/validate/anchor.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"

/* ---- The program's own ---- */

/* Tag, algorithm, digest type, digest: IANA's root-anchors.xml (RFC 9718). */
static const uint8_t ksk_2017[] = {0x4f, 0x66, 8,    2,    0xe0, 0x6d, 0x44, 0xb8, 0x0b, 0x8f, 0x1d, 0x39,
                                   0xa9, 0x5c, 0x0b, 0x0d, 0x7c, 0x65, 0xd0, 0x84, 0x58, 0xe8, 0x80, 0x40,
                                   0x9b, 0xbc, 0x68, 0x34, 0x57, 0x10, 0x42, 0x37, 0xc7, 0xf8, 0xec, 0x8d};
static const uint8_t ksk_2024[] = {0x97, 0x28, 8,    2,    0x68, 0x3d, 0x2d, 0x0a, 0xcb, 0x8c, 0x9b, 0x71,
                                   0x2a, 0x19, 0x48, 0xb2, 0x7f, 0x74, 0x12, 0x19, 0x29, 0x8d, 0x0a, 0x45,
                                   0x0d, 0x61, 0x2c, 0x48, 0x3a, 0xf4, 0x44, 0xa4, 0xc0, 0xfb, 0x2b, 0x16};

static const struct anchor_record builtin[] = {
    {name_root, {ksk_2017, sizeof(ksk_2017)}},
    {name_root, {ksk_2024, sizeof(ksk_2024)}},
};

const struct anchor_record *anchors_builtin(unsigned *count)
{
    *count = sizeof(builtin) / sizeof(*builtin);
    return builtin;
}

/* ---- Making a set ---- */

static int compare_records(const void *a, const void *b)
{
    const struct anchor_record *first = a, *second = b;
    int order = name_compare(first->zone, second->zone);
    return order != 0 ? order : rdata_compare(first->ds.bytes, first->ds.len, second->ds.bytes, second->ds.len);
}

static int compare_names(const void *a, const void *b)
{
    return name_compare(*(const uint8_t *const *)a, *(const uint8_t *const *)b);
}

static const uint8_t *copy_lower(struct arena *a, const uint8_t *name)
{
    uint8_t lower[NAME_SIZE];
    size_t len = name_lower(lower, name);
    return arena_copy(a, lower, len);
}

/* The first `count` records are of one zone, in order. */
static int make_one(const struct anchor_record *records, unsigned count, struct arena *a, struct anchor *out)
{
    size_t room = 0;
    for (unsigned i = 0; i < count; i++) {
        room += sizeof(uint16_t) + records[i].ds.len;
    }
    uint8_t *bytes = arena_take(a, room);
    out->zone = copy_lower(a, records->zone);
    if (bytes == NULL || out->zone == NULL) {
        return FAIL_LIMIT;
    }
    out->ds = (struct rdatas){.bytes = bytes};
    for (unsigned i = 0; i < count; i++) {
        if (i == 0 || compare_records(&records[i - 1], &records[i]) != 0) {
            out->ds.len += (uint32_t)rdatas_pack(bytes + out->ds.len, records[i].ds.bytes, records[i].ds.len);
            out->ds.count++;
        }
    }
    return FAIL_NONE;
}

static int group(struct anchor_record *records, unsigned count, struct arena *a, struct anchors *out)
{
    struct anchor *items = arena_take(a, count * sizeof(*items));
    if (items == NULL) {
        return FAIL_LIMIT;
    }
    qsort(records, count, sizeof(*records), compare_records);
    for (unsigned from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && name_equal(records[from].zone, records[to].zone); to++) {
        }
        if (make_one(records + from, to - from, a, &items[out->count++]) != FAIL_NONE) {
            return FAIL_LIMIT;
        }
    }
    out->items = items;
    return FAIL_NONE;
}

static int copy_names(const uint8_t *const *names, unsigned count, struct arena *a, struct anchors *out)
{
    const uint8_t **items = arena_take(a, count * sizeof(*items));
    if (items == NULL) {
        return FAIL_LIMIT;
    }
    for (unsigned i = 0; i < count; i++) {
        items[i] = copy_lower(a, names[i]);
        if (items[i] == NULL) {
            return FAIL_LIMIT;
        }
    }
    qsort(items, count, sizeof(*items), compare_names);
    for (unsigned i = 0; i < count; i++) {
        if (i == 0 || !name_equal(items[out->negative_count - 1], items[i])) {
            items[out->negative_count++] = items[i];
        }
    }
    out->negative = items;
    return FAIL_NONE;
}

int anchors_make(const struct anchor_record *records, unsigned count, const uint8_t *const *negative,
                 unsigned negative_count, struct arena *a, struct anchors *out)
{
    int result = FAIL_NONE;
    *out = (struct anchors){0};
    if (count > 0) {
        struct anchor_record *sorted = arena_copy(a, records, count * sizeof(*records));
        result = sorted != NULL ? group(sorted, count, a, out) : FAIL_LIMIT;
    }
    if (result == FAIL_NONE && negative_count > 0) {
        result = copy_names(negative, negative_count, a, out);
    }
    return result;
}

/* ---- Looking up ---- */

static int compare_zones(const void *zone, const void *item)
{
    return name_compare(zone, ((const struct anchor *)item)->zone);
}

static int compare_negative(const void *name, const void *item)
{
    return name_compare(name, *(const uint8_t *const *)item);
}

const struct anchor *anchor_at(const struct anchors *set, const uint8_t *zone)
{
    return set->count > 0 ? bsearch(zone, set->items, set->count, sizeof(*set->items), compare_zones) : NULL;
}

const struct anchor *anchor_find(const struct anchors *set, const uint8_t *name)
{
    if (set->count == 1 && name_is_root(set->items->zone)) { /* nearly everywhere */
        return set->items;
    }
    const struct anchor *found = anchor_at(set, name);
    while (found == NULL && set->count > 0 && !name_is_root(name)) {
        name = name_parent(name);
        found = anchor_at(set, name);
    }
    return found;
}

static const uint8_t *negative_at(const struct anchors *set, const uint8_t *name)
{
    const uint8_t *const *found =
        bsearch(name, set->negative, set->negative_count, sizeof(*set->negative), compare_negative);
    return found != NULL ? *found : NULL;
}

const uint8_t *anchor_negative(const struct anchors *set, const uint8_t *name)
{
    if (set->negative_count == 0) {
        return NULL;
    }
    const uint8_t *found = negative_at(set, name);
    while (found == NULL && !name_is_root(name) && anchor_at(set, name) == NULL) {
        name = name_parent(name);
        found = negative_at(set, name);
    }
    return found;
}
