/* The client's half of HTTP/2 against our server's half, both in memory. */
#include "unit.h"

#include "http/http.h"

#include <stdio.h>

static const struct http_limits limits = HTTP_LIMITS_DEFAULT;

static bool read_bytes(struct http_response *response, size_t bytes_max, struct buffer *ret,
	bool *ret_done, struct error *reterr)
{
	size_t left = (size_t)(response->body_bytes - response->body_read);
	size_t count = left < bytes_max ? left : bytes_max;
	response->body_read += count;
	*ret_done = count == left;
	return buffer_append(
		ret, response->bytes.data + response->body_read - count, count, reterr);
}

struct pair {
	struct h2_client *client;
	struct h2 *server;
	bool silent;    /* the server answers nothing */
	char seen[512]; /* what it was asked */
	struct error error;
};

static void pair_start(struct pair *pair)
{
	*pair = (struct pair){ h2_client_new(), h2_new(&limits, read_bytes), false, "", { 0 } };
}

static void pair_done(struct pair *pair)
{
	h2_client_free(pair->client);
	h2_free(pair->server);
}

static void serve_events(struct pair *pair)
{
	struct h2_stream *stream;
	while ((stream = h2_event(pair->server))) {
		if (stream->ended || !stream->request)
			continue;
		const struct http_request *request = stream->request;
		const char *kind = http_request_header(request, "x-kind");
		size_t used = strlen(pair->seen);
		snprintf(pair->seen + used, sizeof pair->seen - used, "%s %s %s %s %zu; ",
			request->method, request->authority, request->path, kind ? kind : "-",
			request->body_bytes);
		if (pair->silent)
			continue;
		int status = !strcmp(request->path, "/missing") ? 404 : 200;
		h2_answer(pair->server, stream, http_response_error(status, "so"), 0);
	}
}

/* Until neither has anything to say; false when the client cannot go on. */
static bool talk(struct pair *pair)
{
	bool any = true, ok = true;
	while (any && ok) {
		OWN(buffer) struct buffer to = BUFFER((size_t)16 << 20);
		OWN(buffer) struct buffer from = BUFFER((size_t)16 << 20);
		assert_true(h2_client_output(pair->client, &to, &pair->error));
		if (to.length)
			(void)!h2_input(pair->server, to.data, to.length, 0);
		serve_events(pair);
		(void)!h2_output(pair->server, (size_t)1 << 20, 0, &from, &pair->error);
		for (size_t i = 0; ok && i < from.length; i++) /* byte by byte */
			ok = h2_client_input(pair->client, from.data + i, 1, &pair->error);
		any = to.length || from.length;
	}
	return ok;
}

static const struct http_header kind[] = { { "x-kind", "test" } };
static const struct h2_question get = { "GET", "h:1", "/x", kind, 1, NULL, 0 };
static const struct h2_question missing = { "GET", "h:1", "/missing", NULL, 0, NULL, 0 };

static void ask(struct pair *pair, const struct h2_question *question, uint64_t tag)
{
	assert_true(h2_client_ask(pair->client, question, tag, &pair->error));
}

static void answers_come_with_their_tags(void **state)
{
	(void)state;
	struct pair pair;
	uint64_t tag;
	int status;
	pair_start(&pair);
	ask(&pair, &get, 71);
	ask(&pair, &missing, 72);
	assert_false(h2_client_answer(pair.client, &tag, &status));
	assert_true(talk(&pair));
	assert_string_equal(pair.seen, "GET h:1 /x test 0; GET h:1 /missing - 0; ");
	unsigned sum = 0;
	for (int i = 0; i < 2; i++) {
		assert_true(h2_client_answer(pair.client, &tag, &status));
		assert_int_equal(status, tag == 71 ? 200 : 404);
		sum += (unsigned)tag;
	}
	assert_int_equal(sum, 143);
	assert_false(h2_client_answer(pair.client, &tag, &status));
	pair_done(&pair);
}

static void a_body_is_sent_whole(void **state)
{
	(void)state;
	struct pair pair;
	uint64_t tag;
	int status;
	static char body[60000];
	memset(body, 'b', sizeof body);
	const struct h2_question post = { "POST", "h", "/x", NULL, 0, body, sizeof body };
	const struct h2_question empty = { "POST", "h", "/x", NULL, 0, "", 0 };
	pair_start(&pair);
	ask(&pair, &post, 1);
	ask(&pair, &empty, 2);
	assert_true(talk(&pair));
	assert_non_null(strstr(pair.seen, "POST h /x - 60000; "));
	assert_non_null(strstr(pair.seen, "POST h /x - 0; "));
	assert_true(h2_client_answer(pair.client, &tag, &status));
	assert_true(h2_client_answer(pair.client, &tag, &status));
	assert_int_equal(status, 200);
	pair_done(&pair);
}

static void many_one_after_the_other(void **state)
{
	(void)state;
	struct pair pair;
	uint64_t tag;
	int status;
	pair_start(&pair);
	for (uint64_t i = 0; i < 500; i++) {
		ask(&pair, &get, i);
		pair.seen[0] = 0;
		assert_true(talk(&pair));
		assert_true(h2_client_answer(pair.client, &tag, &status));
		assert_int_equal(tag, i);
		assert_int_equal(status, 200);
	}
	pair_done(&pair);
}

/* What is still open when a client goes is released. */
static void ends(void **state)
{
	(void)state;
	struct pair pair;
	pair_start(&pair);
	pair.silent = true;
	ask(&pair, &get, 1);
	ask(&pair, &get, 2);
	assert_true(talk(&pair));
	pair_done(&pair);
}

/* A server that leaves answers what it has begun with; the rest can be asked elsewhere. */
static void a_server_may_leave(void **state)
{
	(void)state;
	struct pair pair;
	uint64_t tag;
	int status;
	pair_start(&pair);
	ask(&pair, &get, 1);
	assert_true(talk(&pair));
	assert_false(h2_client_is_leaving(pair.client));
	h2_end(pair.server);
	ask(&pair, &get, 2);
	assert_true(talk(&pair));
	assert_true(h2_client_is_leaving(pair.client));
	assert_true(h2_client_answer(pair.client, &tag, &status));
	assert_int_equal(tag, 1);
	assert_int_equal(status, 200);
	assert_true(h2_client_answer(pair.client, &tag, &status));
	assert_int_equal(tag, 2);
	assert_int_equal(status, H2_CLIENT_NOT_BEGUN);
	assert_false(h2_client_answer(pair.client, &tag, &status));
	pair_done(&pair);
}

/* But one that leaves as it did not like what it got is an error. */
static void a_server_may_be_angry(void **state)
{
	(void)state;
	static const char settings[] = "\0\0\0\4\0\0\0\0\0";
	static const char goaway[] = "\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0\1";
	OWN(h2_client) struct h2_client *client = h2_client_new();
	OWN(buffer) struct buffer out = BUFFER(4096);
	struct error error;
	assert_true(h2_client_output(client, &out, &error));
	assert_true(h2_client_input(client, settings, sizeof settings - 1, &error));
	assert_false(h2_client_input(client, goaway, sizeof goaway - 1, &error));
	assert_int_equal(error.kind, ERROR_NETWORK);
	assert_string_equal(error.text, "the server ends the connection (GOAWAY)");
}

static void what_is_no_http2_is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = { "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
		"\x15\x03\x03\x00\x02\x02\x28 and then some more bytes of no frame" };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(h2_client) struct h2_client *client = h2_client_new();
		OWN(buffer) struct buffer out = BUFFER(4096);
		struct error error;
		assert_true(h2_client_output(client, &out, &error));
		assert_memory_equal(out.data, "PRI * HTTP/2.0", 14);
		bool ok = true;
		for (size_t at = 0; ok && at < strlen(rows[i]); at++)
			ok = h2_client_input(client, rows[i] + at, 1, &error);
		if (ok) /* a frame header that promises more: its answer is our GOAWAY */
			assert_true(h2_client_output(client, &out, &error));
		else
			assert_non_null(strstr(error.text, "the server"));
	}
}

static void too_many_headers_are_refused(void **state)
{
	(void)state;
	static struct http_header headers[H2_QUESTION_HEADERS_MAX + 1];
	for (size_t i = 0; i <= H2_QUESTION_HEADERS_MAX; i++)
		headers[i] = (struct http_header){ "x-one", "v" };
	struct h2_question many = { "GET", "h", "/", headers, H2_QUESTION_HEADERS_MAX, NULL, 0 };
	struct pair pair;
	pair_start(&pair);
	ask(&pair, &many, 1);
	many.header_count++;
	assert_false(h2_client_ask(pair.client, &many, 2, &pair.error));
	assert_string_equal(pair.error.text, "a request has at most 64 headers");
	pair_done(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_come_with_their_tags),
		cmocka_unit_test(a_body_is_sent_whole),
		cmocka_unit_test(many_one_after_the_other),
		cmocka_unit_test(ends),
		cmocka_unit_test(a_server_may_leave),
		cmocka_unit_test(a_server_may_be_angry),
		cmocka_unit_test(what_is_no_http2_is_refused),
		cmocka_unit_test(too_many_headers_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
