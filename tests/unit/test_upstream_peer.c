#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "resolver/net/upstream_private.h"

#define PEERS_KEPT 2048
#define SECOND     UINT64_C(1000000000)
#define MORE       10

struct fixture {
    struct event_base *base;
    struct upstream *upstream;
};

static int set_up(void **state)
{
    static struct fixture f;
    const struct upstream_settings settings = {.edns_size = 1232};
    f.base = event_base_new();
    f.upstream = upstream_new(f.base, &settings);
    *state = &f;
    return f.upstream != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    upstream_free(f->upstream);
    event_base_free(f->base);
    return 0;
}

static struct addr address(unsigned number)
{
    const uint8_t octets[4] = {192, 0, (uint8_t)(number >> 8), (uint8_t)number};
    return addr_v4(octets, 53);
}

static struct peer *get(struct fixture *f, unsigned number, bool tcp, uint64_t now)
{
    struct addr a = address(number);
    struct peer_bucket *bucket = peer_bucket(f->upstream, &a, tcp);
    peer_fetch(bucket);
    struct peer *p = peer_get(f->upstream, bucket, &a, tcp, now);
    assert_non_null(p);
    assert_true(addr_equal(&p->address, &a) && p->tcp == tcp);
    return p;
}

static bool is_kept(struct fixture *f, unsigned number)
{
    struct addr a = address(number);
    struct peer *p;
    LIST_FOREACH(p, peer_bucket(f->upstream, &a, false), bucket)
    {
        if (addr_equal(&p->address, &a)) {
            return true;
        }
    }
    return false;
}

static void a_server_is_one_for_each_transport(void **state)
{
    struct fixture *f = *state;
    struct peer *udp = get(f, 1, false, SECOND);
    struct peer *tcp = get(f, 1, true, SECOND);
    assert_ptr_not_equal(udp, tcp);
    assert_ptr_equal(get(f, 1, false, 9 * SECOND), udp);
    assert_ptr_equal(get(f, 1, true, 9 * SECOND), tcp);
    assert_int_equal(f->upstream->peer_count, 2);
}

static void of_too_many_those_not_used_longest_go(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < PEERS_KEPT; i++) {
        get(f, i, false, SECOND);
    }
    get(f, 0, false, 3 * SECOND);
    get(f, 2, false, SECOND + 1); /* too soon to count */
    get(f, 3, false, SECOND)->pending = 1;
    for (unsigned i = 0; i < MORE; i++) {
        get(f, PEERS_KEPT + i, false, 4 * SECOND);
    }
    event_base_loop(f->base, EVLOOP_NONBLOCK); /* they go from the loop */
    assert_int_equal(f->upstream->peer_count, PEERS_KEPT);
    assert_true(is_kept(f, 0)); /* used since */
    assert_false(is_kept(f, 1));
    assert_false(is_kept(f, 2));
    assert_true(is_kept(f, 3)); /* has an exchange */
    for (unsigned i = 4; i < MORE + 2; i++) {
        assert_false(is_kept(f, i));
    }
    assert_true(is_kept(f, MORE + 2));
    assert_true(is_kept(f, PEERS_KEPT + MORE - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_server_is_one_for_each_transport, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_too_many_those_not_used_longest_go, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
