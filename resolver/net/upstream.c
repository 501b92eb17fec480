#include "resolver/net/upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "resolver/base/clock.h"
#include "resolver/base/rand.h"
#include "resolver/dns/msg.h"
#include "resolver/dns/name.h"
#include "resolver/dns/wire.h"
#include "resolver/net/upstream_private.h"

#define CLASS_IN         1
#define PEER_PENDING_MAX 16384 /* of 65,536 ids; c-ares draws until it finds one that is free */

static void on_trim(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    peer_trim(arg);
}

static bool set_up(struct upstream *u)
{
    u->poll = epoll_create1(EPOLL_CLOEXEC);
    if (u->poll < 0) {
        return false;
    }
    u->polled = event_new(u->base, u->poll, EV_READ | EV_PERSIST, datagram_on_poll, u);
    u->trim = event_new(u->base, -1, 0, on_trim, u);
    return u->polled != NULL && u->trim != NULL && event_add(u->polled, NULL) == 0 && queries_make(u) == FAIL_NONE;
}

struct upstream *upstream_new(struct event_base *base, const struct upstream_settings *settings)
{
    struct upstream *u = calloc(1, sizeof(*u));
    if (u == NULL) {
        return NULL;
    }
    u->base = base;
    u->settings = *settings;
    TAILQ_INIT(&u->peers);
    channel_init(&u->plain, u, false);
    socket_learn_range(u);
    if (!set_up(u)) {
        upstream_free(u);
        return NULL;
    }
    return u;
}

void upstream_configure(struct upstream *u, const struct upstream_settings *settings)
{
    struct upstream_settings old = u->settings;
    u->settings = *settings;
    if (queries_make(u) != FAIL_NONE) {
        u->settings.edns_size = old.edns_size; /* what is sent and what is accepted stay in step */
    }
}

void upstream_free(struct upstream *u)
{
    channel_close(&u->plain);
    peer_free_all(u);
    channel_drop_idle(u);
    socket_drop_spares(u);
    queries_free(u);
    if (u->polled != NULL) {
        event_free(u->polled);
    }
    if (u->trim != NULL) {
        event_free(u->trim);
    }
    if (u->poll >= 0) {
        close(u->poll);
    }
    pool_drain(&u->exchanges);
    free(u->slots);
    free(u);
}

/* ---- Exchanges ---- */

/* Gives each letter a random case (draft-vixie-dnsext-dns0x20), without a branch that could only be guessed. Length
 * octets are below 'A'. */
static void mix_case(uint8_t *name, size_t len)
{
    uint8_t bits[NAME_SIZE / 8 + 1];
    rand_bytes(bits, len / 8 + 1);
    for (size_t i = 0; i < len; i++) {
        unsigned is_letter = (uint8_t)((name[i] | 0x20) - 'a') < 26;
        unsigned bit = (unsigned)bits[i / 8] >> i % 8 & 1;
        name[i] ^= (uint8_t)((is_letter & bit) << 5);
    }
}

static void write_question(struct sent *sent, const struct upstream_question *q, bool mixed)
{
    size_t len = name_copy(sent->question, q->name);
    if (mixed) {
        mix_case(sent->question, len);
    }
    wire_put_u16(sent->question + len, q->type);
    wire_put_u16(sent->question + len + 2, CLASS_IN);
    sent->question_len = (uint16_t)(len + 4);
}

/* Makes c-ares forget the query of an exchange over TCP. */
static void show_end(const struct exchange *x)
{
    if (x->held && x->stream != NULL && x->stream->vfd >= 0) {
        struct shown shown;
        reply_show_nothing(x->sent.id, &shown);
        channel_show(x->channel, x->stream->vfd, &shown);
    }
}

/* Over UDP, or when it had no memory, c-ares lets go later. */
static void leave(struct exchange *x)
{
    struct channel *c = x->channel;
    struct peer *p = x->peer;
    bool had_cookie = x->sent_cookie;
    p->pending--;
    c->cookies -= had_cookie;
    if (!x->held) {
        pool_give(&x->u->exchanges, x);
    } else {
        x->orphan = true;
        c->orphans++;
        if (!c->tcp) {
            channel_tidy(c);
        }
    }
    if (had_cookie) {
        channel_rest(p, clock_ticks());
    }
}

static void release(struct exchange *x)
{
    event_del(&x->timer);
    datagram_close(x);
    show_end(x);
    LIST_REMOVE(x, link);
    if (x->stream != NULL) {
        stream_leave(x->stream);
    }
    leave(x);
}

static void count(struct upstream *u, enum upstream_outcome outcome)
{
    struct counter *const counters[] = {
        [UPSTREAM_REPLY] = &u->counters.replies,
        [UPSTREAM_TIMEOUT] = &u->counters.timeouts,
        [UPSTREAM_UNREACHABLE] = &u->counters.unreachable,
        [UPSTREAM_SUSPECT] = &u->counters.suspects,
    };
    counter_add(counters[outcome], 1);
}

/* The random case has served; records compressed against the question must not carry it into answers and cache. */
static void drop_random_case(const struct exchange *x, uint8_t *bytes, size_t len)
{
    size_t name_size = x->sent.question_len - 4u;
    if (len >= MSG_HEADER_SIZE + name_size && wire_get_u16(bytes + 4) == 1) {
        name_lower(bytes + MSG_HEADER_SIZE, bytes + MSG_HEADER_SIZE);
    }
}

void exchange_finish(struct exchange *x, enum upstream_outcome outcome, uint8_t *bytes, size_t len)
{
    struct upstream_result result = {.outcome = outcome, .bytes = bytes, .len = len};
    if (outcome == UPSTREAM_REPLY) {
        result.case_lost = !reply_keeps_case(&x->sent, bytes, len);
        drop_random_case(x, bytes, len);
        uint64_t us = (clock_ticks() - x->sent_at) / 1000;
        result.rtt_us = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
    }
    upstream_done *done = x->done;
    void *arg = x->arg;
    count(x->u, outcome);
    release(x);
    done(arg, &result);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct exchange *x = arg;
    struct stream *s = x->stream;
    if (s != NULL && s->heard_at < x->sent_at) {
        /* Silent since: the connection may be dead without our knowing, and would swallow every later query. */
        stream_fail(s, UPSTREAM_TIMEOUT);
    } else {
        exchange_finish(x, x->at_timer, NULL, 0);
    }
}

/* EAGAIN: the system's queue is full, or it has no port. */
static bool is_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EADDRINUSE ||
           error == EAGAIN;
}

static bool enter(struct exchange *x, struct peer *p)
{
    if (p == NULL || p->pending >= PEER_PENDING_MAX) {
        return false;
    }
    x->peer = p;
    x->channel = &p->channel;
    LIST_INSERT_HEAD(&p->exchanges, x, link);
    p->pending++;
    return true;
}

/* Of many servers the one asked is far away in memory: it comes while the exchange is made. */
static struct exchange *exchange_new(struct upstream *u, const struct upstream_question *q, uint64_t now)
{
    struct peer_bucket *bucket = peer_bucket(u, &q->server, q->use_tcp);
    struct exchange *x = pool_take(&u->exchanges, sizeof(*x));
    if (x == NULL) {
        return NULL;
    }
    *x = (struct exchange){.u = u, .socket = UDP_SOCKET_NONE, .use_edns = q->use_edns, .recursion = q->recursion};
    event_assign(&x->timer, u->base, -1, 0, on_timer, x);
    peer_fetch(bucket);
    write_question(&x->sent, q, u->settings.case_randomisation && !q->plain_case);
    if (!enter(x, peer_get(u, bucket, &q->server, q->use_tcp, now))) {
        pool_give(&u->exchanges, x);
        return NULL;
    }
    return x;
}

struct exchange *upstream_ask(struct upstream *u, const struct upstream_question *q, upstream_done *done, void *arg)
{
    uint64_t now = clock_ticks();
    struct exchange *x = exchange_new(u, q, now);
    if (x == NULL) {
        return NULL;
    }
    x->soon = q->soon;
    x->done = done;
    x->arg = arg;
    int error = channel_ask(x, now);
    if (is_shortage(error)) {
        release(x);
        return NULL;
    }
    x->at_timer = error == 0 ? UPSTREAM_TIMEOUT : UPSTREAM_UNREACHABLE;
    uint32_t ms = error == 0 ? q->timeout_ms : 0;
    struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    if (event_add(&x->timer, &after) != 0) {
        release(x);
        return NULL;
    }
    return x;
}

void upstream_cancel(struct exchange *x)
{
    release(x);
}

void upstream_stats_read(const struct upstream *u, struct upstream_stats *out)
{
    *out = (struct upstream_stats){.udp_sent = counter_read(&u->counters.udp_sent),
                                   .tcp_sent = counter_read(&u->counters.tcp_sent),
                                   .replies = counter_read(&u->counters.replies),
                                   .timeouts = counter_read(&u->counters.timeouts),
                                   .unreachable = counter_read(&u->counters.unreachable),
                                   .suspects = counter_read(&u->counters.suspects),
                                   .mismatched = counter_read(&u->counters.mismatched),
                                   .tcp_connects = counter_read(&u->counters.tcp_connects)};
}
