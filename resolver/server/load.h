/* Reads everything that a start, a check or a reload needs from files: configuration and zones, all problems in one
 * run. */
#ifndef CAIRN_SERVER_LOAD_H
#define CAIRN_SERVER_LOAD_H

#include "resolver/server/config.h"
#include "zones/set.h"

struct loaded {
    struct config *config;  /* owned by the caller; NULL on failure */
    struct zone_set *zones; /* likewise; NULL when none are configured */
};

/* Loads `path` as config_load does, then its zones; unchanged ones are shared with `old` (may be NULL); `now` as in
 * zone_set_load. Problems of both go to `report`. FAIL_SYNTAX: one was an error, nothing is returned. */
MUST_CHECK int load_all(const char *path, const struct zone_set *old, int64_t now, config_report *report, void *arg,
                        struct loaded *out);

#endif
