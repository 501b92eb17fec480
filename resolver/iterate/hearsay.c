#include "resolver/iterate/hearsay.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/pick.h"
#include "resolver/iterate/reply.h"
#include "resolver/iterate/scrub.h"
#include "resolver/iterate/servers.h"

struct hearsay {
    const struct msg *reply;
    enum reply_kind kind;
    struct query_event event; /* that brought it, without its bytes */
    unsigned sends;           /* of the frame by then */
    bool is_last_resort;      /* one opinion is not enough: all servers are asked */
};

static bool has_authority(const struct msg *m)
{
    return (m->flags & MSG_AA) != 0;
}

static bool is_hearsay(const struct frame *f, const struct msg *m, enum reply_kind kind)
{
    bool is_negative = kind == REPLY_NODATA || kind == REPLY_NXDOMAIN;
    return !has_authority(m) || (is_negative && scrub_soa(m, f->cut.zone, f->name) == NULL);
}

static bool is_other(struct query *q, struct frame *f, struct target *other)
{
    const struct server_info *info = pick_info(q, other);
    bool is_resting = info != NULL && q->now < info->dead_until;
    return other->tries[0] + other->tries[1] == 0 && !is_resting && pick_may_ask(q, f, other) &&
           !servers_is_lame(q->resolver->servers, &other->addr, f->cut.zone, q->now);
}

static bool has_other(struct query *q, struct frame *f, const struct target *t)
{
    for (unsigned i = 0; i < f->cut.target_count; i++) {
        if (&f->cut.targets[i] != t && is_other(q, f, &f->cut.targets[i])) {
            return true;
        }
    }
    return false;
}

static void keep(struct query *q, struct frame *f, struct hearsay *h, const struct msg *m, enum reply_kind kind)
{
    *h = (struct hearsay){.reply = m, .kind = kind, .event = *q->event, .sends = f->sends};
    h->event.bytes = NULL;
    h->event.len = 0;
    f->hearsay = h;
}

bool hearsay_keep(struct query *q, struct frame *f, const struct msg *m, struct target *t, enum reply_kind kind)
{
    bool has_some = f->hearsay != NULL && !f->hearsay->is_last_resort;
    if (f->cut.source == CUT_FORWARD || has_some || !is_hearsay(f, m, kind)) {
        return false;
    }
    bool was_known = servers_is_lame(q->resolver->servers, &t->addr, f->cut.zone, q->now);
    if (!has_authority(m)) {
        servers_set_lame(q->resolver->servers, &t->addr, f->cut.zone, q->now);
    }
    struct hearsay *h = !was_known && has_other(q, f, t) ? arena_take(&q->arena, sizeof(*h)) : NULL;
    if (h == NULL) {
        return false;
    }
    keep(q, f, h, m, kind);
    t->is_out = true;
    return true;
}

/* Beside NXDOMAIN the zone's own NS mean nothing; beside NOERROR they would be a referral (RFC 2308 2.1, 2.2). */
static bool says_nothing_else(const struct frame *f, const struct msg *m)
{
    for (const struct rrset *set = m->sections[SECTION_AUTHORITY]; set != NULL; set = set->next) {
        if (m->rcode != RCODE_NXDOMAIN || set->type != TYPE_NS || !in_zone(set->owner, f->cut.zone)) {
            return false;
        }
    }
    return m->sections[SECTION_ANSWER] == NULL;
}

/* Where denials are proven such a reply is worth no more than none. */
static bool is_bare_denial(const struct frame *f, const struct msg *m)
{
    bool is_denial = m->rcode == RCODE_NOERROR || m->rcode == RCODE_NXDOMAIN;
    bool is_proven = f->cut.is_signed || f->type == TYPE_DS || f->type == TYPE_DNSKEY;
    return is_denial && !is_proven && says_nothing_else(f, m);
}

void hearsay_keep_bare(struct query *q, struct frame *f, const struct msg *m)
{
    struct hearsay *h = f->hearsay == NULL && is_bare_denial(f, m) ? arena_take(&q->arena, sizeof(*h)) : NULL;
    if (h != NULL) {
        keep(q, f, h, m, m->rcode == RCODE_NXDOMAIN ? REPLY_NXDOMAIN : REPLY_NODATA);
        h->is_last_resort = true;
    }
}

bool hearsay_is_all(const struct frame *f)
{
    return f->hearsay != NULL && !f->hearsay->is_last_resort && f->sends > f->hearsay->sends;
}

void hearsay_leave(struct frame *f)
{
    bool is_back = f->left.zone != NULL && name_equal(f->left.zone, f->cut.zone);
    if (f->hearsay != NULL && !(is_back && f->hearsay->is_last_resort)) {
        f->hearsay = NULL;
    }
}

enum known hearsay_take(struct query *q, struct frame *f)
{
    const struct hearsay *h = f->hearsay;
    f->hearsay = NULL;
    if (h == NULL) {
        return KNOWN_NOTHING;
    }
    q->event = &h->event;
    f->source = h->event.server;
    return reply_take(q, f, h->reply, f->cut.zone, h->kind);
}
