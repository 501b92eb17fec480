#include "resolver/server/mailbox.h"

#include <event2/event.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { THREADS = 4, POSTS = 5000 };

static struct event_base *base;
static struct mailbox box;

static int set_up(void **state)
{
    (void)state;
    base = event_base_new();
    return mailbox_init(&box, base);
}

static int tear_down(void **state)
{
    (void)state;
    mailbox_fini(&box);
    event_base_free(base);
    return 0;
}

/* ---- One thread ---- */

static struct {
    unsigned seen[8];
    unsigned count;
} order;

static void note(void *arg)
{
    order.seen[order.count++] = *(unsigned *)arg;
}

static unsigned numbers[] = {1, 2, 3, 4};

static void note_and_post(void *arg)
{
    note(arg);
    mailbox_post(&box, note, &numbers[3]);
}

static void tasks_run_in_the_order_of_posting_and_not_before_the_loop(void **state)
{
    (void)state;
    order.count = 0;
    for (unsigned i = 0; i < 3; i++) {
        mailbox_post(&box, note, &numbers[i]);
    }
    assert_int_equal(order.count, 0);
    event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(order.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(order.seen[i], numbers[i]);
    }
}

static void a_task_posted_by_a_task_runs_after_those_posted_before(void **state)
{
    (void)state;
    order.count = 0;
    mailbox_post(&box, note_and_post, &numbers[0]);
    mailbox_post(&box, note, &numbers[1]);
    while (order.count < 3) {
        event_base_loop(base, EVLOOP_ONCE);
    }
    assert_int_equal(order.seen[1], 2);
    assert_int_equal(order.seen[2], 4);
}

static void what_is_left_at_the_end_still_runs(void **state)
{
    order.count = 0;
    mailbox_post(&box, note, &numbers[0]);
    mailbox_post(&box, note, &numbers[1]);
    tear_down(state);
    assert_int_equal(order.count, 2);
    assert_int_equal(set_up(state), 0);
}

/* ---- Several threads ---- */

struct sender {
    pthread_t thread;
    unsigned next; /* to be received: the owner's */
    unsigned misplaced;
};

static struct sender senders[THREADS];
static unsigned received;

struct letter {
    struct sender *from;
    unsigned number;
};
static struct letter letters[THREADS][POSTS];

static void receive(void *arg)
{
    const struct letter *l = arg;
    l->from->misplaced += l->number != l->from->next++;
    received++;
}

static void *send_all(void *arg)
{
    struct sender *s = arg;
    for (unsigned i = 0; i < POSTS; i++) {
        struct letter *l = &letters[s - senders][i];
        *l = (struct letter){.from = s, .number = i};
        mailbox_post(&box, receive, l);
    }
    return NULL;
}

static void what_other_threads_post_arrives_once_and_in_their_order(void **state)
{
    (void)state;
    received = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    while (received < THREADS * POSTS) {
        event_base_loop(base, EVLOOP_ONCE);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(senders[i].thread, NULL);
        assert_int_equal(senders[i].misplaced, 0);
    }
    assert_int_equal(received, THREADS * POSTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tasks_run_in_the_order_of_posting_and_not_before_the_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_task_posted_by_a_task_runs_after_those_posted_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_left_at_the_end_still_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_other_threads_post_arrives_once_and_in_their_order, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
