/* The cache directory's lock and its record of how the last run ended. The record tells a kill -9 (what was committed
 * is there) from a power loss (pages may be torn, since nothing is synced) and from a fault inside the map. */
#ifndef CAIRN_CACHE_GUARD_H
#define CAIRN_CACHE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/fail.h"

/* How the last run ended. */
enum guard_past {
    GUARD_NONE, /* no record */
    GUARD_CLEAN,
    GUARD_KILLED,   /* in this boot, without taking leave */
    GUARD_REBOOTED, /* the machine went down under it */
    GUARD_FAULT,    /* the map faulted, or LMDB found it damaged */
    GUARD_CRASHED,  /* a fault elsewhere: memory that went wrong may have been written, too */
    GUARD_FOREIGN   /* the record is not one of ours */
};

struct guard {
    int dir_fd;
    int lock_fd;
    int state_fd;
    enum guard_past past;
    uint64_t recorded_size; /* octets the data file had when it was last opened */
};

/* Takes the lock, making the directory if need be. FAIL_BUSY: another process has it; FAIL_SYSTEM: errno says why. */
MUST_CHECK int guard_open(const char *directory, struct guard *g);

/* Why the data file `file` must not even be opened, constant; NULL: it may. `is_new`: there is none. */
const char *guard_distrust(const struct guard *g, const char *file, bool *is_new);

/* Makes `file` anew, of `size` octets that are really there: a sparse file that is mapped for writing faults when the
 * disk is full. FAIL_SYSTEM: errno says why. */
MUST_CHECK int guard_make_file(const struct guard *g, const char *file, uint64_t size);

/* Records, durably, that a run is on and how long the data file is. FAIL_SYSTEM. */
MUST_CHECK int guard_mark_open(struct guard *g, uint64_t data_size);

/* Records that the data must not be used again: GUARD_FAULT or GUARD_CRASHED. Safe in a signal handler. */
void guard_mark(int state_fd, enum guard_past past);

/* Records a clean end when `is_clean`, and gives the lock back. */
void guard_close(struct guard *g, bool is_clean);

#endif
