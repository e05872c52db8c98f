/* How many descriptors there may be, and which of them are kept. */
#include "unit.h"

#include "base/descriptors.h"

#include <assert.h>
#include <limits.h>
#include <sys/resource.h>

static struct rlimit before;

static void set_soft(rlim_t soft)
{
	struct rlimit limit = { soft, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static rlim_t soft(void)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	return limit.rlim_cur;
}

static void nothing_is_kept_before_it_is_asked_for(void **state)
{
	(void)state;
	assert_false(descriptors_scarce(0));
	assert_false(descriptors_scarce(INT_MAX - 1));
	assert_false(descriptors_scarce(-1));
}

static void the_soft_limit_goes_up_and_never_down(void **state)
{
	(void)state;
	set_soft(40);
	assert_int_equal(descriptors_raise(200), 200);
	assert_int_equal(soft(), 200);
	assert_int_equal(descriptors_raise(100), 200);
	assert_int_equal(soft(), 200);
	set_soft(40);
	if (before.rlim_max < INT_MAX) {
		assert_int_equal(descriptors_raise((size_t)before.rlim_max + 1), before.rlim_max);
		assert_int_equal(soft(), before.rlim_max);
	}
}

static void the_last_ones_are_kept(void **state)
{
	(void)state;
	static const struct {
		rlim_t limit;
		int first; /* that is kept: a quarter, and 64 at most */
	} rows[] = { { 32, 24 }, { 33, 25 }, { 100, 75 }, { 256, 192 }, { 257, 193 },
		{ 300, 236 } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		set_soft(rows[i].limit);
		assert_int_equal(descriptors_raise(1), rows[i].limit);
		assert_false(descriptors_scarce(0));
		assert_false(descriptors_scarce(rows[i].first - 1));
		assert_true(descriptors_scarce(rows[i].first));
		assert_true(descriptors_scarce((int)rows[i].limit - 1));
		assert_false(descriptors_scarce(-1)); /* one that is none */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_kept_before_it_is_asked_for),
		cmocka_unit_test(the_soft_limit_goes_up_and_never_down),
		cmocka_unit_test(the_last_ones_are_kept),
	};
	assert(getrlimit(RLIMIT_NOFILE, &before) == 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
