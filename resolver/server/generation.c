#include "resolver/server/generation.h"

#include <stdlib.h>

#include "resolver/base/clock.h"
#include "resolver/base/rand.h"
#include "resolver/iterate/trust_table.h"
#include "zones/reply.h"

enum { TRUST_ZONES = 16384 };

static uint32_t random_below(void *ctx, uint32_t bound)
{
    (void)ctx;
    return rand_below(bound);
}

static int64_t wall(void *ctx)
{
    (void)ctx;
    return clock_wall();
}

static enum local_hit find_local(void *ctx, const uint8_t *name, uint16_t type, struct arena *a,
                                 struct local_answer *out)
{
    static const enum local_hit hits[] = {[ZONE_REPLY_NONE] = LOCAL_NONE,
                                          [ZONE_REPLY_ANSWER] = LOCAL_ANSWER,
                                          [ZONE_REPLY_ALIAS] = LOCAL_ALIAS,
                                          [ZONE_REPLY_DELEGATION] = LOCAL_DELEGATION};
    const struct settings *s = ctx;
    struct zone_reply reply;
    enum zone_reply_kind kind = zone_reply(s->zones, name, type, a, &reply);
    out->rcode = reply.rcode;
    out->target = reply.target;
    for (enum section section = SECTION_ANSWER; section < SECTION_COUNT; section++) {
        out->sections[section] = reply.sections[section];
    }
    return hits[kind];
}

struct generation *generation_new(const struct generation_parts *parts)
{
    struct generation *g = calloc(1, sizeof(*g));
    if (g == NULL) {
        return NULL;
    }
    g->settings = parts->settings;
    g->give_back = parts->give_back;
    g->ctx = parts->ctx;
    g->limit_hits = parts->limit_hits;
    g->verifications = parts->verifications;
    g->synthesised = parts->synthesised;
    g->resolver.policy = &parts->settings->policy;
    g->resolver.cache = parts->cache;
    g->resolver.servers = parts->servers;
    g->resolver.random_below = random_below;
    g->resolver.wall = wall;
    g->resolver.keyring = parts->keyring;
    if (parts->settings->policy.validation) {
        g->resolver.trust = trust_table_new(TRUST_ZONES);
    }
    if (parts->settings->zones != NULL && zone_set_count(parts->settings->zones) > 0) {
        g->resolver.local.ctx = parts->settings;
        g->resolver.local.find = find_local;
    }
    return g;
}

static void end_when_unused(struct generation *g)
{
    if (!g->is_retired || g->walks > 0) {
        return;
    }
    for (unsigned i = 0; i < LIMIT_COUNT; i++) {
        g->limit_hits[i] += g->resolver.limit_hits[i];
    }
    *g->verifications += g->resolver.verifications;
    *g->synthesised += g->resolver.synthesised;
    resolver_drain(&g->resolver);
    trust_table_free(g->resolver.trust);
    g->give_back(g->ctx, g->settings);
    free(g);
}

void generation_enter(struct generation *g)
{
    g->walks++;
}

void generation_leave(struct generation *g)
{
    g->walks--;
    end_when_unused(g);
}

void generation_retire(struct generation *g)
{
    g->is_retired = true;
    end_when_unused(g);
}
