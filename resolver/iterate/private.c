#include "resolver/iterate/private.h"

#include <stdio.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/svcparam.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/routes.h"
#include "resolver/iterate/special.h"

/* ---- Addresses ---- */

static bool is_in_networks(const struct policy *p, const struct addr *a)
{
    for (unsigned i = 0; i < p->private_count; i++) {
        if (addr_net_has(&p->private_nets[i], a)) {
            return true;
        }
    }
    return false;
}

/* An IPv4-mapped address reaches the same host as the IPv4 address in it. */
static bool is_private(const struct policy *p, const uint8_t *octets, size_t len, struct addr *found)
{
    static const uint8_t mapped[12] = {[10] = 0xff, 0xff};
    *found = len == 4 ? addr_v4(octets, 0) : addr_v6(octets, 0);
    if (is_in_networks(p, found) || len == 4 || memcmp(octets, mapped, sizeof(mapped)) != 0) {
        return is_in_networks(p, found);
    }
    *found = addr_v4(octets + sizeof(mapped), 0);
    return is_in_networks(p, found);
}

static bool has_private_hint(const struct policy *p, const struct rdata_view *rdata, struct addr *found)
{
    enum { PRIORITY_SIZE = 2 };
    size_t head = PRIORITY_SIZE + name_len(rdata->bytes + PRIORITY_SIZE);
    for (unsigned size = 4; size <= 16; size += 12) {
        size_t len;
        unsigned key = size == 4 ? SVCPARAM_IPV4HINT : SVCPARAM_IPV6HINT;
        const uint8_t *hints = svcparam_find(rdata->bytes + head, rdata->len - head, key, &len);
        for (size_t at = 0; hints != NULL && at + size <= len; at += size) {
            if (is_private(p, hints + at, size, found)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_bad(const struct policy *p, uint16_t type, const struct rdata_view *rdata, struct addr *found)
{
    switch (type) {
    case TYPE_A:
    case TYPE_AAAA:
        return is_private(p, rdata->bytes, type == TYPE_A ? 4 : 16, found);
    case TYPE_SVCB:
    case TYPE_HTTPS:
        return has_private_hint(p, rdata, found);
    default:
        return false;
    }
}

static unsigned count_bad(const struct policy *p, const struct rrset *set, struct addr *found)
{
    struct rdata_view rdata;
    struct addr address;
    unsigned count = 0;
    for (size_t at = 0; rdatas_next(&set->data, &at, &rdata);) {
        if (is_bad(p, set->type, &rdata, &address)) {
            *found = address;
            count++;
        }
    }
    return count;
}

static bool has_bad(const struct policy *p, const struct rrset *sets)
{
    struct addr found;
    while (p->private_count > 0 && sets != NULL && count_bad(p, sets, &found) == 0) {
        sets = sets->next;
    }
    return p->private_count > 0 && sets != NULL;
}

/* ---- Names ---- */

/* Whether the operator said, or we know, that `owner` is not the public's. */
static bool is_inside(struct query *q, const uint8_t *owner, uint16_t type)
{
    const struct resolver *r = q->resolver;
    const struct route *route = route_for(r->policy, owner, type);
    struct local_answer local = {0};
    if (route != NULL && !name_is_root(route->zone)) {
        return true;
    }
    if (r->local.find != NULL && r->local.find(r->local.ctx, owner, type, &q->arena, &local) != LOCAL_NONE) {
        return true;
    }
    return r->policy->special_use && special_find(owner, type, &q->arena, &local) != LOCAL_NONE;
}

/* ---- Removal ---- */

/* Leaves what is not private. Without memory for that nothing is left. */
static void strip(struct query *q, struct rrset *set)
{
    const struct policy *p = q->resolver->policy;
    uint8_t *bytes = arena_take(&q->arena, set->data.len);
    struct rdatas kept = {.bytes = bytes};
    struct rdata_view rdata;
    struct addr found;
    for (size_t at = 0; bytes != NULL && rdatas_next(&set->data, &at, &rdata);) {
        if (!is_bad(p, set->type, &rdata, &found)) {
            kept.len += (uint32_t)rdatas_pack(bytes + kept.len, rdata.bytes, rdata.len);
            kept.count++;
        }
    }
    set->data = kept;
    set->sigs = (struct rdatas){.count = 0};
}

static void tell(struct answer *a, const uint8_t *owner, const struct addr *found)
{
    char address[ADDR_TEXT_SIZE];
    char name[NAME_TEXT_SIZE];
    if (a->error_count < EDE_MAX) {
        struct ede *e = &a->errors[a->error_count++];
        e->code = EDE_BLOCKED;
        snprintf(e->text, sizeof(e->text), "private address %s of the public name %.80s left out",
                 addr_text(found, address), name_text(owner, name));
    }
}

void private_remove(struct query *q, struct answer *a)
{
    const struct policy *p = q->resolver->policy;
    bool is_public = false;
    if (!has_bad(p, a->sections[SECTION_ANSWER])) {
        return;
    }
    for (struct rrset **link = &a->sections[SECTION_ANSWER]; *link != NULL;) {
        struct rrset *set = *link;
        struct addr found;
        is_public = is_public || !is_inside(q, set->owner, set->type);
        unsigned bad = is_public ? count_bad(p, set, &found) : 0;
        if (bad > 0) {
            a->private_removed += bad;
            a->security = SECURITY_UNCHECKED;
            tell(a, set->owner, &found);
            strip(q, set);
        }
        if (bad > 0 && set->data.count == 0) {
            *link = set->next;
        } else {
            link = &set->next;
        }
    }
}
