/* Lists that are kept: the same answer as one made anew, for the same question only. */
#include "unit.h"

#include "server/todo_kept.h"
#include "server_ask.h"

static const struct identity alice = { .common_name = (char *)(uintptr_t) "alice" };
static const struct identity bob = { .common_name = (char *)(uintptr_t) "bob" };
static const struct identity nameless = { .common_name = NULL };

/* Whether the answer's body lies in a kept list. */
static bool was_kept(void)
{
	return seen.response->holder != NULL;
}

static char *answer(void)
{
	return text_format("%d %s %s %s %s %s", seen.status,
		field_of(seen.response, "Content-Type"), field_of(seen.response, "Cache-Control"),
		field_of(seen.response, "ETag"), seen.body.data, seen.log.data);
}

static void the_second_answer_is_the_first(void **state)
{
	(void)state;
	ask(&alice, "GET", "/todo", "", NULL);
	assert_false(was_kept());
	OWN(char) char *first = answer();
	for (int i = 0; i < 3; i++) {
		ask(&alice, "GET", "/todo", "", NULL);
		assert_true(was_kept());
		OWN(char) char *again = answer();
		assert_string_equal(again, first);
	}
	ask(&alice, "GET", "/todo?some=query", "", NULL);
	assert_true(was_kept());
}

static void a_change_is_seen_at_once(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		ask(&alice, "GET", "/todo", "", NULL);
	assert_true(was_kept());
	ask(&bob, "POST", "/todo", "Content-Type: application/json\r\n", "{\"task\":\"new\"}");
	ask(&alice, "GET", "/todo", "", NULL);
	assert_false(was_kept());
	assert_non_null(strstr(seen.body.data, "\"task\": \"new\""));
	ask(&alice, "GET", "/todo", "", NULL);
	assert_true(was_kept());
	ask(&bob, "DELETE", "/todo/6", "", NULL);
	assert_int_equal(seen.status, 204);
	ask(&alice, "GET", "/todo", "", NULL);
	assert_false(was_kept());
	assert_null(strstr(seen.body.data, "\"task\": \"new\""));
}

/* Nobody, and a certificate without a name, are shown alike in the body, but not in the log. */
static void each_client_has_its_own(void **state)
{
	(void)state;
	const struct identity *clients[] = { &alice, &bob, NULL, &nameless, &alice, NULL };
	for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
		const struct identity *client = clients[i];
		const char *name = client ? client->common_name : NULL;
		OWN(char) char *json = name ? text_format("{\n  \"client\": \"%s\",", name)
					    : text_copy("{\n  \"client\": null,");
		OWN(char) char *line = text_format("%s | CN=%s%s%s | serving /todo\n",
			client ? "authenticated: AUTHENTICATED"
			       : "unauthenticated: NOT AUTHENTICATED",
			name ? "'" : "", name ? name : "None", name ? "'" : "");
		for (int again = 0; again < 2; again++) {
			ask(client, "GET", "/todo", "", NULL);
			assert_memory_equal(seen.body.data, json, strlen(json));
			assert_string_equal(seen.log.data, line);
		}
		assert_true(was_kept());
	}
}

static void pages_are_told_apart(void **state)
{
	(void)state;
	ask(&alice, "GET", "/todo?after=3", "", NULL);
	ask(&alice, "GET", "/todo?after=3", "", NULL);
	assert_true(was_kept());
	assert_null(strstr(seen.body.data, "\"id\": 3,"));
	ask(&alice, "GET", "/todo?after=2", "", NULL);
	assert_false(was_kept());
	assert_non_null(strstr(seen.body.data, "\"id\": 3,"));
	/* One that goes on says where. */
	for (int i = 0; i < 2; i++) {
		ask(&alice, "GET", "/todo?limit=2", "", NULL);
		assert_false(was_kept());
		assert_string_equal(
			field_of(seen.response, "Link"), "</todo?limit=2&after=2>; rel=\"next\"");
	}
}

static void conditions_are_asked_first(void **state)
{
	(void)state;
	ask(&alice, "GET", "/todo", "", NULL);
	OWN(char) char *same =
		text_format("If-None-Match: %s\r\n", field_of(seen.response, "ETag"));
	ask(&alice, "GET", "/todo", same, NULL);
	assert_int_equal(seen.status, 304);
	assert_string_equal(seen.body.data, "");
	ask(&alice, "GET", "/todo", "If-Match: \"other\"\r\n", NULL);
	assert_int_equal(seen.status, 412);
	ask(&alice, "HEAD", "/todo", "", NULL);
	assert_int_equal(seen.status, 200);
	assert_true(was_kept());
	assert_string_equal(seen.body.data, "");
}

static void large_ones_are_made_anew(void **state)
{
	(void)state;
	char task[4000];
	memset(task, 'x', sizeof task - 1);
	task[sizeof task - 1] = 0;
	OWN(char) char *json = text_format("{\"task\":\"%s\"}", task);
	for (int i = 0; i < 2; i++)
		ask(&bob, "POST", "/todo", "Content-Type: application/json\r\n", json);
	for (int i = 0; i < 2; i++) {
		ask(&alice, "GET", "/todo", "", NULL);
		assert_int_equal(seen.status, 200);
		assert_true(seen.body.length > KEPT_BYTES_MAX);
		assert_false(was_kept());
	}
}

/* What is on its way outlives the table, and whoever took its place. */
static void a_response_keeps_its_list(void **state)
{
	(void)state;
	ask(&alice, "GET", "/todo", "", NULL);
	ask(&alice, "GET", "/todo", "", NULL);
	assert_true(was_kept());
	struct http_response *late = TAKE(seen.response);
	OWN(char) char *body = text_copy(seen.body.data);
	ask(&alice, "GET", "/todo?after=1", "", NULL);
	routes_down();
	OWN(buffer) struct buffer bytes = BUFFER(100000);
	bool done;
	late->body_read = 0;
	assert_true(response_read(late, 100000, &bytes, &done, &(struct error){ 0 }));
	assert_true(done);
	assert_string_equal(bytes.data, body);
	http_response_free(late);
	routes_up(NULL);
	kept_lists_free(NULL);
	kept_list_release(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, routes_set_up, routes_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_second_answer_is_the_first),
		TEST(a_change_is_seen_at_once),
		TEST(each_client_has_its_own),
		TEST(pages_are_told_apart),
		TEST(conditions_are_asked_first),
		TEST(large_ones_are_made_anew),
		TEST(a_response_keeps_its_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
