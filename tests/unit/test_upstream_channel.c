/* Channels of c-ares that serve one server after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "resolver/net/upstream_private.h"
#include "tests/support/mock_server.h"

enum { SERVERS = 5, COOKIE_SIZE = 8, OPTION_COOKIE = 10 };

struct server {
    struct mock mock;
    unsigned cookies; /* that came */
    uint8_t cookie[COOKIE_SIZE];
};

struct fixture {
    struct event_base *base;
    struct upstream *upstream;
    struct server servers[SERVERS];
    unsigned calls, replies;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct upstream_settings settings = {.edns_size = 1232};
    assert_non_null(f);
    f->base = event_base_new();
    f->upstream = upstream_new(f->base, &settings);
    assert_non_null(f->upstream);
    for (unsigned i = 0; i < SERVERS; i++) {
        assert_true(mock_start(&f->servers[i].mock, f->base));
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    upstream_free(f->upstream);
    for (unsigned i = 0; i < SERVERS; i++) {
        mock_stop(&f->servers[i].mock);
    }
    event_base_free(f->base);
    free(f);
    return 0;
}

/* The client's cookie, which stands last; NULL: none. */
static const uint8_t *cookie_of(const struct mock_query *q)
{
    size_t options = 12 + mock_question_len(q) + 11;
    const uint8_t *at = q->bytes + options;
    bool is_one = q->len == options + 4 + COOKIE_SIZE && at[1] == OPTION_COOKIE && at[3] == COOKIE_SIZE;
    return is_one ? at + 4 : NULL;
}

static void reply_without_cookie(struct mock_query *q)
{
    struct server *s = (struct server *)(void *)q->mock;
    const uint8_t *cookie = cookie_of(q);
    uint8_t out[600];
    if (cookie != NULL) {
        s->cookies++;
        memcpy(s->cookie, cookie, COOKIE_SIZE);
    }
    mock_send(q, out, mock_reply(q, out));
}

static void be_silent(struct mock_query *q)
{
    (void)q;
}

static void on_done(void *arg, const struct upstream_result *result)
{
    struct fixture *f = arg;
    f->calls++;
    f->replies += result->outcome == UPSTREAM_REPLY;
}

static void ask(struct fixture *f, unsigned server, mock_script *script, uint32_t timeout_ms)
{
    struct upstream_question q = {.server = f->servers[server].mock.address,
                                  .name = (const uint8_t *)"\3www\7example\4test",
                                  .type = 1,
                                  .use_edns = true,
                                  .timeout_ms = timeout_ms};
    f->servers[server].mock.script = script;
    assert_non_null(upstream_ask(f->upstream, &q, on_done, f));
}

static void await(struct fixture *f, unsigned calls)
{
    while (f->calls < calls) {
        assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
    }
}

/* A cookie that several servers saw would let each pass for the others (RFC 7873 4.1). */
static void one_channel_offers_each_server_a_cookie_of_its_own(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < 2 * SERVERS; i++) {
        ask(f, i / 2, reply_without_cookie, 10000);
        await(f, i + 1);
        /* The first becomes the one that all servers without cookies share. */
        assert_int_equal(f->upstream->idle_count, i == 1 ? 0 : 1);
    }
    assert_int_equal(f->replies, 2 * SERVERS);
    for (unsigned i = 0; i < SERVERS; i++) {
        assert_int_equal(f->servers[i].mock.queries, 2);
        assert_int_equal(f->servers[i].cookies, 1);
        for (unsigned j = 0; j < i; j++) {
            assert_memory_not_equal(f->servers[i].cookie, f->servers[j].cookie, COOKIE_SIZE);
        }
    }
}

static void a_channel_stays_while_another_reply_is_awaited_there(void **state)
{
    struct fixture *f = *state;
    ask(f, 0, be_silent, 300);
    for (unsigned i = 0; f->servers[0].mock.queries < 1 && i < 1000; i++) {
        assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
    }
    ask(f, 0, reply_without_cookie, 10000);
    await(f, 1);
    assert_int_equal(f->replies, 1);
    assert_int_equal(f->upstream->idle_count, 0);
    await(f, 2);
    assert_int_equal(f->replies, 1);
    assert_int_equal(f->upstream->idle_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_channel_offers_each_server_a_cookie_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_channel_stays_while_another_reply_is_awaited_there, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
