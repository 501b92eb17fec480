/* Zones and replies as text, for tests: own zones from strings, and what they answer as lines. */
#ifndef CAIRN_TESTS_ZONE_TEXT_H
#define CAIRN_TESTS_ZONE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "zones/set.h"

/* A directory that goes away with its files. */
struct zone_dir {
    char path[64];
};
void zone_dir_make(struct zone_dir *d);
void zone_dir_remove(struct zone_dir *d);

/* Writes `text` as file `name` of the directory; returns its path in static memory that the next call but 7 reuses. */
const char *zone_dir_write(const struct zone_dir *d, const char *name, const char *text);

/* The wire form of a name written with its final dot, in static memory that the next call but 15 reuses. */
const uint8_t *zone_name(const char *text);

/* Problems as lines "file:line:column: error: message", the directory left out. */
struct problem_lines {
    char text[16384];
    size_t len;
    unsigned errors, warnings;
};
void problem_lines_add(void *arg, const struct zone_problem *problem);

/* What the set answers: "KIND RCODE" and, if there is one, "-> target", then one line for each record: section (AN, NS
 * or AD), owner, TTL, type, RDATA. */
char *zone_reply_lines(const struct zone_set *set, const char *name, const char *type, char *out, size_t size);

#endif
