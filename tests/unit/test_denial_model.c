/* Zones made at random, their whole chain of NSEC or NSEC3, and every short name: what is proven must be exactly what a
 * plain model of the zone says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/encode.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/validate/denial.h"
#include "resolver/validate/keyring.h"
#include "resolver/validate/nsec3.h"
#include "tests/unit/proof_text.h"

enum { ZONES = 12, OWNERS_MAX = 14, UNIVERSE = 5 + 25 + 125 + 1, TEXT_MAX = 16384 };

/* What a name may have. */
static const char *const contents[] = {"A", "MX", "A MX", "CNAME", "NS", "NS DS", "DNAME", "A DNAME"};
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

struct model {
    struct arena a;
    const uint8_t *apex;
    const uint8_t *universe[UNIVERSE];
    const uint8_t *owners[OWNERS_MAX]; /* in canonical order, from the apex */
    const char *types[OWNERS_MAX];
    unsigned count;
};

static uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 16) % below;
}

static void fill_universe(struct model *m)
{
    static const char *const labels[] = {"*", "a", "b", "c", "d"};
    char text[32];
    unsigned count = 0;
    m->universe[count++] = m->apex;
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "%s.example.", labels[i]);
        m->universe[count++] = proof_name(&m->a, text);
        for (int j = 0; j < 5; j++) {
            snprintf(text, sizeof(text), "%s.%s.example.", labels[j], labels[i]);
            m->universe[count++] = proof_name(&m->a, text);
            for (int k = 0; k < 5; k++) {
                snprintf(text, sizeof(text), "%s.%s.%s.example.", labels[k], labels[j], labels[i]);
                m->universe[count++] = proof_name(&m->a, text);
            }
        }
    }
    assert_int_equal(count, UNIVERSE);
}

static bool has(const char *types, const char *type)
{
    size_t len = strlen(type);
    for (const char *at = types; (at = strstr(at, type)) != NULL; at += len) {
        if ((at == types || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' ')) {
            return true;
        }
    }
    return false;
}

static bool is_cut(const char *types)
{
    return has(types, "NS") && !has(types, "SOA");
}

/* What is there at `name`; NULL: nothing, or an empty non-terminal. */
static const char *types_at(const struct model *m, const uint8_t *name)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (name_equal(m->owners[i], name)) {
            return m->types[i];
        }
    }
    return NULL;
}

static bool exists(const struct model *m, const uint8_t *name)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (name_is_under(m->owners[i], name)) {
            return true;
        }
    }
    return false;
}

/* Below a cut or a DNAME, where this zone has nothing to say. */
static bool is_beyond(const struct model *m, const uint8_t *name)
{
    for (unsigned i = 0; i < m->count; i++) {
        if ((is_cut(m->types[i]) || has(m->types[i], "DNAME")) && name_is_under(name, m->owners[i]) &&
            !name_equal(name, m->owners[i])) {
            return true;
        }
    }
    return false;
}

static void add_owner(struct model *m, const uint8_t *name, const char *types)
{
    unsigned at = m->count++;
    for (; at > 0 && name_compare(m->owners[at - 1], name) > 0; at--) {
        m->owners[at] = m->owners[at - 1];
        m->types[at] = m->types[at - 1];
    }
    m->owners[at] = name;
    m->types[at] = types;
}

static void make_zone(struct model *m, uint32_t seed)
{
    arena_init(&m->a, 1 << 22);
    m->apex = proof_name(&m->a, "example.");
    m->count = 0;
    fill_universe(m);
    add_owner(m, m->apex, "NS SOA DNSKEY");
    for (unsigned tries = 0; tries < OWNERS_MAX - 1; tries++) {
        const uint8_t *name = m->universe[1 + draw(&seed, UNIVERSE - 1)];
        const char *types = contents[draw(&seed, sizeof(contents) / sizeof(contents[0]))];
        bool ends_zone = has(types, "NS") || has(types, "DNAME");
        if (types_at(m, name) == NULL && !is_beyond(m, name) &&
            !(ends_zone && (exists(m, name) || name_is_wildcard(name)))) {
            add_owner(m, name, types);
        }
    }
}

/* ---- The model's answers ---- */

static const uint8_t *encloser(const struct model *m, const uint8_t *name)
{
    while (!exists(m, name)) {
        name = name_parent(name);
    }
    return name;
}

static const uint8_t *wildcard_for(const struct model *m, const uint8_t *name, uint8_t out[NAME_SIZE])
{
    out[0] = 1;
    out[1] = '*';
    name_copy(out + 2, encloser(m, name));
    return out;
}

static bool lacks(const struct model *m, const uint8_t *name, uint16_t type)
{
    char text[TYPE_TEXT_SIZE];
    const char *types = types_at(m, name);
    if (types == NULL) {
        return exists(m, name);
    }
    bool is_right_side = type == TYPE_DS ? !has(types, "SOA") : !is_cut(types);
    return is_right_side && !has(types, type_text(type, text)) && !has(types, "CNAME");
}

static bool is_no_data(const struct model *m, const uint8_t *name, uint16_t type)
{
    uint8_t wildcard[NAME_SIZE];
    return !is_beyond(m, name) && lacks(m, exists(m, name) ? name : wildcard_for(m, name, wildcard), type);
}

static bool is_name_error(const struct model *m, const uint8_t *name)
{
    uint8_t wildcard[NAME_SIZE];
    return !is_beyond(m, name) && !exists(m, name) && !exists(m, wildcard_for(m, name, wildcard));
}

static bool has_no_closer(const struct model *m, const uint8_t *name, unsigned labels)
{
    unsigned own = name_labels(name);
    return !exists(m, name_strip(name, own - labels - 1));
}

static enum delegation cut_at(const struct model *m, const uint8_t *name)
{
    const char *types = types_at(m, name);
    if (is_beyond(m, name) || (types != NULL && (has(types, "DS") || has(types, "SOA")))) {
        return DELEGATION_UNPROVEN;
    }
    if (types != NULL && has(types, "NS")) {
        return DELEGATION_INSECURE;
    }
    return exists(m, name) ? DELEGATION_NO_CUT : DELEGATION_NO_NAME;
}

/* ---- The chains ---- */

static struct rrset *nsec_chain(struct model *m)
{
    static char lines[TEXT_MAX];
    char owner[NAME_TEXT_SIZE], next[NAME_TEXT_SIZE];
    size_t len = 0;
    for (unsigned i = 0; i < m->count; i++) {
        len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s NSEC %s %s RRSIG NSEC\n",
                                name_text(m->owners[i], owner), name_text(m->owners[(i + 1) % m->count], next),
                                m->types[i]);
    }
    return proof_text(&m->a, lines);
}

struct hashed {
    uint8_t hash[NSEC3_HASH_SIZE];
    const char *types;
};

static int compare_hashed(const void *a, const void *b)
{
    return memcmp(((const struct hashed *)a)->hash, ((const struct hashed *)b)->hash, NSEC3_HASH_SIZE);
}

static char *hash_text(const uint8_t hash[NSEC3_HASH_SIZE], char out[33])
{
    struct text t;
    text_init(&t, out, 33);
    encode_base32(&t, hash, NSEC3_HASH_SIZE);
    text_finish(&t);
    return out;
}

/* What opt-out leaves out: unsigned delegations, and empty non-terminals above nothing else. */
static bool is_left_out(const struct model *m, const uint8_t *name)
{
    for (unsigned i = 0; i < m->count; i++) {
        bool is_unsigned = is_cut(m->types[i]) && !has(m->types[i], "DS");
        if (name_is_under(m->owners[i], name) && !is_unsigned) {
            return false;
        }
    }
    return true;
}

static struct rrset *nsec3_chain(struct model *m, bool is_opt_out)
{
    static char lines[TEXT_MAX];
    struct hashed all[UNIVERSE];
    const struct nsec3_params params = {1, 1, (const uint8_t *)"\xab"};
    struct expense e = {.hash_blocks = 10000};
    struct verifier v = {.keyring = keyring, .expense = &e};
    unsigned count = 0;
    size_t len = 0;
    for (unsigned i = 0; i < UNIVERSE; i++) {
        const char *types = types_at(m, m->universe[i]);
        if (exists(m, m->universe[i]) && !(is_opt_out && is_left_out(m, m->universe[i]))) {
            all[count].types = types != NULL ? types : "";
            assert_int_equal(nsec3_hash(&v, &params, m->universe[i], all[count++].hash), FAIL_NONE);
        }
    }
    qsort(all, count, sizeof(all[0]), compare_hashed);
    for (unsigned i = 0; i < count; i++) {
        char owner[33], next[33];
        len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s.example. NSEC3 1 %d 1 ab %s %s\n",
                                hash_text(all[i].hash, owner), is_opt_out, hash_text(all[(i + 1) % count].hash, next),
                                all[i].types);
    }
    return proof_text(&m->a, lines);
}

/* ---- Comparing ---- */

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
    struct verifier v = {.keyring = keyring, .expense = &e};
    for (unsigned i = 0; i < UNIVERSE; i++) {
        const uint8_t *name = m->universe[i];
        check(PROVES(denial_name_error(&v, proofs, m->apex, name)) == is_name_error(m, name), m, name, "NXDOMAIN", 0);
        for (unsigned t = 0; t < sizeof(asked) / sizeof(asked[0]); t++) {
            check(PROVES(denial_no_data(&v, proofs, m->apex, name, asked[t])) == is_no_data(m, name, asked[t]), m, name,
                  "NODATA", asked[t]);
        }
        /* Where a wildcard could have answered; it would not stand below a cut. */
        for (unsigned labels = 1; labels < name_labels(name) && !is_beyond(m, name); labels++) {
            check(PROVES(denial_wildcard(&v, proofs, m->apex, name, labels)) == has_no_closer(m, name, labels), m, name,
                  "wildcard", labels);
        }
        e.hash_blocks = 1000;
        check(denial_delegation(&v, proofs, m->apex, name) == cut_at(m, name), m, name, "delegation", 0);
    }
}

static void nsec_proves_what_is_so_and_no_more(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= ZONES; seed++) {
        struct model m;
        make_zone(&m, seed);
        compare_exactly(&m, nsec_chain(&m));
        arena_fini(&m.a);
    }
}

static void nsec3_proves_what_is_so_and_no_more(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= ZONES; seed++) {
        struct model m;
        make_zone(&m, seed);
        compare_exactly(&m, nsec3_chain(&m, false));
        arena_fini(&m.a);
    }
}

/* In an opt-out zone true things may be proven no further than DENIAL_OPT_OUT, but none that are false. */
static void opt_out_proves_nothing_that_is_not_so(void **state)
{
    (void)state;
    struct expense e;
    struct verifier v = {.keyring = keyring, .expense = &e};
    for (uint32_t seed = 1; seed <= ZONES; seed++) {
        struct model m;
        make_zone(&m, seed);
        const struct rrset *proofs = nsec3_chain(&m, true);
        for (unsigned i = 0; i < UNIVERSE; i++) {
            const uint8_t *name = m.universe[i];
            e.hash_blocks = 1000;
            enum denial found = denial_name_error(&v, proofs, m.apex, name);
            check(found != DENIAL_SECURE, &m, name, "NXDOMAIN", 0);
            bool is_provable = is_name_error(&m, name) && !is_left_out(&m, encloser(&m, name));
            check(found == DENIAL_OPT_OUT || !is_provable, &m, name, "NXDOMAIN, opt-out", 0);
            for (unsigned t = 0; t < sizeof(asked) / sizeof(asked[0]); t++) {
                bool is_proven = PROVES(denial_no_data(&v, proofs, m.apex, name, asked[t]));
                check(!is_proven || is_no_data(&m, name, asked[t]), &m, name, "NODATA", asked[t]);
            }
            e.hash_blocks = 1000;
            enum delegation cut = denial_delegation(&v, proofs, m.apex, name);
            check(cut != DELEGATION_INSECURE || is_beyond(&m, name) || cut_at(&m, name) != DELEGATION_UNPROVEN, &m,
                  name, "delegation", 0);
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
