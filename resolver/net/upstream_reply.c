#include "resolver/net/upstream_reply.h"

#include <string.h>

#include "resolver/dns/msg.h"
#include "resolver/dns/wire.h"

#define TYPE_OPT          41
#define OPTION_COOKIE     10
#define COOKIE_SHOWN      41
#define RCODE_BADCOOKIE_H (RCODE_BADCOOKIE >> 4)   /* in OPT */
#define RCODE_BADCOOKIE_L (RCODE_BADCOOKIE & 0x0f) /* in the header */
#define RECORD_MIN        11                       /* octets of the smallest record: root, no RDATA */

const uint8_t stand_in[STAND_IN_SIZE] = {0, 0, 1, 0, 1};

/* Where the four counts stand in the header. */
enum { AT_ID = 0, AT_FLAGS = 2, AT_QUESTIONS = 4, AT_ANSWERS = 6, AT_AUTHORITY = 8, AT_ADDITIONAL = 10 };

static size_t record_count(const uint8_t *bytes)
{
    return (size_t)wire_get_u16(bytes + AT_ANSWERS) + wire_get_u16(bytes + AT_AUTHORITY) +
           wire_get_u16(bytes + AT_ADDITIONAL);
}

static bool header_matches(const struct sent *sent, const uint8_t *bytes, size_t len)
{
    if (len < MSG_HEADER_SIZE || wire_get_u16(bytes + AT_ID) != sent->id) {
        return false;
    }
    return (wire_get_u16(bytes + AT_FLAGS) & (MSG_QR | MSG_OPCODE)) == MSG_QR;
}

static bool has_question(const struct sent *sent, const uint8_t *bytes, size_t len)
{
    return len >= MSG_HEADER_SIZE + (size_t)sent->question_len && wire_get_u16(bytes + AT_QUESTIONS) == 1;
}

bool reply_matches_datagram(const struct sent *sent, const uint8_t *bytes, size_t len)
{
    if (!header_matches(sent, bytes, len) || !has_question(sent, bytes, len) ||
        memcmp(bytes + MSG_HEADER_SIZE, sent->question, sent->question_len) != 0) {
        return false;
    }
    size_t room = len - MSG_HEADER_SIZE - sent->question_len;
    return (wire_get_u16(bytes + AT_FLAGS) & MSG_TC) != 0 || record_count(bytes) * RECORD_MIN <= room;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool same_question(const struct sent *sent, const uint8_t *question)
{
    size_t name = sent->question_len - 4u;
    for (size_t i = 0; i < name; i++) {
        if (lower(question[i]) != lower(sent->question[i])) {
            return false;
        }
    }
    return memcmp(question + name, sent->question + name, 4) == 0;
}

bool reply_matches_message(const struct sent *sent, const uint8_t *bytes, size_t len)
{
    if (!header_matches(sent, bytes, len)) {
        return false;
    }
    if (has_question(sent, bytes, len)) {
        return same_question(sent, bytes + MSG_HEADER_SIZE);
    }
    bool is_error = (wire_get_u16(bytes + AT_FLAGS) & MSG_RCODE) != RCODE_NOERROR;
    return is_error && wire_get_u16(bytes + AT_QUESTIONS) == 0 && record_count(bytes) * RECORD_MIN <= len;
}

bool reply_keeps_case(const struct sent *sent, const uint8_t *bytes, size_t len)
{
    return !has_question(sent, bytes, len) || memcmp(bytes + MSG_HEADER_SIZE, sent->question, sent->question_len) == 0;
}

/* Moves `r` behind the next record and tells whether that was OPT. */
static bool read_opt(struct reader *r, uint8_t *extended_rcode, const uint8_t **options, size_t *len)
{
    reader_skip_name(r);
    uint16_t type = reader_u16(r);
    (void)reader_u16(r);
    uint32_t ttl = reader_u32(r);
    uint16_t rdata_len = reader_u16(r);
    const uint8_t *rdata = reader_bytes(r, rdata_len);
    if (rdata == NULL || type != TYPE_OPT) {
        return false;
    }
    *extended_rcode = (uint8_t)(ttl >> 24);
    *options = rdata;
    *len = rdata_len;
    return true;
}

static bool find_opt(const uint8_t *bytes, size_t len, uint8_t *extended_rcode, const uint8_t **options, size_t *size)
{
    struct reader r;
    reader_init(&r, bytes, len);
    (void)reader_bytes(&r, MSG_HEADER_SIZE);
    reader_skip_name(&r);
    (void)reader_u32(&r); /* type and class */
    for (size_t left = record_count(bytes); left > 0 && !r.bad; left--) {
        if (read_opt(&r, extended_rcode, options, size)) {
            return true;
        }
    }
    return false;
}

static bool show_cookie(struct writer *w, const uint8_t *options, size_t len)
{
    struct reader r;
    reader_init(&r, options, len);
    while (reader_left(&r) > 0 && !r.bad) {
        uint16_t code = reader_u16(&r);
        uint16_t size = reader_u16(&r);
        const uint8_t *value = reader_bytes(&r, size);
        if (value != NULL && code == OPTION_COOKIE) {
            uint16_t shown = size < COOKIE_SHOWN ? size : COOKIE_SHOWN;
            writer_u16(w, (uint16_t)(4 + shown));
            writer_u16(w, OPTION_COOKIE);
            writer_u16(w, shown);
            writer_bytes(w, value, shown);
            return true;
        }
    }
    writer_u16(w, 0);
    return false;
}

static void begin(struct writer *w, struct shown *out, uint16_t id, bool has_opt)
{
    writer_init(w, out->bytes, sizeof(out->bytes));
    writer_u16(w, 0); /* length, set by finish */
    writer_u16(w, id);
    writer_u16(w, MSG_QR);
    writer_u16(w, 1);
    writer_u16(w, 0);
    writer_u16(w, 0);
    writer_u16(w, has_opt);
    writer_bytes(w, stand_in, sizeof(stand_in));
}

static void finish(struct writer *w, struct shown *out)
{
    out->len = writer_len(w);
    wire_put_u16(out->bytes, (uint16_t)(out->len - 2));
}

void reply_show(uint16_t id, const uint8_t *bytes, size_t len, struct shown *out)
{
    struct writer w;
    const uint8_t *options = NULL;
    size_t size = 0;
    uint8_t extended_rcode = 0;
    bool has_opt = find_opt(bytes, len, &extended_rcode, &options, &size);
    out->has_cookie = false;
    begin(&w, out, id, has_opt);
    if (has_opt) {
        writer_u8(&w, 0);
        writer_u16(&w, TYPE_OPT);
        writer_u16(&w, MSG_UDP_PLAIN);
        writer_u32(&w, 0);
        out->has_cookie = show_cookie(&w, options, size);
    }
    finish(&w, out);
    uint16_t rcode = wire_get_u16(bytes + AT_FLAGS) & MSG_RCODE;
    out->bad_cookie = has_opt && extended_rcode == RCODE_BADCOOKIE_H && rcode == RCODE_BADCOOKIE_L;
}

void reply_show_nothing(uint16_t id, struct shown *out)
{
    struct writer w;
    begin(&w, out, id, false);
    finish(&w, out);
    out->has_cookie = out->bad_cookie = false;
}
