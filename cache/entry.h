/* The stored form of a cache entry: a small header, then the RRsets. Numbers are in network order, RDATA is packed as
 * in struct rdatas. What the key says (name, slot, type) is not stored again, owner names are stored only as far as
 * they differ from the entry's name, and all sets of an entry expire with it, so that they need no TTLs of their own.
 *
 *     checksum u32 | version u8 | origin u8 | standing u8 | sets u8 | stored u48 ms | life u32 ms | epoch u32
 *     | source address | source port | of failures: how many | error, if there is one
 *     | of delegations: backing and number of foreign sets | sets, the foreign ones last
 *
 * The checksum covers key and value, so that no flipped bit can move an answer to another name. Readers trust nothing.
 */
#ifndef CAIRN_CACHE_ENTRY_H
#define CAIRN_CACHE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/cache.h"
#include "resolver/base/arena.h"
#include "resolver/base/fail.h"

#define ENTRY_VERSION  3
#define ENTRY_SETS_MAX 64    /* RRsets of one entry: NS, DS and two glue sets for each of 13 servers, and proofs */
#define ENTRY_SIZE_MAX 65535 /* octets of a value, whatever the policy says */
#define ENTRY_LIFE_MAX 0xffffffffu /* milliseconds, 49 days */

/* What the header says, for decisions that need no data. */
struct entry_head {
    enum trust trust;
    bool is_negative;
    uint64_t stored;
    uint64_t expires;
    uint32_t epoch;
};

/* Reads the header alone and checks nothing but version and length: FAIL_WIRE. */
MUST_CHECK int entry_peek(const uint8_t *value, size_t len, struct entry_head *out);

/* True when the checksum holds. */
bool entry_is_intact(const uint8_t *key, size_t key_len, const uint8_t *value, size_t len);

/* Octets that entry_write may need at most. */
size_t entry_bound(const struct cache_entry *e);

/* Writes the value of `e`, whose key is `key`, to `out`; returns its octets, 0 when it does not fit `size` or has too
 * many sets. A life beyond ENTRY_LIFE_MAX is cut to it. */
size_t entry_write(const struct cache_entry *e, const uint8_t *key, size_t key_len, uint8_t *out, size_t size);

/* Reads an entry into `a`; nothing in it points to `value`. FAIL_WIRE: not ours, or damaged; FAIL_LIMIT: `a` is full.
 */
MUST_CHECK int entry_read(const uint8_t *key, size_t key_len, const uint8_t *value, size_t len, struct arena *a,
                          struct cache_entry **out);

/* Lets the entry end at its own beginning: what it says has been disproved. */
void entry_expire(const uint8_t *key, size_t key_len, uint8_t *value, size_t len);

#endif
