/* One own zone: an immutable tree of names, built once by zones/draft.h, read by any number of threads without locks.
 */
#ifndef CAIRN_ZONES_ZONE_H
#define CAIRN_ZONES_ZONE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rrset.h"
#include "zones/blocks.h"
#include "zones/trie.h"

/* One RRset in the tree; its packed RDATA (rrset.h) follows at once, in canonical order, then the next set. */
struct zone_rrset {
    uint16_t type;
    uint16_t count;
    uint32_t ttl; /* seconds */
    uint32_t len; /* of the packed RDATA */
};

/* One owner name. Its RRsets, in the order of their types, start at the next multiple of 4 after the name. */
struct zone_node {
    uint16_t set_count;
    uint8_t name_len;
    uint8_t name[]; /* as in the master file */
};

/* A name whose mark is not 0 changes what is at and below it. */
enum zone_mark {
    ZONE_MARK_CUT = 1,  /* NS records below the apex: a delegation */
    ZONE_MARK_DNAME = 2 /* renames everything below (RFC 6672) */
};

/* A file that the zone was read from, and what it looked like then. */
struct zone_file {
    struct zone_file *next;
    char *path;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
    bool is_settled; /* both were some seconds old: what is written after the reading gives it other ones */
};

struct zone {
    uint8_t apex[NAME_SIZE];
    bool is_reverse;    /* each of its names is the apex of a zone of its own (zones/reverse.h); `apex` is the root */
    bool has_wildcards; /* some name has a label "*" */
    bool has_cuts;      /* some name is marked ZONE_MARK_CUT */
    uint32_t serial;    /* of the SOA; 0 in reverse zones */
    size_t record_count;
    struct trie tree;            /* of zone_node, marked with enum zone_mark; in reverse zones all are marked */
    struct blocks blocks;        /* what the tree is made of */
    const struct zone_node *top; /* the apex; NULL in reverse zones */
    struct zone_file *files;
    atomic_uint users; /* zone sets that hold it */
};

/* A zone without names, held once. NULL when memory ran out. */
struct zone *zone_new(const uint8_t *apex);
struct zone *zone_hold(struct zone *z);
void zone_release(struct zone *z); /* frees with the last hold; NULL is fine */

/* True when every file that the zone was read from is still there and certainly the same: it looks the same, and was
 * not changed shortly before it was read. */
bool zone_files_unchanged(const struct zone *z);

/* Where a name stands in a zone. */
struct zone_place {
    const struct zone_node *node;     /* of exactly this name; NULL: it owns no records */
    const struct zone_node *boundary; /* the highest zone cut or DNAME at or above the name; NULL: none */
    unsigned encloser;                /* without a node: labels of the longest ancestor, or itself, that exists, if only
                                       * as the parent of other names */
};

/* `name` must be under the apex; `key` is its key. */
void zone_place(const struct zone *z, const struct trie_key *key, const uint8_t *name, struct zone_place *out);

/* Where the wildcard stands that answers for `name`, which has no place of its own and the closest encloser of
 * `encloser` labels (RFC 4592 3.3.1). Without a node, `out->encloser` > `encloser` says that it exists only as a
 * parent. */
void zone_wildcard_place(const struct zone *z, const uint8_t *name, unsigned encloser, struct zone_place *out);

/* The node of exactly this name, glue and other hidden names included; NULL: none. */
const struct zone_node *zone_node_find(const struct zone *z, const uint8_t *name);

/* The RRset of `type`; NULL: none. */
const struct zone_rrset *zone_node_set(const struct zone_node *node, uint16_t type);

/* The node's `set_count` RRsets one after the other; the first is only there when that is not 0. */
const struct zone_rrset *zone_node_first(const struct zone_node *node);
const struct zone_rrset *zone_rrset_after(const struct zone_rrset *set);

struct rdatas zone_rrset_data(const struct zone_rrset *set);

/* A node without RRsets, with room for sets of `sets_size` octets in all, each counted by zone_rrset_size of its packed
 * RDATA. NULL when memory ran out. */
struct zone_node *zone_node_new(struct zone *z, const uint8_t *name, size_t sets_size);
size_t zone_rrset_size(size_t data_len);

/* Appends an RRset; types must come in ascending order. Returns where its `head->len` octets of packed RDATA go. */
uint8_t *zone_node_append(struct zone_node *node, const struct zone_rrset *head);

#endif
