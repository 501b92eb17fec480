/* Signed zones of a scenario: one key each, that signs keys and data alike. */
#ifndef CAIRN_TESTS_SCENARIO_SIGNING_H
#define CAIRN_TESTS_SCENARIO_SIGNING_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/dns/rrset.h"

#define SIGNING_WALL 1767225600 /* 2026-01-01, CLOCK_REALTIME when a scenario begins */

/* How the sets of a rule are signed. */
struct signing {
    bool is_off;
    unsigned forged;       /* so many signatures with a wrong bit; 0: one that is good */
    int from_s, to_s;      /* validity, seconds from the beginning */
    const uint8_t *signer; /* the zone that signs; NULL: the one that holds the owner */
    int labels;            /* that the signature says; -1: as many as there are */
    bool is_strange;       /* by a key that is not in the zone */
};

struct signing signing_default(void);

/* Makes the key of a zone, unless that has been done. Algorithm 0: the zone is not signed, though one above it is. */
void signing_add_zone(const uint8_t *zone, uint8_t algorithm);

/* Append the key of a zone, or the DS of it, to `out`. False: no such zone. `digest` as in DS; is_strange: of another
 * key. */
bool signing_put_key(struct arena *a, const uint8_t *zone, bool is_strange, struct rdatas *out);
bool signing_put_ds(struct arena *a, const uint8_t *zone, uint8_t digest, bool is_strange, struct rdatas *out);

/* Signs a set, if any signed zone holds it; never delegations. */
void signing_sign(struct arena *a, struct rrset *set, const struct signing *how);

#endif
