#include "resolver/iterate/compose.h"

#include <string.h>

#include "resolver/dns/msg.h"
#include "resolver/iterate/finding.h"
#include "resolver/iterate/private.h"
#include "resolver/iterate/secure.h"
#include "resolver/iterate/sentinel.h"
#include "resolver/iterate/stale.h"

static void add_reasons(struct query *q, const struct frame *f)
{
    struct answer *out = &q->answer;
    if (f->outcome == OUTCOME_MISS) {
        out->is_miss = true;
        out->errors[0] = (struct ede){.code = EDE_OTHER, .text = "not in the cache, and no server may be asked"};
        out->error_count = 1;
    } else if (f->outcome != OUTCOME_KNOWN_FAILURE) {
        out->error_count = secure_errors(q, f, out->errors);
        out->error_count = out->error_count > 0 ? out->error_count : trace_errors(&q->trace, out->errors);
    }
}

/* Old data instead of a failure, with the reasons of both. */
static void use_stale(struct query *q)
{
    struct answer *out = &q->answer;
    const struct answer *stale = stale_find(q);
    if (stale == NULL) {
        return;
    }
    struct answer failure = *out;
    *out = *stale;
    out->is_remembered = failure.is_remembered;
    for (unsigned i = 0; stale->is_stale && i < failure.error_count && out->error_count < EDE_MAX; i++) {
        out->errors[out->error_count++] = failure.errors[i];
    }
}

void compose_answer(struct query *q, const struct frame *f)
{
    struct answer *out = &q->answer;
    out->rcode = f->rcode;
    out->is_local = q->is_local;
    out->authoritative = q->authoritative;
    out->is_cached = q->used[LIMIT_ID_sends] == 0 && !q->is_local;
    if (f->outcome == OUTCOME_ANSWER) {
        memcpy(out->sections, f->sections, sizeof(out->sections));
        out->security = finding_security(f);
        out->denies_name = f->rcode == RCODE_NOERROR && finding_denies_name(f);
        out->error_count = secure_errors(q, f, out->errors);
        private_remove(q, out);
        sentinel_apply(q);
    } else {
        bool is_bogus = f->outcome == OUTCOME_BOGUS || (q->failure != NULL && q->failure->security == SECURITY_BOGUS);
        out->security = is_bogus ? SECURITY_BOGUS : SECURITY_UNCHECKED;
        add_reasons(q, f);
        out->is_remembered = f->outcome == OUTCOME_KNOWN_FAILURE;
        use_stale(q);
    }
    if (q->has_reason && f->outcome != OUTCOME_KNOWN_FAILURE && out->error_count < EDE_MAX) {
        out->errors[out->error_count++] = q->reason;
    }
}
