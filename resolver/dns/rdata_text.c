#include "resolver/dns/rdata.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "resolver/dns/encode.h"
#include "resolver/dns/location.h"
#include "resolver/dns/name.h"
#include "resolver/dns/prefix.h"
#include "resolver/dns/svcparam.h"
#include "resolver/dns/text.h"
#include "resolver/dns/type.h"

/* The RDATA was checked before, so that no read below can fail. */

static void print_name(struct text *out, struct reader *r)
{
    uint8_t name[NAME_SIZE];
    char text[NAME_TEXT_SIZE];
    if (reader_name(r, name) > 0) {
        text_word(out, name_text(name, text));
    }
}

static void print_address(struct text *out, struct reader *r, int family, size_t size)
{
    char host[INET6_ADDRSTRLEN];
    const uint8_t *octets = reader_bytes(r, size);
    if (octets != NULL && inet_ntop(family, octets, host, sizeof(host)) != NULL) {
        text_word(out, host);
    }
}

static const uint8_t *read_counted(struct reader *r, size_t *len)
{
    *len = reader_u8(r);
    return reader_bytes(r, *len);
}

static const uint8_t *read_rest(struct reader *r, size_t *len)
{
    *len = reader_left(r);
    return reader_bytes(r, *len);
}

static void print_string(struct text *out, struct reader *r)
{
    size_t len;
    const uint8_t *bytes = read_counted(r, &len);
    if (bytes != NULL) {
        text_quoted(out, bytes, len);
    }
}

static void print_strings(struct text *out, struct reader *r)
{
    print_string(out, r);
    while (reader_left(r) > 0) {
        text_char(out, ' ');
        print_string(out, r);
    }
}

static void print_tag(struct text *out, struct reader *r)
{
    size_t len;
    const uint8_t *bytes = read_counted(r, &len);
    if (bytes != NULL) {
        text_escaped(out, bytes, len, " \"\\();");
    }
}

static void print_type(struct text *out, uint16_t type)
{
    char text[TYPE_TEXT_SIZE];
    text_word(out, type_text(type, text));
}

static void print_time(struct text *out, uint32_t seconds)
{
    char text[32];
    time_t when = (time_t)seconds;
    struct tm tm;
    gmtime_r(&when, &tm);
    strftime(text, sizeof(text), "%Y%m%d%H%M%S", &tm);
    text_word(out, text);
}

static void print_bitmap(struct text *out, const uint8_t *at, size_t len)
{
    bool is_first = true;
    for (const uint8_t *end = at + len; at < end; at += at[1] + 2) {
        for (unsigned bit = 0; bit < at[1] * 8u; bit++) {
            if ((at[2 + bit / 8] & 0x80 >> bit % 8) == 0) {
                continue;
            }
            if (!is_first) {
                text_char(out, ' ');
            }
            is_first = false;
            print_type(out, (uint16_t)(at[0] * 256u + bit));
        }
    }
}

/* Octets in hexadecimal, `group` of them between separators. */
static void print_groups(struct text *out, struct reader *r, unsigned size, unsigned group, const char *separator)
{
    const uint8_t *bytes = reader_bytes(r, size);
    for (unsigned i = 0; bytes != NULL && i < size; i++) {
        text_printf(out, "%s%02x", i > 0 && i % group == 0 ? separator : "", bytes[i]);
    }
}

static void print_number(struct text *out, uint32_t value)
{
    text_printf(out, "%u", value);
}

static void print_hex_counted(struct text *out, struct reader *r)
{
    size_t len;
    const uint8_t *bytes = read_counted(r, &len);
    if (len == 0) {
        text_char(out, '-');
    } else if (bytes != NULL) {
        encode_hex(out, bytes, len);
    }
}

static void print_base32_counted(struct text *out, struct reader *r)
{
    size_t len;
    const uint8_t *bytes = read_counted(r, &len);
    if (bytes != NULL) {
        encode_base32(out, bytes, len);
    }
}

/* Fields of one or a fixed count of octets, or that carry their count. */
static void print_bounded(struct text *out, enum field field, struct reader *r)
{
    switch (field) {
    case FIELD_NAME:
        print_name(out, r);
        break;
    case FIELD_U8:
    case FIELD_ALGORITHM:
        print_number(out, reader_u8(r));
        break;
    case FIELD_U16:
    case FIELD_CERTIFICATE:
        print_number(out, reader_u16(r));
        break;
    case FIELD_U32:
    case FIELD_PERIOD:
        print_number(out, reader_u32(r));
        break;
    case FIELD_TIME:
        print_time(out, reader_u32(r));
        break;
    case FIELD_TYPE:
        print_type(out, reader_u16(r));
        break;
    case FIELD_IPV4:
        print_address(out, r, AF_INET, 4);
        break;
    case FIELD_IPV6:
        print_address(out, r, AF_INET6, 16);
        break;
    case FIELD_STRING:
        print_string(out, r);
        break;
    case FIELD_TAG:
        print_tag(out, r);
        break;
    case FIELD_EUI48:
        print_groups(out, r, 6, 1, "-");
        break;
    case FIELD_EUI64:
        print_groups(out, r, 8, 1, "-");
        break;
    case FIELD_NODE_ID:
        print_groups(out, r, 8, 2, ":");
        break;
    case FIELD_HEX_COUNTED:
        print_hex_counted(out, r);
        break;
    case FIELD_BASE32_COUNTED:
        print_base32_counted(out, r);
        break;
    default:
        out->is_odd = true;
        break;
    }
}

/* Fields that reach to the end. Those that may not vanish from the text have no form when empty. */
static void print_field(struct text *out, enum field field, struct reader *r)
{
    size_t len;
    const uint8_t *bytes;
    switch (field) {
    case FIELD_STRINGS:
        print_strings(out, r);
        break;
    case FIELD_TEXT_REST:
        bytes = read_rest(r, &len);
        text_quoted(out, bytes, len);
        break;
    case FIELD_BASE64:
    case FIELD_HEX:
        bytes = read_rest(r, &len);
        out->is_odd = out->is_odd || len == 0;
        (field == FIELD_HEX ? encode_hex : encode_base64)(out, bytes, len);
        break;
    case FIELD_TYPE_BITMAP:
        bytes = read_rest(r, &len);
        print_bitmap(out, bytes, len);
        break;
    case FIELD_SVC_PARAMS:
        bytes = read_rest(r, &len);
        svcparam_print(out, bytes, len);
        break;
    case FIELD_ADDRESS_PREFIXES:
        bytes = read_rest(r, &len);
        prefix_print(out, bytes, len);
        break;
    case FIELD_LOCATION:
        bytes = read_rest(r, &len);
        location_print(out, bytes);
        break;
    default:
        print_bounded(out, field, r);
        break;
    }
}

static size_t print_generic(const uint8_t *rdata, size_t len, char *out, size_t size)
{
    struct text t;
    text_init(&t, out, size);
    text_printf(&t, "\\# %zu", len);
    if (len > 0) {
        text_char(&t, ' ');
        encode_hex(&t, rdata, len);
    }
    return text_finish(&t);
}

size_t rdata_text(uint16_t type, const uint8_t *rdata, size_t len, char *out, size_t size)
{
    const struct type_info *row = type_find(type);
    struct reader r;
    struct text t;
    if (size == 0) {
        return 0;
    }
    if (row == NULL || rdata_check(type, rdata, len) != FAIL_NONE) {
        return print_generic(rdata, len, out, size);
    }
    reader_init(&r, rdata, len);
    text_init(&t, out, size);
    for (const uint8_t *field = row->fields; *field != FIELD_END; field++) {
        bool is_shown = reader_left(&r) > 0 || *field == FIELD_TEXT_REST;
        if (field != row->fields && is_shown) {
            text_char(&t, ' ');
        }
        print_field(&t, (enum field) * field, &r);
    }
    return t.is_odd ? print_generic(rdata, len, out, size) : text_finish(&t);
}
