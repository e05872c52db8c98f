/*
 * How long things took, in the buckets of a Prometheus histogram. One thread counts, any thread may
 * read: no lock, and no write that another thread waits for.
 */
#ifndef MTLS_SERVER_DURATIONS_H
#define MTLS_SERVER_DURATIONS_H

#include "base/base.h"

#include <stdatomic.h>

#define DURATIONS_BOUNDS 16
/* The buckets' upper bounds, inclusive, rising. */
extern const uint64_t durations_bounds_ns[DURATIONS_BOUNDS];

/* All zero is empty. */
struct durations {
	atomic_ullong buckets[DURATIONS_BOUNDS + 1]; /* the last is for what is longer than all */
	atomic_ullong sum_ns;
};

void durations_count(struct durations *durations, uint64_t ns);
/* Adds `more`, which may be counting; `total` is nobody else's. */
void durations_add(struct durations *total, const struct durations *more);

#endif
