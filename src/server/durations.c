/* Buckets from a tenth of a millisecond to ten seconds. */
#include "server/durations.h"

#include "server/counts.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)

const uint64_t durations_bounds_ns[DURATIONS_BOUNDS] = { 100 * US, 250 * US, 500 * US, MS,
	2500 * US, 5 * MS, 10 * MS, 25 * MS, 50 * MS, 100 * MS, 250 * MS, 500 * MS, S, 2500 * MS,
	5 * S, 10 * S };

void durations_count(struct durations *durations, uint64_t ns)
{
	size_t i = 0;
	while (i < DURATIONS_BOUNDS && ns > durations_bounds_ns[i])
		i++;
	count_up(&durations->buckets[i]);
	count_more(&durations->sum_ns, ns);
}

void durations_add(struct durations *total, const struct durations *more)
{
	for (size_t i = 0; i <= DURATIONS_BOUNDS; i++)
		count_more(&total->buckets[i], count_read(&more->buckets[i]));
	count_more(&total->sum_ns, count_read(&more->sum_ns));
}
