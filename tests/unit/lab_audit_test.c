/* What an audit tries, and what it makes of what it saw: without a socket. */
#include "unit.h"

#include "lab/audit.h"
#include "lab/junit.h"

static struct audit_results plan_of(
	enum audit_side side, const char *name, enum tls_version version)
{
	struct audit_results plan;
	struct error error;
	const char *const names[] = { name };
	if (!audit_plan(side, names, name ? 1 : 0, version, &plan, &error))
		fail_msg("%s", error.text);
	return plan;
}

static size_t runs_of(const struct audit_results *plan, const char *name)
{
	size_t count = 0;
	for (size_t i = 0; i < plan->count; i++)
		count += !strcmp(scenario_name(plan->list[i].scenario), name);
	return count;
}

/* ---- Which rows ---- */

static void a_server_is_tried_with_clients_that_any_server_must_refuse(void **state)
{
	(void)state;
	static const char *const tried[] = { "no-client-certificate", "client-unknown-ca",
		"client-self-signed", "client-wrong-eku", "client-wrong-eku/any", "client-no-eku",
		"client-no-eku/no-extensions", "client-wrong-key-usage",
		"client-wrong-key-usage/encipherment", "client-expired", "client-not-yet-valid",
		"client-revoked", "client-chain-incomplete", "client-path-length",
		"client-issuer-not-ca", "client-is-ca", "client-v1", "client-intermediate-eku",
		"client-name-constraint", "client-ca-rekeyed", "client-bad-signature",
		"client-critical-extension", "client-weak-digest", "client-weak-key",
		"client-no-possession", "tls-version" };
	for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++)
		assert_true(audit_is_about_client(scenario_find(tried[i])));
	size_t count = 0;
	for (size_t i = 0; i < scenarios_count; i++)
		count += audit_is_about_client(&scenarios[i]);
	assert_int_equal(count, sizeof tried / sizeof tried[0]);
}

/* Whether these are refused is the server's own choice, or has nothing to do with the client. */
static void a_server_is_not_tried_with_what_it_may_allow(void **state)
{
	(void)state;
	static const char *const left_out[] = { "good-client", "client-other-trusted-ca",
		"client-no-eku/standard", "crl-missing", "crl-expired", "client-chain-too-long",
		"client-chain-incomplete/sent", "client-key-type", "tls-no-shared-cipher",
		"tls-no-shared-group", "alpn-mismatch", "sni-unknown", "sni-unknown/any",
		"optional-none-given", "optional-bad-given", "verify-none", "key-mismatch",
		"plain-http", "peer-closed", "server-expired" };
	for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
		assert_false(audit_is_about_client(scenario_find(left_out[i])));
}

static void a_client_is_tried_with_servers_that_any_client_must_refuse(void **state)
{
	(void)state;
	static const char *const tried[] = { "server-name-mismatch", "server-name-mismatch/ip-only",
		"server-no-san", "server-no-san/dropped", "server-wrong-eku", "server-expired",
		"server-not-yet-valid", "server-revoked", "server-wrong-key-usage",
		"server-unknown-ca", "server-chain-incomplete", "server-name-constraint",
		"server-critical-extension" };
	static const char *const left_out[] = { "good-client", "server-no-eku",
		"server-no-eku/strict", "server-no-san/address", "server-name-mismatch/common-name",
		"system-trust-store", "system-trust-store/mistake", "client-expired", "not-tls",
		"peer-closed", "connection-refused" };
	for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++)
		assert_true(audit_is_about_server(scenario_find(tried[i])));
	for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
		assert_false(audit_is_about_server(scenario_find(left_out[i])));
	size_t count = 0;
	for (size_t i = 0; i < scenarios_count; i++)
		count += audit_is_about_server(&scenarios[i]);
	assert_int_equal(count, sizeof tried / sizeof tried[0]);
}

static void three_sessions_are_tried_and_nothing_else_of_their_kind(void **state)
{
	(void)state;
	assert_true(audit_is_about_session(scenario_find("resumed-after-revocation")));
	assert_true(audit_is_about_session(scenario_find("resumed-after-expiry")));
	assert_true(audit_is_about_session(scenario_find("resumed-across-listeners")));
	assert_false(audit_is_about_session(scenario_find("resumed-without-context")));
	assert_false(audit_is_about_session(scenario_find("client-revoked")));
	assert_true(audit_needs_crl(scenario_find("resumed-after-revocation")));
	assert_true(audit_needs_crl(scenario_find("client-revoked")));
	assert_true(audit_needs_crl(scenario_find("server-revoked")));
	assert_false(audit_needs_crl(scenario_find("resumed-after-expiry")));
	assert_false(audit_needs_crl(scenario_find("client-expired")));
}

/* ---- The plan ---- */

static void a_row_is_run_on_each_version_and_a_session_by_each_way(void **state)
{
	(void)state;
	struct audit_results plan = plan_of(AUDIT_SERVER, NULL, TLS_VERSION_ANY);
	assert_int_equal(runs_of(&plan, "client-expired"), 2);
	assert_int_equal(runs_of(&plan, "resumed-after-expiry"), 3);
	assert_int_equal(runs_of(&plan, "tls-version"), 1);
	assert_int_equal(runs_of(&plan, "server-expired"), 0);
	audit_results_done(&plan);
	assert_null(plan.list);

	plan = plan_of(AUDIT_SERVER, "resumed-after-revocation", TLS_1_2);
	assert_int_equal(plan.count, 2);
	assert_string_equal(plan.list[0].way, AUDIT_BY_ID);
	assert_string_equal(plan.list[1].way, AUDIT_BY_TICKET);
	assert_int_equal(plan.list[1].version, TLS_1_2);
	audit_results_done(&plan);

	plan = plan_of(AUDIT_SERVER, "resumed-after-revocation", TLS_1_3);
	assert_int_equal(plan.count, 1);
	assert_string_equal(plan.list[0].way, AUDIT_BY_TICKET);
	assert_int_equal(plan.list[0].version, TLS_1_3);
	audit_results_done(&plan);

	plan = plan_of(AUDIT_SERVER, "tls-version", TLS_1_3);
	assert_int_equal(plan.count, 1);
	assert_int_equal(plan.list[0].version, TLS_1_1);
	audit_results_done(&plan);
}

static void a_code_means_all_its_rows(void **state)
{
	(void)state;
	struct audit_results plan = plan_of(AUDIT_SERVER, "client-no-eku", TLS_1_3);
	assert_int_equal(plan.count, 2); /* not the one that a lenient server accepts */
	audit_results_done(&plan);
	plan = plan_of(AUDIT_SERVER, "client-no-eku/no-extensions", TLS_1_3);
	assert_int_equal(plan.count, 1);
	audit_results_done(&plan);
}

/* From then on the server knows a CRL, which would refuse CAs that have none. */
static void what_needs_a_crl_comes_last(void **state)
{
	(void)state;
	struct audit_results plan = plan_of(AUDIT_SERVER, NULL, TLS_VERSION_ANY);
	bool began = false;
	for (size_t i = 0; i < plan.count; i++) {
		bool needs = audit_needs_crl(plan.list[i].scenario);
		assert_true(needs || !began);
		began = needs;
	}
	assert_true(began);
	audit_results_done(&plan);
}

static void a_name_that_means_nothing_here_is_said_so(void **state)
{
	(void)state;
	struct audit_results plan = { .count = 77 };
	struct error error;
	const char *const unknown[] = { "client-expired", "nonsense" };
	assert_false(audit_plan(AUDIT_SERVER, unknown, 2, TLS_1_3, &plan, &error));
	assert_int_equal(error.kind, ERROR_USAGE);
	assert_string_equal(error.text, "there is no scenario 'nonsense'");
	assert_string_equal(error.hint, "mtls audit server --list names them all");
	const char *const other[] = { "client-expired" };
	assert_false(audit_plan(AUDIT_CLIENT, other, 1, TLS_1_3, &plan, &error));
	assert_string_equal(error.text,
		"the scenario 'client-expired' is not one that every client must refuse");
	assert_string_equal(error.hint, "mtls audit client --list names them all");
	assert_int_equal(plan.count, 77);
}

/* ---- Verdicts on a server ---- */

static struct audit_result judged(struct probe probe, int alert)
{
	struct audit_result result = { 0 };
	audit_judge_server(&probe, alert, &result);
	return result;
}

static struct probe answered(int status)
{
	struct probe probe = { .connected = true, .finished = true, .status = status };
	probe.outcome.alert_received = -1;
	return probe;
}

static void an_answer_is_an_acceptance(void **state)
{
	(void)state;
	static const int pages[] = { 200, 204, 301, 404, 405, 500, 502 };
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		assert_int_equal(judged(answered(pages[i]), 45).verdict, AUDIT_ACCEPTED);
		assert_false(audit_page_refuses(pages[i]));
	}
	assert_string_equal(judged(answered(200), 45).seen, "HTTP 200");
	struct probe probe = answered(200);
	probe.outcome.resumed = true;
	assert_string_equal(judged(probe, 45).seen, "HTTP 200, its session resumed");
}

static void a_page_that_refuses_is_a_refusal(void **state)
{
	(void)state;
	static const int pages[] = { 400, 401, 403, 495, 496 };
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		assert_int_equal(judged(answered(pages[i]), 45).verdict, AUDIT_REFUSED);
		assert_true(audit_page_refuses(pages[i]));
	}
	assert_string_equal(judged(answered(496), 45).seen, "HTTP 496");
}

static void the_right_alert_is_told_from_another(void **state)
{
	(void)state;
	struct probe probe = answered(0);
	probe.refused = true;
	probe.outcome.alert_received = 45;
	struct audit_result result = judged(probe, 45);
	assert_int_equal(result.verdict, AUDIT_REFUSED);
	assert_string_equal(result.seen, "alert 45 certificate_expired");
	result = judged(probe, 44);
	assert_int_equal(result.verdict, AUDIT_OTHERWISE);
	assert_string_equal(
		result.seen, "alert 45 certificate_expired instead of 44 certificate_revoked");
	result = judged(probe, -1); /* a good client: no alert is the right one */
	assert_int_equal(result.verdict, AUDIT_OTHERWISE);
	assert_string_equal(result.seen, "alert 45 certificate_expired");
}

static void a_hang_up_gives_no_reason(void **state)
{
	(void)state;
	struct probe probe = answered(0);
	probe.refused = true;
	probe.error.kind = ERROR_NETWORK;
	probe.error.code = CODE_PEER_CLOSED;
	assert_int_equal(judged(probe, 45).verdict, AUDIT_OTHERWISE);
	assert_string_equal(judged(probe, 45).seen, "closed without an alert");
}

static void silence_and_nobody_there_are_no_verdict(void **state)
{
	(void)state;
	struct probe probe = answered(0);
	probe.refused = true;
	probe.error.kind = ERROR_NETWORK;
	probe.error.code = CODE_HANDSHAKE_TIMEOUT;
	assert_int_equal(judged(probe, 45).verdict, AUDIT_NOT_RUN);
	assert_string_equal(judged(probe, 45).seen, "neither an answer nor a refusal in time");
	probe.connected = false;
	error_set(&probe.error, ERROR_NETWORK, "nobody listens");
	assert_int_equal(judged(probe, 45).verdict, AUDIT_NOT_RUN);
	assert_string_equal(judged(probe, 45).seen, "nobody listens");
	probe.connected = true;
	error_set(&probe.error, ERROR_REFUSED_BY_US, "we refused the server");
	assert_int_equal(judged(probe, 45).verdict, AUDIT_NOT_RUN);
	assert_string_equal(judged(probe, 45).seen, "we refused the server");
}

/* ---- Verdicts on a client ---- */

static struct audit_result judged_client(struct audit_visit visit)
{
	struct audit_result result = { 0 };
	audit_judge_client(&visit, 42, &result);
	return result;
}

static void a_request_is_an_acceptance_whatever_follows(void **state)
{
	(void)state;
	struct audit_visit visit = { .connections = 1, .finished = true, .bytes = 1, .alert = 42 };
	assert_int_equal(judged_client(visit).verdict, AUDIT_ACCEPTED);
	assert_string_equal(judged_client(visit).seen, "sent its request");
}

static void a_client_that_sends_nothing_has_refused(void **state)
{
	(void)state;
	struct audit_visit visit = { .connections = 1, .alert = 42 };
	assert_int_equal(judged_client(visit).verdict, AUDIT_REFUSED);
	assert_string_equal(judged_client(visit).seen, "alert 42 bad_certificate");
	visit.alert = 48;
	assert_int_equal(judged_client(visit).verdict, AUDIT_OTHERWISE);
	assert_string_equal(
		judged_client(visit).seen, "alert 48 unknown_ca instead of 42 bad_certificate");
	visit.alert = -1;
	assert_int_equal(judged_client(visit).verdict, AUDIT_OTHERWISE);
	assert_string_equal(judged_client(visit).seen, "closed without an alert");
	visit.finished = true;
	assert_string_equal(
		judged_client(visit).seen, "closed without an alert, after the handshake");
}

static void a_client_that_never_came_or_never_left_is_no_verdict(void **state)
{
	(void)state;
	struct audit_visit visit = { .alert = -1 };
	assert_int_equal(judged_client(visit).verdict, AUDIT_NOT_RUN);
	assert_string_equal(judged_client(visit).seen, "the command did not connect");
	visit.connections = 1;
	visit.out_of_time = true;
	assert_int_equal(judged_client(visit).verdict, AUDIT_NOT_RUN);
	assert_string_equal(judged_client(visit).seen, "neither a request nor a refusal in time");
}

/* ---- Telling it ---- */

static struct audit_results four_results(void)
{
	struct audit_results results = plan_of(AUDIT_SERVER, "resumed-after-expiry", TLS_1_2);
	results.list[0].verdict = AUDIT_ACCEPTED;
	snprintf(results.list[0].seen, sizeof results.list[0].seen, "HTTP <200>");
	results.list[1].verdict = AUDIT_NOT_RUN;
	snprintf(results.list[1].seen, sizeof results.list[1].seen, "no \"tickets\"");
	return results;
}

static void json_has_counts_and_one_object_a_run(void **state)
{
	(void)state;
	struct audit_results results = four_results();
	OWN(json_t) json_t *json = audit_json("https://localhost/", &results);
	assert_true(json_is_false(json_object_get(json, "ok")));
	const json_t *summary = json_object_get(json, "summary");
	assert_int_equal(json_integer_value(json_object_get(summary, "runs")), 2);
	assert_int_equal(json_integer_value(json_object_get(summary, "accepted")), 1);
	assert_int_equal(json_integer_value(json_object_get(summary, "not_run")), 1);
	const json_t *first = json_array_get(json_object_get(json, "results"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "way")), "session id");
	assert_string_equal(json_string_value(json_object_get(first, "verdict")), "accepted");
	assert_string_equal(json_string_value(json_object_get(first, "tls")), "1.2");
	results.list[0].verdict = AUDIT_OTHERWISE;
	OWN(json_t) json_t *clean = audit_json("x", &results);
	assert_true(json_is_true(json_object_get(clean, "ok")));
	audit_results_done(&results);
}

static void junit_fails_what_was_accepted_and_skips_what_was_not_run(void **state)
{
	(void)state;
	struct audit_results results = four_results();
	OWN(buffer) struct buffer text = BUFFER(65536);
	struct error error;
	assert_true(audit_junit(&results, AUDIT_SERVER, &text, &error));
	assert_string_equal(text.data,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		"  <testsuite name=\"mtls audit server\" tests=\"2\" failures=\"1\" errors=\"0\" "
		"skipped=\"1\">\n"
		"    <testcase classname=\"mtls.audit.server.tls12\" "
		"name=\"resumed-after-expiry by session id\" time=\"0.000\">\n"
		"      <failure message=\"accepted, and must be refused\">HTTP "
		"&lt;200&gt;</failure>\n"
		"    </testcase>\n"
		"    <testcase classname=\"mtls.audit.server.tls12\" "
		"name=\"resumed-after-expiry by ticket\" time=\"0.000\">\n"
		"      <skipped message=\"no &quot;tickets&quot;\"></skipped>\n"
		"    </testcase>\n"
		"  </testsuite>\n</testsuites>\n");
	/* A report that is too large for its buffer is an error, not half a report. */
	OWN(buffer) struct buffer small = BUFFER(200);
	assert_false(audit_junit(&results, AUDIT_CLIENT, &small, &error));
	assert_int_equal(error.kind, ERROR_LIMIT);
	audit_results_done(&results);
}

static void a_case_that_passed_is_one_line(void **state)
{
	(void)state;
	OWN(buffer) struct buffer text = BUFFER(4096);
	struct error error;
	const struct junit_case one = { "a.b", "c<d", 1234, JUNIT_PASSED, NULL, NULL };
	assert_true(junit_add(&one, &text, &error));
	assert_string_equal(
		text.data, "    <testcase classname=\"a.b\" name=\"c&lt;d\" time=\"1.234\"/>\n");
}

static void names_are_those_of_reports(void **state)
{
	(void)state;
	assert_string_equal(audit_verdict_name(AUDIT_REFUSED), "refused");
	assert_string_equal(audit_verdict_name(AUDIT_OTHERWISE), "refused-otherwise");
	assert_string_equal(audit_verdict_name(AUDIT_ACCEPTED), "accepted");
	assert_string_equal(audit_verdict_name(AUDIT_NOT_RUN), "not-run");
	assert_string_equal(audit_version_name(TLS_1_1), "1.1");
	assert_string_equal(audit_version_name(TLS_1_2), "1.2");
	assert_string_equal(audit_version_name(TLS_1_3), "1.3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_is_tried_with_clients_that_any_server_must_refuse),
		cmocka_unit_test(a_server_is_not_tried_with_what_it_may_allow),
		cmocka_unit_test(a_client_is_tried_with_servers_that_any_client_must_refuse),
		cmocka_unit_test(three_sessions_are_tried_and_nothing_else_of_their_kind),
		cmocka_unit_test(a_row_is_run_on_each_version_and_a_session_by_each_way),
		cmocka_unit_test(a_code_means_all_its_rows),
		cmocka_unit_test(what_needs_a_crl_comes_last),
		cmocka_unit_test(a_name_that_means_nothing_here_is_said_so),
		cmocka_unit_test(an_answer_is_an_acceptance),
		cmocka_unit_test(a_page_that_refuses_is_a_refusal),
		cmocka_unit_test(the_right_alert_is_told_from_another),
		cmocka_unit_test(a_hang_up_gives_no_reason),
		cmocka_unit_test(silence_and_nobody_there_are_no_verdict),
		cmocka_unit_test(a_request_is_an_acceptance_whatever_follows),
		cmocka_unit_test(a_client_that_sends_nothing_has_refused),
		cmocka_unit_test(a_client_that_never_came_or_never_left_is_no_verdict),
		cmocka_unit_test(json_has_counts_and_one_object_a_run),
		cmocka_unit_test(junit_fails_what_was_accepted_and_skips_what_was_not_run),
		cmocka_unit_test(a_case_that_passed_is_one_line),
		cmocka_unit_test(names_are_those_of_reports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
