/* Public keys ready for use, and the tools for verifying by them. Decoding a DNSKEY costs about as much as a
 * verification, and the same few keys verify nearly everything, so that a thread keeps those it used last. */
#ifndef CAIRN_VALIDATE_KEYRING_H
#define CAIRN_VALIDATE_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/dns/rrset.h"
#include "resolver/validate/algorithm.h"

struct key; /* key.h */
struct keyring;

/* At most `keys` of them, up to 3 KiB each. NULL: the system has no memory, or its OpenSSL lacks a hash. A keyring
 * belongs to one thread. */
struct keyring *keyring_new(size_t keys);
void keyring_free(struct keyring *k);

/* The key of a DNSKEY whose algorithm is supported, from the ring or made now; it lasts until the next call. NULL: the
 * RDATA holds no key that we verify by. */
struct key *keyring_key(struct keyring *k, struct rdata_view dnskey);

#define HASH_SIZE 64 /* octets of the longest */

/* The hash (not HASH_NONE) of `a` followed by `b`. Returns its octets. */
size_t keyring_hash(struct keyring *k, enum hash hash, const void *a, size_t a_len, const void *b, size_t b_len,
                    uint8_t out[HASH_SIZE]);

/* Memory for one verification, empty again. Its cap bounds how large a set may be. */
struct arena *keyring_scratch(struct keyring *k);

#endif
