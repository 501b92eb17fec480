/* What a message gets, over listeners that only note what is sent. */
#include "resolver/server/front.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache/memory.h"
#include "resolver/base/clock.h"
#include "resolver/dns/type.h"
#include "server_stand.h"

#define ZONE                                                                                                           \
    "$ORIGIN dev.test.\n$TTL 60\n@ SOA ns host 1 3600 900 604800 60\n@ NS ns\nns A 10.0.0.1\n"                         \
    "www A 10.0.0.9\nout CNAME www.example.\nsub NS ns.sub\nns.sub A 10.0.0.2\n"

/* ---- The listeners ---- */

static struct {
    uint8_t bytes[MSG_SIZE_MAX];
    size_t len;
    unsigned by_udp, by_tcp, closed;
} sent;

static void note_sent(const uint8_t *bytes, size_t len)
{
    memcpy(sent.bytes, bytes, len);
    sent.len = len;
}

void udp_send(struct udp *u, const struct udp_from *to, const uint8_t *bytes, size_t len)
{
    (void)u;
    assert_int_equal(to->peer.port, 4242);
    sent.by_udp++;
    note_sent(bytes, len);
}

void tcp_reply(struct tcp *t, const struct tcp_from *to, const uint8_t *bytes, size_t len)
{
    (void)t;
    assert_int_equal(to->slot, 7);
    sent.by_tcp++;
    note_sent(bytes, len);
}

uint32_t tcp_idle_ms(const struct tcp *t)
{
    (void)t;
    return 10050;
}

void tcp_close(struct tcp *t, const struct tcp_from *to)
{
    (void)t;
    (void)to;
    sent.closed++;
}

/* ---- Asking ---- */

static struct stand stand;
static struct front *front;
static struct arena arena;
static uint8_t query[512];
static size_t query_len;

static int set_up(void **state)
{
    (void)state;
    stand_make(&stand, "server: {allow: [127.0.0.0/8], identity: hill}", ZONE);
    memset(&sent, 0, sizeof(sent));
    arena_init(&arena, 1 << 20);
    front = calloc(1, sizeof(*front));
    front->generation = stand.generation;
    front->cache = &stand.cache;
    front->walks = stand.walks;
    front->ready = ready_new(1 << 20);
    front->rates = calloc(1, sizeof(*front->rates));
    arena_init(&front->arena, 65536);
    return front->ready == NULL || front->rates == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    stand_end(&stand); /* answers those who still wait */
    ready_free(front->ready);
    free(front->rates);
    arena_fini(&front->arena);
    arena_fini(&arena);
    free(front);
    return 0;
}

/* `name` NULL: no question. */
static void write_query_with(const char *name, uint16_t type, uint16_t class, uint16_t flags, const char *cookie)
{
    struct question q = {.name = name != NULL ? zone_name(name) : NULL, .type = type, .class = class};
    struct msg_writer m;
    struct edns edns;
    edns_clear(&edns);
    edns.cookie_len = (uint8_t)strlen(cookie);
    memcpy(edns.cookie, cookie, edns.cookie_len);
    edns.present = true;
    edns.udp_size = 1232;
    msg_begin(&m, query, sizeof(query), 99, flags, name != NULL ? &q : NULL);
    assert_int_equal(msg_put_opt(&m, &edns, 0), FAIL_NONE);
    query_len = msg_finish(&m, false);
    assert_true(query_len > 0);
}

static void write_query(const char *name, uint16_t type, uint16_t class, uint16_t flags)
{
    write_query_with(name, type, class, flags, "");
}

/* What front_udp writes to `out` of UDP_OUT_MAX octets. */
static size_t hand_over(const char *peer, uint8_t *out)
{
    struct udp_packet packet = {.bytes = query, .len = query_len};
    assert_int_equal(addr_parse(peer, 4242, &packet.from.peer), FAIL_NONE);
    front->now = 0;
    return front_udp(front, &packet, out, UDP_OUT_MAX);
}

/* Sends the query by UDP, alone; NULL: no answer without asking servers. */
static const struct msg *ask_from(const char *peer)
{
    uint8_t out[UDP_OUT_MAX];
    unsigned before = sent.by_udp;
    size_t len = hand_over(peer, out);
    front_rest(front);
    if (sent.by_udp > before) {
        assert_int_equal(len, 0);
        len = sent.len;
        memcpy(out, sent.bytes, len);
        sent.by_udp = before; /* counts what servers were asked for */
    }
    struct msg *m = arena_take(&arena, sizeof(*m));
    if (len == 0) {
        return NULL;
    }
    assert_int_equal(wire_get_u16(out), 99);
    assert_true((wire_get_u16(out + 2) & MSG_QR) != 0);
    /* Class CH is not data to msg_parse, so that only the header counts there. */
    assert_int_equal(msg_parse(out, len, &arena, m), FAIL_NONE);
    return m;
}

static const struct msg *ask(const char *name, uint16_t type)
{
    write_query(name, type, CLASS_IN, MSG_RD);
    return ask_from("127.0.0.1");
}

static unsigned error_code(const struct msg *m)
{
    return m->edns.has_received ? m->edns.received.code : UINT16_MAX;
}

/* ---- Without an answer from data ---- */

enum { NO_ERROR_CODE = UINT16_MAX };

static void what_cannot_be_answered_gets_its_rcode_and_reason(void **state)
{
    static const struct {
        uint16_t type, class, flags;
        unsigned rcode, error;
    } cases[] = {
        {TYPE_A, CLASS_IN, 0, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE}, /* RD=0 */
        {TYPE_A, CLASS_NONE, MSG_RD, RCODE_REFUSED, EDE_NOT_SUPPORTED},
        {TYPE_A, CLASS_ANY, MSG_RD, RCODE_REFUSED, EDE_NOT_SUPPORTED},
        {TYPE_TXT, CLASS_CH, MSG_RD, RCODE_REFUSED, NO_ERROR_CODE},
        {TYPE_AXFR, CLASS_IN, MSG_RD, RCODE_REFUSED, EDE_NOT_SUPPORTED},
        {TYPE_IXFR, CLASS_IN, MSG_RD, RCODE_REFUSED, EDE_NOT_SUPPORTED},
        {253, CLASS_IN, MSG_RD, RCODE_NOTIMP, NO_ERROR_CODE}, /* MAILB */
        {254, CLASS_IN, MSG_RD, RCODE_NOTIMP, NO_ERROR_CODE}, /* MAILA */
        {TYPE_OPT, CLASS_IN, MSG_RD, RCODE_FORMERR, NO_ERROR_CODE},
        {TYPE_TSIG, CLASS_IN, MSG_RD, RCODE_FORMERR, NO_ERROR_CODE},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        write_query("www.example.", cases[i].type, cases[i].class, cases[i].flags);
        const struct msg *m = ask_from("127.0.0.1");
        assert_non_null(m);
        if (m->rcode != cases[i].rcode || error_code(m) != cases[i].error) {
            fail_msg("type %u class %u: rcode %u, error %u", cases[i].type, cases[i].class, m->rcode, error_code(m));
        }
    }
    assert_int_equal(fake_upstream_count(), 0);
}

static void other_opcodes_are_not_implemented(void **state)
{
    (void)state;
    for (unsigned opcode = 1; opcode < 16; opcode++) {
        write_query("www.example.", TYPE_A, CLASS_IN, (uint16_t)(opcode << 11));
        assert_int_equal(ask_from("127.0.0.1")->rcode, RCODE_NOTIMP);
    }
    assert_int_equal(stats_get(&front->stats, STAT_notimp), 15);
}

static void malformed_messages_are_told_so_and_replies_are_ignored(void **state)
{
    (void)state;
    write_query("www.example.", TYPE_A, CLASS_IN, MSG_RD);
    query[5] = 2; /* two questions */
    assert_int_equal(ask_from("127.0.0.1")->rcode, RCODE_FORMERR);
    write_query("www.example.", TYPE_A, CLASS_IN, MSG_RD);
    query[query_len - 5] = 1; /* EDNS version 1 */
    assert_int_equal(ask_from("127.0.0.1")->rcode, RCODE_BADVERS);
    write_query("www.example.", TYPE_A, CLASS_IN, MSG_QR | MSG_RD);
    assert_null(ask_from("127.0.0.1"));
    query_len = MSG_HEADER_SIZE - 1;
    assert_null(ask_from("127.0.0.1"));
    assert_int_equal(stats_get(&front->stats, STAT_ignored), 2);
}

static void strangers_are_refused_even_own_zones(void **state)
{
    (void)state;
    write_query("www.dev.test.", TYPE_A, CLASS_IN, MSG_RD);
    const struct msg *m = ask_from("192.0.2.9");
    assert_int_equal(m->rcode, RCODE_REFUSED);
    assert_int_equal(error_code(m), EDE_PROHIBITED);
    assert_int_equal(stats_get(&front->stats, STAT_denied), 1);
    assert_int_equal(ask_from("127.9.9.9")->rcode, RCODE_NOERROR);
}

static void who_answers_is_told_in_class_ch(void **state)
{
    (void)state;
    write_query("id.server.", TYPE_TXT, CLASS_CH, 0);
    const struct msg *m = ask_from("127.0.0.1");
    assert_int_equal(m->rcode, RCODE_NOERROR);
    assert_true((m->flags & MSG_AA) != 0);
}

/* ---- From own zones ---- */

static void put_address(const char *name, uint64_t stored, const struct ede *why)
{
    static const uint8_t other[] = {4, 0, 203, 0, 113, 1};
    struct rrset set = {.owner = zone_name(name), .type = TYPE_A, .ttl = 300, .data = {other, 6, 1}};
    struct cache_entry e = {.name = set.owner,
                            .slot = CACHE_ANSWER,
                            .type = TYPE_A,
                            .trust = TRUST_AUTHORITATIVE,
                            .security = SECURITY_INSECURE,
                            .stored = stored,
                            .epoch = cache_epoch(&stand.cache),
                            .sets = &set,
                            .error = *why};
    assert_int_equal(cache_put(&stand.cache, &e, &arena), FAIL_NONE);
}

static void an_own_zone_goes_before_the_cache(void **state)
{
    (void)state;
    put_address("www.dev.test.", clock_now(), &(struct ede){0});
    for (unsigned i = 0; i < 3; i++) {
        const struct msg *m = ask("www.dev.test.", TYPE_A);
        assert_true((m->flags & MSG_AA) != 0);
        assert_int_equal(rdatas_first(&m->sections[SECTION_ANSWER]->data).bytes[0], 10);
    }
    assert_int_equal(stats_get(&front->stats, STAT_from_zone), 3);
}

static void an_own_zone_is_answered_without_rd_but_not_beyond(void **state)
{
    (void)state;
    write_query("www.dev.test.", TYPE_A, CLASS_IN, 0);
    assert_int_equal(ask_from("127.0.0.1")->rcode, RCODE_NOERROR);
    write_query("out.dev.test.", TYPE_A, CLASS_IN, 0);
    const struct msg *m = ask_from("127.0.0.1");
    assert_int_equal(m->rcode, RCODE_NOERROR);
    assert_int_equal(m->sections[SECTION_ANSWER]->type, TYPE_CNAME);
    assert_null(m->sections[SECTION_ANSWER]->next);
    write_query("www.sub.dev.test.", TYPE_A, CLASS_IN, 0);
    m = ask_from("127.0.0.1");
    assert_true((m->flags & MSG_AA) == 0);
    assert_null(m->sections[SECTION_ANSWER]);
    assert_int_equal(m->sections[SECTION_AUTHORITY]->type, TYPE_NS);
    assert_int_equal(fake_upstream_count(), 0);
}

static void an_alias_out_of_an_own_zone_is_resolved_and_never_kept_ready(void **state)
{
    (void)state;
    assert_null(ask("out.dev.test.", TYPE_A));
    for (unsigned i = 0; i < fake_upstream_count(); i++) {
        fake_upstream_answer(i, RCODE_NOERROR);
    }
    assert_int_equal(sent.by_udp, 1);
    const struct msg *m = ask("out.dev.test.", TYPE_A);
    assert_int_equal(m->sections[SECTION_ANSWER]->type, TYPE_CNAME);
    assert_int_equal(m->sections[SECTION_ANSWER]->next->type, TYPE_A);
    assert_non_null(ask("out.dev.test.", TYPE_A));
    assert_int_equal(stats_get(&front->stats, STAT_from_ready), 0);
}

/* ---- From servers, cache and ready answers ---- */

static void the_first_answer_comes_from_a_walk_the_next_are_ready(void **state)
{
    (void)state;
    assert_null(ask("example.", TYPE_A));
    fake_upstream_answer(0, RCODE_NOERROR);
    assert_int_equal(sent.by_udp, 1);
    struct msg walked;
    assert_int_equal(msg_parse(sent.bytes, sent.len, &arena, &walked), FAIL_NONE);
    assert_int_equal(walked.id, 99);
    assert_true((walked.flags & (MSG_RA | MSG_RD)) == (MSG_RA | MSG_RD));
    assert_true(walked.edns.present);

    const struct msg *m = ask("EXAMPLE.", TYPE_A);
    assert_int_equal(rdatas_first(&m->sections[SECTION_ANSWER]->data).bytes[3], 77);
    assert_memory_equal(m->question.name, "\7EXAMPLE", 9); /* the asker's case */
    assert_int_equal(stats_get(&front->stats, STAT_from_walk), 1);
    assert_int_equal(stats_get(&front->stats, STAT_from_ready), 1);
    assert_int_equal(fake_upstream_count(), 1);
}

static void what_takes_a_look_into_the_cache_waits_for_what_is_ready(void **state)
{
    uint8_t out[UDP_OUT_MAX];
    (void)state;
    put_address("cached.example.", clock_now(), &(struct ede){0});
    write_query("example.", TYPE_A, CLASS_IN, MSG_RD);
    assert_int_equal(hand_over("127.0.0.1", out), 0);
    write_query("cached.example.", TYPE_A, CLASS_IN, MSG_RD);
    assert_int_equal(hand_over("127.0.0.1", out), 0);
    write_query("www.dev.test.", TYPE_A, CLASS_IN, MSG_RD);
    assert_true(hand_over("127.0.0.1", out) > 0);
    assert_int_equal(fake_upstream_count(), 0);
    assert_int_equal(sent.by_udp, 0);
    front_rest(front);
    assert_int_equal(fake_upstream_count(), 1);
    assert_int_equal(sent.by_udp, 1);
    front_rest(front); /* each is asked once */
    assert_int_equal(fake_upstream_count(), 1);
    assert_int_equal(sent.by_udp, 1);
    assert_int_equal(stats_get(&front->stats, STAT_from_cache), 1);
    fake_upstream_answer(0, RCODE_NOERROR);
    assert_int_equal(sent.by_udp, 2);
}

static void the_reason_of_an_insecure_answer_is_told_each_time(void **state)
{
    static const struct ede why = {.code = EDE_UNSUPPORTED_DNSKEY_ALGORITHM, .text = "example. DNSKEY: RSASHA1"};
    (void)state;
    stand.settings->policy.validation = true;
    put_address("www.example.", clock_now(), &why);
    for (unsigned i = 0; i < 3; i++) {
        const struct msg *m = ask("www.example.", TYPE_A);
        assert_int_equal(error_code(m), EDE_UNSUPPORTED_DNSKEY_ALGORITHM);
        assert_string_equal(m->edns.received.text, why.text);
    }
    assert_int_equal(fake_upstream_count(), 0);
    put_address("www.example.", clock_now() - 295000, &why); /* near its end, and in use */
    assert_int_equal(error_code(ask("www.example.", TYPE_A)), EDE_UNSUPPORTED_DNSKEY_ALGORITHM);
    assert_int_equal(fake_upstream_count(), 1);
}

static void a_flush_makes_ready_answers_void(void **state)
{
    (void)state;
    assert_null(ask("example.", TYPE_A));
    fake_upstream_answer(0, RCODE_NOERROR);
    memory_flush(stand.memory, zone_name("example."), false);
    assert_null(ask("example.", TYPE_A));
    assert_int_equal(fake_upstream_count(), 2);
}

static void over_tcp_the_answer_takes_the_connection_it_came_from(void **state)
{
    (void)state;
    struct tcp_from from = {.slot = 7};
    assert_int_equal(addr_parse("127.0.0.1", 4242, &from.peer), FAIL_NONE);
    write_query("www.dev.test.", TYPE_A, CLASS_IN, MSG_RD);
    front_tcp(front, &from, query, query_len);
    assert_int_equal(sent.by_tcp, 1);
    write_query("example.", TYPE_A, CLASS_IN, MSG_RD);
    front_tcp(front, &from, query, query_len);
    assert_int_equal(sent.by_tcp, 1);
    fake_upstream_answer(0, RCODE_NXDOMAIN);
    assert_int_equal(sent.by_tcp, 2);
    assert_int_equal(sent.bytes[3] & MSG_RCODE, RCODE_NXDOMAIN);
    query[2] |= 0x80; /* a reply: nothing sensible follows on this stream */
    front_tcp(front, &from, query, query_len);
    assert_int_equal(sent.by_tcp, 2);
    assert_int_equal(sent.closed, 1);
}

static void too_many_questions_and_too_many_clients_are_told_so(void **state)
{
    (void)state;
    stand_limit(&stand, in_flight, 1);
    stand_limit(&stand, waiters, 1);
    assert_null(ask("example.", TYPE_A));
    const struct msg *m = ask("other.", TYPE_A);
    assert_int_equal(m->rcode, RCODE_SERVFAIL);
    assert_string_equal(m->edns.received.text, "too many questions in progress");
    m = ask("example.", TYPE_A);
    assert_int_equal(m->rcode, RCODE_SERVFAIL);
    assert_string_equal(m->edns.received.text, "too many clients wait, for this question or in all");
    assert_int_equal(stats_get(&front->stats, STAT_overload), 2);
    fake_upstream_answer(0, RCODE_NOERROR);
    assert_int_equal(sent.by_udp, 1);
}

/* ---- Cookies and idle connections ---- */

/* Shows the cookie of the answer `m` in the query that was sent last, which had one as long. */
static void show_cookie_of(const struct msg *m)
{
    assert_int_equal(m->edns.cookie_len, EDNS_COOKIE_SIZE);
    memcpy(query + query_len - EDNS_COOKIE_SIZE, m->edns.cookie, EDNS_COOKIE_SIZE);
}

/* Asks the same again and again; counts answers, those with nothing but TC, and silence. */
static void ask_often(unsigned times, unsigned counts[3])
{
    memset(counts, 0, 3 * sizeof(counts[0]));
    for (unsigned i = 0; i < times; i++) {
        const struct msg *m = ask_from("127.0.0.1");
        bool is_cut = m != NULL && (m->flags & MSG_TC) != 0;
        assert_true(!is_cut || (m->sections[SECTION_ANSWER] == NULL && m->has_question));
        counts[m == NULL ? 2 : is_cut]++;
    }
}

static void beyond_the_rate_there_is_tc_or_silence(void **state)
{
    unsigned counts[3];
    (void)state;
    stand_limit(&stand, responses_per_second, 10);
    write_query("www.dev.test.", TYPE_A, CLASS_IN, MSG_RD);
    ask_often(30, counts);
    assert_in_range(counts[0], 10, 12); /* the clock goes on */
    assert_in_range(counts[1], 9, 10);
    assert_int_equal(counts[0] + counts[1] + counts[2], 30);
    assert_int_equal(stats_get(&front->stats, STAT_rate_limited), counts[1] + counts[2]);
    assert_int_equal(stand.generation->resolver.limit_hits[LIMIT_ID_responses_per_second], counts[1] + counts[2]);
    write_query("www.example.", TYPE_A, CLASS_CH, MSG_RD); /* refusals are answers, too */
    ask_often(30, counts);
    assert_in_range(counts[0], 0, 2);
}

static void without_a_rate_there_is_none(void **state)
{
    unsigned counts[3];
    (void)state;
    write_query("www.dev.test.", TYPE_A, CLASS_IN, MSG_RD);
    ask_often(200, counts);
    assert_int_equal(counts[0], 200);
}

static void who_proves_its_address_has_no_rate(void **state)
{
    unsigned counts[3];
    struct tcp_from from = {.slot = 7};
    (void)state;
    write_query_with("www.dev.test.", TYPE_A, CLASS_IN, MSG_RD, "clientcoservercookieof16");
    show_cookie_of(ask_from("127.0.0.1"));
    stand_limit(&stand, responses_per_second, 1);
    ask_often(100, counts);
    assert_int_equal(counts[0], 100);
    write_query("www.dev.test.", TYPE_A, CLASS_IN, MSG_RD);
    ask_often(10, counts);
    assert_in_range(counts[0], 1, 2);
    assert_int_equal(addr_parse("127.0.0.1", 4242, &from.peer), FAIL_NONE);
    front_tcp(front, &from, query, query_len);
    assert_int_equal(sent.by_tcp, 1);
}

static void every_kind_of_answer_carries_a_cookie_to_who_sent_one(void **state)
{
    static const struct {
        const char *name;
        uint16_t class, flags;
        unsigned rcode;
    } cases[] = {
        {"www.dev.test.", CLASS_IN, MSG_RD, RCODE_NOERROR},   {"example.", CLASS_IN, 0, RCODE_REFUSED},
        {"example.", CLASS_IN, MSG_RD, RCODE_NOERROR},        {"id.server.", CLASS_CH, 0, RCODE_NOERROR},
        {"example.", CLASS_IN, MSG_RD | 0x800, RCODE_NOTIMP}, {"localhost.", CLASS_IN, MSG_RD, RCODE_NOERROR},
    };
    (void)state;
    assert_null(ask("example.", TYPE_A));
    fake_upstream_answer(0, RCODE_NOERROR);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        write_query_with(cases[i].name, TYPE_A, cases[i].class, cases[i].flags, "clientco");
        const struct msg *m = ask_from("127.0.0.1");
        assert_int_equal(m->rcode, cases[i].rcode);
        if (cases[i].rcode != RCODE_NOTIMP) { /* of another opcode nothing is known behind the header */
            assert_int_equal(m->edns.cookie_len, EDNS_COOKIE_SIZE);
            assert_memory_equal(m->edns.cookie, "clientco", EDNS_CLIENT_COOKIE);
        }
    }
    assert_int_equal(stats_get(&front->stats, STAT_from_ready), 1);
    assert_int_equal(ask("example.", TYPE_A)->edns.cookie_len, 0);
}

static void who_waits_for_a_walk_gets_its_cookie_too(void **state)
{
    struct msg m;
    (void)state;
    write_query_with("example.", TYPE_A, CLASS_IN, MSG_RD, "clientco");
    assert_null(ask_from("127.0.0.1"));
    fake_upstream_answer(0, RCODE_NOERROR);
    assert_int_equal(msg_parse(sent.bytes, sent.len, &arena, &m), FAIL_NONE);
    assert_memory_equal(m.edns.cookie, "clientco", EDNS_CLIENT_COOKIE);
    assert_int_equal(m.edns.cookie_len, EDNS_COOKIE_SIZE);
}

static void a_cookie_proves_one_address_only(void **state)
{
    (void)state;
    write_query_with("www.dev.test.", TYPE_A, CLASS_IN, MSG_RD, "clientco0123456789abcdef");
    show_cookie_of(ask_from("127.0.0.1"));
    assert_int_equal(stats_get(&front->stats, STAT_proven), 0);
    assert_int_equal(ask_from("127.0.0.1")->rcode, RCODE_NOERROR);
    assert_int_equal(stats_get(&front->stats, STAT_proven), 1);
    assert_int_equal(ask_from("127.0.0.2")->rcode, RCODE_NOERROR);
    assert_int_equal(stats_get(&front->stats, STAT_proven), 1);
}

static void without_a_question_a_cookie_is_given_or_confirmed(void **state)
{
    (void)state;
    write_query_with(NULL, 0, 0, 0, "clientco");
    const struct msg *m = ask_from("127.0.0.1");
    assert_int_equal(m->rcode, RCODE_NOERROR);
    assert_false(m->has_question);
    assert_int_equal(m->edns.cookie_len, EDNS_COOKIE_SIZE);
    write_query_with(NULL, 0, 0, 0, "clientco0123456789abcdef");
    m = ask_from("127.0.0.1");
    assert_int_equal(m->rcode, RCODE_BADCOOKIE);
    show_cookie_of(m);
    assert_int_equal(ask_from("127.0.0.1")->rcode, RCODE_NOERROR);
    write_query_with(NULL, 0, 0, 0, "");
    assert_int_equal(ask_from("127.0.0.1")->rcode, RCODE_FORMERR);
    write_query_with(NULL, 0, 0, 0, "clientco");
    assert_int_equal(ask_from("192.0.2.9")->rcode, RCODE_REFUSED);
}

static void a_cookie_of_wrong_length_is_a_format_error(void **state)
{
    (void)state;
    write_query_with("www.dev.test.", TYPE_A, CLASS_IN, MSG_RD, "client");
    const struct msg *m = ask_from("127.0.0.1");
    assert_int_equal(m->rcode, RCODE_FORMERR);
    assert_int_equal(m->edns.cookie_len, 0);
}

static void the_idle_time_is_told_over_tcp_to_who_asks(void **state)
{
    struct tcp_from from = {.slot = 7};
    struct msg m;
    (void)state;
    assert_int_equal(addr_parse("127.0.0.1", 4242, &from.peer), FAIL_NONE);
    write_query("www.dev.test.", TYPE_A, CLASS_IN, MSG_RD);
    front_tcp(front, &from, query, query_len);
    size_t plain = sent.len;
    query[query_len - 1] = 4; /* the option without data */
    memcpy(query + query_len, "\0\13\0\0\0", 6);
    front_tcp(front, &from, query, query_len + 4);
    assert_int_equal(sent.len, plain + 6);
    assert_memory_equal(sent.bytes + plain, "\0\13\0\2\0\144", 6);
    query_len += 4;
    assert_false(ask_from("127.0.0.1")->edns.wants_keepalive);

    query[query_len - 5] = 6; /* and with a time-out, as only answers have it */
    query[query_len - 1] = 2;
    query_len += 2;
    front_tcp(front, &from, query, query_len);
    assert_int_equal(msg_parse(sent.bytes, sent.len, &arena, &m), FAIL_NONE);
    assert_int_equal(m.rcode, RCODE_FORMERR);
    assert_int_equal(ask_from("127.0.0.1")->rcode, RCODE_NOERROR);
}

#define FRONT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRONT_TEST(what_cannot_be_answered_gets_its_rcode_and_reason),
        FRONT_TEST(other_opcodes_are_not_implemented),
        FRONT_TEST(malformed_messages_are_told_so_and_replies_are_ignored),
        FRONT_TEST(strangers_are_refused_even_own_zones),
        FRONT_TEST(who_answers_is_told_in_class_ch),
        FRONT_TEST(an_own_zone_goes_before_the_cache),
        FRONT_TEST(an_own_zone_is_answered_without_rd_but_not_beyond),
        FRONT_TEST(an_alias_out_of_an_own_zone_is_resolved_and_never_kept_ready),
        FRONT_TEST(the_first_answer_comes_from_a_walk_the_next_are_ready),
        FRONT_TEST(what_takes_a_look_into_the_cache_waits_for_what_is_ready),
        FRONT_TEST(the_reason_of_an_insecure_answer_is_told_each_time),
        FRONT_TEST(a_flush_makes_ready_answers_void),
        FRONT_TEST(over_tcp_the_answer_takes_the_connection_it_came_from),
        FRONT_TEST(too_many_questions_and_too_many_clients_are_told_so),
        FRONT_TEST(beyond_the_rate_there_is_tc_or_silence),
        FRONT_TEST(without_a_rate_there_is_none),
        FRONT_TEST(who_proves_its_address_has_no_rate),
        FRONT_TEST(every_kind_of_answer_carries_a_cookie_to_who_sent_one),
        FRONT_TEST(who_waits_for_a_walk_gets_its_cookie_too),
        FRONT_TEST(a_cookie_proves_one_address_only),
        FRONT_TEST(without_a_question_a_cookie_is_given_or_confirmed),
        FRONT_TEST(a_cookie_of_wrong_length_is_a_format_error),
        FRONT_TEST(the_idle_time_is_told_over_tcp_to_who_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
