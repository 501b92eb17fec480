/* zone list, zone status, zone check. */
#include "zones/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/base/clock.h"
#include "resolver/dns/name.h"
#include "tools/cairnctl/client.h"
#include "tools/cairnctl/print.h"
#include "tools/cairnctl/problems.h"
#include "zones/load.h"
#include "zones/set.h"

static enum ctl_exit show_zones(const struct arguments *a, client_print_fn *print)
{
    return client_show(a, "/v1/zones", a->count > 0 ? json_pack("{s:s}", "name", a->words[0]) : NULL, print);
}

static const char no_zones[] = "no own zones are configured";

static void add_zone(struct grid *t, const json_t *z)
{
    grid_add(t, text_of(z, "name"));
    grid_add_number(t, json_object_get(z, "serial"));
    grid_add_number(t, json_object_get(z, "records"));
    grid_add(t, text_of(z, "file"));
}

static void print_list(const struct arguments *a, json_t *all)
{
    static const char *const heading[] = {"name", "serial", "records", "file"};
    (void)a;
    grid_print(json_object_get(all, "zones"), 4, heading, add_zone, no_zones);
}

enum ctl_exit ctl_zone_list(const struct arguments *a)
{
    return show_zones(a, print_list);
}

static void print_status(const struct arguments *a, json_t *all)
{
    const json_t *zones = json_object_get(all, "zones");
    json_t *z;
    size_t i;
    (void)a;
    if (json_array_size(zones) == 0) {
        puts(no_zones);
    }
    json_array_foreach(zones, i, z)
    {
        char when[AGE_TEXT_SIZE];
        print_heading(text_of(z, "name"));
        printf("  serial   %lld\n  records  %lld\n  file     %s\n  loaded   %s\n", (long long)number_of(z, "serial"),
               (long long)number_of(z, "records"), text_of(z, "file"), time_text(number_of(z, "loaded"), when));
    }
}

enum ctl_exit ctl_zone_status(const struct arguments *a)
{
    return show_zones(a, print_status);
}

static bool find_origin(const struct arguments *a, const char *file, uint8_t origin[NAME_SIZE])
{
    if (a->origin != NULL && name_from_text(a->origin, strlen(a->origin), NULL, origin) != FAIL_NONE) {
        fprintf(stderr, "cairnctl: '%s' is not a domain name\n", a->origin);
        return false;
    }
    if (a->origin == NULL && load_guess_origin(file, origin) != FAIL_NONE) {
        fprintf(stderr, "cairnctl: %s: the zone's name cannot be told from the file; give it with --origin NAME\n",
                file);
        return false;
    }
    return true;
}

enum ctl_exit ctl_zone_check(const struct arguments *a)
{
    uint8_t origin[NAME_SIZE];
    char name[NAME_TEXT_SIZE];
    struct problem_list problems;
    struct zone_source source = {.name = origin, .file = a->words[0]};
    if (!find_origin(a, source.file, origin)) {
        return CTL_FAILED;
    }
    problem_list_init(&problems, a->json);
    struct zone_set *set = zone_set_load(&source, 1, NULL, clock_wall(), problem_list_zone, &problems);
    const struct zone *z = set != NULL ? zone_set_at(set, 0) : NULL;
    if (z != NULL && !a->json) {
        printf("%s: ok: zone %s, serial %u, %zu records\n", source.file, name_text(z->apex, name), z->serial,
               z->record_count);
    }
    zone_set_free(set);
    return problem_list_end(&problems, z != NULL);
}
