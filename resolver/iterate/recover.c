#include "resolver/iterate/recover.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/beside.h"
#include "resolver/iterate/forbidden.h"
#include "resolver/iterate/pick.h"
#include "resolver/iterate/servers.h"
#include "resolver/iterate/walk.h"

/* A server that drops one type and replies to others would have its failures ended at once, again and again. */
enum { AGE_MIN_MS = 2000 };

/* Puts the frame where a walk would begin now. False: no memory. */
static bool locate(struct query *q, struct frame *f)
{
    return f->cut.target_count > 0 || walk_locate(q, f) == KNOWN_NOTHING;
}

static bool has_replied(struct query *q, struct frame *f, const struct cache_entry *e)
{
    const struct servers *servers = q->resolver->servers;
    if (servers_replied_since(servers, &e->source, e->stored)) {
        return true;
    }
    struct cut cut = f->cut;
    bool has = false;
    if (locate(q, f)) {
        for (unsigned i = 0; i < f->cut.target_count && !has; i++) {
            has = servers_replied_since(servers, &f->cut.targets[i].addr, e->stored);
        }
    }
    f->cut = cut;
    return has;
}

bool recover_is_over(struct query *q, struct frame *f, const struct cache_entry *e)
{
    if (e->stored < servers_forgiven_at(q->resolver->servers)) {
        return true;
    }
    return e->source.len != 0 && q->now >= e->stored + AGE_MIN_MS && has_replied(q, f, e);
}

struct addr recover_suspect(struct query *q, struct frame *f, const struct cache_entry *last)
{
    const struct trace *t = &q->trace;
    struct addr none = {.len = 0};
    if (last != NULL && last->source.len != 0 && has_replied(q, f, last)) {
        return none;
    }
    for (unsigned i = t->count; i > 0; i--) {
        const struct trace_step *s = &t->steps[i - 1];
        bool was_silent = s->kind == TRACE_TIMEOUT || s->kind == TRACE_UNREACHABLE || s->kind == TRACE_CACHED_FAILURE ||
                          (s->kind == TRACE_SKIPPED && s->detail == SKIP_DEAD);
        if (was_silent && s->server.len != 0) {
            return s->server;
        }
    }
    return none;
}

/* ---- Probes ---- */

static bool is_due(struct query *q, const struct addr *server)
{
    return servers_may_probe(q->resolver->servers, server, q->failure->stored, q->now);
}

unsigned query_probes(struct query *q, uint64_t now, struct send out[RECOVER_PROBES_MAX])
{
    struct frame *f = q->top;
    const struct cache_entry *e = q->failure;
    unsigned count = 0;
    q->now = now;
    if (e == NULL || e->source.len == 0 || !locate(q, f)) {
        return 0;
    }
    for (unsigned i = 0; i < f->cut.target_count && count < RECOVER_PROBES_MAX; i++) {
        struct target *t = &f->cut.targets[i];
        if (pick_may_ask(q, f, t) && is_due(q, &t->addr)) {
            out[count++] = beside_packet(f, &t->addr, q->beside_name);
        }
    }
    bool is_known = cut_find_target(&f->cut, &e->source) != NULL;
    if (!is_known && count < RECOVER_PROBES_MAX && !address_is_forbidden(q->resolver->policy, &e->source) &&
        is_due(q, &e->source)) {
        out[count++] = beside_packet(f, &e->source, q->beside_name);
    }
    return count;
}
