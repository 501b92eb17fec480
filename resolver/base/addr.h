/* IP addresses with a port, and networks. Plain data. */
#ifndef CAIRN_BASE_ADDR_H
#define CAIRN_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "resolver/base/fail.h"

/* 4 or 16 octets in network order; an IPv4 address fills the first four and leaves the rest zero, so that two equal
 * addresses are equal bytes. */
struct addr {
    uint8_t octets[16];
    uint8_t len;   /* 4 or 16; 0 means "none" */
    uint16_t port; /* host order; 0 when it does not matter */
};

struct addr_net {
    struct addr base; /* host bits zero */
    uint8_t bits;     /* prefix length */
};

/* "192.0.2.1@53" or "2001:db8::1@53", without port when it is 0: 15+ octets of address, '@', 5 digits. */
#define ADDR_TEXT_SIZE 56

struct addr addr_v4(const uint8_t octets[4], uint16_t port);
struct addr addr_v6(const uint8_t octets[16], uint16_t port);

/* An IPv4-mapped IPv6 address becomes the IPv4 address it stands for. Other families give len 0. */
struct addr addr_from_sockaddr(const struct sockaddr *sa);
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out);

bool addr_equal(const struct addr *a, const struct addr *b); /* address and port */
bool addr_same_host(const struct addr *a, const struct addr *b);

/* Parses ADDRESS or ADDRESS@PORT; `default_port` fills a missing port. FAIL_SYNTAX otherwise. */
MUST_CHECK int addr_parse(const char *text, uint16_t default_port, struct addr *out);

/* Writes the text form into `out` and returns it. */
char *addr_text(const struct addr *a, char out[ADDR_TEXT_SIZE]);

/* Parses "10.0.0.0/8" or a lone address. FAIL_SYNTAX on anything else, host bits set included. */
MUST_CHECK int addr_net_parse(const char *text, struct addr_net *out);
bool addr_net_has(const struct addr_net *net, const struct addr *a);
char *addr_net_text(const struct addr_net *net, char out[ADDR_TEXT_SIZE]);

#endif
