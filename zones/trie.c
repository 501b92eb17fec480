/* Finding a name: at each step look at one symbol of the key and take its branch, or any branch when there is none; the
 * symbols between steps are not looked at. Of all leaves the one where this ends shares the longest prefix with the
 * key, so one comparison at the end says whether the name is there, and which of its labels are. */
#include "zones/trie.h"

#include <stdalign.h>
#include <stdbool.h>
#include <string.h>

#include "resolver/dns/name.h"

#define STEP_FLAG    ((uint64_t)1 << 63)
#define OFFSET_SHIFT 48
#define OFFSET_MASK  0x3ffu
#define BIT(symbol)  ((uint64_t)1 << (symbol))

/* The characters of host names, "_" and "*" have a symbol each. The octets between two of them share a first symbol;
 * the second, never 0, tells them apart. */
/* clang-format off */
static const uint8_t first_symbol[256] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 3, 4, 5, 5,
    6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16, 19, 20, 21, 22, 23, 24, 25,
    26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 16, 16, 16, 16, 17,
    18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
    42, 43, 44, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45,
    45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45,
    45, 45, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46,
    46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46,
    46, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47,
    47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47, 47,
};

static const uint8_t second_symbol[256] = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
    25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 0, 1, 2, 0, 1, 2,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 9, 10, 11, 0,
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45,
    46, 47, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46,
    47, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
    24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
};
/* clang-format on */

void trie_key_from_name(struct trie_key *key, const uint8_t *name)
{
    UNCLEARED uint8_t starts[NAME_LABELS];
    unsigned labels = 0;
    for (const uint8_t *at = name; *at != 0; at += *at + 1) {
        starts[labels++] = (uint8_t)(at - name);
    }
    uint8_t *out = key->symbols;
    while (labels > 0) {
        const uint8_t *label = name + starts[--labels];
        const uint8_t *end = label + *label;
        while (label < end) {
            /* The second is written in any case, and counts if it is one: no branch to be guessed wrong. */
            uint8_t octet = *++label;
            uint8_t second = second_symbol[octet];
            out[0] = first_symbol[octet];
            out[1] = second;
            out += 1 + (second != 0);
        }
        *out++ = 0;
    }
    key->len = (uint16_t)(out - key->symbols);
}

static unsigned key_symbol(const struct trie_key *key, unsigned offset)
{
    return offset < key->len ? key->symbols[offset] : 0;
}

static bool is_step(const struct trie_node *n)
{
    return (n->word & STEP_FLAG) != 0;
}

static unsigned step_offset(const struct trie_node *n)
{
    return (unsigned)(n->word >> OFFSET_SHIFT) & OFFSET_MASK;
}

/* Not the compiler's: without the instruction, which the oldest supported machines lack, that is a function call. */
static unsigned count_bits(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)(word * 0x0101010101010101u >> 56);
}

static unsigned step_twigs(const struct trie_node *n)
{
    return count_bits(n->word & (BIT(OFFSET_SHIFT) - 1));
}

/* Where the twig of `symbol` is, or belongs. */
static unsigned twig_index(const struct trie_node *n, unsigned symbol)
{
    return count_bits(n->word & (BIT(symbol) - 1));
}

static bool has_twig(const struct trie_node *n, unsigned symbol)
{
    return (n->word & BIT(symbol)) != 0;
}

static const uint8_t *nearest_leaf(const struct trie *t, const struct trie_key *key)
{
    const struct trie_node *n = &t->root;
    while (is_step(n)) {
        unsigned symbol = key_symbol(key, step_offset(n));
        n = n->to.twigs + (has_twig(n, symbol) ? twig_index(n, symbol) : 0);
    }
    return n->to.leaf;
}

const uint8_t *trie_find(const struct trie *t, const struct trie_key *key, const uint8_t *name)
{
    const uint8_t *leaf = nearest_leaf(t, key);
    return leaf != NULL && name_equal(leaf, name) ? leaf : NULL;
}

void trie_prefetch(const struct trie *t, const struct trie_key *key)
{
    const uint8_t *leaf = nearest_leaf(t, key);
    if (leaf != NULL) {
        __builtin_prefetch(leaf);
        __builtin_prefetch(leaf + 64);
    }
}

static void note_marked(const struct trie_node *n, const uint8_t *name, struct trie_path *out)
{
    if (n->word != 0 && name_is_under(name, n->to.leaf)) {
        out->deepest = n->to.leaf;
        if (out->highest == NULL) {
            out->highest = n->to.leaf;
        }
    }
}

/* A leaf above the name can only be branch 0 of a step at the start of a label: the keys of all other leaves of that
 * step go on where its own has ended. */
static bool is_label_start(const struct trie_key *key, unsigned offset)
{
    return offset == 0 || (offset < key->len && key->symbols[offset - 1] == 0);
}

void trie_walk(const struct trie *t, const struct trie_key *key, const uint8_t *name, struct trie_path *out)
{
    *out = (struct trie_path){0};
    const struct trie_node *n = &t->root;
    while (is_step(n)) {
        unsigned offset = step_offset(n);
        unsigned symbol = key_symbol(key, offset);
        const struct trie_node *twigs = n->to.twigs;
        if (symbol != 0 && has_twig(n, 0) && !is_step(&twigs[0]) && is_label_start(key, offset)) {
            note_marked(&twigs[0], name, out);
        }
        n = twigs + (has_twig(n, symbol) ? twig_index(n, symbol) : 0);
    }
    out->nearest = n->to.leaf;
    if (out->nearest != NULL) {
        note_marked(n, name, out);
    }
}

/* ---- Building ---- */

static struct trie_node *take_twigs(struct trie *t, struct blocks *blocks, unsigned count)
{
    struct trie_node *twigs = t->spare[count];
    if (twigs != NULL) {
        t->spare[count] = twigs->to.twigs;
        return twigs;
    }
    return blocks_take(blocks, count * sizeof(*twigs), alignof(struct trie_node));
}

static void give_up_twigs(struct trie *t, struct trie_node *twigs, unsigned count)
{
    twigs->to.twigs = t->spare[count];
    t->spare[count] = twigs;
}

static unsigned first_difference(const struct trie_key *a, const struct trie_key *b)
{
    unsigned i = 0;
    while (key_symbol(a, i) == key_symbol(b, i)) {
        i++;
    }
    return i;
}

/* Gives the step at `n` one branch more. */
static bool grow_step(struct trie *t, struct blocks *blocks, struct trie_node *n, unsigned symbol,
                      struct trie_node leaf)
{
    unsigned count = step_twigs(n);
    unsigned at = twig_index(n, symbol);
    struct trie_node *twigs = take_twigs(t, blocks, count + 1);
    if (twigs == NULL) {
        return false;
    }
    memcpy(twigs, n->to.twigs, at * sizeof(*twigs));
    twigs[at] = leaf;
    memcpy(twigs + at + 1, n->to.twigs + at, (count - at) * sizeof(*twigs));
    give_up_twigs(t, n->to.twigs, count);
    n->word |= BIT(symbol);
    n->to.twigs = twigs;
    return true;
}

/* Puts a new step above what is at `n`. */
static bool split(struct trie *t, struct blocks *blocks, struct trie_node *n, const unsigned symbols[2],
                  const struct trie_node *leaf, unsigned offset)
{
    struct trie_node *twigs = take_twigs(t, blocks, 2);
    if (twigs == NULL) {
        return false;
    }
    bool is_first = symbols[0] < symbols[1];
    twigs[is_first ? 0 : 1] = *leaf;
    twigs[is_first ? 1 : 0] = *n;
    n->word = STEP_FLAG | (uint64_t)offset << OFFSET_SHIFT | BIT(symbols[0]) | BIT(symbols[1]);
    n->to.twigs = twigs;
    return true;
}

const uint8_t *trie_add(struct trie *t, struct blocks *blocks, const struct trie_key *key, const uint8_t *leaf,
                        unsigned mark)
{
    struct trie_node added = {.word = mark, .to.leaf = leaf};
    const uint8_t *near = nearest_leaf(t, key);
    if (near == NULL) {
        t->root = added;
        t->count = 1;
        return leaf;
    }
    if (name_equal(near, leaf)) {
        return near;
    }
    struct trie_key near_key;
    trie_key_from_name(&near_key, near);
    unsigned offset = first_difference(key, &near_key);
    const unsigned symbols[2] = {key_symbol(key, offset), key_symbol(&near_key, offset)};
    struct trie_node *n = &t->root;
    while (is_step(n) && step_offset(n) < offset) {
        n = n->to.twigs + twig_index(n, key_symbol(key, step_offset(n)));
    }
    bool done = is_step(n) && step_offset(n) == offset ? grow_step(t, blocks, n, symbols[0], added)
                                                       : split(t, blocks, n, symbols, &added, offset);
    t->count += done;
    return done ? leaf : NULL;
}

/* ---- Going through all ---- */

/* Leaves that lie side by side here were made at different times and lie anywhere in memory: fetch them together. */
static void prefetch_twigs(const struct trie_node *n, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        __builtin_prefetch(n->to.twigs[i].to.leaf);
    }
}

static int each_below(const struct trie_node *n, trie_visit *visit, void *arg)
{
    if (!is_step(n)) {
        return visit(arg, n->to.leaf);
    }
    int stop = 0;
    unsigned count = step_twigs(n);
    prefetch_twigs(n, count);
    for (unsigned i = 0; i < count && stop == 0; i++) {
        stop = each_below(&n->to.twigs[i], visit, arg);
    }
    return stop;
}

int trie_each(const struct trie *t, trie_visit *visit, void *arg)
{
    return t->count == 0 ? 0 : each_below(&t->root, visit, arg);
}

struct copying {
    struct blocks *blocks;
    trie_move *move;
    void *arg;
};

static int copy_below(const struct copying *c, struct trie_node *to, const struct trie_node *from)
{
    to->word = from->word;
    if (!is_step(from)) {
        unsigned mark = (unsigned)from->word;
        to->to.leaf = c->move(c->arg, from->to.leaf, &mark);
        to->word = mark;
        return to->to.leaf != NULL ? FAIL_NONE : FAIL_MEMORY;
    }
    unsigned count = step_twigs(from);
    to->to.twigs = blocks_take(c->blocks, count * sizeof(*to), alignof(struct trie_node));
    if (to->to.twigs == NULL) {
        return FAIL_MEMORY;
    }
    int fail = FAIL_NONE;
    prefetch_twigs(from, count);
    for (unsigned i = 0; i < count && fail == FAIL_NONE; i++) {
        fail = copy_below(c, &to->to.twigs[i], &from->to.twigs[i]);
    }
    return fail;
}

int trie_copy(struct trie *to, struct blocks *blocks, const struct trie *from, trie_move *move, void *arg)
{
    const struct copying c = {.blocks = blocks, .move = move, .arg = arg};
    *to = (struct trie){.count = from->count};
    return from->count == 0 ? FAIL_NONE : copy_below(&c, &to->root, &from->root);
}
