/* cache get, cache ls, cache flush. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/cairnctl/client.h"
#include "tools/cairnctl/print.h"

/* "answer", "no such name", "no such type", "delegation", "failure". */
static const char *kind_of(const json_t *entry)
{
    const char *slot = text_of(entry, "slot");
    if (strcmp(slot, "nxdomain") == 0) {
        return "no such name";
    }
    return json_is_true(json_object_get(entry, "negative")) ? "no such type" : slot;
}

static void print_records(const json_t *records)
{
    size_t i;
    json_t *r;
    json_array_foreach(records, i, r)
    {
        printf("    %s  %lld  %s  %s\n", text_of(r, "name"), (long long)number_of(r, "ttl"), text_of(r, "type"),
               text_of(r, "data"));
    }
}

/* Kind, rest of life, trust, where from and when, then the records. */
static void print_entry(const json_t *e)
{
    char age[AGE_TEXT_SIZE], left[AGE_TEXT_SIZE], when[AGE_TEXT_SIZE], title[1200];
    const char *type = text_of(e, "type");
    const char *source = text_of(e, "source");
    snprintf(title, sizeof(title), "%s%s%s", text_of(e, "name"), type[0] != '\0' ? " " : "", type);
    print_heading(title);
    printf("  %s, %s left, %s, DNSSEC %s\n", kind_of(e), age_text(number_of(e, "ttl"), left), text_of(e, "trust"),
           text_of(e, "security"));
    printf("  stored %s ago, at %s", age_text((json_int_t)time(NULL) - number_of(e, "stored"), age),
           time_text(number_of(e, "stored"), when));
    if (source[0] != '\0') {
        printf(", from %s over %s", source, text_of(e, "transport"));
    }
    printf("\n");
    if (text_of(e, "error")[0] != '\0') {
        printf("  %s\n", text_of(e, "error"));
    }
    print_records(json_object_get(e, "records"));
    if (json_object_get(e, "last_resort") != NULL) {
        printf("  when nothing else is left:\n");
        print_records(json_object_get(e, "last_resort"));
    }
}

static void print_entries(const struct arguments *a, json_t *all)
{
    const json_t *entries = json_object_get(all, "entries");
    json_t *e;
    size_t i;
    if (json_array_size(entries) == 0) {
        printf("nothing is cached for %s%s%s\n", a->words[0], a->count > 1 ? " " : "", a->count > 1 ? a->words[1] : "");
    }
    json_array_foreach(entries, i, e)
    {
        print_entry(e);
    }
}

enum ctl_exit ctl_cache_get(const struct arguments *a)
{
    json_t *arguments = json_pack("{s:s}", "name", a->words[0]);
    if (a->count > 1) {
        json_object_set_new(arguments, "type", json_string(a->words[1]));
    }
    return client_show(a, "/v1/cache/entries", arguments, print_entries);
}

/* The first record, and how many more there are. */
static void add_data(struct grid *t, const json_t *e)
{
    char text[120];
    const json_t *records = json_object_get(e, "records");
    const json_t *first = json_array_get(records, 0);
    size_t count = json_array_size(records);
    if (first == NULL) {
        grid_add(t, text_of(e, "error"));
    } else if (count > 1) {
        snprintf(text, sizeof(text), "%.80s (and %zu more)", text_of(first, "data"), count - 1);
        grid_add(t, text);
    } else {
        snprintf(text, sizeof(text), "%.100s", text_of(first, "data"));
        grid_add(t, text);
    }
}

static void add_entry(struct grid *t, const json_t *e)
{
    char left[AGE_TEXT_SIZE];
    grid_add(t, text_of(e, "name"));
    grid_add(t, text_of(e, "type"));
    grid_add(t, kind_of(e));
    grid_add(t, age_text(number_of(e, "ttl"), left));
    grid_add(t, text_of(e, "trust"));
    grid_add(t, text_of(e, "source"));
    add_data(t, e);
}

static void print_list(const struct arguments *a, json_t *all)
{
    static const char *const heading[] = {"name", "type", "kind", "left", "trust", "from", "data"};
    grid_print(json_object_get(all, "entries"), 7, heading, add_entry,
               a->count > 0 ? "nothing is cached at or below that name" : "nothing is cached");
    if (json_is_true(json_object_get(all, "more"))) {
        printf("There are more; --limit N shows more of them.\n");
    }
}

enum ctl_exit ctl_cache_ls(const struct arguments *a)
{
    json_t *arguments = json_object();
    if (a->count > 0) {
        json_object_set_new(arguments, "under", json_string(a->words[0]));
    }
    if (a->limit != NULL) {
        json_object_set_new(arguments, "limit", json_string(a->limit));
    }
    return client_show(a, "/v1/cache/list", arguments, print_list);
}

static void print_flushed(const struct arguments *a, json_t *r)
{
    long long removed = (long long)number_of(r, "removed");
    (void)a;
    printf("removed %lld %s\n", removed, removed == 1 ? "entry" : "entries");
}

enum ctl_exit ctl_cache_flush(const struct arguments *a)
{
    json_t *arguments = json_pack("{s:s, s:b}", "name", a->words[0], "subtree", (a->given & CTL_SUBTREE) != 0);
    if (a->type != NULL) {
        json_object_set_new(arguments, "type", json_string(a->type));
    }
    return client_change(a, "/v1/cache/flush", arguments, print_flushed);
}
