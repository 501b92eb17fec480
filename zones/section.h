/* The sections of a reply while they grow: nodes from an arena, RDATA left where it is. */
#ifndef CAIRN_ZONES_SECTION_H
#define CAIRN_ZONES_SECTION_H

#include "resolver/base/arena.h"
#include "resolver/dns/msg.h"
#include "zones/set.h"
#include "zones/zone.h"

#define SECTION_ADDITIONAL_MAX                                                                                         \
    32 /* RRsets in the additional section: A and AAAA of the 13 hosts that fit, and some                              \
        */

struct sections {
    struct arena *arena;
    struct rrset *first[SECTION_COUNT];
    struct rrset *last[SECTION_COUNT];
    unsigned additional_count;
};

/* Appends an RRset of a zone under `owner`, which must live as long as the reply. NULL when the arena refuses. */
struct rrset *section_add(struct sections *s, enum section section, const uint8_t *owner, const struct zone_rrset *set);

/* Appends a finished RRset. */
void section_append(struct sections *s, enum section section, struct rrset *set);

/* Adds the addresses of the hosts that `set`, of type NS, MX, SRV, SVCB or HTTPS and owner `owner`, names: those that
 * are data of an own zone. Each RRset once; stops quietly at SECTION_ADDITIONAL_MAX or when the arena refuses. */
void section_add_addresses(struct sections *s, const struct zone_set *zones, const uint8_t *owner,
                           const struct zone_rrset *set);

/* Adds the addresses of the hosts of a delegation out of zone `z`, glue included (RFC 9471). */
void section_add_glue(struct sections *s, const struct zone_set *zones, const struct zone *z,
                      const struct zone_rrset *ns);

#endif
