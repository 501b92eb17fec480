/* PTR records for the A and AAAA records of own zones. Each address gets a zone of its own, whose apex is the whole
 * reverse name (4.3.2.1.in-addr.arpa, RFC 1035 3.5; nibbles under ip6.arpa, RFC 3596 2.5), so that nothing else of the
 * reverse tree is hidden. All of them live in one struct zone: its names are the apexes, with SOA and NS of the zone
 * that the first record of the address stands in. */
#ifndef CAIRN_ZONES_REVERSE_H
#define CAIRN_ZONES_REVERSE_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/name.h"
#include "zones/draft.h"
#include "zones/zone.h"

#define REVERSE_NAMES_MAX 32 /* names given for one address; the rest, in canonical order, is left out */

/* Starts the draft of a reverse zone. draft_finish makes the zone, draft_fini ends it. */
void reverse_init(struct draft *d);

/* Adds what `z` says: the addresses of every name but wildcards and names at or below a zone cut. `is_taken` tells
 * which reverse names a configured zone holds already; they are left out. */
typedef bool reverse_taken(const void *arg, const uint8_t *name);
MUST_CHECK int reverse_add(struct draft *d, const struct zone *z, reverse_taken *is_taken, const void *arg);

/* The reverse name of an address of 4 or 16 octets. */
void reverse_name(const uint8_t *octets, size_t len, uint8_t out[NAME_SIZE]);

#endif
