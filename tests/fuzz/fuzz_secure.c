/* A signed tree whose replies the input composes: from the sets that its zones have signed, the same with other data or
 * signatures, and what the owner of one zone signs with his key. Whatever comes in whichever order: nothing is secure
 * that the zones do not say, nothing of a signed zone is taken as insecure, and every query ends within its budget. */
#include <stdlib.h>
#include <string.h>

#include "cache/memory.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/query.h"
#include "resolver/iterate/servers.h"
#include "resolver/iterate/trust_table.h"
#include "resolver/validate/keyring.h"
#include "tests/support/records.h"
#include "tests/support/signer.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

enum { QUERIES = 4, WALL = 1700000000, DAY = 86400, SETS_MAX = 64 };

/* ---- The tree ---- */

/* Signed by `signer`. Expanded: made by the wildcard three labels long. */
struct fact {
    const char *owner;
    uint16_t type;
    const char *rdata;
    const char *signer;
    unsigned labels; /* 0: as many as there are */
};

static const char *const zones[] = {".", "com.", "example.com.", "evil.com."};

static const struct fact facts[] = {
    {"com.", TYPE_NSEC, ". NS DS RRSIG NSEC", ".", 0},
    {".", TYPE_NSEC, "com. NS SOA RRSIG NSEC DNSKEY", ".", 0},
    {".", TYPE_SOA, "a. a. 1 1 1 1 60", ".", 0},
    {"com.", TYPE_SOA, "a. a. 1 1 1 1 60", "com.", 0},
    {"com.", TYPE_NSEC, "evil.com. NS SOA RRSIG NSEC DNSKEY", "com.", 0},
    {"evil.com.", TYPE_NSEC, "example.com. NS DS RRSIG NSEC", "com.", 0},
    {"example.com.", TYPE_NSEC, "plain.com. NS DS RRSIG NSEC", "com.", 0},
    {"plain.com.", TYPE_NSEC, "com. NS RRSIG NSEC", "com.", 0},
    {"example.com.", TYPE_SOA, "a. a. 1 1 1 1 60", "example.com.", 0},
    {"example.com.", TYPE_NSEC, "alias.example.com. NS SOA RRSIG NSEC DNSKEY", "example.com.", 0},
    {"alias.example.com.", TYPE_CNAME, "www.plain.com.", "example.com.", 0},
    {"alias.example.com.", TYPE_NSEC, "dname.example.com. CNAME RRSIG NSEC", "example.com.", 0},
    {"dname.example.com.", TYPE_DNAME, "evil.com.", "example.com.", 0},
    {"dname.example.com.", TYPE_NSEC, "*.w.example.com. DNAME RRSIG NSEC", "example.com.", 0},
    {"*.w.example.com.", TYPE_A, "192.0.2.9", "example.com.", 0},
    {"x.w.example.com.", TYPE_A, "192.0.2.9", "example.com.", 3},
    {"y.w.example.com.", TYPE_A, "192.0.2.9", "example.com.", 3}, /* of old: now the name exists */
    {"*.w.example.com.", TYPE_NSEC, "y.w.example.com. A RRSIG NSEC", "example.com.", 0},
    {"y.w.example.com.", TYPE_TXT, "abc", "example.com.", 0},
    {"y.w.example.com.", TYPE_NSEC, "www.example.com. TXT RRSIG NSEC", "example.com.", 0},
    {"www.example.com.", TYPE_A, "192.0.2.7", "example.com.", 0},
    {"www.example.com.", TYPE_NSEC, "example.com. A RRSIG NSEC", "example.com.", 0},
    /* What the owner of evil.com would like to be true. */
    {"www.evil.com.", TYPE_A, "192.0.2.66", "evil.com.", 0},
    {"evil.com.", TYPE_SOA, "a. a. 1 1 1 1 60", "evil.com.", 0},
    {"evil.com.", TYPE_NSEC, "evil.com. NS SOA RRSIG NSEC DNSKEY", "evil.com.", 0},
    {"evil.com.", TYPE_NSEC, "z.com. NS SOA RRSIG NSEC DNSKEY", "evil.com.", 0},
    {"www.example.com.", TYPE_A, "192.0.2.66", "evil.com.", 0},
    {"example.com.", TYPE_NSEC, "www.example.com. NS RRSIG NSEC", "evil.com.", 0},
    {"www.example.com.", TYPE_NSEC, "example.com. RRSIG NSEC", "evil.com.", 0},
    {"com.", TYPE_SOA, "a. a. 1 1 1 1 60", "evil.com.", 0},
};

static const struct {
    const char *zone;
    const char *server;
} cuts[] = {{"com.", "ns.com."},
            {"example.com.", "ns.example.com."},
            {"evil.com.", "ns.evil.com."},
            {"plain.com.", "ns.plain.com."}};

static const char *const names[] = {".",
                                    "com.",
                                    "example.com.",
                                    "www.example.com.",
                                    "alias.example.com.",
                                    "x.w.example.com.",
                                    "y.w.example.com.",
                                    "w.example.com.",
                                    "nothere.example.com.",
                                    "www.dname.example.com.",
                                    "plain.com.",
                                    "www.plain.com.",
                                    "evil.com.",
                                    "www.evil.com.",
                                    "deep.www.example.com."};
static const uint16_t types[] = {TYPE_A, TYPE_A, TYPE_A, TYPE_TXT, TYPE_CNAME, TYPE_DS, TYPE_DNSKEY, TYPE_NSEC};

static struct {
    struct arena arena;
    struct signer *signers[sizeof(zones) / sizeof(zones[0])];
    struct rrset *sets[SETS_MAX]; /* all that the zones, and the attacker, have signed */
    unsigned count;
    struct anchors anchors;
    struct keyring *keyring;
} tree;

static const uint8_t *name_of(const char *text)
{
    return records_name(&tree.arena, text);
}

/* Good for some more calls. */
static const uint8_t *name_for_now(const char *text)
{
    static uint8_t kept[8][NAME_SIZE];
    static unsigned turn;
    uint8_t *out = kept[turn++ % 8];
    CHECK(name_from_text(text, strlen(text), NULL, out) == FAIL_NONE);
    return out;
}

static unsigned zone_index(const char *zone)
{
    for (unsigned i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        if (strcmp(zones[i], zone) == 0) {
            return i;
        }
    }
    abort();
}

static void sign(struct rrset *set, const char *zone, unsigned labels)
{
    struct signer *s = tree.signers[zone_index(zone)];
    struct rrsig fields = signer_fields(s, set, name_of(zone), WALL - DAY, WALL + DAY);
    fields.labels = labels > 0 ? (uint8_t)labels : fields.labels;
    set->ttl = 60;
    signer_sign_as(&tree.arena, s, set, &fields);
    CHECK(tree.count < SETS_MAX);
    tree.sets[tree.count++] = set;
}

static struct rrset *new_set(const char *owner, uint16_t type)
{
    struct rrset *set = arena_take(&tree.arena, sizeof(*set));
    *set = (struct rrset){.owner = name_of(owner), .type = type, .ttl = 60};
    return set;
}

static void make_keys(unsigned index)
{
    struct rrset *keys = new_set(zones[index], TYPE_DNSKEY);
    signer_add_key(&tree.arena, tree.signers[index], &keys->data);
    sign(keys, zones[index], 0);
    struct rrset *ds = new_set(zones[index], TYPE_DS);
    signer_add_ds(&tree.arena, tree.signers[index], ds->owner, 2, &ds->data);
    if (index > 0) {
        sign(ds, index == 1 ? "." : "com.", 0);
        return;
    }
    struct anchor_record record = {.zone = ds->owner, .ds = rdatas_first(&ds->data)};
    CHECK(anchors_make(&record, 1, NULL, 0, &tree.arena, &tree.anchors) == FAIL_NONE);
}

static void make_tree(void)
{
    arena_init(&tree.arena, 1 << 22);
    tree.keyring = keyring_new(16);
    for (unsigned i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        tree.signers[i] = signer_new(13, SIGNER_KSK, i + 1);
        make_keys(i);
    }
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        struct rrset *set = new_set(facts[i].owner, facts[i].type);
        records_add(&tree.arena, set->type, facts[i].rdata, &set->data);
        sign(set, facts[i].signer, facts[i].labels);
    }
}

/* ---- Replies ---- */

struct input {
    const uint8_t *at;
    size_t left;
};

static uint8_t draw(struct input *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->at++;
}

#define PICK(array, in) ((array)[draw(in) % (sizeof(array) / sizeof((array)[0]))])

static uint32_t random_below(void *ctx, uint32_t bound)
{
    return draw(ctx) % bound;
}

static int64_t wall(void *ctx)
{
    (void)ctx;
    return WALL;
}

/* A delegation, or the address of its server. */
static void put_cut(struct input *in, struct msg_writer *m, enum section s)
{
    static const uint8_t address[] = {203, 0, 113, 1};
    uint8_t packed[NAME_SIZE + 2];
    unsigned i = draw(in) % (sizeof(cuts) / sizeof(cuts[0]));
    const uint8_t *server = name_for_now(cuts[i].server);
    bool is_glue = s == SECTION_ADDITIONAL;
    struct rrset set = {
        .owner = is_glue ? server : name_for_now(cuts[i].zone), .type = is_glue ? TYPE_A : TYPE_NS, .ttl = 60};
    set.data.len = (uint32_t)(is_glue ? rdatas_pack(packed, address, sizeof(address))
                                      : rdatas_pack(packed, server, (uint16_t)name_len(server)));
    set.data.bytes = packed;
    set.data.count = 1;
    (void)!msg_put_rrset(m, s, &set, false);
}

/* A signed set as it is, or without signatures, or with those of another, or under another name, or with other data. */
static void put_set(struct input *in, struct msg_writer *m, enum section s)
{
    static const uint8_t other[] = {192, 0, 2, 99};
    uint8_t packed[8];
    uint8_t choice = draw(in);
    struct rrset set = *tree.sets[draw(in) % tree.count];
    switch (choice % 8) {
    case 0:
        set.sigs.count = 0;
        set.sigs.len = 0;
        break;
    case 1:
        set.sigs = tree.sets[draw(in) % tree.count]->sigs;
        break;
    case 2:
        set.owner = name_for_now(PICK(names, in));
        break;
    case 3:
        if (set.type == TYPE_A) {
            set.data = (struct rdatas){.bytes = packed, .len = (uint32_t)rdatas_pack(packed, other, 4), .count = 1};
        }
        break;
    default:
        break;
    }
    (void)!msg_put_rrset(m, s, &set, true);
}

static size_t make_reply(struct input *in, const struct send *send, uint8_t *out, size_t size)
{
    static struct msg_writer m;
    uint8_t shape = draw(in);
    struct question q = {.name = send->name, .type = send->type, .class = CLASS_IN};
    struct edns edns = {.present = true, .dnssec_ok = true, .udp_size = 1232};
    unsigned rcode = (shape & 6) == 6 ? RCODE_NXDOMAIN : RCODE_NOERROR;
    msg_begin(&m, out, size, 1, (uint16_t)(MSG_QR | (shape & 1 ? MSG_AA : 0) | rcode), &q);
    for (unsigned s = 0; s < SECTION_COUNT; s++) {
        for (unsigned left = draw(in) % 5; left > 0; left--) {
            if (s > 0 && draw(in) % 3 == 0) {
                put_cut(in, &m, (enum section)s);
            } else {
                put_set(in, &m, (enum section)s);
            }
        }
    }
    (void)!msg_put_opt(&m, &edns, rcode);
    return msg_finish(&m, false);
}

/* ---- Honest replies ---- */

static bool is_in(const struct rrset *set, const uint8_t *zone)
{
    struct rrsig sig;
    return rrsig_parse(rdatas_first(&set->sigs), &sig) == FAIL_NONE && name_equal(sig.signer, zone);
}

/* The child of `zone` that holds the name, or the one that it is asked about; -1: none. */
static int find_cut(const struct send *send)
{
    for (unsigned i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        const uint8_t *child = name_for_now(cuts[i].zone);
        bool is_child = name_equal(name_parent(child), send->zone);
        bool is_own_ds = send->type == TYPE_DS && name_equal(send->name, child);
        if (is_child && name_is_under(send->name, child) && !is_own_ds) {
            return (int)i;
        }
    }
    return -1;
}

static void put_sets(struct msg_writer *m, enum section s, const uint8_t *zone, const uint8_t *owner, uint16_t type)
{
    for (unsigned i = 0; i < tree.count; i++) {
        const struct rrset *set = tree.sets[i];
        if (set->type == type && (owner == NULL || name_equal(set->owner, owner)) && is_in(set, zone)) {
            (void)!msg_put_rrset(m, s, set, true);
        }
    }
}

static void put_one_cut(struct msg_writer *m, unsigned i, enum section s)
{
    uint8_t first[2] = {(uint8_t)i, 0};
    struct input in = {first, 1};
    put_cut(&in, m, s);
}

static void put_answer(struct msg_writer *m, const struct send *send)
{
    static const uint16_t aliases[] = {TYPE_CNAME, TYPE_DNAME};
    uint16_t before = m->counts[SECTION_ANSWER];
    put_sets(m, SECTION_ANSWER, send->zone, send->name, send->type);
    for (unsigned i = 0; i < 2 && m->counts[SECTION_ANSWER] == before; i++) {
        const uint8_t *owner = i == 0 ? send->name : name_parent(send->name);
        put_sets(m, SECTION_ANSWER, send->zone, owner, aliases[i]);
    }
    bool is_negative = m->counts[SECTION_ANSWER] == before;
    if (is_negative) {
        put_sets(m, SECTION_AUTHORITY, send->zone, send->zone, TYPE_SOA);
    }
    if (is_negative || name_is_under(send->name, name_for_now("w.example.com."))) {
        put_sets(m, SECTION_AUTHORITY, send->zone, NULL, TYPE_NSEC);
    }
}

static bool exists(const uint8_t *name)
{
    for (unsigned i = 0; i < tree.count; i++) {
        if (name_is_under(tree.sets[i]->owner, name)) {
            return true;
        }
    }
    return false;
}

/* What the tree says, so that the input need not find all of it. */
static size_t make_honest(const struct send *send, uint8_t *out, size_t size)
{
    static struct msg_writer m;
    static const uint8_t address[] = {192, 0, 2, 44};
    struct question q = {.name = send->name, .type = send->type, .class = CLASS_IN};
    struct edns edns = {.present = true, .dnssec_ok = true, .udp_size = 1232};
    int cut = find_cut(send);
    bool is_plain = name_equal(send->zone, name_for_now("plain.com."));
    unsigned rcode = exists(send->name) || is_plain || cut >= 0 ? RCODE_NOERROR : RCODE_NXDOMAIN;
    msg_begin(&m, out, size, 1, (uint16_t)(MSG_QR | (cut < 0 ? MSG_AA : 0) | rcode), &q);
    if (cut >= 0) {
        const uint8_t *child = name_for_now(cuts[cut].zone);
        put_one_cut(&m, (unsigned)cut, SECTION_AUTHORITY);
        put_sets(&m, SECTION_AUTHORITY, send->zone, child, TYPE_DS);
        put_sets(&m, SECTION_AUTHORITY, send->zone, child, TYPE_NSEC);
        put_one_cut(&m, (unsigned)cut, SECTION_ADDITIONAL);
    } else if (is_plain && send->type == TYPE_A) {
        uint8_t packed[8];
        struct rrset set = {.owner = send->name, .type = TYPE_A, .ttl = 60};
        set.data = (struct rdatas){.bytes = packed, .len = (uint32_t)rdatas_pack(packed, address, 4), .count = 1};
        (void)!msg_put_rrset(&m, SECTION_ANSWER, &set, false);
    } else {
        put_answer(&m, send);
    }
    (void)!msg_put_opt(&m, &edns, rcode);
    return msg_finish(&m, false);
}

static struct query_event make_event(struct input *in, const struct send *send, uint64_t *now)
{
    static uint8_t bytes[MSG_SIZE_MAX];
    struct query_event ev = {.kind = EVENT_REPLY, .server = send->server, .over_tcp = send->use_tcp, .bytes = bytes};
    uint8_t choice = in->left > 0 ? draw(in) : 0;
    *now += 5;
    if (choice >= 0xf8) {
        ev.kind = EVENT_TIMEOUT;
        *now += send->timeout_ms;
        return ev;
    }
    ev.len = choice % 4 != 3 ? make_honest(send, bytes, sizeof(bytes)) : make_reply(in, send, bytes, sizeof(bytes));
    return ev;
}

/* ---- Truth ---- */

static bool is_under_text(const uint8_t *name, const char *zone)
{
    return name_is_under(name, name_for_now(zone));
}

static bool is_expanded(const struct rrset *fact)
{
    struct rrsig sig;
    return rrsig_parse(rdatas_first(&fact->sigs), &sig) == FAIL_NONE &&
           sig.labels < name_labels(fact->owner) - name_is_wildcard(fact->owner);
}

/* A wildcard makes nothing at a name that exists. */
static bool is_wrongly_expanded(const struct rrset *fact)
{
    for (unsigned i = 0; is_expanded(fact) && i < tree.count; i++) {
        if (name_equal(tree.sets[i]->owner, fact->owner) && !is_expanded(tree.sets[i])) {
            return true;
        }
    }
    return false;
}

/* Whether a set is what the zone that holds it says. The owner of evil.com says what he likes there. */
static bool is_true(const struct rrset *set)
{
    if (is_under_text(set->owner, "evil.com.") && set->type != TYPE_DS) {
        return true;
    }
    for (unsigned i = 0; i < tree.count; i++) {
        const struct rrset *fact = tree.sets[i];
        struct rrsig sig;
        bool is_it = fact->type == set->type && name_equal(fact->owner, set->owner) &&
                     fact->data.len == set->data.len && memcmp(fact->data.bytes, set->data.bytes, set->data.len) == 0 &&
                     rrsig_parse(rdatas_first(&fact->sigs), &sig) == FAIL_NONE;
        if (is_it && !is_wrongly_expanded(fact) &&
            !(is_under_text(sig.signer, "evil.com.") && !is_under_text(set->owner, "evil.com."))) {
            return true;
        }
    }
    return false;
}

/* Whether (name, type) has data, in a zone that is not the attacker's. */
static bool has_data(const uint8_t *name, uint16_t type)
{
    for (unsigned i = 0; i < tree.count; i++) {
        const struct rrset *fact = tree.sets[i];
        if (fact->type == type && name_equal(fact->owner, name) && is_true(fact)) {
            return true;
        }
    }
    return false;
}

/* The attacker's zone and the unsigned one may say anything of themselves. */
static bool is_free(const uint8_t *name)
{
    return is_under_text(name, "evil.com.") || is_under_text(name, "plain.com.");
}

static void check_secure(const struct answer *a, const struct question *q)
{
    const uint8_t *name = q->name;
    bool is_positive = false;
    for (const struct rrset *set = a->sections[SECTION_ANSWER]; set != NULL; set = set->next) {
        bool is_made =
            set->type == TYPE_CNAME && set->sigs.count == 0 && is_under_text(set->owner, "dname.example.com.");
        CHECK(is_made || is_true(set));
        is_positive = set->type == q->type || q->type == TYPE_ANY;
        name = set->type == TYPE_CNAME && q->type != TYPE_CNAME ? rdatas_first(&set->data).bytes : name;
    }
    bool is_parents = q->type == TYPE_DS && name_labels(name) > 0;
    if (!is_positive && a->rcode != RCODE_YXDOMAIN && !is_free(is_parents ? name_parent(name) : name)) {
        CHECK(!has_data(name, q->type) && !has_data(name, TYPE_CNAME));
    }
}

/* Something on the way lies in the zone that is not signed. */
static void check_insecure(const struct answer *a, const struct question *q)
{
    bool is_there = is_under_text(q->name, "plain.com.");
    for (const struct rrset *set = a->sections[SECTION_ANSWER]; set != NULL; set = set->next) {
        if (set->type == TYPE_CNAME) {
            is_there = is_there || is_free(rdatas_first(&set->data).bytes);
        }
    }
    CHECK(is_there || is_under_text(q->name, "evil.com."));
}

static void check_answer(const struct answer *a, const struct question *q)
{
    CHECK(a->rcode != RCODE_SERVFAIL || (a->error_count > 0 && a->sections[SECTION_ANSWER] == NULL));
    if (a->rcode == RCODE_SERVFAIL || q->type == TYPE_RRSIG) {
        return;
    }
    CHECK(a->security == SECURITY_SECURE || a->security == SECURITY_INSECURE);
    if (a->security == SECURITY_SECURE) {
        check_secure(a, q);
    } else {
        check_insecure(a, q);
    }
}

/* On a busy worker others have verified so much that each verification waits for a turn. */
static enum want step(struct resolver *r, struct query *q, const struct query_event *ev, uint64_t now, bool is_busy)
{
    r->effort = !is_busy ? 0 : ev->kind == EVENT_CONTINUE ? RESOLVER_TIRED - 1 : RESOLVER_TIRED;
    return query_step(q, ev, now);
}

static void ask(struct resolver *r, struct input *in, uint64_t *now)
{
    static const struct query_event start = {.kind = EVENT_START}, go_on = {.kind = EVENT_CONTINUE};
    const uint8_t *name = name_for_now(PICK(names, in));
    uint16_t type = PICK(types, in);
    uint8_t how = draw(in);
    unsigned flags = how % 4 == 0 ? QUERY_CD : 0;
    bool is_busy = how >= 128;
    struct query *q = query_new(r, name, type, flags, *now);
    unsigned sends = 0, turns = 0;
    CHECK(q != NULL);
    enum want want = step(r, q, &start, *now, is_busy);
    while (want != WANT_FINISH) {
        if (want == WANT_CONTINUE) {
            CHECK(++turns <= limit_get(&r->policy->limits, verifications) + sends + 1);
            want = step(r, q, &go_on, *now, is_busy);
            continue;
        }
        CHECK(++sends <= limit_get(&r->policy->limits, sends));
        struct query_event ev = make_event(in, query_send(q), now);
        want = step(r, q, &ev, *now, is_busy);
    }
    if (flags == 0) {
        check_answer(query_answer(q), query_question(q));
    }
    query_free(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct addr root[] = {{.octets = {198, 51, 100, 1}, .len = 4}};
    static const struct hint hint = {.name = (const uint8_t *)"\2ns\4root", .addresses = root, .address_count = 1};
    static const struct cache_policy cache_policy = {
        .max_ttl = 86400, .max_negative_ttl = 3600, .max_entry_size = 16384, .max_records = 100};
    if (tree.keyring == NULL) {
        make_tree();
    }
    struct input in = {data, len};
    uint8_t settings = draw(&in);
    struct policy policy = {.hints = &hint,
                            .hint_count = 1,
                            .ipv4 = true,
                            .upstream_port = 53,
                            .validation = true,
                            .anchors = tree.anchors,
                            .aggressive_nsec = (settings & 1) != 0,
                            .limits = limits_default};
    struct memory *memory = memory_new();
    struct cache_view cache = {.backend = memory_backend(memory), .policy = &cache_policy};
    struct resolver r = {.policy = &policy, .cache = &cache, .servers = servers_new(64), .random_below = random_below};
    uint64_t now = 1000000;
    r.random_ctx = &in;
    r.wall = wall;
    r.keyring = tree.keyring;
    r.trust = (settings & 2) != 0 ? trust_table_new(8) : NULL;
    for (unsigned i = 0; i < QUERIES; i++) {
        ask(&r, &in, &now);
        now += 200u * draw(&in);
    }
    resolver_drain(&r);
    trust_table_free(r.trust);
    servers_free(r.servers);
    memory_free(memory);
    return 0;
}
