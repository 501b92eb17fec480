#include "resolver/iterate/hints.h"

enum { ROOT_SERVERS = 13 };

#define SERVER_NAME(letter) ((const uint8_t *)"\1" letter "\14root-servers\3net")
#define IPV4(...)                                                                                                      \
    {                                                                                                                  \
        .octets = {__VA_ARGS__}, .len = 4                                                                              \
    }
#define IPV6(...)                                                                                                      \
    {                                                                                                                  \
        .octets = {__VA_ARGS__}, .len = 16                                                                             \
    }

static const struct addr addresses[ROOT_SERVERS][2] = {
    {IPV4(198, 41, 0, 4), IPV6(0x20, 0x01, 0x05, 0x03, 0xba, 0x3e, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x30)},
    {IPV4(170, 247, 170, 2), IPV6(0x28, 0x01, 0x01, 0xb8, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b)},
    {IPV4(192, 33, 4, 12), IPV6(0x20, 0x01, 0x05, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0c)},
    {IPV4(199, 7, 91, 13), IPV6(0x20, 0x01, 0x05, 0, 0, 0x2d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0d)},
    {IPV4(192, 203, 230, 10), IPV6(0x20, 0x01, 0x05, 0, 0, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0e)},
    {IPV4(192, 5, 5, 241), IPV6(0x20, 0x01, 0x05, 0, 0, 0x2f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f)},
    {IPV4(192, 112, 36, 4), IPV6(0x20, 0x01, 0x05, 0, 0, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0x0d, 0x0d)},
    {IPV4(198, 97, 190, 53), IPV6(0x20, 0x01, 0x05, 0, 0, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53)},
    {IPV4(192, 36, 148, 17), IPV6(0x20, 0x01, 0x07, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53)},
    {IPV4(192, 58, 128, 30), IPV6(0x20, 0x01, 0x05, 0x03, 0x0c, 0x27, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x30)},
    {IPV4(193, 0, 14, 129), IPV6(0x20, 0x01, 0x07, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01)},
    {IPV4(199, 7, 83, 42), IPV6(0x20, 0x01, 0x05, 0, 0, 0x9f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x42)},
    {IPV4(202, 12, 27, 33), IPV6(0x20, 0x01, 0x0d, 0xc3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x35)},
};

#define HINT(letter, index)                                                                                            \
    {                                                                                                                  \
        .name = SERVER_NAME(letter), .addresses = addresses[index], .address_count = 2                                 \
    }

static const struct hint hints[ROOT_SERVERS] = {
    HINT("a", 0), HINT("b", 1), HINT("c", 2), HINT("d", 3),  HINT("e", 4),  HINT("f", 5),  HINT("g", 6),
    HINT("h", 7), HINT("i", 8), HINT("j", 9), HINT("k", 10), HINT("l", 11), HINT("m", 12),
};

const struct hint *hints_builtin(unsigned *count)
{
    *count = ROOT_SERVERS;
    return hints;
}
