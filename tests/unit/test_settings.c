#include "resolver/server/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/routes.h"

static struct settings *make(const char *text)
{
    struct config *config = config_parse(text, strlen(text), "test.yaml", config_print, stderr);
    assert_non_null(config);
    return settings_new(config, NULL);
}

static bool allows(const struct settings *s, const char *peer)
{
    struct addr address;
    assert_int_equal(addr_parse(peer, 4242, &address), FAIL_NONE);
    return settings_allow(s, &address);
}

static void only_the_networks_of_the_list_may_ask(void **state)
{
    (void)state;
    struct settings *s = make("server: {allow: [10.1.0.0/16, 192.0.2.7, \"2001:db8::/32\"]}");
    assert_true(allows(s, "10.1.255.255"));
    assert_true(allows(s, "192.0.2.7"));
    assert_true(allows(s, "2001:db8:ffff::1"));
    assert_false(allows(s, "10.2.0.0"));
    assert_false(allows(s, "192.0.2.8"));
    assert_false(allows(s, "2001:db9::1"));
    assert_false(allows(s, "127.0.0.1"));
    settings_drop(s);
}

static void by_default_this_machine_alone_may_ask(void **state)
{
    (void)state;
    struct settings *s = make("");
    assert_true(allows(s, "127.8.8.8"));
    assert_true(allows(s, "::1"));
    assert_false(allows(s, "10.0.0.1"));
    settings_drop(s);
    s = make("server: {allow: []}");
    assert_false(allows(s, "127.0.0.1"));
    settings_drop(s);
}

static void the_deepest_route_is_found(void **state)
{
    (void)state;
    struct settings *s = make("recursion: {root-hints: {a.root: [192.0.2.1]}}\n"
                              "stub:\n"
                              "  - {zone: b.corp.example, to: [10.0.0.3@5300]}\n"
                              "forward:\n"
                              "  - {zone: CORP.example, to: [10.0.0.1, 10.0.0.2]}\n");
    const struct policy *p = &s->policy;
    const struct route *forward = route_find(p, (const uint8_t *)"\1a\4corp\7EXAMPLE");
    const struct route *stub = route_find(p, (const uint8_t *)"\1x\1b\4corp\7example");
    assert_true(forward != NULL && forward->is_forward && forward->to_count == 2 && forward->to[1].port == 53);
    assert_true(stub != NULL && !stub->is_forward && stub->to[0].port == 5300);
    assert_null(route_find(p, (const uint8_t *)"\7example"));
    assert_null(route_for(p, (const uint8_t *)"\4corp\7example", TYPE_DS));
    assert_ptr_equal(route_for(p, (const uint8_t *)"\1b\4corp\7example", TYPE_DS), forward);
    assert_int_equal(p->hint_count, 1);
    settings_drop(s);
}

static void a_route_of_the_root_leaves_nothing_to_hints(void **state)
{
    (void)state;
    struct settings *s = make("forward: [{zone: ., to: [10.0.0.1]}]\n");
    assert_int_equal(s->policy.hint_count, 0);
    assert_non_null(route_find(&s->policy, (const uint8_t *)"\3com"));
    assert_non_null(route_find(&s->policy, name_root));
    settings_drop(s);
}

static void the_parts_follow_the_configuration(void **state)
{
    (void)state;
    struct settings *s = make("server: {identity: hill, listen: [127.0.0.1@5300]}\n"
                              "recursion:\n"
                              "  root-hints: {a.root: [192.0.2.1, 192.0.2.2]}\n"
                              "  upstream-port: 5353\n"
                              "  ipv6: false\n"
                              "  case-randomisation: false\n"
                              "  edns-buffer-size: 1400\n"
                              "  special-use-zones: false\n"
                              "  allow-upstream: [192.0.2.0/24]\n"
                              "  private-address: [10.0.0.0/8, \"fc00::/7\"]\n"
                              "cache: {max-ttl: 1h, min-negative-ttl: 5s, max-entry-size: 4KiB}\n"
                              "limits: {sends: 50, records: 20, tcp_pipeline: 3}\n");
    const struct policy *p = &s->policy;
    assert_int_equal(p->hint_count, 1);
    assert_int_equal(p->hints[0].address_count, 2);
    assert_true(name_equal(p->hints[0].name, (const uint8_t *)"\1a\4root"));
    assert_int_equal(p->upstream_port, 5353);
    assert_true(p->ipv4 && !p->ipv6 && !p->special_use);
    assert_int_equal(p->allowed_count, 1);
    assert_int_equal(p->private_count, 2);
    assert_int_equal(p->own_count, 1);
    assert_int_equal(p->own[0].port, 5300);
    assert_int_equal(limit_get(&p->limits, sends), 50);
    assert_int_equal(p->edns_size, 1400);
    assert_int_equal(s->upstream.edns_size, 1400);
    assert_false(s->upstream.case_randomisation);
    assert_int_equal(s->cache.max_ttl, 3600);
    assert_int_equal(s->cache.min_negative_ttl, 5);
    assert_int_equal(s->cache.max_entry_size, 4096);
    assert_int_equal(s->cache.max_records, 20);
    assert_int_equal(s->tcp.pipeline, 3);
    assert_int_equal(s->responder.nsid_len, 4);
    settings_drop(s);
}

static void without_hints_given_the_public_root_is_used_and_an_empty_map_is_none(void **state)
{
    (void)state;
    struct settings *s = make("");
    assert_int_equal(s->policy.hint_count, 13);
    assert_null(s->responder.nsid);
    settings_drop(s);
    s = make("recursion: {root-hints: {}}");
    assert_int_equal(s->policy.hint_count, 0);
    settings_drop(s);
}

static void the_secret_of_cookies_is_configured_or_drawn_and_kept(void **state)
{
    static const uint8_t given[] = "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef";
    (void)state;
    struct settings *drawn = make(""), *again = make(""),
                    *s = make("server: {cookie-secret: 0123456789ABCDEF0123456789abcdef}");
    assert_memory_not_equal(drawn->cookies.current, again->cookies.current, HASH_SECRET_SIZE);
    settings_follow(again, drawn);
    assert_memory_equal(drawn->cookies.current, again->cookies.current, HASH_SECRET_SIZE);
    settings_follow(s, again);
    assert_memory_equal(s->cookies.current, given, HASH_SECRET_SIZE);
    assert_memory_equal(s->cookies.previous, drawn->cookies.current, HASH_SECRET_SIZE);
    settings_drop(s);
    settings_drop(again);
    settings_drop(drawn);
}

static void validation_begins_at_the_configured_anchors(void **state)
{
    (void)state;
    struct settings *s = make("");
    char text[128];
    assert_int_equal(s->policy.anchors.count, 1);
    assert_true(name_is_root(s->policy.anchors.items[0].zone));
    assert_int_equal(s->policy.anchors.items[0].ds.count, 2);
    assert_int_equal(s->policy.anchors.negative_count, 0);
    settings_drop(s);
    /* The key and the DS of RFC 6605 6.1 are one. */
    s = make("dnssec:\n"
             "  negative-trust-anchors: [broken.example, com]\n"
             "  trust-anchors:\n"
             "    - Example.NET DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAn"
             "Lr+Wi9xMWyQLc8NAA==\n"
             "    - example.net DS 55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17\n"
             "    - other DS 1 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17\n");
    const struct anchors *a = &s->policy.anchors;
    assert_int_equal(a->count, 2);
    assert_null(anchor_find(a, name_root));
    const struct anchor *found = anchor_find(a, (const uint8_t *)"\3www\7example\3net");
    assert_non_null(found);
    assert_int_equal(found->ds.count, 1);
    rdata_text(TYPE_DS, rdatas_first(&found->ds).bytes, rdatas_first(&found->ds).len, text, sizeof(text));
    assert_string_equal(text, "55648 13 2 B4C8C1FE2E7477127B27115656AD6256F424625BF5C1E2770CE6D6E37DF61D17");
    assert_int_equal(a->negative_count, 2);
    assert_non_null(anchor_negative(a, (const uint8_t *)"\1a\6broken\7example"));
    settings_drop(s);
}

static void other_anchors_share_all_the_rest(void **state)
{
    (void)state;
    static const uint8_t ds[] = {0, 1, 13, 2, 0xaa};
    const struct anchor_record record = {(const uint8_t *)"\4corp", {ds, sizeof(ds)}};
    const uint8_t *const negative[] = {(const uint8_t *)"\3com"};
    struct settings *s = make("server: {identity: hill}\nforward: [{zone: corp, to: [10.0.0.1]}]\n");
    struct settings *first = settings_with_anchors(s, &record, 1, negative, 1);
    struct settings *second = settings_with_anchors(first, NULL, 0, NULL, 0);
    assert_ptr_equal(first->config, s->config);
    assert_int_equal(first->loaded_at, s->loaded_at);
    assert_memory_equal(&first->cookies, &s->cookies, sizeof(s->cookies));
    assert_null(anchor_at(&first->policy.anchors, name_root));
    assert_non_null(anchor_at(&first->policy.anchors, record.zone));
    assert_non_null(anchor_negative(&first->policy.anchors, negative[0]));
    assert_int_equal(second->policy.anchors.count + second->policy.anchors.negative_count, 0);
    settings_drop(s);
    settings_drop(first);
    assert_true(allows(second, "127.0.0.1"));
    assert_non_null(route_find(&second->policy, (const uint8_t *)"\4corp"));
    assert_int_equal(second->base->policy.anchors.count, 1);
    assert_int_equal(second->responder.nsid_len, 4);
    settings_drop(second);
}

static void the_last_user_frees_them(void **state)
{
    (void)state;
    struct settings *s = make("");
    settings_take(s);
    settings_drop(s);
    assert_int_equal(atomic_load(&s->users), 1);
    assert_true(allows(s, "127.0.0.1"));
    settings_drop(s);
    settings_drop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_networks_of_the_list_may_ask),
        cmocka_unit_test(by_default_this_machine_alone_may_ask),
        cmocka_unit_test(the_deepest_route_is_found),
        cmocka_unit_test(a_route_of_the_root_leaves_nothing_to_hints),
        cmocka_unit_test(the_parts_follow_the_configuration),
        cmocka_unit_test(without_hints_given_the_public_root_is_used_and_an_empty_map_is_none),
        cmocka_unit_test(the_secret_of_cookies_is_configured_or_drawn_and_kept),
        cmocka_unit_test(validation_begins_at_the_configured_anchors),
        cmocka_unit_test(other_anchors_share_all_the_rest),
        cmocka_unit_test(the_last_user_frees_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
