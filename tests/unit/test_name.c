#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"

#define NAME(text) ((const uint8_t *)(text))

/* The longest name: 127 labels of one octet. */
static void make_longest(uint8_t out[NAME_SIZE])
{
    for (unsigned i = 0; i < NAME_LABELS; i++) {
        out[2 * i] = 1;
        out[2 * i + 1] = (uint8_t)('a' + i % 26);
    }
    out[254] = 0;
}

static void length_and_labels_count_as_the_rfc_does(void **state)
{
    (void)state;
    uint8_t longest[NAME_SIZE];
    make_longest(longest);
    assert_int_equal(name_len(name_root), 1);
    assert_int_equal(name_labels(name_root), 0);
    assert_int_equal(name_len(NAME("\7example\3com")), 13);
    assert_int_equal(name_labels(NAME("\7example\3com")), 2);
    assert_int_equal(name_len(longest), 255);
    assert_int_equal(name_labels(longest), 127);
    assert_true(name_is_root(name_root));
    assert_false(name_is_root(NAME("\3com")));
}

static void only_a_leftmost_asterisk_label_is_a_wildcard(void **state)
{
    (void)state;
    assert_true(name_is_wildcard(NAME("\1*\3com")));
    assert_false(name_is_wildcard(NAME("\2*a\3com")));
    assert_false(name_is_wildcard(NAME("\3com\1*")));
    assert_false(name_is_wildcard(name_root));
}

static void stripping_ends_at_the_root(void **state)
{
    (void)state;
    const uint8_t *name = NAME("\3www\7example\3com");
    assert_ptr_equal(name_strip(name, 0), name);
    assert_ptr_equal(name_strip(name, 1), name + 4);
    assert_ptr_equal(name_parent(name), name + 4);
    assert_true(name_is_root(name_strip(name, 3)));
    assert_ptr_equal(name_strip(name, 99), name + 16);
    assert_ptr_equal(name_parent(name_root), name_root);
}

static void comparison_ignores_ascii_case_only(void **state)
{
    (void)state;
    assert_true(name_equal(NAME("\3WwW\3Com"), NAME("\3wWw\3cOM")));
    assert_false(name_equal(NAME("\3www\3com"), NAME("\3www")));
    assert_false(name_equal(NAME("\1["), NAME("\1{"))); /* next to Z and z */
    assert_false(name_equal(NAME("\1@"), NAME("\1`")));
    assert_false(name_equal(NAME("\1\304"), NAME("\1\344"))); /* letters of Latin-1 */
    assert_false(name_equal(NAME("\1a\1b"), NAME("\3a\1b")));
}

static void a_name_is_under_itself_and_its_ancestors(void **state)
{
    (void)state;
    assert_true(name_is_under(NAME("\3www\7example\3com"), NAME("\7EXAMPLE\3com")));
    assert_true(name_is_under(NAME("\3com"), NAME("\3com")));
    assert_true(name_is_under(NAME("\3com"), name_root));
    assert_false(name_is_under(NAME("\3com"), NAME("\7example\3com")));
    assert_false(name_is_under(NAME("\12notexample\3com"), NAME("\7example\3com")));
    assert_false(name_is_under(name_root, NAME("\3com")));
}

static void common_labels_count_from_the_root(void **state)
{
    (void)state;
    assert_int_equal(name_common_labels(NAME("\3www\7example\3com"), NAME("\4mail\7Example\3COM")), 2);
    assert_int_equal(name_common_labels(NAME("\3com"), NAME("\3org")), 0);
    assert_int_equal(name_common_labels(NAME("\3www\1a"), NAME("\3www\1b")), 0);
    assert_int_equal(name_common_labels(name_root, NAME("\3org")), 0);
    assert_int_equal(name_common_labels(NAME("\1a\3com"), NAME("\1a\3com")), 2);
}

/* The example of RFC 4034 6.1. */
static void names_sort_in_canonical_order(void **state)
{
    (void)state;
    static const char *const sorted[] = {"\7example",          "\1a\7example",       "\10yljkjljk\1a\7example",
                                         "\1Z\1a\7example",    "\4zABC\1a\7EXAMPLE", "\1z\7example",
                                         "\1\001\1z\7example", "\1*\1z\7example",    "\1\200\1z\7example"};
    enum { COUNT = sizeof(sorted) / sizeof(sorted[0]) };
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < COUNT; j++) {
            int order = name_compare(NAME(sorted[i]), NAME(sorted[j]));
            assert_true(i < j ? order < 0 : i > j ? order > 0 : order == 0);
        }
    }
}

static void lower_case_may_be_made_in_place(void **state)
{
    (void)state;
    uint8_t name[] = "\3WWW\1\133\4Z-9A";
    assert_int_equal(name_lower(name, name), sizeof(name));
    assert_memory_equal(name, "\3www\1\133\4z-9a", sizeof(name));
}

static void names_of_any_length_are_made_lower_case(void **state)
{
    (void)state;
    for (uint8_t len = 1; len <= LABEL_SIZE; len++) {
        uint8_t name[LABEL_SIZE + 3] = {len};
        uint8_t expected[LABEL_SIZE + 3] = {len};
        memset(name + 1, 'Q', len);
        memset(expected + 1, 'q', len);
        name[len + 2] = expected[len + 2] = 'X'; /* behind the root's octet: left alone */
        assert_int_equal(name_lower(name, name), len + 2);
        assert_memory_equal(name, expected, len + 3);
    }
}

static void a_suffix_is_replaced_unless_the_result_is_too_long(void **state)
{
    (void)state;
    uint8_t out[NAME_SIZE];
    uint8_t longest[NAME_SIZE];
    make_longest(longest);
    assert_int_equal(name_replace_suffix(NAME("\3www\3old\3com"), NAME("\3OLD\3com"), NAME("\3new"), out), FAIL_NONE);
    assert_true(name_equal(out, NAME("\3www\3new")));
    assert_int_equal(name_replace_suffix(NAME("\3www"), name_root, name_root, out), FAIL_NONE);
    assert_true(name_equal(out, NAME("\3www")));
    assert_int_equal(name_replace_suffix(longest, name_strip(longest, 126), NAME("\1x"), out), FAIL_NONE);
    assert_int_equal(name_replace_suffix(longest, name_strip(longest, 126), NAME("\2xx"), out), FAIL_SPACE);
}

static void text_escapes_what_would_be_misread(void **state)
{
    (void)state;
    char out[NAME_TEXT_SIZE];
    assert_string_equal(name_text(name_root, out), ".");
    assert_string_equal(name_text(NAME("\3www\7Example"), out), "www.Example.");
    assert_string_equal(name_text(NAME("\3a.b\1\\\2\" \1\377\3@$;"), out), "a\\.b.\\\\.\\\"\\032.\\255.\\@\\$\\;.");
}

static void the_longest_text_fits_its_buffer(void **state)
{
    (void)state;
    uint8_t name[NAME_SIZE];
    uint8_t back[NAME_SIZE];
    char out[NAME_TEXT_SIZE];
    memset(name, 1, sizeof(name));
    name[0] = name[64] = name[128] = 63;
    name[192] = 61;
    name[254] = 0;
    assert_int_equal(name_len(name), 255);
    assert_int_equal(strlen(name_text(name, out)), 4 * 250 + 4);
    assert_int_equal(name_from_text(out, strlen(out), NULL, back), FAIL_NONE);
    assert_memory_equal(back, name, 255);
}

static void parse_as(const char *text, const uint8_t *origin, const uint8_t *expected)
{
    uint8_t out[NAME_SIZE];
    if (name_from_text(text, strlen(text), origin, out) != FAIL_NONE) {
        fail_msg("not parsed: %s", text);
    }
    assert_int_equal(name_len(out), name_len(expected));
    assert_memory_equal(out, expected, name_len(expected));
}

static void text_is_parsed_with_escapes_and_origin(void **state)
{
    (void)state;
    const uint8_t *origin = NAME("\7example\3com");
    parse_as(".", origin, name_root);
    parse_as("@", origin, origin);
    parse_as("@", NULL, name_root);
    parse_as("www", origin, NAME("\3www\7example\3com"));
    parse_as("www.", origin, NAME("\3www"));
    parse_as("www", NULL, NAME("\3www"));
    parse_as("WwW.Org.", NULL, NAME("\3WwW\3Org"));
    parse_as("a\\.b\\\\.\\001\\255.", NULL, NAME("\4a.b\\\2\001\377"));
    parse_as("\\@", NULL, NAME("\1@"));
    parse_as("a\\.", origin, NAME("\2a.\7example\3com"));
}

static void malformed_text_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "..",
                                      ".a",
                                      "a..b",
                                      "a..",
                                      "\\",
                                      "a\\25",
                                      "\\256.",
                                      "\\2x5.",
                                      "a.\\",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."};
    uint8_t out[NAME_SIZE];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (name_from_text(bad[i], strlen(bad[i]), NULL, out) != FAIL_SYNTAX) {
            fail_msg("parsed: %s", bad[i]);
        }
    }
}

static void text_is_refused_where_the_name_gets_too_long(void **state)
{
    (void)state;
    char text[256];
    uint8_t out[NAME_SIZE];
    for (unsigned i = 0; i < sizeof(text); i += 2) {
        text[i] = 'a';
        text[i + 1] = '.';
    }
    assert_int_equal(name_from_text(text, 254, NULL, out), FAIL_NONE);
    assert_int_equal(name_len(out), 255);
    assert_int_equal(name_from_text(text, 256, NULL, out), FAIL_SYNTAX);
    assert_int_equal(name_from_text(text, 253, NULL, out), FAIL_NONE);
    assert_int_equal(name_from_text(text, 253, NAME("\1x"), out), FAIL_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(length_and_labels_count_as_the_rfc_does),
        cmocka_unit_test(only_a_leftmost_asterisk_label_is_a_wildcard),
        cmocka_unit_test(stripping_ends_at_the_root),
        cmocka_unit_test(comparison_ignores_ascii_case_only),
        cmocka_unit_test(a_name_is_under_itself_and_its_ancestors),
        cmocka_unit_test(common_labels_count_from_the_root),
        cmocka_unit_test(names_sort_in_canonical_order),
        cmocka_unit_test(lower_case_may_be_made_in_place),
        cmocka_unit_test(names_of_any_length_are_made_lower_case),
        cmocka_unit_test(a_suffix_is_replaced_unless_the_result_is_too_long),
        cmocka_unit_test(text_escapes_what_would_be_misread),
        cmocka_unit_test(the_longest_text_fits_its_buffer),
        cmocka_unit_test(text_is_parsed_with_escapes_and_origin),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(text_is_refused_where_the_name_gets_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
