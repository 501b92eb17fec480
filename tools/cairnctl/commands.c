#include <stddef.h>

#include "tools/cairnctl/ctl.h"

const struct command ctl_commands[] = {
    {"status", "", "what is running, since when, where it listens", "cairnctl status", 0, 0, 0, ctl_status},
    {"health", "", "say ok, or what is wrong (exit code 1)", "cairnctl health || echo trouble", 0, 0, 0, ctl_health},
    {"reload", "", "read configuration and zones again, keep the cache", "cairnctl reload", 0, 0, 0, ctl_reload},
    {"stats", "", "counters since the start", "cairnctl stats --json", 0, 0, 0, ctl_stats},
    {"upstreams", "[--limit N]", "name servers that were asked, with their round-trip times", "cairnctl upstreams", 0,
     0, CTL_LIMIT, ctl_upstreams},
    {"cache get", "NAME [TYPE]", "what is cached for a name: records, TTL left, from whom, when",
     "cairnctl cache get www.example.com AAAA", 1, 2, 0, ctl_cache_get},
    {"cache ls", "[NAME] [--limit N]", "list what is cached, of all names or at and below NAME",
     "cairnctl cache ls example.com --limit 20", 0, 1, CTL_LIMIT, ctl_cache_ls},
    {"cache flush", "NAME [--subtree] [--type T]", "remove a name from the cache, or a type of it, or all below it",
     "cairnctl cache flush example.com --subtree", 1, 1, CTL_SUBTREE | CTL_TYPE, ctl_cache_flush},
    {"cache stats", "", "size and use of the cache", "cairnctl cache stats", 0, 0, 0, ctl_cache_stats},
    {"zone list", "", "own zones", "cairnctl zone list", 0, 0, 0, ctl_zone_list},
    {"zone status", "[NAME]", "serial, records, file and time of loading", "cairnctl zone status dev.test", 0, 1, 0,
     ctl_zone_status},
    {"zone reload", "[NAME]", "read zone files again", "cairnctl zone reload dev.test", 0, 1, 0, ctl_zone_reload},
    {"zone check", "FILE [--origin NAME]", "check a master file; needs no daemon",
     "cairnctl zone check dev.test.zone --origin dev.test", 1, 1, CTL_ORIGIN, ctl_zone_check},
    {"config check", "[FILE]", "check a configuration and its zones; needs no daemon",
     "cairnctl config check /etc/cairn/cairn.yaml", 0, 1, 0, ctl_config_check},
    {"config show", "[FILE] [--effective]", "the daemon's configuration, or a file's; --effective adds all defaults",
     "cairnctl config show --effective", 0, 1, CTL_EFFECTIVE, ctl_config_show},
    {"config schema", "", "JSON Schema of the configuration file, for editors",
     "cairnctl config schema > cairn.schema.json", 0, 0, 0, ctl_config_schema},
    {"config docs", "", "every key with type, default and meaning, as Markdown", "cairnctl config docs | less", 0, 0, 0,
     ctl_config_docs},
    {NULL, NULL, NULL, NULL, 0, 0, 0, NULL},
};
