/* The registries of DNSSEC algorithms and DS digests, as far as they matter to a validator (RFC 9904 to 9906). */
#ifndef CAIRN_VALIDATE_ALGORITHM_H
#define CAIRN_VALIDATE_ALGORITHM_H

#include <stdbool.h>
#include <stdint.h>

enum support {
    SUPPORT_NONE, /* unknown, withdrawn, or not in our cryptography: zones that have nothing else are insecure */
    SUPPORT_SHA1, /* verified only where SHA-1 is accepted (RFC 9905), else as SUPPORT_NONE */
    SUPPORT_FULL
};

/* How signatures of a DNSKEY algorithm, and digests of a DS, are treated. The former asks the system's OpenSSL, whose
 * policy may forbid algorithms. */
enum support algorithm_support(uint8_t algorithm);
enum support digest_support(uint8_t digest);

/* True when something of that support is verified. */
bool support_suffices(enum support support, bool accept_sha1);

/* "ECDSAP256SHA256", or "algorithm 99" in `out`. Returns its text. */
#define ALGORITHM_TEXT_SIZE 24
const char *algorithm_text(uint8_t algorithm, char out[ALGORITHM_TEXT_SIZE]);

/* What the rest of the folder knows about an algorithm. */
enum family { FAMILY_RSA, FAMILY_ECDSA, FAMILY_EDDSA };

enum hash { HASH_NONE, HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_COUNT };

struct algorithm {
    const char *text;
    enum support support;
    enum family family;
    enum hash hash;       /* what is signed is this hash of the data; HASH_NONE: the data itself */
    const char *openssl;  /* its curve or key type there */
    uint16_t key_octets;  /* of the public key; RSA: of the shortest modulus */
    uint16_t half_octets; /* of each of an ECDSA signature's two numbers */
    uint8_t effort;       /* of a verification, in those of ECDSAP256SHA256: some 50 us */
};

/* NULL: not one that is ever verified. Constant. */
const struct algorithm *algorithm_find(uint8_t algorithm);

/* The hash of a DS digest type; HASH_NONE when it is not supported. */
enum hash digest_hash(uint8_t digest);

/* "SHA256" as OpenSSL knows it; not for HASH_NONE. */
const char *hash_name(enum hash hash);

#endif
