/* How often entries are used: a lossy table of small counters, shared by all threads without locks. Eviction spares
 * what has been used again; a flood of questions that are asked once leaves no trace here, be they of as many names or
 * of as many types of one. Lost updates and two entries on one counter are fine. */
#ifndef CAIRN_CACHE_USAGE_H
#define CAIRN_CACHE_USAGE_H

#include <stddef.h>
#include <stdint.h>

struct usage;

#define USAGE_MAX 15 /* counters stay here: a popular entry costs no further writes */

/* About `entries` counters of one octet. NULL when the system has no memory. */
struct usage *usage_new(size_t entries);
void usage_free(struct usage *u);

/* Of the entry whose key has that hash (key_hash in key.h). */
void usage_bump(struct usage *u, uint64_t hash);
unsigned usage_get(const struct usage *u, uint64_t hash);

/* Has the counter fetched from memory, for usage_bump soon after. */
void usage_prefetch(const struct usage *u, uint64_t hash);

/* Ages: every counter loses half. */
void usage_halve(struct usage *u);

#endif
