#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "zone_text.h"
#include "zones/load.h"

struct result {
    char records[16384];
    struct problem_lines problems;
};

static int add_record(void *arg, const struct load_record *record)
{
    struct result *r = arg;
    char owner[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE], rdata[4096];
    size_t used = strlen(r->records);
    rdata_text(record->type, record->rdata, record->len, rdata, sizeof(rdata));
    int len = snprintf(r->records + used, sizeof(r->records) - used, "%s %u %s %s\n", name_text(record->owner, owner),
                       record->ttl, type_text(record->type, type), rdata);
    assert_in_range(len, 1, sizeof(r->records) - used - 1);
    return 0;
}

static void load(struct result *r, const char *path, const char *text)
{
    struct scan_files files = {0};
    struct problems problems = {.report = problem_lines_add, .arg = &r->problems, .path = path, .files = &files};
    const struct load_job job = {
        .files = &files, .problems = &problems, .origin = zone_name("x.test."), .sink = add_record, .arg = r};
    *r = (struct result){.records = ""};
    int fail = text != NULL ? load_text(&job, path, text, strlen(text)) : load_path(&job, path);
    assert_true(fail == FAIL_NONE || fail == FAIL_SYNTAX);
    problems_end(&problems);
    scan_files_free(&files);
}

/* No problem, and these records. */
static void good(const char *text, const char *records)
{
    struct result r;
    load(&r, "x", text);
    assert_string_equal(r.problems.text, "");
    assert_string_equal(r.records, records);
}

/* These problems. */
static void bad(const char *text, const char *problems)
{
    struct result r;
    load(&r, "x", text);
    assert_string_equal(r.problems.text, problems);
}

static void owners_are_relative_absolute_or_inherited(void **state)
{
    (void)state;
    good("$TTL 1\na A 10.0.0.1\n", "a.x.test. 1 A 10.0.0.1\n");
    good("$TTL 1\na.y. A 10.0.0.1\n", "a.y. 1 A 10.0.0.1\n");
    good("$TTL 1\n@ A 10.0.0.1\n", "x.test. 1 A 10.0.0.1\n");
    good("$TTL 1\na A 10.0.0.1\n  A 10.0.0.2\n\tAAAA ::1\n",
         "a.x.test. 1 A 10.0.0.1\na.x.test. 1 A 10.0.0.2\na.x.test. 1 AAAA ::1\n");
    good("$TTL 1\nA\\.b.c\\032d A 10.0.0.1\n", "A\\.b.c\\032d.x.test. 1 A 10.0.0.1\n");
    good("$TTL 1\n\\@ A 10.0.0.1\n*.w A 10.0.0.1\n", "\\@.x.test. 1 A 10.0.0.1\n*.w.x.test. 1 A 10.0.0.1\n");
    good("$TTL 1\n. NS a.\n", ". 1 NS a.\n");
}

static void origin_moves_relative_names(void **state)
{
    (void)state;
    good("$TTL 1\n$ORIGIN y.test.\na CNAME b\n$ORIGIN z\nc CNAME @\n@ CNAME d\n",
         "a.y.test. 1 CNAME b.y.test.\nc.z.y.test. 1 CNAME z.y.test.\nz.y.test. 1 CNAME d.z.y.test.\n");
    good("$TTL 1\na A 10.0.0.1\n$origin .\n A 10.0.0.2\nb A 10.0.0.3\n",
         "a.x.test. 1 A 10.0.0.1\na.x.test. 1 A 10.0.0.2\nb. 1 A 10.0.0.3\n");
}

static void ttl_and_class_come_in_either_order_or_not_at_all(void **state)
{
    (void)state;
    good("a 5 IN A 10.0.0.1\n", "a.x.test. 5 A 10.0.0.1\n");
    good("a IN 5 A 10.0.0.1\n", "a.x.test. 5 A 10.0.0.1\n");
    good("a in 5 a 10.0.0.1\n", "a.x.test. 5 A 10.0.0.1\n");
    good("a 5 A 10.0.0.1\n", "a.x.test. 5 A 10.0.0.1\n");
    good("$TTL 7\na CLASS1 A 10.0.0.1\n", "a.x.test. 7 A 10.0.0.1\n");
    good("$TTL 7\nin in A 10.0.0.1\na A 10.0.0.2\n", "in.x.test. 7 A 10.0.0.1\na.x.test. 7 A 10.0.0.2\n");
    good("$TTL 7\n5 A 10.0.0.1\n", "5.x.test. 7 A 10.0.0.1\n");
}

static void time_units_are_understood(void **state)
{
    (void)state;
    good("a 1h30m A 10.0.0.1\nb 1W2d3H4m5S A 10.0.0.1\nc 0 A 10.0.0.1\nd 2147483647 A 10.0.0.1\n",
         "a.x.test. 5400 A 10.0.0.1\nb.x.test. 788645 A 10.0.0.1\nc.x.test. 0 A 10.0.0.1\n"
         "d.x.test. 2147483647 A 10.0.0.1\n");
    good("$TTL 1d\n@ SOA a b 1 1h 15m 2w 1m\n", "x.test. 86400 SOA a.x.test. b.x.test. 1 3600 900 1209600 60\n");
}

static void a_missing_ttl_is_the_default_or_the_last(void **state)
{
    (void)state;
    good("a 5 A 10.0.0.1\nb A 10.0.0.2\n", "a.x.test. 5 A 10.0.0.1\nb.x.test. 5 A 10.0.0.2\n");
    good("$TTL 9\na 5 A 10.0.0.1\nb A 10.0.0.2\n", "a.x.test. 5 A 10.0.0.1\nb.x.test. 9 A 10.0.0.2\n");
    good("$TTL 9\na A 10.0.0.1\n$TTL 8\nb A 10.0.0.2\n", "a.x.test. 9 A 10.0.0.1\nb.x.test. 8 A 10.0.0.2\n");
    bad("a A 10.0.0.1\nb A 10.0.0.1\n", "x:1:1: error: no TTL is set; put '$TTL 1h' at the top of the file\n");
    struct result r;
    load(&r, "x", "@ SOA a b 1 2 3 4 55\na A 10.0.0.1\n");
    assert_string_equal(r.records, "x.test. 55 SOA a.x.test. b.x.test. 1 2 3 4 55\na.x.test. 55 A 10.0.0.1\n");
    assert_string_equal(r.problems.text, "x:1:1: warning: no TTL is set; the SOA's last field, 55, is taken (put "
                                         "'$TTL 1h' at the top)\n");
}

static void records_may_span_lines(void **state)
{
    (void)state;
    good("$TTL 1\n@ IN SOA ns admin ( 1 ; serial\n 2 3 4\n 5 )\na A 10.0.0.1\n",
         "x.test. 1 SOA ns.x.test. admin.x.test. 1 2 3 4 5\na.x.test. 1 A 10.0.0.1\n");
    good("$TTL 1\nt TXT ( \"a b\"\n   c \"\" )\n", "t.x.test. 1 TXT \"a b\" \"c\" \"\"\n");
}

static void unknown_types_and_generic_data_are_read(void **state)
{
    (void)state;
    good("$TTL 1\na TYPE65280 \\# 3 010203\n", "a.x.test. 1 TYPE65280 \\# 3 010203\n");
    good("$TTL 1\na TYPE65280 \\# 0\n", "a.x.test. 1 TYPE65280 \\# 0\n");
    good("$TTL 1\na A \\# 4 0a000001\na TYPE1 10.0.0.2\n", "a.x.test. 1 A 10.0.0.1\na.x.test. 1 A 10.0.0.2\n");
    good("$TTL 1\na HTTPS 1 . alpn=\"h2,h3\" port=8443\n", "a.x.test. 1 HTTPS 1 . alpn=\"h2,h3\" port=8443\n");
}

static void generate_writes_many_records(void **state)
{
    (void)state;
    good("$TTL 1\n$GENERATE 1-3 h$ A 10.0.0.$\n",
         "h1.x.test. 1 A 10.0.0.1\nh2.x.test. 1 A 10.0.0.2\nh3.x.test. 1 A 10.0.0.3\n");
    good("$GENERATE 8-12/2 h-${0,3,d} 5 IN CNAME ${-8,2,x}.$$\n",
         "h-008.x.test. 5 CNAME 00.\\$.x.test.\nh-010.x.test. 5 CNAME 02.\\$.x.test.\n"
         "h-012.x.test. 5 CNAME 04.\\$.x.test.\n");
    good("$TTL 1\n$GENERATE 10-11 ${5,0,X} TXT \"\\$ ${0,0,o} \\\"q\"\n",
         "F.x.test. 1 TXT \"$ 12 \\\"q\"\n10.x.test. 1 TXT \"$ 13 \\\"q\"\n");
}

static void errors_in_generated_records_are_shown_once(void **state)
{
    (void)state;
    bad("$TTL 1\n$GENERATE 250-300 h$ A 10.0.0.$\n", "x:2:1: error: A record: '10.0.0.256': not an IPv4 address\n");
    bad("$TTL 1\n$GENERATE 1-3 h${x} A 10.0.0.1\n",
        "x:2:1: error: bad use of '$': write $ or ${OFFSET,WIDTH,BASE} with BASE d, o, x or X\n");
    bad("$GENERATE 1-3 h$ A\n",
        "x:1:19: error: something is missing: $GENERATE FIRST-LAST[/STEP] OWNER [TTL] TYPE DATA\n");
    static const char *const ranges[] = {"3-1", "1-3/0", "1", "-", "1-2x", "0-65536", "1--2", "99999999999-1", ""};
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        char text[128];
        snprintf(text, sizeof(text), "$TTL 1\n$GENERATE \"%s\" h$ A 10.0.0.1\n", ranges[i]);
        bad(text, "x:2:12: error: write the range as FIRST-LAST or FIRST-LAST/STEP, for at most 65536 records\n");
    }
}

static void errors_say_where_and_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *text, *problem;
    } table[] = {
        {"www AAA 10.0.0.1", "2:5: error: unknown record type 'AAA' (did you mean 'AAAA' or 'CAA'?)"},
        {"www CNMAE a", "2:5: error: unknown record type 'CNMAE' (did you mean 'CNAME'?)"},
        {"www 10.0.0.1", "2:5: error: unknown record type '10.0.0.1' (an address needs the type A before it)"},
        {"www 5 IN ::1", "2:10: error: unknown record type '::1' (an address needs the type AAAA before it)"},
        {"A 10.0.0.1",
         "2:3: error: unknown record type '10.0.0.1' (a line without an owner must start with white space)"},
        {"www IN", "2:7: error: the record type is missing"},
        {"www", "2:4: error: the record type is missing"},
        {"www ANY x", "2:5: error: ANY cannot stand in a zone; it is for messages only"},
        {"www OPT", "2:5: error: OPT cannot stand in a zone; it is for messages only"},
        {"www CH A 10.0.0.1", "2:5: error: class CH is not served; only IN is"},
        {"a..b A 10.0.0.1", "2:1: error: 'a..b' is not a domain name: it has an empty label (two dots in a row)"},
        {".a A 10.0.0.1", "2:1: error: '.a' is not a domain name: it begins with a dot"},
        {"a\\256 A 10.0.0.1",
         "2:1: error: 'a\\256' is not a domain name: a backslash must be followed by one character "
         "or by three digits up to 255"},
        {"a234567890123456789012345678901234567890123456789012345678901234 A 10.0.0.1",
         "2:1: error: 'a234567890123456789012345678901234567890123456789012345678901234' is not a domain name: a label "
         "is longer than 63 characters"},
        {"\"\" A 10.0.0.1", "2:2: error: '' is not a domain name: it is empty"},
        {"a 2147483648 A 10.0.0.1", "2:3: error: a time to live is at most 2147483647 seconds (RFC 2181 8)"},
        {"  A 10.0.0.1",
         "2:3: error: the line starts with white space, so it belongs to the owner before it, but there "
         "is none"},
        {"a A 10.0.0.1 )", "2:14: error: this ')' has no '(' before it"},
        {"a TXT ( b", "2:7: error: this '(' is never closed; close it with ')'"},
        {"a TXT \"b", "2:7: error: this quoted string does not end on its line; close it with '\"'"},
        {"$ORIGN a", "2:1: error: unknown directive '$ORIGN' (did you mean '$ORIGIN'?)"},
        {"$ORIGIN", "2:8: error: something is missing: $ORIGIN NAME"},
        {"$ORIGIN a b", "2:11: error: nothing more belongs here: $ORIGIN NAME"},
        {"$ORIGIN a..b", "2:9: error: 'a..b' is not a domain name: it has an empty label (two dots in a row)"},
        {"$TTL soon",
         "2:6: error: 'soon' is not a time to live; write seconds or a form like 1h30m (units w, d, h, m, s)"},
        {"$INCLUDE", "2:9: error: something is missing: $INCLUDE FILE [ORIGIN]"},
        {"$INCLUDE /nonexistent/file", "2:10: error: cannot read '/nonexistent/file': No such file or directory"},
        {"$INCLUDE /", "2:10: error: cannot read '/': it is not a regular file"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char text[512], expected[512];
        snprintf(text, sizeof(text), "$TTL 1\n%s\n", table[i].text);
        snprintf(expected, sizeof(expected), "x:%s\n", table[i].problem);
        bad(text, expected);
    }
}

static void errors_in_data_point_at_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *text, *start;
    } table[] = {
        {"a A 10.0.0.256", "x:2:5: error: A record: '10.0.0.256': "},
        {"a A", "x:2:4: error: A record: "},
        {"a A 10.0.0.1 10.0.0.2", "x:2:14: error: A record: '10.0.0.2': "},
        {"a MX ten mail", "x:2:6: error: MX record: 'ten': "},
        {"a MX 10", "x:2:8: error: MX record: "},
        {"a MX 10 m..l", "x:2:9: error: MX record: 'm..l': "},
        {"a SOA a b 1 2 3 (\n4 five )", "x:3:3: error: SOA record: 'five': "},
        {"a TYPE65280 abc", "x:2:13: error: TYPE65280 record: 'abc': "},
        {"a TYPE65280 \\# 3 0102", "x:2:16: error: TYPE65280 record: '3': "},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char text[512];
        struct result r;
        snprintf(text, sizeof(text), "$TTL 1\n%s\n", table[i].text);
        load(&r, "x", text);
        assert_string_equal(r.records, "");
        assert_int_equal(r.problems.errors, 1);
        r.problems.text[strlen(table[i].start)] = '\0';
        assert_string_equal(r.problems.text, table[i].start);
    }
}

static void reading_goes_on_after_errors_up_to_a_hundred(void **state)
{
    (void)state;
    struct result r;
    load(&r, "x", "$TTL 1\na X 1\nb A 10.0.0.1\nc Y 1\n A 10.0.0.2\nd..d A 1\n A 10.0.0.3\n");
    assert_int_equal(r.problems.errors, 3); /* the line of the bad owner's is passed over */
    assert_string_equal(r.records, "b.x.test. 1 A 10.0.0.1\nc.x.test. 1 A 10.0.0.2\n");
    char text[8 * 200 + 1] = "";
    for (int i = 0; i < 200; i++) {
        strcat(text, "a X 1\n");
    }
    load(&r, "x", text);
    assert_int_equal(r.problems.errors, 101);
    assert_non_null(strstr(r.problems.text, "x:0:0: error: too many errors; the rest of the zone was not looked at\n"));
}

static void included_files_have_their_own_owner_and_origin(void **state)
{
    (void)state;
    struct zone_dir dir;
    struct result r;
    zone_dir_make(&dir);
    zone_dir_write(&dir, "inner", "$TTL 2\nb A 10.0.0.2\n$ORIGIN z.\nc A 10.0.0.3\n");
    load(&r,
         zone_dir_write(&dir, "outer",
                        "$TTL 1\na A 10.0.0.1\n$INCLUDE inner sub\n A 10.0.0.4\nd A 10.0.0.5\n"
                        "$INCLUDE \"inner\"\n"),
         NULL);
    assert_string_equal(r.problems.text, "");
    assert_string_equal(r.records, "a.x.test. 1 A 10.0.0.1\nb.sub.x.test. 2 A 10.0.0.2\nc.z. 2 A 10.0.0.3\n"
                                   "a.x.test. 2 A 10.0.0.4\nd.x.test. 2 A 10.0.0.5\n"
                                   "b.x.test. 2 A 10.0.0.2\nc.z. 2 A 10.0.0.3\n");
    zone_dir_remove(&dir);
}

static void a_file_that_includes_itself_is_an_error(void **state)
{
    (void)state;
    struct zone_dir dir;
    struct result r;
    zone_dir_make(&dir);
    load(&r, zone_dir_write(&dir, "self", "$TTL 1\na A 10.0.0.1\n$INCLUDE self\n"), NULL);
    assert_string_equal(r.problems.text,
                        "self:3:1: error: $INCLUDE is nested over 10 deep; does a file include itself?\n");
    load(&r, zone_dir_write(&dir, "twice", "$INCLUDE twice\n$INCLUDE twice\n"), NULL);
    assert_int_equal(r.problems.errors, 101);
    zone_dir_remove(&dir);
}

static void errors_in_included_files_name_them(void **state)
{
    (void)state;
    struct zone_dir dir;
    struct result r;
    zone_dir_make(&dir);
    zone_dir_write(&dir, "inner", "\nb X\n");
    load(&r, zone_dir_write(&dir, "outer", "$TTL 1\n$INCLUDE inner\nc Y\n"), NULL);
    assert_string_equal(r.problems.text, "inner:2:3: error: unknown record type 'X'\n"
                                         "outer:3:3: error: unknown record type 'Y'\n");
    load(&r, "/nonexistent/zone", NULL);
    assert_string_equal(r.problems.text,
                        "zone:0:0: error: cannot read '/nonexistent/zone': No such file or directory\n");
    zone_dir_remove(&dir);
}

static void expect_origin(const struct zone_dir *dir, const char *file, const char *text, const char *origin)
{
    uint8_t name[NAME_SIZE];
    char shown[NAME_TEXT_SIZE];
    assert_int_equal(load_guess_origin(zone_dir_write(dir, file, text), name), FAIL_NONE);
    assert_string_equal(name_text(name, shown), origin);
}

static void the_apex_is_guessed_from_the_soa_or_the_files_name(void **state)
{
    (void)state;
    struct zone_dir dir;
    uint8_t name[NAME_SIZE];
    zone_dir_make(&dir);
    expect_origin(&dir, "z", "$TTL 1\ny.test. SOA a b 1 2 3 4 5\n", "y.test.");
    expect_origin(&dir, "z", "$ORIGIN w.test.\n$TTL 1\n@ SOA a b 1 2 3 4 5\n", "w.test.");
    expect_origin(&dir, "dev.test.zone", "$TTL 1\n@ SOA a b 1 2 3 4 5\n", "dev.test.");
    expect_origin(&dir, "db.dev.test", "", "dev.test.");
    assert_int_equal(load_guess_origin("/nonexistent/a..b.zone", name), FAIL_SYNTAX);
    zone_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owners_are_relative_absolute_or_inherited),
        cmocka_unit_test(origin_moves_relative_names),
        cmocka_unit_test(ttl_and_class_come_in_either_order_or_not_at_all),
        cmocka_unit_test(time_units_are_understood),
        cmocka_unit_test(a_missing_ttl_is_the_default_or_the_last),
        cmocka_unit_test(records_may_span_lines),
        cmocka_unit_test(unknown_types_and_generic_data_are_read),
        cmocka_unit_test(generate_writes_many_records),
        cmocka_unit_test(errors_in_generated_records_are_shown_once),
        cmocka_unit_test(errors_say_where_and_what_to_do),
        cmocka_unit_test(errors_in_data_point_at_the_field),
        cmocka_unit_test(reading_goes_on_after_errors_up_to_a_hundred),
        cmocka_unit_test(included_files_have_their_own_owner_and_origin),
        cmocka_unit_test(a_file_that_includes_itself_is_an_error),
        cmocka_unit_test(errors_in_included_files_name_them),
        cmocka_unit_test(the_apex_is_guessed_from_the_soa_or_the_files_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
