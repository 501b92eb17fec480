#include "cache/commit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "resolver/base/clock.h"
#include "resolver/base/log.h"

enum {
    BATCH_MIN = 8,
    BATCH_PAGES = 32,      /* a batch may touch one part in this of the map's pages: each becomes a new page */
    REMOVAL_VISITS = 1000, /* per transaction */
    REMOVAL_DROPS = 100,
    REMOVAL_WAITS = 1000,
    DROPS_WHEN_FULL = 10, /* removing needs pages, too; few at a time fit where many do not */
    WAIT_MS = 4,
    WAITS_MAX = 10,
    STUCK_STEPS_MAX = 50,
    STUCK_PERCENT = 90, /* of the pages; with fewer in use it is a reader that keeps the room */
    REST_MIN_S = 1,
    REST_MAX_S = 60
};
#define NS_PER_S     UINT64_C(1000000000)
#define LOG_EVERY_NS (60 * NS_PER_S)

void commit_init(struct commit *c, struct lmdb *db, struct usage *usage)
{
    struct lmdb_space space;
    lmdb_space(db, &space);
    uint64_t batch = space.pages_max / BATCH_PAGES;
    *c = (struct commit){.db = db, .drops = EVICT_STEP_DROPS};
    c->batch_max = batch > COMMIT_BATCH_MAX ? COMMIT_BATCH_MAX : batch < BATCH_MIN ? BATCH_MIN : (unsigned)batch;
    evict_init(&c->evict, db, usage);
}

/* ---- Failures ---- */

bool commit_is_resting(const struct commit *c)
{
    uint64_t until = atomic_load_explicit(&c->rest_until, memory_order_relaxed);
    return until != 0 && clock_ticks() < until;
}

static void log_failure(struct commit *c, const char *event, const char *reason)
{
    uint64_t now = clock_ticks();
    if (c->logged_at == 0 || now - c->logged_at > LOG_EVERY_NS) {
        char quoted[LOG_QUOTE_SIZE];
        c->logged_at = now;
        c->is_logged = true;
        log_warn(event, "reason=%s lost=%" PRIu64, log_quote(reason, quoted), atomic_load(&c->lost));
    }
}

static void rest(struct commit *c, const char *reason)
{
    c->rest_ns = c->rest_ns == 0 ? REST_MIN_S * NS_PER_S : 2 * c->rest_ns;
    if (c->rest_ns > REST_MAX_S * NS_PER_S) {
        c->rest_ns = REST_MAX_S * NS_PER_S;
    }
    atomic_fetch_add(&c->write_errors, 1);
    atomic_store(&c->rest_until, clock_ticks() + c->rest_ns);
    log_failure(c, "cache_writes_rest", reason);
}

static void handle_failure(struct commit *c, int result)
{
    switch (result) {
    case FAIL_SPACE:
        atomic_fetch_add(&c->map_full, 1);
        c->drops = DROPS_WHEN_FULL;
        break;
    case FAIL_WIRE:
        atomic_fetch_add(&c->write_errors, 1);
        log_failure(c, "cache_damaged", "the file contradicts itself; it is wiped at the next start");
        break;
    case FAIL_SYSTEM:
        rest(c, strerror(errno));
        break;
    default:
        rest(c, fail_text(result));
    }
}

static void handle_success(struct commit *c)
{
    c->waits = 0;
    if (c->rest_ns != 0) {
        c->rest_ns = 0;
        atomic_store(&c->rest_until, 0);
        if (c->is_logged) {
            log_info("cache_writes_resumed", "lost=%" PRIu64, atomic_load(&c->lost));
            c->is_logged = false;
        }
    }
}

/* A reader whose thread was suspended in the middle of its turn keeps all pages freed since. It will be back in a
 * moment, so waiting gives room; but not again and again when it did not help. */
static bool wait_for_room(struct commit *c, unsigned waits_max)
{
    const struct timespec t = {.tv_nsec = WAIT_MS * 1000000};
    if (c->waits >= waits_max) {
        return false;
    }
    c->waits++;
    nanosleep(&t, NULL);
    return true;
}

/* ---- Puts ---- */

static int write_puts(struct commit *c, struct put *const *batch, unsigned count)
{
    int result = lmdb_begin(c->db);
    for (unsigned i = 0; i < count && result == FAIL_NONE; i++) {
        const struct put *p = batch[i];
        if (i + 1 < count && put_is_same_key(p, batch[i + 1])) {
            continue; /* a newer one follows */
        }
        bare_log_put(&c->puts, p->name_hash);
        result = lmdb_put(c->db, p->bytes, p->key_len, p->bytes + p->key_len, p->len);
    }
    return result == FAIL_NONE ? lmdb_commit(c->db) : result;
}

void commit_puts(struct commit *c, struct put **batch, unsigned count)
{
    int result;
    if (commit_is_resting(c)) {
        atomic_fetch_add(&c->lost, count);
        return;
    }
    qsort(batch, count, sizeof(struct put *), put_compare);
    do {
        result = write_puts(c, batch, count);
    } while (result == FAIL_SPACE && wait_for_room(c, WAITS_MAX));
    if (result == FAIL_NONE) {
        bare_log_commit(&c->puts);
        atomic_fetch_add(&c->written, count);
        atomic_fetch_add(&c->commits, 1);
        handle_success(c);
    } else {
        atomic_fetch_add(&c->lost, count);
        handle_failure(c, result);
    }
}

/* ---- Removals ---- */

static enum lmdb_verdict judge(void *ctx, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len)
{
    const struct removal *r = ctx;
    (void)value;
    (void)len;
    return key_is_covered(key, key_len, r->type) ? LMDB_DROP : LMDB_KEEP;
}

static int remove_range(struct commit *c, struct removal *r)
{
    struct lmdb_range range;
    unsigned drops = REMOVAL_DROPS;
    lmdb_range_start(&range, r->prefix, r->prefix_len);
    while (!range.is_done) {
        int result = lmdb_sweep(c->db, &range, REMOVAL_VISITS, drops, judge, r);
        if (result == FAIL_NONE) {
            r->removed += range.dropped;
            c->waits = 0;
        } else if (result != FAIL_SPACE || !wait_for_room(c, REMOVAL_WAITS)) {
            return result;
        } else {
            drops = DROPS_WHEN_FULL;
        }
    }
    return FAIL_NONE;
}

/* What denies the name from above: a name that does not exist, and the proofs of every zone. */
static int remove_denials(struct commit *c, struct removal *r)
{
    struct removal above = *r;
    above.type = 0;
    for (size_t len = r->labels_len;; len = key_parent(above.prefix, len)) {
        above.prefix_len = key_finish(above.prefix, len, CACHE_NXDOMAIN, 0);
        int result = remove_range(c, &above);
        above.prefix_len = key_proofs(above.prefix, len);
        result = result == FAIL_NONE ? remove_range(c, &above) : result;
        r->removed = above.removed;
        if (result != FAIL_NONE || len == 0) {
            return result;
        }
    }
}

int commit_removal(struct commit *c, struct removal *r)
{
    struct lmdb_space space;
    int result;
    lmdb_space(c->db, &space);
    if (r->prefix_len == 0 && r->type == 0) {
        result = lmdb_clear(c->db);
        r->removed = result == FAIL_NONE ? space.entries : 0;
    } else {
        result = remove_range(c, r);
        result = result == FAIL_NONE ? remove_denials(c, r) : result;
    }
    atomic_fetch_add(&c->flushed, r->removed);
    if (result != FAIL_NONE) {
        handle_failure(c, result);
        return FAIL_STORE;
    }
    return FAIL_NONE;
}

/* ---- Eviction ---- */

static bool is_nearly_full(const struct commit *c)
{
    struct lmdb_space s;
    lmdb_space(c->db, &s);
    return s.pages_used * 100 >= s.pages_max * STUCK_PERCENT;
}

static int evict_some(struct commit *c)
{
    int result = evict_step(&c->evict, clock_now(), clock_ticks(), c->drops);
    if (result != FAIL_SPACE) {
        c->stuck_steps = 0;
        return result;
    }
    (void)wait_for_room(c, UINT32_MAX);
    if (++c->stuck_steps >= STUCK_STEPS_MAX && is_nearly_full(c)) {
        log_failure(c, "cache_cleared", "the map is too full to remove single entries");
        c->evict.is_on = false;
        c->stuck_steps = 0;
        return lmdb_clear(c->db);
    }
    return FAIL_SPACE;
}

void commit_evict(struct commit *c, unsigned stored)
{
    int result = FAIL_NONE;
    evict_check(&c->evict, clock_ticks());
    unsigned steps = 1 + stored / (EVICT_STEP_DROPS / 2);
    for (; steps > 0 && result == FAIL_NONE && c->evict.is_on && !commit_is_resting(c); steps--) {
        result = evict_some(c);
    }
    if (result != FAIL_NONE) {
        handle_failure(c, result);
        c->evict.is_on = c->evict.is_on && is_nearly_full(c);
    }
    if (!c->evict.is_on) {
        c->drops = EVICT_STEP_DROPS;
    }
    atomic_store(&c->expired, c->evict.expired);
    atomic_store(&c->evicted, c->evict.evicted);
}

bool commit_is_evicting(const struct commit *c)
{
    return c->evict.is_on && !commit_is_resting(c) && !lmdb_is_damaged(c->db);
}
