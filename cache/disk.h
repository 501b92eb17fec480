/* The daemon's cache: an LMDB environment with one writer thread behind it. Views read and queue; only the writer
 * writes. What is in it survives a restart and a kill -9; it holds nothing that cannot be learnt again, so whatever
 * looks damaged is dropped. The directory belongs to one daemon: data.mdb, lock.mdb, lock, state. */
#ifndef CAIRN_CACHE_DISK_H
#define CAIRN_CACHE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/cache.h"

struct disk;

struct disk_settings {
    const char *directory; /* writable; made (0700) when it is missing and its parent is there */
    uint64_t size;         /* bytes of the map; less than DISK_SIZE_MIN is raised to it */
};

#define DISK_SIZE_MIN (1u << 20)
#define DISK_WHY_SIZE 256

/* Opens or makes the cache and starts the writer. `why` says why it failed, or why older content was wiped (corrupt,
 * truncated, foreign, after a fault or a power loss), or "". FAIL_BUSY: another process uses the directory. A disk that
 * is full, read-only or broken is no failure: `why` says so, and until the restart nothing is kept (writes_paused). */
MUST_CHECK int disk_open(const struct disk_settings *settings, struct disk **out, char why[DISK_WHY_SIZE]);

/* Commits what is queued, ends the writer, syncs and closes; within 2 s, or the end does not count as clean. All views
 * must be gone. NULL is fine. */
void disk_close(struct disk *d);

/* A damaged file can make reads of the map fault. This catches SIGBUS, SIGSEGV and SIGABRT of every thread: a fault
 * inside the map or inside LMDB marks the cache for wiping and ends the process with DISK_FAULT_STATUS, so that a
 * supervisor restarts it at once with an empty cache; other faults take the action that was set before. Call once,
 * before disk_open. */
void disk_catch_faults(void);
#define DISK_FAULT_STATUS 86

/* A view for one thread. NULL without memory or reader slots. `policy` outlives the view or is replaced by its owner.
 */
struct cache_view *disk_view_new(struct disk *d, const struct cache_policy *policy);

/* Ends the view's read transaction, so that pages can be used again; the next look-up begins another. Called at the end
 * of every turn of the event loop; values got before are invalid then (entries that cache_find gave are copies and
 * stay). */
void disk_view_release(struct cache_view *v);

/* Has the writer begin with what was put since the last call, however little it is; by itself it begins when there is
 * enough for a commit, or at the end. Called when the turn's questions to name servers have left: woken on the same
 * core before, the writer would hold them up. */
void disk_view_rouse(struct cache_view *v);

void disk_view_free(struct cache_view *v); /* NULL is fine */

struct disk_flush {
    const uint8_t *name;
    uint16_t type; /* 0: everything at the name; else its answer and failure of that type, the proof that the name does
                      not exist, and for NS and DS the delegation */
    bool subtree;  /* everything below, too */
};

/* Removes entries, and what might deny the name from above: that a name above it does not exist, and the proofs of all
 * zones at or above it. Raises the epoch, so that ready answers and walks of before are void. Waits for the writer; any
 * thread, but not one that answers queries. FAIL_BUSY: it is not finished after 5 s, and goes on; FAIL_STORE: the
 * environment refused. */
MUST_CHECK int disk_flush(struct disk *d, const struct disk_flush *what, uint64_t *removed);

struct disk_list_query {
    const uint8_t *name;
    uint16_t type; /* 0: all; else as in disk_flush */
    bool subtree;
    uint64_t now;   /* expired entries are left out */
    unsigned limit; /* entries at most */
};

/* Calls `each` for stored entries in canonical order of names, the proofs of a zone among its own; the entry is valid
 * during the call. `*more`: the limit ended it. Includes what this view's writer has committed only. */
MUST_CHECK int disk_list(struct cache_view *v, const struct disk_list_query *q,
                         void (*each)(void *arg, const struct cache_entry *e), void *arg, bool *more);

/* Counters run since the start. */
struct disk_stats {
    uint64_t entries, used_bytes, size_bytes;
    uint64_t payload_bytes; /* keys and values; the rest of used_bytes is room in pages */
    uint64_t queued;        /* puts that wait for the writer */
    uint64_t written, commits, queue_dropped, evicted, flushed, bad_values;
    uint64_t expired;      /* removed by eviction since they had expired; `evicted` were live */
    uint64_t lost;         /* puts of batches that could not be committed */
    uint64_t map_full;     /* batches that found the map full */
    uint64_t write_errors; /* of the disk */
    bool writes_paused;    /* the environment refuses writes; tried again from time to time, if it could be opened */
    bool damaged;          /* found damaged: unused until the restart, which wipes it */
};
void disk_stats_read(struct disk *d, struct disk_stats *out);

#endif
