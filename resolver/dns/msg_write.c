#include "resolver/dns/msg.h"

#include <string.h>

#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"

/* Compression: every name written leaves its suffixes in a table, keyed by a hash that is built up label by label from
 * the root; a later name ends in a pointer to its longest known suffix. A few probes per look-up bound the work; at
 * worst a name is written out. */

enum { POINTER = 0xc000, OFFSET_MAX = 0x3fff, PROBES_MAX = 8, FLAG_DO = 0x8000 };

struct labels {
    unsigned count;
    uint8_t starts[NAME_LABELS + 1];
    uint32_t hashes[NAME_LABELS + 1]; /* of the suffix that starts at the label */
};

/* What a failed write must restore. */
struct mark {
    uint8_t *at;
    unsigned name_count, mark_count;
    bool marks_lost;
};

static uint8_t fold(uint8_t c)
{
    return (uint8_t)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
}

static void find_labels(const uint8_t *name, struct labels *l)
{
    uint32_t hash = 0x811c9dc5u;
    l->count = 0;
    for (const uint8_t *at = name; *at != 0; at += *at + 1) {
        l->starts[l->count++] = (uint8_t)(at - name);
    }
    for (unsigned i = l->count; i-- > 0;) {
        const uint8_t *label = name + l->starts[i];
        for (unsigned j = 0; j <= *label; j++) {
            hash = (hash ^ fold(label[j])) * 0x01000193u;
        }
        l->hashes[i] = hash ^ hash >> 15;
    }
}

/* True when the name written at `offset`, which may end in a pointer itself, is `name`. */
static bool is_name_at(const struct msg_writer *m, unsigned offset, const uint8_t *name)
{
    const uint8_t *at = m->w.start + offset;
    for (;;) {
        while ((*at & 0xc0) == 0xc0) {
            at = m->w.start + (wire_get_u16(at) & OFFSET_MAX);
        }
        for (unsigned left = *at + 1u; left > 0; left--) {
            if (fold(*at++) != fold(*name++)) {
                return false;
            }
        }
        if (name[-1] == 0 && at[-1] == 0) {
            return true;
        }
    }
}

/* The offset of the suffix, 0 when unknown. */
static unsigned find_suffix(const struct msg_writer *m, const uint8_t *suffix, uint32_t hash)
{
    for (unsigned probe = 0; probe < PROBES_MAX; probe++) {
        unsigned index = m->slots[(hash + probe) % MSG_NAME_SLOTS];
        if (index == 0) {
            return 0;
        }
        if (m->names[index - 1].hash == hash && is_name_at(m, m->names[index - 1].offset, suffix)) {
            return m->names[index - 1].offset;
        }
    }
    return 0;
}

static void remember_suffix(struct msg_writer *m, size_t offset, uint32_t hash)
{
    if (m->name_count == MSG_NAMES_MAX || offset > OFFSET_MAX) {
        return;
    }
    for (unsigned probe = 0; probe < PROBES_MAX; probe++) {
        uint8_t slot = (uint8_t)((hash + probe) % MSG_NAME_SLOTS);
        if (m->slots[slot] == 0) {
            m->names[m->name_count].hash = hash;
            m->names[m->name_count].offset = (uint16_t)offset;
            m->names[m->name_count].slot = slot;
            m->slots[slot] = (uint8_t)++m->name_count;
            return;
        }
    }
}

/* Most messages are about the name in their question and hold no other. */
static bool is_question(const struct msg_writer *m, const uint8_t *name)
{
    return m->has_question && !name_is_root(name) && name_equal(name, m->w.start + MSG_HEADER_SIZE);
}

static void remember_question(struct msg_writer *m)
{
    UNCLEARED struct labels l;
    find_labels(m->w.start + MSG_HEADER_SIZE, &l);
    for (unsigned i = 0; i < l.count; i++) {
        remember_suffix(m, MSG_HEADER_SIZE + l.starts[i], l.hashes[i]);
    }
}

/* Returns the offset at which the whole name stands now. */
static size_t put_name(struct msg_writer *m, const uint8_t *name)
{
    UNCLEARED struct labels l;
    unsigned known = 0;
    unsigned target = 0;
    if (is_question(m, name)) {
        writer_u16(&m->w, POINTER | MSG_HEADER_SIZE);
        return MSG_HEADER_SIZE;
    }
    if (m->has_question && m->name_count == 0) {
        remember_question(m);
    }
    find_labels(name, &l);
    while (known < l.count && target == 0) {
        target = find_suffix(m, name + l.starts[known], l.hashes[known]);
        known += target == 0;
    }
    size_t base = writer_len(&m->w);
    if (target == 0) {
        writer_bytes(&m->w, name, name_len(name));
    } else {
        writer_bytes(&m->w, name, l.starts[known]);
        writer_u16(&m->w, (uint16_t)(POINTER | target));
    }
    for (unsigned i = 0; i < known && !m->w.full; i++) {
        remember_suffix(m, base + l.starts[i], l.hashes[i]);
    }
    return known == 0 && target != 0 ? target : base;
}

/* The owner of a set's record: written once, then pointed to. */
static void put_owner(struct msg_writer *m, const uint8_t *owner, size_t *offset)
{
    if (*offset == 0 || *offset > OFFSET_MAX || name_is_root(owner)) {
        *offset = put_name(m, owner);
    } else {
        writer_u16(&m->w, (uint16_t)(POINTER | *offset));
    }
}

void msg_begin(struct msg_writer *m, void *bytes, size_t size, uint16_t id, uint16_t flags, const struct question *q)
{
    memset(m, 0, offsetof(struct msg_writer, names));
    writer_init(&m->w, bytes, size < MSG_SIZE_MAX ? size : MSG_SIZE_MAX);
    writer_u16(&m->w, id);
    writer_u16(&m->w, flags);
    writer_u16(&m->w, q != NULL);
    writer_bytes(&m->w, (const uint8_t[6]){0}, 6);
    if (q != NULL) {
        writer_bytes(&m->w, q->name, name_len(q->name));
        m->has_question = !m->w.full;
        writer_u16(&m->w, q->type);
        writer_u16(&m->w, q->class);
    }
}

void msg_resume(struct msg_writer *m, void *bytes, size_t len, size_t size)
{
    memset(m, 0, offsetof(struct msg_writer, names));
    writer_init(&m->w, bytes, size < MSG_SIZE_MAX ? size : MSG_SIZE_MAX);
    m->w.at += len;
    for (size_t s = 0; s < SECTION_COUNT; s++) {
        m->counts[s] = wire_get_u16(m->w.start + 6 + 2 * s);
    }
}

void msg_reserve(struct msg_writer *m, size_t bytes)
{
    size_t left = (size_t)(m->w.end - m->w.at);
    bytes = bytes < left ? bytes : left;
    m->w.end -= bytes;
    m->reserve += bytes;
}

/* RDATA of the types of RFC 1035 that hold names: numbers and names only. */
static void put_compressed(struct msg_writer *m, const uint8_t *fields, struct rdata_view rdata)
{
    const uint8_t *at = rdata.bytes;
    for (; *fields != FIELD_END; fields++) {
        size_t size = *fields == FIELD_U16 ? 2 : 4;
        if (*fields == FIELD_NAME) {
            size = name_len(at);
            put_name(m, at);
        } else {
            writer_bytes(&m->w, at, size);
        }
        at += size;
    }
}

static void put_ttl(struct msg_writer *m, const struct rrset *set)
{
    if (m->marks != NULL && m->mark_count < m->mark_max) {
        m->marks[m->mark_count++] = (struct ttl_mark){.offset = (uint16_t)writer_len(&m->w), .expires = set->expires};
    } else {
        m->marks_lost = m->marks != NULL;
    }
    writer_u32(&m->w, rrset_ttl_at(set, m->now));
}

static void put_records(struct msg_writer *m, enum section s, const struct rrset *set, uint16_t type,
                        const struct rdatas *data)
{
    const struct type_info *row = type_find(type);
    struct rdata_view rdata;
    size_t owner = 0;
    for (size_t at = 0; !m->w.full && rdatas_next(data, &at, &rdata);) {
        put_owner(m, set->owner, &owner);
        writer_u16(&m->w, type);
        writer_u16(&m->w, CLASS_IN);
        put_ttl(m, set);
        writer_u16(&m->w, rdata.len);
        uint8_t *start = m->w.at;
        if (row != NULL && row->may_compress) {
            put_compressed(m, row->fields, rdata);
        } else {
            writer_bytes(&m->w, rdata.bytes, rdata.len);
        }
        if (!m->w.full) {
            wire_put_u16(start - 2, (uint16_t)(m->w.at - start));
            m->counts[s]++;
        }
    }
}

static void restore(struct msg_writer *m, const struct mark *before)
{
    while (m->name_count > before->name_count) {
        m->slots[m->names[--m->name_count].slot] = 0;
    }
    m->w.at = before->at;
    m->w.full = false;
    m->mark_count = before->mark_count;
    m->marks_lost = before->marks_lost;
}

int msg_put_rrset(struct msg_writer *m, enum section s, const struct rrset *set, bool with_sigs)
{
    struct mark before = {m->w.at, m->name_count, m->mark_count, m->marks_lost};
    uint16_t count = m->counts[s];
    if (m->w.full) {
        return FAIL_SPACE;
    }
    put_records(m, s, set, set->type, &set->data);
    if (with_sigs) {
        put_records(m, s, set, TYPE_RRSIG, &set->sigs);
    }
    if (m->w.full) {
        restore(m, &before);
        m->counts[s] = count;
        return FAIL_SPACE;
    }
    return FAIL_NONE;
}

static void put_options(struct writer *w, const struct edns *edns)
{
    if (edns->nsid != NULL) {
        writer_u16(w, EDNS_NSID);
        writer_u16(w, edns->nsid_len);
        writer_bytes(w, edns->nsid, edns->nsid_len);
    }
    if (edns->cookie_len > 0) {
        writer_u16(w, EDNS_COOKIE);
        writer_u16(w, edns->cookie_len);
        writer_bytes(w, edns->cookie, edns->cookie_len);
    }
    if (edns->has_keepalive) {
        writer_u16(w, EDNS_KEEPALIVE);
        writer_u16(w, sizeof(edns->keepalive));
        writer_u16(w, edns->keepalive);
    }
    for (unsigned i = 0; i < edns->error_count; i++) {
        size_t len = strlen(edns->errors[i].text);
        writer_u16(w, EDNS_EDE);
        writer_u16(w, (uint16_t)(sizeof(edns->errors[i].code) + len));
        writer_u16(w, edns->errors[i].code);
        writer_bytes(w, edns->errors[i].text, len);
    }
}

int msg_put_opt(struct msg_writer *m, const struct edns *edns, unsigned rcode)
{
    struct writer *w = &m->w;
    size_t size = edns_size(edns);
    if (w->full || (size_t)(w->end - w->at) + m->reserve < size) {
        return FAIL_SPACE;
    }
    w->end += m->reserve;
    m->reserve = 0;
    uint8_t *flags = w->start + 2;
    wire_put_u16(flags, (uint16_t)((wire_get_u16(flags) & ~(unsigned)MSG_RCODE) | (rcode & MSG_RCODE)));
    writer_u8(w, 0);
    writer_u16(w, TYPE_OPT);
    writer_u16(w, edns->udp_size);
    writer_u32(w, (rcode >> 4 & 0xffu) << 24 | (uint32_t)edns->version << 16 | (edns->dnssec_ok ? FLAG_DO : 0u));
    writer_u16(w, (uint16_t)(size - EDNS_FIXED_SIZE));
    put_options(w, edns);
    m->counts[SECTION_ADDITIONAL]++;
    return FAIL_NONE;
}

size_t msg_finish(struct msg_writer *m, bool truncated)
{
    if (m->w.full) {
        return 0;
    }
    if (truncated) {
        wire_put_u16(m->w.start + 2, wire_get_u16(m->w.start + 2) | MSG_TC);
    }
    for (size_t s = 0; s < SECTION_COUNT; s++) {
        wire_put_u16(m->w.start + 6 + 2 * s, m->counts[s]);
    }
    return writer_len(&m->w);
}

size_t msg_write_query(void *bytes, size_t size, uint16_t id, uint16_t flags, const struct question *q,
                       const struct edns *edns)
{
    struct msg_writer m;
    msg_begin(&m, bytes, size, id, flags, q);
    if (edns != NULL && msg_put_opt(&m, edns, 0) != FAIL_NONE) {
        return 0;
    }
    return msg_finish(&m, false);
}
