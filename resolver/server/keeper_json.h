/* What is known of one followed trust anchor (rollover.h) as JSON, for the state directory and for people. */
#ifndef CAIRN_SERVER_KEEPER_JSON_H
#define CAIRN_SERVER_KEEPER_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "resolver/validate/rollover.h"

/* {zone, configured: [DS], keys: [{state, since, until, dnskey}], seen_at, query_at, retry_s} with RDATA in
 * presentation form and times in seconds since 1970. NULL without memory. */
json_t *rollover_json(const struct rollover *r);

/* From what rollover_json made; everything lies in `a`. False: it did not, or `a` is full. */
bool rollover_from_json(const json_t *data, struct arena *a, struct rollover *out);

/* Of an array of what rollover_json makes: true when every item can be read, and the state of one zone. */
bool rollovers_are_readable(const json_t *all);
bool rollovers_find(const json_t *all, const uint8_t *zone, struct arena *a, struct rollover *out);

/* {zone, keys: [{tag, algorithm, state, since, until}], seen_at, query_at}; a configured DS whose key was never seen
 * has the state "configured" and no times. `until` is null where there is none, `seen_at` where no set was ever
 * verified. */
json_t *rollover_report(const struct rollover *r);

#endif
