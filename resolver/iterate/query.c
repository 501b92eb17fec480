/* A query from its first step to its answer.
 *
 * Each question, the client's and those for addresses of name servers, goes the same way: what is known without asking
 * (known.c); the deepest zone cut known for the name (walk.c, cut.c); a server of it, chosen by pick.c, is asked for as
 * much of the name as it needs to see (minimise.c); its reply is sorted (classify.c), stripped of what may not be
 * believed (scrub.c), stored (learn.c) and acted on (reply.c): an answer ends the question, an alias begins it anew
 * with another name, a referral moves it to a deeper zone, anything else sends it to the next server. A server without
 * address puts a question of its own on the stack (glueless.c). The client's answer is validated at the end (secure.c);
 * what that needs is asked for in the same way (trust.c, chain.c). */
#include "resolver/iterate/query.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/dns/msg.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/aggressive.h"
#include "resolver/iterate/chain.h"
#include "resolver/iterate/compose.h"
#include "resolver/iterate/finding.h"
#include "resolver/iterate/known.h"
#include "resolver/iterate/learn.h"
#include "resolver/iterate/reply.h"
#include "resolver/iterate/secure.h"
#include "resolver/iterate/stale.h"
#include "resolver/iterate/state.h"
#include "resolver/iterate/walk.h"

enum { SPARES_MAX = 64 };

/* The memory of a finished query, or new memory; the arena is empty either way. */
static struct query *take_memory(struct resolver *r)
{
    struct query *q = r->spares;
    if (q == NULL) {
        q = malloc(sizeof(*q));
        if (q != NULL) {
            arena_init(&q->arena, 0);
        }
        return q;
    }
    r->spares = q->next_spare;
    r->spare_count--;
    return q;
}

struct query *query_new(struct resolver *r, const uint8_t *name, uint16_t type, unsigned flags, uint64_t now)
{
    struct query *q = take_memory(r);
    if (q == NULL) {
        return NULL;
    }
    struct arena arena = q->arena;
    memset(q, 0, offsetof(struct query, trace));
    q->arena = arena;
    q->resolver = r;
    q->flags = flags;
    q->now = now;
    q->epoch = cache_epoch(r->cache);
    q->deadline = now + limit_get(query_limits(q), walk_ms);
    name_copy(q->question_name, name);
    q->question = (struct question){.name = q->question_name, .type = type, .class = CLASS_IN};
    q->is_validated = r->policy->validation && (flags & (QUERY_PRIME | QUERY_CD)) == 0;
    q->expense = (struct expense){.verifications = limit_get(query_limits(q), verifications),
                                  .failures = limit_get(query_limits(q), verification_failures),
                                  .hash_blocks = limit_get(query_limits(q), nsec3_blocks)};
    q->arena.cap = limit_get(query_limits(q), query_memory);
    trace_init(&q->trace, now);
    if (!frame_push(q, q->question_name, type)) {
        query_free(q);
        return NULL;
    }
    return q;
}

void query_free(struct query *q)
{
    if (q == NULL) {
        return;
    }
    struct resolver *r = q->resolver;
    if (r->spare_count < SPARES_MAX) {
        arena_reset(&q->arena);
        q->next_spare = r->spares;
        r->spares = q;
        r->spare_count++;
        return;
    }
    arena_fini(&q->arena);
    free(q);
}

void resolver_drain(struct resolver *r)
{
    for (struct query *q; (q = r->spares) != NULL;) {
        r->spares = q->next_spare;
        arena_fini(&q->arena);
        free(q);
    }
    r->spare_count = 0;
}

bool query_spend(struct query *q, enum limit_id id, uint32_t amount)
{
    uint32_t most = query_limits(q)->values[id];
    if (amount > most - q->used[id]) {
        query_hit_limit(q, id);
        return false;
    }
    q->used[id] += amount;
    return true;
}

bool query_try(struct query *q, enum limit_id id)
{
    bool is_left = q->used[id] < query_limits(q)->values[id];
    q->used[id] += is_left;
    q->resolver->limit_hits[id] += !is_left;
    return is_left;
}

void query_hit_limit(struct query *q, enum limit_id id)
{
    q->resolver->limit_hits[id]++;
    trace_add(&q->trace, TRACE_LIMIT, q->top->name, q->top->type, q->now)->detail = (uint8_t)id;
}

void query_store(struct query *q, const struct cache_entry *e)
{
    int result = cache_put(q->resolver->cache, e, &q->arena);
    if (result == FAIL_LIMIT || result == FAIL_SPACE) {
        q->resolver->limit_hits[result == FAIL_LIMIT ? LIMIT_ID_records : LIMIT_ID_max_entry_size]++;
    }
}

bool frame_push(struct query *q, const uint8_t *name, uint16_t type)
{
    struct frame *f = arena_take(&q->arena, sizeof(*f));
    if (f == NULL) {
        return false;
    }
    f->parent = q->top;
    f->depth = q->top != NULL ? q->top->depth + 1 : 0;
    f->lookups = q->top != NULL ? q->top->lookups + 1 : 0;
    f->deadline = q->top != NULL ? q->top->deadline : q->deadline;
    f->origin = f->name = name;
    f->type = type;
    q->top = f;
    return true;
}

void frame_begin(struct frame *f)
{
    f->sends = 0;
    f->silences = 0;
    f->shown = f->steps = 0;
    f->seeks_parent = f->has_sought_parent = f->is_disowned = f->is_fresh = false;
    f->own_cut = NULL;
    f->hearsay = NULL;
    f->avoid.len = 0;
    f->cut = f->left = (struct cut){.source = CUT_NONE};
}

enum next frame_end(struct frame *f, enum outcome outcome, unsigned rcode)
{
    f->outcome = outcome;
    f->rcode = rcode;
    return NEXT_DONE;
}

enum next frame_end_memory(struct query *q, struct frame *f)
{
    query_hit_limit(q, LIMIT_ID_query_memory);
    return frame_end(f, OUTCOME_LIMIT, RCODE_SERVFAIL);
}

/* The sources of an answer in order of precedence; the last is to ask. */
static enum next resolve(struct query *q, struct frame *f)
{
    bool is_priming = (q->flags & QUERY_PRIME) != 0 && f->depth == 0;
    enum known known = is_priming ? KNOWN_NOTHING : known_find(q, f);
    if (known == KNOWN_NOTHING) {
        known = walk_locate(q, f);
    }
    if (known == KNOWN_NOTHING) {
        known = known_above(q, f, f->cut.zone);
    }
    if (known == KNOWN_NOTHING) {
        known = aggressive_find(q, f);
    }
    if (known == KNOWN_NOTHING && (q->flags & QUERY_CACHE_ONLY) != 0) {
        return frame_end(f, OUTCOME_MISS, RCODE_SERVFAIL);
    }
    if (known == KNOWN_NOTHING) {
        known = reply_take_rest(q, f);
    }
    if (known == KNOWN_NOTHING) {
        return walk_ask(q, f);
    }
    return known == KNOWN_ALIAS ? NEXT_RESOLVE : NEXT_DONE;
}

/* What a failure is remembered for. A name's own servers failed it: that name. A limit of the query: what the client
 * asked for, as neither the last name of a chain of aliases nor the address of a name server can help it, and another
 * query has another budget. */
static const uint8_t *failed_name(const struct query *q, const struct frame *f)
{
    if (f->outcome == OUTCOME_LIMIT && f->depth == 0) {
        return q->first_name != NULL ? q->first_name : f->name;
    }
    return f->outcome == OUTCOME_FAILED ? f->name : NULL;
}

static void count_expense(struct query *q)
{
    uint64_t *hits = q->resolver->limit_hits;
    q->resolver->verifications += q->expense.spent;
    hits[LIMIT_ID_signatures_per_set] += q->expense.reached.signatures;
    hits[LIMIT_ID_keys_per_tag] += q->expense.reached.keys;
    hits[LIMIT_ID_ds_per_zone] += q->expense.reached.ds;
    hits[LIMIT_ID_nsec3_iterations] += q->expense.reached.iterations;
}

static void remember_bogus(struct query *q, const struct frame *f)
{
    struct ede errors[EDE_MAX];
    if (secure_errors(q, f, errors) == 0) {
        errors[0] = (struct ede){.code = EDE_DNSSEC_BOGUS};
    }
    learn_bogus(q, f->bogus->asked, f->type, &errors[0]);
}

static void remember_failure(struct query *q, struct frame *f, const uint8_t *name)
{
    struct ede errors[EDE_MAX];
    if (secure_errors(q, f, errors) == 0) {
        trace_errors(&q->trace, errors);
    }
    f->why = arena_copy(&q->arena, &errors[0], sizeof(errors[0]));
    learn_failure(q, f, name, &errors[0]);
}

static void close_frame(struct query *q, struct frame *f)
{
    const uint8_t *name = failed_name(q, f);
    if (f->outcome == OUTCOME_BOGUS) {
        remember_bogus(q, f);
    } else if (name != NULL) {
        remember_failure(q, f, name);
    }
    finding_store(q, f);
    trace_add(&q->trace, TRACE_FINISH, f->name, f->type, q->now)->rcode = (uint8_t)f->rcode;
}

/* What the frame below makes of the answer that a frame above it got. */
static enum next use_child(struct query *q, struct frame *f, const struct frame *child)
{
    if (child->is_raw) {
        chain_take(q, child);
        return NEXT_DONE;
    }
    return walk_child(q, f, child);
}

static enum want run(struct query *q, enum next next)
{
    for (;;) {
        struct frame *f = q->top;
        switch (next) {
        case NEXT_SEND:
            return WANT_SEND;
        case NEXT_RESOLVE:
            next = resolve(q, f);
            break;
        case NEXT_PAUSE:
            return WANT_CONTINUE;
        case NEXT_DONE:
            next = f->parent == NULL ? secure_check(q, f) : NEXT_DONE;
            if (next != NEXT_DONE) {
                break;
            }
            close_frame(q, f);
            if (f->parent == NULL) {
                count_expense(q);
                compose_answer(q, f);
                return WANT_FINISH;
            }
            q->top = f->parent;
            next = use_child(q, q->top, f);
            break;
        }
    }
}

void query_fetch(const struct query *q)
{
    const struct frame *f = q->top;
    __builtin_prefetch(&q->now);
    __builtin_prefetch(&q->trace.count);
    __builtin_prefetch(f);
    __builtin_prefetch(&f->name);
    __builtin_prefetch(&f->cut.targets);
    __builtin_prefetch(&f->asked);
    arena_fetch(&q->arena);
}

enum want query_step(struct query *q, const struct query_event *ev, uint64_t now)
{
    q->now = now;
    q->event = ev;
    q->top->reply = NULL;
    q->rested = q->expense.effort;
    enum want want = run(q, walk_event(q, q->top));
    q->resolver->effort += q->expense.effort - q->rested;
    return want;
}

const struct send *query_send(const struct query *q)
{
    return &q->send;
}

const struct send *query_beside(const struct query *q)
{
    return q->has_beside ? &q->beside : NULL;
}

const struct answer *query_answer(const struct query *q)
{
    return &q->answer;
}

const struct answer *query_stale_answer(struct query *q, uint64_t now)
{
    q->now = now;
    return stale_find(q);
}

const struct trace *query_trace(const struct query *q)
{
    return &q->trace;
}

const struct question *query_question(const struct query *q)
{
    return &q->question;
}
