/* JSON text is byte for byte what Python prints with indent=2 and ensure_ascii=False. */
#include "unit.h"

#include "base/base.h"

#include <stdio.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_as_python_does),
		cmocka_unit_test(moves_lines_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
