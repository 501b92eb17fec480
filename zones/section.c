#include "zones/section.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "zones/trie.h"

void section_append(struct sections *s, enum section section, struct rrset *set)
{
    *(s->last[section] != NULL ? &s->last[section]->next : &s->first[section]) = set;
    s->last[section] = set;
}

struct rrset *section_add(struct sections *s, enum section section, const uint8_t *owner, const struct zone_rrset *set)
{
    struct rrset *added = arena_take(s->arena, sizeof(*added));
    if (added != NULL) {
        *added = (struct rrset){.owner = owner, .type = set->type, .ttl = set->ttl, .data = zone_rrset_data(set)};
        section_append(s, section, added);
    }
    return added;
}

/* ---- Additional addresses ---- */

/* The host that one RDATA names, or NULL. In SVCB and HTTPS "." is the owner itself, or nobody in an alias (RFC 9460
 * 2.4.2, 2.5.1). */
static const uint8_t *target_of(uint16_t type, const uint8_t *rdata, const uint8_t *owner)
{
    switch (type) {
    case TYPE_NS:
        return rdata;
    case TYPE_MX:
        return rdata + 2;
    case TYPE_SRV:
        return rdata + 6;
    case TYPE_SVCB:
    case TYPE_HTTPS:
        if (name_is_root(rdata + 2)) {
            return wire_get_u16(rdata) != 0 ? owner : NULL;
        }
        return rdata + 2;
    default:
        return NULL;
    }
}

static void add_type(struct sections *s, const uint8_t *owner, const struct zone_node *node, uint16_t type)
{
    const struct zone_rrset *set = zone_node_set(node, type);
    if (set == NULL || s->additional_count >= SECTION_ADDITIONAL_MAX ||
        rrset_find(s->first[SECTION_ADDITIONAL], owner, type) != NULL ||
        rrset_find(s->first[SECTION_ANSWER], owner, type) != NULL) {
        return;
    }
    s->additional_count += section_add(s, SECTION_ADDITIONAL, owner, set) != NULL;
}

/* `referring` is the zone whose glue counts, or NULL. */
static void add_host(struct sections *s, const struct zone_set *zones, const struct zone *referring,
                     const uint8_t *host)
{
    UNCLEARED struct trie_key key;
    trie_key_from_name(&key, host);
    const struct zone *z = zone_set_find_key(zones, &key, host);
    if (z == NULL || z->is_reverse) {
        return;
    }
    struct zone_place place;
    zone_place(z, &key, host, &place);
    if (place.node == NULL && place.boundary == NULL && z->has_wildcards && place.encloser < name_labels(host)) {
        zone_wildcard_place(z, host, place.encloser, &place);
    }
    if (place.node != NULL && (place.boundary == NULL || z == referring)) {
        add_type(s, host, place.node, TYPE_A);
        add_type(s, host, place.node, TYPE_AAAA);
    }
}

static void add_hosts(struct sections *s, const struct zone_set *zones, const struct zone *referring,
                      const uint8_t *owner, const struct zone_rrset *set)
{
    struct rdatas data = zone_rrset_data(set);
    struct rdata_view rdata;
    size_t at = 0;
    while (s->additional_count < SECTION_ADDITIONAL_MAX && rdatas_next(&data, &at, &rdata)) {
        const uint8_t *host = target_of(set->type, rdata.bytes, owner);
        if (host == NULL) {
            return;
        }
        add_host(s, zones, referring, host);
    }
}

void section_add_addresses(struct sections *s, const struct zone_set *zones, const uint8_t *owner,
                           const struct zone_rrset *set)
{
    add_hosts(s, zones, NULL, owner, set);
}

void section_add_glue(struct sections *s, const struct zone_set *zones, const struct zone *z,
                      const struct zone_rrset *ns)
{
    add_hosts(s, zones, z, NULL, ns);
}
