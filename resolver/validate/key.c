#include "resolver/validate/key.h"

#include <endian.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

struct key {
    const struct algorithm *algorithm;
    EVP_PKEY *public;
    EVP_PKEY_CTX *verifying; /* RSA and ECDSA: set up once, used for every signature */
    EVP_MD_CTX *message;     /* EdDSA, which hashes the data in its own way */
};

enum { POINT_UNCOMPRESSED = 4, DER_SEQUENCE = 0x30, DER_INTEGER = 2, ECDSA_HALF_MAX = 48 };

/* `selection`: what of a key the parameters give. */
static EVP_PKEY *from_params(const char *type, int selection, OSSL_PARAM *params)
{
    EVP_PKEY *public = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0 || EVP_PKEY_fromdata(ctx, &public, selection, params) <= 0) {
        public = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return public;
}

/* OpenSSL takes numbers in the order of the machine. */
static void to_native(uint8_t *out, const uint8_t *number, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = BYTE_ORDER == LITTLE_ENDIAN ? number[len - 1 - i] : number[i];
    }
}

static EVP_PKEY *rsa_from_numbers(const uint8_t *exponent, size_t exponent_len, const uint8_t *modulus,
                                  size_t modulus_len)
{
    uint8_t e[KEY_EXPONENT_MAX / 8 + 1], n[KEY_MODULUS_MAX];
    to_native(e, exponent, exponent_len);
    to_native(n, modulus, modulus_len);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e, exponent_len),
                           OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, modulus_len), OSSL_PARAM_construct_end()};
    return from_params("RSA", EVP_PKEY_PUBLIC_KEY, params);
}

static void skip_zeros(const uint8_t **number, size_t *len)
{
    while (*len > 0 && **number == 0) {
        ++*number;
        --*len;
    }
}

static bool is_exponent(const uint8_t *exponent, size_t len)
{
    const size_t whole = KEY_EXPONENT_MAX / 8;
    return len > 0 && (len <= whole || (len == whole + 1 && exponent[0] >> KEY_EXPONENT_MAX % 8 == 0));
}

/* RFC 3110 2: the exponent's length in one octet, or in three of which the first is zero; the exponent; the modulus. */
static EVP_PKEY *read_rsa(const struct algorithm *a, const uint8_t *bytes, size_t len)
{
    size_t head = len > 0 && bytes[0] == 0 ? 3 : 1;
    if (len < head) {
        return NULL;
    }
    size_t exponent_len = head == 3 ? (size_t)bytes[1] << 8 | bytes[2] : bytes[0];
    if (len - head < exponent_len) {
        return NULL;
    }
    const uint8_t *exponent = bytes + head;
    const uint8_t *modulus = exponent + exponent_len;
    size_t modulus_len = len - head - exponent_len;
    skip_zeros(&exponent, &exponent_len);
    skip_zeros(&modulus, &modulus_len);
    if (!is_exponent(exponent, exponent_len) || modulus_len < a->key_octets || modulus_len > KEY_MODULUS_MAX) {
        return NULL;
    }
    return rsa_from_numbers(exponent, exponent_len, modulus, modulus_len);
}

static EVP_PKEY *blank_of(struct key_blanks *b, const struct algorithm *a)
{
    EVP_PKEY **blank = a->half_octets == ECDSA_HALF_MAX ? &b->p384 : &b->p256;
    if (*blank == NULL) {
        char curve[sizeof("P-384")];
        memcpy(curve, a->openssl, sizeof(curve));
        OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
                               OSSL_PARAM_construct_end()};
        *blank = from_params("EC", EVP_PKEY_KEY_PARAMETERS, params);
    }
    return *blank;
}

void key_blanks_fini(struct key_blanks *b)
{
    EVP_PKEY_free(b->p256);
    EVP_PKEY_free(b->p384);
    *b = (struct key_blanks){0};
}

/* RFC 6605 4: the two coordinates of a point. OpenSSL checks that it is on the curve. */
static EVP_PKEY *read_ecdsa(struct key_blanks *b, const struct algorithm *a, const uint8_t *bytes, size_t len)
{
    uint8_t point[1 + 2 * ECDSA_HALF_MAX] = {POINT_UNCOMPRESSED};
    EVP_PKEY *blank = len == a->key_octets ? blank_of(b, a) : NULL;
    EVP_PKEY *public = blank != NULL ? EVP_PKEY_dup(blank) : NULL;
    if (public == NULL) {
        return NULL;
    }
    memcpy(point + 1, bytes, len);
    if (EVP_PKEY_set1_encoded_public_key(public, point, 1 + len) <= 0) {
        EVP_PKEY_free(public);
        return NULL;
    }
    return public;
}

/* RFC 8080 3. OpenSSL checks the length. */
static EVP_PKEY *read_eddsa(const struct algorithm *a, const uint8_t *bytes, size_t len)
{
    return EVP_PKEY_new_raw_public_key_ex(NULL, a->openssl, NULL, bytes, len);
}

static EVP_PKEY *read_public(struct key_blanks *b, const struct algorithm *a, const uint8_t *bytes, size_t len)
{
    switch (a->family) {
    case FAMILY_RSA:
        return read_rsa(a, bytes, len);
    case FAMILY_ECDSA:
        return read_ecdsa(b, a, bytes, len);
    case FAMILY_EDDSA:
        return read_eddsa(a, bytes, len);
    }
    return NULL;
}

/* A context that verifies one hash after the other; NULL where that is forbidden. RSA then pads as in PKCS #1 1.5. */
static EVP_PKEY_CTX *start_verifying(const struct algorithm *a, EVP_PKEY *public)
{
    char hash[sizeof("SHA256")];
    memcpy(hash, hash_name(a->hash), strlen(hash_name(a->hash)) + 1);
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, hash, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL);
    if (ctx == NULL || EVP_PKEY_verify_init_ex(ctx, params) <= 0) {
        EVP_PKEY_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

struct key *key_new(struct key_blanks *b, const struct algorithm *a, const uint8_t *bytes, size_t len)
{
    struct key *k = calloc(1, sizeof(*k));
    if (k == NULL) {
        return NULL;
    }
    k->algorithm = a;
    k->public = read_public(b, a, bytes, len);
    if (k->public != NULL && a->hash != HASH_NONE) {
        k->verifying = start_verifying(a, k->public);
    } else if (k->public != NULL) {
        k->message = EVP_MD_CTX_new();
    }
    if (k->verifying == NULL && k->message == NULL) {
        ERR_clear_error();
        key_free(k);
        return NULL;
    }
    return k;
}

void key_free(struct key *k)
{
    if (k != NULL) {
        EVP_MD_CTX_free(k->message);
        EVP_PKEY_CTX_free(k->verifying);
        EVP_PKEY_free(k->public);
        free(k);
    }
}

/* One number of an ECDSA signature as a DER INTEGER: no leading zeros but the one that keeps it positive. Returns the
 * octets written. */
static size_t put_integer(uint8_t *out, const uint8_t *number, size_t len)
{
    while (len > 1 && *number == 0) {
        number++;
        len--;
    }
    size_t sign = number[0] >> 7;
    out[0] = DER_INTEGER;
    out[1] = (uint8_t)(sign + len);
    out[2] = 0;
    memcpy(out + 2 + sign, number, len);
    return 2 + sign + len;
}

/* RFC 6605 4: r and s, each of fixed size. */
static bool verify_ecdsa(struct key *k, const uint8_t *data, size_t data_len, const uint8_t *sig, size_t sig_len)
{
    uint8_t der[2 + 2 * (3 + ECDSA_HALF_MAX)];
    size_t half = k->algorithm->half_octets;
    if (sig_len != 2 * half) {
        return false;
    }
    size_t len = put_integer(der + 2, sig, half);
    len += put_integer(der + 2 + len, sig + half, half);
    der[0] = DER_SEQUENCE;
    der[1] = (uint8_t)len;
    return EVP_PKEY_verify(k->verifying, der, 2 + len, data, data_len) == 1;
}

static bool verify_eddsa(struct key *k, const uint8_t *data, size_t data_len, const uint8_t *sig, size_t sig_len)
{
    return EVP_DigestVerifyInit(k->message, NULL, NULL, NULL, k->public) == 1 &&
           EVP_DigestVerify(k->message, sig, sig_len, data, data_len) == 1;
}

static bool verify(struct key *k, const uint8_t *data, size_t data_len, const uint8_t *sig, size_t sig_len)
{
    switch (k->algorithm->family) {
    case FAMILY_RSA:
        return EVP_PKEY_verify(k->verifying, sig, sig_len, data, data_len) == 1;
    case FAMILY_ECDSA:
        return verify_ecdsa(k, data, data_len, sig, sig_len);
    case FAMILY_EDDSA:
        return verify_eddsa(k, data, data_len, sig, sig_len);
    }
    return false;
}

bool key_verify(struct key *k, const uint8_t *data, size_t data_len, const uint8_t *sig, size_t sig_len)
{
    bool is_good = verify(k, data, data_len, sig, sig_len);
    if (!is_good) {
        ERR_clear_error();
    }
    return is_good;
}

/* Some systems forbid RSA with SHA-1, which shows only when a key is to verify by it; any number is key enough. */
static bool is_rsa_allowed(const struct algorithm *a)
{
    uint8_t modulus[256];
    const uint8_t exponent[] = {1, 0, 1};
    memset(modulus, 0xff, sizeof(modulus));
    EVP_PKEY *public = rsa_from_numbers(exponent, sizeof(exponent), modulus, sizeof(modulus));
    EVP_PKEY_CTX *ctx = public != NULL ? start_verifying(a, public) : NULL;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(public);
    return ctx != NULL;
}

bool key_is_allowed(const struct algorithm *a)
{
    bool is_allowed;
    if (a->family == FAMILY_RSA) {
        is_allowed = is_rsa_allowed(a);
    } else {
        EVP_SIGNATURE *signature = EVP_SIGNATURE_fetch(NULL, a->family == FAMILY_ECDSA ? "ECDSA" : a->openssl, NULL);
        is_allowed = signature != NULL;
        EVP_SIGNATURE_free(signature);
    }
    ERR_clear_error();
    return is_allowed;
}
