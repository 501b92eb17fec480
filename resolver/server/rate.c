#include "resolver/server/rate.h"

#include <stdbool.h>
#include <string.h>

#include "resolver/base/hash.h"

enum { ANSWER = 1000, NETWORK4_OCTETS = 3, NETWORK6_OCTETS = 7, CLOCKS_APART_MS = 60000 };

/* What a bucket holds: when it was last filled, its credit in thousandths of an answer, and the turns of RATE_SLIP. The
 * bucket of a network never seen is all zero, which is an old one. */
struct bucket {
    uint32_t filled_ms;
    uint32_t credit;
    bool slips;
};

static struct bucket unpack(uint64_t value)
{
    return (struct bucket){(uint32_t)(value >> 32), (uint32_t)value >> 1, value & 1};
}

static uint64_t pack(struct bucket b)
{
    return (uint64_t)b.filled_ms << 32 | (uint64_t)b.credit << 1 | b.slips;
}

/* Another worker may have read the clock a little later than this one and have come first. */
static void fill(struct bucket *b, uint32_t per_second, uint64_t now)
{
    uint32_t elapsed = (uint32_t)now - b->filled_ms;
    if (elapsed > UINT32_MAX - CLOCKS_APART_MS) {
        return;
    }
    uint64_t most = (uint64_t)per_second * ANSWER;
    uint64_t credit = b->credit + (uint64_t)elapsed * per_second;
    b->credit = (uint32_t)(credit < most ? credit : most);
    b->filled_ms = (uint32_t)now;
}

static enum rate_verdict take(struct bucket *b)
{
    if (b->credit >= ANSWER) {
        b->credit -= ANSWER;
        return RATE_ANSWER;
    }
    b->slips = !b->slips;
    return b->slips ? RATE_TRUNCATE : RATE_DROP;
}

static size_t index_of(const struct addr *client)
{
    uint8_t key[1 + NETWORK6_OCTETS] = {client->len};
    memcpy(key + 1, client->octets, client->len == 4 ? NETWORK4_OCTETS : NETWORK6_OCTETS);
    return hash_bytes(key, sizeof(key)) % RATE_BUCKETS;
}

enum rate_verdict rate_count(struct rate_table *t, const struct addr *client, uint32_t per_second, uint64_t now)
{
    _Atomic uint64_t *at = &t->buckets[index_of(client)];
    uint64_t before = atomic_load_explicit(at, memory_order_relaxed);
    for (;;) {
        struct bucket b = unpack(before);
        fill(&b, per_second, now);
        enum rate_verdict verdict = take(&b);
        if (atomic_compare_exchange_weak_explicit(at, &before, pack(b), memory_order_relaxed, memory_order_relaxed)) {
            return verdict;
        }
    }
}
