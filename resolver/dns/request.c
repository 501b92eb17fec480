#include "resolver/dns/msg.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"

#include <string.h>

/* One pass over a query, in the order of its bytes: header, question, then the records behind it, of which only OPT is
 * looked into. */

/* The octets of a question's name, 0 when it is malformed. A question stands behind the header, so that a compression
 * pointer in it could lead nowhere; any is malformed. */
static size_t question_name_len(const uint8_t *at, size_t left)
{
    size_t max = left < NAME_SIZE ? left : NAME_SIZE;
    size_t len = 0;
    while (len < max && at[len] != 0) {
        if (at[len] > LABEL_SIZE) {
            return 0;
        }
        len += at[len] + 1u;
    }
    return len < max ? len + 1 : 0;
}

/* Copies the name to `name` and, in lower case, to `key`. */
static bool read_question_name(struct reader *r, struct request *q)
{
    q->name_len = (uint8_t)question_name_len(r->at, (size_t)(r->end - r->at));
    if (q->name_len == 0) {
        return false;
    }
    memcpy(q->name, r->at, q->name_len);
    name_lower(q->key, q->name);
    r->at += q->name_len;
    return true;
}

static bool read_question(struct reader *r, struct request *q)
{
    if (!read_question_name(r, q)) {
        return false;
    }
    q->type = reader_u16(r);
    q->class = reader_u16(r);
    if (r->bad) {
        q->name_len = 0;
    }
    return !r->bad;
}

/* OPT: at most one, owned by the root (RFC 6891 6.1.1 and 6.1.2). */
static bool read_opt(struct request *q, bool is_root, uint16_t class, uint32_t ttl, const uint8_t *rdata, size_t len)
{
    return is_root && !q->edns.present && edns_parse(class, ttl, rdata, len, &q->edns) == FAIL_NONE;
}

/* One record behind the question. Data in a query means nothing to us, but has to be data. */
static bool read_record(struct reader *r, bool may_be_opt, struct request *q)
{
    UNCLEARED uint8_t owner[NAME_SIZE];
    bool is_root = reader_name(r, owner) == 1;
    uint16_t type = reader_u16(r);
    uint16_t class = reader_u16(r);
    uint32_t ttl = reader_u32(r);
    uint16_t rdlength = reader_u16(r);
    if (type == TYPE_OPT || class != CLASS_IN) {
        const uint8_t *rdata = reader_bytes(r, rdlength);
        return rdata != NULL && (type != TYPE_OPT || (may_be_opt && read_opt(q, is_root, class, ttl, rdata, rdlength)));
    }
    return !r->bad && rdata_read(r, type, rdlength, NULL) == FAIL_NONE;
}

/* Answer and authority records are unusual in a query but legal (RFC 1995 3 puts an SOA there), and most servers read
 * past them, as past octets behind the last record; OPT belongs to the additional section alone. */
static bool read_records(struct reader *r, unsigned before, unsigned additionals, struct request *q)
{
    for (unsigned i = 0; i < before + additionals; i++) {
        if (!read_record(r, i >= before, q)) {
            return false;
        }
    }
    return true;
}

/* All of the sections; false when malformed. */
static bool read_sections(struct reader *r, const uint8_t *wire, struct request *q)
{
    unsigned questions = wire_get_u16(wire + 4);
    unsigned before = wire_get_u16(wire + 6) + (unsigned)wire_get_u16(wire + 8);
    if (questions > 1 || (questions == 1 && !read_question(r, q)) ||
        !read_records(r, before, wire_get_u16(wire + 10), q) || q->edns.bad_cookie) {
        return false;
    }
    return questions == 1 || q->edns.cookie_len > 0;
}

size_t request_peek(const uint8_t *wire, size_t len, uint8_t key[NAME_SIZE], uint16_t *type)
{
    if (len < MSG_HEADER_SIZE || wire_get_u16(wire + 4) != 1) {
        return 0;
    }
    size_t name_len = question_name_len(wire + MSG_HEADER_SIZE, len - MSG_HEADER_SIZE);
    if (name_len == 0 || len < MSG_HEADER_SIZE + name_len + 2) {
        return 0;
    }
    *type = wire_get_u16(wire + MSG_HEADER_SIZE + name_len);
    return name_lower(key, wire + MSG_HEADER_SIZE);
}

enum request_verdict request_parse(const uint8_t *wire, size_t len, struct request *out)
{
    struct reader r;
    out->name_len = 0;
    out->is_proven = false;
    edns_clear(&out->edns);
    if (len < MSG_HEADER_SIZE) {
        return REQUEST_IGNORE;
    }
    out->id = wire_get_u16(wire);
    out->flags = wire_get_u16(wire + 2);
    if ((out->flags & MSG_QR) != 0) {
        return REQUEST_IGNORE;
    }
    if ((out->flags & MSG_OPCODE) != 0) {
        return REQUEST_NOTIMP;
    }
    reader_init(&r, wire, len);
    r.at += MSG_HEADER_SIZE;
    if (!read_sections(&r, wire, out)) {
        return REQUEST_FORMERR;
    }
    if (out->edns.present && out->edns.version > 0) {
        return REQUEST_BADVERS;
    }
    return out->name_len > 0 ? REQUEST_OK : REQUEST_COOKIE;
}
