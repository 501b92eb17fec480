#include "cache/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "cache/commit.h"
#include "cache/key.h"
#include "resolver/base/clock.h"

enum {
    BUSY_PUTS = 100,       /* puts of one window with which those of the next wait for each other */
    BATCH_BYTES = 1 << 20, /* puts that wait no longer, long before the queue is full */
    WINDOW_NS = 10000000,  /* the time in which small batches are counted, and the longest a put waits for others */
    WINDOW_BATCHES = 4,    /* small batches committed at once in one window */
    FLUSH_WAIT_MS = 5000,
    STOP_WAIT_MS = 1800,
    NS_PER_S = 1000000000
};

/* A removal on its way. Under the writer's lock. */
struct order {
    struct order *next;
    struct removal removal;
    uint64_t after; /* puts that arrived before this one come first */
    int result;
    bool is_done;
    bool is_left; /* nobody waits any more: the writer frees it */
};

struct cache_writer {
    struct lmdb *db;
    struct commit commit; /* the thread's */
    struct put *batch[COMMIT_BATCH_MAX];
    pthread_t thread;

    pthread_mutex_t lock;
    pthread_cond_t work;                   /* for the thread: puts, orders, or the end */
    pthread_cond_t progress;               /* for who waits on an order or the end */
    struct put *queue[WRITER_QUEUE_ITEMS]; /* put number n at n % WRITER_QUEUE_ITEMS */
    uint64_t arrivals;                     /* the next one's number */
    unsigned count;
    uint64_t bytes;     /* of these and of the batch */
    uint64_t window_at; /* clock_ticks */
    unsigned window_batches, window_puts;
    bool was_busy; /* the window before had enough puts for a batch */
    struct order *orders;
    bool is_roused; /* it was told of what is queued */
    bool is_stopping;
    bool is_stopped;
    bool is_synced;

    atomic_uint epoch;
    _Atomic uint64_t dropped; /* stores refused */
};

/* ---- Puts ---- */

/* Enough waits for a commit. */
static bool has_batch(const struct cache_writer *w)
{
    return w->count >= w->commit.batch_max || w->bytes >= BATCH_BYTES;
}

static void enqueue(struct cache_writer *w, struct put *p, size_t size)
{
    bool had_batch = has_batch(w);
    w->queue[w->arrivals % WRITER_QUEUE_ITEMS] = p;
    p->order = w->arrivals++;
    w->bytes += size;
    w->count++;
    if (has_batch(w) != had_batch) {
        pthread_cond_signal(&w->work);
    }
}

void cache_writer_rouse(struct cache_writer *w)
{
    pthread_mutex_lock(&w->lock);
    bool is_news = w->count > 0 && !w->is_roused;
    w->is_roused = w->is_roused || is_news;
    pthread_mutex_unlock(&w->lock);
    if (is_news) {
        pthread_cond_signal(&w->work);
    }
}

int cache_writer_put(struct cache_writer *w, struct put *p)
{
    size_t size = put_size(p);
    int result = commit_is_resting(&w->commit) || lmdb_is_damaged(w->db) ? FAIL_STORE : FAIL_NONE;
    if (result == FAIL_NONE) {
        pthread_mutex_lock(&w->lock);
        /* Under the lock, so that no put of an old epoch can slip in behind the removal that ended it. */
        if (p->epoch != atomic_load_explicit(&w->epoch, memory_order_relaxed)) {
            result = FAIL_STORE;
        } else if (w->is_stopping || w->count >= WRITER_QUEUE_ITEMS || w->bytes + size > WRITER_QUEUE_BYTES) {
            result = FAIL_LIMIT;
        } else {
            enqueue(w, p, size);
        }
        pthread_mutex_unlock(&w->lock);
    }
    if (result != FAIL_NONE) {
        atomic_fetch_add(&w->dropped, 1);
    }
    return result;
}

/* ---- Removals ---- */

static void run_order(struct cache_writer *w, struct order *o)
{
    int result = commit_removal(&w->commit, &o->removal);
    pthread_mutex_lock(&w->lock);
    w->orders = o->next;
    o->result = result;
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
        o->removal.type = what->type;
        o->removal.labels_len = key_range(o->removal.prefix, what->name, true);
        o->removal.prefix_len = key_range(o->removal.prefix, what->name, what->subtree);
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
    struct timespec deadline = deadline_in(FLUSH_WAIT_MS);
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
    *removed = o->is_done ? o->removal.removed : 0;
    if (o->is_done) {
        free(o);
    } else {
        o->is_left = true;
    }
    pthread_mutex_unlock(&w->lock);
    return result;
}

/* ---- The thread ---- */

/* While little happens, a put is committed at once, so that other workers see it by the time its client asks again;
 * when much happens, puts gather. */
static bool is_calm(struct cache_writer *w)
{
    uint64_t now = clock_ticks();
    if (now - w->window_at >= WINDOW_NS) {
        w->was_busy = now - w->window_at < 2 * WINDOW_NS && w->window_puts >= BUSY_PUTS;
        w->window_at = now;
        w->window_batches = 0;
        w->window_puts = 0;
        return true; /* whoever waits has waited for a window */
    }
    return !w->was_busy && w->window_batches < WINDOW_BATCHES;
}

static void wait_for_work(struct cache_writer *w)
{
    while (w->count == 0 && w->orders == NULL && !w->is_stopping && !commit_is_evicting(&w->commit)) {
        pthread_cond_wait(&w->work, &w->lock);
    }
    while (w->count > 0 && !has_batch(w) && w->orders == NULL && !w->is_stopping) {
        if (is_calm(w)) {
            return;
        }
        uint64_t left = w->window_at + WINDOW_NS - clock_ticks();
        struct timespec until = deadline_in(1 + (left < WINDOW_NS ? left / 1000000 : 0));
        pthread_cond_timedwait(&w->work, &w->lock, &until);
    }
}

/* Moves puts from the queue to the batch, up to the order that waits for its turn. Looks at none of them: workers wait
 * for the lock. */
static unsigned take_batch(struct cache_writer *w)
{
    uint64_t first = w->arrivals - w->count;
    uint64_t count = w->orders != NULL ? w->orders->after - first : w->count;
    if (count > w->commit.batch_max) {
        count = w->commit.batch_max;
    }
    for (unsigned i = 0; i < count; i++) {
        w->batch[i] = w->queue[(first + i) % WRITER_QUEUE_ITEMS];
    }
    w->count -= (unsigned)count;
    w->is_roused = false;
    w->window_batches += count > 0;
    w->window_puts += (unsigned)count;
    return (unsigned)count;
}

/* Returns the octets that the puts took. */
static uint64_t write_batch(struct cache_writer *w, unsigned count)
{
    uint64_t bytes = 0;
    commit_puts(&w->commit, w->batch, count);
    for (unsigned i = 0; i < count; i++) {
        bytes += put_size(w->batch[i]);
        put_finish(w->batch[i]);
    }
    return bytes;
}

static void *run(void *arg)
{
    struct cache_writer *w = arg;
    uint64_t written = 0;
    for (bool is_over = false; !is_over;) {
        pthread_mutex_lock(&w->lock);
        w->bytes -= written;
        wait_for_work(w);
        unsigned count = take_batch(w);
        struct order *order = count == 0 ? w->orders : NULL;
        is_over = w->is_stopping && count == 0 && order == NULL;
        bool is_stopping = w->is_stopping;
        pthread_mutex_unlock(&w->lock);
        written = count > 0 ? write_batch(w, count) : 0;
        if (order != NULL) {
            run_order(w, order);
        }
        if (!is_stopping) {
            commit_evict(&w->commit, count);
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
    *out = NULL;
    if (w == NULL) {
        return FAIL_MEMORY;
    }
    w->db = db;
    commit_init(&w->commit, db, usage);
    atomic_init(&w->epoch, 1);
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

const struct bare_log *cache_writer_log(const struct cache_writer *w)
{
    return &w->commit.puts;
}

void cache_writer_stats(struct cache_writer *w, struct disk_stats *out)
{
    const struct commit *c = &w->commit;
    out->written = atomic_load(&c->written);
    out->lost = atomic_load(&c->lost);
    out->commits = atomic_load(&c->commits);
    out->expired = atomic_load(&c->expired);
    out->evicted = atomic_load(&c->evicted);
    out->flushed = atomic_load(&c->flushed);
    out->map_full = atomic_load(&c->map_full);
    out->write_errors = atomic_load(&c->write_errors);
    out->writes_paused = commit_is_resting(c);
    out->queue_dropped = atomic_load(&w->dropped);
    pthread_mutex_lock(&w->lock);
    out->queued = w->count;
    pthread_mutex_unlock(&w->lock);
}
