/* RRsets: all records of one owner, class IN and type, with their signatures (RFC 2181 5). Plain data; memory belongs
 * to the arena or snapshot it was built in. */
#ifndef CAIRN_DNS_RRSET_H
#define CAIRN_DNS_RRSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/base/fail.h"

/* Packed RDATA: `count` times a 16-bit length (host order, unaligned) and that many octets, names uncompressed. */
struct rdatas {
    const uint8_t *bytes;
    uint32_t len;
    uint16_t count;
};

struct rrset {
    const uint8_t *owner; /* case as received */
    uint16_t type;
    uint32_t ttl;     /* seconds; the smallest of the records' */
    uint64_t expires; /* clock_now milliseconds; 0: does not age (own zone data) */
    struct rdatas data;
    struct rdatas sigs; /* RDATA of the RRSIGs that cover this set; count 0 when unsigned */
    struct rrset *next; /* in a section */
};

/* One RDATA in place. */
struct rdata_view {
    const uint8_t *bytes;
    uint16_t len;
};

/* Steps through packed RDATA: `at` starts at 0 and is moved on; false at the end. */
bool rdatas_next(const struct rdatas *set, size_t *at, struct rdata_view *out);

/* The first RDATA; the set must not be empty. */
struct rdata_view rdatas_first(const struct rdatas *set);

/* Keeps the first `count` RDATA, no more. */
void rdatas_shorten(struct rdatas *set, unsigned count);

/* Appends one RDATA to packed bytes at `out` (room for len + 2 must exist); returns the octets written. */
size_t rdatas_pack(uint8_t *out, const void *rdata, uint16_t len);

/* A deep copy in `a`; NULL when the arena refuses. `next` is NULL. */
struct rrset *rrset_copy(struct arena *a, const struct rrset *set);

/* A new set with one RDATA. NULL when the arena refuses. */
struct rrset *rrset_single(struct arena *a, const uint8_t *owner, uint16_t type, uint32_t ttl, struct rdata_view rdata);

/* First set of (owner, type) in a section list, or NULL. */
struct rrset *rrset_find(struct rrset *list, const uint8_t *owner, uint16_t type);

/* Appends `set` to the list at `head`. */
void rrset_append(struct rrset **head, struct rrset *set);

/* Seconds to send for what ends at `expires`, which is not before `now`: the rest to the nearest second, at least 1. */
static inline uint32_t ttl_left(uint64_t expires, uint64_t now)
{
    uint64_t left = (expires - now + 500) / 1000;
    return left > 0 ? (uint32_t)left : 1;
}

/* The TTL to send at `now`: ttl_left, but no more than `ttl`, and `ttl` itself for sets that do not age or TTL 0. */
uint32_t rrset_ttl_at(const struct rrset *set, uint64_t now);

#endif
