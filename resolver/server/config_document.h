/* A strict subset of YAML as a tree of nodes that know their place. Internal to the configuration library.
 *
 * One document of maps, lists and scalars. Not taken: duplicate keys, keys that are not scalars, anchors, aliases,
 * tags, directives and further documents. What a scalar means (number, boolean, text) is decided by who reads it. */
#ifndef CAIRN_SERVER_CONFIG_DOCUMENT_H
#define CAIRN_SERVER_CONFIG_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "resolver/base/arena.h"
#include "resolver/server/config_report.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    bool is_plain;    /* scalar without quotes */
    bool is_reported; /* already reported as unusable: say no more */
    struct place place;
    const char *text;       /* scalar: no zero octets inside */
    const struct node *key; /* in a map: the key of this value */
    struct node *first;     /* list, map: in the order of the file */
    struct node *next;
    unsigned count; /* list, map: children */
};

struct document {
    const struct node *root; /* NULL: the text is empty */
    bool is_cut;             /* the syntax broke: the tree is what came before, so nothing is known to be missing */
};

#define DOCUMENT_SIZE    (4u << 20) /* octets of text */
#define DOCUMENT_DEPTH   8
#define DOCUMENT_ENTRIES 1024 /* of one map */

/* Reads the text of `report` and reports what breaks the rules. Nodes live in `memory`; when that is full, the report
 * has an error, too. */
struct document document_read(struct report *report, struct arena *memory);

/* True for a scalar that says nothing: empty, ~ or null without quotes. */
bool node_is_null(const struct node *n);

/* The value of `key` in a map; NULL when absent, or when `map` is none. */
const struct node *node_find(const struct node *map, const char *key);

/* "a list", "a map", "nothing", "text": what `n` is, for messages. */
const char *node_describe(const struct node *n);

#endif
