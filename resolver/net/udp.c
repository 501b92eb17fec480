#include "resolver/net/udp.h"

#include <errno.h>
#include <event2/event.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolver/net/counter.h"
#include "resolver/net/udp_run.h"

#define BATCHES_PER_TURN 4                 /* then upstream replies and TCP get their turn */
#define SOCKETS_MAX      256               /* addresses in the configuration */
#define STRIDE           (UDP_IN_MAX + 64) /* not a power of two: the heads of a batch would share cache sets */

struct listener {
    struct udp *owner;
    int fd;
    uint16_t index;
    bool wildcard; /* the address that was asked comes with each datagram */
    struct addr address;
    struct event *readable;
};

/* Everything one recvmmsg or sendmmsg works on. Addresses and control data of an answer given at once are those of its
 * query, in place. */
struct batch {
    struct mmsghdr headers[UDP_BATCH];
    struct iovec parts[UDP_BATCH];
    struct sockaddr_storage peers[UDP_BATCH];
    alignas(struct cmsghdr) uint8_t control[UDP_BATCH][CMSG_SPACE(sizeof(struct in6_pktinfo))];
    uint8_t bytes[UDP_BATCH][STRIDE];
};

struct udp {
    struct event_base *base;
    struct udp_handler handler;
    struct listener *listeners[SOCKETS_MAX];
    unsigned listener_count;
    struct batch in;
    unsigned in_used; /* headers to be made ready again */
    bool in_wildcard; /* they have room for the address that was asked */
    uint64_t hints[UDP_BATCH];
    struct batch out;
    struct mmsghdr answers[UDP_BATCH]; /* of the queries in `in`, bytes in `answer_bytes` */
    struct iovec answer_parts[UDP_BATCH];
    uint8_t answer_bytes[UDP_BATCH][STRIDE];
    struct udp_runs runs;          /* what send_batch gives to the system */
    struct event *flush;           /* sends `out` at the end of the turn */
    uint16_t queued_on[UDP_BATCH]; /* listener of each datagram in `out` */
    unsigned queued;
    struct {
        struct counter received, sent, batches, dropped, send_failed;
    } counters;
};

_Static_assert(UDP_OUT_MAX <= STRIDE, "an answer fits its buffer");

static void send_batch(struct udp *u, int fd, const struct mmsghdr *datagrams, unsigned count)
{
    unsigned done = 0;
    while (done < count) {
        unsigned messages = udp_runs_join(&u->runs, datagrams + done, count - done);
        int n = sendmmsg(fd, u->runs.messages, messages, MSG_DONTWAIT);
        if (n > 0) {
            unsigned sent = udp_runs_datagrams(&u->runs, (unsigned)n);
            counter_add(&u->counters.sent, sent);
            done += sent;
        } else if (errno == EAGAIN || errno == ENOBUFS) {
            /* The send queue is full: waiting would hold up all other clients, who ask again anyway. */
            counter_add(&u->counters.send_failed, count - done);
            return;
        } else if (errno != EINTR && !udp_runs_give_up(&u->runs)) {
            counter_add(&u->counters.send_failed, 1);
            done++;
        }
    }
}

static void read_local(const struct listener *l, const struct msghdr *h, struct addr *local)
{
    *local = l->address;
    struct msghdr copy = *h; /* CMSG_NXTHDR wants it writable */
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&copy); c != NULL; c = CMSG_NXTHDR(&copy, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            *local = addr_v4((const uint8_t *)&info.ipi_spec_dst, l->address.port);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            *local = addr_v6(info.ipi6_addr.s6_addr, l->address.port);
        }
    }
}

static void read_from(const struct listener *l, uint16_t index, const struct msghdr *h, struct udp_from *from)
{
    *from = (struct udp_from){.peer = addr_from_sockaddr(h->msg_name), .local = l->address, .socket = index};
    if (l->address.len == 16) {
        struct sockaddr_in6 in6;
        memcpy(&in6, h->msg_name, sizeof(in6));
        from->scope = in6.sin6_scope_id;
    }
    if (l->wildcard) {
        read_local(l, h, &from->local);
    }
}

/* Sets the source address of a datagram; no interface, so that routing decides as for any other packet, except where a
 * link-local address means nothing without one. */
static void write_local(const struct udp_from *to, struct msghdr *h, uint8_t *control)
{
    h->msg_control = control;
    struct cmsghdr *c = (struct cmsghdr *)(void *)control;
    if (to->local.len == 4) {
        struct in_pktinfo info = {0};
        memcpy(&info.ipi_spec_dst, to->local.octets, 4);
        *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(info)), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
        memcpy(CMSG_DATA(c), &info, sizeof(info));
        h->msg_controllen = CMSG_SPACE(sizeof(info));
    } else {
        struct in6_pktinfo info = {.ipi6_ifindex = to->scope};
        memcpy(&info.ipi6_addr, to->local.octets, 16);
        *c =
            (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(info)), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
        memcpy(CMSG_DATA(c), &info, sizeof(info));
        h->msg_controllen = CMSG_SPACE(sizeof(info));
    }
}

/* Makes the headers that the last recvmmsg changed ready for the next. */
static void prepare_in(struct udp *u, bool wildcard)
{
    unsigned count = wildcard == u->in_wildcard ? u->in_used : UDP_BATCH;
    for (unsigned i = 0; i < count; i++) {
        struct msghdr *h = &u->in.headers[i].msg_hdr;
        h->msg_namelen = sizeof(u->in.peers[i]);
        h->msg_control = wildcard ? u->in.control[i] : NULL;
        h->msg_controllen = wildcard ? sizeof(u->in.control[i]) : 0;
        h->msg_flags = 0;
    }
    u->in_wildcard = wildcard;
    u->in_used = 0;
}

/* An answer to port 0 or to ourselves could only come back as an error (reply loops). */
static bool is_answerable(const struct udp *u, const struct udp_from *from)
{
    for (unsigned i = 0; i < u->listener_count; i++) {
        const struct listener *l = u->listeners[i];
        if (from->peer.port == l->address.port &&
            addr_same_host(&from->peer, l->wildcard ? &from->local : &l->address)) {
            return false;
        }
    }
    return from->peer.port != 0;
}

/* Hands one datagram over and, if it is answered at once, makes the answer the `count`th of the batch to send. */
static unsigned handle_one(struct udp *u, uint16_t index, unsigned i, unsigned count)
{
    const struct listener *l = u->listeners[index];
    struct msghdr *query = &u->in.headers[i].msg_hdr;
    struct udp_packet packet = {.bytes = u->in.bytes[i], .len = u->in.headers[i].msg_len, .hint = u->hints[i]};
    read_from(l, index, query, &packet.from);
    if (!is_answerable(u, &packet.from)) {
        counter_add(&u->counters.dropped, 1);
        return count;
    }
    size_t len = u->handler.handle(u->handler.arg, &packet, u->answer_bytes[count], UDP_OUT_MAX);
    if (len == 0) {
        return count;
    }
    struct msghdr *answer = &u->answers[count].msg_hdr;
    u->answer_parts[count].iov_len = len;
    answer->msg_name = query->msg_name;
    answer->msg_namelen = query->msg_namelen;
    answer->msg_control = NULL;
    answer->msg_controllen = 0;
    if (l->wildcard) {
        write_local(&packet.from, answer, u->in.control[i]);
    }
    return count + 1;
}

/* Returns whether more may be waiting. */
static bool read_batch(struct udp *u, uint16_t index)
{
    const struct listener *l = u->listeners[index];
    prepare_in(u, l->wildcard);
    int n = recvmmsg(l->fd, u->in.headers, UDP_BATCH, MSG_DONTWAIT, NULL);
    if (n <= 0) {
        /* Errors other than EAGAIN belong to datagrams we sent earlier; reading them clears them. */
        return n < 0 && errno != EAGAIN;
    }
    u->in_used = (unsigned)n;
    counter_add(&u->counters.batches, 1);
    counter_add(&u->counters.received, (uint64_t)n);
    for (unsigned i = 0; i < (unsigned)n && u->handler.peek != NULL; i++) {
        u->hints[i] = u->handler.peek(u->handler.arg, u->in.bytes[i], u->in.headers[i].msg_len);
    }
    unsigned count = 0;
    for (unsigned i = 0; i < (unsigned)n; i++) {
        count = handle_one(u, index, i, count);
    }
    if (u->handler.batch_end != NULL) {
        u->handler.batch_end(u->handler.arg);
    }
    send_batch(u, l->fd, u->answers, count);
    return n == UDP_BATCH;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct listener *l = arg;
    unsigned batches = 0;
    while (read_batch(l->owner, l->index) && ++batches < BATCHES_PER_TURN) {
    }
    if (l->owner->handler.rest != NULL) {
        l->owner->handler.rest(l->owner->handler.arg);
    }
}

void udp_flush(struct udp *u)
{
    for (unsigned start = 0, end; start < u->queued; start = end) {
        end = start + 1;
        while (end < u->queued && u->queued_on[end] == u->queued_on[start]) {
            end++;
        }
        send_batch(u, u->listeners[u->queued_on[start]]->fd, u->out.headers + start, end - start);
    }
    u->queued = 0;
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    udp_flush(arg);
}

void udp_send(struct udp *u, const struct udp_from *to, const uint8_t *bytes, size_t len)
{
    if (len > UDP_OUT_MAX || to->socket >= u->listener_count) {
        counter_add(&u->counters.send_failed, 1);
        return;
    }
    if (u->queued == UDP_BATCH) {
        udp_flush(u);
    }
    unsigned i = u->queued++;
    struct msghdr *h = &u->out.headers[i].msg_hdr;
    memcpy(u->out.bytes[i], bytes, len);
    u->out.parts[i].iov_len = len;
    h->msg_namelen = addr_to_sockaddr(&to->peer, &u->out.peers[i]);
    if (to->scope != 0) {
        ((struct sockaddr_in6 *)(void *)&u->out.peers[i])->sin6_scope_id = to->scope;
    }
    h->msg_control = NULL;
    h->msg_controllen = 0;
    if (u->listeners[to->socket]->wildcard) {
        write_local(to, h, u->out.control[i]);
    }
    u->queued_on[i] = to->socket;
    if (u->queued == 1) {
        event_active(u->flush, EV_TIMEOUT, 0);
    }
}

static void wire_up(struct udp *u)
{
    for (unsigned i = 0; i < UDP_BATCH; i++) {
        u->in.parts[i] = (struct iovec){.iov_base = u->in.bytes[i], .iov_len = UDP_IN_MAX};
        u->out.parts[i] = (struct iovec){.iov_base = u->out.bytes[i]};
        u->answer_parts[i] = (struct iovec){.iov_base = u->answer_bytes[i]};
        u->in.headers[i].msg_hdr = (struct msghdr){.msg_iov = &u->in.parts[i], .msg_iovlen = 1};
        u->out.headers[i].msg_hdr = (struct msghdr){.msg_iov = &u->out.parts[i], .msg_iovlen = 1};
        u->answers[i].msg_hdr = (struct msghdr){.msg_iov = &u->answer_parts[i], .msg_iovlen = 1};
        u->in.headers[i].msg_hdr.msg_name = &u->in.peers[i];
        u->out.headers[i].msg_hdr.msg_name = &u->out.peers[i];
    }
}

struct udp *udp_new(struct event_base *base, const struct udp_handler *handler)
{
    struct udp *u = calloc(1, sizeof(*u));
    if (u == NULL) {
        return NULL;
    }
    u->base = base;
    u->handler = *handler;
    u->flush = event_new(base, -1, 0, on_flush, u);
    if (u->flush == NULL) {
        free(u);
        return NULL;
    }
    wire_up(u);
    u->in_used = UDP_BATCH;
    return u;
}

int udp_add(struct udp *u, int fd, const struct addr *address)
{
    if (u->listener_count == SOCKETS_MAX) {
        return FAIL_LIMIT;
    }
    struct listener *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        return FAIL_MEMORY;
    }
    static const uint8_t zero[16];
    *l = (struct listener){.owner = u, .fd = fd, .index = (uint16_t)u->listener_count, .address = *address};
    l->wildcard = memcmp(address->octets, zero, sizeof(zero)) == 0;
    l->readable = event_new(u->base, fd, EV_READ | EV_PERSIST, on_readable, l);
    if (l->readable == NULL || event_add(l->readable, NULL) != 0) {
        if (l->readable != NULL) {
            event_free(l->readable);
        }
        free(l);
        return FAIL_SYSTEM;
    }
    u->listeners[u->listener_count++] = l;
    return FAIL_NONE;
}

void udp_stop(struct udp *u)
{
    for (unsigned i = 0; i < u->listener_count; i++) {
        event_del(u->listeners[i]->readable);
    }
}

void udp_free(struct udp *u)
{
    udp_flush(u);
    for (unsigned i = 0; i < u->listener_count; i++) {
        event_free(u->listeners[i]->readable);
        close(u->listeners[i]->fd);
        free(u->listeners[i]);
    }
    event_free(u->flush);
    free(u);
}

void udp_stats_read(const struct udp *u, struct udp_stats *out)
{
    *out = (struct udp_stats){.received = counter_read(&u->counters.received),
                              .sent = counter_read(&u->counters.sent),
                              .batches = counter_read(&u->counters.batches),
                              .dropped = counter_read(&u->counters.dropped),
                              .send_failed = counter_read(&u->counters.send_failed)};
}
