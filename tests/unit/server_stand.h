/* What the modules of a worker stand on in tests: settings from a text, one generation of them, a cache in memory, an
 * event loop, walks, and the fake upstream. */
#ifndef CAIRN_TESTS_SERVER_STAND_H
#define CAIRN_TESTS_SERVER_STAND_H

#include "cache/cache.h"
#include "fake_upstream.h"
#include "resolver/server/generation.h"
#include "resolver/server/walks.h"
#include "zone_text.h"

struct event_base;

struct stand {
    struct zone_dir dir; /* files of the stand; test.zone when it has an own zone */
    struct settings *settings;
    struct generation *generation;
    struct memory *memory;
    struct cache_view cache;
    struct servers *servers;
    struct event_base *base;
    struct walks *walks;
    uint64_t limit_hits[LIMIT_COUNT];
    uint64_t verifications;
    uint64_t synthesised;
    struct keyring *keyring;
    unsigned given_back; /* settings returned by generations */
    unsigned on_network, on_rest, on_refreshed;
};

/* Builds one. The configuration has one root server, 192.0.2.1, and what `more` adds (sections of YAML; may be "");
 * `zone` is the master file of an own zone dev.test, or NULL. */
void stand_make(struct stand *s, const char *more, const char *zone);
void stand_end(struct stand *s);

/* Goes round the event loop once a millisecond: on a busy machine it takes longer, but leaves nothing undone. */
void stand_run(struct stand *s, unsigned ms);

/* Sets a limit of the settings under test. */
#define stand_limit(s, name, value) ((s)->settings->policy.limits.values[LIMIT_ID_##name] = (value))

#endif
