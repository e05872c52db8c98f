/* The histogram of durations: exact where it promises to be, and close everywhere else. */
#include "unit.h"

#include "bench/histogram.h"

static struct histogram *make(void)
{
	struct histogram *histogram = calloc(1, sizeof *histogram);
	assert_non_null(histogram);
	return histogram;
}

static void empty_says_zero(void **state)
{
	(void)state;
	struct histogram *histogram = make();
	assert_int_equal(histogram_percentile(histogram, 50), 0);
	assert_int_equal(histogram_percentile(histogram, 100), 0);
	assert_true(histogram_mean(histogram) == 0);
	free(histogram);
}

static void small_values_are_exact(void **state)
{
	(void)state;
	struct histogram *histogram = make();
	for (uint64_t ns = 1; ns <= 100; ns++)
		histogram_add(histogram, ns);
	assert_int_equal(histogram->count, 100);
	assert_int_equal(histogram_percentile(histogram, 0), 1);
	assert_int_equal(histogram_percentile(histogram, 1), 1);
	assert_int_equal(histogram_percentile(histogram, 50), 50);
	assert_int_equal(histogram_percentile(histogram, 99), 99);
	assert_int_equal(histogram_percentile(histogram, 99.5), 100);
	assert_int_equal(histogram_percentile(histogram, 100), 100);
	assert_true(histogram_mean(histogram) == 50.5);
	free(histogram);
}

/* One value, whatever its size: the percentile is it, or at most 1/128 above it. */
static void every_size_is_close(void **state)
{
	(void)state;
	for (unsigned power = 0; power < 40; power++) {
		for (uint64_t offset = 0; offset < 5; offset++) {
			struct histogram *histogram = make();
			uint64_t ns =
				((uint64_t)1 << power) + offset * (((uint64_t)1 << power) / 5);
			histogram_add(histogram, ns);
			histogram_add(histogram, ns * 3); /* so that the maximum does not help */
			uint64_t seen = histogram_percentile(histogram, 50);
			assert_true(seen >= ns);
			assert_true(seen - ns <= ns / 128);
			free(histogram);
		}
	}
}

static void what_is_too_long_counts_in_the_last(void **state)
{
	(void)state;
	struct histogram *histogram = make();
	histogram_add(histogram, UINT64_MAX);
	histogram_add(histogram, 5);
	assert_int_equal(histogram->buckets[HISTOGRAM_BUCKETS - 1], 1);
	assert_int_equal(histogram_percentile(histogram, 50), 5);
	assert_true(histogram_percentile(histogram, 100) == UINT64_MAX);
	free(histogram);
}

static void merging_is_adding(void **state)
{
	(void)state;
	struct histogram *sum = make(), *one = make(), *all = make(), *none = make();
	for (uint64_t i = 1; i < 1000; i++) {
		histogram_add(i % 3 ? sum : one, i * i * 1000);
		histogram_add(all, i * i * 1000);
	}
	histogram_merge(sum, one);
	histogram_merge(sum, none); /* its minimum of 0 is no value */
	assert_memory_equal(sum, all, sizeof *all);
	histogram_merge(none, all);
	assert_memory_equal(none, all, sizeof *all);
	free(sum), free(one), free(all), free(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_says_zero),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(every_size_is_close),
		cmocka_unit_test(what_is_too_long_counts_in_the_last),
		cmocka_unit_test(merging_is_adding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
