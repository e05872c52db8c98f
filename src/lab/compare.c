/*
 * The comparison. A refusal counts only when the side that refuses says so in its own record, with
 * code, alert and X.509 error, and the other side received that very alert: "connection refused",
 * a reset, or a refusal for another reason are all differences.
 */
#include "lab/compare.h"

#include <stdarg.h>
#include <stdio.h>

const char *lab_side_name(enum code_side side)
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

/* A server has a status to record only where it finished a handshake. */
static int status_of(const struct scenario_expected *expected, enum code_side side)
{
	return side == SIDE_SERVER && expected->code == CODE_PLAIN_HTTP ? 0 : expected->http_status;
}

/* Where the versions themselves are the matter, none is agreed; a server may leave it unsaid. */
static bool version_differs(const struct scenario_expected *expected,
	const struct lab_observation *observation, enum code_side side)
{
	const struct lab_report *report = report_of(observation, side);
	if (expected->code == CODE_TLS_VERSION || report->version == observation->version)
		return false;
	bool must_know = side == SIDE_CLIENT && expected->http_status == 200;
	return must_know || report->version != TLS_VERSION_ANY;
}

static struct lab_verdict judge_side(const struct scenario_expected *expected,
	const struct lab_observation *observation, enum code_side side)
{
	const struct lab_report *report = report_of(observation, side);
	const char *name = lab_side_name(side);
	if (report->refused != expected->refuses && expected->refuses == SIDE_NONE)
		return differs("the %s refused, says the %s; nobody should",
			lab_side_name(report->refused), name);
	if (report->refused != expected->refuses)
		return differs("%s refused, says the %s, instead of the %s",
			lab_side_name(report->refused), name, lab_side_name(expected->refuses));
	if (report->alert != expected->alert)
		return differs("alert %d, says the %s, instead of %d", report->alert, name,
			expected->alert);
	if (report->http_status != status_of(expected, side))
		return differs("HTTP status %d, says the %s, instead of %d", report->http_status,
			name, status_of(expected, side));
	if (version_differs(expected, observation, side))
		return differs("the %s was on another version of TLS", name);
	bool knows = expected->refuses == side || expected->refuses == SIDE_OWN ||
		     expected->refuses == SIDE_NONE;
	enum code code = knows ? expected->code : expected->other_side;
	if (code != CODE_NONE && report->code != code)
		return differs("the %s calls it '%s', not '%s'", name, code_name(report->code),
			code_name(code));
	if (expected->refuses == side && report->x509_error != expected->x509_error)
		return differs(
			"X.509 error %d instead of %d", report->x509_error, expected->x509_error);
	return (struct lab_verdict){ .as_expected = true };
}

struct lab_verdict lab_judge(
	const struct scenario *scenario, const struct lab_observation *observation)
{
	struct scenario_expected expected =
		scenario_expected(scenario, observation->version, observation->stack);
	const bool ours[] = { [SIDE_SERVER] = scenario_has_server(scenario),
		[SIDE_CLIENT] = scenario_has_client(scenario) };
	if (observation->lacks)
		return differs("%s", observation->lacks);
	if (ours[SIDE_CLIENT] && !observation->client.present)
		return differs("the client reported nothing");
	if (ours[SIDE_SERVER] && !observation->server.present)
		return differs("the server recorded nothing");
	struct lab_verdict verdict = { .as_expected = true };
	for (enum code_side side = SIDE_SERVER; verdict.as_expected && side <= SIDE_CLIENT; side++)
		if (ours[side])
			verdict = judge_side(&expected, observation, side);
	return verdict;
}

struct outcome {
	enum code_side refuses;
	enum code code;
	int alert, x509_error, http_status;
};

static const char *outcome_text(const struct outcome *outcome, char *target)
{
	if (outcome->refuses == SIDE_NONE) {
		if (outcome->http_status)
			snprintf(target, LAB_TEXT_BYTES, "accepted, HTTP %d", outcome->http_status);
		else
			snprintf(target, LAB_TEXT_BYTES, "%s%s", outcome->code ? "nobody: " : "",
				outcome->code ? code_name(outcome->code) : "no answer");
		return target;
	}
	char more[32] = "";
	if (outcome->x509_error)
		snprintf(more, sizeof more, ", X.509 %d", outcome->x509_error);
	else if (outcome->http_status)
		snprintf(more, sizeof more, ", HTTP %d", outcome->http_status);
	if (outcome->alert >= 0)
		snprintf(target, LAB_TEXT_BYTES, "%s: %d %s%s", lab_side_name(outcome->refuses),
			outcome->alert, tls_alert_name(outcome->alert), more);
	else
		snprintf(target, LAB_TEXT_BYTES, "%s: no alert%s", lab_side_name(outcome->refuses),
			more);
	return target;
}

const char *lab_expected_text(const struct scenario *scenario, enum tls_version version, bool stack,
	char target[static LAB_TEXT_BYTES])
{
	struct scenario_expected expected = scenario_expected(scenario, version, stack);
	const struct outcome outcome = { expected.refuses, expected.code, expected.alert,
		expected.x509_error, expected.http_status };
	return outcome_text(&outcome, target);
}

/* The refusing side knows best; who refused comes from the client when the two disagree. */
const char *lab_observed_text(
	const struct lab_observation *observation, char target[static LAB_TEXT_BYTES])
{
	const struct lab_report *client =
		observation->client.present ? &observation->client : &observation->server;
	const struct lab_report *refuser =
		client->refused == SIDE_SERVER && observation->server.present ? &observation->server
									      : client;
	const struct outcome outcome = { client->refused, refuser->code, client->alert,
		refuser->x509_error, client->http_status };
	return outcome_text(&outcome, target);
}
