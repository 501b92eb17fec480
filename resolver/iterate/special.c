#include "resolver/iterate/special.h"

#include <string.h>

#include "resolver/dns/msg.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

enum { SPECIAL_TTL = 10800 };

/* How the names of a zone are answered. The apex always has SOA and NS. */
enum manner {
    EMPTY,     /* nothing but the apex: NXDOMAIN below */
    LOOPBACK,  /* every name has the loopback addresses */
    NODATA,    /* every name exists without data */
    POINTER,   /* empty but for one PTR */
    TRANSLATED /* the well-known addresses by which hosts find a NAT64 prefix */
};

struct special {
    const char *zone;
    enum manner manner;
    const char *owner, *target; /* POINTER */
    uint8_t low, high;          /* high > 0: one zone for each label low..high before `zone` */
};

#define V4 "\7in-addr\4arpa"
#define V6 "\3ip6\4arpa"
#define ZERO                                                                                                           \
    "\1"                                                                                                               \
    "0"

#define ZEROS_7   ZERO ZERO ZERO ZERO ZERO ZERO ZERO
#define ZEROS_31  ZEROS_7 ZEROS_7 ZEROS_7 ZEROS_7 ZERO ZERO ZERO
#define LOCALHOST "\11localhost"

static const struct special top_zones[] = {
    {.zone = LOCALHOST, .manner = LOOPBACK},
    {.zone = "\4test"},
    {.zone = "\7invalid"},
    {.zone = "\5local"},
    {.zone = "\5onion"},
    {.zone = "\3alt"},
    {.zone = "\10internal"},
};

static const struct special arpa_zones[] = {
    {.zone = "\4home\4arpa"},
    {.zone = "\7service\4arpa"},
    {.zone = "\10resolver\4arpa", .manner = NODATA},
    {.zone = "\10ipv4only\4arpa", .manner = TRANSLATED},
    {.zone = "\003170\1"
             "0\1"
             "0\003192" V4,
     .manner = POINTER,
     .owner = "\003170\1"
              "0\1"
              "0\003192" V4,
     .target = "\10ipv4only\4arpa"},
    {.zone = "\003171\1"
             "0\1"
             "0\003192" V4,
     .manner = POINTER,
     .owner = "\003171\1"
              "0\1"
              "0\003192" V4,
     .target = "\10ipv4only\4arpa"},
    {.zone = "\003127" V4,
     .manner = POINTER,
     .owner = "\0011\1"
              "0\1"
              "0\003127" V4,
     .target = LOCALHOST},
    {.zone = ZERO V4},
    {.zone = "\00210" V4},
    {.zone = "\003172" V4, .low = 16, .high = 31},
    {.zone = "\003168\003192" V4},
    {.zone = "\003100" V4, .low = 64, .high = 127},
    {.zone = "\003254\003169" V4},
    {.zone = "\0012\1"
             "0\003192" V4},
    {.zone = "\003100\00251\003198" V4},
    {.zone = "\003113\1"
             "0\003203" V4},
    {.zone = "\003255\003255\003255\003255" V4},
    {.zone = ZERO ZEROS_31 V6},
    {.zone = "\0011" ZEROS_31 V6, .manner = POINTER, .owner = "\0011" ZEROS_31 V6, .target = LOCALHOST},
    {.zone = "\1"
             "d\1"
             "f" V6},
    {.zone = "\0018\1"
             "e\1"
             "f" V6},
    {.zone = "\0019\1"
             "e\1"
             "f" V6},
    {.zone = "\1"
             "a\1"
             "e\1"
             "f" V6},
    {.zone = "\1"
             "b\1"
             "e\1"
             "f" V6},
    {.zone = "\0018\1"
             "b\1"
             "d\1"
             "0\0011\1"
             "0\1"
             "0\0012" V6},
};

static const uint8_t *wire(const char *name)
{
    return (const uint8_t *)name;
}

static bool label_is_between(const uint8_t *label, unsigned low, unsigned high)
{
    unsigned value = 0;
    for (unsigned i = 1; i <= label[0]; i++) {
        if (label[0] > 3 || label[i] < '0' || label[i] > '9' || label[1] == '0') {
            return false;
        }
        value = value * 10 + (label[i] - '0');
    }
    return value >= low && value <= high;
}

/* The apex of row `s` as it stands in `name`, or NULL when the name is not in it. */
static const uint8_t *find_apex(const struct special *s, const uint8_t *name)
{
    if (!name_is_under(name, wire(s->zone))) {
        return NULL;
    }
    unsigned below = name_labels(name) - name_labels(wire(s->zone));
    if (s->high == 0) {
        return name_strip(name, below);
    }
    const uint8_t *apex = below > 0 ? name_strip(name, below - 1) : NULL;
    return apex != NULL && label_is_between(apex, s->low, s->high) ? apex : NULL;
}

static const struct special *find_zone(const uint8_t *name, const uint8_t **apex)
{
    unsigned labels = name_labels(name);
    if (labels == 0) {
        return NULL;
    }
    const uint8_t *top = name_strip(name, labels - 1);
    *apex = top;
    for (size_t i = 0; i < sizeof(top_zones) / sizeof(*top_zones); i++) {
        if (name_equal(top, wire(top_zones[i].zone))) {
            return &top_zones[i];
        }
    }
    bool is_arpa = name_equal(top, wire("\4arpa"));
    for (size_t i = 0; is_arpa && i < sizeof(arpa_zones) / sizeof(*arpa_zones); i++) {
        *apex = find_apex(&arpa_zones[i], name);
        if (*apex != NULL) {
            return &arpa_zones[i];
        }
    }
    return NULL;
}

static bool add(struct local_answer *out, enum section section, const uint8_t *owner, uint16_t type,
                struct rdata_view rdata, struct arena *a)
{
    struct rrset *set = rrset_single(a, owner, type, SPECIAL_TTL, rdata);
    if (set != NULL) {
        rrset_append(&out->sections[section], set);
    }
    return set != NULL;
}

#define VIEW(array)     ((struct rdata_view){.bytes = (array), .len = sizeof(array)})
#define NAME_VIEW(text) ((struct rdata_view){.bytes = wire(text), .len = (uint16_t)name_len(wire(text))})

static bool add_soa(struct local_answer *out, enum section section, const uint8_t *apex, struct arena *a)
{
    static const uint8_t soa[] = LOCALHOST "\0"
                                           "\6nobody\7invalid\0"
                                           "\0\0\0\1"
                                           "\0\0\016\020"
                                           "\0\0\004\260"
                                           "\0\011\072\200"
                                           "\0\0\052\060";
    return add(out, section, apex, TYPE_SOA, (struct rdata_view){.bytes = soa, .len = sizeof(soa) - 1}, a);
}

static bool add_loopback(const uint8_t *name, uint16_t type, struct local_answer *out, struct arena *a)
{
    static const uint8_t v4[] = {127, 0, 0, 1};
    static const uint8_t v6[16] = {[15] = 1};
    if (type == TYPE_A || type == TYPE_ANY) {
        return add(out, SECTION_ANSWER, name, TYPE_A, VIEW(v4), a);
    }
    return type == TYPE_AAAA && add(out, SECTION_ANSWER, name, TYPE_AAAA, VIEW(v6), a);
}

/* RFC 7050 8: 192.0.0.170 and 192.0.0.171. */
static bool add_translated(const uint8_t *name, uint16_t type, struct local_answer *out, struct arena *a)
{
    static const uint8_t addresses[2][4] = {{192, 0, 0, 170}, {192, 0, 0, 171}};
    if (type != TYPE_A && type != TYPE_ANY) {
        return false;
    }
    uint8_t *packed = arena_take(a, 12);
    struct rrset *set = arena_take(a, sizeof(*set));
    if (packed == NULL || set == NULL) {
        return false;
    }
    size_t len = rdatas_pack(packed, addresses[0], 4);
    len += rdatas_pack(packed + len, addresses[1], 4);
    *set = (struct rrset){.owner = name, .type = TYPE_A, .ttl = SPECIAL_TTL};
    set->data = (struct rdatas){.bytes = packed, .len = (uint32_t)len, .count = 2};
    rrset_append(&out->sections[SECTION_ANSWER], set);
    return true;
}

/* Adds the data (name, type) has; false when it has none. */
static bool add_data(const struct special *s, const uint8_t *apex, const uint8_t *name, uint16_t type,
                     struct local_answer *out, struct arena *a)
{
    bool at_apex = name_labels(name) == name_labels(apex);
    if (at_apex && type == TYPE_SOA) {
        return add_soa(out, SECTION_ANSWER, apex, a);
    }
    if (at_apex && type == TYPE_NS) {
        return add(out, SECTION_ANSWER, apex, TYPE_NS, NAME_VIEW(LOCALHOST), a);
    }
    if (s->manner == LOOPBACK) {
        return add_loopback(name, type, out, a);
    }
    if (s->manner == TRANSLATED && at_apex) {
        return add_translated(name, type, out, a);
    }
    bool is_pointer = s->manner == POINTER && (type == TYPE_PTR || type == TYPE_ANY);
    return is_pointer && name_equal(name, wire(s->owner)) &&
           add(out, SECTION_ANSWER, name, TYPE_PTR, NAME_VIEW(s->target), a);
}

/* Names between the apex and the one PTR are empty non-terminals (RFC 8020 2). */
static bool name_exists(const struct special *s, const uint8_t *apex, const uint8_t *name)
{
    return name_equal(name, apex) || s->manner == LOOPBACK || s->manner == NODATA ||
           (s->manner == POINTER && name_is_under(wire(s->owner), name));
}

enum local_hit special_find(const uint8_t *name, uint16_t type, struct arena *a, struct local_answer *out)
{
    const uint8_t *apex = NULL;
    const struct special *s = find_zone(name, &apex);
    /* A DS is the parent's to give: without its word that there is none, validators behind us could not believe what is
     * answered here (RFC 8375 4). */
    if (s == NULL || (type == TYPE_DS && name_equal(name, apex))) {
        return LOCAL_NONE;
    }
    *out = (struct local_answer){.rcode = RCODE_NOERROR};
    if (add_data(s, apex, name, type, out, a)) {
        return LOCAL_ANSWER;
    }
    out->rcode = name_exists(s, apex, name) ? RCODE_NOERROR : RCODE_NXDOMAIN;
    return add_soa(out, SECTION_AUTHORITY, apex, a) ? LOCAL_ANSWER : LOCAL_NONE;
}
