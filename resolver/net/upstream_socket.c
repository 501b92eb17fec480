/* Sockets of exchanges over UDP and their ports.
 *
 * Every exchange has a port of its own, drawn evenly from all ports that ordinary programs may use. A socket that is
 * bound to a port we chose keeps it until it is closed; one whose port the system chose gives it up when it is
 * disconnected, and the next exchange gets another with the same socket, for a third of the cost. So a number is drawn,
 * and where it falls into the range the system chooses from, the system chooses: it does so evenly, and every port
 * stays as likely as any other. */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "resolver/base/rand.h"
#include "resolver/net/upstream_private.h"

#define PORT_MIN     1024
#define PORT_COUNT   (65536 - PORT_MIN)
#define PORT_TRIES   16 /* with half of all ports taken, one exchange in 65,536 fails */
#define DRAINED_MAX  8  /* datagrams found on a socket that is to be used again; with more it is closed */

/* Older kernels choose ports by a generator that was not made to be unpredictable. */
#define KERNEL_MAJOR 6
#define KERNEL_MINOR 1

static bool kernel_draws_well(void)
{
    struct utsname name;
    unsigned major = 0, minor = 0;
    if (uname(&name) != 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2) {
        return false;
    }
    return major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR);
}

void socket_learn_range(struct upstream *u)
{
    unsigned first = 0, last = 0;
    FILE *file = kernel_draws_well() ? fopen("/proc/sys/net/ipv4/ip_local_port_range", "re") : NULL;
    if (file == NULL) {
        return;
    }
    if (fscanf(file, "%u %u", &first, &last) == 2 && first >= PORT_MIN && first <= last && last <= UINT16_MAX) {
        u->system_first = first;
        u->system_last = last;
    }
    fclose(file);
}

/* 0: the system shall choose. */
static uint16_t draw_port(const struct upstream *u)
{
    uint32_t port = PORT_MIN + rand_below(PORT_COUNT);
    return port >= u->system_first && port <= u->system_last ? 0 : (uint16_t)port;
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

/* Binds to `port`, or to others when it is taken. Where those fall into the system's range nothing is bound, so that it
 * chooses when the socket is connected. */
static int bind_drawn(const struct upstream *u, int fd, uint8_t family_len, uint16_t port)
{
    struct addr any = {.len = family_len, .port = port};
    struct sockaddr_storage sa;
    for (unsigned i = 0; i < PORT_TRIES; i++) {
        socklen_t len = addr_to_sockaddr(&any, &sa);
        if (any.port == 0 || bind(fd, (struct sockaddr *)&sa, len) == 0) {
            return 0;
        }
        if (errno != EADDRINUSE && errno != EACCES) {
            return -1;
        }
        any.port = draw_port(u);
    }
    errno = EADDRINUSE;
    return -1;
}

/* A connected socket takes datagrams of its peer only, and hears of closed ports. */
static int connect_peer(int fd, const struct addr *peer)
{
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(peer, &sa);
    return connect(fd, (struct sockaddr *)&sa, len);
}

static int watch(struct upstream *u, int fd, int slot)
{
    uint64_t generation = u->slots[slot].generation;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = generation << 32 | (uint32_t)slot};
    return epoll_ctl(u->poll, EPOLL_CTL_ADD, fd, &event);
}

static void drop(struct upstream *u, struct udp_socket *s)
{
    if (s->fd >= 0) {
        close(s->fd);
    }
    if (s->slot >= 0) {
        slot_release(u, s->slot);
    }
    *s = UDP_SOCKET_NONE;
}

static int make(struct upstream *u, uint8_t family_len, uint16_t port, struct udp_socket *s)
{
    s->fd = socket(family_len == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        return -1;
    }
    ignore_path_mtu(s->fd, family_len);
    if (bind_drawn(u, s->fd, family_len, port) != 0) {
        return -1;
    }
    s->slot = slot_take(u);
    if (s->slot < 0) {
        errno = ENOMEM;
        return -1;
    }
    return watch(u, s->fd, s->slot);
}

static struct spares *spares_of(struct upstream *u, uint8_t family_len)
{
    return &u->spares[family_len != 4];
}

int socket_open(struct upstream *u, const struct addr *peer, struct udp_socket *s)
{
    struct spares *spares = spares_of(u, peer->len);
    uint16_t port = draw_port(u);
    *s = UDP_SOCKET_NONE;
    int result = 0;
    if (port == 0 && spares->count > 0) {
        *s = spares->sockets[--spares->count];
    } else {
        result = make(u, peer->len, port, s);
    }
    s->is_reusable = port == 0;
    if (result == 0 && connect_peer(s->fd, peer) == 0) {
        return 0;
    }
    int error = errno;
    drop(u, s);
    errno = error;
    return -1;
}

/* What the last peer sent too late must not be taken for the next one's, nor an error it caused. */
static bool is_drained(int fd)
{
    char byte;
    for (unsigned i = 0; i < DRAINED_MAX; i++) {
        if (recv(fd, &byte, sizeof(byte), 0) < 0 && errno == EAGAIN) {
            return true;
        }
    }
    return false;
}

/* Disconnected, it has no port and receives nothing any more. */
static bool is_disconnected(int fd)
{
    static const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    return connect(fd, &nobody, sizeof(nobody)) == 0 && is_drained(fd);
}

void socket_close(struct upstream *u, uint8_t family_len, struct udp_socket *s)
{
    struct spares *spares = spares_of(u, family_len);
    if (s->fd < 0 || !s->is_reusable || spares->count == SPARES_MAX || !is_disconnected(s->fd)) {
        drop(u, s);
        return;
    }
    u->slots[s->slot].exchange = NULL;
    spares->sockets[spares->count++] = *s;
    *s = UDP_SOCKET_NONE;
}

void socket_drop_spares(struct upstream *u)
{
    for (unsigned i = 0; i < 2; i++) {
        while (u->spares[i].count > 0) {
            drop(u, &u->spares[i].sockets[--u->spares[i].count]);
        }
    }
}
