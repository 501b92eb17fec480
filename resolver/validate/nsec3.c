#include "resolver/validate/nsec3.h"

#include <string.h>

#include "resolver/dns/encode.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "resolver/validate/keyring.h"

enum { ALGORITHM_SHA1 = 1, FLAG_OPT_OUT = 1, LABEL_LEN = NSEC3_HASH_SIZE * 8 / 5 };

/* The hash that the first label of `owner` is. */
static bool read_label(const uint8_t *owner, uint8_t out[NSEC3_HASH_SIZE])
{
    const struct token label = {.text = (const char *)owner + 1, .len = owner[0]};
    struct writer w;
    writer_init(&w, out, NSEC3_HASH_SIZE);
    return owner[0] == LABEL_LEN && decode_base32(&label, &w) == FAIL_NONE;
}

enum nsec3_use nsec3_read(const struct rrset *set, const uint8_t *zone, uint32_t most, struct nsec3 *out)
{
    struct rdata_view rdata;
    struct reader r;
    if (!proof_rdata(set, TYPE_NSEC3, zone, &rdata) || !read_label(set->owner, out->owner) ||
        !name_equal(name_parent(set->owner), zone)) {
        return NSEC3_USELESS;
    }
    reader_init(&r, rdata.bytes, rdata.len);
    uint8_t algorithm = reader_u8(&r);
    uint8_t flags = reader_u8(&r);
    out->is_opt_out = flags == FLAG_OPT_OUT;
    out->params.iterations = reader_u16(&r);
    out->params.salt_len = reader_u8(&r);
    out->params.salt = reader_bytes(&r, out->params.salt_len);
    uint8_t next_len = reader_u8(&r);
    out->next = reader_bytes(&r, next_len);
    out->types.len = reader_left(&r);
    out->types.bytes = reader_bytes(&r, out->types.len);
    if (r.bad || algorithm != ALGORITHM_SHA1 || (flags & ~FLAG_OPT_OUT) != 0 || next_len != NSEC3_HASH_SIZE) {
        return NSEC3_USELESS;
    }
    return out->params.iterations > most ? NSEC3_COSTLY : NSEC3_USABLE;
}

bool nsec3_has_params(const struct nsec3 *n, const struct nsec3_params *p)
{
    return n->params.iterations == p->iterations && n->params.salt_len == p->salt_len &&
           memcmp(n->params.salt, p->salt, p->salt_len) == 0;
}

/* One octet of padding and eight of length end the last block. */
static uint32_t blocks_of(size_t octets)
{
    return (uint32_t)(octets + 9 + 63) / 64;
}

uint32_t nsec3_blocks(const struct nsec3_params *p, const uint8_t *name)
{
    return blocks_of(name_len(name) + p->salt_len) + p->iterations * blocks_of(NSEC3_HASH_SIZE + (size_t)p->salt_len);
}

int nsec3_hash(struct verifier *v, const struct nsec3_params *p, const uint8_t *name, uint8_t out[NSEC3_HASH_SIZE])
{
    uint8_t from[NAME_SIZE], hash[HASH_SIZE];
    uint32_t blocks = nsec3_blocks(p, name);
    if (blocks > v->expense->hash_blocks) {
        return FAIL_LIMIT;
    }
    v->expense->hash_blocks -= blocks;
    size_t len = keyring_hash(v->keyring, HASH_SHA1, from, name_lower(from, name), p->salt, p->salt_len, hash);
    for (unsigned i = 0; i < p->iterations && len == NSEC3_HASH_SIZE; i++) {
        len = keyring_hash(v->keyring, HASH_SHA1, hash, len, p->salt, p->salt_len, hash);
    }
    if (len != NSEC3_HASH_SIZE) {
        return FAIL_SYSTEM;
    }
    memcpy(out, hash, NSEC3_HASH_SIZE);
    return FAIL_NONE;
}

bool nsec3_matches(const struct nsec3 *n, const uint8_t hash[NSEC3_HASH_SIZE])
{
    return memcmp(n->owner, hash, NSEC3_HASH_SIZE) == 0;
}

bool nsec3_covers(const struct nsec3 *n, const uint8_t hash[NSEC3_HASH_SIZE])
{
    bool is_behind = memcmp(n->owner, hash, NSEC3_HASH_SIZE) < 0;
    bool is_before = memcmp(hash, n->next, NSEC3_HASH_SIZE) < 0;
    /* The last hash of a zone is followed by the first, which may be itself. */
    bool is_last = memcmp(n->next, n->owner, NSEC3_HASH_SIZE) <= 0;
    return is_last ? (is_behind || is_before) && !nsec3_matches(n, hash) : is_behind && is_before;
}
