#include <string.h>

#include "resolver/server/config_read.h"
#include "resolver/server/config_value.h"

static bool is_in(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(word, *words) == 0) {
            return true;
        }
    }
    return false;
}

/* Other configuration languages' booleans. */
static const char *suggest_bool(const char *text)
{
    static const char *const yes[] = {"yes", "Yes", "YES", "on", "On", "ON", "y", "True", "TRUE", "1", "enabled", NULL};
    static const char *const no[] = {"no", "No",    "NO",    "off", "Off",      "OFF",
                                     "n",  "False", "FALSE", "0",   "disabled", NULL};
    return is_in(text, yes) ? "true" : is_in(text, no) ? "false" : NULL;
}

static void reject_word(struct reading *r, const struct schema_row *row, const struct node *n)
{
    char words[256];
    const char *meant = row->kind == VALUE_BOOL ? suggest_bool(n->text) : NULL;
    if (meant == NULL) {
        meant = report_suggest(n->text, row->words);
    }
    report_join(row->words, words, sizeof(words));
    if (row->kind == VALUE_BOOL && is_in(n->text, row->words)) {
        report_error(r->report, n->place, words, "'%s' must be true or false without quotes", row->key);
    } else if (meant != NULL) {
        report_error(r->report, n->place, words, "'%s' cannot be '%s' (did you mean '%s'?)", row->key, n->text, meant);
    } else {
        report_error(r->report, n->place, words, "'%s' cannot be '%s'", row->key, n->text);
    }
}

static void read_bool(struct reading *r, const struct schema_row *row, const struct node *n, bool *out)
{
    if (!n->is_plain || !is_in(n->text, row->words)) {
        reject_word(r, row, n);
        return;
    }
    *out = strcmp(n->text, "true") == 0;
}

static void read_word(struct reading *r, const struct schema_row *row, const struct node *n, void *out)
{
    for (int i = 0; row->words[i] != NULL; i++) {
        if (strcmp(row->words[i], n->text) == 0) {
            /* Enums of non-negative constants are unsigned int here, which the assertions below hold to. */
            memcpy(out, &i, sizeof(i));
            return;
        }
    }
    reject_word(r, row, n);
}
_Static_assert(sizeof(enum log_level) == sizeof(int), "read_word writes an int");
_Static_assert(sizeof(enum log_format) == sizeof(int), "read_word writes an int");

static void reject_range(struct reading *r, const struct schema_row *row, const struct node *n)
{
    char low[VALUE_TEXT_SIZE], high[VALUE_TEXT_SIZE], range[2 * VALUE_TEXT_SIZE + 8];
    switch (row->kind) {
    case VALUE_SECONDS:
        duration_text(row->min * 1000, "0s", low);
        duration_text(row->max * 1000, "0s", high);
        break;
    case VALUE_MILLISECONDS:
        duration_text(row->min, "0ms", low);
        duration_text(row->max, "0ms", high);
        break;
    case VALUE_SIZE:
        size_text(row->min, low);
        size_text(row->max, high);
        break;
    default:
        snprintf(low, sizeof(low), "%llu", (unsigned long long)row->min);
        snprintf(high, sizeof(high), "%llu", (unsigned long long)row->max);
        break;
    }
    snprintf(range, sizeof(range), "%s to %s", low, high);
    report_error(r->report, n->place, range, "'%s' is out of range: '%s'", row->key, n->text);
}

/* The unit that `text`, which follows a number, was meant to be; NULL: no idea. */
static const char *suggest_unit(enum value_kind kind, const char *text)
{
    static const char *const sizes[] = {"B", "KiB", "MiB", "GiB"};
    static const char *const durations[] = {"s", "m", "h", "d"};
    const char *const *units = kind == VALUE_SIZE ? sizes : durations;
    if (text[0] == '\0') {
        return kind == VALUE_SIZE ? "MiB" : kind == VALUE_SECONDS ? "s" : "ms";
    }
    if (kind != VALUE_SIZE && (strncasecmp(text, "ms", 2) == 0 || strncasecmp(text, "mil", 3) == 0)) {
        return "ms";
    }
    for (unsigned i = 0; i < 4; i++) {
        if (strncasecmp(text, units[i], 1) == 0) {
            return units[i];
        }
    }
    return NULL;
}

static void reject_number(struct reading *r, const struct schema_row *row, const struct node *n)
{
    bool has_unit = row->kind == VALUE_SECONDS || row->kind == VALUE_MILLISECONDS || row->kind == VALUE_SIZE;
    size_t digits = strspn(n->text, "0123456789");
    const char *rest = n->text + digits + strspn(n->text + digits, " ");
    const char *unit = has_unit && digits > 0 ? suggest_unit(row->kind, rest) : NULL;
    if (!has_unit && !n->is_plain && n->text[0] != '\0' && n->text[digits] == '\0') {
        report_error(r->report, n->place, NULL, "'%s' must be a number without quotes", row->key);
    } else if (unit != NULL && strcmp(unit, n->text + digits) != 0) {
        report_error(r->report, n->place, NULL, "'%s' must be %s, not '%s' (did you mean '%.*s%s'?)", row->key,
                     schema_expects(row->kind), n->text, (int)digits, n->text, unit);
    } else {
        read_mismatch(r, row, n);
    }
}

/* In the member's unit; false after reporting. */
static bool parse_number(struct reading *r, const struct schema_row *row, const struct node *n, uint64_t *out)
{
    int result;
    if (row->kind == VALUE_SECONDS || row->kind == VALUE_MILLISECONDS) {
        result = duration_parse(n->text, out);
        if (result == FAIL_NONE && row->kind == VALUE_SECONDS) {
            result = *out % 1000 == 0 ? FAIL_NONE : FAIL_SYNTAX;
            *out /= 1000;
        }
    } else if (row->kind == VALUE_SIZE) {
        result = size_parse(n->text, out);
    } else {
        result = n->is_plain ? number_parse(n->text, out) : FAIL_SYNTAX;
    }
    if (result == FAIL_NONE && *out >= row->min && *out <= row->max) {
        return true;
    }
    if (result == FAIL_SYNTAX) {
        reject_number(r, row, n);
    } else {
        reject_range(r, row, n);
    }
    return false;
}

static void read_number(struct reading *r, const struct schema_row *row, const struct node *n, void *out)
{
    uint64_t value = 0;
    bool is_auto = row->kind == VALUE_COUNT && strcmp(n->text, "auto") == 0;
    if (!is_auto && !parse_number(r, row, n, &value)) {
        return;
    }
    if (row->kind == VALUE_SIZE) {
        memcpy(out, &value, sizeof(value));
    } else {
        uint32_t small = (uint32_t)value;
        memcpy(out, &small, sizeof(small));
    }
}

static bool is_printing(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text == 0x7f) {
            return false;
        }
    }
    return true;
}

static void read_text(struct reading *r, const struct schema_row *row, const struct node *n, const char **out)
{
    size_t len = strlen(n->text);
    const char *copy = row->kind == VALUE_PATH && len > 0 ? read_path(r, n->text) : n->text;
    if (!is_printing(n->text)) {
        report_error(r->report, n->place, NULL, "'%s' holds control characters", row->key);
    } else if (copy != NULL && (len < row->min || strlen(copy) > row->max)) {
        report_error(r->report, n->place, NULL, "'%s' must have %llu to %llu octets; it has %zu", row->key,
                     (unsigned long long)row->min, (unsigned long long)row->max, strlen(copy));
    } else if (copy != NULL) {
        char *kept = read_room(r, strlen(copy) + 1);
        if (kept != NULL) {
            memcpy(kept, copy, strlen(copy) + 1);
            *out = kept;
        }
    }
}

static void read_address(struct reading *r, const struct schema_row *row, const struct node *n, struct addr *out)
{
    struct addr parsed = {0};
    if (n->text[0] != '\0' && addr_parse(n->text, row->port, &parsed) != FAIL_NONE) {
        read_mismatch(r, row, n);
        return;
    }
    *out = parsed;
}

void read_scalar(struct reading *r, const struct schema_row *row, const struct node *n, void *member)
{
    if (n->is_reported) {
        return;
    }
    if (n->kind != NODE_SCALAR || node_is_null(n)) {
        read_mismatch(r, row, n);
        return;
    }
    switch (row->kind) {
    case VALUE_BOOL:
        read_bool(r, row, n, member);
        break;
    case VALUE_WORD:
        read_word(r, row, n, member);
        break;
    case VALUE_TEXT:
    case VALUE_PATH:
        read_text(r, row, n, member);
        break;
    case VALUE_ADDRESS:
        read_address(r, row, n, member);
        break;
    default:
        read_number(r, row, n, member);
        break;
    }
}
