#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "resolver/base/clock.h"
#include "resolver/dns/wire.h"
#include "resolver/net/upstream_private.h"

#define IDLE_MS   3000 /* an unused connection is kept (RFC 7766 6.2.3) */
#define READ_SIZE 65536

static void arm_idle(struct stream *s, unsigned ms)
{
    struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(&s->idle, &after);
}

/* 0 when everything is written or waits to be; -1 with errno. */
static int flush(struct stream *s)
{
    size_t left;
    while ((left = evbuffer_get_length(s->out)) > 0) {
        const uint8_t *bytes = evbuffer_pullup(s->out, -1);
        if (bytes == NULL) {
            errno = ENOMEM;
            return -1;
        }
        ssize_t n = send(s->fd, bytes, left, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            return event_add(&s->writable, NULL);
        }
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        evbuffer_drain(s->out, n > 0 ? (size_t)n : 0);
    }
    return 0;
}

/* A failed write shows as an error when reading, too, and is dealt with there: c-ares must not see it half-way. */
int stream_send(struct stream *s, const uint8_t *bytes, size_t len)
{
    if (evbuffer_add(s->out, bytes, len) != 0) {
        errno = ENOMEM;
        return -1;
    }
    if (s->connected && flush(s) != 0) {
        event_active(&s->readable, EV_READ, 0);
    }
    return 0;
}

static struct exchange *find_exchange(struct stream *s, uint16_t id)
{
    struct exchange *x;
    LIST_FOREACH(x, &s->peer->exchanges, link)
    {
        if (x->stream == s && x->sent.id == id) {
            return x;
        }
    }
    return NULL;
}

static void handle_message(struct stream *s, uint8_t *bytes, size_t len)
{
    struct exchange *x = len >= 2 ? find_exchange(s, wire_get_u16(bytes)) : NULL;
    if (x != NULL && reply_matches_message(&x->sent, bytes, len)) {
        exchange_finish(x, UPSTREAM_REPLY, bytes, len);
    } else if (x != NULL) {
        counter_add(&s->peer->u->counters.mismatched, 1);
    } /* else it comes too late */
}

static void handle_messages(struct stream *s)
{
    uint8_t length[2];
    while (s->vfd >= 0 && evbuffer_copyout(s->in, length, 2) == 2) {
        size_t len = wire_get_u16(length);
        if (evbuffer_get_length(s->in) < 2 + len) {
            return;
        }
        uint8_t *frame = evbuffer_pullup(s->in, (ssize_t)(2 + len));
        if (frame == NULL) {
            return;
        }
        handle_message(s, frame + 2, len);
        evbuffer_drain(s->in, 2 + len);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct stream *s = arg;
    int n = evbuffer_read(s->in, fd, READ_SIZE);
    if (n > 0) {
        s->heard_at = clock_ticks();
        handle_messages(s);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        stream_fail(s, UPSTREAM_TIMEOUT);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct stream *s = arg;
    int error = 0;
    socklen_t len = sizeof(error);
    if (!s->connected && (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)) {
        stream_fail(s, UPSTREAM_UNREACHABLE);
        return;
    }
    s->connected = true;
    event_add(&s->readable, NULL);
    if (flush(s) != 0) {
        stream_fail(s, UPSTREAM_TIMEOUT);
    }
}

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    stream_fail(arg, UPSTREAM_TIMEOUT);
}

static int open_socket(const struct addr *a)
{
    int fd = socket(a->len == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(a, &sa);
    if (connect(fd, (struct sockaddr *)&sa, len) != 0 && errno != EINPROGRESS) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

struct stream *stream_open(struct peer *p, int vfd)
{
    struct stream *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return NULL;
    }
    *s = (struct stream){.peer = p, .fd = open_socket(&p->address), .vfd = vfd};
    if (s->fd < 0) {
        free(s);
        return NULL;
    }
    s->in = evbuffer_new();
    s->out = evbuffer_new();
    event_assign(&s->readable, p->u->base, s->fd, EV_READ | EV_PERSIST, on_readable, s);
    event_assign(&s->writable, p->u->base, s->fd, EV_WRITE, on_writable, s);
    event_assign(&s->idle, p->u->base, -1, 0, on_idle, s);
    LIST_INSERT_HEAD(&p->streams, s, link);
    if (s->in == NULL || s->out == NULL || event_add(&s->writable, NULL) != 0) {
        stream_shut(s);
        stream_free(s);
        errno = ENOMEM;
        return NULL;
    }
    counter_add(&p->u->counters.tcp_connects, 1);
    return s;
}

void stream_shut(struct stream *s)
{
    event_del(&s->readable);
    event_del(&s->writable);
    close(s->fd);
    s->fd = s->vfd = -1;
    arm_idle(s, 0); /* when it was not stream_fail that made c-ares close it */
}

void stream_free(struct stream *s)
{
    event_del(&s->idle);
    if (s->in != NULL) {
        evbuffer_free(s->in);
    }
    if (s->out != NULL) {
        evbuffer_free(s->out);
    }
    LIST_REMOVE(s, link);
    free(s);
}

void stream_fail(struct stream *s, enum upstream_outcome outcome)
{
    struct peer *p = s->peer;
    struct exchange_list failed = LIST_HEAD_INITIALIZER(failed);
    struct exchange *next, *x;
    if (s->vfd >= 0) {
        channel_break(&p->channel, s->vfd);
    }
    for (x = LIST_FIRST(&p->exchanges); x != NULL; x = next) {
        next = LIST_NEXT(x, link);
        if (x->stream == s) {
            LIST_REMOVE(x, link);
            LIST_INSERT_HEAD(&failed, x, link);
            x->stream = NULL;
        }
    }
    stream_free(s);
    while ((x = LIST_FIRST(&failed)) != NULL) {
        exchange_finish(x, outcome, NULL, 0);
    }
}

void stream_leave(struct stream *s)
{
    s->pending--;
    if (s->pending == 0) {
        arm_idle(s, s->connected ? IDLE_MS : 0);
    }
}
