#include "resolver/iterate/refresh.h"

enum { LIFE_MIN_MS = 10000, PART = 10, ROUND_MS = 500 };

/* When the TTL that is sent (ttl_left) has come down to a tenth. */
static uint64_t time_of(uint64_t life, uint64_t expires)
{
    return life >= LIFE_MIN_MS ? expires - life / PART - ROUND_MS : REFRESH_NEVER;
}

bool refresh_is_due(uint64_t stored, uint64_t expires, uint64_t now)
{
    return now >= time_of(expires - stored, expires);
}

uint64_t refresh_time(const struct answer *a)
{
    uint64_t first = REFRESH_NEVER;
    for (unsigned i = 0; i < SECTION_COUNT && !a->is_stale; i++) {
        for (const struct rrset *set = a->sections[i]; set != NULL; set = set->next) {
            uint64_t at = set->expires != 0 ? time_of(1000ull * set->ttl, set->expires) : REFRESH_NEVER;
            first = at < first ? at : first;
        }
    }
    return first;
}
