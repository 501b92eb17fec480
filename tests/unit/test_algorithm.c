#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "resolver/validate/algorithm.h"
#include "resolver/validate/key.h"

static void algorithms_are_treated_as_the_registry_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= UINT8_MAX; i++) {
        enum support expected = SUPPORT_NONE;
        if (i == 8 || i == 10 || (i >= 13 && i <= 16)) {
            expected = SUPPORT_FULL;
        } else if ((i == 5 || i == 7) && algorithm_support((uint8_t)i) != SUPPORT_NONE) {
            expected = SUPPORT_SHA1; /* where the system does not forbid it */
        }
        assert_int_equal(algorithm_support((uint8_t)i), expected);
        assert_int_equal(algorithm_support((uint8_t)i), expected);
        assert_true(expected == SUPPORT_NONE || algorithm_find((uint8_t)i) != NULL);
    }
}

/* Asks for properties that nothing has, as a system does that forbids what is not certified. */
static void what_the_system_forbids_is_not_supported(void **state)
{
    static const uint8_t algorithms[] = {8, 10, 13, 14, 15, 16};
    (void)state;
    for (size_t i = 0; i < sizeof(algorithms); i++) {
        const struct algorithm *a = algorithm_find(algorithms[i]);
        assert_int_equal(EVP_set_default_properties(NULL, "certified=yes"), 1);
        assert_false(key_is_allowed(a));
        assert_int_equal(EVP_set_default_properties(NULL, ""), 1);
        assert_true(key_is_allowed(a));
    }
}

static void digests_are_treated_as_the_registry_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= UINT8_MAX; i++) {
        enum support expected = i == 2 || i == 4 ? SUPPORT_FULL : i == 1 ? SUPPORT_SHA1 : SUPPORT_NONE;
        assert_int_equal(digest_support((uint8_t)i), expected);
    }
    assert_int_equal(digest_hash(1), HASH_SHA1);
    assert_int_equal(digest_hash(2), HASH_SHA256);
    assert_int_equal(digest_hash(3), HASH_NONE);
    assert_int_equal(digest_hash(4), HASH_SHA384);
}

static void sha1_suffices_where_it_is_accepted(void **state)
{
    (void)state;
    assert_false(support_suffices(SUPPORT_NONE, true));
    assert_false(support_suffices(SUPPORT_SHA1, false));
    assert_true(support_suffices(SUPPORT_SHA1, true));
    assert_true(support_suffices(SUPPORT_FULL, false));
}

static void algorithms_have_names(void **state)
{
    (void)state;
    char text[ALGORITHM_TEXT_SIZE];
    assert_string_equal(algorithm_text(13, text), "ECDSAP256SHA256");
    assert_string_equal(algorithm_text(12, text), "ECC-GOST");
    assert_string_equal(algorithm_text(4, text), "algorithm 4");
    assert_string_equal(algorithm_text(255, text), "algorithm 255");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithms_are_treated_as_the_registry_says),
        cmocka_unit_test(what_the_system_forbids_is_not_supported),
        cmocka_unit_test(digests_are_treated_as_the_registry_says),
        cmocka_unit_test(sha1_suffices_where_it_is_accepted),
        cmocka_unit_test(algorithms_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
