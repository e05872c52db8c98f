/* Log-linear buckets: 128 of width 1, then 128 steps for each further power of two. */
#include "bench/histogram.h"

#include <math.h>

#define STEPS (1u << HISTOGRAM_STEPS_LOG2)

static size_t bucket_of(uint64_t ns)
{
	if (ns < STEPS)
		return (size_t)ns;
	unsigned power = 63 - (unsigned)__builtin_clzll(ns) - HISTOGRAM_STEPS_LOG2;
	if (power >= HISTOGRAM_POWERS)
		return HISTOGRAM_BUCKETS - 1;
	return ((size_t)(power + 1) << HISTOGRAM_STEPS_LOG2) + (size_t)((ns >> power) - STEPS);
}

/* The largest value that falls into the bucket. */
static uint64_t top_of(size_t bucket)
{
	if (bucket < STEPS)
		return bucket;
	unsigned power = (unsigned)(bucket >> HISTOGRAM_STEPS_LOG2) - 1;
	uint64_t step = (bucket & (STEPS - 1)) + STEPS;
	return ((step + 1) << power) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
	if (!histogram->count || ns < histogram->min_ns)
		histogram->min_ns = ns;
	if (ns > histogram->max_ns)
		histogram->max_ns = ns;
	histogram->count++;
	histogram->sum_ns += ns;
	histogram->buckets[bucket_of(ns)]++;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
	if (!other->count)
		return;
	if (!histogram->count || other->min_ns < histogram->min_ns)
		histogram->min_ns = other->min_ns;
	if (other->max_ns > histogram->max_ns)
		histogram->max_ns = other->max_ns;
	histogram->count += other->count;
	histogram->sum_ns += other->sum_ns;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->buckets[i] += other->buckets[i];
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
	uint64_t rank = (uint64_t)ceil(percent / 100 * (double)histogram->count), seen = 0;
	if (!histogram->count)
		return 0;
	if (!rank)
		rank = 1;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen >= rank && i + 1 < HISTOGRAM_BUCKETS)
			return top_of(i) < histogram->max_ns ? top_of(i) : histogram->max_ns;
	}
	return histogram->max_ns;
}

double histogram_mean(const struct histogram *histogram)
{
	return histogram->count ? (double)histogram->sum_ns / (double)histogram->count : 0;
}
