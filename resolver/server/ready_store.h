/* The ready answers themselves, one behind the other in a ring that grows while most of it is in use. Once it has been
 * filled, the next round passes over the old items in their order: those that ended make room, those in use move up to
 * stay, and when the ring may not grow any more those that nobody asked for since the last round go too. Moves are few
 * at a time, in the order of addresses, and nothing is allocated or freed. */
#ifndef CAIRN_SERVER_READY_STORE_H
#define CAIRN_SERVER_READY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/region.h"
#include "resolver/server/ready_index.h"

#define READY_MARKS_MAX 64

/* A TTL in the message that ages. */
struct ready_mark {
    uint32_t later; /* milliseconds that its record lives longer than the first to go */
    uint16_t offset;
};

struct ready_item {
    uint64_t expires;     /* of the first record to go, in clock_now milliseconds */
    uint32_t renew_early; /* due for renewal so many milliseconds before that; 0: never */
    uint32_t epoch;
    uint32_t hash;
    uint16_t type;
    uint16_t len; /* of the message */
    uint8_t flags;
    uint8_t name_len;
    uint8_t mark_count;
    uint8_t hits;              /* each round of the ring halves them */
    struct ready_mark marks[]; /* then `len` octets of message, whose question is in lower case */
};

enum ready_flags {
    READY_LIVE = 1, /* the index refers to it */
    READY_DO = 2,   /* question flags that change the answer */
    READY_CD = 4,
    READY_SECURE = 8,
    READY_ALIAS = 16
};

struct ready_store {
    struct region memory;
    size_t max;  /* octets the ring may have */
    size_t size; /* octets it has */
    size_t at;   /* where the next item goes: those before it are of this round */
    size_t next; /* the first item of the round before that was not passed yet; nothing lies between */
    size_t end;  /* behind the last item of the round before */
    size_t live; /* octets of live items */
};

/* A ring of at most `max` octets. FAIL_MEMORY. */
MUST_CHECK int ready_store_init(struct ready_store *s, size_t max);
void ready_store_free(struct ready_store *s);

/* Empty again, and small. Whoever calls it clears the index too. */
void ready_store_clear(struct ready_store *s);

/* Octets of an item. */
size_t ready_item_size(unsigned marks, size_t len);

static inline uint8_t *ready_item_message(struct ready_item *i)
{
    return (uint8_t *)&i->marks[i->mark_count];
}

/* A place in the ring as the index has it. */
#define READY_ALIGN 8

static inline struct ready_item *ready_store_item(const struct ready_store *s, uint32_t ref)
{
    return (struct ready_item *)(void *)((char *)s->memory.at + (size_t)(ref - 1) * READY_ALIGN);
}

/* True when a new item would take the place of one that lives at `now`. */
bool ready_store_is_full(const struct ready_store *s, uint64_t now);

/* The place of a new item of `size` octets, which the caller fills; items that are passed may move or go, in `x` too.
 * What ended before `now` or belongs to an older epoch goes. 0: no room was found with reasonable effort; another time
 * there will be. */
uint32_t ready_store_place(struct ready_store *s, struct ready_index *x, size_t size, uint64_t now, uint32_t epoch);

/* The item's place may be used again. The index must not refer to it any more. */
void ready_store_drop(struct ready_store *s, struct ready_item *i);

#endif
