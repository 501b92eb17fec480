/* Problems found in a configuration file: collected while it is read, delivered in the order of the file. Internal to
 * the configuration library. */
#ifndef CAIRN_SERVER_CONFIG_REPORT_H
#define CAIRN_SERVER_CONFIG_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "resolver/base/arena.h"
#include "resolver/base/fail.h"
#include "resolver/server/config.h"

/* A place in the text: line and column from 1, width in characters. Line 0: the file as a whole. */
struct place {
    unsigned line, column, width;
};

#define REPORT_MAX 100 /* problems shown of one file; a broken generator must not flood the log */

/* The text must outlive the report. */
struct report {
    const char *file;
    const char *text;
    size_t len;
    struct config_problem problems[REPORT_MAX];
    unsigned count;
    unsigned errors; /* all, shown or not */
    struct arena memory;
};

void report_init(struct report *r, const char *file, const char *text, size_t len);
void report_fini(struct report *r);

/* Adds an error; `allowed` (may be NULL) is copied, as is the formatted message. */
void report_error(struct report *r, struct place at, const char *allowed, const char *message, ...) PRINTF_LIKE(4, 5);
void report_warning(struct report *r, struct place at, const char *message, ...) PRINTF_LIKE(3, 4);

/* Delivers everything in the order of the file. */
void report_deliver(struct report *r, config_report *deliver, void *arg);

/* "a, b, c" of words ending in NULL, cut to fit. */
void report_join(const char *const *words, char *out, size_t size);

/* The candidate most like `word`: at most two edits away, or one that begins with it (or the other way round). NULL:
 * none. `candidates` ends in NULL. */
const char *report_suggest(const char *word, const char *const *candidates);

#endif
