#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "zone_text.h"
#include "zones/scan.h"

/* Every entry as "[token] [token]" with "-" before an entry that starts blank and quotes around quoted tokens; errors
 * as
 * "!line:column". */
static void scan_lines(const char *text, size_t len, char *out, size_t size)
{
    struct scan_files files = {0};
    struct scan_file *file;
    struct scanner s;
    assert_int_equal(scan_files_add(&files, "text", text, len, &file), FAIL_NONE);
    scanner_init(&s, file);
    out[0] = '\0';
    for (enum scan_result r = scanner_next(&s); r != SCAN_END; r = scanner_next(&s)) {
        size_t used = strlen(out);
        struct scan_place place;
        if (r == SCAN_BAD) {
            assert_true(scan_files_place(&files, s.bad, &place));
            snprintf(out + used, size - used, "!%u:%u\n", place.line, place.column);
            continue;
        }
        assert_int_equal(r, SCAN_ENTRY);
        snprintf(out + used, size - used, "%s", s.starts_blank ? "-" : "");
        for (size_t i = 0; i < s.count; i++) {
            used = strlen(out);
            snprintf(out + used, size - used, s.tokens[i].quoted ? "\"%.*s\"" : "[%.*s]", (int)s.tokens[i].len,
                     s.tokens[i].text);
        }
        used = strlen(out);
        snprintf(out + used, size - used, "\n");
    }
    scanner_fini(&s);
    scan_files_free(&files);
}

static void expect(const char *text, const char *lines)
{
    char got[4096];
    scan_lines(text, strlen(text), got, sizeof(got));
    assert_string_equal(got, lines);
}

static void lines_become_entries_of_tokens(void **state)
{
    (void)state;
    expect("", "");
    expect("\n\n  \n; only a comment\n", "");
    expect("a b\tc\n", "[a][b][c]\n");
    expect("a b", "[a][b]\n");
    expect("a b\r\nc\r\n", "[a][b]\n[c]\n");
    expect(" a\n\tb\nc\n", "-[a]\n-[b]\n[c]\n");
    expect("\xef\xbb\xbf"
           "a b\n",
           "[a][b]\n");
}

static void comments_end_a_line_but_not_inside_quotes(void **state)
{
    (void)state;
    expect("a b;c d\ne\n", "[a][b]\n[e]\n");
    expect("a \"b;c\" d ; e\n", "[a]\"b;c\"[d]\n");
    expect("a b\\;c\n", "[a][b\\;c]\n");
}

static void parentheses_join_lines(void **state)
{
    (void)state;
    expect("a ( b ; one\n c\n)d\ne\n", "[a][b][c][d]\n[e]\n");
    expect("a(b)c\n", "[a][b][c]\n");
    expect("a ( b ( c\n ) d\n ) e\nf\n", "[a][b][c][d][e]\n[f]\n");
    expect("( a\n b )\n", "[a][b]\n");
    expect("a \"(\" \\( b\n", "[a]\"(\"[\\(][b]\n");
}

static void quotes_and_escapes_keep_what_they_hold(void **state)
{
    (void)state;
    expect("a \"\" \"b c\" \"d\\\"e\"\n", "[a]\"\"\"b c\"\"d\\\"e\"\n");
    expect("a\\ b c\\\"d\n", "[a\\ b][c\\\"d]\n");
    expect("a \"b\"c\"d\"\n", "[a]\"b\"[c]\"d\"\n");
    expect("a alpn=\"h2,h3\" key=\"x y\"z\n", "[a][alpn=\"h2,h3\"][key=\"x y\"z]\n");
    expect("a b\\\nc\n", "[a][b\\]\n[c]\n");
}

static void errors_show_their_place_and_the_next_line_is_read(void **state)
{
    (void)state;
    expect("a )\nb\n", "!1:3\n[b]\n");
    expect("a \"b\nc\n", "!1:3\n[c]\n");
    expect("x\na ( b\nc\n", "[x]\n!2:3\n[c]\n");
    expect("a x=\"b\nc\n", "!1:3\n[c]\n");
    expect("a \x01 b\nc", "!1:3\n[c]\n");
    expect("(", "!1:1\n");
    expect("\"", "!1:1\n");
    expect("a \"b\\", "!1:3\n");
}

static void a_zero_octet_is_an_error_not_an_end(void **state)
{
    (void)state;
    char got[256];
    scan_lines("a b\0c\nd\n", 8, got, sizeof(got));
    assert_string_equal(got, "!1:4\n[d]\n");
}

static void too_many_tokens_are_an_error(void **state)
{
    (void)state;
    static char text[2 * SCAN_TOKENS_MAX + 16];
    char got[64];
    for (size_t i = 0; i <= SCAN_TOKENS_MAX; i++) {
        memcpy(text + 2 * i, "a ", 2);
    }
    text[2 * SCAN_TOKENS_MAX + 2] = '\n';
    text[2 * SCAN_TOKENS_MAX + 3] = 'b';
    scan_lines(text, 2 * SCAN_TOKENS_MAX + 4, got, sizeof(got));
    assert_string_equal(got, "!1:132001\n[b]\n");
}

static void places_are_found_in_the_right_file(void **state)
{
    (void)state;
    struct scan_files files = {0};
    struct scan_file *one, *two;
    struct scan_place place;
    assert_int_equal(scan_files_add(&files, "one", "a\nbc\n", 5, &one), FAIL_NONE);
    assert_int_equal(scan_files_add(&files, "two", "d\r\ne", 4, &two), FAIL_NONE);
    assert_true(scan_files_place(&files, one->text + 3, &place));
    assert_ptr_equal(place.file, one);
    assert_int_equal(place.line, 2);
    assert_int_equal(place.column, 2);
    assert_int_equal(place.line_len, 2);
    assert_true(scan_files_place(&files, two->text, &place));
    assert_ptr_equal(place.file, two);
    assert_int_equal(place.line_len, 1);
    assert_false(scan_files_place(&files, NULL, &place));
    assert_false(scan_files_place(&files, "elsewhere", &place));
    scan_files_free(&files);
}

static void only_regular_files_are_read(void **state)
{
    (void)state;
    struct zone_dir dir;
    struct scan_files files = {0};
    struct scan_file *file;
    char path[128];
    zone_dir_make(&dir);
    assert_int_equal(scan_files_read(&files, dir.path, &file), FAIL_SYSTEM);
    snprintf(path, sizeof(path), "%s/fifo", dir.path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(scan_files_read(&files, path, &file), FAIL_SYSTEM);
    snprintf(path, sizeof(path), "%s/missing", dir.path);
    assert_int_equal(scan_files_read(&files, path, &file), FAIL_SYSTEM);
    assert_int_equal(scan_files_read(&files, zone_dir_write(&dir, "good", "a b\n"), &file), FAIL_NONE);
    assert_int_equal(file->len, 4);
    assert_int_equal(file->looks.st_size, 4);
    scan_files_free(&files);
    zone_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_entries_of_tokens),
        cmocka_unit_test(comments_end_a_line_but_not_inside_quotes),
        cmocka_unit_test(parentheses_join_lines),
        cmocka_unit_test(quotes_and_escapes_keep_what_they_hold),
        cmocka_unit_test(errors_show_their_place_and_the_next_line_is_read),
        cmocka_unit_test(a_zero_octet_is_an_error_not_an_end),
        cmocka_unit_test(too_many_tokens_are_an_error),
        cmocka_unit_test(places_are_found_in_the_right_file),
        cmocka_unit_test(only_regular_files_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
