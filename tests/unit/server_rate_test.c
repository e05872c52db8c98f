/* Buckets of tokens, by a clock that the test turns. */
#include "unit.h"

#include "server/rate.h"

#include <stdio.h>

#define SECOND 1000000U

static size_t taken(struct rate *rate, const char *host, size_t wanted, uint64_t now)
{
	size_t count = 0;
	for (size_t i = 0; i < wanted; i++)
		count += rate_take(rate, host, now);
	return count;
}

static void a_second_holds_so_many_and_no_more(void **state)
{
	(void)state;
	static const long long rates[] = { 1, 3, 10, 200, 1000 };
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		OWN(rate) struct rate *rate = rate_new(rates[i], false);
		const size_t full = (size_t)rates[i];
		uint64_t now = 12345 * (uint64_t)SECOND;
		assert_int_equal(taken(rate, "192.0.2.1", full + 50, now), full);
		/* One token later there is one, and not two. */
		now += SECOND / (uint64_t)rates[i];
		assert_int_equal(taken(rate, "192.0.2.1", 5, now), 1);
		/* It never holds more than a second's. */
		now += 3600U * (uint64_t)SECOND;
		assert_int_equal(taken(rate, "192.0.2.1", full + 50, now), full);
		/* Who goes on in vain is not punished for that. */
		now += SECOND;
		assert_int_equal(taken(rate, "192.0.2.1", full + 50, now), full);
	}
}

static void a_steady_client_is_never_refused(void **state)
{
	(void)state;
	OWN(rate) struct rate *rate = rate_new(10, false);
	for (uint64_t now = SECOND; now < 60U * SECOND; now += SECOND / 10)
		assert_true(rate_take(rate, "2001:db8::1", now));
}

static void each_network_has_its_own(void **state)
{
	(void)state;
	static const struct {
		const char *one, *other;
		bool same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "2001:db8::1", "2001:db8::ffff:1", true },
		{ "2001:db8:0:0:ffff::", "2001:db8::", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		/* Two that are different share a bucket once in 32768; not three times. */
		bool shares = true;
		for (int tries = 0; tries < 3; tries++) {
			OWN(rate) struct rate *rate = rate_new(1, false);
			assert_true(rate_take(rate, rows[i].one, SECOND));
			shares = shares && !rate_take(rate, rows[i].other, SECOND);
		}
		assert_int_equal(shares, rows[i].same);
	}
}

static void this_machine_is_spared_if_so_wanted(void **state)
{
	(void)state;
	static const char *const ours[] = { "127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1" };
	static const char *const others[] = { "128.0.0.1", "10.0.0.1", "fe80::1",
		"::ffff:10.0.0.2" };
	OWN(rate) struct rate *sparing = rate_new(2, true);
	OWN(rate) struct rate *strict = rate_new(2, false);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(taken(sparing, ours[i], 20, SECOND), 20);
		assert_true(taken(sparing, others[i], 20, SECOND) <= 2);
		assert_true(taken(strict, ours[i], 20, SECOND) <= 2);
	}
	/* What is no address is nobody's to limit. */
	assert_int_equal(taken(strict, "", 20, SECOND), 20);
	assert_int_equal(taken(strict, "localhost", 20, SECOND), 20);
}

static void a_flood_of_addresses_costs_no_memory_and_locks_few_out(void **state)
{
	(void)state;
	OWN(rate) struct rate *rate = rate_new(5, false);
	char host[32];
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(host, sizeof host, "10.%u.%u.1", i / 250, i % 250);
		(void)taken(rate, host, 10, SECOND);
	}
	size_t served = 0;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(host, sizeof host, "172.16.%u.%u", i / 250, i % 250);
		served += rate_take(rate, host, SECOND);
	}
	assert_true(served > 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_holds_so_many_and_no_more),
		cmocka_unit_test(a_steady_client_is_never_refused),
		cmocka_unit_test(each_network_has_its_own),
		cmocka_unit_test(this_machine_is_spared_if_so_wanted),
		cmocka_unit_test(a_flood_of_addresses_costs_no_memory_and_locks_few_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
