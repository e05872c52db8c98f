/* /todo/{id}: showing, changing and removing one item, its versions, and the pages of the list. */
#include "unit.h"

#include "server_ask.h"

#include "server/todo.h"

static const struct identity alice = { .common_name = (char *)(uintptr_t) "alice" };
static const struct identity bob = { .common_name = (char *)(uintptr_t) "bob" };

#define JSON "Content-Type: application/json\r\n"
#define MERGE "Content-Type: application/merge-patch+json\r\n"

/* The body, without its layout. */
static void says(int status, const char *wanted)
{
	OWN(json_t) json_t *json = json_loads(seen.body.data, JSON_DECODE_ANY, NULL);
	OWN(char) char *compact = json ? json_dumps(json, JSON_COMPACT) : text_copy("no JSON");
	assert_string_equal(compact, wanted);
	assert_int_equal(seen.status, status);
}

static const char *header(const char *name)
{
	const char *value = field_of(seen.response, name);
	return value ? value : "none";
}

/* The tag of what this client is shown there; the caller's. */
static char *tag_of(const struct identity *who, const char *target)
{
	ask(who, "GET", target, "", NULL);
	assert_int_equal(seen.status, 200);
	return text_copy(header("ETag"));
}

static void ask_if(const struct identity *who, const char *method, const char *target,
	const char *condition, const char *tags, const char *body)
{
	OWN(char)
	char *headers = text_format("%s%s: %s\r\n", body ? JSON : "", condition, tags);
	ask(who, method, target, headers, body);
}

static void one_item_is_shown(void **state)
{
	(void)state;
	ask(&alice, "GET", "/todo/2", "", NULL);
	says(200, "{\"client\":\"alice\",\"todo\":{\"id\":2,\"task\":\"Issue server "
		  "certificate\",\"done\":true}}");
	assert_string_equal(header("Cache-Control"), "no-store");
	assert_string_equal(header("Location"), "none");
	assert_string_equal(
		seen.log.data, "authenticated: AUTHENTICATED | CN='alice' | serving /todo/2\n");
	/* A number is a number, however many zeros stand before it. */
	ask(NULL, "GET", "/todo/0002", "", NULL);
	says(200, "{\"client\":null,\"todo\":{\"id\":2,\"task\":\"Issue server "
		  "certificate\",\"done\":true}}");
	ask(&alice, "HEAD", "/todo/2", "", NULL);
	assert_int_equal(seen.status, 200);
	assert_string_equal(seen.body.data, "");
	assert_string_not_equal(header("ETag"), "none");
}

static const struct {
	const char *path;
	int status;
} others[] = {
	{ "/todo/0", 404 },
	{ "/todo/6", 404 },
	{ "/todo/9223372036854775807", 404 },
	{ "/todo/9223372036854775808", 404 },
	{ "/todo/18446744073709551617", 404 }, /* 1, if it were counted in 64 bits */
	{ "/todo/", 404 },
	{ "/todo/-1", 404 },
	{ "/todo/1x", 404 },
	{ "/todo/1/", 404 },
	{ "/todo//1", 404 },
	{ "/todos/1", 404 },
	{ "/Todo/1", 404 },
};

static void what_is_not_there_is_not_there_for_any_method(void **state)
{
	(void)state;
	static const char *const methods[] = { "GET", "PATCH", "DELETE" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		for (size_t m = 0; m < 3; m++) {
			ask(&alice, methods[m], others[i].path, m == 1 ? JSON : "",
				m == 1 ? "{\"done\":true}" : NULL);
			OWN(char)
			char *wanted =
				text_format("{\"error\":\"there is no %s\"}", others[i].path);
			says(others[i].status, wanted);
			assert_string_equal(seen.log.data, "");
			assert_string_equal(header("ETag"), "none");
		}
}

static const struct {
	const char *type, *body, *todo;
} edits[] = {
	{ JSON, "{\"done\":true}", "\"task\":\"Validate mutual auth\",\"done\":true" },
	{ JSON, "{\"task\":\"x\"}", "\"task\":\"x\",\"done\":true" },
	{ JSON, "{\"task\":\"y\",\"done\":false}", "\"task\":\"y\",\"done\":false" },
	{ MERGE, "{\"done\":true}", "\"task\":\"y\",\"done\":true" },
	{ "Content-Type: Application/Merge-Patch+JSON; charset=UTF-8\r\n", "{\"done\":false}",
		"\"task\":\"y\",\"done\":false" },
	/* What an item does not have is not asked for. */
	{ JSON, "{\"id\":9,\"done\":false,\"more\":[1]}", "\"task\":\"y\",\"done\":false" },
	{ JSON, "{\"task\":\"\\u00f1\"}", "\"task\":\"\xc3\xb1\",\"done\":false" },
};

static void an_edit_changes_what_it_names_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		OWN(char) char *before = tag_of(&alice, "/todo/5");
		ask(&alice, "PATCH", "/todo/5", edits[i].type, edits[i].body);
		OWN(char)
		char *wanted = text_format("{\"client\":\"alice\",\"message\":\"TODO item "
					   "changed\",\"todo\":{\"id\":5,%s}}",
			edits[i].todo);
		says(200, wanted);
		/* Each edit makes a version, whose tag is that of the next GET. */
		assert_string_not_equal(header("ETag"), before);
		OWN(char) char *told = text_copy(header("ETag"));
		OWN(char) char *shown = tag_of(&alice, "/todo/5");
		assert_string_equal(shown, told);
	}
	ask(&alice, "PATCH", "/todo/5", JSON, "{\"task\":\"it's\"}");
	assert_string_equal(seen.log.data,
		"authenticated: AUTHENTICATED | CN='alice' | changing TODO\n"
		"todo-changed: TODO CHANGED | CN='alice' | item={'id': 5, 'task': \"it's\", "
		"'done': False}\n");
}

static const struct {
	const char *type, *body;
	int status;
	const char *error;
} wrong_edits[] = {
	{ JSON, NULL, 411,
		"the request has neither Content-Length nor chunks: send a JSON object as its "
		"body" },
	{ "", "{}", 415, "the Content-Type is missing: send application/json" },
	{ "Content-Type: application/json-patch+json\r\n", "[]", 415,
		"the Content-Type is 'application/json-patch+json': send application/json in UTF-8 "
		"(curl -d needs -H 'Content-Type: application/json')" },
	{ JSON, "", 400, "the body is empty: send a JSON object" },
	{ JSON, "[]", 400, "the body must be a JSON object" },
	{ JSON, "{}", 400, "'task' and 'done' are missing: nothing is asked for" },
	{ MERGE, "{\"id\":2}", 400, "'task' and 'done' are missing: nothing is asked for" },
	{ MERGE, "{\"task\":null}", 400, "'task' must be a non-empty string" },
	{ JSON, "{\"task\":\"\\u2003\"}", 400, "'task' must be a non-empty string" },
	{ JSON, "{\"task\":\"x\",\"done\":null}", 400, "'done' must be true or false" },
	{ JSON, "{\"done\":\"true\"}", 400, "'done' must be true or false" },
};

static void a_wrong_edit_changes_nothing(void **state)
{
	(void)state;
	OWN(char) char *before = tag_of(&alice, "/todo/5");
	for (size_t i = 0; i < sizeof wrong_edits / sizeof *wrong_edits; i++) {
		ask(&alice, "PATCH", "/todo/5", wrong_edits[i].type, wrong_edits[i].body);
		OWN(json_t) json_t *json = json_pack("{s:s}", "error", wrong_edits[i].error);
		OWN(char) char *wanted = json_dumps(json, JSON_COMPACT);
		says(wrong_edits[i].status, wanted);
		assert_string_equal(header("Accept-Patch"),
			wrong_edits[i].status == 415
				? "application/json, application/merge-patch+json"
				: "none");
	}
	OWN(char) char *behind = tag_of(&alice, "/todo/5");
	assert_string_equal(before, behind);
	/* Only PATCH takes a merge patch. */
	ask(&alice, "POST", "/todo", MERGE, "{\"task\":\"x\"}");
	assert_int_equal(seen.status, 415);
	assert_string_equal(header("Accept-Patch"), "none");
}

static void what_is_removed_is_gone(void **state)
{
	(void)state;
	ask(&alice, "DELETE", "/todo/3", "", NULL);
	assert_int_equal(seen.status, 204);
	assert_string_equal(seen.body.data, "");
	assert_string_equal(header("Content-Type"), "none");
	assert_string_equal(seen.log.data,
		"authenticated: AUTHENTICATED | CN='alice' | removing TODO\n"
		"todo-removed: TODO REMOVED | CN='alice' | item={'id': 3, 'task': 'Issue client "
		"certificate', 'done': True}\n");
	ask(&alice, "DELETE", "/todo/3", "", NULL);
	says(404, "{\"error\":\"there is no /todo/3\"}");
	ask(&alice, "PATCH", "/todo/3", JSON, "{\"done\":true}");
	says(404, "{\"error\":\"there is no /todo/3\"}");
	/* Its number is not given again. */
	ask(&alice, "POST", "/todo", JSON, "{\"task\":\"x\"}");
	assert_int_equal(seen.status, 201);
	assert_string_equal(header("Location"), "/todo/6");
	ask(&alice, "DELETE", "/todo/6", "", NULL);
	ask(&alice, "POST", "/todo", JSON, "{\"task\":\"x\"}");
	assert_string_equal(header("Location"), "/todo/7");
}

/* ---- Versions ---- */

static void a_change_is_for_the_version_that_was_seen(void **state)
{
	(void)state;
	OWN(char) char *first = tag_of(&alice, "/todo/4");
	ask_if(&alice, "PATCH", "/todo/4", "If-Match", first, "{\"task\":\"mine\"}");
	assert_int_equal(seen.status, 200);
	OWN(char) char *second = text_copy(header("ETag"));
	static const char *const methods[] = { "PATCH", "DELETE" };
	for (size_t i = 0; i < 2; i++) {
		ask_if(&alice, methods[i], "/todo/4", "If-Match", first,
			i ? NULL : "{\"task\":\"lost\"}");
		says(412, "{\"error\":\"it is not in the version that If-Match names\"}");
	}
	ask(&alice, "GET", "/todo/4", "", NULL);
	assert_non_null(strstr(seen.body.data, "\"mine\""));
	/* In a list, anywhere; weak it is no version to write to (RFC 9110 13.1.1). */
	OWN(char) char *weak = text_format("W/%s", second);
	ask_if(&alice, "DELETE", "/todo/4", "If-Match", weak, NULL);
	assert_int_equal(seen.status, 412);
	OWN(char) char *listed = text_format("\"x\", %s ,%s", first, second);
	ask_if(&alice, "DELETE", "/todo/4", "If-Match", listed, NULL);
	assert_int_equal(seen.status, 204);
	ask_if(&alice, "DELETE", "/todo/4", "If-Match", second, NULL);
	assert_int_equal(seen.status, 404);
}

static const char *const no_versions[] = { "\"\"", "\"x\"", "x", "\"", "\"1-2-3\"", "\"-\"",
	"\"0-0-0\"", "\"fffffffffffffffff-1-1\"", "W/\"*\"", "\"*\"" };

static void a_tag_of_somebody_else_matches_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof no_versions / sizeof *no_versions; i++) {
		ask_if(&alice, "DELETE", "/todo/1", "If-Match", no_versions[i], NULL);
		if (seen.status != 412)
			fail_msg("If-Match: %s: %d", no_versions[i], seen.status);
	}
	/* An answer names its client, so each client has tags of its own; nobody has some, too. */
	OWN(char) char *of_bob = tag_of(&bob, "/todo/1");
	OWN(char) char *of_nobody = tag_of(NULL, "/todo/1");
	assert_string_not_equal(of_bob, of_nobody);
	ask_if(&alice, "DELETE", "/todo/1", "If-Match", of_bob, NULL);
	assert_int_equal(seen.status, 412);
	ask_if(&alice, "DELETE", "/todo/1", "If-Match", of_nobody, NULL);
	assert_int_equal(seen.status, 412);
	/* A tag of another item or of the list is none of this one. */
	OWN(char) char *of_another = tag_of(&alice, "/todo/2");
	ask_if(&alice, "DELETE", "/todo/1", "If-Match", of_another, NULL);
	assert_int_equal(seen.status, 412);
	ask_if(&alice, "DELETE", "/todo/1", "If-Match", "*", NULL);
	assert_int_equal(seen.status, 204);
}

/* More versions than a write can name: those behind the limit are not looked at. */
static void only_so_many_versions_are_compared(void **state)
{
	(void)state;
	for (int before = STORE_VERSIONS_MAX - 1; before <= STORE_VERSIONS_MAX; before++) {
		OWN(char) char *target = text_format("/todo/%d", before - STORE_VERSIONS_MAX + 2);
		OWN(buffer) struct buffer tags = BUFFER(4096);
		struct error error;
		for (int i = 0; i <= before; i++) {
			OWN(char) char *tag = tag_of(&alice, target);
			assert_true(buffer_format(&tags, &error, "%s%s", i ? ", " : "", tag));
			if (i < before)
				ask(&alice, "PATCH", target, JSON, "{\"done\":true}");
		}
		ask_if(&alice, "DELETE", target, "If-Match", tags.data, NULL);
		assert_int_equal(seen.status, before < STORE_VERSIONS_MAX ? 204 : 412);
	}
}

static void what_was_seen_is_not_sent_again(void **state)
{
	(void)state;
	static const char *const targets[] = { "/todo/1", "/todo", "/todo?limit=2" };
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		OWN(char) char *tag = tag_of(&alice, targets[i]);
		OWN(char) char *weak = text_format("\"other\", W/%s", tag);
		ask_if(&alice, "GET", targets[i], "If-None-Match", weak, NULL);
		assert_int_equal(seen.status, 304);
		assert_string_equal(seen.body.data, "");
		assert_string_equal(header("ETag"), tag);
		assert_string_equal(header("Cache-Control"), "no-store");
		ask_if(&alice, "HEAD", targets[i], "If-None-Match", "*", NULL);
		assert_int_equal(seen.status, 304);
		ask_if(&alice, "GET", targets[i], "If-None-Match", "\"other\"", NULL);
		assert_int_equal(seen.status, 200);
		ask_if(&bob, "GET", targets[i], "If-None-Match", tag, NULL);
		assert_int_equal(seen.status, 200);
		/* What If-Match asks for comes first (RFC 9110 13.2.2). */
		OWN(char) char *both = text_format("\"x\"\r\nIf-None-Match: %s", tag);
		ask_if(&alice, "GET", targets[i], "If-Match", both, NULL);
		says(412, "{\"error\":\"it is not in the version that If-Match names\"}");
		ask_if(&alice, "GET", targets[i], "If-Match", tag, NULL);
		assert_int_equal(seen.status, 200);
		ask(&alice, "PATCH", "/todo/1", JSON, "{\"done\":false}");
		ask_if(&alice, "GET", targets[i], "If-None-Match", tag, NULL);
		assert_int_equal(seen.status, 200);
	}
}

/* ---- Pages ---- */

static const struct {
	const char *query, *ids, *link;
} pages[] = {
	{ "", "1 2 3 4 5", "none" },
	{ "?", "1 2 3 4 5", "none" },
	{ "?limit=5", "1 2 3 4 5", "none" },
	{ "?limit=1000", "1 2 3 4 5", "none" },
	{ "?limit=2", "1 2", "</todo?limit=2&after=2>; rel=\"next\"" },
	{ "?after=2&limit=2", "3 4", "</todo?limit=2&after=4>; rel=\"next\"" },
	{ "?limit=2&after=4", "5", "none" },
	{ "?after=4", "5", "none" },
	{ "?after=5", "", "none" },
	{ "?after=9223372036854775807&limit=1", "", "none" },
	{ "?&&limit=1&", "1", "</todo?limit=1&after=1>; rel=\"next\"" },
	/* Names that are not ours say nothing. */
	{ "?limits=0&LIMIT=0&after&limit&x=limit=0", "1 2 3 4 5", "none" },
};

static void a_query_asks_for_a_page(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		OWN(char) char *target = text_format("/todo%s", pages[i].query);
		OWN(buffer) struct buffer ids = BUFFER(100);
		struct error error;
		ask(&alice, "GET", target, "", NULL);
		assert_int_equal(seen.status, 200);
		OWN(json_t) json_t *json = json_loads(seen.body.data, 0, NULL);
		const json_t *todos = json_object_get(json, "todos");
		assert_true(buffer_text(&ids, "", &error));
		for (size_t t = 0; t < json_array_size(todos); t++)
			assert_true(buffer_format(&ids, &error, "%s%lld", t ? " " : "",
				json_integer_value(
					json_object_get(json_array_get(todos, t), "id"))));
		if (strcmp(ids.data, pages[i].ids) != 0)
			fail_msg("%s: %s", target, ids.data);
		assert_string_equal(header("Link"), pages[i].link);
	}
}

#define LIMIT "'limit' of the query must be one number from 1 to 1000"
#define AFTER "'after' of the query must be one number from 0 to 9223372036854775807"

static const struct {
	const char *query, *error;
} wrong_pages[] = {
	{ "limit=0", LIMIT },
	{ "limit=1001", LIMIT },
	{ "limit=-1", LIMIT },
	{ "limit=", LIMIT },
	{ "limit=1.5", LIMIT },
	{ "limit=1%30", LIMIT },
	{ "limit=0x10", LIMIT },
	{ "limit=99999999999999999999", LIMIT },
	{ "limit=1&limit=1", LIMIT },
	{ "after=1&limit=2&limit=", LIMIT },
	{ "after=-1", AFTER },
	{ "after=9223372036854775808", AFTER },
	{ "after=1&x&after=2", AFTER },
	{ "limit=5&after=one", AFTER },
};

static void a_wrong_query_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong_pages / sizeof *wrong_pages; i++) {
		OWN(char) char *target = text_format("/todo?%s", wrong_pages[i].query);
		OWN(char) char *wanted = text_format("{\"error\":\"%s\"}", wrong_pages[i].error);
		ask(&alice, "GET", target, "If-None-Match: *\r\n", NULL);
		says(400, wanted);
		assert_string_equal(header("ETag"), "none");
		/* It is the list's query: an item has none to be wrong. */
		OWN(char) char *item = text_format("/todo/1?%s", wrong_pages[i].query);
		ask(&alice, "GET", item, "", NULL);
		assert_int_equal(seen.status, 200);
	}
}

/* A tag has the digits that printf would give it, and no zeros in front. */
static void a_tag_has_the_digits_of_its_version(void **state)
{
	(void)state;
	static const uint64_t numbers[] = { 0, 1, 9, 15, 16, 255, 256, 0xabcdef, 0x0fffffff,
		0x10000000, UINT32_MAX, (uint64_t)UINT32_MAX + 1, UINT64_C(0x0fffffffffffffff),
		UINT64_C(0x1000000000000000), INT64_MAX };
	enum { COUNT = sizeof numbers / sizeof *numbers };
	OWN(client_shown) struct client_shown *shown = client_shown_new(NULL);
	struct exchange nobody = { .facts.shown = shown };
	for (size_t i = 0; i < COUNT; i++) {
		const struct store_version version = { .epoch = numbers[COUNT - 1 - i],
			.revision = (int64_t)numbers[i] };
		char tag[TODO_TAG_BYTES], wanted[TODO_TAG_BYTES];
		todo_tag(&nobody, version, tag);
		snprintf(wanted, sizeof wanted, "\"%llx-%llx-811c9dc5\"",
			(unsigned long long)version.epoch, (unsigned long long)version.revision);
		assert_string_equal(tag, wanted);
	}
	char tag[TODO_TAG_BYTES];
	todo_tag(&nobody, (struct store_version){ .epoch = UINT64_MAX, .revision = 1 }, tag);
	assert_string_equal(tag, "\"ffffffffffffffff-1-811c9dc5\"");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, routes_set_up, routes_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(one_item_is_shown),
		TEST(what_is_not_there_is_not_there_for_any_method),
		TEST(an_edit_changes_what_it_names_and_nothing_else),
		TEST(a_wrong_edit_changes_nothing),
		TEST(what_is_removed_is_gone),
		TEST(a_change_is_for_the_version_that_was_seen),
		TEST(a_tag_of_somebody_else_matches_nothing),
		TEST(only_so_many_versions_are_compared),
		TEST(what_was_seen_is_not_sent_again),
		TEST(a_tag_has_the_digits_of_its_version),
		TEST(a_query_asks_for_a_page),
		TEST(a_wrong_query_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
