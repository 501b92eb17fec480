/* Where validation begins: trust anchors (RFC 4035 5), and where it may not go: negative trust anchors (RFC 7646). */
#ifndef CAIRN_VALIDATE_ANCHOR_H
#define CAIRN_VALIDATE_ANCHOR_H

#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/base/fail.h"
#include "resolver/dns/rrset.h"

/* The keys a zone is trusted by, as a parent would vouch for them. */
struct anchor {
    const uint8_t *zone; /* lower case */
    struct rdatas ds;    /* DS RDATA, at least one, no two equal */
};

/* An immutable snapshot. All zero: nothing is validated. */
struct anchors {
    const struct anchor *items; /* in canonical order, no two of one zone */
    unsigned count;
    const uint8_t *const *negative; /* lower case, likewise */
    unsigned negative_count;
};

/* One DS that a zone is trusted by. */
struct anchor_record {
    const uint8_t *zone; /* any case */
    struct rdata_view ds;
};

/* The root's keys that the program was made with (RFC 9718): key tags 20326 and 38696. */
const struct anchor_record *anchors_builtin(unsigned *count);

/* Groups records by zone and copies them and the names of `negative`, all in any order, into `a`. FAIL_LIMIT: `a` is
 * full. */
MUST_CHECK int anchors_make(const struct anchor_record *records, unsigned count, const uint8_t *const *negative,
                            unsigned negative_count, struct arena *a, struct anchors *out);

/* The anchor of the deepest zone at or above `name`, and that of just `zone`; NULL: there is none. */
const struct anchor *anchor_find(const struct anchors *set, const uint8_t *name);
const struct anchor *anchor_at(const struct anchors *set, const uint8_t *zone);

/* The deepest negative trust anchor at or above `name`. NULL: there is none, or a trust anchor lies deeper; at the same
 * name the negative one goes first (RFC 7646 3). */
const uint8_t *anchor_negative(const struct anchors *set, const uint8_t *name);

#endif
