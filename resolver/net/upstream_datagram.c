#include <errno.h>
#include <sys/epoll.h>

#include "resolver/base/clock.h"
#include "resolver/net/upstream_private.h"

#define POLL_BATCH 64

int datagram_open(struct exchange *x)
{
    int result = socket_open(x->u, &x->peer->address, &x->socket);
    if (result == 0) {
        x->u->slots[x->socket.slot].exchange = x;
    }
    return result;
}

void datagram_close(struct exchange *x)
{
    socket_close(x->u, x->peer->address.len, &x->socket);
}

int datagram_local(const struct exchange *x, struct addr *out)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    int result = getsockname(x->socket.fd, (struct sockaddr *)&sa, &len);
    if (result == 0) {
        *out = addr_from_sockaddr((struct sockaddr *)&sa);
    }
    return result;
}

/* The first datagram decides. One that does not match means that somebody else is sending to this port: another might
 * guess right, so the answer of the next one is not waited for but asked for over TCP (RFC 5452 9.1). */
static void handle_datagram(struct exchange *x, uint8_t *bytes, size_t len)
{
    struct upstream *u = x->u;
    size_t max = u->settings.edns_size > 512 ? u->settings.edns_size : 512;
    UNCLEARED struct shown shown;
    bool matches = len <= max && reply_matches_datagram(&x->sent, bytes, len);
    if (matches && x->sent_cookie) {
        matches = x->held; /* else c-ares had to drop it and cannot tell */
        reply_show(x->sent.id, bytes, len, &shown);
        channel_show(x->channel, x->channel->vfd, &shown);
        matches = matches && !x->held && !shown.bad_cookie; /* held: it does not accept the cookie, or misses it */
        if (matches && !shown.has_cookie) {
            channel_note_no_cookies(x->peer, clock_ticks());
        }
    }
    if (!matches) {
        counter_add(&u->counters.mismatched, 1);
        exchange_finish(x, UPSTREAM_SUSPECT, NULL, 0);
        return;
    }
    exchange_finish(x, UPSTREAM_REPLY, bytes, len);
}

/* The system sees to it that only the peer is heard. But a socket that is used again may just then have been given a
 * datagram of its last peer. */
static void read_datagram(struct exchange *x)
{
    struct sockaddr_storage sa;
    socklen_t sa_len = sizeof(sa);
    __builtin_prefetch(&x->peer->address); /* comes while the system reads */
    ssize_t n = recvfrom(x->socket.fd, x->u->datagram, sizeof(x->u->datagram), 0, (struct sockaddr *)&sa, &sa_len);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            exchange_finish(x, UPSTREAM_UNREACHABLE, NULL, 0); /* an ICMP error */
        }
        return;
    }
    struct addr source = addr_from_sockaddr((struct sockaddr *)&sa);
    if (addr_equal(&source, &x->peer->address)) {
        handle_datagram(x, x->u->datagram, (size_t)n);
    }
}

/* NULL: an earlier callback of the same turn has ended it. */
static struct exchange *exchange_of(const struct upstream *u, const struct epoll_event *event)
{
    const struct slot *s = &u->slots[(uint32_t)event->data.u64];
    return s->generation == (uint32_t)(event->data.u64 >> 32) ? s->exchange : NULL;
}

/* What the replies will meet comes from memory while those before them are read: one chain of pointers after the other
 * would take as long as all of them together. */
static void fetch(const struct upstream *u, const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        __builtin_prefetch(exchange_of(u, &events[i]));
    }
    for (int i = 0; i < count; i++) {
        const struct exchange *x = exchange_of(u, &events[i]);
        if (x != NULL && x->soon != NULL) {
            x->soon(x->arg);
        }
    }
}

void datagram_on_poll(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct upstream *u = arg;
    struct epoll_event events[POLL_BATCH];
    int count = epoll_wait(fd, events, POLL_BATCH, 0);
    fetch(u, events, count);
    for (int i = 0; i < count; i++) {
        struct exchange *x = exchange_of(u, &events[i]);
        if (x != NULL) {
            read_datagram(x);
        }
    }
}
