/* cairnctl: one table of commands, each a function from parsed arguments to an exit code. */
#ifndef CAIRN_TOOLS_CTL_H
#define CAIRN_TOOLS_CTL_H

#include <jansson.h>
#include <stdbool.h>

enum ctl_exit { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_NOT_RUNNING = 3 };

enum ctl_option {
    CTL_LIMIT = 1,
    CTL_SUBTREE = 2,
    CTL_TYPE = 4,
    CTL_ORIGIN = 8,
    CTL_EFFECTIVE = 16,
    CTL_FOR = 32,
    CTL_REASON = 64
};

#define CTL_WORDS_MAX 4 /* command and positional arguments */

struct arguments {
    const char *words[CTL_WORDS_MAX + 1]; /* after the command, ending in NULL */
    int count;
    unsigned given; /* enum ctl_option */
    bool json;
    bool help;
    bool version;
    const char *socket; /* NULL: not given */
    const char *config; /* likewise */
    const char *limit, *type, *origin;
    const char *life, *reason; /* --for, --reason */
};

struct command {
    const char *name;     /* "cache get" */
    const char *synopsis; /* of what follows the name; "" when nothing does */
    const char *summary;  /* one line */
    const char *example;  /* a command line */
    int min, max;         /* positional arguments */
    unsigned options;     /* enum ctl_option that it takes */
    enum ctl_exit (*run)(const struct arguments *a);
};

/* Ends in a row without name. */
extern const struct command ctl_commands[];

enum ctl_exit ctl_status(const struct arguments *a);
enum ctl_exit ctl_health(const struct arguments *a);
enum ctl_exit ctl_reload(const struct arguments *a);
enum ctl_exit ctl_stats(const struct arguments *a);
enum ctl_exit ctl_upstreams(const struct arguments *a);
enum ctl_exit ctl_cache_get(const struct arguments *a);
enum ctl_exit ctl_cache_ls(const struct arguments *a);
enum ctl_exit ctl_cache_flush(const struct arguments *a);
enum ctl_exit ctl_cache_stats(const struct arguments *a);
enum ctl_exit ctl_zone_list(const struct arguments *a);
enum ctl_exit ctl_zone_status(const struct arguments *a);
enum ctl_exit ctl_zone_reload(const struct arguments *a);
enum ctl_exit ctl_zone_check(const struct arguments *a);
enum ctl_exit ctl_anchor_list(const struct arguments *a);
enum ctl_exit ctl_anchor_refresh(const struct arguments *a);
enum ctl_exit ctl_nta_list(const struct arguments *a);
enum ctl_exit ctl_nta_add(const struct arguments *a);
enum ctl_exit ctl_nta_del(const struct arguments *a);
enum ctl_exit ctl_config_check(const struct arguments *a);
enum ctl_exit ctl_config_show(const struct arguments *a);
enum ctl_exit ctl_config_schema(const struct arguments *a);
enum ctl_exit ctl_config_docs(const struct arguments *a);

#endif
