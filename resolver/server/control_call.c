/* From a request to an operation, and from its result to a response. */
#include "resolver/server/control_call.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

struct control_call *call_new(struct client *client)
{
    struct control_call *call = malloc(sizeof(*call));
    if (call != NULL) {
        call->client = client;
    }
    return call;
}

void control_reply_as(struct control_call *call, int status, json_t *result)
{
    if (call->client != NULL) {
        client_send(call->client, status, result);
    } else {
        json_decref(result);
    }
    free(call);
}

void control_reply(struct control_call *call, json_t *result)
{
    control_reply_as(call, 200, result);
}

void control_refuse(struct control_call *call, int status, const char *text, json_t *problems)
{
    json_t *result = json_pack("{s:s}", "error", text);
    if (result != NULL && problems != NULL) {
        json_object_set(result, "problems", problems);
    }
    json_decref(problems);
    control_reply_as(call, status, result);
}

/* The arguments of one call, parsed. What a request leaves out is zero. */
struct arguments {
    uint8_t name[NAME_SIZE];
    bool has_name;
    uint16_t type;
    bool flag; /* subtree, effective */
    unsigned limit;
    unsigned seconds;
    const char *reason; /* in the request */
};

static const uint8_t *name_or_none(const struct arguments *a)
{
    return a->has_name ? a->name : NULL;
}

struct route {
    const char *method;
    const char *path;
    const char *arguments[4]; /* names taken; "name!" is needed */
    void (*start)(const struct control_ops *ops, void *ctx, struct control_call *call, const struct arguments *a);
};

static void start_status(const struct control_ops *ops, void *ctx, struct control_call *call, const struct arguments *a)
{
    (void)a;
    ops->status(ctx, call);
}

static void start_health(const struct control_ops *ops, void *ctx, struct control_call *call, const struct arguments *a)
{
    (void)a;
    ops->health(ctx, call);
}

static void start_reload(const struct control_ops *ops, void *ctx, struct control_call *call, const struct arguments *a)
{
    (void)a;
    ops->reload(ctx, call);
}

static void start_cache_get(const struct control_ops *ops, void *ctx, struct control_call *call,
                            const struct arguments *a)
{
    ops->cache_get(ctx, call, a->name, a->type);
}

static void start_cache_list(const struct control_ops *ops, void *ctx, struct control_call *call,
                             const struct arguments *a)
{
    ops->cache_list(ctx, call, a->has_name ? a->name : name_root, a->limit);
}

static void start_cache_flush(const struct control_ops *ops, void *ctx, struct control_call *call,
                              const struct arguments *a)
{
    const struct control_flush what = {.name = a->name, .type = a->type, .subtree = a->flag};
    ops->cache_flush(ctx, call, &what);
}

static void start_cache_stats(const struct control_ops *ops, void *ctx, struct control_call *call,
                              const struct arguments *a)
{
    (void)a;
    ops->cache_stats(ctx, call);
}

static void start_zone_list(const struct control_ops *ops, void *ctx, struct control_call *call,
                            const struct arguments *a)
{
    ops->zone_list(ctx, call, name_or_none(a));
}

static void start_zone_reload(const struct control_ops *ops, void *ctx, struct control_call *call,
                              const struct arguments *a)
{
    ops->zone_reload(ctx, call, name_or_none(a));
}

static void start_stats(const struct control_ops *ops, void *ctx, struct control_call *call, const struct arguments *a)
{
    (void)a;
    ops->stats(ctx, call);
}

static void start_upstreams(const struct control_ops *ops, void *ctx, struct control_call *call,
                            const struct arguments *a)
{
    ops->upstreams(ctx, call, a->limit);
}

static void start_config_show(const struct control_ops *ops, void *ctx, struct control_call *call,
                              const struct arguments *a)
{
    ops->config_show(ctx, call, a->flag);
}

static void start_anchor_list(const struct control_ops *ops, void *ctx, struct control_call *call,
                              const struct arguments *a)
{
    (void)a;
    ops->anchor_list(ctx, call);
}

static void start_anchor_refresh(const struct control_ops *ops, void *ctx, struct control_call *call,
                                 const struct arguments *a)
{
    (void)a;
    ops->anchor_refresh(ctx, call);
}

static void start_nta_list(const struct control_ops *ops, void *ctx, struct control_call *call,
                           const struct arguments *a)
{
    (void)a;
    ops->nta_list(ctx, call);
}

static void start_nta_add(const struct control_ops *ops, void *ctx, struct control_call *call,
                          const struct arguments *a)
{
    const struct control_nta what = {.name = a->name, .seconds = a->seconds, .reason = a->reason};
    ops->nta_add(ctx, call, &what);
}

static void start_nta_remove(const struct control_ops *ops, void *ctx, struct control_call *call,
                             const struct arguments *a)
{
    ops->nta_remove(ctx, call, a->name);
}

static const struct route routes[] = {
    {"GET", "/v1/status", {0}, start_status},
    {"GET", "/v1/health", {0}, start_health},
    {"POST", "/v1/reload", {0}, start_reload},
    {"GET", "/v1/cache/entries", {"name!", "type"}, start_cache_get},
    {"GET", "/v1/cache/list", {"under", "limit"}, start_cache_list},
    {"POST", "/v1/cache/flush", {"name!", "type", "subtree"}, start_cache_flush},
    {"GET", "/v1/cache/stats", {0}, start_cache_stats},
    {"GET", "/v1/zones", {"name"}, start_zone_list},
    {"POST", "/v1/zones/reload", {"name"}, start_zone_reload},
    {"GET", "/v1/stats", {0}, start_stats},
    {"GET", "/v1/upstreams", {"limit"}, start_upstreams},
    {"GET", "/v1/config", {"effective"}, start_config_show},
    {"GET", "/v1/anchors", {0}, start_anchor_list},
    {"POST", "/v1/anchors/refresh", {0}, start_anchor_refresh},
    {"GET", "/v1/nta", {0}, start_nta_list},
    {"POST", "/v1/nta", {"name!", "seconds", "reason"}, start_nta_add},
    {"POST", "/v1/nta/remove", {"name!"}, start_nta_remove},
};

static bool parse_flag(const json_t *value, bool *out)
{
    const char *text = json_string_value(value);
    *out = json_is_true(value) || (text != NULL && strcmp(text, "true") == 0);
    return *out || json_is_false(value) || (text != NULL && strcmp(text, "false") == 0);
}

static bool parse_limit(const json_t *value, unsigned *out)
{
    const char *text = json_string_value(value);
    json_int_t number = json_integer_value(value);
    if (text != NULL && text[0] != '\0' && strlen(text) <= 6 && text[strspn(text, "0123456789")] == '\0') {
        number = atol(text);
    }
    *out = (unsigned)number;
    return number >= 1 && number <= CONTROL_LIST_MAX;
}

static bool parse_seconds(const json_t *value, unsigned *out)
{
    json_int_t seconds = json_integer_value(value);
    *out = (unsigned)seconds;
    return json_is_integer(value) && seconds >= 1 && seconds <= CONTROL_NTA_MAX;
}

/* A line for people; jansson has seen to it that it is UTF-8. */
static bool parse_reason(const json_t *value, const char **out)
{
    *out = json_string_value(value);
    for (const char *at = *out; at != NULL && *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return false;
        }
    }
    return *out != NULL && json_string_length(value) <= CONTROL_REASON_MAX;
}

/* One argument of a known name; false when its value is not what it takes. */
static bool parse_argument(const char *name, const json_t *value, struct arguments *out)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    if (strcmp(name, "limit") == 0) {
        return parse_limit(value, &out->limit);
    }
    if (strcmp(name, "subtree") == 0 || strcmp(name, "effective") == 0) {
        return parse_flag(value, &out->flag);
    }
    if (strcmp(name, "seconds") == 0) {
        return parse_seconds(value, &out->seconds);
    }
    if (strcmp(name, "reason") == 0) {
        return parse_reason(value, &out->reason);
    }
    if (text == NULL || len == 0) {
        return false;
    }
    if (strcmp(name, "type") == 0) {
        return type_from_text(text, len, &out->type) == FAIL_NONE;
    }
    out->has_name = name_from_text(text, len, NULL, out->name) == FAIL_NONE;
    return out->has_name;
}

/* Whether `route` takes an argument of this name, and needs it. */
static bool takes(const struct route *route, const char *name)
{
    for (size_t i = 0; i < 4 && route->arguments[i] != NULL; i++) {
        size_t len = strcspn(route->arguments[i], "!");
        if (strlen(name) == len && strncmp(route->arguments[i], name, len) == 0) {
            return true;
        }
    }
    return false;
}

/* What the argument of a known name takes. */
static const char *expectation(const char *name)
{
    static const char *const table[][2] = {
        {"limit", "a number from 1 to 10000"},
        {"subtree", "true or false"},
        {"effective", "true or false"},
        {"seconds", "a number from 1 to 604800, which is 7d"},
        {"reason", "one line of at most 255 octets"},
        {"type", "a record type such as AAAA"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        if (strcmp(name, table[i][0]) == 0) {
            return table[i][1];
        }
    }
    return "a domain name such as www.example.com";
}

/* Octets of `text` to show: no more than SHOWN_MAX, and no character cut in two, which JSON would not take. */
static int shown_len(const char *text)
{
    enum { SHOWN_MAX = 64 };
    size_t len = strlen(text);
    if (len <= SHOWN_MAX) {
        return (int)len;
    }
    for (len = SHOWN_MAX; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--) {
    }
    return (int)len;
}

static void refuse_argument(struct control_call *call, const char *name, const json_t *value, bool is_known)
{
    char text[256];
    char *shown = json_is_string(value) ? strdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
    if (is_known) {
        snprintf(text, sizeof(text), "'%s' has a wrong value: '%.*s' (expected: %s)", name,
                 shown != NULL ? shown_len(shown) : 0, shown, expectation(name));
    } else {
        snprintf(text, sizeof(text), "'%.*s' is not an argument here", shown_len(name), name);
    }
    free(shown);
    control_refuse(call, 400, text, NULL);
}

/* Fills `out`; false after refusing the call. */
static bool parse_arguments(struct control_call *call, const struct route *route, json_t *given, struct arguments *out)
{
    const char *name;
    json_t *value;
    char text[64];
    *out = (struct arguments){.limit = CONTROL_LIST_LIMIT, .seconds = CONTROL_NTA_LIFE, .reason = ""};
    json_object_foreach(given, name, value)
    {
        bool is_taken = takes(route, name);
        if (!is_taken || !parse_argument(name, value, out)) {
            refuse_argument(call, name, value, is_taken);
            return false;
        }
    }
    for (size_t i = 0; i < 4 && route->arguments[i] != NULL; i++) {
        size_t len = strlen(route->arguments[i]) - 1;
        if (route->arguments[i][len] == '!' && !out->has_name) {
            snprintf(text, sizeof(text), "'%.*s' is missing", (int)len, route->arguments[i]);
            control_refuse(call, 400, text, NULL);
            return false;
        }
    }
    return true;
}

static const struct route *find_route(const struct http_request *request, int *status)
{
    *status = 404;
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
        if (strcmp(routes[i].path, request->path) == 0) {
            if (strcmp(routes[i].method, request->method) == 0) {
                return &routes[i];
            }
            *status = 405;
        }
    }
    return NULL;
}

/* The arguments of a request: those of a POST are the body, an object or nothing. NULL: malformed. */
static json_t *given_arguments(const struct http_request *request)
{
    if (request->body_len == 0) {
        return json_incref(request->query);
    }
    json_t *body = json_loadb(request->body, request->body_len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(body)) {
        json_decref(body);
        return NULL;
    }
    return body;
}

void call_route(struct control_call *call, const struct http_request *request, const struct control_ops *ops, void *ctx)
{
    int status;
    struct arguments arguments;
    const struct route *route = find_route(request, &status);
    if (route == NULL) {
        control_refuse(call, status, status == 405 ? "another method is needed here" : "no such resource", NULL);
        return;
    }
    json_t *given = given_arguments(request);
    if (given == NULL) {
        control_refuse(call, 400, "the body is not a JSON object", NULL);
        return;
    }
    if (parse_arguments(call, route, given, &arguments)) {
        route->start(ops, ctx, call, &arguments);
    }
    json_decref(given);
}
