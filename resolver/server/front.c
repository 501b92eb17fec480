#include "resolver/server/front.h"

#include <string.h>

#include "resolver/dns/type.h"
#include "resolver/iterate/routes.h"
#include "resolver/iterate/special.h"
#include "resolver/server/front_private.h"
#include "resolver/server/identity.h"
#include "zones/reply.h"

static size_t refuse(const struct turn *t, unsigned rcode, enum ede_code code, const char *why)
{
    return front_refuse(t->front, &t->q, rcode, code, why, t->out, t->limit);
}

static size_t answer_identity(const struct turn *t)
{
    const struct settings *s = front_settings(t->front);
    const char *text;
    if (!identity_find(&t->q, s->config->server.identity, &text)) {
        return refuse(t, RCODE_REFUSED, EDE_OTHER, "");
    }
    struct respond_extra extra = {0};
    size_t len = identity_answer(&t->q, text, t->out, t->limit);
    return front_count(t->front, t->out, respond_add_opt(&s->responder, &t->q, &extra, t->out, len, t->limit));
}

/* Own zones. 0: no own zone has the whole answer; a walk has to go on. */
static size_t answer_from_zone(const struct turn *t)
{
    struct front *f = t->front;
    struct zone_reply reply;
    enum zone_reply_kind kind = zone_reply(front_settings(f)->zones, t->q.name, t->q.type, &f->arena, &reply);
    bool wants_more = kind != ZONE_REPLY_ANSWER && (t->q.flags & MSG_RD) != 0;
    size_t len = 0;
    if (kind == ZONE_REPLY_NONE && reply.rcode == RCODE_SERVFAIL) {
        len = refuse(t, RCODE_SERVFAIL, EDE_OTHER, "the answer from the own zone is too large");
    } else if (kind != ZONE_REPLY_NONE && !wants_more) {
        struct answer a = {.rcode = reply.rcode, .is_local = true, .authoritative = kind != ZONE_REPLY_DELEGATION};
        memcpy(a.sections, reply.sections, sizeof(a.sections));
        len = front_compose(f, &t->q, &a, 0, t->out, t->limit);
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
    const struct policy *p = &front_settings(f)->policy;
    if (route_leaves_special_use(p, t->q.name, t->q.type) &&
        special_find(t->q.name, t->q.type, &f->arena, &local) == LOCAL_ANSWER) {
        struct answer a = {.rcode = local.rcode, .is_local = true, .authoritative = true};
        memcpy(a.sections, local.sections, sizeof(a.sections));
        len = front_compose(f, &t->q, &a, 0, t->out, t->limit);
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
    const struct responder *r = &front_settings(f)->responder;
    size_t room = t->limit - respond_opt_size(r, &t->q);
    uint64_t hash = t->hash != 0 ? t->hash : ready_hash(t->q.key, t->q.name_len, t->q.type);
    size_t len = ready_find(f->ready, &t->q, hash, cache_epoch(f->cache), front_now(f), t->out, room);
    if (len == 0) {
        return 0;
    }
    note_use(t);
    if (ready_is_due(f->ready)) {
        front_refresh(f, &t->q);
    }
    struct respond_extra extra = {.rcode = t->out[3] & MSG_RCODE};
    stats_add(&f->stats, STAT_from_ready);
    return front_count(f, t->out, respond_add_opt(r, &t->q, &extra, t->out, len, t->limit));
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
    return len != 0 ? len : front_ask_later(t);
}

static void check_cookie(struct turn *t)
{
    struct front *f = t->front;
    uint32_t now_s = (uint32_t)(front_now(f) / 1000);
    t->q.is_proven = cookie_answer(&front_settings(f)->cookies, t->peer, now_s, &t->q.edns);
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
    enum rate_verdict verdict = rate_count(f->rates, t->peer, per_second, front_now(f));
    if (verdict == RATE_ANSWER) {
        return false;
    }
    r->limit_hits[LIMIT_ID_responses_per_second]++;
    stats_add(&f->stats, STAT_rate_limited);
    *len = verdict == RATE_TRUNCATE ? respond_truncated(&front_settings(f)->responder, &t->q, t->out, t->limit) : 0;
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
    bool is_stranger = !settings_allow(front_settings(f), t->peer);
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
    const struct zone_set *zones = front_settings(f)->zones;
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
