/* One message in, at most one answer out: access, opcode and class, own zones, ready answers, cache, walk. One front
 * per worker; everything runs in its thread. */
#ifndef CAIRN_SERVER_FRONT_H
#define CAIRN_SERVER_FRONT_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/pool.h"
#include "resolver/net/tcp.h"
#include "resolver/net/udp.h"
#include "resolver/server/generation.h"
#include "resolver/server/rate.h"
#include "resolver/server/ready.h"
#include "resolver/server/stats.h"
#include "resolver/server/walks.h"

struct front {
    struct generation *generation; /* the current one; the worker swaps it */
    struct cache_view *cache;
    struct ready *ready;
    struct walks *walks;
    struct rate_table *rates; /* of all workers */
    struct udp *udp;
    struct tcp *tcp;
    struct stats stats;
    struct arena arena;                 /* of own-zone answers; empty between messages */
    struct pool waiting;                /* memory for clients that wait; the owner drains it */
    struct pending *later, *later_last; /* questions that wait for front_rest, in their order */
    uint64_t now;                       /* clock_now of this batch; 0: not read yet */
    uint8_t answer[MSG_SIZE_MAX];       /* where answers that do not leave at once are written */
};

/* Handlers for udp_new and tcp_new; `arg` is the front. A question over UDP that takes a look into the cache or a walk
 * waits for front_rest. */
uint64_t front_peek(void *arg, const uint8_t *bytes, size_t len);
size_t front_udp(void *arg, const struct udp_packet *in, uint8_t *out, size_t size);
void front_rest(void *arg);
void front_tcp(void *arg, const struct tcp_from *from, const uint8_t *bytes, size_t len);

#endif
