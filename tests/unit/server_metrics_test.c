/* Numbers for a monitor: how they are counted, summed up while others count, and written. */
#include "unit.h"

#include "server/health.h"
#include "server/metrics.h"

#include <pthread.h>

/* ---- The text format ---- */

static const char *text_of(struct exposition *exposition)
{
	assert_true(exposition->ok);
	return exposition->text.data;
}

static void samples_have_their_labels(void **state)
{
	(void)state;
	OWN(exposition) struct exposition text;
	exposition_init(&text);
	exposition_family(&text, "a_total", "counter", "What a counts.");
	exposition_number(&text, "a_total", NULL, 0);
	exposition_number(&text, "a_total", (struct label[]){ { NULL, NULL } }, -7);
	exposition_number(&text, "a_total",
		(struct label[]){ { "x", "1" }, { "y", "" }, { NULL, NULL } }, INT64_MAX);
	assert_string_equal(text_of(&text),
		"# HELP a_total What a counts.\n# TYPE a_total counter\n"
		"a_total 0\na_total -7\na_total{x=\"1\",y=\"\"} 9223372036854775807\n");
}

/* What a label holds comes from certificates: nothing in it ends its quotes or its line. */
static void labels_are_escaped(void **state)
{
	(void)state;
	static const struct {
		const char *value, *written;
	} rows[] = {
		{ "plain, {braces} = #", "plain, {braces} = #" },
		{ "a\"b", "a\\\"b" },
		{ "a\\b", "a\\\\b" },
		{ "a\nb", "a\\nb" },
		{ "\"", "\\\"" },
		{ "\\\n\"", "\\\\\\n\\\"" },
		{ "CN=\xc3\xbc", "CN=\xc3\xbc" },
		{ "\\x0a\"} evil 1", "\\\\x0a\\\"} evil 1" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(exposition) struct exposition text;
		OWN(char) char *wanted = text_format("n{l=\"%s\"} 1\n", rows[i].written);
		exposition_init(&text);
		exposition_number(
			&text, "n", (struct label[]){ { "l", rows[i].value }, { NULL, NULL } }, 1);
		assert_string_equal(text_of(&text), wanted);
	}
}

static void what_does_not_fit_is_said(void **state)
{
	(void)state;
	OWN(exposition) struct exposition text;
	exposition_init(&text);
	text.text.bytes_max = 20;
	exposition_number(&text, "short", NULL, 1);
	assert_true(text.ok);
	exposition_number(&text, "longer_than_the_rest_of_it", NULL, 1);
	assert_false(text.ok);
	exposition_number(&text, "s", NULL, 1); /* nothing behind a hole */
	assert_false(text.ok);
}

/* ---- Durations ---- */

static void a_bound_is_in_its_bucket(void **state)
{
	(void)state;
	struct durations durations = { .sum_ns = 0 };
	for (size_t i = 1; i < DURATIONS_BOUNDS; i++)
		assert_true(durations_bounds_ns[i - 1] < durations_bounds_ns[i]);
	durations_count(&durations, 0);
	durations_count(&durations, durations_bounds_ns[0]);
	durations_count(&durations, durations_bounds_ns[0] + 1);
	durations_count(&durations, durations_bounds_ns[DURATIONS_BOUNDS - 1]);
	durations_count(&durations, durations_bounds_ns[DURATIONS_BOUNDS - 1] + 1);
	durations_count(&durations, UINT64_C(3600000000000));
	assert_int_equal(count_read(&durations.buckets[0]), 2);
	assert_int_equal(count_read(&durations.buckets[1]), 1);
	assert_int_equal(count_read(&durations.buckets[DURATIONS_BOUNDS - 1]), 1);
	assert_int_equal(count_read(&durations.buckets[DURATIONS_BOUNDS]), 2);
	assert_int_equal(count_read(&durations.sum_ns),
		2 * durations_bounds_ns[0] + 1 + 2 * durations_bounds_ns[DURATIONS_BOUNDS - 1] + 1 +
			UINT64_C(3600000000000));
}

static void buckets_are_written_as_sums(void **state)
{
	(void)state;
	OWN(exposition) struct exposition text;
	struct durations durations = { .sum_ns = 0 };
	durations_count(&durations, 250000);
	durations_count(&durations, 1500000);
	durations_count(&durations, UINT64_C(11000000001));
	exposition_init(&text);
	exposition_durations(
		&text, "d", (struct label[]){ { "k", "v" }, { NULL, NULL } }, &durations);
	assert_string_equal(text_of(&text), "d_bucket{k=\"v\",le=\"0.0001\"} 0\n"
					    "d_bucket{k=\"v\",le=\"0.00025\"} 1\n"
					    "d_bucket{k=\"v\",le=\"0.0005\"} 1\n"
					    "d_bucket{k=\"v\",le=\"0.001\"} 1\n"
					    "d_bucket{k=\"v\",le=\"0.0025\"} 2\n"
					    "d_bucket{k=\"v\",le=\"0.005\"} 2\n"
					    "d_bucket{k=\"v\",le=\"0.01\"} 2\n"
					    "d_bucket{k=\"v\",le=\"0.025\"} 2\n"
					    "d_bucket{k=\"v\",le=\"0.05\"} 2\n"
					    "d_bucket{k=\"v\",le=\"0.1\"} 2\n"
					    "d_bucket{k=\"v\",le=\"0.25\"} 2\n"
					    "d_bucket{k=\"v\",le=\"0.5\"} 2\n"
					    "d_bucket{k=\"v\",le=\"1\"} 2\n"
					    "d_bucket{k=\"v\",le=\"2.5\"} 2\n"
					    "d_bucket{k=\"v\",le=\"5\"} 2\n"
					    "d_bucket{k=\"v\",le=\"10\"} 2\n"
					    "d_bucket{k=\"v\",le=\"+Inf\"} 3\n"
					    "d_sum{k=\"v\"} 11.001750001\n"
					    "d_count{k=\"v\"} 3\n");
}

/* ---- Counting ---- */

static void each_counts_in_its_place(void **state)
{
	(void)state;
	static struct counts counts;
	assert_string_equal(counts_versions[counts_version("TLSv1.2")], "TLSv1.2");
	assert_string_equal(counts_versions[counts_version("SSLv3")], "none");
	assert_string_equal(counts_versions[counts_version(NULL)], "none");
	assert_string_equal(counts_methods[counts_method("GET")], "GET");
	assert_string_equal(counts_methods[counts_method("OPTIONS")], "OPTIONS");
	assert_string_equal(counts_methods[counts_method("BREW")], "other");
	assert_string_equal(counts_methods[counts_method("other")], "other");
	assert_string_equal(counts_methods[counts_method(NULL)], "none");
	counts_answer(&counts, "GET", 204);
	counts_answer(&counts, "GET", 599);
	counts_answer(&counts, NULL, 400);
	counts_answer(&counts, "GET", 0); /* no class: a request all the same */
	counts_answer(&counts, "GET", 999);
	assert_int_equal(count_read(&counts.requests), 5);
	assert_int_equal(count_read(&counts.answered[0][1]), 1);
	assert_int_equal(count_read(&counts.answered[0][4]), 1);
	assert_int_equal(count_read(&counts.answered[COUNTS_METHODS - 1][3]), 1);
	counts_handshake(&counts, "TLSv1.3", true);
	counts_handshake(&counts, "TLSv1.3", false);
	assert_int_equal(count_read(&counts.succeeded[4]), 2);
	assert_int_equal(count_read(&counts.resumed[4]), 1);
	assert_int_equal(count_read(&counts.handshakes), 2);
	counts_failure(&counts, CODE_CLIENT_EXPIRED, "TLSv1.2");
	counts_failure(&counts, CODE_CLIENT_EXPIRED, NULL);
	assert_int_equal(counts_failed(&counts, CODE_CLIENT_EXPIRED), 2);
	assert_int_equal(counts_failed(&counts, CODE_CLIENT_REVOKED), 0);
	count_move(&counts.idle, 3);
	count_move(&counts.idle, -1);
	count_move(&counts.pending, 5);
	count_more(&counts.shed[SHED_ADDRESS], 6);
	static struct counts total;
	counts_add(&total, &counts);
	counts_add(&total, &counts);
	assert_int_equal(total.idle, 4);
	assert_int_equal(total.pending, 10);
	assert_int_equal(count_read(&total.shed[SHED_ADDRESS]), 12);
	assert_int_equal(count_read(&total.shed[SHED_OVERLOAD]), 0);
	assert_int_equal(count_read(&total.requests), 10);
	assert_int_equal(counts_failed(&total, CODE_CLIENT_EXPIRED), 4);
	assert_int_equal(count_read(&total.resumed[4]), 2);
}

#define THREADS 4
#define TIMES 20000

static struct counts each[THREADS];

static void *keep_counting(void *context)
{
	struct counts *counts = context;
	for (int i = 0; i < TIMES; i++) {
		counts_answer(counts, "GET", 200);
		counts_handshake(counts, "TLSv1.3", i & 1);
		counts_failure(counts, CODE_CLIENT_REVOKED, "TLSv1.2");
		durations_count(&counts->took, (uint64_t)i * 1000);
		count_move(&counts->idle, i & 1 ? -1 : 1);
	}
	return NULL;
}

/* Nothing is lost, and no sum that is seen meanwhile is larger than one that is seen later. */
static void sums_only_grow_while_workers_count(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	unsigned long long before = 0, now = 0;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, keep_counting, &each[i]), 0);
	while (now < (unsigned long long)THREADS * TIMES) {
		struct counts total = { .idle = 0 };
		for (size_t i = 0; i < THREADS; i++)
			counts_add(&total, &each[i]);
		now = count_read(&total.requests);
		assert_true(now >= before);
		before = now;
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	struct counts total = { .idle = 0 };
	for (size_t i = 0; i < THREADS; i++)
		counts_add(&total, &each[i]);
	assert_int_equal(count_read(&total.requests), THREADS * TIMES);
	assert_int_equal(count_read(&total.resumed[4]), THREADS * TIMES / 2);
	assert_int_equal(counts_failed(&total, CODE_CLIENT_REVOKED), THREADS * TIMES);
	assert_int_equal(total.idle, 0);
}

/* ---- All of it ---- */

#define NOON ((time_t)1750000000)

static struct end ends[] = {
	{ .kind = END_CERTIFICATE, .name = "CN=localhost", .serial = "0A", .until = NOON + 5 },
	{ .kind = END_ANCHOR, .name = "CN=\"quoted\"", .serial = "01", .until = NOON + 6 },
	{ .kind = END_CRL, .name = "CN=CA", .until = NOON + 7 },
	{ .kind = END_CRL, .name = "CN=endless" },
};

static void holds(const char *text, const char *line)
{
	OWN(char) char *whole = text_format("\n%s\n", line);
	if (!strstr(text, whole))
		fail_msg("no line '%s' in:\n%s", line, text);
}

static void everything_is_written(void **state)
{
	(void)state;
	OWN(exposition) struct exposition text;
	struct metrics metrics = { .open = 3,
		.ready = true,
		.reloads = { .done = 4, .refused = 5, .unchanged = 6 },
		.snapshot = 5,
		.loaded_at = NOON - 90,
		.started_at = NOON - 100,
		.now = NOON,
		.ends = ends,
		.ends_count = sizeof ends / sizeof *ends,
		.store = { .writes = 7, .commits = 1, .failures = 8, .waiting = 9, .items = 10 } };
	counts_handshake(&metrics.counts, "TLSv1.3", true);
	counts_failure(&metrics.counts, CODE_CLIENT_REVOKED, "TLSv1.2");
	counts_failure(&metrics.counts, CODE_NONE, NULL);
	counts_answer(&metrics.counts, "GET", 200);
	counts_answer(&metrics.counts, NULL, 408);
	count_more(&metrics.counts.shed[SHED_CONNECTIONS], 2);
	count_up(&metrics.counts.shed[SHED_OVERLOAD]);
	count_move(&metrics.counts.pending, 1);
	exposition_init(&text);
	metrics_write(&metrics, &text);
	static const char *const lines[] = {
		"# TYPE mtls_handshakes_total counter",
		"mtls_handshakes_total{result=\"ok\",version=\"TLSv1.2\"} 0",
		"mtls_handshakes_total{result=\"ok\",version=\"TLSv1.3\"} 1",
		"mtls_handshakes_total{result=\"client-revoked\",version=\"TLSv1.2\"} 1",
		"mtls_handshakes_total{result=\"unknown\",version=\"none\"} 1",
		"mtls_handshakes_resumed_total{version=\"TLSv1.3\"} 1",
		"# TYPE mtls_handshake_duration_seconds histogram",
		"mtls_handshake_duration_seconds_count{kind=\"full\"} 0",
		"mtls_request_duration_seconds_sum 0",
		"mtls_requests_total{method=\"GET\",status=\"2xx\"} 1",
		"mtls_requests_total{method=\"none\",status=\"4xx\"} 1",
		"mtls_connections_open 3",
		"mtls_connections_idle 0",
		"mtls_handshakes_pending 1",
		"mtls_connections_refused_total{code=\"too-frequent\"} 0",
		"mtls_connections_refused_total{code=\"too-many-connections\"} 2",
		"mtls_connections_refused_total{code=\"server-overloaded\"} 1",
		("mtls_certificate_not_after_seconds{subject=\"CN=localhost\",serial=\"0A\"} "
		 "1750000005"),
		"mtls_ca_not_after_seconds{subject=\"CN=\\\"quoted\\\"\",serial=\"01\"} 1750000006",
		"mtls_crl_next_update_seconds{issuer=\"CN=CA\"} 1750000007",
		"mtls_reloads_total{result=\"accepted\"} 4",
		"mtls_reloads_total{result=\"refused\"} 5",
		"mtls_reloads_total{result=\"unchanged\"} 6",
		"mtls_snapshot_version 5",
		"mtls_snapshot_age_seconds 90",
		"mtls_store_items 10",
		"mtls_store_writes_total 7",
		"mtls_store_failures_total 8",
		"mtls_store_queue 9",
		"mtls_ready 1",
		"mtls_start_time_seconds 1749999900",
	};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		holds(text_of(&text), lines[i]);
	assert_null(strstr(text.text.data, "client-expired"));
	assert_null(strstr(text.text.data, "endless"));
}

/* ---- Readiness ---- */

static void readiness_has_one_reason(void **state)
{
	(void)state;
	static const struct {
		struct health health;
		const char *reason; /* NULL: ready */
	} rows[] = {
		{ { .now = NOON }, NULL },
		{ { .now = NOON + 5 }, NULL }, /* its last second */
		{ { .now = NOON + 6 },
			"server-expired: the server's certificate CN=localhost has expired on "
			"2025-06-15T15:06:45Z" },
		{ { .stopping = true, .now = NOON + 6 }, "draining: the server is stopping" },
		{ { .stopping = true, .store_failing = true }, "draining: the server is stopping" },
		{ { .store_failing = true, .now = NOON },
			"store: it has just failed; the log says why" },
	};
	char reason[HEALTH_REASON_BYTES];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct health health = rows[i].health;
		health.ends = ends;
		health.ends_count = sizeof ends / sizeof *ends;
		assert_int_equal(health_ready(&health, reason), !rows[i].reason);
		if (rows[i].reason)
			assert_string_equal(reason, rows[i].reason);
	}
}

static void a_crl_has_its_grace_and_a_ca_is_no_reason(void **state)
{
	(void)state;
	char reason[HEALTH_REASON_BYTES];
	struct health health = { .ends = ends + 1, .ends_count = 3, .now = NOON + 7 };
	assert_true(health_ready(&health, reason));
	health.now = NOON + 8;
	assert_false(health_ready(&health, reason));
	assert_string_equal(reason, "crl-expired: the CRL of CN=CA has expired on "
				    "2025-06-15T15:06:47Z, and every client of that CA is refused");
	health.crl_grace_s = 60;
	assert_true(health_ready(&health, reason));
	health.now = NOON + 67;
	assert_true(health_ready(&health, reason));
	health.now = NOON + 68;
	assert_false(health_ready(&health, reason));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_have_their_labels),
		cmocka_unit_test(labels_are_escaped),
		cmocka_unit_test(what_does_not_fit_is_said),
		cmocka_unit_test(a_bound_is_in_its_bucket),
		cmocka_unit_test(buckets_are_written_as_sums),
		cmocka_unit_test(each_counts_in_its_place),
		cmocka_unit_test(sums_only_grow_while_workers_count),
		cmocka_unit_test(everything_is_written),
		cmocka_unit_test(readiness_has_one_reason),
		cmocka_unit_test(a_crl_has_its_grace_and_a_ca_is_no_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
