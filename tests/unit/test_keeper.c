#include <event2/event.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolver/base/clock.h"
#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "resolver/server/keeper.h"
#include "tests/support/signer.h"

enum { HOUR = 3600, DAY = 24 * HOUR, SIGNER_REVOKED = SIGNER_KSK | 0x0080, TEXT_SIZE = 4096, NOBODY = 65534 };

static const uint8_t zone[] = "\4test";
static const uint8_t other_zone[] = "\5other";

/* A keeper with what it is asked and told, in a directory that lives on when it is made again. */
struct stand {
    char directory[64];
    struct event_base *base;
    struct durable *store;
    struct keeper *keeper;
    struct settings *settings;
    struct arena memory;
    struct signer *old, *new, *revoked;
    char asked[256]; /* zones, each with a blank behind it */
    unsigned changed;
};

static void note_ask(void *ctx, const uint8_t *name)
{
    struct stand *s = ctx;
    char text[NAME_TEXT_SIZE];
    strcat(strcat(s->asked, name_text(name, text)), " ");
}

static void note_change(void *ctx)
{
    struct stand *s = ctx;
    s->changed++;
}

static int set_up(void **state)
{
    static struct stand s;
    s = (struct stand){.directory = "/tmp/cairn-test-XXXXXX"};
    assert_non_null(mkdtemp(s.directory));
    arena_init(&s.memory, 1 << 20);
    s.base = event_base_new();
    s.old = signer_new(13, SIGNER_KSK, 1);
    s.new = signer_new(13, SIGNER_KSK, 2);
    s.revoked = signer_new(13, SIGNER_REVOKED, 1);
    *state = &s;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st, (void)kind, (void)place;
    return remove(path);
}

static void stop(struct stand *s)
{
    keeper_free(s->keeper);
    settings_drop(s->settings);
    durable_close(s->store);
    s->keeper = NULL;
    s->settings = NULL;
    s->store = NULL;
}

static int tear_down(void **state)
{
    struct stand *s = *state;
    stop(s);
    signer_free(s->old);
    signer_free(s->new);
    signer_free(s->revoked);
    event_base_free(s->base);
    arena_fini(&s->memory);
    return nftw(s->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The text of a DS of a signer's key for the zone. */
static const char *ds_text(struct stand *s, struct signer *signer)
{
    static char text[TEXT_SIZE];
    struct rdatas ds = {0};
    signer_add_ds(&s->memory, signer, zone, 2, &ds);
    rdata_text(TYPE_DS, rdatas_first(&ds).bytes, rdatas_first(&ds).len, text, sizeof(text));
    return text;
}

static struct settings *make_settings(const char *dnssec, bool validation)
{
    struct config *config = config_parse(dnssec, strlen(dnssec), "test.yaml", config_print, stderr);
    assert_non_null(config);
    struct settings *settings = settings_new(config, NULL);
    settings->policy.validation = validation;
    return settings;
}

static void follow(struct stand *s, const char *dnssec, bool validation)
{
    struct settings *next = make_settings(dnssec, validation);
    keeper_follow(s->keeper, next);
    settings_drop(s->settings);
    s->settings = keeper_settings(s->keeper, next);
}

static void open_keeper(struct stand *s, bool is_kept)
{
    const struct keeper_hooks hooks = {.ctx = s, .ask = note_ask, .changed = note_change};
    if (is_kept) {
        assert_int_equal(durable_open(s->directory, &s->store), FAIL_NONE);
    }
    s->keeper = keeper_new(s->base, s->store, &hooks);
}

/* As after a restart, under a configuration that names the zone's old key. */
static const char *configuration(struct stand *s)
{
    static char text[TEXT_SIZE + 64];
    snprintf(text, sizeof(text), "dnssec: {trust-anchors: [\"test. DS %s\"]}", ds_text(s, s->old));
    return text;
}

static void start(struct stand *s)
{
    stop(s);
    open_keeper(s, true);
    follow(s, configuration(s), true);
}

/* What a change makes the daemon do. */
static void apply(struct stand *s)
{
    s->settings = keeper_settings(s->keeper, s->settings);
}

/* The zone's servers give a set of `count` keys, signed by each, as of now. */
static void reply(struct stand *s, struct signer *const *signers, size_t count)
{
    struct rrset keys = {.owner = zone, .type = TYPE_DNSKEY, .ttl = 2 * DAY};
    uint32_t now = (uint32_t)clock_wall();
    for (size_t i = 0; i < count; i++) {
        signer_add_key(&s->memory, signers[i], &keys.data);
    }
    for (size_t i = 0; i < count; i++) {
        signer_sign(&s->memory, signers[i], &keys, zone, now - HOUR, now + 14 * DAY);
    }
    keeper_reply(s->keeper, zone, &keys);
}

#define REPLY(s, ...)                                                                                                  \
    reply(s, (struct signer *const[]){__VA_ARGS__},                                                                    \
          sizeof((struct signer *const[]){__VA_ARGS__}) / sizeof(struct signer *))

/* "tag state" of the zone's keys, each with a blank behind it. */
static const char *states(struct stand *s)
{
    static char text[512];
    size_t len = 0, i;
    json_t *key, *report = keeper_report(s->keeper);
    text[0] = '\0';
    json_array_foreach(json_object_get(json_array_get(json_object_get(report, "anchors"), 0), "keys"), i, key)
    {
        json_int_t tag = json_integer_value(json_object_get(key, "tag"));
        const char *who = tag == signer_tag(s->old) ? "old" : tag == signer_tag(s->new) ? "new" : "other";
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s ", who,
                                json_string_value(json_object_get(key, "state")));
    }
    json_decref(report);
    return text;
}

static void what_is_configured_is_in_force_and_asked_for(void **state)
{
    struct stand *s = *state;
    start(s);
    assert_string_equal(states(s), "old configured ");
    assert_int_equal(s->settings->policy.anchors.count, 1);
    assert_non_null(anchor_at(&s->settings->policy.anchors, zone));
    assert_string_equal(s->asked, "");
    assert_int_equal(keeper_refresh(s->keeper), 1);
    assert_int_equal(keeper_refresh(s->keeper), 1); /* not twice at once */
    assert_string_equal(s->asked, "test. ");
    REPLY(s, s->old);
    assert_string_equal(states(s), "old valid ");
    assert_int_equal(keeper_refresh(s->keeper), 1);
    assert_string_equal(s->asked, "test. test. ");
}

static void what_was_seen_survives_a_restart(void **state)
{
    struct stand *s = *state;
    start(s);
    REPLY(s, s->old, s->new);
    json_t *before = keeper_report(s->keeper);
    start(s);
    assert_string_equal(states(s), "old valid new pending ");
    json_t *after = keeper_report(s->keeper);
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    assert_int_equal(s->changed, 0);
}

static void a_revoked_key_is_out_at_once_and_after_a_restart(void **state)
{
    struct stand *s = *state;
    char both[2 * TEXT_SIZE];
    int len = snprintf(both, sizeof(both), "dnssec: {trust-anchors: [\"test. DS %s\"", ds_text(s, s->old));
    snprintf(both + len, sizeof(both) - (size_t)len, ", \"test. DS %s\"]}", ds_text(s, s->new));
    open_keeper(s, true);
    follow(s, both, true);
    assert_int_equal(anchor_at(&s->settings->policy.anchors, zone)->ds.count, 2);
    REPLY(s, s->old, s->new);
    assert_int_equal(s->changed, 0);
    REPLY(s, s->revoked, s->new);
    assert_int_equal(s->changed, 1);
    assert_string_equal(states(s), "old revoked new valid ");
    apply(s);
    assert_int_equal(anchor_at(&s->settings->policy.anchors, zone)->ds.count, 1);
    stop(s);
    open_keeper(s, true);
    follow(s, both, true);
    assert_string_equal(states(s), "old revoked new valid ");
    assert_int_equal(anchor_at(&s->settings->policy.anchors, zone)->ds.count, 1);
    REPLY(s, s->old, s->new); /* the configuration still names it, and the zone has it again */
    assert_string_equal(states(s), "old revoked new valid ");
    assert_int_equal(s->changed, 1);
}

static void a_zone_whose_keys_are_all_revoked_is_no_anchor(void **state)
{
    struct stand *s = *state;
    start(s);
    REPLY(s, s->old);
    REPLY(s, s->revoked);
    assert_int_equal(s->changed, 1);
    apply(s);
    assert_int_equal(s->settings->policy.anchors.count, 0);
    assert_int_equal(s->settings->base->policy.anchors.count, 1);
}

static void replies_of_no_use_change_nothing(void **state)
{
    struct stand *s = *state;
    start(s);
    keeper_refresh(s->keeper);
    keeper_reply(s->keeper, zone, NULL);
    REPLY(s, s->new);
    keeper_reply(s->keeper, other_zone, NULL);
    assert_string_equal(states(s), "old configured ");
    assert_int_equal(s->changed, 0);
    assert_non_null(anchor_at(&s->settings->policy.anchors, zone));
    keeper_refresh(s->keeper);
    assert_string_equal(s->asked, "test. test. ");
}

static void spill(struct stand *s, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", s->directory, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static bool exists(struct stand *s, const char *name)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", s->directory, name);
    return stat(path, &st) == 0;
}

static void a_damaged_file_falls_back_to_the_configuration(void **state)
{
    struct stand *s = *state;
    start(s);
    REPLY(s, s->old, s->new);
    stop(s);
    spill(s, "trust-anchors.json", "{\"cairn\": \"trust-anchors\", \"ver");
    spill(s, "negative-trust-anchors.json", "");
    start(s);
    assert_string_equal(states(s), "old configured ");
    assert_true(exists(s, "trust-anchors.json.bad"));
    assert_true(exists(s, "negative-trust-anchors.json.bad"));
    start(s);
    assert_string_equal(states(s), "old configured ");
}

/* Whole, but not what this program writes. */
static void a_file_that_makes_no_sense_does_so_too(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[7]",
        "[{\"zone\": \"a..b\"}]",
        "[{\"zone\": \"test.\", \"configured\": [], \"keys\": [], \"seen_at\": 1, \"query_at\": 1, \"retry_s\": 1}]",
        "[{\"zone\": \"test.\", \"configured\": [\"1 13 2\"], \"keys\": [], \"seen_at\": 1, \"query_at\": 1, "
        "\"retry_s\": 1}]",
        "[{\"zone\": \"test.\", \"configured\": [\"1 13 2 00\"], \"keys\": [{\"state\": \"fine\", \"since\": 1, "
        "\"until\": 0,"
        " \"dnskey\": \"257 3 13 AAAA\"}], \"seen_at\": 1, \"query_at\": 1, \"retry_s\": 1}]",
        "[{\"zone\": \"test.\", \"configured\": [\"1 13 2 00\"], \"keys\": [{\"state\": \"valid\", \"since\": -1, "
        "\"until\": 0,"
        " \"dnskey\": \"257 3 13 AAAA\"}], \"seen_at\": 1, \"query_at\": 1, \"retry_s\": 1}]",
        "[{\"zone\": \"test.\", \"configured\": [\"1 13 2 00\"], \"keys\": [{\"state\": \"valid\", \"since\": 1, "
        "\"until\": 0,"
        " \"dnskey\": \"257 3 13\"}], \"seen_at\": 1, \"query_at\": 1, \"retry_s\": 1}]",
        "[{\"zone\": \"test.\", \"configured\": [\"1 13 2 00\"], \"keys\": [], \"seen_at\": 1, \"query_at\": 1, "
        "\"retry_s\": "
        "99999999999}]",
    };
    struct stand *s = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        json_t *data = json_loads(texts[i], 0, NULL);
        assert_non_null(data);
        stop(s);
        assert_int_equal(durable_open(s->directory, &s->store), FAIL_NONE);
        assert_int_equal(durable_write(s->store, "trust-anchors", data), FAIL_NONE);
        json_decref(data);
        start(s);
        assert_true(exists(s, "trust-anchors.json.bad"));
        assert_string_equal(states(s), "old configured ");
    }
}

static void without_a_directory_all_works_but_nothing_is_kept(void **state)
{
    struct stand *s = *state;
    open_keeper(s, false);
    follow(s, configuration(s), true);
    REPLY(s, s->old, s->new);
    assert_string_equal(states(s), "old valid new pending ");
    assert_int_equal(keeper_nta_add(s->keeper, other_zone, HOUR, "test"), FAIL_NONE);
    assert_false(keeper_is_kept(s->keeper) || keeper_is_failing(s->keeper));
    stop(s);
    open_keeper(s, false);
    follow(s, configuration(s), true);
    assert_string_equal(states(s), "old configured ");
}

static void a_directory_that_takes_no_writes_is_noticed(void **state)
{
    struct stand *s = *state;
    char path[128];
    start(s);
    assert_true(keeper_is_kept(s->keeper));
    assert_false(keeper_is_failing(s->keeper));
    snprintf(path, sizeof(path), "%s/negative-trust-anchors.json.new", s->directory);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(keeper_nta_add(s->keeper, other_zone, HOUR, ""), FAIL_NONE);
    assert_true(keeper_is_failing(s->keeper));
    assert_false(keeper_is_kept(s->keeper));
    apply(s);
    assert_non_null(anchor_negative(&s->settings->policy.anchors, other_zone));
    assert_int_equal(rmdir(path), 0);
    assert_true(keeper_nta_remove(s->keeper, other_zone));
    assert_true(keeper_is_kept(s->keeper));
}

static void while_validation_is_off_nothing_is_followed_or_forgotten(void **state)
{
    struct stand *s = *state;
    start(s);
    REPLY(s, s->old, s->new);
    stop(s);
    open_keeper(s, true);
    follow(s, configuration(s), false);
    assert_int_equal(keeper_refresh(s->keeper), 0);
    assert_null(s->settings->base);
    follow(s, configuration(s), true); /* by a reload */
    assert_string_equal(states(s), "old valid new pending ");
}

static void a_reload_goes_on_where_it_was(void **state)
{
    struct stand *s = *state;
    char text[2 * TEXT_SIZE];
    start(s);
    REPLY(s, s->old, s->new);
    snprintf(text, sizeof(text), "dnssec: {trust-anchors: [builtin, \"test. DS %s\"]}", ds_text(s, s->old));
    keeper_refresh(s->keeper);
    follow(s, text, true);
    assert_int_equal(s->settings->policy.anchors.count, 2);
    s->asked[0] = '\0';
    keeper_refresh(s->keeper);
    assert_string_equal(s->asked, ". "); /* the other answer is still awaited */
    follow(s, configuration(s), true);
    assert_string_equal(states(s), "old valid new pending ");
    keeper_reply(s->keeper, name_root, NULL); /* too late */
}

static bool is_covered(const struct stand *s, const uint8_t *name)
{
    return anchor_negative(&s->settings->policy.anchors, name) != NULL;
}

static void negative_anchors_come_and_go(void **state)
{
    struct stand *s = *state;
    uint8_t shouted[NAME_SIZE] = "\5OTHER";
    start(s);
    assert_int_equal(keeper_nta_add(s->keeper, shouted, HOUR, "their \"keys\""), FAIL_NONE);
    assert_int_equal(s->changed, 1);
    assert_false(is_covered(s, other_zone));
    apply(s);
    assert_true(is_covered(s, other_zone));
    start(s); /* survives */
    assert_true(is_covered(s, other_zone));
    json_t *report = keeper_nta_report(s->keeper, s->settings);
    const json_t *first = json_array_get(json_object_get(report, "ntas"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "other.");
    assert_string_equal(json_string_value(json_object_get(first, "reason")), "their \"keys\"");
    json_int_t left = json_integer_value(json_object_get(first, "until")) - clock_wall();
    assert_in_range(left, HOUR - 60, HOUR);
    json_decref(report);
    assert_false(keeper_nta_remove(s->keeper, zone));
    assert_true(keeper_nta_remove(s->keeper, other_zone));
    assert_int_equal(s->changed, 2);
    apply(s);
    assert_false(is_covered(s, other_zone));
    start(s);
    assert_false(is_covered(s, other_zone));
}

static void negative_anchors_of_the_configuration_stand_beside(void **state)
{
    struct stand *s = *state;
    char text[2 * TEXT_SIZE];
    snprintf(text, sizeof(text), "dnssec: {negative-trust-anchors: [broken], trust-anchors: [\"test. DS %s\"]}",
             ds_text(s, s->old));
    open_keeper(s, true);
    follow(s, text, true);
    assert_int_equal(keeper_nta_add(s->keeper, other_zone, HOUR, ""), FAIL_NONE);
    apply(s);
    assert_true(is_covered(s, other_zone));
    assert_true(is_covered(s, (const uint8_t *)"\1a\6broken"));
    assert_false(keeper_nta_remove(s->keeper, (const uint8_t *)"\6broken"));
    json_t *report = keeper_nta_report(s->keeper, s->settings);
    const json_t *second = json_array_get(json_object_get(report, "ntas"), 1);
    assert_string_equal(json_string_value(json_object_get(second, "name")), "broken.");
    assert_true(json_is_null(json_object_get(second, "until")));
    json_decref(report);
}

static void negative_anchors_end_while_the_daemon_is_down(void **state)
{
    struct stand *s = *state;
    json_int_t now = (json_int_t)clock_wall();
    json_t *data =
        json_pack("[{s:s, s:I, s:I, s:s}, {s:s, s:I, s:I, s:s}]", "name", "other.", "since", now - 7200, "until",
                  now - 1, "reason", "", "name", "broken.", "since", now - 7200, "until", now + 3600, "reason", "");
    assert_int_equal(durable_open(s->directory, &s->store), FAIL_NONE);
    assert_int_equal(durable_write(s->store, "negative-trust-anchors", data), FAIL_NONE);
    json_decref(data);
    start(s);
    assert_false(is_covered(s, other_zone));
    assert_true(is_covered(s, (const uint8_t *)"\6broken"));
}

static void a_file_that_cannot_be_read_is_not_replaced(void **state)
{
    struct stand *s = *state;
    char path[128];
    start(s);
    assert_int_equal(keeper_nta_add(s->keeper, other_zone, HOUR, ""), FAIL_NONE);
    snprintf(path, sizeof(path), "%s/negative-trust-anchors.json", s->directory);
    assert_int_equal(chmod(path, 0), 0);
    stop(s);
    assert_int_equal(durable_open(s->directory, &s->store), FAIL_NONE);
    if (geteuid() == 0 && seteuid(NOBODY) != 0) {
        skip(); /* root reads everything, and cannot be somebody else here */
    }
    const struct keeper_hooks hooks = {.ctx = s, .ask = note_ask, .changed = note_change};
    s->keeper = keeper_new(s->base, s->store, &hooks);
    assert_true(getuid() == geteuid() || seteuid(getuid()) == 0);
    assert_true(keeper_is_failing(s->keeper));
    follow(s, configuration(s), true);
    assert_int_equal(keeper_nta_add(s->keeper, zone, HOUR, ""), FAIL_NONE);
    assert_true(keeper_is_failing(s->keeper));
    assert_int_equal(chmod(path, 0600), 0);
    start(s);
    assert_true(keeper_is_kept(s->keeper));
    assert_true(is_covered(s, other_zone));
    assert_false(is_covered(s, zone));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_configured_is_in_force_and_asked_for),
        TEST(what_was_seen_survives_a_restart),
        TEST(a_revoked_key_is_out_at_once_and_after_a_restart),
        TEST(a_zone_whose_keys_are_all_revoked_is_no_anchor),
        TEST(replies_of_no_use_change_nothing),
        TEST(a_damaged_file_falls_back_to_the_configuration),
        TEST(a_file_that_makes_no_sense_does_so_too),
        TEST(without_a_directory_all_works_but_nothing_is_kept),
        TEST(a_directory_that_takes_no_writes_is_noticed),
        TEST(while_validation_is_off_nothing_is_followed_or_forgotten),
        TEST(a_reload_goes_on_where_it_was),
        TEST(negative_anchors_come_and_go),
        TEST(negative_anchors_of_the_configuration_stand_beside),
        TEST(negative_anchors_end_while_the_daemon_is_down),
        TEST(a_file_that_cannot_be_read_is_not_replaced),
    };
    clock_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
