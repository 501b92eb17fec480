/* The cache on disk at its limits: a full map, a flood of names, a full disk; and many threads at once. */
#include "tests/support/cache_directory.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { SIZE = 4 * MIB, WARM = 1000, FLOOD = 100000 };

static void numbered(const char *kind, unsigned i, uint8_t out[NAME_SIZE])
{
    char text[64];
    snprintf(text, sizeof(text), "%s%u.zone%u.example.", kind, i, i % 97);
    name_of(text, out);
}

/* Puts as fast as the writer takes. */
static void put_patiently(struct cache_view *v, const uint8_t *name, uint32_t ttl, uint64_t stored)
{
    while (put_name(v, name, ttl, stored) != FAIL_NONE) {
        disk_view_release(v);
        sleep_ms(1);
    }
    disk_view_release(v);
}

static unsigned count_present(struct cache_view *v, const char *kind, unsigned count)
{
    uint8_t name[NAME_SIZE];
    unsigned present = 0;
    for (unsigned i = 0; i < count; i++) {
        numbered(kind, i, name);
        present += has_name(v, name);
        disk_view_release(v);
    }
    return present;
}

static void a_flood_of_names_asked_once_leaves_what_is_used(void **state)
{
    struct disk *d = open_disk(SIZE, "");
    struct cache_view *v = disk_view_new(d, &policy);
    struct disk_stats s;
    uint8_t name[NAME_SIZE];
    uint64_t most_used = 0;
    (void)state;
    for (unsigned i = 0; i < WARM; i++) {
        numbered("warm", i, name);
        put_patiently(v, name, 86400, now);
    }
    settle(d);
    disk_view_release(v);
    for (unsigned n = 0; n < 10; n++) {
        assert_int_equal(count_present(v, "warm", WARM), WARM);
    }
    for (unsigned i = 0; i < FLOOD; i++) {
        numbered("junk", i, name);
        put_patiently(v, name, 86400, now);
        if (i % 64 == 0) {
            disk_stats_read(d, &s);
            most_used = s.used_bytes > most_used ? s.used_bytes : most_used;
        }
    }
    settle(d);
    disk_stats_read(d, &s);
    unsigned warm = count_present(v, "warm", WARM);
    print_message("%u of %u warm names, %lu entries, %lu evicted, %lu bytes used at most, %lu payload, %lu commits\n",
                  warm, WARM, (unsigned long)s.entries, (unsigned long)s.evicted, (unsigned long)most_used,
                  (unsigned long)s.payload_bytes, (unsigned long)s.commits);
    assert_true(warm >= WARM * 95 / 100);
    assert_true(s.evicted > 0);
    assert_true(s.entries > 5000);
    assert_true(s.lost < FLOOD / 2); /* on a busy machine a suspended thread keeps pages for long */
    assert_true(most_used < (uint64_t)SIZE * 95 / 100);
    disk_view_free(v);
    disk_close(d);
}

/* One name with more types than the map has room for, and asked for one of them again and again: it is no more popular
 * than any junk. */
static void a_flood_of_types_of_one_name_leaves_what_is_used(void **state)
{
    struct disk *d = open_disk(SIZE, "");
    struct cache_view *v = disk_view_new(d, &policy);
    uint8_t name[NAME_SIZE];
    (void)state;
    for (unsigned i = 0; i < WARM; i++) {
        numbered("warm", i, name);
        put_patiently(v, name, 86400, now);
    }
    settle(d);
    for (unsigned n = 0; n < 10; n++) {
        assert_int_equal(count_present(v, "warm", WARM), WARM);
    }
    numbered("junk", 0, name);
    for (unsigned type = 1; type < UINT16_MAX; type++) {
        while (put_type(v, name, (uint16_t)type, 86400, now) != FAIL_NONE) {
            disk_view_release(v);
            sleep_ms(1);
        }
        cache_touch(v, CACHE_ANSWER, name, TYPE_A);
        disk_view_release(v);
    }
    settle(d);
    unsigned warm = count_present(v, "warm", WARM);
    print_message("%u of %u warm names\n", warm, WARM);
    assert_true(warm >= WARM * 95 / 100);
    disk_view_free(v);
    disk_close(d);
}

static void what_has_expired_goes_before_what_lives(void **state)
{
    struct disk *d = open_disk(SIZE, "");
    struct cache_view *v = disk_view_new(d, &policy);
    struct disk_stats s;
    uint8_t name[NAME_SIZE];
    (void)state;
    /* Half of the entries have been dead for an hour, and all are equally little used. */
    do {
        static unsigned i;
        numbered("dead", i, name);
        put_patiently(v, name, 60, now - 3600 * 1000);
        numbered("live", i++, name);
        put_patiently(v, name, 86400, now);
        disk_stats_read(d, &s);
    } while (s.expired < 2000);
    print_message("%lu expired, %lu evicted\n", (unsigned long)s.expired, (unsigned long)s.evicted);
    assert_true(s.evicted < s.expired / 10);
    disk_view_free(v);
    disk_close(d);
}

static void a_map_of_the_smallest_size_works_under_a_flood(void **state)
{
    struct disk *d = open_disk(1, "");
    struct cache_view *v = disk_view_new(d, &policy);
    struct disk_stats s;
    uint8_t name[NAME_SIZE];
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        numbered("junk", i, name);
        put_patiently(v, name, 86400, now);
    }
    settle(d);
    disk_stats_read(d, &s);
    print_message("%lu entries, %lu evicted, map full %lu times, %lu lost\n", (unsigned long)s.entries,
                  (unsigned long)s.evicted, (unsigned long)s.map_full, (unsigned long)s.lost);
    assert_int_equal(s.size_bytes, DISK_SIZE_MIN);
    assert_true(s.entries > 500);
    assert_true(s.used_bytes < s.size_bytes);
    assert_false(s.damaged);
    disk_view_free(v);
    disk_close(d);
}

/* A snapshot that is held pins pages; the map fills up, stores are lost, and afterwards all is well again. */
static void a_full_map_recovers(void **state)
{
    struct disk *d = open_disk(MIB, "");
    struct cache_view *v = disk_view_new(d, &policy);
    struct cache_view *holder = disk_view_new(d, &policy);
    struct disk_stats s;
    uint8_t name[NAME_SIZE];
    (void)state;
    put_text(v, "first.example.");
    settle(d);
    assert_true(has_text(holder, "first.example."));
    for (unsigned i = 0; i < 20000; i++) {
        numbered("junk", i, name);
        put_patiently(v, name, 86400, now);
    }
    settle(d);
    disk_stats_read(d, &s);
    print_message("map full %lu times, %lu lost\n", (unsigned long)s.map_full, (unsigned long)s.lost);
    assert_true(s.map_full > 0);
    assert_true(has_text(holder, "first.example."));
    disk_view_release(holder);
    for (unsigned i = 0; i < 1000; i++) {
        numbered("later", i, name);
        put_patiently(v, name, 86400, now);
    }
    settle(d);
    disk_view_release(v);
    uint64_t lost = s.lost;
    put_text(v, "last.example.");
    settle(d);
    disk_view_release(v);
    disk_stats_read(d, &s);
    print_message("then %lu lost\n", (unsigned long)(s.lost - lost));
    assert_true(has_text(v, "last.example."));
    assert_false(s.damaged);
    disk_view_free(holder);
    disk_view_free(v);
    disk_close(d);
}

/* ---- A full disk ---- */

enum {
    DISK_FULL_OK,
    DISK_FULL_NOT_OPEN,
    DISK_FULL_NOT_PAUSED,
    DISK_FULL_NOT_READ,
    DISK_FULL_NOT_RESUMED,
    DISK_FULL_SKIP
};

static bool write_map(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    bool is_written = f != NULL && fputs(text, f) >= 0;
    return (f == NULL || fclose(f) == 0) && is_written;
}

/* Mounts of our own, as root or by a user namespace. */
static bool enter_namespace(void)
{
    char uid[32], gid[32];
    snprintf(uid, sizeof(uid), "0 %u 1", getuid());
    snprintf(gid, sizeof(gid), "0 %u 1", getgid());
    return unshare(CLONE_NEWNS) == 0 ||
           (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_map("/proc/self/uid_map", uid) &&
            write_map("/proc/self/setgroups", "deny") && write_map("/proc/self/gid_map", gid));
}

/* A file system of 1 MiB under a cache of 64 MiB. */
static bool enter_small_disk(void)
{
    return enter_namespace() && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", directory, "tmpfs", 0, "size=1m,mode=0700") == 0;
}

static int use_small_disk(void)
{
    struct disk_settings settings = {.directory = directory, .size = 64 * MIB};
    char why[DISK_WHY_SIZE];
    struct disk *d;
    struct disk_stats s;
    uint8_t name[NAME_SIZE];
    if (!enter_small_disk()) {
        return DISK_FULL_SKIP;
    }
    if (disk_open(&settings, &d, why) != FAIL_NONE) {
        return DISK_FULL_NOT_OPEN;
    }
    struct cache_view *v = disk_view_new(d, &policy);
    for (unsigned i = 0; i < 500000; i++) {
        numbered("junk", i, name);
        (void)put_name(v, name, 86400, now);
        disk_view_release(v);
        if (i % 500 == 0) {
            sleep_ms(20);
            disk_stats_read(d, &s);
            if (s.writes_paused) {
                break;
            }
        }
    }
    if (!s.writes_paused || s.write_errors == 0 || s.damaged || s.entries < 1000) {
        return DISK_FULL_NOT_PAUSED;
    }
    numbered("junk", 0, name);
    if (!has_name(v, name)) { /* what is there is still read */
        return DISK_FULL_NOT_READ;
    }
    disk_view_release(v);
    /* There is room again, and after the rest writing goes on. */
    if (mount("tmpfs", directory, "tmpfs", MS_REMOUNT, "size=128m") != 0) {
        return DISK_FULL_SKIP;
    }
    name_of("after.example.", name);
    const uint64_t written = s.written;
    for (unsigned i = 0; i < 80; i++) {
        sleep_ms(100);
        (void)put_name(v, name, 86400, now);
        disk_view_release(v);
        disk_stats_read(d, &s);
        if (s.written > written && has_name(v, name)) {
            return DISK_FULL_OK;
        }
    }
    return DISK_FULL_NOT_RESUMED;
}

static void a_full_disk_pauses_writing_until_there_is_room(void **state)
{
    int status;
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        _exit(use_small_disk());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == DISK_FULL_SKIP) {
        skip(); /* no user namespaces here */
    }
    assert_int_equal(WEXITSTATUS(status), DISK_FULL_OK);
}

static void ignore_entry(void *arg, const struct cache_entry *e)
{
    (void)arg;
    (void)e;
}

static bool fill_disk(void)
{
    static const char block[4096] = {1};
    char path[128];
    path_of("filler", path);
    FILE *f = fopen(path, "we");
    while (f != NULL && fwrite(block, sizeof(block), 1, f) == 1 && fflush(f) == 0) {
    }
    return f != NULL && (fclose(f) == 0 || errno == ENOSPC);
}

static int use_full_disk(void)
{
    struct disk_settings settings = {.directory = directory, .size = 64 * MIB};
    struct disk_flush everything = {.name = name_root, .subtree = true};
    struct disk_list_query q = {.name = name_root, .subtree = true, .now = now, .limit = 9};
    char why[DISK_WHY_SIZE];
    struct disk *d;
    struct disk_stats s;
    uint8_t name[NAME_SIZE];
    uint64_t removed;
    bool more;
    if (!enter_small_disk() || !fill_disk()) {
        return DISK_FULL_SKIP;
    }
    if (disk_open(&settings, &d, why) != FAIL_NONE || strstr(why, "No space left on device") == NULL) {
        return DISK_FULL_NOT_OPEN;
    }
    struct cache_view *v = disk_view_new(d, &policy);
    name_of("www.example.", name);
    uint32_t epoch = cache_epoch(v);
    disk_stats_read(d, &s);
    if (!s.writes_paused || put_name(v, name, 60, now) != FAIL_STORE) {
        return DISK_FULL_NOT_PAUSED;
    }
    if (has_name(v, name) || disk_list(v, &q, ignore_entry, NULL, &more) != FAIL_NONE || more ||
        disk_flush(d, &everything, &removed) != FAIL_NONE || removed != 0 || cache_epoch(v) == epoch) {
        return DISK_FULL_NOT_READ;
    }
    cache_touch(v, CACHE_ANSWER, name, TYPE_A);
    disk_view_release(v);
    disk_view_free(v);
    disk_close(d);
    return DISK_FULL_OK;
}

static void a_disk_that_is_full_at_the_start_means_no_cache(void **state)
{
    int status;
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        _exit(use_full_disk());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == DISK_FULL_SKIP) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), DISK_FULL_OK);
}

/* ---- Threads ---- */

static struct disk *shared;
static atomic_bool is_over;
static atomic_uint hits;

static void *put_and_get(void *arg)
{
    const char *kind = arg;
    struct cache_view *v = disk_view_new(shared, &policy);
    uint8_t name[NAME_SIZE];
    for (unsigned i = 0; !atomic_load(&is_over); i = (i + 1) % 500) {
        numbered(kind, i, name);
        (void)put_name(v, name, 3600, now);
        numbered(i % 2 == 0 ? "one" : "two", i * 7 % 500, name);
        atomic_fetch_add(&hits, has_name(v, name));
        cache_touch(v, CACHE_ANSWER, name, TYPE_A);
        if (i % 5 == 0) {
            disk_view_release(v);
        }
    }
    disk_view_free(v);
    return NULL;
}

static void threads_put_get_flush_and_list_at_once(void **state)
{
    static char one[] = "one", two[] = "two";
    pthread_t threads[2];
    uint8_t example[NAME_SIZE];
    uint64_t removed, total = 0;
    bool more;
    (void)state;
    shared = open_disk(SIZE, "");
    struct cache_view *control = disk_view_new(shared, &policy);
    assert_int_equal(pthread_create(&threads[0], NULL, put_and_get, one), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, put_and_get, two), 0);
    name_of("example.", example);
    for (unsigned i = 0; i < 40; i++) {
        struct disk_flush f = {.name = example, .subtree = true, .type = i % 2 == 0 ? TYPE_A : 0};
        struct disk_list_query q = {.name = example, .subtree = true, .now = now, .limit = 1000};
        struct disk_stats s;
        assert_int_equal(disk_flush(shared, &f, &removed), FAIL_NONE);
        total += removed;
        assert_int_equal(disk_list(control, &q, ignore_entry, NULL, &more), FAIL_NONE);
        disk_view_release(control);
        disk_stats_read(shared, &s);
        assert_int_equal(s.bad_values, 0);
        sleep_ms(20);
    }
    atomic_store(&is_over, true);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_true(atomic_load(&hits) > 0);
    assert_true(total > 0);
    disk_view_free(control);
    disk_close(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
        TEST(a_flood_of_names_asked_once_leaves_what_is_used),
        TEST(a_flood_of_types_of_one_name_leaves_what_is_used),
        TEST(what_has_expired_goes_before_what_lives),
        TEST(a_map_of_the_smallest_size_works_under_a_flood),
        TEST(a_full_map_recovers),
        TEST(a_full_disk_pauses_writing_until_there_is_room),
        TEST(a_disk_that_is_full_at_the_start_means_no_cache),
        TEST(threads_put_get_flush_and_list_at_once),
    };
    clock_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
