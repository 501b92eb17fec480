/* cairnd: reads its arguments and files, then runs the daemon in the foreground. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "resolver/base/clock.h"
#include "resolver/base/hash.h"
#include "resolver/net/upstream.h"
#include "resolver/server/daemon.h"
#include "resolver/server/version.h"

enum { EXIT_USAGE = 2 };

static const char usage[] = "usage: cairnd [--config FILE] [--check] [--version]\n"
                            "  --config FILE  configuration to use instead of " CONFIG_DEFAULT_FILE "\n"
                            "  --check        read configuration and zones, print every problem, and end\n"
                            "  --version      print the version\n"
                            "  --help         print this\n"
                            "Runs in the foreground and logs to standard error. SIGHUP reloads, SIGTERM stops.\n";

static int check(const char *path)
{
    struct loaded loaded;
    if (load_all(path, NULL, clock_wall(), config_print, stderr, &loaded) != FAIL_NONE) {
        return EXIT_FAILURE;
    }
    printf("%s: ok\n", loaded.config->file != NULL ? loaded.config->file : "built-in defaults");
    zone_set_free(loaded.zones);
    config_free(loaded.config);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"version", no_argument, NULL, 'V'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *path = NULL;
    int only_check = 0;
    for (int option; (option = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            path = optarg;
            break;
        case 'k':
            only_check = 1;
            break;
        case 'V':
            puts("cairnd " CAIRN_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        default:
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "cairnd: unexpected argument '%s'\n%s", argv[optind], usage);
        return EXIT_USAGE;
    }
    clock_start();
    hash_start();
    upstream_start();
    if (only_check) {
        return check(path);
    }
    struct loaded loaded;
    if (load_all(path, NULL, clock_wall(), config_print, stderr, &loaded) != FAIL_NONE) {
        return EXIT_FAILURE;
    }
    return daemon_run(path, &loaded);
}
