/* Rules that a zone as a whole must keep (RFC 1034, 1912, 2181, 6672), beyond those of single records. */
#ifndef CAIRN_ZONES_CHECK_H
#define CAIRN_ZONES_CHECK_H

#include <stdbool.h>

#include "zones/draft.h"
#include "zones/problem.h"

/* Reports every breach. `is_whole` is false when records are missing because of errors reported before; then nothing is
 * said about what is not there. */
void check_zone(const struct draft *d, bool is_whole, struct problems *problems);

#endif
