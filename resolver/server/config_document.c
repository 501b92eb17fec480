#include "resolver/server/config_document.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* The tree under construction: a stack of the lists and maps that are still open. */
struct builder {
    struct report *report;
    struct arena *memory;
    struct document document;
    struct node *open[DOCUMENT_DEPTH];
    struct node *last[DOCUMENT_DEPTH]; /* newest child of each */
    struct node *key[DOCUMENT_DEPTH];  /* maps: the key that waits for its value */
    unsigned depth;
    bool is_over; /* stop reading */
};

static struct place place_of(const yaml_mark_t *start, const yaml_mark_t *end)
{
    struct place p = {.line = (unsigned)start->line + 1, .column = (unsigned)start->column + 1, .width = 1};
    if (end->line == start->line && end->column > start->column) {
        p.width = (unsigned)(end->column - start->column);
    }
    return p;
}

static void stop(struct builder *b)
{
    b->document.is_cut = true;
    b->is_over = true;
}

static void out_of_memory(struct builder *b)
{
    report_error(b->report, (struct place){0}, NULL, "too large: no memory left to read it");
    stop(b);
}

static struct node *new_node(struct builder *b, enum node_kind kind, struct place place)
{
    struct node *n = arena_take(b->memory, sizeof(*n));
    if (n == NULL) {
        out_of_memory(b);
        return NULL;
    }
    *n = (struct node){.kind = kind, .place = place, .text = ""};
    return n;
}

static void check_duplicate(struct builder *b, const struct node *map, const struct node *key)
{
    for (const struct node *n = map->first; n != NULL; n = n->next) {
        if (strcmp(n->key->text, key->text) == 0) {
            report_error(b->report, key->place, NULL, "key '%s' is given twice; the first is on line %u", key->text,
                         n->key->place.line);
            return;
        }
    }
}

static void take_key(struct builder *b, struct node *n)
{
    if (n->kind != NODE_SCALAR) {
        report_error(b->report, n->place, NULL, "a key must be a word, not %s", node_describe(n));
        n->is_reported = true;
    } else if (!n->is_reported) {
        check_duplicate(b, b->open[b->depth - 1], n);
    }
    b->key[b->depth - 1] = n;
}

/* Hangs `n` into the innermost open list or map. */
static void attach(struct builder *b, struct node *n)
{
    if (b->depth == 0) {
        b->document.root = n;
        return;
    }
    unsigned top = b->depth - 1;
    struct node *parent = b->open[top];
    if (parent->kind == NODE_MAP && b->key[top] == NULL) {
        take_key(b, n);
        return;
    }
    n->key = b->key[top];
    b->key[top] = NULL;
    if (b->last[top] != NULL) {
        b->last[top]->next = n;
    } else {
        parent->first = n;
    }
    b->last[top] = n;
    if (++parent->count == DOCUMENT_ENTRIES && parent->kind == NODE_MAP) {
        report_error(b->report, n->place, NULL, "a map holds at most %d entries", DOCUMENT_ENTRIES);
        stop(b);
    }
}

static void check_anchor(struct builder *b, struct place place, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL) {
        report_error(b->report, place, NULL, "anchors (&%s) are not supported: write the value where it is used",
                     (const char *)anchor);
    }
    if (tag != NULL) {
        report_error(b->report, place, NULL, "tags (%s) are not supported: types follow from the key",
                     (const char *)tag);
    }
}

static void on_scalar(struct builder *b, const yaml_event_t *e)
{
    struct node *n = new_node(b, NODE_SCALAR, place_of(&e->start_mark, &e->end_mark));
    if (n == NULL) {
        return;
    }
    check_anchor(b, n->place, e->data.scalar.anchor, e->data.scalar.tag);
    n->is_plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->text = arena_copy(b->memory, e->data.scalar.value, e->data.scalar.length + 1);
    if (n->text == NULL) {
        out_of_memory(b);
        return;
    }
    if (strlen(n->text) != e->data.scalar.length) {
        report_error(b->report, n->place, NULL, "a zero octet inside a text");
        n->is_reported = true;
    }
    attach(b, n);
}

static void on_alias(struct builder *b, const yaml_event_t *e)
{
    struct node *n = new_node(b, NODE_SCALAR, place_of(&e->start_mark, &e->end_mark));
    if (n == NULL) {
        return;
    }
    report_error(b->report, n->place, NULL, "aliases (*%s) are not supported: write the value here",
                 (const char *)e->data.alias.anchor);
    n->is_reported = true;
    attach(b, n);
}

static void on_open(struct builder *b, const yaml_event_t *e)
{
    bool is_map = e->type == YAML_MAPPING_START_EVENT;
    struct node *n = new_node(b, is_map ? NODE_MAP : NODE_LIST, place_of(&e->start_mark, &e->end_mark));
    if (n == NULL) {
        return;
    }
    check_anchor(b, n->place, is_map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor,
                 is_map ? e->data.mapping_start.tag : e->data.sequence_start.tag);
    if (b->depth == DOCUMENT_DEPTH) {
        report_error(b->report, n->place, NULL, "nested more than %d deep", DOCUMENT_DEPTH);
        stop(b);
        return;
    }
    attach(b, n);
    b->open[b->depth] = n;
    b->last[b->depth] = NULL;
    b->key[b->depth] = NULL;
    b->depth++;
}

static void on_document(struct builder *b, const yaml_event_t *e)
{
    struct place place = place_of(&e->start_mark, &e->end_mark);
    if (b->document.root != NULL) {
        report_error(b->report, place, NULL, "a second document: the file holds exactly one");
        b->is_over = true;
    }
    if (e->data.document_start.version_directive != NULL ||
        e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end) {
        report_error(b->report, place, NULL, "directives (lines with %%) are not supported");
    }
}

static void on_event(struct builder *b, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(b, e);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(b, e);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        on_open(b, e);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        break;
    case YAML_DOCUMENT_START_EVENT:
        on_document(b, e);
        break;
    case YAML_STREAM_END_EVENT:
        b->is_over = true;
        break;
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_NO_EVENT:
        break;
    }
}

/* The place of the octet at `offset`, for errors below the level of characters. */
static struct place place_at(const struct report *r, size_t offset)
{
    struct place p = {.line = 1, .column = 1, .width = 1};
    for (size_t i = 0; i < offset && i < r->len; i++) {
        p.column += ((unsigned char)r->text[i] & 0xc0) != 0x80;
        if (r->text[i] == '\n') {
            p.line++;
            p.column = 1;
        }
    }
    return p;
}

/* True when the text has `what` at `mark`, as far as the line before it is ASCII. */
static bool is_at(const struct report *r, const yaml_mark_t *mark, const char *what)
{
    const char *at = r->text;
    const char *end = r->text + r->len;
    for (size_t line = 0; line < mark->line && at != NULL; line++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at != NULL ? at + 1 : NULL;
    }
    return at != NULL && (size_t)(end - at) >= mark->column + strlen(what) &&
           memcmp(at + mark->column, what, strlen(what)) == 0;
}

static void report_syntax(struct builder *b, const yaml_parser_t *parser)
{
    const char *problem = parser->problem != NULL ? parser->problem : "unreadable";
    if (parser->error == YAML_MEMORY_ERROR) {
        out_of_memory(b);
    } else if (parser->error == YAML_READER_ERROR) {
        report_error(b->report, place_at(b->report, parser->problem_offset), NULL, "not valid UTF-8 text: %s", problem);
    } else if (is_at(b->report, &parser->problem_mark, "\t")) {
        report_error(b->report, place_of(&parser->problem_mark, &parser->problem_mark), NULL,
                     "a tab: YAML is indented with spaces");
    } else if (is_at(b->report, &parser->problem_mark, "::")) {
        report_error(b->report, place_of(&parser->problem_mark, &parser->problem_mark), NULL,
                     "not valid YAML: %s; IPv6 addresses need quotes here: \"::1\"", problem);
    } else if (parser->context != NULL && parser->context_mark.line != parser->problem_mark.line) {
        report_error(b->report, place_of(&parser->problem_mark, &parser->problem_mark), NULL,
                     "not valid YAML: %s, %s that starts on line %zu", problem, parser->context,
                     parser->context_mark.line + 1);
    } else {
        report_error(b->report, place_of(&parser->problem_mark, &parser->problem_mark), NULL, "not valid YAML: %s",
                     problem);
    }
    stop(b);
}

struct document document_read(struct report *report, struct arena *memory)
{
    struct builder b = {.report = report, .memory = memory};
    yaml_parser_t parser;
    if (report->len > DOCUMENT_SIZE) {
        report_error(report, (struct place){0}, NULL, "larger than %u MiB", DOCUMENT_SIZE >> 20);
        return b.document;
    }
    if (!yaml_parser_initialize(&parser)) {
        out_of_memory(&b);
        return b.document;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)report->text, report->len);
    while (!b.is_over) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            report_syntax(&b, &parser);
            break;
        }
        on_event(&b, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return b.document;
}

bool node_is_null(const struct node *n)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; n->kind == NODE_SCALAR && n->is_plain && i < sizeof(nulls) / sizeof(*nulls); i++) {
        if (strcmp(n->text, nulls[i]) == 0) {
            return true;
        }
    }
    return false;
}

const struct node *node_find(const struct node *map, const char *key)
{
    for (const struct node *n = map->kind == NODE_MAP ? map->first : NULL; n != NULL; n = n->next) {
        if (n->key->kind == NODE_SCALAR && strcmp(n->key->text, key) == 0) {
            return n;
        }
    }
    return NULL;
}

const char *node_describe(const struct node *n)
{
    switch (n->kind) {
    case NODE_LIST:
        return "a list";
    case NODE_MAP:
        return "a map";
    case NODE_SCALAR:
        break;
    }
    return node_is_null(n) ? "nothing" : "text";
}
