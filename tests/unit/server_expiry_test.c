/* What ends some day: at which moments that is told, in which words, and once each. */
#include "unit.h"

#include "server/record.h"

#include <stdio.h>
#include <unistd.h>

#define DAY ((time_t)86400)
#define START ((time_t)1750000000)

static struct end lasting(enum end_kind kind, time_t life)
{
	return (struct end){ .kind = kind, .name = "CN=x", .since = START, .until = START + life };
}

/* The stages begin at these moments before the end, and not a second earlier. */
static void begins_at(const struct end *end, time_t soon, time_t sooner, time_t last)
{
	const time_t before[] = { soon, sooner, last };
	for (int i = 0; i < 3; i++) {
		time_t at = end->until - before[i];
		assert_int_equal(expiry_stage(end, 0, at - 1), EXPIRY_FAR + i);
		assert_int_equal(expiry_stage(end, 0, at), EXPIRY_SOON + i);
		assert_int_equal(expiry_next(end, 0, at - 1), at);
	}
	assert_int_equal(expiry_stage(end, 0, end->until), EXPIRY_LAST);
	assert_int_equal(expiry_next(end, 0, end->until), end->until + 1);
	assert_int_equal(expiry_stage(end, 0, end->until + 1), EXPIRY_OVER);
	assert_int_equal(expiry_next(end, 0, end->until + 1), 0);
	assert_int_equal(expiry_stage(end, 0, START), EXPIRY_FAR);
}

static void stages_follow_kind_and_life(void **state)
{
	(void)state;
	struct end year = lasting(END_CERTIFICATE, 365 * DAY);
	begins_at(&year, 30 * DAY, 7 * DAY, DAY);
	struct end decade = lasting(END_ANCHOR, 3650 * DAY);
	begins_at(&decade, 30 * DAY, 7 * DAY, DAY);
	struct end month = lasting(END_CERTIFICATE, 30 * DAY);
	begins_at(&month, 10 * DAY, 5 * DAY, DAY);
	struct end day = lasting(END_CERTIFICATE, DAY);
	begins_at(&day, 8 * 3600, 4 * 3600, 2 * 3600);
	struct end list = lasting(END_CRL, 40 * DAY);
	begins_at(&list, 10 * DAY, 4 * DAY, DAY);
	struct end hour = lasting(END_CRL, 3600);
	begins_at(&hour, 900, 360, 90);
}

static void only_a_crl_has_a_grace(void **state)
{
	(void)state;
	struct end list = lasting(END_CRL, DAY), certificate = lasting(END_CERTIFICATE, DAY);
	assert_int_equal(expiry_stage(&list, 60, list.until + 1), EXPIRY_GRACE);
	assert_int_equal(expiry_stage(&list, 60, list.until + 60), EXPIRY_GRACE);
	assert_int_equal(expiry_next(&list, 60, list.until + 1), list.until + 61);
	assert_int_equal(expiry_stage(&list, 60, list.until + 61), EXPIRY_OVER);
	assert_int_equal(expiry_stage(&certificate, 60, list.until + 1), EXPIRY_OVER);
	struct end endless = { .kind = END_CRL, .since = START };
	assert_int_equal(expiry_stage(&endless, 0, START + 9999 * DAY), EXPIRY_FAR);
	assert_int_equal(expiry_next(&endless, 0, START), 0);
}

/* ---- Words ---- */

static const char *said(const struct end *end, enum expiry_stage stage, long long grace, time_t now)
{
	static char text[4096];
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	const struct log log = { .fd = ends[1] };
	record_expiry(&log, end, stage, grace, now);
	close(ends[1]);
	ssize_t count = read(ends[0], text, sizeof text - 1);
	close(ends[0]);
	text[count > 0 ? count : 0] = 0;
	return text;
}

static void each_is_one_line_with_its_code(void **state)
{
	(void)state;
	struct end own = lasting(END_CERTIFICATE, 365 * DAY), ca = lasting(END_ANCHOR, DAY),
		   list = lasting(END_CRL, DAY);
	strcpy(own.serial, "0A");
	strcpy(ca.serial, "01");
	assert_string_equal(said(&own, EXPIRY_SOON, 0, own.until - 7 * DAY + 1),
		"[SERVER] WARNING: the server's certificate ends in 6 days, and then no client "
		"trusts it | subject=CN=x | serial=0A | until=2026-06-15T15:06:40Z | "
		"code=expires-soon | hint=issue a new one before it does: mtls issue ROLE NAME "
		"--force\n");
	static const struct {
		time_t left;
		const char *text;
	} spans[] = { { 0, "in 0 seconds," }, { 1, "in 1 second," }, { 59, "in 59 seconds," },
		{ 60, "in 1 minute," }, { 3599, "in 59 minutes," }, { 3600, "in 1 hour," },
		{ 86399, "in 23 hours," }, { 86400, "in 1 day," }, { 172800, "in 2 days," } };
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
		assert_non_null(
			strstr(said(&ca, EXPIRY_LAST, 0, ca.until - spans[i].left), spans[i].text));
	assert_non_null(strstr(said(&ca, EXPIRY_LAST, 0, START),
		"a CA that is trusted ends in 1 day, and then every client of it is refused | "
		"subject=CN=x | serial=01 | until=2025-06-16T15:06:40Z | code=expires-soon"));
	assert_non_null(strstr(said(&list, EXPIRY_LAST, 0, list.until - 90),
		"WARNING: a CRL ends in 1 minute, and then every client of its CA is refused | "
		"issuer=CN=x | until=2025-06-16T15:06:40Z | code=crl-expires-soon | "
		"hint=make a fresh CRL: mtls crl\n"));
	assert_non_null(strstr(said(&list, EXPIRY_GRACE, 7200, list.until + 1),
		"WARNING: a CRL has expired, and counts on for 1 hour, as its grace says | "
		"issuer=CN=x"));
	assert_non_null(strstr(said(&list, EXPIRY_OVER, 7200, list.until + 7201),
		"WARNING: a CRL has expired, and every client of its CA is refused | issuer=CN=x | "
		"until=2025-06-16T15:06:40Z | code=crl-expired | "));
	assert_non_null(strstr(said(&own, EXPIRY_OVER, 0, own.until + 1),
		"the server's certificate has expired, and no client trusts it | "));
	assert_non_null(strstr(said(&ca, EXPIRY_OVER, 0, ca.until + 1), " | code=ca-expired | "));
	/* A name that looks like a member of the line. */
	strcpy(ca.name, "CN=a | code=none");
	assert_non_null(strstr(
		said(&ca, EXPIRY_OVER, 0, ca.until + 1), "subject=CN=a \\x7c code=none | serial="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stages_follow_kind_and_life),
		cmocka_unit_test(only_a_crl_has_a_grace),
		cmocka_unit_test(each_is_one_line_with_its_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
