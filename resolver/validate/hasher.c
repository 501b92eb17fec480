#include "resolver/validate/hasher.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "resolver/dns/name.h"

struct hasher {
    EVP_MD *sha1;
    EVP_MD_CTX *ctx;
};

struct hasher *hasher_new(void)
{
    struct hasher *h = calloc(1, sizeof(*h));
    if (h == NULL) {
        return NULL;
    }
    h->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    h->ctx = EVP_MD_CTX_new();
    if (h->sha1 == NULL || h->ctx == NULL) {
        hasher_free(h);
        return NULL;
    }
    return h;
}

void hasher_free(struct hasher *h)
{
    if (h != NULL) {
        EVP_MD_CTX_free(h->ctx);
        EVP_MD_free(h->sha1);
        free(h);
    }
}

/* One octet of padding and eight of length end the last block. */
static uint32_t blocks_of(size_t octets)
{
    return (uint32_t)(octets + 9 + 63) / 64;
}

uint32_t hasher_blocks(const struct hash_params *p, const uint8_t *name)
{
    return blocks_of(name_len(name) + p->salt_len) + p->iterations * blocks_of(HASHER_SIZE + (size_t)p->salt_len);
}

static bool hash_once(struct hasher *h, const struct hash_params *p, const uint8_t *bytes, size_t len,
                      uint8_t out[HASHER_SIZE])
{
    return EVP_DigestInit_ex(h->ctx, h->sha1, NULL) == 1 && EVP_DigestUpdate(h->ctx, bytes, len) == 1 &&
           EVP_DigestUpdate(h->ctx, p->salt, p->salt_len) == 1 && EVP_DigestFinal_ex(h->ctx, out, NULL) == 1;
}

int hasher_hash(struct hasher *h, const struct hash_params *p, const uint8_t *name, uint8_t out[HASHER_SIZE])
{
    uint8_t lower[NAME_SIZE];
    bool is_done = hash_once(h, p, lower, name_lower(lower, name), out);
    for (unsigned i = 0; is_done && i < p->iterations; i++) {
        is_done = hash_once(h, p, out, HASHER_SIZE, out);
    }
    return is_done ? FAIL_NONE : FAIL_SYSTEM;
}
