#include "resolver/base/hash.h"

#include <endian.h>
#include <string.h>

#include "resolver/base/rand.h"

static uint64_t key[2];

void hash_start(void)
{
    rand_bytes(key, sizeof(key));
}

struct sip {
    uint64_t a, b, c, d;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

/* Inlined wherever it stands, so that the state stays in registers: half the time of the whole hash. */
static inline __attribute__((always_inline)) void sip_round(struct sip *s)
{
    s->a += s->b;
    s->b = rotate(s->b, 13) ^ s->a;
    s->a = rotate(s->a, 32);
    s->c += s->d;
    s->d = rotate(s->d, 16) ^ s->c;
    s->a += s->d;
    s->d = rotate(s->d, 21) ^ s->a;
    s->c += s->b;
    s->b = rotate(s->b, 17) ^ s->c;
    s->c = rotate(s->c, 32);
}

static inline __attribute__((always_inline)) void sip_word(struct sip *s, uint64_t word, unsigned rounds)
{
    s->d ^= word;
    for (unsigned i = 0; i < rounds; i++) {
        sip_round(s);
    }
    s->a ^= word;
}

/* The `left` octets at `at` as a number, of `len` in all. Cut out of the last eight where there are so many: a loop as
 * long as they happen to be is what a processor guesses wrong. */
static inline __attribute__((always_inline)) uint64_t last_octets(const uint8_t *at, size_t left, size_t len)
{
    uint64_t word = 0;
    if (left > 0 && len >= sizeof(word)) {
        memcpy(&word, at + left - sizeof(word), sizeof(word));
        return le64toh(word) >> 8 * (sizeof(word) - left);
    }
    for (size_t i = 0; i < left; i++) {
        word |= (uint64_t)at[i] << 8 * i;
    }
    return word;
}

/* Inlined with constant rounds into its two uses. */
static inline __attribute__((always_inline)) uint64_t sip_hash(const uint64_t k[2], const void *bytes, size_t len,
                                                               unsigned rounds, unsigned last_rounds)
{
    const uint8_t *at = bytes;
    struct sip s = {k[0] ^ 0x736f6d6570736575u, k[1] ^ 0x646f72616e646f6du, k[0] ^ 0x6c7967656e657261u,
                    k[1] ^ 0x7465646279746573u};
    uint64_t word;
    size_t left = len;
    for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        sip_word(&s, le64toh(word), rounds);
    }
    sip_word(&s, (uint64_t)len << 56 | last_octets(at, left, len), rounds);
    s.c ^= 0xff;
    for (unsigned i = 0; i < last_rounds; i++) {
        sip_round(&s);
    }
    return s.a ^ s.b ^ s.c ^ s.d;
}

static uint64_t sip_1_3(const uint64_t k[2], const void *bytes, size_t len)
{
    return sip_hash(k, bytes, len, 1, 3);
}

uint64_t hash_bytes(const void *bytes, size_t len)
{
    return sip_1_3(key, bytes, len);
}

uint32_t hash_checksum(const void *bytes, size_t len)
{
    static const uint64_t fixed[2] = {0, 0};
    uint64_t h = sip_1_3(fixed, bytes, len);
    return (uint32_t)(h ^ h >> 32);
}

void hash_siphash(const uint8_t secret[HASH_SECRET_SIZE], const void *bytes, size_t len, uint8_t out[8])
{
    uint64_t words[2];
    memcpy(words, secret, sizeof(words));
    const uint64_t k[2] = {le64toh(words[0]), le64toh(words[1])};
    uint64_t hash = htole64(sip_hash(k, bytes, len, 2, 4));
    memcpy(out, &hash, sizeof(hash));
}
