#include "pipe.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

bool pipe_open(struct pipe *p, const struct sockaddr_in *to)
{
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return p->fd >= 0 && connect(p->fd, (const void *)to, sizeof *to) == 0 &&
           setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) == 0;
}

/* Moves whole messages to the batch; what follows the last one goes to the front of the buffer. */
static int take_messages(struct pipe *p, struct batch *b)
{
    int n = 0;
    size_t at = 0;
    while (n < BATCH_SIZE && p->len - at >= 2) {
        size_t len = (size_t)(p->in[at] << 8 | p->in[at + 1]);
        if (p->len - at < 2 + len) {
            break;
        }
        struct datagram *d = &b->datagram[n++];
        d->len = len < DATAGRAM_SIZE ? len : DATAGRAM_SIZE;
        memcpy(d->bytes, p->in + at + 2, d->len);
        at += 2 + len;
    }
    p->len -= at;
    memmove(p->in, p->in + at, p->len);
    return n;
}

int pipe_receive(struct pipe *p, struct batch *b)
{
    ssize_t got = recv(p->fd, p->in + p->len, sizeof p->in - p->len, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        return -1;
    }
    p->len += got > 0 ? (size_t)got : 0;
    return take_messages(p, b);
}

bool pipe_send(struct pipe *p, const struct batch *b, int n)
{
    static uint8_t out[BATCH_SIZE * (2 + DATAGRAM_SIZE)];
    size_t len = 0;
    for (int i = 0; i < n; i++) {
        const struct datagram *d = &b->datagram[i];
        out[len++] = (uint8_t)(d->len >> 8);
        out[len++] = (uint8_t)d->len;
        memcpy(out + len, d->bytes, d->len);
        len += d->len;
    }
    return send(p->fd, out, len, MSG_NOSIGNAL) == (ssize_t)len;
}
