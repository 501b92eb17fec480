/* One client connection: framing, pipelining, back-pressure and time-outs. Private to tcp*.c. */
#ifndef CAIRN_NET_TCP_CONN_H
#define CAIRN_NET_TCP_CONN_H

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "resolver/net/counter.h"
#include "resolver/net/tcp.h"

/* What the running timer of a connection waits for. */
enum tcp_wait { TCP_WAIT_NONE, TCP_WAIT_MESSAGE, TCP_WAIT_IDLE, TCP_WAIT_WRITE };

struct tcp_conn {
    struct tcp *owner;
    int fd;
    struct tcp_from from; /* how the server refers to it */
    unsigned bucket;      /* of its client in tcp_shared */
    struct event readable, writable, timer;
    struct evbuffer *in, *out;
    unsigned in_flight;
    enum tcp_wait wait;
    bool is_hurried;  /* its timer runs for idle_busy_ms */
    bool reading;     /* `readable` is armed */
    bool had_message; /* at least one */
    bool progress;    /* something happened that starts the running time-out anew */
    bool eof;         /* the client sends no more */
    bool busy;        /* messages are being handed out: destroy it later */
    bool dead;
    uint64_t touched; /* clock_ticks of the last message or answer */
    TAILQ_ENTRY(tcp_conn) link;
};

TAILQ_HEAD(tcp_conn_list, tcp_conn);

struct tcp_slot {
    struct tcp_conn *conn; /* NULL: free */
    uint32_t generation;
    uint32_t next_free;
};

struct tcp_listener;

struct tcp {
    struct event_base *base;
    struct tcp_settings settings;
    struct tcp_handler handler;
    struct tcp_shared *shared;
    struct tcp_listener **listeners;
    unsigned listener_count;
    struct tcp_slot *slots;
    uint32_t slot_count, first_free;
    struct tcp_conn_list conns; /* the one quiet for longest first */
    bool stopping;
    struct {
        struct counter accepted, refused, evicted, timed_out, received, sent;
        struct counter connections, connections_per_client, pipeline, message_ms, idle_ms, idle_busy_ms;
    } counters;
};

/* Takes `fd` over and starts to read. NULL: no memory, `fd` is closed. The place in tcp_shared was taken by the caller
 * and is given back when the connection goes. */
struct tcp_conn *tcp_conn_new(struct tcp *t, int fd, const struct tcp_from *from, unsigned bucket);

/* Closes it, now or as soon as its messages are handed out. */
void tcp_conn_close(struct tcp_conn *c);

/* Nothing in progress in either direction, so that it can be closed without loss. */
bool tcp_conn_is_quiet(const struct tcp_conn *c);

/* Queues an answer; `bytes` NULL counts the message as answered without one. */
void tcp_conn_answer(struct tcp_conn *c, const uint8_t *bytes, size_t len);

/* Brings events and timer in line with the connection's state; may close it. */
void tcp_conn_settle(struct tcp_conn *c);

/* 80 % of all connections are in use. */
bool tcp_is_busy(const struct tcp *t);

#endif
