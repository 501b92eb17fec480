/* What the control socket can ask: each operation collects its answer, on the workers' threads where the numbers live.
 */
#include <stdlib.h>
#include <unistd.h>

#include "resolver/base/clock.h"
#include "resolver/server/daemon.h"
#include "resolver/server/ops_trust.h"
#include "resolver/server/version.h"
#include "zones/zone.h"

/* ---- Asking every worker ---- */

/* A round through all workers' threads and back to the main one; only one thread touches it at a time. */
struct round {
    struct daemon *daemon;
    struct control_call *call;
    json_t *result;
    unsigned next;
    unsigned limit;
    void (*visit)(struct worker *w, struct round *r);
    void (*finish)(struct round *r);
};

static void go_on(struct round *r);

static void visit_worker(struct worker *w, void *arg)
{
    struct round *r = arg;
    r->visit(w, r);
    go_on(r);
}

static void finish_round(void *arg)
{
    struct round *r = arg;
    r->finish(r);
    free(r);
}

static void go_on(struct round *r)
{
    struct daemon *d = r->daemon;
    if (r->next < d->worker_count) {
        worker_post(d->workers[r->next++], visit_worker, r);
    } else {
        mailbox_post(&d->mailbox, finish_round, r);
    }
}

static void start_round(const struct round *like)
{
    struct round *r = malloc(sizeof(*r));
    if (r == NULL) {
        json_decref(like->result);
        control_refuse(like->call, 503, "out of memory", NULL);
        return;
    }
    *r = *like;
    go_on(r);
}

static void reply_result(struct round *r)
{
    control_reply(r->call, r->result);
}

static void visit_stats(struct worker *w, struct round *r)
{
    worker_report(w, r->result);
}

static json_t *disk_numbers(struct daemon *d)
{
    struct disk_stats s;
    disk_stats_read(d->disk, &s);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "entries", (json_int_t)s.entries,
                     "used_bytes", (json_int_t)s.used_bytes, "size_bytes", (json_int_t)s.size_bytes, "written",
                     (json_int_t)s.written, "queue_dropped", (json_int_t)s.queue_dropped, "evicted",
                     (json_int_t)s.evicted, "flushed", (json_int_t)s.flushed, "commits", (json_int_t)s.commits,
                     "bad_values", (json_int_t)s.bad_values, "writes_paused", s.writes_paused);
}

static void op_stats(void *ctx, struct control_call *call)
{
    struct daemon *d = ctx;
    struct round r = {.daemon = d, .call = call, .result = json_object(), .visit = visit_stats, .finish = reply_result};
    json_object_set_new(r.result, "cache", disk_numbers(d));
    start_round(&r);
}

static void visit_upstreams(struct worker *w, struct round *r)
{
    worker_report_upstreams(w, json_object_get(r->result, "upstreams"), r->limit);
}

static void op_upstreams(void *ctx, struct control_call *call, unsigned limit)
{
    struct round r = {.daemon = ctx,
                      .call = call,
                      .result = json_pack("{s:[]}", "upstreams"),
                      .limit = limit,
                      .visit = visit_upstreams,
                      .finish = reply_result};
    start_round(&r);
}

/* ---- State ---- */

static uint64_t total(struct daemon *d, enum stat_id id)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < d->worker_count; i++) {
        sum += worker_stat(d->workers[i], id);
    }
    return sum;
}

static size_t zone_count(const struct daemon *d)
{
    return d->settings->zones != NULL ? zone_set_count(d->settings->zones) : 0;
}

static void op_status(void *ctx, struct control_call *call)
{
    struct daemon *d = ctx;
    const struct config *c = d->settings->config;
    json_t *listen = json_array();
    for (unsigned i = 0; i < d->socket_count; i++) {
        char text[ADDR_TEXT_SIZE];
        json_array_append_new(listen, json_string(addr_text(&d->sockets[i].address, text)));
    }
    uint64_t queries = total(d, STAT_udp_queries) + total(d, STAT_tcp_queries);
    json_t *failed = d->reload_failed_wall != 0 ? json_integer((json_int_t)d->reload_failed_wall) : json_null();
    control_reply(call, json_pack("{s:s, s:i, s:I, s:I, s:s, s:o, s:i, s:o, s:b, s:I, s:I, s:o}", "version",
                                  CAIRN_VERSION, "pid", (int)getpid(), "started", (json_int_t)d->started_wall,
                                  "uptime_s", (json_int_t)((clock_now() - d->started) / 1000), "config",
                                  c->file != NULL ? c->file : "built-in defaults", "reload_failed", failed, "workers",
                                  (int)d->worker_count, "listen", listen, "dnssec", (int)c->dnssec.validation, "zones",
                                  (json_int_t)zone_count(d), "queries", (json_int_t)queries, "local_root",
                                  root_keeper_report(d->root_keeper)));
}

static const char damaged_text[] = "the cache's file is damaged and out of use; a restart replaces it";
static const char unkept_text[] =
    "the state directory does not keep all; state_not_kept or state_unreadable in the log "
    "says why";

static void op_health(void *ctx, struct control_call *call)
{
    struct daemon *d = ctx;
    struct disk_stats s;
    json_t *problems = json_array();
    disk_stats_read(d->disk, &s);
    if (s.damaged) {
        json_array_append_new(problems, json_string(damaged_text));
    } else if (s.writes_paused) {
        json_array_append_new(
            problems, json_string("the cache takes no writes: is its disk full? See cache_writes_rest in the log"));
    }
    if (keeper_is_failing(d->keeper)) {
        json_array_append_new(problems, json_string(unkept_text));
    }
    bool ok = json_array_size(problems) == 0;
    control_reply_as(call, ok ? 200 : 503, json_pack("{s:b, s:o}", "ok", ok, "problems", problems));
}

static void op_reload(void *ctx, struct control_call *call)
{
    int result = daemon_reload(ctx, call);
    if (result == FAIL_BUSY) {
        control_refuse(call, 409, "too many wait for a reload already", NULL);
    } else if (result != FAIL_NONE) {
        control_refuse(call, 503, fail_text(result), NULL);
    }
}

static void op_config_show(void *ctx, struct control_call *call, bool effective)
{
    struct daemon *d = ctx;
    const struct config *c = d->settings->config;
    char *text = config_text(c, effective);
    if (text == NULL) {
        control_refuse(call, 503, "out of memory", NULL);
        return;
    }
    control_reply(call, json_pack("{s:s?, s:s}", "file", c->file, "text", text));
    free(text);
}

/* ---- Cache ---- */

struct listing {
    json_t *entries;
    uint64_t now;
};

static void add_entry(void *arg, const struct cache_entry *e)
{
    struct listing *l = arg;
    json_t *entry = control_cache_entry(e, l->now);
    if (entry != NULL) {
        json_array_append_new(l->entries, entry);
    }
}

static void refuse_cache_call(struct daemon *d, struct control_call *call, int result)
{
    struct disk_stats s;
    disk_stats_read(d->disk, &s);
    control_refuse(call, 500, s.damaged ? damaged_text : fail_text(result), NULL);
}

static void list_cache(struct daemon *d, struct control_call *call, struct disk_list_query q)
{
    struct listing l = {.entries = json_array(), .now = clock_now()};
    bool more = false;
    q.now = l.now;
    int result = disk_list(d->cache, &q, add_entry, &l, &more);
    disk_view_release(d->cache);
    if (result != FAIL_NONE) {
        json_decref(l.entries);
        refuse_cache_call(d, call, result);
        return;
    }
    control_reply(call, json_pack("{s:o, s:b}", "entries", l.entries, "more", (int)more));
}

static void op_cache_get(void *ctx, struct control_call *call, const uint8_t *name, uint16_t type)
{
    list_cache(ctx, call, (struct disk_list_query){.name = name, .type = type, .limit = CONTROL_LIST_MAX});
}

static void op_cache_list(void *ctx, struct control_call *call, const uint8_t *under, unsigned limit)
{
    list_cache(ctx, call, (struct disk_list_query){.name = under, .subtree = true, .limit = limit});
}

static void op_cache_flush(void *ctx, struct control_call *call, const struct control_flush *what)
{
    struct daemon *d = ctx;
    uint64_t removed = 0;
    struct disk_flush f = {.name = what->name, .type = what->type, .subtree = what->subtree};
    int result = disk_flush(d->disk, &f, &removed);
    if (result != FAIL_NONE) {
        refuse_cache_call(d, call, result);
        return;
    }
    control_reply(call, json_pack("{s:I}", "removed", (json_int_t)removed));
}

static void op_cache_stats(void *ctx, struct control_call *call)
{
    control_reply(call, disk_numbers(ctx));
}

/* ---- Zones ---- */

static json_t *zone_json(const struct daemon *d, const struct zone *z)
{
    char name[NAME_TEXT_SIZE];
    return json_pack("{s:s, s:I, s:I, s:s?, s:I}", "name", z->is_reverse ? "reverse records" : name_text(z->apex, name),
                     "serial", (json_int_t)z->serial, "records", (json_int_t)z->record_count, "file",
                     z->files != NULL ? z->files->path : NULL, "loaded", (json_int_t)(d->settings->loaded_at / 1000));
}

static void op_zone_list(void *ctx, struct control_call *call, const uint8_t *name)
{
    struct daemon *d = ctx;
    json_t *zones = json_array();
    for (size_t i = 0; i < zone_count(d); i++) {
        const struct zone *z = zone_set_at(d->settings->zones, i);
        if (name == NULL || (!z->is_reverse && name_equal(name, z->apex))) {
            json_array_append_new(zones, zone_json(d, z));
        }
    }
    if (name != NULL && json_array_size(zones) == 0) {
        json_decref(zones);
        control_refuse(call, 404, "no such zone is configured; cairnctl zone list shows those that are", NULL);
        return;
    }
    control_reply(call, json_pack("{s:o}", "zones", zones));
}

/* Unchanged zones are shared between snapshots, so reloading all costs what reloading one does. */
static void op_zone_reload(void *ctx, struct control_call *call, const uint8_t *name)
{
    struct daemon *d = ctx;
    const struct zone *z = name != NULL && zone_count(d) > 0 ? zone_set_find(d->settings->zones, name) : NULL;
    if (name != NULL && (z == NULL || !name_equal(name, z->apex))) {
        control_refuse(call, 404, "no such zone is configured; cairnctl zone list shows those that are", NULL);
        return;
    }
    op_reload(ctx, call);
}

const struct control_ops daemon_ops = {.status = op_status,
                                       .health = op_health,
                                       .reload = op_reload,
                                       .cache_get = op_cache_get,
                                       .cache_list = op_cache_list,
                                       .cache_flush = op_cache_flush,
                                       .cache_stats = op_cache_stats,
                                       .zone_list = op_zone_list,
                                       .zone_reload = op_zone_reload,
                                       .stats = op_stats,
                                       .upstreams = op_upstreams,
                                       .config_show = op_config_show,
                                       .anchor_list = op_anchor_list,
                                       .anchor_refresh = op_anchor_refresh,
                                       .nta_list = op_nta_list,
                                       .nta_add = op_nta_add,
                                       .nta_remove = op_nta_remove};
