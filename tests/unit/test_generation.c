#include "resolver/server/generation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "resolver/dns/type.h"
#include "server_stand.h"

#define ZONE                                                                                                           \
    "$ORIGIN dev.test.\n$TTL 60\n@ SOA ns host 1 3600 900 604800 60\n@ NS ns\nns A 10.0.0.1\n"                         \
    "out CNAME www.example.com.\nsub NS ns.sub\nns.sub A 10.0.0.2\n"

static void retire(struct stand *s)
{
    generation_retire(s->generation);
    s->generation = NULL;
}

static void without_walks_it_ends_at_once(void **state)
{
    (void)state;
    struct stand s;
    stand_make(&s, "", NULL);
    s.generation->resolver.limit_hits[LIMIT_ID_sends] = 3;
    s.limit_hits[LIMIT_ID_sends] = 4;
    retire(&s);
    assert_int_equal(s.given_back, 1);
    assert_int_equal(s.limit_hits[LIMIT_ID_sends], 7); /* what it counted is not lost */
    stand_end(&s);
}

static void begin_walk(struct stand *s, const char *name)
{
    struct question q = {.name = zone_name(name), .type = TYPE_A, .class = CLASS_IN};
    struct walk *walk;
    assert_int_equal(walks_ask(s->walks, s->generation, &q, 0, NULL, &walk), WALK_ON);
}

static void the_last_walk_takes_it_along(void **state)
{
    (void)state;
    struct stand s;
    stand_make(&s, "", NULL);
    begin_walk(&s, "a.");
    begin_walk(&s, "b.");
    retire(&s);
    fake_upstream_answer(0, RCODE_NOERROR);
    assert_int_equal(s.given_back, 0);
    fake_upstream_answer(1, RCODE_NOERROR);
    assert_int_equal(s.given_back, 1);
    stand_end(&s);
}

static void without_own_zones_nobody_looks_for_them(void **state)
{
    (void)state;
    struct stand s;
    stand_make(&s, "", NULL);
    assert_null(s.generation->resolver.local.find);
    stand_end(&s);
}

static void own_zones_are_what_the_resolver_calls_local(void **state)
{
    static const struct {
        const char *name;
        enum local_hit hit;
        unsigned rcode;
    } cases[] = {{"www.example.com.", LOCAL_NONE, 0},
                 {"ns.dev.test.", LOCAL_ANSWER, RCODE_NOERROR},
                 {"none.dev.test.", LOCAL_ANSWER, RCODE_NXDOMAIN},
                 {"out.dev.test.", LOCAL_ALIAS, RCODE_NOERROR},
                 {"www.sub.dev.test.", LOCAL_DELEGATION, RCODE_NOERROR}};
    (void)state;
    struct stand s;
    struct arena a;
    stand_make(&s, "", ZONE);
    arena_init(&a, 65536);
    const struct local *local = &s.generation->resolver.local;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct local_answer answer = {0};
        assert_int_equal(local->find(local->ctx, zone_name(cases[i].name), TYPE_A, &a, &answer), cases[i].hit);
        assert_int_equal(answer.rcode, cases[i].rcode);
        assert_int_equal(answer.target != NULL, cases[i].hit == LOCAL_ALIAS);
    }
    arena_fini(&a);
    stand_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_walks_it_ends_at_once),
        cmocka_unit_test(the_last_walk_takes_it_along),
        cmocka_unit_test(without_own_zones_nobody_looks_for_them),
        cmocka_unit_test(own_zones_are_what_the_resolver_calls_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
