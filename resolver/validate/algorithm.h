/* The registries of DNSSEC algorithms and DS digests, as far as they matter to a validator (RFC 9904 to 9906). */
#ifndef CAIRN_VALIDATE_ALGORITHM_H
#define CAIRN_VALIDATE_ALGORITHM_H

#include <stdint.h>

enum support {
    SUPPORT_NONE, /* unknown, withdrawn, or not in our cryptography: zones that have nothing else are insecure */
    SUPPORT_SHA1, /* verified only where SHA-1 is accepted (RFC 9905), else as SUPPORT_NONE */
    SUPPORT_FULL
};

/* How signatures of a DNSKEY algorithm, and digests of a DS, are treated. */
enum support algorithm_support(uint8_t algorithm);
enum support digest_support(uint8_t digest);

/* "ECDSAP256SHA256", or "algorithm 99" in `out`. Returns its text. */
#define ALGORITHM_TEXT_SIZE 24
const char *algorithm_text(uint8_t algorithm, char out[ALGORITHM_TEXT_SIZE]);

#endif
