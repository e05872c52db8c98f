/* Dates: those that exist are read in every form that a standard allows, others are not. */
#include "unit.h"

#include "base/base.h"

/* 2026-11-22 00:00:00 UTC, a Sunday */
#define MOMENT ((time_t)1795305600)

static void writes_both_forms(void **state)
{
	(void)state;
	char rfc3339[CLOCK_RFC3339_BYTES], http[CLOCK_HTTP_DATE_BYTES];
	assert_string_equal(clock_rfc3339(MOMENT, rfc3339), "2026-11-22T00:00:00Z");
	assert_string_equal(clock_http_date(MOMENT, http), "Sun, 22 Nov 2026 00:00:00 GMT");
	assert_string_equal(clock_rfc3339(0, rfc3339), "1970-01-01T00:00:00Z");
	assert_string_equal(clock_http_date(0, http), "Thu, 01 Jan 1970 00:00:00 GMT");
	assert_string_equal(clock_http_date(0, http), "Thu, 01 Jan 1970 00:00:00 GMT");
	assert_string_equal(clock_http_date(-1, http), "Wed, 31 Dec 1969 23:59:59 GMT");
	assert_string_equal(clock_http_date(0, http), "Thu, 01 Jan 1970 00:00:00 GMT");
}

struct row {
	const char *text;
	time_t at;
};

static void reads_rfc3339(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "2026-11-22T00:00:00Z", MOMENT },
		{ "2026-11-22t00:00:00z", MOMENT },
		{ "2026-11-22 00:00:00Z", MOMENT },
		{ "2026-11-22T00:00:00.999Z", MOMENT },
		{ "2026-11-22T01:00:00+01:00", MOMENT },
		{ "2026-11-21T18:30:00-05:30", MOMENT },
		{ "2026-11-21T23:59:60Z", MOMENT }, /* a leap second is the next minute */
		{ "2024-02-29T12:00:00Z", 1709208000 },
		{ "1969-12-31T23:59:59Z", -1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		time_t at = 42;
		assert_true(clock_from_rfc3339(rows[i].text, &at));
		assert_int_equal(at, rows[i].at);
	}
}

static void refuses_what_is_no_rfc3339(void **state)
{
	(void)state;
	static const char *const rows[] = { "", "now", "2026-11-22", "2026-11-22T00:00:00",
		"2026-11-22T00:00Z", "2026-02-29T00:00:00Z", "2026-02-31T00:00:60Z",
		"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-11-00T00:00:00Z",
		"2026-11-22T24:00:00Z", "2026-11-22T00:60:00Z", "2026-11-22T00:00:61Z",
		"2026-11-22T00:00:00Zx", "2026-11-22T00:00:00.Z", "2026-11-22T00:00:00+1:00",
		"2026-11-22T00:00:00+24:00", "2026-11-22T00:00:00+00:60", "26-11-22T00:00:00Z",
		"2026- 1-02T03:04:05Z", "2026-11-22T00:00: 5Z", "+026-11-22T00:00:00Z",
		"2026-11-22T00:00:00+ 1:00", " 2026-11-22T00:00:00Z" };
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		time_t at = 42;
		if (clock_from_rfc3339(rows[i], &at))
			fail_msg("read '%s'", rows[i]);
		assert_int_equal(at, 42);
	}
}

static void reads_the_three_dates_of_http(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 784111777 },
		{ "Sun Nov 16 08:49:37 1994", 784975777 },
		{ "Sun, 22 Nov 2026 00:00:00 GMT", MOMENT },
		{ "Sunday, 22-Nov-26 00:00:00 GMT", MOMENT },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		time_t at = 42;
		if (!clock_from_http_date(rows[i].text, &at))
			fail_msg("did not read '%s'", rows[i].text);
		assert_int_equal(at, rows[i].at);
	}
}

static void refuses_other_dates(void **state)
{
	(void)state;
	static const char *const rows[] = { "", "tomorrow", "Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49:37 GMT ",
		"Sun, 31 Feb 2026 00:00:00 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 25:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMTx",
		"Sun Nov  6 08:49:37 94x", "2026-11-22T00:00:00Z" };
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		time_t at = 42;
		if (clock_from_http_date(rows[i], &at))
			fail_msg("read '%s'", rows[i]);
		assert_int_equal(at, 42);
	}
}

static void never_goes_back(void **state)
{
	(void)state;
	uint64_t before = clock_monotonic_ms();
	for (int i = 0; i < 1000; i++) {
		uint64_t now = clock_monotonic_ms();
		assert_true(now >= before);
		before = now;
	}
}

static void a_moment_to_wait_for_is_whole_and_ahead(void **state)
{
	(void)state;
	static const unsigned waits_ms[] = { 0, 1, 150, 999, 1000, 2001, 86400999 };
	for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
		struct timespec before, after;
		clock_gettime(CLOCK_REALTIME, &before);
		struct timespec moment = clock_in_ms(waits_ms[i]);
		clock_gettime(CLOCK_REALTIME, &after);
		assert_in_range(moment.tv_nsec, 0, 999999999);
		int64_t ns = (moment.tv_sec - before.tv_sec) * INT64_C(1000000000) +
			     moment.tv_nsec - before.tv_nsec;
		int64_t late = (after.tv_sec - before.tv_sec) * INT64_C(1000000000) +
			       after.tv_nsec - before.tv_nsec;
		assert_true(ns >= waits_ms[i] * INT64_C(1000000));
		assert_true(ns <= waits_ms[i] * INT64_C(1000000) + late);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_both_forms),
		cmocka_unit_test(reads_rfc3339),
		cmocka_unit_test(refuses_what_is_no_rfc3339),
		cmocka_unit_test(reads_the_three_dates_of_http),
		cmocka_unit_test(refuses_other_dates),
		cmocka_unit_test(never_goes_back),
		cmocka_unit_test(a_moment_to_wait_for_is_whole_and_ahead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
