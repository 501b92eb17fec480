/* Questions that no own zone and no ready answer is found for. They are looked up in the cache, and walks are begun,
 * when the answers that were known at once have left: a walk's first step takes longer than many of those. */
#include "resolver/dns/type.h"
#include "resolver/server/front_private.h"

struct pending {
    struct waiter waiter;
    struct pending *next; /* while it waits for front_rest */
    struct front *front;
    struct client client;
    struct request q;
};

static void send_to(struct front *f, const struct client *c, const uint8_t *bytes, size_t len)
{
    if (c->is_tcp) {
        tcp_reply(f->tcp, &c->tcp, bytes, len);
    } else {
        udp_send(f->udp, &c->udp, bytes, len);
    }
}

static void answer(struct pending *p, const struct answer *a, uint32_t epoch)
{
    struct front *f = p->front;
    size_t limit = respond_limit(&p->q, p->client.is_tcp);
    send_to(f, &p->client, f->answer, front_compose(f, &p->q, a, epoch, f->answer, limit));
    pool_give(&f->waiting, p);
}

static void answer_waiter(struct waiter *w, const struct answer *a)
{
    struct pending *p = (struct pending *)(void *)((char *)w - offsetof(struct pending, waiter));
    struct front *f = p->front;
    f->now = 0; /* the walk took time since the batch began */
    stats_add(&f->stats, w->is_late ? STAT_late : STAT_from_walk);
    answer(p, a, w->epoch);
    f->now = 0;
}

static void refuse(struct pending *p, const char *why)
{
    struct front *f = p->front;
    size_t limit = respond_limit(&p->q, p->client.is_tcp);
    stats_add(&f->stats, STAT_overload);
    send_to(f, &p->client, f->answer, front_refuse(f, &p->q, RCODE_SERVFAIL, EDE_OTHER, why, f->answer, limit));
    pool_give(&f->waiting, p);
}

static void wait_for(struct pending *p, struct walk *walk)
{
    const struct answer *stale = walk_answer_at_once(walk);
    if (stale != NULL) {
        answer(p, stale, walk_epoch(walk));
    } else if (walk_wait(walk, &p->waiter) != FAIL_NONE) {
        refuse(p, "too many clients wait, for this question or in all");
    }
}

static void ask(struct pending *p)
{
    struct front *f = p->front;
    unsigned flags = (p->q.flags & MSG_CD) != 0 ? QUERY_CD : 0;
    const struct question q = {.name = p->q.name, .type = p->q.type, .class = CLASS_IN};
    struct walk *walk;
    switch (walks_ask(f->walks, f->generation, &q, flags, &p->waiter.asker, &walk)) {
    case WALK_FINISHED:
        stats_add(&f->stats, STAT_from_cache);
        answer(p, walk_answer(walk), walk_epoch(walk));
        walk_release(walk);
        break;
    case WALK_ON:
        wait_for(p, walk);
        break;
    case WALK_REFUSED:
    default:
        refuse(p, "too many questions in progress");
        break;
    }
}

size_t front_ask_later(const struct turn *t)
{
    struct front *f = t->front;
    struct pending *p = pool_take(&f->waiting, sizeof(*p));
    if (p == NULL) {
        stats_add(&f->stats, STAT_overload);
        return front_refuse(f, &t->q, RCODE_SERVFAIL, EDE_OTHER, "no memory", t->out, t->limit);
    }
    p->front = f;
    p->client = *t->client;
    p->q = t->q;
    p->waiter.answer = answer_waiter;
    p->waiter.asker = crowd_asker(t->peer, t->client->is_tcp || t->q.is_proven);
    p->next = NULL;
    if (p->client.is_tcp) { /* which counts the questions of a connection that are open */
        ask(p);
        return 0;
    }
    *(f->later == NULL ? &f->later : &f->later_last->next) = p;
    f->later_last = p;
    return 0;
}

void front_rest(void *arg)
{
    struct front *f = arg;
    while (f->later != NULL) {
        struct pending *p = f->later;
        f->later = p->next;
        ask(p);
    }
}
