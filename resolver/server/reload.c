#include "resolver/server/reload.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "resolver/base/clock.h"
#include "resolver/base/thread.h"
#include "resolver/dns/name.h"
#include "zones/zone.h"

struct reload {
    struct mailbox *home;
    reload_done *done;
    void *ctx;
    pthread_t thread;
    bool is_running; /* until the outcome was handed over */
    bool is_joined;
    const char *path;
    struct settings *current;
    struct reload_result result;
};

/* The same picture as --check prints: place, message, line and caret. */
static void collect(void *arg, const struct config_problem *p)
{
    struct reload *r = arg;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        return;
    }
    config_print(out, p);
    if (fclose(out) == 0) {
        while (len > 0 && text[len - 1] == '\n') {
            len--;
        }
        json_array_append_new(r->result.problems, json_stringn(text, len));
    }
    free(text);
}

/* A zone whose files did not change is the same in both sets. */
static void list_new_zones(const struct zone_set *old, struct reload_result *r)
{
    const struct zone_set *loaded = r->loaded.zones;
    char name[NAME_TEXT_SIZE];
    for (size_t i = 0; loaded != NULL && i < zone_set_count(loaded); i++) {
        const struct zone *z = zone_set_at(loaded, i);
        if (!z->is_reverse && (old == NULL || zone_set_find(old, z->apex) != z)) {
            json_array_append_new(r->zones, json_string(name_text(z->apex, name)));
            r->has_new_cuts = r->has_new_cuts || z->has_cuts;
        }
    }
}

void reload_wait(struct reload *r)
{
    if (r != NULL && r->is_running && !r->is_joined) {
        pthread_join(r->thread, NULL);
        r->is_joined = true;
    }
}

static void finish(void *arg)
{
    struct reload *r = arg;
    reload_wait(r);
    r->is_running = false;
    struct reload_result result = r->result;
    struct settings *current = r->current;
    r->done(r->ctx, &result);
    json_decref(result.problems);
    json_decref(result.zones);
    settings_drop(current);
}

static void *run(void *arg)
{
    struct reload *r = arg;
    prctl(PR_SET_NAME, "loader");
    thread_be_background();
    const struct zone_set *old = r->current->zones;
    r->result.ok = load_all(r->path, old, clock_wall(), collect, r, &r->result.loaded) == FAIL_NONE;
    list_new_zones(old, &r->result);
    mailbox_post(r->home, finish, r);
    return NULL;
}

struct reload *reload_new(struct mailbox *home, reload_done *done, void *ctx)
{
    struct reload *r = calloc(1, sizeof(*r));
    if (r != NULL) {
        *r = (struct reload){.home = home, .done = done, .ctx = ctx};
    }
    return r;
}

void reload_free(struct reload *r)
{
    free(r);
}

int reload_start(struct reload *r, const char *path, struct settings *current)
{
    if (r->is_running) {
        return FAIL_BUSY;
    }
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    r->path = path;
    r->result = (struct reload_result){.problems = json_array(), .zones = json_array()};
    r->current = current;
    settings_take(current);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r->is_running = pthread_create(&r->thread, NULL, run, r) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    r->is_joined = false;
    if (!r->is_running) {
        settings_drop(current);
        json_decref(r->result.problems);
        json_decref(r->result.zones);
        return FAIL_SYSTEM;
    }
    return FAIL_NONE;
}
