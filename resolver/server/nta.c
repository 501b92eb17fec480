#include "resolver/server/nta.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *name, const void *item)
{
    return name_compare(name, ((const struct nta *)item)->name);
}

static struct nta *find(const struct ntas *list, const uint8_t *name)
{
    return list->count > 0 ? bsearch(name, list->items, list->count, sizeof(*list->items), compare) : NULL;
}

int ntas_add(struct ntas *list, const struct nta *item)
{
    struct nta *found = find(list, item->name);
    if (found == NULL && list->count == NTA_MAX) {
        return FAIL_LIMIT;
    }
    if (found == NULL) {
        unsigned place = 0;
        list->items = realloc(list->items, (list->count + 1) * sizeof(*list->items));
        if (list->items == NULL) {
            abort();
        }
        while (place < list->count && name_compare(list->items[place].name, item->name) < 0) {
            place++;
        }
        found = &list->items[place];
        memmove(found + 1, found, (list->count - place) * sizeof(*found));
        list->count++;
    }
    *found = *item;
    name_lower(found->name, found->name);
    return FAIL_NONE;
}

static void remove_at(struct ntas *list, struct nta *item)
{
    size_t behind = list->count - (size_t)(item - list->items) - 1;
    memmove(item, item + 1, behind * sizeof(*item));
    list->count--;
}

bool ntas_remove(struct ntas *list, const uint8_t *name)
{
    struct nta *found = find(list, name);
    if (found == NULL) {
        return false;
    }
    remove_at(list, found);
    return true;
}

unsigned ntas_expire(struct ntas *list, int64_t now, void (*gone)(void *ctx, const struct nta *item), void *ctx)
{
    unsigned before = list->count;
    for (unsigned i = 0; i < list->count;) {
        struct nta *item = &list->items[i];
        if (item->until > now && item->until - now <= NTA_LIFE_MAX) {
            i++;
            continue;
        }
        gone(ctx, item);
        remove_at(list, item);
    }
    return before - list->count;
}

int64_t ntas_next(const struct ntas *list)
{
    int64_t next = INT64_MAX;
    for (unsigned i = 0; i < list->count; i++) {
        next = list->items[i].until < next ? list->items[i].until : next;
    }
    return next;
}

void ntas_free(struct ntas *list)
{
    free(list->items);
    *list = (struct ntas){0};
}

/* ---- JSON ---- */

json_t *ntas_json(const struct ntas *list)
{
    json_t *all = json_array();
    for (unsigned i = 0; i < list->count; i++) {
        const struct nta *item = &list->items[i];
        char name[NAME_TEXT_SIZE];
        json_array_append_new(all, json_pack("{s:s, s:I, s:I, s:s}", "name", name_text(item->name, name), "since",
                                             (json_int_t)item->since, "until", (json_int_t)item->until, "reason",
                                             item->reason));
    }
    return all;
}

static bool read_item(const json_t *data, struct nta *out)
{
    const char *name = json_string_value(json_object_get(data, "name"));
    const char *reason = json_string_value(json_object_get(data, "reason"));
    const json_t *since = json_object_get(data, "since"), *until = json_object_get(data, "until");
    *out = (struct nta){.since = json_integer_value(since), .until = json_integer_value(until)};
    if (name == NULL || reason == NULL || strlen(reason) >= NTA_REASON_SIZE || !json_is_integer(since) ||
        !json_is_integer(until) || name_from_text(name, strlen(name), NULL, out->name) != FAIL_NONE) {
        return false;
    }
    memcpy(out->reason, reason, strlen(reason) + 1);
    return true;
}

bool ntas_from_json(struct ntas *list, const json_t *data)
{
    struct nta item;
    bool is_good = json_is_array(data);
    for (size_t i = 0; is_good && i < json_array_size(data); i++) {
        is_good = read_item(json_array_get(data, i), &item) && ntas_add(list, &item) == FAIL_NONE;
    }
    if (!is_good) {
        ntas_free(list);
    }
    return is_good;
}
