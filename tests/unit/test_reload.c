/* Loading from files (load.h) and doing so beside a running daemon (reload.h). */
#include "resolver/server/reload.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/base/clock.h"
#include "zone_text.h"

#define GOOD_ZONE  "@ 60 SOA ns host 1 3600 900 604800 60\n@ 60 NS ns\nns 60 A 10.0.0.1\n"
#define OTHER_ZONE "@ 60 SOA ns host 2 3600 900 604800 60\n@ 60 NS ns\nns 60 A 10.0.0.2\n"
#define BAD_ZONE   "@ 60 SOA ns host 3 3600 900 604800 60\n@ 60 NS ns\nns 60 A 10.0.0.256\n"
#define CONFIG     "zones: [{name: dev.test, file: dev.zone}, {name: lab.test, file: lab.zone}]\n"

enum { SETTLED_S = 10 }; /* from now, what was just written is old enough to be known by its looks */

static struct zone_dir dir;
static char config_path[256];

static int set_up(void **state)
{
    (void)state;
    zone_dir_make(&dir);
    zone_dir_write(&dir, "dev.zone", GOOD_ZONE);
    zone_dir_write(&dir, "lab.zone", GOOD_ZONE);
    snprintf(config_path, sizeof(config_path), "%s", zone_dir_write(&dir, "cairn.yaml", CONFIG));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    zone_dir_remove(&dir);
    return 0;
}

/* ---- load.h ---- */

struct problems {
    char text[4096];
    unsigned count;
};

static void note(void *arg, const struct config_problem *p)
{
    struct problems *all = arg;
    const char *slash = strrchr(p->file, '/');
    size_t used = strlen(all->text);
    snprintf(all->text + used, sizeof(all->text) - used, "%s:%u:%u\n", slash != NULL ? slash + 1 : p->file, p->line,
             p->column);
    all->count++;
}

static void a_start_gets_configuration_and_zones(void **state)
{
    (void)state;
    struct problems problems = {.count = 0};
    struct loaded l;
    assert_int_equal(load_all(config_path, NULL, clock_wall() + SETTLED_S, note, &problems, &l), FAIL_NONE);
    assert_int_equal(problems.count, 0);
    assert_int_equal(zone_set_count(l.zones), 2);
    zone_set_free(l.zones);
    config_free(l.config);
}

static void without_zones_there_is_no_set(void **state)
{
    (void)state;
    struct problems problems = {.count = 0};
    struct loaded l;
    zone_dir_write(&dir, "cairn.yaml", "log: {level: warn}\n");
    assert_int_equal(load_all(config_path, NULL, clock_wall() + SETTLED_S, note, &problems, &l), FAIL_NONE);
    assert_null(l.zones);
    config_free(l.config);
}

static void what_is_wrong_is_reported_with_its_place_and_nothing_is_returned(void **state)
{
    (void)state;
    struct problems problems = {.count = 0};
    struct loaded l;
    zone_dir_write(&dir, "cairn.yaml", "server:\n  workers: many\n  usr: x\n");
    assert_int_equal(load_all(config_path, NULL, clock_wall() + SETTLED_S, note, &problems, &l), FAIL_SYNTAX);
    assert_string_equal(problems.text, "cairn.yaml:2:12\ncairn.yaml:3:3\n");
    assert_null(l.config);

    problems = (struct problems){.count = 0};
    zone_dir_write(&dir, "cairn.yaml", CONFIG);
    zone_dir_write(&dir, "lab.zone", BAD_ZONE);
    assert_int_equal(load_all(config_path, NULL, clock_wall() + SETTLED_S, note, &problems, &l), FAIL_SYNTAX);
    assert_string_equal(problems.text, "lab.zone:3:9\n");
    assert_null(l.config);
    assert_null(l.zones);
}

static void an_unchanged_zone_is_shared_with_the_set_before(void **state)
{
    (void)state;
    struct problems problems = {.count = 0};
    struct loaded first, second;
    assert_int_equal(load_all(config_path, NULL, clock_wall() + SETTLED_S, note, &problems, &first), FAIL_NONE);
    zone_dir_write(&dir, "lab.zone", OTHER_ZONE "more 60 A 10.0.0.3\n");
    assert_int_equal(load_all(config_path, first.zones, clock_wall() + SETTLED_S, note, &problems, &second), FAIL_NONE);
    const uint8_t *dev = zone_name("dev.test."), *lab = zone_name("lab.test.");
    assert_ptr_equal(zone_set_find(first.zones, dev), zone_set_find(second.zones, dev));
    assert_ptr_not_equal(zone_set_find(first.zones, lab), zone_set_find(second.zones, lab));
    zone_set_free(first.zones);
    config_free(first.config);
    assert_non_null(zone_set_find(second.zones, dev));
    zone_set_free(second.zones);
    config_free(second.config);
}

/* ---- reload.h ---- */

struct home {
    struct event_base *base;
    struct mailbox mailbox;
    struct reload *reload;
    struct settings *current;
    unsigned done;
    bool was_ok;
    char problems[4096];
};

/* As the daemon does: new settings take the place of the old, or the old ones stay. */
static void on_done(void *ctx, const struct reload_result *r)
{
    struct home *h = ctx;
    size_t i;
    json_t *p;
    h->done++;
    h->was_ok = r->ok;
    h->problems[0] = '\0';
    json_array_foreach(r->problems, i, p)
    {
        size_t used = strlen(h->problems);
        snprintf(h->problems + used, sizeof(h->problems) - used, "%s\n", json_string_value(p));
    }
    if (r->ok) {
        struct settings *old = h->current;
        h->current = settings_new(r->loaded.config, r->loaded.zones);
        settings_drop(old);
    }
}

static void home_make(struct home *h)
{
    struct problems problems = {.count = 0};
    struct loaded l;
    *h = (struct home){.base = event_base_new()};
    assert_int_equal(mailbox_init(&h->mailbox, h->base), FAIL_NONE);
    assert_int_equal(load_all(config_path, NULL, clock_wall() + SETTLED_S, note, &problems, &l), FAIL_NONE);
    h->current = settings_new(l.config, l.zones);
    h->reload = reload_new(&h->mailbox, on_done, h);
    assert_non_null(h->reload);
}

static void home_end(struct home *h)
{
    reload_wait(h->reload);
    mailbox_fini(&h->mailbox);
    reload_free(h->reload);
    settings_drop(h->current);
    event_base_free(h->base);
}

static void reload_and_wait(struct home *h)
{
    unsigned before = h->done;
    assert_int_equal(reload_start(h->reload, config_path, h->current), FAIL_NONE);
    while (h->done == before) {
        event_base_loop(h->base, EVLOOP_ONCE);
    }
}

static void a_reload_brings_what_the_files_say_now(void **state)
{
    (void)state;
    struct home h;
    home_make(&h);
    struct settings *old = h.current;
    zone_dir_write(&dir, "cairn.yaml", CONFIG "cache: {max-ttl: 7s}\n");
    reload_and_wait(&h);
    assert_true(h.was_ok);
    assert_ptr_not_equal(h.current, old);
    assert_int_equal(h.current->cache.max_ttl, 7);
    assert_int_equal(atomic_load(&h.current->users), 1);
    home_end(&h);
}

static void after_an_error_the_old_settings_stay_and_the_place_is_told(void **state)
{
    (void)state;
    struct home h;
    home_make(&h);
    struct settings *old = h.current;
    zone_dir_write(&dir, "dev.zone", BAD_ZONE);
    reload_and_wait(&h);
    assert_false(h.was_ok);
    assert_non_null(strstr(h.problems, "dev.zone:3:9: error: "));
    zone_dir_write(&dir, "cairn.yaml", "server: {workers: many}\n");
    reload_and_wait(&h);
    assert_false(h.was_ok);
    assert_non_null(strstr(h.problems, "cairn.yaml:1:19: error: "));
    assert_ptr_equal(h.current, old);
    assert_int_equal(atomic_load(&old->users), 1);
    zone_dir_write(&dir, "cairn.yaml", "");
    reload_and_wait(&h);
    assert_true(h.was_ok);
    assert_null(h.current->zones);
    home_end(&h);
}

static void a_missing_file_is_an_error_without_a_place(void **state)
{
    (void)state;
    struct home h;
    home_make(&h);
    snprintf(config_path, sizeof(config_path), "%s/none.yaml", dir.path);
    reload_and_wait(&h);
    assert_false(h.was_ok);
    assert_non_null(strstr(h.problems, "none.yaml: error: "));
    home_end(&h);
}

static void one_reload_runs_at_a_time(void **state)
{
    (void)state;
    struct home h;
    home_make(&h);
    assert_int_equal(reload_start(h.reload, config_path, h.current), FAIL_NONE);
    assert_int_equal(reload_start(h.reload, config_path, h.current), FAIL_BUSY);
    reload_wait(h.reload);
    assert_int_equal(h.done, 0); /* loaded, not handed over */
    assert_int_equal(reload_start(h.reload, config_path, h.current), FAIL_BUSY);
    event_base_loop(h.base, EVLOOP_ONCE);
    assert_int_equal(h.done, 1);
    reload_and_wait(&h);
    home_end(&h);
}

static void at_the_end_the_outcome_on_its_way_still_arrives(void **state)
{
    (void)state;
    struct home h;
    home_make(&h);
    assert_int_equal(reload_start(h.reload, config_path, h.current), FAIL_NONE);
    home_end(&h);
    assert_int_equal(h.done, 1);
}

#define RELOAD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RELOAD_TEST(a_start_gets_configuration_and_zones),
        RELOAD_TEST(without_zones_there_is_no_set),
        RELOAD_TEST(what_is_wrong_is_reported_with_its_place_and_nothing_is_returned),
        RELOAD_TEST(an_unchanged_zone_is_shared_with_the_set_before),
        RELOAD_TEST(a_reload_brings_what_the_files_say_now),
        RELOAD_TEST(after_an_error_the_old_settings_stay_and_the_place_is_told),
        RELOAD_TEST(a_missing_file_is_an_error_without_a_place),
        RELOAD_TEST(one_reload_runs_at_a_time),
        RELOAD_TEST(at_the_end_the_outcome_on_its_way_still_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
