#include "resolver/server/prime.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

enum {
    RETRY_MS = 5000, /* between two tries that fail */
    ARENA_SIZE = 64 * 1024
};

void prime_check(struct prime *p, struct walks *w, struct generation *g, uint64_t now)
{
    if (now < p->next || !g->settings->config->recursion.priming || g->resolver.policy->hint_count == 0) {
        return;
    }
    struct arena arena;
    const struct cache_entry *root = NULL;
    arena_init(&arena, ARENA_SIZE);
    p->next = now + RETRY_MS;
    if (cache_find(g->resolver.cache, CACHE_DELEGATION, name_root, 0, now, 0, &arena, &root) == FAIL_NONE &&
        root != NULL) {
        p->next = root->expires;
        arena_fini(&arena);
        return;
    }
    arena_fini(&arena);
    struct walk *walk;
    const struct question q = {.name = name_root, .type = TYPE_NS, .class = CLASS_IN};
    if (walks_ask(w, g, &q, QUERY_PRIME, NULL, &walk) == WALK_FINISHED) {
        walk_release(walk);
    }
}
