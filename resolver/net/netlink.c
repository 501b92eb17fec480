#include "resolver/net/netlink.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUIET_S = 1, READ_SIZE = 16384, READS_MAX = 64 };

struct netlink {
    int fd;
    struct event *readable;
    struct event *timer;
    void (*changed)(void *ctx);
    void *ctx;
};

static bool is_change(const struct nlmsghdr *m)
{
    switch (m->nlmsg_type) {
    case RTM_NEWADDR:
    case RTM_DELADDR:
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        return true;
    default:
        return false;
    }
}

static bool has_change(char *bytes, size_t len)
{
    struct nlmsghdr *m = (struct nlmsghdr *)(void *)bytes;
    for (; NLMSG_OK(m, len); m = NLMSG_NEXT(m, len)) {
        if (is_change(m)) {
            return true;
        }
    }
    return false;
}

/* ENOBUFS: reports were lost, so there were some. */
static bool read_changes(int fd)
{
    _Alignas(struct nlmsghdr) char bytes[READ_SIZE];
    bool has = false;
    for (unsigned i = 0; i < READS_MAX; i++) {
        struct sockaddr_nl from = {0};
        socklen_t from_len = sizeof(from);
        ssize_t len = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);
        if (len < 0 && errno != ENOBUFS) {
            break;
        }
        bool is_kernel = len >= 0 && from.nl_pid == 0;
        has = has || len < 0 || (is_kernel && has_change(bytes, (size_t)len));
    }
    return has;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct netlink *n = arg;
    const struct timeval quiet = {.tv_sec = QUIET_S};
    (void)what;
    if (read_changes(fd) && !event_pending(n->timer, EV_TIMEOUT, NULL)) {
        event_add(n->timer, &quiet);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct netlink *n = arg;
    (void)fd;
    (void)what;
    n->changed(n->ctx);
}

static int open_socket(void)
{
    struct sockaddr_nl local = {.nl_family = AF_NETLINK,
                                .nl_groups =
                                    RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&local, sizeof(local)) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        fd = -1;
    }
    return fd;
}

struct netlink *netlink_new(struct event_base *base, void (*changed)(void *ctx), void *ctx)
{
    struct netlink *n = calloc(1, sizeof(*n));
    if (n == NULL) {
        return NULL;
    }
    n->changed = changed;
    n->ctx = ctx;
    n->fd = open_socket();
    n->timer = evtimer_new(base, on_timer, n);
    n->readable = n->fd >= 0 ? event_new(base, n->fd, EV_READ | EV_PERSIST, on_readable, n) : NULL;
    if (n->timer == NULL || n->readable == NULL || event_add(n->readable, NULL) != 0) {
        int why = errno;
        netlink_free(n);
        errno = why;
        return NULL;
    }
    return n;
}

void netlink_free(struct netlink *n)
{
    if (n == NULL) {
        return;
    }
    if (n->readable != NULL) {
        event_free(n->readable);
    }
    if (n->timer != NULL) {
        event_free(n->timer);
    }
    if (n->fd >= 0) {
        close(n->fd);
    }
    free(n);
}
