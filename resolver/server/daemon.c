#include "resolver/server/daemon_private.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "resolver/base/clock.h"
#include "resolver/dns/type.h"
#include "resolver/net/netlink.h"
#include "resolver/server/lookup.h"
#include "resolver/server/version.h"

void daemon_log_problem(enum log_level level, const char *event, const char *what)
{
    char quoted[LOG_QUOTE_SIZE];
    if (level == LOG_LEVEL_ERROR) {
        log_error(event, "reason=%s", log_quote(what, quoted));
    } else {
        log_warn(event, "reason=%s", log_quote(what, quoted));
    }
}

/* ---- Starting ---- */

static unsigned worker_count(const struct config *c)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return c->server.workers != 0 ? c->server.workers : cores > 0 ? (unsigned)cores : 1;
}

/* Every client connection and upstream exchange is a descriptor; ask for what the system allows. */
static void raise_descriptor_limit(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
        l.rlim_cur = l.rlim_max;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}

static int open_sockets(struct daemon *d)
{
    const struct config *c = d->settings->config;
    bool is_given = config_is_given(c, "server.listen");
    d->sockets = calloc(c->server.listen.count + 1, sizeof(*d->sockets));
    if (d->sockets == NULL) {
        return FAIL_MEMORY;
    }
    int worst = FAIL_NONE;
    for (unsigned i = 0; i < c->server.listen.count; i++) {
        const struct addr *address = &c->server.listen.items[i];
        char why[LISTEN_WHY_SIZE];
        int result = listen_open(address, d->worker_count, &d->sockets[d->socket_count], why);
        if (result == FAIL_NONE) {
            d->socket_count++;
        } else if (!is_given && result == FAIL_SYSTEM && errno == EADDRNOTAVAIL) {
            daemon_log_problem(LOG_LEVEL_WARN, "listen_skipped", why);
        } else {
            daemon_log_problem(LOG_LEVEL_ERROR, "listen_failed", why);
            worst = result;
        }
    }
    if (worst == FAIL_NONE && d->socket_count == 0) {
        daemon_log_problem(LOG_LEVEL_ERROR, "listen_failed",
                           "none of the addresses of server.listen is on this machine");
        return FAIL_SYSTEM;
    }
    return worst;
}

/* Makes the directories while it may still, and gives up root. That there is none for the state shows when it is
 * opened, and is not always the end. */
static int make_directories(struct daemon *d)
{
    const struct config *c = d->settings->config;
    char quoted[LOG_QUOTE_SIZE];
    if (privileges_directory(&d->privileges, c->server.state) != FAIL_NONE) {
        log_debug("state_not_made", "directory=%s reason=\"%s\"", log_quote(c->server.state, quoted), strerror(errno));
    }
    if (privileges_directory(&d->privileges, c->cache.directory) != FAIL_NONE) {
        log_error("cache_failed", "directory=%s reason=\"%s\"", log_quote(c->cache.directory, quoted), strerror(errno));
        return FAIL_SYSTEM;
    }
    if (privileges_drop(&d->privileges) != FAIL_NONE) {
        log_error("user_failed", "user=%s reason=\"%s\"", log_quote(c->server.user, quoted), strerror(errno));
        return FAIL_SYSTEM;
    }
    return FAIL_NONE;
}

static int open_state(struct daemon *d)
{
    const struct config *c = d->settings->config;
    char quoted[LOG_QUOTE_SIZE];
    int result = durable_open(c->server.state, &d->store);
    const char *why = result == FAIL_BUSY     ? "another process uses it"
                      : result == FAIL_SYSTEM ? strerror(errno)
                                              : fail_text(result);
    if (result == FAIL_NONE) {
        return FAIL_NONE;
    }
    if (config_is_given(c, "server.state")) {
        log_error("state_failed", "directory=%s reason=\"%s\"", log_quote(c->server.state, quoted), why);
        return result;
    }
    log_warn("state_skipped", "directory=%s reason=\"%s\"", log_quote(c->server.state, quoted), why);
    return FAIL_NONE;
}

static int open_cache(struct daemon *d)
{
    const struct config *c = d->settings->config;
    char why[DISK_WHY_SIZE];
    struct disk_settings settings = {.directory = c->cache.directory, .size = c->cache.size};
    disk_catch_faults();
    int result = disk_open(&settings, &d->disk, why);
    if (result != FAIL_NONE) {
        daemon_log_problem(LOG_LEVEL_ERROR, "cache_failed", why);
    } else if (why[0] != '\0') {
        daemon_log_problem(LOG_LEVEL_WARN, "cache_not_kept", why);
    }
    return result;
}

/* Memory for the ready answers of each worker: they have the most popular part of the cache once more. */
static size_t ready_bytes(const struct daemon *d)
{
    const uint64_t least = 8u << 20;
    uint64_t share = d->settings->config->cache.size / 4 / d->worker_count;
    return (size_t)(share > least ? share : least);
}

static int start_workers(struct daemon *d)
{
    d->workers = calloc(d->worker_count, sizeof(struct worker *));
    if (d->workers == NULL) {
        return FAIL_MEMORY;
    }
    for (unsigned i = 0; i < d->worker_count; i++) {
        struct worker_parts parts = {.index = i,
                                     .disk = d->disk,
                                     .settings = d->settings,
                                     .sockets = d->sockets,
                                     .socket_count = d->socket_count,
                                     .tcp_shared = &d->tcp_shared,
                                     .board = &d->board,
                                     .rates = &d->rates,
                                     .ready_bytes = ready_bytes(d),
                                     .main = &d->mailbox};
        d->workers[i] = worker_new(&parts);
        if (d->workers[i] == NULL) {
            return FAIL_SYSTEM;
        }
    }
    for (unsigned i = 0; i < d->worker_count; i++) {
        if (worker_start(d->workers[i]) != FAIL_NONE) {
            return FAIL_SYSTEM;
        }
    }
    return FAIL_NONE;
}

/* A directory made for the socket belongs to the user who will remove the socket at the end. */
static void make_control_directory(const struct daemon *d, const char *path)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    if (len == 0 || len >= sizeof(directory)) {
        return;
    }
    memcpy(directory, path, len);
    directory[len] = '\0';
    if (access(directory, F_OK) != 0 && privileges_directory(&d->privileges, directory) != FAIL_NONE) {
        log_warn("control_directory", "reason=\"%s\"", strerror(errno));
    }
}

/* The resolver must answer even where the control socket cannot be made, unless it was asked for. */
static int open_control(struct daemon *d)
{
    const struct config *c = d->settings->config;
    const char *path = c->control.socket;
    make_control_directory(d, path);
    int result = control_open(d->base, path, &daemon_ops, d, &d->control);
    if (result == FAIL_NONE && d->privileges.must_drop && chown(path, d->privileges.uid, d->privileges.gid) != 0) {
        result = FAIL_SYSTEM;
    }
    if (result == FAIL_NONE) {
        return FAIL_NONE;
    }
    char quoted[LOG_QUOTE_SIZE];
    const char *why = result == FAIL_SYSTEM ? strerror(errno) : fail_text(result);
    if (config_is_given(c, "control.socket")) {
        log_error("control_failed", "socket=%s reason=\"%s\"", log_quote(path, quoted), why);
        return result;
    }
    log_warn("control_skipped", "socket=%s reason=\"%s\"", log_quote(path, quoted), why);
    return FAIL_NONE;
}

/* ---- Signals ---- */

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    struct daemon *d = arg;
    (void)what;
    if (number != SIGHUP) {
        log_info("stopping", "signal=%d", (int)number);
        event_base_loopbreak(d->base);
        return;
    }
    int result = daemon_reload(d, NULL);
    if (result != FAIL_NONE) {
        log_warn("reload_skipped", "reason=\"%s\"", fail_text(result));
    }
}

static int catch_signals(struct daemon *d)
{
    static const int numbers[DAEMON_SIGNALS] = {SIGHUP, SIGTERM, SIGINT};
    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < DAEMON_SIGNALS; i++) {
        d->signals[i] = evsignal_new(d->base, numbers[i], on_signal, d);
        if (d->signals[i] == NULL || event_add(d->signals[i], NULL) != 0) {
            return FAIL_SYSTEM;
        }
    }
    return FAIL_NONE;
}

/* ---- Trust anchors ---- */

static void on_keys(void *ctx, const uint8_t *zone, const struct rrset *keys)
{
    struct daemon *d = ctx;
    if (!d->is_stopping) {
        keeper_reply(d->keeper, zone, keys);
    }
}

static void ask_for_keys(void *ctx, const uint8_t *zone)
{
    struct daemon *d = ctx;
    lookup_start(d->workers[0], &d->mailbox, zone, TYPE_DNSKEY, on_keys, d);
}

static void follow_anchors(struct daemon *d)
{
    const struct keeper_hooks hooks = {.ctx = d, .ask = ask_for_keys, .changed = daemon_renew};
    d->keeper = keeper_new(d->base, d->store, &hooks);
    keeper_follow(d->keeper, d->settings);
    d->settings = keeper_settings(d->keeper, d->settings);
    d->root_keeper = root_keeper_new(d->base, &d->mailbox, daemon_renew, d);
}

/* ---- Changes of the network ---- */

static void on_network_change(void *ctx)
{
    log_info("network_changed", "action=\"failures and penalties of servers are forgotten\"");
    daemon_forgive(ctx);
}

/* Works without, only slower to notice. */
static void watch_network(struct daemon *d)
{
    d->netlink = netlink_new(d->base, on_network_change, d);
    if (d->netlink == NULL) {
        daemon_log_problem(LOG_LEVEL_WARN, "network_not_watched", strerror(errno));
    }
}

/* ---- Whole ---- */

static int build(struct daemon *d)
{
    const struct config *c = d->settings->config;
    d->base = event_base_new();
    if (d->base == NULL || mailbox_init(&d->mailbox, d->base) != FAIL_NONE) {
        return FAIL_SYSTEM;
    }
    d->has_mailbox = true;
    d->worker_count = worker_count(c);
    raise_descriptor_limit();
    if (privileges_find(c->server.user, config_is_given(c, "server.user"), &d->privileges) != FAIL_NONE) {
        daemon_log_problem(LOG_LEVEL_ERROR, "user_failed", "the user of server.user does not exist");
        return FAIL_SYSTEM;
    }
    if (d->privileges.stays_root) {
        log_warn("user_skipped", "reason=\"there is no user %s: cairnd stays root\"", c->server.user);
    }
    int result = open_sockets(d);
    if (result == FAIL_NONE) {
        result = open_control(d);
    }
    if (result == FAIL_NONE) {
        result = make_directories(d);
    }
    if (result == FAIL_NONE) {
        result = open_state(d);
    }
    return result == FAIL_NONE ? open_cache(d) : result;
}

static int prepare(struct daemon *d)
{
    d->cache = disk_view_new(d->disk, &d->settings->cache);
    d->reload = reload_new(&d->mailbox, daemon_on_reloaded, d);
    if (d->cache == NULL || d->reload == NULL) {
        return FAIL_MEMORY;
    }
    follow_anchors(d);
    routing_init(&d->routing, d->settings->config->cache.directory);
    routing_apply(&d->routing, d->disk, &d->settings->policy);
    int result = catch_signals(d);
    result = result == FAIL_NONE ? start_workers(d) : result;
    if (result == FAIL_NONE) {
        root_keeper_follow(d->root_keeper, d->settings);
    }
    return result;
}

static void announce(const struct daemon *d)
{
    const struct config *c = d->settings->config;
    char quoted[LOG_QUOTE_SIZE];
    for (unsigned i = 0; i < d->socket_count; i++) {
        char text[ADDR_TEXT_SIZE];
        log_info("listening", "address=%s", addr_text(&d->sockets[i].address, text));
    }
    log_info("ready", "version=" CAIRN_VERSION " config=%s workers=%u zones=%zu",
             log_quote(c->file != NULL ? c->file : "built-in defaults", quoted), d->worker_count,
             d->settings->zones != NULL ? zone_set_count(d->settings->zones) : (size_t)0);
}

static void tear_down(struct daemon *d)
{
    d->is_stopping = true;
    netlink_free(d->netlink);
    control_close(d->control);
    daemon_refuse_waiters(&d->reload_now, 503, "the daemon is stopping", NULL);
    daemon_refuse_waiters(&d->reload_next, 503, "the daemon is stopping", NULL);
    for (unsigned i = 0; d->workers != NULL && i < d->worker_count; i++) {
        if (d->workers[i] != NULL) {
            worker_stop(d->workers[i]);
        }
    }
    for (unsigned i = 0; d->workers != NULL && i < d->worker_count; i++) {
        worker_free(d->workers[i]);
    }
    free(d->workers);
    for (unsigned i = 0; i < DAEMON_SIGNALS; i++) {
        if (d->signals[i] != NULL) {
            event_free(d->signals[i]);
        }
    }
    reload_wait(d->reload);
    root_keeper_stop(d->root_keeper);
    routing_fini(&d->routing);
    disk_view_free(d->cache);
    disk_close(d->disk);
    if (d->has_mailbox) {
        mailbox_fini(&d->mailbox);
    }
    reload_free(d->reload);
    keeper_free(d->keeper);
    root_keeper_free(d->root_keeper);
    durable_close(d->store);
    for (unsigned i = 0; i < d->socket_count; i++) {
        listen_close(&d->sockets[i]);
    }
    free(d->sockets);
    settings_drop(d->settings);
    if (d->base != NULL) {
        event_base_free(d->base);
    }
}

int daemon_run(const char *config_path, struct loaded *loaded)
{
    struct daemon *d = calloc(1, sizeof(*d));
    if (d == NULL) {
        return EXIT_FAILURE;
    }
    log_setup(loaded->config->log.level, loaded->config->log.format);
    d->config_path = config_path;
    d->settings = settings_new(loaded->config, loaded->zones);
    d->started = clock_now();
    d->started_wall = clock_wall();
    bool is_up = build(d) == FAIL_NONE && prepare(d) == FAIL_NONE;
    if (is_up) {
        watch_network(d);
        announce(d);
        event_base_dispatch(d->base);
    }
    tear_down(d);
    free(d);
    if (is_up) {
        log_info("stopped", "status=0");
    }
    return is_up ? EXIT_SUCCESS : EXIT_FAILURE;
}
