#include "resolver/iterate/trust_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1000000, EPOCH = 3 };

static const uint8_t *const names[] = {(const uint8_t *)"\3com", (const uint8_t *)"\3net", (const uint8_t *)"\3org",
                                       (const uint8_t *)"\3edu"};

static struct zone_trust insecure(const uint8_t *name)
{
    return (struct zone_trust){
        .name = name, .hash = trust_hash(name), .status = ZONE_INSECURE, .learnt = NOW, .expires = NOW + 1000};
}

static const struct zone_trust *find(struct trust_table *t, const uint8_t *name, uint32_t epoch, uint64_t now)
{
    return trust_table_find(t, name, trust_hash(name), epoch, now);
}

static void a_row_has_memory_of_its_own(void **state)
{
    (void)state;
    struct trust_table *t = trust_table_new(8);
    uint8_t name[] = "\7Example\3com", keys[] = {2, 0, 0xab, 0xcd};
    struct ede why = {.code = EDE_DNSSEC_BOGUS, .text = "forged"};
    struct zone_trust z = insecure(name);
    z.status = ZONE_BOGUS;
    z.keys = (struct rdatas){.bytes = keys, .len = sizeof(keys), .count = 1};
    z.why = &why;
    trust_table_keep(t, &z, EPOCH);
    memset(name + 1, 'x', 7);
    memset(keys, 0, sizeof(keys));
    memset(&why, 0, sizeof(why));
    const struct zone_trust *found = find(t, (const uint8_t *)"\7eXample\3com", EPOCH, NOW);
    assert_non_null(found);
    assert_int_equal(found->status, ZONE_BOGUS);
    assert_int_equal(found->keys.count, 1);
    assert_int_equal(found->keys.bytes[2], 0xab);
    assert_string_equal(found->why->text, "forged");
    assert_null(found->next);
    trust_table_free(t);
}

static void a_row_ends_with_its_time_and_its_epoch(void **state)
{
    (void)state;
    struct trust_table *t = trust_table_new(8);
    struct zone_trust z = insecure(names[0]);
    trust_table_keep(t, &z, EPOCH);
    assert_non_null(find(t, names[0], EPOCH, NOW + 999));
    assert_null(find(t, names[0], EPOCH, NOW + 1000));
    trust_table_keep(t, &z, EPOCH);
    assert_null(find(t, names[0], EPOCH + 1, NOW));
    assert_null(find(t, names[0], EPOCH, NOW)); /* and is gone for good */
    trust_table_keep(t, &z, EPOCH);
    trust_table_drop(t, names[1]);
    assert_non_null(find(t, names[0], EPOCH, NOW));
    trust_table_drop(t, names[0]);
    assert_null(find(t, names[0], EPOCH, NOW));
    trust_table_free(t);
}

static void a_zone_has_one_row(void **state)
{
    (void)state;
    struct trust_table *t = trust_table_new(8);
    struct zone_trust z = insecure(names[0]);
    trust_table_keep(t, &z, EPOCH);
    z.status = ZONE_NO_CUT;
    trust_table_keep(t, &z, EPOCH);
    assert_int_equal(find(t, names[0], EPOCH, NOW)->status, ZONE_NO_CUT);
    trust_table_drop(t, names[0]);
    assert_null(find(t, names[0], EPOCH, NOW));
    trust_table_free(t);
}

static void what_was_used_least_recently_goes_first(void **state)
{
    (void)state;
    struct trust_table *t = trust_table_new(3);
    for (unsigned i = 0; i < 3; i++) {
        struct zone_trust z = insecure(names[i]);
        trust_table_keep(t, &z, EPOCH);
    }
    assert_non_null(find(t, names[0], EPOCH, NOW));
    struct zone_trust z = insecure(names[3]);
    trust_table_keep(t, &z, EPOCH);
    assert_non_null(find(t, names[0], EPOCH, NOW));
    assert_null(find(t, names[1], EPOCH, NOW));
    assert_non_null(find(t, names[2], EPOCH, NOW));
    assert_non_null(find(t, names[3], EPOCH, NOW));
    trust_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_has_memory_of_its_own),
        cmocka_unit_test(a_row_ends_with_its_time_and_its_epoch),
        cmocka_unit_test(a_zone_has_one_row),
        cmocka_unit_test(what_was_used_least_recently_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
