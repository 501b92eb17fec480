#include <stdlib.h>

#include "resolver/base/hash.h"
#include "resolver/net/upstream_private.h"

#define PEERS_MAX     2048 /* kept; those with cookies take some 4 kB each, others a tenth of it */
#define NOTE_EVERY_NS UINT64_C(1000000000)

struct peer_bucket *peer_bucket(struct upstream *u, const struct addr *a, bool tcp)
{
    uint8_t key[19];
    for (unsigned i = 0; i < sizeof(a->octets); i++) {
        key[i] = a->octets[i];
    }
    key[16] = (uint8_t)(a->port >> 8);
    key[17] = (uint8_t)a->port;
    key[18] = tcp;
    struct peer_bucket *bucket = &u->buckets[hash_bytes(key, sizeof(key)) % PEER_BUCKETS];
    __builtin_prefetch(bucket);
    return bucket;
}

void peer_fetch(const struct peer_bucket *bucket)
{
    const struct peer *p = LIST_FIRST(bucket);
    __builtin_prefetch(p);
}

static struct peer *peer_new(struct upstream *u, struct peer_bucket *bucket, const struct addr *address, bool tcp,
                             uint64_t now)
{
    struct peer *p = aligned_alloc(alignof(struct peer), sizeof(*p));
    if (p == NULL) {
        return NULL;
    }
    *p = (struct peer){.u = u, .address = *address, .tcp = tcp, .moved_at = now};
    channel_init(&p->channel, u, tcp);
    LIST_INIT(&p->exchanges);
    LIST_INIT(&p->streams);
    LIST_INSERT_HEAD(bucket, p, bucket);
    TAILQ_INSERT_HEAD(&u->peers, p, lru);
    /* Whoever asks may be in a callback of the server that would go. */
    if (++u->peer_count > PEERS_MAX) {
        event_active(u->trim, EV_TIMEOUT, 0);
    }
    return p;
}

static void note_use(struct peer *p, uint64_t now)
{
    if (now - p->moved_at >= NOTE_EVERY_NS) { /* its neighbours in the queue are far away in memory, too */
        p->moved_at = now;
        TAILQ_REMOVE(&p->u->peers, p, lru);
        TAILQ_INSERT_HEAD(&p->u->peers, p, lru);
    }
}

struct peer *peer_get(struct upstream *u, struct peer_bucket *bucket, const struct addr *address, bool tcp,
                      uint64_t now)
{
    struct peer *p;
    LIST_FOREACH(p, bucket, bucket)
    {
        if (p->tcp == tcp && addr_equal(&p->address, address)) {
            note_use(p, now);
            return p;
        }
    }
    return peer_new(u, bucket, address, tcp, now);
}

static void peer_free(struct peer *p)
{
    channel_retire(&p->channel);
    struct stream *s;
    while ((s = LIST_FIRST(&p->streams)) != NULL) {
        stream_free(s);
    }
    struct exchange *x;
    while ((x = LIST_FIRST(&p->exchanges)) != NULL) {
        LIST_REMOVE(x, link);
        event_del(&x->timer);
        datagram_close(x);
        pool_give(&x->u->exchanges, x);
    }
    LIST_REMOVE(p, bucket);
    TAILQ_REMOVE(&p->u->peers, p, lru);
    p->u->peer_count--;
    free(p);
}

void peer_trim(struct upstream *u)
{
    struct peer *before;
    for (struct peer *p = TAILQ_LAST(&u->peers, peer_queue); p != NULL && u->peer_count > PEERS_MAX; p = before) {
        before = TAILQ_PREV(p, peer_queue, lru);
        if (p->pending == 0) {
            peer_free(p);
        }
    }
}

void peer_free_all(struct upstream *u)
{
    struct peer *p;
    while ((p = TAILQ_FIRST(&u->peers)) != NULL) {
        peer_free(p);
    }
}
