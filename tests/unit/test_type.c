#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/type.h"

static void every_row_is_found_by_number_and_by_mnemonic(void **state)
{
    (void)state;
    const struct type_info *row;
    char text[TYPE_TEXT_SIZE];
    size_t count = 0;
    int last = -1;
    for (; (row = type_row(count)) != NULL; count++) {
        uint16_t type;
        assert_true(row->type > last);
        last = row->type;
        assert_ptr_equal(type_find(row->type), row);
        assert_string_equal(type_text(row->type, text), row->mnemonic);
        assert_int_equal(type_from_text(row->mnemonic, strlen(row->mnemonic), &type), FAIL_NONE);
        assert_int_equal(type, row->type);
        assert_non_null(row->rfc);
    }
    assert_true(count > 80);
    assert_null(type_row(count + 1000));
}

static void every_row_has_fields_that_end(void **state)
{
    (void)state;
    const struct type_info *row;
    for (size_t i = 0; (row = type_row(i)) != NULL; i++) {
        assert_int_not_equal(row->fields[0], FIELD_END);
        assert_int_equal(row->fields[TYPE_FIELDS_MAX - 1], FIELD_END);
    }
}

static void the_constants_are_the_rows_of_their_names(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        const char *mnemonic;
    } cases[] = {{TYPE_A, "A"},         {TYPE_NS, "NS"},       {TYPE_CNAME, "CNAME"}, {TYPE_SOA, "SOA"},
                 {TYPE_PTR, "PTR"},     {TYPE_MX, "MX"},       {TYPE_TXT, "TXT"},     {TYPE_AAAA, "AAAA"},
                 {TYPE_SRV, "SRV"},     {TYPE_NAPTR, "NAPTR"}, {TYPE_DNAME, "DNAME"}, {TYPE_OPT, "OPT"},
                 {TYPE_DS, "DS"},       {TYPE_RRSIG, "RRSIG"}, {TYPE_NSEC, "NSEC"},   {TYPE_DNSKEY, "DNSKEY"},
                 {TYPE_NSEC3, "NSEC3"}, {TYPE_SVCB, "SVCB"},   {TYPE_HTTPS, "HTTPS"}, {TYPE_TSIG, "TSIG"},
                 {TYPE_IXFR, "IXFR"},   {TYPE_AXFR, "AXFR"},   {TYPE_ANY, "ANY"},     {TYPE_HINFO, "HINFO"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(type_find(cases[i].type)->mnemonic, cases[i].mnemonic);
    }
}

static void names_are_compressed_only_in_types_of_rfc_1035(void **state)
{
    (void)state;
    assert_true(type_find(TYPE_NS)->may_compress);
    assert_true(type_find(TYPE_SOA)->may_compress);
    assert_false(type_find(TYPE_SRV)->may_compress);
    assert_false(type_find(TYPE_DNAME)->may_compress);
    assert_false(type_find(TYPE_RRSIG)->may_compress);
    assert_true(type_find(TYPE_RRSIG)->lowers_names);
    assert_false(type_find(TYPE_NSEC)->lowers_names);
}

static void an_owner_holds_one_alias_or_soa(void **state)
{
    (void)state;
    assert_true(type_find(TYPE_CNAME)->is_single);
    assert_true(type_find(TYPE_DNAME)->is_single);
    assert_true(type_find(TYPE_SOA)->is_single);
    assert_false(type_find(TYPE_NS)->is_single);
}

static void meta_types_are_questions_and_transport(void **state)
{
    (void)state;
    static const uint16_t meta[] = {0, TYPE_OPT, 128, 249, TYPE_TSIG, TYPE_IXFR, TYPE_AXFR, 253, 254, TYPE_ANY};
    static const uint16_t data[] = {TYPE_A, TYPE_RRSIG, 127, 256, 257, 65280, 65535};
    for (size_t i = 0; i < sizeof(meta) / sizeof(meta[0]); i++) {
        assert_true(type_is_meta(meta[i]));
        assert_true(type_find(meta[i]) == NULL || type_find(meta[i])->is_meta);
    }
    for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
        assert_false(type_is_meta(data[i]));
        assert_true(type_find(data[i]) == NULL || !type_find(data[i])->is_meta);
    }
}

static void unknown_types_and_classes_have_generic_names(void **state)
{
    (void)state;
    char text[TYPE_TEXT_SIZE];
    uint16_t value;
    assert_string_equal(type_text(65280, text), "TYPE65280");
    assert_string_equal(type_text(0, text), "TYPE0");
    assert_string_equal(class_text(CLASS_IN, text), "IN");
    assert_string_equal(class_text(CLASS_ANY, text), "ANY");
    assert_string_equal(class_text(65000, text), "CLASS65000");
    assert_int_equal(type_from_text("type1", 5, &value), FAIL_NONE);
    assert_int_equal(value, TYPE_A);
    assert_int_equal(class_from_text("CLASS3", 6, &value), FAIL_NONE);
    assert_int_equal(value, CLASS_CH);
    assert_int_equal(class_from_text("in", 2, &value), FAIL_NONE);
    assert_int_equal(value, CLASS_IN);
}

static void what_is_no_type_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      "B",      "AA",     "AAAAA", "TYPE", "TYPE65536", "TYPE12345678",
                                      "TYPEx", "TYPE-1", "TYPE 1", "NSECX", "*"};
    uint16_t value;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(type_from_text(bad[i], strlen(bad[i]), &value), FAIL_SYNTAX);
        assert_int_equal(class_from_text(bad[i], strlen(bad[i]), &value), FAIL_SYNTAX);
    }
    assert_int_equal(type_from_text("A\0\0", 3, &value), FAIL_SYNTAX);
    assert_int_equal(type_from_text("MXX", 2, &value), FAIL_NONE); /* the length counts, not a zero octet */
    assert_int_equal(value, TYPE_MX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_found_by_number_and_by_mnemonic),
        cmocka_unit_test(every_row_has_fields_that_end),
        cmocka_unit_test(the_constants_are_the_rows_of_their_names),
        cmocka_unit_test(names_are_compressed_only_in_types_of_rfc_1035),
        cmocka_unit_test(an_owner_holds_one_alias_or_soa),
        cmocka_unit_test(meta_types_are_questions_and_transport),
        cmocka_unit_test(unknown_types_and_classes_have_generic_names),
        cmocka_unit_test(what_is_no_type_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
