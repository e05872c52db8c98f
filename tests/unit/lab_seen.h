/* What both sides of a run report when all is as the scenario expects: tests change it from there.
 */
#ifndef MTLS_TESTS_LAB_SEEN_H
#define MTLS_TESTS_LAB_SEEN_H

#include "lab/compare.h"

static inline struct lab_observation expected_of(
	const struct scenario *scenario, enum tls_version version)
{
	struct scenario_expected expected = scenario_expected(scenario, version);
	struct lab_report report = { .present = true,
		.refused = expected.refuses,
		.alert = expected.alert,
		.http_status = expected.http_status,
		.version = version };
	struct lab_observation seen = { .version = version, .client = report, .server = report };
	struct lab_report *refuser = expected.refuses == SIDE_CLIENT ? &seen.client : &seen.server;
	refuser->code = expected.code;
	refuser->x509_error = expected.x509_error;
	return seen;
}

#endif
