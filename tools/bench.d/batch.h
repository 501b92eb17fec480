/*
 * Datagrams in batches: one system call receives or sends up to BATCH_SIZE of them. The load generator, the synthetic
 * tree and the reflector all stand on this, so that what they cost stays below what the measured servers cost.
 */
#ifndef BENCH_BATCH_H
#define BENCH_BATCH_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH_SIZE    64
#define DATAGRAM_SIZE 1232

struct datagram {
    struct sockaddr_in peer;
    size_t len;
    uint8_t bytes[DATAGRAM_SIZE];
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct timespec))]; /* room for an in_pktinfo as well */
};

/* What the batch keeps beside the bytes. */
enum batch_kind {
    BATCH_CONNECTED, /* connected socket: neither peer nor local address */
    BATCH_STAMPED,   /* connected socket: time of arrival (SO_TIMESTAMPNS must be on) */
    BATCH_PEER,      /* peer address */
    BATCH_BOTH, /* peer and local address (IP_PKTINFO must be on): a reply leaves from the address that was asked */
};

/* Large (80 kB): static or heap, never on the stack. Points into itself: do not copy. */
struct batch {
    enum batch_kind kind;
    struct datagram datagram[BATCH_SIZE];
    struct mmsghdr head[BATCH_SIZE];
    struct iovec iov[BATCH_SIZE];
};

void batch_init(struct batch *b, enum batch_kind kind);

/* Receives into datagram[0..n); `flags` as for recvmmsg. Returns n, 0 if nothing was there, or -1 with errno. */
int batch_receive(struct batch *b, int fd, int flags);

/* Sends datagram[0..n), blocking while the socket's buffer is full. Returns how many left; fewer than n sets errno. */
int batch_send(struct batch *b, int fd, int n);

/* The local address datagram i arrived at, or leaves from; BATCH_BOTH only. */
struct in_addr batch_local(const struct batch *b, int i);

/* When the kernel took datagram i from the network, in ns of CLOCK_REALTIME, however late it was read; 0 if it does not
 * say. BATCH_STAMPED only. */
uint64_t batch_arrival(const struct batch *b, int i);

#endif
