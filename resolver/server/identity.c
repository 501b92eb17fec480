#include "resolver/server/identity.h"

#include <string.h>

#include "resolver/dns/type.h"
#include "resolver/server/version.h"

static bool is_one_of(const uint8_t *name, const uint8_t *a, const uint8_t *b)
{
    return name_equal(name, a) || name_equal(name, b);
}

bool identity_find(const struct request *q, const char *identity, const char **text)
{
    static const uint8_t id_server[] = "\x02id\x06server";
    static const uint8_t hostname_bind[] = "\x08hostname\x04"
                                           "bind";
    static const uint8_t version_server[] = "\x07version\x06server";
    static const uint8_t version_bind[] = "\x07version\x04"
                                          "bind";

    if (is_one_of(q->key, version_server, version_bind)) {
        *text = "cairn " CAIRN_VERSION;
        return true;
    }
    *text = identity;
    return identity[0] != '\0' && is_one_of(q->key, id_server, hostname_bind);
}

size_t identity_answer(const struct request *q, const char *text, uint8_t *out, size_t limit)
{
    struct question question = {.name = q->name, .type = q->type, .class = q->class};
    struct msg_writer m;
    msg_begin(&m, out, limit, q->id, (uint16_t)(MSG_QR | MSG_AA | (q->flags & MSG_RD)), &question);
    size_t len = msg_finish(&m, false);
    size_t text_len = strlen(text) < 255 ? strlen(text) : 255;
    if (q->type != TYPE_TXT && q->type != TYPE_ANY) {
        return len;
    }
    /* Class CH lives only here, so the record is written by hand: a pointer to the question's name, TXT, CH, TTL 0. */
    struct writer w;
    writer_init(&w, out + len, limit - len);
    writer_u16(&w, 0xc000 | MSG_HEADER_SIZE);
    writer_u16(&w, TYPE_TXT);
    writer_u16(&w, CLASS_CH);
    writer_u32(&w, 0);
    writer_u16(&w, (uint16_t)(text_len + 1));
    writer_u8(&w, (uint8_t)text_len);
    writer_bytes(&w, text, text_len);
    if (w.full) {
        return len;
    }
    wire_put_u16(out + 6, 1);
    return len + writer_len(&w);
}
