#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/base/clock.h"
#include "resolver/base/hash.h"
#include "resolver/dns/name.h"
#include "resolver/server/walks_private.h"

static void advance(struct walk *walk, const struct query_event *ev);

/* A timer and no activated event: what has arrived meanwhile goes first. */
static void arm_going_on(struct walks *w)
{
    static const struct timeval at_once = {0};
    event_add(w->going_on, &at_once);
}

static void rest(struct walk *walk)
{
    walk->is_resting = true;
    TAILQ_INSERT_TAIL(&walk->owner->resting, walk, in_rest);
    arm_going_on(walk->owner);
}

static void end_rest(struct walk *walk)
{
    if (walk->is_resting) {
        walk->is_resting = false;
        TAILQ_REMOVE(&walk->owner->resting, walk, in_rest);
    }
}

/* As many of them as one turn has room for, then everybody else. */
static void on_going_on(evutil_socket_t fd, short what, void *arg)
{
    static const struct query_event go_on = {.kind = EVENT_CONTINUE};
    struct walks *w = arg;
    (void)fd;
    (void)what;
    w->effort = 0;
    for (struct walk *walk; w->effort < RESOLVER_TIRED && (walk = TAILQ_FIRST(&w->resting)) != NULL;) {
        end_rest(walk);
        advance(walk, &go_on);
    }
    if (!TAILQ_EMPTY(&w->resting)) {
        arm_going_on(w);
    }
    w->hooks.on_rest(w->hooks.ctx);
}

static void deliver(void *ctx, struct exchange_part *part, const struct query_event *ev)
{
    struct walks *w = ctx;
    advance(TABLE_OWNER(part, struct walk, part), ev);
    w->hooks.on_rest(w->hooks.ctx);
}

static void expect(void *ctx, struct exchange_part *part)
{
    (void)ctx;
    query_fetch(TABLE_OWNER(part, struct walk, part)->query);
}

void walk_release(struct walk *walk)
{
    walk->owner->counts.finished++;
    query_free(walk->query); /* goes back to the generation's resolver, which may end with its last walk */
    generation_leave(walk->generation);
    pool_give(&walk->owner->memory, walk);
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
    TAILQ_INIT(&w->upper);
    TAILQ_INIT(&w->given_up);
    TAILQ_INIT(&w->resting);
    probes_init(&w->probes, u, board);
    w->hooks = *hooks;
    const struct exchange_hooks exchanges_do = {.deliver = deliver, .expect = expect, .ctx = w};
    w->timer = evtimer_new(base, waiters_on_timer, w);
    w->giving_up = evtimer_new(base, waiters_on_given_up, w);
    w->going_on = evtimer_new(base, on_going_on, w);
    bool has_exchanges = exchanges_init(&w->exchanges, u, &exchanges_do) == FAIL_NONE;
    bool has_events = w->timer != NULL && w->giving_up != NULL && w->going_on != NULL;
    if (!has_events || !has_exchanges || table_init(&w->table) != FAIL_NONE) {
        walks_free(w);
        return NULL;
    }
    return w;
}

static void forget(struct walk *walk)
{
    if (walk->is_upper) {
        TAILQ_REMOVE(&walk->owner->upper, walk, in_list);
        walk->is_upper = false;
    }
    end_rest(walk);
    table_remove(&walk->owner->table, &walk->node);
    walk->owner->counts.in_flight--;
    walk->owner->counts.refreshing -= walk->is_refresh;
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
        waiters_answer(walk, &a);
        walk_release(walk);
    }
    waiters_answer_given_up(w);
    probes_fini(&w->probes);
    if (w->timer != NULL) {
        event_free(w->timer);
    }
    if (w->giving_up != NULL) {
        event_free(w->giving_up);
    }
    if (w->going_on != NULL) {
        event_free(w->going_on);
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

/* Settings may have changed since other walks began, but the thread is the same. */
static enum want step(struct walk *walk, const struct query_event *ev, uint64_t now)
{
    struct resolver *r = &walk->generation->resolver;
    r->effort = walk->owner->effort;
    enum want want = query_step(walk->query, ev, now);
    walk->owner->effort = r->effort;
    return want;
}

/* Makes the exchanges that the query wants until one has to be waited for, or it wants to rest, or is finished. */
static enum want make_exchanges(struct walk *walk, enum want want)
{
    unsigned zone_max = limit_get(&walk->generation->resolver.policy->limits, in_flight_per_zone);
    while (want == WANT_SEND) {
        const struct send *s = query_send(walk->query);
        int result = exchanges_join(&walk->owner->exchanges, s, zone_max, &walk->part);
        if (result == FAIL_NONE) {
            probes_send_beside(&walk->owner->probes, &walk->generation->resolver, query_beside(walk->query));
            return want;
        }
        struct query_event failed = {.kind = result == FAIL_LIMIT ? EVENT_CROWDED : EVENT_UNREACHABLE,
                                     .server = s->server,
                                     .over_tcp = s->use_tcp};
        want = step(walk, &failed, clock_now());
    }
    if (want == WANT_CONTINUE) {
        rest(walk);
    }
    return want;
}

static void advance(struct walk *walk, const struct query_event *ev)
{
    probes_share_paths(&walk->owner->probes, walk->generation->resolver.servers);
    if (make_exchanges(walk, step(walk, ev, clock_now())) != WANT_FINISH) {
        return;
    }
    forget(walk);
    waiters_answer(walk, query_answer(walk->query));
    waiters_arm(walk->owner);
    if (walk->is_refresh) {
        tell_refreshed(walk);
    }
    walk_release(walk);
}

/* ---- New questions ---- */

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
    UNCLEARED uint8_t bytes[NAME_SIZE + 4];
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
    *walk = (struct walk){.owner = w, .generation = g, .flags = k->flags, .began = clock_now()};
    walk->query = query_new(&g->resolver, k->name, k->type, k->flags, walk->began);
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

/* Its clients are answered from the event loop: whoever asks now may be one of their neighbours on a connection. */
static void give_up(struct walk *walk)
{
    struct walks *w = walk->owner;
    forget(walk);
    exchanges_leave(&w->exchanges, &walk->part);
    TAILQ_INSERT_TAIL(&w->given_up, walk, in_list);
    w->counts.given_up++;
    event_active(w->giving_up, EV_TIMEOUT, 0);
}

/* Takes a place from the walk that has had one of the upper half for longest, if that was long enough. */
static bool make_place(struct walks *w, struct resolver *r, uint64_t now)
{
    struct walk *oldest = TAILQ_FIRST(&w->upper);
    if (oldest == NULL || now - oldest->began < limit_get(&r->policy->limits, slow_ms)) {
        return false;
    }
    r->limit_hits[LIMIT_ID_slow_ms]++;
    give_up(oldest);
    return true;
}

/* True when there is a place for one walk more. */
static bool admit(struct walks *w, struct resolver *r, const struct asker *who, uint64_t now)
{
    if (who != NULL && !waiters_may_join(w, r, who)) {
        return false;
    }
    if (w->counts.in_flight < limit_get(&r->policy->limits, in_flight)) {
        return true;
    }
    r->limit_hits[LIMIT_ID_in_flight]++;
    return who != NULL && make_place(w, r, now);
}

/* There is no place for it, but what has expired may do. */
static enum walk_state turn_away(struct walk *walk)
{
    walk->owner->counts.refused++;
    walk->answer = query_stale_answer(walk->query, walk->began);
    if (walk->answer == NULL) {
        walk_release(walk);
        return WALK_REFUSED;
    }
    return WALK_FINISHED;
}

static void enter(struct walks *w, struct walk *walk, uint64_t hash)
{
    const struct limits *l = &walk->generation->resolver.policy->limits;
    table_add(&w->table, &walk->node, hash);
    if (w->counts.in_flight >= limit_get(l, in_flight) / 2) {
        walk->is_upper = true;
        TAILQ_INSERT_TAIL(&w->upper, walk, in_list);
    }
    w->counts.in_flight++;
}

static enum walk_state walk_start(struct walk *walk, uint64_t hash, const struct asker *who)
{
    static const struct query_event start = {.kind = EVENT_START};
    struct walks *w = walk->owner;
    struct resolver *r = &walk->generation->resolver;
    probes_share_paths(&w->probes, r->servers);
    enum want want = step(walk, &start, walk->began);
    if (want != WANT_FINISH && !admit(w, r, who, walk->began)) {
        return turn_away(walk);
    }
    if (make_exchanges(walk, want) == WANT_FINISH) {
        if (query_answer(walk->query)->is_remembered) {
            probes_send(&w->probes, r, walk->query, walk->began);
        }
        return WALK_FINISHED;
    }
    enter(w, walk, hash);
    w->hooks.on_network(w->hooks.ctx);
    return WALK_ON;
}

enum walk_state walks_ask(struct walks *w, struct generation *g, const struct question *q, unsigned flags,
                          const struct asker *who, struct walk **walk)
{
    struct walk_key key = {g, q->name, q->type, flags};
    uint64_t hash = key_hash(&key);
    struct table_node *n = table_find(&w->table, hash, has_key, &key);
    if (n != NULL) {
        *walk = TABLE_OWNER(n, struct walk, node);
        return WALK_ON;
    }
    *walk = begin(w, g, &key);
    if (*walk == NULL) {
        w->counts.refused++;
        return WALK_REFUSED;
    }
    return walk_start(*walk, hash, who);
}

const struct answer *walk_answer(const struct walk *walk)
{
    return walk->answer != NULL ? walk->answer : query_answer(walk->query);
}

uint32_t walk_epoch(const struct walk *walk)
{
    return walk->epoch;
}

const struct answer *walk_answer_at_once(struct walk *walk)
{
    const struct stale_policy *p = &walk->generation->resolver.policy->stale;
    return p->is_on && p->client_ms == 0 ? query_stale_answer(walk->query, clock_now()) : NULL;
}

void walks_refresh(struct walks *w, struct generation *g, const struct question *q, unsigned flags)
{
    struct resolver *r = &g->resolver;
    struct walk *walk;
    if (w->counts.refreshing >= limit_get(&r->policy->limits, prefetches)) {
        r->limit_hits[LIMIT_ID_prefetches]++;
        return;
    }
    enum walk_state state = walks_ask(w, g, q, flags | QUERY_REFRESH, NULL, &walk);
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
    counts.waiting = w->crowd.waiting;
    return counts;
}
