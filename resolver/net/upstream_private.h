/* The parts of `struct upstream` and how they hang together. Private to upstream*.c.
 *
 *   upstream -> peer (one server address over one transport) -> exchange -> channel (one of c-ares')
 *                                                            -> stream (a TCP connection)
 *
 * c-ares chooses ids, keeps cookies, writes queries and pairs replies with them. It sees no descriptor of the system:
 * its sockets are numbers in our table (slot), and the real ones are ours: we check what comes in before it does and
 * let it see only what reply_show leaves. Its time-outs, retries and clean-up never run, because they are calls we do
 * not make.
 *
 * Over UDP a channel believes in one socket that stays, while each exchange has a socket and port of its own. An
 * exchange without cookie is over for c-ares as soon as its query is written; one with a cookie when its reply is
 * shown. Over TCP one is over when its reply, or a stand-in for it, is shown, or its connection breaks.
 *
 * c-ares keeps the cookies of a server with its channel, so who may have cookies has a channel of its own. All others,
 * which are most, are asked through one, whose memory stays near. */
#ifndef CAIRN_NET_UPSTREAM_PRIVATE_H
#define CAIRN_NET_UPSTREAM_PRIVATE_H

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdalign.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "resolver/base/pool.h"
#include "resolver/net/counter.h"
#include "resolver/net/upstream.h"
#include "resolver/net/upstream_reply.h"

struct ares_channeldata;
struct ares_dns_record;

#define PEER_BUCKETS  2048
#define DATAGRAM_SIZE 65536

/* A socket over UDP, or none: fd and slot -1. */
struct udp_socket {
    int fd;
    int slot;         /* by which its events find the exchange */
    bool is_reusable; /* the system chose its port */
};

#define UDP_SOCKET_NONE ((struct udp_socket){.fd = -1, .slot = -1})

#define SPARES_MAX      256
#define IDLE_MAX        64 /* channels, of some 4 kB each */

/* Sockets without port that wait for the next exchange. */
struct spares {
    unsigned count;
    struct udp_socket sockets[SPARES_MAX];
};

/* One of c-ares', opened by the first query. */
struct channel {
    struct upstream *u;
    bool tcp;
    int vfd;                       /* UDP: what c-ares takes for its socket, -1 before the first query */
    struct ares_channeldata *ares; /* NULL: not open */
    struct addr local;             /* UDP: ours, when c-ares opened that socket */
    unsigned cookies;              /* UDP: exchanges whose reply c-ares is to see */
    unsigned orphans;              /* exchanges that are over but held */
};

struct exchange {
    /* What a reply meets first stands together. */
    struct upstream *u;
    struct peer *peer;
    struct channel *channel;  /* of the peer, or that of all who have no cookies */
    struct udp_socket socket; /* UDP */
    bool held;                /* c-ares has a query with this exchange as argument */
    bool orphan;              /* over, but held: freed when c-ares lets go */
    bool use_edns, recursion;
    bool sent_cookie; /* UDP: the reply concerns c-ares */
    upstream_soon *soon;
    upstream_done *done;
    void *arg;
    LIST_ENTRY(exchange) link; /* of the peer, or of a stream that is being closed */
    struct event timer;
    enum upstream_outcome at_timer; /* what it means when the timer fires */
    uint64_t sent_at;               /* clock_ticks; 0: not sent */
    struct stream *stream;          /* TCP */
    struct sent sent;
};

LIST_HEAD(exchange_list, exchange);

struct stream {
    struct peer *peer;
    LIST_ENTRY(stream) link;
    int fd, vfd; /* both -1 once c-ares has closed it */
    bool connected;
    unsigned pending;  /* exchanges */
    uint64_t heard_at; /* clock_ticks of the last octets */
    struct event readable, writable, idle;
    struct evbuffer *in, *out;
};

LIST_HEAD(stream_list, stream);

struct peer {
    /* What every question to it touches stands together, within one line of the processor's cache. */
    alignas(64) struct addr address;
    bool tcp;
    unsigned pending;       /* exchanges */
    uint64_t cookies_after; /* clock_ticks: until then the server is taken for one that has no cookies */
    uint64_t moved_at;      /* clock_ticks: to the front of the queue of all */
    struct exchange_list exchanges;
    LIST_ENTRY(peer) bucket;
    TAILQ_ENTRY(peer) lru;
    struct upstream *u;
    struct channel channel; /* UDP: for queries that may have a cookie */
    struct stream_list streams;
};

LIST_HEAD(peer_bucket, peer);
TAILQ_HEAD(peer_queue, peer);

/* What a number stands for that is given to c-ares as a descriptor, or to epoll. */
struct slot {
    struct exchange *exchange; /* UDP, for epoll */
    struct stream *stream;     /* TCP, for c-ares */
    uint32_t generation;
    int next_free;
    bool broken; /* reads fail, which makes c-ares close it */
};

struct upstream {
    struct event_base *base;
    struct upstream_settings settings;
    int poll; /* epoll of all UDP sockets, spares too: closing one takes it out without another call */
    struct event *polled;
    struct event *trim;
    struct slot *slots;
    int slot_count, first_free;
    struct spares spares[2];            /* of IPv4 and IPv6 */
    uint32_t system_first, system_last; /* ports that the system chooses from; 0: it shall not */
    struct pool exchanges;              /* memory of theirs */
    struct peer_bucket buckets[PEER_BUCKETS];
    struct peer_queue peers; /* most recently used first */
    unsigned peer_count;
    struct channel plain;                    /* UDP, for queries without cookie to all of them */
    struct ares_channeldata *idle[IDLE_MAX]; /* UDP, without a server */
    unsigned idle_count;
    struct ares_dns_record *queries[2][2]; /* [EDNS][RD]: what c-ares is given to send */
    struct exchange *asking;               /* while c-ares opens a socket and writes for it */
    int error;                             /* errno of what failed meanwhile */
    const struct shown *shown;             /* what the next read of slot `shown_to` returns, once */
    int shown_to;
    uint8_t datagram[DATAGRAM_SIZE];
    struct {
        struct counter udp_sent, tcp_sent, replies, timeouts, unreachable, suspects, mismatched, tcp_connects;
    } counters;
};

/* ---- upstream.c ---- */

/* Ends an exchange and calls back. */
void exchange_finish(struct exchange *x, enum upstream_outcome outcome, uint8_t *bytes, size_t len);

/* ---- upstream_slot.c ---- */

/* -1: no memory. */
int slot_take(struct upstream *u);
void slot_release(struct upstream *u, int slot);

/* ---- upstream_peer.c: servers, least recently used go first ---- */

/* Where a server stands; that, and with peer_fetch the first server there, begins to come from memory. */
struct peer_bucket *peer_bucket(struct upstream *u, const struct addr *address, bool tcp);
void peer_fetch(const struct peer_bucket *bucket);

/* Which of them was used last is noted to within a second. NULL: no memory. */
struct peer *peer_get(struct upstream *u, struct peer_bucket *bucket, const struct addr *address, bool tcp,
                      uint64_t now);
void peer_free_all(struct upstream *u);
void peer_trim(struct upstream *u);

/* ---- upstream_channel.c: the dealings with c-ares ---- */

void channel_init(struct channel *c, struct upstream *u, bool tcp);

/* Ends its queries. It opens again when it is used. */
void channel_close(struct channel *c);

/* Likewise, and keeps what c-ares needs for another server's. */
void channel_retire(struct channel *c);
void channel_drop_idle(struct upstream *u);

/* Sends x's question. 0, or the errno of what failed. */
int channel_ask(struct exchange *x, uint64_t now);

/* Lets c-ares read from a socket what a reply looks like to it. */
void channel_show(struct channel *c, int vfd, const struct shown *shown);

/* Makes c-ares close a socket and drop its queries. */
void channel_break(struct channel *c, int vfd);

/* The server has no cookies. `now`: clock_ticks. */
void channel_note_no_cookies(struct peer *p, uint64_t now);

/* Gives up the channel of a server without cookies, unless others await one there. */
void channel_rest(struct peer *p, uint64_t now);

/* UDP: lets c-ares drop its queries if no cookie is awaited, or too many are kept for exchanges that are over. */
void channel_tidy(struct channel *c);

/* ---- upstream_query.c: what c-ares is given to send ---- */

MUST_CHECK int queries_make(struct upstream *u);
void queries_free(struct upstream *u);

/* ---- upstream_socket.c ---- */

/* Learns which ports the system would choose from. */
void socket_learn_range(struct upstream *u);

/* A socket connected to `peer` on a random port; -1 with errno. */
int socket_open(struct upstream *u, const struct addr *peer, struct udp_socket *s);

/* Closes it, or keeps it for another exchange on another port. Nothing when it is none. */
void socket_close(struct upstream *u, uint8_t family_len, struct udp_socket *s);

void socket_drop_spares(struct upstream *u);

/* ---- upstream_datagram.c ---- */

/* Opens, binds and connects x's own socket; -1 with errno. */
int datagram_open(struct exchange *x);

/* Nothing when it has none. */
void datagram_close(struct exchange *x);

/* Our address on x's socket; -1 with errno. */
int datagram_local(const struct exchange *x, struct addr *out);
void datagram_on_poll(evutil_socket_t fd, short what, void *u);

/* ---- upstream_stream.c ---- */

/* Begins to connect; NULL with errno. */
struct stream *stream_open(struct peer *p, int vfd);

/* -1 with errno. */
int stream_send(struct stream *s, const uint8_t *bytes, size_t len);

/* c-ares has closed it. Its memory stays until stream_fail or stream_free. */
void stream_shut(struct stream *s);

/* Closes the connection and ends its exchanges with `outcome`. */
void stream_fail(struct stream *s, enum upstream_outcome outcome);

/* One exchange less needs it. */
void stream_leave(struct stream *s);
void stream_free(struct stream *s);

#endif
