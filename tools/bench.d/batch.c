#include "batch.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool has_peer(const struct batch *b)
{
    return b->kind == BATCH_PEER || b->kind == BATCH_BOTH;
}

void batch_init(struct batch *b, enum batch_kind kind)
{
    b->kind = kind;
    for (int i = 0; i < BATCH_SIZE; i++) {
        struct datagram *d = &b->datagram[i];
        b->iov[i] = (struct iovec){.iov_base = d->bytes, .iov_len = sizeof d->bytes};
        b->head[i].msg_hdr = (struct msghdr){.msg_iov = &b->iov[i], .msg_iovlen = 1};
        if (has_peer(b)) {
            b->head[i].msg_hdr.msg_name = &d->peer;
        }
        if (kind == BATCH_BOTH || kind == BATCH_STAMPED) {
            b->head[i].msg_hdr.msg_control = d->control;
        }
    }
}

static void set_lengths(struct batch *b, int i, size_t payload, bool with_control)
{
    b->iov[i].iov_len = payload;
    b->head[i].msg_hdr.msg_namelen = has_peer(b) ? sizeof b->datagram[i].peer : 0;
    b->head[i].msg_hdr.msg_controllen = with_control ? sizeof b->datagram[i].control : 0;
}

int batch_receive(struct batch *b, int fd, int flags)
{
    for (int i = 0; i < BATCH_SIZE; i++) {
        set_lengths(b, i, sizeof b->datagram[i].bytes, b->kind == BATCH_BOTH || b->kind == BATCH_STAMPED);
    }
    int n = recvmmsg(fd, b->head, BATCH_SIZE, flags, NULL);
    for (int i = 0; i < n; i++) {
        b->datagram[i].len = b->head[i].msg_len;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
}

int batch_send(struct batch *b, int fd, int n)
{
    int sent = 0;
    for (int i = 0; i < n; i++) {
        set_lengths(b, i, b->datagram[i].len, b->kind == BATCH_BOTH);
    }
    while (sent < n) {
        int now = sendmmsg(fd, b->head + sent, (unsigned)(n - sent), 0);
        if (now < 0 && errno != EINTR) {
            break;
        }
        sent += now > 0 ? now : 0;
    }
    return sent;
}

struct in_addr batch_local(const struct batch *b, int i)
{
    const struct cmsghdr *c = (const void *)b->datagram[i].control;
    struct in_pktinfo info = {0};
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        memcpy(&info, CMSG_DATA(c), sizeof info);
    }
    return info.ipi_addr;
}

uint64_t batch_arrival(const struct batch *b, int i)
{
    const struct msghdr *head = &b->head[i].msg_hdr;
    const struct cmsghdr *c = (const void *)b->datagram[i].control;
    struct timespec at = {0};
    if (head->msg_controllen >= CMSG_LEN(sizeof at) && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
        memcpy(&at, CMSG_DATA(c), sizeof at);
    }
    return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
}
