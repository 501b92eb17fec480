/*
 * Questions made from a pattern, and the check of what comes back.
 *
 * In a pattern such as "w.z########.t#" each run of '#' stands for the last digits of an index, one digit per '#':
 * index 1234 gives w.z00001234.t4. So every name of an endless set has the same length, and making one is patching a
 * few bytes.
 */
#ifndef BENCH_QUESTION_H
#define BENCH_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUESTION_SIZE 300 /* header, the longest name, type and class, OPT */

struct pattern {
    size_t len;    /* of the whole message */
    size_t end;    /* end of the question section */
    size_t digits; /* used entries of digit[] */
    uint16_t type;
    uint8_t rcode; /* that the right answer has; NOERROR unless the caller sets another */
    uint8_t message[QUESTION_SIZE];
    uint16_t digit[256]; /* offsets of the digits, last one of each run first */
    uint8_t place[256];  /* which power of ten stands there */
};

/* Builds the message once: RD set, class IN, an OPT record if `edns`. False if `text` is no name. */
bool pattern_init(struct pattern *p, const char *text, uint16_t type, bool edns);

/* Sets the DO bit of a pattern with OPT. */
void pattern_want_dnssec(struct pattern *p);

/* Writes the question of `index` into `out` (p->len octets, at most QUESTION_SIZE). */
void pattern_write(const struct pattern *p, uint64_t index, uint16_t id, uint8_t *out);

enum verdict {
    VERDICT_RIGHT,  /* the very question, the rcode of the pattern, not truncated; with NOERROR a record of the type,
                       after  any aliases, and if that is an address of type A, the one of the index */
    VERDICT_FAILED, /* another rcode: see the low four bits of octet 3 */
    VERDICT_EMPTY,  /* NOERROR with nothing of the type in the answer section, or truncated */
    VERDICT_WRONG,  /* another question, another address, or no DNS reply at all */
    VERDICT_COUNT,
};

/* Judges a reply to the question of `index`. With `echo` it only has to be the question with QR set (the reflector). */
enum verdict reply_judge(const struct pattern *p, uint64_t index, bool echo, const uint8_t *reply, size_t len);

/* The address the synthetic tree gives to zone `index`: 198.18.0.0/15, the range kept for benchmarks (RFC 2544). */
uint32_t address_of_index(uint64_t index);

#endif
