#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/server/config.h"
#include "resolver/server/config_export.h"
#include "resolver/server/config_schema.h"
#include "resolver/server/config_value.h"

/* Every problem of one run as config_print shows it. */
struct output {
    char *text;
    size_t len;
    FILE *file;
};

static void output_open(struct output *o)
{
    o->file = open_memstream(&o->text, &o->len);
    assert_non_null(o->file);
}

static const char *output_text(struct output *o)
{
    assert_int_equal(fflush(o->file), 0);
    return o->text;
}

static void output_close(struct output *o)
{
    fclose(o->file);
    free(o->text);
}

static struct config *good(const char *text)
{
    struct output o;
    output_open(&o);
    struct config *c = config_parse(text, strlen(text), "etc/cairn.yaml", config_print, o.file);
    assert_string_equal(output_text(&o), "");
    assert_non_null(c);
    output_close(&o);
    return c;
}

/* The text must have an error that contains `part`. */
static void bad(const char *text, const char *part)
{
    struct output o;
    output_open(&o);
    assert_null(config_parse(text, strlen(text), "cairn.yaml", config_print, o.file));
    if (strstr(output_text(&o), part) == NULL) {
        fail_msg("'%s' is not in: %s", part, o.text);
    }
    output_close(&o);
}

static char *slurp(const char *path)
{
    struct output o;
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        fail_msg("cannot open %s", path);
    }
    output_open(&o);
    for (int c; (c = fgetc(in)) != EOF;) {
        fputc(c, o.file);
    }
    fclose(in);
    fclose(o.file);
    return o.text;
}

static void the_defaults_are_those_of_the_contract(void **state)
{
    (void)state;
    struct config *c = config_defaults();
    char text[ADDR_TEXT_SIZE];
    assert_null(c->file);
    assert_int_equal(c->server.listen.count, 2);
    assert_string_equal(addr_text(&c->server.listen.items[0], text), "127.0.0.1@53");
    assert_string_equal(addr_text(&c->server.listen.items[1], text), "::1@53");
    assert_int_equal(c->server.workers, 0);
    assert_string_equal(c->server.user, "cairn");
    assert_string_equal(c->server.state, "/var/lib/cairn");
    assert_int_equal(c->server.allow.count, 2);
    assert_string_equal(c->server.identity, "");
    assert_int_equal(c->recursion.root_hints, CONFIG_HINTS_BUILTIN);
    assert_true(c->recursion.priming && c->recursion.ipv4 && c->recursion.ipv6 && c->recursion.special_use_zones);
    assert_int_equal(c->recursion.upstream_port, 53);
    assert_int_equal(c->recursion.edns_buffer_size, 1232);
    assert_string_equal(c->cache.directory, "/var/cache/cairn");
    assert_int_equal(c->cache.size, 256u << 20);
    assert_int_equal(c->cache.max_ttl_s, 86400);
    assert_int_equal(c->cache.max_negative_ttl_s, 3600);
    assert_int_equal(c->cache.max_entry_size, 16384);
    assert_int_equal(c->cache.serve_stale.client_timeout_ms, 1800);
    assert_true(c->dnssec.trust_anchors.builtin);
    assert_int_equal(c->dnssec.trust_anchors.count, 0);
    assert_int_equal(c->dnssec.negative_trust_anchors.count, 0);
    assert_int_equal(c->zones.count, 0);
    assert_string_equal(c->control.socket, "/run/cairn/control.sock");
    assert_int_equal(c->http.listen.len, 0);
    assert_int_equal(c->log.level, LOG_LEVEL_INFO);
    assert_int_equal(c->log.format, LOG_FORMAT_LOGFMT);
    assert_memory_equal(&c->limits, &limits_default, sizeof(limits_default));
    config_free(c);
}

static void an_empty_file_means_the_defaults(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "# nothing\n", "---\n", "server:\ncache:\n  # size: 1GiB\n"};
    struct config *defaults = config_defaults();
    char *expected = config_text(defaults, true);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct config *c = good(texts[i]);
        char *text = config_text(c, true);
        assert_string_equal(text, expected);
        free(text);
        config_free(c);
    }
    free(expected);
    config_free(defaults);
}

static void every_key_is_read_into_its_member(void **state)
{
    (void)state;
    struct config *c = good("server:\n"
                            "  listen: [192.0.2.1, \"2001:db8::1@1053\"]\n"
                            "  workers: 3\n"
                            "  user: \"\"\n"
                            "  state: /s\n"
                            "  allow: [10.0.0.0/8]\n"
                            "  identity: ns1\n"
                            "recursion: {root-hints: {a.test: [192.0.2.2, \"2001:db8::2\"]}, priming: false,\n"
                            "  upstream-port: 5353, allow-upstream: [127.0.0.0/8], ipv6: false,\n"
                            "  case-randomisation: false, edns-buffer-size: 1400, special-use-zones: false}\n"
                            "cache: {directory: /c, size: 1GiB, min-ttl: 5s, max-ttl: 2h, min-negative-ttl: 1s,\n"
                            "  max-negative-ttl: 2m, max-entry-size: 4096B,\n"
                            "  serve-stale: {window: 2d, client-timeout: 0ms, ttl: 1m}}\n"
                            "control: {socket: /run/c.sock}\n"
                            "log: {level: debug, format: json}\n"
                            "limits: {depth: 4, tcp_idle_ms: 500}\n");
    char text[ADDR_TEXT_SIZE];
    assert_string_equal(addr_text(&c->server.listen.items[0], text), "192.0.2.1@53");
    assert_string_equal(addr_text(&c->server.listen.items[1], text), "2001:db8::1@1053");
    assert_int_equal(c->server.workers, 3);
    assert_string_equal(c->server.user, "");
    assert_string_equal(c->server.identity, "ns1");
    assert_string_equal(addr_net_text(&c->server.allow.items[0], text), "10.0.0.0/8");
    assert_int_equal(c->recursion.root_hints, CONFIG_HINTS_GIVEN);
    assert_int_equal(c->recursion.hint_count, 1);
    assert_int_equal(c->recursion.hints[0].address_count, 2);
    assert_int_equal(c->recursion.hints[0].addresses[0].port, 0);
    assert_false(c->recursion.priming || c->recursion.ipv6 || c->recursion.case_randomisation);
    assert_int_equal(c->recursion.upstream_port, 5353);
    assert_int_equal(c->recursion.allow_upstream.count, 1);
    assert_int_equal(c->recursion.edns_buffer_size, 1400);
    assert_int_equal(c->cache.size, 1u << 30);
    assert_int_equal(c->cache.min_ttl_s, 5);
    assert_int_equal(c->cache.max_ttl_s, 7200);
    assert_int_equal(c->cache.max_negative_ttl_s, 120);
    assert_int_equal(c->cache.max_entry_size, 4096);
    assert_int_equal(c->cache.serve_stale.window_s, 2 * 86400);
    assert_int_equal(c->cache.serve_stale.client_timeout_ms, 0);
    assert_string_equal(c->control.socket, "/run/c.sock");
    assert_int_equal(c->log.level, LOG_LEVEL_DEBUG);
    assert_int_equal(c->log.format, LOG_FORMAT_JSON);
    assert_int_equal(limit_get(&c->limits, depth), 4);
    assert_int_equal(limit_get(&c->limits, tcp_idle_ms), 500);
    assert_int_equal(limit_get(&c->limits, sends), 100);
    config_free(c);
}

static void paths_are_relative_to_the_file(void **state)
{
    (void)state;
    struct config *c =
        good("cache: {directory: var/cache}\n"
             "zones: [{name: dev.test, file: dev.zone, reverse: true}, {name: b.test, file: /b.zone}]\n");
    assert_string_equal(c->cache.directory, "etc/var/cache");
    assert_int_equal(c->zones.count, 2);
    assert_string_equal(c->zones.items[0].file, "etc/dev.zone");
    assert_true(c->zones.items[0].make_reverse);
    assert_string_equal(c->zones.items[1].file, "/b.zone");
    assert_false(c->zones.items[1].make_reverse);
    config_free(c);
}

static void words_that_look_like_booleans_stay_text(void **state)
{
    (void)state;
    struct config *c = good("server: {user: on, identity: 007}\nzones: [{name: no, file: yes}, {name: 1, file: z}]\n");
    char text[NAME_TEXT_SIZE];
    assert_string_equal(c->server.user, "on");
    assert_string_equal(c->server.identity, "007");
    assert_string_equal(name_text(c->zones.items[0].name, text), "no.");
    assert_string_equal(c->zones.items[0].file, "etc/yes");
    config_free(c);
}

static void the_effective_text_reads_back_as_the_same_configuration(void **state)
{
    (void)state;
    struct config *c = good("server: {user: \"no\", identity: \"a \\\"b\\\" \\\\ c: #d\", listen: [\"::@5353\"]}\n"
                            "recursion: {root-hints: {\"a\\\\.b.test\": [192.0.2.2]}}\n"
                            "zones: [{name: \"x.test\", file: \"/z z.zone\", reverse: true}]\n"
                            "limits: {sends: 50, depth: 3}\n");
    char *text = config_text(c, true);
    struct config *again = good(text);
    char *text_again = config_text(again, true);
    assert_string_equal(text, text_again);
    assert_string_equal(again->server.identity, "a \"b\" \\ c: #d");
    free(text);
    free(text_again);
    config_free(c);
    config_free(again);
}

static void the_given_keys_are_remembered(void **state)
{
    (void)state;
    struct config *c = good("log: {level: info}\ncache: {serve-stale: {ttl: 30s}}\n");
    char *text = config_text(c, false);
    assert_true(config_is_given(c, "log.level"));
    assert_true(config_is_given(c, "cache.serve-stale.ttl"));
    assert_false(config_is_given(c, "server.listen"));
    assert_string_equal(text, "cache:\n  serve-stale:\n    ttl: 30s\nlog:\n  level: info\n");
    free(text);
    config_free(c);
}

static void collect(void *arg, const char *key, const char *from, const char *to, bool needs_restart)
{
    fprintf(arg, "%s %s -> %s%s\n", key, from, to, needs_restart ? " at restart" : "");
}

static void two_configurations_differ_by_key(void **state)
{
    (void)state;
    struct config *from = good("cache: {size: 64MiB}\n");
    struct config *to = good("cache: {size: 1GiB, max-ttl: 12h}\nlimits: {depth: 2}\nlog: {level: info}\n");
    struct output o;
    output_open(&o);
    config_compare(from, to, collect, o.file);
    assert_string_equal(output_text(&o), "cache.size 64MiB -> 1GiB at restart\n"
                                         "cache.max-ttl 1d -> 12h\n"
                                         "limits {} -> {depth: 2}\n");
    output_close(&o);
    config_free(from);
    config_free(to);
}

static void what_is_no_domain_name_says_why(void **state)
{
    (void)state;
    bad("dnssec: {negative-trust-anchors: [a..b]}", "'a..b' is not a domain name: it has an empty label");
    bad("stub: [{zone: .a, to: [10.0.0.1]}]", "'.a' is not a domain name: it begins with a dot");
    bad("zones: [{name: dev test, file: x}]", "'dev test' is not a domain name: it has a blank in it");
}

static void secrets_have_a_form_and_stay_out_of_comparisons(void **state)
{
    (void)state;
    bad("server: {cookie-secret: 0123456789abcdef}", "cookie-secret' is not a secret of 128 bits");
    bad("server: {cookie-secret: 0123456789abcdef0123456789abcdeg}", "auto, or 32 hexadecimal digits");
    bad("server: {cookie-secret: abc}", "auto, or 32 hexadecimal digits");
    bad("server: {cookie-secret: \"\"}", "auto, or 32 hexadecimal digits");
    struct config *from = good("");
    struct config *to = good("server: {cookie-secret: 0123456789abcdef0123456789abcdef}");
    struct output o;
    output_open(&o);
    config_compare(from, to, collect, o.file);
    assert_string_equal(output_text(&o), "server.cookie-secret (secret) -> (secret)\n");
    output_close(&o);
    config_free(from);
    config_free(to);
}

static void the_schema_has_every_key_with_type_and_default(void **state)
{
    (void)state;
    json_t *schema = config_export_schema();
    for (size_t i = 0; i < schema_count(); i++) {
        char key[128];
        json_t *at = schema;
        snprintf(key, sizeof(key), "%s", schema_row(i)->key);
        char *rest = key;
        for (char *name; (name = strsep(&rest, ".")) != NULL;) {
            assert_true(json_is_false(json_object_get(at, "additionalProperties")));
            at = json_object_get(json_object_get(at, "properties"), name);
            assert_non_null(at);
        }
        assert_non_null(json_object_get(at, "description"));
        assert_non_null(json_object_get(at, "default"));
        assert_true(json_object_get(at, "type") != NULL || json_object_get(at, "anyOf") != NULL ||
                    json_object_get(at, "enum") != NULL);
    }
    json_decref(schema);
}

static void the_documentation_is_up_to_date(void **state)
{
    (void)state;
    struct output o;
    output_open(&o);
    config_export_docs(o.file);
    char *committed = slurp(SOURCE_DIR "/docs/configuration.md");
    assert_string_equal(output_text(&o),
                        committed); /* if not: build/dev/cairnctl config docs > docs/configuration.md */
    free(committed);
    output_close(&o);
}

static void the_documented_example_error_is_a_real_one(void **state)
{
    (void)state;
    bad("log: {}\ncache:\n  max_tll: 1d\n",
        "cairn.yaml:3:3: error: unknown key 'cache.max_tll' (did you mean 'max-ttl'?)\n"
        "    3 |   max_tll: 1d\n"
        "      |   ^~~~~~~\n"
        "      = allowed: directory, size, min-ttl, max-ttl,");
}

static void a_missing_file_is_an_error_when_named(void **state)
{
    (void)state;
    struct output o;
    output_open(&o);
    assert_null(config_load("/nonexistent/cairn.yaml", config_print, o.file));
    assert_string_equal(output_text(&o), "/nonexistent/cairn.yaml: error: cannot be read: No such file or directory\n");
    assert_null(config_load("/", config_print, o.file));
    assert_non_null(strstr(output_text(&o), "/: error: cannot be read: Is a directory"));
    output_close(&o);
}

static void root_hints_come_from_a_master_file(void **state)
{
    (void)state;
    struct output o;
    output_open(&o);
    struct config *c = config_load(SOURCE_DIR "/tests/unit/config/hints/cairn.yaml", config_print, o.file);
    char text[NAME_TEXT_SIZE];
    assert_string_equal(output_text(&o), "");
    assert_non_null(c);
    assert_int_equal(c->recursion.hint_count, 2);
    assert_string_equal(name_text(c->recursion.hints[0].name, text), "a.root.test.");
    assert_int_equal(c->recursion.hints[0].address_count, 2);
    assert_int_equal(c->recursion.hints[0].addresses[1].len, 16);
    assert_int_equal(c->recursion.hints[1].address_count, 1);
    config_free(c);
    assert_null(config_load(SOURCE_DIR "/tests/unit/config/hints/broken.yaml", config_print, o.file));
    assert_non_null(strstr(output_text(&o), "broken.root:1:"));
    output_close(&o);
}

#define DS_RDATA  "4711 13 2 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"
#define KEY_RDATA "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="

static void trust_anchors_are_read_from_records(void **state)
{
    (void)state;
    struct config *c = good("dnssec:\n"
                            "  negative-trust-anchors: [Broken.example]\n"
                            "  trust-anchors:\n"
                            "    - Corp.Example DS " DS_RDATA "\n"
                            "    - \"b. 86400 IN DNSKEY " KEY_RDATA " ; a comment\"\n"
                            "    - >-\n"
                            "      c. DNSKEY 257 3 13 ( mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpV\n"
                            "      XckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ== )\n"
                            "forward: [{zone: corp.example, to: [10.0.0.2], dnssec: require}]\n");
    const struct config_anchors *anchors = &c->dnssec.trust_anchors;
    char text[NAME_TEXT_SIZE];
    assert_false(anchors->builtin);
    assert_int_equal(anchors->count, 3);
    assert_string_equal(name_text(anchors->items[0].zone, text), "corp.example.");
    assert_int_equal(anchors->items[0].type, TYPE_DS);
    assert_int_equal(anchors->items[0].rdata.len, 36);
    assert_int_equal(anchors->items[1].type, TYPE_DNSKEY);
    assert_int_equal(anchors->items[1].rdata.len, 68);
    assert_int_equal(anchors->items[2].rdata.len, 68);
    assert_memory_equal(anchors->items[2].rdata.bytes, anchors->items[1].rdata.bytes, 68);
    assert_string_equal(name_text(c->dnssec.negative_trust_anchors.items[0], text), "Broken.example.");
    assert_int_equal(c->forward.items[0].dnssec, DNSSEC_REQUIRE);
    char *shown = config_text(c, false);
    assert_non_null(strstr(shown, "trust-anchors: [\"corp.example. DS " DS_RDATA "\", \"b. DNSKEY " KEY_RDATA "\", "));
    struct config *again = good(shown);
    assert_int_equal(again->dnssec.trust_anchors.count, 3);
    config_free(again);
    free(shown);
    config_free(c);
}

static void the_builtin_anchors_may_stand_beside_others(void **state)
{
    (void)state;
    struct config *c = good("dnssec: {trust-anchors: [\"corp.example DS " DS_RDATA "\", builtin]}\n");
    assert_true(c->dnssec.trust_anchors.builtin);
    assert_int_equal(c->dnssec.trust_anchors.count, 1);
    char *shown = config_text(c, false);
    assert_string_equal(shown, "dnssec:\n  trust-anchors: [builtin, \"corp.example. DS " DS_RDATA "\"]\n");
    free(shown);
    config_free(c);
    c = good("dnssec: {trust-anchors: [builtin]}\n");
    shown = config_text(c, false);
    assert_string_equal(shown, "dnssec:\n  trust-anchors: builtin\n");
    free(shown);
    config_free(c);
}

static void an_empty_map_of_hints_turns_walks_off(void **state)
{
    (void)state;
    struct config *c = good("recursion: {root-hints: {}, ipv4: false, ipv6: false}\n");
    assert_int_equal(c->recursion.root_hints, CONFIG_HINTS_GIVEN);
    assert_int_equal(c->recursion.hint_count, 0);
    config_free(c);
}

static void floods_of_errors_are_cut(void **state)
{
    (void)state;
    struct output o, text;
    output_open(&o);
    output_open(&text);
    fputs("zones:\n", text.file);
    for (int i = 0; i < 5000; i++) {
        fputs("  - x\n", text.file);
    }
    output_text(&text);
    assert_null(config_parse(text.text, text.len, "cairn.yaml", config_print, o.file));
    assert_non_null(strstr(output_text(&o), "cairn.yaml:101:5: error:"));
    assert_null(strstr(o.text, "cairn.yaml:102:5: error:"));
    assert_non_null(strstr(o.text, "warning: only the first problems are shown"));
    output_close(&o);
    output_close(&text);
}

static void numbers_of_every_unit_print_as_they_parse(void **state)
{
    (void)state;
    static const char *const durations[] = {"1ms", "1800ms", "1s", "90s", "1m", "59m", "1h", "1d", "30d"};
    static const char *const sizes[] = {"1B", "1023B", "1KiB", "256MiB", "3GiB"};
    char text[VALUE_TEXT_SIZE];
    uint64_t value;
    for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
        assert_int_equal(duration_parse(durations[i], &value), FAIL_NONE);
        assert_string_equal(duration_text(value, "0s", text), durations[i]);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        assert_int_equal(size_parse(sizes[i], &value), FAIL_NONE);
        assert_string_equal(size_text(value, text), sizes[i]);
    }
    assert_int_equal(duration_parse("1s1s", &value), FAIL_SYNTAX);
    assert_int_equal(duration_parse("s", &value), FAIL_SYNTAX);
    assert_int_equal(duration_parse("99999999999999999d", &value), FAIL_LIMIT);
    assert_int_equal(size_parse("-1B", &value), FAIL_SYNTAX);
}

/* Each tests/unit/config/NAME.yaml must give exactly the messages in NAME.txt. */
static void file_gives_its_messages(void **state)
{
    const char *name = *state;
    char path[1024], short_name[512];
    struct output o;
    output_open(&o);
    snprintf(path, sizeof(path), "%s/tests/unit/config/%s.yaml", SOURCE_DIR, name);
    snprintf(short_name, sizeof(short_name), "%s.yaml", name);
    char *text = slurp(path);
    struct config *c = config_parse(text, strlen(text), short_name, config_print, o.file);
    snprintf(path, sizeof(path), "%s/tests/unit/config/%s.txt", SOURCE_DIR, name);
    if (getenv("CAIRN_GOLDEN_WRITE") != NULL) {
        FILE *out = fopen(path, "w");
        fputs(output_text(&o), out);
        fclose(out);
    }
    char *expected = slurp(path);
    assert_null(c);
    assert_string_equal(output_text(&o), expected);
    free(text);
    free(expected);
    output_close(&o);
}

enum { GOLDEN_MAX = 100 };

static size_t golden_tests(struct CMUnitTest *tests, char names[GOLDEN_MAX][256])
{
    size_t count = 0;
    DIR *dir = opendir(SOURCE_DIR "/tests/unit/config");
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL && count < GOLDEN_MAX;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot != NULL && strcmp(dot, ".yaml") == 0) {
            snprintf(names[count], sizeof(names[count]), "%.*s", (int)(dot - entry->d_name), entry->d_name);
            tests[count] = (struct CMUnitTest){
                .name = names[count], .test_func = file_gives_its_messages, .initial_state = names[count]};
            count++;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

int main(void)
{
    static char names[GOLDEN_MAX][256];
    static struct CMUnitTest golden[GOLDEN_MAX];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_those_of_the_contract),
        cmocka_unit_test(an_empty_file_means_the_defaults),
        cmocka_unit_test(every_key_is_read_into_its_member),
        cmocka_unit_test(paths_are_relative_to_the_file),
        cmocka_unit_test(words_that_look_like_booleans_stay_text),
        cmocka_unit_test(the_effective_text_reads_back_as_the_same_configuration),
        cmocka_unit_test(the_given_keys_are_remembered),
        cmocka_unit_test(two_configurations_differ_by_key),
        cmocka_unit_test(what_is_no_domain_name_says_why),
        cmocka_unit_test(secrets_have_a_form_and_stay_out_of_comparisons),
        cmocka_unit_test(the_schema_has_every_key_with_type_and_default),
        cmocka_unit_test(the_documentation_is_up_to_date),
        cmocka_unit_test(the_documented_example_error_is_a_real_one),
        cmocka_unit_test(a_missing_file_is_an_error_when_named),
        cmocka_unit_test(root_hints_come_from_a_master_file),
        cmocka_unit_test(trust_anchors_are_read_from_records),
        cmocka_unit_test(the_builtin_anchors_may_stand_beside_others),
        cmocka_unit_test(an_empty_map_of_hints_turns_walks_off),
        cmocka_unit_test(floods_of_errors_are_cut),
        cmocka_unit_test(numbers_of_every_unit_print_as_they_parse),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    size_t count = golden_tests(golden, names);
    return failed + _cmocka_run_group_tests("messages", golden, count, NULL, NULL) + (count == 0);
}
