/* Keeps the root's servers fresh: asks the hints for the root NS set whenever the cache does not hold it (RFC 9609). */
#ifndef CAIRN_SERVER_PRIME_H
#define CAIRN_SERVER_PRIME_H

#include <stdint.h>

#include "resolver/server/generation.h"
#include "resolver/server/walks.h"

struct prime {
    uint64_t next; /* no check before; clock_now milliseconds */
};

/* Starts a priming walk if one is due: cheap otherwise. Called when a worker starts and when a walk needs the network.
 */
void prime_check(struct prime *p, struct walks *w, struct generation *g, uint64_t now);

#endif
