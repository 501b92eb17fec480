#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/server/config.h"
#include "resolver/server/config_report.h"
#include "resolver/server/version.h"
#include "tools/cairnctl/ctl.h"

static const char usage_head[] = "usage: cairnctl [--socket PATH] [--config FILE] [--json] COMMAND\n\n";
static const char usage_tail[] =
    "\n"
    "  --socket PATH  control socket of the daemon; without it the one of --config, else $CAIRN_SOCKET,\n"
    "                 else the one of " CONFIG_DEFAULT_FILE "\n"
    "  --config FILE  configuration to take the socket's path from\n"
    "  --json         print JSON\n"
    "  --help         with a command: more about it\n"
    "  --version      print the version\n"
    "\n"
    "Exit code: 0 ok, 1 failure, 2 wrong usage, 3 the daemon is not running.\n";

/* In the contract of the command line, but not built. */
static const char *const later[] = {"explain", "record", "tail", NULL};

static bool starts_with(const char *text, const char *word)
{
    size_t len = strlen(word);
    return strncmp(text, word, len) == 0 && (text[len] == '\0' || text[len] == ' ');
}

/* All commands, or those that begin with `group`. */
static void print_usage(FILE *out, const char *group)
{
    fputs(usage_head, out);
    for (const struct command *c = ctl_commands; c->name != NULL; c++) {
        char line[80];
        if (group == NULL || starts_with(c->name, group)) {
            snprintf(line, sizeof(line), "%s %s", c->name, c->synopsis);
            fprintf(out, "  %-41s %s\n", line, c->summary);
        }
    }
    fputs(usage_tail, out);
}

static void print_synopsis(FILE *out, const struct command *c)
{
    fprintf(out, "usage: cairnctl %s%s%s\n", c->name, c->synopsis[0] != '\0' ? " " : "", c->synopsis);
}

static void print_help(const struct command *c)
{
    print_synopsis(stdout, c);
    printf("\n%s\n\nexample: %s\n", c->summary, c->example);
}

/* One option of the table; `value` NULL for switches. */
struct option {
    const char *name;
    unsigned command_option; /* 0: for every command */
    bool has_value;
};

static const struct option options[] = {
    {"json", 0, false},
    {"help", 0, false},
    {"version", 0, false},
    {"socket", 0, true},
    {"config", 0, true},
    {"limit", CTL_LIMIT, true},
    {"subtree", CTL_SUBTREE, false},
    {"type", CTL_TYPE, true},
    {"origin", CTL_ORIGIN, true},
    {"effective", CTL_EFFECTIVE, false},
    {"for", CTL_FOR, true},
    {"reason", CTL_REASON, true},
};

static void set_option(struct arguments *a, const struct option *o, const char *value)
{
    a->given |= o->command_option;
    if (strcmp(o->name, "json") == 0) {
        a->json = true;
    } else if (strcmp(o->name, "help") == 0) {
        a->help = true;
    } else if (strcmp(o->name, "version") == 0) {
        a->version = true;
    } else if (strcmp(o->name, "socket") == 0) {
        a->socket = value;
    } else if (strcmp(o->name, "config") == 0) {
        a->config = value;
    } else if (strcmp(o->name, "limit") == 0) {
        a->limit = value;
    } else if (strcmp(o->name, "type") == 0) {
        a->type = value;
    } else if (strcmp(o->name, "origin") == 0) {
        a->origin = value;
    } else if (strcmp(o->name, "for") == 0) {
        a->life = value;
    } else if (strcmp(o->name, "reason") == 0) {
        a->reason = value;
    }
}

static bool report_unknown_option(const char *word)
{
    fprintf(stderr, "cairnctl: unknown option '%s'; see cairnctl --help\n", word);
    return false;
}

/* Reads --name, --name=VALUE or --name VALUE at argv[*at]; false after reporting. */
static bool read_option(struct arguments *a, int argc, char **argv, int *at)
{
    const char *text = argv[*at] + 2;
    size_t len = strcspn(text, "=");
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        const struct option *o = &options[i];
        const char *value = text[len] == '=' ? text + len + 1 : NULL;
        if (strlen(o->name) != len || strncmp(o->name, text, len) != 0) {
            continue;
        }
        if (o->has_value && value == NULL && *at + 1 < argc) {
            value = argv[++*at];
        }
        if (o->has_value != (value != NULL)) {
            fprintf(stderr, "cairnctl: --%s %s\n", o->name, o->has_value ? "needs a value" : "takes no value");
            return false;
        }
        set_option(a, o, value);
        return true;
    }
    return report_unknown_option(argv[*at]);
}

enum { ALL_WORDS_MAX = CTL_WORDS_MAX + 2 };

/* Splits the command line into options and words; the words go to `words`. False after reporting. */
static bool read_arguments(int argc, char **argv, struct arguments *a, const char *words[ALL_WORDS_MAX + 1])
{
    bool is_open = true;
    for (int i = 1; i < argc; i++) {
        if (is_open && strcmp(argv[i], "--") == 0) {
            is_open = false;
        } else if (is_open && strcmp(argv[i], "-h") == 0) {
            a->help = true;
        } else if (is_open && strncmp(argv[i], "--", 2) == 0) {
            if (!read_option(a, argc, argv, &i)) {
                return false;
            }
        } else if (is_open && argv[i][0] == '-' && argv[i][1] != '\0') {
            return report_unknown_option(argv[i]);
        } else if (a->count == ALL_WORDS_MAX) {
            fprintf(stderr, "cairnctl: too many arguments\n");
            return false;
        } else {
            words[a->count++] = argv[i];
        }
    }
    return true;
}

/* The command that `words` begin with; moves its arguments to `a`. */
static const struct command *find_command(struct arguments *a, const char *const *words)
{
    for (const struct command *c = ctl_commands; c->name != NULL; c++) {
        char text[64];
        int used = strchr(c->name, ' ') != NULL ? 2 : 1;
        if (a->count < used) {
            continue;
        }
        snprintf(text, sizeof(text), used == 2 ? "%s %s" : "%s", words[0], words[1]);
        if (strcmp(text, c->name) == 0 && a->count - used <= CTL_WORDS_MAX) {
            a->count -= used;
            for (int i = 0; i < a->count; i++) {
                a->words[i] = words[used + i];
            }
            return c;
        }
    }
    return NULL;
}

/* Whether commands of two words begin with `word`. */
static bool is_group(const char *word)
{
    const struct command *c = ctl_commands;
    while (c->name != NULL && (!starts_with(c->name, word) || strcmp(c->name, word) == 0)) {
        c++;
    }
    return c->name != NULL;
}

/* Why `words` name no command. */
static enum ctl_exit report_unknown(int count, const char *const *words)
{
    const char *names[64] = {0};
    char text[128];
    size_t known = 0;
    for (size_t i = 0; later[i] != NULL; i++) {
        if (strcmp(later[i], words[0]) == 0) {
            fprintf(stderr, "cairnctl: '%s' is not available in this version\n", words[0]);
            return CTL_USAGE;
        }
    }
    if (count == 1 && is_group(words[0])) {
        print_usage(stderr, words[0]);
        return CTL_USAGE;
    }
    for (const struct command *c = ctl_commands; c->name != NULL; c++) {
        names[known++] = c->name;
    }
    snprintf(text, sizeof(text), count > 1 ? "%s %s" : "%s", words[0], count > 1 ? words[1] : "");
    const char *meant = report_suggest(text, names);
    meant = meant == NULL ? report_suggest(words[0], names) : meant;
    fprintf(stderr, "cairnctl: unknown command '%s'", text);
    fprintf(stderr, meant != NULL ? " (did you mean '%s'?)\n" : "; see cairnctl --help\n", meant);
    return CTL_USAGE;
}

/* The option of `c` that it does not take; NULL: none. */
static const char *stray_option(const struct command *c, const struct arguments *a)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        if ((options[i].command_option & a->given & ~c->options) != 0) {
            return options[i].name;
        }
    }
    return NULL;
}

static enum ctl_exit run(const struct command *c, const struct arguments *a)
{
    const char *stray = stray_option(c, a);
    if (a->help) {
        print_help(c);
        return CTL_OK;
    }
    if (stray != NULL) {
        fprintf(stderr, "cairnctl: '%s' takes no option --%s\n", c->name, stray);
        return CTL_USAGE;
    }
    if (a->count < c->min || a->count > c->max) {
        print_synopsis(stderr, c);
        return CTL_USAGE;
    }
    return c->run(a);
}

int main(int argc, char **argv)
{
    struct arguments a = {0};
    const char *words[ALL_WORDS_MAX + 1] = {0};
    if (!read_arguments(argc, argv, &a, words)) {
        return CTL_USAGE;
    }
    if (a.version) {
        printf("cairnctl " CAIRN_VERSION "\n");
        return CTL_OK;
    }
    if (a.count == 0) {
        print_usage(a.help ? stdout : stderr, NULL);
        return a.help ? CTL_OK : CTL_USAGE;
    }
    const struct command *c = find_command(&a, words);
    if (c != NULL) {
        return (int)run(c, &a);
    }
    if (a.help && a.count == 1 && is_group(words[0])) {
        print_usage(stdout, words[0]);
        return CTL_OK;
    }
    return (int)report_unknown(a.count, words);
}
