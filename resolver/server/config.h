/* The configuration: text -> one immutable struct. The text is a strict subset of YAML; its keys, types, defaults and
 * meanings are the rows of config_schema.h, described in docs/configuration.md. A loaded configuration is never
 * changed: a reload loads another one and swaps the pointers. */
#ifndef CAIRN_SERVER_CONFIG_H
#define CAIRN_SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "resolver/base/addr.h"
#include "resolver/base/arena.h"
#include "resolver/base/fail.h"
#include "resolver/base/log.h"
#include "resolver/iterate/limits.h"
#include "resolver/iterate/query.h"
#include "zones/set.h"

/* Read when no file is named and this one exists. */
#define CONFIG_DEFAULT_FILE "/etc/cairn/cairn.yaml"

/* Most rows that config_schema.h may have. */
#define CONFIG_KEYS_MAX     64

enum config_hints {
    CONFIG_HINTS_BUILTIN, /* the program's own list; `hints` is empty */
    CONFIG_HINTS_GIVEN    /* `hints`: from the map or the master file; may be empty, then no walk is possible */
};

struct config_addrs {
    const struct addr *items; /* with port */
    unsigned count;
};

struct config_nets {
    const struct addr_net *items;
    unsigned count;
};

struct config_names {
    const uint8_t *const *items; /* wire form, case as written */
    unsigned count;
};

/* A zone asked elsewhere: `forward` with recursion desired, `stub` without. */
struct config_target {
    const uint8_t *zone;
    struct config_addrs to;
    enum dnssec_mode dnssec;
};

struct config_targets {
    const struct config_target *items;
    unsigned count;
};

/* A record that vouches for a zone's key. */
struct config_anchor {
    const uint8_t *zone; /* lower case */
    uint16_t type;       /* DS or DNSKEY */
    struct rdata_view rdata;
};

struct config_anchors {
    bool builtin; /* the program's own for the root, too */
    const struct config_anchor *items;
    unsigned count;
};

struct config_zones {
    const struct zone_source *items; /* `file` is absolute or relative to the working directory, as the config's path */
    unsigned count;
};

/* Members follow the keys: server.listen is c->server.listen. Everything pointed to lives as long as the struct. Paths
 * are resolved against the file's directory. Members of features that this version lacks hold their defaults (off). */
struct config {
    const char *file; /* as given; NULL: built-in defaults */
    struct {
        struct config_addrs listen; /* no two equal */
        uint32_t workers;           /* 0: one per core */
        const char *user;           /* "": stay */
        const char *state;          /* directory */
        struct config_nets allow;
        const char *identity;      /* "": none */
        const char *cookie_secret; /* "auto", or what config_secret takes */
    } server;
    struct {
        enum config_hints root_hints;
        const struct hint *hints; /* CONFIG_HINTS_GIVEN; ready for struct policy */
        unsigned hint_count;
        bool priming;
        bool local_root;
        const char *local_root_file; /* "": none */
        uint32_t upstream_port;      /* 1 to 65535 */
        struct config_nets allow_upstream;
        bool ipv4, ipv6;
        bool qname_minimisation;
        bool case_randomisation;
        uint32_t edns_buffer_size; /* octets */
        bool special_use_zones;
        struct config_nets private_address;
    } recursion;
    struct {
        const char *directory;
        uint64_t size; /* octets */
        uint32_t min_ttl_s, max_ttl_s;
        uint32_t min_negative_ttl_s, max_negative_ttl_s;
        uint64_t max_entry_size; /* octets, under 4 GiB */
        bool prefetch;
        bool aggressive_nsec;
        struct {
            bool enabled;
            uint32_t window_s;
            uint32_t client_timeout_ms;
            uint32_t ttl_s;
        } serve_stale;
    } cache;
    struct {
        bool validation;
        struct config_anchors trust_anchors;
        struct config_names negative_trust_anchors;
        bool accept_sha1;
        uint32_t signature_skew_s;
    } dnssec;
    struct config_targets forward;
    struct config_targets stub;
    struct config_zones zones; /* no two of one name */
    struct {
        const char *socket;
    } control;
    struct {
        struct addr listen; /* len 0: none */
    } http;
    struct {
        enum log_level level;
        enum log_format format;
    } log;
    struct limits limits;

    bool given[CONFIG_KEYS_MAX]; /* by row: the file sets this key; see config_is_given */
    struct arena memory;
};

/* One problem of a configuration file. Line and column count from 1 (columns in characters), 0 when they do not apply.
 */
struct config_problem {
    const char *file;
    unsigned line, column;
    unsigned width; /* characters to underline, at least 1 */
    bool is_warning;
    const char *message; /* what is wrong, with a suggestion when there is one */
    const char *source;  /* the offending line without its end; may be NULL */
    const char *allowed; /* what would be right: "true or false", "debug, error, info, warn"; may be NULL */
};
typedef void config_report(void *arg, const struct config_problem *problem);

/* A config_report that prints to the FILE * `arg`:
 *     cairn.yaml:3:3: error: unknown key 'server.lissten' (did you mean 'listen'?)
 *         3 |   lissten: 127.0.0.1
 *           |   ^~~~~~~
 *           = allowed: listen, workers, user, state, allow, identity, cookie-secret */
void config_print(void *arg, const struct config_problem *problem);

/* Loads `path`; NULL stands for CONFIG_DEFAULT_FILE if that exists, else for the built-in defaults. Reports every
 * problem in one run. NULL when one was an error (a missing or unreadable `path` included). */
struct config *config_load(const char *path, config_report *report, void *arg);

/* As config_load, on text in memory; `path` names it in reports and resolves relative paths. */
struct config *config_parse(const char *text, size_t len, const char *path, config_report *report, void *arg);

/* The built-in defaults. Ends the process when the system gives no memory. */
struct config *config_defaults(void);

void config_free(struct config *c); /* NULL is fine */

/* True when the file sets `key` ("server.listen"), false when its value is the default. `key` must exist. */
bool config_is_given(const struct config *c, const char *key);

/* Reads a secret of 32 hexadecimal digits. False: it is none, and `out` is not set. */
#define CONFIG_SECRET_SIZE 16
bool config_secret(const char *text, uint8_t out[CONFIG_SECRET_SIZE]);

/* YAML text of the configuration, as config_parse takes it: every key with the value in force, or only the keys given
 * in the file. NULL without memory; the caller frees it. */
char *config_text(const struct config *c, bool effective);

/* Calls `changed` for each key whose value differs, with both values as text, which for secrets is "(secret)".
 * `needs_restart`: the new value takes effect only at the next start of the daemon. */
typedef void config_change(void *arg, const char *key, const char *from, const char *to, bool needs_restart);
void config_compare(const struct config *from, const struct config *to, config_change *changed, void *arg);

#endif
