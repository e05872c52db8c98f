/*
 * Durations in buckets whose width grows with them: every value is known to one part in 128, from a
 * nanosecond to 18 minutes, in a fixed 35 KB.
 */
#ifndef MTLS_BENCH_HISTOGRAM_H
#define MTLS_BENCH_HISTOGRAM_H

#include "base/base.h"

#define HISTOGRAM_STEPS_LOG2 7 /* 128 steps a power of two */
#define HISTOGRAM_POWERS 34
#define HISTOGRAM_BUCKETS ((HISTOGRAM_POWERS + 1) << HISTOGRAM_STEPS_LOG2)

struct histogram {
	uint64_t count, sum_ns, min_ns, max_ns;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

/* All zero is empty. Longer than the last bucket counts in it; the maximum stays exact. */
void histogram_add(struct histogram *histogram, uint64_t ns);
void histogram_merge(struct histogram *histogram, const struct histogram *other);
/* Nanoseconds below which `percent` (0 to 100) of the values are, at most 1/128 too high. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);
/* 0 when empty. */
double histogram_mean(const struct histogram *histogram);

#endif
