/* One master file to one zone: reading (load.h), gathering (draft.h), checking (check.h), building. */
#ifndef CAIRN_ZONES_READ_H
#define CAIRN_ZONES_READ_H

#include "zones/set.h"
#include "zones/zone.h"

/* Reads the zone with apex `apex` from the file at `path`. Every problem is reported; NULL when one was an error. The
 * zone remembers the looks of its files, and what they are worth at `now`, in seconds of wall time (zone.h). */
struct zone *zone_read(const uint8_t *apex, const char *path, int64_t now, zone_report *report, void *arg);

/* The same from text in memory, called `path` in messages; the zone remembers no files. */
struct zone *zone_read_text(const uint8_t *apex, const char *path, const char *text, size_t len, zone_report *report,
                            void *arg);

#endif
