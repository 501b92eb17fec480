/* One public key as OpenSSL wants it. */
#ifndef CAIRN_VALIDATE_KEY_H
#define CAIRN_VALIDATE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/validate/algorithm.h"

struct key;

/* Keys on a curve start as copies of a blank one, because making the curve costs several times what the key does. All
 * zero: none made yet. They belong to one thread. */
struct key_blanks {
    struct evp_pkey_st *p256, *p384;
};

void key_blanks_fini(struct key_blanks *b);

/* RSA moduli up to RFC 3110's 4096 bits, and exponents up to 2^35: 65537 and 2^32 + 1 are what is in use, and greater
 * ones only make verification slow. */
#define KEY_MODULUS_MAX  512 /* octets */
#define KEY_EXPONENT_MAX 35  /* bits */

/* The key in the octets that follow the fixed fields of a DNSKEY. NULL: they are none of that algorithm, or break the
 * bounds above. */
struct key *key_new(struct key_blanks *b, const struct algorithm *a, const uint8_t *bytes, size_t len);
void key_free(struct key *k);

/* True when `sig`, in the form of RRSIG RDATA, is this key's over `data`: a hash when the algorithm has one. */
bool key_verify(struct key *k, const uint8_t *data, size_t data_len, const uint8_t *sig, size_t sig_len);

/* Whether the system's OpenSSL, as it is configured, verifies such signatures at all. */
bool key_is_allowed(const struct algorithm *a);

#endif
