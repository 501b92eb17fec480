#include "resolver/base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct addr addr_v4(const uint8_t octets[4], uint16_t port)
{
    struct addr a = {.len = 4, .port = port};
    memcpy(a.octets, octets, 4);
    return a;
}

struct addr addr_v6(const uint8_t octets[16], uint16_t port)
{
    struct addr a = {.len = 16, .port = port};
    memcpy(a.octets, octets, 16);
    return a;
}

struct addr addr_from_sockaddr(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof(in));
        uint8_t octets[4];
        memcpy(octets, &in.sin_addr, sizeof(octets));
        return addr_v4(octets, ntohs(in.sin_port));
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof(in6));
        uint16_t port = ntohs(in6.sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
            return addr_v4(in6.sin6_addr.s6_addr + 12, port);
        }
        return addr_v6(in6.sin6_addr.s6_addr, port);
    }
    return (struct addr){0};
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (a->len == 4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&in.sin_addr, a->octets, 4);
        memcpy(out, &in, sizeof(in));
        return sizeof(in);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    memcpy(&in6.sin6_addr, a->octets, 16);
    memcpy(out, &in6, sizeof(in6));
    return sizeof(in6);
}

bool addr_same_host(const struct addr *a, const struct addr *b)
{
    return a->len == b->len && memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return a->port == b->port && addr_same_host(a, b);
}

static int parse_number(const char *text, unsigned long max, unsigned long *out)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > max) {
        return FAIL_SYNTAX;
    }
    *out = value;
    return FAIL_NONE;
}

static int parse_host(const char *text, struct addr *out)
{
    uint8_t octets[16];
    if (inet_pton(AF_INET, text, octets) == 1) {
        *out = addr_v4(octets, 0);
        return FAIL_NONE;
    }
    if (inet_pton(AF_INET6, text, octets) == 1) {
        *out = addr_v6(octets, 0);
        return FAIL_NONE;
    }
    return FAIL_SYNTAX;
}

int addr_parse(const char *text, uint16_t default_port, struct addr *out)
{
    char host[INET6_ADDRSTRLEN + 1];
    const char *at = strchr(text, '@');
    size_t len = at != NULL ? (size_t)(at - text) : strlen(text);
    unsigned long port = default_port;
    if (len >= sizeof(host) || (at != NULL && (parse_number(at + 1, 65535, &port) != FAIL_NONE || port == 0))) {
        return FAIL_SYNTAX;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    if (parse_host(host, out) != FAIL_NONE) {
        return FAIL_SYNTAX;
    }
    out->port = (uint16_t)port;
    return FAIL_NONE;
}

char *addr_text(const struct addr *a, char out[ADDR_TEXT_SIZE])
{
    if (a->len == 0 || inet_ntop(a->len == 4 ? AF_INET : AF_INET6, a->octets, out, ADDR_TEXT_SIZE) == NULL) {
        memcpy(out, "none", sizeof("none"));
        return out;
    }
    if (a->port != 0) {
        size_t len = strlen(out);
        snprintf(out + len, ADDR_TEXT_SIZE - len, "@%u", a->port);
    }
    return out;
}

int addr_net_parse(const char *text, struct addr_net *out)
{
    char host[INET6_ADDRSTRLEN + 1];
    const char *slash = strchr(text, '/');
    size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
    if (len >= sizeof(host)) {
        return FAIL_SYNTAX;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    if (parse_host(host, &out->base) != FAIL_NONE) {
        return FAIL_SYNTAX;
    }
    unsigned long bits = out->base.len * 8ul;
    if (slash != NULL && parse_number(slash + 1, bits, &bits) != FAIL_NONE) {
        return FAIL_SYNTAX;
    }
    out->bits = (uint8_t)bits;
    for (unsigned i = out->bits; i < out->base.len * 8u; i++) {
        if ((out->base.octets[i / 8] & (0x80 >> i % 8)) != 0) {
            return FAIL_SYNTAX;
        }
    }
    return FAIL_NONE;
}

bool addr_net_has(const struct addr_net *net, const struct addr *a)
{
    if (a->len != net->base.len) {
        return false;
    }
    unsigned whole = net->bits / 8;
    if (memcmp(a->octets, net->base.octets, whole) != 0) {
        return false;
    }
    unsigned rest = net->bits % 8;
    return rest == 0 || ((a->octets[whole] ^ net->base.octets[whole]) >> (8 - rest)) == 0;
}

char *addr_net_text(const struct addr_net *net, char out[ADDR_TEXT_SIZE])
{
    struct addr host = net->base;
    host.port = 0;
    addr_text(&host, out);
    size_t len = strlen(out);
    snprintf(out + len, ADDR_TEXT_SIZE - len, "/%u", net->bits);
    return out;
}
