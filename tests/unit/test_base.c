#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolver/base/addr.h"
#include "resolver/base/arena.h"
#include "resolver/base/clock.h"
#include "resolver/base/fail.h"
#include "resolver/base/hash.h"
#include "resolver/base/log.h"
#include "resolver/base/pool.h"
#include "resolver/base/rand.h"
#include "resolver/base/table.h"

/* ---- arena ---- */

static void an_arena_hands_out_zeroed_aligned_memory(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t size = 1; size < 20000; size = size * 3 + 1) {
        uint8_t *piece = arena_take(&a, size);
        assert_non_null(piece);
        assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(piece[i], 0);
        }
        memset(piece, 0xff, size);
    }
    arena_fini(&a);
    assert_int_equal(a.used, 0);
}

static void the_cap_of_an_arena_is_hard(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1000);
    assert_null(arena_take(&a, 1001));
    assert_null(arena_take(&a, SIZE_MAX));
    assert_null(arena_take(&a, SIZE_MAX - 8));
    assert_non_null(arena_take(&a, 900));
    assert_null(arena_take(&a, 200));
    assert_non_null(arena_take(&a, 16));
    assert_true(a.used <= 1000);
    arena_fini(&a);
}

static void a_reset_arena_is_empty_zeroed_and_keeps_a_block(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    memset(arena_take(&a, 4000), 0xff, 4000);
    struct arena_block *block = a.blocks;
    arena_reset(&a);
    assert_int_equal(a.used, 0);
    assert_ptr_equal(a.blocks, block);
    const uint8_t *piece = arena_take(&a, 4000);
    for (size_t i = 0; i < 4000; i++) {
        assert_int_equal(piece[i], 0);
    }
    assert_non_null(arena_take(&a, 100000)); /* a block of its own, not worth keeping */
    arena_reset(&a);
    assert_int_equal(a.used, 0);
    assert_non_null(arena_take(&a, 10));
    arena_fini(&a);
}

static void an_arena_copies_even_nothing(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100);
    assert_memory_equal(arena_copy(&a, "abc", 4), "abc", 4);
    assert_non_null(arena_copy(&a, NULL, 0));
    assert_null(arena_copy(&a, "abc", 4000));
    arena_fini(&a);
}

/* ---- pool ---- */

static void a_pool_gives_back_the_latest_first_and_keeps_a_bounded_number(void **state)
{
    (void)state;
    struct pool p = {0};
    void *pieces[1000];
    for (unsigned i = 0; i < 1000; i++) {
        pieces[i] = pool_take(&p, 48);
        assert_non_null(pieces[i]);
        memset(pieces[i], 0xff, 48);
    }
    for (unsigned i = 0; i < 1000; i++) {
        pool_give(&p, pieces[i]);
        assert_true(p.count <= pool_spares_max);
    }
    if (pool_spares_max > 0) {
        assert_ptr_equal(pool_take(&p, 48), pieces[pool_spares_max - 1]);
        free(pieces[pool_spares_max - 1]);
    }
    pool_drain(&p);
    assert_null(p.spares);
    assert_int_equal(p.count, 0);
}

/* ---- addr ---- */

static void addresses_parse_and_print(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1@53"},
        {"192.0.2.1@5300", "192.0.2.1@5300"},
        {"2001:DB8::1", "2001:db8::1@53"},
        {"::1@65535", "::1@65535"},
        {"::", "::@53"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct addr a;
        char text[ADDR_TEXT_SIZE];
        assert_int_equal(addr_parse(cases[i].text, 53, &a), FAIL_NONE);
        assert_string_equal(addr_text(&a, text), cases[i].printed);
    }
    char text[ADDR_TEXT_SIZE];
    assert_string_equal(addr_text(&(struct addr){0}, text), "none");
    assert_string_equal(addr_text(&(struct addr){.octets = {10}, .len = 4}, text), "10.0.0.0");
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "192.0.2",
                                      "192.0.2.256",
                                      "192.0.2.1@",
                                      "192.0.2.1@0",
                                      "192.0.2.1@65536",
                                      "192.0.2.1@-1",
                                      "192.0.2.1@5x",
                                      "::1@@53",
                                      "[::1]",
                                      "::g",
                                      "192.0.2.1 ",
                                      "localhost",
                                      "fe80::1%lo",
                                      "@53",
                                      "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct addr a;
        struct addr_net net;
        assert_int_equal(addr_parse(bad[i], 53, &a), FAIL_SYNTAX);
        assert_int_equal(addr_net_parse(bad[i], &net), FAIL_SYNTAX);
    }
}

static void addresses_survive_the_socket_form(void **state)
{
    (void)state;
    static const char *const texts[] = {"192.0.2.1@53", "2001:db8::1@5353"};
    for (size_t i = 0; i < 2; i++) {
        struct addr a;
        struct sockaddr_storage ss;
        assert_int_equal(addr_parse(texts[i], 0, &a), FAIL_NONE);
        assert_true(addr_to_sockaddr(&a, &ss) > 0);
        struct addr back = addr_from_sockaddr((const struct sockaddr *)&ss);
        assert_true(addr_equal(&a, &back));
        back.port++;
        assert_false(addr_equal(&a, &back));
        assert_true(addr_same_host(&a, &back));
    }
    assert_int_equal(addr_from_sockaddr(&(struct sockaddr){.sa_family = AF_UNIX}).len, 0);
}

static void a_mapped_address_is_the_ipv4_address_it_stands_for(void **state)
{
    (void)state;
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
    struct addr expected;
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6.sin6_addr), 1);
    assert_int_equal(addr_parse("192.0.2.1", 53, &expected), FAIL_NONE);
    struct addr a = addr_from_sockaddr((const struct sockaddr *)&in6);
    assert_true(addr_equal(&a, &expected));
}

static bool net_has(const char *net_text, const char *addr)
{
    struct addr_net net;
    struct addr a;
    assert_int_equal(addr_net_parse(net_text, &net), FAIL_NONE);
    assert_int_equal(addr_parse(addr, 0, &a), FAIL_NONE);
    return addr_net_has(&net, &a);
}

static void networks_hold_their_addresses(void **state)
{
    (void)state;
    assert_true(net_has("10.0.0.0/8", "10.255.0.1"));
    assert_false(net_has("10.0.0.0/8", "11.0.0.1"));
    assert_true(net_has("192.0.2.128/25", "192.0.2.200"));
    assert_false(net_has("192.0.2.128/25", "192.0.2.127"));
    assert_true(net_has("192.0.2.1", "192.0.2.1"));
    assert_false(net_has("192.0.2.1", "192.0.2.2"));
    assert_true(net_has("0.0.0.0/0", "203.0.113.9"));
    assert_false(net_has("0.0.0.0/0", "::1"));
    assert_true(net_has("fc00::/7", "fdff::1"));
    assert_false(net_has("fc00::/7", "fe00::1"));
    assert_true(net_has("::/0", "2001:db8::"));
    assert_false(net_has("::/0", "192.0.2.1"));
}

static void networks_with_host_bits_or_wrong_prefixes_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x",
                                      "::1/127",    "::/129",      "/8",        "10.0.0.0/8/8"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct addr_net net;
        assert_int_equal(addr_net_parse(bad[i], &net), FAIL_SYNTAX);
    }
    struct addr_net net;
    char text[ADDR_TEXT_SIZE];
    assert_int_equal(addr_net_parse("2001:db8::/32", &net), FAIL_NONE);
    assert_string_equal(addr_net_text(&net, text), "2001:db8::/32");
}

/* ---- hash, rand, clock, fail ---- */

/* SipHash-1-3 with a zero key; vectors from another implementation. */
static void checksums_are_the_same_in_every_process(void **state)
{
    (void)state;
    uint64_t empty = hash_bytes("", 0);
    assert_int_equal(hash_checksum("", 0), (uint32_t)(empty ^ empty >> 32));
    assert_int_equal(hash_bytes("abc", 3), hash_bytes("abc", 3));
    uint32_t before = hash_checksum("cairn", 5);
    uint64_t unkeyed = hash_bytes("cairn", 5);
    hash_start();
    assert_int_equal(hash_checksum("cairn", 5), before);
    assert_true(hash_bytes("cairn", 5) != unkeyed);
}

static void a_checksum_sees_every_flipped_bit(void **state)
{
    (void)state;
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    for (size_t len = 1; len <= sizeof(bytes); len++) {
        uint32_t whole = hash_checksum(bytes, len);
        assert_true(hash_checksum(bytes, len - 1) != whole);
        for (size_t bit = 0; bit < len * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_true(hash_checksum(bytes, len) != whole);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

/* The last octets of the vectors that SipHash's authors published, and lengths around a word. */
static void siphash_gives_what_its_authors_say(void **state)
{
    static const struct {
        size_t len;
        uint8_t hash[8];
    } vectors[] = {{0, {0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72}},
                   {1, {0xfd, 0x67, 0xdc, 0x93, 0xc5, 0x39, 0xf8, 0x74}},
                   {8, {0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93}},
                   {15, {0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1}}};
    uint8_t bytes[HASH_SECRET_SIZE], out[8];
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        hash_siphash(bytes, bytes, vectors[i].len, out);
        assert_memory_equal(out, vectors[i].hash, sizeof(out));
    }
}

static void random_numbers_stay_below_their_bound_and_reach_all_of_it(void **state)
{
    (void)state;
    unsigned seen = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t n = rand_below(10);
        assert_true(n < 10);
        seen |= 1u << n;
    }
    assert_int_equal(seen, 0x3ff);
    assert_int_equal(rand_below(1), 0);
    uint8_t a[32] = {0}, b[32] = {0};
    rand_bytes(a, sizeof(a));
    rand_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    uint8_t large[20000] = {0};
    rand_bytes(large, sizeof(large));
    rand_bytes(NULL, 0);
}

static void clocks_never_step_back(void **state)
{
    (void)state;
    clock_start();
    uint64_t ms = clock_now();
    uint64_t ns = clock_ticks();
    assert_true(ms / 1000 + 2 >= (uint64_t)clock_wall() && ms / 1000 <= (uint64_t)clock_wall() + 2);
    for (int i = 0; i < 1000; i++) {
        assert_true(clock_now() >= ms && clock_ticks() >= ns);
        ms = clock_now();
        ns = clock_ticks();
    }
}

static void every_result_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (int code = FAIL_BUSY; code <= FAIL_NONE; code++) {
        assert_string_not_equal(fail_text(code), fail_text(1));
        for (int other = FAIL_BUSY; other < code; other++) {
            assert_string_not_equal(fail_text(code), fail_text(other));
        }
    }
}

/* ---- table ---- */

struct item {
    int number;
    struct table_node node;
};

static bool is_number(struct table_node *node, const void *key)
{
    return TABLE_OWNER(node, struct item, node)->number == *(const int *)key;
}

static void a_table_finds_what_was_added_and_not_removed(void **state)
{
    (void)state;
    static struct item items[200];
    struct table t;
    assert_int_equal(table_init(&t), FAIL_NONE);
    for (int i = 0; i < 200; i++) {
        items[i].number = i;
        table_add(&t, &items[i].node, (uint64_t)(i % 50)); /* four of each hash */
    }
    assert_int_equal(t.count, 200);
    for (int i = 0; i < 200; i += 2) {
        table_remove(&t, &items[i].node);
    }
    for (int i = 0; i < 200; i++) {
        struct table_node *found = table_find(&t, (uint64_t)(i % 50), is_number, &i);
        assert_ptr_equal(found, i % 2 == 0 ? NULL : &items[i].node);
    }
    size_t left = 0;
    for (struct table_node *node; (node = table_any(&t)) != NULL; left++) {
        table_remove(&t, node);
    }
    assert_int_equal(left, 100);
    assert_int_equal(t.count, 0);
    table_fini(&t);
}

static void a_table_grows_with_its_nodes(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static struct item items[COUNT];
    struct table t;
    assert_int_equal(table_init(&t), FAIL_NONE);
    assert_true(t.mask < 100);
    for (int i = 0; i < COUNT; i++) {
        items[i].number = i;
        table_add(&t, &items[i].node, (uint64_t)i * 7);
        assert_true(t.count <= t.mask + 1);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_ptr_equal(table_find(&t, (uint64_t)i * 7, is_number, &i), &items[i].node);
        table_remove(&t, &items[i].node);
        assert_null(table_find(&t, (uint64_t)i * 7, is_number, &i));
    }
    assert_int_equal(t.count, 0);
    table_fini(&t);
}

/* ---- log ---- */

/* What `write_lines` sends to standard error, zero-ended. */
static size_t capture(void (*write_lines)(void), char *out, size_t size)
{
    int ends[2];
    int saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    write_lines();
    dup2(saved, STDERR_FILENO);
    close(saved);
    size_t len = 0;
    for (ssize_t got; len < size - 1 && (got = read(ends[0], out + len, size - 1 - len)) > 0;) {
        len += (size_t)got;
    }
    close(ends[0]);
    out[len] = '\0';
    return len;
}

static void write_one_of_each(void)
{
    char quoted[LOG_QUOTE_SIZE];
    log_error("broke", "why=%s", log_quote("a \"b\" \\ \n \x7f", quoted));
    log_warn("odd", "count=%d", 7);
    log_info("started", "zone=%s serial=%u", "example.", 42u);
    log_debug("detail", "x=%d", 1);
}

static void log_lines_are_logfmt(void **state)
{
    (void)state;
    char text[4096];
    capture(write_one_of_each, text, sizeof(text));
    assert_true(strncmp(text, "ts=", 3) == 0);
    assert_non_null(strstr(text, " level=error event=broke why=\"a \\\"b\\\" \\\\ \\u000a \\u007f\"\n"));
    assert_non_null(strstr(text, " level=warn event=odd count=7\n"));
    assert_non_null(strstr(text, " level=info event=started zone=example. serial=42\n"));
    assert_null(strstr(text, "detail"));
}

static void log_lines_are_json_when_asked_for(void **state)
{
    (void)state;
    char text[4096];
    log_setup(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    capture(write_one_of_each, text, sizeof(text));
    assert_true(log_wants(LOG_LEVEL_DEBUG));
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    assert_false(log_wants(LOG_LEVEL_DEBUG));
    assert_true(strncmp(text, "{\"ts\":\"", 7) == 0);
    assert_non_null(
        strstr(text, "\"level\":\"error\",\"event\":\"broke\",\"why\":\"a \\\"b\\\" \\\\ \\u000a \\u007f\"}\n"));
    assert_non_null(strstr(text, "\"event\":\"started\",\"zone\":\"example.\",\"serial\":42}\n"));
    assert_non_null(strstr(text, "\"event\":\"detail\",\"x\":1}\n"));
}

static void write_many(void)
{
    for (int i = 0; i < 100; i++) {
        log_limited(LOG_LEVEL_WARN, "flood", "i=%d", i);
    }
}

static void lines_that_strangers_cause_are_limited(void **state)
{
    (void)state;
    char text[16384];
    unsigned lines = 0;
    capture(write_many, text, sizeof(text));
    for (const char *at = text; (at = strstr(at, "event=flood")) != NULL; at++) {
        lines++;
    }
    assert_in_range(lines, 1, 10); /* five per second, and a second may end in between */
}

static void a_quoted_text_is_cut_to_fit(void **state)
{
    (void)state;
    char quoted[LOG_QUOTE_SIZE];
    char text[2 * LOG_QUOTE_SIZE];
    memset(text, 1, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    log_quote(text, quoted);
    assert_true(strlen(quoted) < LOG_QUOTE_SIZE);
    assert_int_equal(quoted[strlen(quoted) - 1], '"');
    assert_string_equal(log_quote("", quoted), "\"\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_hands_out_zeroed_aligned_memory),
        cmocka_unit_test(the_cap_of_an_arena_is_hard),
        cmocka_unit_test(a_reset_arena_is_empty_zeroed_and_keeps_a_block),
        cmocka_unit_test(an_arena_copies_even_nothing),
        cmocka_unit_test(a_pool_gives_back_the_latest_first_and_keeps_a_bounded_number),
        cmocka_unit_test(addresses_parse_and_print),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(addresses_survive_the_socket_form),
        cmocka_unit_test(a_mapped_address_is_the_ipv4_address_it_stands_for),
        cmocka_unit_test(networks_hold_their_addresses),
        cmocka_unit_test(networks_with_host_bits_or_wrong_prefixes_are_refused),
        cmocka_unit_test(checksums_are_the_same_in_every_process),
        cmocka_unit_test(a_checksum_sees_every_flipped_bit),
        cmocka_unit_test(siphash_gives_what_its_authors_say),
        cmocka_unit_test(random_numbers_stay_below_their_bound_and_reach_all_of_it),
        cmocka_unit_test(clocks_never_step_back),
        cmocka_unit_test(every_result_has_a_text_of_its_own),
        cmocka_unit_test(a_table_finds_what_was_added_and_not_removed),
        cmocka_unit_test(a_table_grows_with_its_nodes),
        cmocka_unit_test(log_lines_are_logfmt),
        cmocka_unit_test(log_lines_are_json_when_asked_for),
        cmocka_unit_test(lines_that_strangers_cause_are_limited),
        cmocka_unit_test(a_quoted_text_is_cut_to_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
