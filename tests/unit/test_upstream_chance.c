/* What a forger would have to guess: ports and ids of 20,000 queries of four workers, seen by their name servers. The
 * bounds are those that true chance exceeds once in some 10^9 runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "resolver/net/upstream.h"
#include "tests/support/mock_server.h"

enum {
    WORKERS = 4,
    ROUNDS = 5000,
    QUERIES = WORKERS * ROUNDS,
    BINS = 64,
    PORT_MIN = 1024,
    PORTS_PER_BIN = (65536 - PORT_MIN) / BINS
};

/* Of 63 and of 3 x 63 degrees of freedom. */
#define BOUND_ONE  150.0
#define BOUND_EACH 330.0

struct worker {
    pthread_t thread;
    struct event_base *base;
    struct mock mock;
    struct upstream *upstream;
    unsigned asked, replies;
};

static struct worker workers[WORKERS];

static void ask(struct worker *w);

static void reply(struct mock_query *q)
{
    uint8_t out[600];
    mock_send(q, out, mock_reply(q, out));
}

static void on_done(void *arg, const struct upstream_result *result)
{
    struct worker *w = arg;
    w->replies += result->outcome == UPSTREAM_REPLY;
    if (w->asked < ROUNDS) {
        ask(w);
    } else {
        event_base_loopbreak(w->base);
    }
}

static void ask(struct worker *w)
{
    struct upstream_question q = {.server = w->mock.address,
                                  .name = (const uint8_t *)"\3www\7example\4test",
                                  .type = 1,
                                  .use_edns = true,
                                  .timeout_ms = 10000};
    w->asked++;
    if (upstream_ask(w->upstream, &q, on_done, w) == NULL) {
        event_base_loopbreak(w->base);
    }
}

static void *run(void *arg)
{
    static const struct upstream_settings settings = {.case_randomisation = true, .edns_size = 1232};
    struct worker *w = arg;
    w->base = event_base_new();
    if (!mock_start(&w->mock, w->base)) {
        return NULL;
    }
    w->mock.script = reply;
    w->upstream = upstream_new(w->base, &settings);
    ask(w);
    event_base_dispatch(w->base);
    upstream_free(w->upstream);
    mock_stop(&w->mock);
    event_base_free(w->base);
    return NULL;
}

static int ask_all(void **state)
{
    (void)state;
    upstream_start();
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    return 0;
}

static void each_query_has_its_reply(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(workers[i].replies, ROUNDS);
        assert_int_equal(workers[i].mock.queries, ROUNDS);
    }
}

static void no_try_is_like_the_one_before(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WORKERS; i++) {
        for (unsigned j = 1; j < ROUNDS; j++) {
            assert_memory_not_equal(&workers[i].mock.seen[j - 1], &workers[i].mock.seen[j],
                                    sizeof(workers[i].mock.seen[j]));
        }
    }
}

static unsigned bin_of_port(uint16_t port, uint16_t id)
{
    (void)id;
    assert_true(port >= PORT_MIN);
    return (unsigned)(port - PORT_MIN) / PORTS_PER_BIN;
}

static unsigned bin_of_high_bits(uint16_t port, uint16_t id)
{
    (void)port;
    return id / (65536 / BINS);
}

static unsigned bin_of_low_bits(uint16_t port, uint16_t id)
{
    (void)port;
    return id % BINS;
}

static void sort_into(unsigned counts[WORKERS][BINS], unsigned (*bin)(uint16_t port, uint16_t id))
{
    memset(counts, 0, sizeof(unsigned[WORKERS][BINS]));
    for (unsigned i = 0; i < WORKERS; i++) {
        for (unsigned j = 0; j < ROUNDS; j++) {
            counts[i][bin(workers[i].mock.seen[j].port, workers[i].mock.seen[j].id)]++;
        }
    }
}

static double squared_error(double seen, double expected)
{
    return (seen - expected) * (seen - expected) / expected;
}

/* Pearson's test: all bins are as likely, and for every worker. */
static void check(unsigned (*bin)(uint16_t port, uint16_t id))
{
    unsigned counts[WORKERS][BINS];
    double of_all = 0, of_each = 0;
    sort_into(counts, bin);
    for (unsigned b = 0; b < BINS; b++) {
        double sum = 0;
        for (unsigned i = 0; i < WORKERS; i++) {
            sum += counts[i][b];
        }
        of_all += squared_error(sum, (double)QUERIES / (double)BINS);
        for (unsigned i = 0; i < WORKERS; i++) {
            of_each += squared_error(counts[i][b], sum / (double)WORKERS);
        }
    }
    if (of_all > BOUND_ONE || of_each > BOUND_EACH) {
        fail_msg("chi-square %.0f of all, %.0f between workers", of_all, of_each);
    }
}

static void ports_are_as_likely_as_each_other_and_for_each_worker(void **state)
{
    (void)state;
    check(bin_of_port);
}

static void ids_are_as_likely_as_each_other_and_for_each_worker(void **state)
{
    (void)state;
    check(bin_of_high_bits);
    check(bin_of_low_bits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_query_has_its_reply),
        cmocka_unit_test(no_try_is_like_the_one_before),
        cmocka_unit_test(ports_are_as_likely_as_each_other_and_for_each_worker),
        cmocka_unit_test(ids_are_as_likely_as_each_other_and_for_each_worker),
    };
    return cmocka_run_group_tests(tests, ask_all, NULL);
}
