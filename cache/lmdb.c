#include "cache/lmdb.h"

#include <errno.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/entry.h"
#include "cache/fault.h"
#include "cache/guard.h"

struct lmdb {
    MDB_env *env;
    MDB_dbi dbi;
    struct guard guard;
    uint64_t page_size;
    uint64_t map_size;
    MDB_txn *txn;     /* the writer's, while one is open */
    uint64_t payload; /* with what the open transaction changed */
    atomic_bool is_damaged;
    _Atomic uint64_t entries, payload_committed, pages_used;
};

/* Two neighbours in the snapshot: no key lies between them. Either may be missing (mv_data NULL) at its end. */
struct gap {
    bool is_known;
    MDB_val below, above;
};

struct lmdb_reader {
    struct lmdb *db;
    MDB_txn *txn;
    MDB_cursor *cursor; /* stays where the last get was: what is next to it is found without a walk from the root */
    bool is_open;       /* a snapshot is on; else the transaction rests and only keeps its slot */
    MDB_val found;      /* the key that the cursor stands on, which the last look-up found; mv_data NULL: it did not */
    struct gap gap;     /* where the last look-up found nothing */
};

/* Two records of our own stand among the root's entries, in a slot that no entry has: the format, and the payload. */
enum { SLOT_RECORDS = 0xff, RECORDS = 2 };

/* Octets of LMDB's lock file: its head at most, and one reader. */
enum { LOCK_HEAD = 4096, LOCK_READER = 64 };

static uint8_t format_key[KEY_TAIL] = {0, SLOT_RECORDS, 0, 0};
static uint8_t payload_key[KEY_TAIL] = {0, SLOT_RECORDS, 0, 1};

static bool is_record(const MDB_val *key)
{
    return key->mv_size == KEY_TAIL && memcmp(key->mv_data, format_key, 2) == 0;
}

/* LMDB never writes through these pointers. */
static MDB_val val(const uint8_t *bytes, size_t len)
{
    return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)bytes};
}

static int fail_of(struct lmdb *db, int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return FAIL_NONE;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return FAIL_SPACE;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
    case MDB_CURSOR_FULL:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_PAGE_FULL: /* of these three none is due to the caller: pages that lie about their room or their nodes */
    case MDB_INCOMPATIBLE:
    case MDB_BAD_TXN:
    case MDB_MAP_RESIZED: /* nobody else writes to the file: its head names pages beyond what there can be */
        atomic_store(&db->is_damaged, true);
        fault_mark();
        return FAIL_WIRE;
    default:
        errno = rc;
        return rc > 0 ? FAIL_SYSTEM : FAIL_STORE;
    }
}

bool lmdb_is_damaged(const struct lmdb *db)
{
    return atomic_load_explicit(&db->is_damaged, memory_order_relaxed);
}

void lmdb_space(const struct lmdb *db, struct lmdb_space *out)
{
    out->entries = atomic_load(&db->entries);
    out->payload = atomic_load(&db->payload_committed);
    out->pages_used = atomic_load(&db->pages_used);
    out->pages_max = db->map_size / db->page_size;
    out->page_size = db->page_size;
}

/* ---- Opening ---- */

/* A failed assertion inside LMDB means that the pages contradict each other. */
static void on_assert(MDB_env *env, const char *text)
{
    (void)env;
    (void)text;
    abort();
}

static void arm_faults(struct lmdb *db)
{
    mdb_filehandle_t fd;
    if (mdb_env_get_fd(db->env, &fd) == 0) {
        fault_arm(fd, db->guard.state_fd);
    }
}

static int format_text(char *out, size_t size)
{
    int major, minor, patch;
    mdb_version(&major, &minor, &patch);
    return snprintf(out, size, "cairn cache %d, LMDB %d.%d.%d", ENTRY_VERSION, major, minor, patch);
}

static int write_records(struct lmdb *db)
{
    char text[64];
    MDB_val key = val(format_key, sizeof(format_key));
    MDB_val value = {.mv_size = (size_t)format_text(text, sizeof(text)), .mv_data = text};
    int rc = mdb_put(db->txn, db->dbi, &key, &value, 0);
    key = val(payload_key, sizeof(payload_key));
    value = (MDB_val){.mv_size = sizeof(db->payload), .mv_data = &db->payload};
    return rc == 0 ? mdb_put(db->txn, db->dbi, &key, &value, 0) : rc;
}

static int read_records(struct lmdb *db)
{
    char text[64];
    size_t len = (size_t)format_text(text, sizeof(text));
    MDB_val key = val(format_key, sizeof(format_key));
    MDB_val value;
    int rc = mdb_get(db->txn, db->dbi, &key, &value);
    if (rc == 0 && (value.mv_size != len || memcmp(value.mv_data, text, len) != 0)) {
        return MDB_VERSION_MISMATCH;
    }
    key = val(payload_key, sizeof(payload_key));
    rc = rc == 0 ? mdb_get(db->txn, db->dbi, &key, &value) : rc;
    if (rc != 0 || value.mv_size != sizeof(db->payload)) {
        return rc != 0 && rc != MDB_NOTFOUND ? rc : MDB_VERSION_MISMATCH;
    }
    memcpy(&db->payload, value.mv_data, sizeof(db->payload));
    return 0;
}

/* What a transaction that is about to be committed leaves behind. */
static void note_space(struct lmdb *db)
{
    MDB_stat s;
    if (mdb_stat(db->txn, db->dbi, &s) == 0) {
        atomic_store(&db->entries, s.ms_entries > RECORDS ? s.ms_entries - RECORDS : 0);
        atomic_store(&db->pages_used, s.ms_branch_pages + s.ms_leaf_pages + s.ms_overflow_pages);
        atomic_store(&db->payload_committed, db->payload);
    }
}

static int open_database(struct lmdb *db)
{
    MDB_stat s;
    int rc = mdb_txn_begin(db->env, NULL, 0, &db->txn);
    if (rc != 0) {
        return rc;
    }
    rc = mdb_dbi_open(db->txn, NULL, 0, &db->dbi);
    rc = rc == 0 ? mdb_stat(db->txn, db->dbi, &s) : rc;
    bool is_empty = rc == 0 && s.ms_entries == 0;
    if (rc == 0) {
        rc = is_empty ? write_records(db) : read_records(db);
    }
    if (rc != 0) {
        mdb_txn_abort(db->txn);
    } else {
        note_space(db);
        rc = mdb_txn_commit(db->txn);
    }
    db->txn = NULL;
    return rc;
}

static int open_environment(struct lmdb *db, const char *directory, unsigned readers)
{
    const unsigned flags = MDB_NOSYNC | MDB_NOTLS;
    int rc = mdb_env_create(&db->env);
    if (rc != 0) {
        db->env = NULL;
        return rc;
    }
    mdb_env_set_assert(db->env, on_assert);
    rc = mdb_env_set_maxreaders(db->env, readers);
    rc = rc == 0 ? mdb_env_set_mapsize(db->env, db->map_size) : rc;
    return rc == 0 ? mdb_env_open(db->env, directory, flags, 0600) : rc;
}

/* Grows the file to the size of the map, sparse; a file system that cannot leaves it as it is. */
static uint64_t stretch_file(struct lmdb *db)
{
    mdb_filehandle_t fd;
    struct stat st;
    if (mdb_env_get_fd(db->env, &fd) != 0) {
        return 0;
    }
    int ignored = ftruncate(fd, (off_t)db->map_size);
    (void)ignored;
    return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static const char *check_size(struct lmdb *db)
{
    MDB_envinfo info;
    MDB_stat s;
    mdb_env_info(db->env, &info);
    mdb_env_stat(db->env, &s);
    if (s.ms_psize != db->page_size) {
        return "its pages have another size";
    }
    return info.me_mapsize != db->map_size ? "it is larger than the configured size" : NULL;
}

/* Opens what is there. FAIL_WIRE: it cannot be used, *why says why. */
static int attach(struct lmdb *db, const char *directory, unsigned readers, const char **why)
{
    atomic_store(&db->is_damaged, false);
    /* LMDB's own lock file: we hold ours, so nobody uses it, and a stale or damaged one must not stop us. */
    if (guard_make_file(&db->guard, "lock.mdb", LOCK_HEAD + (uint64_t)readers * LOCK_READER) != FAIL_NONE) {
        return FAIL_SYSTEM;
    }
    int rc = open_environment(db, directory, readers);
    if (rc == 0) {
        *why = check_size(db);
        if (*why != NULL) {
            return FAIL_WIRE;
        }
        arm_faults(db);
        fault_enter();
        rc = open_database(db);
        fault_leave();
    }
    if (rc == 0) {
        return FAIL_NONE;
    }
    *why = rc == MDB_VERSION_MISMATCH ? "another version of cairn or LMDB wrote it" : "it is not a valid LMDB file";
    errno = rc;
    return rc < 0 || rc == ENOMEM || rc == EINVAL || rc == EIO ? FAIL_WIRE : FAIL_SYSTEM;
}

static void detach(struct lmdb *db)
{
    if (db->env != NULL) {
        fault_enter();
        mdb_env_close(db->env);
        fault_leave();
        db->env = NULL;
    }
    fault_disarm();
    db->payload = 0;
}

static int attach_or_wipe(struct lmdb *db, const char *directory, unsigned readers, struct lmdb_report *report)
{
    const char *why = report->reason;
    int result = why == NULL ? attach(db, directory, readers, &why) : FAIL_WIRE;
    if (result != FAIL_WIRE) {
        return result;
    }
    detach(db);
    report->reason = why;
    if (unlinkat(db->guard.dir_fd, "data.mdb", 0) != 0 && errno != ENOENT) {
        return FAIL_SYSTEM;
    }
    return attach(db, directory, readers, &why) == FAIL_NONE ? FAIL_NONE : errno > 0 ? FAIL_SYSTEM : FAIL_STORE;
}

int lmdb_open(const char *directory, uint64_t size, unsigned readers, struct lmdb **out, struct lmdb_report *report)
{
    struct lmdb *db = calloc(1, sizeof(*db));
    *out = NULL;
    if (db == NULL) {
        return FAIL_MEMORY;
    }
    db->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
    db->map_size = size / db->page_size * db->page_size;
    int result = guard_open(directory, &db->guard);
    if (result != FAIL_NONE) {
        free(db);
        return result;
    }
    report->reason = guard_distrust(&db->guard, "data.mdb", &report->is_new);
    result = attach_or_wipe(db, directory, readers, report);
    if (result == FAIL_NONE) {
        result = guard_mark_open(&db->guard, stretch_file(db));
    }
    if (result != FAIL_NONE) {
        lmdb_close(db, false);
        return result;
    }
    *out = db;
    return FAIL_NONE;
}

void lmdb_close(struct lmdb *db, bool is_clean)
{
    int saved = errno;
    bool is_damaged = lmdb_is_damaged(db);
    detach(db);
    guard_close(&db->guard, is_clean && !is_damaged);
    free(db);
    errno = saved;
}

int lmdb_sync(struct lmdb *db)
{
    return fail_of(db, mdb_env_sync(db->env, 1));
}

/* ---- Reading ---- */

int lmdb_reader_new(struct lmdb *db, struct lmdb_reader **out)
{
    struct lmdb_reader *r = calloc(1, sizeof(*r));
    *out = NULL;
    if (r == NULL) {
        return FAIL_MEMORY;
    }
    r->db = db;
    int rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &r->txn);
    if (rc == 0) {
        rc = mdb_cursor_open(r->txn, db->dbi, &r->cursor);
    }
    if (rc != 0) {
        lmdb_reader_free(r);
        return fail_of(db, rc);
    }
    mdb_txn_reset(r->txn);
    *out = r;
    return FAIL_NONE;
}

void lmdb_reader_free(struct lmdb_reader *r)
{
    if (r == NULL) {
        return;
    }
    if (r->cursor != NULL) {
        mdb_cursor_close(r->cursor);
    }
    if (r->txn != NULL) {
        mdb_txn_abort(r->txn);
    }
    free(r);
}

void lmdb_reader_release(struct lmdb_reader *r)
{
    if (r != NULL && r->is_open) {
        mdb_txn_reset(r->txn);
        r->is_open = false;
        r->gap.is_known = false;
        r->found = (MDB_val){0};
    }
}

static int open_snapshot(struct lmdb_reader *r)
{
    if (lmdb_is_damaged(r->db)) {
        return FAIL_WIRE;
    }
    if (r->is_open) {
        return FAIL_NONE;
    }
    fault_enter();
    int rc = mdb_txn_renew(r->txn);
    rc = rc == 0 ? mdb_cursor_renew(r->txn, r->cursor) : rc;
    fault_leave();
    r->is_open = rc == 0;
    return fail_of(r->db, rc);
}

/* The order of LMDB's keys. */
static int compare(const MDB_val *a, const MDB_val *b)
{
    int order = memcmp(a->mv_data, b->mv_data, a->mv_size < b->mv_size ? a->mv_size : b->mv_size);
    return order != 0 ? order : (a->mv_size > b->mv_size) - (a->mv_size < b->mv_size);
}

/* A walk looks for many keys of one name and of names near it, and mostly there are none: their place is the same. */
static bool is_in_gap(const struct gap *gap, const MDB_val *key)
{
    return gap->is_known && (gap->below.mv_data == NULL || compare(&gap->below, key) < 0) &&
           (gap->above.mv_data == NULL || compare(key, &gap->above) < 0);
}

static bool has_prefix(const MDB_val *key, const uint8_t *prefix, size_t len)
{
    return key->mv_size >= len && memcmp(key->mv_data, prefix, len) == 0;
}

/* Completes the gap whose upper end the cursor stands on; none: it ends where all keys end. `*value` is that of the
 * lower end. */
static int find_lower_end(struct lmdb_reader *r, struct gap *gap, MDB_val *value)
{
    int rc = mdb_cursor_get(r->cursor, &gap->below, value, gap->above.mv_data != NULL ? MDB_PREV : MDB_LAST);
    if (rc == MDB_NOTFOUND) {
        gap->below = (MDB_val){0};
        return 0;
    }
    return rc;
}

/* What was found last is of the same name and behind it, so that the gap below that is probably where it belongs. */
static bool is_before_last(const struct lmdb_reader *r, const MDB_val *key)
{
    return has_prefix(&r->found, key->mv_data, key_own(key->mv_size)) && compare(key, &r->found) < 0;
}

/* Finds `key`, or where it would be: MDB_NOTFOUND, the gap, and the value of what is below it; or another error. */
static int seek(struct lmdb_reader *r, const MDB_val *key, MDB_val *value)
{
    struct gap gap = {.is_known = true, .above = r->found};
    bool is_decided = is_before_last(r, key) && find_lower_end(r, &gap, value) == 0 && is_in_gap(&gap, key);
    r->found = (MDB_val){0};
    if (!is_decided) {
        gap.above = *key;
        int rc = mdb_cursor_get(r->cursor, &gap.above, value, MDB_SET_RANGE);
        if (rc == 0 && compare(&gap.above, key) == 0) {
            r->found = gap.above;
            return 0;
        }
        if (rc == MDB_NOTFOUND) {
            gap.above = (MDB_val){0};
            rc = 0;
        }
        rc = rc == 0 ? find_lower_end(r, &gap, value) : rc;
        if (rc != 0) {
            return rc;
        }
    }
    r->gap = gap;
    return MDB_NOTFOUND;
}

int lmdb_get(struct lmdb_reader *r, const uint8_t *key, size_t key_len, struct cache_stored *out)
{
    MDB_val k = val(key, key_len);
    MDB_val v;
    *out = (struct cache_stored){.key = key, .key_len = key_len};
    int result = open_snapshot(r);
    if (result != FAIL_NONE) {
        return result;
    }
    fault_enter();
    int rc = is_in_gap(&r->gap, &k) ? MDB_NOTFOUND : seek(r, &k, &v);
    if (rc == MDB_NOTFOUND) {
        size_t own = key_own(key_len);
        out->is_bare = !has_prefix(&r->gap.below, key, own) && !has_prefix(&r->gap.above, key, own);
    }
    fault_leave();
    if (rc == 0 && v.mv_size <= ENTRY_SIZE_MAX) {
        out->value = v.mv_data;
        out->len = v.mv_size;
    }
    return rc == MDB_NOTFOUND ? FAIL_NONE : fail_of(r->db, rc);
}

int lmdb_get_before(struct lmdb_reader *r, const uint8_t *key, size_t key_len, size_t prefix_len,
                    struct cache_stored *out)
{
    MDB_val k = val(key, key_len);
    MDB_val v;
    *out = (struct cache_stored){0};
    int result = open_snapshot(r);
    if (result != FAIL_NONE) {
        return result;
    }
    fault_enter();
    int rc = seek(r, &k, &v);
    if (rc == MDB_NOTFOUND && r->gap.below.mv_data != NULL) {
        k = r->gap.below;
        rc = 0;
    }
    if (rc == 0 && k.mv_size >= KEY_TAIL && has_prefix(&k, key, prefix_len) && v.mv_size <= ENTRY_SIZE_MAX) {
        *out = (struct cache_stored){.key = k.mv_data, .key_len = k.mv_size, .value = v.mv_data, .len = v.mv_size};
    }
    fault_leave();
    return rc == MDB_NOTFOUND ? FAIL_NONE : fail_of(r->db, rc);
}

static int first_from(MDB_cursor *cursor, const uint8_t *at, size_t len, MDB_val *key, MDB_val *value)
{
    *key = val(at, len);
    return mdb_cursor_get(cursor, key, value, len > 0 ? MDB_SET_RANGE : MDB_FIRST);
}

int lmdb_scan(struct lmdb_reader *r, const uint8_t *prefix, size_t prefix_len, lmdb_each *each, void *ctx)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int result = open_snapshot(r);
    int rc = result == FAIL_NONE ? mdb_cursor_open(r->txn, r->db->dbi, &cursor) : 0;
    if (result != FAIL_NONE || rc != 0) {
        return result != FAIL_NONE ? result : fail_of(r->db, rc);
    }
    fault_enter();
    rc = first_from(cursor, prefix, prefix_len, &key, &value);
    while (rc == 0 && has_prefix(&key, prefix, prefix_len)) {
        fault_leave();
        if (!is_record(&key) && !each(ctx, key.mv_data, key.mv_size, value.mv_data, value.mv_size)) {
            break;
        }
        fault_enter();
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    fault_leave();
    return rc == MDB_NOTFOUND ? FAIL_NONE : fail_of(r->db, rc);
}

/* ---- Writing ---- */

/* Every path that ends the writer's transaction without committing it. */
static int give_up(struct lmdb *db, int rc)
{
    mdb_txn_abort(db->txn);
    db->txn = NULL;
    db->payload = atomic_load(&db->payload_committed);
    fault_leave();
    return fail_of(db, rc);
}

int lmdb_begin(struct lmdb *db)
{
    if (lmdb_is_damaged(db)) {
        return FAIL_WIRE;
    }
    fault_enter();
    int rc = mdb_txn_begin(db->env, NULL, 0, &db->txn);
    fault_leave();
    return fail_of(db, rc);
}

int lmdb_put(struct lmdb *db, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len)
{
    MDB_val k = val(key, key_len);
    MDB_val v = val(value, len);
    fault_enter();
    int rc = mdb_put(db->txn, db->dbi, &k, &v, MDB_NOOVERWRITE);
    if (rc == MDB_KEYEXIST) {
        db->payload -= key_len + v.mv_size;
        v = val(value, len);
        rc = mdb_put(db->txn, db->dbi, &k, &v, 0);
    }
    if (rc != 0) {
        return give_up(db, rc);
    }
    db->payload += key_len + len;
    fault_leave();
    return FAIL_NONE;
}

int lmdb_commit(struct lmdb *db)
{
    fault_enter();
    int rc = write_records(db);
    if (rc != 0) {
        return give_up(db, rc);
    }
    struct lmdb_space before = {.entries = atomic_load(&db->entries), .pages_used = atomic_load(&db->pages_used)};
    uint64_t payload_before = atomic_load(&db->payload_committed);
    note_space(db);
    rc = mdb_txn_commit(db->txn);
    db->txn = NULL;
    if (rc != 0) {
        atomic_store(&db->entries, before.entries);
        atomic_store(&db->pages_used, before.pages_used);
        atomic_store(&db->payload_committed, payload_before);
        db->payload = payload_before;
    }
    fault_leave();
    return fail_of(db, rc);
}

void lmdb_range_start(struct lmdb_range *range, const uint8_t *prefix, size_t prefix_len)
{
    *range = (struct lmdb_range){.prefix_len = prefix_len, .at_len = prefix_len};
    if (prefix_len > 0) {
        memcpy(range->prefix, prefix, prefix_len);
        memcpy(range->at, prefix, prefix_len);
    }
}

/* Remembers where the next step begins. A key too long to be one of ours is passed over. */
static void stop_at(struct lmdb_range *range, const MDB_val *key)
{
    range->at_len = key->mv_size < sizeof(range->at) ? key->mv_size : sizeof(range->at);
    memcpy(range->at, key->mv_data, range->at_len);
}

struct sweep {
    struct lmdb_range *range;
    unsigned visits, drops;
    lmdb_judge *judge;
    void *ctx;
};

static int sweep_range(struct lmdb *db, MDB_cursor *cursor, const struct sweep *s)
{
    struct lmdb_range *range = s->range;
    MDB_val key, value;
    int rc = first_from(cursor, range->at, range->at_len, &key, &value);
    for (; rc == 0 && has_prefix(&key, range->prefix, range->prefix_len);
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        if (is_record(&key)) {
            continue;
        }
        enum lmdb_verdict verdict = LMDB_STOP;
        if (range->visited < s->visits && range->dropped < s->drops) {
            verdict = s->judge(s->ctx, key.mv_data, key.mv_size, value.mv_data, value.mv_size);
        }
        if (verdict == LMDB_STOP) {
            stop_at(range, &key);
            return 0;
        }
        range->visited++;
        if (verdict == LMDB_DROP) {
            size_t size = key.mv_size + value.mv_size;
            rc = mdb_cursor_del(cursor, 0);
            if (rc != 0) {
                return rc;
            }
            db->payload -= size;
            range->dropped++;
        }
    }
    range->is_done = true;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int lmdb_sweep(struct lmdb *db, struct lmdb_range *range, unsigned visits, unsigned drops, lmdb_judge *judge, void *ctx)
{
    const struct lmdb_range start = *range;
    const struct sweep s = {.range = range, .visits = visits, .drops = drops, .judge = judge, .ctx = ctx};
    MDB_cursor *cursor;
    range->visited = range->dropped = 0;
    int result = lmdb_begin(db);
    if (result != FAIL_NONE) {
        return result;
    }
    fault_enter();
    int rc = mdb_cursor_open(db->txn, db->dbi, &cursor);
    if (rc == 0) {
        rc = sweep_range(db, cursor, &s);
        mdb_cursor_close(cursor);
    }
    if (rc != 0 || range->dropped == 0) {
        result = give_up(db, rc);
    } else {
        result = lmdb_commit(db);
    }
    if (result != FAIL_NONE) {
        *range = start;
    }
    return result;
}

int lmdb_clear(struct lmdb *db)
{
    int result = lmdb_begin(db);
    if (result != FAIL_NONE) {
        return result;
    }
    fault_enter();
    int rc = mdb_drop(db->txn, db->dbi, 0);
    if (rc != 0) {
        return give_up(db, rc);
    }
    db->payload = 0;
    return lmdb_commit(db);
}
