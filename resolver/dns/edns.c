#include "resolver/dns/edns.h"

#include <string.h>

#include "resolver/dns/wire.h"

enum {
    OPTION_HEAD_SIZE = 4,
    EDE_CODE_SIZE = 2,
    FLAG_DO = 0x8000,
    SERVER_COOKIE_MIN = 8, /* RFC 7873 4 */
    SERVER_COOKIE_MAX = 32
};

const char *ede_text(unsigned code)
{
    static const char *const texts[] = {
        [0] = "Other Error",
        [1] = "Unsupported DNSKEY Algorithm",
        [2] = "Unsupported DS Digest Type",
        [3] = "Stale Answer",
        [4] = "Forged Answer",
        [5] = "DNSSEC Indeterminate",
        [6] = "DNSSEC Bogus",
        [7] = "Signature Expired",
        [8] = "Signature Not Yet Valid",
        [9] = "DNSKEY Missing",
        [10] = "RRSIGs Missing",
        [11] = "No Zone Key Bit Set",
        [12] = "NSEC Missing",
        [13] = "Cached Error",
        [14] = "Not Ready",
        [15] = "Blocked",
        [16] = "Censored",
        [17] = "Filtered",
        [18] = "Prohibited",
        [19] = "Stale NXDOMAIN Answer",
        [20] = "Not Authoritative",
        [21] = "Not Supported",
        [22] = "No Reachable Authority",
        [23] = "Network Error",
        [24] = "Invalid Data",
        [25] = "Signature Expired before Valid",
        [26] = "Too Early",
        [27] = "Unsupported NSEC3 Iterations Value",
        [28] = "Unable to conform to policy",
        [29] = "Synthesized",
        [30] = "Invalid Query Type",
        [31] = "Rate Limited",
        [32] = "Over Quota",
        [33] = "Negative Trust Anchor",
    };
    return code < sizeof(texts) / sizeof(texts[0]) ? texts[code] : "Unassigned Error";
}

/* Field by field: the text is most of the struct, and this runs for every query. */
void edns_clear(struct edns *e)
{
    e->present = false;
    e->dnssec_ok = false;
    e->version = 0;
    e->extended_rcode = 0;
    e->udp_size = 0;
    e->wants_nsid = false;
    e->nsid = NULL;
    e->nsid_len = 0;
    e->cookie_len = 0;
    e->bad_cookie = false;
    e->wants_keepalive = false;
    e->bad_keepalive = false;
    e->has_keepalive = false;
    e->keepalive = 0;
    e->errors = NULL;
    e->error_count = 0;
    e->received.code = 0xffff;
    e->received.text[0] = '\0';
    e->has_received = false;
}

size_t edns_size(const struct edns *e)
{
    size_t size = EDNS_FIXED_SIZE;
    if (e->nsid != NULL) {
        size += OPTION_HEAD_SIZE + e->nsid_len;
    }
    if (e->cookie_len > 0) {
        size += OPTION_HEAD_SIZE + (size_t)e->cookie_len;
    }
    if (e->has_keepalive) {
        size += OPTION_HEAD_SIZE + sizeof(e->keepalive);
    }
    for (unsigned i = 0; i < e->error_count; i++) {
        size += OPTION_HEAD_SIZE + EDE_CODE_SIZE + strlen(e->errors[i].text);
    }
    return size;
}

/* Cuts before a UTF-8 sequence that would not fit whole. */
static void copy_text(char out[EDE_TEXT_MAX], const uint8_t *text, size_t len)
{
    if (len > EDE_TEXT_MAX - 1) {
        len = EDE_TEXT_MAX - 1;
        while (len > 0 && (text[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

/* Of several only the first counts (RFC 7873 5.2). */
static void read_cookie(struct edns *e, const uint8_t *data, size_t len)
{
    bool is_whole = len >= EDNS_CLIENT_COOKIE + SERVER_COOKIE_MIN && len <= EDNS_CLIENT_COOKIE + SERVER_COOKIE_MAX;
    if (e->cookie_len > 0 || e->bad_cookie) {
        return;
    }
    if (len != EDNS_CLIENT_COOKIE && !is_whole) {
        e->bad_cookie = true;
        return;
    }
    memcpy(e->cookie, data, len < EDNS_COOKIE_SIZE ? len : EDNS_COOKIE_SIZE);
    e->cookie_len = (uint8_t)len;
}

static void read_error(struct edns *e, const uint8_t *data, size_t len)
{
    if (len >= EDE_CODE_SIZE && !e->has_received) {
        e->has_received = true;
        e->received.code = wire_get_u16(data);
        copy_text(e->received.text, data + EDE_CODE_SIZE, len - EDE_CODE_SIZE);
    }
}

static void read_option(struct edns *e, unsigned code, const uint8_t *data, size_t len)
{
    switch (code) {
    case EDNS_NSID:
        e->wants_nsid = true;
        break;
    case EDNS_COOKIE:
        read_cookie(e, data, len);
        break;
    case EDNS_KEEPALIVE:
        e->wants_keepalive = true;
        e->bad_keepalive = e->bad_keepalive || len > 0;
        break;
    case EDNS_EDE:
        read_error(e, data, len);
        break;
    default:
        break;
    }
}

int edns_parse(uint16_t class, uint32_t ttl, const uint8_t *rdata, size_t len, struct edns *out)
{
    struct reader r;
    edns_clear(out);
    out->present = true;
    out->udp_size = class;
    out->extended_rcode = (uint8_t)(ttl >> 24);
    out->version = (uint8_t)(ttl >> 16);
    out->dnssec_ok = (ttl & FLAG_DO) != 0;
    if (out->version > 0) {
        return FAIL_NONE;
    }
    reader_init(&r, rdata, len);
    for (unsigned count = 0; reader_left(&r) > 0; count++) {
        uint16_t code = reader_u16(&r);
        uint16_t option_len = reader_u16(&r);
        const uint8_t *data = reader_bytes(&r, option_len);
        if (data == NULL || count == EDNS_OPTIONS_MAX) {
            return FAIL_WIRE;
        }
        read_option(out, code, data, option_len);
    }
    return r.bad ? FAIL_WIRE : FAIL_NONE;
}
