/* From nodes to members of struct config. Internal to the configuration library. */
#ifndef CAIRN_SERVER_CONFIG_READ_H
#define CAIRN_SERVER_CONFIG_READ_H

#include "resolver/server/config.h"
#include "resolver/server/config_document.h"
#include "resolver/server/config_report.h"
#include "resolver/server/config_schema.h"

/* One run over one text. */
struct reading {
    struct config *config;
    struct report *report;
    const struct node *given[CONFIG_KEYS_MAX]; /* by row: the value in the text, NULL when the key is absent */
    bool is_cut;                               /* the text broke off: do not report what is missing */
};

/* Reads `n` into the member of `row`, or reports why not and leaves the member as it was. */
void read_value(struct reading *r, const struct schema_row *row, const struct node *n);

/* The same for single values and for lists and maps; read_value chooses. `member` is the row's member. */
void read_scalar(struct reading *r, const struct schema_row *row, const struct node *n, void *member);
void read_list(struct reading *r, const struct schema_row *row, const struct node *n, void *member);
void read_hints(struct reading *r, const struct schema_row *row, const struct node *n);

/* Root hints from the master file that `n` names: NS records of the root and the addresses of their names. */
void read_hint_file(struct reading *r, const struct node *n);

/* A trust anchor from the record in master file form that `n` holds. False after reporting. */
bool read_anchor(struct reading *r, const struct node *n, struct config_anchor *out);

/* What is wrong with all of them, which stand at `place`. */
void check_anchors(struct reading *r, struct place place);

/* Reports that `n` is not what `row` takes. */
void read_mismatch(struct reading *r, const struct schema_row *row, const struct node *n);

/* Reports an unknown key with the nearest of `names` (ending in NULL). `path` names the map: "server", or "" at the
 * top. */
void read_unknown_key(struct reading *r, const struct node *key, const char *path, const char *const *names);

/* Parses a domain name into the configuration's memory; NULL after reporting. */
const uint8_t *read_name(struct reading *r, const struct node *n);

/* `text` as a path of the configuration file's directory, in the configuration's memory; NULL after reporting. */
const char *read_path(struct reading *r, const char *text);

/* Room in the configuration's memory; NULL after reporting. */
void *read_room(struct reading *r, size_t size);

/* Rules that span several values. */
void check_config(struct reading *r);

/* True when the value of `row` is the same in both. */
bool config_value_equal(const struct config *a, const struct config *b, const struct schema_row *row);

/* Prints a value as YAML on one line. */
void config_value_print(FILE *out, const struct config *c, const struct schema_row *row);

#endif
