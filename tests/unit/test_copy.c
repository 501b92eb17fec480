/* A copy of a zone: what makes it whole, and what it says in place of the zone's servers. */
#include "resolver/iterate/copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "zone_text.h"
#include "zones/load.h"

static int take(void *arg, const struct load_record *record)
{
    struct zone_copy *c = arg;
    struct record r = {record->owner, record->rdata, record->ttl, record->type, record->len};
    return copy_add(c, &r);
}

static struct zone_copy *load(const char *apex, const char *text)
{
    struct scan_files files = {0};
    struct problems problems = {.path = "x", .files = &files};
    struct zone_copy *c = copy_new(zone_name(apex));
    const struct load_job job = {
        .files = &files, .problems = &problems, .origin = zone_name(apex), .sink = take, .arg = c};
    assert_non_null(c);
    assert_int_equal(load_text(&job, "x", text, strlen(text)), FAIL_NONE);
    assert_int_equal(problems.errors, 0);
    scan_files_free(&files);
    return c;
}

static void finish(const char *apex, const char *text, bool has_digest, const char *complaint)
{
    struct zone_copy *c = load(apex, text);
    const char *why = copy_finish(c, NULL, NULL);
    if (complaint == NULL) {
        assert_null(why);
        assert_int_equal(copy_has_digest(c), has_digest);
    } else {
        assert_non_null(why);
        assert_non_null(strstr(why, complaint));
    }
    copy_release(c);
}

#define SIMPLE                                                                                                         \
    "example. 86400 SOA ns1 admin 2018031900 1800 900 604800 86400\n"                                                  \
    "example. 86400 NS ns1\nexample. 86400 NS ns2\n"                                                                   \
    "ns1 3600 A 203.0.113.63\nNS2 3600 AAAA 2001:db8::63\n"
#define DIGEST "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c"

/* RFC 8976 A.1. */
static void the_digest_of_a_zone_must_be_right(void **state)
{
    (void)state;
    finish("example.", SIMPLE "@ 86400 ZONEMD 2018031900 1 1 " DIGEST, true, NULL);
    finish("example.", SIMPLE "ns1 3600 A 203.0.113.63\n@ 86400 ZONEMD 2018031900 1 1 " DIGEST, true, NULL);
    finish("example.", SIMPLE "ns1 3600 A 203.0.113.64\n@ 86400 ZONEMD 2018031900 1 1 " DIGEST, false, "digest");
    finish("example.", SIMPLE "@ 3600 ZONEMD 2018031901 1 1 " DIGEST, false, NULL); /* of another serial */
    finish("example.", SIMPLE "@ 3600 ZONEMD 2018031900 240 1 " DIGEST, false, NULL);
    finish("example.", SIMPLE "@ 3600 ZONEMD 2018031900 1 240 " DIGEST, false, NULL);
    finish("example.", SIMPLE, false, NULL);
}

/* RFC 8976 4: of two of one scheme and hash neither counts. */
static void digests_that_contradict_each_other_count_for_nothing(void **state)
{
    (void)state;
    finish("example.", SIMPLE "@ 86400 ZONEMD 2018031900 1 1 " DIGEST "\n@ 86400 ZONEMD 2018031900 1 1 00" DIGEST,
           false, NULL);
}

static void a_zone_has_one_soa_and_servers_and_nothing_from_outside(void **state)
{
    struct record outside = {zone_name("example."), (const uint8_t *)"\1\2\3\4", 60, TYPE_A, 4};
    (void)state;
    finish("example.", "ns1 3600 A 203.0.113.63\n@ NS ns1\n", false, "no SOA");
    finish("example.", "@ 60 SOA ns1 admin 1 2 3 4 5\n", false, "no NS");
    finish("example.", SIMPLE "@ 86400 SOA ns1 admin 2018031901 1800 900 604800 86400\n", false, "several");
    struct zone_copy *c = copy_new(zone_name("sub.example."));
    assert_int_equal(copy_add(c, &outside), FAIL_WIRE);
    copy_release(c);
}

static void the_times_are_those_of_the_soa(void **state)
{
    struct zone_copy *c = load("example.", SIMPLE);
    (void)state;
    assert_null(copy_finish(c, NULL, NULL));
    assert_int_equal(copy_times(c)->serial, 2018031900);
    assert_int_equal(copy_times(c)->refresh, 1800);
    assert_int_equal(copy_times(c)->retry, 900);
    assert_int_equal(copy_times(c)->expire, 604800);
    assert_int_equal(copy_count(c), 5);
    copy_release(c);
}

/* ---- Replies ---- */

/* Signatures are named after what they sign; nobody verifies them here. */
#define SIG(type) "RRSIG " type " 13 1 600 20300101000000 20200101000000 1 . AAAA\n"

static const char root[] =
    ". 600 SOA a.root. host. 7 1800 900 604800 300\n"
    ". 600 " SIG("SOA") ". 600 NS a.root.\n. 600 " SIG("NS") ". 600 NSEC com. NS SOA RRSIG NSEC\n. 300 " SIG(
        "NSEC") "a.root. 600 A 192.0.2.1\n"
                "com. 600 NS ns.nic.com.\ncom. 600 NS NS.nic.net.\n"
                "com. 600 DS 1 13 2 00\ncom. 600 " SIG("DS") "com. 300 NSEC net. NS DS RRSIG NSEC\ncom. 300 " SIG(
                    "NSEC") "ns.nic.com. 600 A 192.0.2.2\nns.nic.com. 600 AAAA 2001:db8::2\n"
                            "net. 600 NS ns.nic.net.\n"
                            "net. 300 NSEC xn--p1ai. NS RRSIG NSEC\nnet. 300 " SIG(
                                "NSEC") "ns.nic.net. 600 A 192.0.2.3\n"
                                        "xn--p1ai. 600 NS ns.nic.net.\n"
                                        "xn--p1ai. 300 NSEC . NS RRSIG NSEC\nxn--p1ai. 300 " SIG("NSEC");

static size_t add_line(char *out, size_t size, const char *section, const struct rrset *set)
{
    char owner[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE], rdata[1024];
    struct rdata_view view;
    size_t len = 0;
    for (size_t at = 0; rdatas_next(&set->data, &at, &view);) {
        rdata_text(set->type, view.bytes, view.len, rdata, sizeof(rdata));
        len += (size_t)snprintf(out + len, size - len, "%s %s %s %s%s\n", section, name_text(set->owner, owner),
                                type_text(set->type, type), rdata, set->sigs.count > 0 ? " signed" : "");
    }
    return len;
}

/* "AA NXDOMAIN", then one line for each record. */
static void replies(const char *name, const char *type, const char *expected)
{
    static const char *const sections[SECTION_COUNT] = {"AN", "NS", "AD"};
    char text[4096], rcode[16];
    struct zone_copy *c = load(".", root);
    struct arena a;
    struct msg m;
    uint16_t number;
    arena_init(&a, 1 << 20);
    assert_null(copy_finish(c, NULL, NULL));
    assert_int_equal(type_from_text(type, strlen(type), &number), FAIL_NONE);
    assert_true(copy_reply(c, zone_name(name), number, &a, &m));
    size_t len = (size_t)snprintf(text, sizeof(text), "%s%s\n", (m.flags & MSG_AA) != 0 ? "AA " : "",
                                  rcode_text(m.rcode, rcode));
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        for (const struct rrset *set = m.sections[i]; set != NULL; set = set->next) {
            len += add_line(text + len, sizeof(text) - len, sections[i], set);
        }
    }
    assert_string_equal(text, expected);
    arena_fini(&a);
    copy_release(c);
}

#define SOA "NS . SOA a.root. host. 7 1800 900 604800 300 signed\n"

static void names_below_a_cut_are_referred(void **state)
{
    static const char com[] =
        "NOERROR\n"
        "NS com. NS ns.nic.com.\nNS com. NS ns.nic.net.\n"
        "NS com. DS 1 13 2 00 signed\n"
        "AD ns.nic.com. A 192.0.2.2\nAD ns.nic.com. AAAA 2001:db8::2\nAD ns.nic.net. A 192.0.2.3\n";
    (void)state;
    replies("www.example.COM.", "A", com);
    replies("com.", "NS", com);
    replies("example.com.", "DS", com);
    replies("ns.nic.com.", "A", com); /* glue is no answer */
    replies(
        "net.", "A",
        "NOERROR\nNS net. NS ns.nic.net.\nNS net. NSEC xn--p1ai. NS RRSIG NSEC signed\nAD ns.nic.net. A 192.0.2.3\n");
}

static void a_cut_is_asked_for_its_ds_above(void **state)
{
    (void)state;
    replies("com.", "DS", "AA NOERROR\nAN com. DS 1 13 2 00 signed\n");
    replies("net.", "DS", "AA NOERROR\n" SOA "NS net. NSEC xn--p1ai. NS RRSIG NSEC signed\n");
}

static void names_that_do_not_exist_are_denied_with_proof(void **state)
{
    (void)state;
    replies("invalid.", "A",
            "AA NXDOMAIN\n" SOA "NS com. NSEC net. NS DS RRSIG NSEC signed\nNS . NSEC com. NS SOA RRSIG NSEC signed\n");
    replies("a.b.zz.", "A",
            "AA NXDOMAIN\n" SOA "NS xn--p1ai. NSEC . NS RRSIG NSEC signed\nNS . NSEC com. NS SOA RRSIG NSEC signed\n");
    replies("aa.", "A", "AA NXDOMAIN\n" SOA "NS . NSEC com. NS SOA RRSIG NSEC signed\n");
}

static void the_apex_answers(void **state)
{
    (void)state;
    replies(".", "NS", "AA NOERROR\nAN . NS a.root. signed\nAD a.root. A 192.0.2.1\n");
    replies(".", "TXT", "AA NOERROR\n" SOA "NS . NSEC com. NS SOA RRSIG NSEC signed\n");
    replies("a.root.", "AAAA", "AA NOERROR\n" SOA "NS net. NSEC xn--p1ai. NS RRSIG NSEC signed\n");
    replies("root.", "A",
            "AA NOERROR\n" SOA "NS net. NSEC xn--p1ai. NS RRSIG NSEC signed\n"); /* empty, with a name below */
}

static void what_needs_more_than_a_look_is_left_to_servers(void **state)
{
    static const char zone[] = "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n*.wild 60 A 192.0.2.2\n"
                               "old 60 DNAME new\n";
    struct zone_copy *c = load("example.", zone);
    struct arena a, full;
    struct msg m;
    (void)state;
    arena_init(&a, 1 << 20);
    arena_init(&full, 32);
    assert_null(copy_finish(c, NULL, NULL));
    assert_false(copy_reply(c, zone_name("x.wild.example."), TYPE_A, &a, &m));
    assert_false(copy_reply(c, zone_name("x.old.example."), TYPE_A, &a, &m));
    assert_false(copy_reply(c, zone_name("ns.example."), TYPE_ANY, &a, &m));
    assert_false(copy_reply(c, zone_name("ns.example."), TYPE_A, &full, &m));
    assert_true(copy_reply(c, zone_name("old.example."), TYPE_DNAME, &a, &m));
    assert_true(copy_reply(c, zone_name("x.example."), TYPE_A, &a, &m));
    assert_int_equal(m.rcode, RCODE_NXDOMAIN);
    arena_fini(&a);
    arena_fini(&full);
    copy_release(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_of_a_zone_must_be_right),
        cmocka_unit_test(digests_that_contradict_each_other_count_for_nothing),
        cmocka_unit_test(a_zone_has_one_soa_and_servers_and_nothing_from_outside),
        cmocka_unit_test(the_times_are_those_of_the_soa),
        cmocka_unit_test(names_below_a_cut_are_referred),
        cmocka_unit_test(a_cut_is_asked_for_its_ds_above),
        cmocka_unit_test(names_that_do_not_exist_are_denied_with_proof),
        cmocka_unit_test(the_apex_answers),
        cmocka_unit_test(what_needs_more_than_a_look_is_left_to_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
