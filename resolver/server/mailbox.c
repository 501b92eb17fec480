#include "resolver/server/mailbox.h"

#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox_task {
    STAILQ_ENTRY(mailbox_task) link;
    void (*run)(void *arg);
    void *arg;
};

static void run_all(struct mailbox *m)
{
    struct mailbox_tasks tasks = STAILQ_HEAD_INITIALIZER(tasks);
    pthread_mutex_lock(&m->lock);
    STAILQ_CONCAT(&tasks, &m->tasks);
    pthread_mutex_unlock(&m->lock);
    for (struct mailbox_task *t; (t = STAILQ_FIRST(&tasks)) != NULL;) {
        STAILQ_REMOVE_HEAD(&tasks, link);
        t->run(t->arg);
        free(t);
    }
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    uint64_t count;
    (void)what;
    if (read(fd, &count, sizeof(count)) == sizeof(count)) {
        run_all(arg);
    }
}

int mailbox_init(struct mailbox *m, struct event_base *base)
{
    STAILQ_INIT(&m->tasks);
    pthread_mutex_init(&m->lock, NULL);
    m->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    m->event = m->wake >= 0 ? event_new(base, m->wake, EV_READ | EV_PERSIST, on_wake, m) : NULL;
    if (m->event == NULL || event_add(m->event, NULL) != 0) {
        return FAIL_SYSTEM;
    }
    return FAIL_NONE;
}

void mailbox_fini(struct mailbox *m)
{
    run_all(m);
    if (m->event != NULL) {
        event_free(m->event);
    }
    if (m->wake >= 0) {
        close(m->wake);
    }
    pthread_mutex_destroy(&m->lock);
}

void mailbox_post(struct mailbox *m, void (*run)(void *arg), void *arg)
{
    static const uint64_t one = 1;
    struct mailbox_task *t = calloc(1, sizeof(*t));
    if (t == NULL) {
        abort();
    }
    t->run = run;
    t->arg = arg;
    pthread_mutex_lock(&m->lock);
    STAILQ_INSERT_TAIL(&m->tasks, t, link);
    pthread_mutex_unlock(&m->lock);
    /* A full counter means the owner is already being woken. */
    ssize_t written = write(m->wake, &one, sizeof(one));
    (void)written;
}
