/* Replies sorted into kinds, and which of their records are believed. */
#include "resolver/iterate/classify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/type.h"
#include "resolver/iterate/scrub.h"

#define ZONE  ((const uint8_t *)"\7example\3com")
#define NAME  ((const uint8_t *)"\3www\7example\3com")
#define BELOW ((const uint8_t *)"\1a\3www\7example\3com")
#define ABOVE ((const uint8_t *)"\3com")
#define OTHER ((const uint8_t *)"\5other\3com")

struct fixture {
    struct arena arena;
    struct msg msg;
};

static void begin(struct fixture *f, uint16_t flags, unsigned rcode)
{
    arena_init(&f->arena, 1 << 20);
    f->msg = (struct msg){.flags = (uint16_t)(MSG_QR | flags), .rcode = rcode, .has_question = true};
    f->msg.question = (struct question){.name = NAME, .type = TYPE_A, .class = CLASS_IN};
}

static void add(struct fixture *f, enum section section, const uint8_t *owner, uint16_t type)
{
    static const uint8_t target[] = "\2ns\7example\3com";
    static const uint8_t address[16] = {192, 0, 2, 1};
    bool is_address = type == TYPE_A || type == TYPE_AAAA;
    struct rdata_view rdata = {.bytes = is_address ? address : target, .len = sizeof(target)};
    rdata.len = type == TYPE_A ? 4 : (type == TYPE_AAAA ? 16 : rdata.len);
    struct rrset *set = rrset_single(&f->arena, owner, type, 60, rdata);
    assert_non_null(set);
    rrset_append(&f->msg.sections[section], set);
}

static void expect(struct fixture *f, enum reply_kind kind)
{
    assert_int_equal(classify_reply(&f->msg, ZONE, NAME, TYPE_A, false), kind);
    arena_fini(&f->arena);
}

static void the_set_asked_for_is_an_answer(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, MSG_AA, 0);
    add(&f, SECTION_ANSWER, NAME, TYPE_A);
    add(&f, SECTION_AUTHORITY, ZONE, TYPE_NS);
    expect(&f, REPLY_ANSWER);
}

static void sets_of_other_names_are_no_answer(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, 0, 0);
    add(&f, SECTION_ANSWER, OTHER, TYPE_A);
    add(&f, SECTION_ANSWER, NAME, TYPE_MX);
    expect(&f, REPLY_LAME);
}

static void a_cname_or_a_dname_above_is_an_alias(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, MSG_AA, RCODE_NXDOMAIN);
    add(&f, SECTION_ANSWER, NAME, TYPE_CNAME);
    expect(&f, REPLY_ALIAS);
    begin(&f, MSG_AA, RCODE_YXDOMAIN);
    add(&f, SECTION_ANSWER, ZONE, TYPE_DNAME);
    expect(&f, REPLY_ALIAS);
    begin(&f, MSG_AA, 0);
    add(&f, SECTION_ANSWER, ABOVE, TYPE_DNAME);
    add(&f, SECTION_ANSWER, NAME, TYPE_DNAME);
    expect(&f, REPLY_NODATA);
}

static void a_referral_goes_down_and_towards_the_name(void **state)
{
    static const struct {
        const uint8_t *owner;
        enum reply_kind kind;
    } cases[] = {{NAME, REPLY_REFERRAL}, {ZONE, REPLY_LAME},  {ABOVE, REPLY_LAME},
                 {OTHER, REPLY_LAME},    {BELOW, REPLY_LAME}, {name_root, REPLY_LAME}};
    struct fixture f;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(&f, 0, 0);
        add(&f, SECTION_AUTHORITY, cases[i].owner, TYPE_NS);
        expect(&f, cases[i].kind);
    }
}

static void a_referral_for_ds_stops_above_the_name(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, 0, 0);
    f.msg.question.type = TYPE_DS;
    add(&f, SECTION_AUTHORITY, NAME, TYPE_NS);
    assert_int_equal(classify_reply(&f.msg, ZONE, NAME, TYPE_DS, false), REPLY_LAME);
    arena_fini(&f.arena);
}

static void a_soa_of_the_zone_makes_it_negative(void **state)
{
    static const struct {
        unsigned rcode;
        uint16_t flags;
        const uint8_t *soa;
        enum reply_kind kind;
    } cases[] = {{0, MSG_AA, ZONE, REPLY_NODATA},
                 {0, 0, ZONE, REPLY_NODATA},
                 {0, MSG_AA, NULL, REPLY_NODATA},
                 {0, 0, NULL, REPLY_LAME},
                 {0, 0, ABOVE, REPLY_LAME},
                 {0, 0, BELOW, REPLY_LAME},
                 {RCODE_NXDOMAIN, MSG_AA, ZONE, REPLY_NXDOMAIN},
                 {RCODE_NXDOMAIN, 0, ZONE, REPLY_NXDOMAIN},
                 {RCODE_NXDOMAIN, MSG_AA, NULL, REPLY_NXDOMAIN},
                 {RCODE_NXDOMAIN, 0, NULL, REPLY_LAME},
                 {RCODE_NXDOMAIN, 0, ABOVE, REPLY_LAME},
                 {RCODE_YXDOMAIN, MSG_AA, ZONE, REPLY_JUNK}};
    struct fixture f;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(&f, cases[i].flags, cases[i].rcode);
        if (cases[i].soa != NULL) {
            add(&f, SECTION_AUTHORITY, cases[i].soa, TYPE_SOA);
        }
        expect(&f, cases[i].kind);
    }
}

static void rcodes_have_their_kinds(void **state)
{
    static const struct {
        unsigned rcode;
        enum reply_kind kind;
    } cases[] = {{RCODE_SERVFAIL, REPLY_SERVFAIL},
                 {RCODE_REFUSED, REPLY_REFUSED},
                 {RCODE_FORMERR, REPLY_FORMERR},
                 {RCODE_NOTIMP, REPLY_FORMERR},
                 {RCODE_BADVERS, REPLY_FORMERR},
                 {RCODE_NOTAUTH, REPLY_LAME},
                 {RCODE_BADCOOKIE, REPLY_JUNK},
                 {7, REPLY_JUNK},
                 {4095, REPLY_JUNK}};
    struct fixture f;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(&f, MSG_AA, cases[i].rcode);
        add(&f, SECTION_ANSWER, NAME, TYPE_A);
        expect(&f, cases[i].kind);
    }
}

static void truncation_counts_over_udp_only(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, MSG_AA | MSG_TC, 0);
    add(&f, SECTION_ANSWER, NAME, TYPE_A);
    assert_int_equal(classify_reply(&f.msg, ZONE, NAME, TYPE_A, true), REPLY_JUNK);
    expect(&f, REPLY_TRUNCATED);
}

static void what_is_no_reply_to_the_question_is_junk(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, MSG_AA, 0);
    f.msg.flags = MSG_AA;
    expect(&f, REPLY_JUNK);
    begin(&f, MSG_AA, 0);
    f.msg.question.name = OTHER;
    expect(&f, REPLY_JUNK);
    begin(&f, MSG_AA, RCODE_REFUSED);
    f.msg.question.type = TYPE_MX;
    expect(&f, REPLY_JUNK);
    begin(&f, MSG_AA, 0);
    f.msg.has_question = false;
    add(&f, SECTION_ANSWER, NAME, TYPE_A);
    expect(&f, REPLY_JUNK);
    begin(&f, 0, RCODE_FORMERR);
    f.msg.has_question = false;
    expect(&f, REPLY_FORMERR);
}

static void a_target_is_told_only_by_data_or_soa(void **state)
{
    static const uint8_t target[] = "\6target\7example\3com";
    struct fixture f;
    (void)state;
    begin(&f, MSG_AA, RCODE_NXDOMAIN);
    add(&f, SECTION_ANSWER, NAME, TYPE_CNAME);
    assert_int_equal(classify_target(&f.msg, ZONE, target, TYPE_A), REPLY_LAME);
    add(&f, SECTION_AUTHORITY, ZONE, TYPE_SOA);
    assert_int_equal(classify_target(&f.msg, ZONE, target, TYPE_A), REPLY_NXDOMAIN);
    arena_fini(&f.arena);
}

static void a_delegation_keeps_its_own_ds_proofs_and_glue_only(void **state)
{
    static const uint8_t ns[] = "\2ns\7example\3com";
    struct fixture f;
    struct delegation kept;
    (void)state;
    begin(&f, 0, 0);
    add(&f, SECTION_AUTHORITY, NAME, TYPE_NS);
    add(&f, SECTION_AUTHORITY, OTHER, TYPE_DS);
    add(&f, SECTION_AUTHORITY, OTHER, TYPE_NSEC);
    add(&f, SECTION_AUTHORITY, NAME, TYPE_DS);
    add(&f, SECTION_AUTHORITY, ns, TYPE_A);
    add(&f, SECTION_ADDITIONAL, OTHER, TYPE_A);
    add(&f, SECTION_ADDITIONAL, ns, TYPE_MX);
    add(&f, SECTION_ADDITIONAL, ns, TYPE_AAAA);
    const struct rrset *set = scrub_ns(&f.msg, ZONE, NAME, TYPE_A);
    assert_non_null(set);
    assert_int_equal(scrub_delegation(&f.msg, ZONE, set, 13, &f.arena, &kept), FAIL_NONE);
    assert_int_equal(kept.sets->type, TYPE_NS);
    assert_int_equal(kept.sets->next->type, TYPE_DS);
    assert_true(name_equal(kept.sets->next->owner, NAME));
    assert_int_equal(kept.sets->next->next->type, TYPE_AAAA);
    assert_null(kept.sets->next->next->next);
    assert_null(kept.foreign);
    arena_fini(&f.arena);
}

static void a_denial_keeps_soa_first_and_proofs_of_the_zone(void **state)
{
    struct fixture f;
    struct rrset *kept = NULL;
    (void)state;
    begin(&f, MSG_AA, RCODE_NXDOMAIN);
    add(&f, SECTION_AUTHORITY, OTHER, TYPE_NSEC);
    add(&f, SECTION_AUTHORITY, BELOW, TYPE_NSEC);
    add(&f, SECTION_AUTHORITY, ZONE, TYPE_NS);
    add(&f, SECTION_AUTHORITY, ZONE, TYPE_SOA);
    assert_int_equal(scrub_negative(&f.msg, ZONE, NAME, &f.arena, &kept), FAIL_NONE);
    assert_int_equal(kept->type, TYPE_SOA);
    assert_int_equal(kept->next->type, TYPE_NSEC);
    assert_true(name_equal(kept->next->owner, BELOW));
    assert_null(kept->next->next);
    arena_fini(&f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_set_asked_for_is_an_answer),
        cmocka_unit_test(sets_of_other_names_are_no_answer),
        cmocka_unit_test(a_cname_or_a_dname_above_is_an_alias),
        cmocka_unit_test(a_referral_goes_down_and_towards_the_name),
        cmocka_unit_test(a_referral_for_ds_stops_above_the_name),
        cmocka_unit_test(a_soa_of_the_zone_makes_it_negative),
        cmocka_unit_test(rcodes_have_their_kinds),
        cmocka_unit_test(truncation_counts_over_udp_only),
        cmocka_unit_test(what_is_no_reply_to_the_question_is_junk),
        cmocka_unit_test(a_target_is_told_only_by_data_or_soa),
        cmocka_unit_test(a_delegation_keeps_its_own_ds_proofs_and_glue_only),
        cmocka_unit_test(a_denial_keeps_soa_first_and_proofs_of_the_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
