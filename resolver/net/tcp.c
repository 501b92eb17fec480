#include "resolver/net/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolver/base/clock.h"
#include "resolver/base/hash.h"
#include "resolver/net/tcp_conn.h"

#define ACCEPTS_PER_TURN 16
#define PAUSE_MS         100 /* without descriptors accepting would only spin */
#define TRIM_PER_ACCEPT  8

struct tcp_listener {
    struct tcp *owner;
    int fd;
    bool wildcard;
    struct addr address;
    struct event readable, resume;
};

/* An IPv6 client owns at least a /64, so its connections are counted by that. */
static unsigned client_bucket(const struct addr *peer)
{
    return (unsigned)(hash_bytes(peer->octets, peer->len == 4 ? 4 : 8) % TCP_CLIENT_BUCKETS);
}

/* Closes the connection that has been quiet for longest, of one client's bucket or (TCP_CLIENT_BUCKETS) of all. */
static bool evict(struct tcp *t, unsigned bucket)
{
    struct tcp_conn *c;
    TAILQ_FOREACH(c, &t->conns, link)
    {
        if ((bucket == TCP_CLIENT_BUCKETS || c->bucket == bucket) && tcp_conn_is_quiet(c)) {
            counter_add(&t->counters.evicted, 1);
            tcp_conn_close(c);
            return true;
        }
    }
    return false;
}

/* While places are scarce, connections that became idle in better times do not keep their long time-out. */
static void trim_idle(struct tcp *t)
{
    uint64_t allowed = (uint64_t)t->settings.idle_busy_ms * 1000000;
    uint64_t now = clock_ticks();
    for (unsigned i = 0; i < TRIM_PER_ACCEPT && tcp_is_busy(t); i++) {
        struct tcp_conn *oldest = TAILQ_FIRST(&t->conns);
        if (oldest == NULL || !tcp_conn_is_quiet(oldest) || now - oldest->touched < allowed) {
            return;
        }
        counter_add(&t->counters.timed_out, 1);
        counter_add(&t->counters.idle_busy_ms, 1);
        tcp_conn_close(oldest);
    }
}

static void leave(struct tcp *t, unsigned bucket)
{
    atomic_fetch_sub_explicit(&t->shared->connections, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&t->shared->clients[bucket], 1, memory_order_relaxed);
}

/* Takes a place for a new connection of the bucket's client. */
static bool enter(struct tcp *t, unsigned bucket)
{
    const struct tcp_settings *s = &t->settings;
    trim_idle(t);
    unsigned all = atomic_fetch_add_explicit(&t->shared->connections, 1, memory_order_relaxed) + 1;
    unsigned own = atomic_fetch_add_explicit(&t->shared->clients[bucket], 1, memory_order_relaxed) + 1;
    bool is_greedy = own > s->connections_per_client && all > s->connections / 2;
    if (!is_greedy && all <= s->connections) {
        return true;
    }
    counter_add(is_greedy ? &t->counters.connections_per_client : &t->counters.connections, 1);
    if (evict(t, is_greedy ? bucket : TCP_CLIENT_BUCKETS)) {
        return true;
    }
    leave(t, bucket);
    return false;
}

static void read_local(const struct tcp_listener *l, int fd, struct addr *local)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    *local = l->address;
    if (l->wildcard && getsockname(fd, (struct sockaddr *)&sa, &len) == 0) {
        *local = addr_from_sockaddr((struct sockaddr *)&sa);
    }
}

static void admit(struct tcp_listener *l, int fd, const struct sockaddr *sa)
{
    struct tcp *t = l->owner;
    struct tcp_from from = {.peer = addr_from_sockaddr(sa)};
    unsigned bucket = client_bucket(&from.peer);
    if (!enter(t, bucket)) {
        counter_add(&t->counters.refused, 1);
        close(fd);
        return;
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    read_local(l, fd, &from.local);
    if (tcp_conn_new(t, fd, &from, bucket) == NULL) {
        leave(t, bucket);
        counter_add(&t->counters.refused, 1);
        return;
    }
    counter_add(&t->counters.accepted, 1);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct tcp_listener *l = arg;
    event_add(&l->readable, NULL);
}

static void pause_listener(struct tcp_listener *l)
{
    struct timeval after = {.tv_usec = PAUSE_MS * 1000};
    counter_add(&l->owner->counters.refused, 1);
    event_del(&l->readable);
    event_add(&l->resume, &after);
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct tcp_listener *l = arg;
    for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage sa;
        socklen_t len = sizeof(sa);
        int conn = accept4(fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (conn >= 0) {
            admit(l, conn, (struct sockaddr *)&sa);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_listener(l);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

struct tcp *tcp_new(struct event_base *base, const struct tcp_settings *settings, const struct tcp_handler *handler,
                    struct tcp_shared *shared)
{
    struct tcp *t = calloc(1, sizeof(*t));
    if (t == NULL) {
        return NULL;
    }
    t->base = base;
    t->settings = *settings;
    t->handler = *handler;
    t->shared = shared;
    TAILQ_INIT(&t->conns);
    return t;
}

void tcp_configure(struct tcp *t, const struct tcp_settings *settings)
{
    t->settings = *settings;
}

int tcp_add(struct tcp *t, int fd, const struct addr *address)
{
    struct tcp_listener **list = realloc(t->listeners, (t->listener_count + 1) * sizeof(struct tcp_listener *));
    if (list == NULL) {
        return FAIL_MEMORY;
    }
    t->listeners = list;
    struct tcp_listener *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        return FAIL_MEMORY;
    }
    static const uint8_t zero[16];
    l->owner = t;
    l->fd = fd;
    l->address = *address;
    l->wildcard = memcmp(address->octets, zero, sizeof(zero)) == 0;
    event_assign(&l->readable, t->base, fd, EV_READ | EV_PERSIST, on_acceptable, l);
    event_assign(&l->resume, t->base, -1, 0, on_resume, l);
    if (event_add(&l->readable, NULL) != 0) {
        free(l);
        return FAIL_SYSTEM;
    }
    t->listeners[t->listener_count++] = l;
    return FAIL_NONE;
}

static struct tcp_conn *find(const struct tcp *t, const struct tcp_from *to)
{
    if (to->slot >= t->slot_count || t->slots[to->slot].generation != to->generation) {
        return NULL;
    }
    return t->slots[to->slot].conn;
}

void tcp_reply(struct tcp *t, const struct tcp_from *to, const uint8_t *bytes, size_t len)
{
    struct tcp_conn *c = find(t, to);
    if (c != NULL) {
        tcp_conn_answer(c, bytes, len);
    }
}

void tcp_decline(struct tcp *t, const struct tcp_from *to)
{
    struct tcp_conn *c = find(t, to);
    if (c != NULL) {
        tcp_conn_answer(c, NULL, 0);
    }
}

void tcp_close(struct tcp *t, const struct tcp_from *to)
{
    struct tcp_conn *c = find(t, to);
    if (c != NULL) {
        tcp_conn_close(c);
    }
}

static void close_listeners(struct tcp *t)
{
    for (unsigned i = 0; i < t->listener_count; i++) {
        event_del(&t->listeners[i]->readable);
        event_del(&t->listeners[i]->resume);
        close(t->listeners[i]->fd);
        free(t->listeners[i]);
    }
    free(t->listeners);
    t->listeners = NULL;
    t->listener_count = 0;
}

uint32_t tcp_idle_ms(const struct tcp *t)
{
    return tcp_is_busy(t) ? t->settings.idle_busy_ms : t->settings.idle_ms;
}

void tcp_stop(struct tcp *t)
{
    t->stopping = true;
    close_listeners(t);
    struct tcp_conn *next;
    for (struct tcp_conn *c = TAILQ_FIRST(&t->conns); c != NULL; c = next) {
        next = TAILQ_NEXT(c, link);
        tcp_conn_settle(c);
    }
}

void tcp_free(struct tcp *t)
{
    close_listeners(t);
    struct tcp_conn *c;
    while ((c = TAILQ_FIRST(&t->conns)) != NULL) {
        tcp_conn_close(c);
    }
    free(t->slots);
    free(t);
}

void tcp_stats_read(const struct tcp *t, struct tcp_stats *out)
{
    *out = (struct tcp_stats){.accepted = counter_read(&t->counters.accepted),
                              .refused = counter_read(&t->counters.refused),
                              .evicted = counter_read(&t->counters.evicted),
                              .timed_out = counter_read(&t->counters.timed_out),
                              .received = counter_read(&t->counters.received),
                              .sent = counter_read(&t->counters.sent)};
    out->hits.connections = counter_read(&t->counters.connections);
    out->hits.connections_per_client = counter_read(&t->counters.connections_per_client);
    out->hits.pipeline = counter_read(&t->counters.pipeline);
    out->hits.message_ms = counter_read(&t->counters.message_ms);
    out->hits.idle_ms = counter_read(&t->counters.idle_ms);
    out->hits.idle_busy_ms = counter_read(&t->counters.idle_busy_ms);
}
