/*
 * The mix of questions a resolver gets from its clients: A 60 %, AAAA 25 %, HTTPS 15 %; one name in ten an alias, one
 * in ten does not exist; one question in twenty asks for DNSSEC records. Which one comes next is the same in every run.
 */
#ifndef BENCH_MIX_H
#define BENCH_MIX_H

#include "question.h"

enum { MIX_KINDS = 3, MIX_TYPES = 3 };

struct mix {
    struct pattern pattern[MIX_KINDS][MIX_TYPES][2]; /* the last index: with the DO bit */
};

void mix_init(struct mix *m);

/* The pattern of the nth question. */
const struct pattern *mix_pattern(const struct mix *m, uint64_t nth);

#endif
