/*
 * The comparison. A refusal counts only when the side that refuses says so in its own record, with
 * code, alert and X.509 error, and the other side received that very alert: "connection refused",
 * a reset, or a refusal for another reason are all differences.
 */
#include "lab/compare.h"

#include <stdarg.h>
#include <stdio.h>

static const char *side_name(enum code_side side)
{
	static const char *const names[] = { [SIDE_NONE] = "nobody",
		[SIDE_SERVER] = "server",
		[SIDE_CLIENT] = "client",
		[SIDE_OWN] = "own configuration" };
	return names[side];
}

static const struct lab_report *report_of(
	const struct lab_observation *observation, enum code_side side)
{
	return side == SIDE_CLIENT ? &observation->client : &observation->server;
}

__attribute__((format(printf, 1, 2))) static struct lab_verdict differs(const char *format, ...)
{
	struct lab_verdict verdict = { .as_expected = false };
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(verdict.why, sizeof verdict.why, format, arguments);
	va_end(arguments);
	return verdict;
}

static struct lab_verdict judge_accepted(
	const struct scenario_expected *expected, const struct lab_observation *observation)
{
	for (enum code_side side = SIDE_SERVER; side <= SIDE_CLIENT; side++) {
		const struct lab_report *report = report_of(observation, side);
		if (report->refused != SIDE_NONE)
			return differs("the %s refused, says the %s; nobody should",
				side_name(report->refused), side_name(side));
		if (report->http_status != expected->http_status)
			return differs("HTTP status %d, says the %s, instead of %d",
				report->http_status, side_name(side), expected->http_status);
		/* A server may leave it unsaid; the client was told which one to take. */
		if (report->version != observation->version &&
			(side == SIDE_CLIENT || report->version != TLS_VERSION_ANY))
			return differs("the %s was on another version of TLS", side_name(side));
	}
	return (struct lab_verdict){ .as_expected = true };
}

static struct lab_verdict judge_refused(
	const struct scenario_expected *expected, const struct lab_observation *observation)
{
	/* Where the versions themselves are the matter, none is agreed. */
	bool versions_matter = expected->code != CODE_TLS_VERSION;
	for (enum code_side side = SIDE_SERVER; side <= SIDE_CLIENT; side++) {
		const struct lab_report *report = report_of(observation, side);
		if (report->refused != expected->refuses)
			return differs("%s refused, says the %s, instead of the %s",
				side_name(report->refused), side_name(side),
				side_name(expected->refuses));
		if (report->alert != expected->alert)
			return differs("alert %d, says the %s, instead of %d", report->alert,
				side_name(side), expected->alert);
		if (report->http_status)
			return differs("the %s saw a response with status %d", side_name(side),
				report->http_status);
		if (versions_matter && report->version != TLS_VERSION_ANY &&
			report->version != observation->version)
			return differs("the %s was on another version of TLS", side_name(side));
	}
	const struct lab_report *refuser = report_of(observation, expected->refuses);
	if (refuser->code != expected->code)
		return differs("the %s calls it '%s', not '%s'", side_name(expected->refuses),
			code_name(refuser->code), code_name(expected->code));
	if (refuser->x509_error != expected->x509_error)
		return differs(
			"X.509 error %d instead of %d", refuser->x509_error, expected->x509_error);
	return (struct lab_verdict){ .as_expected = true };
}

struct lab_verdict lab_judge(
	const struct scenario *scenario, const struct lab_observation *observation)
{
	struct scenario_expected expected = scenario_expected(scenario, observation->version);
	if (!observation->client.present)
		return differs("the client reported nothing");
	if (!observation->server.present)
		return differs("the server recorded nothing");
	return expected.refuses == SIDE_NONE ? judge_accepted(&expected, observation)
					     : judge_refused(&expected, observation);
}

static const char *outcome_text(
	enum code_side refuses, int alert, int x509_error, int http_status, char *target)
{
	if (refuses == SIDE_NONE) {
		if (http_status)
			snprintf(target, LAB_TEXT_BYTES, "accepted, HTTP %d", http_status);
		else
			snprintf(target, LAB_TEXT_BYTES, "no answer");
		return target;
	}
	int used = snprintf(target, LAB_TEXT_BYTES, "%s: ", side_name(refuses));
	if (alert >= 0)
		used += snprintf(target + used, LAB_TEXT_BYTES - (size_t)used, "%d %s", alert,
			tls_alert_name(alert));
	else
		used += snprintf(target + used, LAB_TEXT_BYTES - (size_t)used, "no alert");
	if (x509_error)
		snprintf(target + used, LAB_TEXT_BYTES - (size_t)used, ", X.509 %d", x509_error);
	return target;
}

const char *lab_expected_text(const struct scenario *scenario, enum tls_version version,
	char target[static LAB_TEXT_BYTES])
{
	struct scenario_expected expected = scenario_expected(scenario, version);
	return outcome_text(expected.refuses, expected.alert, expected.x509_error,
		expected.http_status, target);
}

/* The refusing side knows best; who refused comes from the client when the two disagree. */
const char *lab_observed_text(
	const struct lab_observation *observation, char target[static LAB_TEXT_BYTES])
{
	const struct lab_report *client = &observation->client;
	const struct lab_report *refuser =
		client->refused == SIDE_SERVER && observation->server.present ? &observation->server
									      : client;
	return outcome_text(
		client->refused, client->alert, refuser->x509_error, client->http_status, target);
}
