#include "resolver/server/cookie.h"

#include <string.h>

#include "resolver/base/rand.h"
#include "resolver/dns/wire.h"

/* A cookie (RFC 9018 4): 8 octets of the client's, then version, 3 reserved, time in seconds, hash of all these and the
 * client's address. */
enum {
    VERSION_AT = EDNS_CLIENT_COOKIE,
    RESERVED_SIZE = 3,
    TIME_AT = VERSION_AT + 1 + RESERVED_SIZE,
    HASH_AT = TIME_AT + 4,
    HASH_SIZE = EDNS_COOKIE_SIZE - HASH_AT,
    VERSION = 1,
    AGE_MAX_S = 3600, /* RFC 9018 4.3 */
    AGE_RENEW_S = 1800,
    AHEAD_MAX_S = 300 /* clocks of servers that share the secret differ */
};

void cookie_secrets_init(struct cookie_secrets *s, const uint8_t *configured)
{
    *s = (struct cookie_secrets){.is_drawn = configured == NULL};
    if (configured != NULL) {
        memcpy(s->current, configured, sizeof(s->current));
    } else {
        rand_bytes(s->current, sizeof(s->current));
    }
}

void cookie_secrets_follow(struct cookie_secrets *s, const struct cookie_secrets *before)
{
    bool is_same = memcmp(s->current, before->current, sizeof(s->current)) == 0;
    if (is_same || (s->is_drawn && before->is_drawn)) {
        *s = *before;
        return;
    }
    memcpy(s->previous, before->current, sizeof(s->previous));
    s->has_previous = true;
}

static void make_hash(const uint8_t secret[HASH_SECRET_SIZE], const struct addr *peer, const uint8_t *cookie,
                      uint8_t out[HASH_SIZE])
{
    uint8_t bytes[HASH_AT + sizeof(peer->octets)];
    memcpy(bytes, cookie, HASH_AT);
    memcpy(bytes + HASH_AT, peer->octets, sizeof(peer->octets));
    hash_siphash(secret, bytes, (size_t)HASH_AT + peer->len, out);
}

/* The octets that differ must not show in the time it takes. */
static bool is_made_with(const uint8_t secret[HASH_SECRET_SIZE], const struct addr *peer, const uint8_t *cookie)
{
    uint8_t hash[HASH_SIZE];
    unsigned differing = 0;
    make_hash(secret, peer, cookie, hash);
    for (unsigned i = 0; i < HASH_SIZE; i++) {
        differing |= hash[i] ^ cookie[HASH_AT + i];
    }
    return differing == 0;
}

bool cookie_answer(const struct cookie_secrets *s, const struct addr *peer, uint32_t now, struct edns *e)
{
    bool is_whole = e->cookie_len == EDNS_COOKIE_SIZE && e->cookie[VERSION_AT] == VERSION;
    int32_t age = is_whole ? (int32_t)(now - wire_get_u32(e->cookie + TIME_AT)) : 0;
    bool is_timely = is_whole && age <= AGE_MAX_S && age >= -AHEAD_MAX_S;
    bool is_current = is_timely && is_made_with(s->current, peer, e->cookie);
    if (is_current && age < AGE_RENEW_S) {
        return true;
    }
    bool is_valid = is_current || (is_timely && s->has_previous && is_made_with(s->previous, peer, e->cookie));
    e->cookie_len = EDNS_COOKIE_SIZE;
    memset(e->cookie + VERSION_AT, 0, TIME_AT - VERSION_AT);
    e->cookie[VERSION_AT] = VERSION;
    wire_put_u32(e->cookie + TIME_AT, now);
    make_hash(s->current, peer, e->cookie, e->cookie + HASH_AT);
    return is_valid;
}
