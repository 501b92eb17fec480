#include "resolver/server/exchanges.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/base/hash.h"
#include "resolver/dns/name.h"

enum { ADDR_KEY_SIZE = 18 };

/* What makes two exchanges equal, as bytes: zone, name, type, transport, and the server when it was configured: a
 * reload may name others for the zone. */
struct exchange_key {
    uint64_t hash;
    size_t len;
    size_t zone_len; /* octets at the start that are the zone's name */
    uint8_t bytes[2 * NAME_SIZE + 3 + ADDR_KEY_SIZE];
};

struct shared_exchange {
    struct table_node node;
    struct exchanges *owner;
    struct exchange *exchange;
    struct exchange_parts parts;
    struct addr server;
    bool over_tcp;
    uint32_t *zone; /* the counter it is in; NULL: none */
    struct exchange_key key;
};

static void make_key(const struct send *s, struct exchange_key *k)
{
    k->zone_len = name_lower(k->bytes, s->zone);
    k->len = k->zone_len + name_lower(k->bytes + k->zone_len, s->name);
    wire_put_u16(k->bytes + k->len, s->type);
    k->bytes[k->len + 2] = (uint8_t)((s->use_tcp ? 1 : 0) | (s->use_edns ? 2 : 0) | (s->recursion ? 4 : 0));
    k->len += 3;
    if (s->is_routed) {
        memcpy(k->bytes + k->len, s->server.octets, sizeof(s->server.octets));
        wire_put_u16(k->bytes + k->len + sizeof(s->server.octets), s->server.port);
        k->len += ADDR_KEY_SIZE;
    }
    k->hash = hash_bytes(k->bytes, k->len);
}

static bool has_key(struct table_node *n, const void *key)
{
    const struct shared_exchange *s = TABLE_OWNER(n, struct shared_exchange, node);
    const struct exchange_key *k = key;
    return s->key.len == k->len && memcmp(s->key.bytes, k->bytes, k->len) == 0;
}

int exchanges_init(struct exchanges *x, struct upstream *u, const struct exchange_hooks *hooks)
{
    *x = (struct exchanges){.upstream = u, .hooks = *hooks};
    return table_init(&x->table);
}

static void forget(struct shared_exchange *s)
{
    if (s->zone != NULL) {
        --*s->zone;
    }
    table_remove(&s->owner->table, &s->node);
    pool_give(&s->owner->memory, s);
}

void exchanges_fini(struct exchanges *x)
{
    for (struct table_node *n; (n = table_any(&x->table)) != NULL;) {
        struct shared_exchange *s = TABLE_OWNER(n, struct shared_exchange, node);
        struct exchange_part *p;
        TAILQ_FOREACH(p, &s->parts, link)
        {
            p->shared = NULL;
        }
        upstream_cancel(s->exchange);
        forget(s);
    }
    table_fini(&x->table);
    pool_drain(&x->memory);
}

static struct query_event event_from(const struct shared_exchange *s, const struct upstream_result *r)
{
    static const enum event_kind kinds[] = {[UPSTREAM_REPLY] = EVENT_REPLY,
                                            [UPSTREAM_TIMEOUT] = EVENT_TIMEOUT,
                                            [UPSTREAM_UNREACHABLE] = EVENT_UNREACHABLE,
                                            [UPSTREAM_SUSPECT] = EVENT_SUSPECT};
    return (struct query_event){.kind = kinds[r->outcome],
                                .server = s->server,
                                .over_tcp = s->over_tcp,
                                .bytes = r->bytes,
                                .len = r->len,
                                .rtt_us = r->rtt_us,
                                .case_lost = r->case_lost && s->over_tcp};
}

static void done(void *arg, const struct upstream_result *result)
{
    struct shared_exchange *s = arg;
    struct exchanges *x = s->owner;
    struct query_event ev = event_from(s, result);
    struct exchange_parts parts = TAILQ_HEAD_INITIALIZER(parts);
    TAILQ_CONCAT(&parts, &s->parts, link);
    /* A walk may start an equal exchange again from its event; it must be a new one. */
    forget(s);
    struct exchange_part *p;
    TAILQ_FOREACH(p, &parts, link)
    {
        p->shared = NULL;
    }
    while ((p = TAILQ_FIRST(&parts)) != NULL) {
        TAILQ_REMOVE(&parts, p, link);
        x->hooks.deliver(x->hooks.ctx, p, &ev);
    }
}

static void expect(void *arg)
{
    const struct shared_exchange *s = arg;
    struct exchange_part *first = TAILQ_FIRST(&s->parts);
    if (first != NULL) {
        s->owner->hooks.expect(s->owner->hooks.ctx, first);
    }
}

/* The counter of the send's zone; NULL when it has no limit. */
static uint32_t *zone_counter(struct exchanges *x, const struct send *send, const struct exchange_key *k)
{
    if (send->is_routed || name_labels(send->zone) <= 1) {
        return NULL;
    }
    return &x->zones[hash_bytes(k->bytes, k->zone_len) % EXCHANGE_ZONES];
}

static struct shared_exchange *start(struct exchanges *x, const struct send *send, const struct exchange_key *key)
{
    struct shared_exchange *s = pool_take(&x->memory, sizeof(*s));
    if (s == NULL) {
        return NULL;
    }
    s->owner = x;
    s->server = send->server;
    s->over_tcp = send->use_tcp;
    s->zone = NULL;
    s->key.hash = key->hash;
    s->key.len = key->len;
    memcpy(s->key.bytes, key->bytes, key->len);
    TAILQ_INIT(&s->parts);
    struct upstream_question q = {.server = send->server,
                                  .name = send->name,
                                  .type = send->type,
                                  .use_tcp = send->use_tcp,
                                  .use_edns = send->use_edns,
                                  .recursion = send->recursion,
                                  .plain_case = send->plain_case,
                                  .timeout_ms = send->timeout_ms,
                                  .soon = expect};
    s->exchange = upstream_ask(x->upstream, &q, done, s);
    if (s->exchange == NULL) {
        pool_give(&x->memory, s);
        return NULL;
    }
    table_add(&x->table, &s->node, key->hash);
    return s;
}

static void take_part(struct shared_exchange *s, struct exchange_part *part)
{
    part->shared = s;
    TAILQ_INSERT_TAIL(&s->parts, part, link);
}

int exchanges_join(struct exchanges *x, const struct send *send, unsigned zone_max, struct exchange_part *part)
{
    UNCLEARED struct exchange_key key;
    make_key(send, &key);
    struct table_node *n = table_find(&x->table, key.hash, has_key, &key);
    if (n != NULL) {
        take_part(TABLE_OWNER(n, struct shared_exchange, node), part);
        return FAIL_NONE;
    }
    uint32_t *zone = zone_counter(x, send, &key);
    if (zone != NULL && *zone >= zone_max) {
        return FAIL_LIMIT;
    }
    struct shared_exchange *s = start(x, send, &key);
    if (s == NULL) {
        return FAIL_SYSTEM;
    }
    s->zone = zone;
    if (zone != NULL) {
        ++*zone;
    }
    take_part(s, part);
    return FAIL_NONE;
}

void exchanges_leave(struct exchanges *x, struct exchange_part *part)
{
    (void)x;
    struct shared_exchange *s = part->shared;
    if (s == NULL) {
        return;
    }
    TAILQ_REMOVE(&s->parts, part, link);
    part->shared = NULL;
    if (TAILQ_EMPTY(&s->parts)) {
        upstream_cancel(s->exchange);
        forget(s);
    }
}
