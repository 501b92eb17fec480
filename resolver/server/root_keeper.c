#include "resolver/server/root_keeper.h"

#include <event2/event.h>
#include <stdlib.h>

#include "resolver/base/clock.h"
#include "resolver/base/log.h"
#include "resolver/server/root_fetch.h"

enum {
    RETRY_FIRST_S = 60, /* doubled up to RETRY_MAX_S while there is no copy */
    RETRY_MAX_S = 3600,
    REFRESH_MIN_S = 60,
    REFRESH_MAX_S = 86400,
    EXPIRE_MAX_S = 28 * 86400
};

struct root_keeper {
    struct mailbox *home;
    void (*changed)(void *ctx);
    void *ctx;
    struct event *timer;
    struct settings *settings; /* one user; NULL: no copy is wanted */
    struct root_fetch *fetch;  /* under way, or NULL */
    bool is_outdated;          /* the settings changed since the fetch began */
    bool is_ending;
    unsigned failures;       /* in a row */
    struct zone_copy *copy;  /* NULL: none */
    uint64_t fetched, until; /* clock_now */
    struct addr source;
};

static uint32_t between(uint32_t value, uint32_t least, uint32_t most)
{
    return value < least ? least : value > most ? most : value;
}

static void arm(struct root_keeper *k, uint32_t seconds)
{
    const struct timeval wait = {.tv_sec = seconds};
    event_add(k->timer, &wait);
}

static void drop_copy(struct root_keeper *k)
{
    copy_release(k->copy);
    k->copy = NULL;
}

/* ---- Fetching ---- */

static void keep_on(struct root_keeper *k)
{
    const struct zone_times *times = copy_times(k->copy);
    k->failures = 0;
    k->until = clock_now() + 1000ull * between(times->expire, REFRESH_MIN_S, EXPIRE_MAX_S);
    arm(k, between(times->refresh, REFRESH_MIN_S, REFRESH_MAX_S));
}

static const char *source_text(const struct root_keeper *k, char out[ADDR_TEXT_SIZE])
{
    return k->source.len != 0 ? addr_text(&k->source, out) : k->settings->config->recursion.local_root_file;
}

static void take(struct root_keeper *k, const struct root_fetched *result)
{
    char text[ADDR_TEXT_SIZE], quoted[LOG_QUOTE_SIZE];
    drop_copy(k);
    k->copy = result->copy;
    k->source = result->server;
    k->fetched = clock_now();
    keep_on(k);
    log_info("local_root", "serial=%u records=%zu digest=%s source=%s", copy_times(k->copy)->serial,
             copy_count(k->copy), copy_has_digest(k->copy) ? "good" : "none", log_quote(source_text(k, text), quoted));
    k->changed(k->ctx);
}

static void try_later(struct root_keeper *k, const char *why)
{
    char quoted[LOG_QUOTE_SIZE];
    unsigned doubled = k->failures < 6 ? k->failures : 6;
    uint32_t retry = k->copy != NULL ? copy_times(k->copy)->retry : (uint32_t)RETRY_FIRST_S << doubled;
    k->failures++;
    log_warn("local_root_failed", "reason=%s", log_quote(why, quoted));
    if (k->copy != NULL && clock_now() >= k->until) {
        log_warn("local_root_expired", "serial=%u action=\"the root's servers are asked again\"",
                 copy_times(k->copy)->serial);
        drop_copy(k);
        k->changed(k->ctx);
    }
    arm(k, between(retry, RETRY_FIRST_S, RETRY_MAX_S));
}

static void start(struct root_keeper *k);

static void on_fetched(void *ctx, const struct root_fetched *result)
{
    struct root_keeper *k = ctx;
    k->fetch = NULL;
    if (k->is_ending || k->settings == NULL || k->is_outdated) {
        copy_release(result->copy);
        if (!k->is_ending && k->settings != NULL) {
            start(k);
        }
        return;
    }
    if (result->copy != NULL) {
        take(k, result);
    } else if (result->is_current && k->copy != NULL) {
        keep_on(k);
        k->changed(k->ctx);
    } else {
        try_later(k, result->why);
    }
}

static void start(struct root_keeper *k)
{
    const uint32_t *serial = k->copy != NULL ? &copy_times(k->copy)->serial : NULL;
    k->is_outdated = false;
    k->fetch = root_fetch_start(k->home, k->settings, serial, on_fetched, k);
    if (k->fetch == NULL) {
        try_later(k, "no thread for it");
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct root_keeper *k = arg;
    (void)fd;
    (void)what;
    if (k->fetch == NULL && k->settings != NULL) {
        start(k);
    }
}

/* ---- Whole ---- */

struct root_keeper *root_keeper_new(struct event_base *base, struct mailbox *home, void (*changed)(void *ctx),
                                    void *ctx)
{
    struct root_keeper *k = calloc(1, sizeof(*k));
    if (k == NULL) {
        abort();
    }
    *k = (struct root_keeper){.home = home, .changed = changed, .ctx = ctx};
    k->timer = evtimer_new(base, on_timer, k);
    if (k->timer == NULL) {
        abort();
    }
    return k;
}

void root_keeper_stop(struct root_keeper *k)
{
    if (k != NULL) {
        k->is_ending = true;
        event_del(k->timer);
        if (k->fetch != NULL) {
            root_fetch_stop(k->fetch);
        }
    }
}

void root_keeper_free(struct root_keeper *k)
{
    if (k != NULL) {
        event_free(k->timer);
        drop_copy(k);
        settings_drop(k->settings);
        free(k);
    }
}

void root_keeper_follow(struct root_keeper *k, struct settings *s)
{
    bool is_same = k->settings != NULL && k->settings->config == s->config;
    bool is_wanted = s->config->recursion.local_root;
    settings_drop(k->settings);
    k->settings = NULL;
    if (is_wanted) {
        settings_take(s);
        k->settings = s;
    }
    if (is_same) {
        return;
    }
    event_del(k->timer);
    if (!is_wanted) {
        drop_copy(k);
        return;
    }
    k->failures = 0;
    k->is_outdated = k->fetch != NULL;
    if (k->fetch == NULL) {
        start(k);
    }
}

struct settings *root_keeper_settings(const struct root_keeper *k, struct settings *s)
{
    struct zone_copy *copy = s->config->recursion.local_root ? k->copy : NULL;
    if (copy == s->root_copy && (copy == NULL || k->until == s->policy.root_copy_until)) {
        return s;
    }
    struct settings *next = settings_with_root_copy(s, copy, k->until);
    settings_drop(s);
    return next;
}

json_t *root_keeper_report(const struct root_keeper *k)
{
    char text[ADDR_TEXT_SIZE];
    if (k->settings == NULL) {
        return json_null();
    }
    if (k->copy == NULL) {
        return json_object();
    }
    return json_pack("{s:I, s:I, s:b, s:s, s:I, s:I}", "serial", (json_int_t)copy_times(k->copy)->serial, "records",
                     (json_int_t)copy_count(k->copy), "checked", (int)copy_has_digest(k->copy), "source",
                     source_text(k, text), "fetched", (json_int_t)(k->fetched / 1000), "expires",
                     (json_int_t)(k->until / 1000));
}
