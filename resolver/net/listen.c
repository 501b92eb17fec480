#include "resolver/net/listen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolver/net/holder.h"

#define TCP_BACKLOG    511
#define UDP_BUFFER     (4 * 1024 * 1024) /* asked for; the system may give less */
#define ANY_PORT_TRIES 16                /* a port that is free for UDP may be taken for TCP */

static bool set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* Answers must not shrink because someone forged "fragmentation needed" (RFC 9715 3.1), and the address that was asked
 * is needed only where the socket stands for many. */
static bool set_udp_options(int fd, const struct addr *a)
{
    static const uint8_t zero[16];
    bool any = memcmp(a->octets, zero, sizeof(zero)) == 0;
    (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER);
    (void)set_option(fd, SOL_SOCKET, SO_SNDBUF, UDP_BUFFER);
    if (a->len == 4) {
        (void)set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
        return !any || set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
    }
    (void)set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
    return !any || set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

/* `shared` is off for the first look at a port: with it a second daemon would quietly take half of our queries. That
 * look does not listen: who finds the port open must be able to ask over UDP as well. */
static int open_bound(const struct addr *a, int type, bool shared)
{
    int fd = socket(a->len == 4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    struct sockaddr_storage sa;
    socklen_t len = addr_to_sockaddr(a, &sa);
    bool ok = a->len == 4 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    ok = ok && (type == SOCK_DGRAM || set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1));
    ok = ok && (!shared || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1));
    ok = ok && (type == SOCK_STREAM || set_udp_options(fd, a));
    ok = ok && bind(fd, (struct sockaddr *)&sa, len) == 0;
    ok = ok && (type == SOCK_DGRAM || !shared || listen(fd, TCP_BACKLOG) == 0);
    if (!ok) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int probe(struct addr *a, int type)
{
    int fd = open_bound(a, type, false);
    if (fd < 0) {
        return FAIL_SYSTEM;
    }
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    if (a->port == 0 && getsockname(fd, (struct sockaddr *)&sa, &len) == 0) {
        a->port = addr_from_sockaddr((struct sockaddr *)&sa).port;
    }
    close(fd);
    return FAIL_NONE;
}

static int open_workers(struct listen_sockets *s)
{
    for (unsigned i = 0; i < s->workers; i++) {
        s->udp[i] = open_bound(&s->address, SOCK_DGRAM, true);
        if (s->udp[i] < 0) {
            return FAIL_SYSTEM;
        }
        s->tcp[i] = open_bound(&s->address, SOCK_STREAM, true);
        if (s->tcp[i] < 0) {
            return FAIL_SYSTEM;
        }
    }
    return FAIL_NONE;
}

static int open_all(struct listen_sockets *s, bool *stream)
{
    uint16_t wanted = s->address.port;
    for (unsigned try = 0; try < ANY_PORT_TRIES; try++) {
        s->address.port = wanted;
        *stream = false;
        if (probe(&s->address, SOCK_DGRAM) == FAIL_NONE) {
            *stream = true;
            if (probe(&s->address, SOCK_STREAM) == FAIL_NONE) {
                return open_workers(s);
            }
        }
        if (wanted != 0 || errno != EADDRINUSE) {
            break;
        }
    }
    return FAIL_SYSTEM;
}

static int explain(const struct addr *a, bool stream, char why[LISTEN_WHY_SIZE])
{
    int error = errno;
    char text[ADDR_TEXT_SIZE], holder[HOLDER_SIZE];
    struct addr host = *a;
    host.port = 0;
    addr_text(&host, text);
    if (error == EADDRINUSE) {
        snprintf(why, LISTEN_WHY_SIZE, "port %u on %s is taken by %s", a->port, text, holder_find(a, stream, holder));
    } else if (error == EADDRNOTAVAIL) {
        snprintf(why, LISTEN_WHY_SIZE, "this machine has no address %s", text);
    } else if (error == EACCES) {
        snprintf(
            why, LISTEN_WHY_SIZE,
            "port %u on %s needs a privilege: start as root or with CAP_NET_BIND_SERVICE, or take one from 1024 on",
            a->port, text);
    } else {
        snprintf(why, LISTEN_WHY_SIZE, "port %u on %s cannot be opened: %s", a->port, text, strerrordesc_np(error));
    }
    errno = error;
    return error == EADDRINUSE ? FAIL_BUSY : FAIL_SYSTEM;
}

int listen_open(const struct addr *address, unsigned workers, struct listen_sockets *out, char why[LISTEN_WHY_SIZE])
{
    *out = (struct listen_sockets){.address = *address, .workers = workers};
    out->udp = malloc(workers * sizeof(*out->udp));
    out->tcp = malloc(workers * sizeof(*out->tcp));
    if (out->udp == NULL || out->tcp == NULL) {
        snprintf(why, LISTEN_WHY_SIZE, "no memory");
        free(out->udp);
        free(out->tcp);
        *out = (struct listen_sockets){0};
        return FAIL_MEMORY;
    }
    for (unsigned i = 0; i < workers; i++) {
        out->udp[i] = out->tcp[i] = -1;
    }
    bool stream = false;
    int result = open_all(out, &stream);
    if (result != FAIL_NONE) {
        result = explain(&out->address, stream, why);
        int error = errno;
        listen_close(out);
        errno = error;
    }
    return result;
}

void listen_close(struct listen_sockets *s)
{
    for (unsigned i = 0; i < s->workers; i++) {
        if (s->udp[i] >= 0) {
            close(s->udp[i]);
        }
        if (s->tcp[i] >= 0) {
            close(s->tcp[i]);
        }
    }
    free(s->udp);
    free(s->tcp);
    *s = (struct listen_sockets){0};
}
