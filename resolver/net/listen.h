/* Opens the sockets of one address for all workers: UDP and TCP as one unit. Runs in the main thread before privileges
 * are dropped; the descriptors are then handed to the workers' udp and tcp. */
#ifndef CAIRN_NET_LISTEN_H
#define CAIRN_NET_LISTEN_H

#include <stddef.h>

#include "resolver/base/addr.h"
#include "resolver/base/fail.h"

/* One descriptor per worker and transport (SO_REUSEPORT), bound, non-blocking, close-on-exec; TCP ones listen. Whoever
 * takes a descriptor over (udp_add, tcp_add) writes -1 in its place. */
struct listen_sockets {
    struct addr address; /* with the port in use, also when 0 was asked for */
    unsigned workers;
    int *udp;
    int *tcp;
};

#define LISTEN_WHY_SIZE 256

/* Opens all or nothing. Port 0 means any port that is free for both transports. FAIL_BUSY: taken; FAIL_SYSTEM: errno
 * tells (EADDRNOTAVAIL: the machine lacks the address; EACCES: the port needs a privilege); FAIL_MEMORY. On failure
 * `why` holds a sentence without a full stop for people: "port 53 on 127.0.0.1 is taken by named (pid 512)". */
MUST_CHECK int listen_open(const struct addr *address, unsigned workers, struct listen_sockets *out,
                           char why[LISTEN_WHY_SIZE]);

/* Closes what was not taken over. */
void listen_close(struct listen_sockets *s);

#endif
