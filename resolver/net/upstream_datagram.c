#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "resolver/base/rand.h"
#include "resolver/net/upstream_private.h"

#define PORT_MIN   1024
#define PORT_COUNT (65536 - PORT_MIN)
#define PORT_TRIES 16 /* with half of all ports taken, one exchange in 65,536 fails */
#define POLL_BATCH 64

/* The system's own choice of port is from a range of less than half the size, and not made to be unpredictable. */
static int bind_random(int fd, uint8_t family_len)
{
    struct addr any = {.len = family_len};
    struct sockaddr_storage sa;
    for (unsigned i = 0; i < PORT_TRIES; i++) {
        any.port = (uint16_t)(PORT_MIN + rand_below(PORT_COUNT));
        socklen_t len = addr_to_sockaddr(&any, &sa);
        if (bind(fd, (struct sockaddr *)&sa, len) == 0) {
            return 0;
        }
        if (errno != EADDRINUSE && errno != EACCES) {
            return -1;
        }
    }
    errno = EADDRINUSE;
    return -1;
}

/* Forged "fragmentation needed" would otherwise show who talks to whom (CVE-2021-20322). */
static void ignore_path_mtu(int fd, uint8_t family_len)
{
    static const int omit4 = IP_PMTUDISC_OMIT, omit6 = IPV6_PMTUDISC_OMIT;
    if (family_len == 4) {
        (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &omit4, sizeof(omit4));
    } else {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &omit6, sizeof(omit6));
    }
}

/* A connected socket takes datagrams of its peer only, and hears of closed ports. */
static int connect_peer(int fd, const struct addr *peer)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(peer, &sa);
    return connect(fd, (struct sockaddr *)&sa, len);
}

static int watch(const struct exchange *x, int fd)
{
    uint64_t generation = x->u->slots[x->slot].generation;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = generation << 32 | (uint32_t)x->slot};
    return epoll_ctl(x->u->poll, EPOLL_CTL_ADD, fd, &event);
}

static int take_slot(struct exchange *x)
{
    x->slot = slot_take(x->u);
    if (x->slot < 0) {
        errno = ENOMEM;
        return -1;
    }
    x->u->slots[x->slot].exchange = x;
    return 0;
}

int datagram_open(struct exchange *x)
{
    const struct addr *peer = &x->peer->address;
    x->fd = socket(peer->len == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (x->fd < 0) {
        return -1;
    }
    ignore_path_mtu(x->fd, peer->len);
    if (bind_random(x->fd, peer->len) == 0 && connect_peer(x->fd, peer) == 0 && take_slot(x) == 0 &&
        watch(x, x->fd) == 0) {
        return 0;
    }
    int error = errno;
    datagram_close(x);
    errno = error;
    return -1;
}

void datagram_close(struct exchange *x)
{
    if (x->fd >= 0) {
        close(x->fd);
        x->fd = -1;
    }
    if (x->slot >= 0) {
        slot_release(x->u, x->slot);
        x->slot = -1;
    }
}

int datagram_local(const struct exchange *x, struct addr *out)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    int result = getsockname(x->fd, (struct sockaddr *)&sa, &len);
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
    struct shown shown = {.bad_cookie = false};
    bool matches = len <= max && reply_matches_datagram(&x->sent, bytes, len);
    if (matches && x->sent_cookie) {
        matches = x->held; /* else c-ares had to drop it and cannot tell */
        reply_show(x->sent.id, bytes, len, &shown);
        channel_show(x->peer, x->peer->vfd, &shown);
        matches = matches && !x->held && !shown.bad_cookie; /* held: it does not accept the cookie, or misses it */
    }
    if (!matches) {
        counter_add(&u->counters.mismatched, 1);
        exchange_finish(x, UPSTREAM_SUSPECT, NULL, 0);
        return;
    }
    exchange_finish(x, UPSTREAM_REPLY, bytes, len);
}

static void read_datagram(struct exchange *x)
{
    ssize_t n = recv(x->fd, x->u->datagram, sizeof(x->u->datagram), 0);
    if (n >= 0) {
        handle_datagram(x, x->u->datagram, (size_t)n);
    } else if (errno != EAGAIN && errno != EINTR) {
        exchange_finish(x, UPSTREAM_UNREACHABLE, NULL, 0); /* an ICMP error */
    }
}

void datagram_on_poll(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct upstream *u = arg;
    struct epoll_event events[POLL_BATCH];
    int count = epoll_wait(fd, events, POLL_BATCH, 0);
    for (int i = 0; i < count; i++) {
        /* An earlier callback of this loop may have ended the exchange. */
        const struct slot *s = &u->slots[(uint32_t)events[i].data.u64];
        if (s->generation == (uint32_t)(events[i].data.u64 >> 32) && s->exchange != NULL) {
            read_datagram(s->exchange);
        }
    }
}
