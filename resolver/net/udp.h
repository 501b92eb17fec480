/* Datagram listeners of one worker: receives and answers in batches. Everything runs in the worker's thread; callbacks
 * come from its event loop. */
#ifndef CAIRN_NET_UDP_H
#define CAIRN_NET_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/addr.h"
#include "resolver/base/fail.h"

struct event_base;
struct udp;

#define UDP_IN_MAX  4096 /* octets of a query that are read; longer ones arrive cut */
#define UDP_OUT_MAX 4096 /* octets of an answer */
#define UDP_BATCH   64   /* datagrams per system call */

/* The way back to a client. Plain data that may be kept for a later answer; only udp_send looks into its lower half. */
struct udp_from {
    struct addr peer;  /* never with port 0, never one of ours: such datagrams are dropped */
    struct addr local; /* the address that was asked, with port */
    uint32_t scope;    /* interface of a link-local peer, else 0 */
    uint16_t socket;   /* index of the listener */
};

struct udp_packet {
    const uint8_t *bytes; /* valid during the call */
    size_t len;
    struct udp_from from;
    uint64_t hint; /* what `peek` returned for it, 0 without one */
};

struct udp_handler {
    void *arg;
    /* Sees each datagram of a batch before the first is handled, so that memory which the answers need can be on its
     * way from far while others are worked on. May be NULL. */
    uint64_t (*peek)(void *arg, const uint8_t *bytes, size_t len);
    /* Answers at once by writing at most `size` (UDP_OUT_MAX) octets to `out` and returning their number; 0 means
     * silence or an answer later by udp_send. */
    size_t (*handle)(void *arg, const struct udp_packet *in, uint8_t *out, size_t size);
    /* After the last datagram of a batch was handled and before its answers leave. May be NULL. */
    void (*batch_end)(void *arg);
    /* After the answers of all batches that were waiting have left: for what would have kept them. May be NULL. */
    void (*rest)(void *arg);
};

/* NULL when the system refuses memory. `handler` is copied. */
struct udp *udp_new(struct event_base *base, const struct udp_handler *handler);

/* Starts to listen on a bound socket (see listen.h), which then belongs to `u`. FAIL_SYSTEM, FAIL_MEMORY: it still
 * belongs to the caller. */
MUST_CHECK int udp_add(struct udp *u, int fd, const struct addr *address);

/* Queues a copy of an answer; it leaves at the end of the loop's turn, from the address that was asked. An answer
 * longer than UDP_OUT_MAX is dropped. */
void udp_send(struct udp *u, const struct udp_from *to, const uint8_t *bytes, size_t len);

/* Sends what is queued now. */
void udp_flush(struct udp *u);

/* Reads no more queries; udp_send still works. For an orderly end. */
void udp_stop(struct udp *u);

/* Sends what is queued and closes everything. */
void udp_free(struct udp *u);

/* Counters since start; written by the worker's thread, read by others. */
struct udp_stats {
    uint64_t received, sent;
    uint64_t batches;
    uint64_t dropped;     /* datagrams with source port 0, or that seem to come from an address we listen on */
    uint64_t send_failed; /* answers that the system did not take */
};
void udp_stats_read(const struct udp *u, struct udp_stats *out);

#endif
