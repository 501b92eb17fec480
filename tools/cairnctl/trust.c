/* anchor list, anchor refresh; nta list, nta add, nta del. */
#include <stdio.h>
#include <time.h>

#include "resolver/server/config_value.h"
#include "resolver/server/control.h"
#include "tools/cairnctl/client.h"
#include "tools/cairnctl/print.h"

/* "-" for null. */
static const char *when_text(const json_t *object, const char *key, char out[AGE_TEXT_SIZE])
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? time_text(json_integer_value(value), out) : "-";
}

static void add_key(struct grid *t, const json_t *key)
{
    char when[AGE_TEXT_SIZE];
    grid_add_number(t, json_object_get(key, "tag"));
    grid_add(t, text_of(key, "algorithm"));
    grid_add(t, text_of(key, "state"));
    grid_add(t, when_text(key, "since", when));
    grid_add(t, when_text(key, "until", when));
}

static void print_anchor(const json_t *anchor)
{
    static const char *const heading[] = {"key tag", "algorithm", "state", "since", "until"};
    char when[AGE_TEXT_SIZE];
    bool is_seen = json_is_integer(json_object_get(anchor, "seen_at"));
    print_heading(text_of(anchor, "zone"));
    printf("keys %s%s, ", is_seen ? "last verified " : "not yet verified",
           is_seen ? when_text(anchor, "seen_at", when) : "");
    printf("next query %s\n", when_text(anchor, "query_at", when));
    grid_print(json_object_get(anchor, "keys"), 5, heading, add_key, "no keys");
}

static void print_anchors(const struct arguments *a, json_t *all)
{
    const json_t *anchors = json_object_get(all, "anchors");
    json_t *anchor;
    size_t i;
    (void)a;
    if (json_array_size(anchors) == 0) {
        printf("no trust anchors: nothing is validated\n");
    }
    json_array_foreach(anchors, i, anchor)
    {
        print_anchor(anchor);
    }
}

enum ctl_exit ctl_anchor_list(const struct arguments *a)
{
    return client_show(a, "/v1/anchors", NULL, print_anchors);
}

static void print_refresh(const struct arguments *a, json_t *r)
{
    long long zones = (long long)number_of(r, "zones");
    (void)a;
    printf("asking for the keys of %lld %s; see cairnctl anchor list\n", zones, zones == 1 ? "zone" : "zones");
}

enum ctl_exit ctl_anchor_refresh(const struct arguments *a)
{
    return client_change(a, "/v1/anchors/refresh", NULL, print_refresh);
}

/* ---- Negative trust anchors ---- */

static void add_nta(struct grid *t, const json_t *nta)
{
    const json_t *until = json_object_get(nta, "until");
    char when[AGE_TEXT_SIZE], left[AGE_TEXT_SIZE];
    grid_add(t, text_of(nta, "name"));
    if (json_is_integer(until)) {
        grid_add(t, time_text(json_integer_value(until), when));
        grid_add(t, age_text(json_integer_value(until) - (json_int_t)time(NULL), left));
        grid_add(t, text_of(nta, "reason"));
    } else {
        grid_add(t, NULL);
        grid_add(t, NULL);
        grid_add(t, "in the configuration");
    }
}

static void print_ntas(const struct arguments *a, json_t *all)
{
    static const char *const heading[] = {"name", "until", "left", "reason"};
    (void)a;
    grid_print(json_object_get(all, "ntas"), 4, heading, add_nta, "no negative trust anchors");
}

enum ctl_exit ctl_nta_list(const struct arguments *a)
{
    return client_show(a, "/v1/nta", NULL, print_ntas);
}

static void print_added(const struct arguments *a, json_t *r)
{
    char when[AGE_TEXT_SIZE];
    printf("nothing is validated at and below %s until %s%s\n", a->words[0], when_text(r, "until", when),
           json_is_true(json_object_get(r, "kept")) ? "" : ", or until cairnd restarts: its state is not kept");
}

enum ctl_exit ctl_nta_add(const struct arguments *a)
{
    uint64_t ms = 0;
    json_t *arguments = json_pack("{s:s, s:s}", "name", a->words[0], "reason", a->reason != NULL ? a->reason : "");
    if (arguments == NULL) {
        fprintf(stderr, "cairnctl: the reason is not text in UTF-8\n");
        return CTL_USAGE;
    }
    if (a->life != NULL) {
        if (duration_parse(a->life, &ms) != FAIL_NONE || ms < 1000 || ms / 1000 > CONTROL_NTA_MAX) {
            fprintf(stderr, "cairnctl: '%s' is not a time such as 30m or 4h, 7d at most\n", a->life);
            json_decref(arguments);
            return CTL_USAGE;
        }
        json_object_set_new(arguments, "seconds", json_integer((json_int_t)(ms / 1000)));
    }
    return client_change(a, "/v1/nta", arguments, print_added);
}

static void print_removed(const struct arguments *a, json_t *r)
{
    (void)r;
    printf("%s is validated again\n", a->words[0]);
}

enum ctl_exit ctl_nta_del(const struct arguments *a)
{
    return client_change(a, "/v1/nta/remove", json_pack("{s:s}", "name", a->words[0]), print_removed);
}
