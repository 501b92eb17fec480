/* A bounded reader and writer of wire bytes with a sticky failure: once bad, every further call is harmless and bad, so
 * callers test once at the end. */
#ifndef CAIRN_DNS_WIRE_H
#define CAIRN_DNS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"

struct reader {
    const uint8_t *start; /* of the message: compression pointers count from here */
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
    uint16_t pointers_left; /* compression pointers this message may still use (limits reading cost) */
};

void reader_init(struct reader *r, const void *bytes, size_t len);
size_t reader_left(const struct reader *r);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);

/* `len` bytes in place, valid as long as the message; NULL when bad. */
const uint8_t *reader_bytes(struct reader *r, size_t len);

/* Reads a name, following compression pointers strictly backwards (RFC 1035 4.1.4), into `out`; returns its octets, 0
 * when bad. */
size_t reader_name(struct reader *r, uint8_t out[255]);

/* Passes over a name without copying it. */
void reader_skip_name(struct reader *r);

struct writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool full; /* something did not fit; the bytes so far are whole fields */
};

void writer_init(struct writer *w, void *bytes, size_t size);
size_t writer_len(const struct writer *w);
void writer_u8(struct writer *w, uint8_t value);
void writer_u16(struct writer *w, uint16_t value);
void writer_u32(struct writer *w, uint32_t value);
void writer_bytes(struct writer *w, const void *bytes, size_t len);

/* Big-endian access for patching bytes whose place is already known to exist. */
uint16_t wire_get_u16(const uint8_t *at);
uint32_t wire_get_u32(const uint8_t *at);
void wire_put_u16(uint8_t *at, uint16_t value);
void wire_put_u32(uint8_t *at, uint32_t value);

#endif
