#include "resolver/dns/wire.h"

#include <string.h>

#include "resolver/dns/name.h"

/* A full 64 KiB message of the smallest records needs about 16,000 pointers when each record uses two or three; a
 * message made to be slow to read holds millions of hops. */
enum { POINTERS_MAX = 32768, POINTERS_PER_NAME = 128, HEADER_SIZE = 12 };

void reader_init(struct reader *r, const void *bytes, size_t len)
{
    r->start = bytes;
    r->at = bytes;
    r->end = r->start + len;
    r->bad = false;
    r->pointers_left = POINTERS_MAX;
}

size_t reader_left(const struct reader *r)
{
    return r->bad ? 0 : (size_t)(r->end - r->at);
}

const uint8_t *reader_bytes(struct reader *r, size_t len)
{
    if (r->bad || (size_t)(r->end - r->at) < len) {
        r->bad = true;
        return NULL;
    }
    r->at += len;
    return r->at - len;
}

uint8_t reader_u8(struct reader *r)
{
    const uint8_t *at = reader_bytes(r, 1);
    return at != NULL ? *at : 0;
}

uint16_t reader_u16(struct reader *r)
{
    const uint8_t *at = reader_bytes(r, 2);
    return at != NULL ? wire_get_u16(at) : 0;
}

uint32_t reader_u32(struct reader *r)
{
    const uint8_t *at = reader_bytes(r, 4);
    return at != NULL ? wire_get_u32(at) : 0;
}

static size_t fail_name(struct reader *r)
{
    r->bad = true;
    return 0;
}

/* Where the pointer at `at` leads, NULL when it may not be followed. Each pointer must lead before the start of the run
 * of labels it ends, so that no path visits a place twice. */
static const uint8_t *follow_pointer(struct reader *r, const uint8_t *at, const uint8_t *run)
{
    if (r->end - at < 2 || r->pointers_left == 0) {
        return NULL;
    }
    r->pointers_left--;
    const uint8_t *target = r->start + (wire_get_u16(at) & 0x3fff);
    return target < run && target - r->start >= HEADER_SIZE ? target : NULL;
}

static size_t copy_run(uint8_t *out, const uint8_t *run, const uint8_t *end)
{
    memcpy(out, run, (size_t)(end - run));
    return (size_t)(end - run);
}

size_t reader_name(struct reader *r, uint8_t out[NAME_SIZE])
{
    const uint8_t *at = r->at;
    const uint8_t *run = at; /* labels passed over and not yet copied */
    const uint8_t *after = NULL;
    unsigned hops = 0;
    size_t len = 0;
    while (!r->bad && at < r->end) {
        unsigned octet = *at;
        if (octet >= 0xc0) {
            if (after == NULL) {
                after = at + 2;
            }
            len += copy_run(out + len, run, at);
            at = run = follow_pointer(r, at, run);
            if (at == NULL || ++hops > POINTERS_PER_NAME) {
                return fail_name(r);
            }
            continue;
        }
        size_t step = octet + 1u;
        if (octet > LABEL_SIZE || (size_t)(r->end - at) < step ||
            len + (size_t)(at - run) + step + (octet != 0) > NAME_SIZE) {
            return fail_name(r);
        }
        at += step;
        if (octet == 0) {
            r->at = after != NULL ? after : at;
            return len + copy_run(out + len, run, at);
        }
    }
    return fail_name(r);
}

void reader_skip_name(struct reader *r)
{
    size_t len = 0;
    while (!r->bad) {
        unsigned octet = reader_u8(r);
        if (octet >= 0xc0) {
            reader_u8(r);
            return;
        }
        len += octet + 1u;
        if (octet > LABEL_SIZE || len > NAME_SIZE || reader_bytes(r, octet) == NULL) {
            r->bad = true;
            return;
        }
        if (octet == 0) {
            return;
        }
    }
}

void writer_init(struct writer *w, void *bytes, size_t size)
{
    w->start = bytes;
    w->at = bytes;
    w->end = w->start + size;
    w->full = false;
}

size_t writer_len(const struct writer *w)
{
    return (size_t)(w->at - w->start);
}

/* Room for `len` octets, NULL when full. */
static uint8_t *take(struct writer *w, size_t len)
{
    if (w->full || (size_t)(w->end - w->at) < len) {
        w->full = true;
        return NULL;
    }
    w->at += len;
    return w->at - len;
}

void writer_u8(struct writer *w, uint8_t value)
{
    uint8_t *at = take(w, 1);
    if (at != NULL) {
        *at = value;
    }
}

void writer_u16(struct writer *w, uint16_t value)
{
    uint8_t *at = take(w, 2);
    if (at != NULL) {
        wire_put_u16(at, value);
    }
}

void writer_u32(struct writer *w, uint32_t value)
{
    uint8_t *at = take(w, 4);
    if (at != NULL) {
        wire_put_u32(at, value);
    }
}

void writer_bytes(struct writer *w, const void *bytes, size_t len)
{
    uint8_t *at = take(w, len);
    if (at != NULL && len > 0) {
        memcpy(at, bytes, len);
    }
}

uint16_t wire_get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t wire_get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void wire_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void wire_put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}
