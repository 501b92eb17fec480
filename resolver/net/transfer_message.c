#include "resolver/net/transfer_message.h"

#include "resolver/dns/msg.h"
#include "resolver/dns/type.h"

enum { POINTERS_PER_RECORD = 64, RCODE_BITS = 15 };

const char *transfer_open(struct transfer_message *m, const uint8_t *bytes, size_t len, uint16_t id)
{
    struct reader *r = &m->reader;
    reader_init(r, bytes, len);
    uint16_t its_id = reader_u16(r), flags = reader_u16(r), questions = reader_u16(r);
    m->left = reader_u16(r);
    reader_u32(r);
    if (r->bad || its_id != id || (flags & MSG_QR) == 0 || (flags & MSG_TC) != 0 || questions > 1) {
        return "malformed";
    }
    if ((flags & RCODE_BITS) != RCODE_NOERROR) {
        return (flags & RCODE_BITS) == RCODE_REFUSED ? "refused" : "an error instead of the zone";
    }
    if (questions == 1) {
        reader_skip_name(r);
        reader_u32(r);
    }
    return r->bad ? "malformed" : NULL;
}

int transfer_next(struct transfer_message *m, struct record *out)
{
    struct writer w;
    struct reader *r = &m->reader;
    r->pointers_left = POINTERS_PER_RECORD;
    reader_name(r, m->owner);
    uint16_t type = reader_u16(r), class = reader_u16(r);
    uint32_t ttl = reader_u32(r);
    uint16_t len = reader_u16(r);
    writer_init(&w, m->rdata, sizeof(m->rdata));
    if (r->bad || class != CLASS_IN || type_is_meta(type) || rdata_read(r, type, len, &w) != FAIL_NONE) {
        return FAIL_WIRE;
    }
    m->left--;
    *out = (struct record){m->owner, m->rdata, ttl, type, (uint16_t)writer_len(&w)};
    return FAIL_NONE;
}
