#include "resolver/iterate/forbidden.h"

#define NET4(bits_, ...)                                                                                               \
    {                                                                                                                  \
        .base = {.octets = {__VA_ARGS__}, .len = 4}, .bits = (bits_)                                                   \
    }
#define NET16(bits_, ...)                                                                                              \
    {                                                                                                                  \
        .base = {.octets = {__VA_ARGS__}, .len = 16}, .bits = (bits_)                                                  \
    }

static const struct addr_net closed[] = {
    NET4(8, 0),                   /* this network */
    NET4(8, 127),                 /* loopback */
    NET4(8, 10),                  /* RFC 1918 */
    NET4(12, 172, 16),            /* RFC 1918 */
    NET4(16, 192, 168),           /* RFC 1918 */
    NET4(10, 100, 64),            /* RFC 6598 */
    NET4(16, 169, 254),           /* link-local */
    NET4(4, 224),                 /* multicast */
    NET4(4, 240),                 /* reserved, broadcast */
    NET16(96, 0),                 /* ::, ::1 and IPv4-compatible */
    NET16(96, [10] = 0xff, 0xff), /* IPv4-mapped */
    NET16(10, 0xfe, 0x80),        /* link-local */
    NET16(7, 0xfc),               /* RFC 4193 */
    NET16(8, 0xff),               /* multicast */
};

static bool is_in(const struct addr_net *nets, size_t count, const struct addr *a)
{
    for (size_t i = 0; i < count; i++) {
        if (addr_net_has(&nets[i], a)) {
            return true;
        }
    }
    return false;
}

static bool is_own(const struct policy *p, const struct addr *a)
{
    for (unsigned i = 0; i < p->own_count; i++) {
        if (addr_equal(&p->own[i], a)) {
            return true;
        }
    }
    return false;
}

bool address_is_forbidden(const struct policy *p, const struct addr *a)
{
    if (is_in(p->allowed, p->allowed_count, a)) {
        return false;
    }
    return is_own(p, a) || is_in(closed, sizeof(closed) / sizeof(closed[0]), a);
}
