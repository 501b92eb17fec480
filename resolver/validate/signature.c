#include "resolver/validate/signature.h"

#include "resolver/base/hash.h"
#include "resolver/dns/edns.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "resolver/validate/canonical.h"
#include "resolver/validate/dnskey.h"
#include "resolver/validate/key.h"
#include "resolver/validate/keyring.h"

/* What can be wrong with a signature, from what says least about the set to what says most. */
enum flaw {
    FLAW_NONE,
    FLAW_MALFORMED,
    FLAW_SIGNER,
    FLAW_ALGORITHM,
    FLAW_LABELS,
    FLAW_EXPANDED,
    FLAW_NO_KEY,
    FLAW_NO_ZONE_BIT,
    FLAW_PROTOCOL,
    FLAW_REVOKED,
    FLAW_REVERSED,
    FLAW_EARLY,
    FLAW_EXPIRED,
    FLAW_BAD_KEY,
    FLAW_FORGED,
    FLAW_LIMIT
};

static const struct {
    uint16_t code;
    const char *detail;
} flaws[] = {
    [FLAW_NONE] = {EDE_RRSIGS_MISSING, NULL},
    [FLAW_MALFORMED] = {EDE_DNSSEC_BOGUS, "malformed signature"},
    [FLAW_SIGNER] = {EDE_DNSSEC_BOGUS, "signed by another zone"},
    [FLAW_ALGORITHM] = {EDE_RRSIGS_MISSING, "no signature of a supported algorithm"},
    [FLAW_LABELS] = {EDE_DNSSEC_BOGUS, "impossible label count in signature"},
    [FLAW_EXPANDED] = {EDE_DNSSEC_BOGUS, "wildcard used for a record that may not come from one"},
    [FLAW_NO_KEY] = {EDE_DNSKEY_MISSING, NULL},
    [FLAW_NO_ZONE_BIT] = {EDE_NO_ZONE_KEY_BIT, NULL},
    [FLAW_PROTOCOL] = {EDE_DNSKEY_MISSING, "key has another protocol"},
    [FLAW_REVOKED] = {EDE_DNSKEY_MISSING, "key is revoked"},
    [FLAW_REVERSED] = {EDE_EXPIRED_BEFORE_VALID, NULL},
    [FLAW_EARLY] = {EDE_SIGNATURE_NOT_YET_VALID, NULL},
    [FLAW_EXPIRED] = {EDE_SIGNATURE_EXPIRED, NULL},
    [FLAW_BAD_KEY] = {EDE_DNSSEC_BOGUS, "key cannot be used"},
    [FLAW_FORGED] = {EDE_DNSSEC_BOGUS, "signature does not verify"},
    [FLAW_LIMIT] = {EDE_OTHER, "too much to verify"},
};

/* One call of signature_verify. */
struct work {
    struct verifier *v;
    const struct rrset *set;
    const uint8_t *zone;
    const struct rdatas *keys;
    bool takes_revoked;         /* keys, too */
    struct canonical canonical; /* made for the first signature that needs it; `is_prepared` then */
    bool is_prepared;
    unsigned tried;    /* signatures that needed a key */
    unsigned attempts; /* made in this call */
    enum flaw closest; /* the most telling so far, and its signature */
    struct rrsig flawed;
};

int rrsig_parse(struct rdata_view rdata, struct rrsig *out)
{
    struct reader r;
    uint8_t signer[NAME_SIZE];
    reader_init(&r, rdata.bytes, rdata.len);
    r.pointers_left = 0;
    out->covered = reader_u16(&r);
    out->algorithm = reader_u8(&r);
    out->labels = reader_u8(&r);
    out->original_ttl = reader_u32(&r);
    out->expiration = reader_u32(&r);
    out->inception = reader_u32(&r);
    out->key_tag = reader_u16(&r);
    out->signer = r.at;
    reader_name(&r, signer);
    out->bytes = r.at;
    out->len = (uint16_t)reader_left(&r);
    return !r.bad && out->len > 0 ? FAIL_NONE : FAIL_WIRE;
}

/* The parent signs the DS of a zone, the zone itself all else that is at its apex. */
static bool may_sign(const uint8_t *zone, const struct rrset *set)
{
    return name_is_under(set->owner, zone) && (set->type != TYPE_DS || !name_equal(set->owner, zone));
}

const uint8_t *signature_signer(const struct rrset *set)
{
    struct rdata_view view;
    struct rrsig sig;
    for (size_t at = 0; rdatas_next(&set->sigs, &at, &view);) {
        if (rrsig_parse(view, &sig) == FAIL_NONE && may_sign(sig.signer, set)) {
            return sig.signer;
        }
    }
    return NULL;
}

/* Labels of the owner as RRSIGs count them (RFC 4034 3.1.3). */
static unsigned owner_labels(const uint8_t *owner)
{
    return name_labels(owner) - (name_is_wildcard(owner) ? 1 : 0);
}

/* What can be seen without a key. */
static enum flaw check_fields(const struct work *w, const struct rrsig *sig)
{
    unsigned labels = owner_labels(w->set->owner);
    bool names_one = w->set->type == TYPE_NSEC || w->set->type == TYPE_NSEC3 || w->set->type == TYPE_DS;
    if (sig->covered != w->set->type) {
        return FLAW_MALFORMED;
    }
    if (!name_equal(sig->signer, w->zone) || !may_sign(w->zone, w->set)) {
        return FLAW_SIGNER;
    }
    if (!support_suffices(algorithm_support(sig->algorithm), w->v->accept_sha1)) {
        return FLAW_ALGORITHM;
    }
    if (sig->labels > labels || sig->labels < name_labels(sig->signer)) {
        return FLAW_LABELS;
    }
    return names_one && sig->labels < labels ? FLAW_EXPANDED : FLAW_NONE;
}

/* Serial arithmetic (RFC 1982): whether `a` is after `b`. */
static bool is_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

static enum flaw check_times(const struct verifier *v, const struct rrsig *sig)
{
    if (is_after(sig->inception, sig->expiration)) {
        return FLAW_REVERSED;
    }
    if (is_after(sig->inception, v->wall + v->skew)) {
        return FLAW_EARLY;
    }
    return is_after(v->wall - v->skew, sig->expiration) ? FLAW_EXPIRED : FLAW_NONE;
}

static enum flaw flaw_of_use(enum dnskey_use use)
{
    switch (use) {
    case DNSKEY_USABLE:
        return FLAW_NONE;
    case DNSKEY_NO_ZONE_BIT:
        return FLAW_NO_ZONE_BIT;
    case DNSKEY_REVOKED:
        return FLAW_REVOKED;
    case DNSKEY_OTHER_PROTOCOL:
        return FLAW_PROTOCOL;
    }
    return FLAW_NO_KEY;
}

/* The keys of the signature's tag and algorithm, as many as may be tried; `*flaw` says why there is none. */
static unsigned find_keys(const struct work *w, const struct rrsig *sig, struct rdata_view found[CAPS_KEYS],
                          enum flaw *flaw)
{
    struct rdata_view key;
    unsigned count = 0;
    *flaw = FLAW_NO_KEY;
    for (size_t at = 0; rdatas_next(w->keys, &at, &key);) {
        if (!dnskey_matches(key, sig->algorithm, sig->key_tag)) {
            continue;
        }
        enum flaw use = flaw_of_use(dnskey_use(key));
        if (count == w->v->caps.keys) {
            w->v->expense->reached.keys++;
            break;
        }
        if (use == FLAW_NONE || (use == FLAW_REVOKED && w->takes_revoked)) {
            found[count++] = key;
        } else if (use > *flaw) {
            *flaw = use;
        }
    }
    return count;
}

static enum flaw prepare(struct work *w)
{
    if (!w->is_prepared) {
        w->is_prepared = canonical_prepare(keyring_scratch(w->v->keyring), w->set, &w->canonical) == FAIL_NONE;
    }
    return w->is_prepared ? FLAW_NONE : FLAW_LIMIT;
}

static uint32_t key_hash(struct rdata_view dnskey)
{
    return (uint32_t)hash_bytes(dnskey.bytes, dnskey.len);
}

/* What came of the same attempt before; FLAW_NONE: it was not made. */
static enum flaw recall_failure(const struct expense *e, struct rdata_view dnskey, const struct rrsig *sig)
{
    for (unsigned i = 0; i < e->failed_count; i++) {
        if (e->failed[i].signature == sig->bytes && e->failed[i].key == key_hash(dnskey)) {
            return (enum flaw)e->failed[i].flaw;
        }
    }
    return FLAW_NONE;
}

static enum flaw note_failure(struct expense *e, struct rdata_view dnskey, const struct rrsig *sig, enum flaw flaw)
{
    if (e->failed_count < EXPENSE_FAILED_MAX) {
        e->failed[e->failed_count++] =
            (struct failed_attempt){.signature = sig->bytes, .key = key_hash(dnskey), .flaw = (uint8_t)flaw};
    }
    return flaw;
}

/* One key, one attempt, paid for whatever comes of it: keys that are none cost time, too (CVE-2025-8677). */
static enum flaw attempt(struct work *w, struct rdata_view dnskey, bool is_repeated, const uint8_t *data,
                         size_t data_len, const struct rrsig *sig)
{
    struct verifier *v = w->v;
    struct expense *e = v->expense;
    enum flaw before = recall_failure(e, dnskey, sig);
    if (before != FLAW_NONE) {
        return before;
    }
    if (e->verifications == 0 || e->failures == 0) {
        return FLAW_LIMIT;
    }
    w->attempts++;
    struct key *key = keyring_key(v->keyring, dnskey);
    bool is_good = key != NULL && key_verify(key, data, data_len, sig->bytes, sig->len);
    e->verifications--;
    e->spent++;
    e->effort += algorithm_find(sig->algorithm)->effort;
    e->failures -= !is_good || is_repeated ? 1 : 0;
    if (is_good) {
        return FLAW_NONE;
    }
    return note_failure(e, dnskey, sig, key != NULL ? FLAW_FORGED : FLAW_BAD_KEY);
}

static enum flaw try_keys(struct work *w, const struct rrsig *sig, const struct rdata_view *keys, unsigned count)
{
    uint8_t digest[HASH_SIZE];
    enum hash hash = algorithm_find(sig->algorithm)->hash;
    enum flaw flaw = prepare(w);
    if (flaw != FLAW_NONE) {
        return flaw;
    }
    const uint8_t *data = w->canonical.bytes;
    size_t len = canonical_write(&w->canonical, sig);
    if (hash != HASH_NONE) {
        len = keyring_hash(w->v->keyring, hash, data, len, NULL, 0, digest);
        data = digest;
    }
    for (unsigned i = 0; i < count; i++) {
        enum flaw next = attempt(w, keys[i], i > 0, data, len, sig);
        if (next == FLAW_NONE) {
            return FLAW_NONE;
        }
        flaw = next > flaw ? next : flaw;
    }
    return flaw;
}

static enum flaw check_signature(struct work *w, const struct rrsig *sig)
{
    struct rdata_view keys[CAPS_KEYS];
    enum flaw flaw = check_fields(w, sig);
    if (flaw != FLAW_NONE) {
        return flaw;
    }
    w->tried++;
    unsigned count = find_keys(w, sig, keys, &flaw);
    if (count == 0) {
        return flaw;
    }
    flaw = check_times(w->v, sig);
    return flaw == FLAW_NONE ? try_keys(w, sig, keys, count) : flaw;
}

/* Within the slack after its end a signature has what is left of that. */
static void fill_attest(const struct work *w, const struct rrsig *sig, struct attest *out)
{
    uint32_t wall = w->v->wall;
    uint32_t left = sig->expiration - wall + (is_after(sig->expiration, wall) ? 0 : w->v->skew);
    out->labels = sig->labels;
    out->is_expanded = sig->labels < owner_labels(w->set->owner);
    out->ttl_max = sig->original_ttl < left ? sig->original_ttl : left;
}

static void fill_fault(const struct work *w, struct fault *why)
{
    *why = (struct fault){.code = flaws[w->closest].code,
                          .zone = w->zone,
                          .owner = w->set->owner,
                          .type = w->set->type,
                          .key_tag = w->flawed.key_tag,
                          .algorithm = w->flawed.algorithm,
                          .inception = w->flawed.inception,
                          .expiration = w->flawed.expiration,
                          .detail = flaws[w->closest].detail};
}

static bool is_tired(const struct work *w)
{
    return w->attempts > 0 && w->v->patience != 0 && w->v->expense->effort >= w->v->patience;
}

static enum verdict verify(struct work *w, struct attest *out, struct fault *why)
{
    struct rdata_view view;
    size_t at = 0;
    while (w->closest != FLAW_LIMIT && rdatas_next(&w->set->sigs, &at, &view)) {
        struct rrsig sig;
        if (w->tried == w->v->caps.signatures) {
            w->v->expense->reached.signatures++;
            break;
        }
        if (is_tired(w)) {
            return VERDICT_TIRED;
        }
        enum flaw flaw = rrsig_parse(view, &sig) == FAIL_NONE ? check_signature(w, &sig) : FLAW_MALFORMED;
        if (flaw == FLAW_NONE) {
            if (out != NULL) {
                fill_attest(w, &sig, out);
            }
            return VERDICT_SECURE;
        }
        if (flaw > w->closest) {
            w->closest = flaw;
            w->flawed = sig;
        }
    }
    if (why != NULL) {
        fill_fault(w, why);
    }
    return w->closest == FLAW_LIMIT ? VERDICT_LIMIT : VERDICT_BOGUS;
}

enum verdict signature_verify(struct verifier *v, const struct rrset *set, const uint8_t *zone,
                              const struct rdatas *keys, struct attest *out, struct fault *why)
{
    struct work w = {.v = v, .set = set, .zone = zone, .keys = keys};
    return verify(&w, out, why);
}

bool signature_is_by(struct verifier *v, const struct rrset *set, const uint8_t *zone, struct rdata_view dnskey)
{
    uint8_t packed[sizeof(dnskey.len) + DNSKEY_SIZE];
    if (dnskey.len > DNSKEY_SIZE) {
        return false;
    }
    const struct rdatas one = {
        .bytes = packed, .len = (uint32_t)rdatas_pack(packed, dnskey.bytes, dnskey.len), .count = 1};
    struct work w = {.v = v, .set = set, .zone = zone, .keys = &one, .takes_revoked = true};
    return verify(&w, NULL, NULL) == VERDICT_SECURE;
}
