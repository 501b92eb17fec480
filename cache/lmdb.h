/* The LMDB environment of the cache, and the only user of lmdb.h. Nothing is synced while running (a kill -9 loses
 * nothing that was committed, a power loss everything); the map is as large as the configured size from the start, and
 * so is the file, sparse, so that a truncated file is noticed. Readers belong to one thread each; writing is for one
 * thread.
 *
 * Results: FAIL_SPACE the map is full; FAIL_SYSTEM the disk refuses, errno says why; FAIL_WIRE the file is damaged: it
 * is marked for wiping and not touched again in this run; FAIL_STORE anything else LMDB dislikes. */
#ifndef CAIRN_CACHE_LMDB_H
#define CAIRN_CACHE_LMDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/key.h"
#include "resolver/base/fail.h"

struct lmdb;
struct lmdb_reader;

struct lmdb_report {
    bool is_new;        /* there was no file */
    const char *reason; /* constant; why an old one was wiped, else NULL */
};

/* FAIL_BUSY: another process has the directory. FAIL_SYSTEM, FAIL_STORE, FAIL_MEMORY. */
MUST_CHECK int lmdb_open(const char *directory, uint64_t size, unsigned readers, struct lmdb **out,
                         struct lmdb_report *report);

/* `is_clean`: lmdb_sync has just succeeded. All readers are gone. */
void lmdb_close(struct lmdb *db, bool is_clean);

/* Writes everything to the disk; may take seconds. Any thread. */
MUST_CHECK int lmdb_sync(struct lmdb *db);

bool lmdb_is_damaged(const struct lmdb *db);

/* As of the last commit; any thread. */
struct lmdb_space {
    uint64_t entries;
    uint64_t payload;    /* octets of keys and values */
    uint64_t pages_used; /* that hold entries */
    uint64_t pages_max;
    uint64_t page_size;
};
void lmdb_space(const struct lmdb *db, struct lmdb_space *out);

/* ---- Reading ---- */

MUST_CHECK int lmdb_reader_new(struct lmdb *db, struct lmdb_reader **out);
void lmdb_reader_free(struct lmdb_reader *r); /* NULL is fine */

/* As struct cache_backend has them; values are valid until lmdb_reader_release. They start a snapshot unless one is on.
 */
MUST_CHECK int lmdb_get(struct lmdb_reader *r, const uint8_t *key, size_t key_len, struct cache_stored *out);
MUST_CHECK int lmdb_get_before(struct lmdb_reader *r, const uint8_t *key, size_t key_len, size_t prefix_len,
                               struct cache_stored *out);

/* Ends the snapshot. The reader stays usable. NULL is fine. */
void lmdb_reader_release(struct lmdb_reader *r);

/* Calls `each` for the entries whose key starts with `prefix`, in order, until it returns false. Starts a snapshot. */
typedef bool lmdb_each(void *ctx, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len);
MUST_CHECK int lmdb_scan(struct lmdb_reader *r, const uint8_t *prefix, size_t prefix_len, lmdb_each *each, void *ctx);

/* ---- Writing: one thread ---- */

/* One transaction. After a failed put or commit it is gone. */
MUST_CHECK int lmdb_begin(struct lmdb *db);
MUST_CHECK int lmdb_put(struct lmdb *db, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len);
MUST_CHECK int lmdb_commit(struct lmdb *db);

enum lmdb_verdict { LMDB_KEEP, LMDB_DROP, LMDB_STOP };
typedef enum lmdb_verdict lmdb_judge(void *ctx, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len);

/* A walk through the keys that start with `prefix`, in steps: each goes on at `at`, which starts as the prefix. */
struct lmdb_range {
    uint8_t prefix[KEY_SIZE];
    size_t prefix_len;
    uint8_t at[KEY_SIZE];
    size_t at_len;
    unsigned visited, dropped; /* by the last step */
    bool is_done;              /* the last step reached the end */
};

/* The range of all keys at or below `labels`. */
void lmdb_range_start(struct lmdb_range *range, const uint8_t *prefix, size_t prefix_len);

/* One step in a transaction of its own: shows at most `visits` entries to `judge`, removes at most `drops`. After a
 * failure nothing was removed and the step can be repeated. */
MUST_CHECK int lmdb_sweep(struct lmdb *db, struct lmdb_range *range, unsigned visits, unsigned drops, lmdb_judge *judge,
                          void *ctx);

/* Removes everything; works even when the map is full. */
MUST_CHECK int lmdb_clear(struct lmdb *db);

#endif
