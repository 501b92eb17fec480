/* The thread that writes. Views hand it puts through a bounded queue and never wait for it: a full queue drops the
 * store. While little comes it is committed at once; under load what came within 10 ms, at most 1,000 puts, sorted by
 * key since neighbours share pages. In between it removes what was flushed and evicts. An error of the disk makes it
 * rest for a while, then try again. */
#ifndef CAIRN_CACHE_WRITER_H
#define CAIRN_CACHE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/disk.h"
#include "cache/lmdb.h"
#include "cache/put.h"
#include "cache/usage.h"
#include "resolver/base/fail.h"

#define WRITER_QUEUE_ITEMS 8192
#define WRITER_QUEUE_BYTES (4u << 20)

struct cache_writer;

/* FAIL_MEMORY, FAIL_SYSTEM. `db` and `usage` outlive the writer. */
MUST_CHECK int cache_writer_start(struct lmdb *db, struct usage *usage, struct cache_writer **out);

/* Ends the thread after it wrote what is queued and synced; `is_synced` says whether that reached the disk. False: it
 * did not manage in time; it may still be at work, and nothing it uses may be freed. */
MUST_CHECK bool cache_writer_stop(struct cache_writer *w, bool *is_synced);

/* Queues `p`; it is written soon after cache_writer_rouse. FAIL_STORE: its epoch is over, or writing rests; FAIL_LIMIT:
 * the queue is full. Any thread. */
MUST_CHECK int cache_writer_put(struct cache_writer *w, struct put *p);

/* Begins with what is queued, see disk_view_rouse. Any thread. */
void cache_writer_rouse(struct cache_writer *w);

/* See disk_flush. */
MUST_CHECK int cache_writer_flush(struct cache_writer *w, const struct disk_flush *what, uint64_t *removed);

uint32_t cache_writer_epoch(const struct cache_writer *w);

/* Of all puts that it commits. Any thread, as long as the writer. */
const struct bare_log *cache_writer_log(const struct cache_writer *w);

/* Fills what the writer knows of the statistics. */
void cache_writer_stats(struct cache_writer *w, struct disk_stats *out);

#endif
