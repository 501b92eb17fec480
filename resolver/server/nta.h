/* Negative trust anchors given at run time (RFC 7646): names at and below which nothing is validated until a time, and
 * why. A plain list, as long-lived as people's patience with somebody else's broken zone. Times are seconds of wall
 * time. */
#ifndef CAIRN_SERVER_NTA_H
#define CAIRN_SERVER_NTA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/name.h"

#define NTA_MAX         1024
#define NTA_REASON_SIZE 256             /* octets, ending zero included */
#define NTA_LIFE_MAX    (7 * 24 * 3600) /* RFC 7646 2: no longer than a week */

struct nta {
    uint8_t name[NAME_SIZE]; /* lower case */
    int64_t since;
    int64_t until;
    char reason[NTA_REASON_SIZE]; /* may be empty */
};

/* In canonical order, no two of one name. All zero: empty. */
struct ntas {
    struct nta *items;
    unsigned count;
};

/* Adds a copy, or replaces the one of that name. FAIL_LIMIT: NTA_MAX are there already. Ends the process without
 * memory. */
MUST_CHECK int ntas_add(struct ntas *list, const struct nta *item);

/* False: there is none of that name. */
bool ntas_remove(struct ntas *list, const uint8_t *name);

/* Removes what has ended at `now`, or would last longer than NTA_LIFE_MAX from then (the clock was wrong); tells of
 * each. Returns how many. */
unsigned ntas_expire(struct ntas *list, int64_t now, void (*gone)(void *ctx, const struct nta *item), void *ctx);

/* When the next one ends; INT64_MAX: never. */
int64_t ntas_next(const struct ntas *list);

void ntas_free(struct ntas *list);

/* An array of {name, since, until, reason}. */
json_t *ntas_json(const struct ntas *list);

/* From what ntas_json made, into an empty list. False: it did not; the list is empty then. */
bool ntas_from_json(struct ntas *list, const json_t *data);

#endif
