/* The daemon: builds everything bottom-up, runs the main thread's loop (signals, control socket, reloads), tears down
 * in reverse. */
#ifndef CAIRN_SERVER_DAEMON_H
#define CAIRN_SERVER_DAEMON_H

#include <stdbool.h>

#include "cache/disk.h"
#include "resolver/net/listen.h"
#include "resolver/net/tcp.h"
#include "resolver/server/control.h"
#include "resolver/server/durable.h"
#include "resolver/server/keeper.h"
#include "resolver/server/load.h"
#include "resolver/server/mailbox.h"
#include "resolver/server/privileges.h"
#include "resolver/server/reload.h"
#include "resolver/server/root_keeper.h"
#include "resolver/server/routing.h"
#include "resolver/server/worker.h"

#define DAEMON_SIGNALS 3

/* Who waits for the outcome of a reload. */
struct reload_waiters {
    struct control_call *calls[CONTROL_CLIENTS];
    unsigned count;
};

struct daemon {
    const char *config_path; /* as given; NULL: the default file or built-in defaults */
    struct event_base *base;
    struct mailbox mailbox;
    bool has_mailbox;
    struct event *signals[DAEMON_SIGNALS];
    struct privileges privileges;
    struct listen_sockets *sockets;
    unsigned socket_count;
    struct tcp_shared tcp_shared;
    struct probe_board board;
    struct rate_table rates;
    struct disk *disk;
    struct cache_view *cache; /* the main thread's own view, for the control socket */
    struct routing routing;   /* under which the cache was filled */
    struct durable *store;    /* the state directory; NULL: not to be had */
    struct keeper *keeper;
    struct root_keeper *root_keeper;
    struct settings *settings; /* the current ones */
    struct worker **workers;
    unsigned worker_count;
    struct reload *reload;
    struct reload_waiters reload_now;  /* for the one that runs */
    struct reload_waiters reload_next; /* for the one after it */
    bool reload_again;                 /* one is due when the running one is done: files may have changed meanwhile */
    struct control *control;
    struct netlink *netlink; /* NULL: the system does not tell of changes */
    bool is_stopping;
    uint64_t started; /* clock_now milliseconds */
    int64_t started_wall;
    int64_t reload_failed_wall; /* when the last reload failed; 0: it did not */
};

/* Runs until SIGTERM or SIGINT. `loaded` passes over. Returns the process's exit status. */
int daemon_run(const char *config_path, struct loaded *loaded);

/* Starts a reload, at once or after the one that runs; its outcome is logged and goes to `call` (may be NULL).
 * FAIL_BUSY: too many wait already. */
MUST_CHECK int daemon_reload(struct daemon *d, struct control_call *call);

/* What the control socket can ask of the daemon; the context is the struct daemon. */
extern const struct control_ops daemon_ops;

#endif
