#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "zone_text.h"
#include "zones/reverse.h"
#include "zones/set.h"
#include "zones/zone.h"

#define HEAD "$TTL 60\n@ SOA ns admin 1 2 3 4 5\n@ NS ns\nns A 10.0.0.1\n"

enum { SETTLED_S = 10 }; /* from now, what was just written is old enough to be known by its looks */

struct fixture {
    struct zone_dir dir;
    struct problem_lines lines;
};

static int set_up(void **state)
{
    static struct fixture f;
    f.lines = (struct problem_lines){.len = 0};
    zone_dir_make(&f.dir);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    zone_dir_remove(&f->dir);
    return 0;
}

static struct zone_set *load(struct fixture *f, const struct zone_source *sources, size_t count,
                             const struct zone_set *old)
{
    return zone_set_load(sources, count, old, time(NULL) + SETTLED_S, problem_lines_add, &f->lines);
}

static void expect(const struct zone_set *set, const char *name, const char *type, const char *lines)
{
    char got[8192];
    assert_string_equal(zone_reply_lines(set, name, type, got, sizeof(got)), lines);
}

static const uint8_t *apex_for(const struct zone_set *set, const char *name)
{
    const struct zone *z = zone_set_find(set, zone_name(name));
    return z != NULL ? z->apex : NULL;
}

static void the_longest_apex_wins(void **state)
{
    struct fixture *f = *state;
    const char *file = zone_dir_write(&f->dir, "z", HEAD);
    const struct zone_source sources[] = {
        {.name = zone_name("test."), .file = file},
        {.name = zone_name("a.b.test."), .file = file},
        {.name = zone_name("B.test."), .file = file},
        {.name = zone_name("example."), .file = file},
    };
    struct zone_set *set = load(f, sources, 4, NULL);
    assert_non_null(set);
    assert_int_equal(zone_set_count(set), 4);
    assert_true(name_equal(apex_for(set, "test."), zone_name("test.")));
    assert_true(name_equal(apex_for(set, "x.test."), zone_name("test.")));
    assert_true(name_equal(apex_for(set, "bb.test."), zone_name("test.")));
    assert_true(name_equal(apex_for(set, "b.test."), zone_name("b.test.")));
    assert_true(name_equal(apex_for(set, "aa.b.test."), zone_name("b.test.")));
    assert_true(name_equal(apex_for(set, "x.A.b.TEST."), zone_name("a.b.test.")));
    assert_null(apex_for(set, "."));
    assert_null(apex_for(set, "com."));
    assert_null(apex_for(set, "testa."));
    assert_null(zone_set_at(set, 4));
    zone_set_free(set);
}

static void an_empty_set_holds_nothing(void **state)
{
    struct zone_set *set = load(*state, NULL, 0, NULL);
    assert_non_null(set);
    assert_int_equal(zone_set_count(set), 0);
    assert_null(apex_for(set, "a.test."));
    zone_set_free(set);
    zone_set_free(NULL);
}

static void every_file_is_read_and_one_error_refuses_all(void **state)
{
    struct fixture *f = *state;
    const struct zone_source sources[] = {
        {.name = zone_name("a.test."), .file = zone_dir_write(&f->dir, "a", HEAD "x X 1\n")},
        {.name = zone_name("b.test."), .file = zone_dir_write(&f->dir, "b", HEAD)},
        {.name = zone_name("c.test."), .file = zone_dir_write(&f->dir, "c", HEAD "y Y 1\n")},
    };
    assert_null(load(f, sources, 3, NULL));
    assert_string_equal(f->lines.text,
                        "a:5:3: error: unknown record type 'X'\nc:5:3: error: unknown record type 'Y'\n");
}

static void two_zones_of_one_name_are_an_error(void **state)
{
    struct fixture *f = *state;
    const char *file = zone_dir_write(&f->dir, "z", HEAD);
    const struct zone_source sources[] = {{.name = zone_name("a.test."), .file = file},
                                          {.name = zone_name("A.test."), .file = file}};
    assert_null(load(f, sources, 2, NULL));
    assert_string_equal(f->lines.text, "z:0:0: error: there is another zone of the same name; remove one of them\n");
}

static void a_reload_reads_only_what_changed(void **state)
{
    struct fixture *f = *state;
    zone_dir_write(&f->dir, "part", "p A 10.0.0.7\n");
    const struct zone_source sources[] = {
        {.name = zone_name("a.test."), .file = zone_dir_write(&f->dir, "a", HEAD)},
        {.name = zone_name("b.test."), .file = zone_dir_write(&f->dir, "b", HEAD "$INCLUDE part\n")},
        {.name = zone_name("c.test."), .file = zone_dir_write(&f->dir, "c", HEAD)},
    };
    struct zone_set *first = load(f, sources, 3, NULL);
    struct zone_set *second = load(f, sources, 3, first);
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(zone_set_at(first, i), zone_set_at(second, i));
    }
    zone_dir_write(&f->dir, "part", "p A 10.0.0.88\n");
    zone_dir_write(&f->dir, "c", HEAD "new A 10.0.0.9\n");
    struct zone_set *third = load(f, sources, 3, second);
    assert_ptr_equal(zone_set_at(second, 0), zone_set_at(third, 0));
    assert_ptr_not_equal(zone_set_at(second, 1), zone_set_at(third, 1));
    assert_ptr_not_equal(zone_set_at(second, 2), zone_set_at(third, 2));
    zone_set_free(first);
    expect(second, "p.b.test.", "A", "ANSWER NOERROR\nAN p.b.test. 60 A 10.0.0.7\n");
    zone_set_free(second);
    expect(third, "p.b.test.", "A", "ANSWER NOERROR\nAN p.b.test. 60 A 10.0.0.88\n");
    expect(third, "ns.a.test.", "A", "ANSWER NOERROR\nAN ns.a.test. 60 A 10.0.0.1\n");
    zone_set_free(third);
    assert_string_equal(f->lines.text, "");
}

static void a_file_replaced_by_one_of_equal_size_is_read_again(void **state)
{
    struct fixture *f = *state;
    char path[128];
    const char *other = zone_dir_write(&f->dir, "other", HEAD "a A 10.0.0.3\n");
    snprintf(path, sizeof(path), "%s", zone_dir_write(&f->dir, "z", HEAD "a A 10.0.0.2\n"));
    const struct zone_source source = {.name = zone_name("a.test."), .file = path};
    struct zone_set *first = load(f, &source, 1, NULL);
    assert_int_equal(rename(other, path), 0);
    struct zone_set *second = load(f, &source, 1, first);
    zone_set_free(first);
    expect(second, "a.a.test.", "A", "ANSWER NOERROR\nAN a.a.test. 60 A 10.0.0.3\n");
    zone_set_free(second);
}

/* Another write may follow within one tick of the clock that stamps files. */
static void looks_that_were_new_when_it_was_read_prove_nothing(void **state)
{
    struct fixture *f = *state;
    const struct zone_source source = {.name = zone_name("a.test."), .file = zone_dir_write(&f->dir, "z", HEAD)};
    struct zone_set *first = zone_set_load(&source, 1, NULL, time(NULL), problem_lines_add, &f->lines);
    struct zone_set *second = load(f, &source, 1, first);
    assert_ptr_not_equal(zone_set_at(first, 0), zone_set_at(second, 0));
    struct zone_set *third = load(f, &source, 1, second);
    assert_ptr_equal(zone_set_at(second, 0), zone_set_at(third, 0));
    zone_set_free(first);
    zone_set_free(second);
    zone_set_free(third);
}

static void a_failed_reload_leaves_the_old_set_as_it_was(void **state)
{
    struct fixture *f = *state;
    const struct zone_source source = {.name = zone_name("a.test."), .file = zone_dir_write(&f->dir, "z", HEAD)};
    struct zone_set *first = load(f, &source, 1, NULL);
    zone_dir_write(&f->dir, "z", HEAD "a X\n");
    assert_null(load(f, &source, 1, first));
    expect(first, "ns.a.test.", "A", "ANSWER NOERROR\nAN ns.a.test. 60 A 10.0.0.1\n");
    assert_int_equal(unlink(source.file), 0);
    assert_null(load(f, &source, 1, first));
    zone_set_free(first);
}

/* ---- Reverse ---- */

static struct zone_set *load_reverse(struct fixture *f, const char *text)
{
    const struct zone_source sources[] = {
        {.name = zone_name("x.test."), .file = zone_dir_write(&f->dir, "x", text), .make_reverse = true},
        {.name = zone_name("y.test."), .file = zone_dir_write(&f->dir, "y", HEAD "z A 10.0.0.9\n")},
        {.name = zone_name("2.0.10.in-addr.arpa."), .file = zone_dir_write(&f->dir, "r", HEAD)},
    };
    struct zone_set *set = load(f, sources, 3, NULL);
    assert_string_equal(f->lines.text, "");
    return set;
}

static void addresses_get_pointers_when_asked_for(void **state)
{
    struct zone_set *set = load_reverse(*state, HEAD "www 30 A 10.0.0.1\nwww AAAA fd00::1:2\n");
    expect(set, "1.0.0.10.in-addr.arpa.", "PTR",
           "ANSWER NOERROR\n"
           "AN 1.0.0.10.in-addr.arpa. 30 PTR ns.x.test.\n"
           "AN 1.0.0.10.in-addr.arpa. 30 PTR www.x.test.\n");
    expect(set, "2.0.0.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.D.f.ip6.arpa.", "PTR",
           "ANSWER NOERROR\n"
           "AN 2.0.0.0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.D.f.ip6.arpa. 60 PTR www.x.test.\n");
    expect(set, "9.0.0.10.in-addr.arpa.", "PTR", "NONE NOERROR\n");
    zone_set_free(set);
}

static void each_reverse_name_is_the_apex_of_its_own_zone(void **state)
{
    struct zone_set *set = load_reverse(*state, HEAD);
    expect(set, "1.0.0.10.in-addr.arpa.", "TXT",
           "ANSWER NOERROR\n"
           "NS 1.0.0.10.in-addr.arpa. 5 SOA ns.x.test. admin.x.test. 1 2 3 4 5\n");
    expect(set, "1.0.0.10.in-addr.arpa.", "NS",
           "ANSWER NOERROR\n"
           "AN 1.0.0.10.in-addr.arpa. 60 NS ns.x.test.\n"
           "AD ns.x.test. 60 A 10.0.0.1\n");
    expect(set, "a.1.0.0.10.in-addr.arpa.", "PTR",
           "ANSWER NXDOMAIN\n"
           "NS 1.0.0.10.in-addr.arpa. 5 SOA ns.x.test. admin.x.test. 1 2 3 4 5\n");
    expect(set, "2.0.0.10.in-addr.arpa.", "PTR", "NONE NOERROR\n");
    expect(set, "0.0.10.in-addr.arpa.", "SOA", "NONE NOERROR\n");
    expect(set, "in-addr.arpa.", "NS", "NONE NOERROR\n");
    expect(set, ".", "NS", "NONE NOERROR\n");
    assert_int_equal(zone_set_count(set), 3);
    zone_set_free(set);
}

static void wildcards_glue_and_covered_addresses_get_no_pointers(void **state)
{
    struct zone_set *set = load_reverse(*state, HEAD "*.w A 10.0.0.3\nsub NS ns.sub\nns.sub A 10.0.0.4\nm A 10.0.2.5\n"
                                                     "m A 10.0.1.5\n");
    expect(set, "3.0.0.10.in-addr.arpa.", "PTR", "NONE NOERROR\n");
    expect(set, "4.0.0.10.in-addr.arpa.", "PTR", "NONE NOERROR\n");
    expect(set, "5.2.0.10.in-addr.arpa.", "PTR",
           "ANSWER NXDOMAIN\n"
           "NS 2.0.10.in-addr.arpa. 5 SOA ns.2.0.10.in-addr.arpa. admin.2.0.10.in-addr.arpa. 1 2 3 4 5\n");
    expect(set, "5.1.0.10.in-addr.arpa.", "PTR", "ANSWER NOERROR\nAN 5.1.0.10.in-addr.arpa. 60 PTR m.x.test.\n");
    zone_set_free(set);
}

static void the_names_of_one_address_are_capped(void **state)
{
    static char text[8192] = HEAD;
    char got[8192];
    for (unsigned i = 0; i < 2 * REVERSE_NAMES_MAX; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "n%u A 10.0.0.6\n", i);
    }
    struct zone_set *set = load_reverse(*state, text);
    unsigned count = 0;
    zone_reply_lines(set, "6.0.0.10.in-addr.arpa.", "PTR", got, sizeof(got));
    for (const char *at = strstr(got, " PTR "); at != NULL; at = strstr(at + 1, " PTR ")) {
        count++;
    }
    assert_int_equal(count, REVERSE_NAMES_MAX);
    zone_set_free(set);
}

static void a_reload_makes_pointers_anew_when_something_changed(void **state)
{
    struct fixture *f = *state;
    struct zone_source source = {
        .name = zone_name("x.test."), .file = zone_dir_write(&f->dir, "x", HEAD), .make_reverse = true};
    struct zone_set *first = load(f, &source, 1, NULL);
    struct zone_set *same = load(f, &source, 1, first);
    const uint8_t *name = zone_name("1.0.0.10.in-addr.arpa.");
    assert_ptr_equal(zone_set_find(first, name), zone_set_find(same, name));
    zone_set_free(first);
    zone_dir_write(&f->dir, "x", HEAD "www A 10.0.0.1\n");
    struct zone_set *changed = load(f, &source, 1, same);
    expect(same, "1.0.0.10.in-addr.arpa.", "PTR", "ANSWER NOERROR\nAN 1.0.0.10.in-addr.arpa. 60 PTR ns.x.test.\n");
    expect(changed, "1.0.0.10.in-addr.arpa.", "PTR",
           "ANSWER NOERROR\n"
           "AN 1.0.0.10.in-addr.arpa. 60 PTR ns.x.test.\n"
           "AN 1.0.0.10.in-addr.arpa. 60 PTR www.x.test.\n");
    zone_set_free(same);
    source.make_reverse = false;
    struct zone_set *without = load(f, &source, 1, changed);
    expect(without, "1.0.0.10.in-addr.arpa.", "PTR", "NONE NOERROR\n");
    zone_set_free(changed);
    zone_set_free(without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_longest_apex_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_set_holds_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_file_is_read_and_one_error_refuses_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_zones_of_one_name_are_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reload_reads_only_what_changed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_replaced_by_one_of_equal_size_is_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(looks_that_were_new_when_it_was_read_prove_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_reload_leaves_the_old_set_as_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(addresses_get_pointers_when_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_reverse_name_is_the_apex_of_its_own_zone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wildcards_glue_and_covered_addresses_get_no_pointers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_names_of_one_address_are_capped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reload_makes_pointers_anew_when_something_changed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
