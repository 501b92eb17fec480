#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "resolver/net/udp_run.h"

/* As udp.c keeps them: all parts side by side. */
struct fixture {
    struct udp_runs runs;
    struct mmsghdr datagrams[UDP_BATCH];
    struct iovec parts[UDP_BATCH];
    struct sockaddr_storage peers[UDP_BATCH];
    uint8_t bytes[UDP_BATCH][UDP_OUT_MAX];
    unsigned count;
};

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    assert_non_null(*state);
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* `count` datagrams of `len` octets, each filled with its own number. */
static void add(struct fixture *f, const char *peer, unsigned count, size_t len)
{
    struct addr a;
    assert_int_equal(addr_parse(peer, 53, &a), FAIL_NONE);
    for (unsigned i = 0; i < count; i++) {
        unsigned at = f->count++;
        memset(f->bytes[at], (int)at, sizeof(f->bytes[at]));
        f->parts[at] = (struct iovec){.iov_base = f->bytes[at], .iov_len = len};
        f->datagrams[at].msg_hdr = (struct msghdr){.msg_name = &f->peers[at],
                                                   .msg_namelen = addr_to_sockaddr(&a, &f->peers[at]),
                                                   .msg_iov = &f->parts[at],
                                                   .msg_iovlen = 1};
    }
}

/* The numbers of datagrams in the messages, ending in 0. */
static void expect_messages(struct fixture *f, const unsigned *numbers)
{
    unsigned messages = udp_runs_join(&f->runs, f->datagrams, f->count), start = 0, i;
    for (i = 0; numbers[i] != 0; i++) {
        assert_true(i < messages);
        assert_int_equal(f->runs.messages[i].msg_hdr.msg_iovlen, numbers[i]);
        assert_ptr_equal(f->runs.messages[i].msg_hdr.msg_iov, &f->parts[start]);
        assert_ptr_equal(f->runs.messages[i].msg_hdr.msg_name, &f->peers[start]);
        start += numbers[i];
        assert_int_equal(udp_runs_datagrams(&f->runs, i + 1), start);
    }
    assert_int_equal(messages, i);
}

#define EXPECT_MESSAGES(f, ...) expect_messages(f, (const unsigned[]){__VA_ARGS__, 0})

static void equal_lengths_to_one_port_are_joined(void **state)
{
    struct fixture *f = *state;
    add(f, "127.0.0.9@4000", 5, 80);
    add(f, "::1@4000", 6, 80);
    EXPECT_MESSAGES(f, 5, 6);
}

static void another_port_or_length_ends_a_run(void **state)
{
    struct fixture *f = *state;
    add(f, "127.0.0.9@4000", 4, 80);
    add(f, "127.0.0.9@4001", 4, 80);
    add(f, "127.0.0.8@4001", 4, 80);
    add(f, "127.0.0.8@4001", 4, 79);
    EXPECT_MESSAGES(f, 4, 4, 4, 4);
}

static void a_few_stay_single(void **state)
{
    struct fixture *f = *state;
    add(f, "127.0.0.9@4000", UDP_RUN_MIN - 1, 80);
    add(f, "127.0.0.9@4001", UDP_RUN_MIN - 1, 80);
    EXPECT_MESSAGES(f, 1, 1, 1, 1, 1, 1);
}

static void other_machines_get_single_datagrams(void **state)
{
    struct fixture *f = *state;
    add(f, "192.0.2.1@4000", 4, 80);
    add(f, "2001:db8::1@4000", 4, 80);
    EXPECT_MESSAGES(f, 1, 1, 1, 1, 1, 1, 1, 1);
}

static void runs_fit_into_a_datagram(void **state)
{
    struct fixture *f = *state;
    add(f, "127.0.0.9@4000", UDP_RUN_MAX + 5, UDP_RUN_LEN_MAX);
    add(f, "127.0.0.9@4000", 4, UDP_RUN_LEN_MAX + 1);
    EXPECT_MESSAGES(f, UDP_RUN_MAX, 5, 1, 1, 1, 1);
}

static void the_address_that_was_asked_must_be_the_same(void **state)
{
    struct fixture *f = *state;
    alignas(struct cmsghdr) uint8_t control[9][CMSG_SPACE(sizeof(struct in_pktinfo))] = {{0}};
    add(f, "127.0.0.9@4000", 9, 80);
    for (unsigned i = 0; i < 9; i++) {
        control[i][CMSG_LEN(0)] = i < 5 ? 1 : 2;
        f->datagrams[i].msg_hdr.msg_control = control[i];
        f->datagrams[i].msg_hdr.msg_controllen = sizeof(control[i]);
    }
    EXPECT_MESSAGES(f, 5, 4);
    for (unsigned i = 0; i < 2; i++) {
        const struct msghdr *h = &f->runs.messages[i].msg_hdr;
        assert_memory_equal(h->msg_control, control[i * 5], sizeof(control[0]));
        assert_int_equal(h->msg_controllen, sizeof(control[0]) + CMSG_SPACE(sizeof(uint16_t)));
    }
}

static void nothing_is_joined_once_the_system_refused(void **state)
{
    struct fixture *f = *state;
    add(f, "192.0.2.1@4000", 1, 80);
    add(f, "127.0.0.9@4000", 4, 80);
    EXPECT_MESSAGES(f, 1, 4);
    assert_false(udp_runs_give_up(&f->runs)); /* that was not the run's fault */
    EXPECT_MESSAGES(f, 1, 4);
    udp_runs_join(&f->runs, f->datagrams + 1, 4);
    assert_true(udp_runs_give_up(&f->runs));
    EXPECT_MESSAGES(f, 1, 1, 1, 1, 1);
    assert_false(udp_runs_give_up(&f->runs));
}

/* Whoever asks for it with UDP_GRO gets a run as it left; others get its datagrams. */
static void the_system_cuts_a_run_into_what_was_joined(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    const int on = 1;
    const struct timeval patience = {.tv_sec = 2};
    uint8_t got[1000];
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    add(f, "127.0.0.1", 5, 80);
    for (unsigned i = 0; i < 5; i++) {
        memcpy(&f->peers[i], &at, sizeof(at));
    }
    EXPECT_MESSAGES(f, 5);
    assert_int_equal(sendmmsg(fd, f->runs.messages, 1, 0), 1);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(recv(fd, got, sizeof(got), 0), 80);
        assert_memory_equal(got, f->bytes[i], 80);
    }
    assert_int_equal(setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)), 0);
    assert_int_equal(sendmmsg(fd, f->runs.messages, 1, 0), 1);
    assert_int_equal(recv(fd, got, sizeof(got), 0), 5 * 80);
    assert_memory_equal(got + 4 * 80, f->bytes[4], 80);
    close(fd);
}

int main(void)
{
#define RUN_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        RUN_TEST(equal_lengths_to_one_port_are_joined),
        RUN_TEST(another_port_or_length_ends_a_run),
        RUN_TEST(a_few_stay_single),
        RUN_TEST(other_machines_get_single_datagrams),
        RUN_TEST(runs_fit_into_a_datagram),
        RUN_TEST(the_address_that_was_asked_must_be_the_same),
        RUN_TEST(nothing_is_joined_once_the_system_refused),
        RUN_TEST(the_system_cuts_a_run_into_what_was_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
