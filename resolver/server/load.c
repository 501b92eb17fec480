#include "resolver/server/load.h"

struct relay {
    config_report *report;
    void *arg;
};

static void relay_zone(void *arg, const struct zone_problem *z)
{
    struct relay *r = arg;
    struct config_problem p = {.file = z->file,
                               .line = z->line,
                               .column = z->column,
                               .width = 1,
                               .is_warning = z->is_warning,
                               .message = z->message,
                               .source = z->source};
    r->report(r->arg, &p);
}

int load_all(const char *path, const struct zone_set *old, int64_t now, config_report *report, void *arg,
             struct loaded *out)
{
    struct relay relay = {report, arg};
    *out = (struct loaded){.config = config_load(path, report, arg)};
    if (out->config == NULL) {
        return FAIL_SYNTAX;
    }
    const struct config_zones *zones = &out->config->zones;
    if (zones->count == 0) {
        return FAIL_NONE;
    }
    out->zones = zone_set_load(zones->items, zones->count, old, now, relay_zone, &relay);
    if (out->zones == NULL) {
        config_free(out->config);
        out->config = NULL;
        return FAIL_SYNTAX;
    }
    return FAIL_NONE;
}
