/* The messages that front sends: composed, kept ready, counted and logged. */
#include <string.h>

#include "resolver/base/log.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/iterate/refresh.h"
#include "resolver/server/front_private.h"

size_t front_count(struct front *f, const uint8_t *out, size_t len)
{
    stats_rcode(&f->stats, out[3] & MSG_RCODE);
    if ((out[2] << 8 & MSG_TC) != 0) {
        stats_add(&f->stats, STAT_truncated);
    }
    return len;
}

size_t front_refuse(struct front *f, const struct request *q, unsigned rcode, enum ede_code code, const char *why,
                    uint8_t *out, size_t limit)
{
    struct ede error = {.code = (uint16_t)code};
    bool has_error = code != EDE_OTHER || why[0] != '\0';
    strncpy(error.text, why, sizeof(error.text) - 1);
    const struct responder *r = &front_settings(f)->responder;
    return front_count(f, out, respond_error(r, q, rcode, has_error ? &error : NULL, out, limit));
}

/* What a client is told as Extended DNS Error, for who reads the log. At level debug, but what was just found bogus, a
 * broken zone or an attack, is news. */
static void log_failure(const struct request *q, const struct answer *a)
{
    bool is_news = a->security == SECURITY_BOGUS && !a->is_remembered;
    enum log_level level = is_news ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
    if (!log_wants(level)) {
        return;
    }
    char name[NAME_TEXT_SIZE];
    char type[TYPE_TEXT_SIZE];
    char quoted[2][LOG_QUOTE_SIZE];
    const struct ede *why = &a->errors[0];
    const char *reason = a->error_count == 0 ? "" : why->text[0] != '\0' ? why->text : ede_text(why->code);
    log_limited(level, is_news ? "bogus" : "servfail", "name=%s type=%s reason=%s",
                log_quote(name_text(q->name, name), quoted[0]), type_text(q->type, type), log_quote(reason, quoted[1]));
}

void front_refresh(struct front *f, const struct request *q)
{
    const struct question question = {.name = q->name, .type = q->type, .class = CLASS_IN};
    walks_refresh(f->walks, f->generation, &question, (q->flags & MSG_CD) != 0 ? QUERY_CD : 0);
    stats_add(&f->stats, STAT_refreshed);
}

/* When the answer, composed at `now`, is to be renewed. That is begun here if the time has come already. */
static uint64_t plan_refresh(struct front *f, const struct request *q, const struct answer *a, uint64_t now)
{
    uint64_t at = front_settings(f)->policy.prefetch ? refresh_time(a) : REFRESH_NEVER;
    if (at > now) {
        return at;
    }
    if (a->is_cached) {
        front_refresh(f, q);
    }
    return REFRESH_NEVER;
}

static void note_private(struct front *f, const struct request *q, const struct answer *a)
{
    char name[NAME_TEXT_SIZE];
    char type[TYPE_TEXT_SIZE];
    char quoted[LOG_QUOTE_SIZE];
    stats_add(&f->stats, STAT_private_removed);
    log_limited(LOG_LEVEL_WARN, "private_removed", "name=%s type=%s records=%u",
                log_quote(name_text(q->name, name), quoted), type_text(q->type, type), a->private_removed);
}

static bool is_alias(const struct request *q, const struct answer *a)
{
    const struct rrset *first = a->sections[SECTION_ANSWER];
    return first != NULL && first->type == TYPE_CNAME && q->type != TYPE_CNAME;
}

size_t front_compose(struct front *f, const struct request *q, const struct answer *a, uint32_t epoch, uint8_t *out,
                     size_t limit)
{
    const struct responder *r = &front_settings(f)->responder;
    uint64_t now = front_now(f);
    uint64_t hash = ready_hash(q->key, q->name_len, q->type);
    UNCLEARED struct respond_marks marks;
    ready_prefetch(f->ready, hash); /* its place comes from memory while the message is written */
    size_t len = respond_answer(r, q, a, now, out, limit, &marks);
    if (marks.is_keepable) {
        struct ready_message m = {.bytes = out, .len = len, .marks = marks.marks, .mark_count = marks.count};
        m.is_secure = a->security == SECURITY_SECURE;
        m.is_alias = is_alias(q, a);
        m.refresh_at = plan_refresh(f, q, a, now);
        ready_keep(f->ready, q, hash, epoch, now, &m);
    } else if (a->is_cached && a->error_count > 0) {
        (void)plan_refresh(f, q, a, now); /* insecure for a reason that no ready answer can tell */
    }
    if (a->rcode == RCODE_SERVFAIL) {
        log_failure(q, a);
    }
    if (a->security == SECURITY_BOGUS) {
        stats_add(&f->stats, STAT_bogus);
    }
    if (a->private_removed > 0) {
        note_private(f, q, a);
    }
    if (a->is_stale) {
        stats_add(&f->stats, STAT_stale);
    }
    struct respond_extra extra = {.rcode = respond_rcode(q, a), .errors = a->errors, .error_count = a->error_count};
    return front_count(f, out, respond_add_opt(r, q, &extra, out, len, limit));
}
