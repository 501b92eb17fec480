#include "resolver/server/crowd.h"

#include "resolver/base/hash.h"

struct asker crowd_asker(const struct addr *peer, bool is_proven)
{
    uint64_t hash = hash_bytes(peer->octets, peer->len == 4 ? 4 : 8);
    return (struct asker){.address = (uint16_t)(hash % CROWD_ADDRESSES), .is_proven = is_proven};
}

enum limit_id crowd_check(const struct crowd *c, const struct limits *l, unsigned in_flight, const struct asker *who)
{
    if (c->waiting >= limit_get(l, waiting)) {
        return LIMIT_ID_waiting;
    }
    if (c->waiting <= limit_get(l, waiting) / 2 && in_flight <= limit_get(l, in_flight) / 2) {
        return LIMIT_COUNT;
    }
    enum limit_id share = who->is_proven ? LIMIT_ID_waiting_per_address_proven : LIMIT_ID_waiting_per_address;
    return c->by_address[who->address] >= l->values[share] ? share : LIMIT_COUNT;
}

void crowd_enter(struct crowd *c, const struct asker *who)
{
    c->waiting++;
    c->by_address[who->address]++;
}

void crowd_leave(struct crowd *c, const struct asker *who)
{
    c->waiting--;
    c->by_address[who->address]--;
}
