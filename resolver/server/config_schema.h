/* Every key of the configuration as one table row: type, range, default, meaning. The reader, `cairnctl config show`,
 * the JSON Schema and docs/configuration.md all follow this table. Internal to the configuration library. */
#ifndef CAIRN_SERVER_CONFIG_SCHEMA_H
#define CAIRN_SERVER_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a value looks like, and the type of its member in struct config. */
enum value_kind {
    VALUE_BOOL,         /* bool */
    VALUE_NUMBER,       /* uint32_t */
    VALUE_COUNT,        /* uint32_t; `auto` is 0 */
    VALUE_SECONDS,      /* uint32_t */
    VALUE_MILLISECONDS, /* uint32_t */
    VALUE_SIZE,         /* uint64_t octets */
    VALUE_TEXT,         /* const char * */
    VALUE_PATH,         /* const char *, against the file's directory */
    VALUE_WORD,         /* an enum: index into `words` */
    VALUE_ADDRESS,      /* struct addr; "" is none */
    VALUE_ADDRESSES,    /* struct config_addrs */
    VALUE_NETWORKS,     /* struct config_nets */
    VALUE_NAMES,        /* struct config_names */
    VALUE_HINTS,        /* recursion.root_hints, hints, hint_count */
    VALUE_ANCHORS,      /* struct config_anchors */
    VALUE_TARGETS,      /* struct config_targets */
    VALUE_ZONES,        /* struct config_zones */
    VALUE_LIMITS        /* struct limits */
};

enum schema_flag {
    SCHEMA_RESTART = 1,  /* a new value takes effect at the next start only */
    SCHEMA_SECRET = 4,   /* stays out of logs */
    SCHEMA_NOT_BUILT = 2 /* belongs to a feature that this version lacks: only the default is taken */
};

struct schema_row {
    const char *key; /* "cache.serve-stale.window" */
    enum value_kind kind;
    unsigned flags;           /* enum schema_flag */
    size_t member;            /* offset in struct config */
    const char *initial;      /* the default, as YAML */
    uint64_t min, max;        /* of numbers, in the member's unit; of texts, their octets; of lists, their items */
    uint16_t port;            /* of addresses without one */
    const char *const *words; /* VALUE_WORD and VALUE_BOOL, ending in NULL */
    const char *meaning;      /* a sentence or two, for people */
};

/* Range of one limit of `limits:`. */
struct limit_range {
    uint32_t min, max;
};

size_t schema_count(void);
const struct schema_row *schema_row(size_t index);

/* The row of a whole key; NULL: none. */
const struct schema_row *schema_find(const char *key);
size_t schema_index(const struct schema_row *row);

/* True for "", "cache", "cache.serve-stale": something has rows below it. */
bool schema_is_section(const char *path);

/* The names directly below a section, in the order of the table: writes up to `size - 1` and a NULL into `out`, which
 * points into `text` for their octets. */
#define SCHEMA_NAMES_MAX  32
#define SCHEMA_NAMES_SIZE 1024
struct schema_names {
    const char *items[SCHEMA_NAMES_MAX];
    char text[SCHEMA_NAMES_SIZE];
};
void schema_names(const char *section, struct schema_names *out);

/* What a value must look like, for messages: "a duration such as 30s, 5m or 1d". Constant. */
const char *schema_expects(enum value_kind kind);

/* By enum limit_id. */
struct limit_range schema_limit_range(unsigned limit);

#endif
