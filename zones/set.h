/* All own zones of one configuration: an immutable snapshot that workers read without locks and that is freed when
 * every worker has taken its successor. */
#ifndef CAIRN_ZONES_SET_H
#define CAIRN_ZONES_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"

struct trie_key;
struct zone;
struct zone_set;

/* What to load. */
struct zone_source {
    const uint8_t *name; /* apex */
    const char *file;    /* master file */
    bool make_reverse;   /* PTR records for its A and AAAA records */
};

/* One problem in a master file; line and column count from 1, 0 when they do not apply. */
struct zone_problem {
    const char *file;
    unsigned line, column;
    bool is_warning;
    const char *message; /* what, and what to do */
    const char *source;  /* the offending line, without its end; may be NULL */
};
typedef void zone_report(void *arg, const struct zone_problem *problem);

/* Loads every source; reports every problem, with all files read. NULL when one was an error (or memory ran out).
 * `old`, which may be NULL, lends zones whose files did not change, those of $INCLUDEs too (zone.h). `now` in seconds
 * of wall time, not after this call. */
struct zone_set *zone_set_load(const struct zone_source *sources, size_t count, const struct zone_set *old, int64_t now,
                               zone_report *report, void *arg);
void zone_set_free(struct zone_set *set);

/* The zone with the longest apex at or above `name`; NULL: none. */
const struct zone *zone_set_find(const struct zone_set *set, const uint8_t *name);

/* The same for callers that have the name's key (trie.h) at hand. */
const struct zone *zone_set_find_key(const struct zone_set *set, const struct trie_key *key, const uint8_t *name);

size_t zone_set_count(const struct zone_set *set);
const struct zone *zone_set_at(const struct zone_set *set, size_t index);

#endif
