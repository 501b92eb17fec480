#include "resolver/server/worker.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "resolver/base/clock.h"
#include "resolver/base/log.h"
#include "resolver/iterate/servers.h"
#include "resolver/net/tcp.h"
#include "resolver/net/udp.h"
#include "resolver/server/front.h"
#include "resolver/server/prime.h"
#include "resolver/validate/keyring.h"

enum {
    SERVER_ROWS = 8192,
    KEYS = 1024,            /* of DNSKEY records, ready for use */
    ARENA_CAP = 256 * 1024, /* one answer from own zones */
    STOP_WAIT_MS = 1000     /* what walks may still take at the end */
};

struct worker {
    unsigned index;
    struct event_base *base;
    struct mailbox mailbox;
    struct mailbox *main;
    struct cache_view *cache;
    struct servers *servers;
    struct keyring *keyring;
    struct upstream *upstream;
    struct front front;
    size_t ready_bytes;
    struct prime prime;
    struct event *stop_timer;
    struct event *turn_end; /* after all else of a turn that walks went on in */
    bool is_ending;         /* it is due */
    uint64_t limit_hits[LIMIT_COUNT];
    uint64_t verifications;
    uint64_t synthesised;
    pthread_t thread;
    bool is_running;
    bool is_stopping;
};

static void drop_settings(void *arg)
{
    settings_drop(arg);
}

static void give_back(void *ctx, struct settings *s)
{
    struct worker *w = ctx;
    mailbox_post(w->main, drop_settings, s);
}

/* Takes over one user of `s`. */
static int use_settings(struct worker *w, struct settings *s)
{
    struct generation_parts parts = {.settings = s,
                                     .cache = w->cache,
                                     .servers = w->servers,
                                     .keyring = w->keyring,
                                     .limit_hits = w->limit_hits,
                                     .verifications = &w->verifications,
                                     .synthesised = &w->synthesised,
                                     .give_back = give_back,
                                     .ctx = w};
    struct generation *next = generation_new(&parts);
    if (next == NULL) {
        return FAIL_MEMORY;
    }
    struct generation *old = w->front.generation;
    w->front.generation = next;
    w->cache->policy = &s->cache;
    if (old != NULL) {
        generation_retire(old);
    }
    return FAIL_NONE;
}

static void on_network(void *arg)
{
    struct worker *w = arg;
    prime_check(&w->prime, w->front.walks, w->front.generation, clock_now());
}

static void on_refreshed(void *arg, const uint8_t *name, uint16_t type)
{
    struct worker *w = arg;
    ready_forget(w->front.ready, name, type);
}

static void batch_end(void *arg)
{
    struct worker *w = arg;
    w->front.now = 0;
    disk_view_release(w->cache);
    disk_view_rouse(w->cache);
}

/* Answers of walks leave before the cache's writer is woken: on the same core it would go first. */
static void on_turn_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct worker *w = arg;
    w->is_ending = false;
    udp_flush(w->front.udp);
    batch_end(w);
}

static void end_turn(void *arg)
{
    struct worker *w = arg;
    if (!w->is_ending) {
        w->is_ending = true;
        event_active(w->turn_end, EV_TIMEOUT, 0);
    }
}

static void on_rest(void *arg)
{
    struct worker *w = arg;
    front_rest(&w->front);
    batch_end(w);
}

static uint64_t on_peek(void *arg, const uint8_t *bytes, size_t len)
{
    struct worker *w = arg;
    return front_peek(&w->front, bytes, len);
}

static size_t on_datagram(void *arg, const struct udp_packet *in, uint8_t *out, size_t size)
{
    struct worker *w = arg;
    return front_udp(&w->front, in, out, size);
}

static void on_message(void *arg, const struct tcp_from *from, const uint8_t *bytes, size_t len)
{
    struct worker *w = arg;
    front_tcp(&w->front, from, bytes, len);
}

static int open_listeners(struct worker *w, const struct worker_parts *parts)
{
    struct udp_handler on_udp = {
        .arg = w, .peek = on_peek, .handle = on_datagram, .batch_end = batch_end, .rest = on_rest};
    struct tcp_handler on_tcp = {.arg = w, .handle = on_message, .batch_end = batch_end};
    w->front.udp = udp_new(w->base, &on_udp);
    w->front.tcp = tcp_new(w->base, &parts->settings->tcp, &on_tcp, parts->tcp_shared);
    if (w->front.udp == NULL || w->front.tcp == NULL) {
        return FAIL_MEMORY;
    }
    for (unsigned i = 0; i < parts->socket_count; i++) {
        struct listen_sockets *s = &parts->sockets[i];
        if (udp_add(w->front.udp, s->udp[w->index], &s->address) != FAIL_NONE) {
            return FAIL_SYSTEM;
        }
        s->udp[w->index] = -1;
        if (tcp_add(w->front.tcp, s->tcp[w->index], &s->address) != FAIL_NONE) {
            return FAIL_SYSTEM;
        }
        s->tcp[w->index] = -1;
    }
    return FAIL_NONE;
}

static void end_loop(evutil_socket_t fd, short what, void *arg)
{
    struct worker *w = arg;
    (void)fd;
    (void)what;
    event_base_loopbreak(w->base);
}

static int build(struct worker *w, const struct worker_parts *parts)
{
    w->base = event_base_new();
    if (w->base == NULL || mailbox_init(&w->mailbox, w->base) != FAIL_NONE) {
        return FAIL_SYSTEM;
    }
    w->stop_timer = evtimer_new(w->base, end_loop, w);
    w->turn_end = event_new(w->base, -1, 0, on_turn_end, w);
    w->cache = disk_view_new(parts->disk, &parts->settings->cache);
    w->servers = servers_new(SERVER_ROWS);
    w->keyring = keyring_new(KEYS);
    w->upstream = upstream_new(w->base, &parts->settings->upstream);
    bool has_events = w->stop_timer != NULL && w->turn_end != NULL;
    if (!has_events || w->cache == NULL || w->servers == NULL || w->keyring == NULL || w->upstream == NULL) {
        return FAIL_MEMORY;
    }
    servers_forgive(w->servers, clock_now()); /* a start, maybe with another configuration, ends failures of before */
    arena_init(&w->front.arena, ARENA_CAP);
    w->front.cache = w->cache;
    w->front.rates = parts->rates;
    w->ready_bytes = parts->ready_bytes;
    w->front.ready = ready_new(w->ready_bytes);
    struct walk_hooks hooks = {.ctx = w, .on_network = on_network, .on_refreshed = on_refreshed, .on_rest = end_turn};
    w->front.walks = walks_new(w->base, w->upstream, parts->board, &hooks);
    if (w->front.ready == NULL || w->front.walks == NULL) {
        return FAIL_MEMORY;
    }
    settings_take(parts->settings);
    if (use_settings(w, parts->settings) != FAIL_NONE) {
        settings_drop(parts->settings);
        return FAIL_MEMORY;
    }
    return open_listeners(w, parts);
}

struct worker *worker_new(const struct worker_parts *parts)
{
    struct worker *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return NULL;
    }
    w->index = parts->index;
    w->main = parts->main;
    int result = build(w, parts);
    if (result != FAIL_NONE) {
        log_error("worker_failed", "worker=%u reason=\"%s\" errno=%d", w->index, fail_text(result), errno);
        worker_free(w);
        return NULL;
    }
    return w;
}

static void *run(void *arg)
{
    struct worker *w = arg;
    char name[16];
    snprintf(name, sizeof(name), "worker-%u", w->index);
    prctl(PR_SET_NAME, name);
    if (w->index == 0) {
        on_network(w);
        batch_end(w);
    }
    event_base_dispatch(w->base);
    return NULL;
}

int worker_start(struct worker *w)
{
    /* Signals are the main thread's. */
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    w->is_running = result == 0;
    return w->is_running ? FAIL_NONE : FAIL_SYSTEM;
}

struct task {
    struct worker *worker;
    void (*run)(struct worker *w, void *arg);
    void *arg;
};

static void run_task(void *arg)
{
    struct task *t = arg;
    t->run(t->worker, t->arg);
    batch_end(t->worker);
    free(t);
}

void worker_post(struct worker *w, void (*run_on)(struct worker *w, void *arg), void *arg)
{
    struct task *t = malloc(sizeof(*t));
    if (t == NULL) {
        abort();
    }
    *t = (struct task){.worker = w, .run = run_on, .arg = arg};
    mailbox_post(&w->mailbox, run_task, t);
}

static void free_ready(void *arg)
{
    ready_free(arg);
}

/* Those there are were composed as the settings before would have it. Giving back their memory can take milliseconds,
 * which the main thread has. */
static void begin_ready_anew(struct worker *w)
{
    struct ready *empty = ready_new(w->ready_bytes);
    if (empty == NULL) {
        ready_clear(w->front.ready);
        return;
    }
    mailbox_post(w->main, free_ready, w->front.ready);
    w->front.ready = empty;
}

static void take_settings(struct worker *w, void *arg)
{
    struct settings *s = arg;
    if (use_settings(w, s) != FAIL_NONE) {
        log_error("reload_failed", "worker=%u reason=\"out of memory\"", w->index);
        give_back(w, s);
        return;
    }
    begin_ready_anew(w);
    upstream_configure(w->upstream, &s->upstream);
    tcp_configure(w->front.tcp, &s->tcp);
}

void worker_publish(struct worker *w, struct settings *s)
{
    settings_take(s);
    worker_post(w, take_settings, s);
}

enum walk_state worker_walk(struct worker *w, const struct question *q, unsigned flags, const struct asker *who,
                            struct walk **walk)
{
    return walks_ask(w->front.walks, w->front.generation, q, flags, who, walk);
}

static void forgive(struct worker *w, void *arg)
{
    (void)arg;
    servers_forgive(w->servers, clock_now());
}

void worker_forgive(struct worker *w)
{
    worker_post(w, forgive, NULL);
}

static void begin_stop(struct worker *w, void *arg)
{
    (void)arg;
    w->is_stopping = true;
    udp_stop(w->front.udp);
    tcp_stop(w->front.tcp);
    unsigned left = walks_counts(w->front.walks).in_flight;
    struct timeval wait = {.tv_sec = left > 0 ? STOP_WAIT_MS / 1000 : 0, .tv_usec = 20000};
    event_add(w->stop_timer, &wait);
}

void worker_stop(struct worker *w)
{
    worker_post(w, begin_stop, NULL);
}

void worker_free(struct worker *w)
{
    if (w == NULL) {
        return;
    }
    if (w->is_running) {
        pthread_join(w->thread, NULL);
    }
    walks_free(w->front.walks);
    if (w->front.udp != NULL) {
        udp_free(w->front.udp);
    }
    if (w->front.tcp != NULL) {
        tcp_free(w->front.tcp);
    }
    if (w->front.generation != NULL) {
        generation_retire(w->front.generation);
    }
    if (w->upstream != NULL) {
        upstream_free(w->upstream);
    }
    ready_free(w->front.ready);
    arena_fini(&w->front.arena);
    pool_drain(&w->front.waiting);
    servers_free(w->servers);
    keyring_free(w->keyring);
    disk_view_free(w->cache);
    if (w->base != NULL) {
        mailbox_fini(&w->mailbox);
        if (w->turn_end != NULL) {
            event_free(w->turn_end);
        }
        if (w->stop_timer != NULL) {
            event_free(w->stop_timer);
        }
        event_base_free(w->base);
    }
    free(w);
}

uint64_t worker_stat(struct worker *w, enum stat_id id)
{
    return stats_get(&w->front.stats, id);
}

static void add(json_t *group, const char *name, uint64_t value)
{
    json_int_t before = json_integer_value(json_object_get(group, name));
    json_object_set_new(group, name, json_integer(before + (json_int_t)value));
}

static json_t *group_of(json_t *groups, const char *name)
{
    json_t *group = json_object_get(groups, name);
    if (group == NULL) {
        group = json_object();
        json_object_set_new(groups, name, group);
    }
    return group;
}

static void report_net(struct worker *w, json_t *groups)
{
    struct upstream_stats u;
    struct udp_stats udp;
    struct tcp_stats tcp;
    upstream_stats_read(w->upstream, &u);
    udp_stats_read(w->front.udp, &udp);
    tcp_stats_read(w->front.tcp, &tcp);
    json_t *g = group_of(groups, "upstream");
    add(g, "udp_sent", u.udp_sent);
    add(g, "tcp_sent", u.tcp_sent);
    add(g, "tcp_connects", u.tcp_connects);
    add(g, "replies", u.replies);
    add(g, "timeouts", u.timeouts);
    add(g, "unreachable", u.unreachable);
    add(g, "suspects", u.suspects);
    add(g, "mismatched", u.mismatched);
    g = group_of(groups, "udp");
    add(g, "received", udp.received);
    add(g, "sent", udp.sent);
    add(g, "batches", udp.batches);
    add(g, "dropped", udp.dropped);
    add(g, "send_failed", udp.send_failed);
    g = group_of(groups, "limits");
    add(g, limit_name(LIMIT_ID_tcp_clients), tcp.hits.connections);
    add(g, limit_name(LIMIT_ID_tcp_clients_per_address), tcp.hits.connections_per_client);
    add(g, limit_name(LIMIT_ID_tcp_pipeline), tcp.hits.pipeline);
    add(g, limit_name(LIMIT_ID_tcp_first_ms), tcp.hits.message_ms);
    add(g, limit_name(LIMIT_ID_tcp_idle_ms), tcp.hits.idle_ms);
    add(g, limit_name(LIMIT_ID_tcp_idle_busy_ms), tcp.hits.idle_busy_ms);
    g = group_of(groups, "tcp");
    add(g, "accepted", tcp.accepted);
    add(g, "refused", tcp.refused);
    add(g, "evicted", tcp.evicted);
    add(g, "timed_out", tcp.timed_out);
    add(g, "received", tcp.received);
    add(g, "sent", tcp.sent);
}

void worker_report(struct worker *w, json_t *groups)
{
    json_t *g = group_of(groups, "queries");
    for (enum stat_id id = 0; id < STAT_COUNT; id++) {
        add(g, stats_name(id), stats_get(&w->front.stats, id));
    }
    struct walk_counts walks = walks_counts(w->front.walks);
    g = group_of(groups, "walks");
    add(g, "started", walks.started);
    add(g, "finished", walks.finished);
    add(g, "late", walks.late);
    add(g, "refused", walks.refused);
    add(g, "verifications", w->verifications + w->front.generation->resolver.verifications);
    add(g, "synthesised", w->synthesised + w->front.generation->resolver.synthesised);
    add(g, "given_up", walks.given_up);
    add(g, "refreshes", walks.refreshes);
    add(g, "probes", walks.probes);
    add(g, "probes_answered", walks.probes_answered);
    add(g, "in_flight", walks.in_flight);
    add(g, "waiting", walks.waiting);
    g = group_of(groups, "limits");
    for (unsigned id = 0; id < LIMIT_COUNT; id++) {
        add(g, limit_name(id), w->limit_hits[id] + w->front.generation->resolver.limit_hits[id]);
    }
    report_net(w, groups);
}

static const char *state_of(const struct server_info *s, uint64_t now)
{
    if (s->dead_until > now) {
        return "resting";
    }
    if (s->tcp_until > now) {
        return "tcp only";
    }
    if (s->plain_until > now) {
        return "no edns";
    }
    if (s->case_until > now) {
        return "loses case";
    }
    return s->failures > 0 ? "failing" : "ok";
}

void worker_report_upstreams(struct worker *w, json_t *list, unsigned limit)
{
    uint64_t now = clock_now();
    for (size_t i = 0; i < servers_count(w->servers) && json_array_size(list) < limit; i++) {
        const struct server_info *s = servers_row(w->servers, i);
        char text[ADDR_TEXT_SIZE];
        if (s != NULL) {
            json_t *rtt = s->srtt_us > 0 ? json_real(s->srtt_us / 1000.0) : json_null();
            json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:i, s:i}", "address", addr_text(&s->addr, text),
                                                  "state", state_of(s, now), "rtt_ms", rtt, "failures", s->failures,
                                                  "worker", w->index));
        }
    }
}
