/* What the resolver remembers: RRsets, negative answers, delegations and failures, under TTL and trust rules. This
 * layer decides what may be stored and what is still good; where the bytes live is the backend's matter (memory.h for
 * tests and scenarios, disk.h for the daemon), so the core sees one small synchronous interface. A view belongs to one
 * thread. */
#ifndef CAIRN_CACHE_CACHE_H
#define CAIRN_CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/addr.h"
#include "resolver/base/arena.h"
#include "resolver/base/fail.h"
#include "resolver/dns/edns.h"
#include "resolver/dns/rrset.h"

/* Every name has up to these slots; ANSWER, FAILURE and PROOF have one per type. */
enum cache_slot {
    CACHE_ANSWER,     /* an RRset, or the proof that the type does not exist (NODATA) */
    CACHE_NXDOMAIN,   /* the proof that the name does not exist */
    CACHE_DELEGATION, /* the parent's NS set, its glue, DS or the proof that there is none: only for reaching the zone
                       */
    CACHE_FAILURE,    /* resolution of (name, type) failed a moment ago (RFC 9520) */
    CACHE_PROOF       /* validated NSEC or NSEC3 of the name; SOA: what the name, a zone, denies others by */
};

/* Ranking of data (RFC 2181 5.4.1), lowest first. A live entry is replaced only by one of at least its rank. */
enum trust {
    TRUST_NONE,          /* bogus: any other data is better */
    TRUST_REFERRAL,      /* parent-side NS, DS and glue; NXDOMAIN for a name that was asked on the way to another */
    TRUST_ANSWER,        /* answer section without AA */
    TRUST_AUTHORITATIVE, /* answer section with AA; SOA of a negative answer with AA */
    TRUST_VALIDATED
};

/* DNSSEC status (RFC 4033 5). UNCHECKED: nobody who wanted it validated has asked for it. A FAILURE that is BOGUS does
 * not count for those who do not want that. */
enum security { SECURITY_UNCHECKED, SECURITY_INDETERMINATE, SECURITY_INSECURE, SECURITY_SECURE, SECURITY_BOGUS };

struct cache_entry {
    const uint8_t *name; /* any case; stored in lower case */
    enum cache_slot slot;
    const uint8_t *zone; /* PROOF, NSEC and NSEC3: the zone whose record it is; else NULL */
    uint16_t type;       /* 0 for NXDOMAIN and DELEGATION */
    bool is_negative;    /* ANSWER slot: NODATA */
    enum trust trust;
    enum security security;
    uint64_t stored;    /* milliseconds of clock_now */
    uint64_t expires;   /* likewise; filled from the sets' TTLs and the clamps by cache_put, except for FAILURE */
    uint32_t epoch;     /* of the cache when the walk that found this began (cache_epoch) */
    struct addr source; /* server that said so; len 0: none */
    bool source_tcp;
    /* ANSWER: the one set, then proofs when a wildcard made it. NODATA, NXDOMAIN: SOA and proofs (NSEC, NSEC3).
     * DELEGATION: NS, then DS or proofs, then glue A and AAAA sets. FAILURE: NULL. PROOF: the one set; of SOA that, if
     * it is known, and one NSEC or NSEC3 as a sample of what the zone has. Their `expires` is set on a hit. */
    struct rrset *sets;
    /* DELEGATION: addresses that its sender cannot know better than others, because they lie outside its zone: the last
     * resort. Their `expires` is set on a hit. */
    struct rrset *foreign;
    /* DELEGATION: when the delegation of the zone above that gave it ends, and the labels of that zone's name. After
     * that it counts only while that zone has a live delegation again, or a zone that has been let go would live on in
     * those it made meanwhile. 0: it depends on none. */
    uint64_t backed_until;
    uint8_t backer_labels;
    uint8_t failures; /* FAILURE: how many in a row, for the back-off */
    /* FAILURE: what to tell the client. INSECURE: why, where clients are told; code 0: they are not. */
    struct ede error;
};

/* Limits of what is kept; durations in seconds. */
struct cache_policy {
    uint32_t min_ttl, max_ttl;
    uint32_t min_negative_ttl, max_negative_ttl;
    uint32_t max_entry_size; /* octets of one stored value; larger answers are not kept */
    uint16_t max_records;    /* per RRset; larger sets are answered but not kept */
};

/* A stored entry in place; `value` NULL: none. */
struct cache_stored {
    const uint8_t *key;
    size_t key_len;
    const uint8_t *value;
    size_t len;
    bool is_bare; /* by `get`, of none: no entry has this name at all. False where that was not to be had for nothing */
};

/* Where the bytes live. `get` points to a value that is valid until the backend is released. `put` takes a copy; a
 * store that is full or broken drops it, counts, and answers FAIL_STORE, which callers may ignore: the answer itself
 * never depends on it. */
struct cache_backend {
    void *ctx;
    int (*get)(void *ctx, const uint8_t *key, size_t key_len, struct cache_stored *out);
    int (*put)(void *ctx, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len);
    /* The entry with the greatest key that is not behind `key` and starts with the same `prefix_len` octets; valid as
     * that of `get`. Of what was put a moment ago some may be missing. */
    int (*get_before)(void *ctx, const uint8_t *key, size_t key_len, size_t prefix_len, struct cache_stored *out);
    uint32_t (*epoch)(void *ctx); /* grows whenever entries were flushed or contradicted */
    void (*note_bad)(void *ctx);  /* told of a value that failed its checks; may be NULL */
    void (*note_use)(void *ctx, const uint8_t *key, size_t key_len); /* see cache_touch; may be NULL */
};

/* A name in the form that keys begin with (key.h), for look-ups of several of its slots or of the names above it, all
 * in one step: what is stored meanwhile may be missed. */
#define CACHE_KEY_SIZE 511 /* octets of the longest key */
struct cache_name {
    size_t labels_len;
    bool is_bare; /* a look-up found that nothing has this name */
    uint8_t key[CACHE_KEY_SIZE];
};

void cache_name_set(struct cache_name *n, const uint8_t *name);

/* Goes on to the parent; the root is its own. */
void cache_name_rise(struct cache_name *n);

struct cache_view {
    struct cache_backend backend;
    const struct cache_policy *policy; /* the owner swaps it on reload */
};

/* Looks one slot up. `*hit` is NULL on a miss, else an entry in `a` that lives (its age is under its TTL), or that
 * expired at most `stale_ms` ago. FAIL_LIMIT: `a` is full. A value that fails its checksum or format is a miss. */
MUST_CHECK int cache_find(struct cache_view *v, enum cache_slot slot, const uint8_t *name, uint16_t type, uint64_t now,
                          uint64_t stale_ms, struct arena *a, const struct cache_entry **hit);

/* Likewise what is live. */
MUST_CHECK int cache_find_slot(struct cache_view *v, struct cache_name *n, enum cache_slot slot, uint16_t type,
                               uint64_t now, struct arena *a, const struct cache_entry **hit);

/* The delegation of the deepest zone at or above `name` that has a live one; NULL: none, start at the root hints.
 * For type DS the search starts at the parent of `name` (RFC 4035 5): pass name_parent. */
MUST_CHECK int cache_find_delegation(struct cache_view *v, const uint8_t *name, uint64_t now, struct arena *a,
                                     const struct cache_entry **hit);

/* The live NSEC or NSEC3 (`type`) of `zone` that is owned by `name` or else by the last name before it in canonical
 * order that is known; `name` is under `zone`. NSEC3 wrap around: before the first comes the last. */
MUST_CHECK int cache_find_proof(struct cache_view *v, const uint8_t *zone, uint16_t type, const uint8_t *name,
                                uint64_t now, struct arena *a, const struct cache_entry **hit);

/* Stores an entry under the trust rules above, with TTLs clamped to the policy: the sets' TTLs, the SOA minimum for
 * negative entries (RFC 2308 5), the smallest of NS and DS for a delegation; a live delegation keeps its expiry when
 * the same NS set comes again (a child or a refresh cannot extend it). TTL 0 is not stored, and a PROOF not again while
 * the same one lives for another half of its time. Results other than FAIL_NONE are for counters: FAIL_LIMIT (an RRset
 * of more than max_records), FAIL_SPACE (larger than max_entry_size), FAIL_MEMORY (`scratch` is full), FAIL_STORE
 * (backend refused or the epoch is old), FAIL_BUSY (a better entry lives). */
int cache_put(struct cache_view *v, const struct cache_entry *e, struct arena *scratch);

uint32_t cache_epoch(struct cache_view *v);

/* Counts a use of the entry of (name, slot, type), for one without a look-up here, so that eviction knows what is
 * popular: a flood of names asked once must not push out one whose ready answer keeps it from being looked up. A few
 * calls for each answer kept ready are enough. */
void cache_touch(struct cache_view *v, enum cache_slot slot, const uint8_t *name, uint16_t type);

/* The TTL in seconds that cache_put would give: for the answer to those who waited. */
uint32_t cache_clamp_ttl(const struct cache_policy *p, uint32_t ttl, bool is_negative);

#endif
