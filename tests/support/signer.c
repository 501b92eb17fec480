#include "tests/support/signer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/wire.h"
#include "resolver/validate/algorithm.h"
#include "resolver/validate/canonical.h"
#include "resolver/validate/dnskey.h"

enum { NOISE_SIZE = 64, SIGNATURE_MAX = 512, HALF_MAX = 48, TEST_BITS = 1024 };

struct signer {
    EVP_PKEY *pair; /* NULL: noise */
    const struct algorithm *algorithm;
    uint8_t dnskey[DNSKEY_SIZE];
    uint16_t len;
};

static void need(bool is_good, const char *what)
{
    if (!is_good) {
        fprintf(stderr, "signer: %s\n", what);
        abort();
    }
}

/* Octets that depend on nothing but the arguments. */
static void fill(uint8_t *out, size_t len, const char *use, uint32_t seed, uint32_t number)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    char text[64];
    for (uint32_t block = 0; len > 0; block++) {
        int text_len = snprintf(text, sizeof(text), "%s %u %u %u", use, seed, number, block);
        unsigned got = 0;
        need(EVP_Digest(text, (size_t)text_len, hash, &got, EVP_sha256(), NULL) == 1, "digest");
        size_t n = len < got ? len : got;
        memcpy(out, hash, n);
        out += n;
        len -= n;
    }
}

static EVP_PKEY *pair_from(const char *type, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *pair = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    need(params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
             EVP_PKEY_fromdata(ctx, &pair, EVP_PKEY_KEYPAIR, params) == 1,
         "key pair");
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    return pair;
}

/* A prime with the two highest bits set, so that the product of two has twice the bits. */
static BIGNUM *find_prime(unsigned bits, uint32_t seed, uint32_t number, BN_CTX *ctx)
{
    uint8_t octets[256];
    fill(octets, bits / 8, "prime", seed, number);
    octets[0] |= 0xc0;
    octets[bits / 8 - 1] |= 1;
    BIGNUM *p = BN_bin2bn(octets, (int)bits / 8, NULL);
    while (BN_check_prime(p, ctx, NULL) == 0 || BN_mod_word(p, 65537) == 1) {
        BN_add_word(p, 2);
    }
    return p;
}

/* RFC 3110 2. */
static void put_rsa(struct signer *s, const BIGNUM *n)
{
    static const uint8_t exponent[] = {3, 1, 0, 1};
    memcpy(s->dnskey + DNSKEY_FIXED, exponent, sizeof(exponent));
    s->len =
        (uint16_t)(DNSKEY_FIXED + sizeof(exponent) + (size_t)BN_bn2bin(n, s->dnskey + DNSKEY_FIXED + sizeof(exponent)));
}

static void make_rsa(struct signer *s, unsigned bits, uint32_t seed)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p = find_prime(bits / 2, seed, 0, ctx), *q = find_prime(bits / 2, seed, 1, ctx);
    BIGNUM *n = BN_new(), *e = BN_new(), *p1 = BN_dup(p), *q1 = BN_dup(q), *phi = BN_new(), *d = BN_new();
    BN_set_word(e, 65537);
    BN_sub_word(p1, 1);
    BN_sub_word(q1, 1);
    need(BN_mul(n, p, q, ctx) == 1 && BN_mul(phi, p1, q1, ctx) == 1 && BN_mod_inverse(d, e, phi, ctx) != NULL, "RSA");
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, d);
    s->pair = pair_from("RSA", builder);
    put_rsa(s, n);
    BIGNUM *all[] = {p, q, n, e, p1, q1, phi, d};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        BN_free(all[i]);
    }
    BN_CTX_free(ctx);
}

static void make_ecdsa(struct signer *s, uint32_t seed)
{
    uint8_t octets[HALF_MAX], point[1 + 2 * HALF_MAX];
    size_t half = s->algorithm->half_octets;
    EC_GROUP *group = EC_GROUP_new_by_curve_name(half == 32 ? NID_X9_62_prime256v1 : NID_secp384r1);
    EC_POINT *public = EC_POINT_new(group);
    fill(octets, half, "scalar", seed, 0);
    octets[0] &= 0x7f; /* below the order of either curve */
    BIGNUM *d = BN_bin2bn(octets, (int)half, NULL);
    need(EC_POINT_mul(group, public, d, NULL, NULL, NULL) == 1, "point");
    size_t len = EC_POINT_point2oct(group, public, POINT_CONVERSION_UNCOMPRESSED, point, sizeof(point), NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, s->algorithm->openssl, 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, len);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, d);
    s->pair = pair_from("EC", builder);
    memcpy(s->dnskey + DNSKEY_FIXED, point + 1, len - 1);
    s->len = (uint16_t)(DNSKEY_FIXED + len - 1);
    BN_free(d);
    EC_POINT_free(public);
    EC_GROUP_free(group);
}

static void make_eddsa(struct signer *s, uint32_t seed)
{
    uint8_t octets[57];
    size_t len = s->algorithm->key_octets;
    fill(octets, len, "scalar", seed, 0);
    s->pair = EVP_PKEY_new_raw_private_key_ex(NULL, s->algorithm->openssl, NULL, octets, len);
    need(s->pair != NULL && EVP_PKEY_get_raw_public_key(s->pair, s->dnskey + DNSKEY_FIXED, &len) == 1, "EdDSA");
    s->len = (uint16_t)(DNSKEY_FIXED + len);
}

static void make_noise(struct signer *s, uint32_t seed)
{
    fill(s->dnskey + DNSKEY_FIXED, NOISE_SIZE, "noise", seed, 0);
    s->len = DNSKEY_FIXED + NOISE_SIZE;
}

static void make_pair(struct signer *s, unsigned bits, uint32_t seed)
{
    if (s->algorithm == NULL) {
        make_noise(s, seed);
        return;
    }
    switch (s->algorithm->family) {
    case FAMILY_RSA:
        make_rsa(s, bits, seed);
        break;
    case FAMILY_ECDSA:
        make_ecdsa(s, seed);
        break;
    case FAMILY_EDDSA:
        make_eddsa(s, seed);
        break;
    }
}

struct signer *signer_new_rsa(uint8_t algorithm, uint16_t flags, unsigned bits, uint32_t seed)
{
    struct signer *s = calloc(1, sizeof(*s));
    need(s != NULL, "memory");
    s->algorithm = algorithm_find(algorithm);
    wire_put_u16(s->dnskey, flags);
    s->dnskey[2] = 3;
    s->dnskey[3] = algorithm;
    make_pair(s, bits, seed);
    return s;
}

struct signer *signer_new(uint8_t algorithm, uint16_t flags, uint32_t seed)
{
    return signer_new_rsa(algorithm, flags, TEST_BITS, seed);
}

/* The tag is a sum of 16-bit words modulo 65535 (but for a carry), so that the flags can bring any difference that the
 * bits without meaning can express: every fourth. */
struct signer *signer_new_colliding(const struct signer *with, uint32_t seed)
{
    const uint16_t meaning = 0x0181;
    uint16_t flags = wire_get_u16(with->dnskey) & meaning;
    uint16_t tag = signer_tag(with);
    for (uint32_t attempt = 0;; attempt++) {
        struct signer *s = signer_new(with->dnskey[3], flags, (seed + 1) * 1000 + attempt);
        for (uint32_t bits = 0; bits < 0x10000; bits++) {
            if ((bits & meaning) == 0) {
                wire_put_u16(s->dnskey, flags | (uint16_t)bits);
                if (signer_tag(s) == tag) {
                    return s;
                }
            }
        }
        signer_free(s);
    }
}

void signer_free(struct signer *s)
{
    EVP_PKEY_free(s->pair);
    free(s);
}

uint8_t *signer_dnskey(struct signer *s, uint16_t *len)
{
    *len = s->len;
    return s->dnskey;
}

static struct rdata_view view_of(const struct signer *s)
{
    return (struct rdata_view){.bytes = s->dnskey, .len = s->len};
}

uint16_t signer_tag(const struct signer *s)
{
    return key_tag(view_of(s));
}

static void append(struct arena *a, struct rdatas *to, const uint8_t *rdata, uint16_t len)
{
    uint8_t *bytes = arena_take(a, to->len + sizeof(len) + len);
    need(bytes != NULL, "the arena is full");
    if (to->len > 0) {
        memcpy(bytes, to->bytes, to->len);
    }
    to->len += (uint32_t)rdatas_pack(bytes + to->len, rdata, len);
    to->bytes = bytes;
    to->count++;
}

void signer_add_key(struct arena *a, const struct signer *s, struct rdatas *keys)
{
    append(a, keys, s->dnskey, s->len);
}

void signer_add_ds(struct arena *a, const struct signer *s, const uint8_t *zone, uint8_t digest, struct rdatas *ds)
{
    uint8_t hashed[NAME_SIZE + DNSKEY_SIZE], rdata[4 + EVP_MAX_MD_SIZE];
    size_t owner_len = name_lower(hashed, zone);
    unsigned len = NOISE_SIZE;
    enum hash hash = digest_hash(digest);
    memcpy(hashed + owner_len, s->dnskey, s->len);
    wire_put_u16(rdata, signer_tag(s));
    rdata[2] = s->dnskey[3];
    rdata[3] = digest;
    if (hash == HASH_NONE) {
        fill(rdata + 4, NOISE_SIZE, "noise", digest, 0);
    } else {
        const EVP_MD *md = EVP_get_digestbyname(hash_name(hash));
        need(EVP_Digest(hashed, owner_len + s->len, rdata + 4, &len, md, NULL) == 1, "digest");
    }
    append(a, ds, rdata, (uint16_t)(4 + len));
}

struct rrsig signer_fields(const struct signer *s, const struct rrset *set, const uint8_t *zone, uint32_t inception,
                           uint32_t expiration)
{
    unsigned labels = name_labels(set->owner) - (name_is_wildcard(set->owner) ? 1 : 0);
    return (struct rrsig){.covered = set->type,
                          .algorithm = s->dnskey[3],
                          .labels = (uint8_t)labels,
                          .original_ttl = set->ttl,
                          .expiration = expiration,
                          .inception = inception,
                          .key_tag = signer_tag(s),
                          .signer = zone};
}

/* One number of a DER signature, brought to the length that RRSIGs have (RFC 6605 4); returns what follows. */
static const uint8_t *take_integer(const uint8_t *der, uint8_t *out, size_t half)
{
    const uint8_t *number = der + 2;
    size_t len = der[1];
    for (; len > half; len--) {
        number++;
    }
    memset(out, 0, half - len);
    memcpy(out + half - len, number, len);
    return der + 2 + der[1];
}

static size_t make_signature(const struct signer *s, const uint8_t *data, size_t data_len, uint8_t out[SIGNATURE_MAX])
{
    uint8_t raw[SIGNATURE_MAX];
    size_t len = sizeof(raw);
    if (s->pair == NULL) {
        fill(out, NOISE_SIZE, "noise", 1, 0);
        return NOISE_SIZE;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const char *hash = s->algorithm->hash != HASH_NONE ? hash_name(s->algorithm->hash) : NULL;
    need(EVP_DigestSignInit_ex(ctx, NULL, hash, NULL, NULL, s->pair, NULL) == 1 &&
             EVP_DigestSign(ctx, raw, &len, data, data_len) == 1,
         "signature");
    EVP_MD_CTX_free(ctx);
    if (s->algorithm->family == FAMILY_ECDSA) {
        size_t half = s->algorithm->half_octets;
        take_integer(take_integer(raw + 2, out, half), out + half, half);
        return 2 * half;
    }
    memcpy(out, raw, len);
    return len;
}

void signer_sign_as(struct arena *a, struct signer *s, struct rrset *set, const struct rrsig *fields)
{
    uint8_t rdata[RRSIG_FIXED + NAME_SIZE + SIGNATURE_MAX];
    struct canonical canonical;
    struct rrsig sig = *fields;
    struct writer w;
    writer_init(&w, rdata, sizeof(rdata));
    writer_u16(&w, sig.covered);
    writer_u8(&w, sig.algorithm);
    writer_u8(&w, sig.labels);
    writer_u32(&w, sig.original_ttl);
    writer_u32(&w, sig.expiration);
    writer_u32(&w, sig.inception);
    writer_u16(&w, sig.key_tag);
    writer_bytes(&w, sig.signer, name_len(sig.signer));
    sig.signer = rdata + RRSIG_FIXED;
    need(canonical_prepare(a, set, &canonical) == FAIL_NONE, "the arena is full");
    size_t len = canonical_write(&canonical, &sig);
    len = make_signature(s, canonical.bytes, len, w.at);
    append(a, &set->sigs, rdata, (uint16_t)(writer_len(&w) + len));
}

void signer_sign(struct arena *a, struct signer *s, struct rrset *set, const uint8_t *zone, uint32_t inception,
                 uint32_t expiration)
{
    const struct rrsig fields = signer_fields(s, set, zone, inception, expiration);
    signer_sign_as(a, s, set, &fields);
}
