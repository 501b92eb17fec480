#include "resolver/iterate/trust_recall.h"

#include "resolver/dns/name.h"

enum { OLD_MS = 60000 };

static const struct zone_trust *add(struct query *q, const struct zone_trust *z)
{
    struct zone_trust *copy = arena_copy(&q->arena, z, sizeof(*z));
    if (copy != NULL) {
        copy->next = q->zones;
        q->zones = copy;
    }
    return copy;
}

/* A row of the table may go while the query waits: it is copied. */
static const struct zone_trust *take_row(struct query *q, const struct zone_trust *row)
{
    struct zone_trust z = *row;
    z.name = arena_copy(&q->arena, row->name, name_len(row->name));
    z.keys.bytes = arena_copy(&q->arena, row->keys.bytes, row->keys.len);
    z.why = row->why != NULL ? arena_copy(&q->arena, row->why, sizeof(*row->why)) : NULL;
    return z.name != NULL && z.keys.bytes != NULL ? add(q, &z) : NULL;
}

const struct zone_trust *trust_recall(struct query *q, const uint8_t *zone)
{
    uint64_t hash = trust_hash(zone);
    const struct zone_trust *z = q->zones;
    while (z != NULL && (z->hash != hash || !name_equal(z->name, zone))) {
        z = z->next;
    }
    if (z == NULL && q->resolver->trust != NULL) {
        const struct zone_trust *row = trust_table_find(q->resolver->trust, zone, hash, q->epoch, q->now);
        z = row != NULL ? take_row(q, row) : NULL;
    }
    return z;
}

const struct zone_trust *trust_keep(struct query *q, const struct zone_trust *z)
{
    const struct zone_trust *kept = add(q, z);
    if (kept != NULL && z->expires > q->now && q->resolver->trust != NULL) {
        trust_table_keep(q->resolver->trust, z, q->epoch);
    }
    return kept;
}

bool trust_is_old(const struct query *q, uint64_t learnt)
{
    return q->now >= learnt + OLD_MS;
}

bool trust_forget_old(struct query *q, const uint8_t *zone)
{
    struct zone_trust **at = &q->zones;
    while (*at != NULL && !name_equal((*at)->name, zone)) {
        at = &(*at)->next;
    }
    if (*at == NULL || (*at)->status != ZONE_SECURE || !trust_is_old(q, (*at)->learnt)) {
        return false;
    }
    if (q->resolver->trust != NULL) {
        trust_table_drop(q->resolver->trust, zone);
    }
    *at = (*at)->next;
    return true;
}
