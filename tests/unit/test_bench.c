/* The parts of the benchmark that could make its numbers wrong: names, checks, the tree's replies and the quantiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "batch.h"
#include "histogram.h"
#include "mix.h"
#include "question.h"

enum { TYPE_A = 1, TYPE_NS = 2, TYPE_TXT = 16, TYPE_AAAA = 28, TYPE_DS = 43, TYPE_HTTPS = 65 };
enum { RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };

#define ROOT    UINT32_C(0x0a350001)
#define TLD_4   UINT32_C(0x0a350105)
#define TLD_4_B UINT32_C(0x0a350205)
#define HOST(n) (UINT32_C(0x0a360001) + (n))

static struct tree tree = {.hosts = 1000, .ttl_s = 60};
static uint8_t reply[ANSWER_SIZE];

/* Asks `address` for `name`; the reply is in `reply`. Returns its length. */
static size_t ask(uint32_t address, const char *name, uint16_t type)
{
    struct pattern p;
    uint8_t query[QUESTION_SIZE];
    assert_true(pattern_init(&p, name, type, true));
    pattern_write(&p, 0, 77, query);
    return tree_answer(&tree, (struct in_addr){htonl(address)}, query, p.len, reply);
}

static unsigned records(unsigned section)
{
    return (unsigned)(reply[4 + 2 * section] << 8 | reply[5 + 2 * section]);
}

static void a_name_shows_the_last_digits_of_its_index(void **state)
{
    (void)state;
    struct pattern p;
    uint8_t query[QUESTION_SIZE];
    assert_true(pattern_init(&p, "w.z####.t#", TYPE_A, false));
    pattern_write(&p, 1234567, 0x0102, query);
    assert_memory_equal(query, "\1\2\1\0\0\1\0\0\0\0\0\0\1w\5z4567\2t7\0\0\1\0\1", p.len);
    pattern_write(&p, 8, 0, query);
    assert_memory_equal(query + 12, "\1w\5z0008\2t8", 12);
}

static void what_is_no_name_makes_no_pattern(void **state)
{
    (void)state;
    static const char long_label[] = "0123456789012345678901234567890123456789012345678901234567890123.t1";
    struct pattern p;
    char long_name[300];
    for (size_t i = 0; i < sizeof(long_name); i++) {
        long_name[i] = i % 10 == 9 ? '.' : 'a';
    }
    long_name[sizeof(long_name) - 1] = '\0';
    assert_false(pattern_init(&p, "a..b", TYPE_A, false));
    assert_false(pattern_init(&p, long_label, TYPE_A, false));
    assert_false(pattern_init(&p, long_name, TYPE_A, true));
    assert_true(pattern_init(&p, ".", TYPE_NS, true));
}

static void a_walk_goes_from_root_over_the_domain_to_the_zone(void **state)
{
    (void)state;
    assert_true(ask(ROOT, "w.z00001234.t4", TYPE_A) > 0);
    assert_int_equal(reply[2] & 0x04, 0);
    assert_int_equal(records(1), 0);
    assert_int_equal(records(2), 2);
    assert_int_equal(records(3), 3);
    assert_true(ask(TLD_4, "w.z00001234.t4", TYPE_A) > 0);
    assert_int_equal(records(2), 2);
    assert_true(ask(HOST(234), "w.z00001234.t4", TYPE_A) > 0);
    assert_int_equal(reply[2] & 0x04, 0x04);
    assert_int_equal(records(1), 1);
}

static void both_servers_of_a_zone_answer_and_no_other(void **state)
{
    (void)state;
    ask(TLD_4_B, "z1234.t4", TYPE_NS);
    assert_int_equal(records(2), 2);
    ask(HOST(734), "z1234.t4", TYPE_NS);
    assert_int_equal(records(1), 2);
    ask(HOST(235), "z1234.t4", TYPE_NS);
    assert_int_equal(reply[3] & 15, RCODE_REFUSED);
    ask(TLD_4, "z1234.t5", TYPE_NS);
    assert_int_equal(reply[3] & 15, RCODE_REFUSED);
    assert_int_equal(ask(UINT32_C(0x0a350601), "z1234.t4", TYPE_NS), 0);
}

static void what_does_not_exist_is_denied_with_the_zones_soa(void **state)
{
    (void)state;
    ask(HOST(1), "w.z1.t4", TYPE_TXT);
    assert_int_equal(reply[3] & 15, 0);
    assert_int_equal(records(1), 0);
    assert_int_equal(records(2), 1);
    ask(HOST(1), "no.w.z1.t4", TYPE_A);
    assert_int_equal(reply[3] & 15, RCODE_NXDOMAIN);
    ask(ROOT, "t10", TYPE_A);
    assert_int_equal(reply[3] & 15, RCODE_NXDOMAIN);
    ask(TLD_4, "z1.t4", TYPE_DS);
    assert_int_equal(reply[3] & 15, 0);
    assert_int_equal(reply[2] & 0x04, 0x04);
    assert_int_equal(records(2), 1);
}

static void a_zone_has_an_alias_and_a_name_that_does_not_exist(void **state)
{
    (void)state;
    ask(HOST(234), "c.z00001234.t9", TYPE_A);
    assert_int_equal(records(1), 1);
    static const uint8_t target[] = "\1w\11z00001234\2t0";
    assert_non_null(memmem(reply, sizeof reply, target, sizeof target));
    ask(HOST(234), "x.z00001234.t4", TYPE_AAAA);
    assert_int_equal(reply[3] & 15, RCODE_NXDOMAIN);
    assert_int_equal(records(2), 1);
    ask(HOST(234), "w.z00001234.t4", TYPE_HTTPS);
    assert_int_equal(records(1), 1);
}

static void a_signed_zone_shows_its_ds_and_signatures_to_who_asks(void **state)
{
    (void)state;
    enum { KEY_LEN = 68, RRSIG_LEN = SIGNED_RRSIG_FIXED + 64, RECORD = KEY_LEN + SIGNED_DS_LEN + 3 * RRSIG_LEN };
    static uint8_t signatures[13 * RECORD];
    tree.signatures = (struct signed_tree){
        .records = signatures, .zones = 2, .key_len = KEY_LEN, .rrsig_len = RRSIG_LEN, .record_len = RECORD};
    struct pattern p;
    uint8_t query[QUESTION_SIZE];
    assert_true(pattern_init(&p, "W.Z00000001.t1", TYPE_A, true));
    pattern_write(&p, 0, 0, query);
    tree_answer(&tree, (struct in_addr){htonl(TLD_4 - 3)}, query, p.len, reply);
    assert_int_equal(records(2), 2);
    pattern_want_dnssec(&p);
    pattern_write(&p, 0, 0, query);
    tree_answer(&tree, (struct in_addr){htonl(TLD_4 - 3)}, query, p.len, reply);
    assert_int_equal(records(2), 4); /* NS, NS, DS, RRSIG */
    tree_answer(&tree, (struct in_addr){htonl(HOST(1))}, query, p.len, reply);
    assert_int_equal(records(1), 2);
    static const uint8_t signer[] = "\11z00000001\2t1";
    assert_non_null(memmem(reply + p.len, sizeof reply - p.len, signer, sizeof signer));
    ask(HOST(2), "w.z00000002.t2", TYPE_A);
    assert_int_equal(records(1), 1);
    tree.signatures.records = NULL;
}

static void broken_queries_get_no_reply(void **state)
{
    (void)state;
    struct pattern p;
    uint8_t query[QUESTION_SIZE];
    assert_true(pattern_init(&p, "w.z1.t1", TYPE_A, false));
    pattern_write(&p, 0, 0, query);
    for (size_t len = 0; len < p.len; len++) {
        assert_int_equal(tree_answer(&tree, (struct in_addr){htonl(ROOT)}, query, len, reply), 0);
    }
    query[12] = 0xc0;
    assert_int_equal(tree_answer(&tree, (struct in_addr){htonl(ROOT)}, query, p.len, reply), 0);
}

static enum verdict judge(uint64_t index, uint32_t address, const char *name, uint16_t type)
{
    struct pattern p;
    size_t len = ask(address, name, type);
    assert_true(pattern_init(&p, "w.z####.t#", type, true));
    return reply_judge(&p, index, false, reply, len);
}

static void only_the_right_answer_is_taken_for_right(void **state)
{
    (void)state;
    assert_int_equal(judge(1234, HOST(234), "w.z1234.t4", TYPE_A), VERDICT_RIGHT);
    assert_int_equal(judge(1235, HOST(234), "w.z1234.t4", TYPE_A), VERDICT_WRONG);
    assert_int_equal(judge(1234, HOST(234), "W.z1234.t4", TYPE_A), VERDICT_WRONG);
    assert_int_equal(judge(1234, HOST(234), "w.z1234.t4", TYPE_TXT), VERDICT_EMPTY);
    assert_int_equal(judge(1234, HOST(5), "w.z1234.t4", TYPE_A), VERDICT_FAILED);
    assert_int_equal(judge(1234 + 100000, HOST(234), "w.z1234.t4", TYPE_A), VERDICT_WRONG);
}

static void a_denial_is_right_only_where_it_is_due(void **state)
{
    (void)state;
    struct pattern p;
    size_t len = ask(HOST(234), "x.z1234.t4", TYPE_A);
    assert_true(pattern_init(&p, "x.z####.t#", TYPE_A, true));
    assert_int_equal(reply_judge(&p, 1234, false, reply, len), VERDICT_FAILED);
    p.rcode = RCODE_NXDOMAIN;
    assert_int_equal(reply_judge(&p, 1234, false, reply, len), VERDICT_RIGHT);
    assert_int_equal(judge(1234, HOST(234), "c.z1234.t4", TYPE_A), VERDICT_WRONG);
}

static void the_mix_has_the_shares_it_says(void **state)
{
    (void)state;
    enum { QUESTIONS = 100000 };
    static struct mix m;
    unsigned kind[MIX_KINDS] = {0};
    unsigned type[MIX_TYPES] = {0};
    unsigned dnssec = 0;
    mix_init(&m);
    for (uint64_t n = 0; n < QUESTIONS; n++) {
        size_t at = (size_t)(mix_pattern(&m, n) - &m.pattern[0][0][0]);
        dnssec += at % 2;
        type[at / 2 % MIX_TYPES]++;
        kind[at / 2 / MIX_TYPES]++;
    }
    assert_in_range(kind[1], 9000, 11000);
    assert_in_range(kind[2], 9000, 11000);
    assert_in_range(type[0], 58000, 62000);
    assert_in_range(type[2], 14000, 16000);
    assert_in_range(dnssec, 4500, 5500);
}

static void quantiles_are_exact_to_a_bucket(void **state)
{
    (void)state;
    static struct histogram h;
    assert_int_equal(histogram_quantile(&h, .5), 0);
    for (uint64_t us = 1; us <= 1000; us++) {
        histogram_add(&h, us * 1000);
    }
    assert_in_range(histogram_quantile(&h, .5), 500000, 502000);
    assert_in_range(histogram_quantile(&h, .99), 990000, 993000);
    assert_int_equal(histogram_quantile(&h, 1), 1000000);
}

static uint64_t real_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void an_answer_that_is_read_late_has_the_time_of_its_arrival(void **state)
{
    (void)state;
    static struct batch batch;
    struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(self);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int)), 0);
    assert_int_equal(bind(fd, (const void *)&self, len), 0);
    assert_int_equal(getsockname(fd, (void *)&self, &len), 0);
    assert_int_equal(connect(fd, (const void *)&self, len), 0);
    batch_init(&batch, BATCH_STAMPED);
    bool is_found = false;
    for (int tries = 0; tries < 100 && !is_found; tries++) { /* the kernel begins to stamp in its own time */
        batch.datagram[0].len = 12;
        uint64_t before = real_time();
        assert_int_equal(batch_send(&batch, fd, 1), 1);
        uint64_t after = real_time();
        usleep(2000);
        assert_int_equal(batch_receive(&batch, fd, MSG_WAITFORONE), 1);
        uint64_t arrival = batch_arrival(&batch, 0);
        is_found = arrival >= before && arrival <= after;
    }
    assert_true(is_found);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_is_read_late_has_the_time_of_its_arrival),
        cmocka_unit_test(a_name_shows_the_last_digits_of_its_index),
        cmocka_unit_test(what_is_no_name_makes_no_pattern),
        cmocka_unit_test(a_walk_goes_from_root_over_the_domain_to_the_zone),
        cmocka_unit_test(both_servers_of_a_zone_answer_and_no_other),
        cmocka_unit_test(what_does_not_exist_is_denied_with_the_zones_soa),
        cmocka_unit_test(a_zone_has_an_alias_and_a_name_that_does_not_exist),
        cmocka_unit_test(a_signed_zone_shows_its_ds_and_signatures_to_who_asks),
        cmocka_unit_test(broken_queries_get_no_reply),
        cmocka_unit_test(only_the_right_answer_is_taken_for_right),
        cmocka_unit_test(a_denial_is_right_only_where_it_is_due),
        cmocka_unit_test(the_mix_has_the_shares_it_says),
        cmocka_unit_test(quantiles_are_exact_to_a_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
