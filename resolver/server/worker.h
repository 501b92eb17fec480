/* One worker: a thread with its own event loop, sockets, upstream exchanges, walks, ready answers and view of the
 * cache. Workers share nothing but immutable settings and the cache's backend. */
#ifndef CAIRN_SERVER_WORKER_H
#define CAIRN_SERVER_WORKER_H

#include <jansson.h>

#include "cache/disk.h"
#include "resolver/net/listen.h"
#include "resolver/server/mailbox.h"
#include "resolver/server/probes.h"
#include "resolver/server/rate.h"
#include "resolver/server/settings.h"
#include "resolver/server/stats.h"
#include "resolver/server/walks.h"

struct worker;

struct worker_parts {
    unsigned index;
    struct disk *disk;
    struct settings *settings;      /* the worker takes a user of its own */
    struct listen_sockets *sockets; /* `socket_count` of them; those of this index are taken over */
    unsigned socket_count;
    struct tcp_shared *tcp_shared;
    struct probe_board *board;
    struct rate_table *rates;
    size_t ready_bytes;   /* the most that ready answers may take */
    struct mailbox *main; /* where settings no longer used are given back to */
};

/* Builds everything but runs nothing yet. NULL, with the reason logged, when the system refuses. */
struct worker *worker_new(const struct worker_parts *parts);

/* FAIL_SYSTEM: no thread. */
MUST_CHECK int worker_start(struct worker *w);

/* From the main thread: new questions are answered under `s` as soon as the worker gets to it. */
void worker_publish(struct worker *w, struct settings *s);

/* From the main thread: `run(worker, arg)` on the worker's thread. */
void worker_post(struct worker *w, void (*run)(struct worker *w, void *arg), void *arg);

/* On the worker's thread: walks_ask under the current settings. */
enum walk_state worker_walk(struct worker *w, const struct question *q, unsigned flags, const struct asker *who,
                            struct walk **walk);

/* From the main thread: the machine's network has changed; what was held against servers is forgotten. */
void worker_forgive(struct worker *w);

/* From the main thread: reads no more questions, lets walks go on for up to a second, answers who still waits, ends. */
void worker_stop(struct worker *w);

/* After worker_stop: waits for the thread and frees everything. Also frees a worker that never started. */
void worker_free(struct worker *w);

/* From any thread. */
uint64_t worker_stat(struct worker *w, enum stat_id id);

/* On the worker's thread: adds this worker's numbers to the objects of a stats report. */
void worker_report(struct worker *w, json_t *groups);

/* On the worker's thread: appends what is known of upstream servers, at most `limit` of them. */
void worker_report_upstreams(struct worker *w, json_t *list, unsigned limit);

#endif
