#include "resolver/iterate/classify.h"

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/scrub.h"

static const char *const texts[] = {
    [REPLY_ANSWER] = "an answer",    [REPLY_ALIAS] = "an alias",     [REPLY_REFERRAL] = "a referral",
    [REPLY_NODATA] = "NODATA",       [REPLY_NXDOMAIN] = "NXDOMAIN",  [REPLY_LAME] = "not authoritative",
    [REPLY_SERVFAIL] = "SERVFAIL",   [REPLY_REFUSED] = "REFUSED",    [REPLY_FORMERR] = "FORMERR",
    [REPLY_TRUNCATED] = "truncated", [REPLY_JUNK] = "invalid reply",
};

const char *reply_kind_text(enum reply_kind kind)
{
    return (unsigned)kind < sizeof(texts) / sizeof(texts[0]) ? texts[kind] : "";
}

/* NS of a zone above or beside the one asked, or of any without one: a server that refers upwards knows nothing, even
 * if it claims authority. */
static bool refers_elsewhere(const struct msg *m, const uint8_t *zone)
{
    for (const struct rrset *set = m->sections[SECTION_AUTHORITY]; set != NULL; set = set->next) {
        if (set->type == TYPE_NS && (zone == NULL || !in_zone(set->owner, zone))) {
            return true;
        }
    }
    return false;
}

/* Without an answer, what makes a reply negative is the zone's SOA, or the word of an authoritative server alone (RFC
 * 2308 2.1, 2.2). Neither: a referral, or a server that knows nothing. */
static enum reply_kind classify_empty(const struct msg *m, const uint8_t *zone, const uint8_t *name, uint16_t type)
{
    bool has_soa = scrub_soa(m, zone, name) != NULL;
    if (m->rcode == RCODE_NOERROR && !has_soa && scrub_ns(m, zone, name, type) != NULL) {
        return REPLY_REFERRAL;
    }
    if (!has_soa && ((m->flags & MSG_AA) == 0 || refers_elsewhere(m, zone))) {
        return REPLY_LAME;
    }
    if (m->rcode == RCODE_NXDOMAIN) {
        return REPLY_NXDOMAIN;
    }
    return m->rcode == RCODE_NOERROR ? REPLY_NODATA : REPLY_JUNK;
}

static enum reply_kind classify_content(const struct msg *m, const uint8_t *zone, const uint8_t *name, uint16_t type)
{
    /* First, because the CNAME made from it is the answer to CNAME and ANY, but no record of the zone's own. */
    if (scrub_dname(m, zone, name) != NULL) {
        return REPLY_ALIAS;
    }
    if (scrub_answer(m, name, type) != NULL) {
        return REPLY_ANSWER;
    }
    if (scrub_cname(m, name) != NULL) {
        return REPLY_ALIAS;
    }
    return classify_empty(m, zone, name, type);
}

enum reply_kind classify_target(const struct msg *m, const uint8_t *zone, const uint8_t *name, uint16_t type)
{
    enum reply_kind kind = classify_content(m, zone, name, type);
    bool is_told = kind == REPLY_ANSWER || kind == REPLY_ALIAS || scrub_soa(m, zone, name) != NULL;
    return is_told ? kind : REPLY_LAME;
}

enum reply_kind classify_forwarded(const struct msg *m, enum reply_kind kind)
{
    bool offers_recursion = (m->flags & MSG_RA) != 0;
    if (kind == REPLY_REFERRAL) {
        return REPLY_LAME;
    }
    if (kind != REPLY_LAME || !offers_recursion) {
        return kind;
    }
    if (m->rcode == RCODE_NXDOMAIN) {
        return REPLY_NXDOMAIN;
    }
    return m->rcode == RCODE_NOERROR && !refers_elsewhere(m, NULL) ? REPLY_NODATA : kind;
}

static bool is_for(const struct msg *m, const uint8_t *name, uint16_t type)
{
    const struct question *q = &m->question;
    return q->type == type && q->class == CLASS_IN && name_equal(q->name, name);
}

enum reply_kind classify_reply(const struct msg *m, const uint8_t *zone, const uint8_t *name, uint16_t type,
                               bool over_tcp)
{
    if ((m->flags & MSG_QR) == 0 || (m->has_question && !is_for(m, name, type))) {
        return REPLY_JUNK;
    }
    switch (m->rcode) {
    case RCODE_FORMERR:
    case RCODE_NOTIMP:
    case RCODE_BADVERS:
        return REPLY_FORMERR;
    case RCODE_SERVFAIL:
        return REPLY_SERVFAIL;
    case RCODE_REFUSED:
        return REPLY_REFUSED;
    case RCODE_NOTAUTH:
        return REPLY_LAME;
    case RCODE_NOERROR:
    case RCODE_NXDOMAIN:
    case RCODE_YXDOMAIN:
        break;
    default:
        return REPLY_JUNK;
    }
    if (!m->has_question) {
        return REPLY_JUNK;
    }
    if ((m->flags & MSG_TC) != 0) {
        return over_tcp ? REPLY_JUNK : REPLY_TRUNCATED;
    }
    return classify_content(m, zone, name, type);
}
