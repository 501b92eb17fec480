#include "resolver/validate/proof.h"

#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"

/* The owner's labels as a signature counts them (RFC 4034 3.1.3). */
static unsigned signed_labels(const uint8_t *owner)
{
    return name_labels(owner) - (name_is_wildcard(owner) ? 1 : 0);
}

/* Which of several signatures was verified is not known here: all must be the owner's own. */
static bool is_expanded(const struct rrset *set)
{
    enum { LABELS_AT = 3 };
    struct rdata_view sig;
    for (size_t at = 0; rdatas_next(&set->sigs, &at, &sig);) {
        if (sig.len <= LABELS_AT || sig.bytes[LABELS_AT] != signed_labels(set->owner)) {
            return true;
        }
    }
    return false;
}

bool proof_rdata(const struct rrset *set, uint16_t type, const uint8_t *zone, struct rdata_view *out)
{
    if (set->type != type || set->data.count != 1 || !name_is_under(set->owner, zone) || is_expanded(set)) {
        return false;
    }
    *out = rdatas_first(&set->data);
    return rdata_check(type, out->bytes, out->len) == FAIL_NONE;
}

/* Steps through the windows of a bitmap, from `at` 0. */
static bool next_window(const struct types *t, size_t *at, uint8_t *window, struct types *bits)
{
    if (t->len < *at + 2 || t->len - *at - 2 < t->bytes[*at + 1]) {
        return false;
    }
    *window = t->bytes[*at];
    *bits = (struct types){t->bytes + *at + 2, t->bytes[*at + 1]};
    *at += 2 + bits->len;
    return true;
}

bool types_have(const struct types *t, uint16_t type)
{
    uint8_t window;
    struct types bits;
    for (size_t at = 0; next_window(t, &at, &window, &bits);) {
        size_t octet = (type & 0xffu) / 8;
        if (window == type >> 8 && octet < bits.len) {
            return (bits.bytes[octet] & 0x80 >> type % 8) != 0;
        }
    }
    return false;
}

static unsigned count_types(const struct types *t)
{
    unsigned count = 0;
    uint8_t window;
    struct types bits;
    for (size_t at = 0; next_window(t, &at, &window, &bits);) {
        for (size_t i = 0; i < bits.len; i++) {
            count += (unsigned)__builtin_popcount(bits.bytes[i]);
        }
    }
    return count;
}

/* No type but those that the proof itself brings. */
static bool are_bare(const struct types *t)
{
    unsigned own = (unsigned)types_have(t, TYPE_RRSIG) + types_have(t, TYPE_NSEC) + types_have(t, TYPE_NXNAME);
    return count_types(t) == own;
}

bool types_are_nxname(const struct types *t)
{
    return types_have(t, TYPE_NXNAME) && are_bare(t);
}

/* The apex has NS as well, but with SOA. */
static bool are_of_cut(const struct types *t)
{
    return types_have(t, TYPE_NS) && !types_have(t, TYPE_SOA);
}

bool types_end_zone(const struct types *t)
{
    return are_of_cut(t) || types_have(t, TYPE_DNAME);
}

bool types_deny(const struct types *t, const uint8_t *name, uint16_t type)
{
    if (type == TYPE_ANY) {
        return are_bare(t);
    }
    /* The root has no parent that could be asked. */
    bool is_wrong_side = type == TYPE_DS ? types_have(t, TYPE_SOA) && !name_is_root(name) : are_of_cut(t);
    return !is_wrong_side && !types_have(t, type) && !types_have(t, TYPE_CNAME);
}

enum delegation types_delegation(const struct types *t)
{
    if (types_have(t, TYPE_SOA) || types_have(t, TYPE_DS)) {
        return DELEGATION_UNPROVEN;
    }
    if (types_have(t, TYPE_NS)) {
        return DELEGATION_INSECURE;
    }
    return types_are_nxname(t) ? DELEGATION_NO_NAME : DELEGATION_NO_CUT;
}

const uint8_t *proof_wildcard(const uint8_t *encloser, uint8_t out[NAME_SIZE])
{
    out[0] = 1;
    out[1] = '*';
    name_copy(out + 2, encloser);
    return out;
}
