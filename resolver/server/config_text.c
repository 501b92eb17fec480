/* Values as text: what `cairnctl config show` prints and a reload compares. Everything printed here parses back. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "resolver/server/config_read.h"
#include "resolver/server/config_value.h"

enum { ANCHOR_TEXT_SIZE = 2048 }; /* of a DNSKEY as long as one may be */

/* Words that other readers of YAML would take for something else than text. */
static bool looks_special(const char *text)
{
    static const char *const words[] = {"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", NULL};
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            return true;
        }
    }
    return text[strspn(text, "0123456789.eE+-")] == '\0' && strchr(text, '.') == strrchr(text, '.');
}

static void print_text(FILE *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/@-";
    if (text[strspn(text, plain)] == '\0' && !looks_special(text) && text[0] != '-' && text[0] != '@') {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_name(FILE *out, const uint8_t *name)
{
    char text[NAME_TEXT_SIZE];
    print_text(out, name_text(name, text));
}

static void print_addresses(FILE *out, const struct addr *items, unsigned count)
{
    fputc('[', out);
    for (unsigned i = 0; i < count; i++) {
        char text[ADDR_TEXT_SIZE];
        fputs(i > 0 ? ", " : "", out);
        print_text(out, addr_text(&items[i], text));
    }
    fputc(']', out);
}

static void print_networks(FILE *out, const struct config_nets *nets)
{
    fputc('[', out);
    for (unsigned i = 0; i < nets->count; i++) {
        char text[ADDR_TEXT_SIZE];
        fputs(i > 0 ? ", " : "", out);
        print_text(out, addr_net_text(&nets->items[i], text));
    }
    fputc(']', out);
}

static void print_names(FILE *out, const struct config_names *names)
{
    fputc('[', out);
    for (unsigned i = 0; i < names->count; i++) {
        fputs(i > 0 ? ", " : "", out);
        print_name(out, names->items[i]);
    }
    fputc(']', out);
}

static void print_hints(FILE *out, const struct config *c)
{
    if (c->recursion.root_hints == CONFIG_HINTS_BUILTIN) {
        fputs("builtin", out);
        return;
    }
    fputc('{', out);
    for (unsigned i = 0; i < c->recursion.hint_count; i++) {
        const struct hint *hint = &c->recursion.hints[i];
        fputs(i > 0 ? ", " : "", out);
        print_name(out, hint->name);
        fputs(": ", out);
        print_addresses(out, hint->addresses, hint->address_count);
    }
    fputc('}', out);
}

static void print_anchors(FILE *out, const struct config_anchors *anchors)
{
    const char *comma = anchors->builtin ? ", " : "";
    if (anchors->builtin && anchors->count == 0) {
        fputs("builtin", out);
        return;
    }
    fputs(anchors->builtin ? "[builtin" : "[", out);
    for (unsigned i = 0; i < anchors->count; i++) {
        const struct config_anchor *anchor = &anchors->items[i];
        char zone[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE], rdata[ANCHOR_TEXT_SIZE];
        char text[sizeof(zone) + sizeof(type) + sizeof(rdata)];
        rdata_text(anchor->type, anchor->rdata.bytes, anchor->rdata.len, rdata, sizeof(rdata));
        snprintf(text, sizeof(text), "%s %s %s", name_text(anchor->zone, zone), type_text(anchor->type, type), rdata);
        fputs(comma, out);
        print_text(out, text);
        comma = ", ";
    }
    fputc(']', out);
}

static void print_targets(FILE *out, const struct config_targets *targets)
{
    static const char *const modes[] = {[DNSSEC_AUTO] = "auto", [DNSSEC_REQUIRE] = "require", [DNSSEC_OFF] = "off"};
    fputc('[', out);
    for (unsigned i = 0; i < targets->count; i++) {
        const struct config_target *t = &targets->items[i];
        fputs(i > 0 ? ", {zone: " : "{zone: ", out);
        print_name(out, t->zone);
        fputs(", to: ", out);
        print_addresses(out, t->to.items, t->to.count);
        fprintf(out, ", dnssec: %s}", modes[t->dnssec]);
    }
    fputc(']', out);
}

static void print_zones(FILE *out, const struct config_zones *zones)
{
    fputc('[', out);
    for (unsigned i = 0; i < zones->count; i++) {
        const struct zone_source *z = &zones->items[i];
        fputs(i > 0 ? ", {name: " : "{name: ", out);
        print_name(out, z->name);
        fputs(", file: ", out);
        print_text(out, z->file);
        fputs(z->make_reverse ? ", reverse: true}" : "}", out);
    }
    fputc(']', out);
}

static void print_limits(FILE *out, const struct limits *limits)
{
    const char *comma = "";
    fputc('{', out);
    for (unsigned i = 0; i < LIMIT_VALUE_COUNT; i++) {
        if (limits->values[i] != limits_default.values[i]) {
            fprintf(out, "%s%s: %u", comma, limit_name((enum limit_id)i), limits->values[i]);
            comma = ", ";
        }
    }
    fputc('}', out);
}

static uint32_t get_u32(const void *member)
{
    uint32_t value;
    memcpy(&value, member, sizeof(value));
    return value;
}

static void print_scalar(FILE *out, const struct schema_row *row, const void *member)
{
    char text[VALUE_TEXT_SIZE];
    const struct addr *address = member;
    switch (row->kind) {
    case VALUE_BOOL:
        fputs(*(const bool *)member ? "true" : "false", out);
        break;
    case VALUE_SECONDS:
        fputs(duration_text((uint64_t)get_u32(member) * 1000, "0s", text), out);
        break;
    case VALUE_MILLISECONDS:
        fputs(duration_text(get_u32(member), "0ms", text), out);
        break;
    case VALUE_SIZE:
        fputs(size_text(*(const uint64_t *)member, text), out);
        break;
    case VALUE_TEXT:
    case VALUE_PATH:
        print_text(out, *(const char *const *)member);
        break;
    case VALUE_WORD:
        fputs(row->words[get_u32(member)], out);
        break;
    case VALUE_ADDRESS: {
        char host[ADDR_TEXT_SIZE];
        print_text(out, address->len > 0 ? addr_text(address, host) : "");
        break;
    }
    default:
        if (row->kind == VALUE_COUNT && get_u32(member) == 0) {
            fputs("auto", out);
        } else {
            fprintf(out, "%u", get_u32(member));
        }
        break;
    }
}

void config_value_print(FILE *out, const struct config *c, const struct schema_row *row)
{
    const void *member = (const char *)c + row->member;
    const struct config_addrs *addresses = member;
    switch (row->kind) {
    case VALUE_ADDRESSES:
        print_addresses(out, addresses->items, addresses->count);
        break;
    case VALUE_NETWORKS:
        print_networks(out, member);
        break;
    case VALUE_NAMES:
        print_names(out, member);
        break;
    case VALUE_HINTS:
        print_hints(out, c);
        break;
    case VALUE_ANCHORS:
        print_anchors(out, member);
        break;
    case VALUE_TARGETS:
        print_targets(out, member);
        break;
    case VALUE_ZONES:
        print_zones(out, member);
        break;
    case VALUE_LIMITS:
        print_limits(out, member);
        break;
    default:
        print_scalar(out, row, member);
        break;
    }
}

/* NULL without memory. */
static char *value_text(const struct config *c, const struct schema_row *row)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        return NULL;
    }
    config_value_print(out, c, row);
    return fclose(out) == 0 ? text : NULL;
}

bool config_value_equal(const struct config *a, const struct config *b, const struct schema_row *row)
{
    char *first = value_text(a, row);
    char *second = value_text(b, row);
    bool is_equal = first != NULL && second != NULL && strcmp(first, second) == 0;
    free(first);
    free(second);
    return is_equal;
}

void config_compare(const struct config *from, const struct config *to, config_change *changed, void *arg)
{
    for (size_t i = 0; i < schema_count(); i++) {
        const struct schema_row *row = schema_row(i);
        char *before = value_text(from, row);
        char *after = value_text(to, row);
        if (before != NULL && after != NULL && strcmp(before, after) != 0) {
            bool is_secret = (row->flags & SCHEMA_SECRET) != 0;
            changed(arg, row->key, is_secret ? "(secret)" : before, is_secret ? "(secret)" : after,
                    (row->flags & SCHEMA_RESTART) != 0);
        }
        free(before);
        free(after);
    }
}

bool config_is_given(const struct config *c, const char *key)
{
    const struct schema_row *row = schema_find(key);
    assert(row != NULL);
    return c->given[schema_index(row)];
}

/* Opens the sections of `key` that `last` was not in, and returns the depth of the key itself. */
static int print_sections(FILE *out, const char *key, const char *last)
{
    int depth = 0;
    size_t start = 0;
    for (const char *dot = strchr(key, '.'); dot != NULL; dot = strchr(dot + 1, '.')) {
        size_t len = (size_t)(dot - key) + 1;
        if (strncmp(key, last, len) != 0) {
            fprintf(out, "%*s%.*s:\n", depth * 2, "", (int)(len - 1 - start), key + start);
        }
        start = len;
        depth++;
    }
    return depth;
}

char *config_text(const struct config *c, bool effective)
{
    const char *last = "";
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < schema_count(); i++) {
        const struct schema_row *row = schema_row(i);
        const char *dot = strrchr(row->key, '.');
        if (effective || c->given[i]) {
            int depth = print_sections(out, row->key, last);
            fprintf(out, "%*s%s: ", depth * 2, "", dot != NULL ? dot + 1 : row->key);
            config_value_print(out, c, row);
            fputc('\n', out);
            last = row->key;
        }
    }
    return fclose(out) == 0 ? text : NULL;
}
