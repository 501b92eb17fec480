#include "tools/cairnctl/problems.h"

#include <stdio.h>

#include "tools/cairnctl/print.h"

void problem_list_init(struct problem_list *list, bool json)
{
    *list = (struct problem_list){.json = json, .all = json_array()};
}

void problem_list_config(void *arg, const struct config_problem *p)
{
    struct problem_list *list = arg;
    if (!list->json) {
        config_print(stderr, p);
        return;
    }
    json_array_append_new(list->all, json_pack("{s:s, s:i, s:i, s:s, s:s}", "file", p->file, "line", (int)p->line,
                                               "column", (int)p->column, "level", p->is_warning ? "warning" : "error",
                                               "message", p->message));
}

void problem_list_zone(void *arg, const struct zone_problem *p)
{
    const struct config_problem same = {.file = p->file,
                                        .line = p->line,
                                        .column = p->column,
                                        .width = 1,
                                        .is_warning = p->is_warning,
                                        .message = p->message,
                                        .source = p->source};
    problem_list_config(arg, &same);
}

enum ctl_exit problem_list_end(struct problem_list *list, bool ok)
{
    if (list->json) {
        json_t *result = json_pack("{s:b, s:O}", "ok", (int)ok, "problems", list->all);
        print_json(result);
        json_decref(result);
    }
    json_decref(list->all);
    return ok ? CTL_OK : CTL_FAILED;
}
