#include <stdlib.h>
#include <string.h>

#include "resolver/dns/encode.h"
#include "resolver/dns/name.h"
#include "resolver/server/config_read.h"
#include "resolver/server/config_value.h"

/* Where `key` is given, or the file as a whole. */
static struct place place_of(const struct reading *r, const char *key)
{
    const struct node *n = r->given[schema_index(schema_find(key))];
    return n != NULL ? n->place : (struct place){0};
}

/* The later of two given keys: where the reader's attention is. */
static struct place place_of_either(const struct reading *r, const char *a, const char *b)
{
    struct place first = place_of(r, a), second = place_of(r, b);
    return first.line > second.line ? first : second;
}

static void check_order(struct reading *r, const char *low_key, uint32_t low, const char *high_key, uint32_t high)
{
    char low_text[VALUE_TEXT_SIZE], high_text[VALUE_TEXT_SIZE];
    if (low > high) {
        report_error(r->report, place_of_either(r, low_key, high_key), NULL, "'%s' (%s) is larger than '%s' (%s)",
                     low_key, duration_text((uint64_t)low * 1000, "0s", low_text), high_key,
                     duration_text((uint64_t)high * 1000, "0s", high_text));
    }
}

/* Only what the file says on both sides can be a contradiction; a default gives way. */
static void check_limits(struct reading *r)
{
    static const enum limit_id pairs[][2] = {
        {LIMIT_ID_sends_per_name, LIMIT_ID_sends},
        {LIMIT_ID_glueless_per_referral, LIMIT_ID_glueless},
        {LIMIT_ID_failure_ms, LIMIT_ID_failure_max_ms},
        {LIMIT_ID_answer_ms, LIMIT_ID_walk_ms},
        {LIMIT_ID_waiters, LIMIT_ID_waiting},
        {LIMIT_ID_waiting_per_address, LIMIT_ID_waiting_per_address_proven},
        {LIMIT_ID_tcp_clients_per_address, LIMIT_ID_tcp_clients},
        {LIMIT_ID_tcp_idle_busy_ms, LIMIT_ID_tcp_idle_ms},
    };
    const uint32_t *values = r->config->limits.values;
    const struct node *limits = r->given[schema_index(schema_find("limits"))];
    for (size_t i = 0; limits != NULL && i < sizeof(pairs) / sizeof(*pairs); i++) {
        enum limit_id low = pairs[i][0], high = pairs[i][1];
        const struct node *first = node_find(limits, limit_name(low));
        const struct node *second = node_find(limits, limit_name(high));
        if (first != NULL && second != NULL && values[low] > values[high]) {
            const struct node *later = first->place.line > second->place.line ? first : second;
            report_error(r->report, later->place, NULL, "'limits.%s' (%u) is larger than 'limits.%s' (%u)",
                         limit_name(low), values[low], limit_name(high), values[high]);
        }
    }
}

/* One zone of `zones`, `forward` or `stub`. */
struct claim {
    uint8_t name[NAME_SIZE];
    const char *key; /* of the list */
    struct place place;
};

static size_t count_claims(const struct reading *r, const char *key)
{
    const struct node *list = r->given[schema_index(schema_find(key))];
    return list != NULL && list->kind == NODE_LIST ? list->count : 0;
}

static size_t take_claims(const struct reading *r, const char *key, const char *field, struct claim *out)
{
    const struct node *list = r->given[schema_index(schema_find(key))];
    size_t count = 0;
    for (const struct node *n = count_claims(r, key) > 0 ? list->first : NULL; n != NULL; n = n->next) {
        const struct node *zone = n->kind == NODE_MAP ? node_find(n, field) : NULL;
        if (zone != NULL && zone->kind == NODE_SCALAR &&
            name_from_text(zone->text, strlen(zone->text), NULL, out[count].name) == FAIL_NONE) {
            out[count].key = key;
            out[count++].place = zone->place;
        }
    }
    return count;
}

static int compare_claims(const void *a, const void *b)
{
    const struct claim *first = a, *second = b;
    int order = name_compare(first->name, second->name);
    if (order != 0) {
        return order;
    }
    return (first->place.line > second->place.line) - (first->place.line < second->place.line);
}

/* A zone is served, forwarded or a stub: once, and one of them. */
static void check_zones(struct reading *r)
{
    size_t room = count_claims(r, "zones") + count_claims(r, "forward") + count_claims(r, "stub");
    struct claim *claims = room > 1 ? calloc(room, sizeof(*claims)) : NULL;
    if (claims == NULL) {
        return;
    }
    size_t count = take_claims(r, "zones", "name", claims);
    count += take_claims(r, "forward", "zone", claims + count);
    count += take_claims(r, "stub", "zone", claims + count);
    qsort(claims, count, sizeof(*claims), compare_claims);
    for (size_t i = 1; i < count; i++) {
        const struct claim *first = &claims[i - 1], *again = &claims[i];
        char text[NAME_TEXT_SIZE];
        if (name_equal(first->name, again->name)) {
            report_error(r->report, again->place, NULL, "zone %s is already in '%s', on line %u",
                         name_text(again->name, text), first->key, first->place.line);
        }
    }
    free(claims);
}

/* A route to an address that we listen on would come back for ever. */
static void check_targets(struct reading *r, const char *key, const struct config_targets *targets)
{
    const struct config_addrs *listen = &r->config->server.listen;
    for (unsigned i = 0; i < targets->count; i++) {
        const struct config_target *t = &targets->items[i];
        for (unsigned j = 0; j < t->to.count * listen->count; j++) {
            const struct addr *to = &t->to.items[j / listen->count];
            char zone[NAME_TEXT_SIZE], text[ADDR_TEXT_SIZE];
            if (addr_equal(to, &listen->items[j % listen->count])) {
                report_error(r->report, place_of_either(r, key, "server.listen"), NULL,
                             "'%s' sends %s to %s, an address of 'server.listen': to this resolver itself", key,
                             name_text(t->zone, zone), addr_text(to, text));
            }
        }
    }
}

bool config_secret(const char *text, uint8_t out[CONFIG_SECRET_SIZE])
{
    uint8_t bytes[CONFIG_SECRET_SIZE];
    struct token token = {.text = text, .len = strlen(text)};
    struct writer w;
    size_t bad;
    writer_init(&w, bytes, sizeof(bytes));
    if (token.len != 2 * sizeof(bytes) || decode_hex(&token, 1, &w, &bad) != FAIL_NONE) {
        return false;
    }
    memcpy(out, bytes, sizeof(bytes));
    return true;
}

static void check_secret(struct reading *r)
{
    const char *text = r->config->server.cookie_secret;
    uint8_t secret[CONFIG_SECRET_SIZE];
    if (strcmp(text, "auto") != 0 && !config_secret(text, secret)) {
        report_error(r->report, place_of(r, "server.cookie-secret"), "auto, or 32 hexadecimal digits",
                     "'server.cookie-secret' is not a secret of 128 bits");
    }
}

static bool is_without_walks(const struct config *c)
{
    return c->recursion.root_hints == CONFIG_HINTS_GIVEN && c->recursion.hint_count == 0;
}

void check_config(struct reading *r)
{
    const struct config *c = r->config;
    check_order(r, "cache.min-ttl", c->cache.min_ttl_s, "cache.max-ttl", c->cache.max_ttl_s);
    check_order(r, "cache.min-negative-ttl", c->cache.min_negative_ttl_s, "cache.max-negative-ttl",
                c->cache.max_negative_ttl_s);
    if (strcmp(c->server.state, c->cache.directory) == 0) {
        report_error(r->report, place_of_either(r, "server.state", "cache.directory"), NULL,
                     "'server.state' and 'cache.directory' must be two directories");
    }
    if (!c->recursion.ipv4 && !c->recursion.ipv6 && !is_without_walks(c)) {
        report_error(r->report, place_of_either(r, "recursion.ipv4", "recursion.ipv6"), NULL,
                     "with neither IPv4 nor IPv6 no name server can be asked (root-hints: {} turns walks off)");
    }
    check_secret(r);
    check_anchors(r, place_of(r, "dnssec.trust-anchors"));
    check_limits(r);
    check_zones(r);
    check_targets(r, "forward", &c->forward);
    check_targets(r, "stub", &c->stub);
}
