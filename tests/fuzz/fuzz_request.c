/* A query is read without surprises: what is accepted is a query for message parsing too, and its question comes back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_question(const struct request *q)
{
    if (name_len(q->name) != q->name_len || !name_equal(q->name, q->key)) {
        abort();
    }
    for (unsigned i = 0; i < q->name_len; i++) {
        if (q->key[i] >= 'A' && q->key[i] <= 'Z') {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct request q;
    struct arena arena;
    struct msg m;
    if (len > MSG_SIZE_MAX) {
        return 0;
    }
    enum request_verdict verdict = request_parse(data, len, &q);
    uint8_t key[NAME_SIZE];
    uint16_t type = 0;
    size_t peeked = request_peek(data, len, key, &type);
    if (verdict == REQUEST_OK && (peeked != q.name_len || memcmp(key, q.key, peeked) != 0 || type != q.type)) {
        abort();
    }
    if ((verdict == REQUEST_IGNORE) != (len < MSG_HEADER_SIZE || (data[2] & 0x80) != 0)) {
        abort();
    }
    if (verdict == REQUEST_IGNORE || verdict == REQUEST_NOTIMP) {
        return 0;
    }
    if (q.name_len > 0) {
        check_question(&q);
    }
    if (verdict == REQUEST_COOKIE && (q.name_len > 0 || q.edns.cookie_len == 0)) {
        abort();
    }
    arena_init(&arena, 1 << 20);
    int result = msg_parse(data, len, &arena, &m);
    if (verdict == REQUEST_OK && (result == FAIL_WIRE || !name_equal(m.question.name, q.name))) {
        abort();
    }
    if (verdict == REQUEST_FORMERR && result == FAIL_NONE && m.has_question && !m.edns.bad_cookie) {
        abort();
    }
    arena_fini(&arena);
    return 0;
}
