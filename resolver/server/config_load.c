#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resolver/server/config.h"
#include "resolver/server/config_document.h"

static void report_file(const char *path, config_report *report, void *arg, const char *message)
{
    struct config_problem p = {.file = path, .width = 1, .message = message};
    report(arg, &p);
}

/* The whole file, at most one octet more than a document may have; NULL with errno. */
static char *slurp(const char *path, size_t *len)
{
    struct stat st;
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return NULL;
    }
    char *text = NULL;
    if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
    } else {
        text = malloc(DOCUMENT_SIZE + 1);
    }
    if (text != NULL) {
        *len = fread(text, 1, DOCUMENT_SIZE + 1, f);
        if (ferror(f)) {
            free(text);
            text = NULL;
        }
    }
    int error = errno;
    fclose(f);
    errno = error;
    return text;
}

struct config *config_load(const char *path, config_report *report, void *arg)
{
    size_t len;
    const char *file = path != NULL ? path : CONFIG_DEFAULT_FILE;
    if (path == NULL && access(file, F_OK) != 0 && errno == ENOENT) {
        return config_defaults();
    }
    char *text = slurp(file, &len);
    if (text == NULL) {
        char message[256];
        snprintf(message, sizeof(message), "cannot be read: %s", strerror(errno));
        report_file(file, report, arg, message);
        return NULL;
    }
    struct config *c = config_parse(text, len, file, report, arg);
    free(text);
    return c;
}
