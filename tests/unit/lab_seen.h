/* What both sides of a run report when all is as the scenario expects: tests change it from there.
 */
#ifndef MTLS_TESTS_LAB_SEEN_H
#define MTLS_TESTS_LAB_SEEN_H

#include "lab/compare.h"

static inline struct lab_observation expected_of(
	const struct scenario *scenario, enum tls_version version)
{
	struct scenario_expected expected = scenario_expected(scenario, version, false);
	struct lab_report report = { .present = true,
		.refused = expected.refuses,
		.alert = expected.alert,
		.http_status = expected.http_status,
		.version = version };
	struct lab_observation seen = { .version = version, .client = report, .server = report };
	struct lab_report *refuser = expected.refuses == SIDE_CLIENT ? &seen.client : &seen.server;
	if (expected.refuses == SIDE_NONE || expected.refuses == SIDE_OWN)
		seen.client.code = seen.server.code = expected.code;
	else if (expected.other_side)
		seen.client.code = seen.server.code = expected.other_side;
	refuser->code = expected.code;
	if (expected.code == CODE_PLAIN_HTTP)
		seen.server.http_status = 0;
	if (scenario->code == CODE_TLS_VERSION || expected.refuses == SIDE_OWN)
		seen.client.version = seen.server.version = TLS_VERSION_ANY;
	refuser->x509_error = expected.x509_error;
	return seen;
}

#endif
