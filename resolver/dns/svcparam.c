#include "resolver/dns/svcparam.h"

#include <arpa/inet.h>
#include <string.h>

#include "resolver/dns/encode.h"

enum key {
    KEY_MANDATORY = 0,
    KEY_ALPN = 1,
    KEY_NO_DEFAULT_ALPN = 2,
    KEY_PORT = 3,
    KEY_IPV4HINT = SVCPARAM_IPV4HINT,
    KEY_ECH = 5,
    KEY_IPV6HINT = SVCPARAM_IPV6HINT,
    KEY_DOHPATH = 7,
    KEY_OHTTP = 8,
    KEY_COUNT
};

static const char *const key_names[KEY_COUNT] = {"mandatory", "alpn",     "no-default-alpn", "port", "ipv4hint",
                                                 "ech",       "ipv6hint", "dohpath",         "ohttp"};

/* Parameters, and octets of a list of protocols, that have a text form; a record that holds more is shown in the
 * generic form. */
enum { PARAMS_MAX = 64, ALPN_MAX = 2048 };

struct param {
    unsigned key;
    const uint8_t *value;
    size_t len;
};

static bool next_param(struct reader *r, struct param *out)
{
    out->key = reader_u16(r);
    out->len = reader_u16(r);
    out->value = reader_bytes(r, out->len);
    return out->value != NULL;
}

const uint8_t *svcparam_find(const uint8_t *params, size_t len, unsigned key, size_t *value_len)
{
    struct reader r;
    struct param p;
    reader_init(&r, params, len);
    while (reader_left(&r) > 0 && next_param(&r, &p)) {
        if (p.key == key) {
            *value_len = p.len;
            return p.value;
        }
    }
    return NULL;
}

/* Ascending keys, all of them among the parameters (which ascend too) and none the list itself (RFC 9460 8). */
static bool is_mandatory_list(const struct param *list, const uint8_t *params, size_t len)
{
    struct reader r;
    struct param p = {0};
    reader_init(&r, params, len);
    for (size_t i = 0; i + 1 < list->len; i += 2) {
        unsigned key = wire_get_u16(list->value + i);
        unsigned last = p.key;
        while (p.key < key && next_param(&r, &p)) {
        }
        if (key <= last || p.key != key) {
            return false;
        }
    }
    return list->len > 0 && list->len % 2 == 0;
}

static bool is_alpn_list(const struct param *p)
{
    size_t at = 0;
    while (at < p->len && p->value[at] > 0) {
        at += p->value[at] + 1u;
    }
    return p->len > 0 && at == p->len;
}

static bool is_value(const struct param *p)
{
    switch (p->key) {
    case KEY_ALPN:
        return is_alpn_list(p);
    case KEY_NO_DEFAULT_ALPN:
    case KEY_OHTTP:
        return p->len == 0;
    case KEY_PORT:
        return p->len == 2;
    case KEY_IPV4HINT:
        return p->len > 0 && p->len % 4 == 0;
    case KEY_IPV6HINT:
        return p->len > 0 && p->len % 16 == 0;
    case KEY_ECH:
    case KEY_DOHPATH:
        return p->len > 0;
    default:
        return true;
    }
}

bool svcparam_check(const uint8_t *params, size_t len)
{
    struct reader r;
    struct param p;
    int last = -1;
    reader_init(&r, params, len);
    while (reader_left(&r) > 0) {
        if (!next_param(&r, &p) || (int)p.key <= last || !is_value(&p) ||
            (p.key == KEY_MANDATORY && !is_mandatory_list(&p, params, len))) {
            return false;
        }
        last = (int)p.key;
    }
    return !r.bad;
}

static void print_key(struct text *out, unsigned key)
{
    if (key < KEY_COUNT) {
        text_word(out, key_names[key]);
    } else {
        text_printf(out, "key%u", key);
    }
}

static void print_mandatory(struct text *out, const struct param *p)
{
    for (size_t i = 0; i < p->len; i += 2) {
        if (i > 0) {
            text_char(out, ',');
        }
        print_key(out, wire_get_u16(p->value + i));
    }
}

static void print_addresses(struct text *out, const struct param *p, int family, size_t size)
{
    char host[INET6_ADDRSTRLEN];
    for (size_t i = 0; i < p->len; i += size) {
        inet_ntop(family, p->value + i, host, sizeof(host));
        text_printf(out, "%s%s", i > 0 ? "," : "", host);
    }
}

/* Commas and backslashes inside an item are escaped twice: for the list, then for the string (RFC 9460 A.1). */
static void print_alpn(struct text *out, const struct param *p)
{
    out->is_odd = out->is_odd || p->len > ALPN_MAX;
    text_char(out, '"');
    for (size_t at = 0; at < p->len; at += p->value[at] + 1u) {
        if (at > 0) {
            text_char(out, ',');
        }
        for (size_t i = at + 1; i <= at + p->value[at]; i++) {
            if (p->value[i] == ',' || p->value[i] == '\\') {
                text_word(out, p->value[i] == ',' ? "\\\\," : "\\\\\\\\");
            } else {
                text_escaped(out, p->value + i, 1, "\"");
            }
        }
    }
    text_char(out, '"');
}

static void print_param(struct text *out, const struct param *p)
{
    print_key(out, p->key);
    if (p->len == 0) {
        return;
    }
    text_char(out, '=');
    switch (p->key) {
    case KEY_MANDATORY:
        print_mandatory(out, p);
        break;
    case KEY_ALPN:
        print_alpn(out, p);
        break;
    case KEY_PORT:
        text_printf(out, "%u", wire_get_u16(p->value));
        break;
    case KEY_IPV4HINT:
        print_addresses(out, p, AF_INET, 4);
        break;
    case KEY_IPV6HINT:
        print_addresses(out, p, AF_INET6, 16);
        break;
    case KEY_ECH:
        encode_base64(out, p->value, p->len);
        break;
    default:
        text_quoted(out, p->value, p->len);
        break;
    }
}

void svcparam_print(struct text *out, const uint8_t *params, size_t len)
{
    struct reader r;
    struct param p;
    unsigned count = 0;
    reader_init(&r, params, len);
    while (reader_left(&r) > 0 && next_param(&r, &p)) {
        if (count++ > 0) {
            text_char(out, ' ');
        }
        print_param(out, &p);
    }
    out->is_odd = out->is_odd || count > PARAMS_MAX;
}

/* One parameter of a master file: its key and the text of its value, without quotes. */
struct piece {
    unsigned key;
    size_t index; /* of its token */
    bool has_value;
    struct token value;
};

static int parse_key(const char *text, size_t len, unsigned *out)
{
    struct token name = {.text = text, .len = len};
    uint32_t number;
    for (unsigned key = 0; key < KEY_COUNT; key++) {
        if (token_is(&name, key_names[key])) {
            *out = key;
            return FAIL_NONE;
        }
    }
    if (len < 4 || strncmp(text, "key", 3) != 0 || (text[3] == '0' && len > 4)) {
        return FAIL_SYNTAX;
    }
    struct token digits = {.text = text + 3, .len = len - 3};
    int fail = token_number(&digits, UINT16_MAX, &number);
    *out = fail == FAIL_NONE ? number : 0;
    return fail;
}

static int parse_piece(const struct token *token, struct piece *out)
{
    const char *equals = memchr(token->text, '=', token->len);
    size_t key_len = equals != NULL ? (size_t)(equals - token->text) : token->len;
    out->has_value = equals != NULL;
    out->value = (struct token){.text = token->text + key_len, .len = 0};
    if (equals != NULL) {
        out->value.text++;
        out->value.len = token->len - key_len - 1;
    }
    struct token *v = &out->value;
    if (v->len >= 2 && v->text[0] == '"' && v->text[v->len - 1] == '"') {
        v->text++;
        v->len -= 2;
    }
    return token->quoted ? FAIL_SYNTAX : parse_key(token->text, key_len, &out->key);
}

/* Splits at a comma; false at the end of the list. */
static bool next_item(struct token *rest, struct token *item)
{
    if (rest->text == NULL) {
        return false;
    }
    const char *comma = memchr(rest->text, ',', rest->len);
    *item = *rest;
    if (comma == NULL) {
        rest->text = NULL;
        return true;
    }
    item->len = (size_t)(comma - rest->text);
    rest->len -= item->len + 1;
    rest->text = comma + 1;
    return true;
}

static int parse_mandatory(struct token list, struct writer *w)
{
    unsigned keys[PARAMS_MAX];
    size_t count = 0;
    for (struct token item; next_item(&list, &item); count++) {
        if (count == PARAMS_MAX || parse_key(item.text, item.len, &keys[count]) != FAIL_NONE) {
            return FAIL_SYNTAX;
        }
        for (size_t i = count; i > 0 && keys[i - 1] > keys[i]; i--) {
            unsigned larger = keys[i - 1];
            keys[i - 1] = keys[i];
            keys[i] = larger;
        }
    }
    for (size_t i = 0; i < count; i++) {
        writer_u16(w, (uint16_t)keys[i]);
    }
    return FAIL_NONE;
}

/* The list's own escapes are resolved behind those of the string (RFC 9460 A.1). */
static int parse_alpn(const struct token *value, struct writer *w)
{
    uint8_t octets[2 * ALPN_MAX];
    uint8_t item[256];
    struct writer plain;
    size_t used = 0;
    writer_init(&plain, octets, sizeof(octets));
    if (token_octets(value, &plain) != FAIL_NONE || plain.full) {
        return FAIL_SYNTAX;
    }
    size_t len = writer_len(&plain);
    for (size_t i = 0; i <= len; i++) {
        if (i == len || octets[i] == ',') {
            if (used == 0) {
                return FAIL_SYNTAX;
            }
            writer_u8(w, (uint8_t)used);
            writer_bytes(w, item, used);
            used = 0;
            continue;
        }
        i += octets[i] == '\\' && i + 1 < len;
        if (used == 255) {
            return FAIL_SYNTAX;
        }
        item[used++] = octets[i];
    }
    return FAIL_NONE;
}

static int parse_addresses(struct token list, int family, size_t size, struct writer *w)
{
    for (struct token item; next_item(&list, &item);) {
        char host[INET6_ADDRSTRLEN] = {0};
        uint8_t octets[16];
        if (item.len >= sizeof(host)) {
            return FAIL_SYNTAX;
        }
        memcpy(host, item.text, item.len);
        if (inet_pton(family, host, octets) != 1) {
            return FAIL_SYNTAX;
        }
        writer_bytes(w, octets, size);
    }
    return FAIL_NONE;
}

static int parse_port(const struct token *value, struct writer *w)
{
    uint32_t port;
    if (token_number(value, UINT16_MAX, &port) != FAIL_NONE) {
        return FAIL_SYNTAX;
    }
    writer_u16(w, (uint16_t)port);
    return FAIL_NONE;
}

static int parse_value(const struct piece *p, struct writer *w)
{
    size_t bad;
    if (!p->has_value) {
        return FAIL_NONE;
    }
    switch (p->key) {
    case KEY_MANDATORY:
        return parse_mandatory(p->value, w);
    case KEY_ALPN:
        return parse_alpn(&p->value, w);
    case KEY_PORT:
        return parse_port(&p->value, w);
    case KEY_IPV4HINT:
        return parse_addresses(p->value, AF_INET, 4, w);
    case KEY_IPV6HINT:
        return parse_addresses(p->value, AF_INET6, 16, w);
    case KEY_ECH:
        return decode_base64(&p->value, 1, w, &bad);
    default:
        return token_octets(&p->value, w);
    }
}

static int write_piece(const struct piece *p, struct writer *w)
{
    writer_u16(w, (uint16_t)p->key);
    writer_u16(w, 0);
    uint8_t *start = w->at;
    int fail = parse_value(p, w);
    if (fail == FAIL_NONE && !w->full) {
        size_t len = (size_t)(w->at - start);
        if (len > UINT16_MAX) {
            return FAIL_SYNTAX;
        }
        wire_put_u16(start - 2, (uint16_t)len);
    }
    return fail;
}

/* Puts a piece in its place among the sorted ones. FAIL_SYNTAX: the key is there already. */
static int insert_piece(struct piece *pieces, size_t count, const struct piece *new)
{
    size_t at = count;
    for (; at > 0 && pieces[at - 1].key >= new->key; at--) {
        if (pieces[at - 1].key == new->key) {
            return FAIL_SYNTAX;
        }
        pieces[at] = pieces[at - 1];
    }
    pieces[at] = *new;
    return FAIL_NONE;
}

static int fail_at(struct token_error *error, size_t bad, const char *why)
{
    error->bad = bad;
    error->why = why;
    return FAIL_SYNTAX;
}

int svcparam_parse(const struct token *tokens, size_t count, struct writer *w, struct token_error *error)
{
    struct piece pieces[PARAMS_MAX];
    if (count > PARAMS_MAX) {
        return fail_at(error, PARAMS_MAX, "too many service parameters");
    }
    for (size_t i = 0; i < count; i++) {
        struct piece piece = {.index = i};
        if (parse_piece(&tokens[i], &piece) != FAIL_NONE) {
            return fail_at(error, i, "unknown service parameter");
        }
        if (insert_piece(pieces, i, &piece) != FAIL_NONE) {
            return fail_at(error, i, "service parameter given twice");
        }
    }
    const uint8_t *start = w->at;
    for (size_t i = 0; i < count; i++) {
        if (write_piece(&pieces[i], w) != FAIL_NONE) {
            return fail_at(error, pieces[i].index, "bad value of a service parameter");
        }
    }
    if (!w->full && !svcparam_check(start, (size_t)(w->at - start))) {
        return fail_at(error, 0, "service parameters do not fit together (RFC 9460 2.2)");
    }
    return FAIL_NONE;
}
