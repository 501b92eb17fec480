/* Output for people: aligned columns, durations, headings. */
#ifndef CAIRN_TOOLS_PRINT_H
#define CAIRN_TOOLS_PRINT_H

#include <jansson.h>
#include <stddef.h>

#define GRID_COLUMNS_MAX 8

/* Columns that widen to their content. */
struct grid;

/* Prints a row for each item of the array, whose cells `add` adds, below the heading; of an empty array the line
 * `nothing`. Columns of numbers are aligned to the right. Ends the process when the system gives no memory. */
void grid_print(const json_t *items, size_t columns, const char *const *heading,
                void (*add)(struct grid *t, const json_t *item), const char *nothing);

/* The next cell; control characters are replaced. NULL is "-". */
void grid_add(struct grid *t, const char *text);
void grid_add_number(struct grid *t, const json_t *number);

/* As printed by --json. */
void print_json(const json_t *value);

/* "45s", "3m20s", "2h05m", "3d04h". */
#define AGE_TEXT_SIZE 32
char *age_text(json_int_t seconds, char out[AGE_TEXT_SIZE]);

/* "2026-11-20 12:00:00" in local time. */
char *time_text(json_int_t when, char out[AGE_TEXT_SIZE]);

/* Bold on a terminal, unless NO_COLOR is set. */
void print_heading(const char *text);

/* A text member or "". */
const char *text_of(const json_t *object, const char *key);
json_int_t number_of(const json_t *object, const char *key);

#endif
