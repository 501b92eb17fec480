#include "resolver/dns/msg.h"

#include <stdio.h>
#include <string.h>

#include "resolver/base/hash.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"

/* A message is read in two steps. First every record finds its group (section, owner, type; for an RRSIG the type it
 * covers), in large messages through a hash table, and is chained to it, duplicates left out; then each group is packed
 * into an RRset. So the cost is in proportion to the message, whatever it holds. */

enum {
    NONE = 0, /* groups and records are numbered from 1 */
    RECORD_SIZE_MIN = 11,
    COMPARED_MAX = 8,     /* groups, and records of a chain, compared one by one; later ones are found by hash */
    NAMES_SIZE_MAX = 512, /* what the two names of an RDATA may grow by */
    SCRATCH_SIZE = 1024
};

struct record {
    const uint8_t *rdata;
    uint16_t len;
    uint16_t next; /* in its chain */
    uint32_t chain_id;
};

struct chain {
    uint16_t first, last;
    uint16_t count;
    uint32_t len; /* packed */
    uint32_t id;
};

struct group {
    const uint8_t *owner;
    uint32_t hash;
    uint32_t ttl;
    uint16_t type;
    uint8_t section;
    struct chain data;
    struct chain sigs;
};

struct parser {
    struct reader r;
    struct arena *arena;
    struct msg *out;
    struct record *records;
    struct group *groups;
    uint16_t record_count, group_count;
    uint16_t *group_slots; /* of the groups behind the first COMPARED_MAX */
    uint16_t *record_slots;
    uint32_t mask;     /* slots - 1, in both tables */
    uint32_t capacity; /* records */
};

/* The head of a record as it stands in the message. */
struct head {
    uint8_t owner[NAME_SIZE];
    uint16_t type, class, rdlength;
    uint32_t ttl;
};

char *rcode_text(unsigned rcode, char out[16])
{
    static const char *const texts[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
                                        "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE", "DSOTYPENI"};
    if (rcode < sizeof(texts) / sizeof(texts[0])) {
        snprintf(out, 16, "%s", texts[rcode]);
    } else if (rcode == RCODE_BADVERS || rcode == RCODE_BADCOOKIE) {
        snprintf(out, 16, "%s", rcode == RCODE_BADVERS ? "BADVERS" : "BADCOOKIE");
    } else {
        snprintf(out, 16, "RCODE%u", rcode);
    }
    return out;
}

/* Slots outnumber records more than twice: a group may be entered a second time when its type changes. */
static bool prepare_slots(struct parser *p)
{
    uint32_t slots = 16;
    while (slots <= p->capacity * 2) {
        slots *= 2;
    }
    p->mask = slots - 1;
    p->group_slots = arena_take(p->arena, slots * sizeof(*p->group_slots));
    p->record_slots = arena_take(p->arena, slots * sizeof(*p->record_slots));
    return p->group_slots != NULL && p->record_slots != NULL;
}

static bool prepare_tables(struct parser *p, uint32_t announced)
{
    size_t fitting = reader_left(&p->r) / RECORD_SIZE_MIN;
    uint32_t capacity = announced < fitting ? announced : (uint32_t)fitting;
    if (capacity > MSG_RECORDS_MAX) {
        capacity = MSG_RECORDS_MAX;
    }
    p->capacity = capacity;
    p->records = arena_room(p->arena, (capacity + 1) * sizeof(*p->records));
    p->groups = arena_room(p->arena, (capacity + 1) * sizeof(*p->groups));
    return p->records != NULL && p->groups != NULL && (capacity < COMPARED_MAX || prepare_slots(p));
}

static uint32_t hash_group(unsigned section, const uint8_t *owner, uint16_t type)
{
    UNCLEARED uint8_t key[NAME_SIZE + 3];
    size_t len = name_lower(key, owner);
    key[len++] = (uint8_t)section;
    wire_put_u16(key + len, type);
    return (uint32_t)hash_bytes(key, len + 2);
}

static bool is_group(const struct group *g, unsigned section, const uint8_t *owner, uint16_t type)
{
    return g->section == section && g->type == type && name_equal(g->owner, owner);
}

/* The slot that holds the number of the group, or the free one where it belongs. */
static uint16_t *find_slot(struct parser *p, uint32_t hash, unsigned section, const uint8_t *owner, uint16_t type)
{
    uint32_t slot = hash & p->mask;
    for (; p->group_slots[slot] != NONE; slot = (slot + 1) & p->mask) {
        const struct group *g = &p->groups[p->group_slots[slot]];
        if (g->hash == hash && is_group(g, section, owner, type)) {
            break;
        }
    }
    return &p->group_slots[slot];
}

/* The group, or NULL; the number of a new one, with `*hash`, then goes to `*slot` unless that is NULL. */
static struct group *find_group(struct parser *p, unsigned section, const uint8_t *owner, uint16_t type,
                                uint16_t **slot, uint32_t *hash)
{
    *slot = NULL;
    *hash = 0;
    for (unsigned number = 1; number <= p->group_count && number <= COMPARED_MAX; number++) {
        if (is_group(&p->groups[number], section, owner, type)) {
            return &p->groups[number];
        }
    }
    if (p->group_count < COMPARED_MAX) {
        return NULL;
    }
    *hash = hash_group(section, owner, type);
    *slot = find_slot(p, *hash, section, owner, type);
    return **slot != NONE ? &p->groups[**slot] : NULL;
}

static struct group *take_group(struct parser *p, unsigned section, const uint8_t *owner, uint16_t type)
{
    uint16_t *slot;
    uint32_t hash;
    struct group *g = find_group(p, section, owner, type, &slot, &hash);
    if (g != NULL) {
        return g;
    }
    uint8_t *copy = arena_copy(p->arena, owner, name_len(owner));
    if (copy == NULL) {
        return NULL;
    }
    uint16_t number = ++p->group_count;
    if (slot != NULL) {
        *slot = number;
    }
    g = &p->groups[number];
    *g = (struct group){.owner = copy, .hash = hash, .ttl = UINT32_MAX, .type = type, .section = (uint8_t)section};
    g->data.id = number * 2u;
    g->sigs.id = number * 2u + 1;
    return g;
}

static bool is_same_rdata(const struct record *a, const struct record *b)
{
    return a->len == b->len && memcmp(a->rdata, b->rdata, a->len) == 0;
}

/* True when the chain holds the record already; otherwise a long chain's record is entered in the hash table. */
static bool is_duplicate(struct parser *p, const struct chain *c, uint16_t number)
{
    const struct record *new = &p->records[number];
    unsigned compared = 0;
    for (uint16_t at = c->first; at != NONE && compared < COMPARED_MAX; at = p->records[at].next, compared++) {
        if (is_same_rdata(&p->records[at], new)) {
            return true;
        }
    }
    if (compared < COMPARED_MAX) {
        return false;
    }
    uint32_t slot = (uint32_t)(hash_bytes(new->rdata, new->len) + c->id * UINT64_C(0x9e3779b1)) & p->mask;
    for (; p->record_slots[slot] != NONE; slot = (slot + 1) & p->mask) {
        const struct record *known = &p->records[p->record_slots[slot]];
        if (known->chain_id == c->id && is_same_rdata(known, new)) {
            return true;
        }
    }
    p->record_slots[slot] = number;
    return false;
}

static void add_to_chain(struct parser *p, struct chain *c, const uint8_t *rdata, uint16_t len)
{
    uint16_t number = (uint16_t)(p->record_count + 1);
    p->records[number] = (struct record){.rdata = rdata, .len = len, .chain_id = c->id};
    if (is_duplicate(p, c, number)) {
        return;
    }
    p->record_count = number;
    if (c->first == NONE) {
        c->first = number;
    } else {
        p->records[c->last].next = number;
    }
    c->last = number;
    c->count++;
    c->len += (uint32_t)sizeof(len) + len;
}

static bool has_names(uint16_t type)
{
    const struct type_info *row = type_find(type);
    const uint8_t *field = row != NULL ? row->fields : NULL;
    while (field != NULL && *field != FIELD_END && *field != FIELD_NAME) {
        field++;
    }
    return field != NULL && *field == FIELD_NAME;
}

/* The record's RDATA without compression: in place where it is the same, else in the arena. */
static int read_rdata(struct parser *p, const struct head *h, const uint8_t **rdata, uint16_t *len)
{
    UNCLEARED uint8_t scratch[SCRATCH_SIZE];
    struct writer w;
    *rdata = p->r.at;
    *len = h->rdlength;
    if (!has_names(h->type)) {
        return rdata_read(&p->r, h->type, h->rdlength, NULL);
    }
    size_t size = h->rdlength + (size_t)NAMES_SIZE_MAX;
    uint8_t *buffer = size <= SCRATCH_SIZE ? scratch : arena_room(p->arena, size);
    if (buffer == NULL) {
        return FAIL_LIMIT;
    }
    writer_init(&w, buffer, size < RDATA_SIZE ? size : RDATA_SIZE);
    if (rdata_read(&p->r, h->type, h->rdlength, &w) != FAIL_NONE) {
        return FAIL_WIRE;
    }
    if (writer_len(&w) == h->rdlength && memcmp(buffer, *rdata, h->rdlength) == 0) {
        return FAIL_NONE;
    }
    *len = (uint16_t)writer_len(&w);
    *rdata = buffer == scratch ? arena_copy(p->arena, buffer, *len) : buffer;
    return *rdata != NULL ? FAIL_NONE : FAIL_LIMIT;
}

static int add_record(struct parser *p, unsigned section, const struct head *h)
{
    const uint8_t *rdata;
    uint16_t len;
    int fail = read_rdata(p, h, &rdata, &len);
    if (fail != FAIL_NONE) {
        return fail;
    }
    uint16_t covered = h->type == TYPE_RRSIG ? wire_get_u16(rdata) : TYPE_RRSIG;
    bool is_sig = covered != TYPE_RRSIG;
    struct group *g = take_group(p, section, h->owner, is_sig ? covered : h->type);
    if (g == NULL) {
        return FAIL_LIMIT;
    }
    uint32_t ttl = h->ttl <= INT32_MAX ? h->ttl : 0;
    g->ttl = ttl < g->ttl ? ttl : g->ttl;
    add_to_chain(p, is_sig ? &g->sigs : &g->data, rdata, len);
    return FAIL_NONE;
}

static int read_opt(struct parser *p, unsigned section, const struct head *h)
{
    const uint8_t *rdata = reader_bytes(&p->r, h->rdlength);
    if (rdata == NULL || section != SECTION_ADDITIONAL || !name_is_root(h->owner) || p->out->edns.present) {
        return FAIL_WIRE;
    }
    return edns_parse(h->class, h->ttl, rdata, h->rdlength, &p->out->edns);
}

static int read_record(struct parser *p, unsigned section)
{
    UNCLEARED struct head h;
    reader_name(&p->r, h.owner);
    h.type = reader_u16(&p->r);
    h.class = reader_u16(&p->r);
    h.ttl = reader_u32(&p->r);
    h.rdlength = reader_u16(&p->r);
    if (p->r.bad || h.rdlength > reader_left(&p->r)) {
        return FAIL_WIRE;
    }
    if (h.type == TYPE_OPT) {
        return read_opt(p, section, &h);
    }
    if (h.class != CLASS_IN || type_is_meta(h.type)) {
        return reader_bytes(&p->r, h.rdlength) != NULL ? FAIL_NONE : FAIL_WIRE;
    }
    return add_record(p, section, &h);
}

static int read_records(struct parser *p, const uint16_t counts[SECTION_COUNT])
{
    uint32_t done = 0;
    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        for (unsigned i = 0; i < counts[section]; i++) {
            if (done == p->capacity) {
                return FAIL_WIRE;
            }
            int fail = read_record(p, section);
            if (fail != FAIL_NONE) {
                return fail;
            }
            done++;
        }
    }
    return FAIL_NONE;
}

/* Signatures without their set become data: of the set of RRSIGs at that owner, or else of this group. */
static void adopt_orphans(struct parser *p, uint16_t number)
{
    struct group *g = &p->groups[number];
    uint16_t *slot;
    uint32_t hash;
    struct group *home = find_group(p, g->section, g->owner, TYPE_RRSIG, &slot, &hash);
    if (home == NULL) {
        if (slot != NULL) {
            *slot = number;
        }
        g->type = TYPE_RRSIG;
        g->hash = hash;
        g->data = g->sigs;
    } else {
        p->records[home->data.last].next = g->sigs.first;
        home->data.last = g->sigs.last;
        home->data.count = (uint16_t)(home->data.count + g->sigs.count);
        home->data.len += g->sigs.len;
        home->ttl = g->ttl < home->ttl ? g->ttl : home->ttl;
    }
    g->sigs = (struct chain){0};
}

static bool pack_chain(struct parser *p, const struct chain *c, struct rdatas *out)
{
    uint8_t *bytes = c->count > 0 ? arena_room(p->arena, c->len) : NULL;
    uint8_t *at = bytes;
    if (c->count > 0 && bytes == NULL) {
        return false;
    }
    for (uint16_t number = c->first; number != NONE; number = p->records[number].next) {
        at += rdatas_pack(at, p->records[number].rdata, p->records[number].len);
    }
    *out = (struct rdatas){.bytes = bytes, .len = c->len, .count = c->count};
    return true;
}

static int build_sets(struct parser *p)
{
    struct rrset **tails[SECTION_COUNT];
    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        tails[section] = &p->out->sections[section];
    }
    for (uint16_t number = 1; number <= p->group_count; number++) {
        if (p->groups[number].data.count == 0) {
            adopt_orphans(p, number);
        }
    }
    for (uint16_t number = 1; number <= p->group_count; number++) {
        const struct group *g = &p->groups[number];
        if (g->data.count == 0) {
            continue;
        }
        struct rrset *set = arena_take(p->arena, sizeof(*set));
        if (set == NULL || !pack_chain(p, &g->data, &set->data) || !pack_chain(p, &g->sigs, &set->sigs)) {
            return FAIL_LIMIT;
        }
        set->owner = g->owner;
        set->type = g->type;
        set->ttl = g->ttl;
        *tails[g->section] = set;
        tails[g->section] = &set->next;
    }
    return FAIL_NONE;
}

static int read_question(struct parser *p)
{
    UNCLEARED uint8_t name[NAME_SIZE];
    size_t len = reader_name(&p->r, name);
    p->out->question.type = reader_u16(&p->r);
    p->out->question.class = reader_u16(&p->r);
    if (p->r.bad) {
        return FAIL_WIRE;
    }
    p->out->question.name = arena_copy(p->arena, name, len);
    p->out->has_question = p->out->question.name != NULL;
    return p->out->has_question ? FAIL_NONE : FAIL_LIMIT;
}

int msg_parse(const uint8_t *wire, size_t len, struct arena *a, struct msg *out)
{
    struct parser p = {.arena = a, .out = out};
    memset(out, 0, sizeof(*out));
    reader_init(&p.r, wire, len);
    out->id = reader_u16(&p.r);
    out->flags = reader_u16(&p.r);
    out->rcode = out->flags & MSG_RCODE;
    uint16_t questions = reader_u16(&p.r);
    uint16_t counts[SECTION_COUNT];
    uint32_t announced = 0;
    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        counts[section] = reader_u16(&p.r);
        announced += counts[section];
    }
    if (p.r.bad || questions > 1) {
        return FAIL_WIRE;
    }
    int fail = questions == 1 ? read_question(&p) : FAIL_NONE;
    if (fail != FAIL_NONE) {
        return fail;
    }
    if (!prepare_tables(&p, announced)) {
        return FAIL_LIMIT;
    }
    fail = read_records(&p, counts);
    if (fail != FAIL_NONE) {
        return fail;
    }
    out->rcode |= (unsigned)out->edns.extended_rcode << 4;
    return build_sets(&p);
}
