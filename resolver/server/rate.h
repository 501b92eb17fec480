/* Response rate limiting: how many UDP answers a client network gets in a second, so that a server open to many
 * networks is of little use for flooding the owner of a forged source address. One table for all workers, without
 * locks. */
#ifndef CAIRN_SERVER_RATE_H
#define CAIRN_SERVER_RATE_H

#include <stdatomic.h>
#include <stdint.h>

#include "resolver/base/addr.h"

/* Networks (IPv4 /24, IPv6 /56) are counted by a keyed hash: two that share a bucket share its rate. */
#define RATE_BUCKETS 65536
#define RATE_SLIP    2 /* one in so many answers beyond the rate is a truncated one, not silence */

/* All zero at first; its owner outlives all workers. */
struct rate_table {
    _Atomic uint64_t buckets[RATE_BUCKETS];
};

enum rate_verdict {
    RATE_ANSWER,
    RATE_TRUNCATE, /* send TC and nothing else: a client that is really there asks again over TCP */
    RATE_DROP
};

/* Counts one answer to `client` at `now` (clock_now). `per_second` is not 0; a network that was quiet for a second may
 * have that many at once. */
enum rate_verdict rate_count(struct rate_table *t, const struct addr *client, uint32_t per_second, uint64_t now);

#endif
