#include "answer.h"

#include "question.h"

#include <stdbool.h>
#include <string.h>

enum { HEADER = 12, LABELS_MAX = 127, SOA_SERIAL = 1, TIMERS = 3600 };
enum {
    TYPE_A = 1,
    TYPE_NS = 2,
    TYPE_CNAME = 5,
    TYPE_SOA = 6,
    TYPE_AAAA = 28,
    TYPE_OPT = 41,
    TYPE_DS = 43,
    TYPE_RRSIG = 46,
    TYPE_DNSKEY = 48,
    TYPE_HTTPS = 65
};
enum { RCODE_NOERROR = 0, RCODE_NXDOMAIN = 3, RCODE_REFUSED = 5 };

#define SERVERS       2                    /* of each zone: ns1 and ns2 */
#define ROOT_ADDRESS  UINT32_C(0x0a350001) /* 10.53.0.1 */
#define TLD_ADDRESS   UINT32_C(0x0a350101) /* 10.53.1.1 */
#define ZONE_ADDRESS  UINT32_C(0x0a360001) /* 10.54.0.1 */
#define BENCHMARK_NET UINT32_C(0x20010db8) /* 2001:db8::/32 */

/* One query, taken apart. label[i] is the offset of the i-th label in the message, label[labels] that of the root. */
struct asking {
    uint16_t label[LABELS_MAX + 1];
    unsigned labels;
    uint16_t type;
    size_t end; /* of the question section */
    bool has_opt, wants_dnssec;
    const uint8_t *query;
};

struct writer {
    uint8_t *message;
    size_t len;
    unsigned section[4]; /* records in question, answer, authority, additional */
};

static unsigned read_u16(const uint8_t *at)
{
    return (unsigned)(at[0] << 8 | at[1]);
}

static bool read_labels(struct asking *a, const uint8_t *query, size_t len)
{
    size_t at = HEADER;
    while (at < len && query[at] != 0 && query[at] < 64 && a->labels < LABELS_MAX) {
        a->label[a->labels++] = (uint16_t)at;
        at += 1U + query[at];
    }
    a->label[a->labels] = (uint16_t)at;
    a->end = at + 5;
    return a->end <= len && query[at] == 0;
}

static bool read_query(struct asking *a, const uint8_t *query, size_t len)
{
    *a = (struct asking){.query = query};
    bool is_question = len >= HEADER && (query[2] & 0xf8) == 0 && read_u16(query + 4) == 1;
    if (!is_question || !read_labels(a, query, len)) {
        return false;
    }
    a->type = (uint16_t)read_u16(query + a->end - 4);
    if (read_u16(query + 10) > 0 && len - a->end >= 11 && query[a->end] == 0) {
        a->has_opt = read_u16(query + a->end + 1) == TYPE_OPT;
        a->wants_dnssec = a->has_opt && (query[a->end + 7] & 0x80) != 0;
    }
    return read_u16(query + a->end - 2) == 1;
}

static void put_u16(struct writer *w, unsigned value)
{
    w->message[w->len++] = (uint8_t)(value >> 8);
    w->message[w->len++] = (uint8_t)value;
}

static void put_u32(struct writer *w, uint32_t value)
{
    put_u16(w, value >> 16);
    put_u16(w, value & 0xffff);
}

/* A name that is a suffix of the question, with `prefix` in front: the longest is 5 octets. */
static void put_name(struct writer *w, const char *prefix, uint16_t suffix)
{
    size_t len = strlen(prefix);
    if (len > 0) {
        w->message[w->len++] = (uint8_t)len;
        memcpy(w->message + w->len, prefix, len);
        w->len += len;
    }
    put_u16(w, 0xc000U | suffix);
}

/* Starts a record in `section`; returns where the length of its data goes. */
static size_t put_record(struct writer *w, int section, const char *prefix, uint16_t suffix, unsigned type,
                         uint32_t ttl_s)
{
    put_name(w, prefix, suffix);
    put_u16(w, type);
    put_u16(w, 1);
    put_u32(w, ttl_s);
    w->section[section]++;
    w->len += 2;
    return w->len - 2;
}

static void end_record(struct writer *w, size_t length_at)
{
    size_t data = w->len - length_at - 2;
    w->message[length_at] = (uint8_t)(data >> 8);
    w->message[length_at + 1] = (uint8_t)data;
}

static bool is_digits(const uint8_t *text, size_t len, uint32_t *value)
{
    *value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        *value = *value * 10 + (uint32_t)(text[i] - '0');
    }
    return len >= 1 && len <= 9;
}

/* The number in a label such as t3 or z00001234; false for any other label. */
static bool read_number(const struct asking *a, unsigned nth, char letter, uint32_t *value)
{
    const uint8_t *label = a->query + a->label[nth];
    return (label[1] | 0x20) == letter && label[0] >= 2 && is_digits(label + 2, label[0] - 1U, value);
}

/* Which server a label such as ns2 names, from 0; SERVERS if it names none. */
static unsigned read_server(const struct asking *a, unsigned nth)
{
    const uint8_t *label = a->query + a->label[nth];
    bool is_server = label[0] == 3 && (label[1] | 0x20) == 'n' && (label[2] | 0x20) == 's';
    unsigned server = is_server ? label[3] - (unsigned)'1' : SERVERS;
    return server < SERVERS ? server : SERVERS;
}

/* The zone at `level` that encloses the question, by its number. False if the name is in no such zone. */
static bool find_zone(const struct asking *a, enum level level, uint32_t *number)
{
    static const char letter[] = {[LEVEL_TLD] = 't', [LEVEL_ZONE] = 'z'};
    *number = 0;
    if (level == LEVEL_ROOT) {
        return true;
    }
    bool found = a->labels >= level && read_number(a, a->labels - level, letter[level], number);
    return found && (level == LEVEL_ZONE || *number < 10);
}

static uint32_t server_address(const struct tree *t, enum level level, uint32_t number, unsigned server)
{
    switch (level) {
    case LEVEL_ROOT:
        return ROOT_ADDRESS + server;
    case LEVEL_TLD:
        return TLD_ADDRESS + 256 * server + number;
    default:
        return ZONE_ADDRESS + (number + server * (t->hosts / 2)) % t->hosts;
    }
}

static void put_address(struct writer *w, int section, const char *prefix, uint16_t owner, uint32_t ttl_s,
                        uint32_t address)
{
    size_t length_at = put_record(w, section, prefix, owner, TYPE_A, ttl_s);
    put_u32(w, address);
    end_record(w, length_at);
}

static void put_address6(struct writer *w, uint16_t owner, uint32_t ttl_s, uint32_t number)
{
    size_t length_at = put_record(w, 1, "", owner, TYPE_AAAA, ttl_s);
    put_u32(w, BENCHMARK_NET);
    put_u32(w, 0);
    put_u32(w, 0);
    put_u32(w, number);
    end_record(w, length_at);
}

static const char *const server_name[SERVERS] = {"ns1", "ns2"};

static void put_ns(const struct tree *t, struct writer *w, int section, uint16_t apex)
{
    for (unsigned i = 0; i < SERVERS; i++) {
        size_t length_at = put_record(w, section, "", apex, TYPE_NS, t->ttl_s);
        put_name(w, server_name[i], apex);
        end_record(w, length_at);
    }
}

/* The addresses of the servers of the zone at `apex`, as additional records. */
static void put_glue(const struct tree *t, struct writer *w, uint16_t apex, enum level level, uint32_t number)
{
    for (unsigned i = 0; i < SERVERS; i++) {
        put_address(w, 3, server_name[i], apex, t->ttl_s, server_address(t, level, number, i));
    }
}

static void put_soa(struct writer *w, int section, uint16_t apex, uint32_t ttl_s)
{
    size_t length_at = put_record(w, section, "", apex, TYPE_SOA, ttl_s);
    put_name(w, "ns1", apex);
    put_name(w, "host", apex);
    put_u32(w, SOA_SERIAL);
    for (int i = 0; i < 4; i++) {
        put_u32(w, TIMERS);
    }
    end_record(w, length_at);
}

static void put_https(struct writer *w, uint16_t owner, uint32_t ttl_s)
{
    static const uint8_t data[] = {0, 1, 0, 0, 1, 0, 3, 2, 'h', '2'}; /* 1 . alpn=h2 */
    size_t length_at = put_record(w, 1, "", owner, TYPE_HTTPS, ttl_s);
    memcpy(w->message + w->len, data, sizeof data);
    w->len += sizeof data;
    end_record(w, length_at);
}

/* c.z<n>.t<k> is an alias of w.z<n> in the next top-level domain. */
static void put_alias(struct writer *w, const struct asking *a, uint32_t ttl_s)
{
    const uint8_t *zone = a->query + a->label[1];
    uint8_t tld = (uint8_t)('0' + (a->query[a->label[2] + 2] - '0' + 1) % 10);
    size_t length_at = put_record(w, 1, "", a->label[0], TYPE_CNAME, ttl_s);
    memcpy(w->message + w->len, "\1w", 2);
    memcpy(w->message + w->len + 2, zone, 1U + zone[0]);
    w->len += 3U + zone[0];
    memcpy(w->message + w->len, (const uint8_t[]){2, 't', tld, 0}, 4);
    w->len += 4;
    end_record(w, length_at);
}

static void put_data(struct writer *w, int section, uint16_t owner, unsigned type, uint32_t ttl_s, const uint8_t *data,
                     size_t len)
{
    size_t length_at = put_record(w, section, "", owner, type, ttl_s);
    memcpy(w->message + w->len, data, len);
    w->len += len;
    end_record(w, length_at);
}

/* The signature of a set of the zone `z`, made by the zone whose name begins at label `signer` of the question. */
static void put_rrsig(const struct tree *t, struct writer *w, const struct asking *a, int section, uint16_t owner,
                      const struct signed_zone *z, enum signed_set set, unsigned signer)
{
    size_t length_at = put_record(w, section, "", owner, TYPE_RRSIG, t->ttl_s);
    memcpy(w->message + w->len, z->rrsig[set], SIGNED_RRSIG_FIXED);
    w->len += SIGNED_RRSIG_FIXED;
    for (size_t at = a->label[signer]; at <= a->label[a->labels]; at++) {
        uint8_t octet = a->query[at];
        w->message[w->len++] = octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
    }
    size_t signature = t->signatures.rrsig_len - SIGNED_RRSIG_FIXED;
    memcpy(w->message + w->len, z->rrsig[set] + SIGNED_RRSIG_FIXED, signature);
    w->len += signature;
    end_record(w, length_at);
}

/* The DS of the zone that begins at label `cut` of the question, if it is signed and they are wanted. */
static void put_ds(const struct tree *t, struct writer *w, const struct asking *a, int section, unsigned cut,
                   uint32_t number)
{
    struct signed_zone z;
    if (a->wants_dnssec && signed_find(&t->signatures, a->labels - cut, number, &z)) {
        put_data(w, section, a->label[cut], TYPE_DS, t->ttl_s, z.ds, SIGNED_DS_LEN);
        put_rrsig(t, w, a, section, a->label[cut], &z, SIGNED_DS, cut + 1);
    }
}

static void put_dnskey(const struct tree *t, struct writer *w, const struct asking *a, uint32_t number)
{
    struct signed_zone z;
    if (signed_find(&t->signatures, a->labels, number, &z)) {
        put_data(w, 1, a->label[0], TYPE_DNSKEY, t->ttl_s, z.key, t->signatures.key_len);
        put_rrsig(t, w, a, 1, a->label[0], &z, SIGNED_DNSKEY, 0);
    }
}

/* Whether the first label is this one letter. */
static bool is_letter(const struct asking *a, char letter)
{
    const uint8_t *label = a->query + a->label[0];
    return label[0] == 1 && (label[1] | 0x20) == letter;
}

/* Whether the name lies at or below a delegation of the zone at `level`, and the number of the zone below; a DS
 * question at the cut itself is the zone's own (RFC 4035 3.1.4.1). */
static bool is_delegated(const struct asking *a, enum level level, uint32_t *below)
{
    if (level == LEVEL_ZONE || a->labels == level || !find_zone(a, level + 1, below)) {
        return false;
    }
    return a->labels > level + 1U || a->type != TYPE_DS;
}

/* Whether the name exists in the zone at `level`, delegations aside. */
static bool is_present(const struct asking *a, enum level level)
{
    uint32_t number;
    unsigned below = a->labels - level;
    if (below != 1) {
        return below == 0;
    }
    return level == LEVEL_ZONE ? !is_letter(a, 'x') : read_server(a, 0) < SERVERS || find_zone(a, level + 1, &number);
}

/* What zone `number` knows about the name of a host right below it; nothing written means NODATA. */
static void put_host(const struct tree *t, struct writer *w, const struct asking *a, uint32_t number)
{
    uint16_t owner = a->label[0];
    if (is_letter(a, 'c')) {
        put_alias(w, a, t->ttl_s);
    } else if (a->type == TYPE_A) {
        struct signed_zone z;
        put_address(w, 1, "", owner, t->ttl_s, address_of_index(number));
        if (a->wants_dnssec && is_letter(a, 'w') && signed_find(&t->signatures, LEVEL_ZONE, number, &z)) {
            put_rrsig(t, w, a, 1, owner, &z, SIGNED_ADDRESS, 1);
        }
    } else if (a->type == TYPE_AAAA) {
        put_address6(w, owner, t->ttl_s, number);
    } else if (a->type == TYPE_HTTPS) {
        put_https(w, owner, t->ttl_s);
    }
}

/* What the zone at `level` knows about the name itself; nothing written means NODATA. */
static void put_own(const struct tree *t, struct writer *w, const struct asking *a, enum level level, uint32_t number)
{
    uint16_t owner = a->label[0];
    bool is_apex = a->labels == level;
    unsigned server = is_apex ? SERVERS : read_server(a, 0);
    if (is_apex && a->type == TYPE_NS) {
        put_ns(t, w, 1, owner);
        put_glue(t, w, owner, level, number);
    } else if (is_apex && a->type == TYPE_SOA) {
        put_soa(w, 1, owner, t->ttl_s);
    } else if (is_apex && a->type == TYPE_DNSKEY) {
        put_dnskey(t, w, a, number);
    } else if (a->type == TYPE_DS && a->labels == level + 1U && level != LEVEL_ZONE) {
        uint32_t below = 0;
        if (find_zone(a, level + 1, &below)) {
            put_ds(t, w, a, 1, 0, below);
        }
    } else if (server < SERVERS && a->type == TYPE_A) {
        put_address(w, 1, "", owner, t->ttl_s, server_address(t, level, number, server));
    } else if (level == LEVEL_ZONE && !is_apex && server == SERVERS) {
        put_host(t, w, a, number);
    }
}

/* The level that an address serves: it may serve any zone there, so LEVEL_COUNT if none. */
static enum level level_of(const struct tree *t, struct in_addr asked)
{
    uint32_t address = ntohl(asked.s_addr);
    if (address - ROOT_ADDRESS < SERVERS) {
        return LEVEL_ROOT;
    }
    if (address - ZONE_ADDRESS < t->hosts) {
        return LEVEL_ZONE;
    }
    return (address - TLD_ADDRESS) / 256 < SERVERS ? LEVEL_TLD : LEVEL_COUNT;
}

static bool serves(const struct tree *t, enum level level, uint32_t number, struct in_addr asked)
{
    for (unsigned i = 0; i < SERVERS; i++) {
        if (server_address(t, level, number, i) == ntohl(asked.s_addr)) {
            return true;
        }
    }
    return false;
}

/* Fills the sections; returns the rcode. *authoritative unless it is a referral. */
static unsigned put_sections(const struct tree *t, struct writer *w, const struct asking *a, enum level level,
                             struct in_addr asked, bool *authoritative)
{
    uint32_t number, below;
    *authoritative = false;
    if (!find_zone(a, level, &number) || !serves(t, level, number, asked)) {
        return RCODE_REFUSED;
    }
    if (is_delegated(a, level, &below)) {
        unsigned cut = a->labels - level - 1;
        put_ns(t, w, 2, a->label[cut]);
        put_ds(t, w, a, 2, cut, below);
        put_glue(t, w, a->label[cut], level + 1, below);
        return RCODE_NOERROR;
    }
    *authoritative = true;
    bool exists = is_present(a, level);
    if (exists) {
        put_own(t, w, a, level, number);
    }
    if (w->section[1] == 0) {
        put_soa(w, 2, a->label[a->labels - level], t->ttl_s);
    }
    return exists ? RCODE_NOERROR : RCODE_NXDOMAIN;
}

static void put_opt(struct writer *w, bool wants_dnssec)
{
    w->message[w->len++] = 0;
    put_u16(w, TYPE_OPT);
    put_u16(w, ANSWER_SIZE);
    put_u32(w, wants_dnssec ? 0x8000 : 0);
    put_u16(w, 0);
    w->section[3]++;
}

size_t tree_answer(struct tree *t, struct in_addr asked, const uint8_t *query, size_t len, uint8_t *reply)
{
    struct asking a;
    bool authoritative;
    enum level level = level_of(t, asked);
    if (level == LEVEL_COUNT || !read_query(&a, query, len)) {
        return 0;
    }
    t->asked[level]++;
    struct writer w = {.message = reply, .len = a.end, .section = {1}};
    memcpy(reply, query, a.end);
    unsigned rcode = put_sections(t, &w, &a, level, asked, &authoritative);
    if (a.has_opt) {
        put_opt(&w, a.wants_dnssec);
    }
    size_t end = w.len;
    reply[2] = (uint8_t)(0x80 | (authoritative ? 0x04 : 0) | (query[2] & 0x01));
    reply[3] = (uint8_t)rcode;
    w.len = 4;
    for (int i = 0; i < 4; i++) {
        put_u16(&w, w.section[i]);
    }
    return end;
}
