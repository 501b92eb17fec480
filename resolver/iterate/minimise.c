#include "resolver/iterate/minimise.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

/* Parts of names are asked for with type A (RFC 9156 2.1): the type that servers answer best, and no different from
 * what most whole names are asked for. */
enum { PART_TYPE = TYPE_A };

const uint8_t *minimise_name(const struct frame *f)
{
    if (f->seeks_parent) {
        return name_parent(f->name);
    }
    return minimise_is_part(f) ? name_strip(f->name, name_labels(f->name) - f->shown) : f->name;
}

uint16_t minimise_type(const struct frame *f)
{
    if (f->seeks_parent) {
        return TYPE_NS;
    }
    return minimise_is_part(f) ? PART_TYPE : f->type;
}

bool minimise_is_part(const struct frame *f)
{
    return !f->seeks_parent && f->shown < name_labels(f->name);
}

/* The labels to show after `shown` were (RFC 9156 2.3): the first ones below the zone one by one, the others divided
 * over the steps that are left; of those the last shows all. */
static unsigned grow(struct query *q, const struct frame *f, unsigned shown, unsigned all)
{
    const struct limits *limits = query_limits(q);
    unsigned most = limit_get(limits, qname_steps);
    if (f->steps + 1 >= most || f->sends >= limit_get(limits, sends_per_name) / 2) {
        q->resolver->limit_hits[LIMIT_ID_qname_steps] += shown + 1 < all;
        return all;
    }
    if (shown - name_labels(f->cut.zone) < limit_get(limits, qname_single_labels)) {
        return shown + 1;
    }
    unsigned share = (all - shown) / (most - f->steps);
    q->resolver->limit_hits[LIMIT_ID_qname_single_labels] += share > 1;
    return shown + (share > 0 ? share : 1);
}

enum part { PART_UNKNOWN, PART_EXISTS, PART_DENIED };

static bool is_cached(struct query *q, struct frame *f, enum cache_slot slot, const uint8_t *name)
{
    const struct cache_entry *e = NULL;
    uint16_t type = slot == CACHE_ANSWER ? PART_TYPE : 0;
    int failed = cache_find(q->resolver->cache, slot, name, type, q->now, 0, &q->arena, &e);
    return failed == FAIL_NONE && e != NULL && cut_find_target(&f->cut, &e->source) != NULL;
}

/* What the cache says counts only when it came from a server of this zone: that one has seen the part before, and it
 * knew of no deeper zone. A zone just found has not been asked anything. */
static enum part recall(struct query *q, struct frame *f, const uint8_t *name)
{
    if (f->cut.source == CUT_REFERRAL) {
        return PART_UNKNOWN;
    }
    if (is_cached(q, f, CACHE_ANSWER, name)) {
        return PART_EXISTS;
    }
    return is_cached(q, f, CACHE_NXDOMAIN, name) ? PART_DENIED : PART_UNKNOWN;
}

static void advance(struct query *q, struct frame *f, unsigned shown)
{
    unsigned all = name_labels(f->name);
    f->shown = shown < all ? grow(q, f, shown, all) : all;
    while (f->shown < all) {
        enum part part = recall(q, f, name_strip(f->name, all - f->shown));
        if (part == PART_UNKNOWN) {
            return;
        }
        f->steps++;
        f->shown = part == PART_DENIED ? all : grow(q, f, f->shown, all);
    }
}

void minimise_begin(struct query *q, struct frame *f)
{
    if (f->shown > 0) {
        return;
    }
    if (q->resolver->policy->qname_minimisation && f->cut.source != CUT_FORWARD && f->above == NULL) {
        advance(q, f, name_labels(f->cut.zone));
    } else {
        f->shown = name_labels(f->name);
    }
}

/* Another question: what servers did with the last one says little about this one. */
static void forgive(struct frame *f)
{
    for (unsigned i = 0; i < f->cut.target_count; i++) {
        struct target *t = &f->cut.targets[i];
        t->tries[0] = t->tries[1] = 0;
        t->timeouts = 0;
        t->needs_tcp = false;
    }
}

void minimise_extend(struct query *q, struct frame *f)
{
    f->steps++;
    advance(q, f, f->shown);
    forgive(f);
}

void minimise_stop(struct frame *f)
{
    f->shown = name_labels(f->name);
}

void minimise_give_up(struct frame *f)
{
    minimise_stop(f);
    forgive(f);
}
