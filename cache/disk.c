#include "cache/disk.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/bare.h"
#include "cache/entry.h"
#include "cache/fault.h"
#include "cache/key.h"
#include "cache/lmdb.h"
#include "cache/usage.h"
#include "cache/writer.h"
#include "resolver/base/table.h"
#include "resolver/dns/name.h"

enum {
    READERS_MAX = 512,     /* views at once */
    OCTETS_PER_NAME = 128, /* for the size of the usage table */
    PENDING_MAX = 8192,    /* puts that a view remembers */
    PENDING_NAMES = 4096,  /* counters of their names: several times the puts of a busy moment */
    PROOFS_PENDING = 16,
    LIST_ARENA = 1 << 20
};

/* Without a usable disk there is neither environment nor writer: all look-ups miss and all puts are refused. */
struct disk {
    struct lmdb *db;
    struct usage *usage;
    struct cache_writer *writer;
    _Atomic uint64_t bad_values;
    atomic_uint epoch; /* without a writer */
};

struct disk_view {
    struct cache_view view; /* what the owner sees */
    struct disk *disk;
    struct lmdb_reader *reader;
    struct table pending;          /* own puts that others do not see yet, by key */
    uint16_t names[PENDING_NAMES]; /* how many puts there are, by the hash of their name: 0 says that it has none */
    struct put *oldest, *newest;
    struct put *proofs[PROOFS_PENDING]; /* the last of them that are proofs, which are found by their order */
    unsigned proof_count;               /* ever; the next one's place */
    unsigned put_count;
    struct pool puts; /* memory of puts */
    struct bare_names bare;
    bool has_snapshot;
    bool has_news;   /* puts since disk_view_rouse */
    uint32_t epoch;  /* when the snapshot was taken */
    uint64_t moment; /* likewise, of the writer's log */
};

void disk_catch_faults(void)
{
    fault_install();
}

/* ---- Opening and closing ---- */

/* What may pass, and what a resolver can do without. */
static bool is_disk_trouble(int result)
{
    return result == FAIL_SYSTEM && (errno == ENOSPC || errno == EDQUOT || errno == EROFS || errno == EIO);
}

static void explain(char why[DISK_WHY_SIZE], int result, const char *directory, const char *wiped)
{
    if (result == FAIL_BUSY) {
        snprintf(why, DISK_WHY_SIZE, "another process uses %s", directory);
    } else if (result == FAIL_SYSTEM) {
        const char *hint = is_disk_trouble(result) ? "; nothing is kept until the restart" : "";
        snprintf(why, DISK_WHY_SIZE, "%s: %s%s", directory, strerror(errno), hint);
    } else if (result != FAIL_NONE) {
        snprintf(why, DISK_WHY_SIZE, "%s: %s", directory, fail_text(result));
    } else {
        snprintf(why, DISK_WHY_SIZE, "%s", wiped != NULL ? wiped : "");
    }
}

static int start(struct disk *d, const struct disk_settings *settings, struct lmdb_report *report)
{
    uint64_t size = settings->size < DISK_SIZE_MIN ? DISK_SIZE_MIN : settings->size;
    int result = lmdb_open(settings->directory, size, READERS_MAX, &d->db, report);
    if (result != FAIL_NONE) {
        return result;
    }
    d->usage = usage_new(size / OCTETS_PER_NAME);
    result = d->usage != NULL ? cache_writer_start(d->db, d->usage, &d->writer) : FAIL_MEMORY;
    if (result != FAIL_NONE) {
        lmdb_close(d->db, false);
        usage_free(d->usage);
    }
    return result;
}

int disk_open(const struct disk_settings *settings, struct disk **out, char why[DISK_WHY_SIZE])
{
    struct lmdb_report report = {0};
    struct disk *d = calloc(1, sizeof(*d));
    int result = d != NULL ? start(d, settings, &report) : FAIL_MEMORY;
    explain(why, result, settings->directory, report.reason);
    if (is_disk_trouble(result)) {
        *d = (struct disk){.epoch = 1};
        result = FAIL_NONE;
    }
    if (result != FAIL_NONE) {
        free(d);
        d = NULL;
    }
    *out = d;
    return result;
}

static uint32_t epoch_of(const struct disk *d)
{
    return d->writer != NULL ? cache_writer_epoch(d->writer) : atomic_load(&d->epoch);
}

void disk_close(struct disk *d)
{
    bool is_synced;
    if (d != NULL && d->writer == NULL) {
        free(d);
        return;
    }
    /* A disk that is too slow keeps the thread; what it uses stays, and the process ends around it. */
    if (d != NULL && cache_writer_stop(d->writer, &is_synced)) {
        lmdb_close(d->db, is_synced);
        usage_free(d->usage);
        free(d);
    }
}

/* ---- Views ---- */

static struct disk_view *owner_of(struct cache_view *v)
{
    return v->backend.ctx;
}

struct wanted {
    const uint8_t *key;
    size_t len;
};

static bool is_put_of(struct table_node *n, const void *key)
{
    const struct put *p = TABLE_OWNER(n, struct put, node);
    const struct wanted *wanted = key;
    return p->key_len == wanted->len && memcmp(p->bytes, wanted->key, wanted->len) == 0;
}

static struct put *find_pending(const struct disk_view *v, const uint8_t *key, size_t len, uint64_t hash)
{
    const struct wanted wanted = {.key = key, .len = len};
    struct table_node *n = table_find(&v->pending, hash, is_put_of, &wanted);
    return n != NULL ? TABLE_OWNER(n, struct put, node) : NULL;
}

static uint16_t *name_count(struct disk_view *v, uint64_t name_hash)
{
    return &v->names[name_hash % PENDING_NAMES];
}

static void forget_proof(struct disk_view *v, const struct put *p)
{
    for (unsigned i = 0; i < PROOFS_PENDING; i++) {
        v->proofs[i] = v->proofs[i] != p ? v->proofs[i] : NULL;
    }
}

static void forget_oldest(struct disk_view *v)
{
    struct put *p = v->oldest;
    if (key_is_proof(p->bytes, p->key_len)) {
        forget_proof(v, p);
    }
    if (p->is_listed) {
        table_remove(&v->pending, &p->node);
    }
    (*name_count(v, p->name_hash))--;
    v->oldest = p->next_own;
    if (v->oldest == NULL) {
        v->newest = NULL;
    }
    v->put_count--;
    put_leave(&v->puts, p);
}

/* Snapshots taken from now on show them. */
static void forget_done(struct disk_view *v)
{
    while (v->oldest != NULL && put_is_done(v->oldest)) {
        forget_oldest(v);
    }
}

/* Epoch and moment are read before the snapshot is taken, so that they are never newer than what it shows. Own puts
 * that were committed since the last one are in it, perhaps under newer ones of others: they must not hide those. */
static void take_snapshot(struct disk_view *v)
{
    if (!v->has_snapshot) {
        forget_done(v);
        v->epoch = epoch_of(v->disk);
        v->moment = bare_log_now(cache_writer_log(v->disk->writer));
        v->has_snapshot = true;
    }
}

/* An own put that is not committed yet. */
static bool get_pending(const struct disk_view *v, uint64_t hash, struct cache_stored *out)
{
    const struct put *p = find_pending(v, out->key, out->key_len, hash);
    if (p == NULL || p->epoch != epoch_of(v->disk)) {
        return false;
    }
    out->value = p->bytes + p->key_len;
    out->len = p->len;
    return true;
}

static int get(void *ctx, const uint8_t *key, size_t key_len, struct cache_stored *out)
{
    struct disk_view *v = ctx;
    *out = (struct cache_stored){.key = key, .key_len = key_len};
    if (v->reader == NULL) {
        return FAIL_NONE;
    }
    take_snapshot(v);
    size_t labels_len = key_len - KEY_TAIL;
    uint64_t name_hash = key_name_hash(key, key_len);
    bool is_pending = *name_count(v, name_hash) > 0; /* something of the name, or of another one */
    out->is_bare = !is_pending && bare_has(&v->bare, cache_writer_log(v->disk->writer), key, labels_len, name_hash);
    uint64_t hash = key_hash(name_hash, key, key_len);
    if (out->is_bare || (is_pending && get_pending(v, hash, out))) {
        return FAIL_NONE;
    }
    usage_prefetch(v->disk->usage, hash);
    int result = lmdb_get(v->reader, key, key_len, out);
    if (out->value != NULL) {
        usage_bump(v->disk->usage, hash);
    }
    out->is_bare = out->is_bare && !is_pending;
    if (out->is_bare) {
        bare_add(&v->bare, key, labels_len, name_hash, v->moment);
    }
    return result;
}

static int compare_keys(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* Own proofs that are not committed yet, and stand where `key` is or between it and what was found. */
static void find_pending_proof(const struct disk_view *v, const uint8_t *key, size_t key_len, size_t prefix_len,
                               struct cache_stored *found)
{
    uint32_t epoch = epoch_of(v->disk);
    for (unsigned i = 0; i < PROOFS_PENDING; i++) {
        const struct put *p = v->proofs[i];
        if (p != NULL && p->is_listed && p->epoch == epoch && p->key_len >= prefix_len &&
            memcmp(p->bytes, key, prefix_len) == 0 && compare_keys(p->bytes, p->key_len, key, key_len) <= 0 &&
            (found->key == NULL || compare_keys(p->bytes, p->key_len, found->key, found->key_len) >= 0)) {
            *found = (struct cache_stored){
                .key = p->bytes, .key_len = p->key_len, .value = p->bytes + p->key_len, .len = p->len};
        }
    }
}

static void note_use(void *ctx, const uint8_t *key, size_t key_len)
{
    const struct disk_view *v = ctx;
    if (v->disk->usage != NULL) {
        usage_bump(v->disk->usage, key_hash(key_name_hash(key, key_len), key, key_len));
    }
}

static int get_before(void *ctx, const uint8_t *key, size_t key_len, size_t prefix_len, struct cache_stored *out)
{
    struct disk_view *v = ctx;
    *out = (struct cache_stored){0};
    if (v->reader == NULL) {
        return FAIL_NONE;
    }
    take_snapshot(v);
    int result = lmdb_get_before(v->reader, key, key_len, prefix_len, out);
    if (v->pending.count > 0) {
        find_pending_proof(v, key, key_len, prefix_len, out);
    }
    if (out->value != NULL) {
        note_use(v, out->key, out->key_len);
    }
    return result;
}

static void remember(struct disk_view *v, struct put *p)
{
    uint64_t hash = key_hash(p->name_hash, p->bytes, p->key_len);
    struct put *older = find_pending(v, p->bytes, p->key_len, hash);
    if (older != NULL) {
        table_remove(&v->pending, &older->node);
        older->is_listed = false;
    }
    table_add(&v->pending, &p->node, hash);
    (*name_count(v, p->name_hash))++;
    p->is_listed = true;
    if (v->newest != NULL) {
        v->newest->next_own = p;
    } else {
        v->oldest = p;
    }
    v->newest = p;
    v->put_count++;
    if (key_is_proof(p->bytes, p->key_len)) {
        v->proofs[v->proof_count++ % PROOFS_PENDING] = p;
    }
}

static int put(void *ctx, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len)
{
    struct disk_view *v = ctx;
    struct entry_head head;
    if (v->reader == NULL || key_len > KEY_SIZE || len > ENTRY_SIZE_MAX || v->put_count >= PENDING_MAX ||
        entry_peek(value, len, &head) != FAIL_NONE) {
        return FAIL_STORE;
    }
    struct put *p = put_new(&v->puts, key, key_len, value, len, head.epoch);
    if (p == NULL) {
        return FAIL_STORE;
    }
    if (cache_writer_put(v->disk->writer, p) != FAIL_NONE) {
        free(p);
        return FAIL_STORE;
    }
    remember(v, p);
    v->has_news = true;
    return FAIL_NONE;
}

static uint32_t epoch(void *ctx)
{
    const struct disk_view *v = ctx;
    return v->has_snapshot ? v->epoch : epoch_of(v->disk);
}

static void note_bad(void *ctx)
{
    const struct disk_view *v = ctx;
    atomic_fetch_add_explicit(&v->disk->bad_values, 1, memory_order_relaxed);
}

struct cache_view *disk_view_new(struct disk *d, const struct cache_policy *policy)
{
    struct disk_view *v = calloc(1, sizeof(*v));
    if (v == NULL || table_init(&v->pending) != FAIL_NONE) {
        free(v);
        return NULL;
    }
    if (d->db != NULL && lmdb_reader_new(d->db, &v->reader) != FAIL_NONE) {
        table_fini(&v->pending);
        free(v);
        return NULL;
    }
    v->disk = d;
    v->view.backend = (struct cache_backend){.ctx = v,
                                             .get = get,
                                             .put = put,
                                             .get_before = get_before,
                                             .epoch = epoch,
                                             .note_bad = note_bad,
                                             .note_use = note_use};
    v->view.policy = policy;
    return &v->view;
}

void disk_view_free(struct cache_view *view)
{
    if (view == NULL) {
        return;
    }
    struct disk_view *v = owner_of(view);
    while (v->oldest != NULL) {
        forget_oldest(v);
    }
    lmdb_reader_free(v->reader);
    table_fini(&v->pending);
    pool_drain(&v->puts);
    free(v);
}

void disk_view_release(struct cache_view *view)
{
    struct disk_view *v = owner_of(view);
    lmdb_reader_release(v->reader);
    v->has_snapshot = false;
    forget_done(v);
}

void disk_view_rouse(struct cache_view *view)
{
    struct disk_view *v = owner_of(view);
    if (v->has_news) {
        v->has_news = false;
        cache_writer_rouse(v->disk->writer);
    }
}

/* ---- Control ---- */

int disk_flush(struct disk *d, const struct disk_flush *what, uint64_t *removed)
{
    if (d->writer == NULL) {
        *removed = 0;
        atomic_fetch_add(&d->epoch, 1);
        return FAIL_NONE;
    }
    return cache_writer_flush(d->writer, what, removed);
}

struct listing {
    const struct disk_list_query *query;
    void (*each)(void *arg, const struct cache_entry *e);
    void *arg;
    struct disk_view *view;
    struct arena arena;
    unsigned count;
    bool more;
};

static bool list_one(void *ctx, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len)
{
    struct listing *l = ctx;
    struct entry_head head;
    struct cache_entry *e;
    if (!key_is_covered(key, key_len, l->query->type)) {
        return true;
    }
    arena_reset(&l->arena);
    if (entry_peek(value, len, &head) != FAIL_NONE ||
        entry_read(key, key_len, value, len, &l->arena, &e) != FAIL_NONE) {
        note_bad(l->view);
        return true;
    }
    bool is_other_name = e->zone != NULL && !l->query->subtree && !name_equal(e->name, l->query->name);
    if (head.expires <= l->query->now || is_other_name) {
        return true;
    }
    l->more = l->count == l->query->limit;
    if (!l->more) {
        l->count++;
        l->each(l->arg, e);
    }
    return !l->more;
}

int disk_list(struct cache_view *view, const struct disk_list_query *q,
              void (*each)(void *arg, const struct cache_entry *e), void *arg, bool *more)
{
    struct disk_view *v = owner_of(view);
    struct listing l = {.query = q, .each = each, .arg = arg, .view = v};
    uint8_t prefix[KEY_SIZE];
    size_t len = key_range(prefix, q->name, q->subtree);
    *more = false;
    if (v->reader == NULL) {
        return FAIL_NONE;
    }
    arena_init(&l.arena, LIST_ARENA);
    take_snapshot(v);
    int result = lmdb_scan(v->reader, prefix, len, list_one, &l);
    arena_fini(&l.arena);
    *more = l.more;
    return result == FAIL_NONE ? FAIL_NONE : FAIL_STORE;
}

void disk_stats_read(struct disk *d, struct disk_stats *out)
{
    struct lmdb_space space;
    *out = (struct disk_stats){.writes_paused = d->writer == NULL};
    if (d->writer == NULL) {
        return;
    }
    lmdb_space(d->db, &space);
    out->entries = space.entries;
    out->payload_bytes = space.payload;
    out->used_bytes = space.pages_used * space.page_size;
    out->size_bytes = space.pages_max * space.page_size;
    out->bad_values = atomic_load(&d->bad_values);
    out->damaged = lmdb_is_damaged(d->db);
    cache_writer_stats(d->writer, out);
}
