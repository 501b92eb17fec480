#include "resolver/server/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resolver/dns/type.h"
#include "resolver/server/version.h"

static struct request request_for(const char *name, uint16_t type)
{
    struct request q = {.id = 5, .flags = MSG_RD, .type = type, .class = CLASS_CH};
    assert_int_equal(name_from_text(name, strlen(name), NULL, q.name), FAIL_NONE);
    q.name_len = (uint8_t)name_lower(q.key, q.name);
    return q;
}

static const char *text_for(const char *name, const char *identity)
{
    struct request q = request_for(name, TYPE_TXT);
    const char *text;
    return identity_find(&q, identity, &text) ? text : NULL;
}

static void the_identity_is_told_only_when_there_is_one(void **state)
{
    (void)state;
    assert_string_equal(text_for("id.server", "hill"), "hill");
    assert_string_equal(text_for("HostName.Bind", "hill"), "hill");
    assert_null(text_for("id.server", ""));
    assert_null(text_for("hostname.bind", ""));
    assert_null(text_for("authors.bind", "hill"));
    assert_null(text_for("server", "hill"));
}

static void the_version_is_always_told(void **state)
{
    (void)state;
    assert_string_equal(text_for("version.server", ""), "cairn " CAIRN_VERSION);
    assert_string_equal(text_for("VERSION.bind", "hill"), "cairn " CAIRN_VERSION);
}

static void the_answer_is_one_txt_record_of_class_ch(void **state)
{
    (void)state;
    uint8_t out[512];
    struct request q = request_for("id.server", TYPE_TXT);
    size_t question = MSG_HEADER_SIZE + q.name_len + 4u;
    size_t len = identity_answer(&q, "hill", out, sizeof(out));
    static const uint8_t record[] = {0xc0, 12, 0, TYPE_TXT, 0, CLASS_CH, 0, 0, 0, 0, 0, 5, 4, 'h', 'i', 'l', 'l'};
    assert_int_equal(len, question + sizeof(record));
    assert_memory_equal(out + question, record, sizeof(record));
    assert_int_equal(wire_get_u16(out + 2), MSG_QR | MSG_AA | MSG_RD);
    assert_int_equal(wire_get_u16(out + 6), 1);
}

static void other_types_are_nodata(void **state)
{
    (void)state;
    uint8_t out[512];
    struct request q = request_for("id.server", TYPE_A);
    assert_int_equal(identity_answer(&q, "hill", out, sizeof(out)), MSG_HEADER_SIZE + q.name_len + 4u);
    assert_int_equal(wire_get_u16(out + 6), 0);
    assert_int_equal(out[3] & MSG_RCODE, RCODE_NOERROR);
}

static void a_long_identity_is_cut_at_one_string_and_one_without_room_is_left_out(void **state)
{
    (void)state;
    uint8_t out[512];
    char text[301];
    struct request q = request_for("id.server", TYPE_ANY);
    size_t question = MSG_HEADER_SIZE + q.name_len + 4u;
    memset(text, 'x', 300);
    text[300] = '\0';
    assert_int_equal(identity_answer(&q, text, out, sizeof(out)), question + 12 + 1 + 255);
    assert_int_equal(identity_answer(&q, text, out, 200), question);
    assert_int_equal(wire_get_u16(out + 6), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_identity_is_told_only_when_there_is_one),
        cmocka_unit_test(the_version_is_always_told),
        cmocka_unit_test(the_answer_is_one_txt_record_of_class_ch),
        cmocka_unit_test(other_types_are_nodata),
        cmocka_unit_test(a_long_identity_is_cut_at_one_string_and_one_without_room_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
