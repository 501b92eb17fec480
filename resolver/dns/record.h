/* Records one by one, as zones are transferred and digested; elsewhere the unit is the RRset. */
#ifndef CAIRN_DNS_RECORD_H
#define CAIRN_DNS_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/base/fail.h"

/* Class IN. */
struct record {
    const uint8_t *owner;
    const uint8_t *rdata; /* uncompressed, well-formed for its type */
    uint32_t ttl;         /* seconds */
    uint16_t type;
    uint16_t len;
};

/* All of a zone. Owners and RDATA live in `memory`. */
struct record_list {
    struct arena *memory;
    struct record *items;
    size_t count, capacity;
};

/* An empty list; `memory` outlives it. */
void record_list_init(struct record_list *r, struct arena *memory);
void record_list_fini(struct record_list *r);

/* Appends a copy, whose RDATA is in canonical form. FAIL_LIMIT: no memory. */
MUST_CHECK int record_list_add(struct record_list *r, const struct record *record);

/* Puts them into the canonical order of a zone (RFC 4034 6, RFC 8976 3.3.1): by owner, type and RDATA; of equal ones
 * the first stays. */
void record_list_sort(struct record_list *r);

#endif
