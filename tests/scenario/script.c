#include "script.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/routes.h"

enum { WORDS_MAX = 64, LINE_MAX_LEN = 4096, HINTS_MAX = 32, NETS_MAX = 8, ROUTES_MAX = 16, ANCHORS_MAX = 8 };

struct loader {
    struct script *script;
    const char *path;
    unsigned line;
    char *words[WORDS_MAX];
    unsigned count;
    struct addr server;
    struct rule *rule;
    struct own *own;
    struct step *step;
};

static _Noreturn void fail(const struct loader *l, const char *text, ...) PRINTF_LIKE(2, 3);

static void fail(const struct loader *l, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    fprintf(stderr, "%s:%u: ", l->path, l->line);
    vfprintf(stderr, text, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}

static void *take(struct loader *l, size_t size)
{
    void *p = arena_take(&l->script->arena, size);
    if (p == NULL) {
        fail(l, "out of memory");
    }
    return p;
}

static const char *word(const struct loader *l, unsigned index)
{
    if (index >= l->count) {
        fail(l, "word %u is missing", index + 1);
    }
    return l->words[index];
}

static bool is(const struct loader *l, unsigned index, const char *text)
{
    return index < l->count && strcmp(l->words[index], text) == 0;
}

static unsigned long number(const struct loader *l, const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*end != '\0' || end == text) {
        fail(l, "'%s' is no number", text);
    }
    return n;
}

static const uint8_t *name(struct loader *l, const char *text)
{
    uint8_t *out = take(l, NAME_SIZE);
    if (name_from_text(text, strlen(text), NULL, out) != FAIL_NONE) {
        fail(l, "'%s' is no name", text);
    }
    return out;
}

static uint16_t type(const struct loader *l, const char *text)
{
    uint16_t out;
    if (type_from_text(text, strlen(text), &out) != FAIL_NONE) {
        fail(l, "'%s' is no type", text);
    }
    return out;
}

static struct addr address(const struct loader *l, const char *text)
{
    struct addr out;
    if (addr_parse(text, 53, &out) != FAIL_NONE) {
        fail(l, "'%s' is no address", text);
    }
    return out;
}

static unsigned rcode(const struct loader *l, const char *text)
{
    for (unsigned i = 0; i < 24; i++) {
        char known[16];
        if (strcmp(rcode_text(i, known), text) == 0) {
            return i;
        }
    }
    fail(l, "'%s' is no rcode", text);
}

/* "*", "name." or "*.zone." with its subtree. */
static const uint8_t *pattern(struct loader *l, const char *text, bool *is_subtree)
{
    *is_subtree = strncmp(text, "*.", 2) == 0;
    if (strcmp(text, "*") == 0) {
        return NULL;
    }
    return name(l, *is_subtree ? text + 2 : text);
}

/* ---- Records ---- */

/* "DNSKEY key", "DS key [1|2|4]", "DS other-key": of a zone with a key. */
static bool add_key(struct loader *l, struct rrset *set, unsigned from)
{
    struct arena *a = &l->script->arena;
    bool is_other = is(l, from, "other-key");
    if (!is_other && !is(l, from, "key")) {
        return false;
    }
    uint8_t digest = from + 1 < l->count ? (uint8_t)number(l, l->words[from + 1]) : 2;
    if (set->type == TYPE_DNSKEY ? !signing_put_key(a, set->owner, is_other, &set->data)
                                 : !signing_put_ds(a, set->owner, digest, is_other, &set->data)) {
        fail(l, "the zone has no key yet");
    }
    return true;
}

static void add_rdata(struct loader *l, struct rrset *set, unsigned from)
{
    struct token tokens[WORDS_MAX];
    struct token_error error;
    uint8_t rdata[4096];
    struct writer w;
    writer_init(&w, rdata, sizeof(rdata));
    unsigned count = 0;
    for (unsigned i = from; i < l->count; i++) {
        tokens[count++] = (struct token){.text = l->words[i], .len = strlen(l->words[i])};
    }
    if (rdata_from_text(set->type, tokens, count, name_root, &w, &error) != FAIL_NONE) {
        fail(l, "RDATA: %s", error.why);
    }
    uint8_t *packed = take(l, set->data.len + writer_len(&w) + 2);
    if (set->data.len > 0) {
        memcpy(packed, set->data.bytes, set->data.len);
    }
    set->data.len += (uint32_t)rdatas_pack(packed + set->data.len, rdata, (uint16_t)writer_len(&w));
    set->data.bytes = packed;
    set->data.count++;
}

/* Words `from`: OWNER TTL TYPE RDATA... go into a section; records of one set must follow each other. */
static void record(struct loader *l, struct rrset **sections, enum section section, unsigned from)
{
    const uint8_t *owner = name(l, word(l, from));
    uint16_t rr_type = type(l, word(l, from + 2));
    struct rrset *set = rrset_find(sections[section], owner, rr_type);
    if (set == NULL) {
        set = take(l, sizeof(*set));
        *set = (struct rrset){.owner = owner, .type = rr_type, .ttl = (uint32_t)number(l, word(l, from + 1))};
        rrset_append(&sections[section], set);
    }
    if (!add_key(l, set, from + 3)) {
        add_rdata(l, set, from + 3);
    }
}

static int section_of(const struct loader *l)
{
    static const char *const names[SECTION_COUNT] = {"answer", "authority", "additional"};
    for (int i = 0; i < SECTION_COUNT; i++) {
        if (is(l, 0, names[i])) {
            return i;
        }
    }
    return -1;
}

/* ---- Settings ---- */

static bool is_on(const struct loader *l)
{
    return is(l, 1, "on");
}

static void load_hint(struct loader *l)
{
    static struct hint hints[HINTS_MAX];
    struct policy *p = &l->script->policy;
    struct addr *addresses = take(l, l->count * sizeof(*addresses));
    if (p->hint_count == HINTS_MAX) {
        fail(l, "too many hints");
    }
    for (unsigned i = 2; i < l->count; i++) {
        addresses[i - 2] = address(l, l->words[i]);
    }
    hints[p->hint_count++] =
        (struct hint){.name = name(l, word(l, 1)), .addresses = addresses, .address_count = l->count - 2};
    p->hints = hints;
}

static void load_network(struct loader *l)
{
    static struct addr_net nets[NETS_MAX];
    static struct addr own[NETS_MAX];
    struct policy *p = &l->script->policy;
    if (is(l, 0, "listener")) {
        own[p->own_count++] = address(l, word(l, 1));
        p->own = own;
    } else if (addr_net_parse(word(l, 1), &nets[p->allowed_count++]) != FAIL_NONE) {
        fail(l, "'%s' is no network", l->words[1]);
    }
    p->allowed = nets;
}

static void load_private(struct loader *l)
{
    static struct addr_net nets[NETS_MAX];
    struct policy *p = &l->script->policy;
    if (p->private_count == NETS_MAX || addr_net_parse(word(l, 1), &nets[p->private_count]) != FAIL_NONE) {
        fail(l, "'%s' is no network, or one too many", l->words[1]);
    }
    p->private_count++;
    p->private_nets = nets;
}

static void load_route(struct loader *l)
{
    static struct route routes[ROUTES_MAX];
    struct policy *p = &l->script->policy;
    struct addr *to = take(l, l->count * sizeof(*to));
    if (p->route_count == ROUTES_MAX) {
        fail(l, "too many routes");
    }
    struct route *route = &routes[p->route_count++];
    *route = (struct route){.zone = name(l, word(l, 1)), .to = to, .is_forward = is(l, 0, "forward")};
    for (unsigned i = 2; i < l->count; i++) {
        if (is(l, i, "require") || is(l, i, "off")) {
            route->dnssec = is(l, i, "off") ? DNSSEC_OFF : DNSSEC_REQUIRE;
        } else {
            to[route->to_count++] = address(l, l->words[i]);
        }
    }
    routes_sort(routes, p->route_count);
    p->routes = routes;
}

static enum limit_id limit_id(const struct loader *l, const char *text)
{
    for (unsigned i = 0; i < LIMIT_COUNT; i++) {
        if (strcmp(limit_name((enum limit_id)i), text) == 0) {
            return (enum limit_id)i;
        }
    }
    fail(l, "'%s' is no limit", text);
}

static void load_limit(struct loader *l, enum limit_id id, uint32_t value)
{
    if (id >= LIMIT_VALUE_COUNT) {
        fail(l, "that is a setting of the cache");
    }
    l->script->policy.limits.values[id] = value;
}

/* NULL: the line is none of the cache's settings. */
static uint32_t *cache_setting(const struct loader *l)
{
    struct cache_policy *p = &l->script->cache_policy;
    const struct {
        const char *word;
        uint32_t *value;
    } all[] = {{"max-ttl", &p->max_ttl},
               {"min-ttl", &p->min_ttl},
               {"max-negative-ttl", &p->max_negative_ttl},
               {"min-negative-ttl", &p->min_negative_ttl},
               {"max-entry-size", &p->max_entry_size}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (is(l, 0, all[i].word)) {
            return all[i].value;
        }
    }
    return NULL;
}

/* serve-stale CLIENT-MS WINDOW-S */
static void load_stale(struct loader *l)
{
    l->script->policy.stale = (struct stale_policy){.is_on = true,
                                                    .client_ms = (uint32_t)number(l, word(l, 1)),
                                                    .window_ms = 1000ull * number(l, word(l, 2)),
                                                    .ttl = 30};
}

/* sign ZONE ALGORITHM|not */
static void load_zone_key(struct loader *l)
{
    signing_add_zone(name(l, word(l, 1)), is(l, 2, "not") ? 0 : (uint8_t)number(l, word(l, 2)));
}

/* anchor ZONE, negative-anchor NAME. Validation is on from there. */
static void load_anchor(struct loader *l)
{
    static struct anchor_record records[ANCHORS_MAX];
    static const uint8_t *negative[ANCHORS_MAX];
    static unsigned count, negative_count;
    struct policy *p = &l->script->policy;
    struct rdatas ds = {0};
    const uint8_t *zone = name(l, word(l, 1));
    p->validation = true;
    if (count == ANCHORS_MAX || negative_count == ANCHORS_MAX) {
        fail(l, "too many anchors");
    }
    if (is(l, 0, "negative-anchor")) {
        negative[negative_count++] = zone;
    } else if (signing_put_ds(&l->script->arena, zone, 2, false, &ds)) {
        records[count++] = (struct anchor_record){.zone = zone, .ds = rdatas_first(&ds)};
    } else {
        fail(l, "the zone has no key yet");
    }
    if (anchors_make(records, count, negative, negative_count, &l->script->arena, &p->anchors) != FAIL_NONE) {
        fail(l, "out of memory");
    }
}

static void load_root_copy(struct loader *l)
{
    struct script *s = l->script;
    if (s->root_copy == NULL) {
        s->root_copy = copy_new(name_root);
    }
    struct rrset set = {.owner = name(l, word(l, 1)), .type = type(l, word(l, 3))};
    add_rdata(l, &set, 4);
    struct rdata_view rdata = rdatas_first(&set.data);
    struct record r = {set.owner, rdata.bytes, (uint32_t)number(l, word(l, 2)), set.type, rdata.len};
    if (s->root_copy == NULL || copy_add(s->root_copy, &r) != FAIL_NONE) {
        fail(l, "not taken");
    }
}

static bool load_setting(struct loader *l)
{
    struct policy *p = &l->script->policy;
    if (is(l, 0, "root-copy")) {
        load_root_copy(l);
    } else if (is(l, 0, "root-copy-life")) {
        p->root_copy_until = number(l, word(l, 1));
    } else if (is(l, 0, "sign")) {
        load_zone_key(l);
    } else if (is(l, 0, "anchor") || is(l, 0, "negative-anchor")) {
        load_anchor(l);
    } else if (is(l, 0, "signature-skew")) {
        p->signature_skew = (uint32_t)number(l, word(l, 1));
    } else if (is(l, 0, "accept-sha1")) {
        p->accept_sha1 = is_on(l);
    } else if (is(l, 0, "aggressive-nsec")) {
        p->aggressive_nsec = is_on(l);
    } else if (is(l, 0, "serve-stale")) {
        load_stale(l);
    } else if (is(l, 0, "hint")) {
        load_hint(l);
    } else if (is(l, 0, "forward") || is(l, 0, "stub")) {
        load_route(l);
    } else if (is(l, 0, "allow") || is(l, 0, "listener")) {
        load_network(l);
    } else if (is(l, 0, "private")) {
        load_private(l);
    } else if (is(l, 0, "ipv4")) {
        p->ipv4 = is_on(l);
    } else if (is(l, 0, "ipv6")) {
        p->ipv6 = is_on(l);
    } else if (is(l, 0, "special-use")) {
        p->special_use = is_on(l);
    } else if (is(l, 0, "minimisation")) {
        p->qname_minimisation = is_on(l);
    } else if (is(l, 0, "chance")) {
        l->script->use_chance = is_on(l);
    } else if (is(l, 0, "limit")) {
        load_limit(l, limit_id(l, word(l, 1)), (uint32_t)number(l, word(l, 2)));
    } else if (cache_setting(l) != NULL) {
        *cache_setting(l) = (uint32_t)number(l, word(l, 1));
    } else {
        return false;
    }
    return true;
}

/* ---- Servers and own zones ---- */

/* Words that say how the records of the rule are signed. */
static bool load_signing_word(struct loader *l, struct signing *s, unsigned *i)
{
    enum { HOUR = 3600 };
    if (is(l, *i, "unsigned")) {
        s->is_off = true;
    } else if (is(l, *i, "forged")) {
        s->forged = 1;
    } else if (is(l, *i, "many-forged")) {
        s->forged = (unsigned)number(l, word(l, ++*i));
    } else if (is(l, *i, "by-other-key")) {
        s->is_strange = true;
    } else if (is(l, *i, "expired")) {
        s->to_s = -2 * HOUR;
    } else if (is(l, *i, "early")) {
        s->from_s = 2 * HOUR;
    } else if (is(l, *i, "until")) {
        s->to_s = (int)number(l, word(l, ++*i));
    } else if (is(l, *i, "signer")) {
        s->signer = name(l, word(l, ++*i));
    } else if (is(l, *i, "labels")) {
        s->labels = (int)number(l, word(l, ++*i));
    } else {
        return false;
    }
    return true;
}

static void load_rule_word(struct loader *l, struct rule *r, unsigned *i)
{
    static const struct {
        const char *word;
        enum action action;
    } actions[] = {{"drop", ACTION_DROP},       {"unreachable", ACTION_UNREACHABLE}, {"suspect", ACTION_SUSPECT},
                   {"crowded", ACTION_CROWDED}, {"garbage", ACTION_GARBAGE},         {"cut", ACTION_CUT}};
    static const struct {
        const char *word;
        uint16_t flag;
    } flags[] = {{"aa", MSG_AA}, {"tc", MSG_TC}, {"ra", MSG_RA}};
    for (size_t a = 0; a < sizeof(actions) / sizeof(actions[0]); a++) {
        if (is(l, *i, actions[a].word)) {
            r->action = actions[a].action;
            return;
        }
    }
    for (size_t a = 0; a < sizeof(flags) / sizeof(flags[0]); a++) {
        if (is(l, *i, flags[a].word)) {
            r->flags |= flags[a].flag;
            return;
        }
    }
    if (load_signing_word(l, &r->signing, i)) {
        return;
    }
    if (is(l, *i, "udp") || is(l, *i, "tcp")) {
        r->tcp = is(l, *i, "tcp");
    } else if (is(l, *i, "edns") || is(l, *i, "plain")) {
        r->edns = is(l, *i, "edns");
    } else if (is(l, *i, "no-opt")) {
        r->has_opt = false;
    } else if (is(l, *i, "loses-case")) {
        r->loses_case = true;
    } else if (is(l, *i, "no-question")) {
        r->has_question = false;
    } else if (is(l, *i, "first")) {
        r->left = (unsigned)number(l, word(l, ++*i));
    } else if (is(l, *i, "rtt")) {
        r->rtt_ms = (uint32_t)number(l, word(l, ++*i));
    } else if (is(l, *i, "filler")) {
        r->filler = (unsigned)number(l, word(l, ++*i));
    } else if (is(l, *i, "ede")) {
        r->has_error = true;
        r->error.code = (uint16_t)number(l, word(l, ++*i));
        snprintf(r->error.text, sizeof(r->error.text), "%s", word(l, ++*i));
    } else if (is(l, *i, "other-question")) {
        r->other_question = name(l, word(l, ++*i));
    } else {
        r->rcode = rcode(l, word(l, *i));
    }
}

static void load_rule(struct loader *l)
{
    struct rule *r = take(l, sizeof(*r));
    struct rule **end = &l->script->rules;
    *r = (struct rule){.server = l->server, .tcp = -1, .edns = -1, .left = UINT32_MAX, .rtt_ms = 10};
    r->signing = signing_default();
    r->has_opt = r->has_question = true;
    r->name = pattern(l, word(l, 1), &r->is_subtree);
    r->type = is(l, 2, "*") ? 0 : type(l, word(l, 2));
    for (unsigned i = 3; i < l->count; i++) {
        load_rule_word(l, r, &i);
    }
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = r;
    l->rule = r;
    l->own = NULL;
    l->step = NULL;
}

static void load_own(struct loader *l)
{
    struct own *o = take(l, sizeof(*o));
    *o = (struct own){.next = l->script->own};
    o->name = pattern(l, word(l, 1), &o->is_subtree);
    o->type = is(l, 2, "*") ? 0 : type(l, word(l, 2));
    if (is(l, 3, "alias")) {
        o->hit = LOCAL_ALIAS;
        o->answer.target = name(l, word(l, 4));
    } else if (is(l, 3, "delegation")) {
        o->hit = LOCAL_DELEGATION;
    } else {
        o->hit = LOCAL_ANSWER;
        o->answer.rcode = rcode(l, word(l, 3));
    }
    l->script->own = o;
    l->own = o;
    l->rule = NULL;
    l->step = NULL;
}

/* ---- Steps ---- */

static struct step *add_step(struct loader *l, enum step_kind kind)
{
    struct step *s = take(l, sizeof(*s));
    struct step **end = &l->script->steps;
    *s = (struct step){.number = l->line, .kind = kind};
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = s;
    l->rule = NULL;
    l->own = NULL;
    l->step = s;
    return s;
}

static void load_ask(struct loader *l)
{
    static const struct {
        const char *word;
        enum query_flag flag;
    } flags[] = {{"prime", QUERY_PRIME},
                 {"no-cache", QUERY_NO_CACHE},
                 {"cache-only", QUERY_CACHE_ONLY},
                 {"cd", QUERY_CD},
                 {"refresh", QUERY_REFRESH}};
    struct step *s = add_step(l, STEP_ASK);
    s->name = name(l, word(l, 1));
    s->type = type(l, word(l, 2));
    for (unsigned i = 3; i < l->count; i++) {
        unsigned before = s->flags;
        for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++) {
            s->flags |= is(l, i, flags[f].word) ? flags[f].flag : 0;
        }
        if (s->flags == before) {
            fail(l, "'%s' is no flag of ask", l->words[i]);
        }
    }
}

static void load_cache_step(struct loader *l)
{
    static const char *const slots[] = {"answer", "nxdomain", "delegation", "failure"};
    struct step *s = add_step(l, STEP_CACHE);
    unsigned slot = 0;
    while (slot < 4 && !is(l, 1, slots[slot])) {
        slot++;
    }
    if (slot == 4) {
        fail(l, "'%s' is no slot", word(l, 1));
    }
    s->slot = (enum cache_slot)slot;
    s->name = name(l, word(l, 2));
    bool has_type = s->slot == CACHE_ANSWER || s->slot == CACHE_FAILURE;
    s->type = has_type ? type(l, word(l, 3)) : 0;
    s->state = strcpy(take(l, strlen(word(l, 3 + has_type)) + 1), word(l, 3 + has_type));
}

static bool load_step(struct loader *l)
{
    if (is(l, 0, "ask")) {
        load_ask(l);
    } else if (is(l, 0, "clock")) {
        add_step(l, STEP_CLOCK)->clock_ms = number(l, word(l, 1));
    } else if (is(l, 0, "cache")) {
        load_cache_step(l);
    } else if (is(l, 0, "flush")) {
        add_step(l, STEP_FLUSH)->name = name(l, word(l, 1));
    } else if (is(l, 0, "forgive")) {
        add_step(l, STEP_FORGIVE);
    } else if (is(l, 0, "hit")) {
        struct step *s = add_step(l, STEP_LIMIT);
        s->limit = limit_id(l, word(l, 1));
        s->count = (unsigned)number(l, word(l, 2));
    } else {
        return false;
    }
    return true;
}

/* Below `ask`: one expected line, words joined by single blanks. */
static void load_expected(struct loader *l)
{
    struct line *line = take(l, sizeof(*line));
    struct line **end = &l->step->expected;
    char *text = take(l, LINE_MAX_LEN);
    for (unsigned i = 0; i < l->count; i++) {
        strcat(strcat(text, i > 0 ? " " : ""), l->words[i]);
    }
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = line;
    *line = (struct line){.text = text, .number = l->line};
}

static void load_file(struct loader *l, const char *path);

/* Beside the file that includes it. */
static void load_include(struct loader *l)
{
    char path[LINE_MAX_LEN];
    const char *slash = strrchr(l->path, '/');
    int dir_len = slash != NULL ? (int)(slash - l->path) + 1 : 0;
    snprintf(path, sizeof(path), "%.*s%s", dir_len, l->path, word(l, 1));
    struct loader included = {.script = l->script, .path = path};
    load_file(&included, path);
}

static void load_line(struct loader *l)
{
    int section = section_of(l);
    if (is(l, 0, "include")) {
        load_include(l);
    } else if (section >= 0 && l->rule != NULL) {
        record(l, l->rule->sections, (enum section)section, 1);
    } else if (section >= 0 && l->own != NULL) {
        record(l, l->own->answer.sections, (enum section)section, 1);
    } else if (is(l, 0, "server")) {
        l->server = address(l, word(l, 1));
    } else if (is(l, 0, "on")) {
        load_rule(l);
    } else if (is(l, 0, "own")) {
        load_own(l);
    } else if (!load_setting(l) && !load_step(l)) {
        if (l->step == NULL || l->step->kind != STEP_ASK) {
            fail(l, "'%s' is not understood here", l->words[0]);
        }
        load_expected(l);
    }
}

static void set_defaults(struct script *s)
{
    arena_init(&s->arena, (size_t)64 << 20);
    s->policy = (struct policy){.ipv4 = true, .special_use = true, .upstream_port = 53, .edns_size = 1232};
    s->policy.limits = limits_default;
    s->cache_policy =
        (struct cache_policy){.max_ttl = 86400, .max_negative_ttl = 3600, .max_entry_size = 16384, .max_records = 100};
}

static void load_file(struct loader *l, const char *path)
{
    char line[LINE_MAX_LEN];
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        perror(path);
        exit(2);
    }
    while (fgets(line, sizeof(line), f) != NULL) {
        l->line++;
        line[strcspn(line, ";\n")] = '\0';
        l->count = 0;
        for (char *at = strtok(line, " \t"); at != NULL && l->count < WORDS_MAX; at = strtok(NULL, " \t")) {
            l->words[l->count++] = at;
        }
        if (l->count > 0) {
            load_line(l);
        }
    }
    fclose(f);
}

/* Name servers of a delegation and glue belong to the child, which signs them elsewhere. */
static void sign_rules(struct script *s)
{
    for (struct rule *r = s->rules; r != NULL; r = r->next) {
        for (unsigned i = 0; i < SECTION_ADDITIONAL; i++) {
            for (struct rrset *set = r->sections[i]; set != NULL; set = set->next) {
                if (i == SECTION_ANSWER || set->type != TYPE_NS) {
                    signing_sign(&s->arena, set, &r->signing);
                }
            }
        }
    }
}

void script_load(struct script *s, const char *path)
{
    struct loader l = {.script = s, .path = path};
    set_defaults(s);
    load_file(&l, path);
    s->cache_policy.max_records = (uint16_t)limit_get(&s->policy.limits, records);
    if (s->root_copy != NULL && copy_finish(s->root_copy, NULL, NULL) != NULL) {
        fail(&l, "the copy of the root is no zone");
    }
    s->policy.root_copy = s->root_copy;
    sign_rules(s);
}
