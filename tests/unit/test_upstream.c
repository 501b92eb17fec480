#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/net/upstream.h"
#include "tests/support/mock_scripts.h"

#define TYPE_A 1

static const uint8_t example[] = "\3www\7example\4test";
/* Of 60 letters: its random case is never all lower. */
static const uint8_t long_name[] = "\74abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh\4test";

struct fixture {
    struct event_base *base;
    struct mock mock;
    struct upstream *upstream;
};

struct answer {
    struct fixture *f;
    struct exchange *cancel; /* in the callback */
    unsigned warnings;       /* upstream_soon */
    unsigned calls;
    enum upstream_outcome outcome;
    size_t len;
    uint32_t rtt_us;
    bool case_lost;
    uint8_t bytes[65535];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct upstream_settings settings = {.case_randomisation = true, .edns_size = 1232};
    assert_non_null(f);
    f->base = event_base_new();
    assert_true(mock_start(&f->mock, f->base));
    f->upstream = upstream_new(f->base, &settings);
    assert_non_null(f->upstream);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    upstream_free(f->upstream);
    mock_stop(&f->mock);
    event_base_free(f->base);
    free(f);
    return 0;
}

static void on_done(void *arg, const struct upstream_result *result)
{
    struct answer *a = arg;
    a->calls++;
    a->outcome = result->outcome;
    a->len = result->len;
    a->rtt_us = result->rtt_us;
    a->case_lost = result->case_lost;
    if (result->outcome == UPSTREAM_REPLY) {
        memcpy(a->bytes, result->bytes, result->len);
    }
    if (a->cancel != NULL) {
        upstream_cancel(a->cancel);
        a->cancel = NULL;
    }
}

static void on_soon(void *arg)
{
    struct answer *a = arg;
    assert_int_equal(a->calls, 0);
    a->warnings++;
}

static struct exchange *ask(struct fixture *f, struct answer *a, const uint8_t *name, bool tcp, uint32_t timeout_ms)
{
    struct upstream_question q = {.server = f->mock.address, .name = name, .type = TYPE_A, .use_tcp = tcp};
    q.use_edns = true;
    q.timeout_ms = timeout_ms;
    q.soon = on_soon;
    a->f = f;
    return upstream_ask(f->upstream, &q, on_done, a);
}

static void stop_loop(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(arg);
}

/* Turns the loop until `a` was called back, or for `ms`. */
static void run(struct fixture *f, const struct answer *a, unsigned ms)
{
    struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    struct event *end = evtimer_new(f->base, stop_loop, f->base);
    evtimer_add(end, &after);
    while (evtimer_pending(end, NULL) && (a == NULL || a->calls == 0)) {
        event_base_loop(f->base, EVLOOP_ONCE);
    }
    event_free(end);
}

static enum upstream_outcome outcome_within(struct fixture *f, mock_script *script, bool tcp, uint32_t timeout_ms)
{
    struct answer *a = calloc(1, sizeof(*a));
    assert_non_null(a);
    f->mock.script = script;
    assert_non_null(ask(f, a, example, tcp, timeout_ms));
    assert_int_equal(a->calls, 0);
    run(f, a, timeout_ms + 2000);
    assert_int_equal(a->calls, 1);
    enum upstream_outcome outcome = a->outcome;
    free(a);
    return outcome;
}

/* Where something comes for sure, however busy the machine is. */
static enum upstream_outcome outcome_of(struct fixture *f, mock_script *script, bool tcp)
{
    return outcome_within(f, script, tcp, 10000);
}

static enum upstream_outcome outcome_of_silence(struct fixture *f, mock_script *script, bool tcp)
{
    return outcome_within(f, script, tcp, 300);
}

static uint64_t mismatched(struct fixture *f)
{
    struct upstream_stats stats;
    upstream_stats_read(f->upstream, &stats);
    return stats.mismatched;
}

/* ---- UDP ---- */

static void the_right_reply_arrives_untouched(void **state)
{
    struct fixture *f = *state;
    struct answer *a = calloc(1, sizeof(*a));
    f->mock.script = reply_with_every_kind_of_bytes;
    assert_non_null(ask(f, a, example, false, 1000));
    run(f, a, 2000);
    assert_int_equal(a->outcome, UPSTREAM_REPLY);
    assert_int_equal(a->len, 12 + sizeof(example) + 4 + 19);
    assert_int_equal(a->bytes[2] & 0x82, 0x82);
    assert_int_equal(a->bytes[3], 0x41);
    assert_memory_equal(a->bytes + a->len - 4, "rest", 4);
    /* the random case that was on the wire is not for whoever reads records compressed against it */
    assert_memory_equal(a->bytes + 12, example, sizeof(example));
    assert_true(a->rtt_us > 0 && a->rtt_us < 1000000);
    assert_int_equal(a->warnings, 1);
    assert_int_equal(f->mock.queries, 1);
    free(a);
}

static void check_query(struct mock_query *q)
{
    static const uint8_t opt[] = {0, 0, 41, 1232 >> 8, 1232 & 0xff, 0, 0, 0x80, 0};
    size_t question = mock_question_len(q);
    assert_int_equal(q->bytes[2], 0);
    assert_memory_equal(q->bytes + 3, "\0\0\1\0\0\0\0\0\1", 9);
    assert_true(name_equal(q->bytes + 12, example));
    assert_memory_equal(q->bytes + 12 + question - 4, "\0\1\0\1", 4);
    assert_memory_equal(q->bytes + 12 + question, opt, sizeof(opt));
    reply_rightly(q);
}

static void a_query_has_one_question_and_opt_with_do(void **state)
{
    assert_int_equal(outcome_of(*state, check_query, false), UPSTREAM_REPLY);
    assert_int_equal(outcome_of(*state, check_query, true), UPSTREAM_REPLY);
}

static void datagrams_that_do_not_match_are_suspect(void **state)
{
    struct fixture *f = *state;
    mock_script *const scripts[] = {
        reply_wrong_id_first, reply_in_lower_case,       reply_to_another_question,  reply_of_another_type,
        send_the_query_back,  reply_with_another_opcode, reply_without_question,     reply_too_large,
        reply_cut_off,        reply_without_its_records, send_nothing_but_a_datagram};
    for (unsigned i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        assert_int_equal(outcome_of(f, scripts[i], false), UPSTREAM_SUSPECT);
        assert_int_equal(mismatched(f), i + 1);
        assert_int_equal(f->mock.queries, i + 1);
    }
    assert_int_equal(outcome_of(f, reply_rightly, false), UPSTREAM_REPLY);
}

static void silence_is_a_timeout(void **state)
{
    assert_int_equal(outcome_of_silence(*state, be_silent, false), UPSTREAM_TIMEOUT);
    assert_int_equal(outcome_of_silence(*state, be_silent, true), UPSTREAM_TIMEOUT);
}

static void a_closed_port_is_unreachable_at_once(void **state)
{
    struct fixture *f = *state;
    mock_stop_udp(&f->mock);
    evconnlistener_disable(f->mock.listener);
    close(evconnlistener_get_fd(f->mock.listener));
    struct answer *a = calloc(1, sizeof(*a));
    assert_non_null(ask(f, a, example, false, 5000));
    run(f, a, 1000);
    assert_int_equal(a->calls, 1);
    assert_int_equal(a->outcome, UPSTREAM_UNREACHABLE);
    assert_int_equal(outcome_of(f, NULL, true), UPSTREAM_UNREACHABLE);
    free(a);
}

static void an_address_without_route_is_unreachable_but_not_from_within_ask(void **state)
{
    struct fixture *f = *state;
    struct answer *a = calloc(1, sizeof(*a));
    const uint8_t broadcast[4] = {255, 255, 255, 255};
    f->mock.address = addr_v4(broadcast, 53);
    for (int tcp = 0; tcp < 2; tcp++) {
        a->calls = 0;
        assert_non_null(ask(f, a, example, tcp, 5000));
        assert_int_equal(a->calls, 0);
        run(f, a, 1000);
        assert_int_equal(a->outcome, UPSTREAM_UNREACHABLE);
    }
    free(a);
}

/* Asks for `count` names at once; each must get its own reply. */
static void ask_many(struct fixture *f, unsigned count, bool tcp, mock_script *script)
{
    static struct answer answers[200];
    uint8_t name[] = "\3"
                     "000"
                     "\4test";
    memset(answers, 0, sizeof(answers));
    f->mock.script = script;
    for (unsigned i = 0; i < count; i++) {
        name[1] = (uint8_t)('0' + i / 100);
        name[2] = (uint8_t)('0' + i / 10 % 10);
        name[3] = (uint8_t)('0' + i % 10);
        assert_non_null(ask(f, &answers[i], name, tcp, 5000));
    }
    for (unsigned i = 0; i < count; i++) {
        run(f, &answers[i], 5000);
        assert_int_equal(answers[i].calls, 1);
        assert_int_equal(answers[i].outcome, UPSTREAM_REPLY);
        assert_int_equal(
            (answers[i].bytes[13] - '0') * 100 + (answers[i].bytes[14] - '0') * 10 + (answers[i].bytes[15] - '0'), i);
    }
}

static void a_server_that_stops_its_cookies_is_suspect(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(outcome_of(f, give_cookie_then_none, false), UPSTREAM_REPLY);
    assert_int_equal(outcome_of(f, give_cookie_then_none, false), UPSTREAM_SUSPECT);
}

static void a_reply_with_a_foreign_cookie_is_suspect(void **state)
{
    assert_int_equal(outcome_of(*state, give_wrong_cookie, false), UPSTREAM_SUSPECT);
}

static void a_cookie_that_a_server_insists_on_is_learnt(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(outcome_of(f, insist_on_cookies, false), UPSTREAM_SUSPECT);
    assert_int_equal(outcome_of(f, insist_on_cookies, false), UPSTREAM_REPLY);
    assert_int_equal(f->mock.queries, 2);
}

static unsigned cookies_seen;

static void count_cookies(struct mock_query *q)
{
    cookies_seen += has_cookie(q);
    check_query(q);
}

static void a_server_without_cookies_gets_one_once(void **state)
{
    cookies_seen = 0;
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(outcome_of(*state, count_cookies, false), UPSTREAM_REPLY);
    }
    assert_int_equal(cookies_seen, 1);
}

static void a_server_with_cookies_gets_its_own_back(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(outcome_of(f, insist_on_cookies, false), UPSTREAM_SUSPECT);
    ask_many(f, 200, false, insist_on_cookies);
    assert_int_equal(f->mock.queries, 201);
}

/* The first of every four queries is answered; the others end in time-outs that c-ares is told of now and then, and a
 * reply on its way at such a moment is asked for again. */
static void lost_replies_with_cookies_spare_the_others(void **state)
{
    enum { COUNT = 400 };
    struct fixture *f = *state;
    static struct answer answers[COUNT];
    unsigned replies = 0, suspects = 0;
    memset(answers, 0, sizeof(answers));
    f->mock.script = give_cookie_or_be_silent;
    for (unsigned i = 0; i < COUNT; i++) {
        assert_non_null(ask(f, &answers[i], example, false, i % 4 == 0 ? 1000 : 20));
        run(f, NULL, 1);
    }
    run(f, NULL, 100);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(answers[i].calls, 1);
        replies += answers[i].outcome == UPSTREAM_REPLY;
        suspects += answers[i].outcome == UPSTREAM_SUSPECT;
    }
    assert_int_equal(replies + suspects, COUNT / 4);
    assert_in_range(suspects, 0, COUNT / 16);
}

static void names_of_any_octets_can_be_asked(void **state)
{
    struct fixture *f = *state;
    struct answer *a = calloc(1, sizeof(*a));
    uint8_t name[NAME_SIZE] = {63};
    for (unsigned i = 1; i < 254; i++) {
        name[i] = (uint8_t)(i % 64 == 0 ? (i == 192 ? 61 : 63) : i);
    }
    f->mock.script = reply_rightly;
    assert_int_equal(name_len(name), NAME_SIZE);
    assert_non_null(ask(f, a, name, false, 1000));
    run(f, a, 2000);
    assert_int_equal(a->outcome, UPSTREAM_REPLY);
    assert_true(name_equal(a->bytes + 12, name));
    a->calls = 0;
    assert_non_null(ask(f, a, name_root, false, 1000));
    run(f, a, 2000);
    assert_int_equal(a->outcome, UPSTREAM_REPLY);
    assert_int_equal(a->len, 17);
    free(a);
}

/* Sockets are used again, for other ports: what is still in one must not count as the next server's answer. */
static void what_comes_too_late_is_nobodys_answer(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(outcome_of(f, reply_twice, false), UPSTREAM_REPLY);
    }
    assert_int_equal(mismatched(f), 0);
}

static int compare_seen(const void *a, const void *b)
{
    return memcmp(a, b, 4);
}

static unsigned count_ports(const struct mock *m, unsigned queries)
{
    static bool is_seen[65536];
    unsigned count = 0;
    memset(is_seen, 0, sizeof(is_seen));
    for (unsigned i = 0; i < queries; i++) {
        count += !is_seen[m->seen[i].port];
        is_seen[m->seen[i].port] = true;
    }
    return count;
}

static void ports_and_ids_are_fresh_and_spread(void **state)
{
    enum { ROUNDS = 2000 };
    struct fixture *f = *state;
    f->mock.script = reply_rightly;
    struct answer *a = calloc(1, sizeof(*a));
    unsigned ports[4] = {0}, ids[4] = {0};
    for (unsigned i = 0; i < ROUNDS; i++) {
        a->calls = 0;
        assert_non_null(ask(f, a, example, false, 1000));
        run(f, a, 2000);
        assert_int_equal(a->outcome, UPSTREAM_REPLY);
        assert_true(f->mock.seen[i].port >= 1024);
        ports[f->mock.seen[i].port >> 14]++;
        ids[f->mock.seen[i].id >> 14]++;
    }
    assert_true(count_ports(&f->mock, ROUNDS) > ROUNDS - 100); /* 31 of 2,000 come twice by chance */
    for (unsigned i = 0; i < 4; i++) {
        assert_in_range(ports[i], ROUNDS / 4 - 150, ROUNDS / 4 + 150);
        assert_in_range(ids[i], ROUNDS / 4 - 150, ROUNDS / 4 + 150);
    }
    qsort(f->mock.seen, ROUNDS, sizeof(f->mock.seen[0]), compare_seen);
    for (unsigned i = 1; i < ROUNDS; i++) {
        assert_memory_not_equal(&f->mock.seen[i - 1], &f->mock.seen[i], sizeof(f->mock.seen[0]));
    }
    free(a);
}

static void a_second_reply_reaches_no_other_exchange(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(outcome_of(f, reply_twice, false), UPSTREAM_REPLY);
    }
    assert_int_equal(mismatched(f), 0);
}

/* ---- TCP ---- */

static struct {
    struct event *timer;
    struct bufferevent *stream;
    uint8_t bytes[600];
    size_t len, at;
} drip;

static void send_an_octet(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    if (drip.at < drip.len) {
        bufferevent_write(drip.stream, drip.bytes + drip.at++, 1);
    }
}

static void send_single_octets(struct mock_query *q)
{
    const struct timeval pause = {.tv_usec = 1000};
    size_t len = mock_reply(q, drip.bytes + 2);
    drip.bytes[0] = (uint8_t)(len >> 8);
    drip.bytes[1] = (uint8_t)len;
    drip.len = len + 2;
    drip.at = 0;
    drip.stream = q->stream;
    drip.timer = event_new(q->mock->base, -1, EV_PERSIST, send_an_octet, NULL);
    event_add(drip.timer, &pause);
}

static void a_framed_reply_may_come_octet_by_octet(void **state)
{
    assert_int_equal(outcome_of(*state, send_single_octets, true), UPSTREAM_REPLY);
    assert_int_equal(drip.at, drip.len);
    event_free(drip.timer);
}

static void one_connection_serves_many_and_closes_when_idle(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(outcome_of(f, reply_rightly, true), UPSTREAM_REPLY);
    }
    assert_int_equal(f->mock.connections, 1);
    for (unsigned i = 0; i < 100 && f->mock.streams[0] != NULL;
         i++) { /* after three seconds, or when the machine can */
        run(f, NULL, 100);
    }
    assert_null(f->mock.streams[0]);
    assert_int_equal(outcome_of(f, reply_rightly, true), UPSTREAM_REPLY);
    assert_int_equal(f->mock.connections, 2);
}

static void a_connection_closed_by_the_server_is_a_timeout_and_opened_anew(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(outcome_of_silence(f, close_stream, true), UPSTREAM_TIMEOUT);
    assert_int_equal(outcome_of(f, reply_rightly, true), UPSTREAM_REPLY);
    assert_int_equal(f->mock.connections, 2);
}

static void who_loses_the_case_over_tcp_is_told_and_may_be_spared(void **state)
{
    struct fixture *f = *state;
    struct answer *a = calloc(1, sizeof(*a));
    struct upstream_question q = {.server = f->mock.address, .name = long_name, .type = TYPE_A, .timeout_ms = 1000};
    f->mock.script = reply_in_lower_case;
    q.use_tcp = true;
    assert_non_null(upstream_ask(f->upstream, &q, on_done, a));
    run(f, a, 2000);
    assert_int_equal(a->outcome, UPSTREAM_REPLY);
    assert_true(a->case_lost);
    a->calls = 0;
    q.use_tcp = false;
    q.plain_case = true;
    assert_non_null(upstream_ask(f->upstream, &q, on_done, a));
    run(f, a, 2000);
    assert_int_equal(a->outcome, UPSTREAM_REPLY);
    assert_false(a->case_lost);
    free(a);
}

static void over_tcp_an_error_may_come_without_question_and_case_may_change(void **state)
{
    assert_int_equal(outcome_of(*state, reply_without_question, true), UPSTREAM_REPLY);
    assert_int_equal(outcome_of(*state, reply_in_lower_case, true), UPSTREAM_REPLY);
    assert_int_equal(outcome_of(*state, reply_too_large, true), UPSTREAM_REPLY);
    assert_int_equal(outcome_of(*state, reply_wrong_id_first, true), UPSTREAM_REPLY);
    assert_int_equal(outcome_of_silence(*state, reply_to_another_question, true), UPSTREAM_TIMEOUT);
}

/* ---- Many at once, cancelling, ending ---- */

static void two_hundred_exchanges_at_once_each_get_their_reply(void **state)
{
    struct fixture *f = *state;
    ask_many(f, 200, false, reply_rightly);
    assert_int_equal(f->mock.queries, 200);
}

static void two_hundred_exchanges_share_one_connection(void **state)
{
    struct fixture *f = *state;
    ask_many(f, 200, true, reply_rightly);
    assert_int_equal(f->mock.queries, 200);
    assert_int_equal(f->mock.connections, 1);
}

static void an_exchange_may_be_cancelled_in_a_callback(void **state)
{
    struct fixture *f = *state;
    struct answer *a = calloc(2, sizeof(*a));
    for (int tcp = 0; tcp < 2; tcp++) {
        f->mock.script = reply_rightly;
        a[0].calls = a[1].calls = 0;
        struct exchange *first = ask(f, &a[0], example, tcp, 1000);
        a[0].cancel = ask(f, &a[1], example, tcp, 1000);
        a[1].cancel = first;
        run(f, &a[0], 200);
        run(f, NULL, 100);
        assert_int_equal(a[0].calls + a[1].calls, 1);
        a[0].cancel = a[1].cancel = NULL;
    }
    assert_int_equal(outcome_of(f, reply_rightly, true), UPSTREAM_REPLY);
    assert_int_equal(outcome_of(f, reply_rightly, false), UPSTREAM_REPLY);
    free(a);
}

static void what_is_pending_may_be_freed(void **state)
{
    struct fixture *f = *state;
    static struct answer answers[8];
    memset(answers, 0, sizeof(answers));
    f->mock.script = be_silent;
    for (unsigned i = 0; i < 8; i++) {
        assert_non_null(ask(f, &answers[i], example, i % 2, 1000));
    }
    run(f, NULL, 20);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(answers[i].calls, 0);
    }
}

static void settings_change_for_new_exchanges(void **state)
{
    struct fixture *f = *state;
    const struct upstream_settings settings = {.case_randomisation = false, .edns_size = 4096};
    upstream_configure(f->upstream, &settings);
    assert_int_equal(outcome_of(f, reply_in_lower_case, false), UPSTREAM_REPLY);
    assert_int_equal(outcome_of(f, reply_too_large, false), UPSTREAM_REPLY);
}

static void more_servers_than_are_remembered_can_be_asked(void **state)
{
    struct fixture *f = *state;
    struct answer *a = calloc(1, sizeof(*a));
    struct addr right = f->mock.address;
    for (unsigned i = 0; i < 1500; i++) {
        f->mock.address.octets[2] = (uint8_t)(i >> 8);
        f->mock.address.octets[3] = (uint8_t)(2 + (i & 0x7f));
        f->mock.address.port = (uint16_t)(2 + i % 500);
        struct exchange *x = ask(f, a, example, false, 1000);
        assert_non_null(x);
        upstream_cancel(x);
        event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    assert_int_equal(a->calls, 0);
    f->mock.address = right;
    assert_int_equal(outcome_of(f, reply_rightly, false), UPSTREAM_REPLY);
    free(a);
}

int main(void)
{
    setenv("RES_OPTIONS", "use-vc", 1); /* would make c-ares use TCP for everything */
    upstream_start();
#define UPSTREAM_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        UPSTREAM_TEST(the_right_reply_arrives_untouched),
        UPSTREAM_TEST(a_query_has_one_question_and_opt_with_do),
        UPSTREAM_TEST(datagrams_that_do_not_match_are_suspect),
        UPSTREAM_TEST(silence_is_a_timeout),
        UPSTREAM_TEST(a_closed_port_is_unreachable_at_once),
        UPSTREAM_TEST(an_address_without_route_is_unreachable_but_not_from_within_ask),
        UPSTREAM_TEST(a_server_that_stops_its_cookies_is_suspect),
        UPSTREAM_TEST(a_reply_with_a_foreign_cookie_is_suspect),
        UPSTREAM_TEST(a_cookie_that_a_server_insists_on_is_learnt),
        UPSTREAM_TEST(a_server_without_cookies_gets_one_once),
        UPSTREAM_TEST(a_server_with_cookies_gets_its_own_back),
        UPSTREAM_TEST(lost_replies_with_cookies_spare_the_others),
        UPSTREAM_TEST(names_of_any_octets_can_be_asked),
        UPSTREAM_TEST(what_comes_too_late_is_nobodys_answer),
        UPSTREAM_TEST(ports_and_ids_are_fresh_and_spread),
        UPSTREAM_TEST(a_second_reply_reaches_no_other_exchange),
        UPSTREAM_TEST(a_framed_reply_may_come_octet_by_octet),
        UPSTREAM_TEST(one_connection_serves_many_and_closes_when_idle),
        UPSTREAM_TEST(a_connection_closed_by_the_server_is_a_timeout_and_opened_anew),
        UPSTREAM_TEST(who_loses_the_case_over_tcp_is_told_and_may_be_spared),
        UPSTREAM_TEST(over_tcp_an_error_may_come_without_question_and_case_may_change),
        UPSTREAM_TEST(two_hundred_exchanges_at_once_each_get_their_reply),
        UPSTREAM_TEST(two_hundred_exchanges_share_one_connection),
        UPSTREAM_TEST(an_exchange_may_be_cancelled_in_a_callback),
        UPSTREAM_TEST(what_is_pending_may_be_freed),
        UPSTREAM_TEST(settings_change_for_new_exchanges),
        UPSTREAM_TEST(more_servers_than_are_remembered_can_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
