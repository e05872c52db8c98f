/* JSON text is byte for byte what Python prints with indent=2 and ensure_ascii=False. */
#include "unit.h"

#include "base/base.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const documents[] = {
	"{}",
	"[]",
	"{\"a\": [], \"b\": {}, \"c\": null, \"d\": [true, false, -1, 1.5]}",
	"{\"z\": 1, \"a\": {\"m\": [{\"k\": [[1]]}]}}",
	"[\"A\xc3\xb1"
	"adir\", \"\\u0001\\u001f\\u001B\\u007f\\n\\t\\r\\b\\f\", \"\\\\u00AB\", "
	"\"\\\\\\\\\\u000B\", \"/\", \"\\\"\"]",
	"[\"\\ud83d\\ude00\", \"\\u2028\"]",
};

static void prints_as_python_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
		OWN(json_t) json_t *json = json_loads(documents[i], JSON_DECODE_ANY, NULL);
		assert_non_null(json);
		OWN(buffer) struct buffer text = BUFFER(65536);
		struct error error;
		assert_true(json_text(json, 0, &text, &error));
		setenv("MTLS_TEST_JSON", documents[i], 1);
		FILE *python = popen("/usr/bin/python3 -X utf8 -c 'import json, os; "
				     "print(json.dumps(json.loads(os.environ[\"MTLS_TEST_JSON\"]), "
				     "indent=2, ensure_ascii=False), end=\"\")'",
			"r");
		char expected[4096];
		expected[fread(expected, 1, sizeof expected - 1, python)] = 0;
		assert_int_equal(pclose(python), 0);
		assert_string_equal(text.data, expected);
	}
}

static void moves_lines_right(void **state)
{
	(void)state;
	OWN(json_t) json_t *json = json_loads("{\"a\": [\"\\n\"]}", 0, NULL);
	OWN(buffer) struct buffer text = BUFFER(100);
	struct error error;
	assert_true(json_text(json, 2, &text, &error));
	assert_string_equal(text.data, "{\n    \"a\": [\n      \"\\n\"\n    ]\n  }");
	OWN(buffer) struct buffer small = BUFFER(10);
	assert_false(json_text(json, 0, &small, &error));
	assert_int_equal(error.kind, ERROR_LIMIT);
}

/* A sanitizer ends the program by itself, with a code of its own. */
static void ends_where_there_is_no_memory(void **state)
{
	(void)state;
	json_malloc_t take;
	int status;
	json_begin();
	json_get_alloc_funcs(&take, NULL);
	pid_t child = fork();
	if (!child) {
		(void)!freopen("/dev/null", "w", stderr);
		_exit(take((size_t)1 << 62) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 0);
	OWN(json_t) json_t *json = json_pack("{s:[s]}", "a", "b");
	assert_string_equal(json_string_value(json_array_get(json_object_get(json, "a"), 0)), "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_as_python_does),
		cmocka_unit_test(moves_lines_right),
		cmocka_unit_test(ends_where_there_is_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
