/* Keys of stored entries: (name, slot, type) as octets whose plain byte order is the canonical order of names (RFC 4034
 * 6.1). A key is the labels from the root down, each in lower case and ended by 0x00, then a 0x00 that no label can
 * start with, the slot, and the type in network order:
 *
 *     www.example.com A  ->  "com" 00 "example" 00 "www" 00 | 00 slot 00 01
 *
 * So a name's own entries stand together and before those of its children, and a subtree is all keys that start with
 * the labels of its top. Inside a label 0x00 is written 01 01 and 0x01 is written 01 02, which keeps the order.
 *
 * The proofs of a zone stand together among the zone's own entries, so that the one at or before a name is found by one
 * look-up: after the labels of the zone come the marker, the slot and the low octet of the type, and only then the rest
 * of the labels and the tail.
 *
 *     NSEC of www.example.com in example.com  ->  "com" 00 "example" 00 | 00 slot 2f | "www" 00 | 00 slot 00 2f */
#ifndef CAIRN_CACHE_KEY_H
#define CAIRN_CACHE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/cache.h"
#include "resolver/base/fail.h"
#include "resolver/dns/name.h"

#define KEY_TAIL 4 /* marker, slot, type */
#define KEY_ZONE 3 /* what divides the key of a proof behind the labels of its zone */

/* The longest key, of a proof: 250 label octets that all need escaping, in four labels. LMDB takes at most 511. */
#define KEY_SIZE (2 * (NAME_SIZE - 5) + 4 + KEY_ZONE + KEY_TAIL)
_Static_assert(KEY_SIZE == CACHE_KEY_SIZE, "the size that cache.h tells");

/* Writes the labels of `name` and returns their length: the common start of every key at or below `name`. */
size_t key_labels(uint8_t out[KEY_SIZE], const uint8_t *name);

/* Appends the tail to `labels_len` octets of labels; returns the length of the whole key. */
size_t key_finish(uint8_t key[KEY_SIZE], size_t labels_len, enum cache_slot slot, uint16_t type);

size_t key_write(uint8_t out[KEY_SIZE], const uint8_t *name, enum cache_slot slot, uint16_t type);

/* Octets that all keys of the name of a key start with, and no others; it is `key_len` long. */
size_t key_own(size_t key_len);

/* Hashes for tables (hash.h): of the name of a key, and of a key whose name has that one. */
uint64_t key_name_hash(const uint8_t *key, size_t key_len);
uint64_t key_hash(uint64_t name_hash, const uint8_t *key, size_t key_len);

/* The key of the proof of `type` (below 256) that `name` owns in `zone`, which it is under. `*zone_len`: the octets
 * that the keys of all such proofs of the zone start with. */
size_t key_proof(uint8_t out[KEY_SIZE], const uint8_t *zone, uint16_t type, const uint8_t *name, size_t *zone_len);

/* The common start of the keys of all proofs of `labels`, those of a zone; returns its length. */
size_t key_proofs(uint8_t key[KEY_SIZE], size_t labels_len);

/* The length that the labels of the parent take of `labels_len` octets of labels; 0 for the root, its own parent. */
size_t key_parent(const uint8_t *labels, size_t labels_len);

/* The common start of the keys of `name` alone, or with all names below it; returns its length. */
size_t key_range(uint8_t out[KEY_SIZE], const uint8_t *name, bool subtree);

/* True for the key of an NSEC or NSEC3 (key_proof). */
bool key_is_proof(const uint8_t *key, size_t len);

/* True when the entry has to do with `type` of its name: its answer, failure or proof of that type, the entry that the
 * name does not exist, and for NS and DS the delegation. Type 0 is all. */
bool key_is_covered(const uint8_t *key, size_t len, uint16_t type);

struct key_parts {
    uint8_t name[NAME_SIZE]; /* lower case */
    uint8_t name_len;
    uint8_t zone_len; /* of a proof: octets of the end of `name` that is its zone; else 0 */
    enum cache_slot slot;
    uint16_t type;
};

/* The parts of a stored key. FAIL_WIRE when no key_write can have made it. */
MUST_CHECK int key_read(const uint8_t *key, size_t len, struct key_parts *out);

#endif
