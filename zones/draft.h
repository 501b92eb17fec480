/* A zone while its records come in, in any order: names with their records and where each was written, for the checks
 * (check.h) that need the whole. Becomes a struct zone and is then thrown away. One thread. */
#ifndef CAIRN_ZONES_DRAFT_H
#define CAIRN_ZONES_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/name.h"
#include "zones/blocks.h"
#include "zones/load.h"
#include "zones/problem.h"
#include "zones/trie.h"
#include "zones/zone.h"

struct draft_record {
    struct draft_record *next; /* of the same owner, types in ascending order, as written within a type */
    const char *at;            /* where it was written; NULL for made records */
    uint32_t ttl;
    uint16_t type;
    uint16_t len;
    uint8_t rdata[];
};

struct draft_owner {
    struct draft_record *first, *last;
    uint8_t name[];
};

struct draft {
    uint8_t apex[NAME_SIZE];
    bool is_reverse;   /* the zone's `is_reverse` */
    struct trie names; /* of draft_owner, unmarked */
    struct blocks blocks;
    struct draft_owner *recent; /* of the last record */
    bool has_dname, has_cut;    /* there is a DNAME; there are NS records below the apex */
};

void draft_init(struct draft *d, const uint8_t *apex);
void draft_fini(struct draft *d);

/* Takes a copy of the record. */
MUST_CHECK int draft_add(struct draft *d, const struct load_record *record);

/* The owner of exactly this name, or NULL. */
const struct draft_owner *draft_find(const struct draft *d, const uint8_t *name);

/* The owner of a leaf that trie_each or trie_walk gave. */
const struct draft_owner *draft_owner_of(const uint8_t *leaf);

/* The first record of `type`, or NULL. Others of the type follow at once. */
const struct draft_record *draft_record_find(const struct draft_owner *owner, uint16_t type);

/* Builds the zone: RRsets with duplicates dropped, RDATA in canonical order and the smallest of differing TTLs.
 * Duplicates are warned of when `problems` is not NULL. NULL when memory ran out. The draft is as before. */
struct zone *draft_finish(const struct draft *d, struct problems *problems);

#endif
