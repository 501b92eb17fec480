#include "resolver/base/rand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static _Thread_local struct {
    uint8_t bytes[256]; /* getrandom never returns short up to 256 bytes */
    size_t left;
} pool;

static void refill(void *out, size_t len)
{
    if (getrandom(out, len, 0) != (ssize_t)len) {
        fputs("cairn: the system gives no random numbers\n", stderr);
        abort();
    }
}

void rand_bytes(void *out, size_t len)
{
    uint8_t *at = out;
    while (len > 0) {
        if (pool.left == 0) {
            refill(pool.bytes, sizeof(pool.bytes));
            pool.left = sizeof(pool.bytes);
        }
        size_t n = len < pool.left ? len : pool.left;
        pool.left -= n;
        memcpy(at, pool.bytes + pool.left, n);
        explicit_bzero(pool.bytes + pool.left, n);
        at += n;
        len -= n;
    }
}

uint32_t rand_below(uint32_t bound)
{
    /* Rejecting the tail keeps the result uniform for bounds that do not divide 2^32. */
    uint32_t limit = UINT32_MAX - UINT32_MAX % bound;
    uint32_t value;
    do {
        rand_bytes(&value, sizeof(value));
    } while (value >= limit);
    return value % bound;
}
