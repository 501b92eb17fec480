#include "resolver/iterate/walk.h"

#include <string.h>

#include "resolver/dns/msg.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/beside.h"
#include "resolver/iterate/classify.h"
#include "resolver/iterate/glueless.h"
#include "resolver/iterate/hearsay.h"
#include "resolver/iterate/local_root.h"
#include "resolver/iterate/minimise.h"
#include "resolver/iterate/pick.h"
#include "resolver/iterate/reply.h"
#include "resolver/iterate/routes.h"
#include "resolver/iterate/scrub.h"
#include "resolver/iterate/servers.h"

enum {
    TCP_TIMEOUT_MIN_MS = 200,
    SILENCES_TO_WHOLE = 2, /* time-outs over UDP after which part of a name is suspected to be what nobody answers */
    PATIENCE_MS = 2100,    /* first tries at all forwarders of a zone */
    PATIENCE_SHARES = 3
};

/* ---- Where the walk begins ---- */

static bool is_priming(const struct query *q, const struct frame *f)
{
    return (q->flags & QUERY_PRIME) != 0 && f->depth == 0;
}

/* A delegation in the cache is better than what an own zone or the configuration says of `zone` only when it lies
 * deeper. */
static bool is_better(const uint8_t *zone, const struct cache_entry *e)
{
    if (e == NULL || e->sets == NULL || e->sets->type != TYPE_NS) {
        return false;
    }
    return zone == NULL || (name_is_under(e->sets->owner, zone) && !name_equal(e->sets->owner, zone));
}

/* The route for `start`, unless an own zone delegates the names of a deeper zone elsewhere. */
static const struct route *find_route(const struct query *q, struct frame *f, const uint8_t *start)
{
    const struct route *route = is_priming(q, f) ? NULL : route_find(q->resolver->policy, start);
    if (route != NULL && f->cut.source == CUT_LOCAL && !name_is_under(route->zone, f->cut.zone)) {
        return NULL;
    }
    f->own_cut = route == NULL ? f->own_cut : NULL;
    return route;
}

/* Puts the frame at the deepest delegation known at or above `start`. A forwarder knows what lies below its zone. */
static enum known locate(struct query *q, struct frame *f, const uint8_t *start)
{
    const struct route *route = find_route(q, f, start);
    const uint8_t *zone = route != NULL ? route->zone : (f->cut.source == CUT_LOCAL ? f->cut.zone : NULL);
    const struct cache_entry *e = NULL;
    int failed = FAIL_NONE;
    if (!is_priming(q, f) && (route == NULL || !route->is_forward)) {
        const uint8_t *from = f->is_bare && start == f->name ? name_parent(start) : start;
        f->is_bare = false; /* by the next time it may have got one */
        failed = cache_find_delegation(q->resolver->cache, from, q->now, &q->arena, &e);
    }
    if (failed == FAIL_NONE && is_better(zone, e)) {
        failed = cut_from_set(&f->cut, CUT_CACHE, e->sets, e->sets, q->resolver, &q->arena);
        f->cut.foreign = e->foreign;
        f->cut.lasts_until = name_is_root(e->name) ? 0 : cut_end(e->expires, e->backed_until);
    } else if (failed == FAIL_NONE && route != NULL) {
        failed = cut_from_route(&f->cut, route, q->resolver, &q->arena);
    } else if (failed == FAIL_NONE && f->cut.source != CUT_LOCAL) {
        failed = cut_from_hints(&f->cut, q->resolver, &q->arena);
    }
    if (failed != FAIL_NONE) {
        frame_end_memory(q, f);
        return KNOWN_ANSWER;
    }
    f->shown = 0;
    trace_add(&q->trace, TRACE_CUT, f->cut.zone, f->type, q->now)->detail = (uint8_t)f->cut.source;
    return KNOWN_NOTHING;
}

/* The parent of a cut answers for its DS (RFC 4035 3.1.4.1), and for the addresses of servers within the zone below. */
enum known walk_locate(struct query *q, struct frame *f)
{
    if (f->above != NULL && name_is_under(f->name, f->above)) {
        return locate(q, f, name_parent(f->above));
    }
    return locate(q, f, f->type == TYPE_DS ? name_parent(f->name) : f->name);
}

/* A zone whose remembered servers disown it has probably moved: its parent knows where to. Once a minute for each zone,
 * so that a zone that is merely broken costs its parent nothing. */
static bool may_ask_parent(struct query *q, const struct frame *f)
{
    struct servers *servers = q->resolver->servers;
    if (f->cut.source != CUT_CACHE || !f->is_disowned || f->own_cut != NULL || name_is_root(f->cut.zone) ||
        servers_is_vain(servers, f->cut.zone, q->now)) {
        return false;
    }
    servers_set_vain(servers, f->cut.zone, q->now);
    return true;
}

/* ---- Asking ---- */

static bool is_at_forwarder(const struct frame *f)
{
    return f->cut.source == CUT_FORWARD;
}

/* A forwarder's round-trip time says little: an answer it has cached takes a moment, one it must look for takes long.
 * Several must still fit into the time a client waits. */
static uint32_t forwarder_patience(const struct frame *f, const struct target *t)
{
    uint32_t share = PATIENCE_MS / (f->cut.target_count > PATIENCE_SHARES ? f->cut.target_count : PATIENCE_SHARES);
    uint32_t ms = share << (t->timeouts < 2 ? t->timeouts : 2);
    return ms < SERVERS_TIMEOUT_MAX_MS ? ms : SERVERS_TIMEOUT_MAX_MS;
}

static uint32_t timeout(const struct query *q, const struct frame *f, const struct target *t,
                        const struct server_info *info, bool is_tcp)
{
    uint32_t ms = servers_timeout(q->resolver->servers, &t->addr, t->timeouts);
    bool has_doubled = t->timeouts > 0 && (info == NULL || info->srtt_us == 0);
    if (is_tcp && !has_doubled) { /* connecting takes a round trip of its own */
        ms = 2 * ms < TCP_TIMEOUT_MIN_MS ? TCP_TIMEOUT_MIN_MS : 2 * ms;
        ms = ms > SERVERS_TIMEOUT_MAX_MS ? SERVERS_TIMEOUT_MAX_MS : ms;
    }
    if (is_at_forwarder(f) && ms < forwarder_patience(f, t)) {
        ms = forwarder_patience(f, t);
    }
    uint64_t left = f->deadline - q->now;
    return ms < left ? ms : (uint32_t)left;
}

static bool use_edns(const struct query *q, const struct frame *f, const struct target *t,
                     const struct server_info *info)
{
    return !t->is_plain && (f->cut.is_signed || info == NULL || q->now >= info->plain_until);
}

static bool loses_case(const struct query *q, const struct server_info *info)
{
    return info != NULL && q->now < info->case_until;
}

static enum next send_to(struct query *q, struct frame *f, struct target *t)
{
    const struct server_info *info = pick_info(q, t);
    bool is_tcp = pick_tcp(q, f, t);
    if (f->sends >= limit_get(query_limits(q), sends_per_name)) {
        query_hit_limit(q, LIMIT_ID_sends_per_name);
        return frame_end(f, OUTCOME_FAILED, RCODE_SERVFAIL);
    }
    if (!query_spend(q, LIMIT_ID_sends, 1) ||
        (is_tcp && pick_spends_tcp(q, t) && !query_spend(q, LIMIT_ID_tcp_connects, 1))) {
        return frame_end(f, OUTCOME_LIMIT, RCODE_SERVFAIL);
    }
    f->sends++;
    f->asked = t;
    t->tries[is_tcp]++;
    minimise_begin(q, f);
    name_lower(q->send_name, minimise_name(f));
    q->send = (struct send){.server = t->addr,
                            .zone = f->cut.zone,
                            .name = q->send_name,
                            .type = minimise_type(f),
                            .use_tcp = is_tcp,
                            .use_edns = use_edns(q, f, t, info),
                            .recursion = is_at_forwarder(f),
                            .plain_case = loses_case(q, info),
                            .is_routed = is_at_forwarder(f) || f->cut.source == CUT_STUB,
                            .timeout_ms = timeout(q, f, t, info, is_tcp)};
    bool was_dead = servers_probe(q->resolver->servers, &t->addr, q->now + q->send.timeout_ms, q->now);
    t->is_probed = t->is_probed || (was_dead && t->tries[0] + t->tries[1] == 1);
    beside_decide(q, f, t, is_tcp);
    struct trace_step *step = trace_add(&q->trace, TRACE_ASK, q->send_name, q->send.type, q->now);
    step->server = t->addr;
    step->detail = is_tcp;
    return NEXT_SEND;
}

/* The server that was to be avoided is the only one: over TCP, where nobody else can have a hand in what it says. */
static bool readmit(struct frame *f)
{
    struct target *t = f->avoid.len != 0 ? cut_find_target(&f->cut, &f->avoid) : NULL;
    f->avoid.len = 0;
    if (t != NULL) {
        t->is_out = false;
        t->needs_tcp = true;
    }
    return t != NULL;
}

static enum next take_hearsay(struct query *q, struct frame *f)
{
    return hearsay_take(q, f) == KNOWN_ALIAS ? NEXT_RESOLVE : NEXT_DONE;
}

/* Servers whose address is known come first; when even the best of them was silent before, another server's address is
 * worth looking up. */
enum next walk_ask(struct query *q, struct frame *f)
{
    if (q->now >= f->deadline && f->deadline < q->deadline) { /* its servers did not make it in time */
        return frame_end(f, OUTCOME_FAILED, RCODE_SERVFAIL);
    }
    if (q->now >= f->deadline) {
        query_hit_limit(q, LIMIT_ID_walk_ms);
        return frame_end(f, OUTCOME_LIMIT, RCODE_SERVFAIL);
    }
    enum known known = local_root_ask(q, f);
    if (known != KNOWN_NOTHING) {
        return known == KNOWN_ALIAS ? NEXT_RESOLVE : NEXT_DONE;
    }
    if (hearsay_is_all(f)) {
        return take_hearsay(q, f);
    }
    for (;;) {
        cut_avoid(&f->cut, &f->avoid);
        struct target *t = pick_target(q, f);
        enum search search = t == NULL || t->timeouts > 0 ? glueless_search(q, f) : SEARCH_NONE;
        if (search == SEARCH_FRAME) {
            return NEXT_RESOLVE;
        }
        if (search == SEARCH_NONE && t != NULL) {
            return send_to(q, f, t);
        }
        if (search == SEARCH_NONE && readmit(f)) {
            continue;
        }
        if (search == SEARCH_NONE && may_ask_parent(q, f)) {
            f->left = f->cut;
            if (locate(q, f, name_parent(f->cut.zone)) == KNOWN_ANSWER) {
                return NEXT_DONE;
            }
            continue;
        }
        if (search == SEARCH_NONE && f->hearsay != NULL) {
            return take_hearsay(q, f);
        }
        if (search == SEARCH_NONE && !glueless_last_resort(q, f)) {
            pick_trace_resting(q, f);
            return frame_end(f, f->is_starved ? OUTCOME_LIMIT : OUTCOME_FAILED, RCODE_SERVFAIL);
        }
    }
}

/* The same server once more, in another manner. */
static enum next ask_again(struct query *q, struct frame *f, struct target *t)
{
    return q->now < f->deadline && pick_may_ask(q, f, t) ? send_to(q, f, t) : walk_ask(q, f);
}

static enum next ask_other(struct query *q, struct frame *f, struct target *t)
{
    t->is_out = true;
    return walk_ask(q, f);
}

/* After a reply of no use. When it was about part of the name, the server may still know the whole: some are made for
 * the names they expect and nothing else. */
static enum next ask_differently(struct query *q, struct frame *f, struct target *t)
{
    if (!minimise_is_part(f)) {
        return ask_other(q, f, t);
    }
    minimise_give_up(f);
    return ask_again(q, f, t);
}

/* ---- Events ---- */

static void trace_server(struct query *q, const struct frame *f, enum trace_kind kind, const struct addr *server)
{
    trace_add(&q->trace, kind, f->name, f->type, q->now)->server = *server;
}

static enum next got_silence(struct query *q, struct frame *f, struct target *t)
{
    trace_server(q, f, TRACE_TIMEOUT, &t->addr);
    if (!is_at_forwarder(f) || t->timeouts == 0) { /* one name that a forwarder cannot find is one failure */
        servers_failed(q->resolver->servers, &t->addr, q->now);
    }
    t->timeouts++;
    if (!q->event->over_tcp) {
        servers_silent_over_udp(q->resolver->servers, &t->addr, q->now);
        f->silences++;
    }
    if (minimise_is_part(f) && (q->event->over_tcp || f->silences >= SILENCES_TO_WHOLE)) {
        minimise_stop(f);
        t->needs_tcp = false;
    }
    return walk_ask(q, f);
}

static enum next got_refusal(struct query *q, struct frame *f, struct target *t)
{
    trace_server(q, f, TRACE_UNREACHABLE, &t->addr);
    servers_refused(q->resolver->servers, &t->addr, q->now);
    if (q->event->over_tcp && !t->needs_tcp) { /* it was only a guess that TCP may work where UDP was silent */
        t->tries[1] = UINT8_MAX;
        return walk_ask(q, f);
    }
    if (q->event->over_tcp && minimise_is_part(f)) { /* the whole name may not need TCP */
        minimise_give_up(f);
        return walk_ask(q, f);
    }
    return ask_other(q, f, t);
}

/* EDNS is given up for a server that never showed any sign of it, but never in a signed zone, whose servers must know
 * it (RFC 4035 3). Where a FORMERR without OPT cannot be true it is perhaps a forger's: over TCP it would be the
 * server's own. */
static enum next got_formerr(struct query *q, struct frame *f, const struct msg *m, struct target *t)
{
    const struct server_info *info = pick_info(q, t);
    bool knows_edns = f->cut.is_signed || (info != NULL && info->has_edns);
    if (!q->send.use_edns || t->is_plain || (m->edns.present && m->rcode != RCODE_BADVERS) ||
        (knows_edns && (q->event->over_tcp || t->needs_tcp || minimise_is_part(f)))) {
        return ask_differently(q, f, t);
    }
    t->needs_tcp = knows_edns;
    t->is_plain = !knows_edns;
    return ask_again(q, f, t);
}

/* The server does not know the zone, or only not what part of a name is. */
static enum next got_disclaimer(struct query *q, struct frame *f, struct target *t)
{
    if (!minimise_is_part(f)) {
        servers_set_lame(q->resolver->servers, &t->addr, f->cut.zone, q->now);
        f->is_disowned = true;
    }
    return ask_differently(q, f, t);
}

/* What the reply teaches about the server itself. */
static void note_habits(struct query *q, struct frame *f, const struct msg *m, struct target *t, enum reply_kind kind)
{
    struct servers *servers = q->resolver->servers;
    const struct query_event *ev = q->event;
    if (kind == REPLY_JUNK) {
        return;
    }
    servers_replied(servers, &ev->server, ev->rtt_us, ev->over_tcp, q->now);
    f->silences = 0;
    if (m->edns.present && m->rcode != RCODE_BADVERS) {
        servers_saw_edns(servers, &ev->server, q->now);
    } else if (t->is_plain && kind != REPLY_FORMERR) {
        servers_only_plain(servers, &ev->server, q->now);
    }
    if (ev->over_tcp && !t->needs_tcp) {
        servers_only_tcp(servers, &ev->server, t->timeouts > 0, q->now);
    }
    if (ev->case_lost) {
        servers_lost_case(servers, &ev->server, q->now);
    }
}

/* Parses the reply into the query's memory. NULL when it is no message; *kind then says what to make of it. */
static struct msg *read_reply(struct query *q, const struct frame *f, enum reply_kind *kind)
{
    const struct query_event *ev = q->event;
    struct msg *m = arena_take(&q->arena, sizeof(*m));
    *kind = REPLY_JUNK;
    int failed = m != NULL ? msg_parse(ev->bytes, ev->len, &q->arena, m) : FAIL_LIMIT;
    if (failed == FAIL_LIMIT) {
        return NULL;
    }
    if (failed != FAIL_NONE) {
        /* A truncated message may end in the middle of a record. */
        bool is_cut =
            ev->len >= MSG_HEADER_SIZE && (wire_get_u16(ev->bytes + 2) & (MSG_QR | MSG_TC)) == (MSG_QR | MSG_TC);
        *kind = is_cut && !ev->over_tcp ? REPLY_TRUNCATED : REPLY_JUNK;
        *m = (struct msg){0};
        return m;
    }
    *kind = classify_reply(m, f->cut.zone, minimise_name(f), minimise_type(f), ev->over_tcp);
    if (is_at_forwarder(f)) {
        *kind = classify_forwarded(m, *kind);
    }
    return m;
}

/* A server of a zone further up that serves the child as well, but not the zone between, denies the DS in the child's
 * name: the wrong side of the cut. The zone between is then sought by its name servers. */
static bool is_from_child(const struct frame *f, const struct msg *m)
{
    if (f->type != TYPE_DS || f->has_sought_parent || is_at_forwarder(f) ||
        name_labels(f->name) < name_labels(f->cut.zone) + 2) {
        return false;
    }
    const struct rrset *soa = scrub_soa(m, f->cut.zone, f->name);
    return soa == NULL || name_equal(soa->owner, f->name);
}

/* What is said about part of the name only tells how to go on (RFC 9156 3). A CNAME there says nothing about names
 * below it, a DNAME does. A denial would deny all below (RFC 8020), but there are servers that deny names which own
 * nothing themselves. */
static enum next take_part(struct query *q, struct frame *f, const struct msg *m, struct target *t,
                           enum reply_kind kind)
{
    if (kind == REPLY_ALIAS && scrub_dname(m, f->cut.zone, minimise_name(f)) != NULL) {
        return reply_take(q, f, m, f->cut.zone, REPLY_ALIAS) == KNOWN_ALIAS ? NEXT_RESOLVE : NEXT_DONE;
    }
    reply_note(q, f, m, kind);
    if (kind == REPLY_NXDOMAIN) {
        minimise_give_up(f);
    } else {
        minimise_extend(q, f);
    }
    return ask_again(q, f, t);
}

static enum next take(struct query *q, struct frame *f, const struct msg *m, struct target *t, enum reply_kind kind)
{
    if (minimise_is_part(f)) {
        return take_part(q, f, m, t, kind);
    }
    bool is_detour = f->seeks_parent;
    if (is_detour || (kind == REPLY_NODATA && is_from_child(f, m))) {
        f->seeks_parent = !is_detour;
        f->has_sought_parent = is_detour;
        return ask_again(q, f, t);
    }
    if (hearsay_keep(q, f, m, t, kind)) {
        return walk_ask(q, f);
    }
    return reply_take(q, f, m, f->cut.zone, kind) == KNOWN_ALIAS ? NEXT_RESOLVE : NEXT_DONE;
}

static enum next act(struct query *q, struct frame *f, const struct msg *m, struct target *t, enum reply_kind kind)
{
    switch (kind) {
    case REPLY_ANSWER:
    case REPLY_ALIAS:
    case REPLY_NODATA:
    case REPLY_NXDOMAIN:
        return take(q, f, m, t, kind);
    case REPLY_REFERRAL:
        return reply_refer(q, f, m) == KNOWN_ANSWER ? NEXT_DONE : walk_ask(q, f);
    case REPLY_FORMERR:
        return got_formerr(q, f, m, t);
    case REPLY_TRUNCATED:
        t->needs_tcp = true;
        return ask_again(q, f, t);
    case REPLY_JUNK: /* a forger's work perhaps: over TCP it would be the server's own */
        if (q->event->over_tcp || t->needs_tcp) {
            return ask_differently(q, f, t);
        }
        t->needs_tcp = true;
        return ask_again(q, f, t);
    case REPLY_LAME:
        if (!minimise_is_part(f)) {
            hearsay_keep_bare(q, f, m);
        }
        return got_disclaimer(q, f, t);
    case REPLY_REFUSED:
        return got_disclaimer(q, f, t);
    case REPLY_SERVFAIL:
        break;
    }
    return ask_differently(q, f, t);
}

/* A forwarder's own reason goes to the client: of the last reply that has one, unless a later one was of use. */
static void note_reason(struct query *q, const struct frame *f, const struct msg *m, enum reply_kind kind)
{
    if (f->depth > 0 || !is_at_forwarder(f) || (kind > REPLY_NXDOMAIN && !m->edns.has_received)) {
        return;
    }
    q->has_reason = m->edns.has_received;
    if (q->has_reason) {
        trace_forwarded_error(&q->event->server, &m->edns.received, &q->reason);
    }
}

static enum next got_no_place(struct query *q, struct frame *f)
{
    q->resolver->limit_hits[LIMIT_ID_in_flight_per_zone]++;
    trace_add(&q->trace, TRACE_LIMIT, f->cut.zone, f->type, q->now)->detail = LIMIT_ID_in_flight_per_zone;
    return frame_end(f, OUTCOME_CROWDED, RCODE_SERVFAIL);
}

static enum next got_reply(struct query *q, struct frame *f, struct target *t)
{
    const struct query_event *ev = q->event;
    if (!query_spend(q, LIMIT_ID_received_bytes, (uint32_t)ev->len)) {
        return frame_end(f, OUTCOME_LIMIT, RCODE_SERVFAIL);
    }
    servers_fetch(q->resolver->servers, t->place); /* for note_habits */
    enum reply_kind kind;
    const struct msg *m = read_reply(q, f, &kind);
    if (m == NULL) {
        return frame_end_memory(q, f);
    }
    struct trace_step *step = trace_add(&q->trace, TRACE_REPLY, f->name, f->type, q->now);
    step->server = ev->server;
    step->detail = (uint8_t)kind;
    step->rcode = (uint8_t)m->rcode;
    step->rtt_us = ev->rtt_us;
    f->source = ev->server;
    if (ev->over_tcp) {
        pick_note_stream(q, &ev->server);
    }
    note_habits(q, f, m, t, kind);
    note_reason(q, f, m, kind);
    return act(q, f, m, t, kind);
}

enum next walk_event(struct query *q, struct frame *f)
{
    /* With shared exchanges the event may be about another server of the zone than the one chosen here. */
    struct target *t = cut_find_target(&f->cut, &q->event->server);
    t = t != NULL ? t : f->asked;
    switch (q->event->kind) {
    case EVENT_REPLY:
        return got_reply(q, f, t);
    case EVENT_TIMEOUT:
        return got_silence(q, f, t);
    case EVENT_UNREACHABLE:
        return got_refusal(q, f, t);
    case EVENT_SUSPECT:
        t->needs_tcp = true;
        return ask_again(q, f, t);
    case EVENT_CROWDED:
        return got_no_place(q, f);
    case EVENT_CONTINUE:
        return NEXT_DONE;
    case EVENT_START:
        break;
    }
    return NEXT_RESOLVE;
}

enum next walk_child(struct query *q, struct frame *f, const struct frame *child)
{
    glueless_found(q, f, child);
    return walk_ask(q, f);
}
