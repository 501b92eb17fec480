#include <stdlib.h>

#include "resolver/base/hash.h"
#include "resolver/net/upstream_private.h"

#define PEERS_MAX 2048 /* kept; those with cookies take some 4 kB each, others a tenth of it */

static struct peer_bucket *bucket_of(struct upstream *u, const struct addr *a, bool tcp)
{
    uint8_t key[19];
    for (unsigned i = 0; i < sizeof(a->octets); i++) {
        key[i] = a->octets[i];
    }
    key[16] = (uint8_t)(a->port >> 8);
    key[17] = (uint8_t)a->port;
    key[18] = tcp;
    return &u->buckets[hash_bytes(key, sizeof(key)) % PEER_BUCKETS];
}

static struct peer *peer_new(struct upstream *u, const struct addr *address, bool tcp)
{
    struct peer *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return NULL;
    }
    *p = (struct peer){.u = u, .address = *address, .tcp = tcp};
    channel_init(&p->channel, u, tcp);
    LIST_INIT(&p->exchanges);
    LIST_INIT(&p->streams);
    LIST_INSERT_HEAD(bucket_of(u, address, tcp), p, bucket);
    TAILQ_INSERT_HEAD(&u->peers, p, lru);
    /* Whoever asks may be in a callback of the server that would go. */
    if (++u->peer_count > PEERS_MAX) {
        event_active(u->trim, EV_TIMEOUT, 0);
    }
    return p;
}

struct peer *peer_get(struct upstream *u, const struct addr *address, bool tcp)
{
    struct peer *p;
    LIST_FOREACH(p, bucket_of(u, address, tcp), bucket)
    {
        if (p->tcp == tcp && addr_equal(&p->address, address)) {
            TAILQ_REMOVE(&u->peers, p, lru);
            TAILQ_INSERT_HEAD(&u->peers, p, lru);
            return p;
        }
    }
    return peer_new(u, address, tcp);
}

static void peer_free(struct peer *p)
{
    channel_close(&p->channel);
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
