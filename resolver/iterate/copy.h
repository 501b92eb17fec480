/* A copy of a whole zone, which answers in place of the zone's servers (RFC 8806): what it says is classified,
 * believed, validated and stored like a server's reply. Made once from its records, checked, then read by any number of
 * threads.
 *
 * Zones whose denials are proved by NSEC have them proved; wildcards and DNAMEs are left to the servers. */
#ifndef CAIRN_ITERATE_COPY_H
#define CAIRN_ITERATE_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/base/fail.h"
#include "resolver/dns/msg.h"
#include "resolver/dns/record.h"
#include "resolver/validate/verdict.h"

struct zone_copy;

/* Of its SOA, in seconds but the serial. */
struct zone_times {
    uint32_t serial, refresh, retry, expire;
};

/* An empty copy with one user. NULL: no memory. */
struct zone_copy *copy_new(const uint8_t *apex);
struct zone_copy *copy_hold(struct zone_copy *c);
void copy_release(struct zone_copy *c); /* frees with the last user; NULL is fine */

/* Adds a record before copy_finish. FAIL_LIMIT: the zone is too large, or no memory; FAIL_WIRE: it is not in the zone.
 */
MUST_CHECK int copy_add(struct zone_copy *c, const struct record *r);

/* Checks that the zone is whole: SOA and NS, and the digest of its ZONEMD records if it has any (RFC 8976). With `ds`,
 * DS RDATA that the zone is trusted by, its keys, its SOA and its ZONEMD must be signed; `v` serves for that. NULL: it
 * may be used from now on; else what is wrong, constant. */
const char *copy_finish(struct zone_copy *c, struct verifier *v, const struct rdatas *ds);

/* After copy_finish. */
const struct zone_times *copy_times(const struct zone_copy *c);
size_t copy_count(const struct zone_copy *c);
bool copy_has_digest(const struct zone_copy *c);

/* What a server of the zone would say about (name, type) to a question with DO: sets in the arena, their data in the
 * copy. False: that is for the servers to say, or the arena is full. `name` is in the zone. */
bool copy_reply(const struct zone_copy *c, const uint8_t *name, uint16_t type, struct arena *a, struct msg *out);

#endif
