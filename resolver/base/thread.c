#include "resolver/base/thread.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* sched_setattr(2) in its first version. Older C libraries have neither it nor the calls, and the kernel's header for
 * it cannot be read beside <sched.h>. */
struct attributes {
    uint32_t size;
    uint32_t sched_policy;
    uint64_t sched_flags;
    int32_t sched_nice;
    uint32_t sched_priority;
    uint64_t sched_runtime, sched_deadline, sched_period;
};

void thread_be_background(void)
{
    struct attributes a = {0};
    pid_t self = 0;
    /* Whoever started the daemon in another class is obeyed. */
    if (syscall(SYS_sched_getattr, self, &a, sizeof(a), 0) != 0 || a.sched_policy != SCHED_OTHER) {
        return;
    }
    a.sched_policy = SCHED_BATCH;
    /* The share matters as well: a worker that has just run for longer than its share is not due, when it is woken,
     * until the other has caught up, which takes the less the smaller the other's share. */
    a.sched_nice = THREAD_BACKGROUND_NICE;
    /* A thread that wakes takes the core at once only from one with longer slices than its own. Older kernels ignore
     * it. */
    a.sched_runtime = THREAD_BACKGROUND_SLICE_NS;
    (void)syscall(SYS_sched_setattr, self, &a, 0);
}
