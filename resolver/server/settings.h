/* One configuration with its zones as the workers use it: immutable, shared by all, freed when the last lets go. */
#ifndef CAIRN_SERVER_SETTINGS_H
#define CAIRN_SERVER_SETTINGS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cache/cache.h"
#include "resolver/iterate/copy.h"
#include "resolver/iterate/query.h"
#include "resolver/net/tcp.h"
#include "resolver/net/upstream.h"
#include "resolver/server/config.h"
#include "resolver/server/cookie.h"
#include "resolver/server/respond.h"
#include "zones/set.h"

struct settings {
    struct settings *base; /* one user of what owns the next three; NULL: these settings do */
    struct config *config;
    struct zone_set *zones;      /* NULL: no own zones */
    struct route *routes;        /* the policy's, or NULL */
    struct arena memory;         /* of the policy's anchors */
    struct zone_copy *root_copy; /* the policy's, or NULL */
    struct policy policy;
    struct cache_policy cache;
    struct upstream_settings upstream;
    struct tcp_settings tcp;
    struct responder responder;
    struct cookie_secrets cookies;
    uint64_t loaded_at; /* clock_now milliseconds */
    atomic_uint users;
};

/* Takes over `config` and `zones`. Validation begins at the anchors that the configuration names. One user: the caller.
 * Ends the process without memory. */
struct settings *settings_new(struct config *config, struct zone_set *zones);

/* Carries over what outlives a reload, from the settings that `s` is to replace. Before anybody else uses `s`. */
void settings_follow(struct settings *s, const struct settings *before);

/* The same settings with other anchors, made as anchors_make does. One user: the caller; `s` keeps its own. Ends the
 * process without memory. */
struct settings *settings_with_anchors(struct settings *s, const struct anchor_record *records, unsigned count,
                                       const uint8_t *const *negative, unsigned negative_count);

/* The same settings with this copy of the root zone, used until then, or without (NULL), and with the anchors of the
 * configuration. One user: the caller. Ends the process without memory. */
struct settings *settings_with_root_copy(struct settings *s, struct zone_copy *copy, uint64_t until);

void settings_take(struct settings *s);

/* Frees with the last user. */
void settings_drop(struct settings *s);

/* True when `peer` may ask (server.allow). */
bool settings_allow(const struct settings *s, const struct addr *peer);

#endif
