#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "zone_text.h"
#include "zones/blocks.h"
#include "zones/trie.h"

enum { NAMES = 3000 };

static uint8_t names[NAMES][NAME_SIZE];
static unsigned marks[NAMES];
static size_t count;

static unsigned random_below(unsigned bound)
{
    static uint32_t state = 12345;
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % bound;
}

/* Names that share labels, and labels that share prefixes, also with octets that host names do not have. */
static void random_name(uint8_t out[NAME_SIZE])
{
    static const uint8_t octets[] = {'a',  'b', 'B', '0', '-',  '_',  '*',  0,   1,
                                     0x2b, '@', '[', '`', 0x7f, 0xa9, 0xaa, 0xff};
    uint8_t *at = out;
    for (unsigned labels = random_below(5); labels > 0; labels--) {
        uint8_t len = (uint8_t)(1 + random_below(3));
        *at++ = len;
        while (len-- > 0) {
            *at++ = octets[random_below(sizeof(octets))];
        }
    }
    *at = 0;
}

static const uint8_t *model_find(const uint8_t *name)
{
    for (size_t i = 0; i < count; i++) {
        if (name_equal(names[i], name)) {
            return names[i];
        }
    }
    return NULL;
}

static void fill(struct trie *t, struct blocks *blocks)
{
    count = 0;
    for (unsigned i = 0; i < NAMES; i++) {
        struct trie_key key;
        random_name(names[count]);
        marks[count] = random_below(10) == 0;
        trie_key_from_name(&key, names[count]);
        const uint8_t *before = model_find(names[count]);
        const uint8_t *leaf = trie_add(t, blocks, &key, names[count], marks[count]);
        assert_ptr_equal(leaf, before != NULL ? before : names[count]);
        count += before == NULL;
    }
    assert_int_equal(t->count, count);
}

static void every_name_added_is_found_and_no_other(void **state)
{
    (void)state;
    struct trie t = {.count = 0};
    struct blocks blocks = {.size = 0};
    fill(&t, &blocks);
    for (unsigned i = 0; i < NAMES; i++) {
        uint8_t name[NAME_SIZE];
        struct trie_key key;
        random_name(name);
        trie_key_from_name(&key, name);
        assert_ptr_equal(trie_find(&t, &key, name), model_find(name));
    }
    blocks_free(&blocks);
}

static unsigned model_common_labels(const uint8_t *name)
{
    unsigned best = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned common = name_common_labels(names[i], name);
        best = common > best ? common : best;
    }
    return best;
}

static const uint8_t *model_marked(const uint8_t *name, bool deepest)
{
    const uint8_t *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (marks[i] != 0 && name_is_under(name, names[i]) &&
            (best == NULL || (name_labels(names[i]) > name_labels(best)) == deepest)) {
            best = names[i];
        }
    }
    return best;
}

static void a_walk_finds_the_nearest_leaf_and_the_marked_ones_above(void **state)
{
    (void)state;
    struct trie t = {.count = 0};
    struct blocks blocks = {.size = 0};
    fill(&t, &blocks);
    for (unsigned i = 0; i < NAMES; i++) {
        uint8_t name[NAME_SIZE];
        struct trie_key key;
        struct trie_path path;
        random_name(name);
        trie_key_from_name(&key, name);
        trie_walk(&t, &key, name, &path);
        assert_int_equal(name_common_labels(path.nearest, name), model_common_labels(name));
        assert_ptr_equal(path.highest, model_marked(name, false));
        assert_ptr_equal(path.deepest, model_marked(name, true));
    }
    blocks_free(&blocks);
}

struct listing {
    const uint8_t *leaves[NAMES];
    size_t count;
};

static int list_leaf(void *arg, const uint8_t *leaf)
{
    struct listing *l = arg;
    l->leaves[l->count++] = leaf;
    return 0;
}

static void leaves_come_in_canonical_order(void **state)
{
    (void)state;
    struct trie t = {.count = 0};
    struct blocks blocks = {.size = 0};
    static struct listing listing;
    fill(&t, &blocks);
    listing.count = 0;
    trie_each(&t, list_leaf, &listing);
    assert_int_equal(listing.count, count);
    for (size_t i = 1; i < count; i++) {
        assert_true(name_compare(listing.leaves[i - 1], listing.leaves[i]) < 0);
    }
    blocks_free(&blocks);
}

static void the_order_of_adding_and_that_of_octets_agree(void **state)
{
    (void)state;
    struct trie t = {.count = 0};
    struct blocks blocks = {.size = 0};
    static uint8_t single[256][4];
    static struct listing listing;
    for (unsigned i = 0; i < 256; i++) {
        struct trie_key key;
        memcpy(single[i], (uint8_t[]){1, (uint8_t)(i * 7), 0}, 3);
        trie_key_from_name(&key, single[i]);
        (void)trie_add(&t, &blocks, &key, single[i], 0);
    }
    assert_int_equal(t.count, 256 - 26); /* upper case is lower case */
    listing.count = 0;
    trie_each(&t, list_leaf, &listing);
    for (size_t i = 1; i < listing.count; i++) {
        assert_true(name_compare(listing.leaves[i - 1], listing.leaves[i]) < 0);
    }
    blocks_free(&blocks);
}

static const uint8_t *drop_marks(void *arg, const uint8_t *leaf, unsigned *mark)
{
    size_t *moved = arg;
    *mark = 0;
    ++*moved;
    return leaf;
}

static void a_copy_has_the_same_names_and_the_marks_it_was_given(void **state)
{
    (void)state;
    struct trie t = {.count = 0}, copy;
    struct blocks blocks = {.size = 0}, others = {.size = 0};
    size_t moved = 0;
    fill(&t, &blocks);
    assert_int_equal(trie_copy(&copy, &others, &t, drop_marks, &moved), FAIL_NONE);
    assert_int_equal(moved, count);
    blocks_free(&blocks);
    for (size_t i = 0; i < count; i++) {
        struct trie_key key;
        struct trie_path path;
        trie_key_from_name(&key, names[i]);
        assert_ptr_equal(trie_find(&copy, &key, names[i]), names[i]);
        trie_walk(&copy, &key, names[i], &path);
        assert_null(path.highest);
    }
    blocks_free(&others);
}

static void the_longest_name_of_rare_octets_has_a_key(void **state)
{
    (void)state;
    uint8_t name[NAME_SIZE];
    struct trie_key key;
    memset(name, 0xff, sizeof(name));
    name[0] = name[64] = name[128] = 63;
    name[192] = 61;
    name[254] = 0;
    trie_key_from_name(&key, name);
    assert_int_equal(key.len, 2 * 250 + 4);
    assert_true(key.len <= TRIE_KEY_SIZE);
}

static void blocks_hand_out_aligned_memory_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 7, 8, 4096, 100, 3 << 20, 16, 2 << 20, 5, (2 << 20) - 32};
    struct blocks blocks = {.size = 0};
    size_t sum = 0;
    for (unsigned round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            size_t align = (size_t)1 << (round + i) % 5;
            uint8_t *piece = blocks_take(&blocks, sizes[i], align);
            assert_non_null(piece);
            assert_int_equal((uintptr_t)piece % align, 0);
            memset(piece, 0xa5, sizes[i]);
            sum += sizes[i];
        }
    }
    assert_true(blocks.size >= sum);
    blocks_free(&blocks);
    assert_null(blocks.newest);
    assert_int_equal(blocks.size, 0);
}

static void an_empty_trie_finds_nothing(void **state)
{
    (void)state;
    struct trie t = {.count = 0};
    struct trie_key key;
    struct trie_path path;
    trie_key_from_name(&key, zone_name("a.test."));
    assert_null(trie_find(&t, &key, zone_name("a.test.")));
    trie_walk(&t, &key, zone_name("a.test."), &path);
    assert_null(path.nearest);
    assert_int_equal(trie_each(&t, list_leaf, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_added_is_found_and_no_other),
        cmocka_unit_test(a_walk_finds_the_nearest_leaf_and_the_marked_ones_above),
        cmocka_unit_test(leaves_come_in_canonical_order),
        cmocka_unit_test(the_order_of_adding_and_that_of_octets_agree),
        cmocka_unit_test(a_copy_has_the_same_names_and_the_marks_it_was_given),
        cmocka_unit_test(the_longest_name_of_rare_octets_has_a_key),
        cmocka_unit_test(blocks_hand_out_aligned_memory_of_any_size),
        cmocka_unit_test(an_empty_trie_finds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
