/* Faults of the memory-mapped file. A damaged or shrunken file makes reads of the map fault; that must end in an empty
 * cache, not in a loop of crashes. The handler writes a marker through a descriptor opened beforehand and ends the
 * process. One map per process can be guarded. */
#ifndef CAIRN_CACHE_FAULT_H
#define CAIRN_CACHE_FAULT_H

#include <signal.h>
#include <stddef.h>

/* Installs the handler for SIGBUS, SIGSEGV and SIGABRT. */
void fault_install(void);

/* From now on a fault where the file `map_fd` is mapped, or between fault_enter and fault_leave, is the map's: the
 * handler calls guard_mark_fault(state_fd) and _exit(DISK_FAULT_STATUS). */
void fault_arm(int map_fd, int state_fd);
void fault_disarm(void);

/* This thread is inside LMDB: corrupt pages can make it fault anywhere. */
extern _Thread_local volatile sig_atomic_t fault_depth;

static inline void fault_enter(void)
{
    fault_depth = 1;
}

static inline void fault_leave(void)
{
    fault_depth = 0;
}

/* For damage that is found without a fault: marks GUARD_FAULT. Does nothing when not armed. */
void fault_mark(void);

#endif
