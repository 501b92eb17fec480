#include "cache/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The record is one line: what was going on, in five characters at its start so that a signal handler can overwrite
 * them, then the boot it was in and the size of the data file. */
#define WORD_OPEN  "open "
#define WORD_CLEAN "clean"
#define WORD_FAULT "fault"
#define WORD_CRASH "crash"
enum { WORD_SIZE = 5, BOOT_SIZE = 64, RECORD_SIZE = 128 };

/* The kernel's name for this boot, or "-" where it cannot be read: no two such boots are the same one. */
static void read_boot(char boot[BOOT_SIZE])
{
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (f == NULL || fgets(boot, BOOT_SIZE, f) == NULL) {
        strcpy(boot, "-");
    }
    boot[strcspn(boot, " \n")] = 0;
    if (f != NULL) {
        fclose(f);
    }
}

static enum guard_past read_record(struct guard *g)
{
    char record[RECORD_SIZE] = "";
    char boot[BOOT_SIZE], boot_then[BOOT_SIZE];
    ssize_t len = pread(g->state_fd, record, sizeof(record) - 1, 0);
    if (len <= 0) {
        return GUARD_NONE;
    }
    if (memcmp(record, WORD_FAULT, WORD_SIZE) == 0) {
        return GUARD_FAULT;
    }
    if (memcmp(record, WORD_CRASH, WORD_SIZE) == 0) {
        return GUARD_CRASHED;
    }
    if (sscanf(record + WORD_SIZE, " cairn-cache %63s %" SCNu64, boot_then, &g->recorded_size) != 2) {
        return GUARD_FOREIGN;
    }
    if (memcmp(record, WORD_CLEAN, WORD_SIZE) == 0) {
        return GUARD_CLEAN;
    }
    if (memcmp(record, WORD_OPEN, WORD_SIZE) != 0) {
        return GUARD_FOREIGN;
    }
    read_boot(boot);
    return strcmp(boot, boot_then) == 0 && strcmp(boot, "-") != 0 ? GUARD_KILLED : GUARD_REBOOTED;
}

static int open_files(const char *directory, struct guard *g)
{
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        return FAIL_SYSTEM;
    }
    g->dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (g->dir_fd < 0) {
        return FAIL_SYSTEM;
    }
    g->lock_fd = openat(g->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (g->lock_fd < 0) {
        return FAIL_SYSTEM;
    }
    if (flock(g->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? FAIL_BUSY : FAIL_SYSTEM;
    }
    g->state_fd = openat(g->dir_fd, "state", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return g->state_fd < 0 ? FAIL_SYSTEM : FAIL_NONE;
}

static void close_fd(int fd)
{
    int saved = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = saved;
}

static void close_files(struct guard *g)
{
    close_fd(g->state_fd);
    close_fd(g->lock_fd);
    close_fd(g->dir_fd);
}

int guard_open(const char *directory, struct guard *g)
{
    *g = (struct guard){.dir_fd = -1, .lock_fd = -1, .state_fd = -1};
    int result = open_files(directory, g);
    if (result != FAIL_NONE) {
        close_files(g);
        return result;
    }
    g->past = read_record(g);
    return FAIL_NONE;
}

const char *guard_distrust(const struct guard *g, const char *file, bool *is_new)
{
    struct stat st;
    *is_new = fstatat(g->dir_fd, file, &st, AT_SYMLINK_NOFOLLOW) != 0;
    if (*is_new) {
        return NULL;
    }
    switch (g->past) {
    case GUARD_NONE:
    case GUARD_FOREIGN:
        return "there is no record of the run that wrote it";
    case GUARD_REBOOTED:
        return "the machine went down while it was in use";
    case GUARD_FAULT:
        return "it was found damaged in the last run";
    case GUARD_CRASHED:
        return "the last run crashed";
    case GUARD_CLEAN:
    case GUARD_KILLED:
        break;
    }
    if (!S_ISREG(st.st_mode)) {
        return "it is not a regular file";
    }
    return (uint64_t)st.st_size < g->recorded_size ? "it is truncated" : NULL;
}

int guard_make_file(const struct guard *g, const char *file, uint64_t size)
{
    if (unlinkat(g->dir_fd, file, 0) != 0 && errno != ENOENT) {
        return FAIL_SYSTEM;
    }
    int fd = openat(g->dir_fd, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return FAIL_SYSTEM;
    }
    errno = posix_fallocate(fd, 0, (off_t)size);
    int result = errno == 0 ? FAIL_NONE : FAIL_SYSTEM;
    close_fd(fd);
    return result;
}

static int write_record(const struct guard *g, const char *word, uint64_t data_size)
{
    char boot[BOOT_SIZE];
    char record[RECORD_SIZE];
    read_boot(boot);
    int len = snprintf(record, sizeof(record), "%s cairn-cache %s %20" PRIu64 "\n", word, boot, data_size);
    if (pwrite(g->state_fd, record, (size_t)len, 0) != len || ftruncate(g->state_fd, len) != 0 ||
        fsync(g->state_fd) != 0) {
        return FAIL_SYSTEM;
    }
    return FAIL_NONE;
}

int guard_mark_open(struct guard *g, uint64_t data_size)
{
    g->recorded_size = data_size;
    return write_record(g, WORD_OPEN, data_size);
}

void guard_mark(int state_fd, enum guard_past past)
{
    if (pwrite(state_fd, past == GUARD_CRASHED ? WORD_CRASH : WORD_FAULT, WORD_SIZE, 0) == WORD_SIZE) {
        fsync(state_fd);
    }
}

void guard_close(struct guard *g, bool is_clean)
{
    if (is_clean && write_record(g, WORD_CLEAN, g->recorded_size) != FAIL_NONE) {
        guard_mark(g->state_fd, GUARD_FAULT);
    }
    close_files(g);
}
