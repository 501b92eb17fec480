#include "resolver/server/respond.h"

#include <string.h>

#include "resolver/dns/type.h"

size_t respond_limit(const struct request *q, bool is_tcp)
{
    if (is_tcp) {
        return MSG_SIZE_MAX;
    }
    if (!q->edns.present || q->edns.udp_size < MSG_UDP_PLAIN) {
        return MSG_UDP_PLAIN;
    }
    return q->edns.udp_size < RESPOND_UDP_MAX ? q->edns.udp_size : RESPOND_UDP_MAX;
}

static struct edns opt_for(const struct responder *r, const struct request *q)
{
    UNCLEARED struct edns e;
    edns_clear(&e);
    e.present = true;
    e.dnssec_ok = q->edns.dnssec_ok;
    e.udp_size = RESPOND_UDP_MAX;
    if (q->edns.wants_nsid && r->nsid != NULL) {
        e.nsid = r->nsid;
        e.nsid_len = r->nsid_len;
    }
    if (q->edns.cookie_len == EDNS_COOKIE_SIZE) {
        memcpy(e.cookie, q->edns.cookie, sizeof(e.cookie));
        e.cookie_len = EDNS_COOKIE_SIZE;
    }
    e.has_keepalive = q->edns.has_keepalive;
    e.keepalive = q->edns.keepalive;
    return e;
}

static uint16_t header_flags(const struct responder *r, const struct request *q)
{
    uint16_t copied = q->flags & (MSG_OPCODE | MSG_RD | MSG_CD);
    return (uint16_t)(MSG_QR | copied | (r->recursion_available ? MSG_RA : 0));
}

static void begin(struct msg_writer *m, const struct request *q, uint8_t *out, size_t limit, unsigned flags)
{
    struct question question = {.name = q->name, .type = q->type, .class = q->class};
    msg_begin(m, out, limit, q->id, (uint16_t)flags, q->name_len > 0 ? &question : NULL);
}

/* Records that only DNSSEC-aware clients asked for (RFC 4035 3.1). */
static bool is_wanted(const struct rrset *set, const struct request *q)
{
    bool is_proof = set->type == TYPE_NSEC || set->type == TYPE_NSEC3 || set->type == TYPE_RRSIG;
    return !is_proof || q->edns.dnssec_ok || set->type == q->type || q->type == TYPE_ANY;
}

/* False: a set that must be there did not fit. */
static bool put_sections(struct msg_writer *m, const struct request *q, const struct answer *a)
{
    for (enum section s = SECTION_ANSWER; s < SECTION_COUNT; s++) {
        for (const struct rrset *set = a->sections[s]; set != NULL; set = set->next) {
            bool wanted = s == SECTION_ANSWER || is_wanted(set, q);
            if (wanted && msg_put_rrset(m, s, set, q->edns.dnssec_ok) != FAIL_NONE && s != SECTION_ADDITIONAL) {
                return false;
            }
        }
    }
    return true;
}

size_t respond_opt_size(const struct responder *r, const struct request *q)
{
    if (!q->edns.present) {
        return 0;
    }
    struct edns opt = opt_for(r, q);
    return edns_size(&opt);
}

unsigned respond_rcode(const struct request *q, const struct answer *a)
{
    return a->denies_name && !q->edns.dnssec_ok ? RCODE_NXDOMAIN : a->rcode;
}

size_t respond_answer(const struct responder *r, const struct request *q, const struct answer *a, uint64_t now,
                      uint8_t *out, size_t limit, struct respond_marks *marks)
{
    UNCLEARED struct msg_writer m;
    unsigned flags = header_flags(r, q) | (respond_rcode(q, a) & MSG_RCODE) | (a->authoritative ? MSG_AA : 0);
    if (a->security == SECURITY_SECURE && request_wants_ad(q)) {
        flags |= MSG_AD;
    }
    begin(&m, q, out, limit, flags);
    m.now = now;
    m.marks = marks->marks;
    m.mark_max = RESPOND_MARKS;
    msg_reserve(&m, respond_opt_size(r, q));
    bool is_whole = put_sections(&m, q, a);
    marks->count = m.mark_count;
    marks->is_keepable = is_whole && !m.marks_lost && !a->is_local && a->error_count == 0 &&
                         (a->rcode == RCODE_NOERROR || a->rcode == RCODE_NXDOMAIN);
    return msg_finish(&m, !is_whole);
}

/* Codes alone: most clients look at nothing else. */
static void strip_texts(struct edns *opt, struct ede bare[EDE_MAX])
{
    for (unsigned i = 0; i < opt->error_count; i++) {
        bare[i] = (struct ede){.code = opt->errors[i].code};
    }
    opt->errors = bare;
}

size_t respond_add_opt(const struct responder *r, const struct request *q, const struct respond_extra *extra,
                       uint8_t *out, size_t len, size_t limit)
{
    if (!q->edns.present) {
        return len;
    }
    struct edns opt = opt_for(r, q);
    opt.errors = extra->errors;
    opt.error_count = extra->error_count;
    UNCLEARED struct ede bare[EDE_MAX];
    if (opt.error_count > 0 && len + edns_size(&opt) > limit) {
        strip_texts(&opt, bare);
    }
    while (opt.error_count > 0 && len + edns_size(&opt) > limit) {
        opt.error_count--;
    }
    UNCLEARED struct msg_writer m;
    msg_resume(&m, out, len, limit);
    if (msg_put_opt(&m, &opt, extra->rcode) != FAIL_NONE) {
        return len;
    }
    return msg_finish(&m, (out[2] << 8 & MSG_TC) != 0);
}

size_t respond_error(const struct responder *r, const struct request *q, unsigned rcode, const struct ede *error,
                     uint8_t *out, size_t limit)
{
    struct msg_writer m;
    begin(&m, q, out, limit, header_flags(r, q) | (rcode & MSG_RCODE));
    struct respond_extra extra = {.rcode = rcode, .errors = error, .error_count = error != NULL ? 1 : 0};
    return respond_add_opt(r, q, &extra, out, msg_finish(&m, false), limit);
}

size_t respond_truncated(const struct responder *r, const struct request *q, uint8_t *out, size_t limit)
{
    struct msg_writer m;
    struct respond_extra extra = {.rcode = RCODE_NOERROR};
    begin(&m, q, out, limit, header_flags(r, q));
    return respond_add_opt(r, q, &extra, out, msg_finish(&m, true), limit);
}
