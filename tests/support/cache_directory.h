/* A cache on disk in a directory of its own, for the tests of the backend. Each value follows from its name, so that a
 * value under a wrong name is noticed. */
#ifndef CAIRN_TESTS_CACHE_DIRECTORY_H
#define CAIRN_TESTS_CACHE_DIRECTORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cache/disk.h"
#include "resolver/base/clock.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

enum { MIB = 1 << 20 };

static const struct cache_policy policy = {
    .max_ttl = 86400, .max_negative_ttl = 3600, .max_entry_size = 16384, .max_records = 100};

static char directory[64];
static uint64_t now;

static inline void name_of(const char *text, uint8_t out[NAME_SIZE])
{
    assert_int_equal(name_from_text(text, strlen(text), NULL, out), FAIL_NONE);
}

static inline void path_of(const char *file, char out[128])
{
    snprintf(out, 128, "%s/%s", directory, file);
}

static inline int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/cairn-test-XXXXXX");
    assert_non_null(mkdtemp(directory));
    now = clock_now();
    return 0;
}

static inline int remove_directory(void **state)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "lock", "state"};
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        path_of(files[i], path);
        unlink(path);
    }
    return rmdir(directory);
}

static inline struct disk *open_disk(uint64_t size, const char *expected_why)
{
    struct disk_settings settings = {.directory = directory, .size = size};
    struct disk *d = NULL;
    char why[DISK_WHY_SIZE];
    int result = disk_open(&settings, &d, why);
    if (result != FAIL_NONE) {
        fail_msg("open: %s", why);
    }
    assert_string_equal(why, expected_why);
    return d;
}

/* An address that follows from the name, so that a value under a wrong name would show. */
static inline void address_of(const uint8_t *name, uint8_t out[4])
{
    uint8_t lower[NAME_SIZE];
    size_t len = name_lower(lower, name);
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < len; i++) {
        sum = (sum ^ lower[i]) * 16777619u;
    }
    memcpy(out, &sum, 4);
}

/* Stores the one set that `e` is to have, of one record. */
static inline int put_set(struct cache_view *v, struct cache_entry e, struct rrset set, const uint8_t *rdata,
                          uint16_t len)
{
    struct arena a;
    uint8_t packed[64];
    set.data = (struct rdatas){.bytes = packed, .len = (uint32_t)rdatas_pack(packed, rdata, len), .count = 1};
    e.stored = e.stored != 0 ? e.stored : now;
    e.epoch = cache_epoch(v);
    e.sets = &set;
    arena_init(&a, MIB);
    int result = cache_put(v, &e, &a);
    arena_fini(&a);
    disk_view_rouse(v);
    return result;
}

static inline int put_type(struct cache_view *v, const uint8_t *name, uint16_t type, uint32_t ttl, uint64_t stored)
{
    uint8_t address[4];
    address_of(name, address);
    struct rrset set = {.owner = name, .type = type, .ttl = ttl};
    struct cache_entry e = {
        .name = name, .slot = CACHE_ANSWER, .type = type, .trust = TRUST_AUTHORITATIVE, .stored = stored};
    return put_set(v, e, set, address, sizeof(address));
}

static inline int put_name(struct cache_view *v, const uint8_t *name, uint32_t ttl, uint64_t stored)
{
    return put_type(v, name, TYPE_A, ttl, stored);
}

static inline int put_text(struct cache_view *v, const char *text)
{
    uint8_t name[NAME_SIZE];
    name_of(text, name);
    return put_name(v, name, 3600, now);
}

/* True on a hit; a hit with other data than was stored fails the test. */
static inline bool has_name(struct cache_view *v, const uint8_t *name)
{
    struct arena a;
    const struct cache_entry *hit;
    uint8_t address[4];
    arena_init(&a, MIB);
    assert_int_equal(cache_find(v, CACHE_ANSWER, name, TYPE_A, now, 0, &a, &hit), FAIL_NONE);
    if (hit != NULL) {
        address_of(name, address);
        assert_int_equal(hit->sets->data.len, 6);
        assert_memory_equal(hit->sets->data.bytes + 2, address, 4);
    }
    arena_fini(&a);
    return hit != NULL;
}

static inline bool has_text(struct cache_view *v, const char *text)
{
    uint8_t name[NAME_SIZE];
    name_of(text, name);
    return has_name(v, name);
}

static inline void sleep_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* Waits until the writer has taken everything. */
static inline void settle(struct disk *d)
{
    struct disk_stats s;
    for (int i = 0; i < 1000; i++) {
        disk_stats_read(d, &s);
        if (s.queued == 0) {
            break;
        }
        sleep_ms(5);
    }
    assert_int_equal(s.queued, 0);
    sleep_ms(30);
}

#endif
