#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "zone_text.h"
#include "zones/read.h"
#include "zones/zone.h"

#define HEAD "$TTL 60\n@ SOA ns admin 1 2 3 4 5\n@ NS ns\nns A 10.0.0.1\n" /* lines 1 to 4 */

static struct zone *read_zone(const char *text, struct problem_lines *lines)
{
    *lines = (struct problem_lines){.len = 0};
    return zone_read_text(zone_name("x.test."), "x", text, strlen(text), problem_lines_add, lines);
}

/* The head and `text` give these problems; a zone comes of it unless one is an error. */
static void expect(const char *text, const char *problems)
{
    struct problem_lines lines;
    char whole[4096];
    snprintf(whole, sizeof(whole), HEAD "%s", text);
    struct zone *z = read_zone(whole, &lines);
    assert_string_equal(lines.text, problems);
    assert_true((z != NULL) == (lines.errors == 0));
    zone_release(z);
}

static void expect_whole(const char *text, const char *problems)
{
    struct problem_lines lines;
    struct zone *z = read_zone(text, &lines);
    assert_string_equal(lines.text, problems);
    assert_true((z != NULL) == (lines.errors == 0));
    zone_release(z);
}

static void a_good_zone_has_no_problem(void **state)
{
    (void)state;
    expect("", "");
    expect("www A 10.0.0.2\nwww A 10.0.0.3\nwww TXT hi\nalias CNAME www\n", "");
    expect("sub NS ns.sub\nsub NS ns\nsub NS ns.elsewhere.example.\nns.sub A 10.0.0.2\n", "");
    expect("@ MX 0 .\n_x._tcp SRV 0 0 0 .\n@ MX 5 mail.elsewhere.example.\n", "");
    expect("old DNAME new\nold TXT there\nwww.new A 10.0.0.1\n", "");
    expect("*.w A 10.0.0.2\n@ MX 5 any.w\n", "");
}

static void the_apex_needs_one_soa_and_an_ns(void **state)
{
    (void)state;
    expect_whole("$TTL 1\na A 10.0.0.1\n",
                 "x:0:0: error: the zone has no SOA record; 'x.test.' needs one\n"
                 "x:0:0: error: the zone has no NS record at its apex; 'x.test.' needs at least one\n");
    expect_whole("", "x:0:0: error: the zone has no SOA record; 'x.test.' needs one\n"
                     "x:0:0: error: the zone has no NS record at its apex; 'x.test.' needs at least one\n");
    expect("@ SOA ns admin 2 2 3 4 5\n", "x:5:1: error: a second SOA record; a zone has exactly one\n");
    expect("a SOA ns admin 2 2 3 4 5\n", "x:5:1: error: an SOA record belongs to the apex 'x.test.' alone\n");
}

static void nothing_is_missed_where_a_line_was_bad(void **state)
{
    (void)state;
    expect_whole("$TTL 1\n@ SOA ns\n@ NS ns\nns X 1\na CNAME b\na A 10.0.0.1\n",
                 "x:2:9: error: SOA record: a field is missing\n"
                 "x:4:4: error: unknown record type 'X'\n"
                 "x:6:1: error: CNAME and A for the same name; an alias has no other data (RFC 1034 3.6.2)\n");
}

static void owners_outside_the_zone_are_errors(void **state)
{
    (void)state;
    expect("www.y.test. A 10.0.0.2\n", "x:5:1: error: 'www.y.test.' is outside the zone 'x.test.'\n");
    expect("test. A 10.0.0.2\n", "x:5:1: error: 'test.' is outside the zone 'x.test.'\n");
}

static void an_alias_stands_alone(void **state)
{
    (void)state;
    expect("a CNAME ns\na A 10.0.0.2\n",
           "x:6:1: error: CNAME and A for the same name; an alias has no other data (RFC 1034 3.6.2)\n");
    expect("a TXT t\na CNAME ns\n",
           "x:6:1: error: CNAME and TXT for the same name; an alias has no other data (RFC 1034 3.6.2)\n");
    expect("@ CNAME ns\n",
           "x:5:1: error: CNAME and NS for the same name; an alias has no other data (RFC 1034 3.6.2)\n");
    expect("a CNAME ns\na CNAME c.\n", "x:6:1: error: a second CNAME record for this name; an alias has one target\n");
    expect("a CNAME ns\na RRSIG CNAME 13 3 60 20300101000000 20200101000000 1 x.test. AAAA\na NSEC b CNAME\n", "");
}

static void a_dname_stands_over_nothing(void **state)
{
    (void)state;
    expect("a DNAME y.\nb.a A 10.0.0.1\n",
           "x:6:1: error: data below the DNAME at 'a.x.test.' can never be seen (RFC 6672 2.3)\n");
    expect("a DNAME y.\na DNAME z.\n", "x:6:1: error: a second DNAME record for this name; only one can hold\n");
    expect("a DNAME y.\na CNAME z.\n",
           "x:6:1: error: CNAME and DNAME for the same name; an alias has no other data (RFC 1034 3.6.2)\n");
    expect("a DNAME y.\na NS z.\n",
           "x:5:1: error: DNAME and NS for the same name; it is either renamed or delegated (RFC 6672 2.3)\n");
    expect("*.a DNAME y.\n", "x:5:1: warning: a DNAME at a wildcard renames nothing (RFC 6672 3.3)\n");
    expect_whole("$TTL 1\n@ SOA a. b. 1 2 3 4 5\n@ NS a.\n@ DNAME y.\nb A 10.0.0.1\n",
                 "x:5:1: error: data below the DNAME at 'x.test.' can never be seen (RFC 6672 2.3)\n");
}

static void delegations_are_looked_at(void **state)
{
    (void)state;
    expect("s NS ns.s\n",
           "x:5:1: warning: glue is missing: 'ns.s.x.test.' has no A or AAAA record, so nobody can reach it\n");
    expect("s NS ns.s\n*.s A 10.0.0.1\n",
           "x:5:1: warning: glue is missing: 'ns.s.x.test.' has no A or AAAA record, so nobody can reach it\n");
    expect("s NS gone\n", "x:5:1: warning: NS points to 'gone.x.test.', which has no A or AAAA record in this zone\n");
    expect("s NS a.t\nt NS ns\n", "");
    expect("s NS ns\nwww.s TXT t\nwww.s A 10.0.0.1\n",
           "x:6:1: warning: not served: 's.x.test.' delegates this name to other servers\n");
    expect("*.s NS ns\n", "x:5:1: warning: NS records at a wildcard delegate nothing (RFC 4592 4.2)\n");
    expect("s DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000\n",
           "x:5:1: warning: DS records have a meaning only beside the NS records of a delegation\n");
}

static void aliases_lead_to_names_that_exist(void **state)
{
    (void)state;
    expect("docs CNAME www.example.com\n", "x:5:1: warning: CNAME points to 'www.example.com.x.test.', which has no "
                                           "records in this zone; is a final dot missing?\n");
    expect("a PTR host.lan\n",
           "x:5:1: warning: PTR points to 'host.lan.x.test.', which has no records in this zone; is "
           "a final dot missing?\n");
    expect("a CNAME gone\n", "x:5:1: warning: CNAME points to 'gone.x.test.', which has no records in this zone\n");
    expect("a CNAME b.x.test\n",
           "x:5:1: warning: 'b.x.test.x.test.' ends in the zone's name twice; is a final dot missing?\n");
    expect("a CNAME elsewhere.\nb CNAME any.w\n*.w TXT t\nc CNAME x.s\nd CNAME s\ns NS ns\ne CNAME f.g\ng DNAME ns\n",
           "");
}

static void targets_need_addresses_and_are_no_aliases(void **state)
{
    (void)state;
    expect("@ NS alias\nalias CNAME ns\n",
           "x:5:1: warning: NS points to 'alias.x.test.', which is a CNAME (RFC 2181 10.3)\n");
    expect("@ MX 5 alias\nalias CNAME ns\n",
           "x:5:1: warning: MX points to 'alias.x.test.', which is a CNAME (RFC 2181 10.3)\n");
    expect("_s._tcp SRV 0 0 1 alias\nalias CNAME ns\n",
           "x:5:1: warning: SRV points to 'alias.x.test.', which is a CNAME (RFC 2181 10.3)\n");
    expect("@ MX 5 mail\n",
           "x:5:1: warning: MX points to 'mail.x.test.', which has no A or AAAA record in this zone\n");
    expect("@ NS txt\ntxt TXT t\n",
           "x:5:1: warning: NS points to 'txt.x.test.', which has no A or AAAA record in this zone\n");
}

static void a_missing_final_dot_is_noticed(void **state)
{
    (void)state;
    expect("www.x.test A 10.0.0.2\n",
           "x:5:1: warning: 'www.x.test.x.test.' ends in the zone's name twice; is a final dot missing?\n");
    expect("a CNAME www.x.test\n",
           "x:5:1: warning: 'www.x.test.x.test.' ends in the zone's name twice; is a final dot missing?\n");
}

static void ttls_of_one_rrset_become_the_smallest(void **state)
{
    (void)state;
    struct problem_lines lines;
    struct zone *z = read_zone(HEAD "a 9 A 10.0.0.2\na 7 A 10.0.0.3\na 8 A 10.0.0.4\na 1 TXT t\n", &lines);
    assert_string_equal(lines.text,
                        "x:6:1: warning: A records of one name with different TTLs; the smallest is used for "
                        "all (RFC 2181 5.2)\n");
    const struct zone_rrset *set = zone_node_set(zone_node_find(z, zone_name("a.x.test.")), TYPE_A);
    assert_int_equal(set->ttl, 7);
    assert_int_equal(set->count, 3);
    zone_release(z);
}

static void duplicates_are_dropped_whatever_their_case(void **state)
{
    (void)state;
    struct problem_lines lines;
    struct zone *z = read_zone(HEAD "a A 10.0.0.3\nA A 10.0.0.2\na A 10.0.0.3\na TXT t\na TXT T\n@ NS NS\n", &lines);
    assert_string_equal(lines.text, "x:10:1: warning: this record is written twice; one is enough\n"
                                    "x:7:1: warning: this record is written twice; one is enough\n");
    const struct zone_node *a = zone_node_find(z, zone_name("a.x.test."));
    struct rdatas data = zone_rrset_data(zone_node_set(a, TYPE_A));
    assert_int_equal(data.count, 2);
    assert_memory_equal(rdatas_first(&data).bytes, "\x0a\0\0\x02", 4);
    assert_int_equal(zone_node_set(a, TYPE_TXT)->count, 2);
    assert_int_equal(zone_node_set(z->top, TYPE_NS)->count, 1);
    assert_int_equal(z->record_count, 7);
    zone_release(z);
}

static void an_rrset_that_fits_no_answer_is_an_error(void **state)
{
    (void)state;
    static char text[400 * 1024];
    struct problem_lines lines;
    size_t len = (size_t)snprintf(text, sizeof(text), HEAD);
    for (unsigned i = 0; i < 4096; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "a A 10.1.%u.%u\n", i >> 8, i & 255);
    }
    struct zone *z = read_zone(text, &lines);
    assert_null(z);
    assert_string_equal(lines.text, "x:5:1: error: the A records of this name do not fit one answer of 65535 octets\n");
}

static void the_zone_knows_its_serial_and_counts(void **state)
{
    (void)state;
    struct problem_lines lines;
    struct zone *z =
        read_zone("$TTL 1\n@ SOA ns admin 4294967295 2 3 4 5\n@ NS ns\nns A 10.0.0.1\n*.w A 10.0.0.1\n", &lines);
    assert_int_equal(z->serial, 4294967295u);
    assert_int_equal(z->record_count, 4);
    assert_int_equal(z->tree.count, 3);
    assert_true(z->has_wildcards);
    zone_release(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_zone_has_no_problem),
        cmocka_unit_test(the_apex_needs_one_soa_and_an_ns),
        cmocka_unit_test(nothing_is_missed_where_a_line_was_bad),
        cmocka_unit_test(owners_outside_the_zone_are_errors),
        cmocka_unit_test(an_alias_stands_alone),
        cmocka_unit_test(a_dname_stands_over_nothing),
        cmocka_unit_test(delegations_are_looked_at),
        cmocka_unit_test(aliases_lead_to_names_that_exist),
        cmocka_unit_test(targets_need_addresses_and_are_no_aliases),
        cmocka_unit_test(a_missing_final_dot_is_noticed),
        cmocka_unit_test(ttls_of_one_rrset_become_the_smallest),
        cmocka_unit_test(duplicates_are_dropped_whatever_their_case),
        cmocka_unit_test(an_rrset_that_fits_no_answer_is_an_error),
        cmocka_unit_test(the_zone_knows_its_serial_and_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
