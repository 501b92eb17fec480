/* Numbers, durations and sizes as text. Internal to the configuration library. */
#ifndef CAIRN_SERVER_CONFIG_VALUE_H
#define CAIRN_SERVER_CONFIG_VALUE_H

#include <stdint.h>

#include "resolver/base/fail.h"

#define VALUE_TEXT_SIZE 32

/* Decimal digits without sign or leading zero. FAIL_SYNTAX on anything else, FAIL_LIMIT over 10^18. */
MUST_CHECK int number_parse(const char *text, uint64_t *out);

/* A number and one unit of ms, s, m, h, d, as milliseconds. Results as number_parse. */
MUST_CHECK int duration_parse(const char *text, uint64_t *ms);

/* A number and one unit of B, KiB, MiB, GiB, as octets. Results as number_parse. */
MUST_CHECK int size_parse(const char *text, uint64_t *octets);

/* The shortest form that parses back to the same value; zero is "0s" or "0ms", as `ms` of the unit says. */
char *duration_text(uint64_t ms, const char *zero, char out[VALUE_TEXT_SIZE]);
char *size_text(uint64_t octets, char out[VALUE_TEXT_SIZE]);

#endif
