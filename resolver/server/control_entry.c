#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "resolver/server/control.h"

static const char *const slots[] = {[CACHE_ANSWER] = "answer",
                                    [CACHE_NXDOMAIN] = "nxdomain",
                                    [CACHE_DELEGATION] = "delegation",
                                    [CACHE_FAILURE] = "failure",
                                    [CACHE_PROOF] = "proof"};
static const char *const trusts[] = {[TRUST_NONE] = "none",
                                     [TRUST_REFERRAL] = "referral",
                                     [TRUST_ANSWER] = "answer",
                                     [TRUST_AUTHORITATIVE] = "authoritative",
                                     [TRUST_VALIDATED] = "validated"};
static const char *const securities[] = {[SECURITY_UNCHECKED] = "unchecked",
                                         [SECURITY_INDETERMINATE] = "indeterminate",
                                         [SECURITY_INSECURE] = "insecure",
                                         [SECURITY_SECURE] = "secure",
                                         [SECURITY_BOGUS] = "bogus"};

enum { RDATA_TEXT_SIZE = 4096 }; /* longer records are cut, as for a screen */

static json_t *record(const struct rrset *set, const char *owner, uint16_t type, struct rdata_view rdata, uint64_t now)
{
    char data[RDATA_TEXT_SIZE], type_name[TYPE_TEXT_SIZE];
    rdata_text(type, rdata.bytes, rdata.len, data, sizeof(data));
    return json_pack("{s:s, s:s, s:I, s:s}", "name", owner, "type", type_text(type, type_name), "ttl",
                     (json_int_t)rrset_ttl_at(set, now), "data", data);
}

static void add_records(json_t *out, const struct rrset *set, uint64_t now)
{
    char owner[NAME_TEXT_SIZE];
    struct rdata_view rdata;
    name_text(set->owner, owner);
    for (size_t at = 0; rdatas_next(&set->data, &at, &rdata);) {
        json_array_append_new(out, record(set, owner, set->type, rdata, now));
    }
    for (size_t at = 0; rdatas_next(&set->sigs, &at, &rdata);) {
        json_array_append_new(out, record(set, owner, TYPE_RRSIG, rdata, now));
    }
}

static json_int_t seconds_left(uint64_t expires, uint64_t now)
{
    return expires > now ? (json_int_t)((expires - now + 999) / 1000) : 0;
}

/* What a failure or an insecure entry says, as in an answer: "No Reachable Authority: 192.0.2.1 timed out". */
static json_t *error_text(const struct cache_entry *e)
{
    const char *text = e->error.text;
    return json_sprintf("%s%s%s", ede_text(e->error.code), text[0] != '\0' ? ": " : "", text);
}

static json_t *list_records(const struct rrset *sets, uint64_t now)
{
    json_t *records = json_array();
    for (const struct rrset *set = sets; set != NULL; set = set->next) {
        add_records(records, set, now);
    }
    return records;
}

json_t *control_cache_entry(const struct cache_entry *e, uint64_t now)
{
    char name[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE], source[ADDR_TEXT_SIZE];
    json_t *entry =
        json_pack("{s:s, s:s, s:s, s:b, s:I, s:s, s:s, s:I, s:I, s:o}", "name", name_text(e->name, name), "type",
                  e->type != 0 ? type_text(e->type, type) : "", "slot", slots[e->slot], "negative",
                  (int)(e->is_negative || e->slot == CACHE_NXDOMAIN), "ttl", seconds_left(e->expires, now), "trust",
                  trusts[e->trust], "security", securities[e->security], "stored", (json_int_t)(e->stored / 1000),
                  "expires", (json_int_t)(e->expires / 1000), "records", list_records(e->sets, now));
    if (entry != NULL && e->source.len > 0) {
        json_object_set_new(entry, "source", json_string(addr_text(&e->source, source)));
        json_object_set_new(entry, "transport", json_string(e->source_tcp ? "tcp" : "udp"));
    }
    if (entry != NULL && e->foreign != NULL) {
        json_object_set_new(entry, "last_resort", list_records(e->foreign, now));
    }
    if (entry != NULL && (e->slot == CACHE_FAILURE || e->error.code != EDE_OTHER)) {
        json_object_set_new(entry, "error", error_text(e));
    }
    return entry;
}
