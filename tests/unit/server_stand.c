#include "server_stand.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/memory.h"
#include "resolver/iterate/servers.h"
#include "resolver/server/probes.h"
#include "resolver/validate/keyring.h"

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "test set-up failed: %s\n", what);
        abort();
    }
}

static struct settings *make_settings(const char *more, const char *zone, const struct zone_dir *dir)
{
    char text[4096];
    struct zone_set *zones = NULL;
    snprintf(text, sizeof(text),
             "recursion: {root-hints: {ns.root: [192.0.2.1]}, allow-upstream: [192.0.2.0/24], priming: false}\n"
             "%s\n%s\n",
             strstr(more, "dnssec:") == NULL ? "dnssec: {validation: false}" : "", more);
    struct config *config = config_parse(text, strlen(text), "test.yaml", config_print, stderr);
    must(config != NULL, "configuration");
    if (zone != NULL) {
        struct zone_source source = {.name = zone_name("dev.test.")};
        struct problem_lines problems = {.len = 0};
        source.file = zone_dir_write(dir, "test.zone", zone);
        zones = zone_set_load(&source, 1, NULL, 0, problem_lines_add, &problems);
        must(zones != NULL, problems.text);
    }
    return settings_new(config, zones);
}

static void give_back(void *ctx, struct settings *settings)
{
    struct stand *s = ctx;
    s->given_back++;
    settings_drop(settings);
}

static void on_network(void *ctx)
{
    ((struct stand *)ctx)->on_network++;
}

static void on_refreshed(void *ctx, const uint8_t *name, uint16_t type)
{
    (void)name;
    (void)type;
    ((struct stand *)ctx)->on_refreshed++;
}

static void on_rest(void *ctx)
{
    ((struct stand *)ctx)->on_rest++;
}

void stand_make(struct stand *s, const char *more, const char *zone)
{
    *s = (struct stand){.base = event_base_new(), .memory = memory_new(), .servers = servers_new(64)};
    s->keyring = keyring_new(16);
    fake_upstream_reset();
    zone_dir_make(&s->dir);
    s->settings = make_settings(more, zone, &s->dir);
    s->cache = (struct cache_view){.backend = memory_backend(s->memory), .policy = &s->settings->cache};
    settings_take(s->settings); /* the stand's own use, beside the generation's */
    struct generation_parts parts = {.settings = s->settings,
                                     .cache = &s->cache,
                                     .servers = s->servers,
                                     .keyring = s->keyring,
                                     .limit_hits = s->limit_hits,
                                     .verifications = &s->verifications,
                                     .synthesised = &s->synthesised,
                                     .give_back = give_back,
                                     .ctx = s};
    s->generation = generation_new(&parts);
    struct walk_hooks hooks = {.ctx = s, .on_network = on_network, .on_refreshed = on_refreshed, .on_rest = on_rest};
    static struct probe_board board;
    s->walks = walks_new(s->base, NULL, &board, &hooks);
    must(s->generation != NULL && s->walks != NULL, "memory");
}

void stand_end(struct stand *s)
{
    walks_free(s->walks);
    if (s->generation != NULL) {
        generation_retire(s->generation);
    }
    settings_drop(s->settings);
    servers_free(s->servers);
    keyring_free(s->keyring);
    memory_free(s->memory);
    event_base_free(s->base);
    zone_dir_remove(&s->dir);
}

void stand_run(struct stand *s, unsigned ms)
{
    for (unsigned i = 0; i <= ms; i++) {
        event_base_loop(s->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
        usleep(1000);
    }
}
