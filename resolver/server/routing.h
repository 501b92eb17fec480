/* Keeps the cache true to the forward and stub zones. What was learnt of a zone from one set of servers says nothing of
 * what others would answer; so whenever a route comes, goes or changes, everything at and below its zone is flushed.
 * The routes under which the cache was filled stand in a file beside it, for changes made while the daemon was down. */
#ifndef CAIRN_SERVER_ROUTING_H
#define CAIRN_SERVER_ROUTING_H

#include <stddef.h>

#include "cache/disk.h"
#include "resolver/iterate/query.h"

/* One text line for each route, sorted. */
struct routing_lines {
    char **items;
    size_t count;
};

struct routing {
    char *path; /* the file */
    struct routing_lines lines;
};

/* Reads what the cache in `directory` was filled under; no file means no routes. Ends the process without memory. */
void routing_init(struct routing *r, const char *directory);

/* The routes are those of `p` from now on: flushes from `d` what they contradict, remembers and logs. To be called when
 * no new question is resolved under the old ones any more. */
void routing_apply(struct routing *r, struct disk *d, const struct policy *p);

void routing_fini(struct routing *r);

#endif
