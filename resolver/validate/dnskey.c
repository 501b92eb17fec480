#include "resolver/validate/dnskey.h"

#include "resolver/dns/wire.h"

enum { FLAG_ZONE = 0x0100, FLAG_REVOKED = 0x0080, PROTOCOL_DNSSEC = 3, PROTOCOL_AT = 2, ALGORITHM_AT = 3 };

uint16_t key_tag(struct rdata_view dnskey)
{
    uint32_t sum = 0;
    if (dnskey.len <= DNSKEY_FIXED) {
        return 0;
    }
    for (uint32_t i = 0; i + 1 < dnskey.len; i += 2) {
        sum += wire_get_u16(dnskey.bytes + i);
    }
    if (dnskey.len % 2 != 0) {
        sum += (uint32_t)dnskey.bytes[dnskey.len - 1] << 8;
    }
    return (uint16_t)(sum + (sum >> 16));
}

bool dnskey_matches(struct rdata_view dnskey, uint8_t algorithm, uint16_t tag)
{
    return dnskey.len > DNSKEY_FIXED && dnskey.len <= DNSKEY_SIZE && dnskey.bytes[ALGORITHM_AT] == algorithm &&
           key_tag(dnskey) == tag;
}

enum dnskey_use dnskey_use(struct rdata_view dnskey)
{
    uint16_t flags = wire_get_u16(dnskey.bytes);
    if ((flags & FLAG_ZONE) == 0) {
        return DNSKEY_NO_ZONE_BIT;
    }
    if (dnskey.bytes[PROTOCOL_AT] != PROTOCOL_DNSSEC) {
        return DNSKEY_OTHER_PROTOCOL;
    }
    return (flags & FLAG_REVOKED) != 0 ? DNSKEY_REVOKED : DNSKEY_USABLE;
}
