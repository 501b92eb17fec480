#include "zones/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void report(struct problems *p, const char *at, bool is_warning, const char *message)
{
    if (p->report == NULL) {
        return;
    }
    struct zone_problem problem = {.file = p->path, .is_warning = is_warning, .message = message};
    struct scan_place place;
    char source[1024];
    if (scan_files_place(p->files, p->made_from != NULL ? p->made_from : at, &place)) {
        problem.file = place.file->path;
        problem.line = place.line;
        problem.column = place.column;
        size_t len = place.line_len < sizeof(source) ? place.line_len : sizeof(source) - 1;
        memcpy(source, place.line_start, len);
        source[len] = '\0';
        problem.source = source;
    }
    p->report(p->arg, &problem);
}

static void PRINTF_LIKE(4, 0)
    format_report(struct problems *p, const char *at, bool is_warning, const char *format, va_list args)
{
    char message[2048];
    vsnprintf(message, sizeof(message), format, args);
    report(p, at, is_warning, message);
}

void problem_error(struct problems *p, const char *at, const char *format, ...)
{
    if (p->errors++ < PROBLEMS_MAX) {
        va_list args;
        va_start(args, format);
        format_report(p, at, false, format, args);
        va_end(args);
    }
}

void problem_warning(struct problems *p, const char *at, const char *format, ...)
{
    if (p->warnings++ < PROBLEMS_MAX) {
        va_list args;
        va_start(args, format);
        format_report(p, at, true, format, args);
        va_end(args);
    }
}

bool problems_full(const struct problems *p)
{
    return p->errors >= PROBLEMS_MAX;
}

void problems_end(struct problems *p)
{
    char message[96];
    if (problems_full(p)) {
        report(p, NULL, false, "too many errors; the rest of the zone was not looked at");
    }
    if (p->warnings > PROBLEMS_MAX) {
        snprintf(message, sizeof(message), "%u more warnings are not shown", p->warnings - PROBLEMS_MAX);
        report(p, NULL, true, message);
    }
}
