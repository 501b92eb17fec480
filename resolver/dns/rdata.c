#include "resolver/dns/rdata.h"

#include <string.h>

#include "resolver/dns/location.h"
#include "resolver/dns/name.h"
#include "resolver/dns/prefix.h"
#include "resolver/dns/svcparam.h"
#include "resolver/dns/type.h"

/* How one RDATA is passed over: `r` ends where the RDATA does, `out` gets the uncompressed octets or is NULL. Replies
 * are taken with less scrutiny than our own data: what a resolver may hand on as opaque (RFC 9460 4.3) is only framed.
 */
struct pass {
    struct reader *r;
    struct writer *out;
    bool is_strict;
};

static void keep(struct pass *p, const void *bytes, size_t len)
{
    if (p->out != NULL) {
        writer_bytes(p->out, bytes, len);
    }
}

static void pass_bytes(struct pass *p, size_t len)
{
    const uint8_t *bytes = reader_bytes(p->r, len);
    if (bytes != NULL) {
        keep(p, bytes, len);
    }
}

static void pass_name(struct pass *p)
{
    UNCLEARED uint8_t name[NAME_SIZE];
    size_t len = reader_name(p->r, name);
    if (len > 0) {
        keep(p, name, len);
    }
}

/* A length octet and so many octets. */
static void pass_counted(struct pass *p, size_t min)
{
    size_t left = reader_left(p->r);
    size_t len = left > 0 ? *p->r->at : 0;
    if (left == 0 || len < min) {
        p->r->bad = true;
        return;
    }
    pass_bytes(p, 1 + len);
}

static void pass_strings(struct pass *p)
{
    do {
        pass_counted(p, 0);
    } while (reader_left(p->r) > 0);
}

static bool is_bitmap(const uint8_t *at, size_t len)
{
    int window = -1;
    while (len > 0) {
        if (len < 3 || at[0] <= window || at[1] == 0 || at[1] > 32 || at[1] + 2u > len || at[1 + at[1]] == 0) {
            return false;
        }
        window = at[0];
        len -= at[1] + 2u;
        at += at[1] + 2u;
    }
    return true;
}

/* The rest of the RDATA, when `is_valid` (or NULL) agrees. */
static void pass_rest(struct pass *p, bool (*is_valid)(const uint8_t *at, size_t len))
{
    size_t len = reader_left(p->r);
    if (is_valid != NULL && !p->r->bad && !is_valid(p->r->at, len)) {
        p->r->bad = true;
    }
    pass_bytes(p, len);
}

/* Octets of fields that always have the same number, 0 for others. */
static size_t fixed_size(enum field field)
{
    switch (field) {
    case FIELD_U8:
    case FIELD_ALGORITHM:
        return 1;
    case FIELD_U16:
    case FIELD_TYPE:
    case FIELD_CERTIFICATE:
        return 2;
    case FIELD_U32:
    case FIELD_PERIOD:
    case FIELD_TIME:
    case FIELD_IPV4:
        return 4;
    case FIELD_EUI48:
        return 6;
    case FIELD_EUI64:
    case FIELD_NODE_ID:
        return 8;
    case FIELD_IPV6:
        return 16;
    default:
        return 0;
    }
}

static void pass_field(struct pass *p, enum field field)
{
    switch (field) {
    case FIELD_NAME:
        pass_name(p);
        break;
    case FIELD_STRING:
    case FIELD_HEX_COUNTED:
        pass_counted(p, 0);
        break;
    case FIELD_TAG:
    case FIELD_BASE32_COUNTED:
        pass_counted(p, 1);
        break;
    case FIELD_STRINGS:
        pass_strings(p);
        break;
    case FIELD_TYPE_BITMAP:
        pass_rest(p, is_bitmap);
        break;
    case FIELD_SVC_PARAMS:
        pass_rest(p, p->is_strict ? svcparam_check : NULL);
        break;
    case FIELD_LOCATION:
        pass_rest(p, p->is_strict ? location_check : NULL);
        break;
    case FIELD_ADDRESS_PREFIXES:
        pass_rest(p, p->is_strict ? prefix_check : NULL);
        break;
    case FIELD_TEXT_REST:
    case FIELD_BASE64:
    case FIELD_HEX:
    case FIELD_OPAQUE:
        pass_rest(p, NULL);
        break;
    default:
        pass_bytes(p, fixed_size(field));
        break;
    }
}

static int pass_fields(struct pass *p, uint16_t type)
{
    static const uint8_t opaque[] = {FIELD_OPAQUE, FIELD_END};
    const struct type_info *row = type_find(type);
    const uint8_t *field = row != NULL ? row->fields : opaque;
    for (; *field != FIELD_END; field++) {
        pass_field(p, (enum field) * field);
    }
    if (p->r->bad || reader_left(p->r) > 0) {
        return FAIL_WIRE;
    }
    return p->out != NULL && p->out->full ? FAIL_SPACE : FAIL_NONE;
}

int rdata_read(struct reader *r, uint16_t type, uint16_t rdlength, struct writer *w)
{
    struct reader inner = *r;
    struct pass p = {.r = &inner, .out = w, .is_strict = false};
    if (reader_bytes(r, rdlength) == NULL) {
        return FAIL_WIRE;
    }
    inner.end = r->at;
    int fail = pass_fields(&p, type);
    r->pointers_left = inner.pointers_left;
    r->bad = fail == FAIL_WIRE;
    return fail;
}

static int check(uint16_t type, const uint8_t *rdata, size_t len, bool is_strict)
{
    struct reader r;
    struct pass p = {.r = &r, .out = NULL, .is_strict = is_strict};
    reader_init(&r, rdata, len);
    r.pointers_left = 0;
    return pass_fields(&p, type);
}

int rdata_check(uint16_t type, const uint8_t *rdata, size_t len)
{
    return check(type, rdata, len, true);
}

int rdata_check_read(uint16_t type, const uint8_t *rdata, size_t len)
{
    return check(type, rdata, len, false);
}

/* Lower-cases the names of a row's fields. Names come first or behind fields of fixed size and strings in every type
 * with this rule, so that passing over the fields finds them. */
void rdata_canonicalise(uint16_t type, uint8_t *rdata, size_t len)
{
    const struct type_info *row = type_find(type);
    struct reader r;
    struct pass p = {.r = &r, .out = NULL, .is_strict = false};
    if (row == NULL || !row->lowers_names) {
        return;
    }
    reader_init(&r, rdata, len);
    r.pointers_left = 0;
    for (const uint8_t *field = row->fields; *field != FIELD_END; field++) {
        uint8_t *at = rdata + (r.at - r.start);
        pass_field(&p, (enum field) * field);
        if (*field == FIELD_NAME && !r.bad) {
            name_lower(at, at);
        }
    }
}

int rdata_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    size_t len = a_len < b_len ? a_len : b_len;
    int diff = len > 0 ? memcmp(a, b, len) : 0;
    return diff != 0 ? diff : (a_len > b_len) - (a_len < b_len);
}
