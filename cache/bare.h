/* Names that nothing is stored for. A walk for a new name meets it and those above it again and again: it looks for
 * answers, climbs to a delegation, and, a round trip later, holds what it learnt against what is stored. So each view
 * remembers the last names that it found bare, and the writer logs which names it puts something under: what was bare
 * and had no put since still is. Both are tables of fixed size whose collisions cost a look-up in the environment, and
 * never hide an entry. */
#ifndef CAIRN_CACHE_BARE_H
#define CAIRN_CACHE_BARE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- The writer's log: one thread writes, all read ---- */

#define BARE_LOG_SIZE 8192 /* many times the puts of one round trip to a server */

struct bare_log {
    _Atomic uint64_t committed;           /* batches */
    _Atomic uint64_t puts[BARE_LOG_SIZE]; /* by the hash of a name: the last batch that had a put of it */
};

/* The batch that is being written has a put of the name with that hash (key_name_hash). Before its commit. */
void bare_log_put(struct bare_log *l, uint64_t name_hash);

/* The batch was committed. */
void bare_log_commit(struct bare_log *l);

/* A moment for bare_add; a snapshot that is taken after this call shows all that was put until then. */
uint64_t bare_log_now(const struct bare_log *l);

/* ---- A view's names: one thread ---- */

enum { BARE_NAMES = 1024, BARE_LABELS = 55 };

struct bare_name {
    uint64_t moment;
    uint8_t len; /* of the labels; 0: none */
    uint8_t labels[BARE_LABELS];
};

struct bare_names {
    uint16_t tags[BARE_NAMES]; /* other bits of the hashes: they tell what is not here without a wait for memory */
    struct bare_name names[BARE_NAMES]; /* by the hash of the name */
};

/* Nothing was stored at that moment for the name whose keys begin with `labels` (key.h) and have that hash. Long names
 * and the root are not remembered. */
void bare_add(struct bare_names *b, const uint8_t *labels, size_t len, uint64_t name_hash, uint64_t moment);

/* True when nothing is stored for the name still; false when that is not known. */
bool bare_has(const struct bare_names *b, const struct bare_log *l, const uint8_t *labels, size_t len,
              uint64_t name_hash);

#endif
