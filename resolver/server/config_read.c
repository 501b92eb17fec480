#include "resolver/server/config_read.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "zones/hint.h"

void *read_room(struct reading *r, size_t size)
{
    void *room = arena_take(&r->config->memory, size > 0 ? size : 1);
    if (room == NULL) {
        report_error(r->report, (struct place){0}, NULL, "too large: no memory left to keep it");
    }
    return room;
}

void read_mismatch(struct reading *r, const struct schema_row *row, const struct node *n)
{
    const char *expected = schema_expects(row->kind);
    if (n->is_reported) {
        return;
    }
    if (n->kind != NODE_SCALAR) {
        report_error(r->report, n->place, NULL, "'%s' must be %s, not %s", row->key, expected, node_describe(n));
    } else if (node_is_null(n)) {
        report_error(r->report, n->place, NULL, "'%s' has no value; it must be %s", row->key, expected);
    } else {
        report_error(r->report, n->place, NULL, "'%s' must be %s, not '%s'", row->key, expected, n->text);
    }
}

/* The section that has a key of this name, when it is exactly one. */
static const char *other_place(const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < schema_count(); i++) {
        const char *dot = strrchr(schema_row(i)->key, '.');
        if (dot != NULL && strcmp(dot + 1, name) == 0) {
            if (found != NULL) {
                return NULL;
            }
            found = schema_row(i)->key;
        }
    }
    return found;
}

void read_unknown_key(struct reading *r, const struct node *key, const char *path, const char *const *names)
{
    char allowed[1024];
    const char *dot = path[0] != '\0' ? "." : "";
    if (key->is_reported) {
        return;
    }
    const char *meant = report_suggest(key->text, names);
    const char *elsewhere = other_place(key->text);
    report_join(names, allowed, sizeof(allowed));
    if (meant != NULL) {
        report_error(r->report, key->place, allowed, "unknown key '%s%s%s' (did you mean '%s'?)", path, dot, key->text,
                     meant);
    } else if (elsewhere != NULL) {
        report_error(r->report, key->place, allowed, "unknown key '%s%s%s' (did you mean '%s'?)", path, dot, key->text,
                     elsewhere);
    } else {
        report_error(r->report, key->place, allowed, "unknown key '%s%s%s'", path, dot, key->text);
    }
}

const uint8_t *read_name(struct reading *r, const struct node *n)
{
    uint8_t name[NAME_SIZE];
    const struct token token = {.text = n->text, .len = strlen(n->text)};
    bool has_blank = strpbrk(n->text, " \t") != NULL;
    if (has_blank || token.len == 0 || name_from_text(token.text, token.len, NULL, name) != FAIL_NONE) {
        report_error(r->report, n->place, NULL, "'%s' is not a domain name: %s", n->text,
                     has_blank ? "it has a blank in it" : hint_name(&token));
        return NULL;
    }
    uint8_t *kept = read_room(r, name_len(name));
    if (kept != NULL) {
        name_copy(kept, name);
    }
    return kept;
}

const char *read_path(struct reading *r, const char *text)
{
    const char *file = r->config->file;
    const char *slash = file != NULL ? strrchr(file, '/') : NULL;
    if (text[0] == '/' || slash == NULL) {
        return text;
    }
    size_t directory = (size_t)(slash - file) + 1;
    char *joined = read_room(r, directory + strlen(text) + 1);
    if (joined != NULL) {
        memcpy(joined, file, directory);
        memcpy(joined + directory, text, strlen(text) + 1);
    }
    return joined;
}

static void refuse_unbuilt(struct reading *r, const struct schema_row *row, const struct node *n)
{
    char allowed[64];
    snprintf(allowed, sizeof(allowed), "%s", row->initial);
    report_error(r->report, n->place, allowed, "'%s': not available in this version", row->key);
}

void read_value(struct reading *r, const struct schema_row *row, const struct node *n)
{
    void *member = (char *)r->config + row->member;
    if (n->is_reported) {
        return;
    }
    switch (row->kind) {
    case VALUE_HINTS:
        read_hints(r, row, n);
        break;
    case VALUE_ADDRESSES:
    case VALUE_NETWORKS:
    case VALUE_NAMES:
    case VALUE_ANCHORS:
    case VALUE_TARGETS:
    case VALUE_ZONES:
    case VALUE_LIMITS:
        read_list(r, row, n, member);
        break;
    default:
        read_scalar(r, row, n, member);
        break;
    }
}

static void read_key(struct reading *r, const struct schema_row *row, const struct node *n,
                     const struct config *defaults)
{
    unsigned errors = r->report->errors;
    r->given[schema_index(row)] = n;
    r->config->given[schema_index(row)] = true;
    read_value(r, row, n);
    if (r->report->errors == errors && (row->flags & SCHEMA_NOT_BUILT) != 0 &&
        !config_value_equal(r->config, defaults, row)) {
        refuse_unbuilt(r, row, n);
    }
}

enum { KEY_MAX = 128 };

/* One map of the file: `path` is "" at the top. The table is at most three levels deep, and so is the recursion. */
static void read_section(struct reading *r, const struct node *map, const char *path, const struct config *defaults)
{
    struct schema_names names;
    schema_names(path, &names);
    if (map->is_reported || node_is_null(map)) {
        return; /* a section whose keys are all commented out */
    }
    if (map->kind != NODE_MAP) {
        char allowed[1024];
        const char *quote = path[0] != '\0' ? "'" : "";
        report_join(names.items, allowed, sizeof(allowed));
        report_error(r->report, map->place, allowed, "%s%s%s must be a map of keys to values, not %s", quote,
                     path[0] != '\0' ? path : "the configuration", quote, node_describe(map));
        return;
    }
    for (const struct node *n = map->first; n != NULL; n = n->next) {
        char key[KEY_MAX];
        int len = snprintf(key, sizeof(key), "%s%s%s", path, path[0] != '\0' ? "." : "", n->key->text);
        const struct schema_row *row = len < KEY_MAX ? schema_find(key) : NULL;
        if (row != NULL) {
            read_key(r, row, n, defaults);
        } else if (len < KEY_MAX && n->key->text[0] != '\0' && schema_is_section(key)) {
            read_section(r, n, key, defaults);
        } else {
            read_unknown_key(r, n->key, path, names.items);
        }
    }
}

enum { MEMORY_MAX = 256 << 20, DEFAULTS_MEMORY_MAX = 1 << 20 };

/* Reads every row's default through the same code as a file's values. */
static void read_defaults(struct config *c)
{
    struct arena memory;
    arena_init(&memory, DEFAULTS_MEMORY_MAX);
    c->limits = limits_default;
    for (size_t i = 0; i < schema_count(); i++) {
        const struct schema_row *row = schema_row(i);
        struct report report;
        report_init(&report, row->key, row->initial, strlen(row->initial));
        struct document document = document_read(&report, &memory);
        struct reading r = {.config = c, .report = &report};
        if (document.root != NULL) {
            read_value(&r, row, document.root);
        }
        if (report.errors > 0) {
            report_deliver(&report, config_print, stderr);
            abort(); /* no memory, or a wrong table, which a test would show */
        }
        report_fini(&report);
    }
    arena_fini(&memory);
}

struct config *config_defaults(void)
{
    struct config *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        abort();
    }
    arena_init(&c->memory, MEMORY_MAX);
    read_defaults(c);
    return c;
}

void config_free(struct config *c)
{
    if (c != NULL) {
        arena_fini(&c->memory);
        free(c);
    }
}

/* Reads the text of `report` over the defaults in `c`. */
static void read_text(struct config *c, struct report *report)
{
    struct arena memory;
    struct config *defaults = config_defaults();
    arena_init(&memory, MEMORY_MAX);
    struct document document = document_read(report, &memory);
    struct reading r = {.config = c, .report = report, .is_cut = document.is_cut};
    if (document.root != NULL) {
        read_section(&r, document.root, "", defaults);
    }
    if (!r.is_cut) {
        check_config(&r);
    }
    arena_fini(&memory);
    config_free(defaults);
}

struct config *config_parse(const char *text, size_t len, const char *path, config_report *deliver, void *arg)
{
    struct report *report = malloc(sizeof(*report));
    struct config *c = config_defaults();
    if (report == NULL) {
        abort();
    }
    report_init(report, path, text, len);
    c->file = arena_copy(&c->memory, path, strlen(path) + 1);
    read_text(c, report);
    report_deliver(report, deliver, arg);
    if (report->errors > 0) {
        config_free(c);
        c = NULL;
    }
    report_fini(report);
    free(report);
    return c;
}
