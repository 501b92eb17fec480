/* A keyed hash for tables whose keys strangers choose: SipHash-1-3 with a key drawn at start, so that nobody can aim at
 * one bucket. Not for signatures or stored data. And SipHash-2-4 with a key of the caller's, for DNS cookies. */
#ifndef CAIRN_BASE_HASH_H
#define CAIRN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Draws the process's key. Runs once, before any thread; until then the key is zero, which tests rely on. */
void hash_start(void);

uint64_t hash_bytes(const void *bytes, size_t len);

/* A 32-bit checksum of stored bytes, the same in every process: finds torn or flipped bits, not forgery. */
uint32_t hash_checksum(const void *bytes, size_t len);

#define HASH_SECRET_SIZE 16

/* SipHash-2-4 of `bytes` under `secret`, as its authors and RFC 9018 write it. */
void hash_siphash(const uint8_t secret[HASH_SECRET_SIZE], const void *bytes, size_t len, uint8_t out[8]);

#endif
