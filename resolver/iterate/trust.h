/* Whether a zone is secure (RFC 4035 5, RFC 6840): the chain from it up to a trust anchor. What is found out is kept by
 * the query, and by the worker for others. */
#ifndef CAIRN_ITERATE_TRUST_H
#define CAIRN_ITERATE_TRUST_H

#include "resolver/iterate/state.h"
#include "resolver/iterate/trust_table.h"
#include "resolver/validate/verdict.h"

/* How far a check got. */
enum check {
    CHECK_DONE,
    CHECK_NEED,   /* a frame for what is missing is on the stack: check again when it is done */
    CHECK_AGAIN,  /* what was known turned out to be old: check again at once */
    CHECK_PAUSE,  /* much was computed: check again when others have had their turn */
    CHECK_FAILED, /* something is missing and cannot be had: q->faults say what */
    CHECK_LIMIT   /* a limit was hit */
};

/* The status of `zone`, which something was signed by. CHECK_DONE: *out is set. */
enum check trust_zone(struct query *q, const uint8_t *zone, const struct zone_trust **out);

/* The status of the zone that holds `name`, when no signature names it. `hint` is a zone at or above the name that an
 * answer came from, or NULL: it may spare questions. */
enum check trust_enclosing(struct query *q, const uint8_t *name, const uint8_t *hint, const struct zone_trust **out);

/* What functions of resolver/validate work with for this query. */
struct verifier trust_verifier(struct query *q);

/* True when this step has verified enough. */
bool trust_is_tired(const struct query *q);

/* A VERDICT_LIMIT or the like: counts which limit it was. */
enum check trust_hit_limit(struct query *q);

/* `fault` in words that live as long as the query; NULL without memory. */
const struct ede *trust_words(struct query *q, const struct fault *fault);

#endif
