#include "resolver/server/walks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/base/clock.h"
#include "resolver/dns/type.h"
#include "server_stand.h"

/* One label: the root is asked for it, whatever is kept from servers of longer names. */
#define NAME  ((const uint8_t *)"\4name")
#define OTHER ((const uint8_t *)"\5other")

struct client {
    struct waiter waiter; /* first: answer gets its address */
    unsigned answers;
    unsigned rcode;
    bool was_late;
    unsigned records;
    struct ede error;
};

static void note(struct waiter *w, const struct answer *a)
{
    struct client *c = (struct client *)(void *)w;
    c->answers++;
    c->rcode = a->rcode;
    c->was_late = w->is_late;
    c->records = a->sections[SECTION_ANSWER] != NULL ? a->sections[SECTION_ANSWER]->data.count : 0;
    c->error = a->error_count > 0 ? a->errors[0] : (struct ede){.code = UINT16_MAX};
}

static int set_up(void **state)
{
    static struct stand s;
    stand_make(&s, "", NULL);
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    stand_end(*state);
    return 0;
}

static const struct asker somebody = {.address = 1}, another = {.address = 2};

static struct walk *ask_as(struct stand *s, const struct asker *who, const uint8_t *name, unsigned flags,
                           enum walk_state expected)
{
    struct question q = {.name = name, .type = TYPE_A, .class = CLASS_IN};
    struct walk *walk = NULL;
    assert_int_equal(walks_ask(s->walks, s->generation, &q, flags, who, &walk), expected);
    return walk;
}

static struct walk *ask(struct stand *s, const uint8_t *name, unsigned flags, enum walk_state expected)
{
    return ask_as(s, &somebody, name, flags, expected);
}

static void refresh(struct stand *s, const uint8_t *name)
{
    struct question q = {.name = name, .type = TYPE_A, .class = CLASS_IN};
    walks_refresh(s->walks, s->generation, &q, 0);
}

static void wait_as(const struct asker *who, struct walk *walk, struct client *c)
{
    *c = (struct client){.waiter = {.answer = note, .asker = *who}};
    assert_int_equal(walk_wait(walk, &c->waiter), FAIL_NONE);
}

static void wait_for(struct walk *walk, struct client *c)
{
    wait_as(&somebody, walk, c);
}

static void clients_with_one_question_share_one_walk(void **state)
{
    struct stand *s = *state;
    struct client clients[100];
    struct walk *walk = ask(s, NAME, 0, WALK_ON);
    for (unsigned i = 0; i < 100; i++) {
        assert_ptr_equal(ask(s, (const uint8_t *)"\4NaMe", 0, WALK_ON), walk);
        wait_for(walk, &clients[i]);
    }
    assert_int_equal(fake_upstream_count(), 1);
    assert_int_equal(s->on_network, 1);
    assert_int_equal(walks_counts(s->walks).waiting, 100);
    fake_upstream_answer(0, RCODE_NOERROR);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(clients[i].answers, 1);
        assert_int_equal(clients[i].rcode, RCODE_NOERROR);
        assert_int_equal(clients[i].records, 1);
        assert_false(clients[i].was_late);
    }
    struct walk_counts counts = walks_counts(s->walks);
    assert_int_equal(counts.waiting + counts.in_flight, 0);
    assert_int_equal(counts.started, 1);
    assert_int_equal(counts.finished, 1);
    assert_int_equal(s->on_rest, 1);
}

static void what_is_cached_needs_no_waiting(void **state)
{
    struct stand *s = *state;
    ask(s, NAME, 0, WALK_ON);
    fake_upstream_answer(0, RCODE_NOERROR);
    struct walk *walk = ask(s, NAME, 0, WALK_FINISHED);
    assert_int_equal(walk_answer(walk)->rcode, RCODE_NOERROR);
    assert_true(walk_answer(walk)->is_cached);
    walk_release(walk);
    assert_int_equal(fake_upstream_count(), 1);
    assert_int_equal(s->on_network, 1);
}

static void questions_with_other_flags_walk_apart_but_ask_together(void **state)
{
    struct stand *s = *state;
    struct client plain, unchecked;
    wait_for(ask(s, NAME, 0, WALK_ON), &plain);
    wait_for(ask(s, NAME, QUERY_CD, WALK_ON), &unchecked);
    assert_int_equal(walks_counts(s->walks).in_flight, 2);
    assert_int_equal(fake_upstream_count(), 1);
    fake_upstream_answer(0, RCODE_NXDOMAIN);
    assert_int_equal(plain.rcode, RCODE_NXDOMAIN);
    assert_int_equal(unchecked.rcode, RCODE_NXDOMAIN);
}

static void names_of_one_zone_share_the_way_to_it(void **state)
{
    struct stand *s = *state;
    struct client first, second;
    wait_for(ask(s, (const uint8_t *)"\1a\4name", 0, WALK_ON), &first);
    wait_for(ask(s, (const uint8_t *)"\1b\4name", 0, WALK_ON), &second);
    assert_int_equal(fake_upstream_count(), 1);
    assert_memory_equal(fake_upstream_at(0)->name, NAME, 6);
    fake_upstream_answer(0, RCODE_NOERROR);
    assert_int_equal(fake_upstream_count(), 3);
    fake_upstream_answer(2, RCODE_NOERROR);
    fake_upstream_answer(1, RCODE_NXDOMAIN);
    assert_int_equal(first.rcode, RCODE_NXDOMAIN);
    assert_int_equal(second.rcode, RCODE_NOERROR);
}

static void a_late_client_gets_the_reason_and_the_walk_goes_on(void **state)
{
    struct stand *s = *state;
    struct client late, next;
    stand_limit(s, answer_ms, 20);
    struct walk *walk = ask(s, NAME, 0, WALK_ON);
    wait_for(walk, &late);
    stand_run(s, 60);
    assert_int_equal(late.answers, 1);
    assert_int_equal(late.rcode, RCODE_SERVFAIL);
    assert_true(late.was_late);
    assert_int_equal(late.error.code, EDE_NO_REACHABLE_AUTHORITY);
    assert_non_null(strstr(late.error.text, "192.0.2.1"));
    assert_int_equal(walks_counts(s->walks).late, 1);
    assert_false(fake_upstream_at(0)->is_over);

    stand_limit(s, answer_ms, 5000);
    assert_ptr_equal(ask(s, NAME, 0, WALK_ON), walk);
    wait_for(walk, &next);
    fake_upstream_answer(0, RCODE_NOERROR);
    assert_int_equal(late.answers, 1);
    assert_int_equal(next.rcode, RCODE_NOERROR);
    assert_false(next.was_late);
    walk_release(ask(s, NAME, 0, WALK_FINISHED));
}

static void each_client_has_its_own_time(void **state)
{
    struct stand *s = *state;
    static struct client first, second; /* the end of the stand answers the second */
    stand_limit(s, answer_ms, 30);
    wait_for(ask(s, NAME, 0, WALK_ON), &first);
    stand_run(s, 10);
    stand_limit(s, answer_ms, 10000);
    wait_for(ask(s, OTHER, 0, WALK_ON), &second);
    stand_run(s, 60);
    assert_int_equal(first.answers, 1);
    assert_int_equal(second.answers, 0);
    assert_int_equal(walks_counts(s->walks).waiting, 1);
}

static void walks_over_the_limit_are_refused(void **state)
{
    struct stand *s = *state;
    stand_limit(s, in_flight, 1);
    struct walk *walk = ask(s, NAME, 0, WALK_ON);
    ask(s, OTHER, 0, WALK_REFUSED);
    assert_ptr_equal(ask(s, NAME, 0, WALK_ON), walk); /* who can share is not one more */
    assert_int_equal(walks_counts(s->walks).refused, 1);
    assert_int_equal(s->generation->resolver.limit_hits[LIMIT_ID_in_flight], 1);
    fake_upstream_answer(0, RCODE_NOERROR);
    ask(s, OTHER, 0, WALK_ON);
}

/* A name of its own for each number. */
static const uint8_t *numbered(unsigned number)
{
    static uint8_t names[64][6];
    memcpy(names[number], "\4n000", 6);
    names[number][3] = (uint8_t)('0' + number / 10);
    names[number][4] = (uint8_t)('0' + number % 10);
    return names[number];
}

static void what_is_cached_needs_no_place(void **state)
{
    struct stand *s = *state;
    ask(s, NAME, 0, WALK_ON);
    fake_upstream_answer(0, RCODE_NOERROR);
    stand_limit(s, in_flight, 1);
    ask(s, OTHER, 0, WALK_ON);
    walk_release(ask(s, NAME, 0, WALK_FINISHED));
}

static void a_slow_walk_of_the_upper_half_gives_way(void **state)
{
    struct stand *s = *state;
    struct client clients[3];
    stand_limit(s, in_flight, 2);
    stand_limit(s, slow_ms, 200);
    wait_for(ask(s, numbered(0), 0, WALK_ON), &clients[0]);
    wait_for(ask(s, numbered(1), 0, WALK_ON), &clients[1]);
    ask(s, numbered(2), 0, WALK_REFUSED); /* not yet slow */
    stand_run(s, 200);
    wait_for(ask(s, numbered(1), 0, WALK_ON), &clients[2]); /* asking again makes it no younger */
    struct walk *walk = ask(s, numbered(3), 0, WALK_ON);
    assert_non_null(walk);
    assert_int_equal(clients[1].answers, 0); /* not from within the question that took the place */
    assert_true(fake_upstream_at(1)->was_cancelled);
    stand_run(s, 0);
    assert_int_equal(clients[0].answers, 0);
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(clients[i].answers, 1);
        assert_int_equal(clients[i].rcode, RCODE_SERVFAIL);
        assert_non_null(strstr(clients[i].error.text, "gave way"));
    }
    assert_int_equal(walks_counts(s->walks).in_flight, 2);
    assert_int_equal(walks_counts(s->walks).given_up, 1);
    assert_int_equal(s->generation->resolver.limit_hits[LIMIT_ID_slow_ms], 1);
    fake_upstream_answer(0, RCODE_NOERROR); /* the lower half ends by itself */
    assert_int_equal(clients[0].rcode, RCODE_NOERROR);
}

static void a_refresh_takes_nobodys_place(void **state)
{
    struct stand *s = *state;
    stand_limit(s, in_flight, 1);
    stand_limit(s, slow_ms, 0);
    ask(s, OTHER, 0, WALK_ON);
    refresh(s, NAME);
    assert_int_equal(walks_counts(s->walks).given_up, 0);
    assert_int_equal(walks_counts(s->walks).refused, 1);
}

static void one_address_may_have_all_until_half_of_the_places_are_taken(void **state)
{
    struct stand *s = *state;
    struct client clients[20];
    stand_limit(s, in_flight, 20);
    stand_limit(s, waiting_per_address, 2);
    unsigned count = 0;
    for (; count < 11; count++) {
        wait_for(ask(s, numbered(count), 0, WALK_ON), &clients[count]);
    }
    ask(s, numbered(50), 0, WALK_REFUSED);
    assert_int_equal(fake_upstream_count(), 11); /* nobody was asked for it */
    for (; count < 13; count++) {                /* others still may */
        wait_as(&another, ask_as(s, &another, numbered(count), 0, WALK_ON), &clients[count]);
    }
    assert_int_equal(s->generation->resolver.limit_hits[LIMIT_ID_waiting_per_address], 1);
    for (unsigned i = 0; i < count; i++) {
        fake_upstream_answer(i, RCODE_NOERROR);
    }
    ask(s, numbered(50), 0, WALK_ON);
}

static void waiters_over_the_limit_are_refused(void **state)
{
    struct stand *s = *state;
    struct client clients[2], extra = {.waiter.answer = note};
    stand_limit(s, waiters, 2);
    struct walk *walk = ask(s, NAME, 0, WALK_ON);
    wait_for(walk, &clients[0]);
    wait_for(walk, &clients[1]);
    assert_int_equal(walk_wait(walk, &extra.waiter), FAIL_LIMIT);
    assert_int_equal(s->generation->resolver.limit_hits[LIMIT_ID_waiters], 1);
    fake_upstream_answer(0, RCODE_NOERROR);
    assert_int_equal(clients[0].answers + clients[1].answers, 2);
    assert_int_equal(extra.answers, 0);
}

static void an_exchange_that_cannot_begin_is_an_unreachable_server(void **state)
{
    struct stand *s = *state;
    fake_upstream_refuse(10);
    struct walk *walk = ask(s, NAME, 0, WALK_FINISHED);
    assert_int_equal(walk_answer(walk)->rcode, RCODE_SERVFAIL);
    assert_non_null(strstr(walk_answer(walk)->errors[0].text, "192.0.2.1 unreachable"));
    walk_release(walk);
    assert_int_equal(walks_counts(s->walks).in_flight, 0);
}

static void ending_answers_those_who_wait(void **state)
{
    struct stand *s = *state;
    struct client clients[3];
    struct walk *walk = ask(s, NAME, 0, WALK_ON);
    wait_for(walk, &clients[0]);
    wait_for(walk, &clients[1]);
    wait_for(ask(s, OTHER, 0, WALK_ON), &clients[2]);
    generation_retire(s->generation);
    s->generation = NULL;
    assert_int_equal(s->given_back, 0);
    walks_free(s->walks);
    s->walks = NULL;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(clients[i].answers, 1);
        assert_int_equal(clients[i].rcode, RCODE_SERVFAIL);
        assert_int_equal(clients[i].error.code, EDE_NOT_READY);
    }
    assert_true(fake_upstream_at(0)->was_cancelled && fake_upstream_at(1)->was_cancelled);
    assert_int_equal(s->given_back, 1);
}

/* ---- Expired data, refreshes, probes ---- */

/* Puts an answer for NAME into the cache that was stored `age_s` seconds ago with a TTL of 300. */
static void remember(struct stand *s, unsigned age_s)
{
    static const uint8_t rdata[] = {4, 0, 192, 0, 2, 1};
    struct rrset set = {.owner = NAME, .type = TYPE_A, .ttl = 300, .data = {rdata, sizeof(rdata), 1}};
    struct cache_entry e = {.name = NAME,
                            .slot = CACHE_ANSWER,
                            .type = TYPE_A,
                            .trust = TRUST_AUTHORITATIVE,
                            .stored = clock_now() - 1000ull * age_s,
                            .epoch = cache_epoch(&s->cache),
                            .sets = &set};
    struct arena a;
    arena_init(&a, 65536);
    assert_int_equal(cache_put(&s->cache, &e, &a), FAIL_NONE);
    arena_fini(&a);
}

static void a_client_gets_expired_data_when_its_patience_ends(void **state)
{
    struct stand *s = *state;
    struct client first, second;
    s->settings->policy.stale.client_ms = 400;
    remember(s, 400);
    struct walk *walk = ask(s, NAME, 0, WALK_ON);
    wait_for(walk, &first);
    stand_run(s, 200);
    wait_for(walk, &second);
    assert_int_equal(first.answers, 0);
    stand_run(s, 200);
    assert_int_equal(first.answers, 1);
    assert_int_equal(first.records, 1);
    assert_int_equal(first.error.code, EDE_STALE_ANSWER);
    assert_false(first.was_late);
    assert_int_equal(second.answers, 0);
    fake_upstream_answer(0, RCODE_NOERROR);
    assert_int_equal(second.answers, 1);
    assert_int_equal(second.error.code, UINT16_MAX);
    assert_int_equal(first.answers, 1);
}

static void expired_data_is_better_than_no_place(void **state)
{
    struct stand *s = *state;
    remember(s, 400);
    stand_limit(s, in_flight, 1);
    ask(s, OTHER, 0, WALK_ON);
    struct walk *walk = ask(s, NAME, 0, WALK_FINISHED);
    assert_true(walk_answer(walk)->is_stale);
    walk_release(walk);
    assert_int_equal(fake_upstream_count(), 1);
}

static void a_client_without_expired_data_waits_on(void **state)
{
    struct stand *s = *state;
    struct client c;
    s->settings->policy.stale.client_ms = 50;
    wait_for(ask(s, NAME, 0, WALK_ON), &c);
    stand_run(s, 120);
    assert_int_equal(c.answers, 0);
    fake_upstream_answer(0, RCODE_NOERROR);
    assert_int_equal(c.answers, 1);
}

static void no_patience_means_an_answer_at_once(void **state)
{
    struct stand *s = *state;
    remember(s, 400);
    struct walk *walk = ask(s, NAME, 0, WALK_ON);
    assert_null(walk_answer_at_once(walk));
    s->settings->policy.stale.client_ms = 0;
    assert_non_null(walk_answer_at_once(walk));
    assert_true(walk_answer_at_once(walk)->is_stale);
}

static void a_refresh_runs_once_and_says_when_it_has_ended(void **state)
{
    struct stand *s = *state;
    remember(s, 200);
    refresh(s, NAME);
    assert_int_equal(fake_upstream_count(), 0);
    assert_int_equal(s->on_refreshed, 1);
    remember(s, 280);
    refresh(s, NAME);
    refresh(s, NAME);
    assert_int_equal(fake_upstream_count(), 1);
    assert_int_equal(walks_counts(s->walks).refreshing, 1);
    fake_upstream_answer(0, RCODE_NOERROR);
    assert_int_equal(walks_counts(s->walks).refreshing, 0);
    assert_int_equal(s->on_refreshed, 2);
    walk_release(ask(s, NAME, 0, WALK_FINISHED));
}

static void refreshes_are_limited(void **state)
{
    struct stand *s = *state;
    stand_limit(s, prefetches, 1);
    refresh(s, NAME);
    refresh(s, OTHER);
    assert_int_equal(walks_counts(s->walks).in_flight, 1);
    assert_int_equal(s->generation->resolver.limit_hits[LIMIT_ID_prefetches], 1);
}

static void probes_are_limited(void **state)
{
    struct stand *s = *state;
    stand_limit(s, probes, 0);
    ask(s, NAME, 0, WALK_ON);
    for (unsigned i = 0; i < fake_upstream_count(); i++) {
        fake_upstream_end(i, UPSTREAM_TIMEOUT);
    }
    walk_release(ask(s, NAME, 0, WALK_FINISHED));
    assert_int_equal(walks_counts(s->walks).probes, 0);
    assert_int_equal(s->generation->resolver.limit_hits[LIMIT_ID_probes], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(clients_with_one_question_share_one_walk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_cached_needs_no_waiting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(questions_with_other_flags_walk_apart_but_ask_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_of_one_zone_share_the_way_to_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_late_client_gets_the_reason_and_the_walk_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_client_has_its_own_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(walks_over_the_limit_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_gets_expired_data_when_its_patience_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_client_without_expired_data_waits_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_patience_means_an_answer_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refresh_runs_once_and_says_when_it_has_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refreshes_are_limited, set_up, tear_down),
        cmocka_unit_test_setup_teardown(probes_are_limited, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_cached_needs_no_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_walk_of_the_upper_half_gives_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refresh_takes_nobodys_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_address_may_have_all_until_half_of_the_places_are_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(expired_data_is_better_than_no_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waiters_over_the_limit_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_exchange_that_cannot_begin_is_an_unreachable_server, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ending_answers_those_who_wait, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
