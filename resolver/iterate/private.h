/* Protection against DNS rebinding: a name of the public Internet that is given an address inside makes a browser reach
 * into this network as if that were its own site. Addresses in the policy's private networks are taken out of answers.
 *
 * Own zones, special-use names and zones of a forwarder or stub (but one for all names) may have them, as long as no
 * public name led there: an alias of a stranger to a printer is no better than the printer's address. An address may
 * also stand as a hint in SVCB and HTTPS records, which clients may connect to (RFC 9460 7.3): such a record goes
 * whole, and clients fall back to the addresses. */
#ifndef CAIRN_ITERATE_PRIVATE_H
#define CAIRN_ITERATE_PRIVATE_H

#include "resolver/iterate/state.h"

/* Takes them out of the finished answer `a` of `q`: the records, their set with the last of them (NODATA then), and the
 * signatures of a set that lost one. Counts the records and says so in an error. The cache keeps what it has. */
void private_remove(struct query *q, struct answer *a);

#endif
