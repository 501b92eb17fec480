/* The thread that writes. Views hand it puts through a bounded queue and never wait for it: a full queue drops the
 * store. It commits 100 puts or what came within 10 ms, more at once under load, sorted by key since neighbours share
 * pages; in between it removes what was flushed and evicts. An error of the disk makes it rest for a while, then try
 * again. */
#ifndef CAIRN_CACHE_WRITER_H
#define CAIRN_CACHE_WRITER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/disk.h"
#include "cache/lmdb.h"
#include "cache/usage.h"
#include "resolver/base/fail.h"
#include "resolver/base/table.h"

#define WRITER_QUEUE_ITEMS 8192
#define WRITER_QUEUE_BYTES (4u << 20)

/* One store on its way. The view that made it keeps it, to see its own puts, until the writer is done with it. */
struct put {
    struct table_node node; /* in the view's table of pending puts */
    struct put *next;       /* in the writer's queue */
    struct put *next_own;   /* in the view's list, oldest first */
    uint64_t order;         /* of arrival in the queue */
    uint32_t epoch;         /* of the walk that found it */
    atomic_int state;       /* enum put_state */
    bool is_listed;         /* in the table: no newer put of the same key replaced it */
    uint16_t key_len;
    uint32_t len;
    uint8_t bytes[]; /* key, value */
};

/* NULL when the system has no memory. */
struct put *put_new(const uint8_t *key, size_t key_len, const uint8_t *value, size_t len, uint32_t epoch);

/* True when the writer has committed or dropped it. */
bool put_is_done(const struct put *p);

/* The view gives it up: freed now or by the writer. */
void put_leave(struct put *p);

struct cache_writer;

/* FAIL_MEMORY, FAIL_SYSTEM. `db` and `usage` outlive the writer. */
MUST_CHECK int cache_writer_start(struct lmdb *db, struct usage *usage, struct cache_writer **out);

/* Ends the thread after it wrote what is queued and synced; `is_synced` says whether that reached the disk. False: it
 * did not manage in time; it may still be at work, and nothing it uses may be freed. */
MUST_CHECK bool cache_writer_stop(struct cache_writer *w, bool *is_synced);

/* Queues `p`. FAIL_STORE: its epoch is over, or writing rests; FAIL_LIMIT: the queue is full. Any thread. */
MUST_CHECK int cache_writer_put(struct cache_writer *w, struct put *p);

/* See disk_flush. */
MUST_CHECK int cache_writer_flush(struct cache_writer *w, const struct disk_flush *what, uint64_t *removed);

uint32_t cache_writer_epoch(const struct cache_writer *w);

/* Fills what the writer knows of the statistics. */
void cache_writer_stats(struct cache_writer *w, struct disk_stats *out);

#endif
