/* DNS over one TCP connection, with many questions on the way; read and written in the batches that UDP uses. */
#ifndef BENCH_PIPE_H
#define BENCH_PIPE_H

#include "batch.h"

#include <stdbool.h>

struct pipe {
    int fd;
    size_t len; /* octets received that are no whole message yet */
    uint8_t in[1 << 14];
};

/* Connects to `to`; false with errno. The process's end closes it. */
bool pipe_open(struct pipe *p, const struct sockaddr_in *to);

/* Receives whole messages into b->datagram[0..n); longer ones are cut to DATAGRAM_SIZE. Never waits. Returns n, or -1
 * if the connection has ended. */
int pipe_receive(struct pipe *p, struct batch *b);

/* Sends b->datagram[0..n) in one write; false if the connection has ended. */
bool pipe_send(struct pipe *p, const struct batch *b, int n);

#endif
