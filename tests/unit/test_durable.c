#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolver/server/durable.h"

static char directory[64];

static const char *path_of(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/cairn-test-XXXXXX");
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *place)
{
    (void)s, (void)kind, (void)place;
    return remove(path);
}

static int remove_directory(void **state)
{
    (void)state;
    return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

enum { NOBODY = 65534 };

static struct durable *open_it(void)
{
    struct durable *d;
    assert_int_equal(durable_open(directory, &d), FAIL_NONE);
    return d;
}

static void write_kind(const char *text)
{
    struct durable *d = open_it();
    json_t *data = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(data);
    assert_int_equal(durable_write(d, "things", data), FAIL_NONE);
    json_decref(data);
    durable_close(d);
}

/* What is stored, as compact JSON; "-" when nothing is, "unread" when nobody can tell. */
static const char *read_kind(void)
{
    static char text[4096];
    struct durable *d = open_it();
    json_t *data;
    int result = durable_read(d, "things", &data);
    char *dump = data != NULL ? json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
    snprintf(text, sizeof(text), "%s", result != FAIL_NONE ? "unread" : dump != NULL ? dump : "-");
    free(dump);
    json_decref(data);
    durable_close(d);
    return text;
}

static size_t slurp(const char *name, char *out, size_t size)
{
    FILE *in = fopen(path_of(name), "r");
    assert_non_null(in);
    size_t len = fread(out, 1, size, in);
    fclose(in);
    return len;
}

static void spill(const char *name, const char *bytes, size_t len)
{
    FILE *out = fopen(path_of(name), "w");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    fclose(out);
}

static bool exists(const char *name)
{
    struct stat s;
    return lstat(path_of(name), &s) == 0;
}

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    assert_string_equal(read_kind(), "-");
    write_kind("{\"b\": [1, 2, 1700000000000], \"a\": \"text \\u00e4 \\\\ \\\"\"}");
    assert_string_equal(read_kind(), "{\"a\":\"text \xc3\xa4 \\\\ \\\"\",\"b\":[1,2,1700000000000]}");
    write_kind("[]");
    assert_string_equal(read_kind(), "[]");
    assert_false(exists("things.json.new"));
    assert_false(exists("things.json.bad"));
}

static void kinds_do_not_touch_each_other(void **state)
{
    (void)state;
    struct durable *d = open_it();
    json_t *one = json_integer(1), *two = json_integer(2);
    assert_int_equal(durable_write(d, "one", one), FAIL_NONE);
    assert_int_equal(durable_write(d, "two", two), FAIL_NONE);
    json_t *again;
    assert_int_equal(durable_read(d, "one", &again), FAIL_NONE);
    assert_int_equal(json_integer_value(again), 1);
    json_decref(again);
    json_decref(one);
    json_decref(two);
    durable_close(d);
}

static void one_process_at_a_time(void **state)
{
    (void)state;
    struct durable *first = open_it(), *second;
    assert_int_equal(durable_open(directory, &second), FAIL_BUSY);
    assert_null(second);
    durable_close(first);
    durable_close(open_it());
}

static void the_directory_is_made(void **state)
{
    (void)state;
    struct durable *d;
    char below[4096];
    snprintf(below, sizeof(below), "%s/below", directory);
    assert_int_equal(durable_open(below, &d), FAIL_NONE);
    durable_close(d);
    assert_true(exists("below/lock"));
    assert_int_equal(durable_open(path_of("missing/below"), &d), FAIL_SYSTEM);
    assert_int_equal(errno, ENOENT);
    spill("file", "x", 1);
    assert_int_equal(durable_open(path_of("file"), &d), FAIL_SYSTEM);
    assert_int_equal(errno, ENOTDIR);
}

/* Whatever is cut off or flipped, nothing wrong is read, and the file is kept beside. */
static void damage_is_found_wherever_it_is(void **state)
{
    (void)state;
    char whole[1024];
    write_kind("{\"keys\": [\"AwEAAb\", \"AwEAAc\"], \"until\": 1700000000}");
    size_t len = slurp("things.json", whole, sizeof(whole));
    size_t end = len;
    while (end > 0 && strchr("\n }", whole[end - 1]) != NULL) {
        end--; /* what is left without these is a JSON value no more, but without the last line end it is */
    }
    for (size_t cut = 0; cut <= end; cut++) {
        spill("things.json", whole, cut);
        assert_string_equal(read_kind(), "-");
        assert_true(exists("things.json.bad"));
        assert_false(exists("things.json"));
    }
    for (size_t i = 0; i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            char flipped[sizeof(whole)];
            memcpy(flipped, whole, len);
            flipped[i] = (char)(flipped[i] ^ 1 << bit);
            spill("things.json", flipped, len);
            const char *read = read_kind();
            if (strcmp(read, "-") != 0) { /* in the white space between */
                assert_string_equal(read, "{\"keys\":[\"AwEAAb\",\"AwEAAc\"],\"until\":1700000000}");
            }
        }
    }
}

static void foreign_files_are_set_aside(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "hello",
        "[1, 2, 3]",
        "{\"cairn\": \"others\", \"version\": 1, \"checksum\": \"00000000\", \"data\": []}",
        "{\"cairn\": \"things\", \"version\": 2, \"checksum\": \"00000000\", \"data\": []}",
        "{\"cairn\": \"things\", \"version\": 1, \"checksum\": \"00000000\", \"data\": []}",
        "{\"cairn\": \"things\", \"version\": 1, \"checksum\": \"00000000\"}",
        "{\"cairn\": \"things\", \"version\": 1, \"data\": []}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        char kept[256];
        spill("things.json", texts[i], strlen(texts[i]));
        assert_string_equal(read_kind(), "-");
        size_t len = slurp("things.json.bad", kept, sizeof(kept));
        assert_int_equal(len, strlen(texts[i]));
        assert_memory_equal(kept, texts[i], len);
    }
}

static void what_is_no_file_is_set_aside(void **state)
{
    (void)state;
    assert_int_equal(symlink("/etc/passwd", path_of("things.json")), 0);
    assert_string_equal(read_kind(), "-");
    assert_int_equal(unlink(path_of("things.json.bad")), 0);
    assert_int_equal(mkfifo(path_of("things.json"), 0600), 0);
    assert_string_equal(read_kind(), "-");
    assert_int_equal(unlink(path_of("things.json.bad")), 0);
    assert_int_equal(mkdir(path_of("things.json"), 0700), 0);
    assert_string_equal(read_kind(), "-");
    assert_int_equal(rmdir(path_of("things.json.bad")), 0);
}

/* It may be whole: what is wrong is outside of it. */
static void what_cannot_be_read_is_left_alone(void **state)
{
    (void)state;
    json_t *data;
    write_kind("[1]");
    struct durable *d = open_it();
    assert_int_equal(chmod(path_of("things.json"), 0), 0);
    if (geteuid() == 0 && seteuid(NOBODY) != 0) {
        durable_close(d);
        skip(); /* root reads everything, and cannot be somebody else here */
    }
    assert_int_equal(durable_read(d, "things", &data), FAIL_SYSTEM);
    assert_null(data);
    assert_true(getuid() == geteuid() || seteuid(getuid()) == 0);
    durable_close(d);
    assert_false(exists("things.json.bad"));
    assert_int_equal(chmod(path_of("things.json"), 0600), 0);
    assert_string_equal(read_kind(), "[1]");
}

static void a_file_beyond_all_measure_is_not_read(void **state)
{
    (void)state;
    spill("things.json", "", 0);
    assert_int_equal(truncate(path_of("things.json"), (off_t)DURABLE_FILE_MAX + 1), 0);
    assert_string_equal(read_kind(), "-");
    assert_true(exists("things.json.bad"));
}

static void a_write_that_fails_leaves_the_old_file(void **state)
{
    (void)state;
    write_kind("[1]");
    struct durable *d = open_it();
    json_t *data = json_pack("[i]", 2);
    assert_int_equal(mkdir(path_of("things.json.new"), 0700), 0);
    assert_int_equal(durable_write(d, "things", data), FAIL_SYSTEM);
    json_decref(data);
    durable_close(d);
    assert_int_equal(rmdir(path_of("things.json.new")), 0);
    assert_string_equal(read_kind(), "[1]");
}

/* The power went off while the new file was being written. */
static void a_half_written_new_file_is_no_matter(void **state)
{
    (void)state;
    write_kind("[1]");
    spill("things.json.new", "{\"cairn\": \"thi", 14);
    assert_string_equal(read_kind(), "[1]");
    write_kind("[2]");
    assert_string_equal(read_kind(), "[2]");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_is_read_again),
        TEST(kinds_do_not_touch_each_other),
        TEST(one_process_at_a_time),
        TEST(the_directory_is_made),
        TEST(damage_is_found_wherever_it_is),
        TEST(foreign_files_are_set_aside),
        TEST(what_is_no_file_is_set_aside),
        TEST(what_cannot_be_read_is_left_alone),
        TEST(a_file_beyond_all_measure_is_not_read),
        TEST(a_write_that_fails_leaves_the_old_file),
        TEST(a_half_written_new_file_is_no_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
