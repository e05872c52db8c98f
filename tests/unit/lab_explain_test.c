/* Each scenario is explained whole: why, without it, every stack, the fix, and how to see it. */
#include "unit.h"

#include "lab/explain.h"

static bool has(const struct buffer *text, const char *what)
{
	return strstr(text->data, what) != NULL;
}

static void every_scenario_is_explained_and_by_every_stack(void **state)
{
	(void)state;
	for (size_t i = 0; i < scenarios_count; i++) {
		enum code code = scenarios[i].code;
		if (code == CODE_NONE)
			continue;
		const struct explanation *about = lab_explanation(code);
		const char *const *stacks = lab_stacks(code);
		assert_non_null(about);
		assert_non_null(stacks);
		for (size_t stack = 0; stack < LAB_STACKS; stack++)
			assert_true(stacks[stack] && *stacks[stack]);
		assert_true(*code_info(code)->hint);
		/* Options for both sides, a script, or why there is neither: one of the three. */
		assert_int_equal(
			(about->server != NULL) + (about->script != NULL) + (about->only != NULL),
			1);
		assert_int_equal(about->server != NULL, about->client != NULL);
		assert_int_equal(about->says != NULL, about->only == NULL);
	}
}

static void a_code_that_is_no_scenario_has_none(void **state)
{
	(void)state;
	assert_null(lab_explanation(CODE_CNF_DUPLICATE_SECTION));
	assert_null(lab_stacks(CODE_CNF_DUPLICATE_SECTION));
}

static void texts_wrap_and_keep_commands_whole(void **state)
{
	(void)state;
	OWN(buffer) struct buffer text = BUFFER(1 << 16);
	struct error error;
	assert_true(lab_explain_text("client-expired", &text, &error));
	assert_true(has(&text, "\n  OpenSSL   refuses with certificate_expired (45)\n"));
	assert_true(has(&text, "\n  mtls lab make client-expired here && cd here\n"));
	assert_true(has(&text, "\nWhat it says then\n  verify error:num=10:\n"));
	for (char *line = text.data, *end; (end = strchr(line, '\n')); line = end + 1)
		assert_true(end - line <= 79 || !strncmp(line, "  openssl ", 10));
}

static void what_cannot_be_shown_says_why(void **state)
{
	(void)state;
	OWN(buffer) struct buffer text = BUFFER(1 << 16);
	struct error error;
	assert_true(lab_explain_text("resumed-without-context", &text, &error));
	assert_true(has(&text, "\nWhy openssl's programs cannot show it\n"));
	assert_true(has(&text, "SSL_CTX_set_session_id_context"));
	assert_false(has(&text, "How to see it with openssl"));
}

static void json_has_commands_or_the_reason(void **state)
{
	(void)state;
	json_t *object;
	struct error error;
	assert_true(lab_explain_json("not-tls", &object, &error));
	assert_non_null(
		strstr(json_string_value(json_object_get(object, "commands")), "create_server"));
	assert_true(json_is_null(json_object_get(object, "not_shown")));
	assert_int_equal(json_object_size(json_object_get(object, "stacks")), LAB_STACKS);
	json_decref(object);
	assert_true(lab_explain_json("resumed-across-listeners", &object, &error));
	assert_true(json_is_null(json_object_get(object, "commands")));
	assert_non_null(json_string_value(json_object_get(object, "not_shown")));
	json_decref(object);
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	static const char *const names[] = { "nonsense", "good-client", "", "cnf-duplicate-key" };
	OWN(buffer) struct buffer text = BUFFER(1 << 16);
	json_t *object = NULL;
	struct error error;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_false(lab_explain_text(names[i], &text, &error));
		assert_int_equal(error.kind, ERROR_USAGE);
		assert_false(lab_explain_json(names[i], &object, &error));
		assert_non_null(strstr(error.text, "to explain"));
	}
	assert_null(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_scenario_is_explained_and_by_every_stack),
		cmocka_unit_test(a_code_that_is_no_scenario_has_none),
		cmocka_unit_test(texts_wrap_and_keep_commands_whole),
		cmocka_unit_test(what_cannot_be_shown_says_why),
		cmocka_unit_test(json_has_commands_or_the_reason),
		cmocka_unit_test(nonsense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
