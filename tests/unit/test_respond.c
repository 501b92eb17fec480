#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/type.h"
#include "resolver/server/respond.h"

static const struct responder responder = {.recursion_available = true};
static struct arena arena;
static uint8_t out[MSG_SIZE_MAX];
static struct respond_marks marks;

static int start(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static struct request request_for(const char *name, uint16_t type, uint16_t udp_size)
{
    struct request q = {.id = 7, .flags = MSG_RD, .type = type, .class = CLASS_IN};
    assert_int_equal(name_from_text(name, strlen(name), NULL, q.name), FAIL_NONE);
    q.name_len = (uint8_t)name_lower(q.key, q.name);
    q.edns.present = udp_size > 0;
    q.edns.udp_size = udp_size;
    return q;
}

/* An A set of `count` records. */
static struct rrset *addresses(const uint8_t *owner, unsigned count)
{
    uint8_t *bytes = arena_take(&arena, count * 6);
    size_t len = 0;
    for (unsigned i = 0; i < count; i++) {
        uint8_t rdata[] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i};
        len += rdatas_pack(bytes + len, rdata, sizeof(rdata));
    }
    struct rrset *set = arena_take(&arena, sizeof(*set));
    *set = (struct rrset){
        .owner = owner, .type = TYPE_A, .ttl = 60, .expires = 61000, .data = {bytes, (uint32_t)len, (uint16_t)count}};
    return set;
}

static size_t respond(const struct request *q, const struct answer *a, bool is_tcp)
{
    size_t limit = respond_limit(q, is_tcp);
    size_t len = respond_answer(&responder, q, a, 1000, out, limit, &marks);
    struct respond_extra extra = {respond_rcode(q, a), a->errors, a->error_count};
    len = respond_add_opt(&responder, q, &extra, out, len, limit);
    assert_true(len <= limit);
    return len;
}

static struct msg parse(size_t len)
{
    struct msg m;
    assert_int_equal(msg_parse(out, len, &arena, &m), FAIL_NONE);
    return m;
}

static void limits_follow_the_client_but_never_exceed_ours(void **state)
{
    (void)state;
    struct request q = request_for("a.example", TYPE_A, 0);
    assert_int_equal(respond_limit(&q, false), 512);
    q = request_for("a.example", TYPE_A, 100);
    assert_int_equal(respond_limit(&q, false), 512);
    q = request_for("a.example", TYPE_A, 1000);
    assert_int_equal(respond_limit(&q, false), 1000);
    q = request_for("a.example", TYPE_A, 65535);
    assert_int_equal(respond_limit(&q, false), RESPOND_UDP_MAX);
    assert_int_equal(respond_limit(&q, true), 65535);
}

static void a_set_that_does_not_fit_is_left_out_whole_and_tc_says_so(void **state)
{
    (void)state;
    struct request q = request_for("a.example", TYPE_A, 0);
    struct answer a = {.rcode = RCODE_NOERROR};
    a.sections[SECTION_ANSWER] = addresses(q.key, 100);
    struct msg m = parse(respond(&q, &a, false));
    assert_int_equal(m.flags & MSG_TC, MSG_TC);
    assert_null(m.sections[SECTION_ANSWER]);
    assert_false(marks.is_keepable);
    m = parse(respond(&q, &a, true));
    assert_int_equal(m.flags & MSG_TC, 0);
    assert_int_equal(m.sections[SECTION_ANSWER]->data.count, 100);
}

static void additional_records_that_do_not_fit_are_no_truncation(void **state)
{
    (void)state;
    struct request q = request_for("a.example", TYPE_A, 0);
    struct answer a = {.rcode = RCODE_NOERROR};
    a.sections[SECTION_ANSWER] = addresses(q.key, 1);
    a.sections[SECTION_ADDITIONAL] = addresses(q.key, 100);
    struct msg m = parse(respond(&q, &a, false));
    assert_int_equal(m.flags & MSG_TC, 0);
    assert_non_null(m.sections[SECTION_ANSWER]);
    assert_null(m.sections[SECTION_ADDITIONAL]);
}

static void signatures_and_proofs_go_only_to_those_who_set_do(void **state)
{
    (void)state;
    static const uint8_t sig[] = {4, 0, 1, 2, 3, 4};
    static const uint8_t nsec[] = {1, 0, 0};
    struct request q = request_for("a.example", TYPE_A, 1232);
    struct rrset proof = {.owner = q.key, .type = TYPE_NSEC, .ttl = 60, .data = {nsec, sizeof(nsec), 1}};
    struct answer a = {.rcode = RCODE_NOERROR};
    a.sections[SECTION_ANSWER] = addresses(q.key, 1);
    a.sections[SECTION_ANSWER]->sigs = (struct rdatas){sig, sizeof(sig), 1};
    a.sections[SECTION_AUTHORITY] = &proof;
    respond(&q, &a, false);
    assert_int_equal(wire_get_u16(out + 6), 1);
    assert_int_equal(wire_get_u16(out + 8), 0);
    q.edns.dnssec_ok = true;
    respond(&q, &a, false);
    assert_int_equal(wire_get_u16(out + 6), 2);
    assert_int_equal(wire_get_u16(out + 8), 1);
}

/* Others would look for a proof that NXDOMAIN needs (RFC 9824 5). */
static void a_compact_denial_is_nxdomain_for_those_who_do_not_set_do(void **state)
{
    (void)state;
    struct answer a = {.rcode = RCODE_NOERROR, .security = SECURITY_SECURE, .denies_name = true};
    struct request q = request_for("m.example.", TYPE_A, 1232);
    respond(&q, &a, false);
    assert_int_equal(out[3] & MSG_RCODE, RCODE_NXDOMAIN);
    q.edns.dnssec_ok = true;
    respond(&q, &a, false);
    assert_int_equal(out[3] & MSG_RCODE, RCODE_NOERROR);
}

/* RFC 6840 5.7, 5.8. */
static void ad_is_for_secure_answers_and_those_who_understand_it(void **state)
{
    (void)state;
    struct request q = request_for("a.example", TYPE_A, 1232);
    struct answer a = {.rcode = RCODE_NOERROR, .security = SECURITY_SECURE};
    a.sections[SECTION_ANSWER] = addresses(q.key, 1);
    assert_false(parse(respond(&q, &a, false)).flags & MSG_AD);
    q.flags |= MSG_AD;
    assert_true(parse(respond(&q, &a, false)).flags & MSG_AD);
    q.flags = MSG_RD;
    q.edns.dnssec_ok = true;
    assert_true(parse(respond(&q, &a, false)).flags & MSG_AD);
    static const enum security others[] = {SECURITY_UNCHECKED, SECURITY_INDETERMINATE, SECURITY_INSECURE,
                                           SECURITY_BOGUS};
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        a.security = others[i];
        assert_false(parse(respond(&q, &a, false)).flags & MSG_AD);
    }
}

static void reasons_are_sent_only_to_those_who_speak_edns(void **state)
{
    (void)state;
    struct request q = request_for("a.example", TYPE_A, 1232);
    struct answer a = {.rcode = RCODE_SERVFAIL, .error_count = 1};
    a.errors[0] = (struct ede){.code = EDE_NO_REACHABLE_AUTHORITY, .text = "all servers timed out"};
    struct msg m = parse(respond(&q, &a, false));
    assert_true(m.edns.has_received);
    assert_int_equal(m.edns.received.code, EDE_NO_REACHABLE_AUTHORITY);
    assert_string_equal(m.edns.received.text, "all servers timed out");
    assert_false(marks.is_keepable);
    q.edns.present = false;
    m = parse(respond(&q, &a, false));
    assert_false(m.edns.present);
    assert_int_equal(m.rcode, RCODE_SERVFAIL);
}

static void a_reason_gives_way_to_records_text_first(void **state)
{
    (void)state;
    struct answer a = {.rcode = RCODE_NOERROR, .error_count = 1};
    struct request q = request_for("a.example", TYPE_A, 1232);
    a.sections[SECTION_ANSWER] = addresses(q.key, 30);
    a.errors[0] = (struct ede){.code = EDE_UNSUPPORTED_DNSKEY_ALGORITHM, .text = "example. DNSKEY: RSASHA1"};
    q.edns.udp_size = (uint16_t)respond(&q, &a, false);
    assert_string_equal(parse(respond(&q, &a, false)).edns.received.text, a.errors[0].text);
    q.edns.udp_size--;
    struct msg m = parse(respond(&q, &a, false));
    assert_true(m.edns.has_received);
    assert_int_equal(m.edns.received.code, EDE_UNSUPPORTED_DNSKEY_ALGORITHM);
    assert_string_equal(m.edns.received.text, "");
    q.edns.udp_size = (uint16_t)(q.edns.udp_size - strlen(a.errors[0].text));
    m = parse(respond(&q, &a, false));
    assert_false(m.edns.has_received);
    assert_int_equal(m.sections[SECTION_ANSWER]->data.count, 30);
}

static void an_answer_is_keepable_only_when_it_is_the_same_for_everybody(void **state)
{
    (void)state;
    struct request q = request_for("a.example", TYPE_A, 0);
    struct answer a = {.rcode = RCODE_NOERROR};
    a.sections[SECTION_ANSWER] = addresses(q.key, 2);
    respond(&q, &a, false);
    assert_true(marks.is_keepable);
    assert_int_equal(marks.count, 2);
    a.is_local = true;
    respond(&q, &a, false);
    assert_false(marks.is_keepable);
}

static void errors_work_without_a_question_and_carry_extended_codes(void **state)
{
    (void)state;
    struct request q = request_for("a.example", TYPE_A, 1232);
    struct msg m = parse(respond_error(&responder, &q, RCODE_BADVERS, NULL, out, 512));
    assert_int_equal(m.rcode, RCODE_BADVERS);
    q.name_len = 0;
    q.edns.present = false;
    assert_int_equal(respond_error(&responder, &q, RCODE_FORMERR, NULL, out, 512), MSG_HEADER_SIZE);
    assert_int_equal(wire_get_u16(out + 4), 0);
    assert_int_equal(out[3] & MSG_RCODE, RCODE_FORMERR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_follow_the_client_but_never_exceed_ours),
        cmocka_unit_test(a_set_that_does_not_fit_is_left_out_whole_and_tc_says_so),
        cmocka_unit_test(additional_records_that_do_not_fit_are_no_truncation),
        cmocka_unit_test(signatures_and_proofs_go_only_to_those_who_set_do),
        cmocka_unit_test(a_compact_denial_is_nxdomain_for_those_who_do_not_set_do),
        cmocka_unit_test(ad_is_for_secure_answers_and_those_who_understand_it),
        cmocka_unit_test(reasons_are_sent_only_to_those_who_speak_edns),
        cmocka_unit_test(a_reason_gives_way_to_records_text_first),
        cmocka_unit_test(an_answer_is_keepable_only_when_it_is_the_same_for_everybody),
        cmocka_unit_test(errors_work_without_a_question_and_carry_extended_codes),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
