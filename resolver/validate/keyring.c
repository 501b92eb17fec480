#include "resolver/validate/keyring.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/base/hash.h"
#include "resolver/validate/dnskey.h"
#include "resolver/validate/key.h"

/* WAYS: a key has so many places, found by its hash; the one used longest ago makes way. SCRATCH_CAP: the largest set
 * of a 64 KiB message has four times its size in canonical form, unless it was made to be large. */
enum { WAYS = 4, ALGORITHM_AT = 3, SCRATCH_CAP = 512 * 1024 };

struct place {
    struct key *key; /* NULL: free */
    uint8_t *rdata;
    uint16_t len;
    uint64_t used; /* the ring's count of calls */
};

struct keyring {
    struct place *places;
    size_t groups; /* of WAYS places */
    uint64_t calls;
    EVP_MD *hashes[HASH_COUNT];
    EVP_MD_CTX *hashing[HASH_COUNT]; /* one each: changing the hash of a context is slow */
    struct key_blanks blanks;
    struct arena scratch;
};

static bool start_hashes(struct keyring *k)
{
    for (enum hash hash = HASH_NONE + 1; hash < HASH_COUNT; hash++) {
        k->hashes[hash] = EVP_MD_fetch(NULL, hash_name(hash), NULL);
        k->hashing[hash] = EVP_MD_CTX_new();
        if (k->hashes[hash] == NULL || k->hashing[hash] == NULL) {
            return false;
        }
    }
    return true;
}

struct keyring *keyring_new(size_t keys)
{
    struct keyring *k = calloc(1, sizeof(*k));
    if (k == NULL) {
        return NULL;
    }
    k->groups = keys > WAYS ? keys / WAYS : 1;
    k->places = calloc(k->groups * WAYS, sizeof(*k->places));
    arena_init(&k->scratch, SCRATCH_CAP);
    if (k->places == NULL || !start_hashes(k)) {
        keyring_free(k);
        return NULL;
    }
    return k;
}

static void clear_place(struct place *p)
{
    key_free(p->key);
    free(p->rdata);
    *p = (struct place){0};
}

void keyring_free(struct keyring *k)
{
    if (k == NULL) {
        return;
    }
    for (size_t i = 0; k->places != NULL && i < k->groups * WAYS; i++) {
        clear_place(&k->places[i]);
    }
    for (enum hash hash = HASH_NONE; hash < HASH_COUNT; hash++) {
        EVP_MD_CTX_free(k->hashing[hash]);
        EVP_MD_free(k->hashes[hash]);
    }
    key_blanks_fini(&k->blanks);
    arena_fini(&k->scratch);
    free(k->places);
    free(k);
}

static bool holds(const struct place *p, struct rdata_view dnskey)
{
    return p->key != NULL && p->len == dnskey.len && memcmp(p->rdata, dnskey.bytes, dnskey.len) == 0;
}

/* The place of `dnskey`, or the one it should get: free, or used longest ago. */
static struct place *find_place(struct keyring *k, struct rdata_view dnskey)
{
    struct place *group = &k->places[hash_bytes(dnskey.bytes, dnskey.len) % k->groups * WAYS];
    struct place *oldest = group;
    for (struct place *p = group; p < group + WAYS; p++) {
        if (holds(p, dnskey)) {
            return p;
        }
        oldest = p->used < oldest->used ? p : oldest;
    }
    return oldest;
}

/* Only a key that is one takes the place of another. */
static bool fill_place(struct keyring *k, struct place *p, const struct algorithm *a, struct rdata_view dnskey)
{
    struct key *key = key_new(&k->blanks, a, dnskey.bytes + DNSKEY_FIXED, dnskey.len - DNSKEY_FIXED);
    uint8_t *rdata = key != NULL ? malloc(dnskey.len) : NULL;
    if (rdata == NULL) {
        key_free(key);
        return false;
    }
    memcpy(rdata, dnskey.bytes, dnskey.len);
    clear_place(p);
    *p = (struct place){.key = key, .rdata = rdata, .len = dnskey.len};
    return true;
}

struct key *keyring_key(struct keyring *k, struct rdata_view dnskey)
{
    const struct algorithm *a = dnskey.len > DNSKEY_FIXED ? algorithm_find(dnskey.bytes[ALGORITHM_AT]) : NULL;
    if (a == NULL) {
        return NULL;
    }
    struct place *p = find_place(k, dnskey);
    if (!holds(p, dnskey) && !fill_place(k, p, a, dnskey)) {
        return NULL;
    }
    p->used = ++k->calls;
    return p->key;
}

size_t keyring_hash(struct keyring *k, enum hash hash, const void *a, size_t a_len, const void *b, size_t b_len,
                    uint8_t out[HASH_SIZE])
{
    EVP_MD_CTX *ctx = k->hashing[hash];
    unsigned len = 0;
    bool is_done = EVP_DigestInit_ex(ctx, k->hashes[hash], NULL) == 1 && EVP_DigestUpdate(ctx, a, a_len) == 1 &&
                   EVP_DigestUpdate(ctx, b, b_len) == 1 && EVP_DigestFinal_ex(ctx, out, &len) == 1;
    return is_done ? len : 0;
}

struct arena *keyring_scratch(struct keyring *k)
{
    arena_reset(&k->scratch);
    return &k->scratch;
}
