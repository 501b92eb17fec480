/* Problems of one zone on their way to the caller: found at a place in a file, counted, and cut off when there are so
 * many that more would not help. */
#ifndef CAIRN_ZONES_PROBLEM_H
#define CAIRN_ZONES_PROBLEM_H

#include <stdbool.h>

#include "resolver/base/fail.h"
#include "zones/scan.h"
#include "zones/set.h"

#define PROBLEMS_MAX 100 /* errors, and warnings, shown for one zone */

struct problems {
    zone_report *report; /* may be NULL */
    void *arg;
    const char *path; /* shown for problems that have no place */
    const struct scan_files *files;
    const char *made_from; /* the place for problems in text that was made from a directive; NULL: none */
    unsigned errors, warnings;
};

/* Reports an error at `at`, which points into the text of one of the files, or is NULL: the problem has no place. */
void problem_error(struct problems *p, const char *at, const char *format, ...) PRINTF_LIKE(3, 4);
void problem_warning(struct problems *p, const char *at, const char *format, ...) PRINTF_LIKE(3, 4);

/* True when there have been so many errors that reading on is useless. */
bool problems_full(const struct problems *p);

/* Says how much was not shown. Call once, at the end. */
void problems_end(struct problems *p);

#endif
