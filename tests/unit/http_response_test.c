/* Responses: what is written, and that no value breaks out of its line. */
#include "unit.h"

#include "http_field.h"

#include "http/http.h"

#include <fcntl.h>
#include <unistd.h>

#define DATE "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"

static const struct http_request get = { .version = HTTP_1_1, .method = "GET" };
static const struct http_request head = { .version = HTTP_1_1, .method = "HEAD" };
static const struct http_request old = { .version = HTTP_1_0, .method = "GET" };

static void writes(const struct http_response *response, const struct http_request *request,
	bool keep_alive, const char *expected)
{
	OWN(buffer) struct buffer text = BUFFER(4096);
	struct error error;
	assert_true(h1_write_head(response, request, keep_alive, 0, &text, &error));
	assert_string_equal(text.data, expected);
}

static void writes_the_head(void **state)
{
	(void)state;
	struct error error;
	OWN(http_response) struct http_response *response = http_response_new(201);
	assert_true(http_response_set(response, HTTP_NAME("X-Number", "x-number"), "%d", 7));
	assert_true(http_response_append(response, "ab", 2, &error));
	assert_true(http_response_append(response, "c", 1, &error));
	assert_int_equal(response->span_count, 1);
	writes(response, &get, true,
		"HTTP/1.1 201 Created\r\n" DATE "X-Number: 7\r\nContent-Length: 3\r\n\r\n");
	writes(response, &head, false,
		"HTTP/1.1 201 Created\r\n" DATE
		"X-Number: 7\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
	writes(response, &old, true,
		"HTTP/1.1 201 Created\r\n" DATE
		"X-Number: 7\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n");
	assert_true(http_response_sends_body(response, &get));
	assert_true(http_response_sends_body(response, NULL));
	assert_false(http_response_sends_body(response, &head));
}

static void writes_no_length_where_there_is_no_body(void **state)
{
	(void)state;
	const int statuses[] = { 204, 304 };
	const char *const heads[] = { "HTTP/1.1 204 No Content\r\n" DATE "\r\n",
		"HTTP/1.1 304 Not Modified\r\n" DATE "\r\n" };
	for (size_t i = 0; i < 2; i++) {
		OWN(http_response) struct http_response *response = http_response_new(statuses[i]);
		writes(response, &get, true, heads[i]);
		assert_false(http_response_sends_body(response, &get));
	}
	OWN(http_response) struct http_response *empty = http_response_new(200);
	writes(empty, NULL, false,
		"HTTP/1.1 200 OK\r\n" DATE "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

static void no_value_breaks_out_of_its_line(void **state)
{
	(void)state;
	OWN(http_response) struct http_response *response = http_response_new(200);
	const char *const bad[] = { "a\r\nSet-Cookie: b", "a\nb", "a\rb", "\x1b[0m", "\x7f",
		"\x01" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(http_response_set(response, HTTP_FIELD_LOCATION, "%s", bad[i]));
	assert_null(field_of(response, "Location"));
	assert_true(http_response_set(response, HTTP_FIELD_LOCATION, "/%s\t", "\xc3\xb1"));
	assert_string_equal(field_of(response, "Location"), "/\xc3\xb1\t");
	assert_int_equal(response->field_count, 1);
}

static void says_an_error_in_json(void **state)
{
	(void)state;
	OWN(http_response) struct http_response *response =
		http_response_error(400, "'%s' is \"no\" \x01 number", "A\xc3\xb1o");
	const char *body = "{\n  \"error\": \"'A\xc3\xb1o' is \\\"no\\\" \\u0001 number\"\n}\n";
	assert_int_equal(response->status, 400);
	assert_int_equal(response->body_bytes, strlen(body));
	assert_string_equal(response->bytes.data, body);
	assert_string_equal(field_of(response, "Content-Type"), "application/json; charset=utf-8");
}

static void holds_runs_of_a_file_between_its_own_bytes(void **state)
{
	(void)state;
	struct error error;
	struct http_response *response = http_response_new(206);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	http_response_file(response, fd);
	assert_true(http_response_append(response, "head", 4, &error));
	http_response_append_file(response, 10, 5000000000U);
	assert_true(http_response_append(response, "tail", 4, &error));
	assert_int_equal(response->span_count, 3);
	assert_true(response->spans[1].in_file);
	assert_int_equal(response->spans[2].offset, 4);
	assert_int_equal(response->body_bytes, 5000000008U);
	http_response_free(response);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	http_response_free(NULL);
}

/* Short values stand within the response, until there is no room, and literals where they are. */
static void holds_values_however_long(void **state)
{
	(void)state;
#define X(digit) HTTP_NAME("X-" digit, "x-" digit)
	const struct http_name names[] = { X("0"), X("1"), X("2"), X("3"), X("4"), X("5"), X("6"),
		X("7"), X("8"), X("9") };
	OWN(http_response) struct http_response *response = http_response_new(200);
	char value[600], expected[8192];
	for (size_t i = 0; i < 10; i++) {
		size_t bytes = i == 5 ? sizeof value - 1 : 10 * i;
		memset(value, 'a' + (int)i, bytes);
		value[bytes] = 0;
		assert_true(http_response_set(response, names[i], "%s", value));
		memset(value, '!', sizeof value);
	}
	assert_true(
		http_response_set(response, HTTP_NAME("X-Literal", "x-literal"), "100 per cent"));
	assert_true(http_response_set(response, HTTP_NAME("X-Made", "x-made"), "<%d>", 4711));
	assert_false(http_response_set(response, HTTP_NAME("X-Bad", "x-bad"), "a\nb"));
	assert_false(http_response_set(response, HTTP_NAME("X-Bad", "x-bad"), "%d\n", 1));
	strcpy(expected, "HTTP/1.1 200 OK\r\n" DATE);
	for (size_t i = 0; i < 10; i++) {
		size_t bytes = i == 5 ? sizeof value - 1 : 10 * i;
		memset(value, 'a' + (int)i, bytes);
		value[bytes] = 0;
		assert_string_equal(field_of(response, names[i].text), value);
		sprintf(expected + strlen(expected), "%s: %s\r\n", names[i].text, value);
	}
	strcat(expected, "X-Literal: 100 per cent\r\nX-Made: <4711>\r\nContent-Length: 0\r\n\r\n");
	OWN(buffer) struct buffer text = BUFFER(8192), small = BUFFER(100);
	struct error error;
	assert_true(h1_write_head(response, &get, true, 0, &text, &error));
	assert_string_equal(text.data, expected);
	assert_int_equal(text.length, strlen(expected));
	/* Whole or not at all. */
	assert_false(h1_write_head(response, &get, true, 0, &small, &error));
	assert_int_equal(small.length, 0);
}

static void a_body_grows_from_small_to_large(void **state)
{
	(void)state;
	struct error error;
	OWN(http_response) struct http_response *response = http_response_new(200);
	for (size_t i = 0; i < 3000; i++)
		assert_true(http_response_append(response, &"0123456789"[i % 10], 1, &error));
	assert_int_equal(response->body_bytes, 3000);
	assert_int_equal(response->span_count, 1);
	for (size_t i = 0; i < 3000; i++)
		assert_int_equal(response->bytes.data[i], '0' + (int)(i % 10));
}

static void refuses_a_body_beyond_the_limit(void **state)
{
	(void)state;
	struct error error;
	OWN(http_response) struct http_response *response = http_response_new(200);
	response->bytes.bytes_max = 3;
	assert_false(http_response_append(response, "abcd", 4, &error));
	assert_int_equal(error.kind, ERROR_LIMIT);
	assert_string_equal(error.text, "body of a response: more than 3 bytes");
	assert_int_equal(response->body_bytes, 0);
}

static void every_status_that_we_send_has_its_text(void **state)
{
	(void)state;
	const int sent[] = { 200, 201, 204, 206, 301, 304, 400, 403, 404, 405, 408, 411, 412, 413,
		414, 415, 416, 417, 421, 431, 500, 501, 503, 505, 507 };
	for (size_t i = 0; i < sizeof sent / sizeof *sent; i++)
		assert_string_not_equal(http_status_text(sent[i]), "");
	assert_string_equal(http_status_text(999), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_head),
		cmocka_unit_test(writes_no_length_where_there_is_no_body),
		cmocka_unit_test(no_value_breaks_out_of_its_line),
		cmocka_unit_test(says_an_error_in_json),
		cmocka_unit_test(holds_runs_of_a_file_between_its_own_bytes),
		cmocka_unit_test(holds_values_however_long),
		cmocka_unit_test(a_body_grows_from_small_to_large),
		cmocka_unit_test(refuses_a_body_beyond_the_limit),
		cmocka_unit_test(every_status_that_we_send_has_its_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
