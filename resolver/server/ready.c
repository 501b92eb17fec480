#include "resolver/server/ready.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/base/hash.h"
#include "resolver/dns/name.h"
#include "resolver/dns/rrset.h"
#include "resolver/iterate/refresh.h"

enum {
    WAYS = 4,           /* places an entry may take */
    MESSAGE_MAX = 1232, /* what a UDP answer may have */
    MARKS_MAX = 64,
    AHEAD = 8,   /* prefetches of sets that are on their way before items of the first are fetched */
    LINE = 64,   /* octets of a line of the processor's cache */
    FLAG_DO = 1, /* question flags that change the answer */
    FLAG_CD = 2
};

struct item {
    uint64_t expires; /* of the first record to go */
    uint64_t refresh_at;
    uint32_t epoch;
    uint16_t type;
    uint16_t len;
    uint8_t flags;
    uint8_t name_len;
    uint8_t hits;
    bool is_secure;
    uint16_t mark_count;
    struct ttl_mark marks[]; /* then `len` bytes of message, whose question is in lower case */
};

struct slot {
    uint64_t hash;
    struct item *item;
};

_Static_assert(WAYS * sizeof(struct slot) == LINE, "a set is one line of the cache");

struct ready {
    struct slot *slots; /* at the start of a line */
    uint64_t ahead[AHEAD];
    unsigned ahead_at;
    size_t mask; /* sets - 1 */
    size_t bytes_left;
    unsigned hits; /* of the item found last */
    bool is_due;   /* likewise */
    unsigned turn; /* which way goes when a set is full */
};

struct ready *ready_new(size_t entries, size_t bytes)
{
    size_t sets = 1;
    while (sets * WAYS < entries) {
        sets *= 2;
    }
    struct ready *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return NULL;
    }
    r->slots = aligned_alloc(LINE, sets * LINE);
    if (r->slots == NULL) {
        free(r);
        return NULL;
    }
    memset(r->slots, 0, sets * LINE);
    r->mask = sets - 1;
    r->bytes_left = bytes;
    return r;
}

static size_t item_size(unsigned marks, size_t len)
{
    return sizeof(struct item) + marks * sizeof(struct ttl_mark) + len;
}

static uint8_t *item_message(struct item *i)
{
    return (uint8_t *)&i->marks[i->mark_count];
}

static uint8_t question_flags(const struct request *q)
{
    return (uint8_t)((q->edns.dnssec_ok ? FLAG_DO : 0) | ((q->flags & MSG_CD) != 0 ? FLAG_CD : 0));
}

/* What an item is for. */
struct ready_key {
    const uint8_t *name; /* lower case */
    uint8_t name_len;
    uint8_t flags;
    uint16_t type;
};

static struct ready_key key_of(const struct request *q)
{
    return (struct ready_key){.name = q->key, .name_len = q->name_len, .flags = question_flags(q), .type = q->type};
}

uint64_t ready_hash(const uint8_t *key, size_t name_len, uint16_t type)
{
    UNCLEARED uint8_t bytes[NAME_SIZE + 2];
    memcpy(bytes, key, name_len);
    memcpy(bytes + name_len, &type, sizeof(type));
    uint64_t hash = hash_bytes(bytes, name_len + sizeof(type));
    return hash != 0 ? hash : 1;
}

static struct slot *set_of(const struct ready *r, uint64_t hash)
{
    return &r->slots[(hash & r->mask) * WAYS];
}

/* Header and marks, and the message where answers are small. */
static void prefetch_items(const struct slot *set, uint64_t hash)
{
    for (unsigned w = 0; w < WAYS; w++) {
        if (set[w].hash == hash && set[w].item != NULL) {
            const char *at = (const char *)set[w].item;
            __builtin_prefetch(at);
            __builtin_prefetch(at + LINE);
            __builtin_prefetch(at + (size_t)2 * LINE);
        }
    }
}

/* The set's items cannot be fetched before it has arrived itself, so that is done when some more sets are on their way.
 */
void ready_prefetch(struct ready *r, uint64_t hash)
{
    uint64_t *ahead = &r->ahead[r->ahead_at++ % AHEAD];
    prefetch_items(set_of(r, *ahead), *ahead);
    __builtin_prefetch(set_of(r, hash));
    *ahead = hash;
}

static bool item_is_for(struct item *i, const struct ready_key *k)
{
    return i->type == k->type && i->flags == k->flags && i->name_len == k->name_len &&
           memcmp(item_message(i) + MSG_HEADER_SIZE, k->name, k->name_len) == 0;
}

static struct slot *find_slot(struct ready *r, uint64_t hash, const struct ready_key *k)
{
    struct slot *set = set_of(r, hash);
    for (unsigned w = 0; w < WAYS; w++) {
        if (set[w].hash == hash && set[w].item != NULL && item_is_for(set[w].item, k)) {
            return &set[w];
        }
    }
    return NULL;
}

static void drop(struct ready *r, struct slot *s)
{
    if (s->item != NULL) {
        r->bytes_left += item_size(s->item->mark_count, s->item->len);
        free(s->item);
        s->item = NULL;
    }
}

void ready_clear(struct ready *r)
{
    for (size_t i = 0; i < (r->mask + 1) * WAYS; i++) {
        drop(r, &r->slots[i]);
    }
}

void ready_free(struct ready *r)
{
    if (r == NULL) {
        return;
    }
    ready_clear(r);
    free(r->slots);
    free(r);
}

size_t ready_find(struct ready *r, const struct request *q, uint64_t hash, uint32_t epoch, uint64_t now, uint8_t *out,
                  size_t size)
{
    struct ready_key key = key_of(q);
    struct slot *s = find_slot(r, hash, &key);
    if (s == NULL) {
        return 0;
    }
    struct item *i = s->item;
    if (i->expires <= now || i->epoch != epoch) {
        drop(r, s);
        return 0;
    }
    if (i->len > size) {
        return 0;
    }
    memcpy(out, item_message(i), i->len);
    wire_put_u16(out, q->id);
    uint16_t kept = (uint16_t)(wire_get_u16(out + 2) & ~(MSG_RD | MSG_CD | MSG_AD));
    uint16_t ad = i->is_secure && request_wants_ad(q) ? MSG_AD : 0;
    wire_put_u16(out + 2, (uint16_t)(kept | ad | (q->flags & (MSG_RD | MSG_CD))));
    memcpy(out + MSG_HEADER_SIZE, q->name, q->name_len);
    for (unsigned m = 0; m < i->mark_count; m++) {
        if (i->marks[m].expires != 0) {
            wire_put_u32(out + i->marks[m].offset, ttl_left(i->marks[m].expires, now));
        }
    }
    if (i->hits < READY_HITS_MAX) {
        i->hits++;
    }
    r->hits = i->hits;
    r->is_due = now >= i->refresh_at;
    if (r->is_due) {
        i->refresh_at = REFRESH_NEVER;
    }
    return i->len;
}

bool ready_is_due(const struct ready *r)
{
    return r->is_due;
}

unsigned ready_hits(const struct ready *r)
{
    return r->hits;
}

/* The way to use for a new entry: its own old one, a free one, else the next in turn. Whether the others are dead is
 * not looked at: where entries are replaced all the time, each look would wait for memory. */
static struct slot *choose_slot(struct ready *r, uint64_t hash, const struct ready_key *k)
{
    struct slot *own = find_slot(r, hash, k);
    if (own != NULL) {
        return own;
    }
    struct slot *set = set_of(r, hash);
    for (unsigned w = 0; w < WAYS; w++) {
        if (set[w].item == NULL) {
            return &set[w];
        }
    }
    return &set[r->turn++ % WAYS];
}

static uint64_t first_expiry(const struct ready_message *m)
{
    uint64_t first = 0;
    for (unsigned i = 0; i < m->mark_count; i++) {
        uint64_t e = m->marks[i].expires;
        if (e != 0 && (first == 0 || e < first)) {
            first = e;
        }
    }
    return first;
}

void ready_keep(struct ready *r, const struct request *q, uint32_t epoch, uint64_t now, const struct ready_message *m)
{
    uint64_t expires = first_expiry(m);
    if (expires <= now || m->len > MESSAGE_MAX || m->mark_count > MARKS_MAX) {
        return;
    }
    struct ready_key key = key_of(q);
    uint64_t hash = ready_hash(key.name, key.name_len, key.type);
    struct slot *s = choose_slot(r, hash, &key);
    drop(r, s);
    size_t size = item_size(m->mark_count, m->len);
    struct item *i = size <= r->bytes_left ? malloc(size) : NULL;
    if (i == NULL) {
        return;
    }
    *i = (struct item){.expires = expires,
                       .refresh_at = m->refresh_at,
                       .epoch = epoch,
                       .type = q->type,
                       .len = (uint16_t)m->len,
                       .flags = key.flags,
                       .name_len = q->name_len,
                       .is_secure = m->is_secure,
                       .mark_count = (uint16_t)m->mark_count};
    memcpy(i->marks, m->marks, m->mark_count * sizeof(*m->marks));
    memcpy(item_message(i), m->bytes, m->len);
    memcpy(item_message(i) + MSG_HEADER_SIZE, q->key, q->name_len);
    r->bytes_left -= size;
    s->hash = hash;
    s->item = i;
}

void ready_forget(struct ready *r, const uint8_t *name, uint16_t type)
{
    uint8_t lower[NAME_SIZE];
    struct ready_key key = {.name = lower, .type = type};
    key.name_len = (uint8_t)name_lower(lower, name);
    uint64_t hash = ready_hash(key.name, key.name_len, key.type);
    for (key.flags = 0; key.flags <= (FLAG_DO | FLAG_CD); key.flags++) {
        struct slot *s = find_slot(r, hash, &key);
        if (s != NULL) {
            drop(r, s);
        }
    }
}
