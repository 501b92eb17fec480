#include "resolver/iterate/sentinel.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"

enum { TAG_DIGITS = 5, TAG_MAX = 65535 };

/* Reads PREFIX and five digits as the first label of `name`. */
static bool read_label(const uint8_t *name, const char *prefix, unsigned *tag)
{
    size_t len = strlen(prefix);
    const uint8_t *digits = name + 1 + len;
    if (name[0] != len + TAG_DIGITS || strncasecmp((const char *)name + 1, prefix, len) != 0) {
        return false;
    }
    *tag = 0;
    for (unsigned i = 0; i < TAG_DIGITS; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return false;
        }
        *tag = *tag * 10 + digits[i] - '0';
    }
    return *tag <= TAG_MAX;
}

static bool is_trusted(const struct policy *p, unsigned tag)
{
    const struct anchor *root = anchor_at(&p->anchors, name_root);
    struct rdata_view ds;
    for (size_t at = 0; root != NULL && rdatas_next(&root->ds, &at, &ds);) {
        if (wire_get_u16(ds.bytes) == tag) {
            return true;
        }
    }
    return false;
}

void sentinel_apply(struct query *q)
{
    struct answer *a = &q->answer;
    unsigned tag;
    bool is_address = q->question.type == TYPE_A || q->question.type == TYPE_AAAA;
    if (!q->is_validated || !is_address || a->security != SECURITY_SECURE) {
        return;
    }
    bool says_is = read_label(q->question_name, "root-key-sentinel-is-ta-", &tag);
    bool says_not = !says_is && read_label(q->question_name, "root-key-sentinel-not-ta-", &tag);
    bool is_so = (says_is || says_not) && is_trusted(q->resolver->policy, tag) == says_is;
    if ((!says_is && !says_not) || is_so) {
        return;
    }
    memset(a->sections, 0, sizeof(a->sections));
    a->rcode = RCODE_SERVFAIL;
    a->denies_name = false;
    a->security = SECURITY_UNCHECKED;
    a->errors[0].code = EDE_OTHER;
    snprintf(a->errors[0].text, sizeof(a->errors[0].text), "key %u of the root is %s trust anchor here (RFC 8509)", tag,
             says_is ? "no" : "a");
    a->error_count = 1;
}
