/* Which records of a reply may be believed. Every path (answer, alias, negative, referral, glue) goes through the one
 * question in_zone: does the owner lie in the zone the server was asked for? NS records beside an answer are never
 * believed, addresses only as glue of a referral's own servers (RFC 2181 5.4.1, RFC 5452 6), which never answers
 * anybody. The functions return pointers into the message or shallow copies in the arena. */
#ifndef CAIRN_ITERATE_SCRUB_H
#define CAIRN_ITERATE_SCRUB_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/base/fail.h"
#include "resolver/dns/msg.h"

/* The bailiwick rule. */
bool in_zone(const uint8_t *owner, const uint8_t *zone);

/* The set that answers (name, type); for ANY the first set at the name that is not RRSIG (RFC 8482 4.1). */
const struct rrset *scrub_answer(const struct msg *m, const uint8_t *name, uint16_t type);

/* The CNAME at `name`. */
const struct rrset *scrub_cname(const struct msg *m, const uint8_t *name);

/* A DNAME of the zone strictly above `name`, so that it rewrites the name (RFC 6672 2.2). */
const struct rrset *scrub_dname(const struct msg *m, const uint8_t *zone, const uint8_t *name);

/* The SOA of a negative answer: in the zone, at or above `name`. */
const struct rrset *scrub_soa(const struct msg *m, const uint8_t *zone, const uint8_t *name);

/* The NS set of a referral for (name, type): owner strictly below `zone` and at or above `name`; for DS strictly above,
 * because the parent of a cut answers for it (RFC 4035 3.1.4.1). */
const struct rrset *scrub_ns(const struct msg *m, const uint8_t *zone, const uint8_t *name, uint16_t type);

/* The NSEC and NSEC3 sets of `zone`, after the SOA when there is one. */
MUST_CHECK int scrub_negative(const struct msg *m, const uint8_t *zone, const uint8_t *name, struct arena *a,
                              struct rrset **out);

/* For a set that a wildcard made, as its signature says: what denies the name itself (RFC 4035 3.1.3.3), else nothing.
 */
MUST_CHECK int scrub_wildcard(const struct msg *m, const struct rrset *set, struct arena *a, struct rrset **out);

/* What a delegation consists of. */
struct delegation {
    struct rrset *sets;    /* the NS set, then DS or proofs, then glue */
    struct rrset *foreign; /* of its servers, from outside the zone that sent it: the last resort (glueless.h) */
};

/* The delegation that NS set `ns` stands for, up to twice `servers` records of it. Glue are A and AAAA sets in
 * additional, owned by one of the first `servers` servers of the set. */
MUST_CHECK int scrub_delegation(const struct msg *m, const uint8_t *zone, const struct rrset *ns, unsigned servers,
                                struct arena *a, struct delegation *out);

#endif
