#include "resolver/iterate/alias.h"

#include "resolver/dns/msg.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

bool answer_append(struct query *q, struct frame *f, enum section section, const struct rrset *set)
{
    struct rrset *copy = arena_copy(&q->arena, set, sizeof(*set));
    if (copy == NULL) {
        frame_end_memory(q, f);
        return false;
    }
    copy->next = NULL;
    rrset_append(&f->sections[section], copy);
    return true;
}

bool answer_append_all(struct query *q, struct frame *f, enum section section, const struct rrset *sets)
{
    for (; sets != NULL; sets = sets->next) {
        bool is_there = rrset_find(f->sections[section], sets->owner, sets->type) != NULL;
        if (!is_there && !answer_append(q, f, section, sets)) {
            return false;
        }
    }
    return true;
}

/* A chain that comes back to a name it has passed. */
static bool is_circular(const struct frame *f, const uint8_t *target)
{
    for (const struct rrset *set = f->sections[SECTION_ANSWER]; set != NULL; set = set->next) {
        if (set->type == TYPE_CNAME && name_equal(set->owner, target)) {
            return true;
        }
    }
    return false;
}

enum known alias_move(struct query *q, struct frame *f, const uint8_t *target)
{
    if (f->is_raw) { /* an alias has no keys, and is no cut */
        frame_end(f, OUTCOME_ANSWER, RCODE_NOERROR);
        return KNOWN_ANSWER;
    }
    f->name = target;
    frame_begin(f);
    trace_add(&q->trace, TRACE_ALIAS, target, f->type, q->now);
    bool is_long = ++f->aliases > limit_get(query_limits(q), aliases);
    if (is_long || is_circular(f, target)) {
        query_hit_limit(q, LIMIT_ID_aliases);
        frame_end(f, is_long ? OUTCOME_LIMIT : OUTCOME_FAILED, RCODE_SERVFAIL);
        return KNOWN_ANSWER;
    }
    return KNOWN_ALIAS;
}

static enum known follow_cname(struct query *q, struct frame *f, const struct rrset *cname)
{
    if (!answer_append(q, f, SECTION_ANSWER, cname)) {
        return KNOWN_ANSWER;
    }
    return alias_move(q, f, rdatas_first(&cname->data).bytes);
}

static enum known follow_dname(struct query *q, struct frame *f, const struct rrset *dname)
{
    uint8_t target[NAME_SIZE];
    bool is_told = rrset_find(f->sections[SECTION_ANSWER], dname->owner, TYPE_DNAME) != NULL;
    if (!is_told && !answer_append(q, f, SECTION_ANSWER, dname)) {
        return KNOWN_ANSWER;
    }
    if (name_replace_suffix(f->name, dname->owner, rdatas_first(&dname->data).bytes, target) != FAIL_NONE) {
        frame_end(f, OUTCOME_ANSWER, RCODE_YXDOMAIN);
        return KNOWN_ANSWER;
    }
    struct rdata_view rdata = {.bytes = target, .len = (uint16_t)name_len(target)};
    struct rrset *cname = rrset_single(&q->arena, f->name, TYPE_CNAME, dname->ttl, rdata);
    if (cname == NULL) {
        frame_end_memory(q, f);
        return KNOWN_ANSWER;
    }
    cname->expires = dname->expires;
    rrset_append(&f->sections[SECTION_ANSWER], cname);
    if (f->type == TYPE_CNAME || f->type == TYPE_ANY) {
        frame_end(f, OUTCOME_ANSWER, RCODE_NOERROR);
        return KNOWN_ANSWER;
    }
    return alias_move(q, f, rdatas_first(&cname->data).bytes);
}

enum known alias_follow(struct query *q, struct frame *f, const struct rrset *link)
{
    if (!answer_append_all(q, f, SECTION_AUTHORITY, link->next)) {
        return KNOWN_ANSWER;
    }
    return link->type == TYPE_DNAME ? follow_dname(q, f, link) : follow_cname(q, f, link);
}
