#include "resolver/validate/rollover.h"

#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/wire.h"
#include "resolver/validate/algorithm.h"
#include "resolver/validate/ds.h"
#include "resolver/validate/signature.h"

enum {
    HOUR = 3600,
    DAY = 24 * HOUR,
    HOLD_DOWN = 30 * DAY, /* before a key is added, and before a revoked one is put away (RFC 5011 2.4) */
    QUERY_MAX = 15 * DAY,
    RETRY_MAX = DAY,
    FLAG_REVOKE = 0x0080,
    FLAG_SEP = 0x0001
};

static const char *const state_texts[] = {[KEY_PENDING] = "pending",
                                          [KEY_VALID] = "valid",
                                          [KEY_MISSING] = "missing",
                                          [KEY_REVOKED] = "revoked",
                                          [KEY_REMOVED] = "removed"};

const char *key_state_text(enum key_state state)
{
    return state_texts[state];
}

bool key_state_parse(const char *text, enum key_state *out)
{
    for (unsigned i = 0; i < sizeof(state_texts) / sizeof(*state_texts); i++) {
        if (strcmp(text, state_texts[i]) == 0) {
            *out = (enum key_state)i;
            return true;
        }
    }
    return false;
}

/* ---- Keys and DS ---- */

static bool is_same(struct rdata_view a, struct rdata_view b)
{
    return a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0;
}

static bool has_ds(const struct rdatas *set, struct rdata_view ds)
{
    struct rdata_view item;
    for (size_t at = 0; rdatas_next(set, &at, &item);) {
        if (is_same(item, ds)) {
            return true;
        }
    }
    return false;
}

/* Whether a DS of the configuration is this key's. */
static bool is_configured(const struct rollover *r, struct rdata_view dnskey)
{
    struct rdata_view ds;
    for (size_t at = 0; rdatas_next(&r->configured, &at, &ds);) {
        if (ds_matches(r->zone, ds, dnskey)) {
            return true;
        }
    }
    return false;
}

static const struct rollover_key *find_key_of(const struct rollover *r, struct rdata_view ds)
{
    for (unsigned i = 0; i < r->count; i++) {
        if (ds_matches(r->zone, ds, r->keys[i].dnskey)) {
            return &r->keys[i];
        }
    }
    return NULL;
}

static bool is_revoked(const struct rollover_key *key)
{
    return key->state == KEY_REVOKED || key->state == KEY_REMOVED;
}

bool rollover_has_key(const struct rollover *r, struct rdata_view ds)
{
    return find_key_of(r, ds) != NULL;
}

static bool has_seen(const struct rollover_set *set, struct rdata_view dnskey, bool with_revocation)
{
    for (unsigned i = 0; i < set->count; i++) {
        if (set->keys[i].is_revoked == with_revocation && is_same(set->keys[i].dnskey, dnskey)) {
            return true;
        }
    }
    return false;
}

/* ---- The next state ---- */

/* A state in the making, with room for ROLLOVER_KEYS_MAX keys. */
struct draft {
    struct arena *arena;
    struct rollover_key *keys;
    struct rollover *out;
};

static int copy_rdatas(struct arena *a, struct rdatas *set)
{
    set->bytes = arena_copy(a, set->bytes, set->len);
    return set->bytes != NULL ? FAIL_NONE : FAIL_LIMIT;
}

/* A copy of `from` without its keys. */
static int draft_begin(struct draft *d, const struct rollover *from, struct arena *a, struct rollover *out)
{
    *out = *from;
    *d = (struct draft){.arena = a, .keys = arena_take(a, ROLLOVER_KEYS_MAX * sizeof(*d->keys)), .out = out};
    out->zone = arena_copy(a, from->zone, name_len(from->zone));
    out->keys = d->keys;
    out->count = 0;
    return d->keys != NULL && out->zone != NULL ? copy_rdatas(a, &out->configured) : FAIL_LIMIT;
}

static bool draft_has(const struct draft *d, struct rdata_view dnskey)
{
    for (unsigned i = 0; i < d->out->count; i++) {
        if (is_same(d->keys[i].dnskey, dnskey)) {
            return true;
        }
    }
    return false;
}

/* The place of the key that was put away first and that no configuration would bring back; ROLLOVER_KEYS_MAX: none. */
static unsigned find_dispensable(const struct draft *d)
{
    unsigned found = ROLLOVER_KEYS_MAX;
    for (unsigned i = 0; i < d->out->count; i++) {
        bool is_put_away = d->keys[i].state == KEY_REMOVED && !is_configured(d->out, d->keys[i].dnskey);
        if (is_put_away && (found == ROLLOVER_KEYS_MAX || d->keys[i].since < d->keys[found].since)) {
            found = i;
        }
    }
    return found;
}

/* Adds a copy of a key; one too many is passed over. */
static int draft_add(struct draft *d, const struct rollover_key *key)
{
    unsigned place = d->out->count < ROLLOVER_KEYS_MAX ? d->out->count : find_dispensable(d);
    if (place == ROLLOVER_KEYS_MAX || draft_has(d, key->dnskey)) {
        return FAIL_NONE;
    }
    const uint8_t *bytes = arena_copy(d->arena, key->dnskey.bytes, key->dnskey.len);
    if (bytes == NULL) {
        return FAIL_LIMIT;
    }
    d->keys[place] = *key;
    d->keys[place].dnskey.bytes = bytes;
    d->out->count += place == d->out->count;
    return FAIL_NONE;
}

static void move(struct rollover_key *key, enum key_state state, uint64_t now, uint64_t until)
{
    key->state = state;
    key->since = now;
    key->until = until;
}

/* ---- Under a configuration ---- */

int rollover_begin(const struct anchor *configured, uint64_t now, struct arena *a, struct rollover *out)
{
    struct draft d;
    const struct rollover fresh = {
        .zone = configured->zone, .configured = configured->ds, .query_at = now, .retry_s = HOUR};
    return draft_begin(&d, &fresh, a, out);
}

/* True when the configuration no longer names a DS that it named, other than of a revoked key. */
static bool has_lost_ground(const struct rollover *stored, const struct anchor *configured)
{
    struct rdata_view ds;
    for (size_t at = 0; rdatas_next(&stored->configured, &at, &ds);) {
        const struct rollover_key *key = find_key_of(stored, ds);
        if (!has_ds(&configured->ds, ds) && (key == NULL || !is_revoked(key))) {
            return true;
        }
    }
    return false;
}

static bool has_new_ds(const struct rollover *stored, const struct anchor *configured)
{
    struct rdata_view ds;
    for (size_t at = 0; rdatas_next(&configured->ds, &at, &ds);) {
        if (!has_ds(&stored->configured, ds)) {
            return true;
        }
    }
    return false;
}

int rollover_resume(const struct rollover *stored, const struct anchor *configured, uint64_t now, struct arena *a,
                    struct rollover *out, bool *is_anew)
{
    struct draft d;
    struct rollover from = *stored;
    *is_anew = has_lost_ground(stored, configured);
    from.configured = configured->ds;
    if (*is_anew || has_new_ds(stored, configured)) {
        from.query_at = now;
    }
    if (*is_anew) {
        from.seen_at = 0;
        from.retry_s = HOUR;
    }
    int result = draft_begin(&d, &from, a, out);
    for (unsigned i = 0; result == FAIL_NONE && i < stored->count; i++) {
        struct rollover_key key = stored->keys[i];
        if (key.state == KEY_PENDING && is_configured(out, key.dnskey)) {
            move(&key, KEY_VALID, now, 0);
        }
        if (!*is_anew || is_revoked(&key)) {
            result = draft_add(&d, &key);
        }
    }
    return result;
}

/* ---- Steps ---- */

int rollover_revoke(const struct rollover *from, const struct rollover_set *set, uint64_t now, struct arena *a,
                    struct rollover *out)
{
    struct draft d;
    int result = draft_begin(&d, from, a, out);
    for (unsigned i = 0; result == FAIL_NONE && i < from->count; i++) {
        struct rollover_key key = from->keys[i];
        bool has_revocation = has_seen(set, key.dnskey, true);
        if (has_revocation && (key.state == KEY_VALID || key.state == KEY_MISSING)) {
            move(&key, KEY_REVOKED, now, now + HOLD_DOWN);
        }
        if (!has_revocation || key.state != KEY_PENDING) {
            result = draft_add(&d, &key);
        }
    }
    /* The configuration may name a key that was revoked before we ever saw it. */
    for (unsigned i = 0; result == FAIL_NONE && i < set->count; i++) {
        const struct rollover_key key = {
            .state = KEY_REVOKED, .since = now, .until = now + HOLD_DOWN, .dnskey = set->keys[i].dnskey};
        if (set->keys[i].is_revoked && is_configured(out, key.dnskey)) {
            result = draft_add(&d, &key);
        }
    }
    return result;
}

/* The key after a set that has it or has it not. False: it is forgotten. */
static bool advance_key(struct rollover_key *key, bool is_present, uint64_t now)
{
    switch (key->state) {
    case KEY_PENDING:
        if (is_present && now >= key->until) {
            move(key, KEY_VALID, now, 0);
        }
        return is_present;
    case KEY_VALID:
        if (!is_present) {
            move(key, KEY_MISSING, now, 0);
        }
        return true;
    case KEY_MISSING:
        if (is_present) {
            move(key, KEY_VALID, now, 0);
        }
        return true;
    case KEY_REVOKED:
        if (now >= key->until) {
            move(key, KEY_REMOVED, now, 0);
        }
        return true;
    case KEY_REMOVED:
        return true;
    }
    return true;
}

/* What is configured is trusted at first sight; other keys wait, if they are meant for a trust anchor (the SEP bit). */
static int add_seen(struct draft *d, struct rdata_view dnskey, uint32_t ttl, uint64_t now)
{
    struct rollover_key key = {.state = KEY_VALID, .since = now, .dnskey = dnskey};
    if (!is_configured(d->out, dnskey)) {
        key.state = KEY_PENDING;
        key.until = now + (ttl > HOLD_DOWN ? ttl : HOLD_DOWN);
    }
    bool is_meant = (wire_get_u16(dnskey.bytes) & FLAG_SEP) != 0;
    return key.state == KEY_VALID || is_meant ? draft_add(d, &key) : FAIL_NONE;
}

static uint32_t clamp(uint32_t seconds, uint32_t max)
{
    return seconds < HOUR ? HOUR : seconds > max ? max : seconds;
}

int rollover_advance(const struct rollover *from, const struct rollover_set *set, uint64_t now, struct arena *a,
                     struct rollover *out)
{
    struct draft d;
    uint32_t base = set->ttl < set->expires_in ? set->ttl : set->expires_in;
    int result = draft_begin(&d, from, a, out);
    for (unsigned i = 0; result == FAIL_NONE && i < from->count; i++) {
        struct rollover_key key = from->keys[i];
        if (advance_key(&key, has_seen(set, key.dnskey, false), now)) {
            result = draft_add(&d, &key);
        }
    }
    for (unsigned i = 0; result == FAIL_NONE && i < set->count; i++) {
        if (!has_seen(set, set->keys[i].dnskey, true)) {
            result = add_seen(&d, set->keys[i].dnskey, set->ttl, now);
        }
    }
    out->seen_at = now;
    out->query_at = now + clamp(base / 2, QUERY_MAX);
    out->retry_s = clamp(base / 10, RETRY_MAX);
    return result;
}

uint64_t rollover_query_at(const struct rollover *r, uint64_t now)
{
    return r->query_at <= now + QUERY_MAX ? r->query_at : now;
}

void rollover_fail(struct rollover *r, uint64_t now)
{
    r->query_at = now + r->retry_s;
}

/* ---- In force ---- */

/* Appends the DS of the keys in one state, as far as there is room. */
static int add_records(const struct rollover *r, enum key_state state, struct arena *a,
                       struct anchor_record out[CAPS_DS], unsigned *count)
{
    for (unsigned i = 0; i < r->count && *count < CAPS_DS; i++) {
        if (r->keys[i].state != state) {
            continue;
        }
        uint8_t *ds = arena_take(a, DS_SIZE);
        if (ds == NULL || ds_from_key(r->zone, r->keys[i].dnskey, ds) != DS_SIZE) {
            return FAIL_LIMIT;
        }
        out[(*count)++] = (struct anchor_record){r->zone, {ds, DS_SIZE}};
    }
    return FAIL_NONE;
}

int rollover_records(const struct rollover *r, struct arena *a, struct anchor_record out[CAPS_DS], unsigned *count)
{
    struct rdata_view ds;
    *count = 0;
    int result = add_records(r, KEY_VALID, a, out, count);
    for (size_t at = 0; *count < CAPS_DS && rdatas_next(&r->configured, &at, &ds);) {
        if (!rollover_has_key(r, ds)) {
            out[(*count)++] = (struct anchor_record){r->zone, ds};
        }
    }
    return result == FAIL_NONE ? add_records(r, KEY_MISSING, a, out, count) : result;
}

/* ---- From a set to facts ---- */

/* Whether a key of a set could be a trust anchor, or revoke one. */
static bool is_candidate(struct verifier *v, const struct rollover *r, const struct rrset *set, struct rdata_view key)
{
    if (key.len <= DNSKEY_FIXED || key.len > DNSKEY_SIZE ||
        !support_suffices(algorithm_support(key.bytes[3]), v->accept_sha1)) {
        return false;
    }
    enum dnskey_use use = dnskey_use(key);
    return use == DNSKEY_USABLE || (use == DNSKEY_REVOKED && signature_is_by(v, set, r->zone, key));
}

/* Those keys, as far as there is room. */
static int collect(struct verifier *v, const struct rollover *r, const struct rrset *set, struct arena *a,
                   struct rollover_seen seen[ROLLOVER_KEYS_MAX], unsigned *count)
{
    struct rdata_view key;
    *count = 0;
    for (size_t at = 0; rdatas_next(&set->data, &at, &key) && *count < ROLLOVER_KEYS_MAX;) {
        if (!is_candidate(v, r, set, key)) {
            continue;
        }
        uint8_t *plain = arena_copy(a, key.bytes, key.len);
        if (plain == NULL) {
            return FAIL_LIMIT;
        }
        unsigned flags = wire_get_u16(plain);
        wire_put_u16(plain, (uint16_t)(flags & ~(unsigned)FLAG_REVOKE));
        seen[(*count)++] = (struct rollover_seen){{plain, key.len}, (flags & FLAG_REVOKE) != 0};
    }
    return FAIL_NONE;
}

/* Seconds until the first signature of the set ends. A foreign one can only make us ask more often. */
static uint32_t expires_in(const struct rrset *set, uint32_t wall)
{
    struct rdata_view rdata;
    uint32_t least = UINT32_MAX;
    for (size_t at = 0; rdatas_next(&set->sigs, &at, &rdata);) {
        struct rrsig sig;
        if (rrsig_parse(rdata, &sig) == FAIL_NONE) {
            int32_t left = (int32_t)(sig.expiration - wall);
            uint32_t seconds = left > 0 ? (uint32_t)left : 0;
            least = seconds < least ? seconds : least;
        }
    }
    return least;
}

/* Verifies by the records in force. */
static int verify(struct verifier *v, const struct rollover *r, const struct rrset *set, struct arena *a,
                  struct attest *attest, enum verdict *verdict, struct fault *why)
{
    struct anchor_record records[CAPS_DS];
    struct anchors anchors;
    unsigned count;
    int result = rollover_records(r, a, records, &count);
    if (result == FAIL_NONE) {
        result = anchors_make(records, count, NULL, 0, a, &anchors);
    }
    if (result == FAIL_NONE) {
        *verdict = count > 0 ? ds_verify_keys(v, set, &anchors.items[0].ds, attest, why) : VERDICT_UNSUPPORTED;
    }
    return result;
}

int rollover_observe(struct verifier *v, const struct rollover *from, const struct rrset *keys, uint64_t now,
                     struct arena *a, struct rollover *out, enum verdict *verdict, struct fault *why)
{
    struct rollover_seen seen[ROLLOVER_KEYS_MAX];
    struct attest attest;
    struct rollover revoked;
    struct rollover_set set = {.keys = seen};
    int result = collect(v, from, keys, a, seen, &set.count);
    if (result == FAIL_NONE) {
        result = rollover_revoke(from, &set, now, a, &revoked);
    }
    if (result == FAIL_NONE) {
        result = verify(v, &revoked, keys, a, &attest, verdict, why);
    }
    if (result != FAIL_NONE) {
        return result;
    }
    if (*verdict != VERDICT_SECURE) {
        *out = revoked;
        rollover_fail(out, now);
        return FAIL_NONE;
    }
    set.ttl = attest.ttl_max;
    set.expires_in = expires_in(keys, v->wall);
    return rollover_advance(&revoked, &set, now, a, out);
}
