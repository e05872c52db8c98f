/* Which runs there are, and what came of them, for people's other programs. */
#include "lab/result.h"

#include "lab/junit.h"
#include "lab/report.h"

struct lab_summary lab_summarize(const struct lab_result *results, size_t count)
{
	struct lab_summary summary = { .runs = count };
	for (size_t i = 0; i < count; i++) {
		summary.rows += !i || results[i].run.scenario != results[i - 1].run.scenario;
		summary.not_run += results[i].not_run != NULL;
		summary.differ += !results[i].not_run && !results[i].verdict.as_expected;
	}
	return summary;
}

/* What the machine lacks for a row. */
static const char *obstacle(const struct scenario *scenario)
{
	for (size_t i = 0; scenario->client[i]; i++)
		if (scenario->client[i][0] == '/' && !file_exists(scenario->client[i]))
			return "this machine has no store of CAs in /etc/ssl/certs";
	return NULL;
}

static bool is_wanted(const struct scenario *scenario, const char *const *names, size_t count)
{
	bool wanted = !count;
	for (size_t i = 0; i < count; i++)
		wanted = wanted || scenario_matches(scenario, names[i]);
	return wanted;
}

static must_check bool check_names(const char *const *names, size_t count, struct error *reterr)
{
	for (size_t i = 0; i < count; i++) {
		bool known = false;
		for (size_t row = 0; row < scenarios_count && !known; row++)
			known = scenario_matches(&scenarios[row], names[i]);
		if (!known) {
			error_set(reterr, ERROR_USAGE, "there is no scenario '%s'", names[i]);
			return error_hint(reterr, "mtls lab --list names them all");
		}
	}
	return true;
}

bool lab_plan(const char *const *names, size_t names_count, enum tls_version version, bool ours,
	bool stack, struct lab_result **ret, size_t *ret_count, struct error *reterr)
{
	static const enum tls_version versions[] = { TLS_1_2, TLS_1_3 };
	enum { COLUMNS = 4 };
	if (!check_names(names, names_count, reterr))
		return false;
	struct lab_result *plan = calloc(scenarios_count * COLUMNS, sizeof *plan);
	size_t count = 0;
	if (!plan)
		bug("out of memory");
	for (size_t i = 0; i < scenarios_count * COLUMNS; i++) {
		const struct scenario *scenario = &scenarios[i / COLUMNS];
		const struct lab_run run = {
			.scenario = scenario, .version = versions[i % 2], .stack = i / 2 % 2
		};
		bool asked = run.stack ? stack && (!ours || scenario->stack != STACK_SAME) : ours;
		if (asked && (!version || version == run.version) &&
			is_wanted(scenario, names, names_count))
			plan[count++] =
				(struct lab_result){ .run = run, .not_run = obstacle(scenario) };
	}
	*ret = plan;
	*ret_count = count;
	return true;
}

char *lab_summary_text(const struct lab_summary *summary)
{
	return text_format("%zu scenario%s, %zu run%s: %zu as expected, %zu not as expected, %zu "
			   "not run",
		summary->rows, summary->rows == 1 ? "" : "s", summary->runs,
		summary->runs == 1 ? "" : "s", summary->runs - summary->differ - summary->not_run,
		summary->differ, summary->not_run);
}

json_t *lab_one_json(const struct lab_result *result)
{
	json_t *object = lab_result_json(result->run.scenario, &result->seen, &result->verdict);
	if (result->seen.messages)
		json_object_set(object, "messages", result->seen.messages);
	if (!result->not_run)
		return object;
	json_object_del(object, "observed");
	json_object_del(object, "as_expected");
	json_object_del(object, "why");
	json_object_set_new(object, "not_run", json_string(result->not_run));
	return object;
}

json_t *lab_json(const struct lab_result *results, size_t count)
{
	struct lab_summary summary = lab_summarize(results, count);
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, lab_one_json(&results[i]));
	return json_pack("{s:b, s:{s:I, s:I, s:I, s:I}, s:o}", "ok", summary.differ == 0, "summary",
		"scenarios", (json_int_t)summary.rows, "runs", (json_int_t)summary.runs, "differ",
		(json_int_t)summary.differ, "not_run", (json_int_t)summary.not_run, "results",
		list);
}

/* ---- JUnit ---- */

bool lab_junit(
	const struct lab_result *results, size_t count, struct buffer *ret, struct error *reterr)
{
	struct lab_summary summary = lab_summarize(results, count);
	if (!junit_begin("mtls lab", summary.runs, summary.differ, summary.not_run, ret, reterr))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct lab_result *result = &results[i];
		char observed[LAB_TEXT_BYTES];
		OWN(char)
		char *group = text_format("mtls.lab.tls%s.%s",
			result->run.version == TLS_1_3 ? "13" : "12",
			result->run.stack ? "openssl" : "mtls");
		const struct junit_case one = { group, scenario_name(result->run.scenario),
			result->ms,
			result->not_run               ? JUNIT_SKIPPED
			: result->verdict.as_expected ? JUNIT_PASSED
						      : JUNIT_FAILED,
			result->not_run ? result->not_run : result->verdict.why,
			result->not_run ? NULL : lab_observed_text(&result->seen, observed) };
		if (!junit_add(&one, ret, reterr))
			return false;
	}
	return junit_end(ret, reterr);
}
