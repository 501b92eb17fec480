/* Runs functions on another thread's event loop: how threads of the daemon talk. */
#ifndef CAIRN_SERVER_MAILBOX_H
#define CAIRN_SERVER_MAILBOX_H

#include <pthread.h>
#include <sys/queue.h>

#include "resolver/base/fail.h"

struct event;
struct event_base;
struct mailbox_task;

struct mailbox {
    pthread_mutex_t lock;
    STAILQ_HEAD(mailbox_tasks, mailbox_task) tasks;
    int wake; /* eventfd */
    struct event *event;
};

/* FAIL_SYSTEM when the system refuses. Belongs to the thread that runs `base`. */
MUST_CHECK int mailbox_init(struct mailbox *m, struct event_base *base);

/* Runs what is still in it, then closes. No other thread may post any more. */
void mailbox_fini(struct mailbox *m);

/* From any thread: `run(arg)` will be called once on the owner's loop, in the order of posting. Ends the process
 * without memory: what is posted (a new configuration, a stop) must not get lost. */
void mailbox_post(struct mailbox *m, void (*run)(void *arg), void *arg);

#endif
