/* Between the parts of the daemon. Private to daemon*.c. */
#ifndef CAIRN_SERVER_DAEMON_PRIVATE_H
#define CAIRN_SERVER_DAEMON_PRIVATE_H

#include "resolver/base/log.h"
#include "resolver/server/daemon.h"

/* ---- daemon.c ---- */

void daemon_log_problem(enum log_level level, const char *event, const char *what);

/* ---- daemon_reload.c ---- */

/* A reload_done; the context is the struct daemon. */
void daemon_on_reloaded(void *daemon, const struct reload_result *r);

/* Answers all who wait. Takes a user of `problems`, which may be NULL, for each. */
void daemon_refuse_waiters(struct reload_waiters *w, int status, const char *why, json_t *problems);

/* What was learnt, which settings hold beside the configuration, has changed. */
void daemon_renew(void *daemon);

/* What failed is tried again when it is asked for. */
void daemon_forgive(struct daemon *d);

#endif
