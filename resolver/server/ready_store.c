#include "resolver/server/ready_store.h"

#include <stdalign.h>
#include <string.h>

enum {
    STEP = 64 * 1024, /* octets the ring grows by */
    PASSED_MAX = 16   /* old items that one new one passes at most */
};

_Static_assert(alignof(struct ready_item) == READY_ALIGN, "items are aligned");

int ready_store_init(struct ready_store *s, size_t max)
{
    const size_t refs_max = (size_t)UINT32_MAX * READY_ALIGN;
    *s = (struct ready_store){.max = max < refs_max ? max : refs_max};
    return region_reserve(&s->memory, s->max);
}

void ready_store_free(struct ready_store *s)
{
    region_free(&s->memory);
}

void ready_store_clear(struct ready_store *s)
{
    region_clear(&s->memory);
    s->size = s->at = s->next = s->end = s->live = 0;
}

size_t ready_item_size(unsigned marks, size_t len)
{
    size_t size = offsetof(struct ready_item, marks) + marks * sizeof(struct ready_mark) + len;
    return (size + READY_ALIGN - 1) / READY_ALIGN * READY_ALIGN;
}

static size_t size_of(const struct ready_item *i)
{
    return ready_item_size(i->mark_count, i->len);
}

static struct ready_item *item_at(const struct ready_store *s, size_t place)
{
    return (struct ready_item *)(void *)((char *)s->memory.at + place);
}

static uint32_t ref_of(size_t place)
{
    return (uint32_t)(place / READY_ALIGN + 1);
}

/* A quarter of the ring is left to items that have ended: with less, too many would have to move for each new one. */
static bool is_mostly_live(const struct ready_store *s)
{
    return s->live > s->size - s->size / 4;
}

static bool is_at_bound(const struct ready_store *s)
{
    return s->size >= s->max && is_mostly_live(s);
}

bool ready_store_is_full(const struct ready_store *s, uint64_t now)
{
    return is_at_bound(s) && s->next < s->end && item_at(s, s->next)->expires > now;
}

static bool grow(struct ready_store *s)
{
    size_t more = s->max - s->size < STEP ? s->max - s->size : STEP;
    if (more == 0 || !region_grow(&s->memory, s->size + more)) {
        return false;
    }
    s->size += more;
    return true;
}

static void begin_round(struct ready_store *s)
{
    s->end = s->at;
    s->at = s->next = 0;
}

void ready_store_drop(struct ready_store *s, struct ready_item *i)
{
    i->flags &= (uint8_t)~READY_LIVE;
    s->live -= size_of(i);
}

/* Whether an item of the round before is worth its place in this one. */
static bool is_kept(const struct ready_store *s, const struct ready_item *i, uint64_t now, uint32_t epoch)
{
    return i->expires > now && i->epoch >= epoch && (i->hits > 0 || !is_at_bound(s));
}

/* The next item of the round before moves up to those of this one, or goes. */
static void pass_one(struct ready_store *s, struct ready_index *x, uint64_t now, uint32_t epoch)
{
    struct ready_item *i = item_at(s, s->next);
    size_t size = size_of(i);
    if ((i->flags & READY_LIVE) != 0) {
        struct ready_slot *slot = ready_index_slot(x, i->hash, ref_of(s->next));
        if (is_kept(s, i, now, epoch)) {
            i->hits /= 2;
            slot->ref = ref_of(s->at);
            memmove(item_at(s, s->at), i, size);
            s->at += size;
        } else {
            ready_index_release(x, slot);
            s->live -= size;
        }
    }
    s->next += size;
}

/* The slots of the items that will be passed next are far in memory: has them come while others are worked on. */
static void prefetch_next(const struct ready_store *s, const struct ready_index *x)
{
    if (s->next < s->end) {
        __builtin_prefetch(ready_index_set(x, item_at(s, s->next)->hash), 1);
    }
}

uint32_t ready_store_place(struct ready_store *s, struct ready_index *x, size_t size, uint64_t now, uint32_t epoch)
{
    for (unsigned passed = 0; (s->next < s->end ? s->next : s->size) - s->at < size;) {
        if (s->next < s->end) {
            if (passed++ == PASSED_MAX) {
                return 0;
            }
            pass_one(s, x, now, epoch);
        } else if ((s->at > 0 && !is_mostly_live(s)) || !grow(s)) {
            if (s->at == 0) {
                return 0;
            }
            begin_round(s);
        }
    }
    prefetch_next(s, x);
    uint32_t ref = ref_of(s->at);
    s->at += size;
    s->live += size;
    return ref;
}
