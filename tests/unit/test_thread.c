/* What the scheduler is told about background threads, and that others are left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "resolver/base/thread.h"

struct seen {
    int policy;
    int nice;
};

static struct seen look(void)
{
    return (struct seen){.policy = sched_getscheduler(0), .nice = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid))};
}

static void *work(void *arg)
{
    struct seen *seen = arg;
    thread_be_background();
    *seen = look();
    return NULL;
}

static void a_background_thread_stays_behind_and_no_other_does(void **state)
{
    (void)state;
    pthread_t thread;
    struct seen before = look();
    struct seen there;
    assert_int_equal(before.policy, SCHED_OTHER);
    assert_int_equal(pthread_create(&thread, NULL, work, &there), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    struct seen after = look();
    assert_int_equal(there.policy, SCHED_BATCH);
    assert_int_equal(there.nice, THREAD_BACKGROUND_NICE);
    assert_int_equal(after.policy, before.policy);
    assert_int_equal(after.nice, before.nice);
}

static void *work_idle(void *arg)
{
    struct seen *seen = arg;
    struct sched_param none = {0};
    (void)sched_setscheduler(0, SCHED_IDLE, &none);
    thread_be_background();
    *seen = look();
    return NULL;
}

static void a_class_that_was_chosen_from_outside_stays(void **state)
{
    (void)state;
    pthread_t thread;
    struct seen there;
    assert_int_equal(pthread_create(&thread, NULL, work_idle, &there), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(there.policy, SCHED_IDLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_background_thread_stays_behind_and_no_other_does),
        cmocka_unit_test(a_class_that_was_chosen_from_outside_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
