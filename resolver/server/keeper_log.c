#include "resolver/server/keeper_log.h"

#include <string.h>

#include "resolver/base/log.h"
#include "resolver/dns/edns.h"
#include "resolver/dns/name.h"
#include "resolver/validate/dnskey.h"

static const struct rollover_key *find_key(const struct rollover *r, struct rdata_view dnskey)
{
    for (unsigned i = 0; i < r->count; i++) {
        const struct rdata_view *have = &r->keys[i].dnskey;
        if (have->len == dnskey.len && memcmp(have->bytes, dnskey.bytes, dnskey.len) == 0) {
            return &r->keys[i];
        }
    }
    return NULL;
}

static void log_key(const struct rollover *r, const struct rollover_key *before, const struct rollover_key *after)
{
    char zone[NAME_TEXT_SIZE];
    const struct rollover_key *key = after != NULL ? after : before;
    if (before != NULL && after != NULL && before->state == after->state) {
        return;
    }
    log_info("trust_anchor", "zone=%s key_tag=%u state=%s was=%s", name_text(r->zone, zone), key_tag(key->dnskey),
             after != NULL ? key_state_text(after->state) : "forgotten",
             before != NULL ? key_state_text(before->state) : "unknown");
}

void keeper_log_keys(const struct rollover *before, const struct rollover *after)
{
    for (unsigned i = 0; i < before->count; i++) {
        log_key(after, &before->keys[i], find_key(after, before->keys[i].dnskey));
    }
    for (unsigned i = 0; i < after->count; i++) {
        if (find_key(before, after->keys[i].dnskey) == NULL) {
            log_key(after, NULL, &after->keys[i]);
        }
    }
}

void keeper_log_failure(const struct rollover *r, const char *reason, const struct fault *why)
{
    char zone[NAME_TEXT_SIZE];
    name_text(r->zone, zone);
    if (why == NULL) {
        log_warn("trust_anchor_query_failed", "zone=%s reason=\"%s\" again_in_s=%u", zone, reason, r->retry_s);
    } else {
        log_warn("trust_anchor_query_failed", "zone=%s reason=\"%s%s%s\" key_tag=%u again_in_s=%u", zone,
                 ede_text(why->code), why->detail != NULL ? ": " : "", why->detail != NULL ? why->detail : "",
                 why->key_tag, r->retry_s);
    }
}
