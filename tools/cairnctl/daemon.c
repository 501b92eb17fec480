/* status, health, reload, stats, upstreams. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/cairnctl/client.h"
#include "tools/cairnctl/print.h"

static void join(const json_t *list, char *out, size_t size)
{
    size_t i, len = 0;
    json_t *item;
    out[0] = '\0';
    json_array_foreach(list, i, item)
    {
        int put = snprintf(out + len, size - len, "%s%s", i > 0 ? ", " : "", json_string_value(item));
        len = put > 0 && (size_t)put < size - len ? len + (size_t)put : size - 1;
    }
}

/* Nothing when there is none. */
static void print_local_root(const json_t *copy)
{
    char age[AGE_TEXT_SIZE];
    if (json_is_object(copy)) {
        printf("  local root serial %lld from %s, fetched %s ago%s\n", (long long)number_of(copy, "serial"),
               text_of(copy, "source"), age_text((json_int_t)time(NULL) - number_of(copy, "fetched"), age),
               json_is_true(json_object_get(copy, "checked")) ? ", digest checked" : "");
    }
}

enum ctl_exit ctl_status(const struct arguments *a)
{
    json_t *s;
    char age[AGE_TEXT_SIZE], since[AGE_TEXT_SIZE], listen[4096];
    enum ctl_exit result = client_get(a, "/v1/status", NULL, &s);
    if (result != CTL_OK) {
        return result;
    }
    if (a->json) {
        print_json(s);
    } else {
        join(json_object_get(s, "listen"), listen, sizeof(listen));
        printf("cairnd %s is running, pid %lld\n", text_of(s, "version"), (long long)number_of(s, "pid"));
        printf("  up         %s, since %s\n", age_text(number_of(s, "uptime_s"), age),
               time_text(number_of(s, "started"), since));
        printf("  config     %s\n", text_of(s, "config"));
        printf("  listening  %s\n", listen);
        printf("  workers    %lld\n", (long long)number_of(s, "workers"));
        printf("  zones      %lld\n", (long long)number_of(s, "zones"));
        printf("  queries    %lld\n", (long long)number_of(s, "queries"));
        printf("  dnssec     %s\n", json_is_true(json_object_get(s, "dnssec")) ? "validating" : "not validating");
        print_local_root(json_object_get(s, "local_root"));
    }
    json_decref(s);
    return CTL_OK;
}

enum ctl_exit ctl_health(const struct arguments *a)
{
    json_t *h, *problem;
    size_t i;
    enum ctl_exit result = client_get(a, "/v1/health", NULL, &h);
    if (result != CTL_OK) {
        return result;
    }
    bool ok = json_is_true(json_object_get(h, "ok"));
    if (a->json) {
        print_json(h);
    } else if (ok) {
        puts("ok");
    }
    json_array_foreach(json_object_get(h, "problems"), i, problem)
    {
        if (!a->json) {
            fprintf(stderr, "cairnctl: %s\n", json_string_value(problem));
        }
    }
    json_decref(h);
    return ok ? CTL_OK : CTL_FAILED;
}

static void print_changes(const json_t *changes)
{
    size_t i;
    json_t *change;
    json_array_foreach(changes, i, change)
    {
        printf("  %s: %s -> %s%s\n", text_of(change, "key"), text_of(change, "from"), text_of(change, "to"),
               json_is_true(json_object_get(change, "needs_restart")) ? " (at the next start)" : "");
    }
}

/* Of a reload of everything or of zones. */
static enum ctl_exit reload(const struct arguments *a, const char *path, json_t *arguments)
{
    json_t *r, *warning;
    size_t i;
    enum ctl_exit result = client_post(a, path, arguments, &r);
    if (result != CTL_OK) {
        return result;
    }
    if (a->json) {
        print_json(r);
    } else {
        long long zones = (long long)number_of(r, "zones");
        printf("reloaded: %lld zone%s, %zu changed key%s\n", zones, zones == 1 ? "" : "s",
               json_array_size(json_object_get(r, "changes")),
               json_array_size(json_object_get(r, "changes")) == 1 ? "" : "s");
        print_changes(json_object_get(r, "changes"));
        json_array_foreach(json_object_get(r, "warnings"), i, warning)
        {
            fprintf(stderr, "%s\n", json_string_value(warning));
        }
    }
    json_decref(r);
    return CTL_OK;
}

enum ctl_exit ctl_reload(const struct arguments *a)
{
    return reload(a, "/v1/reload", NULL);
}

enum ctl_exit ctl_zone_reload(const struct arguments *a)
{
    return reload(a, "/v1/zones/reload", a->count > 0 ? json_pack("{s:s}", "name", a->words[0]) : NULL);
}

/* Numbers, and groups of numbers below a heading. */
static void print_numbers(json_t *numbers, int indent)
{
    const char *key;
    json_t *value;
    int width = 0;
    json_object_foreach(numbers, key, value)
    {
        int len = (int)strlen(key);
        width = !json_is_object(value) && len > width ? len : width;
    }
    json_object_foreach(numbers, key, value)
    {
        if (json_is_object(value)) {
            print_heading(key);
            print_numbers(value, indent + 2);
        } else if (json_is_real(value)) {
            printf("%*s%-*s  %.2f\n", indent, "", width, key, json_real_value(value));
        } else if (json_is_string(value)) {
            printf("%*s%-*s  %s\n", indent, "", width, key, json_string_value(value));
        } else {
            printf("%*s%-*s  %" JSON_INTEGER_FORMAT "\n", indent, "", width, key, json_integer_value(value));
        }
    }
}

static enum ctl_exit numbers(const struct arguments *a, const char *path)
{
    json_t *n;
    enum ctl_exit result = client_get(a, path, NULL, &n);
    if (result != CTL_OK) {
        return result;
    }
    if (a->json) {
        print_json(n);
    } else {
        print_numbers(n, 0);
    }
    json_decref(n);
    return CTL_OK;
}

enum ctl_exit ctl_stats(const struct arguments *a)
{
    return numbers(a, "/v1/stats");
}

enum ctl_exit ctl_cache_stats(const struct arguments *a)
{
    return numbers(a, "/v1/cache/stats");
}

enum ctl_exit ctl_upstreams(const struct arguments *a)
{
    static const char *const heading[] = {"address", "state", "rtt ms", "failures", "worker"};
    json_t *all, *u;
    size_t i;
    struct grid t;
    json_t *arguments = a->limit != NULL ? json_pack("{s:s}", "limit", a->limit) : NULL;
    enum ctl_exit result = client_get(a, "/v1/upstreams", arguments, &all);
    if (result != CTL_OK) {
        return result;
    }
    if (a->json) {
        print_json(all);
    } else {
        grid_init(&t, 5, heading);
        json_array_foreach(json_object_get(all, "upstreams"), i, u)
        {
            grid_add(&t, text_of(u, "address"));
            grid_add(&t, text_of(u, "state"));
            grid_add_number(&t, json_object_get(u, "rtt_ms"));
            grid_add_number(&t, json_object_get(u, "failures"));
            grid_add_number(&t, json_object_get(u, "worker"));
        }
        grid_print(&t);
    }
    json_decref(all);
    return CTL_OK;
}
