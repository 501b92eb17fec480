#include "resolver/validate/ds.h"

#include <openssl/evp.h>
#include <string.h>

#include "resolver/dns/edns.h"
#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "resolver/validate/algorithm.h"
#include "resolver/validate/keyring.h"

enum { DS_FIXED = 4, DIGEST_SHA256 = 2 };

/* RDATA of a DS (RFC 4034 5.1) in place. */
struct ds {
    uint16_t key_tag;
    uint8_t algorithm;
    uint8_t digest_type;
    const uint8_t *digest;
    uint16_t len;
};

static bool parse_ds(struct rdata_view rdata, struct ds *out)
{
    if (rdata.len <= DS_FIXED) {
        return false;
    }
    out->key_tag = wire_get_u16(rdata.bytes);
    out->algorithm = rdata.bytes[2];
    out->digest_type = rdata.bytes[3];
    out->digest = rdata.bytes + DS_FIXED;
    out->len = (uint16_t)(rdata.len - DS_FIXED);
    return true;
}

/* Digest of a key (RFC 4034 5.1.4) without a keyring. Returns its octets; 0: no memory. */
static unsigned make_digest(enum hash hash, const uint8_t *zone, struct rdata_view dnskey, uint8_t out[HASH_SIZE])
{
    uint8_t owner[NAME_SIZE];
    unsigned len = 0;
    EVP_MD *md = EVP_MD_fetch(NULL, hash_name(hash), NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_done = md != NULL && ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
                   EVP_DigestUpdate(ctx, owner, name_lower(owner, zone)) == 1 &&
                   EVP_DigestUpdate(ctx, dnskey.bytes, dnskey.len) == 1 && EVP_DigestFinal_ex(ctx, out, &len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    return is_done ? len : 0;
}

uint16_t ds_from_key(const uint8_t *zone, struct rdata_view dnskey, uint8_t out[DS_SIZE])
{
    uint8_t digest[HASH_SIZE];
    if (dnskey.len <= DNSKEY_FIXED || make_digest(HASH_SHA256, zone, dnskey, digest) != DS_SIZE - DS_FIXED) {
        return 0;
    }
    wire_put_u16(out, key_tag(dnskey));
    out[2] = dnskey.bytes[3];
    out[3] = DIGEST_SHA256;
    memcpy(out + DS_FIXED, digest, DS_SIZE - DS_FIXED);
    return DS_SIZE;
}

bool ds_matches(const uint8_t *zone, struct rdata_view rdata, struct rdata_view dnskey)
{
    uint8_t digest[HASH_SIZE];
    struct ds ds;
    if (!parse_ds(rdata, &ds) || digest_hash(ds.digest_type) == HASH_NONE ||
        !dnskey_matches(dnskey, ds.algorithm, ds.key_tag)) {
        return false;
    }
    unsigned len = make_digest(digest_hash(ds.digest_type), zone, dnskey, digest);
    return len > 0 && len == ds.len && memcmp(digest, ds.digest, len) == 0;
}

static bool is_supported(const struct verifier *v, const struct ds *ds)
{
    return support_suffices(algorithm_support(ds->algorithm), v->accept_sha1) &&
           support_suffices(digest_support(ds->digest_type), v->accept_sha1);
}

/* What a DS set offers. */
struct offer {
    bool has_supported;
    bool has_sha2;     /* a supported one better than SHA-1, which is then not looked at (RFC 4509 3) */
    struct ds refused; /* where none is supported: the one that came closest */
    uint16_t code;
};

static void survey(const struct verifier *v, const struct rdatas *set, struct offer *out)
{
    struct rdata_view view;
    struct ds ds;
    *out = (struct offer){.code = EDE_UNSUPPORTED_DNSKEY_ALGORITHM};
    for (size_t at = 0; rdatas_next(set, &at, &view);) {
        if (!parse_ds(view, &ds)) {
            continue;
        }
        if (is_supported(v, &ds)) {
            out->has_supported = true;
            out->has_sha2 |= digest_support(ds.digest_type) == SUPPORT_FULL;
        } else if (support_suffices(algorithm_support(ds.algorithm), v->accept_sha1)) {
            out->refused = ds;
            out->code = EDE_UNSUPPORTED_DS_DIGEST;
        } else if (out->code == EDE_UNSUPPORTED_DNSKEY_ALGORITHM) {
            out->refused = ds;
        }
    }
}

static bool digest_matches(struct keyring *k, const struct ds *ds, const uint8_t *zone, struct rdata_view key)
{
    uint8_t owner[NAME_SIZE], digest[HASH_SIZE];
    size_t owner_len = name_lower(owner, zone);
    size_t len = keyring_hash(k, digest_hash(ds->digest_type), owner, owner_len, key.bytes, key.len, digest);
    return len > 0 && len == ds->len && memcmp(digest, ds->digest, len) == 0;
}

static struct fault fault_of(const struct rrset *keys, const struct ds *ds, uint16_t code, const char *detail)
{
    return (struct fault){.code = code,
                          .zone = keys->owner,
                          .owner = keys->owner,
                          .type = TYPE_DNSKEY,
                          .key_tag = ds->key_tag,
                          .algorithm = ds->algorithm,
                          .detail = detail};
}

/* The keys that a DS vouches for, packed. */
struct vouched {
    uint8_t bytes[CAPS_DS * (sizeof(uint16_t) + DNSKEY_SIZE)];
    struct rdatas keys;
};

/* Once, though several DS may name it. */
static void vouch(struct vouched *to, struct rdata_view key)
{
    struct rdata_view known;
    for (size_t at = 0; rdatas_next(&to->keys, &at, &known);) {
        if (rdata_compare(known.bytes, known.len, key.bytes, key.len) == 0) {
            return;
        }
    }
    to->keys.bytes = to->bytes;
    to->keys.len += (uint32_t)rdatas_pack(to->bytes + to->keys.len, key.bytes, key.len);
    to->keys.count++;
}

/* Adds the key that `ds` is about; `*why` is touched when there is none. */
static void find_key(const struct verifier *v, const struct rrset *keys, const struct ds *ds, struct vouched *to,
                     struct fault *why)
{
    struct rdata_view key;
    unsigned tried = 0;
    for (size_t at = 0; rdatas_next(&keys->data, &at, &key);) {
        if (!dnskey_matches(key, ds->algorithm, ds->key_tag)) {
            continue;
        }
        if (tried++ == v->caps.keys) {
            v->expense->reached.keys++;
            break;
        }
        if (digest_matches(v->keyring, ds, keys->owner, key)) {
            vouch(to, key);
            return;
        }
        *why = fault_of(keys, ds, EDE_DNSKEY_MISSING, "key differs from the digest of its DS");
    }
    if (why->code == EDE_OTHER) {
        *why = fault_of(keys, ds, EDE_DNSKEY_MISSING, "no key matches the DS");
    }
}

static void find_keys(const struct verifier *v, const struct rrset *keys, const struct rdatas *set, bool has_sha2,
                      struct vouched *to, struct fault *why)
{
    struct rdata_view view;
    struct ds ds;
    unsigned tried = 0;
    for (size_t at = 0; rdatas_next(set, &at, &view);) {
        if (!parse_ds(view, &ds) || !is_supported(v, &ds) ||
            (has_sha2 && digest_support(ds.digest_type) != SUPPORT_FULL)) {
            continue;
        }
        if (tried++ == v->caps.ds) {
            v->expense->reached.ds++;
            break;
        }
        find_key(v, keys, &ds, to, why);
    }
}

static enum verdict refuse(const struct rrset *keys, const struct offer *offer, struct fault *why)
{
    *why = fault_of(keys, &offer->refused, offer->code, NULL);
    if (offer->code == EDE_UNSUPPORTED_DS_DIGEST) {
        why->algorithm = offer->refused.digest_type;
    }
    return VERDICT_UNSUPPORTED;
}

/* The set by those keys alone. */
static enum verdict verify_by(struct verifier *v, const struct rrset *keys, const struct vouched *by,
                              struct attest *out, struct fault *why)
{
    enum verdict verdict = signature_verify(v, keys, keys->owner, &by->keys, out, why);
    if (verdict == VERDICT_BOGUS && why->code == EDE_DNSKEY_MISSING && why->detail == NULL) {
        why->code = EDE_RRSIGS_MISSING;
        why->detail = "no signature by a key that a DS names";
    }
    return verdict;
}

enum verdict ds_verify_keys(struct verifier *v, const struct rrset *keys, const struct rdatas *ds, struct attest *out,
                            struct fault *why)
{
    UNCLEARED struct vouched vouched;
    struct offer offer;
    struct fault unwanted;
    why = why != NULL ? why : &unwanted;
    *why = (struct fault){.code = EDE_OTHER};
    vouched.keys = (struct rdatas){0};
    survey(v, ds, &offer);
    if (!offer.has_supported) {
        return refuse(keys, &offer, why);
    }
    find_keys(v, keys, ds, offer.has_sha2, &vouched, why);
    return vouched.keys.count > 0 ? verify_by(v, keys, &vouched, out, why) : VERDICT_BOGUS;
}
