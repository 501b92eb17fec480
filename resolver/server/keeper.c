#include "resolver/server/keeper.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/base/clock.h"
#include "resolver/base/log.h"
#include "resolver/dns/name.h"
#include "resolver/server/keeper_json.h"
#include "resolver/server/keeper_log.h"
#include "resolver/validate/ds.h"
#include "resolver/validate/keyring.h"
#include "resolver/validate/rollover.h"

#define ANCHORS_KIND "trust-anchors"
#define NTAS_KIND    "negative-trust-anchors"

enum {
    START_DELAY_S = 30, /* before the first query: a start has more urgent ones */
    TIMER_MIN_S = 1,
    TIMER_MAX_S = 3600, /* so that a clock that was set, or a machine that slept, is noticed */
    KEYRING_SIZE = 8,
    VERIFICATIONS = 64, /* of one DNSKEY set */
    FAILURES = 32
};

/* One zone whose keys are followed. */
struct followed {
    struct arena memory; /* of `state` */
    struct rollover state;
    bool is_asking;
};

struct keeper {
    struct durable *store;
    struct keeper_hooks hooks;
    struct event *timer;
    struct keyring *keyring;
    struct followed **zones; /* in the order of the configuration's anchors */
    unsigned count;
    struct ntas ntas;
    bool has_lost_anchors, has_lost_ntas;     /* what is in their files is not what holds */
    bool has_unread_anchors, has_unread_ntas; /* what their files hold could not be read, and must not be replaced */
    json_t *stored;                           /* of the anchors: what was read at the start, until it is taken up */
    int64_t not_before;                       /* no query */
    uint32_t skew;                            /* of the configuration that is followed */
    bool accept_sha1;
};

static void *check(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* ---- Keeping ---- */

/* Takes the reference. True: it is as good as the store is. `is_unread`: there is a file that could not be read. */
static bool keep(struct keeper *k, const char *kind, bool is_unread, json_t *data)
{
    bool is_kept = k->store == NULL || (!is_unread && durable_write(k->store, kind, check(data)) == FAIL_NONE);
    if (!is_kept) {
        const char *why = is_unread ? "the file that is there could not be read" : strerror(errno);
        log_error("state_not_kept", "file=%s.json reason=\"%s\"", kind, why);
    }
    json_decref(data);
    return is_kept;
}

static void keep_anchors(struct keeper *k)
{
    json_t *all = json_array();
    for (unsigned i = 0; i < k->count; i++) {
        json_array_append_new(all, rollover_json(&k->zones[i]->state));
    }
    k->has_lost_anchors = !keep(k, ANCHORS_KIND, k->has_unread_anchors, all);
}

static void keep_ntas(struct keeper *k)
{
    k->has_lost_ntas = !keep(k, NTAS_KIND, k->has_unread_ntas, ntas_json(&k->ntas));
}

static void read_state(struct keeper *k)
{
    json_t *ntas;
    k->has_lost_ntas = k->has_unread_ntas = durable_read(k->store, NTAS_KIND, &ntas) != FAIL_NONE;
    if (ntas != NULL && !ntas_from_json(&k->ntas, ntas)) {
        durable_set_aside(k->store, NTAS_KIND, "it holds something else than negative trust anchors");
    }
    json_decref(ntas);
    k->has_lost_anchors = k->has_unread_anchors = durable_read(k->store, ANCHORS_KIND, &k->stored) != FAIL_NONE;
    if (k->stored != NULL && !rollovers_are_readable(k->stored)) {
        durable_set_aside(k->store, ANCHORS_KIND, "it holds something else than trust anchors");
        json_decref(k->stored);
        k->stored = NULL;
    }
}

/* ---- Time ---- */

/* When to ask for the keys of a zone. */
static int64_t due(const struct keeper *k, const struct followed *f, int64_t now)
{
    int64_t at = (int64_t)rollover_query_at(&f->state, (uint64_t)now);
    return at < k->not_before ? k->not_before : at;
}

/* For whatever comes next; nothing to wait for, no timer. */
static void arm(struct keeper *k)
{
    int64_t now = clock_wall();
    int64_t next = ntas_next(&k->ntas);
    for (unsigned i = 0; i < k->count; i++) {
        int64_t at = due(k, k->zones[i], now);
        next = !k->zones[i]->is_asking && at < next ? at : next;
    }
    if (next == INT64_MAX) {
        event_del(k->timer);
        return;
    }
    int64_t wait = next - now;
    struct timeval tv = {.tv_sec = wait < TIMER_MIN_S ? TIMER_MIN_S : wait > TIMER_MAX_S ? TIMER_MAX_S : wait};
    event_add(k->timer, &tv);
}

static void ask(struct keeper *k, struct followed *f)
{
    if (!f->is_asking) {
        f->is_asking = true;
        k->hooks.ask(k->hooks.ctx, f->state.zone);
    }
}

static void log_gone(void *ctx, const struct nta *item)
{
    char name[NAME_TEXT_SIZE];
    (void)ctx;
    log_info("nta_expired", "name=%s", name_text(item->name, name));
}

static bool expire_ntas(struct keeper *k)
{
    if (ntas_expire(&k->ntas, clock_wall(), log_gone, NULL) == 0) {
        return false;
    }
    keep_ntas(k);
    return true;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct keeper *k = arg;
    int64_t now = clock_wall();
    (void)fd, (void)what;
    if (expire_ntas(k)) {
        k->hooks.changed(k->hooks.ctx);
    }
    for (unsigned i = 0; i < k->count; i++) {
        if (due(k, k->zones[i], now) <= now) {
            ask(k, k->zones[i]);
        }
    }
    arm(k);
}

/* ---- Life ---- */

struct keeper *keeper_new(struct event_base *base, struct durable *store, const struct keeper_hooks *hooks)
{
    struct keeper *k = check(calloc(1, sizeof(*k)));
    k->store = store;
    k->hooks = *hooks;
    k->timer = check(evtimer_new(base, on_timer, k));
    k->keyring = check(keyring_new(KEYRING_SIZE));
    k->not_before = clock_wall() + START_DELAY_S;
    if (store != NULL) {
        read_state(k);
    }
    expire_ntas(k);
    return k;
}

static void forget(struct followed *f)
{
    if (f != NULL) {
        arena_fini(&f->memory);
        free(f);
    }
}

void keeper_free(struct keeper *k)
{
    if (k == NULL) {
        return;
    }
    for (unsigned i = 0; i < k->count; i++) {
        forget(k->zones[i]);
    }
    free(k->zones);
    json_decref(k->stored);
    ntas_free(&k->ntas);
    keyring_free(k->keyring);
    event_free(k->timer);
    free(k);
}

/* ---- Following the configuration ---- */

static struct followed *find(const struct keeper *k, const uint8_t *zone)
{
    for (unsigned i = 0; i < k->count; i++) {
        if (name_equal(k->zones[i]->state.zone, zone)) {
            return k->zones[i];
        }
    }
    return NULL;
}

static struct followed *new_followed(void)
{
    struct followed *f = check(calloc(1, sizeof(*f)));
    arena_init(&f->memory, ROLLOVER_STATE_MAX);
    return f;
}

static void expect(int result)
{
    if (result != FAIL_NONE) {
        abort(); /* ROLLOVER_STATE_MAX is enough for what a configuration may hold */
    }
}

/* Goes on from what is known of the zone, if anything is. */
static struct followed *follow(const struct keeper *k, const struct anchor *anchor)
{
    struct followed *next = new_followed();
    const struct followed *before = find(k, anchor->zone);
    uint64_t now = (uint64_t)clock_wall();
    struct arena scratch;
    struct rollover stored;
    bool is_anew = false;
    arena_init(&scratch, ROLLOVER_STATE_MAX);
    if (before != NULL) {
        next->is_asking = before->is_asking;
        expect(rollover_resume(&before->state, anchor, now, &next->memory, &next->state, &is_anew));
    } else if (rollovers_find(k->stored, anchor->zone, &scratch, &stored)) {
        expect(rollover_resume(&stored, anchor, now, &next->memory, &next->state, &is_anew));
    } else {
        expect(rollover_begin(anchor, now, &next->memory, &next->state));
    }
    if (is_anew) {
        char zone[NAME_TEXT_SIZE];
        log_warn("trust_anchors_begin_anew",
                 "zone=%s reason=\"a key that was followed is no longer in the configuration\"",
                 name_text(anchor->zone, zone));
    }
    arena_fini(&scratch);
    return next;
}

void keeper_follow(struct keeper *k, const struct settings *s)
{
    const struct anchors *anchors = s->base != NULL ? &s->base->policy.anchors : &s->policy.anchors;
    unsigned count = s->policy.validation ? anchors->count : 0;
    struct followed **zones = check(calloc(count + 1, sizeof(struct followed *)));
    for (unsigned i = 0; i < count; i++) {
        zones[i] = follow(k, &anchors->items[i]);
    }
    for (unsigned i = 0; i < k->count; i++) {
        forget(k->zones[i]);
    }
    free(k->zones);
    k->zones = zones;
    k->count = count;
    k->skew = s->policy.signature_skew;
    k->accept_sha1 = s->policy.accept_sha1;
    if (s->policy.validation) { /* else what is stored waits for the day it is on again */
        json_decref(k->stored);
        k->stored = NULL;
        keep_anchors(k);
    }
    arm(k);
}

struct settings *keeper_settings(struct keeper *k, struct settings *s)
{
    const struct config_names *names = &s->config->dnssec.negative_trust_anchors;
    if (!s->policy.validation) {
        return s;
    }
    struct anchor_record *records = check(calloc(k->count * CAPS_DS + 1, sizeof(*records)));
    const uint8_t **negative = check(calloc(names->count + k->ntas.count + 1, sizeof(*negative)));
    struct arena scratch;
    unsigned count = 0, added, negative_count = 0;
    arena_init(&scratch, (k->count + 1) * ROLLOVER_STATE_MAX);
    for (unsigned i = 0; i < k->count; i++) {
        expect(rollover_records(&k->zones[i]->state, &scratch, records + count, &added));
        count += added;
    }
    for (unsigned i = 0; i < names->count; i++) {
        negative[negative_count++] = names->items[i];
    }
    for (unsigned i = 0; i < k->ntas.count; i++) {
        negative[negative_count++] = k->ntas.items[i].name;
    }
    struct settings *next = settings_with_anchors(s, records, count, negative, negative_count);
    settings_drop(s);
    arena_fini(&scratch);
    free(records);
    free(negative);
    return next;
}

/* ---- Keys that came ---- */

/* Whether validation begins elsewhere than before; says so when a zone has lost its last anchor. */
static bool is_other(const struct rollover *before, const struct rollover *after, struct arena *a)
{
    struct anchor_record old[CAPS_DS], new[CAPS_DS];
    unsigned old_count, new_count;
    expect(rollover_records(before, a, old, &old_count));
    expect(rollover_records(after, a, new, &new_count));
    bool is_other = old_count != new_count;
    for (unsigned i = 0; !is_other && i < new_count; i++) {
        is_other = old[i].ds.len != new[i].ds.len || memcmp(old[i].ds.bytes, new[i].ds.bytes, new[i].ds.len) != 0;
    }
    if (is_other && new_count == 0) {
        char zone[NAME_TEXT_SIZE];
        log_error("trust_anchors_revoked", "zone=%s reason=\"every key was revoked: it is no trust anchor any more\"",
                  name_text(after->zone, zone));
    }
    return is_other;
}

/* Takes over `next` and its memory. */
static void advance(struct keeper *k, struct followed *f, const struct rollover *next, struct arena *memory)
{
    struct arena scratch;
    arena_init(&scratch, ROLLOVER_STATE_MAX);
    keeper_log_keys(&f->state, next);
    bool has_changed = is_other(&f->state, next, &scratch);
    arena_fini(&scratch);
    arena_fini(&f->memory);
    f->memory = *memory;
    f->state = *next;
    keep_anchors(k);
    if (has_changed) {
        k->hooks.changed(k->hooks.ctx);
    }
}

static void observe(struct keeper *k, struct followed *f, const struct rrset *keys)
{
    uint64_t now = (uint64_t)clock_wall();
    struct expense expense = {.verifications = VERIFICATIONS, .failures = FAILURES};
    struct verifier v = {.keyring = k->keyring,
                         .expense = &expense,
                         .caps = CAPS_USUAL,
                         .wall = (uint32_t)now,
                         .skew = k->skew,
                         .accept_sha1 = k->accept_sha1};
    struct arena memory;
    struct rollover next;
    enum verdict verdict;
    struct fault why = {0};
    arena_init(&memory, ROLLOVER_STATE_MAX);
    if (rollover_observe(&v, &f->state, keys, now, &memory, &next, &verdict, &why) != FAIL_NONE) {
        rollover_fail(&f->state, now);
        keeper_log_failure(&f->state, "the keys are too large", NULL);
        arena_fini(&memory);
        return;
    }
    if (verdict != VERDICT_SECURE) {
        keeper_log_failure(&next, NULL, &why);
    }
    advance(k, f, &next, &memory);
}

void keeper_reply(struct keeper *k, const uint8_t *zone, const struct rrset *keys)
{
    struct followed *f = find(k, zone);
    if (f == NULL) {
        return; /* the configuration has dropped it meanwhile */
    }
    f->is_asking = false;
    if (keys != NULL) {
        observe(k, f, keys);
    } else {
        rollover_fail(&f->state, (uint64_t)clock_wall());
        keeper_log_failure(&f->state, "no keys came", NULL);
    }
    arm(k);
}

unsigned keeper_refresh(struct keeper *k)
{
    for (unsigned i = 0; i < k->count; i++) {
        ask(k, k->zones[i]);
    }
    return k->count;
}

json_t *keeper_report(const struct keeper *k)
{
    json_t *all = json_array();
    for (unsigned i = 0; i < k->count; i++) {
        json_array_append_new(all, rollover_report(&k->zones[i]->state));
    }
    return json_pack("{s:o}", "anchors", all);
}

/* ---- Negative trust anchors ---- */

static void put_in_force(struct keeper *k)
{
    keep_ntas(k);
    k->hooks.changed(k->hooks.ctx);
    arm(k);
}

int keeper_nta_add(struct keeper *k, const uint8_t *name, uint32_t seconds, const char *reason)
{
    struct nta item = {.since = clock_wall(), .until = clock_wall() + seconds};
    char text[NAME_TEXT_SIZE], quoted[LOG_QUOTE_SIZE];
    name_lower(item.name, name);
    snprintf(item.reason, sizeof(item.reason), "%s", reason);
    int result = ntas_add(&k->ntas, &item);
    if (result == FAIL_NONE) {
        log_info("nta_added", "name=%s for_s=%u reason=%s", name_text(item.name, text), seconds,
                 log_quote(item.reason, quoted));
        put_in_force(k);
    }
    return result;
}

bool keeper_nta_remove(struct keeper *k, const uint8_t *name)
{
    char text[NAME_TEXT_SIZE];
    if (!ntas_remove(&k->ntas, name)) {
        return false;
    }
    log_info("nta_removed", "name=%s", name_text(name, text));
    put_in_force(k);
    return true;
}

json_t *keeper_nta_report(const struct keeper *k, const struct settings *s)
{
    const struct config_names *names = &s->config->dnssec.negative_trust_anchors;
    json_t *all = ntas_json(&k->ntas);
    for (unsigned i = 0; i < names->count; i++) {
        char text[NAME_TEXT_SIZE];
        json_array_append_new(all, json_pack("{s:s, s:n, s:n, s:n}", "name", name_text(names->items[i], text), "since",
                                             "until", "reason"));
    }
    return json_pack("{s:o}", "ntas", all);
}

/* ---- Durability ---- */

bool keeper_is_kept(const struct keeper *k)
{
    return k->store != NULL && !keeper_is_failing(k);
}

bool keeper_is_failing(const struct keeper *k)
{
    return k->has_lost_anchors || k->has_lost_ntas;
}
