#include "resolver/dns/rrset.h"

#include <string.h>

#include "resolver/dns/name.h"

bool rdatas_next(const struct rdatas *set, size_t *at, struct rdata_view *out)
{
    if (*at >= set->len) {
        return false;
    }
    memcpy(&out->len, set->bytes + *at, sizeof(out->len));
    out->bytes = set->bytes + *at + sizeof(out->len);
    *at += sizeof(out->len) + out->len;
    return true;
}

struct rdata_view rdatas_first(const struct rdatas *set)
{
    struct rdata_view view = {0};
    size_t at = 0;
    rdatas_next(set, &at, &view);
    return view;
}

void rdatas_shorten(struct rdatas *set, unsigned count)
{
    struct rdata_view rdata;
    size_t at = 0;
    if (set->count > count) {
        for (unsigned i = 0; i < count && rdatas_next(set, &at, &rdata); i++) {
        }
        set->count = (uint16_t)count;
        set->len = (uint32_t)at;
    }
}

size_t rdatas_pack(uint8_t *out, const void *rdata, uint16_t len)
{
    memcpy(out, &len, sizeof(len));
    if (len > 0) {
        memcpy(out + sizeof(len), rdata, len);
    }
    return sizeof(len) + len;
}

static bool copy_rdatas(struct arena *a, const struct rdatas *from, struct rdatas *to)
{
    *to = *from;
    if (from->len > 0) {
        to->bytes = arena_copy(a, from->bytes, from->len);
    }
    return from->len == 0 || to->bytes != NULL;
}

struct rrset *rrset_copy(struct arena *a, const struct rrset *set)
{
    struct rrset *copy = arena_copy(a, set, sizeof(*set));
    if (copy == NULL) {
        return NULL;
    }
    copy->next = NULL;
    copy->owner = arena_copy(a, set->owner, name_len(set->owner));
    if (copy->owner == NULL || !copy_rdatas(a, &set->data, &copy->data) || !copy_rdatas(a, &set->sigs, &copy->sigs)) {
        return NULL;
    }
    return copy;
}

struct rrset *rrset_single(struct arena *a, const uint8_t *owner, uint16_t type, uint32_t ttl, struct rdata_view rdata)
{
    struct rrset *set = arena_take(a, sizeof(*set));
    uint8_t *bytes = arena_take(a, sizeof(rdata.len) + rdata.len);
    uint8_t *name = arena_copy(a, owner, name_len(owner));
    if (set == NULL || bytes == NULL || name == NULL) {
        return NULL;
    }
    set->owner = name;
    set->type = type;
    set->ttl = ttl;
    set->data.bytes = bytes;
    set->data.len = (uint32_t)rdatas_pack(bytes, rdata.bytes, rdata.len);
    set->data.count = 1;
    return set;
}

struct rrset *rrset_find(struct rrset *list, const uint8_t *owner, uint16_t type)
{
    while (list != NULL && (list->type != type || !name_equal(list->owner, owner))) {
        list = list->next;
    }
    return list;
}

void rrset_append(struct rrset **head, struct rrset *set)
{
    while (*head != NULL) {
        head = &(*head)->next;
    }
    *head = set;
}

uint32_t rrset_ttl_at(const struct rrset *set, uint64_t now)
{
    if (set->expires == 0 || set->ttl == 0) {
        return set->ttl;
    }
    if (set->expires <= now) {
        return 1;
    }
    uint32_t left = ttl_left(set->expires, now);
    return left < set->ttl ? left : set->ttl;
}
