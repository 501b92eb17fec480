/* config check, config show, config schema, config docs. */
#include "resolver/server/config.h"

#include <stdio.h>
#include <stdlib.h>

#include "resolver/base/clock.h"
#include "resolver/server/config_export.h"
#include "tools/cairnctl/client.h"
#include "tools/cairnctl/print.h"
#include "tools/cairnctl/problems.h"

/* FILE, else --config, else the default. */
static const char *file_of(const struct arguments *a)
{
    return a->count > 0 ? a->words[0] : a->config;
}

/* The configuration and everything it names: the daemon would start with it. */
enum ctl_exit ctl_config_check(const struct arguments *a)
{
    struct problem_list problems;
    bool ok = false;
    problem_list_init(&problems, a->json);
    struct config *c = config_load(file_of(a), problem_list_config, &problems);
    if (c != NULL) {
        struct zone_set *zones =
            zone_set_load(c->zones.items, c->zones.count, NULL, clock_wall(), problem_list_zone, &problems);
        ok = zones != NULL;
        zone_set_free(zones);
    }
    if (ok && !a->json) {
        printf("%s: ok\n", c->file != NULL ? c->file : "built-in defaults");
    }
    config_free(c);
    return problem_list_end(&problems, ok);
}

static enum ctl_exit show_file(const struct arguments *a)
{
    struct config *c = config_load(a->words[0], config_print, stderr);
    if (c == NULL) {
        return CTL_FAILED;
    }
    char *text = config_text(c, (a->given & CTL_EFFECTIVE) != 0);
    fputs(text != NULL ? text : "", stdout);
    free(text);
    config_free(c);
    return CTL_OK;
}

static void print_config(const struct arguments *a, json_t *c)
{
    (void)a;
    fputs(text_of(c, "text"), stdout);
}

enum ctl_exit ctl_config_show(const struct arguments *a)
{
    if (a->count > 0) {
        return show_file(a);
    }
    json_t *arguments = json_pack("{s:s}", "effective", (a->given & CTL_EFFECTIVE) != 0 ? "true" : "false");
    return client_show(a, "/v1/config", arguments, print_config);
}

enum ctl_exit ctl_config_schema(const struct arguments *a)
{
    (void)a;
    json_t *schema = config_export_schema();
    print_json(schema);
    json_decref(schema);
    return CTL_OK;
}

enum ctl_exit ctl_config_docs(const struct arguments *a)
{
    (void)a;
    config_export_docs(stdout);
    return CTL_OK;
}
