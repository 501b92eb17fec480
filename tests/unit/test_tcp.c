#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "resolver/base/clock.h"
#include "resolver/net/listen.h"
#include "resolver/net/tcp.h"

#define KEPT_MAX 64

/* Time-outs of the fixture, in milliseconds. */
enum { MESSAGE = 300, IDLE = 1500, IDLE_BUSY = 100 };

struct fixture {
    struct event_base *base;
    struct listen_sockets sockets;
    struct tcp_shared shared;
    struct tcp_settings settings;
    struct tcp *tcp;
    bool later, decline, drop;
    struct tcp_from kept[KEPT_MAX];
    unsigned handled, batches;
    size_t size; /* of answers; 0: as long as the message */
};

static uint8_t filler[65535];

static void handle(void *arg, const struct tcp_from *from, const uint8_t *bytes, size_t len)
{
    struct fixture *f = arg;
    f->kept[f->handled++ % KEPT_MAX] = *from;
    if (f->drop) {
        tcp_close(f->tcp, from);
    } else if (f->decline) {
        tcp_decline(f->tcp, from);
    } else if (!f->later) {
        tcp_reply(f->tcp, from, f->size > 0 ? filler : bytes, f->size > 0 ? f->size : len);
    }
}

static void batch_end(void *arg)
{
    struct fixture *f = arg;
    f->batches++;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char why[LISTEN_WHY_SIZE];
    struct addr a;
    assert_non_null(f);
    f->base = event_base_new();
    f->settings = (struct tcp_settings){.connections = 20,
                                        .connections_per_client = 4,
                                        .pipeline = 4,
                                        .message_ms = MESSAGE,
                                        .idle_ms = IDLE,
                                        .idle_busy_ms = IDLE_BUSY,
                                        .write_buffer = 65536};
    assert_int_equal(addr_parse("127.0.0.1", 0, &a), FAIL_NONE);
    assert_int_equal(listen_open(&a, 1, &f->sockets, why), FAIL_NONE);
    const struct tcp_handler handler = {.arg = f, .handle = handle, .batch_end = batch_end};
    f->tcp = tcp_new(f->base, &f->settings, &handler, &f->shared);
    assert_non_null(f->tcp);
    assert_int_equal(tcp_add(f->tcp, f->sockets.tcp[0], &f->sockets.address), FAIL_NONE);
    f->sockets.tcp[0] = -1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    tcp_free(f->tcp);
    assert_int_equal(f->shared.connections, 0);
    for (unsigned i = 0; i < TCP_CLIENT_BUCKETS; i++) {
        assert_int_equal(f->shared.clients[i], 0);
    }
    listen_close(&f->sockets);
    event_base_free(f->base);
    free(f);
    return 0;
}

/* Goes round the loop once a millisecond. A busy machine takes longer for it, but leaves nothing undone. */
static void run(struct fixture *f, unsigned ms)
{
    for (unsigned i = 0; i < ms; i++) {
        event_base_loop(f->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
        usleep(1000);
    }
}

static int client_from(struct fixture *f, const char *from)
{
    struct addr local;
    struct sockaddr_storage sa;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(addr_parse(from, 0, &local), FAIL_NONE);
    socklen_t len = addr_to_sockaddr(&local, &sa);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
    len = addr_to_sockaddr(&f->sockets.address, &sa);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static int client(struct fixture *f)
{
    return client_from(f, "127.0.0.1");
}

/* Sends `text` with its length in front, as many octets of it as `len`. */
static void say(int fd, const char *text, size_t len)
{
    uint8_t frame[128] = {0, (uint8_t)strlen(text)};
    memcpy(frame + 2, text, strlen(text));
    assert_int_equal(send(fd, frame, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void say_all(int fd, const char *text)
{
    say(fd, text, strlen(text) + 2);
}

static void hear(int fd, const char *text)
{
    uint8_t head[2];
    char got[128] = {0};
    assert_int_equal(recv(fd, head, 2, 0), 2);
    assert_int_equal(head[1], strlen(text));
    assert_int_equal(recv(fd, got, strlen(text), 0), (ssize_t)strlen(text));
    assert_string_equal(got, text);
}

static bool is_open(int fd)
{
    uint8_t octet;
    return recv(fd, &octet, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

static void messages_are_answered_in_a_pipeline(void **state)
{
    struct fixture *f = *state;
    int fd = client(f);
    for (unsigned i = 0; i < 10; i++) {
        say_all(fd, "hello");
    }
    run(f, 20);
    for (unsigned i = 0; i < 10; i++) {
        hear(fd, "hello");
    }
    assert_int_equal(f->batches, 1);
    assert_true(addr_equal(&f->kept[0].local, &f->sockets.address));
    close(fd);
    run(f, 20);
    assert_int_equal(f->shared.connections, 0);
}

static void answers_may_come_in_any_order(void **state)
{
    struct fixture *f = *state;
    f->later = true;
    int fd = client(f);
    say_all(fd, "one");
    say_all(fd, "two");
    run(f, 20);
    assert_int_equal(f->handled, 2);
    tcp_reply(f->tcp, &f->kept[1], (const uint8_t *)"2", 1);
    tcp_reply(f->tcp, &f->kept[0], (const uint8_t *)"1", 1);
    run(f, 20);
    hear(fd, "2");
    hear(fd, "1");
    close(fd);
}

static void reading_pauses_while_too_many_messages_wait(void **state)
{
    struct fixture *f = *state;
    f->later = true;
    int fd = client(f);
    for (unsigned i = 0; i < 10; i++) {
        say_all(fd, "x");
    }
    run(f, 20);
    assert_int_equal(f->handled, 4);
    tcp_reply(f->tcp, &f->kept[0], (const uint8_t *)"y", 1);
    assert_int_equal(f->handled, 5);
    tcp_decline(f->tcp, &f->kept[1]);
    assert_int_equal(f->handled, 6);
    f->later = false;
    for (unsigned i = 2; i < 6; i++) {
        tcp_reply(f->tcp, &f->kept[i], (const uint8_t *)"y", 1);
    }
    run(f, 20);
    assert_int_equal(f->handled, 10);
    close(fd);
}

static void a_message_may_come_octet_by_octet_but_not_for_long(void **state)
{
    struct fixture *f = *state;
    int quick = client(f), slow = client(f);
    const char frame[] = "\0\3abc";
    for (unsigned i = 0; i < 5; i++) {
        send(quick, frame + i, 1, 0);
        send(slow, i == 0 ? frame : "", i == 0, 0);
        run(f, 5);
    }
    hear(quick, "abc");
    send(slow, frame + 1, 1, 0);
    run(f, MESSAGE * 6 / 10);
    send(slow, frame + 2, 1, 0);
    run(f, MESSAGE * 6 / 10);
    assert_false(is_open(slow));
    assert_true(is_open(quick));
    struct tcp_stats stats;
    tcp_stats_read(f->tcp, &stats);
    assert_int_equal(stats.timed_out, 1);
    close(quick);
    close(slow);
}

static void silent_and_idle_connections_are_closed(void **state)
{
    struct fixture *f = *state;
    int silent = client(f), idle = client(f);
    uint64_t begin = clock_now();
    say_all(idle, "x");
    run(f, MESSAGE * 6 / 10);
    assert_true(is_open(silent) || clock_now() - begin >= MESSAGE); /* or the machine was busy elsewhere */
    run(f, MESSAGE * 6 / 10);
    assert_false(is_open(silent));
    hear(idle, "x");
    assert_true(is_open(idle));
    run(f, IDLE);
    assert_false(is_open(idle));
    close(silent);
    close(idle);
}

static void an_idle_connection_goes_sooner_when_most_are_in_use(void **state)
{
    struct fixture *f = *state;
    int fd = client_from(f, "127.0.0.2");
    say_all(fd, "x");
    run(f, 20);
    hear(fd, "x");
    assert_int_equal(tcp_idle_ms(f->tcp), IDLE);
    f->settings.connections = 1;
    tcp_configure(f->tcp, &f->settings);
    assert_int_equal(tcp_idle_ms(f->tcp), IDLE_BUSY);
    say_all(fd, "x");
    run(f, IDLE_BUSY * 2);
    hear(fd, "x");
    assert_false(is_open(fd));
    close(fd);
}

static void after_the_clients_fin_its_answers_are_still_sent(void **state)
{
    struct fixture *f = *state;
    f->later = true;
    int fd = client(f);
    say_all(fd, "one");
    say_all(fd, "two");
    shutdown(fd, SHUT_WR);
    run(f, 20);
    assert_int_equal(f->handled, 2);
    tcp_reply(f->tcp, &f->kept[0], (const uint8_t *)"1", 1);
    run(f, 10);
    hear(fd, "1");
    assert_true(is_open(fd));
    tcp_reply(f->tcp, &f->kept[1], (const uint8_t *)"2", 1);
    run(f, 10);
    hear(fd, "2");
    assert_false(is_open(fd));
    assert_int_equal(f->shared.connections, 0);
    close(fd);
}

static void an_answer_for_a_connection_that_has_gone_is_dropped(void **state)
{
    struct fixture *f = *state;
    f->later = true;
    int fd = client(f);
    say_all(fd, "x");
    run(f, 20);
    const struct linger reset = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
    run(f, 20);
    assert_int_equal(f->shared.connections, 0);
    int other = client(f);
    say_all(other, "y");
    run(f, 20);
    assert_int_equal(f->kept[0].slot, f->kept[1].slot);
    tcp_reply(f->tcp, &f->kept[0], (const uint8_t *)"no", 2);
    tcp_close(f->tcp, &f->kept[0]);
    tcp_reply(f->tcp, &f->kept[1], (const uint8_t *)"yes", 3);
    run(f, 10);
    hear(other, "yes");
    close(other);
}

static void the_handler_may_close_or_decline(void **state)
{
    struct fixture *f = *state;
    f->drop = true;
    int fd = client(f);
    say_all(fd, "x");
    say_all(fd, "y");
    run(f, 20);
    assert_int_equal(f->handled, 1);
    assert_false(is_open(fd));
    close(fd);
    f->drop = false;
    f->decline = true;
    fd = client(f);
    say_all(fd, "");
    run(f, 20);
    assert_int_equal(f->handled, 2);
    assert_true(is_open(fd));
    close(fd);
}

static void whoever_does_not_read_is_not_read_from_and_then_closed(void **state)
{
    struct fixture *f = *state;
    f->size = sizeof(filler);
    int fd = client(f);
    unsigned sent = 0;
    for (unsigned i = 0; i < 40; i++) {
        for (unsigned n = 0; n < 10 && send(fd, "\0\1x", 3, MSG_NOSIGNAL) == 3; n++) {
            sent++;
        }
        run(f, 2);
    }
    assert_true(f->handled < sent);
    unsigned before = f->handled;
    run(f, IDLE * 5 / 4);
    assert_int_equal(f->handled, before);
    assert_int_equal(f->shared.connections, 0);
    close(fd);
}

static void a_full_house_makes_room_by_the_one_quiet_for_longest(void **state)
{
    struct fixture *f = *state;
    int fds[20];
    f->later = true;
    for (unsigned i = 0; i < 20; i++) {
        char from[16];
        snprintf(from, sizeof(from), "127.0.1.%u", i + 1);
        fds[i] = client_from(f, from);
        say_all(fds[i], "x");
        run(f, 2);
    }
    assert_int_equal(f->handled, 20);
    int refused = client_from(f, "127.0.2.1");
    run(f, 5);
    assert_false(is_open(refused));
    tcp_reply(f->tcp, &f->kept[7], (const uint8_t *)"y", 1);
    int admitted = client_from(f, "127.0.2.2");
    run(f, 5);
    assert_true(is_open(admitted));
    hear(fds[7], "y");
    assert_false(is_open(fds[7]));
    struct tcp_stats stats;
    tcp_stats_read(f->tcp, &stats);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.evicted, 1);
    for (unsigned i = 0; i < 20; i++) {
        close(fds[i]);
    }
    close(refused);
    close(admitted);
}

static void one_client_is_limited_once_half_of_the_places_are_taken(void **state)
{
    struct fixture *f = *state;
    int fds[12], open = 0;
    for (unsigned i = 0; i < 12; i++) {
        fds[i] = client_from(f, "127.0.0.3");
    }
    run(f, 20);
    for (unsigned i = 0; i < 12; i++) {
        open += is_open(fds[i]);
    }
    assert_int_equal(open, 10);
    assert_true(is_open(fds[11]));
    assert_false(is_open(fds[0]));
    int other = client_from(f, "127.0.0.4");
    say_all(other, "x");
    run(f, 20);
    hear(other, "x");
    for (unsigned i = 0; i < 12; i++) {
        close(fds[i]);
    }
    close(other);
}

static void without_descriptors_accepting_pauses(void **state)
{
    struct fixture *f = *state;
    struct rlimit old, tight;
    int fd = client(f);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    tight = old;
    tight.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    run(f, 30);
    struct tcp_stats stats;
    tcp_stats_read(f->tcp, &stats);
    assert_int_equal(stats.accepted, 0);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    say_all(fd, "x");
    run(f, 200);
    hear(fd, "x");
    close(fd);
}

static void an_orderly_end_waits_for_answers_only(void **state)
{
    struct fixture *f = *state;
    f->later = true;
    int idle = client(f), busy = client(f);
    say_all(busy, "x");
    run(f, 20);
    tcp_stop(f->tcp);
    assert_false(is_open(idle));
    assert_true(is_open(busy));
    tcp_reply(f->tcp, &f->kept[0], (const uint8_t *)"y", 1);
    hear(busy, "y");
    assert_false(is_open(busy));
    assert_int_equal(f->shared.connections, 0);
    close(idle);
    close(busy);
}

int main(void)
{
#define TCP_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TCP_TEST(messages_are_answered_in_a_pipeline),
        TCP_TEST(answers_may_come_in_any_order),
        TCP_TEST(reading_pauses_while_too_many_messages_wait),
        TCP_TEST(a_message_may_come_octet_by_octet_but_not_for_long),
        TCP_TEST(silent_and_idle_connections_are_closed),
        TCP_TEST(an_idle_connection_goes_sooner_when_most_are_in_use),
        TCP_TEST(after_the_clients_fin_its_answers_are_still_sent),
        TCP_TEST(an_answer_for_a_connection_that_has_gone_is_dropped),
        TCP_TEST(the_handler_may_close_or_decline),
        TCP_TEST(whoever_does_not_read_is_not_read_from_and_then_closed),
        TCP_TEST(a_full_house_makes_room_by_the_one_quiet_for_longest),
        TCP_TEST(one_client_is_limited_once_half_of_the_places_are_taken),
        TCP_TEST(without_descriptors_accepting_pauses),
        TCP_TEST(an_orderly_end_waits_for_answers_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
