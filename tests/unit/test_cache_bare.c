/* Names known to be bare: what a view may take for granted, and what ends that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cache/bare.h"

static const uint8_t labels[] = "com\0example";
enum { LEN = sizeof(labels), HASH = 77 };

struct state {
    struct bare_log log;
    struct bare_names names;
};

static int start(void **state)
{
    *state = calloc(1, sizeof(struct state));
    return *state != NULL ? 0 : -1;
}

static int stop(void **state)
{
    free(*state);
    return 0;
}

static bool has(const struct state *s)
{
    return bare_has(&s->names, &s->log, labels, LEN, HASH);
}

static void nothing_is_known_at_first(void **state)
{
    const struct state *s = *state;
    assert_false(has(s));
    assert_false(bare_has(&s->names, &s->log, labels, 0, HASH));
}

static void a_name_stays_bare_until_something_is_put(void **state)
{
    struct state *s = *state;
    bare_log_put(&s->log, HASH);
    bare_log_commit(&s->log);
    bare_add(&s->names, labels, LEN, HASH, bare_log_now(&s->log));
    assert_true(has(s));
    bare_log_put(&s->log, HASH + 1);
    bare_log_commit(&s->log);
    assert_true(has(s));
    bare_log_put(&s->log, HASH);
    assert_false(has(s)); /* before its commit: a snapshot may show it at any moment */
    bare_log_commit(&s->log);
    assert_false(has(s));
}

/* The snapshot that it was looked for in may be older than the batch that is being written. */
static void a_put_that_was_under_way_ends_it(void **state)
{
    struct state *s = *state;
    uint64_t moment = bare_log_now(&s->log);
    bare_log_put(&s->log, HASH);
    bare_add(&s->names, labels, LEN, HASH, moment);
    assert_false(has(s));
    bare_log_commit(&s->log);
    bare_add(&s->names, labels, LEN, HASH, moment);
    assert_false(has(s));
    bare_add(&s->names, labels, LEN, HASH, bare_log_now(&s->log)); /* flushed meanwhile */
    assert_true(has(s));
}

static void names_of_one_hash_are_told_apart(void **state)
{
    static const uint8_t other[] = "com\0exampld";
    struct state *s = *state;
    bare_add(&s->names, labels, LEN, HASH, 0);
    assert_false(bare_has(&s->names, &s->log, other, LEN, HASH));
    assert_false(bare_has(&s->names, &s->log, labels, 4, HASH)); /* com. */
    assert_false(bare_has(&s->names, &s->log, labels, 0, HASH));
    bare_add(&s->names, other, LEN, HASH + BARE_NAMES, 0);
    assert_false(has(s));
    assert_true(bare_has(&s->names, &s->log, other, LEN, HASH + BARE_NAMES));
}

static void a_put_ends_other_names_of_its_place_in_the_log_at_most(void **state)
{
    struct state *s = *state;
    bare_add(&s->names, labels, LEN, HASH, 0);
    bare_log_put(&s->log, HASH + BARE_LOG_SIZE);
    assert_false(has(s));
}

static void long_names_are_not_remembered(void **state)
{
    uint8_t name[BARE_LABELS + 1] = {0};
    struct state *s = *state;
    bare_add(&s->names, name, BARE_LABELS, HASH, 0);
    assert_true(bare_has(&s->names, &s->log, name, BARE_LABELS, HASH));
    bare_add(&s->names, name, BARE_LABELS + 1, HASH, 0);
    assert_false(bare_has(&s->names, &s->log, name, BARE_LABELS + 1, HASH));
    assert_true(bare_has(&s->names, &s->log, name, BARE_LABELS, HASH));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
        TEST(nothing_is_known_at_first),
        TEST(a_name_stays_bare_until_something_is_put),
        TEST(a_put_that_was_under_way_ends_it),
        TEST(names_of_one_hash_are_told_apart),
        TEST(a_put_ends_other_names_of_its_place_in_the_log_at_most),
        TEST(long_names_are_not_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
