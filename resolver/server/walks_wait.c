#include <event2/event.h>

#include "resolver/base/clock.h"
#include "resolver/server/walks_private.h"

void waiters_arm(struct walks *w)
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
    crowd_leave(&walk->owner->crowd, &waiter->asker);
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
        first->walk->generation->resolver.limit_hits[LIMIT_ID_answer_ms]++;
        detach(first);
        first->is_late = true;
        w->counts.late++;
        first->answer(first, &a);
    }
}

void waiters_answer(struct walk *walk, const struct answer *a)
{
    for (struct waiter *first; (first = TAILQ_FIRST(&walk->waiters)) != NULL;) {
        detach(first);
        first->answer(first, a);
    }
}

void waiters_answer_given_up(struct walks *w)
{
    struct answer a = {.rcode = RCODE_SERVFAIL, .error_count = 1};
    a.errors[0] = (struct ede){.code = EDE_OTHER, .text = "slow, and gave way to newer questions"};
    for (struct walk *walk; (walk = TAILQ_FIRST(&w->given_up)) != NULL;) {
        const struct answer *stale = query_stale_answer(walk->query, clock_now());
        TAILQ_REMOVE(&w->given_up, walk, in_list);
        waiters_answer(walk, stale != NULL ? stale : &a);
        walk_release(walk);
    }
}

void waiters_on_given_up(evutil_socket_t fd, short what, void *arg)
{
    struct walks *w = arg;
    (void)fd;
    (void)what;
    waiters_answer_given_up(w);
    waiters_arm(w);
    w->hooks.on_rest(w->hooks.ctx);
}

void waiters_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct walks *w = arg;
    uint64_t now = clock_now();
    (void)fd;
    (void)what;
    answer_impatient(w, now);
    answer_late(w, now);
    waiters_arm(w);
    w->hooks.on_rest(w->hooks.ctx);
}

bool waiters_may_join(const struct walks *w, struct resolver *r, const struct asker *who)
{
    enum limit_id hit = crowd_check(&w->crowd, &r->policy->limits, w->counts.in_flight, who);
    if (hit != LIMIT_COUNT) {
        r->limit_hits[hit]++;
    }
    return hit == LIMIT_COUNT;
}

int walk_wait(struct walk *walk, struct waiter *waiter)
{
    struct resolver *r = &walk->generation->resolver;
    if (walk->waiter_count >= limit_get(&r->policy->limits, waiters)) {
        r->limit_hits[LIMIT_ID_waiters]++;
        return FAIL_LIMIT;
    }
    /* Who began the walk was admitted with it. */
    if (walk->waiter_count > 0 && !waiters_may_join(walk->owner, r, &waiter->asker)) {
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
    crowd_enter(&walk->owner->crowd, &waiter->asker);
    waiters_arm(walk->owner);
    return FAIL_NONE;
}
