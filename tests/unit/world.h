/* A world of up to four root servers that hold an address for every name, on a clock of its own: the core is driven as
 * the daemon does it, without sockets. */
#ifndef CAIRN_TESTS_WORLD_H
#define CAIRN_TESTS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/memory.h"
#include "resolver/iterate/query.h"

#define WORLD_SERVERS 4
#define WORLD_TTL     60

/* How one does, and how often it was asked: questions, and packets beside them. */
struct world_server {
    uint32_t rtt_ms;
    unsigned loses_one_in; /* of so many packets it loses one; 0: none */
    bool is_silent;
    unsigned asked, beside;
};

struct world {
    struct policy policy;
    struct hint hint;
    struct memory *memory;
    struct cache_view cache;
    struct resolver resolver;
    uint32_t chance;
    uint64_t now;
    struct world_server servers[WORLD_SERVERS];
};

/* With `servers` of them, whose round-trip time is `rtt_ms`. The test fails when there is no memory. */
void world_begin(struct world *w, unsigned servers, uint32_t rtt_ms);
void world_end(struct world *w);

uint32_t world_random_below(void *world, uint32_t bound);

/* What becomes of a packet, and after how many milliseconds. The reply's octets stay until the next call. */
struct query_event world_serve(struct world *w, const struct send *s, uint64_t *took);

/* Sends what goes beside a question. */
void world_serve_beside(struct world *w, const struct send *s);

/* The server that a packet goes to. */
struct world_server *world_server_of(struct world *w, const struct send *s);

#endif
