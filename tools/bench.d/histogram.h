/*
 * Latencies in buckets of at most 0.2 % width, from 1 ns to hours, in 160 kB, few of which are ever touched: recording
 * is two shifts and an increment.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS    9
#define HISTOGRAM_STEPS   (1 << HISTOGRAM_BITS) /* buckets per doubling */
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * 40)

struct histogram {
    uint64_t total;
    uint64_t max_ns;
    uint64_t count[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t ns);

/* The latency in ns that a share (0..1) of all samples does not exceed; 0 if there are none. */
uint64_t histogram_quantile(const struct histogram *h, double share);

#endif
