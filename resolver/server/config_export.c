#include "resolver/server/config_export.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/server/config.h"
#include "resolver/server/config_document.h"
#include "resolver/server/config_schema.h"

enum { KEY_MAX = 128, MEANING_MAX = 1024, MEMORY_MAX = 1 << 16 };

#define HOST     "[0-9A-Fa-f:.]+"
#define DURATION "^(0|[1-9][0-9]*)(ms|s|m|h|d)$"
#define SIZE     "^(0|[1-9][0-9]*)(B|KiB|MiB|GiB)$"

static json_t *pattern(const char *regex)
{
    return json_pack("{s:s, s:s}", "type", "string", "pattern", regex);
}

static json_t *integer(uint64_t min, uint64_t max)
{
    return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)min, "maximum", (json_int_t)max);
}

static json_t *list(json_t *items, uint64_t min, uint64_t max)
{
    return json_pack("{s:s, s:o, s:I, s:I}", "type", "array", "items", items, "minItems", (json_int_t)min, "maxItems",
                     (json_int_t)max);
}

static json_t *either(json_t *a, json_t *b)
{
    return json_pack("{s:[o, o]}", "anyOf", a, b);
}

static json_t *constant(const char *text)
{
    return json_pack("{s:s}", "const", text);
}

static json_t *map(json_t *properties)
{
    return json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0, "properties", properties);
}

static json_t *words(const char *const *items)
{
    json_t *all = json_array();
    for (; *items != NULL; items++) {
        json_array_append_new(all, json_string(*items));
    }
    return json_pack("{s:o}", "enum", all);
}

static json_t *limits(void)
{
    json_t *all = json_object();
    for (unsigned i = 0; i < LIMIT_VALUE_COUNT; i++) {
        enum limit_id id = (enum limit_id)i;
        struct limit_range range = schema_limit_range(i);
        json_t *limit = integer(range.min, range.max);
        json_object_set_new(limit, "default", json_integer(limits_default.values[i]));
        json_object_set_new(limit, "description", json_string(limit_meaning(id)));
        json_object_set_new(all, limit_name(id), limit);
    }
    return map(all);
}

static json_t *targets(const struct schema_row *row)
{
    static const char *const modes[] = {"auto", "require", "off", NULL};
    json_t *item = map(json_pack("{s:o, s:o, s:o}", "zone", pattern("."), "to",
                                 list(pattern("^" HOST "(@[0-9]+)?$"), 1, 32), "dnssec", words(modes)));
    json_object_set_new(item, "required", json_pack("[s, s]", "zone", "to"));
    return list(item, row->min, row->max);
}

static json_t *zones(const struct schema_row *row)
{
    json_t *reverse = json_pack("{s:s, s:b, s:s}", "type", "boolean", "default", 0, "description",
                                "Answer PTR queries from the zone's A and AAAA records.");
    json_t *item = map(json_pack("{s:o, s:o, s:o}", "name", pattern("."), "file", pattern("."), "reverse", reverse));
    json_object_set_new(item, "required", json_pack("[s, s]", "name", "file"));
    return list(item, row->min, row->max);
}

static json_t *hints(void)
{
    json_t *addresses = list(pattern("^" HOST "$"), 1, 64);
    return either(pattern("."), json_pack("{s:s, s:o}", "type", "object", "additionalProperties", addresses));
}

static json_t *value(const struct schema_row *row)
{
    switch (row->kind) {
    case VALUE_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case VALUE_NUMBER:
        return integer(row->min, row->max);
    case VALUE_COUNT:
        return either(constant("auto"), integer(row->min, row->max));
    case VALUE_SECONDS:
    case VALUE_MILLISECONDS:
        return pattern(DURATION);
    case VALUE_SIZE:
        return pattern(SIZE);
    case VALUE_TEXT:
    case VALUE_PATH:
        return json_pack("{s:s, s:I, s:I}", "type", "string", "minLength", (json_int_t)row->min, "maxLength",
                         (json_int_t)row->max);
    case VALUE_WORD:
        return words(row->words);
    case VALUE_ADDRESS:
        return pattern("^(" HOST "(@[0-9]+)?)?$");
    case VALUE_ADDRESSES:
        return list(pattern("^" HOST "(@[0-9]+)?$"), row->min, row->max);
    case VALUE_NETWORKS:
        return list(pattern("^" HOST "(/[0-9]+)?$"), row->min, row->max);
    case VALUE_NAMES:
        return list(pattern("."), row->min, row->max);
    case VALUE_HINTS:
        return hints();
    case VALUE_ANCHORS:
        return either(constant("builtin"), list(pattern("."), row->min, row->max));
    case VALUE_TARGETS:
        return targets(row);
    case VALUE_ZONES:
        return zones(row);
    case VALUE_LIMITS:
        return limits();
    }
    return NULL;
}

/* A default as JSON. Bounded by DOCUMENT_DEPTH. */
static json_t *node_json(const struct node *n, const struct schema_row *row)
{
    if (n->kind == NODE_SCALAR && row->kind == VALUE_NUMBER) {
        return json_integer(atoll(n->text));
    }
    if (n->kind == NODE_SCALAR) {
        return row->kind == VALUE_BOOL ? json_boolean(strcmp(n->text, "true") == 0) : json_string(n->text);
    }
    json_t *all = n->kind == NODE_LIST ? json_array() : json_object();
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        json_array_append_new(all, node_json(item, row));
    }
    return all;
}

static json_t *initial(const struct schema_row *row)
{
    struct report report;
    struct arena memory;
    report_init(&report, row->key, row->initial, strlen(row->initial));
    arena_init(&memory, MEMORY_MAX);
    struct document document = document_read(&report, &memory);
    json_t *result = document.root != NULL ? node_json(document.root, row) : NULL;
    arena_fini(&memory);
    report_fini(&report);
    return result;
}

static const char *meaning(const struct schema_row *row, char out[MEANING_MAX])
{
    snprintf(out, MEANING_MAX, "%s%s%s", row->meaning,
             (row->flags & SCHEMA_RESTART) != 0 ? " A change takes effect at the next start." : "",
             (row->flags & SCHEMA_NOT_BUILT) != 0 ? " Not available in this version: only the default is taken." : "");
    return out;
}

static json_t *key_schema(const struct schema_row *row)
{
    char text[MEANING_MAX];
    json_t *schema = value(row);
    json_object_set_new(schema, "default", initial(row));
    json_object_set_new(schema, "description", json_string(meaning(row, text)));
    return schema;
}

/* The table is at most three levels deep, and so is the recursion. */
static json_t *section_schema(const char *path)
{
    struct schema_names names;
    json_t *properties = json_object();
    schema_names(path, &names);
    for (size_t i = 0; names.items[i] != NULL; i++) {
        char key[KEY_MAX];
        snprintf(key, sizeof(key), "%s%s%s", path, path[0] != '\0' ? "." : "", names.items[i]);
        const struct schema_row *row = schema_find(key);
        json_object_set_new(properties, names.items[i], row != NULL ? key_schema(row) : section_schema(key));
    }
    json_t *schema = map(properties);
    /* A section whose keys are all commented out is null to a YAML reader. */
    json_object_set_new(schema, "type", json_pack("[s, s]", "object", "null"));
    return schema;
}

json_t *config_export_schema(void)
{
    json_t *schema = section_schema("");
    json_object_set_new(schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
    json_object_set_new(schema, "title", json_string("Configuration of cairnd"));
    return schema;
}
