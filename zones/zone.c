#include "zones/zone.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct zone *zone_new(const uint8_t *apex)
{
    struct zone *z = calloc(1, sizeof(*z));
    if (z != NULL) {
        name_lower(z->apex, apex);
        atomic_init(&z->users, 1);
    }
    return z;
}

struct zone *zone_hold(struct zone *z)
{
    atomic_fetch_add(&z->users, 1);
    return z;
}

void zone_release(struct zone *z)
{
    if (z == NULL || atomic_fetch_sub(&z->users, 1) > 1) {
        return;
    }
    blocks_free(&z->blocks);
    while (z->files != NULL) {
        struct zone_file *file = z->files;
        z->files = file->next;
        free(file->path);
        free(file);
    }
    free(z);
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool zone_files_unchanged(const struct zone *z)
{
    for (const struct zone_file *f = z->files; f != NULL; f = f->next) {
        struct stat now;
        if (!f->is_settled || stat(f->path, &now) != 0 || now.st_dev != f->device || now.st_ino != f->inode ||
            now.st_size != f->size || !is_same_time(&now.st_mtim, &f->modified) ||
            !is_same_time(&now.st_ctim, &f->changed)) {
            return false;
        }
    }
    return true;
}

static const struct zone_node *node_of(const uint8_t *leaf)
{
    return leaf != NULL ? (const struct zone_node *)(const void *)(leaf - offsetof(struct zone_node, name)) : NULL;
}

void zone_place(const struct zone *z, const struct trie_key *key, const uint8_t *name, struct zone_place *out)
{
    struct trie_path path;
    trie_walk(&z->tree, key, name, &path);
    *out = (struct zone_place){.boundary = node_of(path.highest)};
    if (path.nearest != NULL && name_equal(path.nearest, name)) {
        out->node = node_of(path.nearest);
    } else if (path.nearest != NULL) {
        out->encloser = name_common_labels(path.nearest, name);
    }
}

void zone_wildcard_place(const struct zone *z, const uint8_t *name, unsigned encloser, struct zone_place *out)
{
    uint8_t wildcard[NAME_SIZE + 2] = {1, '*'};
    UNCLEARED struct trie_key key;
    name_copy(wildcard + 2, name_strip(name, name_labels(name) - encloser));
    trie_key_from_name(&key, wildcard);
    zone_place(z, &key, wildcard, out);
}

const struct zone_node *zone_node_find(const struct zone *z, const uint8_t *name)
{
    UNCLEARED struct trie_key key;
    trie_key_from_name(&key, name);
    return node_of(trie_find(&z->tree, &key, name));
}

/* ---- RRsets ---- */

static size_t round_up(size_t size)
{
    const size_t align = alignof(struct zone_rrset);
    return (size + align - 1) & ~(align - 1);
}

static size_t first_offset(size_t name_size)
{
    return round_up(offsetof(struct zone_node, name) + name_size);
}

size_t zone_rrset_size(size_t data_len)
{
    return sizeof(struct zone_rrset) + round_up(data_len);
}

const struct zone_rrset *zone_node_first(const struct zone_node *node)
{
    return (const struct zone_rrset *)(const void *)((const uint8_t *)node + first_offset(node->name_len));
}

const struct zone_rrset *zone_rrset_after(const struct zone_rrset *set)
{
    return (const struct zone_rrset *)(const void *)((const uint8_t *)set + zone_rrset_size(set->len));
}

const struct zone_rrset *zone_node_set(const struct zone_node *node, uint16_t type)
{
    const struct zone_rrset *set = zone_node_first(node);
    for (unsigned i = 0; i < node->set_count && set->type <= type; i++, set = zone_rrset_after(set)) {
        if (set->type == type) {
            return set;
        }
    }
    return NULL;
}

struct rdatas zone_rrset_data(const struct zone_rrset *set)
{
    return (struct rdatas){.bytes = (const uint8_t *)(set + 1), .len = set->len, .count = set->count};
}

struct zone_node *zone_node_new(struct zone *z, const uint8_t *name, size_t sets_size)
{
    size_t len = name_len(name);
    struct zone_node *node = blocks_take(&z->blocks, first_offset(len) + sets_size, alignof(struct zone_rrset));
    if (node != NULL) {
        node->set_count = 0;
        node->name_len = (uint8_t)len;
        memcpy(node->name, name, len);
    }
    return node;
}

uint8_t *zone_node_append(struct zone_node *node, const struct zone_rrset *head)
{
    uint8_t *at = (uint8_t *)node + first_offset(node->name_len);
    for (unsigned i = 0; i < node->set_count; i++) {
        at += zone_rrset_size(((const struct zone_rrset *)(const void *)at)->len);
    }
    memcpy(at, head, sizeof(*head));
    node->set_count++;
    return at + sizeof(*head);
}
