/* Stream listeners and connections of one worker (RFC 7766, RFC 9210): 2-octet framing, pipelining, answers in any
 * order, time-outs and limits. Everything runs in the worker's thread; callbacks come from its event loop.
 *
 * A connection is closed when its first or a begun message takes longer than message_ms, when it is idle for idle_ms
 * (idle_busy_ms while 80 % of all connections are in use), when the client does not read its answers for idle_ms, or
 * when it is the one that has been quiet longest and a new client needs its place. Reading pauses while `pipeline`
 * messages wait for answers or `write_buffer` octets wait for the client. After a client's FIN the answers it still
 * waits for are sent. */
#ifndef CAIRN_NET_TCP_H
#define CAIRN_NET_TCP_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/addr.h"
#include "resolver/base/fail.h"

struct event_base;
struct tcp;

struct tcp_settings {
    uint32_t connections;            /* in all workers */
    uint32_t connections_per_client; /* in all workers, per IPv4 address or IPv6 /64; counts only while more than half
                                        of `connections` are in use */
    uint32_t pipeline;               /* messages of one connection in progress */
    uint32_t message_ms;
    uint32_t idle_ms;
    uint32_t idle_busy_ms;
    uint32_t write_buffer; /* octets */
};

#define TCP_CLIENT_BUCKETS 4096

/* What the workers count together; zeroed by its owner, outlives every `struct tcp`. Clients are counted by a keyed
 * hash: two that share a bucket share its limit. */
struct tcp_shared {
    atomic_uint connections;
    atomic_uint clients[TCP_CLIENT_BUCKETS];
};

/* The way back to a client. Plain data that may be kept; it simply stops working when the connection has gone. */
struct tcp_from {
    struct addr peer;
    struct addr local; /* the address that was asked, with port */
    uint32_t slot;
    uint32_t generation;
};

struct tcp_handler {
    void *arg;
    /* One whole message without its length. `bytes` are valid during the call. Exactly one tcp_reply, tcp_decline or
     * tcp_close must follow, from within or later. */
    void (*handle)(void *arg, const struct tcp_from *from, const uint8_t *bytes, size_t len);
    /* After the last message of one read was handled. May be NULL. */
    void (*batch_end)(void *arg);
};

/* NULL when the system refuses memory. `settings` and `handler` are copied. */
struct tcp *tcp_new(struct event_base *base, const struct tcp_settings *settings, const struct tcp_handler *handler,
                    struct tcp_shared *shared);
void tcp_configure(struct tcp *t, const struct tcp_settings *settings);

/* Starts to accept on a listening socket (see listen.h), which then belongs to `t`. FAIL_SYSTEM, FAIL_MEMORY: it still
 * belongs to the caller. */
MUST_CHECK int tcp_add(struct tcp *t, int fd, const struct addr *address);

/* Sends one answer (at most 65,535 octets); does nothing when the connection has gone. */
void tcp_reply(struct tcp *t, const struct tcp_from *to, const uint8_t *bytes, size_t len);

/* There will be no answer to one message. */
void tcp_decline(struct tcp *t, const struct tcp_from *to);

/* Closes the connection, other answers included. */
void tcp_close(struct tcp *t, const struct tcp_from *to);

/* How long an idle connection is kept as things are now, in milliseconds. */
uint32_t tcp_idle_ms(const struct tcp *t);

/* Accepts and reads no more; connections close once their answers are sent. For an orderly end. */
void tcp_stop(struct tcp *t);

/* Closes everything at once. */
void tcp_free(struct tcp *t);

/* Counters since start; written by the worker's thread, read by others. */
struct tcp_stats {
    uint64_t accepted;
    uint64_t refused;        /* over a limit, or no descriptor */
    uint64_t evicted;        /* quiet ones that made room */
    uint64_t timed_out;      /* idle, half a message, or not reading */
    uint64_t received, sent; /* messages */
    struct {                 /* how often each setting was the reason for something */
        uint64_t connections, connections_per_client, pipeline, message_ms, idle_ms, idle_busy_ms;
    } hits;
};
void tcp_stats_read(const struct tcp *t, struct tcp_stats *out);

#endif
