/* Zones made at random, of which the cache knows all proofs or some: what a query concludes from them must be what a
 * plain model of the zone says, and with all proofs nothing that can be concluded is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cache/memory.h"
#include "resolver/dns/msg.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/query.h"
#include "resolver/iterate/servers.h"
#include "resolver/iterate/trust_table.h"
#include "resolver/validate/proof.h"
#include "tests/unit/proof_text.h"
#include "tests/unit/zone_model.h"

enum { ZONES = 10, TTL = 300, NOW = 1000000 };

static const uint16_t asked[] = {TYPE_A, TYPE_MX, TYPE_NS, TYPE_DS, TYPE_TXT};
static const struct addr root = {.octets = {192, 0, 2, 1}, .len = 4};
static const struct hint hint = {.name = (const uint8_t *)"\2ns\4root", .addresses = &root, .address_count = 1};
static const struct cache_policy cache_policy = {
    .max_ttl = 86400, .max_negative_ttl = 3600, .max_entry_size = 16384, .max_records = 100};

struct stand {
    struct arena a;
    struct policy policy;
    struct memory *memory;
    struct cache_view cache;
    struct resolver resolver;
    struct model model;
    bool is_whole; /* all proofs are known */
};

static uint32_t random_below(void *ctx, uint32_t bound)
{
    (void)ctx;
    return bound - 1;
}

static int64_t wall(void *ctx)
{
    (void)ctx;
    return 1700000000;
}

static int set_up(void **state)
{
    static struct stand s;
    static const uint8_t ds[36] = {0, 1, 13, 2};
    const struct anchor_record anchor = {.zone = name_root, .ds = {ds, sizeof(ds)}};
    s = (struct stand){.policy = {.hints = &hint, .hint_count = 1, .ipv4 = true, .upstream_port = 53}};
    s.policy.validation = s.policy.aggressive_nsec = true;
    s.policy.limits = limits_default;
    arena_init(&s.a, 1 << 16);
    assert_int_equal(anchors_make(&anchor, 1, NULL, 0, &s.a, &s.policy.anchors), FAIL_NONE);
    s.resolver = (struct resolver){.policy = &s.policy, .cache = &s.cache, .random_below = random_below, .wall = wall};
    s.resolver.servers = servers_new(64);
    s.resolver.keyring = keyring_new(1);
    s.resolver.trust = trust_table_new(16);
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct stand *s = *state;
    resolver_drain(&s->resolver);
    servers_free(s->resolver.servers);
    keyring_free(s->resolver.keyring);
    trust_table_free(s->resolver.trust);
    arena_fini(&s->a);
    return 0;
}

/* ---- What the cache knows ---- */

static void put(struct stand *s, enum cache_slot slot, const uint8_t *zone, struct rrset *sets)
{
    struct cache_entry e = {.name = sets->owner,
                            .slot = slot,
                            .zone = zone,
                            .type = sets->type,
                            .trust = TRUST_VALIDATED,
                            .security = SECURITY_SECURE,
                            .stored = NOW,
                            .epoch = cache_epoch(&s->cache),
                            .sets = sets};
    assert_int_equal(cache_put(&s->cache, &e, &s->model.a), FAIL_NONE);
}

static struct rrset *copy(struct stand *s, const struct rrset *set)
{
    struct rrset *one = arena_copy(&s->model.a, set, sizeof(*set));
    one->next = NULL;
    one->ttl = TTL;
    return one;
}

static void put_wildcards(struct stand *s)
{
    for (unsigned i = 0; i < s->model.count; i++) {
        char line[64], owner[NAME_TEXT_SIZE];
        if (name_is_wildcard(s->model.owners[i]) && model_has(s->model.types[i], "A")) {
            snprintf(line, sizeof(line), "%s A 192.0.2.7", name_text(s->model.owners[i], owner));
            put(s, CACHE_ANSWER, NULL, proof_text(&s->model.a, line));
        }
    }
}

/* One in `leave_out` of the proofs is unknown; 0: none. */
static void learn(struct stand *s, struct rrset *chain, unsigned leave_out, uint32_t seed)
{
    struct rrset *soa = proof_text(&s->model.a, "example. SOA ns.example. host.example. 1 1800 900 604800 300");
    rrset_append(&soa, copy(s, chain));
    put(s, CACHE_PROOF, NULL, soa);
    for (const struct rrset *set = chain; set != NULL; set = set->next) {
        seed = seed * 1664525 + 1013904223;
        if (leave_out == 0 || (seed >> 16) % leave_out != 0) {
            put(s, CACHE_PROOF, s->model.apex, copy(s, set));
        }
    }
    put_wildcards(s);
    s->is_whole = leave_out == 0;
}

/* ---- What a query makes of it ---- */

/* The type is that of a wildcard that makes the name. */
static bool is_made(const struct model *m, const uint8_t *name, uint16_t type)
{
    uint8_t wildcard[NAME_SIZE];
    if (model_exists(m, name) || model_is_beyond(m, name) || type != TYPE_A) {
        return false;
    }
    const char *types = model_types(m, proof_wildcard(model_encloser(m, name), wildcard));
    return types != NULL && model_has(types, "A");
}

static bool is_right(const struct stand *s, const struct answer *a, const uint8_t *name, uint16_t type)
{
    const struct model *m = &s->model;
    if (a->is_miss) {
        bool follows = model_is_name_error(m, name) || model_is_no_data(m, name, type) || is_made(m, name, type);
        return !(s->is_whole && follows);
    }
    if (a->security != SECURITY_SECURE) {
        return false;
    }
    if (a->rcode == RCODE_NXDOMAIN) {
        return model_is_name_error(m, name);
    }
    return a->sections[SECTION_ANSWER] == NULL ? model_is_no_data(m, name, type)
                                               : is_made(m, name, type) || model_types(m, name) != NULL;
}

static void ask(struct stand *s, const uint8_t *name, uint16_t type)
{
    char text[NAME_TEXT_SIZE];
    const struct query_event start = {.kind = EVENT_START};
    struct query *q = query_new(&s->resolver, name, type, QUERY_CACHE_ONLY, NOW);
    assert_non_null(q);
    assert_int_equal(query_step(q, &start, NOW), WANT_FINISH);
    const struct answer *a = query_answer(q);
    if (!is_right(s, a, name, type)) {
        for (unsigned i = 0; i < s->model.count; i++) {
            print_error("%s %s\n", name_text(s->model.owners[i], text), s->model.types[i]);
        }
        fail_msg("%s type %u: %s, rcode %u", name_text(name, text), type, a->is_miss ? "miss" : "hit", a->rcode);
    }
    query_free(q);
}

static void check_zones(struct stand *s, bool has_nsec3, bool is_opt_out, unsigned leave_out)
{
    for (uint32_t seed = 1; seed <= ZONES; seed++) {
        s->memory = memory_new();
        s->cache = (struct cache_view){.backend = memory_backend(s->memory), .policy = &cache_policy};
        model_make(&s->model, seed);
        struct rrset *chain =
            has_nsec3 ? model_nsec3(&s->model, s->resolver.keyring, is_opt_out) : model_nsec(&s->model);
        learn(s, chain, leave_out, seed);
        s->is_whole = s->is_whole && !is_opt_out;
        for (unsigned i = 0; i < MODEL_UNIVERSE; i++) {
            for (unsigned t = 0; t < sizeof(asked) / sizeof(asked[0]); t++) {
                ask(s, s->model.universe[i], asked[t]);
            }
        }
        arena_fini(&s->model.a);
        memory_free(s->memory);
    }
}

static void all_proofs_tell_all(void **state)
{
    check_zones(*state, false, false, 0);
    check_zones(*state, true, false, 0);
}

static void some_proofs_tell_nothing_wrong(void **state)
{
    for (unsigned leave_out = 2; leave_out <= 4; leave_out++) {
        check_zones(*state, false, false, leave_out);
        check_zones(*state, true, false, leave_out);
    }
}

static void opt_out_tells_nothing_wrong(void **state)
{
    check_zones(*state, true, true, 0);
}

/* After a reload the cache still has them. */
static void proofs_are_not_used_when_that_is_off(void **state)
{
    struct stand *s = *state;
    const struct query_event start = {.kind = EVENT_START};
    s->policy.aggressive_nsec = false;
    s->memory = memory_new();
    s->cache = (struct cache_view){.backend = memory_backend(s->memory), .policy = &cache_policy};
    model_make(&s->model, 1);
    learn(s, model_nsec(&s->model), 0, 1);
    struct query *q = query_new(&s->resolver, s->model.apex, TYPE_MX, QUERY_CACHE_ONLY, NOW);
    assert_int_equal(query_step(q, &start, NOW), WANT_FINISH);
    assert_true(query_answer(q)->is_miss);
    query_free(q);
    arena_fini(&s->model.a);
    memory_free(s->memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(all_proofs_tell_all),
        TEST(some_proofs_tell_nothing_wrong),
        TEST(opt_out_tells_nothing_wrong),
        TEST(proofs_are_not_used_when_that_is_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
