#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "resolver/net/listen.h"
#include "resolver/net/udp.h"

#define KEPT_MAX 512

struct fixture {
    struct event_base *base;
    struct listen_sockets sockets;
    struct udp *udp;
    bool later; /* keep the ways back instead of answering at once */
    struct udp_from kept[KEPT_MAX];
    unsigned handled, batches, rests;
    int answered; /* a client's socket; not -1: rest must find an answer on it */
    size_t longest;
};

/* Answers with the datagram itself and '!' behind it; "silence" with nothing. */
static size_t handle(void *arg, const struct udp_packet *in, uint8_t *out, size_t size)
{
    struct fixture *f = arg;
    f->kept[f->handled++ % KEPT_MAX] = in->from;
    f->longest = in->len > f->longest ? in->len : f->longest;
    if (f->later || (in->len == 7 && memcmp(in->bytes, "silence", 7) == 0)) {
        return 0;
    }
    assert_true(size > in->len);
    memcpy(out, in->bytes, in->len);
    out[in->len] = '!';
    return in->len + 1;
}

static void batch_end(void *arg)
{
    struct fixture *f = arg;
    f->batches++;
}

static void rest(void *arg)
{
    struct fixture *f = arg;
    char got[64];
    f->rests++;
    assert_true(f->answered < 0 || recv(f->answered, got, sizeof(got), MSG_DONTWAIT) > 0);
}

static void listen_on(struct fixture *f, const char *address)
{
    struct addr a;
    char why[LISTEN_WHY_SIZE];
    const struct udp_handler handler = {.arg = f, .handle = handle, .batch_end = batch_end, .rest = rest};
    assert_int_equal(addr_parse(address, 0, &a), FAIL_NONE);
    assert_int_equal(listen_open(&a, 1, &f->sockets, why), FAIL_NONE);
    assert_true(f->sockets.address.port != 0);
    f->udp = udp_new(f->base, &handler);
    assert_non_null(f->udp);
    assert_int_equal(udp_add(f->udp, f->sockets.udp[0], &f->sockets.address), FAIL_NONE);
    f->sockets.udp[0] = -1;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->base = event_base_new();
    f->answered = -1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->udp != NULL) {
        udp_free(f->udp);
    }
    listen_close(&f->sockets);
    event_base_free(f->base);
    free(f);
    return 0;
}

/* A client's socket bound to `from` (NULL: any) and connected to the listener's port at `to`. */
static int client(struct fixture *f, const char *from, const char *to)
{
    struct addr a;
    struct sockaddr_storage sa;
    assert_int_equal(addr_parse(to, f->sockets.address.port, &a), FAIL_NONE);
    int fd = socket(a.len == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_sec = 2};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (from != NULL) {
        struct addr local;
        assert_int_equal(addr_parse(from, 0, &local), FAIL_NONE);
        socklen_t len = addr_to_sockaddr(&local, &sa);
        assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
    }
    socklen_t len = addr_to_sockaddr(&a, &sa);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
    return fd;
}

static void turn(struct fixture *f)
{
    event_base_loop(f->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void expect(int fd, const char *text)
{
    char got[64] = {0};
    assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), (ssize_t)strlen(text));
    assert_string_equal(got, text);
}

static void a_datagram_is_answered_at_once(void **state)
{
    struct fixture *f = *state;
    listen_on(f, "127.0.0.1");
    int fd = client(f, "127.0.0.9", "127.0.0.1");
    send(fd, "hello", 5, 0);
    turn(f);
    expect(fd, "hello!");
    assert_int_equal(f->kept[0].peer.octets[3], 9);
    assert_true(addr_equal(&f->kept[0].local, &f->sockets.address));
    assert_int_equal(f->batches, 1);
    close(fd);
}

static void what_rests_comes_when_the_answers_have_left(void **state)
{
    struct fixture *f = *state;
    listen_on(f, "127.0.0.1");
    f->answered = client(f, NULL, "127.0.0.1");
    for (unsigned i = 0; i < UDP_BATCH + 1; i++) {
        send(f->answered, "hello", 5, 0);
    }
    turn(f);
    assert_int_equal(f->batches, 2);
    assert_int_equal(f->rests, 1);
    assert_int_equal(recv(f->answered, NULL, 0, MSG_DONTWAIT), 0);
    close(f->answered);
}

static void silence_and_later_answers_are_possible(void **state)
{
    struct fixture *f = *state;
    listen_on(f, "127.0.0.1");
    int fd = client(f, NULL, "127.0.0.1");
    send(fd, "silence", 7, 0);
    send(fd, "speech", 6, 0);
    turn(f);
    expect(fd, "speech!");
    udp_send(f->udp, &f->kept[0], (const uint8_t *)"at last", 7);
    assert_int_equal(recv(fd, NULL, 0, MSG_DONTWAIT), -1);
    turn(f);
    expect(fd, "at last");
    udp_send(f->udp, &f->kept[0], (const uint8_t *)"at once", 7);
    udp_flush(f->udp);
    expect(fd, "at once");
    turn(f);
    assert_int_equal(recv(fd, NULL, 0, MSG_DONTWAIT), -1);
    close(fd);
}

static void answers_come_from_the_address_that_was_asked(void **state)
{
    struct fixture *f = *state;
    listen_on(f, "0.0.0.0");
    int first = client(f, NULL, "127.0.0.2");
    int second = client(f, NULL, "127.0.0.77");
    send(first, "one", 3, 0);
    send(second, "two", 3, 0);
    turn(f);
    expect(first, "one!");
    expect(second, "two!");
    for (unsigned i = 0; i < 2; i++) {
        udp_send(f->udp, &f->kept[i], (const uint8_t *)"again", 5);
        assert_int_equal(f->kept[i].local.octets[0], 127);
    }
    turn(f);
    expect(first, "again");
    expect(second, "again");
    close(first);
    close(second);
}

static void the_same_holds_for_ipv6(void **state)
{
    struct fixture *f = *state;
    listen_on(f, "::");
    int fd = client(f, NULL, "::1");
    send(fd, "six", 3, 0);
    turn(f);
    expect(fd, "six!");
    assert_int_equal(f->kept[0].local.octets[15], 1);
    udp_send(f->udp, &f->kept[0], (const uint8_t *)"later", 5);
    turn(f);
    expect(fd, "later");
    close(fd);
}

static void many_datagrams_are_read_in_batches_over_several_turns(void **state)
{
    enum { COUNT = 400 };
    struct fixture *f = *state;
    listen_on(f, "127.0.0.1");
    int fd = client(f, NULL, "127.0.0.1");
    int size = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(send(fd, &i, sizeof(i), 0), sizeof(i));
    }
    turn(f);
    assert_int_equal(f->handled, 4 * UDP_BATCH);
    assert_int_equal(f->batches, 4);
    turn(f);
    assert_int_equal(f->handled, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint8_t got[8];
        uint32_t number;
        assert_int_equal(recv(fd, got, sizeof(got), 0), 5);
        memcpy(&number, got, sizeof(number));
        assert_int_equal(number, i);
    }
    struct udp_stats stats;
    udp_stats_read(f->udp, &stats);
    assert_int_equal(stats.received, COUNT);
    assert_int_equal(stats.sent, COUNT);
    close(fd);
}

static void many_later_answers_leave_in_one_turn(void **state)
{
    enum { COUNT = 200 };
    struct fixture *f = *state;
    f->later = true;
    listen_on(f, "127.0.0.1");
    int fd = client(f, NULL, "127.0.0.1");
    for (unsigned i = 0; i < COUNT; i++) {
        send(fd, "x", 1, 0);
    }
    turn(f);
    assert_int_equal(f->handled, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        udp_send(f->udp, &f->kept[i], (const uint8_t *)"answer", 6);
    }
    turn(f);
    for (unsigned i = 0; i < COUNT; i++) {
        expect(fd, "answer");
    }
    close(fd);
}

/* udp.c calls this for sendmmsg(2), see CMakeLists.txt. */
static struct {
    bool refuses_runs;
    unsigned runs;
} sending;

int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    for (unsigned i = 0; i < count; i++) {
        if (messages[i].msg_hdr.msg_iovlen > 1) {
            sending.runs++;
            if (sending.refuses_runs && i == 0) {
                errno = EIO;
                return -1;
            }
            count = sending.refuses_runs ? i : count; /* those before it leave */
        }
    }
    return __real_sendmmsg(fd, messages, count, flags);
}

static void ask_and_expect(struct fixture *f, int fd, unsigned count)
{
    char text[20];
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "ask%02u", i);
        send(fd, text, strlen(text), 0);
    }
    turn(f);
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "ask%02u!", i);
        expect(fd, text);
    }
}

/* udp_run.h; at once and later, from a listener on one address and on all. */
static void many_answers_to_one_port_leave_as_one(void **state)
{
    struct fixture *f = *state;
    listen_on(f, "0.0.0.0");
    int fd = client(f, NULL, "127.0.0.1");
    sending.runs = 0;
    ask_and_expect(f, fd, 10);
    assert_int_equal(sending.runs, 1);
    for (unsigned i = 0; i < 10; i++) {
        udp_send(f->udp, &f->kept[i], (const uint8_t *)"later", 5);
    }
    turn(f);
    for (unsigned i = 0; i < 10; i++) {
        expect(fd, "later");
    }
    assert_int_equal(sending.runs, 2);
    struct udp_stats stats;
    udp_stats_read(f->udp, &stats);
    assert_int_equal(stats.sent, 20);
    close(fd);
}

static void all_answers_leave_though_the_system_takes_no_runs(void **state)
{
    struct fixture *f = *state;
    listen_on(f, "127.0.0.1");
    int fd = client(f, NULL, "127.0.0.1");
    sending.refuses_runs = true;
    sending.runs = 0;
    ask_and_expect(f, fd, 10);
    ask_and_expect(f, fd, 10);
    sending.refuses_runs = false;
    assert_int_equal(sending.runs, 1); /* not tried again */
    struct udp_stats stats;
    udp_stats_read(f->udp, &stats);
    assert_int_equal(stats.sent, 20);
    assert_int_equal(stats.send_failed, 0);
    close(fd);
}

static void an_answer_to_nobody_does_not_hold_up_others(void **state)
{
    struct fixture *f = *state;
    f->later = true;
    listen_on(f, "127.0.0.1");
    int gone = client(f, NULL, "127.0.0.1");
    int fd = client(f, NULL, "127.0.0.1");
    send(gone, "x", 1, 0);
    send(fd, "x", 1, 0);
    turn(f);
    close(gone);
    struct udp_from nowhere = f->kept[0];
    nowhere.peer.octets[0] = 255;
    nowhere.peer.octets[1] = nowhere.peer.octets[2] = nowhere.peer.octets[3] = 255;
    udp_send(f->udp, &nowhere, (const uint8_t *)"answer", 6);
    udp_send(f->udp, &f->kept[0], (const uint8_t *)"answer", 6);
    udp_send(f->udp, &f->kept[1], (const uint8_t *)"answer", 6);
    turn(f);
    expect(fd, "answer");
    send(fd, "y", 1, 0);
    turn(f);
    assert_int_equal(f->handled, 3);
    struct udp_stats stats;
    udp_stats_read(f->udp, &stats);
    assert_int_equal(stats.send_failed, 1);
    close(fd);
}

static void what_seems_to_come_from_ourselves_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct addr own;
    struct sockaddr_storage sa;
    struct udp_stats stats;
    const int on = 1;
    listen_on(f, "127.0.0.1");
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    assert_int_equal(addr_parse("127.0.0.2", f->sockets.address.port, &own), FAIL_NONE);
    socklen_t len = addr_to_sockaddr(&own, &sa);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
    assert_int_equal(udp_add(f->udp, dup(fd), &own), FAIL_NONE); /* as a second address of ours */
    len = addr_to_sockaddr(&f->sockets.address, &sa);
    sendto(fd, "loop", 4, 0, (struct sockaddr *)&sa, len);
    turn(f);
    assert_int_equal(f->handled, 0);
    udp_stats_read(f->udp, &stats);
    assert_int_equal(stats.dropped, 1);
    close(fd);
}

static void a_long_datagram_arrives_cut_and_an_empty_one_empty(void **state)
{
    struct fixture *f = *state;
    f->later = true;
    listen_on(f, "127.0.0.1");
    int fd = client(f, NULL, "127.0.0.1");
    static const uint8_t bytes[9000];
    send(fd, bytes, sizeof(bytes), 0);
    send(fd, bytes, 0, 0);
    turn(f);
    assert_int_equal(f->handled, 2);
    assert_int_equal(f->longest, UDP_IN_MAX);
    close(fd);
}

static void after_stop_only_answers_leave(void **state)
{
    struct fixture *f = *state;
    f->later = true;
    listen_on(f, "127.0.0.1");
    int fd = client(f, NULL, "127.0.0.1");
    send(fd, "x", 1, 0);
    turn(f);
    udp_stop(f->udp);
    send(fd, "x", 1, 0);
    turn(f);
    assert_int_equal(f->handled, 1);
    udp_send(f->udp, &f->kept[0], (const uint8_t *)"bye", 3);
    udp_free(f->udp);
    f->udp = NULL;
    expect(fd, "bye");
    close(fd);
}

/* ---- Opening sockets ---- */

static void workers_share_an_address(void **state)
{
    (void)state;
    struct addr a;
    char why[LISTEN_WHY_SIZE];
    struct listen_sockets s;
    assert_int_equal(addr_parse("127.0.0.1", 0, &a), FAIL_NONE);
    assert_int_equal(listen_open(&a, 4, &s, why), FAIL_NONE);
    for (unsigned i = 0; i < 4; i++) {
        struct sockaddr_in udp, tcp;
        socklen_t len = sizeof(udp);
        assert_int_equal(getsockname(s.udp[i], (struct sockaddr *)&udp, &len), 0);
        assert_int_equal(getsockname(s.tcp[i], (struct sockaddr *)&tcp, &len), 0);
        assert_int_equal(ntohs(udp.sin_port), s.address.port);
        assert_int_equal(ntohs(tcp.sin_port), s.address.port);
    }
    listen_close(&s);
}

static void a_taken_port_names_its_holder(void **state)
{
    (void)state;
    struct addr a;
    char why[LISTEN_WHY_SIZE], expected[LISTEN_WHY_SIZE];
    struct listen_sockets first, second;
    assert_int_equal(addr_parse("127.0.0.1", 0, &a), FAIL_NONE);
    assert_int_equal(listen_open(&a, 1, &first, why), FAIL_NONE);
    snprintf(expected, sizeof(expected), "port %u on 127.0.0.1 is taken by test_udp (pid %d)", first.address.port,
             (int)getpid());
    assert_int_equal(listen_open(&first.address, 1, &second, why), FAIL_BUSY);
    assert_string_equal(why, expected);
    assert_int_equal(errno, EADDRINUSE);
    close(first.udp[0]);
    first.udp[0] = -1;
    assert_int_equal(listen_open(&first.address, 1, &second, why), FAIL_BUSY);
    assert_string_equal(why, expected);
    struct addr any = {.len = 4, .port = first.address.port};
    assert_int_equal(listen_open(&any, 1, &second, why), FAIL_BUSY);
    assert_non_null(strstr(why, "on 0.0.0.0 is taken by test_udp"));
    listen_close(&first);
    assert_int_equal(listen_open(&any, 1, &second, why), FAIL_NONE);
    listen_close(&second);
}

/* listen.c calls this for listen(2), see CMakeLists.txt. */
static struct {
    unsigned count, without_udp;
    int fd; /* the last */
} listened;

int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);

/* Notes whether somebody who finds the port open now could ask over UDP as well: then the port is taken there. */
int __wrap_listen(int fd, int backlog)
{
    struct sockaddr_storage sa;
    socklen_t len = sizeof(sa);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    listened.without_udp += bind(udp, (struct sockaddr *)&sa, len) == 0;
    listened.count++;
    listened.fd = fd;
    close(udp);
    return __real_listen(fd, backlog);
}

/* A look at the port that listens would be found by a client that waits for the daemon, who then asks over UDP while
 * nobody is there yet. */
static void a_port_listens_only_to_stay(void **state)
{
    (void)state;
    struct addr a;
    char why[LISTEN_WHY_SIZE];
    struct listen_sockets s;
    assert_int_equal(addr_parse("127.0.0.1", 0, &a), FAIL_NONE);
    listened.count = listened.without_udp = 0;
    assert_int_equal(listen_open(&a, 1, &s, why), FAIL_NONE);
    assert_int_equal(listened.count, 1);
    assert_int_equal(listened.fd, s.tcp[0]);
    assert_int_equal(listened.without_udp, 0);
    listen_close(&s);
}

static void a_port_with_old_connections_can_be_opened_again(void **state)
{
    (void)state;
    struct addr a;
    char why[LISTEN_WHY_SIZE];
    struct listen_sockets s, again;
    struct sockaddr_storage sa;
    assert_int_equal(addr_parse("127.0.0.1", 0, &a), FAIL_NONE);
    assert_int_equal(listen_open(&a, 1, &s, why), FAIL_NONE);
    a = s.address;
    socklen_t len = addr_to_sockaddr(&a, &sa);
    int clients[2], accepted[2];
    for (unsigned i = 0; i < 2; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(clients[i], (struct sockaddr *)&sa, len), 0);
        accepted[i] = accept(s.tcp[0], NULL, NULL);
        assert_true(accepted[i] >= 0);
    }
    close(accepted[0]); /* leaves TIME-WAIT behind on our side */
    close(clients[0]);
    listen_close(&s);
    assert_int_equal(listen_open(&a, 2, &again, why), FAIL_NONE);
    listen_close(&again);
    close(accepted[1]);
    close(clients[1]);
}

static void an_address_of_others_is_refused(void **state)
{
    (void)state;
    struct addr a;
    char why[LISTEN_WHY_SIZE];
    struct listen_sockets s;
    assert_int_equal(addr_parse("192.0.2.1@5353", 0, &a), FAIL_NONE);
    assert_int_equal(listen_open(&a, 1, &s, why), FAIL_SYSTEM);
    assert_int_equal(errno, EADDRNOTAVAIL);
    assert_string_equal(why, "this machine has no address 192.0.2.1");
}

int main(void)
{
#define UDP_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        UDP_TEST(a_datagram_is_answered_at_once),
        UDP_TEST(what_rests_comes_when_the_answers_have_left),
        UDP_TEST(silence_and_later_answers_are_possible),
        UDP_TEST(answers_come_from_the_address_that_was_asked),
        UDP_TEST(the_same_holds_for_ipv6),
        UDP_TEST(many_datagrams_are_read_in_batches_over_several_turns),
        UDP_TEST(many_later_answers_leave_in_one_turn),
        UDP_TEST(many_answers_to_one_port_leave_as_one),
        UDP_TEST(all_answers_leave_though_the_system_takes_no_runs),
        UDP_TEST(an_answer_to_nobody_does_not_hold_up_others),
        UDP_TEST(what_seems_to_come_from_ourselves_is_dropped),
        UDP_TEST(a_long_datagram_arrives_cut_and_an_empty_one_empty),
        UDP_TEST(after_stop_only_answers_leave),
        cmocka_unit_test(workers_share_an_address),
        cmocka_unit_test(a_taken_port_names_its_holder),
        cmocka_unit_test(a_port_listens_only_to_stay),
        cmocka_unit_test(a_port_with_old_connections_can_be_opened_again),
        cmocka_unit_test(an_address_of_others_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
