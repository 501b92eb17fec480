/* What a validator is given to work with, and what it says. Everything in this folder is a function of its arguments:
 * the time is one of them, and so is what may still be spent. */
#ifndef CAIRN_VALIDATE_VERDICT_H
#define CAIRN_VALIDATE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

struct keyring; /* keyring.h */

/* What one client query may still cost. Whoever owns the query sets it up once and shares it with all that is validated
 * for it; failed and repeated work counts as well. */
struct expense {
    uint32_t verifications; /* of signatures, left */
    uint32_t failures;      /* verifications left that may fail, or be made with a second key of the same tag */
    uint32_t hash_blocks;   /* SHA-1 blocks of NSEC3 hashes left */
    uint32_t spent;         /* verifications made so far */
    uint32_t effort;        /* the same, in verifications of ECDSAP256SHA256: to know when to let others work */
};

struct verifier {
    struct keyring *keyring; /* of this thread */
    struct expense *expense;
    uint32_t wall; /* CLOCK_REALTIME in seconds, as RRSIG times count (RFC 4034 3.1.5) */
    uint32_t skew; /* seconds of slack at both ends of a signature's validity */
    bool accept_sha1;
};

enum verdict {
    VERDICT_SECURE,
    VERDICT_BOGUS,
    VERDICT_UNSUPPORTED, /* nothing here that can be verified: treat as insecure (RFC 4035 5.2, RFC 6840 5.2) */
    VERDICT_LIMIT        /* the expense is used up, nothing is known */
};

/* Why something is not secure, for people. `code` is an enum ede_code. Fields that do not apply are 0 or NULL; names
 * point into what was validated. */
struct fault {
    uint16_t code;
    const uint8_t *zone;  /* whose key or proof it is about */
    const uint8_t *owner; /* of the set */
    uint16_t type;
    uint16_t key_tag;
    uint8_t algorithm; /* of key, signature or DS; digest type for EDE_UNSUPPORTED_DS_DIGEST */
    uint32_t inception, expiration;
    const char *detail; /* constant, a few words: "signature does not verify"; NULL: the code says it all */
};

#endif
