#include "cache/entry.h"

#include <string.h>

#include "cache/key.h"
#include "resolver/base/hash.h"
#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"

enum { CHECKSUM_SIZE = 4, PORT_USUAL = 53, BACKING_SIZE = 5 };

/* Where the fields of the header are. */
enum {
    AT_VERSION = 4,
    AT_ORIGIN = 5,
    AT_STANDING = 6,
    AT_SETS = 7,
    AT_STORED = 8,
    AT_LIFE = 14,
    AT_EPOCH = 18,
    HEAD_SIZE = 22
};

enum origin {
    ORIGIN_ADDRESS = 0x03,
    ORIGIN_TCP = 0x04,
    ORIGIN_PORT = 0x08,
    ORIGIN_NEGATIVE = 0x10,
    ORIGIN_ERROR = 0x20 /* not a failure, but has an error to tell */
};
enum { ADDRESS_NONE, ADDRESS_V4, ADDRESS_V6 };

/* How one set is written. */
enum shape { SHAPE_OWNER = 0x03, SHAPE_TYPE = 0x04, SHAPE_SIGS = 0x08, SHAPE_ALL = 0x0f };
enum {
    OWNER_SELF,   /* the entry's name */
    OWNER_TARGET, /* glue: the name in an NS record of the first set, by its index */
    OWNER_NEAR    /* own labels, then the entry's name without some of its first labels */
};

static uint32_t checksum(const uint8_t *key, size_t key_len, const uint8_t *value, size_t len)
{
    uint32_t of_key = hash_checksum(key, key_len);
    return hash_checksum(value + CHECKSUM_SIZE, len - CHECKSUM_SIZE) ^ (of_key << 9 | of_key >> 23);
}

bool entry_is_intact(const uint8_t *key, size_t key_len, const uint8_t *value, size_t len)
{
    return len >= HEAD_SIZE && wire_get_u32(value) == checksum(key, key_len, value, len);
}

int entry_peek(const uint8_t *value, size_t len, struct entry_head *out)
{
    if (len < HEAD_SIZE || value[AT_VERSION] != ENTRY_VERSION || (value[AT_STANDING] & 0x0f) > TRUST_VALIDATED) {
        return FAIL_WIRE;
    }
    out->trust = (enum trust)(value[AT_STANDING] & 0x0f);
    out->is_negative = value[AT_ORIGIN] & ORIGIN_NEGATIVE;
    out->stored = (uint64_t)wire_get_u16(value + AT_STORED) << 32 | wire_get_u32(value + AT_STORED + 2);
    out->expires = out->stored + wire_get_u32(value + AT_LIFE);
    out->epoch = wire_get_u32(value + AT_EPOCH);
    return FAIL_NONE;
}

/* ---- Writing ---- */

static size_t sets_bound(const struct rrset *sets)
{
    size_t size = 0;
    for (const struct rrset *set = sets; set != NULL; set = set->next) {
        size += 3 + 2 + name_len(set->owner) + 2 * 4 + (size_t)set->data.len + set->sigs.len;
    }
    return size;
}

/* Clients are told why it is insecure. */
static bool has_reason(const struct cache_entry *e)
{
    return e->slot != CACHE_FAILURE && e->security == SECURITY_INSECURE && e->error.code != EDE_OTHER;
}

size_t entry_bound(const struct cache_entry *e)
{
    size_t size = HEAD_SIZE + sizeof(e->source.octets) + sizeof(uint16_t);
    size += 1 + BACKING_SIZE + 1;
    size += e->slot == CACHE_FAILURE || has_reason(e) ? 3 + EDE_TEXT_MAX : 0;
    return size + sets_bound(e->sets) + sets_bound(e->foreign);
}

/* The index of the NS record in `ns` that names `owner`, or -1. */
static int find_target(const struct rrset *ns, const uint8_t *owner)
{
    struct rdata_view target;
    int index = 0;
    for (size_t at = 0; index <= UINT8_MAX && rdatas_next(&ns->data, &at, &target); index++) {
        if (name_equal(target.bytes, owner)) {
            return index;
        }
    }
    return -1;
}

static void write_near_owner(struct writer *w, const uint8_t *owner, const uint8_t *name)
{
    unsigned common = name_common_labels(owner, name);
    const uint8_t *suffix = name_strip(owner, name_labels(owner) - common);
    writer_u8(w, (uint8_t)(suffix - owner));
    writer_bytes(w, owner, (size_t)(suffix - owner));
    writer_u8(w, (uint8_t)(name_labels(name) - common));
}

static void write_rdatas(struct writer *w, const struct rdatas *data)
{
    if (data->len > UINT16_MAX) {
        w->full = true;
        return;
    }
    writer_u16(w, data->count);
    writer_u16(w, (uint16_t)data->len);
    writer_bytes(w, data->bytes, data->len);
}

static void write_set(struct writer *w, const struct cache_entry *e, const struct rrset *set)
{
    const struct rrset *first = e->sets;
    bool is_self = name_equal(set->owner, e->name);
    int target = !is_self && set != first && first->type == TYPE_NS ? find_target(first, set->owner) : -1;
    unsigned owner = is_self ? OWNER_SELF : target >= 0 ? OWNER_TARGET : OWNER_NEAR;
    bool has_type = set->type != e->type;
    bool has_sigs = set->sigs.count > 0;
    writer_u8(w, (uint8_t)(owner | (has_type ? SHAPE_TYPE : 0) | (has_sigs ? SHAPE_SIGS : 0)));
    if (owner == OWNER_TARGET) {
        writer_u8(w, (uint8_t)target);
    } else if (owner == OWNER_NEAR) {
        write_near_owner(w, set->owner, e->name);
    }
    if (has_type) {
        writer_u16(w, set->type);
    }
    write_rdatas(w, &set->data);
    if (has_sigs) {
        write_rdatas(w, &set->sigs);
    }
}

static void write_sets(struct writer *w, const struct cache_entry *e, const struct rrset *sets)
{
    for (const struct rrset *set = sets; set != NULL; set = set->next) {
        write_set(w, e, set);
    }
}

static unsigned count_sets(const struct rrset *sets)
{
    unsigned count = 0;
    for (const struct rrset *set = sets; set != NULL; set = set->next) {
        count++;
    }
    return count;
}

static uint8_t origin_of(const struct cache_entry *e)
{
    unsigned origin = e->source.len == 4 ? ADDRESS_V4 : e->source.len == 16 ? ADDRESS_V6 : ADDRESS_NONE;
    bool has_port = e->source.len > 0 && e->source.port != PORT_USUAL;
    return (uint8_t)(origin | (e->source_tcp ? ORIGIN_TCP : 0) | (has_port ? ORIGIN_PORT : 0) |
                     (e->is_negative ? ORIGIN_NEGATIVE : 0) | (has_reason(e) ? ORIGIN_ERROR : 0));
}

static void write_head(struct writer *w, const struct cache_entry *e, unsigned sets)
{
    uint64_t life = e->expires > e->stored ? e->expires - e->stored : 0;
    uint8_t origin = origin_of(e);
    writer_u32(w, 0);
    writer_u8(w, ENTRY_VERSION);
    writer_u8(w, origin);
    writer_u8(w, (uint8_t)(e->trust | e->security << 4));
    writer_u8(w, (uint8_t)sets);
    writer_u16(w, (uint16_t)(e->stored >> 32));
    writer_u32(w, (uint32_t)e->stored);
    writer_u32(w, life > ENTRY_LIFE_MAX ? ENTRY_LIFE_MAX : (uint32_t)life);
    writer_u32(w, e->epoch);
    writer_bytes(w, e->source.octets, (origin & ORIGIN_ADDRESS) != ADDRESS_NONE ? e->source.len : 0);
    if (origin & ORIGIN_PORT) {
        writer_u16(w, e->source.port);
    }
}

static void write_error(struct writer *w, const struct ede *error)
{
    size_t text_len = strnlen(error->text, EDE_TEXT_MAX - 1);
    writer_u16(w, error->code);
    writer_u8(w, (uint8_t)text_len);
    writer_bytes(w, error->text, text_len);
}

/* As a time after `stored`: 0 for one that is over already, all ones for none. */
static void write_backing(struct writer *w, const struct cache_entry *e)
{
    uint64_t rest = e->backed_until > e->stored ? e->backed_until - e->stored : 0;
    uint32_t shown = rest < ENTRY_LIFE_MAX ? (uint32_t)rest : ENTRY_LIFE_MAX - 1;
    writer_u32(w, e->backed_until == 0 ? ENTRY_LIFE_MAX : shown);
    writer_u8(w, e->backer_labels);
}

size_t entry_write(const struct cache_entry *e, const uint8_t *key, size_t key_len, uint8_t *out, size_t size)
{
    unsigned foreign = e->slot == CACHE_DELEGATION && e->sets != NULL ? count_sets(e->foreign) : 0;
    unsigned sets = count_sets(e->sets) + foreign;
    if (sets > ENTRY_SETS_MAX) {
        return 0;
    }
    struct writer w;
    writer_init(&w, out, size < ENTRY_SIZE_MAX ? size : ENTRY_SIZE_MAX);
    write_head(&w, e, sets);
    if (e->slot == CACHE_FAILURE) {
        writer_u8(&w, e->failures);
    }
    if (e->slot == CACHE_FAILURE || has_reason(e)) {
        write_error(&w, &e->error);
    }
    if (e->slot == CACHE_DELEGATION) {
        write_backing(&w, e);
        writer_u8(&w, (uint8_t)foreign);
    }
    write_sets(&w, e, e->sets);
    if (foreign > 0) {
        write_sets(&w, e, e->foreign);
    }
    if (w.full) {
        return 0;
    }
    size_t len = writer_len(&w);
    wire_put_u32(out, checksum(key, key_len, out, len));
    return len;
}

void entry_expire(const uint8_t *key, size_t key_len, uint8_t *value, size_t len)
{
    if (len >= HEAD_SIZE) {
        wire_put_u32(value + AT_LIFE, 0);
        wire_put_u32(value, checksum(key, key_len, value, len));
    }
}

/* ---- Reading ---- */

static void read_source(struct reader *r, unsigned origin, struct cache_entry *e)
{
    unsigned kind = origin & ORIGIN_ADDRESS;
    size_t len = kind == ADDRESS_V4 ? 4 : kind == ADDRESS_V6 ? 16 : 0;
    const uint8_t *octets = reader_bytes(r, len);
    if (kind > ADDRESS_V6 || (len > 0 && octets == NULL)) {
        r->bad = true;
        return;
    }
    if (len > 0) {
        memcpy(e->source.octets, octets, len);
        e->source.len = (uint8_t)len;
        e->source.port = PORT_USUAL;
    }
    if (origin & ORIGIN_PORT) {
        e->source.port = reader_u16(r);
    }
    e->source_tcp = origin & ORIGIN_TCP;
}

static void read_error(struct reader *r, struct ede *error)
{
    error->code = reader_u16(r);
    size_t len = reader_u8(r);
    const uint8_t *text = reader_bytes(r, len);
    if (len >= EDE_TEXT_MAX || text == NULL) {
        r->bad = true;
    } else {
        memcpy(error->text, text, len);
    }
}

/* The labels at `at` must add up to exactly `len` octets. */
static bool are_labels(const uint8_t *at, size_t len)
{
    while (len > 0) {
        size_t label = *at;
        if (label == 0 || label > LABEL_SIZE || label + 1 > len) {
            return false;
        }
        at += label + 1;
        len -= label + 1;
    }
    return true;
}

static int read_near_owner(struct reader *r, const uint8_t *name, struct arena *a, const uint8_t **out)
{
    size_t len = reader_u8(r);
    const uint8_t *labels = reader_bytes(r, len);
    unsigned strip = reader_u8(r);
    if (r->bad || !are_labels(labels, len) || strip > name_labels(name)) {
        return FAIL_WIRE;
    }
    const uint8_t *suffix = name_strip(name, strip);
    size_t suffix_len = name_len(suffix);
    if (len + suffix_len > NAME_SIZE) {
        return FAIL_WIRE;
    }
    uint8_t *owner = arena_take(a, len + suffix_len);
    if (owner == NULL) {
        return FAIL_LIMIT;
    }
    memcpy(owner, labels, len);
    memcpy(owner + len, suffix, suffix_len);
    *out = owner;
    return FAIL_NONE;
}

static int read_target(struct reader *r, const struct rrset *first, const uint8_t **out)
{
    unsigned index = reader_u8(r);
    struct rdata_view target;
    if (first->type == TYPE_NS && index < first->data.count) {
        for (size_t at = 0; rdatas_next(&first->data, &at, &target); index--) {
            if (index == 0) {
                *out = target.bytes;
                return FAIL_NONE;
            }
        }
    }
    return FAIL_WIRE;
}

static int read_owner(struct reader *r, unsigned kind, const struct cache_entry *e, struct arena *a,
                      const uint8_t **out)
{
    switch (kind) {
    case OWNER_SELF:
        *out = e->name;
        return FAIL_NONE;
    case OWNER_TARGET:
        return read_target(r, e->sets, out);
    case OWNER_NEAR:
        return read_near_owner(r, e->name, a, out);
    default:
        return FAIL_WIRE;
    }
}

static void read_rdatas(struct reader *r, uint16_t type, struct rdatas *out)
{
    out->count = reader_u16(r);
    out->len = reader_u16(r);
    out->bytes = reader_bytes(r, out->len);
    if (r->bad || out->count == 0) {
        r->bad = true;
        return;
    }
    size_t at = 0;
    for (unsigned i = 0; i < out->count; i++) {
        uint16_t len;
        if (out->len - at < sizeof(len)) {
            r->bad = true;
            return;
        }
        memcpy(&len, out->bytes + at, sizeof(len));
        at += sizeof(len);
        if (out->len - at < len || rdata_check_read(type, out->bytes + at, len) != FAIL_NONE) {
            r->bad = true;
            return;
        }
        at += len;
    }
    if (at != out->len) {
        r->bad = true;
    }
}

static int read_set(struct reader *r, const struct cache_entry *e, struct arena *a, struct rrset *set)
{
    unsigned shape = reader_u8(r);
    if (shape & ~(unsigned)SHAPE_ALL) {
        return FAIL_WIRE;
    }
    int result = read_owner(r, shape & SHAPE_OWNER, e, a, &set->owner);
    if (result != FAIL_NONE) {
        return result;
    }
    set->type = shape & SHAPE_TYPE ? reader_u16(r) : e->type;
    set->expires = e->expires;
    set->ttl = (uint32_t)((e->expires - e->stored + 999) / 1000);
    read_rdatas(r, set->type, &set->data);
    if (shape & SHAPE_SIGS) {
        read_rdatas(r, TYPE_RRSIG, &set->sigs);
    }
    return r->bad ? FAIL_WIRE : FAIL_NONE;
}

/* The last `foreign` of `count` sets make a list of their own. */
static void part_sets(struct rrset *sets, unsigned count, unsigned foreign, struct cache_entry *e)
{
    unsigned own = count - foreign;
    for (unsigned i = 0; i < count; i++) {
        sets[i].next = i + 1 < count && i + 1 != own ? &sets[i + 1] : NULL;
    }
    e->sets = count > 0 ? sets : NULL;
    e->foreign = foreign > 0 ? sets + own : NULL;
}

static void read_backing(struct reader *r, struct cache_entry *e)
{
    uint32_t rest = reader_u32(r);
    e->backed_until = rest == ENTRY_LIFE_MAX ? 0 : e->stored + rest;
    e->backer_labels = reader_u8(r);
}

static int read_sets(struct reader *r, unsigned count, struct arena *a, struct cache_entry *e)
{
    unsigned foreign = e->slot == CACHE_DELEGATION ? reader_u8(r) : 0;
    if (r->bad || count > ENTRY_SETS_MAX || (foreign > 0 && foreign >= count)) {
        return FAIL_WIRE;
    }
    struct rrset *sets = arena_take(a, count * sizeof(*sets));
    if (sets == NULL) {
        return FAIL_LIMIT;
    }
    part_sets(sets, count, foreign, e);
    for (unsigned i = 0; i < count; i++) {
        int result = read_set(r, e, a, &sets[i]);
        if (result != FAIL_NONE) {
            return result;
        }
    }
    return reader_left(r) > 0 ? FAIL_WIRE : FAIL_NONE;
}

/* The entry with what key and header say; NULL when the arena is full. */
static struct cache_entry *begin_entry(const struct key_parts *key, const struct entry_head *head, struct arena *a)
{
    struct cache_entry *e = arena_take(a, sizeof(*e));
    uint8_t *name = arena_copy(a, key->name, key->name_len);
    if (e == NULL || name == NULL) {
        return NULL;
    }
    e->name = name;
    e->zone = key->zone_len > 0 ? name + key->name_len - key->zone_len : NULL;
    e->slot = key->slot;
    e->type = key->type;
    e->is_negative = head->is_negative;
    e->trust = head->trust;
    e->stored = head->stored;
    e->expires = head->expires;
    e->epoch = head->epoch;
    return e;
}

int entry_read(const uint8_t *key, size_t key_len, const uint8_t *value, size_t len, struct arena *a,
               struct cache_entry **out)
{
    UNCLEARED struct key_parts parts;
    struct entry_head head;
    *out = NULL;
    if (len > ENTRY_SIZE_MAX || !entry_is_intact(key, key_len, value, len) ||
        key_read(key, key_len, &parts) != FAIL_NONE || entry_peek(value, len, &head) != FAIL_NONE) {
        return FAIL_WIRE;
    }
    struct cache_entry *e = begin_entry(&parts, &head, a);
    const uint8_t *bytes = arena_copy(a, value, len);
    if (e == NULL || bytes == NULL) {
        return FAIL_LIMIT;
    }
    struct reader r;
    reader_init(&r, bytes, len);
    reader_bytes(&r, HEAD_SIZE);
    e->security = (enum security)(bytes[AT_STANDING] >> 4);
    read_source(&r, bytes[AT_ORIGIN], e);
    if (e->slot == CACHE_FAILURE) {
        e->failures = reader_u8(&r);
    }
    if (e->slot == CACHE_FAILURE || (bytes[AT_ORIGIN] & ORIGIN_ERROR) != 0) {
        read_error(&r, &e->error);
    }
    if (e->slot == CACHE_DELEGATION) {
        read_backing(&r, e);
    }
    if (e->security > SECURITY_BOGUS) {
        return FAIL_WIRE;
    }
    int result = read_sets(&r, bytes[AT_SETS], a, e);
    if (result == FAIL_NONE) {
        *out = e;
    }
    return result;
}
