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

/* Nothing when none is wanted. */
static void print_local_root(const json_t *copy)
{
    char age[AGE_TEXT_SIZE];
    if (json_is_object(copy) && json_object_size(copy) == 0) {
        puts("  local root none yet: the root's servers are asked");
    } else if (json_is_object(copy)) {
        printf("  local root serial %lld from %s, fetched %s ago%s\n", (long long)number_of(copy, "serial"),
               text_of(copy, "source"), age_text((json_int_t)time(NULL) - number_of(copy, "fetched"), age),
               json_is_true(json_object_get(copy, "checked")) ? ", digest checked" : "");
    }
}

static void print_status(const struct arguments *a, json_t *s)
{
    char age[AGE_TEXT_SIZE], since[AGE_TEXT_SIZE], listen[4096];
    (void)a;
    join(json_object_get(s, "listen"), listen, sizeof(listen));
    printf("cairnd %s is running, pid %lld\n", text_of(s, "version"), (long long)number_of(s, "pid"));
    printf("  up         %s, since %s\n", age_text(number_of(s, "uptime_s"), age),
           time_text(number_of(s, "started"), since));
    printf("  config     %s\n", text_of(s, "config"));
    if (json_is_integer(json_object_get(s, "reload_failed"))) {
        printf("             the last reload failed, at %s: its files have errors\n",
               time_text(number_of(s, "reload_failed"), since));
    }
    printf("  listening  %s\n", listen);
    printf("  workers    %lld\n", (long long)number_of(s, "workers"));
    printf("  zones      %lld\n", (long long)number_of(s, "zones"));
    printf("  queries    %lld\n", (long long)number_of(s, "queries"));
    printf("  dnssec     %s\n", json_is_true(json_object_get(s, "dnssec")) ? "validating" : "not validating");
    print_local_root(json_object_get(s, "local_root"));
}

enum ctl_exit ctl_status(const struct arguments *a)
{
    return client_show(a, "/v1/status", NULL, print_status);
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

/* "2 zones, 1 of them read anew: dev.test." */
static void print_zones(long long count, const json_t *changed)
{
    char names[4096];
    join(changed, names, sizeof(names));
    printf("%lld zone%s", count, count == 1 ? "" : "s");
    if (names[0] != '\0') {
        printf(", %zu of them read anew: %s", json_array_size(changed), names);
    }
}

/* Of a reload of everything or of zones. */
static void print_reload(const struct arguments *a, json_t *r)
{
    json_t *warning;
    size_t i, changes = json_array_size(json_object_get(r, "changes"));
    (void)a;
    printf("reloaded: ");
    print_zones((long long)number_of(r, "zones"), json_object_get(r, "changed_zones"));
    printf("; %zu changed key%s\n", changes, changes == 1 ? "" : "s");
    print_changes(json_object_get(r, "changes"));
    json_array_foreach(json_object_get(r, "warnings"), i, warning)
    {
        fprintf(stderr, "%s\n", json_string_value(warning));
    }
}

enum ctl_exit ctl_reload(const struct arguments *a)
{
    return client_change(a, "/v1/reload", NULL, print_reload);
}

enum ctl_exit ctl_zone_reload(const struct arguments *a)
{
    json_t *arguments = a->count > 0 ? json_pack("{s:s}", "name", a->words[0]) : NULL;
    return client_change(a, "/v1/zones/reload", arguments, print_reload);
}

/* Numbers, and groups of numbers below a heading. */
static void print_group(json_t *numbers, int indent)
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
            print_group(value, indent + 2);
        } else if (json_is_real(value)) {
            printf("%*s%-*s  %.2f\n", indent, "", width, key, json_real_value(value));
        } else if (json_is_string(value)) {
            printf("%*s%-*s  %s\n", indent, "", width, key, json_string_value(value));
        } else {
            printf("%*s%-*s  %" JSON_INTEGER_FORMAT "\n", indent, "", width, key, json_integer_value(value));
        }
    }
}

static void print_numbers(const struct arguments *a, json_t *numbers)
{
    (void)a;
    print_group(numbers, 0);
}

enum ctl_exit ctl_stats(const struct arguments *a)
{
    return client_show(a, "/v1/stats", NULL, print_numbers);
}

enum ctl_exit ctl_cache_stats(const struct arguments *a)
{
    return client_show(a, "/v1/cache/stats", NULL, print_numbers);
}

static void add_upstream(struct grid *t, const json_t *u)
{
    grid_add(t, text_of(u, "address"));
    grid_add(t, text_of(u, "state"));
    grid_add_number(t, json_object_get(u, "rtt_ms"));
    grid_add_number(t, json_object_get(u, "failures"));
    grid_add_number(t, json_object_get(u, "worker"));
}

static void print_upstreams(const struct arguments *a, json_t *all)
{
    static const char *const heading[] = {"address", "state", "rtt ms", "failures", "worker"};
    (void)a;
    grid_print(json_object_get(all, "upstreams"), 5, heading, add_upstream, "no name server was asked yet");
}

enum ctl_exit ctl_upstreams(const struct arguments *a)
{
    json_t *arguments = a->limit != NULL ? json_pack("{s:s}", "limit", a->limit) : NULL;
    return client_show(a, "/v1/upstreams", arguments, print_upstreams);
}
