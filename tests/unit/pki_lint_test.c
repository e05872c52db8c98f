/* Lint's table and its report; what each trap looks like in files is tested end to end. */
#include "unit.h"

#include "certs.h"

#include "pki/lint.h"

static void each_rule_is_whole_and_stands_once(void **state)
{
	const struct lint_rule *rule;
	size_t count = 0;
	(void)state;
	for (; (rule = lint_rule_at(count)) != NULL; count++) {
		assert_ptr_equal(lint_rule(rule->code), rule);
		if (!*code_info(rule->code)->hint)
			fail_msg("%s has no fix", code_name(rule->code));
		/* What is an error must be somebody's. */
		if (rule->level == LINT_ERROR && !*rule->minds)
			fail_msg("nobody minds %s", code_name(rule->code));
	}
	assert_true(count > 85);
	assert_null(lint_rule(CODE_NONE));
	assert_null(lint_rule(CODE_PEER_CLOSED));
	assert_string_equal(lint_level_name(LINT_NOTE), "note");
	assert_string_equal(lint_level_name(LINT_WARNING), "warning");
	assert_string_equal(lint_level_name(LINT_ERROR), "error");
}

static bool has(const struct lint_report *report, const char *code)
{
	for (size_t i = 0; i < report->count; i++)
		if (!strcmp(code_name(report->findings[i].rule->code), code))
			return true;
	return false;
}

static const struct {
	const char *role, *code; /* NULL: none is expected at all */
	struct spec spec;
} rows[] = {
	{ NULL, NULL, { .subject = "/CN=localhost", .extensions = SERVER_EXTENSIONS } },
	{ NULL, NULL, { .subject = "/CN=me", .extensions = CLIENT_EXTENSIONS } },
	{ NULL, NULL, { .subject = "/CN=Sub", .extensions = SUB_EXTENSIONS } },
	{ "client", "client-wrong-eku",
		{ .subject = "/CN=localhost", .extensions = SERVER_EXTENSIONS } },
	{ "server", "server-wrong-eku", { .subject = "/CN=me", .extensions = CLIENT_EXTENSIONS } },
	{ "server", "server-no-san", { .subject = "/CN=me", .extensions = CLIENT_EXTENSIONS } },
	{ "peer", "server-wrong-eku", { .subject = "/CN=me", .extensions = CLIENT_EXTENSIONS } },
	{ "client", "client-is-ca", { .subject = "/CN=Sub", .extensions = SUB_EXTENSIONS } },
	{ "ca", "ca-without-constraints",
		{ .subject = "/CN=me", .extensions = CLIENT_EXTENSIONS } },
	{ NULL, "client-expired",
		{ .subject = "/CN=me",
			.extensions = CLIENT_EXTENSIONS,
			.not_before = 1000,
			.not_after = 2000 } },
	{ NULL, "ca-expired",
		{ .subject = "/CN=Sub",
			.extensions = SUB_EXTENSIONS,
			.not_before = 1000,
			.not_after = 2000 } },
	{ NULL, "client-not-yet-valid",
		{ .subject = "/CN=me", .extensions = CLIENT_EXTENSIONS, .not_before = NOW + DAY } },
	{ NULL, "ca-not-yet-valid",
		{ .subject = "/CN=Sub", .extensions = SUB_EXTENSIONS, .not_before = NOW + DAY } },
	{ NULL, "expires-soon",
		{ .subject = "/CN=me", .extensions = CLIENT_EXTENSIONS, .not_after = NOW + DAY } },
	{ NULL, "version-not-3", { .subject = "/CN=me", .v1 = true } },
	{ NULL, "key-curve",
		{ .subject = "/CN=me", .extensions = CLIENT_EXTENSIONS, .key = "P-224" } },
};

static void a_certificate_has_its_faults_and_no_others(void **state)
{
	struct made *ca = MAKE(NULL, "/CN=The CA", .extensions = CA_EXTENSIONS, .key = "P-256#ca");
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(lint_report) struct lint_report report = { 0 };
		struct made *one = certs_make(ca, &rows[i].spec);
		lint_certificate(one->certificate, "x.crt", rows[i].role, NOW, &report);
		if (rows[i].code && !has(&report, rows[i].code))
			fail_msg("row %zu: no %s", i, rows[i].code);
		if (!rows[i].code && report.count)
			fail_msg("row %zu: %s", i, report.findings[0].text);
		assert_int_equal(report.counts[LINT_NOTE] + report.counts[LINT_WARNING] +
					 report.counts[LINT_ERROR],
			report.count);
	}
}

static void the_same_fault_is_said_once(void **state)
{
	OWN(lint_report) struct lint_report report = { 0 };
	struct made *one = MAKE(NULL, "/CN=me", .extensions = { "extendedKeyUsage=serverAuth" });
	(void)state;
	lint_certificate(one->certificate, "x.crt", NULL, NOW, &report);
	size_t count = report.count;
	assert_true(count > 0);
	lint_certificate(one->certificate, "x.crt", NULL, NOW, &report);
	assert_int_equal(report.count, count);
	/* Another file is another matter. */
	lint_certificate(one->certificate, "y.crt", NULL, NOW, &report);
	assert_int_equal(report.count, 2 * count);
}

static void what_cannot_be_read_is_an_error(void **state)
{
	const struct lint_options options = { .now = NOW };
	OWN(lint) struct lint *lint = lint_new(&options);
	OWN(lint_report) struct lint_report report = { 0 };
	struct error error;
	(void)state;
	assert_false(lint_file(lint, "/none.crt", &report, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	lint_together(lint, &report);
	assert_int_equal(report.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_is_whole_and_stands_once),
		cmocka_unit_test(a_certificate_has_its_faults_and_no_others),
		cmocka_unit_test(the_same_fault_is_said_once),
		cmocka_unit_test(what_cannot_be_read_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, certs_end);
}
