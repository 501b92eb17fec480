/* docs/configuration.md from the table of keys. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/server/config.h"
#include "resolver/server/config_export.h"
#include "resolver/server/config_schema.h"
#include "resolver/server/config_value.h"

static const char head[] =
    "# Configuration\n"
    "\n"
    "<!-- Generated from the table of keys by `cairnctl config docs`; a test compares the two. -->\n"
    "\n"
    "cairnd reads the file named by `--config`, else " CONFIG_DEFAULT_FILE
    " if it exists, else it runs on the defaults\n"
    "below: recursion for this machine only, on 127.0.0.1 and ::1, port 53. `cairnctl config check FILE` and\n"
    "`cairnd --check --config FILE` say whether a file is right without starting anything, `cairnctl config show\n"
    "--effective` prints what a running daemon uses, and `cairnctl config schema` prints a JSON Schema for editors.\n"
    "\n"
    "## Rules\n"
    "\n"
    "The file is YAML, read strictly:\n"
    "\n"
    "- Unknown and repeated keys are errors. Anchors, aliases, tags, directives and second documents are not taken.\n"
    "- Only `true` and `false` are booleans. A zone named `no` is a zone named `no`.\n"
    "- Durations are a number and a unit: `1800ms`, `30s`, `5m`, `1h`, `1d`. Sizes likewise: `512B`, `16KiB`, "
    "`256MiB`,\n"
    "  `1GiB`.\n"
    "- Addresses are written `ADDRESS` or `ADDRESS@PORT`; IPv6 addresses need quotes in lists: `\"::1@53\"`. Networks "
    "are\n"
    "  written `10.0.0.0/8`, with no bit set after the prefix.\n"
    "- Paths are relative to the directory of the file.\n"
    "\n"
    "All errors are reported in one run, each with its place, and the program that read the file ends with status 1:\n"
    "\n"
    "```\n"
    "cairn.yaml:3:3: error: unknown key 'cache.max_tll' (did you mean 'max-ttl'?)\n"
    "    3 |   max_tll: 1d\n"
    "      |   ^~~~~~~\n"
    "      = allowed: directory, size, min-ttl, max-ttl, ...\n"
    "```\n"
    "\n"
    "SIGHUP and `cairnctl reload` read the file again. A file with errors changes nothing: the daemon says what is "
    "wrong\n"
    "and goes on with what it has. Keys marked *start* take effect at the next start only. Keys marked *later* belong "
    "to\n"
    "features that this version does not have: any other value than the default is an error.\n";

static const char zones_text[] = "\nEach item has `name`, the apex, and `file`, a master file (RFC 1035 section 5). "
                                 "`reverse: true` also answers PTR\n"
                                 "queries for the zone's A and AAAA records.\n"
                                 "\n"
                                 "```yaml\n"
                                 "zones:\n"
                                 "  - {name: dev.test, file: dev.test.zone, reverse: true}\n"
                                 "```\n";

static const char targets_text[] =
    "\nEach item has `zone`, `to`, a list of 1 to 32 addresses, and may have `dnssec`: `auto` (the default) validates "
    "what\n"
    "a trust anchor or the public tree vouches for and takes the rest as insecure, `require` takes as bogus what has "
    "no\n"
    "chain of trust, `off` validates nothing. A zone stands in one of `forward`, `stub` and `zones`. See\n"
    "[forwarding.md](forwarding.md).\n";

static void print_range(FILE *out, const struct schema_row *row)
{
    char low[VALUE_TEXT_SIZE], high[VALUE_TEXT_SIZE];
    switch (row->kind) {
    case VALUE_SECONDS:
        fprintf(out, "%s to %s", duration_text(row->min * 1000, "0s", low), duration_text(row->max * 1000, "0s", high));
        break;
    case VALUE_MILLISECONDS:
        fprintf(out, "%s to %s", duration_text(row->min, "0ms", low), duration_text(row->max, "0ms", high));
        break;
    case VALUE_SIZE:
        fprintf(out, "%s to %s", size_text(row->min, low), size_text(row->max, high));
        break;
    case VALUE_NUMBER:
    case VALUE_COUNT:
        fprintf(out, "%s%" PRIu64 " to %" PRIu64, row->kind == VALUE_COUNT ? "`auto`, " : "", row->min, row->max);
        break;
    case VALUE_BOOL:
    case VALUE_WORD:
        for (size_t i = 0; row->words[i] != NULL; i++) {
            fprintf(out, "%s`%s`", i > 0 ? ", " : "", row->words[i]);
        }
        break;
    default:
        fputs(schema_expects(row->kind), out);
        break;
    }
}

static const char *mark(const struct schema_row *row)
{
    return (row->flags & SCHEMA_NOT_BUILT) != 0 ? " *later*" : (row->flags & SCHEMA_RESTART) != 0 ? " *start*" : "";
}

static void print_row(FILE *out, const struct schema_row *row)
{
    const char *dot = strchr(row->key, '.');
    fprintf(out, "| `%s`%s | `%s` | ", dot != NULL ? dot + 1 : row->key, mark(row), row->initial);
    print_range(out, row);
    fprintf(out, " | %s |\n", row->meaning);
}

static void print_after(FILE *out, const char *section)
{
    if (strcmp(section, "zones") == 0) {
        fputs(zones_text, out);
    } else if (strcmp(section, "forward") == 0 || strcmp(section, "stub") == 0) {
        fputs(targets_text, out);
    } else if (strcmp(section, "limits") == 0) {
        fputs("\n| limit | default | range | bounds |\n|---|---|---|---|\n", out);
        for (unsigned i = 0; i < LIMIT_VALUE_COUNT; i++) {
            struct limit_range range = schema_limit_range(i);
            fprintf(out, "| `%s` | %u | %u to %u | %s |\n", limit_name((enum limit_id)i), limits_default.values[i],
                    range.min, range.max, limit_meaning((enum limit_id)i));
        }
        fputs("\nCounted with them (`cairnctl stats`) are bounds that are set under [cache](#cache):\n"
              "\n| counter | counts |\n|---|---|\n",
              out);
        for (unsigned i = LIMIT_VALUE_COUNT; i < LIMIT_COUNT; i++) {
            fprintf(out, "| `%s` | %s |\n", limit_name((enum limit_id)i), limit_meaning((enum limit_id)i));
        }
    }
}

void config_export_docs(FILE *out)
{
    struct schema_names sections;
    fputs(head, out);
    schema_names("", &sections);
    for (size_t i = 0; sections.items[i] != NULL; i++) {
        const char *section = sections.items[i];
        size_t len = strlen(section);
        fprintf(out, "\n## %s\n\n| key | default | values | meaning |\n|---|---|---|---|\n", section);
        for (size_t j = 0; j < schema_count(); j++) {
            const struct schema_row *row = schema_row(j);
            if (strncmp(row->key, section, len) == 0 && (row->key[len] == '.' || row->key[len] == '\0')) {
                print_row(out, row);
            }
        }
        print_after(out, section);
    }
    struct config *defaults = config_defaults();
    char *text = config_text(defaults, true);
    fprintf(out, "\n## All defaults\n\n```yaml\n%s```\n", text != NULL ? text : "");
    free(text);
    config_free(defaults);
}
