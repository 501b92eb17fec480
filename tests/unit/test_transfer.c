/* Zone transfers from a server that does as it is told. */
#include "resolver/net/transfer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "resolver/dns/msg.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

#define ZONE ((const uint8_t *)"\4test")

/* What the server says, message by message; each begins a new answer to the next question when `waits`. */
struct part {
    bool waits; /* for a question */
    unsigned rcode;
    bool wrong_id, closes, hangs;
    const char *records; /* letters: S the SOA, N an NS, A an address, O an SOA of another zone, C of class CH */
};

struct server {
    const struct part *parts;
    size_t count;
    int listening;
    pthread_t thread;
};

struct fetched {
    unsigned count;
    uint16_t types[16];
    unsigned stop_after; /* 0: never */
};

static const uint8_t soa[] = "\2ns\4test\0\4host\4test\0\0\0\0\7\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1";

static void put_record(struct msg_writer *m, char letter)
{
    uint8_t packed[64];
    struct rrset set = {.owner = ZONE, .ttl = 60};
    switch (letter) {
    case 'S':
    case 'O':
        set.type = TYPE_SOA;
        set.owner = letter == 'S' ? ZONE : (const uint8_t *)"\5other";
        set.data.len = (uint32_t)rdatas_pack(packed, soa, sizeof(soa) - 1);
        break;
    case 'N':
        set.type = TYPE_NS;
        set.data.len = (uint32_t)rdatas_pack(packed, "\2ns\4test", 9);
        break;
    default:
        set.owner = (const uint8_t *)"\2ns\4test";
        set.type = TYPE_A;
        set.data.len = (uint32_t)rdatas_pack(packed, "\300\0\2\1", 4);
        break;
    }
    set.data.bytes = packed;
    set.data.count = 1;
    assert_int_equal(msg_put_rrset(m, SECTION_ANSWER, &set, false), FAIL_NONE);
}

static void send_part(int fd, const struct part *p, uint16_t id)
{
    static struct msg_writer m;
    uint8_t bytes[2048];
    struct question q = {.name = ZONE, .type = TYPE_AXFR, .class = CLASS_IN};
    msg_begin(&m, bytes + 2, sizeof(bytes) - 2, (uint16_t)(p->wrong_id ? id + 1 : id), (uint16_t)(MSG_QR | p->rcode),
              p->waits ? &q : NULL);
    for (const char *letter = p->records; *letter != '\0'; letter++) {
        put_record(&m, *letter);
    }
    size_t len = msg_finish(&m, false);
    wire_put_u16(bytes, (uint16_t)len);
    if (strchr(p->records, 'C') != NULL) {
        wire_put_u16(bytes + 2 + len - 12, CLASS_CH); /* the class of the last record, an address */
    }
    len = p->closes ? len - 3 : len;
    assert_int_equal(send(fd, bytes, len + 2, MSG_NOSIGNAL), len + 2);
}

static void *serve(void *arg)
{
    struct server *s = arg;
    uint8_t query[512];
    int fd = accept(s->listening, NULL, NULL);
    uint16_t id = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct part *p = &s->parts[i];
        if (p->waits && recv(fd, query, sizeof(query), 0) > 4) {
            id = wire_get_u16(query + 2);
        }
        if (p->hangs) {
            recv(fd, query, sizeof(query), 0); /* until the other side closes */
            break;
        }
        send_part(fd, p, id);
    }
    close(fd);
    return NULL;
}

static struct addr start(struct server *s, const struct part *parts, size_t count)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof(bound);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *s = (struct server){.parts = parts, .count = count};
    s->listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->listening, (struct sockaddr *)&any, sizeof(any)), 0);
    assert_int_equal(listen(s->listening, 1), 0);
    assert_int_equal(getsockname(s->listening, (struct sockaddr *)&bound, &len), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    return addr_from_sockaddr((struct sockaddr *)&bound);
}

static int take(void *arg, const struct record *r)
{
    struct fetched *f = arg;
    assert_true(f->count < sizeof(f->types) / sizeof(f->types[0]));
    f->types[f->count++] = r->type;
    return f->stop_after != 0 && f->count >= f->stop_after ? -1 : 0;
}

static enum transfer run(const struct part *parts, size_t count, const uint32_t *serial, struct fetched *f,
                         const char **why)
{
    struct server s;
    struct addr address = start(&s, parts, count);
    int stop = eventfd(0, EFD_CLOEXEC);
    struct transfer_job job = {.zone = ZONE,
                               .serial = serial,
                               .stop = stop,
                               .patience_ms = 300,
                               .total_ms = 5000,
                               .octets_max = 1000,
                               .sink = take,
                               .arg = f};
    enum transfer result = transfer_zone(&job, &address, why);
    pthread_join(s.thread, NULL);
    close(s.listening);
    close(stop);
    return result;
}

#define RUN(serial, f, why, ...)                                                                                       \
    run((const struct part[]){__VA_ARGS__}, sizeof((const struct part[]){__VA_ARGS__}) / sizeof(struct part), serial,  \
        f, why)

static void a_zone_in_one_message_or_in_several(void **state)
{
    const char *why = NULL;
    struct fetched f = {0};
    (void)state;
    assert_int_equal(RUN(NULL, &f, &why, {.waits = true, .records = "SNAS"}), TRANSFER_DONE);
    assert_int_equal(f.count, 3);
    assert_int_equal(f.types[0], TYPE_SOA);
    assert_int_equal(f.types[2], TYPE_A);
    f = (struct fetched){0};
    assert_int_equal(
        RUN(NULL, &f, &why, {.waits = true, .records = "S"}, {.records = "NO"}, {.records = "A"}, {.records = "S"}),
        TRANSFER_DONE);
    assert_int_equal(f.count, 4);
}

static void a_copy_that_is_current_is_not_fetched_again(void **state)
{
    const char *why = NULL;
    struct fetched f = {0};
    uint32_t same = 7, newer = 8, older = 6, wrapped = 0xfffffff0;
    (void)state;
    assert_int_equal(RUN(&same, &f, &why, {.waits = true, .records = "S"}), TRANSFER_CURRENT);
    assert_int_equal(RUN(&newer, &f, &why, {.waits = true, .records = "S"}), TRANSFER_CURRENT);
    assert_int_equal(f.count, 0);
    assert_int_equal(RUN(&older, &f, &why, {.waits = true, .records = "S"}, {.waits = true, .records = "SNAS"}),
                     TRANSFER_DONE);
    f.count = 0;
    assert_int_equal(RUN(&wrapped, &f, &why, {.waits = true, .records = "S"}, {.waits = true, .records = "SNAS"}),
                     TRANSFER_DONE);
}

#define FAILS(text, ...)                                                                                               \
    do {                                                                                                               \
        const char *why = NULL;                                                                                        \
        struct fetched f = {0};                                                                                        \
        assert_int_equal(RUN(NULL, &f, &why, __VA_ARGS__), TRANSFER_FAILED);                                           \
        assert_string_equal(why, text);                                                                                \
    } while (0)

static void what_is_no_zone_is_told(void **state)
{
    (void)state;
    FAILS("refused", {.waits = true, .rcode = RCODE_REFUSED, .records = ""});
    FAILS("an error instead of the zone", {.waits = true, .rcode = RCODE_NOTIMP, .records = ""});
    FAILS("malformed", {.waits = true, .wrong_id = true, .records = "SNAS"});
    FAILS("malformed", {.waits = true, .records = "SNC"});
    FAILS("does not begin with the SOA", {.waits = true, .records = "NS"});
    FAILS("does not begin with the SOA", {.waits = true, .records = "OS"});
    FAILS("an empty message", {.waits = true, .records = "SN"}, {.records = ""});
    FAILS("connection closed", {.waits = true, .records = "SN"});
    FAILS("connection closed", {.waits = true, .closes = true, .records = "SNA"});
    FAILS("timed out", {.waits = true, .hangs = true, .records = ""});
}

static void a_zone_without_end_has_one(void **state)
{
    static const struct part endless[40] = {{.waits = true, .records = "SNAA"}};
    struct part parts[40];
    struct fetched f = {.stop_after = 9};
    const char *why = NULL;
    (void)state;
    memcpy(parts, endless, sizeof(parts));
    for (unsigned i = 1; i < 40; i++) {
        parts[i].records = "NNNN";
    }
    assert_int_equal(run(parts, 4, NULL, &f, &why), TRANSFER_FAILED);
    assert_string_equal(why, "not taken");
    for (unsigned i = 1; i < 40; i++) {
        parts[i].records = "";
    }
    parts[1].records = "SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS"; /* over 1000 octets */
    parts[0].records = "SNA";
    f = (struct fetched){0};
    assert_int_equal(run(parts, 2, NULL, &f, &why), TRANSFER_FAILED);
    assert_string_equal(why, "too large");
}

static void it_can_be_given_up(void **state)
{
    struct fetched f = {0};
    struct server s;
    const struct part hanging = {.waits = true, .hangs = true};
    struct addr address = start(&s, &hanging, 1);
    const char *why = NULL;
    struct transfer_job job = {.zone = ZONE, .patience_ms = 60000, .total_ms = 60000, .octets_max = 1000, .arg = &f};
    (void)state;
    job.sink = take;
    job.stop = eventfd(1, EFD_CLOEXEC);
    assert_int_equal(transfer_zone(&job, &address, &why), TRANSFER_FAILED);
    assert_string_equal(why, "given up");
    pthread_join(s.thread, NULL);
    close(s.listening);
    close(job.stop);
}

static void a_closed_port_is_unreachable(void **state)
{
    struct fetched f = {0};
    const char *why = NULL;
    struct addr nobody = addr_v4((const uint8_t[]){127, 0, 0, 1}, 1);
    struct transfer_job job = {.zone = ZONE, .patience_ms = 1000, .total_ms = 1000, .octets_max = 1000, .arg = &f};
    (void)state;
    job.sink = take;
    job.stop = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(transfer_zone(&job, &nobody, &why), TRANSFER_FAILED);
    assert_string_equal(why, "unreachable");
    close(job.stop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_in_one_message_or_in_several),
        cmocka_unit_test(a_copy_that_is_current_is_not_fetched_again),
        cmocka_unit_test(what_is_no_zone_is_told),
        cmocka_unit_test(a_zone_without_end_has_one),
        cmocka_unit_test(it_can_be_given_up),
        cmocka_unit_test(a_closed_port_is_unreachable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
