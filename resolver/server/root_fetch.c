#include "resolver/server/root_fetch.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "resolver/base/clock.h"
#include "resolver/base/rand.h"
#include "resolver/base/thread.h"
#include "resolver/dns/name.h"
#include "resolver/iterate/forbidden.h"
#include "resolver/net/transfer.h"
#include "resolver/validate/keyring.h"
#include "zones/load.h"

enum {
    SERVERS_MAX = 64, /* addresses that are tried */
    PATIENCE_MS = 5000,
    TOTAL_MS = 60000,       /* for one server */
    OCTETS_MAX = 128 << 20, /* the root zone has 2 million */
    KEYS = 8,
    VERIFICATIONS = 64
};

struct root_fetch {
    struct mailbox *home;
    struct settings *settings;
    root_fetch_done *done;
    void *ctx;
    pthread_t thread;
    bool is_joined;
    int stop;
    bool has_serial;
    uint32_t serial;
    struct zone_copy *copy; /* being made */
    struct root_fetched result;
};

static bool fail(struct root_fetch *f, const char *who, const char *why)
{
    copy_release(f->copy);
    f->copy = NULL;
    snprintf(f->result.why, sizeof(f->result.why), "%s: %s", who, why);
    return false;
}

static bool begin(struct root_fetch *f)
{
    f->copy = copy_new(name_root);
    return f->copy != NULL;
}

/* ---- Checking ---- */

static const char *check(struct root_fetch *f)
{
    const struct policy *p = &f->settings->policy;
    const struct anchor *anchor = p->validation ? anchor_at(&p->anchors, name_root) : NULL;
    if (anchor == NULL || anchor_negative(&p->anchors, name_root) != NULL) {
        return copy_finish(f->copy, NULL, NULL);
    }
    struct expense expense = {.verifications = VERIFICATIONS, .failures = VERIFICATIONS};
    struct verifier v = {.keyring = keyring_new(KEYS),
                         .expense = &expense,
                         .caps = CAPS_USUAL,
                         .wall = (uint32_t)clock_wall(),
                         .skew = p->signature_skew,
                         .accept_sha1 = p->accept_sha1};
    const char *why = v.keyring != NULL ? copy_finish(f->copy, &v, &anchor->ds) : "no memory";
    keyring_free(v.keyring);
    return why;
}

static bool finish_copy(struct root_fetch *f, const char *who)
{
    const char *why = check(f);
    if (why != NULL) {
        return fail(f, who, why);
    }
    f->result.copy = f->copy;
    return true;
}

/* ---- From a file ---- */

static int take_line(void *arg, const struct load_record *line)
{
    struct root_fetch *f = arg;
    struct record r = {line->owner, line->rdata, line->ttl, line->type, line->len};
    return copy_add(f->copy, &r);
}

static void note_problem(void *arg, const struct zone_problem *p)
{
    struct root_fetch *f = arg;
    char *why = f->result.why;
    if (p->is_warning || why[0] != '\0') {
        return;
    }
    if (p->line > 0) {
        snprintf(why, sizeof(f->result.why), "%s:%u: %s", p->file, p->line, p->message);
    } else {
        snprintf(why, sizeof(f->result.why), "%s", p->message);
    }
}

static void read_file(struct root_fetch *f, const char *path)
{
    struct scan_files files = {0};
    struct problems problems = {.report = note_problem, .arg = f, .path = path, .files = &files};
    const struct load_job job = {
        .files = &files, .problems = &problems, .origin = name_root, .sink = take_line, .arg = f};
    if (!begin(f)) {
        fail(f, path, "no memory");
        return;
    }
    int result = load_path(&job, path);
    scan_files_free(&files);
    if (problems.errors > 0) { /* the first is noted */
        copy_release(f->copy);
        f->copy = NULL;
    } else if (result != FAIL_NONE) {
        fail(f, path, fail_text(result));
    } else {
        finish_copy(f, path);
    }
}

/* ---- From servers ---- */

static int take_record(void *arg, const struct record *r)
{
    struct root_fetch *f = arg;
    return copy_add(f->copy, r);
}

/* True when there is no need to try another. */
static bool transfer(struct root_fetch *f, const struct addr *server)
{
    char name[ADDR_TEXT_SIZE];
    const char *why = NULL;
    struct transfer_job job = {.zone = name_root,
                               .serial = f->has_serial ? &f->serial : NULL,
                               .stop = f->stop,
                               .patience_ms = PATIENCE_MS,
                               .total_ms = TOTAL_MS,
                               .octets_max = OCTETS_MAX,
                               .sink = take_record,
                               .arg = f};
    addr_text(server, name);
    if (!begin(f)) {
        return fail(f, name, "no memory");
    }
    f->result.server = *server;
    switch (transfer_zone(&job, server, &why)) {
    case TRANSFER_DONE:
        return finish_copy(f, name);
    case TRANSFER_CURRENT:
        fail(f, name, "current");
        f->result.is_current = true;
        return true;
    case TRANSFER_FAILED:
        break;
    }
    return fail(f, name, why);
}

static unsigned collect(const struct root_fetch *f, struct addr out[SERVERS_MAX])
{
    const struct policy *p = &f->settings->policy;
    unsigned count = 0;
    for (unsigned i = 0; i < p->hint_count; i++) {
        for (unsigned j = 0; j < p->hints[i].address_count && count < SERVERS_MAX; j++) {
            struct addr server = p->hints[i].addresses[j];
            server.port = p->upstream_port;
            if ((server.len == 4 ? p->ipv4 : p->ipv6) && !address_is_forbidden(p, &server)) {
                out[count++] = server;
            }
        }
    }
    return count;
}

static bool is_stopped(const struct root_fetch *f)
{
    uint64_t value;
    return read(f->stop, &value, sizeof(value)) == sizeof(value);
}

/* In an order left to chance: not all of the root's servers offer the zone, and none shall bear it all. */
static void ask_servers(struct root_fetch *f)
{
    struct addr servers[SERVERS_MAX];
    unsigned count = collect(f, servers);
    if (count == 0) {
        fail(f, "root hints", "none that may be asked");
    }
    for (; count > 0 && !is_stopped(f); count--) {
        unsigned chosen = rand_below(count);
        if (transfer(f, &servers[chosen])) {
            return;
        }
        servers[chosen] = servers[count - 1];
    }
}

/* ---- The thread ---- */

static void join(struct root_fetch *f)
{
    if (!f->is_joined) {
        pthread_join(f->thread, NULL);
        f->is_joined = true;
    }
}

static void finish(void *arg)
{
    struct root_fetch *f = arg;
    join(f);
    struct root_fetched result = f->result;
    root_fetch_done *done = f->done;
    void *ctx = f->ctx;
    settings_drop(f->settings);
    close(f->stop);
    free(f);
    done(ctx, &result);
}

static void *run(void *arg)
{
    struct root_fetch *f = arg;
    const char *file = f->settings->config->recursion.local_root_file;
    prctl(PR_SET_NAME, "root-copy");
    thread_be_background();
    if (file[0] != '\0') {
        read_file(f, file);
    } else {
        ask_servers(f);
    }
    mailbox_post(f->home, finish, f);
    return NULL;
}

struct root_fetch *root_fetch_start(struct mailbox *home, struct settings *s, const uint32_t *serial,
                                    root_fetch_done *done, void *ctx)
{
    sigset_t all, before;
    struct root_fetch *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        return NULL;
    }
    *f = (struct root_fetch){.home = home, .settings = s, .done = done, .ctx = ctx};
    f->has_serial = serial != NULL;
    f->serial = serial != NULL ? *serial : 0;
    f->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool is_running = f->stop >= 0 && pthread_create(&f->thread, NULL, run, f) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!is_running) {
        close(f->stop);
        free(f);
        return NULL;
    }
    settings_take(s);
    return f;
}

void root_fetch_stop(struct root_fetch *f)
{
    uint64_t many = UINT32_MAX;
    if (write(f->stop, &many, sizeof(many)) != sizeof(many)) {
        abort(); /* an eventfd takes this */
    }
    join(f);
}
