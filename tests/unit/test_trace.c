/* The trace as text: errors for clients, steps for people. */
#include "resolver/iterate/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/type.h"
#include "resolver/iterate/classify.h"
#include "resolver/iterate/cut.h"
#include "resolver/iterate/limits.h"

static const uint8_t zone[] = "\7example\3com";
static const uint8_t name[] = "\3www\7example\3com";
static const uint8_t server_name[] = "\2ns\5other\3net";

static struct trace_step *add(struct trace *t, enum trace_kind kind, uint8_t server, unsigned detail)
{
    struct trace_step *s = trace_add(t, kind, kind == TRACE_CUT ? zone : name, TYPE_A, t->started + 10);
    s->detail = (uint8_t)detail;
    if (server > 0) {
        s->server = addr_v4((const uint8_t[]){192, 0, 2, server}, 53);
    }
    return s;
}

static void the_outcome_of_each_server_of_the_last_zone_is_told(void **state)
{
    struct trace t;
    struct ede errors[EDE_MAX];
    (void)state;
    trace_init(&t, 1000);
    add(&t, TRACE_CUT, 0, CUT_CACHE);
    add(&t, TRACE_ASK, 9, 0);
    add(&t, TRACE_REPLY, 9, REPLY_REFERRAL);
    add(&t, TRACE_CUT, 0, CUT_REFERRAL);
    add(&t, TRACE_ASK, 1, 0);
    add(&t, TRACE_TIMEOUT, 1, 0);
    add(&t, TRACE_ASK, 2, 0);
    add(&t, TRACE_REPLY, 2, REPLY_REFUSED);
    assert_int_equal(trace_errors(&t, errors), 1);
    assert_int_equal(errors[0].code, EDE_NO_REACHABLE_AUTHORITY);
    assert_string_equal(errors[0].text, "all 2 servers of example.com. failed: 192.0.2.1 timed out, 192.0.2.2 REFUSED");
}

static void the_last_word_on_a_server_counts(void **state)
{
    struct trace t;
    struct ede errors[EDE_MAX];
    (void)state;
    trace_init(&t, 0);
    add(&t, TRACE_CUT, 0, CUT_CACHE);
    add(&t, TRACE_ASK, 1, 0);
    add(&t, TRACE_TIMEOUT, 1, 0);
    add(&t, TRACE_ASK, 1, 1);
    add(&t, TRACE_UNREACHABLE, 1, 0);
    add(&t, TRACE_SKIPPED, 1, SKIP_TRIES);
    trace_errors(&t, errors);
    assert_string_equal(errors[0].text, "the server of example.com. failed: 192.0.2.1 unreachable");
}

static void a_query_under_way_tells_how_far_it_came(void **state)
{
    struct trace t;
    struct ede errors[EDE_MAX];
    (void)state;
    trace_init(&t, 0);
    assert_int_equal(trace_errors(&t, errors), 1);
    add(&t, TRACE_CUT, 0, CUT_CACHE);
    add(&t, TRACE_ASK, 1, 0);
    trace_errors(&t, errors);
    assert_string_equal(errors[0].text, "the server of example.com. failed: 192.0.2.1 no answer yet");
}

static void a_failed_look_up_of_a_server_is_told_at_its_level(void **state)
{
    struct trace t;
    struct ede errors[EDE_MAX];
    (void)state;
    trace_init(&t, 0);
    add(&t, TRACE_CUT, 0, CUT_REFERRAL);
    trace_add(&t, TRACE_NEED_ADDRESS, server_name, TYPE_A, 0);
    trace_add(&t, TRACE_CUT, name_parent(server_name), TYPE_A, 0)->detail = CUT_HINTS;
    add(&t, TRACE_ASK, 7, 0);
    add(&t, TRACE_TIMEOUT, 7, 0);
    trace_errors(&t, errors);
    assert_string_equal(errors[0].text, "the server of other.net. failed: 192.0.2.7 timed out");
    trace_add(&t, TRACE_FINISH, server_name, TYPE_A, 0);
    trace_add(&t, TRACE_NO_ADDRESS, server_name, TYPE_A, 0);
    trace_errors(&t, errors);
    assert_string_equal(errors[0].text, "no server of example.com. could be asked: no address for ns.other.net.");
}

static void a_limit_and_an_invalid_reply_are_errors_of_their_own(void **state)
{
    struct trace t;
    struct ede errors[EDE_MAX];
    (void)state;
    trace_init(&t, 0);
    add(&t, TRACE_CUT, 0, CUT_REFERRAL);
    add(&t, TRACE_ASK, 1, 0);
    add(&t, TRACE_REPLY, 1, REPLY_JUNK);
    add(&t, TRACE_LIMIT, 0, LIMIT_ID_sends);
    assert_int_equal(trace_errors(&t, errors), 3);
    assert_int_equal(errors[1].code, EDE_INVALID_DATA);
    assert_int_equal(errors[2].code, EDE_OTHER);
    assert_string_equal(errors[2].text, "limit reached: upstream queries per query");
}

static void long_texts_end_in_dots_and_fit(void **state)
{
    struct trace t;
    struct ede errors[EDE_MAX];
    (void)state;
    trace_init(&t, 0);
    add(&t, TRACE_CUT, 0, CUT_REFERRAL);
    for (uint8_t i = 1; i < 30; i++) {
        add(&t, TRACE_ASK, i, 0);
    }
    trace_errors(&t, errors);
    size_t len = strlen(errors[0].text);
    assert_true(len < EDE_TEXT_MAX);
    assert_string_equal(errors[0].text + len - 3, "...");
    assert_non_null(strstr(errors[0].text, "all 29 servers"));
}

static void a_full_trace_keeps_turning_points(void **state)
{
    struct trace t;
    (void)state;
    trace_init(&t, 0);
    for (unsigned i = 0; i < 200; i++) {
        assert_non_null(add(&t, TRACE_ASK, 1, 0));
    }
    assert_true(t.count < TRACE_STEPS_MAX && t.lost > 0);
    add(&t, TRACE_LIMIT, 0, LIMIT_ID_sends);
    assert_int_equal(t.steps[t.count - 1].kind, TRACE_LIMIT);
    for (unsigned i = 0; i < 200; i++) {
        assert_non_null(add(&t, TRACE_CUT, 0, CUT_REFERRAL));
    }
    assert_int_equal(t.count, TRACE_STEPS_MAX);
}

static void a_long_name_is_kept_by_its_leftmost_labels(void **state)
{
    uint8_t deep[NAME_SIZE];
    struct trace t;
    char text[200];
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        memcpy(deep + 2 * i, "\1x", 2);
    }
    deep[200] = 0;
    trace_init(&t, 0);
    struct trace_step *s = trace_add(&t, TRACE_ALIAS, deep, TYPE_A, 0);
    assert_true(s->is_cut);
    assert_int_equal(name_len(s->name), 63);
    assert_non_null(strstr(trace_step_text(s, text, sizeof(text)), "x.x.x..."));
}

static void a_step_reads_as_a_sentence(void **state)
{
    struct trace t;
    char text[200];
    (void)state;
    trace_init(&t, 1000);
    struct trace_step *s = add(&t, TRACE_ASK, 1, 1);
    assert_string_equal(trace_step_text(s, text, sizeof(text)), "10 ms: ask 192.0.2.1: www.example.com. A over TCP");
    s = add(&t, TRACE_REPLY, 1, REPLY_LAME);
    s->rtt_us = 23400;
    assert_string_equal(trace_step_text(s, text, sizeof(text)),
                        "10 ms: reply from 192.0.2.1: not authoritative after 23 ms");
    s = add(&t, TRACE_CUT, 0, CUT_HINTS);
    assert_string_equal(trace_step_text(s, text, sizeof(text)), "10 ms: at zone example.com. (root hints)");
    s = add(&t, TRACE_FINISH, 0, 0);
    s->rcode = 2;
    assert_string_equal(trace_step_text(s, text, sizeof(text)), "10 ms: finished: www.example.com. A SERVFAIL");
    assert_true(strlen(trace_step_text(s, text, 12)) < 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_outcome_of_each_server_of_the_last_zone_is_told),
        cmocka_unit_test(the_last_word_on_a_server_counts),
        cmocka_unit_test(a_query_under_way_tells_how_far_it_came),
        cmocka_unit_test(a_failed_look_up_of_a_server_is_told_at_its_level),
        cmocka_unit_test(a_limit_and_an_invalid_reply_are_errors_of_their_own),
        cmocka_unit_test(long_texts_end_in_dots_and_fit),
        cmocka_unit_test(a_full_trace_keeps_turning_points),
        cmocka_unit_test(a_long_name_is_kept_by_its_leftmost_labels),
        cmocka_unit_test(a_step_reads_as_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
