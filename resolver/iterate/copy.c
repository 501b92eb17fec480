#include "resolver/iterate/copy.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/validate/ds.h"
#include "resolver/validate/signature.h"
#include "resolver/validate/zonemd.h"

enum {
    MEMORY_MAX = 256 << 20,
    SOA_NUMBERS = 20, /* octets at the end of its RDATA */
    NSEC_STEPS = 256  /* names without NSEC between two with one: glue */
};

struct node {
    const uint8_t *owner;
    struct rrset *sets;
};

struct zone_copy {
    uint8_t apex[NAME_SIZE];
    struct arena memory;
    struct record_list records;
    struct node *nodes; /* in canonical order */
    size_t count;
    struct zone_times times;
    bool has_digest;
    atomic_uint users;
};

struct zone_copy *copy_new(const uint8_t *apex)
{
    struct zone_copy *c = calloc(1, sizeof(*c));
    if (c != NULL) {
        name_copy(c->apex, apex);
        arena_init(&c->memory, MEMORY_MAX);
        record_list_init(&c->records, &c->memory);
        atomic_init(&c->users, 1);
    }
    return c;
}

struct zone_copy *copy_hold(struct zone_copy *c)
{
    atomic_fetch_add_explicit(&c->users, 1, memory_order_relaxed);
    return c;
}

void copy_release(struct zone_copy *c)
{
    if (c != NULL && atomic_fetch_sub_explicit(&c->users, 1, memory_order_acq_rel) == 1) {
        record_list_fini(&c->records);
        arena_fini(&c->memory);
        free(c);
    }
}

int copy_add(struct zone_copy *c, const struct record *r)
{
    if (!name_is_under(r->owner, c->apex)) {
        return FAIL_WIRE;
    }
    return record_list_add(&c->records, r);
}

const struct zone_times *copy_times(const struct zone_copy *c)
{
    return &c->times;
}

size_t copy_count(const struct zone_copy *c)
{
    return c->records.count;
}

bool copy_has_digest(const struct zone_copy *c)
{
    return c->has_digest;
}

/* ---- From records to sets ---- */

/* The records from `first` on that one set consists of: equal in owner and type, or signatures of one type. */
static size_t count_alike(const struct record_list *r, size_t first)
{
    const struct record *a = &r->items[first];
    size_t i = first + 1;
    for (; i < r->count; i++) {
        const struct record *b = &r->items[i];
        bool is_alike = b->type == a->type && name_equal(a->owner, b->owner) &&
                        (a->type != TYPE_RRSIG || wire_get_u16(a->rdata) == wire_get_u16(b->rdata));
        if (!is_alike) {
            break;
        }
    }
    return i - first;
}

static bool pack(struct arena *a, const struct record *records, size_t count, struct rdatas *out)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += sizeof(uint16_t) + records[i].len;
    }
    uint8_t *bytes = count <= UINT16_MAX ? arena_take(a, size) : NULL;
    if (bytes == NULL) {
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        at += rdatas_pack(bytes + at, records[i].rdata, records[i].len);
    }
    *out = (struct rdatas){.bytes = bytes, .len = (uint32_t)size, .count = (uint16_t)count};
    return true;
}

static struct rrset *make_set(struct zone_copy *c, const struct record *records, size_t count)
{
    struct rrset *set = arena_take(&c->memory, sizeof(*set));
    if (set == NULL || !pack(&c->memory, records, count, &set->data)) {
        return NULL;
    }
    set->owner = records->owner;
    set->type = records->type;
    set->ttl = records->ttl;
    for (size_t i = 1; i < count; i++) {
        set->ttl = records[i].ttl < set->ttl ? records[i].ttl : set->ttl;
    }
    return set;
}

static struct node *node_of(struct zone_copy *c, const uint8_t *owner)
{
    if (c->count == 0 || !name_equal(c->nodes[c->count - 1].owner, owner)) {
        c->nodes[c->count++].owner = owner;
    }
    return &c->nodes[c->count - 1];
}

/* Signatures go to their set; those of none are of no use. */
static bool add_group(struct zone_copy *c, const struct record *first, size_t count, bool is_signature)
{
    struct node *node = node_of(c, first->owner);
    if (!is_signature) {
        struct rrset *set = make_set(c, first, count);
        if (set != NULL) {
            rrset_append(&node->sets, set);
        }
        return set != NULL;
    }
    struct rrset *covered = rrset_find(node->sets, first->owner, wire_get_u16(first->rdata));
    return covered == NULL || pack(&c->memory, first, count, &covered->sigs);
}

static bool make_nodes(struct zone_copy *c)
{
    const struct record_list *r = &c->records;
    c->nodes = arena_take(&c->memory, r->count * sizeof(*c->nodes));
    if (c->nodes == NULL) {
        return false;
    }
    for (size_t end, begin = 0; begin < r->count; begin = end) {
        for (end = begin; end < r->count && name_equal(r->items[begin].owner, r->items[end].owner);) {
            end += count_alike(r, end);
        }
        for (unsigned signatures = 0; signatures < 2; signatures++) {
            for (size_t i = begin, n; i < end; i += n) {
                n = count_alike(r, i);
                if ((r->items[i].type == TYPE_RRSIG) == signatures && !add_group(c, &r->items[i], n, signatures)) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* ---- Looking up ---- */

/* The first node at or behind `name` in canonical order. */
static size_t position(const struct zone_copy *c, const uint8_t *name)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (name_compare(c->nodes[middle].owner, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const struct node *find_node(const struct zone_copy *c, const uint8_t *name)
{
    size_t at = position(c, name);
    return at < c->count && name_equal(c->nodes[at].owner, name) ? &c->nodes[at] : NULL;
}

static const struct rrset *find_set(const struct zone_copy *c, const uint8_t *name, uint16_t type)
{
    const struct node *node = find_node(c, name);
    return node != NULL ? rrset_find(node->sets, node->owner, type) : NULL;
}

/* True when the name or one below it owns records. */
static bool exists(const struct zone_copy *c, const uint8_t *name)
{
    size_t at = position(c, name);
    return at < c->count && name_is_under(c->nodes[at].owner, name);
}

/* The NSEC of `name`, or the one whose span it is in. */
static const struct rrset *find_nsec(const struct zone_copy *c, const uint8_t *name)
{
    size_t at = position(c, name);
    at += at < c->count && name_equal(c->nodes[at].owner, name);
    for (unsigned i = 0; i < NSEC_STEPS && at > 0; i++) {
        const struct node *node = &c->nodes[--at];
        const struct rrset *nsec = rrset_find(node->sets, node->owner, TYPE_NSEC);
        if (nsec != NULL) {
            return nsec;
        }
    }
    return NULL;
}

/* ---- Checking ---- */

static bool read_times(struct zone_copy *c, const struct rrset *soa)
{
    struct rdata_view rdata = rdatas_first(&soa->data);
    if (soa->data.count != 1 || rdata.len < SOA_NUMBERS) {
        return false;
    }
    const uint8_t *numbers = rdata.bytes + rdata.len - SOA_NUMBERS;
    c->times = (struct zone_times){.serial = wire_get_u32(numbers),
                                   .refresh = wire_get_u32(numbers + 4),
                                   .retry = wire_get_u32(numbers + 8),
                                   .expire = wire_get_u32(numbers + 12)};
    return true;
}

static bool is_signed(const struct zone_copy *c, struct verifier *v, uint16_t type, const struct rdatas *keys)
{
    const struct rrset *set = find_set(c, c->apex, type);
    return set == NULL || signature_verify(v, set, c->apex, keys, NULL, NULL) == VERDICT_SECURE;
}

static const char *check_signatures(const struct zone_copy *c, struct verifier *v, const struct rdatas *ds)
{
    const struct rrset *keys = find_set(c, c->apex, TYPE_DNSKEY);
    if (keys == NULL) {
        return "it has no keys, though there is a trust anchor";
    }
    switch (ds_verify_keys(v, keys, ds, NULL, NULL)) {
    case VERDICT_SECURE:
        break;
    case VERDICT_UNSUPPORTED:
        return NULL;
    default:
        return "its keys are not those of the trust anchor";
    }
    bool are_signed = is_signed(c, v, TYPE_SOA, &keys->data) && is_signed(c, v, TYPE_ZONEMD, &keys->data);
    return are_signed ? NULL : "its SOA or ZONEMD is not signed, or no longer";
}

const char *copy_finish(struct zone_copy *c, struct verifier *v, const struct rdatas *ds)
{
    record_list_sort(&c->records);
    if (!make_nodes(c)) {
        return "it is too large";
    }
    const struct rrset *soa = find_set(c, c->apex, TYPE_SOA);
    if (soa == NULL || !read_times(c, soa) || find_set(c, c->apex, TYPE_NS) == NULL) {
        return "it has no SOA, several, or no NS";
    }
    enum zonemd digest = zonemd_check(&c->records, c->apex, c->times.serial);
    if (digest == ZONEMD_BAD) {
        return "its digest (ZONEMD) is another one: it was damaged or changed";
    }
    c->has_digest = digest == ZONEMD_GOOD;
    return ds != NULL ? check_signatures(c, v, ds) : NULL;
}

/* ---- Replies ---- */

struct reply {
    const struct zone_copy *zone;
    struct arena *arena;
    struct msg *msg;
    bool is_full;
};

static void put(struct reply *r, enum section section, const struct rrset *set)
{
    struct rrset *copy = set != NULL ? arena_copy(r->arena, set, sizeof(*set)) : NULL;
    if (set == NULL || rrset_find(r->msg->sections[section], set->owner, set->type) != NULL) {
        return;
    }
    if (copy == NULL) {
        r->is_full = true;
        return;
    }
    copy->next = NULL;
    rrset_append(&r->msg->sections[section], copy);
}

static void put_servers(struct reply *r, const struct rrset *ns)
{
    struct rdata_view target;
    for (size_t at = 0; rdatas_next(&ns->data, &at, &target);) {
        put(r, SECTION_ADDITIONAL, find_set(r->zone, target.bytes, TYPE_A));
        put(r, SECTION_ADDITIONAL, find_set(r->zone, target.bytes, TYPE_AAAA));
    }
}

static void refer(struct reply *r, const struct rrset *ns)
{
    const struct rrset *ds = find_set(r->zone, ns->owner, TYPE_DS);
    put(r, SECTION_AUTHORITY, ns);
    put(r, SECTION_AUTHORITY, ds != NULL ? ds : find_nsec(r->zone, ns->owner));
    put_servers(r, ns);
}

static void deny(struct reply *r, const uint8_t *name)
{
    r->msg->flags |= MSG_AA;
    put(r, SECTION_AUTHORITY, find_set(r->zone, r->zone->apex, TYPE_SOA));
    put(r, SECTION_AUTHORITY, find_nsec(r->zone, name));
}

/* The name that exists and is nearest above `name`. */
static const uint8_t *closest_encloser(const struct zone_copy *c, const uint8_t *name)
{
    do {
        name = name_parent(name);
    } while (!name_equal(name, c->apex) && !exists(c, name));
    return name;
}

/* False: a wildcard may answer. */
static bool deny_name(struct reply *r, const uint8_t *name)
{
    uint8_t wildcard[NAME_SIZE] = {1, '*'};
    const uint8_t *encloser = closest_encloser(r->zone, name);
    if (name_len(encloser) + 2 > NAME_SIZE) {
        return false;
    }
    name_copy(wildcard + 2, encloser);
    if (find_node(r->zone, wildcard) != NULL) {
        return false;
    }
    deny(r, name);
    put(r, SECTION_AUTHORITY, find_nsec(r->zone, wildcard));
    r->msg->rcode = RCODE_NXDOMAIN;
    return true;
}

/* What stands between the apex and `name` that takes the name out of the zone's hands. */
static const struct rrset *find_cut(const struct zone_copy *c, const uint8_t *name, uint16_t type, bool *is_renamed)
{
    unsigned above = name_labels(name) - name_labels(c->apex);
    while (above > 0) {
        above--;
        const uint8_t *at = name_strip(name, above);
        const struct rrset *ns = find_set(c, at, TYPE_NS);
        *is_renamed = above > 0 && find_set(c, at, TYPE_DNAME) != NULL;
        if (*is_renamed || (ns != NULL && !(type == TYPE_DS && above == 0))) {
            return ns;
        }
    }
    return NULL;
}

static bool answer(struct reply *r, const uint8_t *name, uint16_t type)
{
    const struct rrset *set = find_set(r->zone, name, type);
    if (type == TYPE_ANY || type == TYPE_RRSIG) {
        return false;
    }
    set = set != NULL ? set : find_set(r->zone, name, TYPE_CNAME);
    if (set == NULL && !exists(r->zone, name)) {
        return deny_name(r, name);
    }
    if (set == NULL) {
        deny(r, name);
        return true;
    }
    r->msg->flags |= MSG_AA;
    put(r, SECTION_ANSWER, set);
    if (type == TYPE_NS) {
        put_servers(r, set);
    }
    return true;
}

bool copy_reply(const struct zone_copy *c, const uint8_t *name, uint16_t type, struct arena *a, struct msg *out)
{
    struct reply r = {.zone = c, .arena = a, .msg = out};
    bool is_renamed = false;
    const struct rrset *cut = find_cut(c, name, type, &is_renamed);
    *out = (struct msg){.flags = MSG_QR, .has_question = true};
    out->question = (struct question){.name = name, .type = type, .class = CLASS_IN};
    if (is_renamed) {
        return false;
    }
    if (cut != NULL) {
        refer(&r, cut);
        return !r.is_full;
    }
    return answer(&r, name, type) && !r.is_full;
}
