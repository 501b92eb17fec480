/* The table of keys for other programs and for people. */
#ifndef CAIRN_SERVER_CONFIG_EXPORT_H
#define CAIRN_SERVER_CONFIG_EXPORT_H

#include <jansson.h>
#include <stdio.h>

/* A JSON Schema (draft 2020-12) that editors and checkers of YAML understand. It takes every file that config_load
 * takes; what spans several values, and the ranges of durations and sizes, only config_load checks. NULL without
 * memory; the caller owns the reference. */
json_t *config_export_schema(void);

/* docs/configuration.md. */
void config_export_docs(FILE *out);

#endif
