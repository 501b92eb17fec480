#include "resolver/iterate/scrub.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/cut.h"
#include "resolver/validate/signature.h"

/* Bounds on comparing many servers with many addresses, and on denials: a real one takes three or four records. */
enum { GLUE_SEEN = 256, GLUE_NAMES = 64, PROOFS_KEPT = 8 };

/* Of an endless list of servers this many times the limit is kept, so that it can be stored. */
enum { NAMES_KEPT = 2 };

bool in_zone(const uint8_t *owner, const uint8_t *zone)
{
    return name_is_under(owner, zone);
}

const struct rrset *scrub_answer(const struct msg *m, const uint8_t *name, uint16_t type)
{
    if (type != TYPE_ANY) {
        return rrset_find(m->sections[SECTION_ANSWER], name, type);
    }
    for (const struct rrset *set = m->sections[SECTION_ANSWER]; set != NULL; set = set->next) {
        if (set->type != TYPE_RRSIG && !type_is_meta(set->type) && name_equal(set->owner, name)) {
            return set;
        }
    }
    return NULL;
}

const struct rrset *scrub_cname(const struct msg *m, const uint8_t *name)
{
    return rrset_find(m->sections[SECTION_ANSWER], name, TYPE_CNAME);
}

const struct rrset *scrub_dname(const struct msg *m, const uint8_t *zone, const uint8_t *name)
{
    for (const struct rrset *set = m->sections[SECTION_ANSWER]; set != NULL; set = set->next) {
        if (set->type == TYPE_DNAME && in_zone(set->owner, zone) && name_is_under(name, set->owner) &&
            !name_equal(name, set->owner)) {
            return set;
        }
    }
    return NULL;
}

const struct rrset *scrub_soa(const struct msg *m, const uint8_t *zone, const uint8_t *name)
{
    for (const struct rrset *set = m->sections[SECTION_AUTHORITY]; set != NULL; set = set->next) {
        if (set->type == TYPE_SOA && in_zone(set->owner, zone) && name_is_under(name, set->owner)) {
            return set;
        }
    }
    return NULL;
}

const struct rrset *scrub_ns(const struct msg *m, const uint8_t *zone, const uint8_t *name, uint16_t type)
{
    for (const struct rrset *set = m->sections[SECTION_AUTHORITY]; set != NULL; set = set->next) {
        bool is_deeper = set->type == TYPE_NS && in_zone(set->owner, zone) && !name_equal(set->owner, zone);
        if (is_deeper && name_is_under(name, set->owner) && (type != TYPE_DS || !name_equal(name, set->owner))) {
            return set;
        }
    }
    return NULL;
}

/* Appends a shallow copy: nodes of a message stay linked as they came. */
static int keep(struct rrset **list, const struct rrset *set, struct arena *a)
{
    struct rrset *copy = arena_copy(a, set, sizeof(*set));
    if (copy == NULL) {
        return FAIL_LIMIT;
    }
    copy->next = NULL;
    rrset_append(list, copy);
    return FAIL_NONE;
}

static int keep_proofs(const struct msg *m, const uint8_t *zone, struct arena *a, struct rrset **out)
{
    unsigned kept = 0;
    for (const struct rrset *set = m->sections[SECTION_AUTHORITY]; set != NULL && kept < PROOFS_KEPT; set = set->next) {
        bool is_proof = (set->type == TYPE_NSEC || set->type == TYPE_NSEC3) && in_zone(set->owner, zone);
        if (is_proof && keep(out, set, a) != FAIL_NONE) {
            return FAIL_LIMIT;
        }
        kept += is_proof;
    }
    return FAIL_NONE;
}

int scrub_negative(const struct msg *m, const uint8_t *zone, const uint8_t *name, struct arena *a, struct rrset **out)
{
    const struct rrset *soa = scrub_soa(m, zone, name);
    if (soa != NULL && keep(out, soa, a) != FAIL_NONE) {
        return FAIL_LIMIT;
    }
    return keep_proofs(m, soa != NULL ? soa->owner : zone, a, out);
}

int scrub_wildcard(const struct msg *m, const struct rrset *set, struct arena *a, struct rrset **out)
{
    struct rrsig sig;
    bool is_signed = set->sigs.count > 0 && rrsig_parse(rdatas_first(&set->sigs), &sig) == FAIL_NONE;
    if (!is_signed || sig.labels >= name_labels(set->owner) - name_is_wildcard(set->owner)) {
        return FAIL_NONE;
    }
    return keep_proofs(m, sig.signer, a, out);
}

static bool is_server(const struct rrset *ns, unsigned servers, const uint8_t *name)
{
    struct rdata_view rdata;
    for (size_t at = 0; servers > 0 && rdatas_next(&ns->data, &at, &rdata); servers--) {
        if (name_equal(ns_target(&rdata), name)) {
            return true;
        }
    }
    return false;
}

static int keep_glue(const struct msg *m, const uint8_t *zone, const struct rrset *ns, unsigned servers,
                     struct arena *a, struct delegation *out)
{
    unsigned seen = 0;
    servers = servers < GLUE_NAMES ? servers : GLUE_NAMES;
    for (const struct rrset *set = m->sections[SECTION_ADDITIONAL]; set != NULL && seen < GLUE_SEEN; set = set->next) {
        bool is_address = set->type == TYPE_A || set->type == TYPE_AAAA;
        seen++;
        if (is_address && is_server(ns, servers, set->owner) &&
            keep(in_zone(set->owner, zone) ? &out->sets : &out->foreign, set, a) != FAIL_NONE) {
            return FAIL_LIMIT;
        }
    }
    return FAIL_NONE;
}

int scrub_delegation(const struct msg *m, const uint8_t *zone, const struct rrset *ns, unsigned servers,
                     struct arena *a, struct delegation *out)
{
    *out = (struct delegation){0};
    if (keep(&out->sets, ns, a) != FAIL_NONE) {
        return FAIL_LIMIT;
    }
    rdatas_shorten(&out->sets->data, servers * NAMES_KEPT);
    const struct rrset *ds = rrset_find(m->sections[SECTION_AUTHORITY], ns->owner, TYPE_DS);
    int failed = ds != NULL ? keep(&out->sets, ds, a) : keep_proofs(m, zone, a, &out->sets);
    if (failed != FAIL_NONE) {
        return failed;
    }
    return keep_glue(m, zone, ns, servers, a, out);
}
