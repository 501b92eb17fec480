/* What the writer's thread does with the environment: it commits batches of puts, removes ranges and evicts, and deals
 * with a map or disk that is full. An error of the disk makes it rest for a while, then try again. */
#ifndef CAIRN_CACHE_COMMIT_H
#define CAIRN_CACHE_COMMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cache/bare.h"
#include "cache/evict.h"
#include "cache/lmdb.h"
#include "cache/put.h"
#include "resolver/base/fail.h"

#define COMMIT_BATCH_MAX 1000

struct commit {
    struct lmdb *db;
    struct evict evict;
    unsigned batch_max;          /* puts of one transaction, by the size of the map */
    unsigned drops;              /* removals of one eviction step */
    unsigned waits;              /* for room, since a commit last succeeded */
    unsigned stuck_steps;        /* eviction steps in a row that found no room */
    uint64_t rest_ns;            /* the last rest; 0: all is well */
    uint64_t logged_at;          /* clock_ticks */
    bool is_logged;              /* the failure that writing rests for */
    _Atomic uint64_t rest_until; /* clock_ticks; 0: not resting */
    struct bare_log puts;        /* any thread reads */
    /* Since the start, for any thread to read. */
    _Atomic uint64_t written, lost, commits, expired, evicted, flushed, map_full, write_errors;
};

void commit_init(struct commit *c, struct lmdb *db, struct usage *usage);

/* True while writing rests. Any thread. */
bool commit_is_resting(const struct commit *c);

/* Writes the puts in one transaction, or none of them; sorts `batch`. They stay the caller's. */
void commit_puts(struct commit *c, struct put **batch, unsigned count);

/* Entries whose key starts with `prefix` and that have to do with `type` (key_is_covered), and all proofs of zones at
 * or above the name. */
struct removal {
    uint8_t prefix[KEY_SIZE];
    size_t prefix_len;
    size_t labels_len; /* octets of the prefix that are labels: the name */
    uint16_t type;
    uint64_t removed; /* so far */
};

/* FAIL_STORE: it could not be finished. */
MUST_CHECK int commit_removal(struct commit *c, struct removal *r);

/* Evicts if it is time, in proportion to `stored`, the puts of the last batch. */
void commit_evict(struct commit *c, unsigned stored);

/* There is more to evict at once. */
bool commit_is_evicting(const struct commit *c);

#endif
