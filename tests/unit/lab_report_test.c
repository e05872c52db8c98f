/* Both sides' JSON, read into what is compared. */
#include "unit.h"

#include "lab/report.h"

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	assert_non_null(json);
	return json;
}

static void a_servers_refusal_is_read(void **state)
{
	(void)state;
	OWN(json_t) json_t *record = parse("{\"event\": \"handshake-failed\", \"code\": "
					   "\"client-expired\", \"refused-by\": \"server\", "
					   "\"alert-sent\": {\"number\": 45, \"name\": \"x\"}, "
					   "\"x509-error\": 10, \"version\": \"TLSv1.3\"}");
	struct lab_report report;
	assert_true(report_from_server(record, &report));
	assert_true(report.present);
	assert_int_equal(report.refused, SIDE_SERVER);
	assert_int_equal(report.code, CODE_CLIENT_EXPIRED);
	assert_int_equal(report.alert, 45);
	assert_int_equal(report.x509_error, 10);
	assert_int_equal(report.http_status, 0);
	assert_int_equal(report.version, TLS_1_3);
}

static void a_servers_view_of_a_client_that_refuses_is_read(void **state)
{
	(void)state;
	OWN(json_t) json_t *record = parse("{\"event\": \"handshake-failed\", \"code\": "
					   "\"unknown\", \"refused-by\": \"client\", "
					   "\"alert-received\": {\"number\": 42}}");
	struct lab_report report;
	assert_true(report_from_server(record, &report));
	assert_int_equal(report.refused, SIDE_CLIENT);
	assert_int_equal(report.code, CODE_NONE);
	assert_int_equal(report.alert, 42);
	assert_int_equal(report.version, TLS_VERSION_ANY);
}

static void a_served_request_is_read_and_other_events_are_not(void **state)
{
	(void)state;
	OWN(json_t) json_t *request = parse("{\"event\": \"request\", \"status\": 200}");
	OWN(json_t) json_t *other = parse("{\"event\": \"authenticated\", \"status\": 200}");
	struct lab_report report = { .alert = 7 };
	assert_false(report_from_server(other, &report));
	assert_int_equal(report.alert, 7); /* untouched */
	assert_true(report_from_server(request, &report));
	assert_int_equal(report.http_status, 200);
	assert_int_equal(report.refused, SIDE_NONE);
	assert_int_equal(report.alert, -1);
}

/* The request's record has the status, the next one says why. */
static void a_refused_request_is_read_from_two_records(void **state)
{
	(void)state;
	OWN(json_t) json_t *request = parse("{\"event\": \"request\", \"status\": 403}");
	OWN(json_t) json_t *why = parse("{\"event\": \"not-authorized\", \"rule\": null}");
	OWN(json_t) json_t *answer = parse("{\"status\": 403, \"error\": {\"kind\": \"http\"}}");
	struct lab_report report = { .present = false };
	assert_false(report_from_server(why, &report)); /* of nothing */
	assert_false(report_from_server(request, &report));
	assert_true(report_from_server(why, &report));
	assert_int_equal(report.refused, SIDE_SERVER);
	assert_int_equal(report.code, CODE_NOT_AUTHORIZED);
	assert_int_equal(report.http_status, 403);
	report_from_client(answer, &report);
	assert_int_equal(report.refused, SIDE_SERVER);
	assert_int_equal(report.http_status, 403);
}

static void a_probe_is_read(void **state)
{
	(void)state;
	struct probe probe = { .error = { .kind = ERROR_REFUSED_BY_PEER },
		.outcome = { .alert_sent = -1, .alert_received = 44, .version = "TLSv1.2" } };
	struct lab_report report;
	report_from_probe(&probe, &report);
	assert_true(report.present);
	assert_int_equal(report.refused, SIDE_SERVER);
	assert_int_equal(report.alert, 44);
	assert_int_equal(report.version, TLS_1_2);
	probe.error.kind = ERROR_NONE;
	probe.outcome.alert_received = -1;
	probe.status = 200;
	report_from_probe(&probe, &report);
	assert_int_equal(report.refused, SIDE_NONE);
	assert_int_equal(report.http_status, 200);
	probe.status = 403;
	report_from_probe(&probe, &report);
	assert_int_equal(report.refused, SIDE_SERVER);
}

static void a_clients_answer_is_read(void **state)
{
	(void)state;
	OWN(json_t) json_t *served = parse("{\"status\": 200, \"error\": null, \"tls\": "
					   "{\"version\": \"TLSv1.2\", \"alert_sent\": null}}");
	OWN(json_t) json_t *refused =
		parse("{\"status\": null, \"tls\": {\"version\": \"TLSv1.3\", \"alert_sent\": "
		      "null, \"alert_received\": {\"number\": 116}}, \"error\": {\"kind\": "
		      "\"refused-by-peer\", \"code\": \"no-client-certificate\"}}");
	OWN(json_t) json_t *refusing =
		parse("{\"tls\": {\"version\": \"TLSv1.3\", \"alert_sent\": {\"number\": 42}}, "
		      "\"error\": {\"kind\": \"refused-by-us\", \"code\": "
		      "\"server-name-mismatch\", \"x509_error\": 62}}");
	struct lab_report report;
	report_from_client(served, &report);
	assert_int_equal(report.http_status, 200);
	assert_int_equal(report.refused, SIDE_NONE);
	assert_int_equal(report.version, TLS_1_2);
	report_from_client(refused, &report);
	assert_int_equal(report.refused, SIDE_SERVER);
	assert_int_equal(report.alert, 116);
	report_from_client(refusing, &report);
	assert_int_equal(report.refused, SIDE_CLIENT);
	assert_int_equal(report.alert, 42);
	assert_int_equal(report.code, CODE_SERVER_NAME_MISMATCH);
	assert_int_equal(report.x509_error, 62);
}

/* Nobody listening is a network's failure: neither side refused. */
static void connection_refused_is_no_refusal(void **state)
{
	(void)state;
	OWN(json_t) json_t *answer = parse("{\"status\": null, \"tls\": {}, \"error\": {\"kind\": "
					   "\"network\", \"code\": \"connection-refused\"}}");
	struct lab_report report = { 0 };
	report_from_client(answer, &report);
	assert_true(report.present);
	assert_int_equal(report.refused, SIDE_NONE);
	assert_int_equal(report.alert, -1);
	assert_int_equal(report.http_status, 0);
	struct lab_report none = { 0 };
	report_from_client(NULL, &none);
	assert_false(none.present);
}

static void a_command_that_could_not_begin_says_its_code(void **state)
{
	(void)state;
	struct lab_report report = { 0 };
	report_from_failure("mtls: the key 'a' is not b's [key-mismatch]\nhint: x\n", 2, &report);
	assert_true(report.present);
	assert_int_equal(report.refused, SIDE_OWN);
	assert_int_equal(report.code, CODE_KEY_MISMATCH);
	assert_int_equal(report.alert, -1);
	/* The twins: another exit code, no code, nothing at all. */
	struct lab_report none = { 0 };
	report_from_failure("mtls: nobody listens [connection-refused]\n", 3, &none);
	report_from_failure("mtls: there is no file 'x'\n", 2, &none);
	report_from_failure("[", 2, &none);
	report_from_failure("", 2, &none);
	report_from_failure(NULL, 2, &none);
	assert_false(none.present);
}

static void a_result_says_what_both_sides_saw(void **state)
{
	(void)state;
	const struct scenario *scenario = scenario_find("no-client-certificate");
	struct lab_report report = { .present = true,
		.refused = SIDE_SERVER,
		.code = CODE_NO_CLIENT_CERTIFICATE,
		.alert = 116,
		.version = TLS_1_3 };
	struct lab_observation seen = { .version = TLS_1_3, .client = report, .server = report };
	struct lab_verdict verdict = lab_judge(scenario, &seen);
	OWN(json_t) json_t *result = lab_result_json(scenario, &seen, &verdict);
	OWN(char) char *text = json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS);
	const char *side = "{\"alert\":{\"name\":\"certificate_required\",\"number\":116},"
			   "\"code\":\"no-client-certificate\",\"refused_by\":\"server\"}";
	OWN(char) char *expected = text_format(
		"{\"as_expected\":true,\"expected\":{\"alert\":{\"name\":\"certificate_required\","
		"\"number\":116},\"refused_by\":\"server\"},\"observed\":{\"client\":%s,\"server\":"
		"%s},\"profile\":\"mtls\",\"scenario\":\"no-client-certificate\",\"title\":"
		"\"client without a "
		"certificate\",\"tls\":\"1.3\",\"why\":\"\"}",
		side, side);
	assert_string_equal(text, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_servers_refusal_is_read),
		cmocka_unit_test(a_servers_view_of_a_client_that_refuses_is_read),
		cmocka_unit_test(a_served_request_is_read_and_other_events_are_not),
		cmocka_unit_test(a_refused_request_is_read_from_two_records),
		cmocka_unit_test(a_probe_is_read),
		cmocka_unit_test(a_clients_answer_is_read),
		cmocka_unit_test(connection_refused_is_no_refusal),
		cmocka_unit_test(a_command_that_could_not_begin_says_its_code),
		cmocka_unit_test(a_result_says_what_both_sides_saw),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
