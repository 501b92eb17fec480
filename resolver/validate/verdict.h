/* What a validator is given to work with, and what it says. Everything in this folder is a function of its arguments:
 * the time is one of them, and so is what may still be spent. */
#ifndef CAIRN_VALIDATE_VERDICT_H
#define CAIRN_VALIDATE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

struct keyring; /* keyring.h */

/* Attempts that failed, of one expense: as many as may fail by default. */
#define EXPENSE_FAILED_MAX 32

/* A signature and a key that do not fit. */
struct failed_attempt {
    const uint8_t *signature; /* where it stands */
    uint32_t key;             /* a hash of the DNSKEY */
    uint8_t flaw;             /* as signature.c calls it */
};

/* What one client query may still cost. Whoever owns the query sets it up once and shares it with all that is validated
 * for it; failed and repeated work counts as well. */
struct expense {
    uint32_t verifications; /* of signatures, left */
    uint32_t failures;      /* verifications left that may fail, or be made with a second key of the same tag */
    uint32_t hash_blocks;   /* SHA-1 blocks of NSEC3 hashes left */
    uint32_t spent;         /* verifications made so far */
    uint32_t effort;        /* the same, in verifications of ECDSAP256SHA256: to know when to let others work */
    struct {                /* how often each of the caps was the reason that more was not tried */
        uint32_t signatures, keys, ds, iterations;
    } reached;
    /* They are not made again for data that stays where it is, so that what was interrupted can simply be begun anew.
     */
    struct failed_attempt failed[EXPENSE_FAILED_MAX];
    unsigned failed_count;
};

/* What is tried of one set, key tag or zone. */
struct caps {
    uint32_t signatures; /* RRSIGs of one set, of those that could be its zone's by a supported algorithm */
    uint32_t keys;       /* of one tag and algorithm (KeyTrap, CVE-2023-50387); at most CAPS_KEYS */
    uint32_t ds;         /* of one zone, of those with a supported algorithm and digest; at most CAPS_DS */
    uint32_t iterations; /* of NSEC3: more make the zone insecure (RFC 9276 3.2) */
};

#define CAPS_KEYS  8
#define CAPS_DS    8
#define CAPS_USUAL ((struct caps){.signatures = 8, .keys = 2, .ds = 8, .iterations = 50})

struct verifier {
    struct keyring *keyring; /* of this thread */
    struct expense *expense;
    struct caps caps;
    /* The expense's effort at which a set with more signatures to try is put off, once it has cost something: */
    uint32_t patience; /* VERDICT_TIRED. 0: never */
    uint32_t wall;     /* CLOCK_REALTIME in seconds, as RRSIG times count (RFC 4034 3.1.5) */
    uint32_t skew;     /* seconds of slack at both ends of a signature's validity */
    bool accept_sha1;
};

enum verdict {
    VERDICT_SECURE,
    VERDICT_BOGUS,
    VERDICT_UNSUPPORTED, /* nothing here that can be verified: treat as insecure (RFC 4035 5.2, RFC 6840 5.2) */
    VERDICT_LIMIT,       /* the expense is used up, nothing is known */
    VERDICT_TIRED        /* put off: call again when others have had their turn */
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
