/* What the files of front share. */
#ifndef CAIRN_SERVER_FRONT_PRIVATE_H
#define CAIRN_SERVER_FRONT_PRIVATE_H

#include "resolver/base/clock.h"
#include "resolver/server/front.h"
#include "resolver/server/respond.h"

/* Where an answer goes. */
struct client {
    bool is_tcp;
    union {
        struct udp_from udp;
        struct tcp_from tcp;
    };
};

/* A message being answered; `out` of `limit` octets takes an answer that is known at once. */
struct turn {
    struct front *front;
    struct request q;
    const struct client *client;
    const struct addr *peer;
    uint64_t hash; /* of the question among the ready answers; 0: not known yet */
    uint8_t *out;
    size_t limit;
};

static inline const struct settings *front_settings(const struct front *f)
{
    return f->generation->settings;
}

static inline uint64_t front_now(struct front *f)
{
    if (f->now == 0) {
        f->now = clock_now();
    }
    return f->now;
}

/* ---- front_answer.c: messages. All count what they write and return its length. ---- */

size_t front_count(struct front *f, const uint8_t *out, size_t len);

/* With an Extended DNS Error, unless that would be "other" and nothing more. */
size_t front_refuse(struct front *f, const struct request *q, unsigned rcode, enum ede_code code, const char *why,
                    uint8_t *out, size_t limit);

/* Composes `a` for `q` into `out` and keeps it as a ready answer when it may be; `epoch` is the cache's from before `a`
 * was looked for. */
size_t front_compose(struct front *f, const struct request *q, const struct answer *a, uint32_t epoch, uint8_t *out,
                     size_t limit);

/* Has the answer to `q` fetched anew; nobody waits for it. */
void front_refresh(struct front *f, const struct request *q);

/* ---- front_wait.c: questions that wait for a walk ---- */

/* Has the question looked up in the cache, and a walk begun, when front_rest is called. Returns the length of an answer
 * that says why not, or 0. */
size_t front_ask_later(const struct turn *t);

#endif
