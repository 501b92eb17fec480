/* The hash of NSEC3 owner names (RFC 5155 5), made by the cryptographic library. */
#ifndef CAIRN_VALIDATE_HASHER_H
#define CAIRN_VALIDATE_HASHER_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/fail.h"

#define HASHER_SIZE 20 /* octets of SHA-1, the only hash that NSEC3 has */

/* Ready for any number of hashes; belongs to one thread. */
struct hasher;

/* NULL: the system has no memory, or the library does without SHA-1. */
struct hasher *hasher_new(void);
void hasher_free(struct hasher *h); /* NULL is fine */

struct hash_params {
    uint16_t iterations; /* additional ones, as NSEC3 counts them */
    uint8_t salt_len;
    const uint8_t *salt;
};

/* Blocks of 64 octets that SHA-1 goes through for one name: what hashing costs. */
uint32_t hasher_blocks(const struct hash_params *p, const uint8_t *name);

/* The hash of `name` in lower case. FAIL_SYSTEM: the library refuses. */
MUST_CHECK int hasher_hash(struct hasher *h, const struct hash_params *p, const uint8_t *name,
                           uint8_t out[HASHER_SIZE]);

#endif
