#include "zones/draft.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/rdata.h"
#include "resolver/dns/rrset.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"

void draft_init(struct draft *d, const uint8_t *apex)
{
    *d = (struct draft){0};
    name_copy(d->apex, apex);
}

void draft_fini(struct draft *d)
{
    blocks_free(&d->blocks);
}

const struct draft_owner *draft_owner_of(const uint8_t *leaf)
{
    return (const struct draft_owner *)(const void *)(leaf - offsetof(struct draft_owner, name));
}

const struct draft_owner *draft_find(const struct draft *d, const uint8_t *name)
{
    struct trie_key key;
    trie_key_from_name(&key, name);
    const uint8_t *leaf = trie_find(&d->names, &key, name);
    return leaf != NULL ? draft_owner_of(leaf) : NULL;
}

const struct draft_record *draft_record_find(const struct draft_owner *owner, uint16_t type)
{
    for (const struct draft_record *r = owner->first; r != NULL && r->type <= type; r = r->next) {
        if (r->type == type) {
            return r;
        }
    }
    return NULL;
}

/* ---- Taking records ---- */

/* The owner made for a name that turns out to be there already is left unused: names seldom come back. */
static struct draft_owner *add_owner(struct draft *d, const uint8_t *name)
{
    struct trie_key key;
    trie_key_from_name(&key, name);
    struct draft_owner *owner = blocks_take(&d->blocks, sizeof(*owner) + name_len(name), alignof(struct draft_owner));
    if (owner == NULL) {
        return NULL;
    }
    owner->first = owner->last = NULL;
    name_copy(owner->name, name);
    const uint8_t *leaf = trie_add(&d->names, &d->blocks, &key, owner->name, 0);
    if (leaf == NULL || leaf == owner->name) {
        return leaf != NULL ? owner : NULL;
    }
    /* The trie keeps names as constant; the structure around this one is the draft's own. */
    return (struct draft_owner *)(uintptr_t)draft_owner_of(leaf);
}

/* Mostly at the end: records of one owner stand together, and types seldom go back. */
static void link_record(struct draft_owner *owner, struct draft_record *record)
{
    if (owner->last == NULL || owner->last->type <= record->type) {
        *(owner->last != NULL ? &owner->last->next : &owner->first) = record;
        owner->last = record;
        return;
    }
    struct draft_record **at = &owner->first;
    while ((*at)->type <= record->type) {
        at = &(*at)->next;
    }
    record->next = *at;
    *at = record;
}

int draft_add(struct draft *d, const struct load_record *record)
{
    if (d->recent == NULL || !name_equal(d->recent->name, record->owner)) {
        d->recent = add_owner(d, record->owner);
    }
    struct draft_record *r = blocks_take(&d->blocks, sizeof(*r) + record->len, alignof(struct draft_record));
    if (d->recent == NULL || r == NULL) {
        return FAIL_MEMORY;
    }
    *r = (struct draft_record){.at = record->at, .ttl = record->ttl, .type = record->type, .len = record->len};
    memcpy(r->rdata, record->rdata, record->len);
    link_record(d->recent, r);
    d->has_dname |= r->type == TYPE_DNAME;
    d->has_cut |= r->type == TYPE_NS && !name_equal(record->owner, d->apex);
    return FAIL_NONE;
}

/* ---- Becoming a zone ---- */

/* The largest RDATA whose names are compared without their case: SOA's two names and numbers. Longer ones hold no names
 * that matter here. */
enum { CASELESS_MAX = 2 * NAME_SIZE + 20, SET_MAX = UINT16_MAX };

struct finishing {
    const struct draft *draft;
    struct problems *problems;
    struct zone *zone;
    const struct draft_record **sorted; /* of one RRset */
    size_t room;
};

static int compare_caseless(const struct draft_record *a, const struct draft_record *b)
{
    uint8_t copies[2][CASELESS_MAX];
    memcpy(copies[0], a->rdata, a->len);
    memcpy(copies[1], b->rdata, b->len);
    rdata_canonicalise(a->type, copies[0], a->len);
    rdata_canonicalise(b->type, copies[1], b->len);
    return rdata_compare(copies[0], a->len, copies[1], b->len);
}

/* Canonical order (RFC 4034 6.3). */
static int compare_records(const void *left, const void *right)
{
    const struct draft_record *a = *(const struct draft_record *const *)left;
    const struct draft_record *b = *(const struct draft_record *const *)right;
    if (a->len <= CASELESS_MAX && b->len <= CASELESS_MAX && a->type != TYPE_A && a->type != TYPE_AAAA) {
        return compare_caseless(a, b);
    }
    return rdata_compare(a->rdata, a->len, b->rdata, b->len);
}

static size_t count_type(const struct draft_record *first)
{
    size_t count = 0;
    for (const struct draft_record *r = first; r != NULL && r->type == first->type; r = r->next) {
        count++;
    }
    return count;
}

static bool collect(struct finishing *f, const struct draft_record *first, size_t count)
{
    if (count > f->room) {
        const struct draft_record **sorted = realloc(f->sorted, count * sizeof(const struct draft_record *));
        if (sorted == NULL) {
            return false;
        }
        f->sorted = sorted;
        f->room = count;
    }
    const struct draft_record *r = first;
    for (size_t i = 0; i < count; i++, r = r->next) {
        f->sorted[i] = r;
    }
    if (count > 1) {
        qsort(f->sorted, count, sizeof(f->sorted[0]), compare_records);
    }
    return true;
}

/* One RRset: `count` distinct records at f->sorted, and the space they take. */
struct pending_set {
    struct zone_rrset head;
    const struct draft_record *next; /* of the next type */
};

static void warn_duplicate(const struct finishing *f, const struct draft_record *a, const struct draft_record *b)
{
    const char *later = a->at > b->at ? a->at : b->at;
    if (f->problems != NULL && later != NULL) {
        problem_warning(f->problems, later, "this record is written twice; one is enough");
    }
}

static bool prepare_set(struct finishing *f, const struct draft_record *first, struct pending_set *out)
{
    size_t count = count_type(first), kept = 0, len = 0;
    if (!collect(f, first, count)) {
        return false;
    }
    uint32_t ttl = first->ttl;
    for (size_t i = 0; i < count; i++) {
        const struct draft_record *r = f->sorted[i];
        ttl = r->ttl < ttl ? r->ttl : ttl;
        if (kept == 0 || compare_records(&f->sorted[kept - 1], &r) != 0) {
            f->sorted[kept++] = r;
            len += sizeof(uint16_t) + r->len;
        } else {
            warn_duplicate(f, f->sorted[kept - 1], r);
        }
    }
    out->head = (struct zone_rrset){.type = first->type, .count = (uint16_t)kept, .ttl = ttl, .len = (uint32_t)len};
    out->next = first;
    for (size_t i = 0; i < count; i++) {
        out->next = out->next->next;
    }
    return kept <= SET_MAX;
}

static size_t sets_size(const struct draft_owner *owner)
{
    size_t size = 0, len = 0;
    for (const struct draft_record *r = owner->first; r != NULL; r = r->next) {
        len += sizeof(uint16_t) + r->len;
        if (r->next == NULL || r->next->type != r->type) {
            size += zone_rrset_size(len);
            len = 0;
        }
    }
    return size;
}

static unsigned mark_of(const struct finishing *f, const struct draft_owner *owner)
{
    if (f->draft->is_reverse) {
        return ZONE_MARK_CUT;
    }
    bool is_cut = draft_record_find(owner, TYPE_NS) != NULL && !name_equal(owner->name, f->draft->apex);
    bool is_dname = draft_record_find(owner, TYPE_DNAME) != NULL;
    return (is_cut && !name_is_wildcard(owner->name) ? ZONE_MARK_CUT : 0) |
           (is_dname && !name_is_wildcard(owner->name) ? ZONE_MARK_DNAME : 0);
}

static bool has_wildcard_label(const uint8_t *name)
{
    while (!name_is_root(name) && !name_is_wildcard(name)) {
        name = name_parent(name);
    }
    return !name_is_root(name);
}

static const uint8_t *finish_owner(void *arg, const uint8_t *leaf, unsigned *mark)
{
    struct finishing *f = arg;
    const struct draft_owner *owner = draft_owner_of(leaf);
    struct zone_node *node = zone_node_new(f->zone, owner->name, sets_size(owner));
    const struct draft_record *r = owner->first;
    while (node != NULL && r != NULL) {
        struct pending_set set;
        if (!prepare_set(f, r, &set)) {
            return NULL;
        }
        uint8_t *out = zone_node_append(node, &set.head);
        for (size_t i = 0; i < set.head.count; i++) {
            out += rdatas_pack(out, f->sorted[i]->rdata, f->sorted[i]->len);
        }
        f->zone->record_count += set.head.count;
        r = set.next;
    }
    *mark = mark_of(f, owner);
    f->zone->has_cuts = f->zone->has_cuts || (*mark & ZONE_MARK_CUT) != 0;
    f->zone->has_wildcards = f->zone->has_wildcards || has_wildcard_label(owner->name);
    return node != NULL ? node->name : NULL;
}

static void find_top(struct zone *z)
{
    z->top = z->is_reverse ? NULL : zone_node_find(z, z->apex);
    const struct zone_rrset *soa = z->top != NULL ? zone_node_set(z->top, TYPE_SOA) : NULL;
    if (soa != NULL) {
        struct rdatas data = zone_rrset_data(soa);
        struct rdata_view rdata = rdatas_first(&data);
        z->serial = wire_get_u32(rdata.bytes + rdata.len - 20);
    }
}

struct zone *draft_finish(const struct draft *d, struct problems *problems)
{
    struct finishing f = {.draft = d, .problems = problems, .zone = zone_new(d->apex)};
    if (f.zone == NULL) {
        return NULL;
    }
    f.zone->is_reverse = d->is_reverse;
    int fail = trie_copy(&f.zone->tree, &f.zone->blocks, &d->names, finish_owner, &f);
    free(f.sorted);
    if (fail != FAIL_NONE) {
        zone_release(f.zone);
        return NULL;
    }
    find_top(f.zone);
    return f.zone;
}
