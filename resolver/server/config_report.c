#include "resolver/server/config_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_MAX = 1 << 20, SOURCE_MAX = 200, MESSAGE_MAX = 1024, WORD_MAX = 64, PREFIX_MIN = 3, LONG_ENOUGH = 5 };

void report_init(struct report *r, const char *file, const char *text, size_t len)
{
    *r = (struct report){.file = file, .text = text, .len = len};
    arena_init(&r->memory, MEMORY_MAX);
}

void report_fini(struct report *r)
{
    arena_fini(&r->memory);
}

/* Octets of the well-formed UTF-8 character at `at` (RFC 3629 4), as far as its lead octet tells; 0: malformed. */
static size_t character(const char *at)
{
    unsigned char lead = (unsigned char)*at;
    size_t len = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : 4;
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if (((unsigned char)at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

/* Makes text of a file fit for a terminal and for JSON: no control characters, no broken UTF-8. */
static void clean(char *text)
{
    while (*text != '\0') {
        size_t len = character(text);
        if (len == 0 || ((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f) {
            *text = '?';
            len = 1;
        }
        text += len;
    }
}

/* Line `line` of the text, cut to what a terminal can show. */
static const char *source_line(struct report *r, unsigned line)
{
    const char *at = r->text;
    const char *end = r->text + r->len;
    for (unsigned i = 1; i < line && at != NULL; i++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at != NULL ? at + 1 : NULL;
    }
    if (line == 0 || at == NULL) {
        return NULL;
    }
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    size_t len = (size_t)((stop != NULL ? stop : end) - at);
    if (len > 0 && at[len - 1] == '\r') {
        len--;
    }
    if (len > SOURCE_MAX) {
        len = SOURCE_MAX;
    }
    char *copy = arena_take(&r->memory, len + 1);
    if (copy != NULL) {
        memcpy(copy, at, len);
        clean(copy);
    }
    return copy;
}

static void PRINTF_LIKE(4, 0)
    add(struct report *r, struct config_problem *p, const char *allowed, const char *message, va_list args)
{
    char text[MESSAGE_MAX];
    r->errors += !p->is_warning;
    if (r->count == REPORT_MAX) {
        return;
    }
    vsnprintf(text, sizeof(text), message, args);
    clean(text);
    p->file = r->file;
    p->message = arena_copy(&r->memory, text, strlen(text) + 1);
    p->allowed = allowed != NULL ? arena_copy(&r->memory, allowed, strlen(allowed) + 1) : NULL;
    p->source = source_line(r, p->line);
    if (p->message != NULL) {
        r->problems[r->count++] = *p;
    }
}

void report_error(struct report *r, struct place at, const char *allowed, const char *message, ...)
{
    struct config_problem p = {.line = at.line, .column = at.column, .width = at.width > 0 ? at.width : 1};
    va_list args;
    va_start(args, message);
    add(r, &p, allowed, message, args);
    va_end(args);
}

void report_warning(struct report *r, struct place at, const char *message, ...)
{
    struct config_problem p = {
        .line = at.line, .column = at.column, .width = at.width > 0 ? at.width : 1, .is_warning = true};
    va_list args;
    va_start(args, message);
    add(r, &p, NULL, message, args);
    va_end(args);
}

static bool is_before(const struct config_problem *a, const struct config_problem *b)
{
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* Insertion sort: it is stable, and the problems of one file are few and nearly in order. */
static void sort(struct report *r)
{
    for (unsigned i = 1; i < r->count; i++) {
        struct config_problem p = r->problems[i];
        unsigned at = i;
        for (; at > 0 && is_before(&p, &r->problems[at - 1]); at--) {
            r->problems[at] = r->problems[at - 1];
        }
        r->problems[at] = p;
    }
}

void report_deliver(struct report *r, config_report *deliver, void *arg)
{
    sort(r);
    for (unsigned i = 0; i < r->count; i++) {
        deliver(arg, &r->problems[i]);
    }
    if (r->count == REPORT_MAX) {
        struct config_problem more = {
            .file = r->file, .width = 1, .is_warning = true, .message = "only the first problems are shown"};
        deliver(arg, &more);
    }
}

void report_join(const char *const *words, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; words[i] != NULL && len < size; i++) {
        len += (size_t)snprintf(out + len, size - len, "%s%s", i > 0 ? ", " : "", words[i]);
    }
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours between two short words. */
static unsigned edits(const char *a, const char *b)
{
    unsigned rows[3][WORD_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > WORD_MAX || b_len > WORD_MAX) {
        return WORD_MAX;
    }
    for (unsigned j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (unsigned i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *higher = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            row[j] = smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = smaller(row[j], higher[j - 2] + 1);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

static bool is_prefix_pair(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    size_t len = a_len < b_len ? a_len : b_len;
    return len >= PREFIX_MIN && strncmp(a, b, len) == 0;
}

/* A lower-case copy with '_' as '-', so that other spellings of the right word are recognised. */
static void normalise(const char *word, char out[WORD_MAX + 1])
{
    size_t len = strlen(word);
    len = len < WORD_MAX ? len : WORD_MAX;
    for (size_t i = 0; i < len; i++) {
        char c = word[i];
        out[i] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    out[len] = '\0';
}

const char *report_suggest(const char *word, const char *const *candidates)
{
    char have[WORD_MAX + 1], want[WORD_MAX + 1];
    const char *best = NULL;
    unsigned best_edits = 3;
    normalise(word, have);
    for (; *candidates != NULL; candidates++) {
        normalise(*candidates, want);
        unsigned distance = edits(have, want);
        /* Two edits turn any short word into any other. */
        if (distance == 2 && strlen(want) < LONG_ENOUGH) {
            distance = WORD_MAX;
        }
        if (distance < best_edits) {
            best_edits = distance;
            best = *candidates;
        } else if (best == NULL && is_prefix_pair(have, want)) {
            best = *candidates;
        }
    }
    return best;
}

/* Spaces, with tabs kept, up to the column, so that the caret stands under its character. */
static void print_caret(FILE *out, const struct config_problem *p)
{
    const char *at = p->source;
    for (unsigned column = 1; column < p->column && *at != '\0'; column++) {
        fputc(*at == '\t' ? '\t' : ' ', out);
        at++;
        while (((unsigned char)*at & 0xc0) == 0x80) {
            at++;
        }
    }
    fputc('^', out);
    for (unsigned i = 1; i < p->width && *at != '\0'; i++) {
        fputc('~', out);
    }
}

void config_print(void *arg, const struct config_problem *p)
{
    FILE *out = arg;
    fprintf(out, "%s:", p->file);
    if (p->line > 0) {
        fprintf(out, "%u:%u:", p->line, p->column);
    }
    fprintf(out, " %s: %s\n", p->is_warning ? "warning" : "error", p->message);
    if (p->source != NULL) {
        fprintf(out, "%5u | %s\n      | ", p->line, p->source);
        print_caret(out, p);
        fputc('\n', out);
    }
    if (p->allowed != NULL) {
        fprintf(out, "      = allowed: %s\n", p->allowed);
    }
}
