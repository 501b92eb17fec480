#include "resolver/iterate/finding.h"

#include "resolver/dns/name.h"
#include "resolver/iterate/aggressive.h"
#include "resolver/iterate/stale.h"
#include "resolver/validate/denial.h"

bool finding_is_kept(const struct query *q, const struct frame *f)
{
    return f->depth == 0 && q->resolver->policy->validation && (q->flags & QUERY_PRIME) == 0;
}

static struct finding *add(struct query *q, struct frame *f)
{
    struct finding *l = arena_take(&q->arena, sizeof(*l));
    if (l == NULL) {
        frame_end_memory(q, f);
        return NULL;
    }
    struct finding **end = &f->findings;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = l;
    l->asked = f->name;
    l->aliases = f->aliases;
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        l->shown[i] = &f->sections[i];
        while (*l->shown[i] != NULL) {
            l->shown[i] = &(*l->shown[i])->next;
        }
    }
    return l;
}

bool finding_add(struct query *q, struct frame *f, const struct cache_entry *e, bool is_stored)
{
    struct finding *l = finding_is_kept(q, f) ? add(q, f) : NULL;
    if (l != NULL) {
        l->entry = *e;
        l->is_stored = is_stored;
        l->zone = is_stored ? NULL : f->cut.zone;
        l->own_cut = f->own_cut;
        l->unverified = e->sets;
        l->ttl_max = UINT32_MAX;
    }
    return f->outcome == OUTCOME_OPEN;
}

bool finding_add_local(struct query *q, struct frame *f)
{
    struct finding *l = finding_is_kept(q, f) ? add(q, f) : NULL;
    if (l != NULL) {
        l->entry.security = SECURITY_INSECURE;
        l->is_stored = true;
    }
    return f->outcome == OUTCOME_OPEN;
}

static void cap(struct rrset *set, uint64_t expires, uint32_t ttl)
{
    if (set->expires > expires) {
        set->expires = expires;
        set->ttl = ttl;
    }
}

/* An entry's TTL counts from when it was stored. */
void finding_cap(struct query *q, struct finding *l, uint32_t seconds)
{
    uint64_t expires = q->now + 1000ull * seconds;
    uint32_t ttl = (uint32_t)((expires - l->entry.stored) / 1000);
    for (struct rrset *set = l->entry.sets; set != NULL; set = set->next) {
        l->is_stored = l->is_stored && set->expires <= expires;
        cap(set, expires, ttl);
    }
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        struct rrset **end = l->next != NULL ? l->next->shown[i] : NULL;
        for (struct rrset **at = l->shown[i]; at != end && *at != NULL; at = &(*at)->next) {
            cap(*at, expires, seconds);
        }
    }
}

void finding_undo(struct frame *f, struct finding *l)
{
    struct finding **at = &f->findings;
    while (*at != l) {
        at = &(*at)->next;
    }
    *at = NULL;
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        *l->shown[i] = NULL;
    }
    f->name = l->asked;
    f->aliases = l->aliases;
    f->outcome = OUTCOME_OPEN;
}

/* Bogus data does not push out what was good once and may be served while there is nothing better. */
static bool may_store(struct query *q, const struct finding *l)
{
    return !l->is_stored && (l->entry.security != SECURITY_BOGUS || !stale_has(q, l->entry.name, l->entry.type));
}

void finding_store(struct query *q, struct frame *f)
{
    for (struct finding *l = f->findings; l != NULL; l = l->next) {
        if (may_store(q, l)) {
            query_store(q, &l->entry);
            aggressive_learn(q, l);
            l->is_stored = true;
        }
    }
}

/* From best to worst. */
static unsigned rank(enum security s)
{
    static const uint8_t ranks[] = {[SECURITY_SECURE] = 0,
                                    [SECURITY_INSECURE] = 1,
                                    [SECURITY_INDETERMINATE] = 2,
                                    [SECURITY_UNCHECKED] = 3,
                                    [SECURITY_BOGUS] = 4};
    return ranks[s];
}

bool finding_denies_name(const struct frame *f)
{
    const struct finding *l = f->findings;
    while (l != NULL && l->next != NULL) {
        l = l->next;
    }
    return l != NULL && l->entry.is_negative && l->entry.security == SECURITY_SECURE &&
           denial_is_compact_name_error(l->entry.sets, l->entry.name);
}

enum security finding_security(const struct frame *f)
{
    enum security worst = f->findings != NULL ? SECURITY_SECURE : SECURITY_UNCHECKED;
    for (const struct finding *l = f->findings; l != NULL; l = l->next) {
        worst = rank(l->entry.security) > rank(worst) ? l->entry.security : worst;
    }
    return worst;
}
