/*
 * Which rows of the table anybody's server or client must refuse follows from the rows themselves:
 * the other side is told nothing but whom to trust, and this side is broken in one way.
 */
#include "lab/audit.h"

#include "lab/junit.h"
#include "lab/scenario.h"

#include <stdio.h>

static bool has_word(const char *const *words, const char *wanted)
{
	while (*words)
		if (!strcmp(*words++, wanted))
			return true;
	return false;
}

/* Whether the words are options from a list, each with its value. */
static bool only_options(const char *const *words, const char *const *allowed)
{
	for (; *words; words += words[1] ? 2 : 1)
		if (!has_word(allowed, *words))
			return false;
	return true;
}

static bool refused_by(const struct scenario *scenario, enum code_side side)
{
	return !scenario->accepted && scenario->way == WAY_REQUEST &&
	       scenario_expected(scenario, TLS_1_2, false).refuses == side;
}

bool audit_is_about_session(const struct scenario *scenario)
{
	static const enum code codes[] = { CODE_RESUMED_AFTER_REVOCATION, CODE_RESUMED_AFTER_EXPIRY,
		CODE_RESUMED_ACROSS_LISTENERS };
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (scenario->code == codes[i] && !scenario->name)
			return true;
	return false;
}

/* What most servers are told is the CA, and perhaps its list of revoked certificates. */
static bool usual_server(const struct scenario *scenario)
{
	static const char *const usual[] = { "--ca", "--crl", NULL };
	for (size_t i = 0; scenario->server[i]; i++)
		if (strncmp(scenario->server[i], "--", 2) != 0 &&
			strncmp(scenario->server[i], "certs/ca.", 9) != 0)
			return false;
	return scenario->server[0] && only_options(scenario->server, usual);
}

bool audit_is_about_client(const struct scenario *scenario)
{
	return refused_by(scenario, SIDE_SERVER) && !audit_is_about_session(scenario) &&
	       usual_server(scenario) &&
	       (has_word(scenario->client, "--cert") || has_word(scenario->client, "--no-cert") ||
		       scenario->client_tls[0]);
}

bool audit_is_about_server(const struct scenario *scenario)
{
	static const char *const of_server[] = { "--cert", NULL };
	static const char *const of_client[] = { "--crl", NULL };
	/* A client is always given the server's name. */
	bool by_name = !scenario->host || !strcmp(scenario->host, "localhost");
	return refused_by(scenario, SIDE_CLIENT) && by_name && scenario->server[0] &&
	       only_options(scenario->server, of_server) &&
	       only_options(scenario->client, of_client);
}

bool audit_needs_crl(const struct scenario *scenario)
{
	return scenario->code == CODE_CLIENT_REVOKED || scenario->code == CODE_SERVER_REVOKED ||
	       scenario->code == CODE_RESUMED_AFTER_REVOCATION;
}

/* ---- The plan ---- */

void audit_results_done(struct audit_results *results)
{
	free(results->list);
	*results = (struct audit_results){ 0 };
}

static bool belongs(const struct scenario *scenario, enum audit_side side)
{
	if (side == AUDIT_CLIENT)
		return audit_is_about_server(scenario);
	return audit_is_about_client(scenario) || audit_is_about_session(scenario);
}

static must_check bool check_name(enum audit_side side, const char *name, struct error *reterr)
{
	bool known = false, found = false;
	for (size_t i = 0; i < scenarios_count; i++) {
		bool meant = scenario_matches(&scenarios[i], name);
		known = known || meant;
		found = found || (meant && belongs(&scenarios[i], side));
	}
	if (found)
		return true;
	if (known)
		error_set(reterr, ERROR_USAGE,
			"the scenario '%s' is not one that every %s must refuse", name,
			side == AUDIT_CLIENT ? "client" : "server");
	else
		error_set(reterr, ERROR_USAGE, "there is no scenario '%s'", name);
	return error_hint(reterr, "mtls audit %s --list names them all",
		side == AUDIT_CLIENT ? "client" : "server");
}

static void add(struct audit_results *plan, const struct scenario *scenario,
	enum tls_version version, const char *way)
{
	plan->list[plan->count++] =
		(struct audit_result){ .scenario = scenario, .version = version, .way = way };
}

/* A version that is too old is tried once; a session comes back in two ways on TLS 1.2. */
static void add_runs(
	struct audit_results *plan, const struct scenario *scenario, enum tls_version version)
{
	bool session = audit_is_about_session(scenario);
	if (scenario->client_tls[0]) {
		add(plan, scenario, TLS_1_1, NULL);
		return;
	}
	if (version != TLS_1_3)
		add(plan, scenario, TLS_1_2, session ? AUDIT_BY_ID : NULL);
	if (version != TLS_1_3 && session)
		add(plan, scenario, TLS_1_2, AUDIT_BY_TICKET);
	if (version != TLS_1_2)
		add(plan, scenario, TLS_1_3, session ? AUDIT_BY_TICKET : NULL);
}

/* What needs the server's operator to act comes last: from then on it knows a CRL. */
static unsigned turn(const struct scenario *scenario)
{
	if (!audit_needs_crl(scenario))
		return 0;
	return 1;
}

bool audit_plan(enum audit_side side, const char *const *names, size_t names_count,
	enum tls_version version, struct audit_results *ret, struct error *reterr)
{
	enum { RUNS_MAX = 3, TURNS = 2 };
	for (size_t i = 0; i < names_count; i++)
		if (!check_name(side, names[i], reterr))
			return false;
	struct audit_results plan = { .list = calloc(
					      scenarios_count * RUNS_MAX, sizeof *plan.list) };
	if (!plan.list)
		bug("out of memory");
	for (unsigned now = 0; now < TURNS; now++)
		for (size_t i = 0; i < scenarios_count; i++) {
			bool wanted = !names_count;
			for (size_t n = 0; n < names_count; n++)
				wanted = wanted || scenario_matches(&scenarios[i], names[n]);
			if (wanted && belongs(&scenarios[i], side) && turn(&scenarios[i]) == now)
				add_runs(&plan, &scenarios[i], version);
		}
	*ret = plan;
	return true;
}

/* ---- Verdicts ---- */

bool audit_page_refuses(int status)
{
	static const int pages[] = { 400, 401, 403, 495, 496 };
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
		if (status == pages[i])
			return true;
	return false;
}

__attribute__((format(printf, 3, 4))) static void conclude(
	struct audit_result *result, enum audit_verdict verdict, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(result->seen, sizeof result->seen, format, arguments);
	va_end(arguments);
	result->verdict = verdict;
}

/* None is wanted of what should be let in: it is told without a comparison. */
static void judge_alert(int seen, int wanted, struct audit_result *result)
{
	if (seen == wanted)
		conclude(result, AUDIT_REFUSED, "alert %d %s", seen, tls_alert_name(seen));
	else if (wanted < 0)
		conclude(result, AUDIT_OTHERWISE, "alert %d %s", seen, tls_alert_name(seen));
	else
		conclude(result, AUDIT_OTHERWISE, "alert %d %s instead of %d %s", seen,
			tls_alert_name(seen), wanted, tls_alert_name(wanted));
}

void audit_judge_server(const struct probe *probe, int alert, struct audit_result *result)
{
	const char *resumed = probe->outcome.resumed ? ", its session resumed" : "";
	if (!probe->connected)
		conclude(result, AUDIT_NOT_RUN, "%.140s", probe->error.text);
	else if (probe->error.kind == ERROR_REFUSED_BY_US)
		conclude(result, AUDIT_NOT_RUN, "%.140s", probe->error.text);
	else if (probe->status && audit_page_refuses(probe->status))
		conclude(result, AUDIT_REFUSED, "HTTP %d%s", probe->status, resumed);
	else if (probe->status)
		conclude(result, AUDIT_ACCEPTED, "HTTP %d%s", probe->status, resumed);
	else if (probe->outcome.alert_received >= 0)
		judge_alert(probe->outcome.alert_received, alert, result);
	else if (probe->error.code == CODE_HANDSHAKE_TIMEOUT)
		conclude(result, AUDIT_NOT_RUN, "neither an answer nor a refusal in time");
	else
		conclude(result, AUDIT_OTHERWISE, "closed without an alert%s", resumed);
}

void audit_judge_client(const struct audit_visit *visit, int alert, struct audit_result *result)
{
	if (visit->bytes)
		conclude(result, AUDIT_ACCEPTED, "sent its request");
	else if (!visit->connections)
		conclude(result, AUDIT_NOT_RUN, "the command did not connect");
	else if (visit->alert >= 0)
		judge_alert(visit->alert, alert, result);
	else if (visit->out_of_time)
		conclude(result, AUDIT_NOT_RUN, "neither a request nor a refusal in time");
	else
		conclude(result, AUDIT_OTHERWISE, "closed without an alert%s",
			visit->finished ? ", after the handshake" : "");
}

/* ---- Telling it ---- */

struct audit_summary audit_summarize(const struct audit_results *results)
{
	struct audit_summary summary = { 0 };
	for (size_t i = 0; i < results->count; i++) {
		enum audit_verdict verdict = results->list[i].verdict;
		summary.refused += verdict == AUDIT_REFUSED;
		summary.otherwise += verdict == AUDIT_OTHERWISE;
		summary.accepted += verdict == AUDIT_ACCEPTED;
		summary.not_run += verdict == AUDIT_NOT_RUN;
	}
	return summary;
}

const char *audit_verdict_name(enum audit_verdict verdict)
{
	static const char *const names[] = { [AUDIT_REFUSED] = "refused",
		[AUDIT_OTHERWISE] = "refused-otherwise",
		[AUDIT_ACCEPTED] = "accepted",
		[AUDIT_NOT_RUN] = "not-run" };
	return names[verdict];
}

const char *audit_version_name(enum tls_version version)
{
	if (version == TLS_1_1)
		return "1.1";
	return version == TLS_1_3 ? "1.3" : "1.2";
}

static json_t *result_json(const struct audit_result *result)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s}", "scenario",
		scenario_name(result->scenario), "title", result->scenario->title, "tls",
		audit_version_name(result->version), "verdict", audit_verdict_name(result->verdict),
		"seen", result->seen);
	if (result->way)
		json_object_set_new(object, "way", json_string(result->way));
	return object;
}

json_t *audit_json(const char *audited, const struct audit_results *results)
{
	struct audit_summary summary = audit_summarize(results);
	json_t *list = json_array();
	for (size_t i = 0; i < results->count; i++)
		json_array_append_new(list, result_json(&results->list[i]));
	return json_pack("{s:b, s:s, s:{s:I, s:I, s:I, s:I, s:I}, s:o}", "ok",
		summary.accepted == 0, "audited", audited, "summary", "runs",
		(json_int_t)results->count, "refused", (json_int_t)summary.refused,
		"refused_otherwise", (json_int_t)summary.otherwise, "accepted",
		(json_int_t)summary.accepted, "not_run", (json_int_t)summary.not_run, "results",
		list);
}

bool audit_junit(const struct audit_results *results, enum audit_side side, struct buffer *ret,
	struct error *reterr)
{
	static const enum junit_outcome outcomes[] = {
		[AUDIT_ACCEPTED] = JUNIT_FAILED, [AUDIT_NOT_RUN] = JUNIT_SKIPPED
	};
	const char *who = side == AUDIT_CLIENT ? "client" : "server";
	struct audit_summary summary = audit_summarize(results);
	OWN(char) char *suite = text_format("mtls audit %s", who);
	if (!junit_begin(suite, results->count, summary.accepted, summary.not_run, ret, reterr))
		return false;
	for (size_t i = 0; i < results->count; i++) {
		const struct audit_result *result = &results->list[i];
		const char *name = scenario_name(result->scenario);
		OWN(char)
		char *group = text_format("mtls.audit.%s.tls%c%c", who,
			audit_version_name(result->version)[0],
			audit_version_name(result->version)[2]);
		OWN(char)
		char *full = text_format(
			"%s%s%s", name, result->way ? " by " : "", result->way ? result->way : "");
		const struct junit_case one = { group, full, result->ms, outcomes[result->verdict],
			result->verdict == AUDIT_ACCEPTED ? "accepted, and must be refused"
							  : result->seen,
			result->verdict == AUDIT_ACCEPTED ? result->seen : NULL };
		if (!junit_add(&one, ret, reterr))
			return false;
	}
	return junit_end(ret, reterr);
}
