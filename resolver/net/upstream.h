/* Asks ONE server ONE question: id, source port, 0x20 case, TCP connections and their reuse, time-out. Which server,
 * how often and over which transport is the caller's decision: a retry is a new exchange. The only users of c-ares are
 * the files upstream*.c. One `struct upstream` per worker thread. */
#ifndef CAIRN_NET_UPSTREAM_H
#define CAIRN_NET_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/addr.h"
#include "resolver/base/fail.h"

struct event_base;
struct upstream;
struct exchange;

struct upstream_settings {
    bool case_randomisation; /* 0x20, over TCP only to see whether the server keeps it */
    uint16_t edns_size;      /* advertised; larger UDP replies are dropped and asked again over TCP */
};

/* Runs when something over UDP waits to be read, so that `done` follows in a moment: a chance to fetch from memory what
 * that will look at. */
typedef void upstream_soon(void *arg);

struct upstream_question {
    struct addr server;  /* with port */
    const uint8_t *name; /* lower case, wire form */
    uint16_t type;       /* class IN */
    bool use_tcp;
    bool use_edns;       /* OPT with DO */
    bool plain_case;     /* no random case: the server is known to lose it */
    bool recursion;      /* RD */
    uint32_t timeout_ms; /* for this exchange, connect included */
    upstream_soon *soon; /* or NULL */
};

enum upstream_outcome {
    UPSTREAM_REPLY,       /* bytes hold the reply as it came: QR, opcode, id, question with its case and source match */
    UPSTREAM_TIMEOUT,     /* nothing usable in time; or the peer closed the connection */
    UPSTREAM_UNREACHABLE, /* the network or the peer refused: ICMP, no route, connection refused */
    UPSTREAM_SUSPECT      /* ask again over TCP: a datagram came that did not match (RFC 5452 9.1) or was larger than
                             advertised, or the server does not accept our cookie (RFC 7873) */
};

struct upstream_result {
    enum upstream_outcome outcome;
    const uint8_t *bytes; /* UPSTREAM_REPLY; valid during the callback; its question is in lower case again */
    size_t len;
    uint32_t rtt_us; /* UPSTREAM_REPLY */
    bool case_lost;  /* UPSTREAM_REPLY over TCP: the question came back in another case */
};

/* Runs from the event loop, never from within upstream_ask, exactly once per exchange unless it was cancelled. The
 * exchange is gone afterwards. */
typedef void upstream_done(void *arg, const struct upstream_result *result);

/* Clears what c-ares would read from the environment. Once, before any thread. */
void upstream_start(void);

/* NULL when the system refuses. `settings` are copied; upstream_configure changes them for new exchanges. */
struct upstream *upstream_new(struct event_base *base, const struct upstream_settings *settings);
void upstream_configure(struct upstream *u, const struct upstream_settings *settings);

/* Ends all exchanges without calling back. Not from within a callback of an exchange. */
void upstream_free(struct upstream *u);

/* Starts an exchange; NULL with no callback when it cannot even begin (memory, descriptors, ports). */
struct exchange *upstream_ask(struct upstream *u, const struct upstream_question *q, upstream_done *done, void *arg);

/* Ends it without calling back. */
void upstream_cancel(struct exchange *x);

/* Counters since start; written by the worker's thread, read by others (relaxed atomics behind upstream_stats_read). */
struct upstream_stats {
    uint64_t udp_sent, tcp_sent, replies, timeouts, unreachable, suspects;
    uint64_t mismatched; /* datagrams that were dropped: wrong id, question, case, QR or not a message at all */
    uint64_t tcp_connects;
};
void upstream_stats_read(const struct upstream *u, struct upstream_stats *out);

#endif
