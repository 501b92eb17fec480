/* What the scheduler is told about threads that work behind those that answer. Left alone, Linux since 6.6 lets whoever
 * runs finish a slice, some 3 to 4 ms, though a question has come and its worker was woken on the same core. */
#ifndef CAIRN_BASE_THREAD_H
#define CAIRN_BASE_THREAD_H

#define THREAD_BACKGROUND_NICE     19
#define THREAD_BACKGROUND_SLICE_NS 100000000 /* the most that Linux grants */

/* For threads whose work no client waits for, called by the thread itself. It takes all of an idle core, and one part
 * in 70 of a core that a worker fills; a worker that is woken takes the core from it at once (Linux 6.12; before,
 * mostly). Needs no privileges; where the system does not allow it, nothing changes. */
void thread_be_background(void);

#endif
