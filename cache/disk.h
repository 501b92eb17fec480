/* The daemon's cache: an LMDB environment with one writer thread behind it. Views read and queue; only the writer writes.
 * The directory holds nothing that cannot be learnt again. */
#ifndef CAIRN_CACHE_DISK_H
#define CAIRN_CACHE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/cache.h"

struct disk;

struct disk_settings {
    const char *directory; /* exists and is writable */
    uint64_t size;         /* bytes of the map */
};

#define DISK_WHY_SIZE 256

/* Opens or makes the cache and starts the writer. `why` says why it failed, or why older content was wiped (corrupt,
 * truncated, foreign, after a fault or a power loss), or "". FAIL_BUSY: another process uses the directory. */
MUST_CHECK int disk_open(const struct disk_settings *settings, struct disk **out, char why[DISK_WHY_SIZE]);

/* Commits what is queued, ends the writer, closes; within 2 s. All views must be gone. NULL is fine. */
void disk_close(struct disk *d);

/* A view for one thread. NULL without memory or reader slots. `policy` outlives the view or is replaced by its owner. */
struct cache_view *disk_view_new(struct disk *d, const struct cache_policy *policy);

/* Ends the view's read transaction, so that pages can be used again; the next look-up begins another. Called at the end of
 * every turn of the event loop; values got before are invalid then. */
void disk_view_release(struct cache_view *v);
void disk_view_free(struct cache_view *v); /* NULL is fine */

struct disk_flush {
    const uint8_t *name;
    uint16_t type; /* 0: everything at the name; else its answer and failure of that type */
    bool subtree;  /* everything below, too */
};

/* Removes entries and raises the epoch, so that ready answers and walks of before are void. Waits for the writer; for the
 * control thread only. FAIL_STORE: it did not finish within 5 s or the environment refused. */
MUST_CHECK int disk_flush(struct disk *d, const struct disk_flush *what, uint64_t *removed);

struct disk_list_query {
    const uint8_t *name;
    uint16_t type;  /* 0: all */
    bool subtree;
    uint64_t now;   /* expired entries are left out */
    unsigned limit; /* entries at most */
};

/* Calls `each` for stored entries in canonical order of names; the entry is valid during the call. `*more`: the limit ended
 * it. Includes what this view's writer has committed only. */
MUST_CHECK int disk_list(struct cache_view *v, const struct disk_list_query *q,
                         void (*each)(void *arg, const struct cache_entry *e), void *arg, bool *more);

struct disk_stats {
    uint64_t entries, used_bytes, size_bytes;
    uint64_t written, commits, queue_dropped, evicted, flushed, bad_values;
    bool writes_paused; /* the environment refuses writes; tried again from time to time */
};
void disk_stats_read(struct disk *d, struct disk_stats *out);

#endif
