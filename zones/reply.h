/* From a question to the sections of an authoritative answer (RFC 1034 4.3.2). */
#ifndef CAIRN_ZONES_REPLY_H
#define CAIRN_ZONES_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/dns/msg.h"
#include "zones/set.h"

#define ZONE_ALIASES_MAX 11 /* aliases followed for one question, as many as resolvers in wide use follow */

enum zone_reply_kind {
    ZONE_REPLY_NONE,   /* no own zone holds the name */
    ZONE_REPLY_ANSWER, /* complete: positive, NODATA or NXDOMAIN, AA set */
    ZONE_REPLY_ALIAS,  /* the answer so far are CNAMEs (or a DNAME and its CNAME) whose last target is outside, or below
                        * a zone cut: ask for the target */
    ZONE_REPLY_DELEGATION /* below a zone cut: NS in authority, glue in additional, no AA */
};

struct zone_reply {
    unsigned rcode;                        /* of the last name of a chain (RFC 6604); YXDOMAIN when a DNAME makes a name
                                            * too long, SERVFAIL after ZONE_ALIASES_MAX aliases */
    const uint8_t *target;                 /* ZONE_REPLY_ALIAS: where to go on */
    const struct zone *zone;               /* the zone that held the name asked */
    struct rrset *sections[SECTION_COUNT]; /* nodes in the arena; RDATA in the snapshot */
};

/* Answers (name, type) from the zones of `set`, following aliases inside and between them; one that comes back to a
 * name it has passed ends there. `name` keeps its case in owner names it matched by wildcard or exactly, and must live
 * as long as the reply. ANY gets one RRset (RFC 8482 4.1); RRSIG, NSEC and NSEC3 are data like any other. Falls back to
 * ZONE_REPLY_NONE with rcode SERVFAIL when `a` is full. */
enum zone_reply_kind zone_reply(const struct zone_set *set, const uint8_t *name, uint16_t type, struct arena *a,
                                struct zone_reply *out);

/* Has fetched from memory what zone_reply will need for `name` soon after; several such fetches are on their way at
 * once. False: no own zone holds the name. */
bool zone_reply_prefetch(const struct zone_set *set, const uint8_t *name);

#endif
