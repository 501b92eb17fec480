#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/server/nta.h"

static struct nta make(const char *name, int64_t since, int64_t until, const char *reason)
{
    struct nta item = {.since = since, .until = until};
    assert_int_equal(name_from_text(name, strlen(name), NULL, item.name), FAIL_NONE);
    snprintf(item.reason, sizeof(item.reason), "%s", reason);
    return item;
}

static void add(struct ntas *list, const char *name, int64_t until)
{
    const struct nta item = make(name, 1000, until, "why");
    assert_int_equal(ntas_add(list, &item), FAIL_NONE);
}

/* The names in their order, each with a blank behind it. */
static const char *names(const struct ntas *list)
{
    static char text[4096];
    size_t len = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < list->count; i++) {
        char name[NAME_TEXT_SIZE];
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ", name_text(list->items[i].name, name));
    }
    return text;
}

static void count_gone(void *ctx, const struct nta *item)
{
    char *seen = ctx;
    char name[NAME_TEXT_SIZE];
    strcat(strcat(seen, name_text(item->name, name)), " ");
}

static void they_stand_in_order_once_each(void **state)
{
    (void)state;
    struct ntas list = {0};
    add(&list, "b.example", 5000);
    add(&list, "EXAMPLE", 6000);
    add(&list, "a.example", 7000);
    add(&list, "com", 4000);
    add(&list, "A.Example", 8000);
    assert_string_equal(names(&list), "com. example. a.example. b.example. ");
    assert_int_equal(list.items[2].until, 8000);
    assert_int_equal(ntas_next(&list), 4000);
    ntas_free(&list);
}

static void one_is_removed_by_its_name(void **state)
{
    (void)state;
    struct ntas list = {0};
    uint8_t name[NAME_SIZE];
    add(&list, "a.example", 5000);
    add(&list, "b.example", 5000);
    add(&list, "c.example", 5000);
    assert_int_equal(name_from_text("B.EXAMPLE", 9, NULL, name), FAIL_NONE);
    assert_true(ntas_remove(&list, name));
    assert_string_equal(names(&list), "a.example. c.example. ");
    assert_false(ntas_remove(&list, name));
    ntas_free(&list);
    assert_false(ntas_remove(&list, name));
    assert_int_equal(ntas_next(&list), INT64_MAX);
}

static void they_end_when_their_time_is_over(void **state)
{
    (void)state;
    struct ntas list = {0};
    char gone[256] = "";
    add(&list, "first.example", 2000);
    add(&list, "second.example", 3000);
    add(&list, "third.example", 4000);
    assert_int_equal(ntas_expire(&list, 1999, count_gone, gone), 0);
    assert_int_equal(ntas_expire(&list, 3000, count_gone, gone), 2);
    assert_string_equal(gone, "first.example. second.example. ");
    assert_string_equal(names(&list), "third.example. ");
    ntas_free(&list);
}

/* A clock that was far ahead when one was added must not make it last for years. */
static void none_lasts_longer_than_a_week(void **state)
{
    (void)state;
    struct ntas list = {0};
    char gone[256] = "";
    add(&list, "week.example", 1000 + NTA_LIFE_MAX);
    add(&list, "more.example", 1001 + NTA_LIFE_MAX);
    assert_int_equal(ntas_expire(&list, 1000, count_gone, gone), 1);
    assert_string_equal(gone, "more.example. ");
    ntas_free(&list);
}

static void there_is_a_most(void **state)
{
    (void)state;
    struct ntas list = {0};
    char name[32];
    for (unsigned i = 0; i < NTA_MAX; i++) {
        snprintf(name, sizeof(name), "n%u.example", i);
        add(&list, name, 5000);
    }
    const struct nta more = make("more.example", 1000, 5000, "");
    assert_int_equal(ntas_add(&list, &more), FAIL_LIMIT);
    add(&list, "n7.example", 6000);
    assert_int_equal(list.count, NTA_MAX);
    ntas_free(&list);
}

static void json_brings_them_back(void **state)
{
    (void)state;
    struct ntas list = {0}, again = {0};
    const struct nta item = make("a\\.b.example", 1500, 5000, "their \"KSK\" is gone, ticket 17");
    assert_int_equal(ntas_add(&list, &item), FAIL_NONE);
    add(&list, ".", 4000);
    json_t *data = ntas_json(&list);
    assert_true(ntas_from_json(&again, data));
    json_decref(data);
    assert_string_equal(names(&again), names(&list));
    assert_string_equal(again.items[1].reason, item.reason);
    assert_int_equal(again.items[1].since, 1500);
    assert_int_equal(again.items[1].until, 5000);
    ntas_free(&list);
    ntas_free(&again);
}

static void other_json_brings_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[1]",
        "[{}]",
        "[{\"name\": \"a..b\", \"since\": 1, \"until\": 2, \"reason\": \"\"}]",
        "[{\"name\": \"a\", \"since\": 1, \"until\": \"2\", \"reason\": \"\"}]",
        "[{\"name\": \"a\", \"since\": 1, \"until\": 2}]",
        "[{\"name\": \"good\", \"since\": 1, \"until\": 2, \"reason\": \"\"}, {\"name\": 1}]",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct ntas list = {0};
        json_t *data = json_loads(texts[i], 0, NULL);
        assert_non_null(data);
        assert_false(ntas_from_json(&list, data));
        assert_int_equal(list.count, 0);
        json_decref(data);
    }
    struct ntas list = {0};
    char reason[NTA_REASON_SIZE + 1];
    memset(reason, 'x', NTA_REASON_SIZE);
    reason[NTA_REASON_SIZE] = '\0';
    json_t *data = json_pack("[{s:s, s:i, s:i, s:s}]", "name", "a", "since", 1, "until", 2, "reason", reason);
    assert_false(ntas_from_json(&list, data));
    json_decref(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_stand_in_order_once_each),
        cmocka_unit_test(one_is_removed_by_its_name),
        cmocka_unit_test(they_end_when_their_time_is_over),
        cmocka_unit_test(none_lasts_longer_than_a_week),
        cmocka_unit_test(there_is_a_most),
        cmocka_unit_test(json_brings_them_back),
        cmocka_unit_test(other_json_brings_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
