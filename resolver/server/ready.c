#include "resolver/server/ready.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/base/hash.h"
#include "resolver/dns/name.h"
#include "resolver/dns/rrset.h"
#include "resolver/server/ready_index.h"
#include "resolver/server/ready_store.h"

enum {
    MESSAGE_MAX = 1232, /* what a UDP answer may have */
    AHEAD = 8,          /* prefetches of sets that are on their way before items of the first are fetched */
    LINE = 64,          /* octets of a line of the processor's cache */
    INDEX_SHARE = 5,    /* the index has a fifth of the memory: as much as small answers need */
    ADMITTED = 4        /* one in so many is let in where it takes the place of another */
};

struct ready {
    struct ready_store store;
    struct ready_index index;
    uint32_t ahead[AHEAD];
    unsigned ahead_at;
    unsigned hits; /* of the item found last */
    bool is_due;   /* likewise */
    bool is_alias; /* likewise */
    unsigned turn; /* of those who would take the place of another */
};

struct ready *ready_new(size_t bytes)
{
    struct ready *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return NULL;
    }
    if (ready_index_init(&r->index, bytes / INDEX_SHARE) != FAIL_NONE ||
        ready_store_init(&r->store, bytes - bytes / INDEX_SHARE) != FAIL_NONE) {
        ready_free(r);
        return NULL;
    }
    return r;
}

void ready_clear(struct ready *r)
{
    ready_index_clear(&r->index);
    ready_store_clear(&r->store);
}

void ready_free(struct ready *r)
{
    if (r == NULL) {
        return;
    }
    ready_index_free(&r->index);
    ready_store_free(&r->store);
    free(r);
}

static uint8_t question_flags(const struct request *q)
{
    return (uint8_t)((q->edns.dnssec_ok ? READY_DO : 0) | ((q->flags & MSG_CD) != 0 ? READY_CD : 0));
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

/* Header and marks, and the message where answers are small. */
static void prefetch_items(const struct ready *r, uint32_t hash)
{
    const struct ready_slot *set = ready_index_set(&r->index, hash);
    for (unsigned w = 0; w < READY_WAYS; w++) {
        if (set[w].hash == hash && set[w].ref != 0) {
            const char *at = (const char *)ready_store_item(&r->store, set[w].ref);
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
    uint32_t *ahead = &r->ahead[r->ahead_at++ % AHEAD];
    prefetch_items(r, *ahead);
    *ahead = (uint32_t)hash;
    __builtin_prefetch(ready_index_set(&r->index, *ahead));
}

static bool item_is_for(struct ready_item *i, const struct ready_key *k)
{
    return i->type == k->type && i->name_len == k->name_len && (i->flags & (READY_DO | READY_CD)) == k->flags &&
           memcmp(ready_item_message(i) + MSG_HEADER_SIZE, k->name, k->name_len) == 0;
}

static struct ready_slot *find_slot(const struct ready *r, uint32_t hash, const struct ready_key *k)
{
    struct ready_slot *set = ready_index_set(&r->index, hash);
    for (unsigned w = 0; w < READY_WAYS; w++) {
        if (set[w].hash == hash && set[w].ref != 0 && item_is_for(ready_store_item(&r->store, set[w].ref), k)) {
            return &set[w];
        }
    }
    return NULL;
}

static void drop(struct ready *r, struct ready_slot *s)
{
    ready_store_drop(&r->store, ready_store_item(&r->store, s->ref));
    ready_index_release(&r->index, s);
}

size_t ready_find(struct ready *r, const struct request *q, uint64_t hash, uint32_t epoch, uint64_t now, uint8_t *out,
                  size_t size)
{
    struct ready_key key = key_of(q);
    struct ready_slot *s = find_slot(r, (uint32_t)hash, &key);
    if (s == NULL) {
        return 0;
    }
    struct ready_item *i = ready_store_item(&r->store, s->ref);
    if (i->expires <= now || i->epoch != epoch) {
        drop(r, s);
        return 0;
    }
    if (i->len > size) {
        return 0;
    }
    memcpy(out, ready_item_message(i), i->len);
    wire_put_u16(out, q->id);
    uint16_t kept = (uint16_t)(wire_get_u16(out + 2) & ~(MSG_RD | MSG_CD | MSG_AD));
    uint16_t ad = (i->flags & READY_SECURE) != 0 && request_wants_ad(q) ? MSG_AD : 0;
    wire_put_u16(out + 2, (uint16_t)(kept | ad | (q->flags & (MSG_RD | MSG_CD))));
    memcpy(out + MSG_HEADER_SIZE, q->name, q->name_len);
    for (unsigned m = 0; m < i->mark_count; m++) {
        wire_put_u32(out + i->marks[m].offset, ttl_left(i->expires + i->marks[m].later, now));
    }
    if (i->hits < READY_HITS_MAX) {
        i->hits++;
    }
    r->hits = i->hits;
    r->is_alias = (i->flags & READY_ALIAS) != 0;
    r->is_due = i->renew_early != 0 && i->expires - now <= i->renew_early;
    if (r->is_due) {
        i->renew_early = 0;
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

bool ready_is_alias(const struct ready *r)
{
    return r->is_alias;
}

/* Not each answer that comes by may replace another: where there are more names than places, most would be gone again
 * before they are asked for. */
static bool is_admitted(struct ready *r)
{
    return r->turn++ % ADMITTED == 0;
}

/* A free slot for a new entry. NULL: none, and the entry is not let in. */
static struct ready_slot *make_room(struct ready *r, uint32_t hash)
{
    struct ready_slot *set = ready_index_set(&r->index, hash);
    for (unsigned w = 0; w < READY_WAYS; w++) {
        if (set[w].ref == 0) {
            return &set[w];
        }
    }
    if (!is_admitted(r)) {
        return NULL;
    }
    struct ready_slot *victim = &set[r->turn / ADMITTED % READY_WAYS];
    drop(r, victim);
    return victim;
}

/* The TTLs of a message that age. */
struct lives {
    uint64_t first, last; /* when the records end */
    unsigned count;
};

static struct lives lives_of(const struct ready_message *m)
{
    struct lives l = {.first = UINT64_MAX};
    for (unsigned i = 0; i < m->mark_count; i++) {
        uint64_t e = m->marks[i].expires;
        if (e != 0) {
            l.first = e < l.first ? e : l.first;
            l.last = e > l.last ? e : l.last;
            l.count++;
        }
    }
    return l;
}

static bool is_keepable(const struct ready_message *m, const struct lives *l, uint64_t now)
{
    return l->count > 0 && l->count <= READY_MARKS_MAX && l->first > now && l->last - l->first <= UINT32_MAX &&
           m->len <= MESSAGE_MAX;
}

static uint32_t renew_early(const struct ready_message *m, uint64_t expires)
{
    uint64_t early = m->refresh_at < expires ? expires - m->refresh_at : 0;
    return early < UINT32_MAX ? (uint32_t)early : UINT32_MAX;
}

static unsigned message_flags(const struct ready_message *m)
{
    return (m->is_secure ? READY_SECURE : 0u) | (m->is_alias ? READY_ALIAS : 0u);
}

static void write_item(struct ready_item *i, const struct request *q, const struct ready_message *m)
{
    struct ready_mark *mark = i->marks;
    for (unsigned n = 0; n < m->mark_count; n++) {
        if (m->marks[n].expires != 0) {
            *mark++ = (struct ready_mark){.later = (uint32_t)(m->marks[n].expires - i->expires),
                                          .offset = m->marks[n].offset};
        }
    }
    memcpy(ready_item_message(i), m->bytes, m->len);
    memcpy(ready_item_message(i) + MSG_HEADER_SIZE, q->key, q->name_len);
}

void ready_keep(struct ready *r, const struct request *q, uint64_t hash, uint32_t epoch, uint64_t now,
                const struct ready_message *m)
{
    struct lives lives = lives_of(m);
    if (!is_keepable(m, &lives, now) || (ready_store_is_full(&r->store, now) && !is_admitted(r))) {
        return;
    }
    struct ready_key key = key_of(q);
    struct ready_slot *s = find_slot(r, (uint32_t)hash, &key);
    if (s != NULL) {
        drop(r, s);
    }
    s = s != NULL ? s : make_room(r, (uint32_t)hash);
    size_t size = ready_item_size(lives.count, m->len);
    uint32_t ref = s != NULL ? ready_store_place(&r->store, &r->index, size, now, epoch) : 0;
    if (ref == 0) {
        return;
    }
    struct ready_item *i = ready_store_item(&r->store, ref);
    *i = (struct ready_item){.expires = lives.first,
                             .renew_early = renew_early(m, lives.first),
                             .epoch = epoch,
                             .hash = (uint32_t)hash,
                             .type = q->type,
                             .len = (uint16_t)m->len,
                             .flags = (uint8_t)(READY_LIVE | key.flags | message_flags(m)),
                             .name_len = q->name_len,
                             .mark_count = (uint8_t)lives.count};
    write_item(i, q, m);
    ready_index_fill(&r->index, s, (uint32_t)hash, ref);
}

void ready_forget(struct ready *r, const uint8_t *name, uint16_t type)
{
    static const uint8_t flags[] = {0, READY_DO, READY_CD, READY_DO | READY_CD};
    uint8_t lower[NAME_SIZE];
    struct ready_key key = {.name = lower, .type = type};
    key.name_len = (uint8_t)name_lower(lower, name);
    uint32_t hash = (uint32_t)ready_hash(key.name, key.name_len, key.type);
    for (size_t f = 0; f < sizeof(flags); f++) {
        key.flags = flags[f];
        struct ready_slot *s = find_slot(r, hash, &key);
        if (s != NULL) {
            drop(r, s);
        }
    }
}
