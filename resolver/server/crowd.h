/* Who may wait while many do: one worker's count of the clients that wait, in all and by address. While there is room
 * one address may have any number of questions waiting: it may be the forwarder of many machines. When room becomes
 * scarce it gets its share. */
#ifndef CAIRN_SERVER_CROWD_H
#define CAIRN_SERVER_CROWD_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/addr.h"
#include "resolver/iterate/limits.h"

/* Addresses (IPv6: /64) are counted by a keyed hash: two that share a counter share its limit. */
#define CROWD_ADDRESSES 4096

struct crowd {
    unsigned waiting;
    uint32_t by_address[CROWD_ADDRESSES];
};

/* One who asks. */
struct asker {
    uint16_t address; /* its counter */
    bool is_proven;   /* it receives what is sent to its address: a valid cookie, or TCP */
};

struct asker crowd_asker(const struct addr *peer, bool is_proven);

/* The limit that forbids `who` to wait while `in_flight` walks go on; LIMIT_COUNT: none. */
enum limit_id crowd_check(const struct crowd *c, const struct limits *l, unsigned in_flight, const struct asker *who);

void crowd_enter(struct crowd *c, const struct asker *who);
void crowd_leave(struct crowd *c, const struct asker *who);

#endif
