/* The rules of the cache: what may be stored over what, for how long, and what is still good. Time is made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cache/cache.h"
#include "cache/memory.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

#define T0 UINT64_C(1700000000000)

static struct cache_policy policy;
static struct memory *memory;
static struct cache_view view;
static struct arena arena;

static int start(void **state)
{
    (void)state;
    policy =
        (struct cache_policy){.max_ttl = 86400, .max_negative_ttl = 3600, .max_entry_size = 16384, .max_records = 100};
    memory = memory_new();
    view = (struct cache_view){.backend = memory_backend(memory), .policy = &policy};
    arena_init(&arena, 1 << 20);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    arena_fini(&arena);
    memory_free(memory);
    return 0;
}

static const uint8_t *name_of(const char *text)
{
    uint8_t name[NAME_SIZE];
    assert_int_equal(name_from_text(text, strlen(text), NULL, name), FAIL_NONE);
    return arena_copy(&arena, name, name_len(name));
}

static struct rrset *set_of(const char *owner, uint16_t type, uint32_t ttl, const void *rdata, uint16_t len)
{
    struct rdata_view data = {.bytes = rdata, .len = len};
    struct rrset *set = rrset_single(&arena, name_of(owner), type, ttl, data);
    assert_non_null(set);
    return set;
}

static struct rrset *address(const char *owner, uint32_t ttl, uint8_t last)
{
    const uint8_t octets[4] = {192, 0, 2, last};
    return set_of(owner, TYPE_A, ttl, octets, 4);
}

static struct rrset *soa(const char *owner, uint32_t ttl, uint8_t minimum)
{
    uint8_t rdata[22] = {0};
    rdata[21] = minimum;
    return set_of(owner, TYPE_SOA, ttl, rdata, sizeof(rdata));
}

static struct rrset *ns(const char *zone, uint32_t ttl, const char *target)
{
    const uint8_t *name = name_of(target);
    return set_of(zone, TYPE_NS, ttl, name, (uint16_t)name_len(name));
}

static struct rrset *ds(const char *zone, uint32_t ttl)
{
    const uint8_t rdata[24] = {0, 1, 8, 1};
    return set_of(zone, TYPE_DS, ttl, rdata, sizeof(rdata));
}

static struct cache_entry entry(enum cache_slot slot, const char *name, uint16_t type, struct rrset *sets)
{
    return (struct cache_entry){.name = name_of(name),
                                .slot = slot,
                                .type = type,
                                .trust = slot == CACHE_DELEGATION ? TRUST_REFERRAL : TRUST_AUTHORITATIVE,
                                .stored = T0,
                                .epoch = cache_epoch(&view),
                                .sets = sets};
}

static int put(const struct cache_entry *e)
{
    return cache_put(&view, e, &arena);
}

static int put_address(const char *name, uint32_t ttl, uint8_t last, enum trust trust, uint64_t now)
{
    struct cache_entry e = entry(CACHE_ANSWER, name, TYPE_A, address(name, ttl, last));
    e.trust = trust;
    e.stored = now;
    return put(&e);
}

static int put_delegation(const char *zone, uint32_t ttl, const char *target, uint64_t now)
{
    struct cache_entry e = entry(CACHE_DELEGATION, zone, 0, ns(zone, ttl, target));
    e.stored = now;
    return put(&e);
}

static const struct cache_entry *find(enum cache_slot slot, const char *name, uint16_t type, uint64_t now)
{
    const struct cache_entry *hit;
    assert_int_equal(cache_find(&view, slot, name_of(name), type, now, 0, &arena, &hit), FAIL_NONE);
    return hit;
}

static const struct cache_entry *find_a(const char *name, uint64_t now)
{
    return find(CACHE_ANSWER, name, TYPE_A, now);
}

static uint8_t last_octet(const struct cache_entry *e)
{
    return rdatas_first(&e->sets->data).bytes[3];
}

/* ---- Time ---- */

static void an_entry_lives_until_its_ttl_is_over(void **state)
{
    (void)state;
    assert_int_equal(put_address("www.example.", 60, 1, TRUST_AUTHORITATIVE, T0), FAIL_NONE);
    const struct cache_entry *hit = find_a("WWW.example.", T0 + 59999);
    assert_non_null(hit);
    assert_int_equal(hit->expires, T0 + 60000);
    assert_int_equal(hit->sets->expires, T0 + 60000);
    assert_int_equal(rrset_ttl_at(hit->sets, T0 + 58500), 2);
    assert_null(find_a("www.example.", T0 + 60000));
    assert_null(find(CACHE_ANSWER, "www.example.", TYPE_AAAA, T0));
    assert_null(find_a("example.", T0));
}

static void an_expired_entry_is_given_within_the_stale_window_only(void **state)
{
    const struct cache_entry *hit;
    const uint8_t *name = name_of("www.example.");
    (void)state;
    assert_int_equal(put_address("www.example.", 60, 1, TRUST_AUTHORITATIVE, T0), FAIL_NONE);
    assert_int_equal(cache_find(&view, CACHE_ANSWER, name, TYPE_A, T0 + 70000, 10000, &arena, &hit), FAIL_NONE);
    assert_non_null(hit);
    assert_int_equal(hit->expires, T0 + 60000);
    assert_int_equal(cache_find(&view, CACHE_ANSWER, name, TYPE_A, T0 + 70001, 10000, &arena, &hit), FAIL_NONE);
    assert_null(hit);
}

static void ttl_0_is_not_stored(void **state)
{
    (void)state;
    assert_int_equal(put_address("www.example.", 0, 1, TRUST_AUTHORITATIVE, T0), FAIL_NONE);
    assert_int_equal(memory_count(memory), 0);
}

static void ttls_are_clamped_to_the_policy(void **state)
{
    (void)state;
    policy.min_ttl = 30;
    policy.max_ttl = 100;
    policy.max_negative_ttl = 20;
    assert_int_equal(cache_clamp_ttl(&policy, 5, false), 30);
    assert_int_equal(cache_clamp_ttl(&policy, 0, false), 30);
    assert_int_equal(cache_clamp_ttl(&policy, 500, false), 100);
    assert_int_equal(cache_clamp_ttl(&policy, 500, true), 20);
    put_address("low.example.", 5, 1, TRUST_AUTHORITATIVE, T0);
    put_address("high.example.", 500, 1, TRUST_AUTHORITATIVE, T0);
    put_address("zero.example.", 0, 1, TRUST_AUTHORITATIVE, T0);
    assert_int_equal(find_a("zero.example.", T0)->expires, T0 + 30000);
    assert_int_equal(find_a("low.example.", T0)->expires, T0 + 30000);
    assert_int_equal(find_a("high.example.", T0)->expires, T0 + 100000);
}

static void an_entry_from_the_future_is_not_believed(void **state)
{
    (void)state;
    put_address("www.example.", 86400, 1, TRUST_AUTHORITATIVE, T0 + 10000);
    assert_non_null(find_a("www.example.", T0));
    assert_null(find_a("www.example.", T0 - 1));
    /* and does not stand in the way of a new one, however good it claims to be */
    assert_int_equal(put_address("www.example.", 60, 2, TRUST_ANSWER, T0 - 1), FAIL_NONE);
    assert_int_equal(last_octet(find_a("www.example.", T0 - 1)), 2);
}

/* ---- Negative entries ---- */

static void a_negative_entry_lives_as_long_as_soa_and_its_minimum_allow(void **state)
{
    struct cache_entry e = entry(CACHE_ANSWER, "www.example.", TYPE_AAAA, soa("example.", 100, 30));
    (void)state;
    e.is_negative = true;
    put(&e);
    const struct cache_entry *hit = find(CACHE_ANSWER, "www.example.", TYPE_AAAA, T0);
    assert_true(hit->is_negative);
    assert_int_equal(hit->expires, T0 + 30000);
    assert_true(name_equal(hit->sets->owner, name_of("example.")));
    e = entry(CACHE_NXDOMAIN, "no.example.", 0, soa("example.", 20, 30));
    put(&e);
    assert_int_equal(find(CACHE_NXDOMAIN, "no.example.", 0, T0)->expires, T0 + 20000);
    e = entry(CACHE_NXDOMAIN, "capped.example.", 0, soa("example.", 86400, 255));
    policy.max_negative_ttl = 10;
    put(&e);
    assert_int_equal(find(CACHE_NXDOMAIN, "capped.example.", 0, T0)->expires, T0 + 10000);
}

static void a_negative_entry_without_soa_is_not_stored(void **state)
{
    struct cache_entry e = entry(CACHE_NXDOMAIN, "no.example.", 0, NULL);
    (void)state;
    policy.min_negative_ttl = 0;
    assert_int_equal(put(&e), FAIL_NONE);
    assert_int_equal(memory_count(memory), 0);
}

static void an_answer_ends_the_proof_that_the_name_does_not_exist(void **state)
{
    struct cache_entry e = entry(CACHE_NXDOMAIN, "www.example.", 0, soa("example.", 60, 60));
    (void)state;
    put(&e);
    assert_non_null(find(CACHE_NXDOMAIN, "www.example.", 0, T0 + 1));
    put_address("www.example.", 60, 1, TRUST_ANSWER, T0 + 1);
    assert_non_null(find(CACHE_NXDOMAIN, "www.example.", 0, T0 + 2)); /* that one was known better */
    put_address("www.example.", 60, 1, TRUST_AUTHORITATIVE, T0 + 1);
    assert_null(find(CACHE_NXDOMAIN, "www.example.", 0, T0 + 2));
}

/* ---- Trust ---- */

static void only_equal_or_better_trust_replaces_a_live_entry(void **state)
{
    (void)state;
    assert_int_equal(put_address("www.example.", 60, 1, TRUST_AUTHORITATIVE, T0), FAIL_NONE);
    assert_int_equal(put_address("www.example.", 600, 2, TRUST_ANSWER, T0 + 1000), FAIL_BUSY);
    assert_int_equal(last_octet(find_a("www.example.", T0 + 1000)), 1);
    assert_int_equal(put_address("www.example.", 60, 3, TRUST_AUTHORITATIVE, T0 + 1000), FAIL_NONE);
    assert_int_equal(last_octet(find_a("www.example.", T0 + 1000)), 3);
    assert_int_equal(put_address("www.example.", 60, 4, TRUST_VALIDATED, T0 + 2000), FAIL_NONE);
    assert_int_equal(last_octet(find_a("www.example.", T0 + 2000)), 4);
    assert_int_equal(put_address("www.example.", 60, 5, TRUST_ANSWER, T0 + 62000), FAIL_NONE); /* it expired */
    assert_int_equal(last_octet(find_a("www.example.", T0 + 62000)), 5);
}

static void a_damaged_entry_is_a_miss_and_is_replaced_by_anything(void **state)
{
    const uint8_t *key;
    uint8_t *value;
    size_t key_len, len;
    (void)state;
    put_address("www.example.", 60, 1, TRUST_VALIDATED, T0);
    assert_true(memory_at(memory, 0, &key, &key_len, &value, &len));
    value[len - 1] ^= 1;
    assert_null(find_a("www.example.", T0));
    assert_int_equal(put_address("www.example.", 60, 2, TRUST_ANSWER, T0), FAIL_NONE);
    assert_int_equal(last_octet(find_a("www.example.", T0)), 2);
}

static void an_old_epoch_is_not_stored(void **state)
{
    struct cache_entry e = entry(CACHE_ANSWER, "www.example.", TYPE_A, address("www.example.", 60, 1));
    (void)state;
    put(&e);
    assert_int_equal(memory_flush(memory, name_of("example."), true), 1);
    assert_int_equal(put(&e), FAIL_STORE);
    assert_int_equal(memory_count(memory), 0);
}

/* ---- Delegations ---- */

static void a_repeated_delegation_ends_when_it_would_have_ended(void **state)
{
    (void)state;
    put_delegation("example.", 100, "ns1.example.", T0);
    put_delegation("example.", 100, "NS1.example.", T0 + 50000);
    assert_int_equal(find(CACHE_DELEGATION, "example.", 0, T0 + 60000)->expires, T0 + 100000);
    put_delegation("example.", 10, "ns1.example.", T0 + 60000); /* earlier is fine */
    assert_int_equal(find(CACHE_DELEGATION, "example.", 0, T0 + 60000)->expires, T0 + 70000);
    put_delegation("example.", 100, "ns2.example.", T0 + 60000); /* another NS set is news */
    assert_int_equal(find(CACHE_DELEGATION, "example.", 0, T0 + 60000)->expires, T0 + 160000);
    put_delegation("example.", 100, "ns2.example.", T0 + 160000); /* it had ended */
    assert_int_equal(find(CACHE_DELEGATION, "example.", 0, T0 + 160000)->expires, T0 + 260000);
}

static void a_delegation_lives_as_long_as_ns_and_ds_and_keeps_its_glue(void **state)
{
    struct rrset *sets = ns("example.", 100, "ns.example.");
    (void)state;
    rrset_append(&sets, ds("example.", 40));
    rrset_append(&sets, address("ns.example.", 7, 9));
    struct cache_entry e = entry(CACHE_DELEGATION, "example.", 0, sets);
    put(&e);
    const struct cache_entry *hit = find(CACHE_DELEGATION, "example.", 0, T0);
    assert_int_equal(hit->expires, T0 + 40000);
    struct rrset *glue = rrset_find(hit->sets, name_of("ns.example."), TYPE_A);
    assert_non_null(glue);
    assert_int_equal(glue->expires, T0 + 40000);
}

static const struct cache_entry *find_delegation(const char *name, uint64_t now)
{
    const struct cache_entry *hit;
    assert_int_equal(cache_find_delegation(&view, name_of(name), now, &arena, &hit), FAIL_NONE);
    return hit;
}

static void the_deepest_live_delegation_is_found(void **state)
{
    (void)state;
    assert_null(find_delegation("www.a.example.", T0));
    put_delegation(".", 1000, "a.root.", T0);
    put_delegation("example.", 1000, "ns.example.", T0);
    put_delegation("a.example.", 10, "ns.a.example.", T0);
    assert_true(name_equal(find_delegation("x.www.a.example.", T0)->name, name_of("a.example.")));
    assert_true(name_equal(find_delegation("a.example.", T0)->name, name_of("a.example.")));
    assert_true(name_equal(find_delegation("x.www.a.example.", T0 + 10000)->name, name_of("example.")));
    assert_true(name_equal(find_delegation("b.example.", T0)->name, name_of("example.")));
    assert_true(name_equal(find_delegation("ba.example2.", T0)->name, name_root));
    assert_true(name_equal(find_delegation(".", T0)->name, name_root));
}

static void a_prepared_name_is_good_for_its_slots_and_those_above(void **state)
{
    (void)state;
    static const char *const names[] = {"a.b.example.", "b.example.", "example.", ".", "."};
    const struct cache_entry *hit;
    struct cache_name n;
    put_address("a.b.example.", 10, 1, TRUST_ANSWER, T0);
    put_address("example.", 10, 2, TRUST_ANSWER, T0);
    put_delegation("b.example.", 10, "ns.example.", T0);
    cache_name_set(&n, name_of("A.b.example."));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++, cache_name_rise(&n)) {
        assert_int_equal(cache_find_slot(&view, &n, CACHE_ANSWER, TYPE_A, T0, &arena, &hit), FAIL_NONE);
        assert_int_equal(hit != NULL, find_a(names[i], T0) != NULL);
        assert_int_equal(hit != NULL, i == 0 || i == 2);
        assert_int_equal(cache_find_slot(&view, &n, CACHE_DELEGATION, 0, T0, &arena, &hit), FAIL_NONE);
        assert_int_equal(hit != NULL, i == 1);
    }
    cache_name_set(&n, name_of("example."));
    assert_int_equal(cache_find_slot(&view, &n, CACHE_ANSWER, TYPE_A, T0 + 10000, &arena, &hit), FAIL_NONE);
    assert_null(hit);
}

/* What one slot lacks says nothing about the others, unless all are empty. */
static void a_name_is_bare_only_when_all_its_slots_are_empty(void **state)
{
    static const char *const others[] = {"a.", "a.example.", "examplf.", "example-.", "."};
    const struct cache_entry *hit;
    struct cache_name n;
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        put_address(others[i], 10, 1, TRUST_ANSWER, T0);
    }
    cache_name_set(&n, name_of("example."));
    assert_int_equal(cache_find_slot(&view, &n, CACHE_ANSWER, TYPE_A, T0, &arena, &hit), FAIL_NONE);
    assert_null(hit);
    assert_true(n.is_bare);
    assert_int_equal(cache_find_slot(&view, &n, CACHE_DELEGATION, 0, T0, &arena, &hit), FAIL_NONE);
    assert_null(hit);
    put_delegation("example.", 10, "ns.example.", T0);
    cache_name_set(&n, name_of("example."));
    for (unsigned slot = CACHE_ANSWER; slot <= CACHE_FAILURE; slot++) { /* some before the delegation, one behind it */
        assert_int_equal(cache_find_slot(&view, &n, (enum cache_slot)slot, 0, T0, &arena, &hit), FAIL_NONE);
        assert_int_equal(hit != NULL, slot == CACHE_DELEGATION);
        assert_false(n.is_bare);
    }
}

/* Depends on the delegation of the zone of so many labels once `until` is over. */
static void put_backed(const char *zone, uint64_t until, uint8_t backer_labels)
{
    struct cache_entry e = entry(CACHE_DELEGATION, zone, 0, ns(zone, 1000, "ns.elsewhere."));
    e.backed_until = until;
    e.backer_labels = backer_labels;
    assert_int_equal(put(&e), FAIL_NONE);
}

static const char *deepest(const char *name, uint64_t now)
{
    static char text[NAME_TEXT_SIZE];
    const struct cache_entry *e = find_delegation(name, now);
    return e != NULL ? name_text(e->name, text) : "none";
}

static void a_delegation_counts_while_the_one_above_lives(void **state)
{
    (void)state;
    put_delegation("example.", 10, "ns.example.", T0);
    put_backed("a.example.", T0 + 10000, 1);
    put_backed("b.a.example.", T0 + 10000, 2);
    assert_string_equal(deepest("b.a.example.", T0 + 9999), "b.a.example.");
    assert_string_equal(deepest("b.a.example.", T0 + 10000), "none");
    assert_string_equal(deepest("a.example.", T0 + 10000), "none");
    put_delegation("example.", 10, "ns.example.", T0 + 10000); /* the zone above it still has one */
    assert_string_equal(deepest("b.a.example.", T0 + 10000), "b.a.example.");
    assert_string_equal(deepest("b.a.example.", T0 + 20000), "none");
}

static void one_that_nobody_backs_gives_way_to_those_above(void **state)
{
    (void)state;
    put_delegation(".", 1000, "a.root.", T0);
    put_delegation("example.", 10, "ns.example.", T0);
    put_backed("c.b.a.example.", T0, 2); /* a.example. is not known any more */
    assert_string_equal(deepest("x.c.b.a.example.", T0), "example.");
    put_backed("b.a.example.", T0 + 5000, 1);
    assert_string_equal(deepest("x.c.b.a.example.", T0 + 10000), ".");
}

/* ---- Limits ---- */

static void too_many_records_or_octets_are_not_kept(void **state)
{
    struct rrset *set = address("www.example.", 60, 1);
    uint8_t text[256] = {255};
    (void)state;
    policy.max_records = 0;
    struct cache_entry e = entry(CACHE_ANSWER, "www.example.", TYPE_A, set);
    assert_int_equal(put(&e), FAIL_LIMIT);
    policy.max_records = 1;
    policy.max_entry_size = 100;
    assert_int_equal(put(&e), FAIL_NONE);
    e = entry(CACHE_ANSWER, "www.example.", TYPE_TXT, set_of("www.example.", TYPE_TXT, 60, text, sizeof(text)));
    assert_int_equal(put(&e), FAIL_SPACE);
    policy.max_entry_size = 1000;
    assert_int_equal(put(&e), FAIL_NONE);
}

static void a_full_arena_is_a_limit(void **state)
{
    struct arena small;
    const struct cache_entry *hit;
    (void)state;
    put_address("www.example.", 60, 1, TRUST_AUTHORITATIVE, T0);
    arena_init(&small, 64);
    assert_int_equal(cache_find(&view, CACHE_ANSWER, name_of("www.example."), TYPE_A, T0, 0, &small, &hit), FAIL_LIMIT);
    assert_null(hit);
    arena_fini(&small);
}

/* ---- Proofs ---- */

static struct cache_entry nsec(const char *zone, const char *owner, uint32_t ttl, const char *next)
{
    uint8_t rdata[NAME_SIZE + 3];
    size_t len = name_copy(rdata, name_of(next));
    memcpy(rdata + len, "\0\1\x40", 3);
    struct rrset *set = set_of(owner, TYPE_NSEC, ttl, rdata, (uint16_t)(len + 3));
    struct cache_entry e = entry(CACHE_PROOF, owner, TYPE_NSEC, set);
    e.zone = name_of(zone);
    e.trust = TRUST_VALIDATED;
    e.security = SECURITY_SECURE;
    return e;
}

/* Owner alone; what else is in the record does not matter here. */
static struct cache_entry nsec3(const char *zone, const char *owner)
{
    static const uint8_t rdata[] = {1, 0, 0, 0, 0, 1, 0xff};
    struct cache_entry e = entry(CACHE_PROOF, owner, TYPE_NSEC3, set_of(owner, TYPE_NSEC3, 60, rdata, sizeof(rdata)));
    e.zone = name_of(zone);
    e.trust = TRUST_VALIDATED;
    return e;
}

static int put_nsec(const char *zone, const char *owner, uint32_t ttl, const char *next, uint64_t now)
{
    struct cache_entry e = nsec(zone, owner, ttl, next);
    e.stored = now;
    return put(&e);
}

static void assert_proof(const char *zone, uint16_t type, const char *name, uint64_t now, const char *owner)
{
    const struct cache_entry *hit;
    assert_int_equal(cache_find_proof(&view, name_of(zone), type, name_of(name), now, &arena, &hit), FAIL_NONE);
    if (owner == NULL) {
        assert_null(hit);
        return;
    }
    assert_non_null(hit);
    assert_true(name_equal(hit->name, name_of(owner)));
    assert_true(name_equal(hit->zone, name_of(zone)));
    assert_true(name_equal(hit->sets->owner, name_of(owner)));
    assert_int_equal(hit->sets->type, type);
}

static void the_proof_at_or_before_a_name_is_found(void **state)
{
    (void)state;
    assert_int_equal(put_nsec("example.", "b.example.", 60, "d.example.", T0), FAIL_NONE);
    assert_int_equal(put_nsec("example.", "d.example.", 60, "x.example.", T0), FAIL_NONE);
    assert_int_equal(put_nsec("d.example.", "d.example.", 60, "a.d.example.", T0), FAIL_NONE);
    assert_int_equal(put_nsec("c.example.", "c.example.", 60, "x.c.example.", T0), FAIL_NONE);
    assert_int_equal(put_address("c.example.", 60, 1, TRUST_AUTHORITATIVE, T0), FAIL_NONE);
    assert_proof("example.", TYPE_NSEC, "b.example.", T0, "b.example.");
    assert_proof("example.", TYPE_NSEC, "C.example.", T0, "b.example.");
    assert_proof("example.", TYPE_NSEC, "z.c.example.", T0, "b.example.");
    assert_proof("example.", TYPE_NSEC, "a.d.example.", T0, "d.example.");
    assert_proof("example.", TYPE_NSEC, "z.example.", T0, "d.example.");
    assert_proof("example.", TYPE_NSEC, "a.example.", T0, NULL);
    assert_proof("example.", TYPE_NSEC, "example.", T0, NULL);
    assert_proof("d.example.", TYPE_NSEC, "z.d.example.", T0, "d.example.");
    assert_proof("example.", TYPE_NSEC3, "z.example.", T0, NULL);
    assert_proof(".", TYPE_NSEC, "z.example.", T0, NULL);
}

static void hashes_wrap_around(void **state)
{
    (void)state;
    struct cache_entry low = nsec3("example.", "4.example.");
    struct cache_entry high = nsec3("example.", "s.example.");
    assert_int_equal(put(&low), FAIL_NONE);
    assert_int_equal(put(&high), FAIL_NONE);
    assert_proof("example.", TYPE_NSEC3, "8.example.", T0, "4.example.");
    assert_proof("example.", TYPE_NSEC3, "t.example.", T0, "s.example.");
    assert_proof("example.", TYPE_NSEC3, "2.example.", T0, "s.example.");
    assert_proof("other.", TYPE_NSEC3, "2.other.", T0, NULL);
}

static void a_proof_lives_as_long_as_its_ttl_and_the_policy_allow(void **state)
{
    (void)state;
    assert_int_equal(put_nsec("example.", "a.example.", 60, "b.example.", T0), FAIL_NONE);
    assert_proof("example.", TYPE_NSEC, "a.example.", T0 + 59999, "a.example.");
    assert_proof("example.", TYPE_NSEC, "a.example.", T0 + 60000, NULL);
    assert_int_equal(put_nsec("example.", "b.example.", 86400, "c.example.", T0), FAIL_NONE);
    assert_proof("example.", TYPE_NSEC, "b.example.", T0 + 3599999, "b.example.");
    assert_proof("example.", TYPE_NSEC, "b.example.", T0 + 3600000, NULL);
}

static void a_proof_is_written_again_when_it_changes_or_half_its_time_is_over(void **state)
{
    (void)state;
    assert_int_equal(put_nsec("example.", "a.example.", 60, "c.example.", T0), FAIL_NONE);
    assert_int_equal(put_nsec("example.", "a.example.", 60, "c.example.", T0 + 30000), FAIL_BUSY);
    assert_int_equal(put_nsec("example.", "a.example.", 60, "b.example.", T0 + 30000), FAIL_NONE);
    assert_int_equal(put_nsec("example.", "a.example.", 60, "b.example.", T0 + 60001), FAIL_NONE);
    assert_proof("example.", TYPE_NSEC, "a.example.", T0 + 120000, "a.example.");
}

static void a_flush_drops_the_proofs_above_a_name(void **state)
{
    (void)state;
    assert_int_equal(put_nsec(".", "com.", 60, "net.", T0), FAIL_NONE);
    assert_int_equal(put_nsec("example.", "a.example.", 60, "z.example.", T0), FAIL_NONE);
    assert_int_equal(put_nsec("w.example.", "w.example.", 60, "z.w.example.", T0), FAIL_NONE);
    assert_int_equal(put_nsec("x.example.", "x.example.", 60, "z.x.example.", T0), FAIL_NONE);
    assert_int_equal(memory_flush(memory, name_of("www.w.example."), false), 3);
    assert_proof("x.example.", TYPE_NSEC, "y.x.example.", T0, "x.example.");
    assert_int_equal(memory_flush(memory, name_of("other."), true), 0);
    assert_int_equal(memory_flush(memory, name_of("example."), true), 1);
}

static void a_flush_drops_that_a_name_above_does_not_exist(void **state)
{
    struct cache_entry e = entry(CACHE_NXDOMAIN, "no.example.", 0, soa("example.", 60, 60));
    (void)state;
    put(&e);
    assert_int_equal(memory_flush(memory, name_of("other.example."), false), 0);
    assert_int_equal(memory_flush(memory, name_of("www.no.example."), false), 1);
    assert_null(find(CACHE_NXDOMAIN, "no.example.", 0, T0));
}

static void a_failure_keeps_the_end_it_was_given(void **state)
{
    struct cache_entry e = entry(CACHE_FAILURE, "www.example.", TYPE_A, NULL);
    (void)state;
    e.trust = TRUST_NONE;
    e.expires = T0 + 5000;
    e.failures = 2;
    e.error.code = EDE_NO_REACHABLE_AUTHORITY;
    assert_int_equal(put(&e), FAIL_NONE);
    const struct cache_entry *hit = find(CACHE_FAILURE, "www.example.", TYPE_A, T0 + 4999);
    assert_int_equal(hit->failures, 2);
    assert_int_equal(hit->error.code, EDE_NO_REACHABLE_AUTHORITY);
    assert_null(find(CACHE_FAILURE, "www.example.", TYPE_A, T0 + 5000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
        TEST(an_entry_lives_until_its_ttl_is_over),
        TEST(an_expired_entry_is_given_within_the_stale_window_only),
        TEST(ttl_0_is_not_stored),
        TEST(ttls_are_clamped_to_the_policy),
        TEST(an_entry_from_the_future_is_not_believed),
        TEST(a_negative_entry_lives_as_long_as_soa_and_its_minimum_allow),
        TEST(a_negative_entry_without_soa_is_not_stored),
        TEST(an_answer_ends_the_proof_that_the_name_does_not_exist),
        TEST(only_equal_or_better_trust_replaces_a_live_entry),
        TEST(a_damaged_entry_is_a_miss_and_is_replaced_by_anything),
        TEST(an_old_epoch_is_not_stored),
        TEST(a_repeated_delegation_ends_when_it_would_have_ended),
        TEST(a_delegation_lives_as_long_as_ns_and_ds_and_keeps_its_glue),
        TEST(the_deepest_live_delegation_is_found),
        TEST(a_prepared_name_is_good_for_its_slots_and_those_above),
        TEST(a_name_is_bare_only_when_all_its_slots_are_empty),
        TEST(a_delegation_counts_while_the_one_above_lives),
        TEST(one_that_nobody_backs_gives_way_to_those_above),
        TEST(too_many_records_or_octets_are_not_kept),
        TEST(a_full_arena_is_a_limit),
        TEST(the_proof_at_or_before_a_name_is_found),
        TEST(hashes_wrap_around),
        TEST(a_proof_lives_as_long_as_its_ttl_and_the_policy_allow),
        TEST(a_proof_is_written_again_when_it_changes_or_half_its_time_is_over),
        TEST(a_flush_drops_the_proofs_above_a_name),
        TEST(a_flush_drops_that_a_name_above_does_not_exist),
        TEST(a_failure_keeps_the_end_it_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
