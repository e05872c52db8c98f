/* The check can fail: each thing that may differ from the expectation is seen and named. */
#include "unit.h"

#include "lab_seen.h"

static struct lab_observation refusal(const char *name, enum tls_version version)
{
	return expected_of(scenario_find(name), version);
}

static struct lab_observation acceptance(enum tls_version version)
{
	return expected_of(scenario_find("good-client"), version);
}

static struct lab_verdict judge(const char *name, struct lab_observation seen)
{
	return lab_judge(scenario_find(name), &seen);
}

#define ASSERT_DIFFERS(verdict, text) \
	do { \
		struct lab_verdict seen_verdict = verdict; \
		assert_false(seen_verdict.as_expected); \
		assert_string_equal(seen_verdict.why, text); \
	} while (0)

static void what_was_expected_passes(void **state)
{
	(void)state;
	for (enum tls_version version = TLS_1_2; version <= TLS_1_3; version++)
		for (size_t i = 0; i < scenarios_count; i++) {
			const char *name = scenario_name(&scenarios[i]);
			struct lab_verdict verdict =
				judge(name, scenarios[i].accepted ? acceptance(version)
								  : refusal(name, version));
			assert_string_equal(verdict.why, "");
			assert_true(verdict.as_expected);
		}
}

static void a_refusal_that_did_not_happen_fails(void **state)
{
	(void)state;
	ASSERT_DIFFERS(judge("no-client-certificate", acceptance(TLS_1_3)),
		"nobody refused, says the server, instead of the server");
	ASSERT_DIFFERS(judge("server-expired", acceptance(TLS_1_2)),
		"nobody refused, says the server, instead of the client");
}

static void a_refusal_that_should_not_happen_fails(void **state)
{
	(void)state;
	ASSERT_DIFFERS(judge("good-client", refusal("client-expired", TLS_1_3)),
		"the server refused, says the server; nobody should");
	struct lab_observation seen = acceptance(TLS_1_3);
	seen.client.http_status = 403;
	ASSERT_DIFFERS(
		judge("good-client", seen), "HTTP status 403, says the client, instead of 200");
}

/* Nobody listening leaves no record on the server: never a refusal. */
static void connection_refused_never_counts(void **state)
{
	(void)state;
	struct lab_observation seen = refusal("no-client-certificate", TLS_1_3);
	seen.server = (struct lab_report){ 0 };
	ASSERT_DIFFERS(judge("no-client-certificate", seen), "the server recorded nothing");
	seen = refusal("no-client-certificate", TLS_1_3);
	seen.client = (struct lab_report){
		.present = true, .code = CODE_CONNECTION_REFUSED, .alert = -1
	};
	ASSERT_DIFFERS(judge("no-client-certificate", seen),
		"nobody refused, says the client, instead of the server");
	seen.client.present = false;
	ASSERT_DIFFERS(judge("no-client-certificate", seen), "the client reported nothing");
}

static void another_alert_cause_or_error_fails(void **state)
{
	(void)state;
	struct lab_observation seen = refusal("client-expired", TLS_1_2);
	seen.client.alert = 48;
	ASSERT_DIFFERS(judge("client-expired", seen), "alert 48, says the client, instead of 45");
	seen = refusal("client-expired", TLS_1_2);
	seen.server.alert = -1;
	ASSERT_DIFFERS(judge("client-expired", seen), "alert -1, says the server, instead of 45");
	/* 45 has two causes: only the refusing side's record tells them apart. */
	seen = refusal("client-expired", TLS_1_2);
	seen.server.code = CODE_CRL_EXPIRED;
	ASSERT_DIFFERS(judge("client-expired", seen),
		"the server calls it 'crl-expired', not 'client-expired'");
	seen = refusal("client-expired", TLS_1_2);
	seen.server.x509_error = 12;
	ASSERT_DIFFERS(judge("client-expired", seen), "X.509 error 12 instead of 10");
	seen = refusal("server-expired", TLS_1_2);
	seen.client.x509_error = 0;
	ASSERT_DIFFERS(judge("server-expired", seen), "X.509 error 0 instead of 10");
}

static void what_proves_nothing_fails(void **state)
{
	(void)state;
	struct lab_observation seen = refusal("resumed-after-expiry", TLS_1_3);
	assert_true(judge("resumed-after-expiry", seen).as_expected);
	seen.lacks = "the server keeps no session";
	ASSERT_DIFFERS(judge("resumed-after-expiry", seen), "the server keeps no session");
	/* Let in although revoked, or sent away without the reason. */
	seen = refusal("revoked-while-connected", TLS_1_2);
	seen.client.refused = seen.server.refused = SIDE_NONE;
	seen.client.http_status = seen.server.http_status = 200;
	ASSERT_DIFFERS(judge("revoked-while-connected", seen),
		"nobody refused, says the server, instead of the server");
	seen = refusal("revoked-while-connected", TLS_1_2);
	seen.server.code = CODE_NOT_AUTHORIZED;
	ASSERT_DIFFERS(judge("revoked-while-connected", seen),
		"the server calls it 'not-authorized', not 'revoked-while-connected'");
}

static void another_version_fails(void **state)
{
	(void)state;
	struct lab_observation seen = acceptance(TLS_1_3);
	seen.server.version = TLS_1_2;
	ASSERT_DIFFERS(judge("good-client", seen), "the server was on another version of TLS");
	seen = refusal("client-expired", TLS_1_3);
	seen.client.version = TLS_1_2;
	ASSERT_DIFFERS(judge("client-expired", seen), "the client was on another version of TLS");
	/* The twin: where the versions are the matter, none is agreed. */
	seen = refusal("tls-version", TLS_1_3);
	seen.client.version = TLS_1_2;
	assert_true(judge("tls-version", seen).as_expected);
}

static void texts_name_alert_and_error(void **state)
{
	(void)state;
	char text[LAB_TEXT_BYTES];
	const struct scenario *row = scenario_find("server-name-mismatch");
	assert_string_equal(lab_expected_text(row, TLS_1_3, false, text),
		"client: 42 bad_certificate, X.509 62");
	struct lab_observation seen = refusal("no-client-certificate", TLS_1_3);
	assert_string_equal(lab_observed_text(&seen, text), "server: 116 certificate_required");
	seen = acceptance(TLS_1_2);
	assert_string_equal(lab_observed_text(&seen, text), "accepted, HTTP 200");
	seen.client.http_status = 0;
	assert_string_equal(lab_observed_text(&seen, text), "no answer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_expected_passes),
		cmocka_unit_test(a_refusal_that_did_not_happen_fails),
		cmocka_unit_test(a_refusal_that_should_not_happen_fails),
		cmocka_unit_test(connection_refused_never_counts),
		cmocka_unit_test(another_alert_cause_or_error_fails),
		cmocka_unit_test(what_proves_nothing_fails),
		cmocka_unit_test(another_version_fails),
		cmocka_unit_test(texts_name_alert_and_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
