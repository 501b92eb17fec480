/* Both sides of the resolver core: the input chooses the questions, and what servers answer to each packet, from
 * records that are likely to confuse a resolver, or as raw octets. Whatever they say: every query finishes within its
 * budget, asks nobody it may not ask, explains a failure, and the cache holds only what a server of the right zone
 * said. */
#include <stdlib.h>
#include <string.h>

#include "cache/entry.h"
#include "cache/key.h"
#include "cache/memory.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/forbidden.h"
#include "resolver/iterate/query.h"
#include "resolver/iterate/servers.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

enum { QUERIES = 3, EXCHANGES_MAX = QUERIES * 128 };

/* Every packet sent: who was asked as a server of which zone. */
struct exchange {
    struct addr server;
    uint8_t zone[NAME_SIZE];
};

struct input {
    const uint8_t *at;
    size_t left;
};

static struct exchange exchanges[EXCHANGES_MAX];
static unsigned exchange_count;

static uint8_t draw(struct input *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->at++;
}

static const uint8_t *const names[] = {
    (const uint8_t *)"",
    (const uint8_t *)"\3com",
    (const uint8_t *)"\7example\3com",
    (const uint8_t *)"\3www\7example\3com",
    (const uint8_t *)"\1a\3www\7example\3com",
    (const uint8_t *)"\3ns1\7example\3com",
    (const uint8_t *)"\3net",
    (const uint8_t *)"\5other\3net",
    (const uint8_t *)"\2ns\5other\3net",
    (const uint8_t *)"\4evil\3org",
    (const uint8_t *)"\1*\7example\3com",
    (const uint8_t *)"\3WWW\7eXample\3com",
};
static const uint16_t types[] = {TYPE_A,  TYPE_NS,    TYPE_CNAME, TYPE_SOA, TYPE_DNAME, TYPE_AAAA,
                                 TYPE_DS, TYPE_RRSIG, TYPE_NSEC,  TYPE_TXT, TYPE_ANY,   TYPE_MX};
static const uint8_t addresses[][4] = {{198, 51, 100, 1}, {198, 51, 100, 2}, {203, 0, 113, 1}, {127, 0, 0, 1},
                                       {10, 0, 0, 1},     {0, 0, 0, 0},      {203, 0, 113, 2}, {224, 0, 0, 1}};
static const unsigned rcodes[] = {0, 0, 0, 3, 3, 2, 5, 1, 4, 6, 9, 16};

#define PICK(array, in) ((array)[draw(in) % (sizeof(array) / sizeof((array)[0]))])

static uint32_t random_below(void *ctx, uint32_t bound)
{
    return draw(ctx) % bound;
}

/* RDATA that fits its type: names where names belong. */
static uint16_t make_rdata(struct input *in, uint16_t type, uint8_t out[600])
{
    size_t len = 0;
    switch (type) {
    case TYPE_A:
        memcpy(out, PICK(addresses, in), 4);
        return 4;
    case TYPE_AAAA:
        memset(out, 0, 16);
        memcpy(out, (const uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4);
        out[15] = draw(in);
        return 16;
    case TYPE_NS:
    case TYPE_CNAME:
    case TYPE_DNAME:
        return (uint16_t)name_copy(out, PICK(names, in));
    case TYPE_MX:
        memset(out, 0, 2);
        return (uint16_t)(2 + name_copy(out + 2, PICK(names, in)));
    case TYPE_SOA:
        len = name_copy(out, PICK(names, in));
        len += name_copy(out + len, PICK(names, in));
        memset(out + len, 0, 20);
        out[len + 19] = draw(in);
        return (uint16_t)(len + 20);
    case TYPE_NSEC:
        len = name_copy(out, PICK(names, in));
        memcpy(out + len, (const uint8_t[]){0, 1, 0x40}, 3);
        return (uint16_t)(len + 3);
    case TYPE_TXT:
        memcpy(out, "\3abc", 4);
        return 4;
    default:
        memset(out, 0, 40);
        return type == TYPE_DS ? 36 : 19; /* RRSIG: fixed fields and the root as signer */
    }
}

static void put_record(struct input *in, struct msg_writer *m, enum section s, const uint8_t *asked)
{
    uint8_t rdata[600], packed[602];
    uint8_t choice = draw(in);
    uint16_t type = PICK(types, in);
    if (type == TYPE_ANY) {
        type = TYPE_A;
    }
    uint16_t len = make_rdata(in, type, rdata);
    struct rrset set = {.owner = choice < 64 ? asked : names[choice % (sizeof(names) / sizeof(names[0]))],
                        .type = type};
    set.ttl = draw(in);
    set.data.len = (uint32_t)rdatas_pack(packed, rdata, len);
    set.data.bytes = packed;
    set.data.count = 1;
    (void)!msg_put_rrset(m, s, &set, false);
}

static size_t make_reply(struct input *in, const struct send *send, uint8_t *out, size_t size)
{
    static struct msg_writer m;
    uint8_t shape = draw(in);
    struct question q = {.name = send->name, .type = send->type, .class = CLASS_IN};
    unsigned rcode = PICK(rcodes, in);
    uint16_t flags =
        (uint16_t)(MSG_QR | (shape & 1 ? MSG_AA : 0) | ((shape & 0x0e) == 0x0e ? MSG_TC : 0) | (rcode & 15));
    if ((shape & 0xf0) == 0xf0) { /* raw octets behind a good header and question */
        size_t len = msg_write_query(out, size, 1, flags, &q, NULL);
        size_t raw = in->left < 200 ? in->left : 200;
        memcpy(out + len, in->at, raw);
        out[7] = draw(in);
        out[9] = draw(in);
        out[11] = draw(in);
        in->at += in->left < raw ? in->left : raw;
        in->left -= in->left < raw ? in->left : raw;
        return len + raw;
    }
    msg_begin(&m, out, size, 1, flags, (shape & 0x70) == 0x70 ? NULL : &q);
    for (unsigned s = 0; s < SECTION_COUNT; s++) {
        for (unsigned left = draw(in) % 5; left > 0; left--) {
            put_record(in, &m, (enum section)s, send->name);
        }
    }
    struct edns edns = {.present = true, .udp_size = 1232};
    if (send->use_edns && (shape & 0x80) == 0) {
        (void)!msg_put_opt(&m, &edns, rcode);
    }
    return msg_finish(&m, (flags & MSG_TC) != 0);
}

static struct query_event make_event(struct input *in, const struct send *send, uint64_t *now)
{
    static uint8_t bytes[MSG_SIZE_MAX];
    struct query_event ev = {.kind = EVENT_REPLY, .server = send->server, .over_tcp = send->use_tcp, .bytes = bytes};
    uint8_t choice = in->left > 0 ? draw(in) : 0xff;
    if (choice >= 0xf0) {
        static const enum event_kind kinds[] = {EVENT_TIMEOUT, EVENT_UNREACHABLE, EVENT_SUSPECT};
        ev.kind = kinds[choice % 3];
        *now += ev.kind == EVENT_TIMEOUT ? send->timeout_ms : 1;
        return ev;
    }
    *now += choice;
    ev.rtt_us = choice * 1000u;
    ev.len = make_reply(in, send, bytes, sizeof(bytes));
    return ev;
}

static void check_send(const struct resolver *r, const struct send *send, uint64_t now, uint64_t deadline)
{
    CHECK(send->server.port == 53 && (send->server.len == 4 || r->policy->ipv6));
    CHECK(send->is_routed || !address_is_forbidden(r->policy, &send->server));
    CHECK(name_is_under(send->name, send->zone));
    CHECK(send->timeout_ms > 0 && now + send->timeout_ms <= deadline);
    CHECK(exchange_count < EXCHANGES_MAX);
    exchanges[exchange_count].server = send->server;
    name_copy(exchanges[exchange_count++].zone, send->zone);
}

static void check_answer(const struct answer *a)
{
    CHECK(a->rcode <= 6);
    CHECK(a->rcode != RCODE_SERVFAIL || (a->error_count > 0 && a->sections[SECTION_ANSWER] == NULL));
    for (unsigned i = 0; i < a->error_count; i++) {
        CHECK(memchr(a->errors[i].text, 0, EDE_TEXT_MAX) != NULL);
    }
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        for (const struct rrset *set = a->sections[i]; set != NULL; set = set->next) {
            CHECK(set->data.count > 0 && set->owner != NULL);
        }
    }
}

static void ask(struct resolver *r, struct input *in, uint64_t *now)
{
    static const struct query_event start = {.kind = EVENT_START};
    uint64_t deadline = *now + limit_get(&r->policy->limits, walk_ms);
    const uint8_t *name = PICK(names, in);
    uint16_t type = PICK(types, in);
    unsigned flags = draw(in) & (QUERY_PRIME | QUERY_NO_CACHE | QUERY_CACHE_ONLY);
    struct query *q = query_new(r, name, type, flags, *now);
    unsigned sends = 0;
    CHECK(q != NULL);
    enum want want = query_step(q, &start, *now);
    while (want == WANT_SEND) {
        check_send(r, query_send(q), *now, deadline);
        CHECK(++sends <= limit_get(&r->policy->limits, sends) && (flags & QUERY_CACHE_ONLY) == 0);
        struct query_event ev = make_event(in, query_send(q), now);
        want = query_step(q, &ev, *now);
    }
    check_answer(query_answer(q));
    CHECK(query_trace(q)->count <= TRACE_STEPS_MAX);
    query_free(q);
}

/* Some server that was asked for a zone at or above the owner said so. */
static bool has_origin(const struct cache_entry *e)
{
    for (unsigned i = 0; i < exchange_count; i++) {
        if (addr_equal(&exchanges[i].server, &e->source) && name_is_under(e->name, exchanges[i].zone)) {
            return true;
        }
    }
    return e->slot == CACHE_FAILURE;
}

static void check_cache(struct memory *m)
{
    const uint8_t *key;
    uint8_t *value;
    size_t key_len, len;
    struct arena a;
    arena_init(&a, 1 << 22);
    for (size_t i = 0; memory_at(m, i, &key, &key_len, &value, &len); i++) {
        struct cache_entry *e = NULL;
        CHECK(entry_read(key, key_len, value, len, &a, &e) == FAIL_NONE);
        CHECK(has_origin(e));
        for (const struct rrset *set = e->sets; set != NULL; set = set->next) {
            CHECK(e->slot != CACHE_ANSWER || e->is_negative || name_equal(set->owner, e->name));
            CHECK(set->type != TYPE_ANY && set->data.count > 0);
        }
    }
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct addr root[] = {{.octets = {198, 51, 100, 1}, .len = 4}};
    static const struct hint hint = {.name = (const uint8_t *)"\2ns\4root", .addresses = root, .address_count = 1};
    static const struct addr to[] = {{.octets = {10, 0, 0, 1}, .len = 4, .port = 53}};
    static const struct route routes[] = {
        {.zone = (const uint8_t *)"\3www\7example\3com", .to = to, .to_count = 1, .is_forward = true},
        {.zone = (const uint8_t *)"\5other\3net", .to = to, .to_count = 1}};
    static const struct cache_policy cache_policy = {
        .max_ttl = 86400, .max_negative_ttl = 3600, .max_entry_size = 16384, .max_records = 100};
    struct input in = {data, len};
    struct policy policy = {
        .hints = &hint, .hint_count = 1, .ipv4 = true, .upstream_port = 53, .limits = limits_default};
    uint32_t settings = draw(&in);
    policy.ipv6 = (settings & 1) != 0;
    policy.routes = routes;
    policy.route_count = (settings & 2) != 0 ? sizeof(routes) / sizeof(routes[0]) : 0;
    policy.qname_minimisation = (settings & 4) != 0;
    policy.limits.values[LIMIT_ID_query_memory] = (draw(&in) & 7) == 7 ? 40000 : 1 << 20;
    struct memory *memory = memory_new();
    struct cache_view cache = {.backend = memory_backend(memory), .policy = &cache_policy};
    struct resolver r = {.policy = &policy, .cache = &cache, .servers = servers_new(64), .random_below = random_below};
    uint64_t now = 1000000;
    r.random_ctx = &in;
    exchange_count = 0;
    for (unsigned i = 0; i < QUERIES; i++) {
        ask(&r, &in, &now);
        now += 100u * draw(&in);
    }
    check_cache(memory);
    resolver_drain(&r);
    servers_free(r.servers);
    memory_free(memory);
    return 0;
}
