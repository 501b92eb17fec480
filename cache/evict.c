#include "cache/evict.h"

#include "cache/entry.h"
#include "cache/key.h"
#include "resolver/base/clock.h"

enum {
    BEGIN_PERCENT = 80,
    URGENT_PERCENT = 90,
    ROUND_SHARE = 8,      /* one part in this of the payload goes in a round */
    REARM_SHARE = 64,     /* the payload may stay this part short of where the last round began */
    POOR_YIELD = 16,      /* removing under one in this many is poor */
    GENTLE_VISITS = 1000, /* a gentle round that is poor after so many entries becomes a harsh one */
    STALE_USAGE = 3,      /* entries used more often stay after they expire: they may be served stale */
    CLOCK_STRIDE = 32
};
#define AGE_NS 3600000000000u /* counters are halved once an hour */

void evict_init(struct evict *e, struct lmdb *db, struct usage *usage)
{
    *e = (struct evict){.db = db, .usage = usage};
    lmdb_range_start(&e->hand, NULL, 0);
}

static void begin_round(struct evict *e, uint64_t payload)
{
    e->is_on = true;
    e->is_gentle = true;
    e->goal = payload - payload / ROUND_SHARE;
    e->rearm = payload - payload / REARM_SHARE;
    e->laps = 0;
    e->lap_visited = e->lap_dropped = 0;
}

void evict_check(struct evict *e, uint64_t ticks)
{
    struct lmdb_space s;
    if (e->aged_at == 0) {
        e->aged_at = ticks;
    }
    if (ticks - e->aged_at > AGE_NS) {
        e->aged_at = ticks;
        usage_halve(e->usage);
    }
    if (e->is_on) {
        return;
    }
    lmdb_space(e->db, &s);
    bool is_full = s.pages_used * 100 >= s.pages_max * BEGIN_PERCENT && s.payload >= e->rearm;
    if (is_full || s.pages_used * 100 >= s.pages_max * URGENT_PERCENT) {
        begin_round(e, s.payload);
    }
}

static enum lmdb_verdict judge(void *ctx, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len)
{
    struct evict *e = ctx;
    struct entry_head head;
    if (++e->step_visits % CLOCK_STRIDE == 0 && clock_ticks() > e->step_ends) {
        return LMDB_STOP;
    }
    if (key_len < KEY_TAIL || entry_peek(value, len, &head) != FAIL_NONE) {
        return LMDB_DROP;
    }
    unsigned used = usage_get(e->usage, key_hash(key_name_hash(key, key_len), key, key_len));
    if (head.expires <= e->now && used <= STALE_USAGE) {
        e->step_expired++;
        return LMDB_DROP;
    }
    return !e->is_gentle && used == 0 ? LMDB_DROP : LMDB_KEEP;
}

/* At the end of the keys. The round's first lap is not a whole one: it began wherever the hand stood. */
static void finish_lap(struct evict *e)
{
    bool is_poor = e->lap_dropped * POOR_YIELD < e->lap_visited;
    if (!e->is_gentle && e->laps > 0 && is_poor) {
        usage_halve(e->usage);
    }
    e->laps++;
    e->is_gentle = false;
    e->lap_visited = e->lap_dropped = 0;
    lmdb_range_start(&e->hand, NULL, 0);
}

int evict_step(struct evict *e, uint64_t now, uint64_t ticks, unsigned drops)
{
    struct lmdb_space s;
    e->now = now;
    e->step_ends = ticks + EVICT_STEP_NS;
    e->step_expired = e->step_visits = 0;
    int result = lmdb_sweep(e->db, &e->hand, EVICT_STEP_VISITS, drops, judge, e);
    if (result != FAIL_NONE) {
        return result;
    }
    e->expired += e->step_expired;
    e->evicted += e->hand.dropped - e->step_expired;
    e->lap_visited += e->hand.visited;
    e->lap_dropped += e->hand.dropped;
    if (e->is_gentle && e->lap_visited >= GENTLE_VISITS && e->lap_dropped * POOR_YIELD < e->lap_visited) {
        e->is_gentle = false;
    }
    lmdb_space(e->db, &s);
    e->is_on = s.payload > e->goal;
    if (e->hand.is_done) {
        finish_lap(e);
    }
    return FAIL_NONE;
}
