/* Errors and codes: what they say, which exit code they become, and that the table is consistent.
 */
#include "unit.h"

#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void says_what_was_tried(void **state)
{
	(void)state;
	struct error error;
	assert_false(error_set(&error, ERROR_INPUT, "cannot read '%s'", "ca.crt"));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_int_equal(error.code, CODE_NONE);
	assert_int_equal(error.alert, -1);
	assert_string_equal(error.text, "cannot read 'ca.crt'");
	assert_string_equal(error.hint, "");
	assert_false(error_hint(&error, "mtls %s makes one", "init"));
	assert_string_equal(error.hint, "mtls init makes one");
	assert_false(error_context(&error, "line %d", 7));
	assert_string_equal(error.text, "line 7: cannot read 'ca.crt'");
	assert_string_equal(error.hint, "mtls init makes one");
}

static void carries_errno(void **state)
{
	(void)state;
	struct error error;
	errno = ENOSPC;
	assert_false(error_errno(&error, ERROR_IO, "cannot write '%s'", "ca.key"));
	assert_int_equal(error.system, ENOSPC);
	assert_string_equal(error.text, "cannot write 'ca.key': No space left on device");
}

static void carries_a_code(void **state)
{
	(void)state;
	struct error error;
	assert_false(error_code(&error, ERROR_CHECK, CODE_CLIENT_EXPIRED, "no"));
	assert_int_equal(error.code, CODE_CLIENT_EXPIRED);
}

static void cuts_what_is_too_long(void **state)
{
	(void)state;
	struct error error;
	char text[ERROR_TEXT_BYTES * 2];
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = 0;
	error_set(&error, ERROR_BUG, "%s", text);
	assert_int_equal(strlen(error.text), ERROR_TEXT_BYTES - 1);
	error_errno(&error, ERROR_BUG, "%s", text);
	assert_int_equal(strlen(error.text), ERROR_TEXT_BYTES - 1);
	error_context(&error, "short");
	assert_int_equal(strlen(error.text), ERROR_TEXT_BYTES - 1);
	assert_memory_equal(error.text, "short: xxx", 10);
	error_context(&error, "%s", text);
	assert_int_equal(strlen(error.text), ERROR_TEXT_BYTES - 1);
	error_hint(&error, "%s", text);
	assert_int_equal(strlen(error.hint), ERROR_HINT_BYTES - 1);
}

static void becomes_an_exit_code(void **state)
{
	(void)state;
	static const struct {
		enum error_kind kind;
		int exit_code;
		const char *name;
	} rows[] = {
		{ ERROR_NONE, 0, "none" },
		{ ERROR_USAGE, 2, "usage" },
		{ ERROR_INPUT, 2, "input" },
		{ ERROR_LIMIT, 2, "limit" },
		{ ERROR_CHECK, 1, "check" },
		{ ERROR_REFUSED_BY_US, 1, "refused-by-us" },
		{ ERROR_REFUSED_BY_PEER, 1, "refused-by-peer" },
		{ ERROR_HTTP, 1, "http" },
		{ ERROR_IO, 3, "io" },
		{ ERROR_NETWORK, 3, "network" },
		{ ERROR_STORE, 3, "store" },
		{ ERROR_BUG, 70, "bug" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(error_exit_code(rows[i].kind), rows[i].exit_code);
		assert_string_equal(error_kind_name(rows[i].kind), rows[i].name);
	}
}

static void a_bug_ends_the_program_with_70(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (!child) {
		dup2(ends[1], STDERR_FILENO);
		bug("the %s is gone", "table");
	}
	close(ends[1]);
	char said[128] = "";
	FILE *reader = fdopen(ends[0], "r");
	assert_non_null(fgets(said, sizeof said, reader));
	fclose(reader);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 70);
	assert_string_equal(said, "mtls: bug: the table is gone\n");
}

static void every_code_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = CODE_NONE + 1; i < CODE_COUNT; i++) {
		const struct code_info *info = code_info((enum code)i);
		size_t length = strlen(info->name);
		assert_true(length > 0);
		assert_int_equal(
			strspn(info->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), length);
		assert_true(*info->text && info->text[strlen(info->text) - 1] != '.');
		assert_int_equal(code_from_name(info->name), i);
		assert_string_equal(code_name((enum code)i), info->name);
		assert_true(info->alert12 >= -1 && info->alert12 < 256);
		assert_true(info->alert13 >= -1 && info->alert13 < 256);
	}
	assert_int_equal(code_from_name("no-such-code"), CODE_NONE);
	assert_string_equal(code_name(CODE_NONE), "");
}

/* RFC 8446 section 6.2 and RFC 5246 section 7.2: the two alerts that differ between versions. */
static void no_certificate_differs_between_versions(void **state)
{
	(void)state;
	const struct code_info *info = code_info(CODE_NO_CLIENT_CERTIFICATE);
	assert_int_equal(info->alert12, 40);
	assert_int_equal(info->alert13, 116);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_was_tried),
		cmocka_unit_test(carries_errno),
		cmocka_unit_test(carries_a_code),
		cmocka_unit_test(cuts_what_is_too_long),
		cmocka_unit_test(becomes_an_exit_code),
		cmocka_unit_test(a_bug_ends_the_program_with_70),
		cmocka_unit_test(every_code_has_a_name_of_its_own),
		cmocka_unit_test(no_certificate_differs_between_versions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
