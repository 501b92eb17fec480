/* RFC 1034 4.3.2 as later clarified: names below a DNAME are renamed (RFC 6672), names at and below a zone cut belong
 * to somebody else (but DS, RFC 4035 3.1.4.1), wildcards stand for names whose closest encloser is their parent (RFC
 * 4592), and an alias starts all over with its target as long as that is in an own zone. */
#include "zones/reply.h"

#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "zones/section.h"
#include "zones/trie.h"
#include "zones/zone.h"

enum step {
    STEP_DONE,     /* the answer is complete */
    STEP_ALIAS,    /* go on with r->name */
    STEP_REFERRAL, /* the name is below a zone cut */
    STEP_FULL      /* the arena is */
};

struct replying {
    struct sections out;
    const struct zone_set *zones;
    const uint8_t *name; /* asked, then the target of each alias */
    uint16_t type;
    unsigned aliases;
    unsigned rcode;
};

/* One name in the zone that answers for it. */
struct spot {
    const struct zone *zone;
    const struct zone_node *apex;
    struct zone_place place;
    bool is_childs_ds; /* DS of an own zone, asked of its parent */
};

/* ---- The ends of an answer ---- */

/* NODATA or NXDOMAIN: the SOA says for how long (RFC 2308 3, 5). */
static enum step deny(struct replying *r, const struct spot *s, unsigned rcode)
{
    const struct zone_rrset *soa = zone_node_set(s->apex, TYPE_SOA);
    struct rrset *set = soa != NULL ? section_add(&r->out, SECTION_AUTHORITY, s->apex->name, soa) : NULL;
    if (set == NULL) {
        return STEP_FULL;
    }
    struct rdata_view rdata = rdatas_first(&set->data);
    uint32_t minimum = wire_get_u32(rdata.bytes + rdata.len - 4);
    set->ttl = set->ttl < minimum ? set->ttl : minimum;
    r->rcode = rcode;
    return STEP_DONE;
}

/* ANY gets one RRset, the first by type number that is not there for DNSSEC alone (RFC 8482 4.1). */
static const struct zone_rrset *any_set(const struct zone_node *node)
{
    const struct zone_rrset *set = zone_node_first(node);
    for (unsigned i = 0; i < node->set_count; i++, set = zone_rrset_after(set)) {
        if (set->type != TYPE_RRSIG && set->type != TYPE_NSEC && set->type != TYPE_NSEC3) {
            return set;
        }
    }
    return node->set_count > 0 ? zone_node_first(node) : NULL;
}

/* Goes on with `target`, unless the answer came past it already or is long enough. */
static enum step follow(struct replying *r, const uint8_t *target)
{
    if (rrset_find(r->out.first[SECTION_ANSWER], target, TYPE_CNAME) != NULL) {
        return STEP_DONE;
    }
    if (r->aliases == ZONE_ALIASES_MAX) {
        r->rcode = RCODE_SERVFAIL;
        return STEP_DONE;
    }
    r->aliases++;
    r->name = target;
    return STEP_ALIAS;
}

/* The name is `node`, or a wildcard's child: what is there of the type asked, else where it is an alias to. */
static enum step answer_from(struct replying *r, const struct spot *s, const struct zone_node *node)
{
    const struct zone_rrset *set = r->type == TYPE_ANY ? any_set(node) : zone_node_set(node, r->type);
    if (set != NULL) {
        if (section_add(&r->out, SECTION_ANSWER, r->name, set) == NULL) {
            return STEP_FULL;
        }
        section_add_addresses(&r->out, r->zones, r->name, set);
        return STEP_DONE;
    }
    set = zone_node_set(node, TYPE_CNAME);
    if (set == NULL) {
        return deny(r, s, RCODE_NOERROR);
    }
    struct rrset *alias = section_add(&r->out, SECTION_ANSWER, r->name, set);
    return alias != NULL ? follow(r, rdatas_first(&alias->data).bytes) : STEP_FULL;
}

/* The DNAME itself, and the CNAME that it makes of the name (RFC 6672 2.2, 3.1). */
static enum step rename_below(struct replying *r, const struct zone_node *node)
{
    uint8_t renamed[NAME_SIZE];
    struct rrset *dname = section_add(&r->out, SECTION_ANSWER, node->name, zone_node_set(node, TYPE_DNAME));
    if (dname == NULL) {
        return STEP_FULL;
    }
    if (name_replace_suffix(r->name, node->name, rdatas_first(&dname->data).bytes, renamed) != FAIL_NONE) {
        r->rcode = RCODE_YXDOMAIN;
        return STEP_DONE;
    }
    const struct rdata_view rdata = {.bytes = renamed, .len = (uint16_t)name_len(renamed)};
    struct rrset *alias = rrset_single(r->out.arena, r->name, TYPE_CNAME, dname->ttl, rdata);
    if (alias == NULL) {
        return STEP_FULL;
    }
    section_append(&r->out, SECTION_ANSWER, alias);
    return r->type == TYPE_CNAME || r->type == TYPE_ANY ? STEP_DONE : follow(r, rdatas_first(&alias->data).bytes);
}

/* NS of the cut and the addresses of its hosts; not after an alias, where the caller goes on with the target itself. */
static enum step refer(struct replying *r, const struct spot *s, const struct zone_node *cut)
{
    if (r->aliases == 0) {
        const struct zone_rrset *ns = zone_node_set(cut, TYPE_NS);
        if (section_add(&r->out, SECTION_AUTHORITY, cut->name, ns) == NULL) {
            return STEP_FULL;
        }
        section_add_glue(&r->out, r->zones, s->zone, ns);
    }
    return STEP_REFERRAL;
}

/* ---- One name ---- */

/* The name is not there: the wildcard below its closest encloser stands in for it. A wildcard that exists only as the
 * parent of other names has no data, but exists (RFC 4592 2.2.2, 4.2.1). */
static enum step answer_missing(struct replying *r, const struct spot *s)
{
    unsigned labels = name_labels(r->name), common = s->place.encloser;
    if (common == labels) {
        return deny(r, s, RCODE_NOERROR); /* an empty non-terminal (RFC 8020) */
    }
    unsigned rcode = s->is_childs_ds ? RCODE_NOERROR : RCODE_NXDOMAIN;
    if (s->zone->has_wildcards) {
        struct zone_place place;
        zone_wildcard_place(s->zone, r->name, common, &place);
        if (place.node != NULL) {
            return answer_from(r, s, place.node);
        }
        rcode = place.encloser > common ? RCODE_NOERROR : rcode;
    }
    return deny(r, s, rcode);
}

static bool is_cut(const struct spot *s, const struct zone_node *node)
{
    return node != s->apex && zone_node_set(node, TYPE_NS) != NULL;
}

static enum step answer_name(struct replying *r, const struct spot *s)
{
    const struct zone_node *boundary = s->place.boundary;
    bool is_boundary = boundary != NULL && boundary == s->place.node;
    if (boundary != NULL && is_cut(s, boundary) && !(is_boundary && r->type == TYPE_DS)) {
        return refer(r, s, boundary);
    }
    if (boundary != NULL && !is_boundary) {
        return rename_below(r, boundary);
    }
    return s->place.node != NULL ? answer_from(r, s, s->place.node) : answer_missing(r, s);
}

/* The zone that answers for (name, type). DS belongs to the parent's side of a cut, where that is an own zone too.
 * False when no zone holds the name. */
static bool find_spot(const struct replying *r, struct spot *s)
{
    UNCLEARED struct trie_key key;
    trie_key_from_name(&key, r->name);
    *s = (struct spot){.zone = zone_set_find_key(r->zones, &key, r->name)};
    if (s->zone == NULL) {
        return false;
    }
    if (r->type == TYPE_DS && !name_is_root(r->name) && name_equal(r->name, s->zone->apex)) {
        const struct zone *parent = zone_set_find(r->zones, name_parent(r->name));
        s->is_childs_ds = parent != NULL;
        s->zone = parent != NULL ? parent : s->zone;
    }
    zone_place(s->zone, &key, r->name, &s->place);
    s->apex = s->zone->top;
    if (s->zone->is_reverse) {
        s->apex = s->place.boundary;
        s->place.boundary = NULL;
    }
    return true;
}

static enum zone_reply_kind finish(const struct replying *r, enum step step, struct zone_reply *out)
{
    if (step == STEP_FULL) {
        *out = (struct zone_reply){.rcode = RCODE_SERVFAIL};
        return ZONE_REPLY_NONE;
    }
    out->rcode = r->rcode;
    memcpy(out->sections, r->out.first, sizeof(out->sections));
    if (step == STEP_DONE) {
        return ZONE_REPLY_ANSWER;
    }
    if (r->aliases > 0) {
        out->target = r->name;
        return ZONE_REPLY_ALIAS;
    }
    return step == STEP_REFERRAL ? ZONE_REPLY_DELEGATION : ZONE_REPLY_NONE;
}

enum zone_reply_kind zone_reply(const struct zone_set *set, const uint8_t *name, uint16_t type, struct arena *a,
                                struct zone_reply *out)
{
    struct replying r = {.out.arena = a, .zones = set, .name = name, .type = type};
    struct spot s;
    enum step step = STEP_ALIAS;
    *out = (struct zone_reply){.rcode = RCODE_NOERROR};
    while (step == STEP_ALIAS && find_spot(&r, &s)) {
        out->zone = out->zone != NULL ? out->zone : s.zone;
        step = answer_name(&r, &s);
    }
    return finish(&r, step, out);
}

bool zone_reply_prefetch(const struct zone_set *set, const uint8_t *name)
{
    UNCLEARED struct trie_key key;
    trie_key_from_name(&key, name);
    const struct zone *z = zone_set_find_key(set, &key, name);
    if (z != NULL) {
        trie_prefetch(&z->tree, &key);
    }
    return z != NULL;
}
