/* Runs one scenario on the resolver core with a clock and servers of its own: no socket, no waiting. Prints every step
 * and every difference; the exit code says whether all was as expected. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/memory.h"
#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/recover.h"
#include "resolver/iterate/servers.h"
#include "resolver/iterate/trust_table.h"
#include "resolver/validate/keyring.h"
#include "script.h"

enum { TEXT_SIZE = 1400, LINES_MAX = 256, BEGIN = 1000000000 };

static const char *const statuses[] = {[SECURITY_UNCHECKED] = "unchecked",
                                       [SECURITY_INDETERMINATE] = "indeterminate",
                                       [SECURITY_INSECURE] = "insecure",
                                       [SECURITY_SECURE] = "secure",
                                       [SECURITY_BOGUS] = "bogus"};

/* What happened, as lines in the form the script expects. */
struct happened {
    char *lines[LINES_MAX];
    unsigned count;
};

struct run {
    struct script script;
    struct resolver resolver;
    struct cache_view cache;
    struct memory *memory;
    uint64_t now;
    uint32_t chance;
    unsigned failed;
    struct happened sent, answer;
};

static void record_line(struct happened *r, const char *text)
{
    if (r->count < LINES_MAX) {
        r->lines[r->count++] = strdup(text);
    }
}

static void record_clear(struct happened *r)
{
    while (r->count > 0) {
        free(r->lines[--r->count]);
    }
}

/* Without chance always the first: choices among equals are then those of the script's order, and nothing is explored.
 */
static uint32_t random_below(void *ctx, uint32_t bound)
{
    struct run *r = ctx;
    if (!r->script.use_chance) {
        return bound == 20 ? 19 : 0;
    }
    r->chance = r->chance * 1664525u + 1013904223u;
    return (r->chance >> 8) % bound;
}

static int64_t wall(void *ctx)
{
    const struct run *r = ctx;
    return SIGNING_WALL + (int64_t)((r->now - BEGIN) / 1000);
}

static bool matches(const uint8_t *pattern, bool is_subtree, const uint8_t *name)
{
    return pattern == NULL || (is_subtree ? name_is_under(name, pattern) : name_equal(name, pattern));
}

static enum local_hit find_own(void *ctx, const uint8_t *name, uint16_t type, struct arena *a, struct local_answer *out)
{
    const struct run *r = ctx;
    (void)a;
    for (const struct own *o = r->script.own; o != NULL; o = o->next) {
        if (matches(o->name, o->is_subtree, name) && (o->type == 0 || o->type == type)) {
            *out = o->answer;
            return o->hit;
        }
    }
    return LOCAL_NONE;
}

/* ---- Servers ---- */

static struct rule *find_rule(struct run *r, const struct send *s)
{
    for (struct rule *rule = r->script.rules; rule != NULL; rule = rule->next) {
        bool is_it = addr_equal(&rule->server, &s->server) && matches(rule->name, rule->is_subtree, s->name) &&
                     (rule->type == 0 || rule->type == s->type) && (rule->tcp < 0 || rule->tcp == s->use_tcp) &&
                     (rule->edns < 0 || rule->edns == s->use_edns) && rule->left > 0;
        if (is_it) {
            rule->left -= rule->left != UINT32_MAX;
            return rule;
        }
    }
    return NULL;
}

static void put_filler(struct msg_writer *m, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t owner[NAME_SIZE];
        char text[32];
        uint8_t rdata[6] = {4, 0, 192, 0, 2, 1};
        uint16_t len = 4;
        memcpy(rdata, &len, 2);
        int text_len = snprintf(text, sizeof(text), "filler%u.invalid.", i);
        if (name_from_text(text, (size_t)text_len, NULL, owner) == FAIL_NONE) {
            struct rrset set = {.owner = owner, .type = TYPE_A, .ttl = 60};
            set.data = (struct rdatas){.bytes = rdata, .len = 6, .count = 1};
            (void)!msg_put_rrset(m, SECTION_ADDITIONAL, &set, true);
        }
    }
}

static size_t write_reply(const struct rule *rule, const struct send *s, uint8_t *out, size_t size)
{
    static struct msg_writer m;
    const uint8_t *asked = rule->other_question != NULL ? rule->other_question : s->name;
    struct question q = {.name = asked, .type = s->type, .class = CLASS_IN};
    uint16_t flags = (uint16_t)(MSG_QR | rule->flags | (rule->rcode & 15));
    struct edns edns = {.present = true, .dnssec_ok = true, .udp_size = 1232};
    edns.errors = &rule->error;
    edns.error_count = rule->has_error;
    msg_begin(&m, out, size, 1, flags, rule->has_question ? &q : NULL);
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        for (const struct rrset *set = rule->sections[i]; set != NULL; set = set->next) {
            if (msg_put_rrset(&m, (enum section)i, set, true) != FAIL_NONE) {
                fprintf(stderr, "a scripted reply does not fit\n");
                exit(2);
            }
        }
    }
    put_filler(&m, rule->filler);
    if (s->use_edns && rule->has_opt) {
        (void)!msg_put_opt(&m, &edns, rule->rcode);
    }
    size_t len = msg_finish(&m, (rule->flags & MSG_TC) != 0);
    return rule->action == ACTION_CUT ? len - 5 : len;
}

static struct query_event serve(struct run *r, const struct send *s)
{
    static uint8_t bytes[MSG_SIZE_MAX];
    struct query_event ev = {.kind = EVENT_REPLY, .server = s->server, .over_tcp = s->use_tcp, .bytes = bytes};
    struct rule *rule = find_rule(r, s);
    if (rule == NULL) {
        printf("  a packet nobody expected\n");
        r->failed++;
    }
    if (rule == NULL || rule->action == ACTION_DROP || rule->rtt_ms > s->timeout_ms) {
        r->now += s->timeout_ms;
        ev.kind = EVENT_TIMEOUT;
        return ev;
    }
    bool is_at_once = rule->action == ACTION_UNREACHABLE || rule->action == ACTION_CROWDED;
    r->now += is_at_once ? 0 : rule->rtt_ms;
    ev.rtt_us = rule->rtt_ms * 1000;
    if (is_at_once || rule->action == ACTION_SUSPECT) {
        static const enum event_kind kinds[] = {[ACTION_UNREACHABLE] = EVENT_UNREACHABLE,
                                                [ACTION_SUSPECT] = EVENT_SUSPECT,
                                                [ACTION_CROWDED] = EVENT_CROWDED};
        ev.kind = kinds[rule->action];
        return ev;
    }
    if (rule->loses_case && !s->plain_case) {
        ev.kind = s->use_tcp ? EVENT_REPLY : EVENT_SUSPECT;
        ev.case_lost = s->use_tcp;
    }
    if (rule->action == ACTION_GARBAGE) {
        ev.len = 40;
        memset(bytes, 0xff, ev.len);
        return ev;
    }
    ev.len = write_reply(rule, s, bytes, sizeof(bytes));
    return ev;
}

static void record_send(struct run *r, const struct send *s)
{
    char line[TEXT_SIZE], name[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE], server[ADDR_TEXT_SIZE];
    struct addr host = s->server;
    host.port = 0;
    snprintf(line, sizeof(line), "sent %s %s %s%s%s%s%s", addr_text(&host, server), name_text(s->name, name),
             type_text(s->type, type), s->use_tcp ? " tcp" : "", s->use_edns ? "" : " plain", s->recursion ? " rd" : "",
             s->plain_case ? " lower" : "");
    record_line(&r->sent, line);
}

/* ---- Answers ---- */

static void record_set(struct run *r, const char *section, const struct rrset *set)
{
    char line[TEXT_SIZE * 2], name[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE], rdata[TEXT_SIZE];
    struct rdata_view view;
    for (size_t at = 0; rdatas_next(&set->data, &at, &view);) {
        rdata_text(set->type, view.bytes, view.len, rdata, sizeof(rdata));
        snprintf(line, sizeof(line), "%s %s %u %s %s", section, name_text(set->owner, name), rrset_ttl_at(set, r->now),
                 type_text(set->type, type), rdata);
        record_line(&r->answer, line);
    }
}

static void record_answer(struct run *r, const struct answer *a)
{
    static const char *const sections[SECTION_COUNT] = {"answer", "authority", "additional"};
    char line[TEXT_SIZE], rcode[16];
    snprintf(line, sizeof(line), "rcode %s", rcode_text(a->rcode, rcode));
    record_line(&r->answer, line);
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        for (const struct rrset *set = a->sections[i]; set != NULL; set = set->next) {
            record_set(r, sections[i], set);
        }
    }
    for (unsigned i = 0; i < a->error_count; i++) {
        snprintf(line, sizeof(line), "ede %u %s", a->errors[i].code, a->errors[i].text);
        record_line(&r->answer, line);
    }
    snprintf(line, sizeof(line), "status %s", statuses[a->security]);
    record_line(&r->answer, line);
    snprintf(line, sizeof(line), "is%s%s%s%s%s%s", a->is_cached ? " cached" : "", a->is_miss ? " miss" : "",
             a->is_stale ? " stale" : "", a->is_local ? " local" : "", a->authoritative ? " authoritative" : "",
             a->denies_name ? " no-name" : "");
    record_line(&r->answer, line);
}

/* ---- Comparing ---- */

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A line of records and sends must be equal; of errors the expected text must be contained. "-" stands for any TTL. */
static bool line_fits(const char *expected, const char *got)
{
    if (has_prefix(expected, "ede ")) {
        unsigned code = 0, got_code = 0;
        int at = 0;
        return sscanf(expected, "ede %u %n", &code, &at) == 1 && sscanf(got, "ede %u", &got_code) == 1 &&
               code == got_code && strstr(got, expected + at) != NULL;
    }
    const char *any = strstr(expected, " - ");
    if (any == NULL) {
        return strcmp(expected, got) == 0;
    }
    size_t head = (size_t)(any - expected) + 1;
    const char *tail = strncmp(expected, got, head) == 0 ? strchr(got + head, ' ') : NULL;
    return tail != NULL && strcmp(any + 2, tail) == 0;
}

static void complain(struct run *r, unsigned number, const char *text, const char *line)
{
    printf("  line %u: %s: %s\n", number, text, line);
    r->failed++;
}

/* Lines of one kind must come exactly as expected, in order; a kind that the step does not mention is not compared. */
static void compare_kind(struct run *r, const struct step *s, const char *kind, const struct happened *got)
{
    unsigned at = 0;
    bool is_mentioned = false;
    for (const struct line *line = s->expected; line != NULL; line = line->next) {
        if (!has_prefix(line->text, kind)) {
            continue;
        }
        is_mentioned = true;
        if (strstr(line->text, " none") != NULL && strlen(line->text) == strlen(kind) + 4) {
            continue;
        }
        while (at < got->count && !has_prefix(got->lines[at], kind)) {
            at++;
        }
        if (at >= got->count || !line_fits(line->text, got->lines[at])) {
            complain(r, line->number, "expected", line->text);
        }
        at++;
    }
    for (; is_mentioned && at < got->count; at++) {
        if (has_prefix(got->lines[at], kind)) {
            complain(r, s->number, "not expected", got->lines[at]);
        }
    }
}

/* What a query took. */
struct cost {
    uint64_t started;
    unsigned verified, turns;
};

static unsigned count_sent(const struct run *r, const char *words)
{
    unsigned count = 0;
    for (unsigned i = 0; i < r->sent.count; i++) {
        count += *words == '\0' || strstr(r->sent.lines[i], words) != NULL;
    }
    return count;
}

/* "sends N [words]" and "at-most N [words]" count packets, "verified N" signatures, "turns N" how often others got a
 * turn, "within MS" the time. */
static void compare_counts(struct run *r, const struct step *s, const struct cost *cost)
{
    for (const struct line *line = s->expected; line != NULL; line = line->next) {
        unsigned n = 0;
        int at = 0;
        bool fits = true;
        if (sscanf(line->text, "sends %u %n", &n, &at) >= 1) {
            fits = count_sent(r, at > 0 ? line->text + at : "") == n;
        } else if (sscanf(line->text, "at-most %u %n", &n, &at) >= 1) {
            fits = count_sent(r, at > 0 ? line->text + at : "") <= n;
        } else if (sscanf(line->text, "verified %u", &n) == 1) {
            fits = cost->verified == n;
        } else if (sscanf(line->text, "turns %u", &n) == 1) {
            fits = cost->turns == n;
        } else if (sscanf(line->text, "within %u", &n) == 1) {
            fits = r->now - cost->started <= n;
        }
        if (!fits) {
            printf("  %u packets in %u ms, %u signatures verified, %u turns\n", r->sent.count,
                   (unsigned)(r->now - cost->started), cost->verified, cost->turns);
            complain(r, line->number, "expected", line->text);
        }
    }
}

static void check_words(struct run *r, const struct step *s)
{
    static const char *const known[] = {"rcode ", "answer ", "authority ", "additional ", "ede ",
                                        "is",     "sent ",   "sends ",     "at-most ",    "within ",
                                        "probe ", "status ", "verified ",  "turns "};
    for (const struct line *line = s->expected; line != NULL; line = line->next) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            is_known = is_known || has_prefix(line->text, known[i]);
        }
        if (!is_known) {
            complain(r, line->number, "not understood", line->text);
        }
    }
}

static void compare(struct run *r, const struct step *s, const struct cost *cost)
{
    static const char *const kinds[] = {"rcode ", "answer ", "authority ", "additional ",
                                        "ede ",   "is",      "probe ",     "status "};
    check_words(r, s);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        compare_kind(r, s, kinds[i], &r->answer);
    }
    compare_kind(r, s, "sent ", &r->sent);
    compare_counts(r, s, cost);
}

/* ---- Steps ---- */

static void print_record(const struct happened *r)
{
    for (unsigned i = 0; i < r->count; i++) {
        printf("    %s\n", r->lines[i]);
    }
}

static void print_trace(const struct query *q)
{
    const struct trace *t = query_trace(q);
    for (unsigned i = 0; i < t->count; i++) {
        char text[TEXT_SIZE];
        printf("    %s\n", trace_step_text(&t->steps[i], text, sizeof(text)));
    }
}

/* As the daemon does: a client that has waited long enough gets what has expired, if there is anything. */
static bool answer_in_time(struct run *r, struct query *q, uint64_t started)
{
    const struct stale_policy *p = &r->script.policy.stale;
    uint64_t now = r->now;
    uint64_t at = started + p->client_ms;
    const struct answer *stale = p->is_on && now >= at ? query_stale_answer(q, at) : NULL;
    if (stale != NULL) {
        r->now = at;
        record_answer(r, stale);
        r->now = now;
    }
    return stale != NULL;
}

static void record_probe(struct run *r, const struct send *s)
{
    char line[TEXT_SIZE], name[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE], server[ADDR_TEXT_SIZE];
    struct addr host = s->server;
    host.port = 0;
    snprintf(line, sizeof(line), "probe %s %s %s", addr_text(&host, server), name_text(s->name, name),
             type_text(s->type, type));
    record_line(&r->answer, line);
}

/* Nobody waits for it either; its outcome is known at once. */
static void send_beside(struct run *r, const struct send *s)
{
    uint64_t started = r->now;
    if (s != NULL) {
        record_probe(r, s);
        struct query_event ev = serve(r, s);
        servers_tried(r->resolver.servers, &s->server, ev.kind == EVENT_REPLY, ev.rtt_us, r->now);
        r->now = started;
    }
}

/* Probes go out beside each other, and nobody waits for them. */
static void probe(struct run *r, struct query *q)
{
    struct send sends[RECOVER_PROBES_MAX];
    uint64_t started = r->now;
    unsigned count = query_answer(q)->is_remembered ? query_probes(q, r->now, sends) : 0;
    for (unsigned i = 0; i < count; i++) {
        record_probe(r, &sends[i]);
        struct query_event ev = serve(r, &sends[i]);
        if (ev.kind == EVENT_REPLY) {
            servers_replied(r->resolver.servers, &ev.server, ev.rtt_us, false, r->now);
        }
        r->now = started;
    }
}

static void ask(struct run *r, const struct step *s)
{
    static const struct query_event start = {.kind = EVENT_START}, go_on = {.kind = EVENT_CONTINUE};
    struct cost cost = {.started = r->now};
    unsigned failed = r->failed;
    uint64_t verified = r->resolver.verifications;
    struct query *q = query_new(&r->resolver, s->name, s->type, s->flags, r->now);
    record_clear(&r->sent);
    record_clear(&r->answer);
    r->resolver.effort = 0;
    enum want want = query_step(q, &start, r->now);
    bool is_answered = false;
    while (want != WANT_FINISH && r->sent.count < LINES_MAX) {
        if (want == WANT_CONTINUE) {
            cost.turns++;
            r->resolver.effort = 0;
            want = query_step(q, &go_on, r->now);
            continue;
        }
        record_send(r, query_send(q));
        send_beside(r, query_beside(q));
        is_answered = is_answered || answer_in_time(r, q, cost.started);
        struct query_event ev = serve(r, query_send(q));
        is_answered = is_answered || answer_in_time(r, q, cost.started);
        want = query_step(q, &ev, r->now);
    }
    if (!is_answered) {
        record_answer(r, query_answer(q));
    }
    probe(r, q);
    cost.verified = (unsigned)(r->resolver.verifications - verified);
    compare(r, s, &cost);
    if (r->failed > failed) {
        print_trace(q);
        print_record(&r->sent);
        print_record(&r->answer);
    }
    query_free(q);
}

static void check_cache(struct run *r, const struct step *s)
{
    struct arena a;
    const struct cache_entry *hit = NULL;
    arena_init(&a, 1 << 20);
    if (cache_find(&r->cache, s->slot, s->name, s->type, r->now, 0, &a, &hit) != FAIL_NONE) {
        complain(r, s->number, "cache", "memory");
    }
    const char *state = hit == NULL ? "absent" : (hit->is_negative ? "negative" : "present");
    bool is_nxdomain = s->slot == CACHE_NXDOMAIN && hit != NULL && strcmp(s->state, "present") == 0;
    bool is_status = hit != NULL && strcmp(s->state, statuses[hit->security]) == 0;
    if (strcmp(state, s->state) != 0 && !is_nxdomain && !is_status) {
        complain(r, s->number, "the cache entry is", state);
        printf("  %s\n", hit != NULL ? statuses[hit->security] : "");
    }
    arena_fini(&a);
}

static void run_step(struct run *r, const struct step *s)
{
    switch (s->kind) {
    case STEP_ASK:
        ask(r, s);
        break;
    case STEP_CLOCK:
        r->now += s->clock_ms;
        break;
    case STEP_CACHE:
        check_cache(r, s);
        break;
    case STEP_FORGIVE:
        servers_forgive(r->resolver.servers, r->now);
        break;
    case STEP_FLUSH:
        memory_flush(r->memory, s->name, true);
        break;
    case STEP_LIMIT:
        if (r->resolver.limit_hits[s->limit] < s->count) {
            complain(r, s->number, "limit was not hit", limit_name(s->limit));
        }
        break;
    }
}

int main(int argc, char **argv)
{
    static struct run r;
    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE.scn\n", argv[0]);
        return 2;
    }
    script_load(&r.script, argv[1]);
    r.memory = memory_new();
    r.cache = (struct cache_view){.backend = memory_backend(r.memory), .policy = &r.script.cache_policy};
    r.resolver = (struct resolver){.policy = &r.script.policy,
                                   .cache = &r.cache,
                                   .servers = servers_new(256),
                                   .local = {.ctx = &r, .find = find_own},
                                   .random_below = random_below,
                                   .random_ctx = &r,
                                   .wall = wall,
                                   .wall_ctx = &r,
                                   .keyring = keyring_new(64),
                                   .trust = trust_table_new(64)};
    r.now = BEGIN;
    r.script.policy.root_copy_until += r.now;
    for (const struct step *s = r.script.steps; s != NULL; s = s->next) {
        run_step(&r, s);
    }
    printf("%s: %s\n", argv[1], r.failed == 0 ? "as expected" : "FAILED");
    record_clear(&r.sent);
    record_clear(&r.answer);
    resolver_drain(&r.resolver);
    servers_free(r.resolver.servers);
    keyring_free(r.resolver.keyring);
    trust_table_free(r.resolver.trust);
    memory_free(r.memory);
    copy_release(r.script.root_copy);
    arena_fini(&r.script.arena);
    return r.failed == 0 ? 0 : 1;
}
