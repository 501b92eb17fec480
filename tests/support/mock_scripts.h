/* What the scripted name server of mock_server.h does with a query, rightly or in every wrong way. */
#ifndef CAIRN_TESTS_MOCK_SCRIPTS_H
#define CAIRN_TESTS_MOCK_SCRIPTS_H

#include "resolver/dns/name.h"
#include "tests/support/mock_server.h"

static void reply_rightly(struct mock_query *q)
{
    uint8_t out[600];
    mock_send(q, out, mock_reply(q, out));
}

static void reply_twice(struct mock_query *q)
{
    reply_rightly(q);
    reply_rightly(q);
}

static void reply_with_every_kind_of_bytes(struct mock_query *q)
{
    /* TC, FORMERR, an unknown record of an unknown class, and octets behind the end */
    uint8_t out[600];
    size_t len = mock_reply(q, out);
    out[2] |= 0x02;
    out[3] = 0x41;
    out[7] = 1;
    memcpy(out + len,
           "\xc0\x0c\xff\x01\x12\x34\x00\x00\x00\x05\x00\x03\xc0\xff\xee"
           "rest",
           19);
    mock_send(q, out, len + 19);
}

static void reply_wrong_id_first(struct mock_query *q)
{
    uint8_t out[600];
    size_t len = mock_reply(q, out);
    out[1] ^= 1;
    mock_send(q, out, len);
    out[1] ^= 1;
    mock_send(q, out, len);
}

static void reply_in_lower_case(struct mock_query *q)
{
    uint8_t out[600];
    size_t len = mock_reply(q, out);
    name_lower(out + 12, out + 12);
    mock_send(q, out, len);
}

static void reply_to_another_question(struct mock_query *q)
{
    uint8_t out[600];
    size_t len = mock_reply(q, out);
    out[13] = out[13] == 'x' ? 'y' : 'x';
    mock_send(q, out, len);
}

static void reply_of_another_type(struct mock_query *q)
{
    uint8_t out[600];
    size_t len = mock_reply(q, out);
    out[len - 3] = 28;
    mock_send(q, out, len);
}

static void send_the_query_back(struct mock_query *q)
{
    mock_send(q, q->bytes, q->len);
}

static void reply_with_another_opcode(struct mock_query *q)
{
    uint8_t out[600];
    size_t len = mock_reply(q, out);
    out[2] |= 0x28;
    mock_send(q, out, len);
}

static void reply_without_question(struct mock_query *q)
{
    uint8_t out[600];
    mock_reply(q, out);
    out[3] = 1;
    out[5] = 0;
    mock_send(q, out, 12);
}

static void reply_too_large(struct mock_query *q)
{
    uint8_t out[4000] = {0};
    mock_reply(q, out);
    mock_send(q, out, sizeof(out));
}

static void reply_cut_off(struct mock_query *q)
{
    uint8_t out[600];
    mock_send(q, out, mock_reply(q, out) - 3);
}

static void reply_without_its_records(struct mock_query *q)
{
    uint8_t out[600];
    size_t len = mock_reply(q, out);
    out[7] = 20;
    mock_send(q, out, len);
}

static void send_nothing_but_a_datagram(struct mock_query *q)
{
    mock_send(q, q->bytes, 0);
}

static void be_silent(struct mock_query *q)
{
    (void)q;
}

static void close_stream(struct mock_query *q)
{
    mock_on_stream_end(q->stream, 0, q->mock);
}

/* Appends OPT with extended rcode `high` and a cookie made of the query's client cookie. */
static size_t add_cookie(const struct mock_query *q, uint8_t *out, size_t len, uint8_t high, bool right)
{
    size_t opt = 12 + mock_question_len(q) + 11;
    const uint8_t head[] = {0, 0, 41, 4, 208, high, 0, 0, 0, 0, 20, 0, 10, 0, 16};
    out[11] = 1;
    memcpy(out + len, head, sizeof(head));
    memcpy(out + len + sizeof(head), q->bytes + opt + 4, 8);
    memset(out + len + sizeof(head) + 8, 0x5e, 8);
    out[len + sizeof(head)] ^= !right;
    return len + sizeof(head) + 16;
}

static bool has_server_cookie(const struct mock_query *q)
{
    return q->len == 12 + mock_question_len(q) + 11 + 4 + 16;
}

static void give_cookie_then_none(struct mock_query *q)
{
    uint8_t out[600];
    size_t len = mock_reply(q, out);
    mock_send(q, out, q->number == 1 ? add_cookie(q, out, len, 0, true) : len);
}

static void give_wrong_cookie(struct mock_query *q)
{
    uint8_t out[600];
    mock_send(q, out, add_cookie(q, out, mock_reply(q, out), 0, false));
}

static bool has_cookie(const struct mock_query *q)
{
    return q->len > 12 + mock_question_len(q) + 11;
}

static void give_cookie_or_be_silent(struct mock_query *q)
{
    uint8_t out[600];
    size_t len = mock_reply(q, out);
    if (q->number % 4 == 1) {
        mock_send(q, out, add_cookie(q, out, len, 0, true));
    }
}

static void insist_on_cookies(struct mock_query *q)
{
    uint8_t out[600];
    size_t len = mock_reply(q, out);
    bool known = has_server_cookie(q);
    out[3] = known ? 0 : 7;
    mock_send(q, out, add_cookie(q, out, len, known ? 0 : 1, true));
}

#endif
