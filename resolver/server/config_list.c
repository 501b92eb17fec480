#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/server/config_read.h"
#include "resolver/server/config_value.h"

static bool is_list(struct reading *r, const struct schema_row *row, const struct node *n)
{
    if (n->kind != NODE_LIST) {
        read_mismatch(r, row, n);
        return false;
    }
    if ((n->count < row->min && !r->is_cut) || n->count > row->max) {
        report_error(r->report, n->place, NULL, "'%s' must have %llu to %llu items; it has %u", row->key,
                     (unsigned long long)row->min, (unsigned long long)row->max, n->count);
        return false;
    }
    return true;
}

/* The text of one item; NULL after reporting. */
static const char *item_text(struct reading *r, const struct schema_row *row, const struct node *n)
{
    if (n->is_reported) {
        return NULL;
    }
    if (n->kind != NODE_SCALAR || node_is_null(n)) {
        report_error(r->report, n->place, schema_expects(row->kind), "an item of '%s' cannot be %s", row->key,
                     node_describe(n));
        return NULL;
    }
    return n->text;
}

static void reject_item(struct reading *r, const struct schema_row *row, const struct node *n, const char *what)
{
    report_error(r->report, n->place, schema_expects(row->kind), "'%s' is not %s", n->text, what);
}

/* One address, not equal to the `count` before it. `port` fills a missing port; 0: ports are not taken. */
static bool read_item_address(struct reading *r, const struct schema_row *row, const struct node *n, struct addr *items,
                              unsigned count)
{
    const char *text = item_text(r, row, n);
    uint16_t port = row->port;
    if (text == NULL) {
        return false;
    }
    if (addr_parse(text, port, &items[count]) != FAIL_NONE) {
        reject_item(r, row, n, port != 0 ? "an address such as 192.0.2.1 or 192.0.2.1@53" : "an address");
        return false;
    }
    if (port == 0 && items[count].port != 0) {
        report_error(r->report, n->place, NULL, "'%s': no port here; see recursion.upstream-port", text);
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (addr_equal(&items[i], &items[count])) {
            report_error(r->report, n->place, NULL, "%s is listed twice", text);
            return false;
        }
    }
    return true;
}

static void read_addresses(struct reading *r, const struct schema_row *row, const struct node *n,
                           struct config_addrs *out)
{
    struct addr *items = read_room(r, n->count * sizeof(*items));
    unsigned count = 0;
    for (const struct node *item = n->first; items != NULL && item != NULL; item = item->next) {
        count += read_item_address(r, row, item, items, count);
    }
    *out = (struct config_addrs){items, count};
}

/* Clears the host bits, to suggest the network that was meant. */
static const char *suggest_network(const char *text, char out[ADDR_TEXT_SIZE])
{
    char host[ADDR_TEXT_SIZE];
    const char *slash = strchr(text, '/');
    struct addr_net net;
    uint64_t bits;
    size_t len = slash != NULL ? (size_t)(slash - text) : sizeof(host);
    if (len >= sizeof(host) || number_parse(slash + 1, &bits) != FAIL_NONE) {
        return NULL;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    if (addr_parse(host, 0, &net.base) != FAIL_NONE || bits > net.base.len * 8u || net.base.port != 0) {
        return NULL;
    }
    net.bits = (uint8_t)bits;
    for (unsigned i = net.bits; i < net.base.len * 8u; i++) {
        net.base.octets[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
    }
    return addr_net_text(&net, out);
}

static void read_networks(struct reading *r, const struct schema_row *row, const struct node *n,
                          struct config_nets *out)
{
    struct addr_net *items = read_room(r, n->count * sizeof(*items));
    unsigned count = 0;
    for (const struct node *item = n->first; items != NULL && item != NULL; item = item->next) {
        char nearest[ADDR_TEXT_SIZE];
        const char *text = item_text(r, row, item);
        if (text == NULL) {
            continue;
        }
        if (addr_net_parse(text, &items[count]) == FAIL_NONE) {
            count++;
        } else if (suggest_network(text, nearest) != NULL) {
            report_error(r->report, item->place, NULL, "'%s' has bits set after its prefix (did you mean '%s'?)", text,
                         nearest);
        } else {
            reject_item(r, row, item, "a network such as 10.0.0.0/8");
        }
    }
    *out = (struct config_nets){items, count};
}

static void read_names(struct reading *r, const struct schema_row *row, const struct node *n, struct config_names *out)
{
    const uint8_t **items = read_room(r, n->count * sizeof(*items));
    unsigned count = 0;
    for (const struct node *item = n->first; items != NULL && item != NULL; item = item->next) {
        const uint8_t *name = item_text(r, row, item) != NULL ? read_name(r, item) : NULL;
        if (name != NULL) {
            items[count++] = name;
        }
    }
    *out = (struct config_names){items, count};
}

enum { FIELDS_MAX = 4, TARGETS_MAX = 32, HINT_ADDRESSES_MAX = 64, LIMIT_KEY_MAX = 64 };

/* The fields of a list item that is a map: known names, the first two of them needed. */
static bool read_fields(struct reading *r, const struct schema_row *row, const struct node *item,
                        const char *const *names, const struct node *found[FIELDS_MAX])
{
    unsigned errors = r->report->errors;
    if (item->kind != NODE_MAP) {
        if (!item->is_reported) {
            report_error(r->report, item->place, schema_expects(row->kind), "an item of '%s' must be a map, not %s",
                         row->key, node_describe(item));
        }
        return false;
    }
    for (const struct node *n = item->first; n != NULL; n = n->next) {
        unsigned i = 0;
        while (names[i] != NULL && strcmp(names[i], n->key->text) != 0) {
            i++;
        }
        if (names[i] != NULL) {
            found[i] = n;
        } else {
            read_unknown_key(r, n->key, row->key, names);
        }
    }
    for (unsigned i = 0; i < 2 && !r->is_cut; i++) {
        if (found[i] == NULL) {
            report_error(r->report, item->place, schema_expects(row->kind), "an item of '%s' needs '%s'", row->key,
                         names[i]);
        }
    }
    return r->report->errors == errors && found[0] != NULL && found[1] != NULL;
}

/* The first field of zones, forward and stub: a domain name. */
static const uint8_t *read_field_name(struct reading *r, const struct schema_row *row, const struct node *n)
{
    return item_text(r, row, n) != NULL ? read_name(r, n) : NULL;
}

static bool read_target(struct reading *r, const struct schema_row *row, const struct node *item,
                        struct config_target *out)
{
    static const char *const fields[] = {"zone", "to", "dnssec", NULL};
    static const char *const modes[] = {"auto", "require", "off", NULL};
    const struct schema_row mode = {.key = "dnssec", .kind = VALUE_WORD, .words = modes};
    const struct node *found[FIELDS_MAX] = {0};
    if (!read_fields(r, row, item, fields, found)) {
        return false;
    }
    out->zone = read_field_name(r, row, found[0]);
    if (found[2] != NULL) {
        read_scalar(r, &mode, found[2], &out->dnssec);
    }
    if (found[1]->kind != NODE_LIST || found[1]->count == 0 || found[1]->count > TARGETS_MAX) {
        report_error(r->report, found[1]->place, schema_expects(row->kind), "'to' must be a list of 1 to %d addresses",
                     TARGETS_MAX);
        return false;
    }
    read_addresses(r, row, found[1], &out->to);
    return out->zone != NULL;
}

static void read_targets(struct reading *r, const struct schema_row *row, const struct node *n,
                         struct config_targets *out)
{
    struct config_target *items = read_room(r, n->count * sizeof(*items));
    unsigned count = 0;
    for (const struct node *item = n->first; items != NULL && item != NULL; item = item->next) {
        count += read_target(r, row, item, &items[count]);
    }
    *out = (struct config_targets){items, count};
}

static bool read_zone(struct reading *r, const struct schema_row *row, const struct node *item, struct zone_source *out)
{
    static const char *const fields[] = {"name", "file", "reverse", NULL};
    static const char *const booleans[] = {"true", "false", NULL};
    const struct schema_row file = {.key = "zones.file", .kind = VALUE_PATH, .min = 1, .max = 4095};
    const struct schema_row reverse = {.key = "zones.reverse", .kind = VALUE_BOOL, .words = booleans};
    const struct node *found[FIELDS_MAX] = {0};
    if (!read_fields(r, row, item, fields, found)) {
        return false;
    }
    out->name = read_field_name(r, row, found[0]);
    read_scalar(r, &file, found[1], &out->file);
    if (found[2] != NULL) {
        read_scalar(r, &reverse, found[2], &out->make_reverse);
    }
    return out->name != NULL && out->file != NULL;
}

static void read_zones(struct reading *r, const struct schema_row *row, const struct node *n, struct config_zones *out)
{
    struct zone_source *items = read_room(r, n->count * sizeof(*items));
    unsigned count = 0;
    for (const struct node *item = n->first; items != NULL && item != NULL; item = item->next) {
        count += read_zone(r, row, item, &items[count]);
    }
    *out = (struct config_zones){items, count};
}

static void read_limits(struct reading *r, const struct schema_row *row, const struct node *n, struct limits *out)
{
    const char *names[LIMIT_VALUE_COUNT + 1] = {0};
    if (n->kind != NODE_MAP) {
        read_mismatch(r, row, n);
        return;
    }
    for (unsigned i = 0; i < LIMIT_VALUE_COUNT; i++) {
        names[i] = limit_name((enum limit_id)i);
    }
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        unsigned i = 0;
        while (i < LIMIT_VALUE_COUNT && strcmp(names[i], item->key->text) != 0) {
            i++;
        }
        if (i == LIMIT_VALUE_COUNT) {
            read_unknown_key(r, item->key, row->key, names);
            continue;
        }
        struct limit_range range = schema_limit_range(i);
        char key[LIMIT_KEY_MAX];
        snprintf(key, sizeof(key), "%s.%s", row->key, names[i]);
        const struct schema_row limit = {.key = key, .kind = VALUE_NUMBER, .min = range.min, .max = range.max};
        read_scalar(r, &limit, item, &out->values[i]);
    }
}

static bool is_builtin(const struct node *n)
{
    return n->kind == NODE_SCALAR && strcmp(n->text, "builtin") == 0;
}

static void read_anchors(struct reading *r, const struct schema_row *row, const struct node *n,
                         struct config_anchors *out)
{
    if (is_builtin(n)) {
        *out = (struct config_anchors){.builtin = true};
        return;
    }
    struct config_anchor *items = is_list(r, row, n) ? read_room(r, n->count * sizeof(*items)) : NULL;
    if (items == NULL) {
        return;
    }
    *out = (struct config_anchors){.items = items};
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        if (is_builtin(item)) {
            out->builtin = true;
        } else if (item_text(r, row, item) != NULL) {
            out->count += read_anchor(r, item, &items[out->count]);
        }
    }
}

static bool read_hint(struct reading *r, const struct schema_row *row, const struct node *n, struct hint *out)
{
    struct config_addrs addresses = {0};
    const uint8_t *name = n->key->is_reported ? NULL : read_name(r, n->key);
    if (n->is_reported) {
        return false;
    }
    if (n->kind != NODE_LIST || n->count == 0 || n->count > HINT_ADDRESSES_MAX) {
        report_error(r->report, n->place, schema_expects(row->kind), "a name server needs a list of 1 to %d addresses",
                     HINT_ADDRESSES_MAX);
        return false;
    }
    read_addresses(r, row, n, &addresses);
    *out = (struct hint){.name = name, .addresses = addresses.items, .address_count = addresses.count};
    return name != NULL && addresses.count > 0;
}

static void read_hint_map(struct reading *r, const struct schema_row *row, const struct node *n)
{
    struct hint *items = read_room(r, n->count * sizeof(*items));
    unsigned count = 0;
    if (n->count > row->max) {
        report_error(r->report, n->place, NULL, "'%s' must have at most %llu name servers", row->key,
                     (unsigned long long)row->max);
        return;
    }
    for (const struct node *item = n->first; items != NULL && item != NULL; item = item->next) {
        count += read_hint(r, row, item, &items[count]);
    }
    r->config->recursion.root_hints = CONFIG_HINTS_GIVEN;
    r->config->recursion.hints = items;
    r->config->recursion.hint_count = count;
}

void read_hints(struct reading *r, const struct schema_row *row, const struct node *n)
{
    if (n->kind == NODE_MAP) {
        read_hint_map(r, row, n);
    } else if (n->kind == NODE_LIST || node_is_null(n)) {
        read_mismatch(r, row, n);
    } else if (strcmp(n->text, "builtin") == 0) {
        r->config->recursion.root_hints = CONFIG_HINTS_BUILTIN;
    } else {
        read_hint_file(r, n);
    }
}

void read_list(struct reading *r, const struct schema_row *row, const struct node *n, void *member)
{
    if (row->kind == VALUE_LIMITS) {
        read_limits(r, row, n, member);
        return;
    }
    if (row->kind == VALUE_ANCHORS) {
        read_anchors(r, row, n, member);
        return;
    }
    if (!is_list(r, row, n)) {
        return;
    }
    switch (row->kind) {
    case VALUE_ADDRESSES:
        read_addresses(r, row, n, member);
        break;
    case VALUE_NETWORKS:
        read_networks(r, row, n, member);
        break;
    case VALUE_NAMES:
        read_names(r, row, n, member);
        break;
    case VALUE_ZONES:
        read_zones(r, row, n, member);
        break;
    default:
        read_targets(r, row, n, member);
        break;
    }
}
