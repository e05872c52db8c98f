/* /todo and /whoami: the lab's answers and log lines, its rules, and each way to break them. */
#include "unit.h"

#include "server_ask.h"

static const struct identity client = { .common_name = (char *)(uintptr_t) "mtls-client" };

#define JSON "Content-Type: application/json\r\n"
#define TASK \
	"A\xc3\xb1" \
	"adir endpoint POST"

/* The body is what Python prints of the same value. */
static void body_is(const char *json)
{
	OWN(char) char *expected = python("import json, os; "
					  "print(json.dumps(json.loads(os.environ['MTLS_TEST']), "
					  "indent=2, ensure_ascii=False))",
		json);
	assert_string_equal(seen.body.data, expected);
	assert_string_equal(field_of(seen.response, "Content-Type"), HTTP_TYPE_JSON);
}

static void creates_and_lists(void **state)
{
	(void)state;
	ask(&client, "POST", "/todo", JSON, "{\"task\":\"" TASK "\",\"done\":false}");
	assert_int_equal(seen.status, 201);
	body_is("{\"client\": \"mtls-client\", \"message\": \"TODO item created\", "
		"\"todo\": {\"id\": 6, \"task\": \"" TASK "\", \"done\": false}}");
	assert_string_equal(seen.log.data,
		"authenticated: AUTHENTICATED | CN='mtls-client' | creating TODO\n"
		"todo-created: TODO CREATED | CN='mtls-client' | "
		"item={'id': 6, 'task': '" TASK "', 'done': False}\n");

	ask(&client, "GET", "/todo?any=query", "", NULL);
	assert_int_equal(seen.status, 200);
	body_is("{\"client\": \"mtls-client\", \"todos\": ["
		"{\"id\": 1, \"task\": \"Set up local CA\", \"done\": true},"
		"{\"id\": 2, \"task\": \"Issue server certificate\", \"done\": true},"
		"{\"id\": 3, \"task\": \"Issue client certificate\", \"done\": true},"
		"{\"id\": 4, \"task\": \"Configure mTLS server\", \"done\": true},"
		"{\"id\": 5, \"task\": \"Validate mutual auth\", \"done\": false},"
		"{\"id\": 6, \"task\": \"" TASK "\", \"done\": false}]}");
	assert_string_equal(
		seen.log.data, "authenticated: AUTHENTICATED | CN='mtls-client' | serving /todo\n");
	assert_string_equal(field_of(seen.response, "Cache-Control"), "no-store");
}

static void nobody_is_null(void **state)
{
	(void)state;
	ask(NULL, "GET", "/todo", "", NULL);
	assert_memory_equal(seen.body.data, "{\n  \"client\": null,\n  \"todos\": [\n", 33);
	assert_string_equal(
		seen.log.data, "unauthenticated: NOT AUTHENTICATED | CN=None | serving /todo\n");
	ask(NULL, "POST", "/todo", JSON, "{\"task\": \"x\", \"done\": true}");
	body_is("{\"client\": null, \"message\": \"TODO item created\", "
		"\"todo\": {\"id\": 6, \"task\": \"x\", \"done\": true}}");
}

static const struct {
	const char *what, *body;
} accepted[] = {
	{ "done left out", "{\"task\": \"x\"}" },
	{ "more members", "{\"task\": \"x\", \"id\": 7, \"extra\": [{}]}" },
	{ "an emoji", "{\"task\": \"\\ud83d\\ude00\"}" },
	{ "escapes", "{\"task\": \"\\u00f1\\n\"}" },
	{ "space around a word", "{\"task\": \" x \"}" },
	{ "white space around all", " \r\n{\"task\": \"x\"}\r\n" },
};

static void takes_what_the_rules_allow(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
		ask(&client, "POST", "/todo", JSON, accepted[i].body);
		if (seen.status != 201)
			fail_msg("%s: %s", accepted[i].what, seen.body.data);
	}
}

static const struct {
	const char *what, *headers, *body;
	int status;
	const char *error; /* what the sentence begins with */
} refused[] = {
	{ "no body", JSON, NULL, 411, "the request has neither Content-Length nor chunks" },
	{ "no type", "", "{\"task\": \"x\"}", 415,
		"the Content-Type is missing: send application/json" },
	{ "what curl -d sends", "Content-Type: application/x-www-form-urlencoded\r\n",
		"{\"task\": \"x\"}", 415,
		"the Content-Type is 'application/x-www-form-urlencoded': send application/json in "
		"UTF-8 "
		"(curl -d needs -H 'Content-Type: application/json')" },
	{ "another charset", "Content-Type: application/json; charset=latin-1\r\n", "{}", 415,
		"the Content-Type is 'application/json; charset=latin-1'" },
	{ "nearly UTF-8", "Content-Type: application/json; charset=utf-81\r\n", "{}", 415,
		"the Content-Type is" },
	{ "nearly JSON", "Content-Type: application/jsonx\r\n", "{}", 415, "the Content-Type is" },
	{ "two types", "Content-Type: application/json, text/html\r\n", "{}", 415,
		"the Content-Type is" },
	{ "a type that is no text", "Content-Type: \xff\xfe\r\n", "{}", 415,
		"the Content-Type is '\\xff\\xfe'" },
	{ "an empty body", JSON, "", 400, "the body is empty: send a JSON object" },
	{ "words", JSON, "task=x", 400, "the body is not valid JSON: " },
	{ "half an object", JSON, "{\"task\": \"x\"", 400, "the body is not valid JSON: " },
	{ "two objects", JSON, "{\"task\": \"x\"}{}", 400, "the body is not valid JSON: " },
	{ "a trailing comma", JSON, "{\"task\": \"x\",}", 400, "the body is not valid JSON: " },
	{ "the same member twice", JSON, "{\"task\": \"x\", \"task\": \"y\"}", 400,
		"the body is not valid JSON: duplicate object key" },
	{ "NUL in a text", JSON, "{\"task\": \"a\\u0000b\"}", 400,
		"the body is not valid JSON: \\x5cu0000 is not allowed" },
	{ "half a surrogate pair", JSON, "{\"task\": \"\\ud83d\"}", 400,
		"the body is not valid JSON: invalid Unicode" },
	{ "Latin-1", JSON, "{\"task\": \"\xf1\"}", 400,
		"the body is not valid JSON: unable to decode byte 0xf1" },
	{ "an overlong form", JSON, "{\"task\": \"\xc0\xaf\"}", 400,
		"the body is not valid JSON: " },
	{ "NaN", JSON, "{\"task\": \"x\", \"done\": NaN}", 400, "the body is not valid JSON: " },
	{ "a list", JSON, "[{\"task\": \"x\"}]", 400, "the body must be a JSON object" },
	{ "a text", JSON, "\"task\"", 400, "the body must be a JSON object" },
	{ "null", JSON, "null", 400, "the body must be a JSON object" },
	{ "no task", JSON, "{\"done\": true}", 400,
		"'task' is missing: it must be a non-empty string" },
	{ "a number as task", JSON, "{\"task\": 1}", 400, "'task' must be a non-empty string" },
	{ "null as task", JSON, "{\"task\": null}", 400, "'task' must be a non-empty string" },
	{ "an empty task", JSON, "{\"task\": \"\"}", 400, "'task' must be a non-empty string" },
	{ "a blank task", JSON, "{\"task\": \" \\t\\n\\u001f\\u3000\\u0085\"}", 400,
		"'task' must be a non-empty string" },
	{ "a number as done", JSON, "{\"task\": \"x\", \"done\": 1}", 400,
		"'done' must be true or false" },
	{ "a text as done", JSON, "{\"task\": \"x\", \"done\": \"false\"}", 400,
		"'done' must be true or false" },
	{ "null as done", JSON, "{\"task\": \"x\", \"done\": null}", 400,
		"'done' must be true or false" },
};

static void is_refused(const char *what, int status, const char *error)
{
	OWN(json_t) json_t *json = json_loads(seen.body.data, 0, NULL);
	const char *said = json_string_value(json_object_get(json, "error"));
	if (seen.status != status || !said || strncmp(said, error, strlen(error)) != 0)
		fail_msg("%s: %d %s", what, seen.status, seen.body.data);
	assert_int_equal(json_object_size(json), 1);
	assert_string_equal(seen.log.data, "");
}

static void refuses_what_they_do_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		ask(&client, "POST", "/todo", refused[i].headers, refused[i].body);
		is_refused(refused[i].what, refused[i].status, refused[i].error);
	}
	/* Nothing of all that was stored. */
	ask(&client, "POST", "/todo", JSON, "{\"task\": \"x\"}");
	assert_non_null(strstr(seen.body.data, "\"id\": 6"));
}

static void refuses_a_body_of_brackets(void **state)
{
	(void)state;
	char deep[5001];
	memset(deep, '[', sizeof deep - 1);
	deep[sizeof deep - 1] = 0;
	ask(&client, "POST", "/todo", JSON, deep);
	is_refused(
		"5000 brackets", 400, "the body is not valid JSON: maximum parsing depth reached");
}

static void refuses_a_task_that_is_too_long(void **state)
{
	(void)state;
	OWN(char) char *longest = calloc(1, STORE_TASK_BYTES_MAX + 2);
	memset(longest, 'x', STORE_TASK_BYTES_MAX);
	OWN(char) char *body = text_format("{\"task\": \"%s\"}", longest);
	ask(&client, "POST", "/todo", JSON, body);
	assert_int_equal(seen.status, 201);
	OWN(char) char *longer = text_format("{\"task\": \"%sx\"}", longest);
	ask(&client, "POST", "/todo", JSON, longer);
	is_refused("4097 bytes", 400, "'task' must not be longer than 4096 bytes");
}

static void takes_json_in_utf8_however_it_is_written(void **state)
{
	(void)state;
	const char *const types[] = { "application/json; charset=utf-8", "APPLICATION/JSON",
		"application/json;charset=\"UTF-8\"", "application/json ; charset=utf-8 ; a=b",
		"application/json;" };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		OWN(char) char *header = text_format("Content-Type: %s\r\n", types[i]);
		ask(&client, "POST", "/todo", header, "{\"task\": \"x\"}");
		if (seen.status != 201)
			fail_msg("%s: %s", types[i], seen.body.data);
	}
}

static void takes_chunks(void **state)
{
	(void)state;
	const char bytes[] =
		"POST /todo HTTP/1.1\r\nHost: h\r\n" JSON "Transfer-Encoding: chunked\r\n\r\n"
		"8\r\n{\"task\":\r\n4\r\n\"x\"}\r\n0\r\n\r\n";
	ask_bytes(&client, NULL, bytes, sizeof bytes - 1);
	assert_int_equal(seen.status, 201);
}

static void peer_made_text_stays_in_its_line(void **state)
{
	(void)state;
	const struct identity odd = { .common_name = (char *)(uintptr_t) "it's \"me\"\\x0a" };
	ask(&odd, "POST", "/todo", JSON, "{\"task\": \"a'\\n\\u001b[0m\\u202e\"}");
	assert_string_equal(seen.log.data,
		"authenticated: AUTHENTICATED | CN='it\\'s \"me\"\\\\x0a' | creating TODO\n"
		"todo-created: TODO CREATED | CN='it\\'s \"me\"\\\\x0a' | item={'id': 6, 'task': "
		"\"a'\\n\\x1b[0m\\u202e\", 'done': False}\n");
}

static void says_who_you_are(void **state)
{
	(void)state;
	char *sans[] = { (char *)(uintptr_t) "DNS:a", (char *)(uintptr_t) "URI:spiffe://a/b" };
	const struct identity known = { .common_name = client.common_name,
		.subject = (char *)(uintptr_t) "CN=mtls-client",
		.issuer = (char *)(uintptr_t) "CN=mTLS Lab Root CA",
		.serial = (char *)(uintptr_t) "0A",
		.sha256 = (char *)(uintptr_t) "00ff",
		.sans = sans,
		.sans_count = 2,
		.not_before = 0,
		.not_after = 86400,
		.peercert = json_pack("{s:i}", "version", 3) };
	const struct tls_outcome tls = { .version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384" };
	const char bytes[] = "GET /whoami HTTP/1.1\r\nHost: h\r\n\r\n";
	ask_bytes(&known, &tls, bytes, sizeof bytes - 1);
	assert_int_equal(seen.status, 200);
	body_is("{\"client\": \"mtls-client\", \"subject\": \"CN=mtls-client\", "
		"\"issuer\": \"CN=mTLS Lab Root CA\", \"serial\": \"0A\", "
		"\"sans\": [\"DNS:a\", \"URI:spiffe://a/b\"], \"sha256\": \"00ff\", "
		"\"not_before\": \"1970-01-01T00:00:00Z\", \"not_after\": "
		"\"1970-01-02T00:00:00Z\", "
		"\"tls\": {\"version\": \"TLSv1.3\", \"cipher\": \"TLS_AES_256_GCM_SHA384\", "
		"\"resumed\": false}, \"peercert\": {\"version\": 3}}");
	json_decref(known.peercert);
	ask(NULL, "GET", "/whoami", "", NULL);
	body_is("{\"client\": null, \"subject\": null, \"issuer\": null, \"serial\": null, "
		"\"sans\": [], \"sha256\": null, \"not_before\": null, \"not_after\": null, "
		"\"tls\": null, \"peercert\": null}");
}

/* Every character that Python's Unicode knows, and a few words, as repr() shows them. */
static void shows_text_as_python_does(void **state)
{
	(void)state;
	OWN(char) char *lines =
		python("import unicodedata\n"
		       "for c in list(map(chr, range(1, 0x110000))) + ['', \"'\", '\"', '\\'\"', "
		       "\"it's\", 'a\\\\b\\'\"']:\n"
		       "  if len(c) != 1 or unicodedata.category(c) not in ('Cn', 'Cs'):\n"
		       "    print(c.encode().hex() or '-', repr(c))\n",
			"");
	size_t count = 0;
	for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"), count++) {
		char *expected = strchr(line, ' ') + 1;
		char text[64] = "";
		size_t bytes = *line == '-' ? 0 : (size_t)(expected - 1 - line) / 2;
		for (size_t i = 0; i < bytes; i++) {
			unsigned byte;
			assert_int_equal(sscanf(line + 2 * i, "%2x", &byte), 1);
			text[i] = (char)byte;
		}
		OWN(char) char *shown = python_repr(text);
		if (strcmp(shown, expected) != 0)
			fail_msg("%s, seen %s", line, shown);
	}
	assert_true(count > 200000);
	OWN(char) char *none = python_repr(NULL);
	assert_string_equal(none, "None");
	OWN(char) char *bad = python_repr("a\xff");
	assert_string_equal(bad, "'a\\\\xff'");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, routes_set_up, routes_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(creates_and_lists),
		TEST(nobody_is_null),
		TEST(takes_what_the_rules_allow),
		TEST(refuses_what_they_do_not),
		TEST(refuses_a_body_of_brackets),
		TEST(refuses_a_task_that_is_too_long),
		TEST(takes_json_in_utf8_however_it_is_written),
		TEST(takes_chunks),
		TEST(peer_made_text_stays_in_its_line),
		TEST(says_who_you_are),
		TEST(shows_text_as_python_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
