/* DNS cookies to clients (RFC 7873) in the interoperable form of RFC 9018: who shows the server cookie that was made
 * for its address receives what is sent there. A client without one, or with one that is not valid, is answered all the
 * same and gets one for the next time. */
#ifndef CAIRN_SERVER_COOKIE_H
#define CAIRN_SERVER_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/addr.h"
#include "resolver/base/hash.h"
#include "resolver/dns/edns.h"

/* What server cookies are made with. Plain data; never written to a log. */
struct cookie_secrets {
    uint8_t current[HASH_SECRET_SIZE];
    uint8_t previous[HASH_SECRET_SIZE]; /* cookies made with it are still taken (RFC 9018 5) */
    bool has_previous;
    bool is_drawn; /* `current` was not configured */
};

/* `configured` NULL: a secret is drawn. */
void cookie_secrets_init(struct cookie_secrets *s, const uint8_t *configured);

/* At a reload: a drawn secret stays, another one in its place leaves it the previous one. */
void cookie_secrets_follow(struct cookie_secrets *s, const struct cookie_secrets *before);

/* Puts the cookie to answer with into `e`, of a query that has one (cookie_len > 0). `now` is wall time in seconds.
 * True when the client's server cookie was valid: made for `peer` with one of the secrets, not over an hour ago. */
bool cookie_answer(const struct cookie_secrets *s, const struct addr *peer, uint32_t now, struct edns *e);

#endif
