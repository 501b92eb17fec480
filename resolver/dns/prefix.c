#include "resolver/dns/prefix.h"

#include <arpa/inet.h>
#include <string.h>

enum { FAMILY_IPV4 = 1, FAMILY_IPV6 = 2, NEGATION = 0x80, ITEM_HEAD_SIZE = 4 };

static unsigned family_octets(unsigned family)
{
    return family == FAMILY_IPV4 ? 4 : family == FAMILY_IPV6 ? 16 : 0;
}

static bool is_item(const uint8_t *item, size_t left)
{
    if (left < ITEM_HEAD_SIZE) {
        return false;
    }
    unsigned size = family_octets(wire_get_u16(item));
    unsigned len = item[3] & ~(unsigned)NEGATION;
    if (len > left - ITEM_HEAD_SIZE || (len > 0 && item[ITEM_HEAD_SIZE + len - 1] == 0)) {
        return false;
    }
    return size == 0 || (len <= size && item[2] <= size * 8);
}

static size_t item_size(const uint8_t *item)
{
    return ITEM_HEAD_SIZE + (item[3] & ~(unsigned)NEGATION);
}

bool prefix_check(const uint8_t *list, size_t len)
{
    size_t at = 0;
    while (at < len && is_item(list + at, len - at)) {
        at += item_size(list + at);
    }
    return at == len;
}

static void print_item(struct text *out, const uint8_t *item)
{
    uint8_t octets[16] = {0};
    char host[INET6_ADDRSTRLEN];
    unsigned family = wire_get_u16(item);
    if (family_octets(family) == 0) {
        out->is_odd = true;
        return;
    }
    memcpy(octets, item + ITEM_HEAD_SIZE, item_size(item) - ITEM_HEAD_SIZE);
    inet_ntop(family == FAMILY_IPV4 ? AF_INET : AF_INET6, octets, host, sizeof(host));
    text_printf(out, "%s%u:%s/%u", (item[3] & NEGATION) != 0 ? "!" : "", family, host, item[2]);
}

void prefix_print(struct text *out, const uint8_t *list, size_t len)
{
    for (size_t at = 0; at < len; at += item_size(list + at)) {
        if (at > 0) {
            text_char(out, ' ');
        }
        print_item(out, list + at);
    }
}

int prefix_parse(const struct token *token, struct writer *w)
{
    const char *at = token->text;
    const char *end = at + token->len;
    bool is_negated = at < end && *at == '!';
    at += is_negated;
    const char *colon = memchr(at, ':', (size_t)(end - at));
    const char *slash = memchr(at, '/', (size_t)(end - at));
    if (colon == NULL || slash == NULL || slash < colon || slash - colon > INET6_ADDRSTRLEN) {
        return FAIL_SYNTAX;
    }
    struct token family_token = {.text = at, .len = (size_t)(colon - at)};
    struct token bits_token = {.text = slash + 1, .len = (size_t)(end - slash - 1)};
    uint8_t octets[16] = {0};
    char host[INET6_ADDRSTRLEN + 1] = {0};
    uint32_t family, bits;
    memcpy(host, colon + 1, (size_t)(slash - colon - 1));
    if (token_number(&family_token, FAMILY_IPV6, &family) != FAIL_NONE || family_octets(family) == 0 ||
        token_number(&bits_token, family_octets(family) * 8, &bits) != FAIL_NONE ||
        inet_pton(family == FAMILY_IPV4 ? AF_INET : AF_INET6, host, octets) != 1) {
        return FAIL_SYNTAX;
    }
    size_t len = family_octets(family);
    while (len > 0 && octets[len - 1] == 0) {
        len--;
    }
    writer_u16(w, (uint16_t)family);
    writer_u8(w, (uint8_t)bits);
    writer_u8(w, (uint8_t)(len | (is_negated ? NEGATION : 0u)));
    writer_bytes(w, octets, len);
    return FAIL_NONE;
}
