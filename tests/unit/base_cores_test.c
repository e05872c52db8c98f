/* How many threads are worth starting. */
#include "unit.h"

#include "base/cores.h"

#include <sched.h>

static void counts_what_may_be_used(void **state)
{
	(void)state;
	cpu_set_t all, one;
	assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
	assert_int_equal(cores_usable(CPU_SETSIZE), CPU_COUNT(&all));
	assert_int_equal(cores_usable(1), 1);
	CPU_ZERO(&one);
	for (size_t i = 0; !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
	assert_int_equal(cores_usable(64), 1);
	assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(counts_what_may_be_used) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
