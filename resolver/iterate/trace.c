#include "resolver/iterate/trace.h"

#include <stdio.h>
#include <string.h>

#include "cache/cache.h"
#include "resolver/dns/msg.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/classify.h"
#include "resolver/iterate/cut.h"
#include "resolver/iterate/limits.h"
#include "resolver/iterate/trust_table.h"

enum {
    RESERVED = 12, /* steps that only turning points may take: they explain more than one more time-out */
    NESTING_MAX = 32,
    SERVERS_TOLD = 8,        /* servers named in one text */
    FORWARDER_HEAD_SIZE = 60 /* "forwarder ADDRESS: " */
};

static bool is_turning_point(enum trace_kind kind)
{
    return kind != TRACE_ASK && kind != TRACE_REPLY && kind != TRACE_TIMEOUT && kind != TRACE_UNREACHABLE &&
           kind != TRACE_SKIPPED;
}

void trace_init(struct trace *t, uint64_t now)
{
    t->started = now;
    t->count = 0;
    t->lost = 0;
}

/* Keeps the leftmost whole labels. */
static bool keep_name(uint8_t out[TRACE_NAME_SIZE], const uint8_t *name)
{
    size_t len = name_len(name);
    if (len <= TRACE_NAME_SIZE) {
        memcpy(out, name, len);
        return false;
    }
    size_t at = 0;
    while (at + 1 + name[at] < TRACE_NAME_SIZE) {
        at += 1u + name[at];
    }
    memcpy(out, name, at);
    out[at] = 0;
    return true;
}

struct trace_step *trace_add(struct trace *t, enum trace_kind kind, const uint8_t *name, uint16_t type, uint64_t now)
{
    static _Thread_local struct trace_step spare;
    struct trace_step *step = &spare;
    if (t->count < (is_turning_point(kind) ? TRACE_STEPS_MAX : TRACE_STEPS_MAX - RESERVED)) {
        step = &t->steps[t->count++];
    } else {
        t->lost++;
    }
    step->kind = (uint8_t)kind;
    step->detail = step->rcode = 0;
    step->type = type;
    step->at_ms = (uint32_t)(now - t->started);
    step->rtt_us = 0;
    step->server = (struct addr){0};
    step->is_cut = keep_name(step->name, name);
    return step;
}

/* ---- Text ---- */

/* Text that stops growing when full; a cut one ends in "...". */
struct text {
    char *at;
    size_t size, len;
    bool is_full;
};

static void text_put(struct text *t, const char *piece)
{
    size_t len = strlen(piece);
    if (t->is_full) {
        return;
    }
    if (t->len + len + 1 > t->size) {
        t->is_full = true;
        static const char more[] = "...";
        size_t start = t->len + sizeof(more) > t->size ? t->size - sizeof(more) : t->len;
        if (t->size >= sizeof(more)) {
            memcpy(t->at + start, more, sizeof(more));
        }
        return;
    }
    memcpy(t->at + t->len, piece, len + 1);
    t->len += len;
}

static void text_put_name(struct text *t, const struct trace_step *s)
{
    char name[NAME_TEXT_SIZE + 8];
    name_text(s->name, name);
    if (s->is_cut) {
        memcpy(name + strlen(name), "..", 3);
    }
    text_put(t, name);
}

static void text_put_number(struct text *t, unsigned long number, const char *unit)
{
    char digits[64];
    snprintf(digits, sizeof(digits), "%lu%s", number, unit);
    text_put(t, digits);
}

/* Without a port: everybody's is the same. */
static void text_put_host(struct text *t, const struct addr *server)
{
    struct addr host = *server;
    char text[ADDR_TEXT_SIZE];
    host.port = 0;
    text_put(t, addr_text(&host, text));
}

static const char *skip_text(unsigned reason)
{
    static const char *const texts[] = {
        [SKIP_FORBIDDEN_ADDRESS] = "is not a public address",
        [SKIP_DEAD] = "did not answer a moment ago",
        [SKIP_LAME] = "failed for the zone a moment ago",
        [SKIP_NO_FAMILY] = "not used (address family)",
        [SKIP_TRIES] = "tried often enough",
    };
    return reason < sizeof(texts) / sizeof(texts[0]) ? texts[reason] : "skipped";
}

/* What became of a server: "timed out". */
static const char *outcome_text(const struct trace_step *s)
{
    switch (s->kind) {
    case TRACE_REPLY:
        return reply_kind_text(s->detail);
    case TRACE_TIMEOUT:
        return "timed out";
    case TRACE_UNREACHABLE:
        return "unreachable";
    case TRACE_SKIPPED:
        return skip_text(s->detail);
    default:
        return "no answer yet";
    }
}

/* ---- Errors ---- */

/* Finds the steps that explain the failure: those since the walk last changed its zone, at the level of nesting where
 * the query stands. Returns the index of that CUT step, or -1. */
static int find_last_cut(const struct trace *t)
{
    int cuts[NESTING_MAX] = {-1};
    unsigned depth = 0;
    for (unsigned i = 0; i < t->count; i++) {
        switch (t->steps[i].kind) {
        case TRACE_CUT:
            cuts[depth] = (int)i;
            break;
        case TRACE_NEED_ADDRESS:
        case TRACE_NEED_PROOF:
            depth += depth + 1 < NESTING_MAX;
            cuts[depth] = -1;
            break;
        case TRACE_FINISH:
            depth -= depth > 0;
            break;
        default:
            break;
        }
    }
    while (depth > 0 && cuts[depth] < 0) {
        depth--;
    }
    return cuts[depth];
}

/* The last word on each server of the zone that failed, in the order they were first met. */
struct verdicts {
    const struct trace_step *servers[SERVERS_TOLD];
    unsigned count, others;
    const struct trace_step *no_address;
    const struct trace_step *junk;
};

/* A reply that was of use: what went wrong came after it. */
static bool is_useful(const struct trace_step *s)
{
    return s->kind == TRACE_REPLY && s->detail <= REPLY_NXDOMAIN;
}

static void drop_verdict(struct verdicts *v, unsigned index)
{
    for (v->count--; index < v->count; index++) {
        v->servers[index] = v->servers[index + 1];
    }
}

/* A server asked again after silence has still only been silent. */
static bool says_more(const struct trace_step *s, const struct trace_step *before)
{
    if (s->kind == TRACE_SKIPPED) {
        return before->kind == TRACE_ASK;
    }
    return s->kind != TRACE_ASK || before->kind != TRACE_TIMEOUT;
}

static void add_verdict(struct verdicts *v, const struct trace_step *s)
{
    for (unsigned i = 0; i < v->count; i++) {
        if (addr_equal(&v->servers[i]->server, &s->server) && is_useful(s)) {
            drop_verdict(v, i);
            return;
        }
        if (addr_equal(&v->servers[i]->server, &s->server)) {
            v->servers[i] = says_more(s, v->servers[i]) ? s : v->servers[i];
            return;
        }
    }
    if (is_useful(s)) {
        return;
    }
    if (v->count < SERVERS_TOLD) {
        v->servers[v->count++] = s;
    } else {
        v->others += s->kind == TRACE_SKIPPED || s->kind == TRACE_ASK;
    }
}

/* A server passed over because it failed under an older delegation: what it did then says more. */
static const struct trace_step *look_back(const struct trace *t, unsigned index)
{
    const struct trace_step *skipped = &t->steps[index];
    for (unsigned i = index; skipped->detail == SKIP_LAME && i > 0; i--) {
        const struct trace_step *s = &t->steps[i - 1];
        if (s->kind != TRACE_ASK && !is_turning_point(s->kind) && addr_equal(&s->server, &skipped->server)) {
            return s;
        }
    }
    return skipped;
}

static void collect(const struct trace *t, unsigned from, struct verdicts *v)
{
    unsigned depth = 0;
    for (unsigned i = from; i < t->count; i++) {
        const struct trace_step *s = &t->steps[i];
        if (s->kind == TRACE_NEED_ADDRESS || s->kind == TRACE_NEED_PROOF) {
            depth++;
        } else if (s->kind == TRACE_FINISH) {
            depth -= depth > 0;
        } else if (depth > 0) {
            continue;
        } else if (s->kind == TRACE_NO_ADDRESS) {
            v->no_address = s;
        } else if (!is_turning_point(s->kind)) {
            add_verdict(v, s->kind == TRACE_SKIPPED ? look_back(t, i) : s);
            v->junk = s->kind == TRACE_REPLY && s->detail == REPLY_JUNK ? s : v->junk;
        }
    }
}

static bool is_lame(const struct trace_step *s)
{
    return s->kind == TRACE_REPLY && s->detail == REPLY_LAME;
}

static void describe_servers(const struct trace_step *cut, const struct verdicts *v, struct text *text)
{
    unsigned count = v->count + v->others;
    bool is_forwarder = cut->detail == CUT_FORWARD;
    if (count > 1) {
        text_put(text, "all ");
        text_put_number(text, count, " ");
    } else {
        text_put(text, count == 1 ? "the " : "no ");
    }
    text_put(text, is_forwarder ? "forwarder" : "server");
    text_put(text, count > 1 ? "s of " : " of ");
    text_put_name(text, cut);
    text_put(text, count > 0 ? " failed: " : " could be asked: ");
    for (unsigned i = 0; i < v->count; i++) {
        text_put(text, i > 0 ? ", " : "");
        text_put_host(text, &v->servers[i]->server);
        text_put(text, " ");
        text_put(text, is_forwarder && is_lame(v->servers[i]) ? "offers no recursion" : outcome_text(v->servers[i]));
    }
    if (v->no_address != NULL) {
        text_put(text, count > 0 ? "; " : "");
        text_put(text, "no address for ");
        text_put_name(text, v->no_address);
    } else if (count == 0) {
        text_put(text, "none is known");
    }
}

static const struct trace_step *find_kind(const struct trace *t, enum trace_kind kind)
{
    for (unsigned i = t->count; i > 0; i--) {
        if (t->steps[i - 1].kind == kind) {
            return &t->steps[i - 1];
        }
    }
    return NULL;
}

static void describe_limit(const struct trace_step *s, struct text *text)
{
    if (s->detail == LIMIT_ID_aliases) {
        text_put(text, "too many or circular aliases, the last at ");
        text_put_name(text, s);
        return;
    }
    if (s->detail == LIMIT_ID_in_flight_per_zone) {
        text_put(text, "too many packets are on their way to servers of ");
        text_put_name(text, s);
        return;
    }
    text_put(text, "limit reached: ");
    text_put(text, s->detail < LIMIT_COUNT ? limit_meaning(s->detail) : "?");
}

static struct text ede_begin(struct ede *e, enum ede_code code)
{
    e->code = (uint16_t)code;
    e->text[0] = '\0';
    return (struct text){.at = e->text, .size = sizeof(e->text)};
}

void trace_forwarded_error(const struct addr *server, const struct ede *error, struct ede *out)
{
    char reason[EDE_TEXT_MAX - FORWARDER_HEAD_SIZE];
    struct text text = ede_begin(out, (enum ede_code)error->code);
    const char *from = error->text[0] != '\0' ? error->text : ede_text(error->code);
    size_t len = 0;
    for (; from[len] != '\0' && len + 1 < sizeof(reason); len++) {
        reason[len] = from[len];
        if (from[len] < ' ' || from[len] > '~') {
            reason[len] = '?';
        }
    }
    reason[len] = '\0';
    text_put(&text, "forwarder ");
    text_put_host(&text, server);
    text_put(&text, ": ");
    text_put(&text, reason);
}

unsigned trace_errors(const struct trace *t, struct ede out[EDE_MAX])
{
    unsigned count = 0;
    struct verdicts v = {0};
    const struct trace_step *limit = find_kind(t, TRACE_LIMIT);
    int cut = find_last_cut(t);
    if (cut >= 0) {
        collect(t, (unsigned)cut, &v);
    }
    bool is_crowded = limit != NULL && limit->detail == LIMIT_ID_in_flight_per_zone;
    bool is_servers_fault = v.count > 0 || v.no_address != NULL || limit == NULL;
    if (cut >= 0 && is_servers_fault && !is_crowded) {
        struct text text = ede_begin(&out[count++], EDE_NO_REACHABLE_AUTHORITY);
        describe_servers(&t->steps[cut], &v, &text);
    }
    if (v.junk != NULL) {
        struct text text = ede_begin(&out[count++], EDE_INVALID_DATA);
        text_put_host(&text, &v.junk->server);
        text_put(&text, " sent something that is no valid reply");
    }
    if (limit != NULL) {
        struct text text = ede_begin(&out[count++], EDE_OTHER);
        describe_limit(limit, &text);
    }
    if (count == 0) {
        struct text text = ede_begin(&out[count++], EDE_OTHER);
        text_put(&text, "no server is known that could be asked");
    }
    return count;
}

/* ---- One step ---- */

static const char *kind_text(unsigned kind)
{
    static const char *const texts[] = {
        [TRACE_CACHE_HIT] = "found in cache: ",
        [TRACE_PROOFS] = "follows from proofs of zone ",
        [TRACE_CACHED_FAILURE] = "failed a moment ago: ",
        [TRACE_COPY] = "the copy of the root zone: ",
        [TRACE_LOCAL] = "answered from own data: ",
        [TRACE_CUT] = "at zone ",
        [TRACE_ASK] = "ask ",
        [TRACE_REPLY] = "reply from ",
        [TRACE_TIMEOUT] = "no reply from ",
        [TRACE_UNREACHABLE] = "cannot reach ",
        [TRACE_SKIPPED] = "skip ",
        [TRACE_ALIAS] = "alias of ",
        [TRACE_NEED_ADDRESS] = "need the address of ",
        [TRACE_NO_ADDRESS] = "no address for ",
        [TRACE_NEED_PROOF] = "need for validation: ",
        [TRACE_ZONE] = "zone ",
        [TRACE_STATUS] = "status of ",
        [TRACE_LIMIT] = "limit reached: ",
        [TRACE_FINISH] = "finished: ",
    };
    return kind < sizeof(texts) / sizeof(texts[0]) ? texts[kind] : "?";
}

static void put_question(struct text *t, const struct trace_step *s)
{
    char type[TYPE_TEXT_SIZE];
    text_put_name(t, s);
    text_put(t, " ");
    text_put(t, type_text(s->type, type));
}

static void put_server_step(struct text *t, const struct trace_step *s)
{
    text_put_host(t, &s->server);
    text_put(t, ": ");
    if (s->kind == TRACE_REPLY || s->kind == TRACE_SKIPPED) {
        text_put(t, outcome_text(s));
    } else {
        put_question(t, s);
    }
    if (s->kind == TRACE_ASK && s->detail == 1) {
        text_put(t, " over TCP");
    }
    if (s->kind == TRACE_REPLY) {
        text_put(t, " after ");
        text_put_number(t, s->rtt_us / 1000, " ms");
    }
}

char *trace_step_text(const struct trace_step *s, char *out, size_t size)
{
    static const char *const sources[] = {"",           " (cache)", " (root hints)", " (referral)", " (own zone)",
                                          " (forward)", " (stub)"};
    static const char *const zones[] = {
        [ZONE_SECURE] = "is secure",     [ZONE_INSECURE] = "is insecure", [ZONE_INDETERMINATE] = "has no trust anchor",
        [ZONE_BOGUS] = "has bogus keys", [ZONE_NO_CUT] = "is no zone",    [ZONE_NO_NAME] = "does not exist"};
    static const char *const statuses[] = {[SECURITY_UNCHECKED] = "unchecked",
                                           [SECURITY_INDETERMINATE] = "indeterminate",
                                           [SECURITY_INSECURE] = "insecure",
                                           [SECURITY_SECURE] = "secure",
                                           [SECURITY_BOGUS] = "bogus"};
    struct text t = {.at = out, .size = size};
    out[0] = '\0';
    text_put_number(&t, s->at_ms, " ms: ");
    text_put(&t, kind_text(s->kind));
    char rcode[16];
    switch (s->kind) {
    case TRACE_CUT:
        text_put_name(&t, s);
        text_put(&t, s->detail < sizeof(sources) / sizeof(sources[0]) ? sources[s->detail] : "");
        break;
    case TRACE_COPY:
        text_put(&t, reply_kind_text(s->detail));
        break;
    case TRACE_ASK:
    case TRACE_REPLY:
    case TRACE_TIMEOUT:
    case TRACE_UNREACHABLE:
    case TRACE_SKIPPED:
        put_server_step(&t, s);
        break;
    case TRACE_PROOFS:
        text_put_name(&t, s);
        break;
    case TRACE_ZONE:
        text_put_name(&t, s);
        text_put(&t, " ");
        text_put(&t, s->detail < sizeof(zones) / sizeof(zones[0]) ? zones[s->detail] : "?");
        break;
    case TRACE_STATUS:
        put_question(&t, s);
        text_put(&t, ": ");
        text_put(&t, s->detail < sizeof(statuses) / sizeof(statuses[0]) ? statuses[s->detail] : "?");
        break;
    case TRACE_LIMIT:
        text_put(&t, s->detail < LIMIT_COUNT ? limit_meaning(s->detail) : "?");
        break;
    case TRACE_FINISH:
        put_question(&t, s);
        text_put(&t, " ");
        text_put(&t, rcode_text(s->rcode, rcode));
        break;
    default:
        put_question(&t, s);
        break;
    }
    return out;
}
