/* The root key sentinel (RFC 8509): by asking for two names a user finds out whether this resolver trusts a key of the
 * root, before the root is signed by that key alone. */
#ifndef CAIRN_ITERATE_SENTINEL_H
#define CAIRN_ITERATE_SENTINEL_H

#include "resolver/iterate/state.h"

/* Turns a secure answer to root-key-sentinel-is-ta-NNNNN or -not-ta-NNNNN, of type A or AAAA, into SERVFAIL where that
 * is not so. */
void sentinel_apply(struct query *q);

#endif
