/* One worker's use of one settings snapshot: what its queries share while it is current, and until the last walk that
 * began under it has ended. */
#ifndef CAIRN_SERVER_GENERATION_H
#define CAIRN_SERVER_GENERATION_H

#include "resolver/iterate/query.h"
#include "resolver/server/settings.h"

struct generation {
    struct resolver resolver;
    struct settings *settings; /* one user of it */
    unsigned walks;
    bool is_retired;
    /* Where the settings go at the end: freeing a large zone in a worker would delay its answers. */
    void (*give_back)(void *ctx, struct settings *s);
    void *ctx;
    uint64_t *limit_hits; /* the worker's totals */
    uint64_t *verifications;
    uint64_t *synthesised;
};

struct generation_parts {
    struct settings *settings; /* one user passes over */
    struct cache_view *cache;
    struct servers *servers;
    struct keyring *keyring;
    uint64_t *limit_hits; /* LIMIT_COUNT of them */
    uint64_t *verifications;
    uint64_t *synthesised;
    void (*give_back)(void *ctx, struct settings *s);
    void *ctx;
};

/* NULL without memory; the settings' user then stays the caller's. */
struct generation *generation_new(const struct generation_parts *parts);

void generation_enter(struct generation *g);
void generation_leave(struct generation *g);

/* No longer current: ends now or with its last walk. */
void generation_retire(struct generation *g);

#endif
