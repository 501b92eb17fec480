#include "resolver/server/front.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/base/clock.h"
#include "resolver/base/log.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/refresh.h"
#include "resolver/iterate/routes.h"
#include "resolver/iterate/special.h"
#include "resolver/server/identity.h"
#include "resolver/server/respond.h"
#include "zones/reply.h"

/* Where an answer goes. */
struct client {
    bool is_tcp;
    union {
        struct udp_from udp;
        struct tcp_from tcp;
    };
};

/* A message being answered; `out` of `limit` octets takes an answer that is known at once. */
struct turn {
    struct front *front;
    struct request q;
    const struct client *client;
    const struct addr *peer;
    uint64_t hash; /* of the question among the ready answers; 0: not known yet */
    uint8_t *out;
    size_t limit;
};

/* A client that waits for a walk. */
struct pending {
    struct waiter waiter;
    struct front *front;
    struct client client;
    struct request q;
};

static const struct settings *settings_of(const struct front *f)
{
    return f->generation->settings;
}

static uint64_t batch_now(struct front *f)
{
    if (f->now == 0) {
        f->now = clock_now();
    }
    return f->now;
}

static size_t count_answer(struct front *f, const uint8_t *out, size_t len)
{
    stats_rcode(&f->stats, out[3] & MSG_RCODE);
    if ((out[2] << 8 & MSG_TC) != 0) {
        stats_add(&f->stats, STAT_truncated);
    }
    return len;
}

/* With an Extended DNS Error, unless that would be "other" and nothing more. */
static size_t refuse(const struct turn *t, unsigned rcode, enum ede_code code, const char *why)
{
    struct front *f = t->front;
    struct ede error = {.code = (uint16_t)code};
    bool has_error = code != EDE_OTHER || why[0] != '\0';
    strncpy(error.text, why, sizeof(error.text) - 1);
    const struct responder *r = &settings_of(f)->responder;
    return count_answer(f, t->out, respond_error(r, &t->q, rcode, has_error ? &error : NULL, t->out, t->limit));
}

/* What a client is told as Extended DNS Error, for who reads the log. At level debug, but what was just found bogus, a
 * broken zone or an attack, is news. */
static void log_failure(const struct request *q, const struct answer *a)
{
    bool is_news = a->security == SECURITY_BOGUS && !a->is_remembered;
    enum log_level level = is_news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
    if (!log_wants(level)) {
        return;
    }
    char name[NAME_TEXT_SIZE];
    char type[TYPE_TEXT_SIZE];
    char quoted[2][LOG_QUOTE_SIZE];
    const struct ede *why = &a->errors[0];
    const char *reason = a->error_count == 0 ? "" : why->text[0] != '\0' ? why->text : ede_text(why->code);
    log_limited(level, is_news ? "bogus" : "servfail", "name=%s type=%s reason=%s",
                log_quote(name_text(q->name, name), quoted[0]), type_text(q->type, type), log_quote(reason, quoted[1]));
}

static void refresh(struct front *f, const struct request *q)
{
    const struct question question = {.name = q->name, .type = q->type, .class = CLASS_IN};
    walks_refresh(f->walks, f->generation, &question, (q->flags & MSG_CD) != 0 ? QUERY_CD : 0);
    stats_add(&f->stats, STAT_refreshed);
}

/* When the answer, composed at `now`, is to be renewed. That is begun here if the time has come already. */
static uint64_t plan_refresh(struct front *f, const struct request *q, const struct answer *a, uint64_t now)
{
    uint64_t at = settings_of(f)->policy.prefetch ? refresh_time(a) : REFRESH_NEVER;
    if (at > now) {
        return at;
    }
    if (a->is_cached) {
        refresh(f, q);
    }
    return REFRESH_NEVER;
}

static void note_private(struct front *f, const struct request *q, const struct answer *a)
{
    char name[NAME_TEXT_SIZE];
    char type[TYPE_TEXT_SIZE];
    char quoted[LOG_QUOTE_SIZE];
    stats_add(&f->stats, STAT_private_removed);
    log_limited(LOG_LEVEL_WARN, "private_removed", "name=%s type=%s records=%u",
                log_quote(name_text(q->name, name), quoted), type_text(q->type, type), a->private_removed);
}

static bool is_alias(const struct request *q, const struct answer *a)
{
    const struct rrset *first = a->sections[SECTION_ANSWER];
    return first != NULL && first->type == TYPE_CNAME && q->type != TYPE_CNAME;
}

/* Composes `a` for `q` into `out` and keeps it as a ready answer when it may be. */
static size_t compose(struct front *f, const struct request *q, const struct answer *a, uint32_t epoch, uint8_t *out,
                      size_t limit)
{
    const struct responder *r = &settings_of(f)->responder;
    uint64_t now = batch_now(f);
    UNCLEARED struct respond_marks marks;
    size_t len = respond_answer(r, q, a, now, out, limit, &marks);
    if (marks.is_keepable) {
        struct ready_message m = {.bytes = out, .len = len, .marks = marks.marks, .mark_count = marks.count};
        m.is_secure = a->security == SECURITY_SECURE;
        m.is_alias = is_alias(q, a);
        m.refresh_at = plan_refresh(f, q, a, now);
        ready_keep(f->ready, q, epoch, now, &m);
    } else if (a->is_cached && a->error_count > 0) {
        (void)plan_refresh(f, q, a, now); /* insecure for a reason that no ready answer can tell */
    }
    if (a->rcode == RCODE_SERVFAIL) {
        log_failure(q, a);
    }
    if (a->security == SECURITY_BOGUS) {
        stats_add(&f->stats, STAT_bogus);
    }
    if (a->private_removed > 0) {
        note_private(f, q, a);
    }
    if (a->is_stale) {
        stats_add(&f->stats, STAT_stale);
    }
    struct respond_extra extra = {.rcode = respond_rcode(q, a), .errors = a->errors, .error_count = a->error_count};
    return count_answer(f, out, respond_add_opt(r, q, &extra, out, len, limit));
}

static size_t answer_identity(const struct turn *t)
{
    const struct settings *s = settings_of(t->front);
    const char *text;
    if (!identity_find(&t->q, s->config->server.identity, &text)) {
        return refuse(t, RCODE_REFUSED, EDE_OTHER, "");
    }
    struct respond_extra extra = {0};
    size_t len = identity_answer(&t->q, text, t->out, t->limit);
    return count_answer(t->front, t->out, respond_add_opt(&s->responder, &t->q, &extra, t->out, len, t->limit));
}

/* Own zones. 0: no own zone has the whole answer; a walk has to go on. */
static size_t answer_from_zone(const struct turn *t)
{
    struct front *f = t->front;
    struct zone_reply reply;
    enum zone_reply_kind kind = zone_reply(settings_of(f)->zones, t->q.name, t->q.type, &f->arena, &reply);
    bool wants_more = kind != ZONE_REPLY_ANSWER && (t->q.flags & MSG_RD) != 0;
    size_t len = 0;
    if (kind == ZONE_REPLY_NONE && reply.rcode == RCODE_SERVFAIL) {
        len = refuse(t, RCODE_SERVFAIL, EDE_OTHER, "the answer from the own zone is too large");
    } else if (kind != ZONE_REPLY_NONE && !wants_more) {
        struct answer a = {.rcode = reply.rcode, .is_local = true, .authoritative = kind != ZONE_REPLY_DELEGATION};
        memcpy(a.sections, reply.sections, sizeof(a.sections));
        len = compose(f, &t->q, &a, 0, t->out, t->limit);
        stats_add(&f->stats, STAT_from_zone);
    }
    arena_reset(&f->arena);
    return len;
}

/* Special-use names are known here whether recursion is desired or not (RFC 6303 3). */
static size_t answer_special(const struct turn *t)
{
    struct front *f = t->front;
    struct local_answer local = {0};
    size_t len = 0;
    const struct policy *p = &settings_of(f)->policy;
    if (route_leaves_special_use(p, t->q.name, t->q.type) &&
        special_find(t->q.name, t->q.type, &f->arena, &local) == LOCAL_ANSWER) {
        struct answer a = {.rcode = local.rcode, .is_local = true, .authoritative = true};
        memcpy(a.sections, local.sections, sizeof(a.sections));
        len = compose(f, &t->q, &a, 0, t->out, t->limit);
        stats_add(&f->stats, STAT_from_cache);
    }
    arena_reset(&f->arena);
    return len;
}

/* The cache must know what is popular, but not each time: at 1, 2, 4, ... 128 uses of a ready answer. */
static void note_use(const struct turn *t)
{
    struct front *f = t->front;
    unsigned hits = ready_hits(f->ready);
    if ((hits & (hits - 1)) != 0) {
        return;
    }
    if (ready_is_alias(f->ready)) {
        cache_touch(f->cache, CACHE_ANSWER, t->q.key, TYPE_CNAME);
    } else if ((t->out[3] & MSG_RCODE) == RCODE_NXDOMAIN) {
        cache_touch(f->cache, CACHE_NXDOMAIN, t->q.key, 0);
    } else {
        cache_touch(f->cache, CACHE_ANSWER, t->q.key, t->q.type);
    }
}

static size_t answer_ready(const struct turn *t)
{
    struct front *f = t->front;
    const struct responder *r = &settings_of(f)->responder;
    size_t room = t->limit - respond_opt_size(r, &t->q);
    uint64_t hash = t->hash != 0 ? t->hash : ready_hash(t->q.key, t->q.name_len, t->q.type);
    size_t len = ready_find(f->ready, &t->q, hash, cache_epoch(f->cache), batch_now(f), t->out, room);
    if (len == 0) {
        return 0;
    }
    note_use(t);
    if (ready_is_due(f->ready)) {
        refresh(f, &t->q);
    }
    struct respond_extra extra = {.rcode = t->out[3] & MSG_RCODE};
    stats_add(&f->stats, STAT_from_ready);
    return count_answer(f, t->out, respond_add_opt(r, &t->q, &extra, t->out, len, t->limit));
}

static void send_to(struct front *f, const struct client *c, const uint8_t *bytes, size_t len)
{
    if (c->is_tcp) {
        tcp_reply(f->tcp, &c->tcp, bytes, len);
    } else {
        udp_send(f->udp, &c->udp, bytes, len);
    }
}

static void answer_pending(struct waiter *w, const struct answer *a)
{
    struct pending *p = (struct pending *)(void *)((char *)w - offsetof(struct pending, waiter));
    struct front *f = p->front;
    f->now = 0; /* the walk took time since the batch began */
    size_t limit = respond_limit(&p->q, p->client.is_tcp);
    size_t len = compose(f, &p->q, a, w->epoch, f->answer, limit);
    stats_add(&f->stats, w->is_late ? STAT_late : STAT_from_walk);
    send_to(f, &p->client, f->answer, len);
    f->now = 0;
    pool_give(&f->waiting, p);
}

static size_t wait_for(const struct turn *t, struct walk *walk, const struct asker *who)
{
    struct pending *p = pool_take(&t->front->waiting, sizeof(*p));
    if (p != NULL) {
        p->front = t->front;
        p->client = *t->client;
        p->q = t->q;
        p->waiter.answer = answer_pending;
        p->waiter.asker = *who;
        if (walk_wait(walk, &p->waiter) == FAIL_NONE) {
            return 0;
        }
        pool_give(&t->front->waiting, p);
    }
    stats_add(&t->front->stats, STAT_overload);
    return refuse(t, RCODE_SERVFAIL, EDE_OTHER, "too many clients wait, for this question or in all");
}

static size_t answer_by_walk(const struct turn *t)
{
    struct front *f = t->front;
    unsigned flags = (t->q.flags & MSG_CD) != 0 ? QUERY_CD : 0;
    const struct question q = {.name = t->q.name, .type = t->q.type, .class = CLASS_IN};
    struct asker who = crowd_asker(t->peer, t->client->is_tcp || t->q.is_proven);
    struct walk *walk;
    switch (walks_ask(f->walks, f->generation, &q, flags, &who, &walk)) {
    case WALK_FINISHED: {
        size_t len = compose(f, &t->q, walk_answer(walk), walk_epoch(walk), t->out, t->limit);
        walk_release(walk);
        stats_add(&f->stats, STAT_from_cache);
        return len;
    }
    case WALK_ON: {
        const struct answer *stale = walk_answer_at_once(walk);
        return stale != NULL ? compose(f, &t->q, stale, walk_epoch(walk), t->out, t->limit) : wait_for(t, walk, &who);
    }
    case WALK_REFUSED:
    default:
        stats_add(&f->stats, STAT_overload);
        return refuse(t, RCODE_SERVFAIL, EDE_OTHER, "too many questions in progress");
    }
}

/* Types that are not data cannot be asked for (RFC 6895 3.1); transfers are not offered. */
static size_t answer_meta(const struct turn *t)
{
    enum { TYPE_MAILB = 253, TYPE_MAILA = 254 };
    switch (t->q.type) {
    case TYPE_AXFR:
    case TYPE_IXFR:
        return refuse(t, RCODE_REFUSED, EDE_NOT_SUPPORTED, "zone transfers are not offered");
    case TYPE_MAILA:
    case TYPE_MAILB:
        return refuse(t, RCODE_NOTIMP, EDE_OTHER, "");
    default:
        return refuse(t, RCODE_FORMERR, EDE_OTHER, "");
    }
}

static size_t answer_question(const struct turn *t)
{
    struct front *f = t->front;
    if (t->q.class == CLASS_CH) {
        return answer_identity(t);
    }
    if (t->q.class != CLASS_IN) {
        return refuse(t, RCODE_REFUSED, EDE_NOT_SUPPORTED, "only class IN is served");
    }
    if (type_is_meta(t->q.type) && t->q.type != TYPE_ANY) {
        return answer_meta(t);
    }
    size_t len = 0;
    if (f->generation->resolver.local.find != NULL) {
        len = answer_from_zone(t);
    }
    if (len == 0 && (t->q.flags & MSG_RD) == 0) {
        len = answer_special(t);
        return len != 0
                   ? len
                   : refuse(t, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, "not an own zone, and recursion was not desired");
    }
    if (len == 0) {
        len = answer_ready(t);
    }
    return len != 0 ? len : answer_by_walk(t);
}

static void check_cookie(struct turn *t)
{
    struct front *f = t->front;
    uint32_t now_s = (uint32_t)(batch_now(f) / 1000);
    t->q.is_proven = cookie_answer(&settings_of(f)->cookies, t->peer, now_s, &t->q.edns);
    if (t->q.is_proven) {
        stats_add(&f->stats, STAT_proven);
    }
}

/* For who may be the victim of a forged source address. True when it gets no answer, or only TC in *len octets. */
static bool is_over_rate(const struct turn *t, size_t *len)
{
    struct front *f = t->front;
    struct resolver *r = &f->generation->resolver;
    uint32_t per_second = limit_get(&r->policy->limits, responses_per_second);
    if (per_second == 0 || t->client->is_tcp || t->q.is_proven) {
        return false;
    }
    enum rate_verdict verdict = rate_count(f->rates, t->peer, per_second, batch_now(f));
    if (verdict == RATE_ANSWER) {
        return false;
    }
    r->limit_hits[LIMIT_ID_responses_per_second]++;
    stats_add(&f->stats, STAT_rate_limited);
    *len = verdict == RATE_TRUNCATE ? respond_truncated(&settings_of(f)->responder, &t->q, t->out, t->limit) : 0;
    return true;
}

/* A stranger's answer is hardly larger than its query: its address may be forged. */
static void forget_wishes(struct edns *e)
{
    e->wants_nsid = false;
    e->cookie_len = 0;
    e->has_keepalive = false;
}

static size_t answer_message(struct turn *t, enum request_verdict verdict)
{
    struct front *f = t->front;
    if (verdict == REQUEST_IGNORE) {
        stats_add(&f->stats, STAT_ignored);
        return 0;
    }
    size_t len;
    bool is_stranger = !settings_allow(settings_of(f), t->peer);
    if (is_stranger) {
        forget_wishes(&t->q.edns);
    }
    bool had_server_cookie = t->q.edns.cookie_len > EDNS_CLIENT_COOKIE;
    if (t->q.edns.cookie_len > 0) {
        check_cookie(t);
    }
    if (is_over_rate(t, &len)) {
        return len;
    }
    if (is_stranger) {
        stats_add(&f->stats, STAT_denied);
        return refuse(t, RCODE_REFUSED, EDE_PROHIBITED, "");
    }
    switch (verdict) {
    case REQUEST_OK:
        return answer_question(t);
    case REQUEST_NOTIMP:
        return refuse(t, RCODE_NOTIMP, EDE_OTHER, "");
    case REQUEST_BADVERS:
        return refuse(t, RCODE_BADVERS, EDE_OTHER, "");
    case REQUEST_COOKIE: /* a server cookie shown without a question is there to be confirmed (RFC 7873 5.4) */
        return refuse(t, had_server_cookie && !t->q.is_proven ? RCODE_BADCOOKIE : RCODE_NOERROR, EDE_OTHER, "");
    case REQUEST_FORMERR:
    case REQUEST_IGNORE:
    default:
        return refuse(t, RCODE_FORMERR, EDE_OTHER, "");
    }
}

uint64_t front_peek(void *arg, const uint8_t *bytes, size_t len)
{
    struct front *f = arg;
    UNCLEARED uint8_t key[NAME_SIZE];
    uint16_t type;
    size_t name_len = request_peek(bytes, len, key, &type);
    if (name_len == 0) {
        return 0;
    }
    const struct zone_set *zones = settings_of(f)->zones;
    if (zones != NULL && zone_reply_prefetch(zones, key)) {
        return 0;
    }
    uint64_t hash = ready_hash(key, name_len, type);
    ready_prefetch(f->ready, hash);
    return hash;
}

/* The rest is up to the caller. Field by field, since a request is large and request_parse sets what there is of it. */
static void begin_turn(struct turn *t, struct front *f, const struct client *client, uint8_t *out)
{
    t->front = f;
    t->client = client;
    t->out = out;
}

size_t front_udp(void *arg, const struct udp_packet *in, uint8_t *out, size_t size)
{
    struct front *f = arg;
    struct client client = {.is_tcp = false, .udp = in->from};
    UNCLEARED struct turn t;
    begin_turn(&t, f, &client, out);
    t.peer = &client.udp.peer;
    t.hash = in->hint;
    enum request_verdict verdict = request_parse(in->bytes, in->len, &t.q);
    t.limit = respond_limit(&t.q, false);
    if (t.limit > size) {
        t.limit = size;
    }
    stats_add(&f->stats, STAT_udp_queries);
    return answer_message(&t, verdict);
}

/* Tells the client how long its connection may idle, if it wants to know (RFC 7828 3.3.2). */
static void tell_keepalive(const struct front *f, struct edns *e)
{
    enum { UNIT_MS = 100 };
    uint32_t units = tcp_idle_ms(f->tcp) / UNIT_MS;
    e->has_keepalive = true;
    e->keepalive = (uint16_t)(units < UINT16_MAX ? units : UINT16_MAX);
}

void front_tcp(void *arg, const struct tcp_from *from, const uint8_t *bytes, size_t len)
{
    struct front *f = arg;
    struct client client = {.is_tcp = true, .tcp = *from};
    UNCLEARED struct turn t;
    begin_turn(&t, f, &client, f->answer);
    t.peer = &client.tcp.peer;
    t.hash = 0;
    enum request_verdict verdict = request_parse(bytes, len, &t.q);
    t.limit = sizeof(f->answer);
    stats_add(&f->stats, STAT_tcp_queries);
    if (t.q.edns.bad_keepalive) {
        verdict = REQUEST_FORMERR;
    } else if (t.q.edns.wants_keepalive) {
        tell_keepalive(f, &t.q.edns);
    }
    size_t answer_len = answer_message(&t, verdict);
    if (answer_len > 0) {
        tcp_reply(f->tcp, from, t.out, answer_len);
    } else if (verdict == REQUEST_IGNORE) {
        /* Nothing sensible follows on a stream that carries what is not a query. */
        tcp_close(f->tcp, from);
    }
}
