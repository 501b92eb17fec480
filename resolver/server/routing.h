/* Keeps the cache true to the forward and stub zones and to the trust anchors. What was learnt of a zone from one set
 * of servers says nothing of what others would answer, and what was found secure, insecure or bogus below one anchor
 * may be something else below another; so whenever a route or an anchor, positive or negative, comes or goes,
 * everything at and below its zone is flushed. Those under which the cache was filled stand in a file beside it, for
 * changes made while the daemon was down. Keys that change below an anchor change nothing. */
#ifndef CAIRN_SERVER_ROUTING_H
#define CAIRN_SERVER_ROUTING_H

#include <stddef.h>

#include "cache/disk.h"
#include "resolver/iterate/query.h"

/* One text line for each, sorted. */
struct routing_lines {
    char **items;
    size_t count;
};

struct routing {
    char *path; /* the file */
    struct routing_lines lines;
};

/* Reads what the cache in `directory` was filled under; no file means none. Ends the process without memory. */
void routing_init(struct routing *r, const char *directory);

/* Routes and anchors are those of `p` from now on: flushes from `d` what they contradict, remembers and logs. To be
 * called when no new question is resolved under the old ones any more. */
void routing_apply(struct routing *r, struct disk *d, const struct policy *p);

void routing_fini(struct routing *r);

#endif
