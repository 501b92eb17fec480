#include "resolver/iterate/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

static const uint8_t zone[] = "\7example\3com";
static const uint8_t name[] = "\3www\7example\3com";

static void reads(const struct fault *f, const char *expected)
{
    struct ede e;
    fault_describe(f, &e);
    assert_int_equal(e.code, f->code);
    assert_string_equal(e.text, expected);
}

static void a_signature_is_told_with_key_and_times(void **state)
{
    (void)state;
    struct fault f = {.code = EDE_SIGNATURE_EXPIRED,
                      .zone = zone,
                      .owner = name,
                      .type = TYPE_A,
                      .key_tag = 12345,
                      .algorithm = 13,
                      .inception = 1767225600,
                      .expiration = 1769904000};
    reads(&f, "www.example.com. A: Signature Expired, key 12345 of example.com. (ECDSAP256SHA256), valid "
              "2026-01-01T00:00:00Z to 2026-02-01T00:00:00Z");
    f.code = EDE_DNSSEC_BOGUS;
    f.detail = "signature does not verify";
    f.inception = f.expiration = 0;
    reads(&f, "www.example.com. A: signature does not verify, key 12345 of example.com. (ECDSAP256SHA256)");
}

static void what_does_not_apply_is_left_out(void **state)
{
    (void)state;
    struct fault f = {.code = EDE_NSEC_MISSING, .zone = zone, .owner = name, .detail = "not proven absent"};
    reads(&f, "www.example.com.: not proven absent, zone example.com.");
    f = (struct fault){.code = EDE_UNSUPPORTED_DS_DIGEST,
                       .owner = zone,
                       .type = TYPE_DNSKEY,
                       .zone = zone,
                       .key_tag = 7,
                       .algorithm = 12};
    reads(&f, "example.com. DNSKEY: Unsupported DS Digest Type, digest type 12 of example.com.");
    f = (struct fault){.code = EDE_OTHER, .detail = "something"};
    reads(&f, "something");
}

static void long_names_leave_room_for_the_rest(void **state)
{
    (void)state;
    uint8_t longest[NAME_SIZE];
    struct ede e;
    for (unsigned i = 0; i < 127; i++) {
        longest[2 * i] = 1;
        longest[2 * i + 1] = 0xff; /* four characters each */
    }
    longest[254] = 0;
    struct fault f = {.code = EDE_DNSSEC_BOGUS, .zone = longest, .owner = longest, .type = TYPE_A, .key_tag = 1};
    f.detail = "signature does not verify";
    fault_describe(&f, &e);
    assert_true(strlen(e.text) < sizeof(e.text));
    assert_non_null(strstr(e.text, ".. A: signature does not verify, key 1 of "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_told_with_key_and_times),
        cmocka_unit_test(what_does_not_apply_is_left_out),
        cmocka_unit_test(long_names_leave_room_for_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
