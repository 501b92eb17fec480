/* Ready answers of one worker: question -> whole message, so that a repeated question costs one hash and one copy. The
 * cache stays the truth; an entry here ends with the first TTL in it, with the cache's epoch, or when its place is
 * needed. Grows with what is in it up to a bound, by little steps; a hit allocates nothing. */
#ifndef CAIRN_SERVER_READY_H
#define CAIRN_SERVER_READY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/dns/msg.h"

struct ready;

/* At most `bytes` of memory, all in all; they are taken as far as needed. NULL when the system has no memory. */
struct ready *ready_new(size_t bytes);
void ready_free(struct ready *r);

/* Forgets all and gives the memory back. */
void ready_clear(struct ready *r);

/* Where the answers to (name, type) are looked for; `key` is the name in lower case. Never 0. */
uint64_t ready_hash(const uint8_t *key, size_t name_len, uint16_t type);

/* Tells that ready_find or ready_keep with this hash will follow soon: fetches from memory what it reads, in the
 * background. */
void ready_prefetch(struct ready *r, uint64_t hash);

/* Writes the answer to `q`, whose ready_hash is `hash`, at `now` into `out`, without OPT: id, RD, CD and AD, the
 * question's case and the TTLs are the asker's. Returns its octets, 0 when there is none that lives and fits `size`. */
size_t ready_find(struct ready *r, const struct request *q, uint64_t hash, uint32_t epoch, uint64_t now, uint8_t *out,
                  size_t size);

/* True, once for each item, when the answer that ready_find gave last should be renewed before it ends. */
bool ready_is_due(const struct ready *r);

/* How many times the answer that ready_find gave last has been given, itself included; stays at READY_HITS_MAX. */
#define READY_HITS_MAX 255
unsigned ready_hits(const struct ready *r);

/* Of the same answer: whether it begins with an alias. */
bool ready_is_alias(const struct ready *r);

/* A message just composed for `q`, whose ready_hash is `hash`, without OPT and not truncated. `marks` are its TTLs.
 * Kept only if at least one TTL ages and it is small enough. */
struct ready_message {
    const uint8_t *bytes;
    size_t len;
    const struct ttl_mark *marks;
    unsigned mark_count;
    bool is_secure;      /* AD is set for those who understand it (RFC 6840 5.7, 5.8) */
    bool is_alias;       /* it begins with a CNAME that was not asked for */
    uint64_t refresh_at; /* see ready_is_due; REFRESH_NEVER: not */
};
void ready_keep(struct ready *r, const struct request *q, uint64_t hash, uint32_t epoch, uint64_t now,
                const struct ready_message *m);

/* Drops the answers to (name, type): the cache has newer ones. */
void ready_forget(struct ready *r, const uint8_t *name, uint16_t type);

#endif
