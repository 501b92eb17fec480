#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/validate/denial.h"
#include "resolver/validate/keyring.h"
#include "resolver/validate/nsec3.h"
#include "tests/unit/proof_text.h"

enum { BLOCKS = 512 };

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

/* One question to denial.h, and its result. */
enum question { NAME_ERROR, NO_DATA, WILDCARD };

struct row {
    const char *proofs;
    enum question question;
    const char *name;
    unsigned detail; /* type, or labels of the wildcard's signature */
    enum denial expected;
};

static enum denial ask(struct verifier *v, const struct rrset *proofs, const uint8_t *zone, const uint8_t *name,
                       const struct row *row)
{
    switch (row->question) {
    case NAME_ERROR:
        return denial_name_error(v, proofs, zone, name);
    case NO_DATA:
        return denial_no_data(v, proofs, zone, name, (uint16_t)row->detail);
    default:
        return denial_wildcard(v, proofs, zone, name, row->detail);
    }
}

static void check_row(const char *zone, const struct row *row)
{
    struct arena a;
    struct expense e = {.hash_blocks = BLOCKS};
    struct verifier v = {.keyring = keyring, .expense = &e, .caps = CAPS_USUAL};
    arena_init(&a, 1 << 16);
    enum denial found = ask(&v, proof_text(&a, row->proofs), proof_name(&a, zone), proof_name(&a, row->name), row);
    if (found != row->expected) {
        fail_msg("question %d, %s %u by\n%s: %d, not %d", row->question, row->name, row->detail, row->proofs, found,
                 row->expected);
    }
    arena_fini(&a);
}

struct cut_row {
    const char *proofs, *name;
    enum delegation expected;
};

static void check_cut(const char *zone, const struct cut_row *row)
{
    struct arena a;
    struct expense e = {.hash_blocks = BLOCKS};
    struct verifier v = {.keyring = keyring, .expense = &e, .caps = CAPS_USUAL};
    arena_init(&a, 1 << 16);
    enum delegation found =
        denial_delegation(&v, proof_text(&a, row->proofs), proof_name(&a, zone), proof_name(&a, row->name));
    if (found != row->expected) {
        fail_msg("delegation of %s by\n%s: %d, not %d", row->name, row->proofs, found, row->expected);
    }
    arena_fini(&a);
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define CHECK_ROWS(zone, rows)                                                                                         \
    for (size_t i = 0; i < COUNT(rows); i++) {                                                                         \
        check_row((zone), &(rows)[i]);                                                                                 \
    }
#define CHECK_CUTS(zone, rows)                                                                                         \
    for (size_t i = 0; i < COUNT(rows); i++) {                                                                         \
        check_cut((zone), &(rows)[i]);                                                                                 \
    }

/* ---- The zone of RFC 4035 appendix A ---- */

#define APEX    "example. NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY\n"
#define A       "a.example. NSEC ai.example. NS DS RRSIG NSEC\n"
#define AI      "ai.example. NSEC b.example. A HINFO AAAA RRSIG NSEC\n"
#define B       "b.example. NSEC ns1.example. NS RRSIG NSEC\n"
#define NS1     "ns1.example. NSEC ns2.example. A RRSIG NSEC\n"
#define NS2     "ns2.example. NSEC *.w.example. A RRSIG NSEC\n"
#define WILD_W  "*.w.example. NSEC x.w.example. MX RRSIG NSEC\n"
#define X_W     "x.w.example. NSEC x.y.w.example. MX RRSIG NSEC\n"
#define X_Y_W   "x.y.w.example. NSEC xx.example. MX RRSIG NSEC\n"
#define XX      "xx.example. NSEC example. A HINFO AAAA RRSIG NSEC\n"
#define SOA     "example. SOA ns1.example. bugs.x.w.example. 1081539377 3600 300 3600000 3600\n"
#define CHILD_A "a.example. NSEC ns1.a.example. NS SOA RRSIG NSEC DNSKEY\n"

static void nsec_proves_the_examples_of_the_rfc(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {SOA B APEX, NAME_ERROR, "ml.example.", 0, DENIAL_SECURE},               /* RFC 4035 B.2 */
        {SOA NS1, NO_DATA, "ns1.example.", TYPE_MX, DENIAL_SECURE},              /* B.3 */
        {X_Y_W, WILDCARD, "a.z.w.example.", 2, DENIAL_SECURE},                   /* B.6 */
        {SOA X_Y_W WILD_W, NO_DATA, "a.z.w.example.", TYPE_AAAA, DENIAL_SECURE}, /* B.7 */
        {SOA APEX, NO_DATA, "example.", TYPE_DS, DENIAL_NONE},                   /* B.8: the child's word */
        {B, NO_DATA, "b.example.", TYPE_DS, DENIAL_SECURE},                      /* B.5 */
        {X_W, NO_DATA, "y.w.example.", TYPE_A, DENIAL_SECURE},                   /* an empty non-terminal */
    };
    CHECK_ROWS("example.", rows);
}

static void nsec_needs_every_part_of_the_proof(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {SOA, NAME_ERROR, "ml.example.", 0, DENIAL_NONE},
        {"", NAME_ERROR, "ml.example.", 0, DENIAL_NONE},
        {B, NAME_ERROR, "ml.example.", 0, DENIAL_NONE},
        {APEX, NAME_ERROR, "ml.example.", 0, DENIAL_NONE},
        {B APEX, NAME_ERROR, "ns1.example.", 0, DENIAL_NONE},
        {B APEX, NAME_ERROR, "b.example.", 0, DENIAL_NONE},
        {B APEX, NAME_ERROR, "ml.other.", 0, DENIAL_NONE},
        {X_W WILD_W NS2, NAME_ERROR, "y.w.example.", 0, DENIAL_NONE}, /* exists, empty */
        {X_Y_W NS2, NAME_ERROR, "z.w.example.", 0, DENIAL_NONE},      /* the wildcard would make it */
        {X_Y_W WILD_W, NAME_ERROR, "z.w.example.", 0, DENIAL_NONE},
        {NS1, NO_DATA, "ns1.example.", TYPE_A, DENIAL_NONE},
        {NS1, NO_DATA, "ns2.example.", TYPE_MX, DENIAL_NONE},
        {B, NO_DATA, "ml.example.", TYPE_A, DENIAL_NONE},
        {X_Y_W, NO_DATA, "a.z.w.example.", TYPE_AAAA, DENIAL_NONE},
        {WILD_W, NO_DATA, "a.z.w.example.", TYPE_AAAA, DENIAL_NONE},
        {X_Y_W WILD_W, NO_DATA, "a.z.w.example.", TYPE_MX, DENIAL_NONE},
        {NS2 WILD_W, NO_DATA, "w.example.", TYPE_MX, DENIAL_SECURE},
        {WILD_W, WILDCARD, "a.z.w.example.", 2, DENIAL_NONE},
        {X_Y_W, WILDCARD, "a.z.w.example.", 1, DENIAL_NONE}, /* w.example exists */
        {X_Y_W, WILDCARD, "x.w.example.", 2, DENIAL_NONE},
        {X_W, WILDCARD, "a.y.w.example.", 2, DENIAL_NONE}, /* y.w.example is closer */
        {X_Y_W, WILDCARD, "a.z.w.example.", 4, DENIAL_NONE},
        {X_Y_W, WILDCARD, "a.z.w.example.", 255, DENIAL_NONE},
        {X_Y_W, WILDCARD, "example.", 0, DENIAL_NONE},
    };
    CHECK_ROWS("example.", rows);
}

static void each_side_of_a_cut_speaks_for_itself(void **state)
{
    (void)state;
    static const struct row parent[] = {
        {B, NO_DATA, "b.example.", TYPE_A, DENIAL_NONE},       {B, NO_DATA, "b.example.", TYPE_SOA, DENIAL_NONE},
        {A, NO_DATA, "a.example.", TYPE_DS, DENIAL_NONE},      {A, NO_DATA, "a.example.", TYPE_MX, DENIAL_NONE},
        {B APEX, NAME_ERROR, "mc.b.example.", 0, DENIAL_NONE}, {B APEX, NO_DATA, "mc.b.example.", TYPE_DS, DENIAL_NONE},
        {B, WILDCARD, "mc.b.example.", 1, DENIAL_NONE},        {CHILD_A, NO_DATA, "a.example.", TYPE_DS, DENIAL_NONE},
    };
    static const struct row child[] = {
        {CHILD_A, NO_DATA, "a.example.", TYPE_DS, DENIAL_NONE},
        {CHILD_A, NO_DATA, "a.example.", TYPE_MX, DENIAL_SECURE},
        {A, NO_DATA, "a.example.", TYPE_MX, DENIAL_NONE},
        {A, NAME_ERROR, "b.a.example.", 0, DENIAL_NONE},
    };
    static const struct row root[] = {
        {". NSEC aaa. NS SOA RRSIG NSEC DNSKEY\n", NO_DATA, ".", TYPE_DS, DENIAL_SECURE},
        {". NSEC aaa. NS SOA RRSIG NSEC DNSKEY\n", NO_DATA, ".", TYPE_MX, DENIAL_SECURE},
        {". NSEC aaa. NS SOA RRSIG NSEC DNSKEY\n", NAME_ERROR, "a.", 0, DENIAL_SECURE},
    };
    CHECK_ROWS("example.", parent);
    CHECK_ROWS("a.example.", child);
    CHECK_ROWS(".", root);
}

static void cname_and_any_are_data(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"c.example. NSEC d.example. CNAME RRSIG NSEC\n", NO_DATA, "c.example.", TYPE_A, DENIAL_NONE},
        {"c.example. NSEC d.example. CNAME RRSIG NSEC\n", NO_DATA, "c.example.", TYPE_DS, DENIAL_NONE},
        {"c.example. NSEC d.example. DNAME RRSIG NSEC\n", NO_DATA, "c.example.", TYPE_A, DENIAL_SECURE},
        {"c.example. NSEC d.example. A RRSIG NSEC\n", NO_DATA, "c.example.", TYPE_ANY, DENIAL_NONE},
        {"c.example. NSEC d.example. TYPE1234 RRSIG NSEC\n", NO_DATA, "c.example.", TYPE_ANY, DENIAL_NONE},
        {"c.example. NSEC d.example. RRSIG NSEC\n", NO_DATA, "c.example.", TYPE_ANY, DENIAL_SECURE},
        {"c.example. NSEC d.example. TYPE1234 RRSIG NSEC\n", NO_DATA, "c.example.", 1234, DENIAL_NONE},
        {"c.example. NSEC d.example. TYPE1234 RRSIG NSEC\n", NO_DATA, "c.example.", 1235, DENIAL_SECURE},
        {"c.example. NSEC d.example. TYPE1234 RRSIG NSEC\n", NO_DATA, "c.example.", 1242, DENIAL_SECURE},
        {"c.example. NSEC d.example. TYPE65535 RRSIG NSEC\n", NO_DATA, "c.example.", 65535, DENIAL_NONE},
    };
    CHECK_ROWS("example.", rows);
}

/* RFC 4470 and RFC 9824. */
static void minimal_and_compact_proofs_count(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"fon.example. NSEC foo\\000.example. RRSIG NSEC\n!~.example. NSEC +.example. RRSIG NSEC\n", NAME_ERROR,
         "foo.example.", 0, DENIAL_SECURE},
        {"fon.example. NSEC foo\\000.example. RRSIG NSEC\n", NAME_ERROR, "foo.example.", 0, DENIAL_NONE},
        {"foo.example. NSEC \\000.foo.example. RRSIG NSEC TYPE128\n", NO_DATA, "foo.example.", TYPE_A, DENIAL_SECURE},
        {"foo.example. NSEC \\000.foo.example. RRSIG NSEC NXNAME\n", NAME_ERROR, "foo.example.", 0, DENIAL_SECURE},
        {"foo.example. NSEC \\000.foo.example. RRSIG NSEC\n", NAME_ERROR, "foo.example.", 0, DENIAL_NONE},
        {"foo.example. NSEC \\000.foo.example. A RRSIG NSEC NXNAME\n", NAME_ERROR, "foo.example.", 0, DENIAL_NONE},
        {"foo.example. NSEC \\000.foo.example. RRSIG NSEC NXNAME\n", NAME_ERROR, "a.foo.example.", 0, DENIAL_NONE},
        {"foo.example. NSEC \\000.foo.example. RRSIG NSEC NXNAME\n", NO_DATA, "a.foo.example.", TYPE_A, DENIAL_NONE},
    };
    CHECK_ROWS("example.", rows);
}

static void nxname_tells_a_missing_name_from_an_empty_one(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 16);
    const uint8_t *foo = proof_name(&a, "foo.example.");
    struct rrset *missing = proof_text(&a, SOA "foo.example. NSEC \\000.foo.example. RRSIG NSEC NXNAME");
    struct rrset *empty = proof_text(&a, SOA "foo.example. NSEC \\000.foo.example. RRSIG NSEC");
    struct rrset *expanded = proof_text(&a, "foo.example. labels=1 NSEC \\000.foo.example. RRSIG NSEC NXNAME");
    assert_true(denial_is_compact_name_error(missing, foo));
    assert_false(denial_is_compact_name_error(missing, proof_name(&a, "a.foo.example.")));
    assert_false(denial_is_compact_name_error(empty, foo));
    assert_false(denial_is_compact_name_error(expanded, foo));
    assert_false(denial_is_compact_name_error(NULL, foo));
    arena_fini(&a);
}

static void nsec_tells_what_a_delegation_is(void **state)
{
    (void)state;
    static const struct cut_row rows[] = {
        {B, "b.example.", DELEGATION_INSECURE}, /* RFC 4035 B.5 */
        {A, "a.example.", DELEGATION_UNPROVEN}, /* it has a DS */
        {AI, "ai.example.", DELEGATION_NO_CUT},
        {X_W, "y.w.example.", DELEGATION_NO_CUT},
        {B, "ml.example.", DELEGATION_NO_NAME},
        {B, "a.ml.example.", DELEGATION_NO_NAME},
        {B, "mc.b.example.", DELEGATION_UNPROVEN},
        {APEX, "b.example.", DELEGATION_UNPROVEN},
        {CHILD_A, "a.example.", DELEGATION_UNPROVEN},
        {SOA, "b.example.", DELEGATION_UNPROVEN},
        {"", "b.example.", DELEGATION_UNPROVEN},
        {"b.example. NSEC \\000.b.example. RRSIG NSEC NXNAME\n", "b.example.", DELEGATION_NO_NAME},
        {"b.example. NSEC com. NS RRSIG NSEC\n", "b.example.", DELEGATION_UNPROVEN},
    };
    CHECK_CUTS("example.", rows);
}

/* ---- The zone of RFC 5155 appendix A ---- */

#define H_EXAMPLE "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"
#define H_NS1     "2t7b4g4vsa5smi47k61mv5bv1a22bojr"
#define H_X_Y_W   "2vptu5timamqttgl4luu9kg21e0aor3s"
#define H_A       "35mthgpgcu1qg68fab165klnsnk3dpvl"
#define H_X_W     "b4um86eghhds6nea196smvmlo4ors995"
#define H_AI      "gjeqe526plbf1g8mklp59enfd789njgi"
#define H_Y_W     "ji6neoaepv8b5o6k4ev33abha8ht9fgc"
#define H_W       "k8udemvp1j2f7eg6jebps17vp3n8i58h"
#define H_HASHED  "kohar7mbb8dc2ce8a9qvl8hon4k53uhi"
#define H_NS2     "q04jkcevqvmu85r014c7dkba38o0ji5r"
#define H_WILD_W  "r53bq7cc2uvmubfu5ocmm6pers9tk9en"
#define H_XX      "t644ebqk9bibcna874givr6joj62mlhv"

#define PARAMS    " NSEC3 1 1 12 aabbccdd "
#define STRICT    " NSEC3 1 0 12 aabbccdd "
#define COSTLY    " NSEC3 1 1 51 aabbccdd "
#define UNKNOWN   " NSEC3 2 1 12 aabbccdd "

#define R_EXAMPLE H_EXAMPLE ".example." PARAMS H_NS1 " MX DNSKEY NS SOA NSEC3PARAM RRSIG\n"
#define R_NS1     H_NS1 ".example." PARAMS H_X_Y_W " A RRSIG\n"
#define R_X_Y_W   H_X_Y_W ".example." PARAMS H_A " MX RRSIG\n"
#define R_A       H_A ".example." PARAMS H_X_W " NS DS RRSIG\n"
#define R_X_W     H_X_W ".example." PARAMS H_AI " MX RRSIG\n"
#define R_AI      H_AI ".example." PARAMS H_Y_W " A RRSIG\n"
#define R_Y_W     H_Y_W ".example." PARAMS H_W "\n"
#define R_W       H_W ".example." PARAMS H_HASHED "\n"
#define R_HASHED  H_HASHED ".example." PARAMS H_NS2 " A RRSIG\n"
#define R_NS2     H_NS2 ".example." PARAMS H_WILD_W " A RRSIG\n"
#define R_WILD_W  H_WILD_W ".example." PARAMS H_XX " MX RRSIG\n"
#define R_XX      H_XX ".example." PARAMS H_EXAMPLE " HINFO A AAAA RRSIG\n"

/* The same records as a zone without opt-out has them. */
#define S_EXAMPLE H_EXAMPLE ".example." STRICT H_NS1 " MX DNSKEY NS SOA NSEC3PARAM RRSIG\n"
#define S_A       H_A ".example." STRICT H_X_W " NS DS RRSIG\n"
#define S_X_W     H_X_W ".example." STRICT H_AI " MX RRSIG\n"
#define S_NS2     H_NS2 ".example." STRICT H_WILD_W " A RRSIG\n"
#define S_W       H_W ".example." STRICT H_HASHED "\n"
#define S_WILD_W  H_WILD_W ".example." STRICT H_XX " MX RRSIG\n"

static void nsec3_proves_the_examples_of_the_rfc(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {SOA R_EXAMPLE R_X_W R_A, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_OPT_OUT}, /* RFC 5155 B.1 */
        {SOA S_EXAMPLE S_X_W S_A, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_SECURE},
        {SOA R_NS1, NO_DATA, "ns1.example.", TYPE_MX, DENIAL_SECURE},    /* B.2 */
        {SOA R_Y_W, NO_DATA, "y.w.example.", TYPE_A, DENIAL_SECURE},     /* B.2.1 */
        {R_A R_EXAMPLE, NO_DATA, "c.example.", TYPE_DS, DENIAL_OPT_OUT}, /* B.3 */
        {R_NS2, WILDCARD, "a.z.w.example.", 2, DENIAL_OPT_OUT},          /* B.4 */
        {S_NS2, WILDCARD, "a.z.w.example.", 2, DENIAL_SECURE},
        {SOA R_W R_NS2 R_WILD_W, NO_DATA, "a.z.w.example.", TYPE_AAAA, DENIAL_OPT_OUT}, /* B.5 */
        {SOA S_W S_NS2 S_WILD_W, NO_DATA, "a.z.w.example.", TYPE_AAAA, DENIAL_SECURE},
        {SOA R_EXAMPLE, NO_DATA, "example.", TYPE_DS, DENIAL_NONE}, /* B.6: the child's word */
    };
    CHECK_ROWS("example.", rows);
}

static void nsec3_needs_every_part_of_the_proof(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {S_X_W S_A, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_NONE},       /* next closer not covered */
        {S_EXAMPLE S_A, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_NONE},   /* no encloser */
        {S_EXAMPLE S_X_W, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_NONE}, /* wildcard not covered */
        {S_EXAMPLE S_X_W S_A, NAME_ERROR, "x.w.example.", 0, DENIAL_NONE},
        {S_EXAMPLE S_X_W S_A, NAME_ERROR, "example.", 0, DENIAL_NONE},
        {S_EXAMPLE S_X_W S_A, NAME_ERROR, "a.c.x.w.other.", 0, DENIAL_NONE},
        {S_W S_NS2 S_WILD_W, NAME_ERROR, "a.z.w.example.", 0, DENIAL_NONE}, /* the wildcard would make it */
        {R_NS1, NO_DATA, "ns1.example.", TYPE_A, DENIAL_NONE},
        {R_NS1, NO_DATA, "ns2.example.", TYPE_MX, DENIAL_NONE},
        {S_W S_NS2, NO_DATA, "a.z.w.example.", TYPE_AAAA, DENIAL_NONE},
        {S_W S_WILD_W, NO_DATA, "a.z.w.example.", TYPE_AAAA, DENIAL_NONE},
        {S_NS2 S_WILD_W, NO_DATA, "a.z.w.example.", TYPE_AAAA, DENIAL_NONE},
        {S_W S_NS2 S_WILD_W, NO_DATA, "a.z.w.example.", TYPE_MX, DENIAL_NONE},
        {R_W R_NS2 R_WILD_W, NO_DATA, "a.z.w.example.", TYPE_MX, DENIAL_NONE}, /* nor does opt-out help */
        {S_A S_EXAMPLE, NO_DATA, "c.example.", TYPE_DS, DENIAL_NONE},          /* not in an opt-out span */
        {R_A, NO_DATA, "c.example.", TYPE_DS, DENIAL_NONE},
        {S_W, WILDCARD, "a.z.w.example.", 2, DENIAL_NONE},
        {S_NS2, WILDCARD, "a.z.w.example.", 1, DENIAL_NONE},
        {S_NS2, WILDCARD, "a.z.w.example.", 4, DENIAL_NONE},
    };
    CHECK_ROWS("example.", rows);
}

/* RFC 5155 8.3, 8.9; RFC 6840 4.1; CVE-2026-10723. */
static void nsec3_of_a_cut_proves_nothing_below(void **state)
{
    (void)state;
#define S_CUT_X_W   H_X_W ".example." STRICT H_AI " NS RRSIG\n"
#define S_DNAME_X_W H_X_W ".example." STRICT H_AI " DNAME RRSIG\n"
#define S_CHILD_X_W H_X_W ".example." STRICT H_AI " NS SOA RRSIG\n"
#define S_FOREIGN   H_X_W ".x.w.example." STRICT H_AI " MX RRSIG\n"
    static const struct row rows[] = {
        {S_EXAMPLE S_CUT_X_W S_A, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_NONE},
        {S_EXAMPLE S_DNAME_X_W S_A, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_NONE},
        {S_EXAMPLE S_FOREIGN S_A, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_NONE},
        {S_CUT_X_W, NO_DATA, "x.w.example.", TYPE_A, DENIAL_NONE},
        {S_CUT_X_W, NO_DATA, "x.w.example.", TYPE_DS, DENIAL_SECURE},
        {S_CHILD_X_W, NO_DATA, "x.w.example.", TYPE_DS, DENIAL_NONE},
        {S_FOREIGN, NO_DATA, "x.w.example.", TYPE_DS, DENIAL_NONE},
    };
    CHECK_ROWS("example.", rows);
}

static void nsec3_tells_what_a_delegation_is(void **state)
{
    (void)state;
    static const struct cut_row rows[] = {
        {R_A R_EXAMPLE, "c.example.", DELEGATION_INSECURE}, /* RFC 5155 B.3 */
        {S_A S_EXAMPLE, "c.example.", DELEGATION_NO_NAME},
        {R_A, "c.example.", DELEGATION_UNPROVEN},
        {R_EXAMPLE, "c.example.", DELEGATION_UNPROVEN},
        {R_A, "a.example.", DELEGATION_UNPROVEN},
        {S_CUT_X_W, "x.w.example.", DELEGATION_INSECURE},
        {S_CHILD_X_W, "x.w.example.", DELEGATION_UNPROVEN},
        {S_FOREIGN, "x.w.example.", DELEGATION_UNPROVEN},
        {R_Y_W, "y.w.example.", DELEGATION_NO_CUT},
        {R_NS1, "ns1.example.", DELEGATION_NO_CUT},
        {H_A ".example." COSTLY H_X_W " NS RRSIG\n", "a.example.", DELEGATION_COSTLY},
        {H_A ".example." COSTLY H_X_W " NS RRSIG\n", "z.example.", DELEGATION_COSTLY},
        {H_A ".example." UNKNOWN H_X_W " NS RRSIG\n", "a.example.", DELEGATION_UNPROVEN},
        {H_A ".a.example." COSTLY H_X_W " NS RRSIG\n", "a.example.", DELEGATION_UNPROVEN},
    };
    CHECK_CUTS("example.", rows);
}

static void too_many_iterations_are_insecure_everywhere(void **state)
{
    (void)state;
#define C_ANY       H_X_W ".example." COSTLY H_AI " MX RRSIG\n"
#define C_MOST      H_X_W ".example. NSEC3 1 0 65535 - " H_AI " MX RRSIG\n"
#define U_ANY       H_X_W ".example." UNKNOWN H_AI " MX RRSIG\n"
#define U_COSTLY    H_X_W ".example. NSEC3 2 0 65535 - " H_AI " MX RRSIG\n"
#define LIMIT_ABOVE H_X_W ".example. NSEC3 1 0 50 - " H_AI " MX RRSIG\n"
    static const struct row rows[] = {
        {C_ANY, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_COSTLY},
        {C_ANY, NO_DATA, "x.w.example.", TYPE_A, DENIAL_COSTLY},
        {C_ANY, NO_DATA, "c.example.", TYPE_DS, DENIAL_COSTLY},
        {C_ANY, WILDCARD, "a.z.w.example.", 2, DENIAL_COSTLY},
        {C_MOST, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_COSTLY},
        {C_MOST, NO_DATA, "x.w.example.", TYPE_A, DENIAL_COSTLY},
        {C_MOST, WILDCARD, "a.z.w.example.", 2, DENIAL_COSTLY},
        {LIMIT_ABOVE, NO_DATA, "x.w.example.", TYPE_A, DENIAL_NONE},
        {U_ANY, NO_DATA, "x.w.example.", TYPE_A, DENIAL_NONE},
        {U_COSTLY, NO_DATA, "x.w.example.", TYPE_A, DENIAL_NONE},
        /* A zone that is changing its parameters has both. */
        {C_ANY S_EXAMPLE S_X_W S_A, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_SECURE},
        {U_ANY S_EXAMPLE S_X_W S_A, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_SECURE},
        /* Parameters may not be mixed within one proof. */
        {LIMIT_ABOVE S_EXAMPLE S_X_W S_A, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_NONE},
        {S_EXAMPLE S_X_W S_A LIMIT_ABOVE, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_SECURE},
        /* NSEC beside NSEC3 is a proof of its own. */
        {C_ANY NS1, NO_DATA, "ns1.example.", TYPE_MX, DENIAL_SECURE},
        {NS2 S_EXAMPLE S_X_W S_A, NAME_ERROR, "a.c.x.w.example.", 0, DENIAL_SECURE},
    };
    CHECK_ROWS("example.", rows);
}

/* ---- What a proof may cost ---- */

/* Labels "a" before "example", as many as a name takes. */
static void make_deepest(uint8_t out[NAME_SIZE])
{
    enum { TAIL = 9, LABELS = (NAME_SIZE - TAIL) / 2 };
    for (unsigned i = 0; i < LABELS; i++) {
        memcpy(out + 2 * i, "\1a", 2);
    }
    memcpy(out + 2 * (size_t)LABELS, "\7example", TAIL);
}

/* Blocks of hashing `name` and all names above it up to `zone`, each once. */
static uint32_t cost_of_all(const struct nsec3_params *p, const uint8_t *name, const uint8_t *zone)
{
    uint32_t blocks = nsec3_blocks(p, zone);
    for (; name_labels(name) > name_labels(zone); name = name_parent(name)) {
        blocks += nsec3_blocks(p, name);
    }
    return blocks;
}

static void no_name_is_hashed_twice_in_a_proof(void **state)
{
    (void)state;
    struct arena a;
    uint8_t deepest[NAME_SIZE];
    const struct nsec3_params params = {0, 0, NULL};
    arena_init(&a, 1 << 16);
    make_deepest(deepest);
    const uint8_t *zone = proof_name(&a, "example.");
    uint32_t all = cost_of_all(&params, deepest, zone);
    struct expense e = {.hash_blocks = 10000};
    struct verifier v = {.keyring = keyring, .expense = &e, .caps = CAPS_USUAL};
    struct rrset *proofs = proof_text(&a, H_X_W ".example. NSEC3 1 0 0 - " H_AI " MX RRSIG\n");
    assert_int_equal(denial_no_data(&v, proofs, zone, deepest, TYPE_A), DENIAL_NONE);
    assert_int_equal(e.hash_blocks, 10000 - all);
    e.hash_blocks = 10000;
    assert_int_equal(denial_delegation(&v, proofs, zone, deepest), DELEGATION_UNPROVEN);
    assert_int_equal(e.hash_blocks, 10000 - all);
    e.hash_blocks = 10000;
    assert_int_equal(denial_name_error(&v, proofs, zone, deepest), DENIAL_NONE);
    assert_int_equal(e.hash_blocks, 10000 - all);
    arena_fini(&a);
}

static void hashing_ends_where_the_expense_does(void **state)
{
    (void)state;
    struct arena a;
    uint8_t deepest[NAME_SIZE];
    char record[1024];
    char long_salt[511];
    arena_init(&a, 1 << 16);
    make_deepest(deepest);
    memset(long_salt, 'f', 510);
    long_salt[510] = '\0';
    snprintf(record, sizeof(record), H_X_W ".example. NSEC3 1 0 50 %s " H_AI " MX RRSIG\n", long_salt);
    const uint8_t *zone = proof_name(&a, "example.");
    struct rrset *proofs = proof_text(&a, record);
    struct expense e = {.hash_blocks = BLOCKS};
    struct verifier v = {.keyring = keyring, .expense = &e, .caps = CAPS_USUAL};
    assert_int_equal(denial_no_data(&v, proofs, zone, deepest, TYPE_A), DENIAL_LIMIT);
    assert_in_range(e.hash_blocks, 0, BLOCKS - 1);
    assert_int_equal(denial_name_error(&v, proofs, zone, deepest), DENIAL_LIMIT);
    e.hash_blocks = 0;
    assert_int_equal(denial_name_error(&v, proofs, zone, deepest), DENIAL_LIMIT);
    assert_int_equal(denial_no_data(&v, proofs, zone, deepest, TYPE_A), DENIAL_LIMIT);
    assert_int_equal(denial_wildcard(&v, proofs, zone, deepest, 2), DENIAL_LIMIT);
    assert_int_equal(denial_delegation(&v, proofs, zone, deepest), DELEGATION_LIMIT);
    arena_fini(&a);
}

/* Random names deep in a zone end at its apex: that must not cost a hash for every label. */
static void deep_names_without_encloser_are_cheap(void **state)
{
    (void)state;
    struct arena a;
    uint8_t deepest[NAME_SIZE];
    arena_init(&a, 1 << 16);
    make_deepest(deepest);
    /* Spans that leave out nothing but the apex. */
    struct rrset *proofs = proof_text(&a, H_EXAMPLE ".example." STRICT H_EXAMPLE " NS SOA RRSIG\n");
    struct expense e = {.hash_blocks = BLOCKS};
    struct verifier v = {.keyring = keyring, .expense = &e, .caps = CAPS_USUAL};
    assert_int_equal(denial_name_error(&v, proofs, proof_name(&a, "example."), deepest), DENIAL_SECURE);
    assert_int_equal(e.hash_blocks, BLOCKS - 3 * 13); /* apex, next closer name, wildcard */
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nsec_proves_the_examples_of_the_rfc),
        cmocka_unit_test(nsec_needs_every_part_of_the_proof),
        cmocka_unit_test(each_side_of_a_cut_speaks_for_itself),
        cmocka_unit_test(cname_and_any_are_data),
        cmocka_unit_test(minimal_and_compact_proofs_count),
        cmocka_unit_test(nxname_tells_a_missing_name_from_an_empty_one),
        cmocka_unit_test(nsec_tells_what_a_delegation_is),
        cmocka_unit_test(nsec3_proves_the_examples_of_the_rfc),
        cmocka_unit_test(nsec3_needs_every_part_of_the_proof),
        cmocka_unit_test(nsec3_of_a_cut_proves_nothing_below),
        cmocka_unit_test(nsec3_tells_what_a_delegation_is),
        cmocka_unit_test(too_many_iterations_are_insecure_everywhere),
        cmocka_unit_test(no_name_is_hashed_twice_in_a_proof),
        cmocka_unit_test(hashing_ends_where_the_expense_does),
        cmocka_unit_test(deep_names_without_encloser_are_cheap),
    };
    return cmocka_run_group_tests(tests, make_keyring, free_keyring);
}
