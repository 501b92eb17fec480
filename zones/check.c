#include "zones/check.h"

#include <string.h>

#include "resolver/dns/msg.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

struct checking {
    const struct draft *draft;
    struct problems *problems;
    bool is_whole;
};

static size_t count_type(const struct draft_owner *owner, uint16_t type)
{
    size_t count = 0;
    for (const struct draft_record *r = draft_record_find(owner, type); r != NULL && r->type == type; r = r->next) {
        count++;
    }
    return count;
}

static bool has_type(const struct draft_owner *owner, uint16_t type)
{
    return draft_record_find(owner, type) != NULL;
}

static bool is_apex(const struct checking *c, const struct draft_owner *owner)
{
    return name_equal(owner->name, c->draft->apex);
}

/* The owner nearest to the apex, strictly above `name` and below the apex (or the apex itself for `type` DNAME), that
 * has a record of `type`. */
static const struct draft_owner *owner_above(const struct checking *c, const uint8_t *name, uint16_t type)
{
    if (type == TYPE_DNAME ? !c->draft->has_dname : !c->draft->has_cut) {
        return NULL;
    }
    unsigned labels = name_labels(name), apex_labels = name_labels(c->draft->apex);
    for (unsigned keep = apex_labels + (type != TYPE_DNAME); keep < labels; keep++) {
        const struct draft_owner *owner = draft_find(c->draft, name_strip(name, labels - keep));
        if (owner != NULL && has_type(owner, type)) {
            return owner;
        }
    }
    return NULL;
}

/* ---- The apex ---- */

static void check_apex(const struct checking *c)
{
    char text[NAME_TEXT_SIZE];
    const struct draft_owner *apex = draft_find(c->draft, c->draft->apex);
    name_text(c->draft->apex, text);
    if (apex == NULL || !has_type(apex, TYPE_SOA)) {
        problem_error(c->problems, NULL, "the zone has no SOA record; '%s' needs one", text);
    }
    if (apex == NULL || !has_type(apex, TYPE_NS)) {
        problem_error(c->problems, NULL, "the zone has no NS record at its apex; '%s' needs at least one", text);
    }
}

static void check_soa(const struct checking *c, const struct draft_owner *owner)
{
    const struct draft_record *soa = draft_record_find(owner, TYPE_SOA);
    if (soa == NULL) {
        return;
    }
    char text[NAME_TEXT_SIZE];
    if (!is_apex(c, owner)) {
        problem_error(c->problems, soa->at, "an SOA record belongs to the apex '%s' alone",
                      name_text(c->draft->apex, text));
    } else if (count_type(owner, TYPE_SOA) > 1) {
        problem_error(c->problems, soa->next->at, "a second SOA record; a zone has exactly one");
    }
}

/* ---- What may stand together ---- */

static bool may_join_alias(uint16_t type)
{
    return type == TYPE_CNAME || type == TYPE_RRSIG || type == TYPE_NSEC;
}

static void check_alias(const struct checking *c, const struct draft_owner *owner)
{
    char text[TYPE_TEXT_SIZE];
    const struct draft_record *cname = draft_record_find(owner, TYPE_CNAME);
    if (cname == NULL) {
        return;
    }
    if (count_type(owner, TYPE_CNAME) > 1) {
        problem_error(c->problems, cname->next->at, "a second CNAME record for this name; an alias has one target");
    }
    for (const struct draft_record *r = owner->first; r != NULL; r = r->next) {
        if (!may_join_alias(r->type)) {
            bool is_later = r->at > cname->at;
            problem_error(c->problems, is_later ? r->at : cname->at,
                          "CNAME and %s for the same name; an alias has no other data (RFC 1034 3.6.2)",
                          type_text(r->type, text));
            return;
        }
    }
}

static void check_dname(const struct checking *c, const struct draft_owner *owner)
{
    const struct draft_record *dname = draft_record_find(owner, TYPE_DNAME);
    if (dname == NULL) {
        return;
    }
    if (count_type(owner, TYPE_DNAME) > 1) {
        problem_error(c->problems, dname->next->at, "a second DNAME record for this name; only one can hold");
    }
    if (has_type(owner, TYPE_NS) && !is_apex(c, owner)) {
        problem_error(c->problems, dname->at,
                      "DNAME and NS for the same name; it is either renamed or delegated "
                      "(RFC 6672 2.3)");
    }
    if (name_is_wildcard(owner->name)) {
        problem_warning(c->problems, dname->at, "a DNAME at a wildcard renames nothing (RFC 6672 3.3)");
    }
}

static void check_delegation(const struct checking *c, const struct draft_owner *owner)
{
    const struct draft_record *ns = draft_record_find(owner, TYPE_NS);
    const struct draft_record *ds = draft_record_find(owner, TYPE_DS);
    if (ns != NULL && name_is_wildcard(owner->name)) {
        problem_warning(c->problems, ns->at, "NS records at a wildcard delegate nothing (RFC 4592 4.2)");
    }
    if (ds != NULL && (ns == NULL || is_apex(c, owner))) {
        problem_warning(c->problems, ds->at, "DS records have a meaning only beside the NS records of a delegation");
    }
}

/* ---- Names in the wrong place ---- */

static void check_hidden(const struct checking *c, const struct draft_owner *owner)
{
    char text[NAME_TEXT_SIZE];
    const struct draft_owner *above = owner_above(c, owner->name, TYPE_DNAME);
    if (above != NULL) {
        problem_error(c->problems, owner->first->at, "data below the DNAME at '%s' can never be seen (RFC 6672 2.3)",
                      name_text(above->name, text));
        return;
    }
    above = owner_above(c, owner->name, TYPE_NS);
    for (const struct draft_record *r = owner->first; r != NULL && above != NULL; r = r->next) {
        if (r->type != TYPE_A && r->type != TYPE_AAAA && r->type != TYPE_RRSIG && r->type != TYPE_NSEC) {
            problem_warning(c->problems, r->at, "not served: '%s' delegates this name to other servers",
                            name_text(above->name, text));
            return;
        }
    }
}

/* "www.example.com" without its final dot in the zone example.com. */
static bool is_doubled(const struct checking *c, const uint8_t *name)
{
    const uint8_t *apex = c->draft->apex;
    unsigned labels = name_labels(name), apex_labels = name_labels(apex);
    if (apex_labels == 0 || labels < 2 * apex_labels || !name_is_under(name, apex)) {
        return false;
    }
    uint8_t relative[NAME_SIZE];
    name_copy(relative, name);
    relative[name_len(name) - name_len(apex)] = 0;
    return name_is_under(relative, apex);
}

static void check_final_dot(const struct checking *c, const uint8_t *name, const char *at)
{
    char text[NAME_TEXT_SIZE];
    if (is_doubled(c, name)) {
        problem_warning(c->problems, at, "'%s' ends in the zone's name twice; is a final dot missing?",
                        name_text(name, text));
    }
}

/* ---- Targets ---- */

/* The owner that answers for `name`: itself, or the wildcard of its closest encloser (RFC 4592 3.3.1). */
static const struct draft_owner *answering_owner(const struct checking *c, const uint8_t *name)
{
    struct trie_key key;
    struct trie_path path;
    trie_key_from_name(&key, name);
    trie_walk(&c->draft->names, &key, name, &path);
    unsigned labels = name_labels(name);
    unsigned common = path.nearest != NULL ? name_common_labels(path.nearest, name) : labels;
    if (common == labels) {
        return draft_find(c->draft, name);
    }
    uint8_t wildcard[NAME_SIZE + 2] = {1, '*'};
    name_copy(wildcard + 2, name_strip(name, labels - common));
    return draft_find(c->draft, wildcard);
}

static bool is_delegated(const struct checking *c, const uint8_t *name)
{
    const struct draft_owner *owner = draft_find(c->draft, name);
    bool is_cut = owner != NULL && has_type(owner, TYPE_NS) && !is_apex(c, owner);
    return is_cut || owner_above(c, name, TYPE_NS) != NULL;
}

static bool has_address(const struct draft_owner *owner)
{
    return owner != NULL && (has_type(owner, TYPE_A) || has_type(owner, TYPE_AAAA));
}

/* A host named by an NS, MX or SRV record. */
static void check_host(const struct checking *c, const struct draft_owner *owner, const struct draft_record *r,
                       const uint8_t *host)
{
    char text[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE];
    if (!name_is_under(host, c->draft->apex) || owner_above(c, host, TYPE_DNAME) != NULL) {
        return;
    }
    const struct draft_owner *target = answering_owner(c, host);
    name_text(host, text);
    if (target != NULL && has_type(target, TYPE_CNAME)) {
        problem_warning(c->problems, r->at, "%s points to '%s', which is a CNAME (RFC 2181 10.3)",
                        type_text(r->type, type), text);
        return;
    }
    /* Inside the delegation only glue helps; below another one its servers know. */
    bool needs_glue = r->type == TYPE_NS && !is_apex(c, owner) && name_is_under(host, owner->name);
    if (!c->is_whole || has_address(needs_glue ? draft_find(c->draft, host) : target)) {
        return;
    }
    if (needs_glue) {
        problem_warning(c->problems, r->at, "glue is missing: '%s' has no A or AAAA record, so nobody can reach it",
                        text);
    } else if (!is_delegated(c, host)) {
        problem_warning(c->problems, r->at, "%s points to '%s', which has no A or AAAA record in this zone",
                        type_text(r->type, type), text);
    }
}

/* What a CNAME or PTR record points to. */
static void check_pointer(const struct checking *c, const struct draft_record *r)
{
    char text[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE];
    const uint8_t *name = r->rdata, *apex = c->draft->apex;
    if (!c->is_whole || is_doubled(c, name) || !name_is_under(name, apex) || is_delegated(c, name) ||
        owner_above(c, name, TYPE_DNAME) != NULL || answering_owner(c, name) != NULL) {
        return;
    }
    bool looks_whole = name_labels(name) > name_labels(apex) + 1;
    problem_warning(c->problems, r->at, "%s points to '%s', which has no records in this zone%s",
                    type_text(r->type, type), name_text(name, text), looks_whole ? "; is a final dot missing?" : "");
}

static void check_targets(const struct checking *c, const struct draft_owner *owner)
{
    for (const struct draft_record *r = owner->first; r != NULL; r = r->next) {
        const uint8_t *name = r->type == TYPE_NS || r->type == TYPE_CNAME || r->type == TYPE_PTR ? r->rdata
                              : r->type == TYPE_MX                                               ? r->rdata + 2
                              : r->type == TYPE_SRV                                              ? r->rdata + 6
                                                                                                 : NULL;
        if (name == NULL || name_is_root(name)) {
            continue; /* a target of "." says that there is none (RFC 2782, 7505) */
        }
        check_final_dot(c, name, r->at);
        if (r->type == TYPE_CNAME || r->type == TYPE_PTR) {
            check_pointer(c, r);
        } else {
            check_host(c, owner, r, name);
        }
    }
}

/* ---- RRsets ---- */

/* One message holds header, question, and each record's owner as a pointer, type, class, TTL and length. */
enum { RECORD_OVERHEAD = 12, SET_ROOM = MSG_SIZE_MAX - MSG_HEADER_SIZE - NAME_SIZE - 4 };

static void check_set(const struct checking *c, const struct draft_record *first)
{
    char text[TYPE_TEXT_SIZE];
    size_t size = 0;
    bool ttl_differs = false;
    const struct draft_record *r = first;
    for (; r != NULL && r->type == first->type; r = r->next) {
        size += RECORD_OVERHEAD + r->len;
        if (r->ttl != first->ttl && r->type != TYPE_RRSIG && !ttl_differs) {
            ttl_differs = true;
            problem_warning(c->problems, r->at,
                            "%s records of one name with different TTLs; the smallest is used "
                            "for all (RFC 2181 5.2)",
                            type_text(r->type, text));
        }
    }
    if (size > SET_ROOM) {
        problem_error(c->problems, first->at, "the %s records of this name do not fit one answer of %d octets",
                      type_text(first->type, text), MSG_SIZE_MAX);
    }
}

static void check_sets(const struct checking *c, const struct draft_owner *owner)
{
    uint16_t last = 0;
    for (const struct draft_record *r = owner->first; r != NULL; r = r->next) {
        if (r->type != last) {
            check_set(c, r);
        }
        last = r->type;
    }
}

static int check_owner(void *arg, const uint8_t *leaf)
{
    const struct checking *c = arg;
    const struct draft_owner *owner = draft_owner_of(leaf);
    check_sets(c, owner);
    check_soa(c, owner);
    check_alias(c, owner);
    check_dname(c, owner);
    check_delegation(c, owner);
    check_hidden(c, owner);
    check_final_dot(c, owner->name, owner->first->at);
    check_targets(c, owner);
    return problems_full(c->problems);
}

void check_zone(const struct draft *d, bool is_whole, struct problems *problems)
{
    struct checking c = {.draft = d, .problems = problems, .is_whole = is_whole};
    if (is_whole) {
        check_apex(&c);
    }
    trie_each(&d->names, check_owner, &c);
}
