/* Findings as SARIF: a rule once, a result each, paths as URI references, lines where there are. */
#include "unit.h"

#include "cmd/lint_sarif.h"

static json_t *log_of(const struct lint_finding *findings, size_t count)
{
	struct lint_report report = { .findings = (struct lint_finding *)(uintptr_t)findings,
		.count = count };
	json_t *log = lint_sarif(&report);
	assert_non_null(log);
	return log;
}

static json_t *run_of(json_t *log)
{
	return json_array_get(json_object_get(log, "runs"), 0);
}

static json_t *results_of(json_t *log)
{
	return json_object_get(run_of(log), "results");
}

static json_t *driver_of(json_t *log)
{
	return json_object_get(json_object_get(run_of(log), "tool"), "driver");
}

static json_t *rules_of(json_t *log)
{
	return json_object_get(driver_of(log), "rules");
}

static void expect_json(const json_t *json, const char *wanted)
{
	char *text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, wanted);
	free(text);
}

static void nothing_found_is_a_run_without_results(void **state)
{
	(void)state;
	OWN(json_t) json_t *log = log_of(NULL, 0);
	expect_json(results_of(log), "[]");
	expect_json(rules_of(log), "[]");
	assert_string_equal(json_string_value(json_object_get(log, "version")), "2.1.0");
	assert_string_equal(json_string_value(json_object_get(log, "$schema")),
		"https://json.schemastore.org/sarif-2.1.0.json");
	assert_int_equal(json_array_size(json_object_get(log, "runs")), 1);
	assert_string_equal(json_string_value(json_object_get(driver_of(log), "name")), "mtls");
	assert_string_equal(
		json_string_value(json_object_get(driver_of(log), "version")), MTLS_VERSION);
}

static void a_result_says_where_what_and_the_fix(void **state)
{
	(void)state;
	const struct lint_finding findings[] = {
		{ lint_rule(CODE_CNF_DUPLICATE_KEY), (char *)"a.cnf", 12, (char *)"twice",
			(char *)"" },
		{ lint_rule(CODE_KEY_FILE_READABLE), (char *)"a.key", 0, (char *)"readable",
			(char *)"chmod 600 a.key" },
	};
	OWN(json_t) json_t *log = log_of(findings, 2);
	expect_json(results_of(log),
		"[{\"ruleId\":\"cnf-duplicate-key\",\"level\":\"warning\",\"message\":{\"text\":"
		"\"twice\"},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":"
		"\"a.cnf\"},\"region\":{\"startLine\":12}}}]},"
		"{\"ruleId\":\"key-file-readable\",\"level\":\"error\",\"message\":{\"text\":"
		"\"readable. Fix: chmod 600 a.key\"},\"locations\":[{\"physicalLocation\":"
		"{\"artifactLocation\":{\"uri\":\"a.key\"}}}]}]");
}

static void a_rule_is_described_once(void **state)
{
	(void)state;
	const struct lint_rule *include = lint_rule(CODE_CNF_INCLUDE);
	const struct lint_rule *section = lint_rule(CODE_CNF_DUPLICATE_SECTION);
	const struct lint_finding findings[] = {
		{ include, (char *)"a.cnf", 1, (char *)"x", (char *)"" },
		{ section, (char *)"a.cnf", 2, (char *)"y", (char *)"" },
		{ include, (char *)"b.cnf", 3, (char *)"z", (char *)"" },
	};
	OWN(json_t) json_t *log = log_of(findings, 3);
	assert_int_equal(json_array_size(results_of(log)), 3);
	expect_json(rules_of(log),
		"[{\"id\":\"cnf-include\",\"shortDescription\":{\"text\":\"a configuration reads "
		"another file\"},\"defaultConfiguration\":{\"level\":\"note\"},\"help\":{\"text\":"
		"\"Fix: make sure that nobody else can write that file\"}},"
		"{\"id\":\"cnf-duplicate-section\",\"shortDescription\":{\"text\":\"a section "
		"stands twice in a configuration, and OpenSSL merges the two\"},"
		"\"defaultConfiguration\":{\"level\":\"warning\"},\"help\":{\"text\":\"Fix: keep "
		"one of the two sections. Minded by: openssl, which merges them in silence\"}}]");
}

static void paths_become_uri_references(void **state)
{
	static const struct {
		const char *path, *uri;
	} rows[] = {
		{ "certs/ca.crt", "certs/ca.crt" },
		{ "/a/b-c_d.e~f:g", "/a/b-c_d.e~f:g" },
		{ "a b", "a%20b" },
		{ "50%.crt", "50%25.crt" },
		{ "a?b#c", "a%3Fb%23c" },
		{ "\"\\", "%22%5C" },
		{ "caf\xc3\xa9.crt", "caf%C3%A9.crt" },
		{ "\xff\x01", "%FF%01" },
		{ "", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct lint_finding finding = { lint_rule(CODE_CNF_INCLUDE),
			(char *)(uintptr_t)rows[i].path, 0, (char *)"x", (char *)"" };
		OWN(json_t) json_t *log = log_of(&finding, 1);
		const char *uri = NULL;
		assert_int_equal(
			json_unpack(json_array_get(results_of(log), 0), "{s:[{s:{s:{s:s}}}]}",
				"locations", "physicalLocation", "artifactLocation", "uri", &uri),
			0);
		assert_string_equal(uri, rows[i].uri);
	}
}

/* Each of the table: its identifier, its level, and help that is not empty. */
static void each_rule_can_be_said(void **state)
{
	const struct lint_rule *rule;
	(void)state;
	for (size_t i = 0; (rule = lint_rule_at(i)) != NULL; i++) {
		const struct lint_finding finding = { rule, (char *)"f", 0, (char *)"t",
			(char *)"" };
		OWN(json_t) json_t *log = log_of(&finding, 1);
		const char *id, *text, *level, *help;
		assert_int_equal(json_unpack(json_array_get(rules_of(log), 0),
					 "{s:s, s:{s:s}, s:{s:s}, s:{s:s}}", "id", &id,
					 "shortDescription", "text", &text, "defaultConfiguration",
					 "level", &level, "help", "text", &help),
			0);
		assert_string_equal(id, code_name(rule->code));
		assert_string_equal(text, code_info(rule->code)->text);
		assert_string_equal(level, lint_level_name(rule->level));
		assert_int_equal(strncmp(help, "Fix: ", 5), 0);
		assert_int_equal(strstr(help, ". Minded by: ") != NULL, *rule->minds != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_found_is_a_run_without_results),
		cmocka_unit_test(a_result_says_where_what_and_the_fix),
		cmocka_unit_test(a_rule_is_described_once),
		cmocka_unit_test(paths_become_uri_references),
		cmocka_unit_test(each_rule_can_be_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
