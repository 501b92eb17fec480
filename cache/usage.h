/* How often names are asked for: a lossy table of small counters, shared by all threads without locks. Eviction spares
 * what has been used again; a flood of names that are asked once leaves no trace here. Lost updates and two names on
 * one counter are fine. */
#ifndef CAIRN_CACHE_USAGE_H
#define CAIRN_CACHE_USAGE_H

#include <stddef.h>
#include <stdint.h>

struct usage;

#define USAGE_MAX 15 /* counters stay here: a popular name costs no further writes */

/* About `names` counters of one octet. NULL when the system has no memory. */
struct usage *usage_new(size_t names);
void usage_free(struct usage *u);

/* `labels` as in the key of any entry of the name (key.h). */
void usage_bump(struct usage *u, const uint8_t *labels, size_t len);
unsigned usage_get(const struct usage *u, const uint8_t *labels, size_t len);

/* Ages: every counter loses half. */
void usage_halve(struct usage *u);

#endif
