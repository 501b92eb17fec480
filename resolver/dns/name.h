/* Domain names in wire form (RFC 1035 3.1): length octets and labels, ending in the root's zero octet, never
 * compressed. A name is a `const uint8_t *` that points at such octets; it knows its own length. Everything here trusts
 * its input to be a valid name; bytes from outside become one through reader_name (wire.h) or name_from_text. Case is
 * kept in names and ignored in comparisons (RFC 4343); labels may hold any octet. */
#ifndef CAIRN_DNS_NAME_H
#define CAIRN_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"

#define NAME_SIZE      255  /* octets of the longest name, root included (RFC 1035 2.3.4) */
#define LABEL_SIZE     63   /* octets of the longest label */
#define NAME_LABELS    127  /* labels of the longest name, root not counted */
#define NAME_TEXT_SIZE 1020 /* text of the longest name, every octet escaped, with its ending zero */

extern const uint8_t name_root[1];

/* Octets, root included: 1 for the root. */
size_t name_len(const uint8_t *name);

/* Labels, root not counted: 0 for the root, 2 for example.com. */
unsigned name_labels(const uint8_t *name);

bool name_is_root(const uint8_t *name);
bool name_is_wildcard(const uint8_t *name); /* leftmost label is "*" (RFC 4592) */

/* The name without its leftmost `labels` labels: a pointer into `name`. The root is its own parent. */
const uint8_t *name_strip(const uint8_t *name, unsigned labels);
const uint8_t *name_parent(const uint8_t *name);

bool name_equal(const uint8_t *a, const uint8_t *b);

/* True when `name` is `ancestor` or below it. */
bool name_is_under(const uint8_t *name, const uint8_t *ancestor);

/* Labels that both share at their root end: 1 for www.example.com and mail.example2.com. */
unsigned name_common_labels(const uint8_t *a, const uint8_t *b);

/* Canonical order (RFC 4034 6.1): negative, zero, positive. */
int name_compare(const uint8_t *a, const uint8_t *b);

/* Copies into `out`, which holds NAME_SIZE; returns the octets written. name_lower copies in lower case; `out` may be
 * `name` itself. */
size_t name_copy(uint8_t *out, const uint8_t *name);
size_t name_lower(uint8_t *out, const uint8_t *name);

/* Writes `name` with the suffix `from` replaced by `to` into `out` (RFC 6672 2.2); `name` must be under `from`.
 * FAIL_SPACE when the result is over NAME_SIZE (the answer is then YXDOMAIN). */
MUST_CHECK int name_replace_suffix(const uint8_t *name, const uint8_t *from, const uint8_t *to, uint8_t out[NAME_SIZE]);

/* Presentation form (RFC 1035 5.1) with the final dot, special and non-printing octets escaped. Returns `out`. */
char *name_text(const uint8_t *name, char out[NAME_TEXT_SIZE]);

/* Parses `len` characters of presentation form with \X and \DDD escapes. A name without final dot ends in `origin`;
 * NULL stands for the root. A lone @ is the origin. FAIL_SYNTAX: empty label, bad escape, label or name too long. */
MUST_CHECK int name_from_text(const char *text, size_t len, const uint8_t *origin, uint8_t out[NAME_SIZE]);

#endif
