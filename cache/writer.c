#include "cache/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cache/evict.h"
#include "cache/key.h"
#include "resolver/base/clock.h"
#include "resolver/base/log.h"

enum {
    BATCH_WANTED = 100, /* puts that are worth a commit */
    BATCH_MAX = 1000,
    BATCH_MIN = 8,
    BATCH_PAGES = 32,     /* a batch may touch one part in this of the map's pages: each becomes a new page */
    WINDOW_NS = 10000000, /* the time in which small batches are counted, and the longest a put waits for others */
    WINDOW_BATCHES = 4,   /* small batches committed at once in one window */
    FLUSH_VISITS = 1000,  /* per transaction of a removal */
    FLUSH_DROPS = 100,
    DROPS_WHEN_FULL = 10, /* removing needs pages, too; few at a time fit where many do not */
    FLUSH_WAIT_S = 5,
    STOP_WAIT_MS = 1800,
    REST_MIN_S = 1,
    REST_MAX_S = 60
};
#define NS_PER_S     1000000000u
#define LOG_EVERY_NS (60ull * NS_PER_S)

enum put_state { PUT_QUEUED, PUT_DONE, PUT_LEFT };

/* A removal on its way. Under the writer's lock. */
struct order {
    struct order *next;
    uint8_t prefix[KEY_SIZE];
    size_t prefix_len;
    uint16_t type;
    uint64_t after; /* puts that arrived before this one come first */
    uint64_t removed;
    int result;
    bool is_done;
    bool is_left; /* nobody waits any more: the writer frees it */
};

struct cache_writer {
    struct lmdb *db;
    struct evict evict;
    unsigned batch_max;
    unsigned drops;   /* per eviction step */
    uint64_t rest_ns; /* the last rest; 0 when all is well */
    uint64_t logged_at;
    struct put *batch[BATCH_MAX];
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t work;     /* for the thread: puts, orders, or the end */
    pthread_cond_t progress; /* for who waits on an order or the end */
    struct put *first, **last;
    unsigned count;
    uint64_t bytes;
    uint64_t arrivals;
    uint64_t window_at; /* clock_ticks */
    unsigned window_batches, window_puts;
    bool was_busy; /* the window before had enough puts for a batch */
    struct order *orders;
    bool is_stopping;
    bool is_stopped;
    bool is_synced;

    atomic_uint epoch;
    _Atomic uint64_t rest_until; /* clock_ticks; 0: not resting */
    _Atomic uint64_t stored, dropped, lost, commits, expired, evicted, flushed, map_full, write_errors;
};

/* ---- Puts ---- */

struct put *put_new(const uint8_t *key, size_t key_len, const uint8_t *value, size_t len, uint32_t epoch)
{
    struct put *p = calloc(1, sizeof(*p) + key_len + len);
    if (p != NULL) {
        p->key_len = (uint16_t)key_len;
        p->len = (uint32_t)len;
        p->epoch = epoch;
        atomic_init(&p->state, PUT_QUEUED);
        memcpy(p->bytes, key, key_len);
        memcpy(p->bytes + key_len, value, len);
    }
    return p;
}

bool put_is_done(const struct put *p)
{
    return atomic_load_explicit(&p->state, memory_order_acquire) == PUT_DONE;
}

void put_leave(struct put *p)
{
    if (atomic_exchange(&p->state, PUT_LEFT) == PUT_DONE) {
        free(p);
    }
}

static void finish_put(struct put *p)
{
    if (atomic_exchange(&p->state, PUT_DONE) == PUT_LEFT) {
        free(p);
    }
}

static bool is_resting(const struct cache_writer *w)
{
    uint64_t until = atomic_load_explicit(&w->rest_until, memory_order_relaxed);
    return until != 0 && clock_ticks() < until;
}

int cache_writer_put(struct cache_writer *w, struct put *p)
{
    size_t size = sizeof(*p) + p->key_len + p->len;
    int result = is_resting(w) || lmdb_is_damaged(w->db) ? FAIL_STORE : FAIL_NONE;
    if (result == FAIL_NONE) {
        pthread_mutex_lock(&w->lock);
        /* Under the lock, so that no put of an old epoch can slip in behind the removal that ended it. */
        if (p->epoch != atomic_load_explicit(&w->epoch, memory_order_relaxed)) {
            result = FAIL_STORE;
        } else if (w->is_stopping || w->count >= WRITER_QUEUE_ITEMS || w->bytes + size > WRITER_QUEUE_BYTES) {
            result = FAIL_LIMIT;
        } else {
            p->order = w->arrivals++;
            *w->last = p;
            w->last = &p->next;
            w->bytes += size;
            w->count++;
            if (w->count == 1 || w->count == BATCH_WANTED) {
                pthread_cond_signal(&w->work);
            }
        }
        pthread_mutex_unlock(&w->lock);
    }
    if (result != FAIL_NONE) {
        atomic_fetch_add(&w->dropped, 1);
    }
    return result;
}

/* ---- Failures ---- */

static void log_failure(struct cache_writer *w, const char *event, const char *reason)
{
    uint64_t now = clock_ticks();
    if (w->logged_at == 0 || now - w->logged_at > LOG_EVERY_NS) {
        char quoted[LOG_QUOTE_SIZE];
        w->logged_at = now;
        log_warn(event, "reason=%s lost=%" PRIu64, log_quote(reason, quoted), atomic_load(&w->lost));
    }
}

static void rest(struct cache_writer *w, const char *reason)
{
    w->rest_ns = w->rest_ns == 0 ? (uint64_t)REST_MIN_S * NS_PER_S : 2 * w->rest_ns;
    if (w->rest_ns > (uint64_t)REST_MAX_S * NS_PER_S) {
        w->rest_ns = (uint64_t)REST_MAX_S * NS_PER_S;
    }
    atomic_fetch_add(&w->write_errors, 1);
    atomic_store(&w->rest_until, clock_ticks() + w->rest_ns);
    log_failure(w, "cache_writes_rest", reason);
}

static void handle_failure(struct cache_writer *w, int result)
{
    switch (result) {
    case FAIL_SPACE:
        atomic_fetch_add(&w->map_full, 1);
        w->drops = DROPS_WHEN_FULL;
        evict_begin(&w->evict);
        break;
    case FAIL_WIRE:
        atomic_fetch_add(&w->write_errors, 1);
        log_failure(w, "cache_damaged", "the file contradicts itself; it is wiped at the next start");
        break;
    case FAIL_SYSTEM:
        rest(w, strerror(errno));
        break;
    default:
        rest(w, fail_text(result));
    }
}

static void handle_success(struct cache_writer *w)
{
    if (w->rest_ns != 0) {
        log_info("cache_writes_resumed", "lost=%" PRIu64, atomic_load(&w->lost));
        w->rest_ns = 0;
        w->logged_at = 0;
        atomic_store(&w->rest_until, 0);
    }
}

/* ---- Batches ---- */

static int compare_puts(const void *a, const void *b)
{
    const struct put *x = *(struct put *const *)a;
    const struct put *y = *(struct put *const *)b;
    int order = memcmp(x->bytes, y->bytes, x->key_len < y->key_len ? x->key_len : y->key_len);
    if (order == 0) {
        order = (x->key_len > y->key_len) - (x->key_len < y->key_len);
    }
    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static bool is_same_key(const struct put *x, const struct put *y)
{
    return x->key_len == y->key_len && memcmp(x->bytes, y->bytes, x->key_len) == 0;
}

static int commit_batch(struct cache_writer *w, unsigned count)
{
    int result = lmdb_begin(w->db);
    for (unsigned i = 0; i < count && result == FAIL_NONE; i++) {
        const struct put *p = w->batch[i];
        if (i + 1 < count && is_same_key(p, w->batch[i + 1])) {
            continue; /* a newer one follows */
        }
        result = lmdb_put(w->db, p->bytes, p->key_len, p->bytes + p->key_len, p->len);
    }
    return result == FAIL_NONE ? lmdb_commit(w->db) : result;
}

static void write_batch(struct cache_writer *w, unsigned count)
{
    qsort(w->batch, count, sizeof(struct put *), compare_puts);
    int result = is_resting(w) ? FAIL_BUSY : commit_batch(w, count);
    if (result == FAIL_NONE) {
        atomic_fetch_add(&w->stored, count);
        atomic_fetch_add(&w->commits, 1);
        handle_success(w);
    } else {
        atomic_fetch_add(&w->lost, count);
        if (result != FAIL_BUSY) {
            handle_failure(w, result);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        finish_put(w->batch[i]);
    }
}

/* Steps in proportion to what came in, so that removing keeps ahead of storing. */
static void tend_eviction(struct cache_writer *w, unsigned stored)
{
    evict_check(&w->evict, clock_ticks());
    unsigned steps = 1 + stored / (EVICT_STEP_DROPS / 2);
    for (; steps > 0 && w->evict.is_on && !is_resting(w); steps--) {
        int result = evict_step(&w->evict, clock_now(), clock_ticks(), w->drops);
        if (result == FAIL_SPACE && w->drops == DROPS_WHEN_FULL) {
            log_failure(w, "cache_cleared", "the map is too full to remove single entries");
            result = lmdb_clear(w->db);
            w->evict.is_on = false;
        }
        if (result != FAIL_NONE) {
            handle_failure(w, result);
            break;
        }
    }
    if (!w->evict.is_on) {
        w->drops = EVICT_STEP_DROPS;
    }
    if (lmdb_is_damaged(w->db)) {
        w->evict.is_on = false;
    }
    atomic_store(&w->expired, w->evict.expired);
    atomic_store(&w->evicted, w->evict.evicted);
}

/* ---- Removals ---- */

static enum lmdb_verdict judge_cover(void *ctx, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len)
{
    const struct order *o = ctx;
    (void)value;
    (void)len;
    return key_is_covered(key, key_len, o->type) ? LMDB_DROP : LMDB_KEEP;
}

static int remove_range(struct cache_writer *w, struct order *o)
{
    struct lmdb_range range;
    unsigned drops = FLUSH_DROPS;
    lmdb_range_start(&range, o->prefix, o->prefix_len);
    while (!range.is_done) {
        int result = lmdb_sweep(w->db, &range, FLUSH_VISITS, drops, judge_cover, o);
        if (result == FAIL_SPACE && drops > DROPS_WHEN_FULL) {
            drops = DROPS_WHEN_FULL;
        } else if (result != FAIL_NONE) {
            return result;
        } else {
            o->removed += range.dropped;
        }
    }
    return FAIL_NONE;
}

static void run_order(struct cache_writer *w, struct order *o)
{
    struct lmdb_space space;
    int result;
    if (o->prefix_len == 0 && o->type == 0) {
        lmdb_space(w->db, &space);
        result = lmdb_clear(w->db);
        o->removed = result == FAIL_NONE ? space.entries : 0;
    } else {
        result = remove_range(w, o);
    }
    if (result != FAIL_NONE) {
        handle_failure(w, result);
    }
    atomic_fetch_add(&w->flushed, o->removed);
    pthread_mutex_lock(&w->lock);
    w->orders = o->next;
    o->result = result == FAIL_NONE ? FAIL_NONE : FAIL_STORE;
    o->is_done = true;
    /* Again, for what was read and kept while the removal was under way. */
    atomic_fetch_add(&w->epoch, 1);
    pthread_cond_broadcast(&w->progress);
    if (o->is_left) {
        free(o);
    }
    pthread_mutex_unlock(&w->lock);
}

static struct order *new_order(const struct disk_flush *what)
{
    struct order *o = calloc(1, sizeof(*o));
    if (o != NULL) {
        o->type = what->type;
        o->prefix_len = key_range(o->prefix, what->name, what->subtree);
    }
    return o;
}

static struct timespec deadline_in(uint64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= (long)NS_PER_S) {
        t.tv_sec++;
        t.tv_nsec -= (long)NS_PER_S;
    }
    return t;
}

int cache_writer_flush(struct cache_writer *w, const struct disk_flush *what, uint64_t *removed)
{
    struct order *o = new_order(what);
    struct timespec deadline = deadline_in(FLUSH_WAIT_S * 1000);
    *removed = 0;
    if (o == NULL) {
        return FAIL_MEMORY;
    }
    pthread_mutex_lock(&w->lock);
    atomic_fetch_add(&w->epoch, 1);
    o->after = w->arrivals;
    struct order **end = &w->orders;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = o;
    pthread_cond_signal(&w->work);
    int timed_out = 0;
    while (!o->is_done && timed_out == 0) {
        timed_out = pthread_cond_timedwait(&w->progress, &w->lock, &deadline);
    }
    int result = o->is_done ? o->result : FAIL_BUSY;
    *removed = o->is_done ? o->removed : 0;
    if (o->is_done) {
        free(o);
    } else {
        o->is_left = true;
    }
    pthread_mutex_unlock(&w->lock);
    return result;
}

/* ---- The thread ---- */

/* While little happens, a put is committed at once, so that other workers see it by the time its client asks again; when
 * much happens, puts gather. */
static bool is_calm(struct cache_writer *w)
{
    uint64_t now = clock_ticks();
    if (now - w->window_at >= WINDOW_NS) {
        w->was_busy = now - w->window_at < 2 * WINDOW_NS && w->window_puts >= BATCH_WANTED;
        w->window_at = now;
        w->window_batches = 0;
        w->window_puts = 0;
        return true; /* whoever waits has waited for a window */
    }
    return !w->was_busy && w->window_batches < WINDOW_BATCHES;
}

static void wait_for_work(struct cache_writer *w)
{
    while (w->count == 0 && w->orders == NULL && !w->is_stopping && (!w->evict.is_on || is_resting(w))) {
        pthread_cond_wait(&w->work, &w->lock);
    }
    while (w->count > 0 && w->count < BATCH_WANTED && w->orders == NULL && !w->is_stopping) {
        if (is_calm(w)) {
            return;
        }
        uint64_t left = w->window_at + WINDOW_NS - clock_ticks();
        struct timespec until = deadline_in(1 + (left < WINDOW_NS ? left / 1000000 : 0));
        pthread_cond_timedwait(&w->work, &w->lock, &until);
    }
}

/* Moves puts from the queue to the batch, up to the order that waits for its turn. */
static unsigned take_batch(struct cache_writer *w)
{
    uint64_t end = w->orders != NULL ? w->orders->after : UINT64_MAX;
    unsigned count = 0;
    while (w->first != NULL && count < w->batch_max && w->first->order < end) {
        struct put *p = w->first;
        w->first = p->next;
        w->bytes -= sizeof(*p) + p->key_len + p->len;
        w->batch[count++] = p;
    }
    if (w->first == NULL) {
        w->last = &w->first;
    }
    w->count -= count;
    w->window_batches += count > 0;
    w->window_puts += count;
    return count;
}

static void *run(void *arg)
{
    struct cache_writer *w = arg;
    for (bool is_over = false; !is_over;) {
        pthread_mutex_lock(&w->lock);
        wait_for_work(w);
        unsigned count = take_batch(w);
        struct order *order = count == 0 ? w->orders : NULL;
        is_over = w->is_stopping && count == 0 && order == NULL;
        bool is_stopping = w->is_stopping;
        pthread_mutex_unlock(&w->lock);
        if (count > 0) {
            write_batch(w, count);
        }
        if (order != NULL) {
            run_order(w, order);
        }
        if (!is_stopping) {
            tend_eviction(w, count);
        }
    }
    bool is_synced = !lmdb_is_damaged(w->db) && lmdb_sync(w->db) == FAIL_NONE;
    pthread_mutex_lock(&w->lock);
    w->is_synced = is_synced;
    w->is_stopped = true;
    pthread_cond_broadcast(&w->progress);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void init_waiting(struct cache_writer *w)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->work, &attr);
    pthread_cond_init(&w->progress, &attr);
    pthread_condattr_destroy(&attr);
}

static void free_writer(struct cache_writer *w)
{
    pthread_cond_destroy(&w->work);
    pthread_cond_destroy(&w->progress);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* Signals of the process are other threads' business; faults are everyone's own. */
static int start_thread(struct cache_writer *w)
{
    sigset_t blocked, before;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGABRT);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int rc = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = rc;
    return rc == 0 ? FAIL_NONE : FAIL_SYSTEM;
}

int cache_writer_start(struct lmdb *db, struct usage *usage, struct cache_writer **out)
{
    struct cache_writer *w = calloc(1, sizeof(*w));
    struct lmdb_space space;
    *out = NULL;
    if (w == NULL) {
        return FAIL_MEMORY;
    }
    lmdb_space(db, &space);
    uint64_t batch = space.pages_max / BATCH_PAGES;
    w->db = db;
    w->batch_max = batch > BATCH_MAX ? BATCH_MAX : batch < BATCH_MIN ? BATCH_MIN : (unsigned)batch;
    w->drops = EVICT_STEP_DROPS;
    w->last = &w->first;
    atomic_init(&w->epoch, 1);
    evict_init(&w->evict, db, usage);
    init_waiting(w);
    int result = start_thread(w);
    if (result != FAIL_NONE) {
        free_writer(w);
        return result;
    }
    *out = w;
    return FAIL_NONE;
}

bool cache_writer_stop(struct cache_writer *w, bool *is_synced)
{
    struct timespec deadline = deadline_in(STOP_WAIT_MS);
    int timed_out = 0;
    pthread_mutex_lock(&w->lock);
    w->is_stopping = true;
    pthread_cond_signal(&w->work);
    while (!w->is_stopped && timed_out == 0) {
        timed_out = pthread_cond_timedwait(&w->progress, &w->lock, &deadline);
    }
    bool is_stopped = w->is_stopped;
    *is_synced = w->is_synced;
    pthread_mutex_unlock(&w->lock);
    if (is_stopped) {
        pthread_join(w->thread, NULL);
        free_writer(w);
    }
    return is_stopped;
}

uint32_t cache_writer_epoch(const struct cache_writer *w)
{
    return atomic_load(&w->epoch);
}

void cache_writer_stats(struct cache_writer *w, struct disk_stats *out)
{
    out->written = atomic_load(&w->stored);
    out->queue_dropped = atomic_load(&w->dropped);
    out->lost = atomic_load(&w->lost);
    out->commits = atomic_load(&w->commits);
    out->expired = atomic_load(&w->expired);
    out->evicted = atomic_load(&w->evicted);
    out->flushed = atomic_load(&w->flushed);
    out->map_full = atomic_load(&w->map_full);
    out->write_errors = atomic_load(&w->write_errors);
    out->writes_paused = is_resting(w);
    pthread_mutex_lock(&w->lock);
    out->queued = w->count;
    pthread_mutex_unlock(&w->lock);
}
