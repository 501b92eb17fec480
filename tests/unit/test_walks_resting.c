/* Walks that verify so much that others get a turn in between. */
#include "resolver/server/walks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "resolver/base/clock.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "server_stand.h"
#include "tests/support/records.h"
#include "tests/support/signer.h"

#define NAME ((const uint8_t *)"\4name")

enum { P256 = 13, P384 = 14, HOUR = 3600 }; /* one verification by P-384 is more than a turn */

enum { CLIENTS = 30 };

struct fixture {
    struct stand stand;
    struct arena arena;
    struct signer *signer;
};

struct client {
    struct waiter waiter; /* first: answer gets its address */
    unsigned answers;
    struct answer answer;
};

static void note(struct waiter *w, const struct answer *a)
{
    struct client *c = (struct client *)(void *)w;
    c->answers++;
    c->answer = *a;
}

static int set_up_with(void **state, uint8_t algorithm)
{
    static struct fixture f;
    struct rdatas ds = {0};
    char text[512], rdata[256];
    f = (struct fixture){.signer = signer_new(algorithm, SIGNER_KSK, 1)};
    arena_init(&f.arena, 1 << 20);
    signer_add_ds(&f.arena, f.signer, name_root, 2, &ds);
    rdata_text(TYPE_DS, rdatas_first(&ds).bytes, rdatas_first(&ds).len, rdata, sizeof(rdata));
    snprintf(text, sizeof(text), "dnssec: {trust-anchors: [\". DS %s\"]}", rdata);
    stand_make(&f.stand, text, NULL);
    *state = &f;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, P384);
}

static int set_up_p256(void **state)
{
    return set_up_with(state, P256);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    stand_end(&f->stand);
    signer_free(f->signer);
    arena_fini(&f->arena);
    return 0;
}

/* Ends exchange `index` with a set that the root has signed. */
static void reply(struct fixture *f, unsigned index, struct rrset *set)
{
    static uint8_t bytes[4096];
    static struct msg_writer m;
    const struct exchange *x = fake_upstream_at(index);
    struct question question = {x->name, x->question.type, CLASS_IN};
    uint32_t now = (uint32_t)clock_wall();
    signer_sign(&f->arena, f->signer, set, name_root, now - HOUR, now + HOUR);
    msg_begin(&m, bytes, sizeof(bytes), 1, MSG_QR | MSG_AA, &question);
    assert_int_equal(msg_put_rrset(&m, SECTION_ANSWER, set, true), FAIL_NONE);
    struct upstream_result result = {
        .outcome = UPSTREAM_REPLY, .bytes = bytes, .len = msg_finish(&m, false), .rtt_us = 1000};
    fake_upstream_at(index)->is_over = true;
    x->done(x->arg, &result);
}

/* A client's walk that has all it needs and has verified the keys, but not the answer. */
static void come_to_rest(struct fixture *f, struct client *c)
{
    struct stand *s = &f->stand;
    static const struct asker somebody = {.address = 1};
    struct question q = {.name = NAME, .type = TYPE_A, .class = CLASS_IN};
    struct rrset *address = arena_take(&f->arena, sizeof(*address)), *keys = arena_take(&f->arena, sizeof(*keys));
    struct walk *walk = NULL;
    assert_int_equal(walks_ask(s->walks, s->generation, &q, 0, &somebody, &walk), WALK_ON);
    *c = (struct client){.waiter = {.answer = note, .asker = somebody}};
    assert_int_equal(walk_wait(walk, &c->waiter), FAIL_NONE);
    *address = (struct rrset){.owner = NAME, .type = TYPE_A, .ttl = 300};
    records_add(&f->arena, TYPE_A, "192.0.2.7", &address->data);
    *keys = (struct rrset){.owner = name_root, .type = TYPE_DNSKEY, .ttl = 300};
    signer_add_key(&f->arena, f->signer, &keys->data);
    reply(f, 0, address);
    assert_int_equal(fake_upstream_count(), 2);
    assert_int_equal(fake_upstream_at(1)->question.type, TYPE_DNSKEY);
    reply(f, 1, keys);
    assert_int_equal(c->answers, 0);
    assert_int_equal(walks_counts(s->walks).in_flight, 1);
}

static void what_is_left_is_done_from_the_event_loop(void **state)
{
    struct fixture *f = *state;
    struct client c;
    come_to_rest(f, &c);
    stand_run(&f->stand, 100);
    assert_int_equal(c.answers, 1);
    assert_int_equal(c.answer.rcode, RCODE_NOERROR);
    assert_int_equal(c.answer.security, SECURITY_SECURE);
    assert_int_equal(walks_counts(f->stand.walks).in_flight, 0);
}

static void others_join_a_resting_walk(void **state)
{
    struct fixture *f = *state;
    struct client c, other = {.waiter = {.answer = note, .asker = {.address = 2}}};
    struct question q = {.name = NAME, .type = TYPE_A, .class = CLASS_IN};
    struct walk *walk = NULL;
    come_to_rest(f, &c);
    assert_int_equal(walks_ask(f->stand.walks, f->stand.generation, &q, 0, &other.waiter.asker, &walk), WALK_ON);
    assert_int_equal(walk_wait(walk, &other.waiter), FAIL_NONE);
    stand_run(&f->stand, 100);
    assert_int_equal(c.answers + other.answers, 2);
    assert_int_equal(other.answer.security, SECURITY_SECURE);
}

/* Walks of as many clients, whose signed answers are here and which wait for the keys, in one exchange. */
static void wait_for_keys(struct fixture *f, struct client clients[CLIENTS])
{
    struct stand *s = &f->stand;
    for (unsigned i = 0; i < CLIENTS; i++) {
        uint8_t name[] = {2, (uint8_t)('a' + i / 10), (uint8_t)('0' + i % 10), 0};
        struct client *c = &clients[i];
        struct question q = {.name = name, .type = TYPE_A, .class = CLASS_IN};
        struct rrset *address = arena_take(&f->arena, sizeof(*address));
        struct walk *walk = NULL;
        *c = (struct client){.waiter = {.answer = note, .asker = {.address = (uint16_t)i}}};
        assert_int_equal(walks_ask(s->walks, s->generation, &q, 0, &c->waiter.asker, &walk), WALK_ON);
        assert_int_equal(walk_wait(walk, &c->waiter), FAIL_NONE);
        *address = (struct rrset){.owner = name, .type = TYPE_A, .ttl = 300};
        records_add(&f->arena, TYPE_A, "192.0.2.7", &address->data);
        reply(f, i == 0 ? 0 : i + 1, address);
    }
    assert_int_equal(fake_upstream_count(), CLIENTS + 1);
}

static unsigned count_answered(const struct client clients[CLIENTS])
{
    unsigned count = 0;
    for (unsigned i = 0; i < CLIENTS; i++) {
        count += clients[i].answers;
    }
    return count;
}

/* Lets the keys arrive, which all walks go on with at once, and turns the loop until all are answered: no turn may
 * answer more than `most`. */
static void check_turns(struct fixture *f, unsigned most)
{
    struct client clients[CLIENTS];
    struct rrset *keys = arena_take(&f->arena, sizeof(*keys));
    wait_for_keys(f, clients);
    *keys = (struct rrset){.owner = name_root, .type = TYPE_DNSKEY, .ttl = 300};
    signer_add_key(&f->arena, f->signer, &keys->data);
    reply(f, 1, keys);
    unsigned turns = 0, before = 0, answered = count_answered(clients);
    while (answered < CLIENTS) {
        assert_in_range(answered - before, 0, most);
        before = answered;
        event_base_loop(f->stand.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
        answered = count_answered(clients);
        assert_in_range(++turns, 1, CLIENTS + 1);
    }
    assert_in_range(turns, CLIENTS / most, CLIENTS / most + 2);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(clients[i].answer.security, SECURITY_SECURE);
    }
}

static void many_walks_share_one_turn(void **state)
{
    check_turns(*state, RESOLVER_TIRED);
}

static void many_costly_walks_share_one_turn(void **state)
{
    check_turns(*state, 1);
}

static void ending_answers_those_who_wait_for_one(void **state)
{
    struct fixture *f = *state;
    struct client c;
    come_to_rest(f, &c);
    walks_free(f->stand.walks);
    f->stand.walks = NULL;
    assert_int_equal(c.answers, 1);
    assert_int_equal(c.answer.rcode, RCODE_SERVFAIL);
    stand_run(&f->stand, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_left_is_done_from_the_event_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_join_a_resting_walk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_walks_share_one_turn, set_up_p256, tear_down),
        cmocka_unit_test_setup_teardown(many_costly_walks_share_one_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ending_answers_those_who_wait_for_one, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
