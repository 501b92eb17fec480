#include "resolver/validate/algorithm.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

#include "resolver/validate/key.h"

/* Octets of the shortest RSA moduli: RFC 3110 2 and RFC 5702 2. */
enum { RSA_MIN = 512 / 8, RSA_SHA512_MIN = 1024 / 8 };

/* Rows without support are here for their names. GOST: RFC 9906; DSA and RSAMD5: RFC 9904. */
static const struct algorithm algorithms[] = {
    [1] = {.text = "RSAMD5"},
    [2] = {.text = "DH"},
    [3] = {.text = "DSA"},
    [5] = {"RSASHA1", SUPPORT_SHA1, FAMILY_RSA, HASH_SHA1, "RSA", RSA_MIN, 0, 1},
    [6] = {.text = "DSA-NSEC3-SHA1"},
    [7] = {"RSASHA1-NSEC3-SHA1", SUPPORT_SHA1, FAMILY_RSA, HASH_SHA1, "RSA", RSA_MIN, 0, 1},
    [8] = {"RSASHA256", SUPPORT_FULL, FAMILY_RSA, HASH_SHA256, "RSA", RSA_MIN, 0, 1},
    [10] = {"RSASHA512", SUPPORT_FULL, FAMILY_RSA, HASH_SHA512, "RSA", RSA_SHA512_MIN, 0, 1},
    [12] = {.text = "ECC-GOST"},
    [13] = {"ECDSAP256SHA256", SUPPORT_FULL, FAMILY_ECDSA, HASH_SHA256, "P-256", 64, 32, 1},
    [14] = {"ECDSAP384SHA384", SUPPORT_FULL, FAMILY_ECDSA, HASH_SHA384, "P-384", 96, 48, 10},
    [15] = {"ED25519", SUPPORT_FULL, FAMILY_EDDSA, HASH_NONE, "ED25519", 32, 0, 2},
    [16] = {"ED448", SUPPORT_FULL, FAMILY_EDDSA, HASH_NONE, "ED448", 57, 0, 4},
    [17] = {.text = "SM2SM3"},
    [23] = {.text = "ECC-GOST12"},
};

enum { ALGORITHM_COUNT = sizeof(algorithms) / sizeof(algorithms[0]) };

const struct algorithm *algorithm_find(uint8_t algorithm)
{
    return algorithm < ALGORITHM_COUNT && algorithms[algorithm].support != SUPPORT_NONE ? &algorithms[algorithm] : NULL;
}

enum support algorithm_support(uint8_t algorithm)
{
    /* Asked once for all threads; two that ask at the same time find the same. */
    static atomic_uchar answers[ALGORITHM_COUNT];
    enum { UNASKED, ALLOWED, FORBIDDEN };
    const struct algorithm *a = algorithm_find(algorithm);
    if (a == NULL) {
        return SUPPORT_NONE;
    }
    unsigned char answer = atomic_load_explicit(&answers[algorithm], memory_order_relaxed);
    if (answer == UNASKED) {
        answer = key_is_allowed(a) ? ALLOWED : FORBIDDEN;
        atomic_store_explicit(&answers[algorithm], answer, memory_order_relaxed);
    }
    return answer == ALLOWED ? a->support : SUPPORT_NONE;
}

const char *algorithm_text(uint8_t algorithm, char out[ALGORITHM_TEXT_SIZE])
{
    if (algorithm < ALGORITHM_COUNT && algorithms[algorithm].text != NULL) {
        return algorithms[algorithm].text;
    }
    snprintf(out, ALGORITHM_TEXT_SIZE, "algorithm %u", algorithm);
    return out;
}

enum support digest_support(uint8_t digest)
{
    switch (digest_hash(digest)) {
    case HASH_NONE:
        return SUPPORT_NONE;
    case HASH_SHA1:
        return SUPPORT_SHA1;
    default:
        return SUPPORT_FULL;
    }
}

enum hash digest_hash(uint8_t digest)
{
    switch (digest) {
    case 1:
        return HASH_SHA1;
    case 2:
        return HASH_SHA256;
    case 4:
        return HASH_SHA384;
    default:
        return HASH_NONE;
    }
}

bool support_suffices(enum support support, bool accept_sha1)
{
    return support == SUPPORT_FULL || (support == SUPPORT_SHA1 && accept_sha1);
}

const char *hash_name(enum hash hash)
{
    static const char *const names[HASH_COUNT] = {
        [HASH_SHA1] = "SHA1", [HASH_SHA256] = "SHA256", [HASH_SHA384] = "SHA384", [HASH_SHA512] = "SHA512"};
    return names[hash];
}
