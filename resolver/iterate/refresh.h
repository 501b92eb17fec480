/* When an answer that is still asked for is renewed although it lives: in the last tenth of its life, so that names in
 * use are always found in cache. What lives less than ten seconds is not worth it. */
#ifndef CAIRN_ITERATE_REFRESH_H
#define CAIRN_ITERATE_REFRESH_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/iterate/query.h"

#define REFRESH_NEVER UINT64_MAX

/* For an entry of the cache. */
bool refresh_is_due(uint64_t stored, uint64_t expires, uint64_t now);

/* The first moment when a part of the answer is due, in clock_now milliseconds; REFRESH_NEVER for own data, expired
 * data and failures. */
uint64_t refresh_time(const struct answer *a);

#endif
