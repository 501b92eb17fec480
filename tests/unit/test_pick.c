/* Which server gets the questions, by what is known of them and by chance. */
#include "resolver/iterate/pick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "resolver/dns/type.h"
#include "world.h"

#define WWW   ((const uint8_t *)"\3www\4test")
#define ASKED 1000

static const struct query_event start = {.kind = EVENT_START};

/* Asks one name and returns how many milliseconds it took. A second passes between two of them. */
static uint64_t ask_one(struct world *w)
{
    uint64_t began = w->now;
    struct query *q = query_new(&w->resolver, WWW, TYPE_A, QUERY_NO_CACHE, w->now);
    enum want want = query_step(q, &start, w->now);
    while (want == WANT_SEND) {
        uint64_t took;
        if (query_beside(q) != NULL) {
            world_serve_beside(w, query_beside(q));
        }
        struct query_event ev = world_serve(w, query_send(q), &took);
        w->now += took;
        want = query_step(q, &ev, w->now);
    }
    assert_int_equal(query_answer(q)->rcode, RCODE_NOERROR);
    query_free(q);
    uint64_t took = w->now - began;
    w->now += 1000;
    return took;
}

static int compare_times(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The time that 95 of 100 queries took at most. */
static uint64_t ask_many(struct world *w)
{
    static uint64_t times[ASKED];
    for (unsigned i = 0; i < WORLD_SERVERS; i++) {
        w->servers[i].asked = w->servers[i].beside = 0;
    }
    for (unsigned i = 0; i < ASKED; i++) {
        times[i] = ask_one(w);
    }
    qsort(times, ASKED, sizeof(times[0]), compare_times);
    return times[ASKED * 95 / 100];
}

static void a_slow_and_a_lossy_server_get_few_questions(void **state)
{
    struct world w;
    (void)state;
    world_begin(&w, 4, 10);
    w.servers[0].rtt_ms = 200;
    w.servers[1].loses_one_in = 3;
    ask_many(&w);
    assert_in_range(w.servers[0].asked, 1, 20);
    assert_in_range(w.servers[1].asked, 1, 250);
    assert_in_range(w.servers[2].asked, 250, 800);
    assert_in_range(w.servers[3].asked, 250, 800);
    world_end(&w);
}

static void a_server_that_turns_slow_and_lossy_is_left(void **state)
{
    struct world w;
    (void)state;
    world_begin(&w, 4, 20);
    uint64_t healthy = ask_many(&w);
    assert_int_equal(healthy, 20);
    w.servers[0].rtt_ms = 800;
    w.servers[0].loses_one_in = 3;
    for (unsigned i = 0; i < 200; i++) {
        ask_one(&w);
    }
    uint64_t sick = ask_many(&w);
    print_message("95 of 100 within %u ms, %u questions and %u packets beside them to the slow server\n",
                  (unsigned)sick, w.servers[0].asked, w.servers[0].beside);
    assert_true(sick < 2 * healthy);
    assert_in_range(w.servers[0].asked, 0, ASKED / 10);
    world_end(&w);
}

static void a_server_that_turns_fast_is_found_beside_the_questions(void **state)
{
    struct world w;
    (void)state;
    world_begin(&w, 4, 800);
    w.servers[1].rtt_ms = 60;
    ask_many(&w);
    assert_int_equal(ask_many(&w), 60);
    assert_int_equal(w.servers[1].asked, ASKED);
    assert_in_range(w.servers[0].beside + w.servers[2].beside + w.servers[3].beside, 10, ASKED / 10);
    w.servers[2].rtt_ms = 10;
    for (unsigned i = 0; i < 4; i++) {
        ask_many(&w);
    }
    assert_int_equal(w.servers[2].asked, ASKED);
    world_end(&w);
}

static void one_server_is_never_asked_beside_itself(void **state)
{
    struct world w;
    (void)state;
    world_begin(&w, 1, 20);
    ask_many(&w);
    assert_int_equal(w.servers[0].asked, ASKED);
    assert_int_equal(w.servers[0].beside, 0);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_and_a_lossy_server_get_few_questions),
        cmocka_unit_test(a_server_that_turns_slow_and_lossy_is_left),
        cmocka_unit_test(a_server_that_turns_fast_is_found_beside_the_questions),
        cmocka_unit_test(one_server_is_never_asked_beside_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
