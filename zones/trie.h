/* A map from domain names to the structures that hold them: a qp-trie (a crit-bit trie with up to 48 branches a step)
 * over names read from the root downwards. One symbol stands for one common character, two for a rare one, and symbol 0
 * ends a label, so symbol order is the canonical order of names (RFC 4034 6.1) and a name's key starts with its
 * parent's.
 *
 * A step costs one array of 16-byte nodes, and nothing below a step depends on what is beside it: replacing one leaf by
 * copying needs new arrays only along its path. See docs/decisions/zone-tree.md.
 *
 * A leaf is a pointer to the octets of its name; callers keep the name inside their own structure and get back from one
 * to the other by its offset. */
#ifndef CAIRN_ZONES_TRIE_H
#define CAIRN_ZONES_TRIE_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "zones/blocks.h"

#define TRIE_SYMBOLS  48
#define TRIE_KEY_SIZE 512 /* one more than the symbols of any name: less than two per octet of NAME_SIZE */

struct trie_key {
    uint16_t len;
    uint8_t symbols[TRIE_KEY_SIZE];
};

void trie_key_from_name(struct trie_key *key, const uint8_t *name);

/* A step or a leaf, told apart by the highest bit of `word`. */
struct trie_node {
    uint64_t word; /* step: bit map of symbols and their offset in the key; leaf: its mark */
    union {
        struct trie_node *twigs;
        const uint8_t *leaf; /* NULL only in the root of an empty trie */
    } to;
};

struct trie {
    struct trie_node root;
    size_t count;
    struct trie_node *spare[TRIE_SYMBOLS + 1]; /* arrays given up by trie_add, by length */
};

/* Adds `leaf`, whose key is `key`, with memory from `blocks`; or finds the leaf of the same name that is there already.
 * The return value is the leaf in the trie, NULL when memory ran out. `mark` is for trie_walk. */
const uint8_t *trie_add(struct trie *t, struct blocks *blocks, const struct trie_key *key, const uint8_t *leaf,
                        unsigned mark);

/* The leaf of exactly this name, or NULL. */
const uint8_t *trie_find(const struct trie *t, const struct trie_key *key, const uint8_t *name);

/* Walks to the leaf nearest to the name and has it fetched from memory, for a look-up soon after. */
void trie_prefetch(const struct trie *t, const struct trie_key *key);

/* What lies around a name. */
struct trie_path {
    const uint8_t *nearest; /* the leaf that shares most labels with the name; NULL: the trie is empty */
    const uint8_t
        *highest; /* of the leaves with a mark that are the name or above it, the nearest to the root; or NULL */
    const uint8_t *deepest; /* of the same leaves, the farthest from the root; or NULL */
};
void trie_walk(const struct trie *t, const struct trie_key *key, const uint8_t *name, struct trie_path *out);

/* Calls `visit` for every leaf in canonical order until it returns non-zero, which is then returned; else 0. */
typedef int trie_visit(void *arg, const uint8_t *leaf);
int trie_each(const struct trie *t, trie_visit *visit, void *arg);

/* Fills the empty `to` with the shape of `from`, without slack; `move` says what becomes of each leaf and its mark, in
 * canonical order. FAIL_MEMORY when blocks or `move` (returning NULL) ran out. */
typedef const uint8_t *trie_move(void *arg, const uint8_t *leaf, unsigned *mark);
MUST_CHECK int trie_copy(struct trie *to, struct blocks *blocks, const struct trie *from, trie_move *move, void *arg);

#endif
