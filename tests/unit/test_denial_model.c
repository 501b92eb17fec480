/* The whole chain of NSEC or NSEC3 of zones made at random, and every short name: what is proven must be exactly what a
 * plain model of the zone says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/validate/denial.h"
#include "resolver/validate/keyring.h"
#include "tests/unit/zone_model.h"

enum { ZONES = 12 };

static const uint16_t asked[] = {TYPE_A, TYPE_MX, TYPE_CNAME, TYPE_NS, TYPE_DS, TYPE_TXT};

static struct keyring *keyring;

static int make_keyring(void **state)
{
    (void)state;
    keyring = keyring_new(1);
    return keyring != NULL ? 0 : -1;
}

static int free_keyring(void **state)
{
    (void)state;
    keyring_free(keyring);
    return 0;
}

static void check(bool is_right, const struct model *m, const uint8_t *name, const char *what, unsigned detail)
{
    char text[NAME_TEXT_SIZE];
    if (is_right) {
        return;
    }
    for (unsigned i = 0; i < m->count; i++) {
        print_error("%s %s\n", name_text(m->owners[i], text), m->types[i]);
    }
    fail_msg("%s %u of %s", what, detail, name_text(name, text));
}

#define PROVES(call) (e.hash_blocks = 1000, (call) == DENIAL_SECURE)

static void compare_exactly(const struct model *m, const struct rrset *proofs)
{
    struct expense e;
    struct verifier v = {.keyring = keyring, .expense = &e, .caps = CAPS_USUAL};
    for (unsigned i = 0; i < MODEL_UNIVERSE; i++) {
        const uint8_t *name = m->universe[i];
        check(PROVES(denial_name_error(&v, proofs, m->apex, name)) == model_is_name_error(m, name), m, name, "NXDOMAIN",
              0);
        for (unsigned t = 0; t < sizeof(asked) / sizeof(asked[0]); t++) {
            check(PROVES(denial_no_data(&v, proofs, m->apex, name, asked[t])) == model_is_no_data(m, name, asked[t]), m,
                  name, "NODATA", asked[t]);
        }
        /* Where a wildcard could have answered; it would not stand below a cut. */
        for (unsigned labels = 1; labels < name_labels(name) && !model_is_beyond(m, name); labels++) {
            check(PROVES(denial_wildcard(&v, proofs, m->apex, name, labels)) == model_has_no_closer(m, name, labels), m,
                  name, "wildcard", labels);
        }
        e.hash_blocks = 1000;
        check(denial_delegation(&v, proofs, m->apex, name) == model_cut(m, name), m, name, "delegation", 0);
    }
}

static void nsec_proves_what_is_so_and_no_more(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= ZONES; seed++) {
        struct model m;
        model_make(&m, seed);
        compare_exactly(&m, model_nsec(&m));
        arena_fini(&m.a);
    }
}

static void nsec3_proves_what_is_so_and_no_more(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= ZONES; seed++) {
        struct model m;
        model_make(&m, seed);
        compare_exactly(&m, model_nsec3(&m, keyring, false));
        arena_fini(&m.a);
    }
}

/* In an opt-out zone true things may be proven no further than DENIAL_OPT_OUT, but none that are false. */
static void opt_out_proves_nothing_that_is_not_so(void **state)
{
    (void)state;
    struct expense e;
    struct verifier v = {.keyring = keyring, .expense = &e, .caps = CAPS_USUAL};
    for (uint32_t seed = 1; seed <= ZONES; seed++) {
        struct model m;
        model_make(&m, seed);
        const struct rrset *proofs = model_nsec3(&m, keyring, true);
        for (unsigned i = 0; i < MODEL_UNIVERSE; i++) {
            const uint8_t *name = m.universe[i];
            e.hash_blocks = 1000;
            enum denial found = denial_name_error(&v, proofs, m.apex, name);
            check(found != DENIAL_SECURE, &m, name, "NXDOMAIN", 0);
            bool is_provable = model_is_name_error(&m, name) && !model_is_left_out(&m, model_encloser(&m, name));
            check(found == DENIAL_OPT_OUT || !is_provable, &m, name, "NXDOMAIN, opt-out", 0);
            for (unsigned t = 0; t < sizeof(asked) / sizeof(asked[0]); t++) {
                bool is_proven = PROVES(denial_no_data(&v, proofs, m.apex, name, asked[t]));
                check(!is_proven || model_is_no_data(&m, name, asked[t]), &m, name, "NODATA", asked[t]);
            }
            e.hash_blocks = 1000;
            enum delegation cut = denial_delegation(&v, proofs, m.apex, name);
            check(cut != DELEGATION_INSECURE || model_is_beyond(&m, name) || model_cut(&m, name) != DELEGATION_UNPROVEN,
                  &m, name, "delegation", 0);
        }
        arena_fini(&m.a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nsec_proves_what_is_so_and_no_more),
        cmocka_unit_test(nsec3_proves_what_is_so_and_no_more),
        cmocka_unit_test(opt_out_proves_nothing_that_is_not_so),
    };
    return cmocka_run_group_tests(tests, make_keyring, free_keyring);
}
