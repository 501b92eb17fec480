/* anchor list, anchor refresh; nta list, nta add, nta del. */
#include <stdio.h>
#include <time.h>

#include "resolver/server/config_value.h"
#include "tools/cairnctl/client.h"
#include "tools/cairnctl/print.h"

/* "-" for null. */
static const char *when_text(const json_t *object, const char *key, char out[AGE_TEXT_SIZE])
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? time_text(json_integer_value(value), out) : "-";
}

static void print_anchor(const json_t *anchor)
{
    static const char *const heading[] = {"key tag", "algorithm", "state", "since", "until"};
    char when[AGE_TEXT_SIZE];
    struct grid t;
    size_t i;
    json_t *key;
    bool is_seen = json_is_integer(json_object_get(anchor, "seen_at"));
    print_heading(text_of(anchor, "zone"));
    printf("keys %sverified %s, ", is_seen ? "last " : "not yet ", is_seen ? when_text(anchor, "seen_at", when) : "");
    printf("next query %s\n", when_text(anchor, "query_at", when));
    grid_init(&t, 5, heading);
    json_array_foreach(json_object_get(anchor, "keys"), i, key)
    {
        grid_add_number(&t, json_object_get(key, "tag"));
        grid_add(&t, text_of(key, "algorithm"));
        grid_add(&t, text_of(key, "state"));
        grid_add(&t, when_text(key, "since", when));
        grid_add(&t, when_text(key, "until", when));
    }
    grid_print(&t);
}

enum ctl_exit ctl_anchor_list(const struct arguments *a)
{
    json_t *all, *anchor;
    size_t i;
    enum ctl_exit result = client_get(a, "/v1/anchors", NULL, &all);
    if (result != CTL_OK) {
        return result;
    }
    json_t *anchors = json_object_get(all, "anchors");
    if (a->json) {
        print_json(all);
    } else if (json_array_size(anchors) == 0) {
        printf("no trust anchors: nothing is validated\n");
    } else {
        json_array_foreach(anchors, i, anchor)
        {
            print_anchor(anchor);
        }
    }
    json_decref(all);
    return CTL_OK;
}

enum ctl_exit ctl_anchor_refresh(const struct arguments *a)
{
    json_t *r;
    enum ctl_exit result = client_post(a, "/v1/anchors/refresh", NULL, &r);
    if (result != CTL_OK) {
        return result;
    }
    if (a->json) {
        print_json(r);
    } else {
        long long zones = (long long)number_of(r, "zones");
        printf("asking for the keys of %lld %s; see cairnctl anchor list\n", zones, zones == 1 ? "zone" : "zones");
    }
    json_decref(r);
    return CTL_OK;
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

enum ctl_exit ctl_nta_list(const struct arguments *a)
{
    static const char *const heading[] = {"name", "until", "left", "reason"};
    json_t *all, *nta;
    size_t i;
    struct grid t;
    enum ctl_exit result = client_get(a, "/v1/nta", NULL, &all);
    if (result != CTL_OK) {
        return result;
    }
    if (a->json) {
        print_json(all);
    } else {
        grid_init(&t, 4, heading);
        json_array_foreach(json_object_get(all, "ntas"), i, nta)
        {
            add_nta(&t, nta);
        }
        grid_print(&t);
    }
    json_decref(all);
    return CTL_OK;
}

enum ctl_exit ctl_nta_add(const struct arguments *a)
{
    uint64_t ms = 0;
    char when[AGE_TEXT_SIZE];
    json_t *r;
    json_t *arguments = json_pack("{s:s, s:s}", "name", a->words[0], "reason", a->reason != NULL ? a->reason : "");
    if (arguments == NULL) {
        fprintf(stderr, "cairnctl: the reason is not text in UTF-8\n");
        return CTL_USAGE;
    }
    if (a->life != NULL) {
        if (duration_parse(a->life, &ms) != FAIL_NONE || ms < 1000) {
            fprintf(stderr, "cairnctl: '%s' is not a time such as 30m, 4h or 7d\n", a->life);
            json_decref(arguments);
            return CTL_USAGE;
        }
        json_object_set_new(arguments, "seconds", json_integer((json_int_t)(ms / 1000)));
    }
    enum ctl_exit result = client_post(a, "/v1/nta", arguments, &r);
    if (result != CTL_OK) {
        return result;
    }
    if (a->json) {
        print_json(r);
    } else {
        printf("nothing is validated at and below %s until %s%s\n", a->words[0], when_text(r, "until", when),
               json_is_true(json_object_get(r, "kept")) ? "" : ", or until cairnd restarts: its state is not kept");
    }
    json_decref(r);
    return CTL_OK;
}

enum ctl_exit ctl_nta_del(const struct arguments *a)
{
    json_t *r;
    enum ctl_exit result = client_post(a, "/v1/nta/remove", json_pack("{s:s}", "name", a->words[0]), &r);
    if (result != CTL_OK) {
        return result;
    }
    if (a->json) {
        print_json(r);
    } else {
        printf("%s is validated again\n", a->words[0]);
    }
    json_decref(r);
    return CTL_OK;
}
