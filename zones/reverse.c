#include "zones/reverse.h"

#include <string.h>

#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"

struct reversing {
    struct draft *draft;
    const struct zone *zone;
    reverse_taken *is_taken;
    const void *arg;
};

void reverse_init(struct draft *d)
{
    draft_init(d, name_root);
    d->is_reverse = true;
}

static uint8_t *put_number(uint8_t *out, unsigned number)
{
    uint8_t digits[3];
    uint8_t count = 0;
    do {
        digits[count++] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *out++ = count;
    while (count > 0) {
        *out++ = digits[--count];
    }
    return out;
}

static uint8_t *put_nibble(uint8_t *out, unsigned nibble)
{
    *out++ = 1;
    *out++ = (uint8_t) "0123456789abcdef"[nibble & 15];
    return out;
}

void reverse_name(const uint8_t *octets, size_t len, uint8_t out[NAME_SIZE])
{
    static const uint8_t in_addr[] = "\7in-addr\4arpa", ip6[] = "\3ip6\4arpa";
    for (size_t i = len; i > 0; i--) {
        if (len == 4) {
            out = put_number(out, octets[i - 1]);
        } else {
            out = put_nibble(out, octets[i - 1]);
            out = put_nibble(out, octets[i - 1] >> 4);
        }
    }
    name_copy(out, len == 4 ? in_addr : ip6);
}

/* Gives a reverse name the SOA and NS of the zone. */
static int add_apex(struct draft *d, const struct zone *z, const uint8_t *name)
{
    static const uint16_t types[] = {TYPE_NS, TYPE_SOA};
    int fail = FAIL_NONE;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const struct zone_rrset *set = zone_node_set(z->top, types[i]);
        struct rdatas data = set != NULL ? zone_rrset_data(set) : (struct rdatas){0};
        struct rdata_view rdata;
        for (size_t at = 0; fail == FAIL_NONE && rdatas_next(&data, &at, &rdata);) {
            const struct load_record record = {
                .owner = name, .type = types[i], .ttl = set->ttl, .rdata = rdata.bytes, .len = rdata.len};
            fail = draft_add(d, &record);
        }
    }
    return fail;
}

static size_t count_names(const struct draft_owner *owner)
{
    size_t count = 0;
    const struct draft_record *r = draft_record_find(owner, TYPE_PTR);
    for (; r != NULL && r->type == TYPE_PTR; r = r->next) {
        count++;
    }
    return count;
}

static int add_pointer(struct reversing *r, const uint8_t *name, const struct zone_node *node, uint32_t ttl)
{
    if (r->is_taken(r->arg, name)) {
        return FAIL_NONE;
    }
    const struct draft_owner *owner = draft_find(r->draft, name);
    int fail = owner == NULL ? add_apex(r->draft, r->zone, name) : FAIL_NONE;
    if (fail != FAIL_NONE || (owner != NULL && count_names(owner) >= REVERSE_NAMES_MAX)) {
        return fail;
    }
    const struct load_record record = {
        .owner = name, .type = TYPE_PTR, .ttl = ttl, .rdata = node->name, .len = node->name_len};
    return draft_add(r->draft, &record);
}

static int add_addresses(struct reversing *r, const struct zone_node *node, uint16_t type)
{
    const struct zone_rrset *set = zone_node_set(node, type);
    struct rdatas data = set != NULL ? zone_rrset_data(set) : (struct rdatas){0};
    struct rdata_view rdata;
    int fail = FAIL_NONE;
    for (size_t at = 0; fail == FAIL_NONE && rdatas_next(&data, &at, &rdata);) {
        uint8_t name[NAME_SIZE];
        reverse_name(rdata.bytes, rdata.len, name);
        fail = add_pointer(r, name, node, set->ttl);
    }
    return fail;
}

static int visit_node(void *arg, const uint8_t *leaf)
{
    struct reversing *r = arg;
    struct zone_place place;
    struct trie_key key;
    trie_key_from_name(&key, leaf);
    zone_place(r->zone, &key, leaf, &place);
    bool is_cut = place.boundary != NULL && (place.boundary != place.node || place.boundary != r->zone->top);
    if (is_cut || name_is_wildcard(leaf)) {
        return FAIL_NONE;
    }
    int fail = add_addresses(r, place.node, TYPE_A);
    return fail != FAIL_NONE ? fail : add_addresses(r, place.node, TYPE_AAAA);
}

int reverse_add(struct draft *d, const struct zone *z, reverse_taken *is_taken, const void *arg)
{
    struct reversing r = {.draft = d, .zone = z, .is_taken = is_taken, .arg = arg};
    return trie_each(&z->tree, visit_node, &r);
}
