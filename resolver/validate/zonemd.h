/* Message digests of zones (RFC 8976): whether all that a copy of a zone holds, glue as well, is what its owner put in.
 */
#ifndef CAIRN_VALIDATE_ZONEMD_H
#define CAIRN_VALIDATE_ZONEMD_H

#include <stdint.h>

#include "resolver/dns/record.h"

enum zonemd {
    ZONEMD_NONE, /* no digest of a kind that is known (scheme SIMPLE with SHA-384 or SHA-512) */
    ZONEMD_GOOD, /* one of them is right */
    ZONEMD_BAD   /* none is */
};

/* Checks the records of zone `apex`, which are in canonical order, by its own ZONEMD records (RFC 8976 4). Whether
 * these are signed is the caller's question. */
enum zonemd zonemd_check(const struct record_list *r, const uint8_t *apex, uint32_t serial);

#endif
