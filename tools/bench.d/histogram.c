#include "histogram.h"

static unsigned bucket_of(uint64_t ns)
{
    if (ns < HISTOGRAM_STEPS) {
        return (unsigned)ns;
    }
    unsigned shift = 63U - HISTOGRAM_BITS - (unsigned)__builtin_clzll(ns);
    unsigned bucket = shift * HISTOGRAM_STEPS + (unsigned)(ns >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The first value past the bucket, less one. */
static uint64_t bucket_end(unsigned bucket)
{
    if (bucket < HISTOGRAM_STEPS) {
        return bucket;
    }
    unsigned shift = bucket / HISTOGRAM_STEPS - 1;
    uint64_t step = bucket - shift * HISTOGRAM_STEPS;
    return ((step + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
    h->count[bucket_of(ns)]++;
    h->total++;
    if (ns > h->max_ns) {
        h->max_ns = ns;
    }
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
    uint64_t seen = 0;
    uint64_t wanted = (uint64_t)((double)h->total * share);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->count[i];
        if (seen > wanted || (seen == h->total && seen > 0)) {
            uint64_t end = bucket_end(i);
            return end < h->max_ns ? end : h->max_ns;
        }
    }
    return 0;
}
