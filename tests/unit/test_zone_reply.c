#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/base/arena.h"
#include "resolver/dns/type.h"
#include "zone_text.h"
#include "zones/reply.h"
#include "zones/set.h"

#define LONG_NAME                                                                                                      \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."                                                 \
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."                                                 \
    "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc."                                                 \
    "dddddddddddddddddddddddddddddddddddddddddddddddddd.test."
#define DENIAL "NS dev.test. 300 SOA ns.dev.test. admin.dev.test. 7 3600 900 604800 300\n"
#define REFERRAL                                                                                                       \
    "NS sub.dev.test. 3600 NS ns.dev.test.\n"                                                                          \
    "NS sub.dev.test. 3600 NS ns.elsewhere.example.\n"                                                                 \
    "NS sub.dev.test. 3600 NS ns1.sub.dev.test.\n"                                                                     \
    "AD ns.dev.test. 3600 A 10.0.0.53\n"                                                                               \
    "AD ns.dev.test. 3600 AAAA fd00::53\n"                                                                             \
    "AD ns1.sub.dev.test. 3600 A 10.0.2.1\n"                                                                           \
    "AD ns1.sub.dev.test. 3600 AAAA fd00:2::1\n"

static const char dev_zone[] = "$TTL 1h\n"
                               "@ SOA ns.dev.test. admin.dev.test. 7 1h 15m 1w 5m\n"
                               "@ NS ns\n"
                               "@ MX 10 mail\n"
                               "@ MX 20 mail.example.\n"
                               "@ TXT \"hello world\" two\n"
                               "ns A 10.0.0.53\n"
                               "ns AAAA fd00::53\n"
                               "mail A 10.0.0.25\n"
                               "www 300 A 10.0.0.1\n"
                               "www 300 A 10.0.0.2\n"
                               "Mixed A 10.0.0.3\n"
                               "alias CNAME www\n"
                               "alias2 CNAME alias\n"
                               "out CNAME www.example.com.\n"
                               "to-missing CNAME missing\n"
                               "to-other CNAME host.other.test.\n"
                               "loop-a CNAME loop-b\n"
                               "loop-b CNAME loop-a\n"
                               "self CNAME self\n"
                               "a.b.c A 10.0.0.4\n"
                               "*.wild A 10.0.1.1\n"
                               "*.wild TXT wild\n"
                               "host.wild TXT there\n"
                               "x.ent.wild A 10.0.1.2\n"
                               "*.walias CNAME www\n"
                               "*.wout CNAME www.example.com.\n"
                               "x.*.bare A 10.0.1.3\n"
                               "mx-wild MX 5 any.wild\n"
                               "sub NS ns1.sub\n"
                               "sub NS ns.dev.test.\n"
                               "sub NS ns.elsewhere.example.\n"
                               "sub DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000\n"
                               "ns1.sub A 10.0.2.1\n"
                               "ns1.sub AAAA fd00:2::1\n"
                               "nods NS ns1.sub\n"
                               "into-sub CNAME www.sub\n"
                               "mx-below MX 5 ns1.sub\n"
                               "old DNAME new\n"
                               "old TXT itself\n"
                               "www.new A 10.0.3.1\n"
                               "away DNAME example.com.\n"
                               "long DNAME " LONG_NAME "\n"
                               "round DNAME round.round\n"
                               "_sip._tcp SRV 1 2 5060 www\n"
                               "_sip._tcp SRV 2 2 5060 host.other.test.\n"
                               "svc HTTPS 1 . alpn=\"h2,h3\"\n"
                               "svc A 10.0.4.1\n"
                               "svc2 HTTPS 1 mail alpn=h2\n"
                               "svc3 HTTPS 0 www\n"
                               "c0 CNAME c1\n"
                               "c1 CNAME c2\n"
                               "c2 CNAME c3\n"
                               "c3 CNAME c4\n"
                               "c4 CNAME c5\n"
                               "c5 CNAME c6\n"
                               "c6 CNAME c7\n"
                               "c7 CNAME c8\n"
                               "c8 CNAME c9\n"
                               "c9 CNAME c10\n"
                               "c10 CNAME c11\n"
                               "c11 A 10.0.5.1\n"
                               "one-more CNAME c0\n"
                               "signed A 10.0.4.2\n"
                               "signed RRSIG A 13 3 3600 20300101000000 20200101000000 1 dev.test. AAAA\n"
                               "signed NSEC svc.dev.test. A RRSIG NSEC\n";

static const char other_zone[] = "$TTL 600\n"
                                 "@ SOA ns hostmaster 1 3600 900 604800 60\n"
                                 "@ NS ns\n"
                                 "ns A 10.9.0.53\n"
                                 "host A 10.9.0.1\n"
                                 "back CNAME www.dev.test.\n";

static const char owned_zone[] = "$TTL 1m\n"
                                 "@ SOA ns admin 1 1h 15m 1w 1h\n"
                                 "@ NS ns\n"
                                 "ns A 10.8.0.53\n";

static struct zone_dir dir;

static int load(void **state)
{
    zone_dir_make(&dir);
    const struct zone_source sources[] = {
        {.name = zone_name("dev.test."), .file = zone_dir_write(&dir, "dev.zone", dev_zone)},
        {.name = zone_name("other.test."), .file = zone_dir_write(&dir, "other.zone", other_zone)},
        {.name = zone_name("owned.dev.test."), .file = zone_dir_write(&dir, "owned.zone", owned_zone)},
        {.name = zone_name("hidden.sub.dev.test."), .file = zone_dir_write(&dir, "hidden.zone", owned_zone)},
    };
    struct problem_lines lines = {.len = 0};
    *state = zone_set_load(sources, sizeof(sources) / sizeof(sources[0]), NULL, 0, problem_lines_add, &lines);
    if (*state == NULL) {
        print_error("%s", lines.text);
    }
    return *state != NULL ? 0 : -1;
}

static int unload(void **state)
{
    zone_set_free(*state);
    zone_dir_remove(&dir);
    return 0;
}

static void expect(const struct zone_set *set, const char *name, const char *type, const char *lines)
{
    char got[16384];
    assert_string_equal(zone_reply_lines(set, name, type, got, sizeof(got)), lines);
}

static void an_existing_name_and_type_is_answered(void **state)
{
    expect(*state, "www.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN www.dev.test. 300 A 10.0.0.1\n"
           "AN www.dev.test. 300 A 10.0.0.2\n");
    expect(*state, "mixed.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN mixed.dev.test. 3600 A 10.0.0.3\n");
    expect(*state, "dev.test.", "TXT",
           "ANSWER NOERROR\n"
           "AN dev.test. 3600 TXT \"hello world\" \"two\"\n");
    expect(*state, "dev.test.", "SOA",
           "ANSWER NOERROR\n"
           "AN dev.test. 3600 SOA ns.dev.test. admin.dev.test. 7 3600 900 604800 300\n");
}

static void another_type_of_an_existing_name_is_nodata(void **state)
{
    expect(*state, "www.dev.test.", "AAAA", "ANSWER NOERROR\n" DENIAL);
    expect(*state, "dev.test.", "A", "ANSWER NOERROR\n" DENIAL);
}

static void a_missing_name_is_nxdomain(void **state)
{
    expect(*state, "nope.dev.test.", "A", "ANSWER NXDOMAIN\n" DENIAL);
    expect(*state, "a.nope.dev.test.", "A", "ANSWER NXDOMAIN\n" DENIAL);
}

static void an_empty_non_terminal_is_nodata(void **state)
{
    expect(*state, "b.c.dev.test.", "A", "ANSWER NOERROR\n" DENIAL);
    expect(*state, "c.dev.test.", "TXT", "ANSWER NOERROR\n" DENIAL);
    expect(*state, "wild.dev.test.", "A", "ANSWER NOERROR\n" DENIAL);
    expect(*state, "ent.wild.dev.test.", "A", "ANSWER NOERROR\n" DENIAL);
}

static void a_wildcard_answers_with_the_name_asked(void **state)
{
    expect(*state, "xx.wild.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN xx.wild.dev.test. 3600 A 10.0.1.1\n");
    expect(*state, "a.b.wild.dev.test.", "TXT",
           "ANSWER NOERROR\n"
           "AN a.b.wild.dev.test. 3600 TXT \"wild\"\n");
    expect(*state, "xx.wild.dev.test.", "MX", "ANSWER NOERROR\n" DENIAL);
    expect(*state, "*.wild.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN *.wild.dev.test. 3600 A 10.0.1.1\n");
}

static void a_wildcard_that_is_only_a_parent_gives_nodata(void **state)
{
    expect(*state, "y.bare.dev.test.", "A", "ANSWER NOERROR\n" DENIAL);
    expect(*state, "z.y.bare.dev.test.", "A", "ANSWER NOERROR\n" DENIAL);
    expect(*state, "x.y.*.bare.dev.test.", "A", "ANSWER NXDOMAIN\n" DENIAL);
}

static void a_wildcard_is_blocked_by_what_exists(void **state)
{
    expect(*state, "host.wild.dev.test.", "A", "ANSWER NOERROR\n" DENIAL);
    expect(*state, "y.host.wild.dev.test.", "A", "ANSWER NXDOMAIN\n" DENIAL);
    expect(*state, "y.ent.wild.dev.test.", "A", "ANSWER NXDOMAIN\n" DENIAL);
    expect(*state, "a.*.wild.dev.test.", "A", "ANSWER NXDOMAIN\n" DENIAL);
}

static void a_wildcard_alias_is_followed(void **state)
{
    expect(*state, "x.walias.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN x.walias.dev.test. 3600 CNAME www.dev.test.\n"
           "AN www.dev.test. 300 A 10.0.0.1\n"
           "AN www.dev.test. 300 A 10.0.0.2\n");
    expect(*state, "x.wout.dev.test.", "A",
           "ALIAS NOERROR -> www.example.com.\n"
           "AN x.wout.dev.test. 3600 CNAME www.example.com.\n");
}

static void aliases_are_followed_inside_the_zone(void **state)
{
    expect(*state, "alias.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN alias.dev.test. 3600 CNAME www.dev.test.\n"
           "AN www.dev.test. 300 A 10.0.0.1\n"
           "AN www.dev.test. 300 A 10.0.0.2\n");
    expect(*state, "alias2.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN alias2.dev.test. 3600 CNAME alias.dev.test.\n"
           "AN alias.dev.test. 3600 CNAME www.dev.test.\n"
           "AN www.dev.test. 300 A 10.0.0.1\n"
           "AN www.dev.test. 300 A 10.0.0.2\n");
    expect(*state, "alias.dev.test.", "CNAME",
           "ANSWER NOERROR\n"
           "AN alias.dev.test. 3600 CNAME www.dev.test.\n");
    expect(*state, "alias.dev.test.", "MX",
           "ANSWER NOERROR\n"
           "AN alias.dev.test. 3600 CNAME www.dev.test.\n" DENIAL);
    expect(*state, "to-missing.dev.test.", "A",
           "ANSWER NXDOMAIN\n"
           "AN to-missing.dev.test. 3600 CNAME missing.dev.test.\n" DENIAL);
}

static void aliases_are_followed_into_another_own_zone(void **state)
{
    expect(*state, "to-other.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN to-other.dev.test. 3600 CNAME host.other.test.\n"
           "AN host.other.test. 600 A 10.9.0.1\n");
    expect(*state, "to-other.dev.test.", "MX",
           "ANSWER NOERROR\n"
           "AN to-other.dev.test. 3600 CNAME host.other.test.\n"
           "NS other.test. 60 SOA ns.other.test. hostmaster.other.test. 1 3600 900 604800 60\n");
}

static void an_alias_that_leaves_the_own_zones_says_where_to_go_on(void **state)
{
    expect(*state, "out.dev.test.", "A",
           "ALIAS NOERROR -> www.example.com.\n"
           "AN out.dev.test. 3600 CNAME www.example.com.\n");
    expect(*state, "into-sub.dev.test.", "A",
           "ALIAS NOERROR -> www.sub.dev.test.\n"
           "AN into-sub.dev.test. 3600 CNAME www.sub.dev.test.\n");
}

static void a_loop_of_aliases_ends_where_it_began(void **state)
{
    expect(*state, "loop-a.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN loop-a.dev.test. 3600 CNAME loop-b.dev.test.\n"
           "AN loop-b.dev.test. 3600 CNAME loop-a.dev.test.\n");
    expect(*state, "self.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN self.dev.test. 3600 CNAME self.dev.test.\n");
}

static void below_a_cut_stands_a_referral_with_glue(void **state)
{
    expect(*state, "foo.sub.dev.test.", "A", "DELEGATION NOERROR\n" REFERRAL);
    expect(*state, "sub.dev.test.", "A", "DELEGATION NOERROR\n" REFERRAL);
    expect(*state, "sub.dev.test.", "NS", "DELEGATION NOERROR\n" REFERRAL);
    expect(*state, "ns1.sub.dev.test.", "A", "DELEGATION NOERROR\n" REFERRAL);
    expect(*state, "x.nods.dev.test.", "A",
           "DELEGATION NOERROR\n"
           "NS nods.dev.test. 3600 NS ns1.sub.dev.test.\n"
           "AD ns1.sub.dev.test. 3600 A 10.0.2.1\n"
           "AD ns1.sub.dev.test. 3600 AAAA fd00:2::1\n");
}

static void ds_at_a_cut_is_the_parents(void **state)
{
    expect(*state, "sub.dev.test.", "DS",
           "ANSWER NOERROR\n"
           "AN sub.dev.test. 3600 DS 12345 13 2 0000000000000000000000000000000000000000000000000000000000000000\n");
    expect(*state, "nods.dev.test.", "DS", "ANSWER NOERROR\n" DENIAL);
    expect(*state, "x.sub.dev.test.", "DS", "DELEGATION NOERROR\n" REFERRAL);
}

static void a_dname_renames_what_is_below_it(void **state)
{
    expect(*state, "www.old.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN old.dev.test. 3600 DNAME new.dev.test.\n"
           "AN www.old.dev.test. 3600 CNAME www.new.dev.test.\n"
           "AN www.new.dev.test. 3600 A 10.0.3.1\n");
    expect(*state, "x.www.old.dev.test.", "A",
           "ANSWER NXDOMAIN\n"
           "AN old.dev.test. 3600 DNAME new.dev.test.\n"
           "AN x.www.old.dev.test. 3600 CNAME x.www.new.dev.test.\n" DENIAL);
    expect(*state, "old.dev.test.", "TXT",
           "ANSWER NOERROR\n"
           "AN old.dev.test. 3600 TXT \"itself\"\n");
    expect(*state, "old.dev.test.", "DNAME",
           "ANSWER NOERROR\n"
           "AN old.dev.test. 3600 DNAME new.dev.test.\n");
    expect(*state, "old.dev.test.", "A", "ANSWER NOERROR\n" DENIAL);
    expect(*state, "www.old.dev.test.", "CNAME",
           "ANSWER NOERROR\n"
           "AN old.dev.test. 3600 DNAME new.dev.test.\n"
           "AN www.old.dev.test. 3600 CNAME www.new.dev.test.\n");
}

static void a_dname_may_lead_outside(void **state)
{
    expect(*state, "x.away.dev.test.", "A",
           "ALIAS NOERROR -> x.example.com.\n"
           "AN away.dev.test. 3600 DNAME example.com.\n"
           "AN x.away.dev.test. 3600 CNAME x.example.com.\n");
}

static void a_name_too_long_after_renaming_is_yxdomain(void **state)
{
    expect(*state, "bbbbbbbbbbbbbbbbbbbb.cccccccccc.long.dev.test.", "A",
           "ANSWER YXDOMAIN\n"
           "AN long.dev.test. 3600 DNAME " LONG_NAME "\n");
}

static void addresses_of_targets_are_added(void **state)
{
    expect(*state, "dev.test.", "NS",
           "ANSWER NOERROR\n"
           "AN dev.test. 3600 NS ns.dev.test.\n"
           "AD ns.dev.test. 3600 A 10.0.0.53\n"
           "AD ns.dev.test. 3600 AAAA fd00::53\n");
    expect(*state, "dev.test.", "MX",
           "ANSWER NOERROR\n"
           "AN dev.test. 3600 MX 10 mail.dev.test.\n"
           "AN dev.test. 3600 MX 20 mail.example.\n"
           "AD mail.dev.test. 3600 A 10.0.0.25\n");
    expect(*state, "_sip._tcp.dev.test.", "SRV",
           "ANSWER NOERROR\n"
           "AN _sip._tcp.dev.test. 3600 SRV 1 2 5060 www.dev.test.\n"
           "AN _sip._tcp.dev.test. 3600 SRV 2 2 5060 host.other.test.\n"
           "AD www.dev.test. 300 A 10.0.0.1\n"
           "AD www.dev.test. 300 A 10.0.0.2\n"
           "AD host.other.test. 600 A 10.9.0.1\n");
    expect(*state, "svc.dev.test.", "HTTPS",
           "ANSWER NOERROR\n"
           "AN svc.dev.test. 3600 HTTPS 1 . alpn=\"h2,h3\"\n"
           "AD svc.dev.test. 3600 A 10.0.4.1\n");
    expect(*state, "svc2.dev.test.", "HTTPS",
           "ANSWER NOERROR\n"
           "AN svc2.dev.test. 3600 HTTPS 1 mail.dev.test. alpn=\"h2\"\n"
           "AD mail.dev.test. 3600 A 10.0.0.25\n");
    expect(*state, "svc3.dev.test.", "HTTPS",
           "ANSWER NOERROR\n"
           "AN svc3.dev.test. 3600 HTTPS 0 www.dev.test.\n"
           "AD www.dev.test. 300 A 10.0.0.1\n"
           "AD www.dev.test. 300 A 10.0.0.2\n");
    expect(*state, "mx-below.dev.test.", "MX",
           "ANSWER NOERROR\n"
           "AN mx-below.dev.test. 3600 MX 5 ns1.sub.dev.test.\n");
    expect(*state, "mx-wild.dev.test.", "MX",
           "ANSWER NOERROR\n"
           "AN mx-wild.dev.test. 3600 MX 5 any.wild.dev.test.\n"
           "AD any.wild.dev.test. 3600 A 10.0.1.1\n");
}

static void any_gets_one_rrset(void **state)
{
    expect(*state, "www.dev.test.", "ANY",
           "ANSWER NOERROR\n"
           "AN www.dev.test. 300 A 10.0.0.1\n"
           "AN www.dev.test. 300 A 10.0.0.2\n");
    expect(*state, "svc.dev.test.", "ANY",
           "ANSWER NOERROR\n"
           "AN svc.dev.test. 3600 A 10.0.4.1\n");
    expect(*state, "alias.dev.test.", "ANY",
           "ANSWER NOERROR\n"
           "AN alias.dev.test. 3600 CNAME www.dev.test.\n");
    expect(*state, "nope.dev.test.", "ANY", "ANSWER NXDOMAIN\n" DENIAL);
    expect(*state, "c.dev.test.", "ANY", "ANSWER NOERROR\n" DENIAL);
}

static void rrsig_and_nsec_are_plain_data(void **state)
{
    expect(*state, "signed.dev.test.", "RRSIG",
           "ANSWER NOERROR\n"
           "AN signed.dev.test. 3600 RRSIG A 13 3 3600 20300101000000 20200101000000 1 dev.test. AAAA\n");
    expect(*state, "signed.dev.test.", "NSEC",
           "ANSWER NOERROR\n"
           "AN signed.dev.test. 3600 NSEC svc.dev.test. A RRSIG NSEC\n");
    expect(*state, "signed.dev.test.", "ANY",
           "ANSWER NOERROR\n"
           "AN signed.dev.test. 3600 A 10.0.4.2\n");
    expect(*state, "svc.dev.test.", "NSEC", "ANSWER NOERROR\n" DENIAL);
}

static void names_outside_the_own_zones_are_not_answered(void **state)
{
    expect(*state, "www.example.com.", "A", "NONE NOERROR\n");
    expect(*state, "test.", "A", "NONE NOERROR\n");
    expect(*state, ".", "NS", "NONE NOERROR\n");
}

static void case_is_ignored_and_the_questions_case_is_kept(void **state)
{
    expect(*state, "WWW.dev.TEST.", "A",
           "ANSWER NOERROR\n"
           "AN WWW.dev.TEST. 300 A 10.0.0.1\n"
           "AN WWW.dev.TEST. 300 A 10.0.0.2\n");
    expect(*state, "xX.Wild.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN xX.Wild.dev.test. 3600 A 10.0.1.1\n");
}

static void a_chain_of_eleven_aliases_is_the_longest(void **state)
{
    char got[16384];
    zone_reply_lines(*state, "c0.dev.test.", "A", got, sizeof(got));
    assert_memory_equal(got, "ANSWER NOERROR\n", 15);
    assert_non_null(strstr(got, "AN c11.dev.test. 3600 A 10.0.5.1\n"));
    zone_reply_lines(*state, "one-more.dev.test.", "A", got, sizeof(got));
    assert_memory_equal(got, "ANSWER SERVFAIL\n", 16);
    assert_null(strstr(got, "10.0.5.1"));
    zone_reply_lines(*state, "x.round.dev.test.", "A", got, sizeof(got));
    assert_memory_equal(got, "ANSWER SERVFAIL\n", 16);
}

static void the_nearest_own_zone_answers_also_below_a_cut(void **state)
{
    expect(*state, "ns.owned.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN ns.owned.dev.test. 60 A 10.8.0.53\n");
    expect(*state, "ns.hidden.sub.dev.test.", "A",
           "ANSWER NOERROR\n"
           "AN ns.hidden.sub.dev.test. 60 A 10.8.0.53\n");
}

static void ds_of_an_own_zone_is_asked_of_its_own_parent(void **state)
{
    expect(*state, "owned.dev.test.", "DS", "ANSWER NOERROR\n" DENIAL);
    expect(*state, "hidden.sub.dev.test.", "DS", "DELEGATION NOERROR\n" REFERRAL);
    expect(*state, "dev.test.", "DS", "ANSWER NOERROR\n" DENIAL);
}

static void the_negative_ttl_is_the_smaller_of_ttl_and_minimum(void **state)
{
    expect(*state, "x.owned.dev.test.", "A",
           "ANSWER NXDOMAIN\n"
           "NS owned.dev.test. 60 SOA ns.owned.dev.test. admin.owned.dev.test. 1 3600 900 604800 3600\n");
}

static void a_full_arena_is_servfail(void **state)
{
    for (size_t cap = 0; cap < 64; cap += 16) {
        struct arena arena;
        struct zone_reply reply;
        arena_init(&arena, cap);
        assert_int_equal(zone_reply(*state, zone_name("alias.dev.test."), TYPE_A, &arena, &reply), ZONE_REPLY_NONE);
        assert_int_equal(reply.rcode, RCODE_SERVFAIL);
        assert_null(reply.sections[SECTION_ANSWER]);
        arena_fini(&arena);
    }
}

static void the_reply_names_the_zone_that_held_the_question(void **state)
{
    struct arena arena;
    struct zone_reply reply;
    arena_init(&arena, 1 << 16);
    zone_reply(*state, zone_name("to-other.dev.test."), TYPE_A, &arena, &reply);
    assert_ptr_equal(reply.zone, zone_set_at(*state, 0));
    arena_fini(&arena);
}

static void what_is_fetched_ahead_is_what_an_own_zone_holds(void **state)
{
    assert_true(zone_reply_prefetch(*state, zone_name("alias.dev.test.")));
    assert_true(zone_reply_prefetch(*state, zone_name("missing.dev.test.")));
    assert_true(zone_reply_prefetch(*state, zone_name("DEV.test.")));
    assert_false(zone_reply_prefetch(*state, zone_name("test.")));
    assert_false(zone_reply_prefetch(*state, zone_name(".")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_existing_name_and_type_is_answered),
        cmocka_unit_test(another_type_of_an_existing_name_is_nodata),
        cmocka_unit_test(a_missing_name_is_nxdomain),
        cmocka_unit_test(an_empty_non_terminal_is_nodata),
        cmocka_unit_test(a_wildcard_answers_with_the_name_asked),
        cmocka_unit_test(a_wildcard_that_is_only_a_parent_gives_nodata),
        cmocka_unit_test(a_wildcard_is_blocked_by_what_exists),
        cmocka_unit_test(a_wildcard_alias_is_followed),
        cmocka_unit_test(aliases_are_followed_inside_the_zone),
        cmocka_unit_test(aliases_are_followed_into_another_own_zone),
        cmocka_unit_test(an_alias_that_leaves_the_own_zones_says_where_to_go_on),
        cmocka_unit_test(a_loop_of_aliases_ends_where_it_began),
        cmocka_unit_test(below_a_cut_stands_a_referral_with_glue),
        cmocka_unit_test(ds_at_a_cut_is_the_parents),
        cmocka_unit_test(a_dname_renames_what_is_below_it),
        cmocka_unit_test(a_dname_may_lead_outside),
        cmocka_unit_test(a_name_too_long_after_renaming_is_yxdomain),
        cmocka_unit_test(addresses_of_targets_are_added),
        cmocka_unit_test(any_gets_one_rrset),
        cmocka_unit_test(rrsig_and_nsec_are_plain_data),
        cmocka_unit_test(names_outside_the_own_zones_are_not_answered),
        cmocka_unit_test(case_is_ignored_and_the_questions_case_is_kept),
        cmocka_unit_test(a_chain_of_eleven_aliases_is_the_longest),
        cmocka_unit_test(the_nearest_own_zone_answers_also_below_a_cut),
        cmocka_unit_test(ds_of_an_own_zone_is_asked_of_its_own_parent),
        cmocka_unit_test(the_negative_ttl_is_the_smaller_of_ttl_and_minimum),
        cmocka_unit_test(a_full_arena_is_servfail),
        cmocka_unit_test(the_reply_names_the_zone_that_held_the_question),
        cmocka_unit_test(what_is_fetched_ahead_is_what_an_own_zone_holds),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
