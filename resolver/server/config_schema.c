#include "resolver/server/config_schema.h"

#include <assert.h>
#include <string.h>

#include "resolver/server/config.h"
#include "resolver/validate/verdict.h"

#define MEMBER(name)     .member = offsetof(struct config, name)
#define RANGE(low, high) .min = (low), .max = (high)
#define KIB              1024ull
#define MIB              (1024 * KIB)
#define GIB              (1024 * MIB)

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, PATH_LEN = 4095, SOCKET_LEN = 107 };

static const char *const booleans[] = {"true", "false", NULL};
static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const formats[] = {"logfmt", "json", NULL};

static const struct schema_row rows[] = {
    {.key = "server.listen",
     .kind = VALUE_ADDRESSES,
     MEMBER(server.listen),
     .flags = SCHEMA_RESTART,
     RANGE(1, 64),
     .port = 53,
     .initial = "[127.0.0.1@53, \"::1@53\"]",
     .meaning =
         "Addresses to answer on, each by UDP and TCP as one unit. A default address that the machine lacks is a "
         "warning, a configured one an error."},
    {.key = "server.workers",
     .kind = VALUE_COUNT,
     MEMBER(server.workers),
     .flags = SCHEMA_RESTART,
     RANGE(1, 256),
     .initial = "auto",
     .meaning = "Threads that answer queries; `auto` is one per core."},
    {.key = "server.user",
     .kind = VALUE_TEXT,
     MEMBER(server.user),
     .flags = SCHEMA_RESTART,
     RANGE(0, 32),
     .initial = "cairn",
     .meaning = "User to become when started as root, if it exists; `\"\"` stays."},
    {.key = "server.state",
     .kind = VALUE_PATH,
     MEMBER(server.state),
     .flags = SCHEMA_RESTART,
     RANGE(1, PATH_LEN),
     .initial = "/var/lib/cairn",
     .meaning = "Directory of what must not be lost. May not be the cache directory."},
    {.key = "server.allow",
     .kind = VALUE_NETWORKS,
     MEMBER(server.allow),
     RANGE(0, 1024),
     .initial = "[127.0.0.0/8, \"::1/128\"]",
     .meaning = "Networks that may ask, own zones included. Others get REFUSED."},
    {.key = "server.identity",
     .kind = VALUE_TEXT,
     MEMBER(server.identity),
     RANGE(0, 255),
     .initial = "\"\"",
     .meaning = "What to answer to id.server and NSID (RFC 4892, RFC 5001); empty answers nothing."},
    {.key = "server.cookie-secret",
     .kind = VALUE_TEXT,
     MEMBER(server.cookie_secret),
     .flags = SCHEMA_SECRET,
     RANGE(0, 255),
     .initial = "auto",
     .meaning =
         "Secret of DNS cookies (RFC 7873): 32 hexadecimal digits, the same on all servers that share an address "
         "(RFC 9018); `auto` draws one at each start. After a reload cookies made with the one before are still "
         "taken."},

    {.key = "recursion.root-hints",
     .kind = VALUE_HINTS,
     MEMBER(recursion.root_hints),
     RANGE(0, 256),
     .initial = "builtin",
     .meaning = "Where a walk starts: `builtin`, the path of a master file, or a map of name server names to lists of "
                "addresses. `{}` means no walk is possible, for servers whose own zones or forwards cover everything."},
    {.key = "recursion.priming",
     .kind = VALUE_BOOL,
     MEMBER(recursion.priming),
     .initial = "true",
     .words = booleans,
     .meaning = "Ask the hints for the current root servers before the first walk (RFC 9609)."},
    {.key = "recursion.local-root",
     .kind = VALUE_BOOL,
     MEMBER(recursion.local_root),
     .initial = "false",
     .words = booleans,
     .meaning =
         "Keep a copy of the root zone and ask it in place of the root's servers (RFC 8806). It is transferred from "
         "those of the hints that allow it, and checked by its digest (RFC 8976) and the root's trust anchor."},
    {.key = "recursion.local-root-file",
     .kind = VALUE_PATH,
     MEMBER(recursion.local_root_file),
     RANGE(0, 4095),
     .initial = "\"\"",
     .meaning =
         "Master file that the copy of the root zone is read from, now and whenever its SOA says so; empty: from "
         "the root's servers."},
    {.key = "recursion.upstream-port",
     .kind = VALUE_NUMBER,
     MEMBER(recursion.upstream_port),
     RANGE(1, 65535),
     .initial = "53",
     .meaning = "Port of the name servers that a walk asks; other than 53 for test networks."},
    {.key = "recursion.allow-upstream",
     .kind = VALUE_NETWORKS,
     MEMBER(recursion.allow_upstream),
     RANGE(0, 1024),
     .initial = "[]",
     .meaning = "Opens networks that a walk never asks by default: 0/8, loopback, link-local, private (RFC 1918, RFC "
                "6598, ULA), multicast, 240/4, and the addresses this server listens on. A name server there counts as "
                "dead. Targets of forward and stub are always allowed."},
    {.key = "recursion.ipv4",
     .kind = VALUE_BOOL,
     MEMBER(recursion.ipv4),
     .initial = "true",
     .words = booleans,
     .meaning = "Ask name servers over IPv4."},
    {.key = "recursion.ipv6",
     .kind = VALUE_BOOL,
     MEMBER(recursion.ipv6),
     .initial = "true",
     .words = booleans,
     .meaning = "Ask name servers over IPv6. Without an IPv6 route it is not used, whatever this says."},
    {.key = "recursion.qname-minimisation",
     .kind = VALUE_BOOL,
     MEMBER(recursion.qname_minimisation),
     .initial = "true",
     .words = booleans,
     .meaning = "Show each server no more of the name than it needs (RFC 9156)."},
    {.key = "recursion.case-randomisation",
     .kind = VALUE_BOOL,
     MEMBER(recursion.case_randomisation),
     .initial = "true",
     .words = booleans,
     .meaning = "Send names upstream in random case and expect the same case back, against forged replies."},
    {.key = "recursion.edns-buffer-size",
     .kind = VALUE_NUMBER,
     MEMBER(recursion.edns_buffer_size),
     RANGE(512, 4096),
     .initial = "1232",
     .meaning = "Octets of UDP replies announced to name servers (RFC 6891); 1232 avoids fragments."},
    {.key = "recursion.special-use-zones",
     .kind = VALUE_BOOL,
     MEMBER(recursion.special_use_zones),
     .initial = "true",
     .words = booleans,
     .meaning = "Answer localhost, private reverse zones and the like here (RFC 6761, RFC 6303)."},
    {.key = "recursion.private-address",
     .kind = VALUE_NETWORKS,
     MEMBER(recursion.private_address),
     RANGE(0, 1024),
     .initial = "[]",
     .meaning = "Networks whose addresses are left out of the answers to public names, aliases included, against DNS "
                "rebinding: `[10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, 127.0.0.0/8, 0.0.0.0/8, "
                "\"fc00::/7\", \"fe80::/10\", \"::/127\"]` for instance. Own zones, special-use names and the zones of "
                "forward and stub (but `.`) may have them."},

    {.key = "cache.directory",
     .kind = VALUE_PATH,
     MEMBER(cache.directory),
     .flags = SCHEMA_RESTART,
     RANGE(1, PATH_LEN),
     .initial = "/var/cache/cairn",
     .meaning = "Directory of the cache, used by one daemon at a time. It may be deleted while the daemon is down."},
    {.key = "cache.size",
     .kind = VALUE_SIZE,
     MEMBER(cache.size),
     .flags = SCHEMA_RESTART,
     RANGE(MIB, 1024 * GIB),
     .initial = "256MiB",
     .meaning =
         "Space the cache may take on disk; it is mapped into memory as needed. Answers ready to send take "
         "memory of up to a quarter of it beside that, all workers together, or 8 MiB for each if that is more."},
    {.key = "cache.min-ttl",
     .kind = VALUE_SECONDS,
     MEMBER(cache.min_ttl_s),
     RANGE(0, DAY),
     .initial = "0s",
     .meaning = "Answers are kept at least this long, even when their owner wants less. At 0s, TTL 0 is not kept."},
    {.key = "cache.max-ttl",
     .kind = VALUE_SECONDS,
     MEMBER(cache.max_ttl_s),
     RANGE(1, 30 * DAY),
     .initial = "1d",
     .meaning = "Answers are kept at most this long."},
    {.key = "cache.min-negative-ttl",
     .kind = VALUE_SECONDS,
     MEMBER(cache.min_negative_ttl_s),
     RANGE(0, HOUR),
     .initial = "0s",
     .meaning = "As min-ttl, for names and types that do not exist."},
    {.key = "cache.max-negative-ttl",
     .kind = VALUE_SECONDS,
     MEMBER(cache.max_negative_ttl_s),
     RANGE(1, DAY),
     .initial = "1h",
     .meaning = "As max-ttl, for names and types that do not exist (RFC 2308)."},
    {.key = "cache.max-entry-size",
     .kind = VALUE_SIZE,
     MEMBER(cache.max_entry_size),
     RANGE(512, 64 * KIB),
     .initial = "16KiB",
     .meaning = "Larger answers are passed on but not kept."},
    {.key = "cache.prefetch",
     .kind = VALUE_BOOL,
     MEMBER(cache.prefetch),
     .initial = "true",
     .words = booleans,
     .meaning = "Renew what is still asked for when a tenth of its TTL is left."},
    {.key = "cache.aggressive-nsec",
     .kind = VALUE_BOOL,
     MEMBER(cache.aggressive_nsec),
     .initial = "true",
     .words = booleans,
     .meaning = "Answer from validated proofs already seen what follows from them: that other names or types do not "
                "exist, and what wildcards make (RFC 8198)."},
    {.key = "cache.serve-stale.enabled",
     .kind = VALUE_BOOL,
     MEMBER(cache.serve_stale.enabled),
     .initial = "true",
     .words = booleans,
     .meaning = "Answer with expired data when name servers do not reply (RFC 8767)."},
    {.key = "cache.serve-stale.window",
     .kind = VALUE_SECONDS,
     MEMBER(cache.serve_stale.window_s),
     RANGE(1, 30 * DAY),
     .initial = "1d",
     .meaning = "How long after its expiry an answer may still be served."},
    {.key = "cache.serve-stale.client-timeout",
     .kind = VALUE_MILLISECONDS,
     MEMBER(cache.serve_stale.client_timeout_ms),
     RANGE(0, 10000),
     .initial = "1800ms",
     .meaning =
         "How long a client waits for a fresh answer first; `0ms` serves stale data at once and refreshes behind."},
    {.key = "cache.serve-stale.ttl",
     .kind = VALUE_SECONDS,
     MEMBER(cache.serve_stale.ttl_s),
     RANGE(1, HOUR),
     .initial = "30s",
     .meaning = "TTL of expired data in answers."},

    {.key = "dnssec.validation",
     .kind = VALUE_BOOL,
     MEMBER(dnssec.validation),
     .initial = "true",
     .words = booleans,
     .meaning = "Validate answers (RFC 4035): what is bogus is SERVFAIL, what is secure has AD."},
    {.key = "dnssec.trust-anchors",
     .kind = VALUE_ANCHORS,
     MEMBER(dnssec.trust_anchors),
     RANGE(1, 64),
     .initial = "builtin",
     .meaning = "Keys that validation starts from: `builtin` for the root's, or a list of DS or DNSKEY records in "
                "master file form, which may hold `builtin` as well. They are followed as their zones roll them over "
                "(RFC 5011)."},
    {.key = "dnssec.negative-trust-anchors",
     .kind = VALUE_NAMES,
     MEMBER(dnssec.negative_trust_anchors),
     RANGE(0, 4096),
     .initial = "[]",
     .meaning = "Names at and below which nothing is validated, for good; `cairnctl nta add` does so for a while (RFC "
                "7646)."},
    {.key = "dnssec.accept-sha1",
     .kind = VALUE_BOOL,
     MEMBER(dnssec.accept_sha1),
     .initial = "false",
     .words = booleans,
     .meaning = "Take algorithms 5 and 7 and DS digest 1 as valid."},
    {.key = "dnssec.signature-skew",
     .kind = VALUE_SECONDS,
     MEMBER(dnssec.signature_skew_s),
     RANGE(0, DAY),
     .initial = "1h",
     .meaning = "Clock error allowed at both ends of a signature's validity; `0s` is strict."},

    {.key = "forward",
     .kind = VALUE_TARGETS,
     MEMBER(forward),
     RANGE(0, 4096),
     .initial = "[]",
     .port = 53,
     .meaning = "Zones to ask of other resolvers, with recursion desired. `.` is every name."},
    {.key = "stub",
     .kind = VALUE_TARGETS,
     MEMBER(stub),
     RANGE(0, 4096),
     .initial = "[]",
     .port = 53,
     .meaning = "Zones to ask of given authoritative servers, without recursion desired."},
    {.key = "zones",
     .kind = VALUE_ZONES,
     MEMBER(zones),
     RANGE(0, 16384),
     .initial = "[]",
     .meaning = "Own zones: answered with authority from master files, before everything else."},

    {.key = "control.socket",
     .kind = VALUE_PATH,
     MEMBER(control.socket),
     .flags = SCHEMA_RESTART,
     RANGE(1, SOCKET_LEN),
     .initial = "/run/cairn/control.sock",
     .meaning = "Unix socket that cairnctl talks to. Who may write to it may control the daemon."},
    {.key = "http.listen",
     .kind = VALUE_ADDRESS,
     MEMBER(http.listen),
     .flags = SCHEMA_NOT_BUILT,
     .initial = "\"\"",
     .port = 8053,
     .meaning = "Address of metrics, health and console over HTTP; empty is none."},
    {.key = "log.level",
     .kind = VALUE_WORD,
     MEMBER(log.level),
     .initial = "info",
     .words = levels,
     .meaning = "What to write to standard error: lines of this level and above."},
    {.key = "log.format",
     .kind = VALUE_WORD,
     MEMBER(log.format),
     .initial = "logfmt",
     .words = formats,
     .meaning = "One line per event, as key=value pairs or as JSON."},
    {.key = "limits",
     .kind = VALUE_LIMITS,
     MEMBER(limits),
     .initial = "{}",
     .meaning = "Bounds on the work that queries may cause, by name; see the table of limits."},
};

_Static_assert(sizeof(rows) / sizeof(*rows) <= CONFIG_KEYS_MAX, "struct config remembers one flag per row");

/* Durations are capped where a larger value could only be a mistake, counts where fixed tables or 16-bit counters end.
 */
static const struct limit_range limit_ranges[LIMIT_VALUE_COUNT] = {
    [LIMIT_ID_sends] = {1, 10000},
    [LIMIT_ID_sends_per_name] = {1, 10000},
    [LIMIT_ID_received_bytes] = {65536, 64u << 20},
    [LIMIT_ID_walk_ms] = {100, 60000},
    [LIMIT_ID_answer_ms] = {100, 60000},
    [LIMIT_ID_depth] = {1, 32},
    [LIMIT_ID_aliases] = {1, 64},
    [LIMIT_ID_referrals] = {1, 128},
    [LIMIT_ID_qname_steps] = {1, 127},
    [LIMIT_ID_qname_single_labels] = {0, 127},
    [LIMIT_ID_servers] = {1, 32},
    [LIMIT_ID_addresses] = {1, 16},
    [LIMIT_ID_glueless] = {0, 1000},
    [LIMIT_ID_glueless_per_referral] = {0, 64},
    [LIMIT_ID_glueless_failures] = {0, 1000},
    [LIMIT_ID_tries] = {1, 10},
    [LIMIT_ID_chain] = {0, 1000},
    [LIMIT_ID_bogus_retries] = {0, 16},
    [LIMIT_ID_bogus_ms] = {1000, 300000},
    [LIMIT_ID_verifications] = {8, 10000},
    [LIMIT_ID_verification_failures] = {1, 10000},
    [LIMIT_ID_nsec3_blocks] = {16, 100000},
    [LIMIT_ID_nsec3_iterations] = {0, 500},
    [LIMIT_ID_signatures_per_set] = {1, 64},
    [LIMIT_ID_keys_per_tag] = {1, CAPS_KEYS},
    [LIMIT_ID_ds_per_zone] = {1, CAPS_DS},
    [LIMIT_ID_tcp_connects] = {0, 1000},
    [LIMIT_ID_query_memory] = {131072, 64u << 20},
    [LIMIT_ID_in_flight] = {1, 1u << 20},
    [LIMIT_ID_in_flight_per_zone] = {1, 1u << 20},
    [LIMIT_ID_slow_ms] = {0, 60000},
    [LIMIT_ID_waiters] = {1, 1u << 20},
    [LIMIT_ID_waiting] = {1, 1u << 20},
    [LIMIT_ID_waiting_per_address] = {1, 1u << 20},
    [LIMIT_ID_waiting_per_address_proven] = {1, 1u << 20},
    [LIMIT_ID_responses_per_second] = {0, 1000000},
    [LIMIT_ID_failure_ms] = {1000, 300000},
    [LIMIT_ID_failure_max_ms] = {1000, 300000},
    [LIMIT_ID_refresh_ms] = {1000, 300000},
    [LIMIT_ID_prefetches] = {0, 1u << 16},
    [LIMIT_ID_probes] = {0, 1u << 16},
    [LIMIT_ID_records] = {1, 4096},
    [LIMIT_ID_tcp_clients] = {1, 1u << 20},
    [LIMIT_ID_tcp_clients_per_address] = {1, 1u << 20},
    [LIMIT_ID_tcp_pipeline] = {1, 4096},
    [LIMIT_ID_tcp_first_ms] = {100, 60000},
    [LIMIT_ID_tcp_idle_ms] = {0, 3600000},
    [LIMIT_ID_tcp_idle_busy_ms] = {0, 3600000},
};

static const char *const expectations[] = {
    [VALUE_BOOL] = "true or false",
    [VALUE_NUMBER] = "a whole number",
    [VALUE_COUNT] = "a whole number or auto",
    [VALUE_SECONDS] = "a duration in whole seconds such as 30s, 5m, 1h or 1d",
    [VALUE_MILLISECONDS] = "a duration such as 1800ms or 5s",
    [VALUE_SIZE] = "a size such as 512B, 16KiB, 256MiB or 1GiB",
    [VALUE_TEXT] = "text",
    [VALUE_PATH] = "a path",
    [VALUE_WORD] = "a word",
    [VALUE_ADDRESS] = "an address such as 127.0.0.1@8053, or \"\"",
    [VALUE_ADDRESSES] = "a list of addresses such as [127.0.0.1@53, \"::1@53\"]",
    [VALUE_NETWORKS] = "a list of networks such as [10.0.0.0/8, \"fd00::/8\"]",
    [VALUE_NAMES] = "a list of domain names",
    [VALUE_HINTS] = "builtin, a path, or a map such as {ns.example: [192.0.2.1]}",
    [VALUE_ANCHORS] = "builtin, or a list of DS or DNSKEY records such as [\"example. DS 4711 13 2 0A1B...\"]",
    [VALUE_TARGETS] = "a list such as [{zone: corp.example, to: [10.0.0.2], dnssec: auto}]",
    [VALUE_ZONES] = "a list such as [{name: dev.test, file: dev.test.zone}]",
    [VALUE_LIMITS] = "a map of limits to numbers such as {depth: 8}",
};

size_t schema_count(void)
{
    return sizeof(rows) / sizeof(*rows);
}

const struct schema_row *schema_row(size_t index)
{
    return &rows[index];
}

const struct schema_row *schema_find(const char *key)
{
    for (size_t i = 0; i < schema_count(); i++) {
        if (strcmp(rows[i].key, key) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

size_t schema_index(const struct schema_row *row)
{
    return (size_t)(row - rows);
}

/* What follows `section` and its dot in `key`; NULL when the key is elsewhere. */
static const char *below(const char *key, const char *section)
{
    size_t len = strlen(section);
    if (len == 0) {
        return key;
    }
    return strncmp(key, section, len) == 0 && key[len] == '.' ? key + len + 1 : NULL;
}

bool schema_is_section(const char *path)
{
    for (size_t i = 0; i < schema_count(); i++) {
        if (below(rows[i].key, path) != NULL) {
            return true;
        }
    }
    return false;
}

void schema_names(const char *section, struct schema_names *out)
{
    size_t count = 0, used = 0;
    for (size_t i = 0; i < schema_count(); i++) {
        const char *name = below(rows[i].key, section);
        size_t len = name != NULL ? strcspn(name, ".") : 0;
        bool is_again = count > 0 && strlen(out->items[count - 1]) == len && len > 0 &&
                        strncmp(out->items[count - 1], name, len) == 0;
        if (len == 0 || is_again) {
            continue;
        }
        assert(count + 1 < SCHEMA_NAMES_MAX && used + len < SCHEMA_NAMES_SIZE);
        memcpy(out->text + used, name, len);
        out->text[used + len] = '\0';
        out->items[count++] = out->text + used;
        used += len + 1;
    }
    out->items[count] = NULL;
}

const char *schema_expects(enum value_kind kind)
{
    return expectations[kind];
}

struct limit_range schema_limit_range(unsigned limit)
{
    return limit_ranges[limit];
}
