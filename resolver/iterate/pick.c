#include "resolver/iterate/pick.h"

#include "resolver/iterate/forbidden.h"
#include "resolver/iterate/servers.h"

enum {
    BAND_US = 10000,     /* as good as the best: this much slower, or a quarter of its time */
    UNKNOWN_US = 100000, /* assumed of servers not yet heard: tried soon when the best is slow */
    SILENCES_TO_TCP = 2, /* time-outs over UDP after which a path that drops UDP is suspected */
    TCP_TRIES = 2
};

static bool has_stream(const struct query *q, const struct addr *addr)
{
    for (unsigned i = 0; i < q->stream_count; i++) {
        if (addr_equal(&q->streams[i], addr)) {
            return true;
        }
    }
    return false;
}

static unsigned tries(const struct target *t)
{
    return t->tries[0] + t->tries[1];
}

void pick_note_stream(struct query *q, const struct addr *addr)
{
    if (q->stream_count < STREAMS_MAX && !has_stream(q, addr)) {
        q->streams[q->stream_count++] = *addr;
    }
}

/* Where nothing comes back over UDP, TCP costs no more than UDP would. */
bool pick_spends_tcp(const struct query *q, const struct target *t)
{
    return !servers_udp_is_lost(q->resolver->servers, &t->addr) && !has_stream(q, &t->addr);
}

static bool has_tcp_left(const struct query *q, const struct target *t)
{
    return !pick_spends_tcp(q, t) || q->used[LIMIT_ID_tcp_connects] < limit_get(query_limits(q), tcp_connects);
}

static bool wants_tcp(const struct query *q, const struct frame *f, const struct target *t,
                      const struct server_info *info)
{
    if (t->needs_tcp || !has_tcp_left(q, t)) {
        return t->needs_tcp;
    }
    if (servers_udp_is_lost(q->resolver->servers, &t->addr)) {
        return t->tries[1] < TCP_TRIES;
    }
    if (t->timeouts > 0 && f->silences >= SILENCES_TO_TCP && t->tries[1] == 0) {
        return true;
    }
    return info != NULL && q->now < info->tcp_until && t->tries[1] < TCP_TRIES;
}

bool pick_tcp(const struct query *q, const struct frame *f, const struct target *t)
{
    return wants_tcp(q, f, t, pick_info(q, t));
}

static void trace_skip(struct query *q, struct frame *f, const struct target *t, enum skip_reason why)
{
    struct trace_step *step = trace_add(&q->trace, TRACE_SKIPPED, f->cut.zone, f->type, q->now);
    step->detail = (uint8_t)why;
    step->server = t->addr;
}

/* What never changes during the question is decided and traced once. */
static bool rule_out(struct query *q, struct frame *f, struct target *t, enum skip_reason why)
{
    t->is_out = true;
    trace_skip(q, f, t, why);
    return false;
}

static bool may_ask(struct query *q, struct frame *f, struct target *t, const struct server_info *info)
{
    const struct policy *p = q->resolver->policy;
    if (t->is_out) {
        return false;
    }
    if (!(t->addr.len == 4 ? p->ipv4 : p->ipv6)) {
        return rule_out(q, f, t, SKIP_NO_FAMILY);
    }
    if (!cut_is_trusted(&f->cut) && address_is_forbidden(p, &t->addr)) {
        return rule_out(q, f, t, SKIP_FORBIDDEN_ADDRESS);
    }
    if (t->has_failed) {
        return rule_out(q, f, t, SKIP_LAME);
    }
    bool is_tcp = wants_tcp(q, f, t, info);
    if (is_tcp && !has_tcp_left(q, t)) {
        t->is_out = true;
        query_hit_limit(q, LIMIT_ID_tcp_connects);
        return false;
    }
    uint32_t most = limit_get(query_limits(q), tries);
    if (t->timeouts >= most || t->tries[is_tcp] >= (is_tcp && most > TCP_TRIES ? TCP_TRIES : most)) {
        q->resolver->limit_hits[LIMIT_ID_tries]++;
        return rule_out(q, f, t, SKIP_TRIES);
    }
    return true;
}

bool pick_may_ask(struct query *q, struct frame *f, struct target *t)
{
    return may_ask(q, f, t, pick_info(q, t));
}

/* Lower is asked earlier; the cost decides among equals. */
struct rank {
    unsigned tries;
    bool is_doubtful; /* lame for this zone, or of a family without a route */
    uint32_t cost_us;
};

static struct rank rank_of(const struct query *q, const struct frame *f, const struct target *t,
                           const struct server_info *info)
{
    uint32_t cost = info != NULL && info->srtt_us > 0 ? info->srtt_us : UNKNOWN_US;
    if (info != NULL && info->failures > 0) {
        cost += SERVERS_TIMEOUT_FIRST_MS * 1000u << (info->failures < 4 ? info->failures : 4);
    }
    bool is_doubtful = servers_is_lame(q->resolver->servers, &t->addr, f->cut.zone, q->now) ||
                       servers_family_is_doubtful(q->resolver->servers, &t->addr, q->now);
    return (struct rank){.tries = tries(t), .is_doubtful = is_doubtful, .cost_us = cost};
}

static int compare_class(const struct rank *a, const struct rank *b)
{
    if (a->is_doubtful != b->is_doubtful) {
        return a->is_doubtful ? 1 : -1;
    }
    return a->tries == b->tries ? 0 : (a->tries > b->tries ? 1 : -1);
}

static uint32_t below(const struct query *q, uint32_t bound)
{
    return q->resolver->random_below(q->resolver->random_ctx, bound);
}

/* One of `count` candidates of the same class. */
static unsigned choose(const struct query *q, const uint32_t *costs, unsigned count)
{
    if (count == 1) {
        return 0;
    }
    uint32_t best = UINT32_MAX;
    for (unsigned i = 0; i < count; i++) {
        best = costs[i] < best ? costs[i] : best;
    }
    uint32_t band = best + best / 4 + BAND_US;
    unsigned good = 0;
    for (unsigned i = 0; i < count; i++) {
        good += costs[i] <= band;
    }
    unsigned left = below(q, good);
    for (unsigned i = 0;; i++) {
        if (costs[i] <= band && left-- == 0) {
            return i;
        }
    }
}

enum { CANDIDATES_MAX = 256 };

struct target *pick_target(struct query *q, struct frame *f)
{
    UNCLEARED struct target *candidates[CANDIDATES_MAX];
    UNCLEARED uint32_t costs[CANDIDATES_MAX];
    struct rank best = {0};
    unsigned count = 0;
    for (unsigned i = 0; i < f->cut.target_count; i++) {
        struct target *t = &f->cut.targets[i];
        const struct server_info *info = pick_info(q, t);
        bool is_resting = info != NULL && q->now < info->dead_until && (tries(t) == 0 || t->is_probed);
        if (!may_ask(q, f, t, info) || is_resting) {
            continue;
        }
        struct rank rank = rank_of(q, f, t, info);
        int order = count == 0 ? -1 : compare_class(&rank, &best);
        if (order < 0) {
            count = 0;
            best = rank;
        }
        if (order <= 0 && count < CANDIDATES_MAX) {
            candidates[count] = t;
            costs[count++] = rank.cost_us;
        }
    }
    return count > 0 ? candidates[choose(q, costs, count)] : NULL;
}

void pick_trace_resting(struct query *q, struct frame *f)
{
    for (unsigned i = 0; i < f->cut.target_count; i++) {
        struct target *t = &f->cut.targets[i];
        if (!t->is_out && tries(t) == 0) {
            trace_skip(q, f, t, SKIP_DEAD);
        }
    }
}
