#include "resolver/server/walks.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/base/clock.h"
#include "resolver/base/hash.h"
#include "resolver/base/pool.h"
#include "resolver/base/table.h"
#include "resolver/dns/name.h"
#include "resolver/server/exchanges.h"
#include "resolver/server/probes.h"

TAILQ_HEAD(waiters, waiter);

struct walk {
    struct table_node node;
    struct walks *owner;
    struct generation *generation;
    struct query *query;
    struct exchange_part part;
    struct waiters waiters;
    unsigned waiter_count;
    unsigned flags;
    bool is_refresh;
    uint32_t epoch;
};

struct walks {
    struct exchanges exchanges;
    struct table table;
    struct pool memory; /* of walks */
    struct probes probes;
    struct waiters by_time;     /* all waiters, first deadline first */
    struct waiters by_patience; /* those that expired data was not tried for, likewise */
    struct event *timer;        /* armed while somebody waits */
    uint64_t timer_at;          /* when it fires, while it is armed */
    struct walk_counts counts;
    struct walk_hooks hooks;
};

static void advance(struct walk *walk, const struct query_event *ev);

static void deliver(void *ctx, struct exchange_part *part, const struct query_event *ev)
{
    struct walks *w = ctx;
    advance(TABLE_OWNER(part, struct walk, part), ev);
    w->hooks.on_rest(w->hooks.ctx);
}

static void arm_timer(struct walks *w)
{
    const struct waiter *first = TAILQ_FIRST(&w->by_time);
    const struct waiter *impatient = TAILQ_FIRST(&w->by_patience);
    if (first == NULL) {
        event_del(w->timer);
        return;
    }
    uint64_t at = impatient != NULL && impatient->patience < first->deadline ? impatient->patience : first->deadline;
    if (!event_pending(w->timer, EV_TIMEOUT, NULL) || at < w->timer_at) {
        uint64_t now = clock_now();
        uint64_t left = at > now ? at - now : 0;
        struct timeval tv = {.tv_sec = (time_t)(left / 1000), .tv_usec = (suseconds_t)(left % 1000 * 1000)};
        event_add(w->timer, &tv);
        w->timer_at = at;
    }
}

static void end_patience(struct waiter *waiter)
{
    if (waiter->patience != 0) {
        TAILQ_REMOVE(&waiter->walk->owner->by_patience, waiter, in_patience);
        waiter->patience = 0;
    }
}

static void detach(struct waiter *waiter)
{
    struct walk *walk = waiter->walk;
    end_patience(waiter);
    TAILQ_REMOVE(&walk->waiters, waiter, in_walk);
    TAILQ_REMOVE(&walk->owner->by_time, waiter, in_time);
    walk->waiter_count--;
    walk->owner->counts.waiting--;
    waiter->walk = NULL;
}

/* Clients that have waited long enough get what has expired, if there is anything; the walk goes on. */
static void answer_impatient(struct walks *w, uint64_t now)
{
    for (struct waiter *first; (first = TAILQ_FIRST(&w->by_patience)) != NULL && first->patience <= now;) {
        const struct answer *stale = query_stale_answer(first->walk->query, now);
        end_patience(first);
        if (stale != NULL) {
            detach(first);
            first->answer(first, stale);
        }
    }
}

/* Time is up for some clients: they get SERVFAIL and the reason; the walk goes on to fill the cache. */
static void answer_late(struct walks *w, uint64_t now)
{
    for (struct waiter *first; (first = TAILQ_FIRST(&w->by_time)) != NULL && first->deadline <= now;) {
        struct answer a = {.rcode = RCODE_SERVFAIL};
        a.error_count = trace_errors(query_trace(first->walk->query), a.errors);
        detach(first);
        first->is_late = true;
        w->counts.late++;
        first->answer(first, &a);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct walks *w = arg;
    uint64_t now = clock_now();
    (void)fd;
    (void)what;
    answer_impatient(w, now);
    answer_late(w, now);
    arm_timer(w);
    w->hooks.on_rest(w->hooks.ctx);
}

struct walks *walks_new(struct event_base *base, struct upstream *u, struct probe_board *board,
                        const struct walk_hooks *hooks)
{
    struct walks *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return NULL;
    }
    TAILQ_INIT(&w->by_time);
    TAILQ_INIT(&w->by_patience);
    probes_init(&w->probes, u, board);
    w->hooks = *hooks;
    w->timer = evtimer_new(base, on_timer, w);
    bool has_exchanges = exchanges_init(&w->exchanges, u, deliver, w) == FAIL_NONE;
    if (w->timer == NULL || !has_exchanges || table_init(&w->table, 2048) != FAIL_NONE) {
        walks_free(w);
        return NULL;
    }
    return w;
}

void walk_release(struct walk *walk)
{
    walk->owner->counts.finished++;
    query_free(walk->query); /* goes back to the generation's resolver, which may end with its last walk */
    generation_leave(walk->generation);
    pool_give(&walk->owner->memory, walk);
}

static void forget(struct walk *walk)
{
    table_remove(&walk->owner->table, &walk->node);
    walk->owner->counts.in_flight--;
    walk->owner->counts.refreshing -= walk->is_refresh;
}

static void answer_all(struct walk *walk, const struct answer *a)
{
    for (struct waiter *first; (first = TAILQ_FIRST(&walk->waiters)) != NULL;) {
        detach(first);
        first->answer(first, a);
    }
}

void walks_free(struct walks *w)
{
    if (w == NULL) {
        return;
    }
    for (struct table_node *n; w->table.buckets != NULL && (n = table_any(&w->table)) != NULL;) {
        struct walk *walk = TABLE_OWNER(n, struct walk, node);
        struct answer a = {.rcode = RCODE_SERVFAIL, .error_count = 1};
        a.errors[0] = (struct ede){.code = EDE_NOT_READY, .text = "the resolver is stopping"};
        forget(walk);
        exchanges_leave(&w->exchanges, &walk->part);
        answer_all(walk, &a);
        walk_release(walk);
    }
    probes_fini(&w->probes);
    if (w->timer != NULL) {
        event_free(w->timer);
    }
    if (w->exchanges.table.buckets != NULL) {
        exchanges_fini(&w->exchanges);
    }
    table_fini(&w->table);
    pool_drain(&w->memory);
    free(w);
}

static void tell_refreshed(const struct walk *walk)
{
    const struct question *q = query_question(walk->query);
    walk->owner->hooks.on_refreshed(walk->owner->hooks.ctx, q->name, q->type);
}

/* Steps until the query waits for an exchange or is finished. */
static enum want step(struct walk *walk, const struct query_event *ev)
{
    static const struct query_event refused = {.kind = EVENT_UNREACHABLE};
    enum want want = query_step(walk->query, ev, clock_now());
    while (want == WANT_SEND) {
        const struct send *s = query_send(walk->query);
        if (exchanges_join(&walk->owner->exchanges, s, &walk->part) == FAIL_NONE) {
            return WANT_SEND;
        }
        struct query_event failed = refused;
        failed.server = s->server;
        failed.over_tcp = s->use_tcp;
        want = query_step(walk->query, &failed, clock_now());
    }
    return want;
}

static void advance(struct walk *walk, const struct query_event *ev)
{
    if (step(walk, ev) == WANT_SEND) {
        return;
    }
    forget(walk);
    answer_all(walk, query_answer(walk->query));
    arm_timer(walk->owner);
    if (walk->is_refresh) {
        tell_refreshed(walk);
    }
    walk_release(walk);
}

/* A walk under older settings may lead to another answer. */
struct walk_key {
    const struct generation *generation;
    const uint8_t *name;
    uint16_t type;
    unsigned flags;
};

static bool has_key(struct table_node *n, const void *key)
{
    const struct walk *walk = TABLE_OWNER(n, struct walk, node);
    const struct walk_key *k = key;
    const struct question *q = query_question(walk->query);
    return walk->generation == k->generation && q->type == k->type && walk->flags == k->flags &&
           name_equal(q->name, k->name);
}

static uint64_t key_hash(const struct walk_key *k)
{
    uint8_t bytes[NAME_SIZE + 4];
    size_t len = name_lower(bytes, k->name);
    wire_put_u16(bytes + len, k->type);
    wire_put_u16(bytes + len + 2, (uint16_t)k->flags);
    return hash_bytes(bytes, len + 4);
}

static struct walk *begin(struct walks *w, struct generation *g, const struct walk_key *k)
{
    struct walk *walk = pool_take(&w->memory, sizeof(*walk));
    if (walk == NULL) {
        return NULL;
    }
    *walk = (struct walk){.owner = w, .generation = g, .flags = k->flags};
    walk->query = query_new(&g->resolver, k->name, k->type, k->flags, clock_now());
    if (walk->query == NULL) {
        pool_give(&w->memory, walk);
        return NULL;
    }
    walk->epoch = cache_epoch(g->resolver.cache);
    TAILQ_INIT(&walk->waiters);
    generation_enter(g);
    w->counts.started++;
    return walk;
}

enum walk_state walks_ask(struct walks *w, struct generation *g, const uint8_t *name, uint16_t type, unsigned flags,
                          struct walk **walk)
{
    struct walk_key key = {g, name, type, flags};
    uint64_t hash = key_hash(&key);
    struct table_node *n = table_find(&w->table, hash, has_key, &key);
    if (n != NULL) {
        *walk = TABLE_OWNER(n, struct walk, node);
        return WALK_ON;
    }
    if (w->counts.in_flight >= limit_get(&g->resolver.policy->limits, in_flight)) {
        g->resolver.limit_hits[LIMIT_ID_in_flight]++;
        w->counts.refused++;
        return WALK_REFUSED;
    }
    static const struct query_event start = {.kind = EVENT_START};
    *walk = begin(w, g, &key);
    if (*walk == NULL) {
        w->counts.refused++;
        return WALK_REFUSED;
    }
    if (step(*walk, &start) == WANT_FINISH) {
        if (query_answer((*walk)->query)->is_remembered) {
            probes_send(&w->probes, &g->resolver, (*walk)->query, clock_now());
        }
        return WALK_FINISHED;
    }
    table_add(&w->table, &(*walk)->node, hash);
    w->counts.in_flight++;
    w->hooks.on_network(w->hooks.ctx);
    return WALK_ON;
}

const struct answer *walk_answer(const struct walk *walk)
{
    return query_answer(walk->query);
}

uint32_t walk_epoch(const struct walk *walk)
{
    return walk->epoch;
}

int walk_wait(struct walk *walk, struct waiter *waiter)
{
    struct resolver *r = &walk->generation->resolver;
    if (walk->waiter_count >= limit_get(&r->policy->limits, waiters)) {
        r->limit_hits[LIMIT_ID_waiters]++;
        return FAIL_LIMIT;
    }
    waiter->walk = walk;
    waiter->epoch = walk->epoch;
    waiter->is_late = false;
    uint64_t now = clock_now();
    waiter->deadline = now + limit_get(&r->policy->limits, answer_ms);
    waiter->patience = r->policy->stale.is_on ? now + r->policy->stale.client_ms : 0;
    TAILQ_INSERT_TAIL(&walk->waiters, waiter, in_walk);
    TAILQ_INSERT_TAIL(&walk->owner->by_time, waiter, in_time);
    if (waiter->patience != 0) {
        TAILQ_INSERT_TAIL(&walk->owner->by_patience, waiter, in_patience);
    }
    walk->waiter_count++;
    walk->owner->counts.waiting++;
    arm_timer(walk->owner);
    return FAIL_NONE;
}

const struct answer *walk_answer_at_once(struct walk *walk)
{
    const struct stale_policy *p = &walk->generation->resolver.policy->stale;
    return p->is_on && p->client_ms == 0 ? query_stale_answer(walk->query, clock_now()) : NULL;
}

void walks_refresh(struct walks *w, struct generation *g, const uint8_t *name, uint16_t type, unsigned flags)
{
    struct resolver *r = &g->resolver;
    struct walk *walk;
    if (w->counts.refreshing >= limit_get(&r->policy->limits, prefetches)) {
        r->limit_hits[LIMIT_ID_prefetches]++;
        return;
    }
    enum walk_state state = walks_ask(w, g, name, type, flags | QUERY_REFRESH, &walk);
    if (state == WALK_FINISHED) {
        tell_refreshed(walk);
        walk_release(walk);
    } else if (state == WALK_ON && !walk->is_refresh) {
        walk->is_refresh = true;
        w->counts.refreshing++;
        w->counts.refreshes++;
    }
}

struct walk_counts walks_counts(const struct walks *w)
{
    struct walk_counts counts = w->counts;
    counts.probes = w->probes.sent;
    counts.probes_answered = w->probes.answered;
    return counts;
}
