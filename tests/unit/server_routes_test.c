/* Routes: which handler, which refusal; and exchanges that are abandoned before their answer. */
#include "unit.h"

#include "server_ask.h"

#define JSON "Content-Type: application/json\r\n"

/* A store that answers when it is told to, with what it is told. */
static struct {
	store_on_item *on_item;
	store_on_list *on_list;
	void *context;
} waiting;

static void late_write(struct store_port *self, const struct store_write *write,
	store_on_item *answer, void *context)
{
	(void)self, (void)write;
	waiting.on_item = answer;
	waiting.context = context;
}

static void late_read(struct store_port *self, store_on_list *answer, void *context)
{
	(void)self;
	waiting.on_list = answer;
	waiting.context = context;
}

static const struct store_methods late_methods = { .write = late_write, .read = late_read };
static struct store late_store = { &late_methods };
static struct store_port late = { &late_store };

static const struct {
	const char *method, *target;
	int status;
	const char *allow, *error;
} rows[] = {
	{ "GET", "/todo", 200, NULL, NULL },
	{ "GET", "/whoami", 200, NULL, NULL },
	{ "HEAD", "/todo", 200, NULL, NULL },
	{ "HEAD", "/whoami", 200, NULL, NULL },
	{ "OPTIONS", "/todo", 204, "GET, HEAD, POST, OPTIONS", NULL },
	{ "OPTIONS", "/whoami", 204, "GET, HEAD, OPTIONS", NULL },
	{ "OPTIONS", "*", 204, "GET, HEAD, POST, PATCH, DELETE, OPTIONS", NULL },
	{ "DELETE", "/todo", 405, "GET, HEAD, POST, OPTIONS", "/todo does not take DELETE" },
	{ "PUT", "/whoami", 405, "GET, HEAD, OPTIONS", "/whoami does not take PUT" },
	{ "POST", "/whoami", 405, "GET, HEAD, OPTIONS", "/whoami does not take POST" },
	{ "TRACE", "/todo", 405, "GET, HEAD, POST, OPTIONS", "/todo does not take TRACE" },
	{ "GET", "/nope?a", 404, NULL, "there is no /nope" },
	{ "POST", "/nope", 404, NULL, "there is no /nope" },
	{ "OPTIONS", "/nope", 404, NULL, "there is no /nope" },
	{ "GET", "/todo/", 404, NULL, "there is no /todo/" },
	{ "GET", "/todo/5", 200, NULL, NULL },
	{ "HEAD", "/todo/5", 200, NULL, NULL },
	{ "GET", "/todo/05", 200, NULL, NULL },
	{ "GET", "/todo/6", 404, NULL, "there is no /todo/6" },
	{ "GET", "/todo/0", 404, NULL, "there is no /todo/0" },
	{ "DELETE", "/todo/99", 404, NULL, "there is no /todo/99" },
	{ "GET", "/todo/99999999999999999999", 404, NULL,
		"there is no /todo/99999999999999999999" },
	{ "OPTIONS", "/todo/6", 204, "GET, HEAD, PATCH, DELETE, OPTIONS", NULL },
	{ "POST", "/todo/5", 405, "GET, HEAD, PATCH, DELETE, OPTIONS",
		"/todo/5 does not take POST" },
	{ "GET", "/todo/-5", 404, NULL, "there is no /todo/-5" },
	{ "GET", "/todo/5/", 404, NULL, "there is no /todo/5/" },
	{ "GET", "/todo/5x", 404, NULL, "there is no /todo/5x" },
	{ "GET", "/todo/x", 404, NULL, "there is no /todo/x" },
	{ "GET", "/TODO", 404, NULL, "there is no /TODO" },
	{ "GET", "/%74odo", 404, NULL, "there is no /%74odo" },
	{ "GET", "//todo", 404, NULL, "there is no //todo" },
	{ "GET", "/x/../todo", 404, NULL, "there is no /x/../todo" },
	{ "GET", "https://h/todo", 200, NULL, NULL },
	{ "GET", "/", 200, NULL, NULL },
	{ "HEAD", "/page.css", 200, NULL, NULL },
	{ "GET", "/page.js", 200, NULL, NULL },
	{ "POST", "/", 405, "GET, HEAD, OPTIONS", "/ does not take POST" },
	{ "GET", "/page.html", 404, NULL, "there is no /page.html" },
};

static void finds_the_handler_or_says_why_not(void **state)
{
	(void)state;
	routes_up(NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ask(NULL, rows[i].method, rows[i].target, "", NULL);
		const char *allow = field_of(seen.response, "Allow");
		OWN(json_t) json_t *json = json_loads(seen.body.data, 0, NULL);
		const char *error = json_string_value(json_object_get(json, "error"));
		if (seen.status != rows[i].status)
			fail_msg("%s %s: %d", rows[i].method, rows[i].target, seen.status);
		if (rows[i].allow ? !allow || strcmp(allow, rows[i].allow) != 0 : !!allow)
			fail_msg("%s %s: Allow is %s", rows[i].method, rows[i].target, allow);
		if (rows[i].error ? !error || strcmp(error, rows[i].error) != 0 : !!error)
			fail_msg("%s %s: %s", rows[i].method, rows[i].target, error);
	}
	routes_down();
}

static void the_page_runs_nothing_but_its_own(void **state)
{
	(void)state;
	static const char *const paths[] = { "/", "/page.css", "/page.js" };
	routes_up(NULL);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		ask(NULL, "GET", paths[i], "", NULL);
		const char *policy = field_of(seen.response, "Content-Security-Policy");
		assert_non_null(policy);
		assert_non_null(strstr(policy, "default-src 'none'; script-src 'self';"));
		assert_null(strstr(policy, "unsafe"));
		assert_string_equal(field_of(seen.response, "X-Content-Type-Options"), "nosniff");
		/* What such a policy would block: inline scripts, styles and handlers. */
		assert_null(strstr(seen.body.data, "<style"));
		assert_null(strstr(seen.body.data, " style="));
		assert_null(strstr(seen.body.data, "<script>"));
		assert_null(strstr(seen.body.data, " onclick="));
		assert_null(strstr(seen.body.data, "innerHTML"));
	}
	routes_down();
}

static void head_promises_what_get_sends(void **state)
{
	(void)state;
	routes_up(NULL);
	ask(NULL, "HEAD", "/todo", "", NULL);
	uint64_t promised = seen.response->body_bytes;
	assert_int_equal(seen.body.length, 0);
	ask(NULL, "GET", "/todo", "", NULL);
	assert_int_equal(seen.body.length, promised);
	routes_down();
}

static struct exchange *begin(const struct routes *on_late, const struct http_request *request)
{
	const struct exchange_facts facts = { request, NULL, NULL };
	struct exchange *exchange =
		exchange_new(on_late, &facts, seen_answer, (void *)(uintptr_t)request);
	seen_done();
	exchange_run(exchange);
	assert_int_equal(seen.answers, 0);
	return exchange;
}

static const struct http_header of_json[] = { { "content-type", "application/json" } };
static const struct http_request get = { .method = "GET", .path = "/todo" };
static const struct http_request post = { .method = "POST",
	.path = "/todo",
	.framed = true,
	.headers = of_json,
	.header_count = 1,
	.body = "{\"task\": \"x\"}",
	.body_bytes = 13 };

static void keep_list(void *context, struct store_list *list, const struct error *error)
{
	assert_null(error);
	*(struct store_list **)context = store_list_hold(list);
}

/* The lab's items; the caller's to free. */
static struct store_list *some_list(void)
{
	struct store_list *list = NULL;
	routes_up(NULL);
	store_read(port, keep_list, &list);
	routes_down();
	return list;
}

static void answers_when_the_store_does(void **state)
{
	(void)state;
	OWN(routes) struct routes *on_late = routes_new(&late, NULL);
	const struct store_item item = { 9, "x", false, { 1, 9 } };
	OWN(store_list) struct store_list *list = some_list();
	for (int within = 0; within < 2; within++) {
		seen.free_within = within;
		struct exchange *exchange = begin(on_late, &get);
		waiting.on_list(waiting.context, list, NULL);
		assert_int_equal(seen.answers, 1);
		assert_memory_equal(seen.body.data, "{\n  \"client\": null,\n  \"todos\": [\n", 33);
		if (!within)
			exchange_free(exchange);
		exchange = begin(on_late, &post);
		waiting.on_item(waiting.context, STORE_DONE, &item, NULL);
		assert_int_equal(seen.status, 201);
		if (!within)
			exchange_free(exchange);
	}
	seen.free_within = false;
	seen_done();
}

/* The request that the facts pointed to is gone: a late answer must not look at it. */
static void nobody_hears_of_an_abandoned_exchange(void **state)
{
	(void)state;
	OWN(routes) struct routes *on_late = routes_new(&late, NULL);
	const struct store_item item = { 9, "x", false, { 1, 9 } };
	struct error error;
	error_set(&error, ERROR_STORE, "gone");
	struct http_request *request = calloc(1, sizeof *request);
	*request = get;
	exchange_free(begin(on_late, request));
	free(request);
	OWN(store_list) struct store_list *list = some_list();
	waiting.on_list(waiting.context, list, NULL);
	exchange_free(begin(on_late, &get));
	waiting.on_list(waiting.context, NULL, &error);
	exchange_free(begin(on_late, &post));
	waiting.on_item(waiting.context, STORE_DONE, &item, NULL);
	exchange_free(begin(on_late, &post));
	waiting.on_item(waiting.context, STORE_DOWN, NULL, &error);
	assert_int_equal(seen.answers, 0);
	/* Freed before it ran. */
	const struct exchange_facts facts = { &get, NULL, NULL };
	exchange_free(exchange_new(on_late, &facts, seen_answer, NULL));
	exchange_free(NULL);
}

static void says_that_the_store_failed(void **state)
{
	(void)state;
	OWN(routes) struct routes *on_late = routes_new(&late, NULL);
	struct error error;
	error_set(&error, ERROR_STORE, "the password of the database is x");
	struct exchange *exchange = begin(on_late, &get);
	waiting.on_list(waiting.context, NULL, &error);
	exchange_free(exchange);
	assert_int_equal(seen.status, 503);
	assert_string_equal(seen.body.data, "{\n  \"error\": \"the store failed\"\n}\n");
	assert_string_equal(field_of(seen.response, "Retry-After"), "1");
	assert_string_equal(
		seen.log.data, "store-failed: STORE FAILED | the password of the database is x\n");
	exchange = begin(on_late, &post);
	waiting.on_item(waiting.context, STORE_UNKNOWN, NULL, &error);
	exchange_free(exchange);
	assert_int_equal(seen.status, 503);
	assert_string_equal(seen.body.data, "{\n  \"error\": \"the store failed: whether this was "
					    "written is not known\"\n}\n");
	assert_string_equal(field_of(seen.response, "Retry-After"), "1");
	error_set(&error, ERROR_LIMIT, "the store is full");
	exchange = begin(on_late, &post);
	waiting.on_item(waiting.context, STORE_FULL, NULL, &error);
	exchange_free(exchange);
	assert_int_equal(seen.status, 507);
	assert_string_equal(seen.body.data, "{\n  \"error\": \"the store is full\"\n}\n");
	assert_null(field_of(seen.response, "Retry-After"));
	seen_done();
}

static void errors_of_a_request_are_json_too(void **state)
{
	(void)state;
	struct error error;
	routes_up(NULL);
	ask(NULL, "POST", "/todo", JSON, "[");
	assert_int_equal(seen.status, 400);
	assert_memory_equal(seen.body.data, "{\n  \"error\": \"the body is not valid JSON: ", 41);
	OWN(buffer) struct buffer head = BUFFER(1000);
	assert_true(h1_write_head(seen.response, &post, false, 0, &head, &error));
	assert_memory_equal(head.data, "HTTP/1.1 400 Bad Request\r\n", 26);
	routes_down();
}

static void a_client_is_shown_as_lines_and_answers_show_it(void **state)
{
	(void)state;
	OWN(client_shown) struct client_shown *nobody = client_shown_new(NULL);
	assert_string_equal(nobody->repr, "None");
	assert_string_equal(nobody->json, "null");
	char name[] = "it's \"Añadir\"";
	const struct identity identity = { .common_name = name };
	OWN(client_shown) struct client_shown *somebody = client_shown_new(&identity);
	assert_string_equal(somebody->repr, "'it\\'s \"Añadir\"'");
	assert_string_equal(somebody->json, "\"it's \\\"Añadir\\\"\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_handler_or_says_why_not),
		cmocka_unit_test(the_page_runs_nothing_but_its_own),
		cmocka_unit_test(head_promises_what_get_sends),
		cmocka_unit_test(answers_when_the_store_does),
		cmocka_unit_test(nobody_hears_of_an_abandoned_exchange),
		cmocka_unit_test(says_that_the_store_failed),
		cmocka_unit_test(errors_of_a_request_are_json_too),
		cmocka_unit_test(a_client_is_shown_as_lines_and_answers_show_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
