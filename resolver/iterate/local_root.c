#include "resolver/iterate/local_root.h"

#include "resolver/dns/name.h"
#include "resolver/iterate/classify.h"
#include "resolver/iterate/copy.h"
#include "resolver/iterate/minimise.h"
#include "resolver/iterate/reply.h"

/* What priming is after, and what the copy said and was bogus, the servers must say. */
static bool has_copy(const struct query *q, const struct frame *f)
{
    const struct policy *p = q->resolver->policy;
    bool is_priming = (q->flags & QUERY_PRIME) != 0 && f->depth == 0;
    return p->root_copy != NULL && q->now < p->root_copy_until && name_is_root(f->cut.zone) &&
           !cut_is_trusted(&f->cut) && !is_priming && !f->is_fresh;
}

static enum known take(struct query *q, struct frame *f, const struct msg *m)
{
    static const struct query_event told = {.kind = EVENT_REPLY};
    enum reply_kind kind = classify_reply(m, name_root, f->name, f->type, true);
    struct trace_step *step = trace_add(&q->trace, TRACE_COPY, f->name, f->type, q->now);
    step->detail = (uint8_t)kind;
    step->rcode = (uint8_t)m->rcode;
    q->event = &told;
    f->source = told.server;
    minimise_stop(f);
    if (kind == REPLY_REFERRAL) {
        return reply_refer(q, f, m);
    }
    return reply_take(q, f, m, f->cut.zone, kind);
}

enum known local_root_ask(struct query *q, struct frame *f)
{
    struct msg *m = has_copy(q, f) ? arena_take(&q->arena, sizeof(*m)) : NULL;
    if (m == NULL || !copy_reply(q->resolver->policy->root_copy, f->name, f->type, &q->arena, m)) {
        return KNOWN_NOTHING;
    }
    return take(q, f, m);
}
