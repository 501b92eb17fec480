/* Output for people: aligned columns, durations, headings. */
#ifndef CAIRN_TOOLS_PRINT_H
#define CAIRN_TOOLS_PRINT_H

#include <jansson.h>
#include <stddef.h>

/* Columns that widen to their content; cells are copied. Numbers stand right, see grid_print. */
struct grid {
    size_t columns;
    size_t count; /* of cells, the heading's included */
    size_t room;
    char **cells;
};

/* A grid whose first row is the heading. Ends the process when the system gives no memory, like all of these. */
void grid_init(struct grid *t, size_t columns, const char *const *heading);

/* The next cell; control characters are replaced. NULL is "-". */
void grid_add(struct grid *t, const char *text);
void grid_add_number(struct grid *t, const json_t *number);

/* Prints and frees. Columns of numbers (below the heading) are aligned to the right. */
void grid_print(struct grid *t);

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
