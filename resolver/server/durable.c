#include "resolver/server/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resolver/base/hash.h"
#include "resolver/base/log.h"

/* A file is {"cairn": KIND, "version": 1, "checksum": "1a2b3c4d", "data": ...}. */
enum { VERSION = 1, NAME_MAX_LEN = 64, CHECKSUM_SIZE = 9 };

struct durable {
    int dir_fd;
    int lock_fd;
    char *directory; /* for messages */
};

/* ---- The directory ---- */

static int open_files(struct durable *d)
{
    if (mkdir(d->directory, 0750) != 0 && errno != EEXIST) {
        return FAIL_SYSTEM;
    }
    d->dir_fd = open(d->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->dir_fd < 0) {
        return FAIL_SYSTEM;
    }
    d->lock_fd = openat(d->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (d->lock_fd < 0) {
        return FAIL_SYSTEM;
    }
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? FAIL_BUSY : FAIL_SYSTEM;
    }
    return FAIL_NONE;
}

int durable_open(const char *directory, struct durable **out)
{
    struct durable *d = malloc(sizeof(*d));
    *out = NULL;
    if (d == NULL) {
        return FAIL_MEMORY;
    }
    *d = (struct durable){.dir_fd = -1, .lock_fd = -1, .directory = strdup(directory)};
    int result = d->directory != NULL ? open_files(d) : FAIL_MEMORY;
    if (result != FAIL_NONE) {
        int error = errno;
        durable_close(d);
        errno = error;
        return result;
    }
    *out = d;
    return FAIL_NONE;
}

void durable_close(struct durable *d)
{
    if (d == NULL) {
        return;
    }
    if (d->lock_fd >= 0) {
        close(d->lock_fd);
    }
    if (d->dir_fd >= 0) {
        close(d->dir_fd);
    }
    free(d->directory);
    free(d);
}

/* ---- Files ---- */

static char *file_name(const char *kind, const char *suffix, char out[NAME_MAX_LEN])
{
    snprintf(out, NAME_MAX_LEN, "%s.json%s", kind, suffix);
    return out;
}

void durable_set_aside(struct durable *d, const char *kind, const char *why)
{
    char name[NAME_MAX_LEN], bad[NAME_MAX_LEN], directory[LOG_QUOTE_SIZE], reason[LOG_QUOTE_SIZE];
    file_name(kind, "", name);
    file_name(kind, ".bad", bad);
    bool is_kept = renameat(d->dir_fd, name, d->dir_fd, bad) == 0;
    log_error("state_unusable", "directory=%s file=%s kept_as=%s reason=%s", log_quote(d->directory, directory), name,
              is_kept ? bad : "-", log_quote(why, reason));
}

/* The checksum of a value, whatever way it is laid out; false without memory. */
static bool checksum(const json_t *data, char out[CHECKSUM_SIZE])
{
    char *text = json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (text == NULL) {
        return false;
    }
    snprintf(out, CHECKSUM_SIZE, "%08x", (unsigned)hash_checksum(text, strlen(text)));
    free(text);
    return true;
}

/* The data in a file, borrowed; NULL with the reason. */
static json_t *open_envelope(json_t *file, const char *kind, const char **why)
{
    const char *named = json_string_value(json_object_get(file, "cairn"));
    const char *sum = json_string_value(json_object_get(file, "checksum"));
    json_t *data = json_object_get(file, "data");
    char expected[CHECKSUM_SIZE];
    if (named == NULL || strcmp(named, kind) != 0) {
        *why = "it is not a file of this kind";
    } else if (json_integer_value(json_object_get(file, "version")) != VERSION) {
        *why = "another version wrote it";
    } else if (sum == NULL || data == NULL || !checksum(data, expected) || strcmp(sum, expected) != 0) {
        *why = "its checksum is wrong";
    } else {
        return data;
    }
    return NULL;
}

/* A stream on a file of the directory; NULL with errno. */
static FILE *open_stream(int dir_fd, const char *name, int flags, const char *mode)
{
    int fd = openat(dir_fd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    FILE *stream = fd >= 0 ? fdopen(fd, mode) : NULL;
    if (stream == NULL && fd >= 0) {
        close(fd);
    }
    return stream;
}

/* Octets of what is open; -1 with errno: it is no file, or too large. */
static ssize_t size_of(FILE *in)
{
    struct stat st;
    if (fstat(fileno(in), &st) != 0) {
        return -1;
    }
    errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
    return S_ISREG(st.st_mode) && st.st_size <= DURABLE_FILE_MAX ? (ssize_t)st.st_size : -1;
}

/* The whole file as text. NULL with errno; ENOENT: there is none. */
static char *slurp(int dir_fd, const char *name, size_t *len)
{
    FILE *in = open_stream(dir_fd, name, O_RDONLY, "r");
    if (in == NULL) {
        return NULL;
    }
    ssize_t size = size_of(in);
    char *text = size >= 0 ? malloc((size_t)size + 1) : NULL;
    *len = text != NULL ? fread(text, 1, (size_t)size, in) : 0;
    int error = errno;
    if (text != NULL && ferror(in)) {
        free(text);
        text = NULL;
    }
    fclose(in);
    errno = error;
    return text;
}

/* What follows from slurp's error: there is no file, it is never ours, or it may be and is left alone. */
static int judge_unread(struct durable *d, const char *kind, int error)
{
    char directory[LOG_QUOTE_SIZE];
    switch (error) {
    case ENOENT:
        return FAIL_NONE;
    case EFBIG:
    case ELOOP:  /* a link */
    case ENXIO:  /* a socket */
    case EINVAL: /* a directory or another thing that is no file */
        durable_set_aside(d, kind, strerror(error));
        return FAIL_NONE;
    default:
        log_error("state_unreadable",
                  "directory=%s file=%s.json reason=\"%s\" "
                  "action=\"it is left as it is; let the user of cairnd read it, and restart\"",
                  log_quote(d->directory, directory), kind, strerror(error));
        return FAIL_SYSTEM;
    }
}

int durable_read(struct durable *d, const char *kind, json_t **out)
{
    char name[NAME_MAX_LEN];
    size_t len;
    const char *why = NULL;
    char *text = slurp(d->dir_fd, file_name(kind, "", name), &len);
    *out = NULL;
    if (text == NULL) {
        return judge_unread(d, kind, errno);
    }
    json_error_t error;
    json_t *file = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    free(text);
    *out = file != NULL ? json_incref(open_envelope(file, kind, &why)) : NULL;
    json_decref(file);
    if (*out == NULL) {
        durable_set_aside(d, kind, why != NULL ? why : error.text);
    }
    return FAIL_NONE;
}

/* Writes and syncs a new file. */
static int put(int dir_fd, const char *name, const json_t *file)
{
    FILE *out = open_stream(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, "w");
    if (out == NULL) {
        return FAIL_SYSTEM;
    }
    bool is_synced = json_dumpf(file, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF && fflush(out) == 0 &&
                     fsync(fileno(out)) == 0;
    int error = errno;
    bool is_closed = fclose(out) == 0;
    errno = is_synced ? errno : error;
    return is_synced && is_closed ? FAIL_NONE : FAIL_SYSTEM;
}

int durable_write(struct durable *d, const char *kind, const json_t *data)
{
    char name[NAME_MAX_LEN], fresh[NAME_MAX_LEN], sum[CHECKSUM_SIZE];
    if (!checksum(data, sum)) {
        return FAIL_MEMORY;
    }
    json_t *file = json_pack("{s:s, s:i, s:s, s:O}", "cairn", kind, "version", VERSION, "checksum", sum, "data", data);
    if (file == NULL) {
        return FAIL_MEMORY;
    }
    int result = put(d->dir_fd, file_name(kind, ".new", fresh), file);
    json_decref(file);
    if (result == FAIL_NONE &&
        (renameat(d->dir_fd, fresh, d->dir_fd, file_name(kind, "", name)) != 0 || fsync(d->dir_fd) != 0)) {
        result = FAIL_SYSTEM;
    }
    return result;
}
