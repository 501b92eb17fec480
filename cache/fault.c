#include "cache/fault.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/disk.h"
#include "cache/guard.h"

/* A corrupt length can carry a read this far past the end of the map. */
enum { SLACK = 1 << 17 };

_Thread_local volatile sig_atomic_t fault_depth;

static _Atomic uintptr_t map_start, map_end;
static atomic_int marker_fd = -1;
static struct sigaction before_bus, before_segv, before_abort;

static void mark(enum guard_past past)
{
    int fd = atomic_load(&marker_fd);
    if (fd >= 0) {
        guard_mark(fd, past);
    }
}

void fault_mark(void)
{
    mark(GUARD_FAULT);
}

/* The process ends here, so that a supervisor sees one status for it. */
static _Noreturn void end_process(void)
{
    static const char text[] = "level=error event=cache_fault detail=\"the cache file is damaged; the next start wipes "
                               "it\"\n";
    fault_mark();
    ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)ignored;
    _exit(DISK_FAULT_STATUS);
}

static void handle(int sig, siginfo_t *info, void *context)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    bool in_map = sig != SIGABRT && address >= atomic_load(&map_start) && address < atomic_load(&map_end);
    (void)context;
    if ((in_map || fault_depth > 0) && atomic_load(&marker_fd) >= 0) {
        end_process();
    }
    /* A fault elsewhere may still be LMDB's doing, by a heap it overran while it read damaged pages. */
    mark(GUARD_CRASHED);
    sigaction(sig, sig == SIGBUS ? &before_bus : sig == SIGSEGV ? &before_segv : &before_abort, NULL);
    if (sig == SIGABRT || info->si_code <= 0) {
        raise(sig); /* else returning repeats the faulting instruction, now under the action that was there before */
    }
}

void fault_install(void)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &before_bus);
    sigaction(SIGSEGV, &action, &before_segv);
    sigaction(SIGABRT, &action, &before_abort);
}

/* LMDB does not say where it mapped its file, so ask the kernel. */
static void find_map(ino_t inode, uintptr_t *start, uintptr_t *end)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    *start = *end = 0;
    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        uintptr_t from, to;
        unsigned long long of;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %llu", &from, &to, &of) == 3 && of == inode) {
            *start = from;
            *end = to;
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
}

void fault_arm(int map_fd, int state_fd)
{
    struct stat st;
    uintptr_t start = 0;
    uintptr_t end = 0;
    if (fstat(map_fd, &st) == 0) {
        find_map(st.st_ino, &start, &end);
    }
    atomic_store(&map_start, start);
    atomic_store(&map_end, start == 0 ? 0 : end + SLACK);
    atomic_store(&marker_fd, state_fd);
}

void fault_disarm(void)
{
    atomic_store(&marker_fd, -1);
    atomic_store(&map_start, 0);
    atomic_store(&map_end, 0);
}
