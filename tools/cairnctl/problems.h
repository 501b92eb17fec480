/* Problems of configuration and zone files, as they come or as one JSON value at the end. */
#ifndef CAIRN_TOOLS_PROBLEMS_H
#define CAIRN_TOOLS_PROBLEMS_H

#include "resolver/server/config.h"
#include "tools/cairnctl/ctl.h"
#include "zones/set.h"

struct problem_list {
    bool json;
    json_t *all;
};

void problem_list_init(struct problem_list *list, bool json);

/* A config_report and a zone_report with the list as argument: print on stderr, or collect for --json. */
void problem_list_config(void *list, const struct config_problem *problem);
void problem_list_zone(void *list, const struct zone_problem *problem);

/* Prints {ok, problems: [{file, line, column, level, message}]} with --json; gives the exit code for `ok`. */
enum ctl_exit problem_list_end(struct problem_list *list, bool ok);

#endif
