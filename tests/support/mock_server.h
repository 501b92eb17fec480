/* A scripted name server on 127.0.0.1 inside a test's own event base: each query goes to a script, which answers
 * through the functions below. */
#ifndef CAIRN_TESTS_MOCK_SERVER_H
#define CAIRN_TESTS_MOCK_SERVER_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "resolver/base/addr.h"

#define MOCK_SEEN_MAX 8192

struct mock;
struct mock_query {
    struct mock *mock;
    const uint8_t *bytes;
    size_t len;
    struct sockaddr_in peer;    /* UDP */
    struct bufferevent *stream; /* TCP, else NULL */
    unsigned number;            /* counting from 1, both transports */
};
typedef void mock_script(struct mock_query *q);

struct mock {
    struct event_base *base;
    struct addr address;
    int udp;
    struct event *readable;
    struct evconnlistener *listener;
    mock_script *script;
    unsigned queries, connections;
    struct {
        uint16_t port, id;
    } seen[MOCK_SEEN_MAX]; /* UDP */
    struct bufferevent *streams[64];
};

static inline size_t mock_question_len(const struct mock_query *q)
{
    size_t at = 12;
    while (at < q->len && q->bytes[at] != 0) {
        at += 1u + q->bytes[at];
    }
    return at + 5 - 12;
}

static inline void mock_send(struct mock_query *q, const uint8_t *bytes, size_t len)
{
    if (q->stream != NULL) {
        uint8_t length[2] = {(uint8_t)(len >> 8), (uint8_t)len};
        bufferevent_write(q->stream, length, 2);
        bufferevent_write(q->stream, bytes, len);
    } else {
        sendto(q->mock->udp, bytes, len, 0, (struct sockaddr *)&q->peer, sizeof(q->peer));
    }
}

/* Writes a reply without records into `out`: header and question as asked. */
static inline size_t mock_reply(const struct mock_query *q, uint8_t *out)
{
    size_t len = 12 + mock_question_len(q);
    memcpy(out, q->bytes, len);
    out[2] |= 0x80;
    memset(out + 6, 0, 6);
    return len;
}

static void mock_on_udp(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct mock *m = arg;
    uint8_t bytes[65535];
    struct mock_query q = {.mock = m, .bytes = bytes};
    socklen_t len = sizeof(q.peer);
    ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&q.peer, &len);
    if (n >= 12 && m->script != NULL) {
        q.len = (size_t)n;
        m->seen[m->queries % MOCK_SEEN_MAX].port = ntohs(q.peer.sin_port);
        m->seen[m->queries % MOCK_SEEN_MAX].id = (uint16_t)(bytes[0] << 8 | bytes[1]);
        q.number = ++m->queries;
        m->script(&q);
    }
}

static void mock_on_stream(struct bufferevent *stream, void *arg)
{
    struct mock *m = arg;
    struct evbuffer *in = bufferevent_get_input(stream);
    uint8_t head[2];
    while (evbuffer_copyout(in, head, 2) == 2) {
        size_t len = (size_t)head[0] << 8 | head[1];
        if (evbuffer_get_length(in) < len + 2) {
            return;
        }
        uint8_t bytes[65537];
        evbuffer_remove(in, bytes, len + 2);
        struct mock_query q = {.mock = m, .bytes = bytes + 2, .len = len, .stream = stream, .number = ++m->queries};
        m->script(&q);
    }
}

static void mock_on_stream_end(struct bufferevent *stream, short what, void *arg)
{
    (void)what;
    struct mock *m = arg;
    for (unsigned i = 0; i < 64; i++) {
        if (m->streams[i] == stream) {
            m->streams[i] = NULL;
        }
    }
    bufferevent_free(stream);
}

static void mock_on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
    (void)l;
    (void)sa;
    (void)len;
    struct mock *m = arg;
    struct bufferevent *stream = bufferevent_socket_new(m->base, fd, BEV_OPT_CLOSE_ON_FREE);
    m->streams[m->connections++ % 64] = stream;
    bufferevent_setcb(stream, mock_on_stream, NULL, mock_on_stream_end, m);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
}

static inline bool mock_start(struct mock *m, struct event_base *base)
{
    *m = (struct mock){.base = base};
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(sa);
    m->listener = evconnlistener_new_bind(base, mock_on_accept, m, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 128,
                                          (struct sockaddr *)&sa, (int)len);
    getsockname(evconnlistener_get_fd(m->listener), (struct sockaddr *)&sa, &len);
    m->address = addr_from_sockaddr((struct sockaddr *)&sa);
    m->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int size = 4 << 20;
    setsockopt(m->udp, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (bind(m->udp, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
        return false;
    }
    m->readable = event_new(base, m->udp, EV_READ | EV_PERSIST, mock_on_udp, m);
    return event_add(m->readable, NULL) == 0;
}

static inline void mock_stop_udp(struct mock *m)
{
    if (m->readable != NULL) {
        event_free(m->readable);
        close(m->udp);
        m->readable = NULL;
    }
}

static inline void mock_stop(struct mock *m)
{
    mock_stop_udp(m);
    evconnlistener_free(m->listener);
    for (unsigned i = 0; i < 64; i++) {
        if (m->streams[i] != NULL) {
            bufferevent_free(m->streams[i]);
        }
    }
}

#endif
