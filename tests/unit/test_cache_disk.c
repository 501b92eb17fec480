/* The cache on disk: what views see of each other, restarts, flushes and lists. Each test has a directory of its own.
 */
#include "cache/writer.h"
#include "tests/support/cache_directory.h"

static void a_put_is_seen_by_its_view_at_once_and_by_others_after_the_commit(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *mine = disk_view_new(d, &policy);
    struct cache_view *other = disk_view_new(d, &policy);
    (void)state;
    assert_int_equal(put_text(mine, "www.example.com."), FAIL_NONE);
    assert_true(has_text(mine, "WWW.example.COM."));
    disk_view_release(mine);
    settle(d);
    disk_view_release(mine);
    assert_true(has_text(mine, "www.example.com."));
    assert_true(has_text(other, "www.example.com."));
    assert_false(has_text(other, "example.com."));
    disk_view_free(mine);
    disk_view_free(other);
    disk_close(d);
}

/* Without a release in between: a thread that was idle looks at its own puts of before first. */
static void a_newer_put_of_another_view_is_seen_over_an_own_one(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *mine = disk_view_new(d, &policy);
    struct cache_view *other = disk_view_new(d, &policy);
    uint8_t name[NAME_SIZE];
    (void)state;
    name_of("www.example.com.", name);
    assert_int_equal(put_name(mine, name, 60, now - 100000), FAIL_NONE);
    disk_view_release(mine);
    settle(d);
    assert_int_equal(put_name(other, name, 60, now), FAIL_NONE);
    settle(d);
    assert_true(has_text(mine, "www.example.com."));
    disk_view_free(mine);
    disk_view_free(other);
    disk_close(d);
}

static void number_name(unsigned i, uint8_t out[NAME_SIZE])
{
    char text[16];
    snprintf(text, sizeof(text), "host%u.", i);
    name_of(text, out);
}

static uint64_t when_stored(struct cache_view *v, const uint8_t *name)
{
    struct arena a;
    const struct cache_entry *hit;
    arena_init(&a, MIB);
    assert_int_equal(cache_find(v, CACHE_ANSWER, name, TYPE_A, now + 1000, 0, &a, &hit), FAIL_NONE);
    uint64_t stored = hit != NULL ? hit->stored : 0;
    arena_fini(&a);
    return stored;
}

/* More than the queue holds: what it refuses is lost, what it takes is stored, the newest last. */
static void puts_that_are_taken_are_stored_in_their_order(void **state)
{
    enum { ROUNDS = 5, NAMES = WRITER_QUEUE_ITEMS / 2 };
    static uint64_t stored[NAMES];
    struct disk *d = open_disk(64 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    static uint8_t names[NAMES][NAME_SIZE];
    (void)state;
    for (unsigned i = 0; i < ROUNDS * NAMES; i++) {
        number_name(i % NAMES, names[i % NAMES]);
        if (put_name(v, names[i % NAMES], 3600, now + i / NAMES) == FAIL_NONE) {
            stored[i % NAMES] = now + i / NAMES;
        }
        disk_view_release(v);
    }
    settle(d);
    disk_view_release(v);
    for (unsigned i = 0; i < NAMES; i++) {
        assert_int_equal(when_stored(v, names[i]), stored[i]);
    }
    disk_view_free(v);
    disk_close(d);
}

static void entries_survive_a_restart(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    (void)state;
    assert_int_equal(put_text(v, "a.example."), FAIL_NONE);
    assert_int_equal(put_text(v, "b.example."), FAIL_NONE);
    disk_view_free(v);
    disk_close(d);

    d = open_disk(16 * MIB, "");
    v = disk_view_new(d, &policy);
    assert_true(has_text(v, "a.example."));
    assert_true(has_text(v, "b.example."));
    disk_view_free(v);
    disk_close(d);
}

/* A look-up that finds nothing spares later ones the way to the same place: none may be spared wrongly. */
static void what_is_there_is_found_whatever_was_missing_before(void **state)
{
    enum { NAMES = 999, STRIDE = 619 };
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    struct cache_view *other = disk_view_new(d, &policy);
    char text[64];
    (void)state;
    assert_false(has_text(other, "n1.example."));
    for (unsigned kept = 3; kept > 0; kept--) { /* every third name, then every second of all, then all */
        for (unsigned i = 0; i < NAMES; i += kept) {
            snprintf(text, sizeof(text), "n%u.example.", i);
            (void)put_text(v, text);
        }
        settle(d);
        disk_view_release(v);
        disk_view_release(other);
        for (unsigned i = 0; i < NAMES; i++) {
            unsigned n = i * STRIDE % NAMES;
            snprintf(text, sizeof(text), "n%u.example.", n);
            assert_int_equal(has_text(other, text), n % 3 == 0 || (kept < 3 && n % 2 == 0) || kept == 1);
            snprintf(text, sizeof(text), "n%u-.example.", n);
            assert_false(has_text(other, text));
        }
        assert_false(has_text(other, "."));
        assert_false(has_text(other, "zz."));
        assert_false(has_text(other, "example."));
    }
    disk_view_free(v);
    disk_view_free(other);
    disk_close(d);
}

/* A view that found nothing must not go on to believe that, or it would store over what is better (RFC 2181 5.4.1). */
static void what_another_view_stored_meanwhile_is_weighed(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *mine = disk_view_new(d, &policy);
    struct cache_view *other = disk_view_new(d, &policy);
    uint8_t name[NAME_SIZE];
    uint8_t packed[6];
    struct rrset set = {.owner = name, .type = TYPE_A, .ttl = 60, .data = {.bytes = packed, .len = 6, .count = 1}};
    struct cache_entry e = {.name = name, .slot = CACHE_ANSWER, .type = TYPE_A, .trust = TRUST_ANSWER, .sets = &set};
    struct arena a;
    (void)state;
    name_of("www.example.", name);
    rdatas_pack(packed, (const uint8_t[]){192, 0, 2, 1}, 4);
    e.stored = now;
    e.epoch = cache_epoch(mine);
    arena_init(&a, MIB);
    assert_false(has_name(mine, name));
    disk_view_release(mine);
    assert_false(has_name(mine, name));
    disk_view_release(mine);
    assert_int_equal(put_name(other, name, 60, now), FAIL_NONE);
    settle(d);
    assert_int_equal(cache_put(mine, &e, &a), FAIL_BUSY);
    assert_true(has_name(mine, name));
    arena_fini(&a);
    disk_view_free(mine);
    disk_view_free(other);
    disk_close(d);
}

static uint64_t flush(struct disk *d, const char *text, uint16_t type, bool subtree)
{
    uint8_t name[NAME_SIZE];
    uint64_t removed;
    name_of(text, name);
    struct disk_flush f = {.name = name, .type = type, .subtree = subtree};
    assert_int_equal(disk_flush(d, &f, &removed), FAIL_NONE);
    return removed;
}

static bool is_bare(struct cache_view *v, const char *text)
{
    uint8_t name[NAME_SIZE];
    struct arena a;
    struct cache_name n;
    const struct cache_entry *hit;
    name_of(text, name);
    arena_init(&a, MIB);
    cache_name_set(&n, name);
    assert_int_equal(cache_find_slot(v, &n, CACHE_FAILURE, TYPE_MX, now, &a, &hit), FAIL_NONE);
    arena_fini(&a);
    assert_null(hit);
    return n.is_bare;
}

/* Else its other entries would be missed. */
static void a_name_with_another_entry_is_not_bare(void **state)
{
    static const char *const beside[] = {"example.", "a.b.example.", "a.example.", "c.example.", "b.example-."};
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    struct cache_view *other = disk_view_new(d, &policy);
    (void)state;
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
        assert_int_equal(put_text(v, beside[i]), FAIL_NONE);
    }
    assert_true(is_bare(v, "b.example."));
    settle(d);
    disk_view_release(v);
    assert_true(is_bare(v, "b.example."));
    assert_true(is_bare(other, "b.example.")); /* holds a snapshot now */
    assert_int_equal(put_text(v, "b.example."), FAIL_NONE);
    assert_false(is_bare(v, "b.example."));
    settle(d);
    assert_true(is_bare(other, "b.example."));
    disk_view_release(v);
    disk_view_release(other);
    assert_false(is_bare(v, "b.example."));
    assert_false(is_bare(other, "b.example."));
    flush(d, "b.example.", 0, false);
    disk_view_release(other);
    assert_true(is_bare(other, "b.example."));
    disk_view_free(v);
    disk_view_free(other);
    disk_close(d);
}

/* ---- Proofs ---- */

static int put_proof(struct cache_view *v, const char *zone_text, const char *text)
{
    static const uint8_t rdata[] = "\1z\7example\0\0\1\x40";
    uint8_t zone[NAME_SIZE], name[NAME_SIZE];
    name_of(zone_text, zone);
    name_of(text, name);
    struct rrset set = {.owner = name, .type = TYPE_NSEC, .ttl = 60};
    struct cache_entry e = {.name = name,
                            .slot = CACHE_PROOF,
                            .zone = zone,
                            .type = TYPE_NSEC,
                            .trust = TRUST_VALIDATED,
                            .security = SECURITY_SECURE};
    return put_set(v, e, set, rdata, sizeof(rdata) - 1);
}

/* That the name does not exist. */
static int put_denial(struct cache_view *v, const char *text)
{
    static const uint8_t rdata[22] = {[5] = 1, [21] = 60}; /* serial, minimum */
    uint8_t name[NAME_SIZE], zone[NAME_SIZE];
    name_of(text, name);
    name_of("example.", zone);
    struct rrset set = {.owner = zone, .type = TYPE_SOA, .ttl = 60};
    struct cache_entry e = {.name = name, .slot = CACHE_NXDOMAIN, .is_negative = true, .trust = TRUST_AUTHORITATIVE};
    return put_set(v, e, set, rdata, sizeof(rdata));
}

static bool is_denied(struct cache_view *v, const char *text)
{
    uint8_t name[NAME_SIZE];
    const struct cache_entry *hit;
    struct arena a;
    name_of(text, name);
    arena_init(&a, MIB);
    assert_int_equal(cache_find(v, CACHE_NXDOMAIN, name, 0, now, 0, &a, &hit), FAIL_NONE);
    bool result = hit != NULL;
    arena_fini(&a);
    return result;
}

/* The owner of the proof that is found for a name; NULL: none. */
static void assert_proof(struct cache_view *v, const char *zone_text, const char *text, const char *owner_text)
{
    uint8_t zone[NAME_SIZE], name[NAME_SIZE], owner[NAME_SIZE];
    const struct cache_entry *hit;
    struct arena a;
    name_of(zone_text, zone);
    name_of(text, name);
    arena_init(&a, MIB);
    assert_int_equal(cache_find_proof(v, zone, TYPE_NSEC, name, now, &a, &hit), FAIL_NONE);
    assert_int_equal(hit != NULL, owner_text != NULL);
    if (hit != NULL && owner_text != NULL) {
        name_of(owner_text, owner);
        assert_true(name_equal(hit->name, owner));
        assert_int_equal(hit->security, SECURITY_SECURE);
    }
    arena_fini(&a);
}

static void the_proof_before_a_name_is_found_wherever_the_keys_end(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    (void)state;
    assert_proof(v, "example.", "a.example.", NULL);
    assert_int_equal(put_proof(v, "example.", "b.example."), FAIL_NONE);
    settle(d);
    disk_view_release(v);
    assert_proof(v, "example.", "zz.example.", "b.example."); /* nothing is behind it */
    assert_proof(v, "example.", "b.example.", "b.example.");
    assert_proof(v, "example.", "a.example.", NULL);
    assert_proof(v, ".", "z.", NULL);
    assert_proof(v, "other.", "z.other.", NULL);
    assert_int_equal(put_proof(v, ".", "."), FAIL_NONE);
    assert_int_equal(put_proof(v, "sub.example.", "sub.example."), FAIL_NONE);
    assert_int_equal(put_text(v, "a.example."), FAIL_NONE);
    assert_int_equal(put_text(v, "x.other."), FAIL_NONE);
    settle(d);
    disk_view_release(v);
    assert_proof(v, "example.", "zz.example.", "b.example.");
    assert_proof(v, "example.", "a.example.", NULL);
    assert_proof(v, ".", "z.", ".");
    assert_proof(v, "sub.example.", "a.sub.example.", "sub.example.");
    assert_proof(v, "other.", "z.other.", NULL);
    disk_view_free(v);
    disk_close(d);
}

static void proofs_of_a_moment_ago_are_found_among_older_ones(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    struct cache_view *other = disk_view_new(d, &policy);
    (void)state;
    assert_int_equal(put_proof(v, "example.", "b.example."), FAIL_NONE);
    assert_int_equal(put_proof(v, "example.", "f.example."), FAIL_NONE);
    settle(d);
    disk_view_release(v);
    assert_proof(other, "example.", "d.example.", "b.example."); /* holds a snapshot now */
    assert_int_equal(put_proof(v, "example.", "d.example."), FAIL_NONE);
    assert_int_equal(put_proof(v, "other.", "e.other."), FAIL_NONE);
    assert_proof(v, "example.", "c.example.", "b.example.");
    assert_proof(v, "example.", "d.example.", "d.example.");
    assert_proof(v, "example.", "e.example.", "d.example.");
    assert_proof(v, "example.", "g.example.", "f.example.");
    assert_proof(v, "example.", "a.example.", NULL);
    assert_proof(v, "other.", "f.other.", "e.other.");
    assert_proof(other, "example.", "e.example.", "b.example.");
    flush(d, "e.example.", 0, false);
    assert_proof(v, "example.", "e.example.", "b.example."); /* of the snapshot, not the pending one */
    disk_view_release(v);
    assert_proof(v, "example.", "e.example.", NULL);
    for (int i = 0; i < 100; i++) {
        char text[64];
        snprintf(text, sizeof(text), "n%d.example.", i);
        assert_int_equal(put_proof(v, "example.", text), FAIL_NONE);
        assert_proof(v, "example.", text, text);
    }
    disk_view_release(v);
    disk_view_free(v);
    disk_view_free(other);
    disk_close(d);
}

static void a_second_open_is_busy_and_leaves_the_first_unharmed(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    struct disk_settings settings = {.directory = directory, .size = 16 * MIB};
    struct disk *second;
    char why[DISK_WHY_SIZE];
    (void)state;
    assert_int_equal(disk_open(&settings, &second, why), FAIL_BUSY);
    assert_null(second);
    assert_non_null(strstr(why, "another process uses"));
    assert_int_equal(put_text(v, "a.example."), FAIL_NONE);
    settle(d);
    disk_view_release(v);
    assert_true(has_text(v, "a.example."));
    disk_view_free(v);
    disk_close(d);
}

/* ---- Flushing ---- */

static void a_flush_removes_what_it_names_and_counts_it(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    (void)state;
    for (int i = 0; i < 500; i++) {
        char text[64];
        snprintf(text, sizeof(text), "n%d.sub.example.", i);
        assert_int_equal(put_text(v, text), FAIL_NONE);
    }
    assert_int_equal(put_text(v, "sub.example."), FAIL_NONE);
    assert_int_equal(put_text(v, "example."), FAIL_NONE);
    assert_int_equal(put_text(v, "other."), FAIL_NONE);
    assert_int_equal(flush(d, "sub.example.", TYPE_AAAA, true), 0);
    assert_int_equal(flush(d, "sub.example.", TYPE_A, false), 1);
    disk_view_release(v);
    assert_false(has_text(v, "sub.example."));
    assert_true(has_text(v, "n7.sub.example."));
    disk_view_release(v);
    assert_int_equal(flush(d, "example.", 0, true), 501);
    disk_view_release(v);
    assert_false(has_text(v, "example."));
    assert_false(has_text(v, "n7.sub.example."));
    assert_true(has_text(v, "other."));
    disk_view_release(v);
    assert_int_equal(flush(d, ".", 0, true), 1);
    disk_view_release(v);
    assert_false(has_text(v, "other."));
    disk_view_free(v);
    disk_close(d);
}

/* Or the name would still be denied after it was flushed. */
static void a_flush_removes_the_proofs_above_a_name(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    (void)state;
    assert_int_equal(put_proof(v, ".", "com."), FAIL_NONE);
    assert_int_equal(put_proof(v, "example.", "b.example."), FAIL_NONE);
    assert_int_equal(put_proof(v, "sub.example.", "b.sub.example."), FAIL_NONE);
    assert_int_equal(put_text(v, "a.example."), FAIL_NONE);
    assert_int_equal(flush(d, "www.example.", TYPE_A, false), 2);
    disk_view_release(v);
    assert_proof(v, ".", "example.", NULL);
    assert_proof(v, "example.", "c.example.", NULL);
    assert_proof(v, "sub.example.", "b.sub.example.", "b.sub.example.");
    assert_true(has_text(v, "a.example."));
    disk_view_free(v);
    disk_close(d);
}

static void a_flush_removes_that_a_name_above_does_not_exist(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    (void)state;
    assert_int_equal(put_denial(v, "missing.example."), FAIL_NONE);
    assert_int_equal(put_denial(v, "other.example."), FAIL_NONE);
    assert_int_equal(put_denial(v, "below.www.missing.example."), FAIL_NONE);
    assert_true(is_denied(v, "missing.example."));
    assert_int_equal(flush(d, "www.missing.example.", TYPE_A, false), 1);
    disk_view_release(v);
    assert_false(is_denied(v, "missing.example."));
    assert_true(is_denied(v, "other.example."));
    assert_true(is_denied(v, "below.www.missing.example."));
    disk_view_free(v);
    disk_close(d);
}

static void a_flush_voids_walks_and_snapshots_of_before(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    struct cache_view *reader = disk_view_new(d, &policy);
    uint8_t name[NAME_SIZE];
    (void)state;
    assert_int_equal(put_text(v, "a.example."), FAIL_NONE);
    settle(d);
    uint32_t before = cache_epoch(reader);
    assert_true(has_text(reader, "a.example.")); /* holds a snapshot now */
    flush(d, "a.example.", 0, false);
    assert_int_equal(cache_epoch(reader), before); /* what it reads is of before */
    assert_int_equal(put_text(reader, "b.example."), FAIL_STORE);
    disk_view_release(reader);
    assert_true(cache_epoch(reader) > before);
    assert_false(has_text(reader, "a.example."));

    name_of("c.example.", name);
    struct rrset set = {.owner = name, .type = TYPE_A, .ttl = 60};
    struct cache_entry late = {.name = name,
                               .slot = CACHE_ANSWER,
                               .type = TYPE_A,
                               .trust = TRUST_AUTHORITATIVE,
                               .stored = now,
                               .epoch = before,
                               .sets = &set};
    struct arena a;
    arena_init(&a, MIB);
    disk_view_release(v);
    assert_int_equal(cache_put(v, &late, &a), FAIL_STORE);
    arena_fini(&a);
    assert_int_equal(put_text(v, "c.example."), FAIL_NONE);
    assert_true(has_text(v, "c.example."));
    disk_view_free(v);
    disk_view_free(reader);
    disk_close(d);
}

/* ---- Listing ---- */

struct seen {
    char names[8][64];
    unsigned count;
};

static void see(void *arg, const struct cache_entry *e)
{
    struct seen *s = arg;
    char text[NAME_TEXT_SIZE];
    snprintf(s->names[s->count++], sizeof(s->names[0]), "%.63s", name_text(e->name, text));
}

static void a_list_is_in_canonical_order_and_says_when_there_is_more(void **state)
{
    struct disk *d = open_disk(16 * MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    static const char *const names[] = {"b.example.", "z.a.example.", "example.", "a.example.", "test."};
    uint8_t name[NAME_SIZE];
    struct seen seen = {0};
    bool more;
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(put_text(v, names[i]), FAIL_NONE);
    }
    settle(d);
    disk_view_release(v);
    name_of("example.", name);
    struct disk_list_query q = {.name = name, .subtree = true, .now = now, .limit = 4};
    assert_int_equal(disk_list(v, &q, see, &seen, &more), FAIL_NONE);
    assert_false(more);
    assert_int_equal(seen.count, 4);
    assert_string_equal(seen.names[0], "example.");
    assert_string_equal(seen.names[1], "a.example.");
    assert_string_equal(seen.names[2], "z.a.example.");
    assert_string_equal(seen.names[3], "b.example.");
    q.limit = 3;
    assert_int_equal(disk_list(v, &q, see, &seen, &more), FAIL_NONE);
    assert_true(more);
    assert_int_equal(put_proof(v, "example.", "example."), FAIL_NONE);
    assert_int_equal(put_proof(v, "example.", "b.example."), FAIL_NONE);
    settle(d);
    disk_view_release(v);
    q.subtree = false;
    seen.count = 0;
    assert_int_equal(disk_list(v, &q, see, &seen, &more), FAIL_NONE);
    assert_int_equal(seen.count, 2); /* proofs of other names stand there, too, but are not asked for */
    assert_string_equal(seen.names[1], "example.");
    q.subtree = true;
    q.now = now + 3600 * 1000;
    seen.count = 0;
    assert_int_equal(disk_list(v, &q, see, &seen, &more), FAIL_NONE);
    assert_int_equal(seen.count, 0);
    disk_view_free(v);
    disk_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
        TEST(a_put_is_seen_by_its_view_at_once_and_by_others_after_the_commit),
        TEST(a_newer_put_of_another_view_is_seen_over_an_own_one),
        TEST(puts_that_are_taken_are_stored_in_their_order),
        TEST(a_name_with_another_entry_is_not_bare),
        TEST(what_another_view_stored_meanwhile_is_weighed),
        TEST(entries_survive_a_restart),
        TEST(what_is_there_is_found_whatever_was_missing_before),
        TEST(the_proof_before_a_name_is_found_wherever_the_keys_end),
        TEST(proofs_of_a_moment_ago_are_found_among_older_ones),
        TEST(a_second_open_is_busy_and_leaves_the_first_unharmed),
        TEST(a_flush_removes_what_it_names_and_counts_it),
        TEST(a_flush_removes_the_proofs_above_a_name),
        TEST(a_flush_removes_that_a_name_above_does_not_exist),
        TEST(a_flush_voids_walks_and_snapshots_of_before),
        TEST(a_list_is_in_canonical_order_and_says_when_there_is_more),
    };
    clock_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
