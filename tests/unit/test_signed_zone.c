/* Records of every form, as another signer signed them: the canonical form is not only what we think it is. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/validate/keyring.h"
#include "resolver/validate/signature.h"
#include "tests/support/records.h"

enum { RECORDS_MAX = 3, WALL = 1700000000 };

/* Made by dnssec-signzone of BIND 9.18, from a zone written in mixed case; TTL 3600. */
static const struct row {
    const char *owner, *type;
    const char *rdata[RECORDS_MAX];
    const char *signature;
} rows[] = {
    {"NS2.Example.",
     "A",
     {"192.0.2.2"},
     "n9eSS/L19/z0MAqqEnxUP3+LFgaAre45fG6GTFzwion96O6FiElgTxyOijpzj1uDqsQrFRou+OSHqrE08R0WBA=="},
    {"ns1.Example.",
     "A",
     {"192.0.2.1"},
     "lpb6KLtFWUACM+HJDcq24aUNNTcK52ieBJGHjkkH+c0qVDoFk3DnHKVkqARU2aPl6BVkbhRKNEVzuEpLjVWf8A=="},
    {"Example.",
     "NS",
     {"ns1.EXAMPLE.", "NS2.example."},
     "EQwR+YuUlIw+CYgoSXJSW4LMRtWQ2t01fT/xKcTFAm5318GWCZIMjyj0M+ydfDeAoSB3Y9urvzi3n6WqYvlgrA=="},
    {"alias.Example.",
     "CNAME",
     {"Target.Example."},
     "jmy3j9z7ASzemP5yX+dGk///dArxjgAOP7bSM1/GpqB6Xomi/ImQPLESWDApCc2YW/o9HWRGI7xLE2GyrwUQvQ=="},
    {"Example.",
     "SOA",
     {"NS1.Example. HostMaster.Example. 1 3600 600 86400 300"},
     "gaE1sjNGtVGZiUnL16fxz+PxRXC2fT0haygYGSU3c6rIbz6tCf0ORV5urb1lQHjCLpGE52DcKJfn9zkqAgVDVQ=="},
    {"Example.",
     "MX",
     {"5 Z.example.", "10 b.Example.", "10 Mail.Example."},
     "3/xwzf8N7i+kLPUkgEG/N96nXEl36CHV3w8OkySFqc/7x73Gi8d5GCk0Hcx/KJ7cBd6G7weczujPaWJFLq9NGg=="},
    {"*.Wild.Example.",
     "TXT",
     {"\"any\"", "\"Any Thing\""},
     "H1ICvqubQLHjXOy1/+WFsneAbGGS8c/XwAJ6mdkbaOe4BU30OwrBFStwSBVD93kqlbSg0J3l6qtTRLtWkBCJ0Q=="},
    {"rp.Example.",
     "RP",
     {"Admin.Example. Text.Example."},
     "3PDmQGnEZpv4pN2L+WNq2ODcDVxpZ2K0MqUbwba9gtGTvbWQAuiEDwbs3tjCL3LV8oAUSuXt9UbxVFIAAfxAJg=="},
    {"af.Example.",
     "AFSDB",
     {"1 AF.Example."},
     "dk8b8416jkNol/pwPP1os2iN4jTY70ndJ6iEBSjENjTtTcE3R32dD2xmQ0K2PRwLStGkrjG6f6vUkgnt/GlSkA=="},
    {"px.Example.",
     "RT",
     {"10 RT.Example."},
     "I2WyUhWN1EPIxkWr0ZgdB4PP/3EKi6It5TyTcHSiVeJMfNL4B93pi51JkwwAE8Uy6XX5zFUzFanFwyk9mdDYrg=="},
    {"ns1.Example.",
     "AAAA",
     {"2001:db8::1"},
     "wH6c3hLueRP4wTrr0Ys+Uz9K3IMhbfd7N7IwHNywrAPbt2ff9PVfxOcL102djn+VOiQgnaYI1UH9ebgTyb9AkQ=="},
    {"_sip._tcp.Example.",
     "SRV",
     {"1 1 5061 sip.example.", "1 2 5060 SIP.Example."},
     "rP4Ri6TxRsxLuSAWNuFPk5IvAAc5K3opO3vLPFsPtNTCA2Tp9EZA6Z0kWP2VPEs2rtcvoYCwWq+VajpZKwB/YQ=="},
    {"naptr.Example.",
     "NAPTR",
     {"100 10 \"U\" \"E2U+sip\" \"!^.*$!sip:Info@Example!\" Rep.Example."},
     "UBDnsh76rsAzMlVDPgn9/eBFknwJFOzjuaO/I7cMhMfa5LLMdHDBpm17F31CrJJXpY1sNr1ktXiMEfx281/7/w=="},
    {"loc.Example.",
     "KX",
     {"10 KX.Example."},
     "1b7zp9HBYimKnQWBbE00rYbaJnHId/i1WtT3KUSiwipA+BitUwCYmPOS5QmdavupkDqPpsYgq/vjY8HaaoTVmg=="},
    {"dn.Example.",
     "DNAME",
     {"Other.Example."},
     "urQO3Li9H7h6AXONhiaGJQPi20wqczOZCXLxy3ZDUXfY8T4TcJTrwP6KlDBGG2lNK25QplIQwRUhMBz311R1Pg=="},
    {"*.Wild.Example.",
     "NSEC",
     {"Example. TXT RRSIG NSEC"},
     "wWFvpW9rnFbuEuvIJS4ChUrmJYlw9BiZx+EGtMLDbxLjjGPZdhreXmvi2t12F8HAglfiCt4yCgDyaU03fTESnA=="},
    {"ns1.Example.",
     "NSEC",
     {"NS2.Example. A AAAA RRSIG NSEC"},
     "CVHztXkG/rEh2KbQgdJpWN1FTw3G5RNSNjCuG7eaZuCWK2eyx2ZgsxY/C6zf83IhfT1XJ9wAluT5hfQ4LYTNoA=="},
    {"svc.Example.",
     "HTTPS",
     {"1 Svc.Example. alpn=\"h2\""},
     "d08dmJLjgvZ+hm1r+7Cl253WWCCPOuodhp1GrKX6APyJDdh6j0AiDxnVQbx/5iR6x+rU7QO8C3hvuBo7uSg7sg=="},
    {"caa.Example.",
     "CAA",
     {"0 issue \"CA.Example\""},
     "9/8dch5iQAClZCaSdaUw3W1i9840mcLLAVX4PIv1sblNCGDXhTV64MUkMeMtBJ/28iL6R2veDYHs1qKJRfMlGg=="},
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static const char *const dnskey =
    "256 3 13 GRxqByyb+XPRnvq6CIQEBM/QkRFXD0IHXMPOEXtSOujrjGNGgX4WNeADDpvb3vqL5LDc098wxOq+HB9WOUcJyA==";

struct stand {
    struct arena arena;
    struct expense expense;
    struct verifier v;
    struct rdatas keys;
};

static int set_up(void **state)
{
    static struct stand s;
    s = (struct stand){.expense = {.verifications = 1000, .failures = 1000},
                       .v = {.expense = &s.expense, .caps = CAPS_USUAL, .wall = WALL, .keyring = keyring_new(4)}};
    arena_init(&s.arena, 1 << 20);
    records_add(&s.arena, TYPE_DNSKEY, dnskey, &s.keys);
    *state = &s;
    return s.v.keyring != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    struct stand *s = *state;
    keyring_free(s->v.keyring);
    arena_fini(&s->arena);
    return 0;
}

static uint16_t type_of(const struct row *row)
{
    uint16_t type;
    assert_int_equal(type_from_text(row->type, strlen(row->type), &type), FAIL_NONE);
    return type;
}

static struct rrset *set_of(struct stand *s, const struct row *row)
{
    size_t count = 0;
    while (count < RECORDS_MAX && row->rdata[count] != NULL) {
        count++;
    }
    struct rrset *set = records_set(&s->arena, row->owner, type_of(row), row->rdata, count);
    const uint8_t *name = set->owner;
    unsigned labels = name_labels(name) - (name_is_wildcard(name) ? 1 : 0);
    char sig[400];
    snprintf(sig, sizeof(sig), "%s 13 %u %u 20400101000000 20200101000000 37597 example. %s", row->type, labels,
             set->type == TYPE_NSEC ? 300 : 3600, row->signature);
    records_add(&s->arena, TYPE_RRSIG, sig, &set->sigs);
    return set;
}

static enum verdict verify(struct stand *s, const struct rrset *set)
{
    return signature_verify(&s->v, set, (const uint8_t *)"\7eXample", &s->keys, NULL, NULL);
}

static void each_set_is_secure(void **state)
{
    struct stand *s = *state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        assert_int_equal(verify(s, set_of(s, &rows[i])), VERDICT_SECURE);
    }
    assert_int_equal(s->expense.failures, 1000);
}

static void the_order_of_records_does_not_matter(void **state)
{
    struct stand *s = *state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rrset *set = set_of(s, &rows[i]);
        struct rdatas reversed = {0};
        for (size_t r = RECORDS_MAX; r-- > 0;) {
            if (rows[i].rdata[r] != NULL) {
                records_add(&s->arena, set->type, rows[i].rdata[r], &reversed);
                records_add(&s->arena, set->type, rows[i].rdata[r], &reversed);
            }
        }
        set->data = reversed;
        assert_int_equal(verify(s, set), VERDICT_SECURE);
    }
}

static void add_in_other_case(struct stand *s, const char *text, struct rrset *set)
{
    char flipped[200] = {0};
    for (size_t i = 0; text[i] != '\0'; i++) {
        flipped[i] = (char)(isupper(text[i]) ? tolower(text[i]) : toupper(text[i]));
    }
    records_add(&s->arena, set->type, flipped, &set->data);
}

/* Names in lower case are what is signed, except where a type is newer; strings are signed as they are. */
static void the_case_of_names_matters_by_type(void **state)
{
    struct stand *s = *state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rrset *set = set_of(s, &rows[i]);
        bool is_signed_as_is = set->type == TYPE_TXT || set->type == TYPE_NSEC || set->type == TYPE_NAPTR;
        if (!is_signed_as_is && !type_find(set->type)->lowers_names) {
            continue; /* has no letters, or words that may be in one case only */
        }
        set->data = (struct rdatas){0};
        for (size_t r = 0; r < RECORDS_MAX && rows[i].rdata[r] != NULL; r++) {
            add_in_other_case(s, rows[i].rdata[r], set);
        }
        assert_int_equal(verify(s, set), is_signed_as_is ? VERDICT_BOGUS : VERDICT_SECURE);
    }
}

static void every_bit_matters(void **state)
{
    struct stand *s = *state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rrset *set = set_of(s, &rows[i]);
        uint8_t *bytes = arena_copy(&s->arena, set->data.bytes, set->data.len);
        bytes[set->data.len - 2] ^= 1;
        set->data.bytes = bytes;
        assert_int_equal(verify(s, set), VERDICT_BOGUS);
    }
}

static void a_wildcards_records_verify_under_other_names(void **state)
{
    struct stand *s = *state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rrset *set = set_of(s, &rows[i]);
        if (name_is_wildcard(set->owner)) {
            set->owner = records_name(&s->arena, "One.tWo.wild.Example.");
            assert_int_equal(verify(s, set), set->type == TYPE_NSEC ? VERDICT_BOGUS : VERDICT_SECURE);
            set->owner = records_name(&s->arena, "Example.");
            assert_int_equal(verify(s, set), VERDICT_BOGUS);
        }
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_set_is_secure),
        TEST(the_order_of_records_does_not_matter),
        TEST(the_case_of_names_matters_by_type),
        TEST(every_bit_matters),
        TEST(a_wildcards_records_verify_under_other_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
