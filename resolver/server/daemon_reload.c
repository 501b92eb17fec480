/* How other settings come into force: those of a reload, and what was learnt since the start. */
#include "resolver/server/daemon_private.h"

#include <errno.h>
#include <semaphore.h>
#include <string.h>

#include "resolver/base/clock.h"

static void log_change(void *arg, const char *key, const char *from, const char *to, bool needs_restart)
{
    char quoted[2][LOG_QUOTE_SIZE];
    (void)arg;
    log_info(needs_restart ? "config_needs_restart" : "config_changed", "key=%s from=%s to=%s", key,
             log_quote(from, quoted[0]), log_quote(to, quoted[1]));
}

static void collect_change(void *arg, const char *key, const char *from, const char *to, bool needs_restart)
{
    json_array_append_new(
        arg, json_pack("{s:s, s:s, s:s, s:b}", "key", key, "from", from, "to", to, "needs_restart", needs_restart));
}

static void log_problems(json_t *problems, enum log_level level)
{
    size_t i;
    json_t *p;
    json_array_foreach(problems, i, p)
    {
        char line[LOG_QUOTE_SIZE];
        snprintf(line, sizeof(line), "%.*s", (int)strcspn(json_string_value(p), "\n"), json_string_value(p));
        daemon_log_problem(level, "reload_problem", line);
    }
}

static void count_down(struct worker *w, void *arg)
{
    (void)w;
    sem_post(arg);
}

/* Waits until every worker has taken up what was posted to it before. */
static void wait_for_workers(struct daemon *d)
{
    sem_t done;
    sem_init(&done, 0, 0);
    for (unsigned i = 0; i < d->worker_count; i++) {
        worker_post(d->workers[i], count_down, &done);
    }
    for (unsigned i = 0; i < d->worker_count; i++) {
        while (sem_wait(&done) != 0 && errno == EINTR) {
        }
    }
    sem_destroy(&done);
}

/* Everything goes by `next` from now on, of which one user passes over; what it contradicts leaves the cache. */
static void put_in_force(struct daemon *d, struct settings *next)
{
    for (unsigned i = 0; i < d->worker_count; i++) {
        worker_publish(d->workers[i], next);
    }
    settings_drop(d->settings);
    d->settings = next;
    d->cache->policy = &next->cache;
    root_keeper_follow(d->root_keeper, next);
    wait_for_workers(d);
    routing_apply(&d->routing, d->disk, &next->policy);
}

void daemon_forgive(struct daemon *d)
{
    for (unsigned i = 0; i < d->worker_count; i++) {
        worker_forgive(d->workers[i]);
    }
}

/* With what was learnt since the start; takes over a user of `s` and gives one. */
static struct settings *complete(struct daemon *d, struct settings *s)
{
    return keeper_settings(d->keeper, root_keeper_settings(d->root_keeper, s));
}

void daemon_renew(void *ctx)
{
    struct daemon *d = ctx;
    settings_take(d->settings);
    put_in_force(d, complete(d, d->settings));
}

static void publish(struct daemon *d, const struct reload_result *r)
{
    struct settings *next = settings_new(r->loaded.config, r->loaded.zones);
    settings_follow(next, d->settings);
    json_t *changes = json_array();
    config_compare(d->settings->config, next->config, log_change, NULL);
    config_compare(d->settings->config, next->config, collect_change, changes);
    log_setup(next->config->log.level, next->config->log.format);
    keeper_follow(d->keeper, next);
    put_in_force(d, complete(d, next));
    if (json_array_size(changes) > 0 || r->has_new_cuts) {
        daemon_forgive(d);
        wait_for_workers(d);
    }
    size_t zones = next->zones != NULL ? zone_set_count(next->zones) : 0;
    log_info("reloaded", "zones=%zu read_anew=%zu changes=%zu", zones, json_array_size(r->zones),
             json_array_size(changes));
    d->reload_failed_wall = 0;
    json_t *outcome = json_pack("{s:o, s:I, s:O, s:O}", "changes", changes, "zones", (json_int_t)zones, "changed_zones",
                                r->zones, "warnings", r->problems);
    for (unsigned i = 0; i < d->reload_now.count; i++) {
        control_reply(d->reload_now.calls[i], json_incref(outcome));
    }
    json_decref(outcome);
}

void daemon_refuse_waiters(struct reload_waiters *w, int status, const char *why, json_t *problems)
{
    for (unsigned i = 0; i < w->count; i++) {
        control_refuse(w->calls[i], status, why, json_incref(problems));
    }
    w->count = 0;
}

/* The reload that was asked for while another ran. */
static void reload_again(struct daemon *d)
{
    d->reload_now = d->reload_next;
    d->reload_next.count = 0;
    d->reload_again = false;
    int result = reload_start(d->reload, d->config_path, d->settings);
    if (result != FAIL_NONE) {
        log_warn("reload_skipped", "reason=\"%s\"", fail_text(result));
        daemon_refuse_waiters(&d->reload_now, 503, fail_text(result), NULL);
    }
}

void daemon_on_reloaded(void *ctx, const struct reload_result *r)
{
    struct daemon *d = ctx;
    if (d->is_stopping) {
        zone_set_free(r->loaded.zones);
        config_free(r->loaded.config);
        return;
    }
    log_problems(r->problems, r->ok ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR);
    if (r->ok) {
        publish(d, r);
    } else {
        static const char why[] = "the files have errors; the old configuration and zones stay in force";
        log_error("reload_failed", "reason=\"%s\"", why);
        d->reload_failed_wall = clock_wall();
        daemon_refuse_waiters(&d->reload_now, 422, why, r->problems);
    }
    d->reload_now.count = 0;
    if (d->reload_again) {
        reload_again(d);
    }
}

int daemon_reload(struct daemon *d, struct control_call *call)
{
    int result = reload_start(d->reload, d->config_path, d->settings);
    bool is_next = result == FAIL_BUSY;
    struct reload_waiters *w = is_next ? &d->reload_next : &d->reload_now;
    if ((result != FAIL_NONE && !is_next) || (call != NULL && w->count == CONTROL_CLIENTS)) {
        return result;
    }
    d->reload_again = is_next;
    if (call != NULL) {
        w->calls[w->count++] = call;
    }
    return FAIL_NONE;
}
