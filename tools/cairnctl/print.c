#include "tools/cairnctl/print.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct grid {
    size_t columns; /* at most GRID_COLUMNS_MAX */
    size_t count;   /* of cells, the heading's included */
    size_t room;
    char **cells;
};

static bool is_coloured(void)
{
    const char *no = getenv("NO_COLOR");
    return (no == NULL || no[0] == '\0') && isatty(STDOUT_FILENO);
}

void print_heading(const char *text)
{
    printf(is_coloured() ? "\033[1m%s\033[0m\n" : "%s\n", text);
}

void grid_add(struct grid *t, const char *text)
{
    if (t->count == t->room) {
        t->room = t->room * 2 + 64;
        t->cells = realloc(t->cells, t->room * sizeof(*t->cells));
        if (t->cells == NULL) {
            abort();
        }
    }
    char *copy = strdup(text != NULL && text[0] != '\0' ? text : "-");
    if (copy == NULL) {
        abort();
    }
    for (char *at = copy; *at != '\0'; at++) {
        *at = (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at;
    }
    t->cells[t->count++] = copy;
}

void grid_add_number(struct grid *t, const json_t *number)
{
    char text[40];
    if (json_is_real(number)) {
        snprintf(text, sizeof(text), "%.2f", json_real_value(number));
    } else {
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(number));
    }
    grid_add(t, json_is_number(number) ? text : NULL);
}

/* Characters, as far as one is one column. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

static bool is_number(const char *text)
{
    return text[strspn(text, "-0123456789.")] == '\0';
}

static void print_cell(const char *text, size_t width, bool is_right, bool is_last)
{
    int pad = (int)(width - width_of(text));
    if (is_right) {
        printf("%*s%s", pad, "", text);
    } else {
        printf("%s%*s", text, is_last ? 0 : pad, "");
    }
    fputs(is_last ? "\n" : "  ", stdout);
}

static void print_cells(const struct grid *t)
{
    size_t widths[GRID_COLUMNS_MAX] = {0};
    bool numbers[GRID_COLUMNS_MAX] = {false}, texts[GRID_COLUMNS_MAX] = {false};
    for (size_t i = 0; i < t->count; i++) {
        size_t column = i % t->columns, width = width_of(t->cells[i]);
        widths[column] = width > widths[column] ? width : widths[column];
        if (i >= t->columns && strcmp(t->cells[i], "-") != 0) {
            bool *kind = is_number(t->cells[i]) ? numbers : texts;
            kind[column] = true;
        }
    }
    for (size_t i = 0; i < t->count; i++) {
        size_t column = i % t->columns;
        if (i == 0 && is_coloured()) {
            fputs("\033[1m", stdout);
        } else if (i == t->columns && is_coloured()) {
            fputs("\033[0m", stdout);
        }
        print_cell(t->cells[i], widths[column], numbers[column] && !texts[column], column + 1 == t->columns);
    }
}

void grid_print(const json_t *items, size_t columns, const char *const *heading,
                void (*add)(struct grid *t, const json_t *item), const char *nothing)
{
    struct grid t = {.columns = columns};
    json_t *item;
    size_t i;
    if (json_array_size(items) == 0) {
        puts(nothing);
        return;
    }
    for (i = 0; i < columns; i++) {
        grid_add(&t, heading[i]);
    }
    json_array_foreach(items, i, item)
    {
        add(&t, item);
    }
    print_cells(&t);
    for (i = 0; i < t.count; i++) {
        free(t.cells[i]);
    }
    free(t.cells);
}

void print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    fputc('\n', stdout);
}

char *age_text(json_int_t seconds, char out[AGE_TEXT_SIZE])
{
    long long s = seconds > 0 ? seconds : 0;
    if (s < 60) {
        snprintf(out, AGE_TEXT_SIZE, "%llds", s);
    } else if (s < 3600) {
        snprintf(out, AGE_TEXT_SIZE, "%lldm%02llds", s / 60, s % 60);
    } else if (s < 86400) {
        snprintf(out, AGE_TEXT_SIZE, "%lldh%02lldm", s / 3600, s % 3600 / 60);
    } else {
        snprintf(out, AGE_TEXT_SIZE, "%lldd%02lldh", s / 86400, s % 86400 / 3600);
    }
    return out;
}

char *time_text(json_int_t when, char out[AGE_TEXT_SIZE])
{
    time_t t = (time_t)when;
    struct tm tm;
    if (localtime_r(&t, &tm) == NULL || strftime(out, AGE_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0) {
        snprintf(out, AGE_TEXT_SIZE, "%lld", (long long)when);
    }
    return out;
}

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}
