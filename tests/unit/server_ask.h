/* Asks the routes with the bytes of a request, and keeps what was answered and logged. */
#ifndef MTLS_TESTS_SERVER_ASK_H
#define MTLS_TESTS_SERVER_ASK_H

#include "http_field.h"
#include "server/files.h"
#include "server/routes.h"

#include <stdio.h>

static struct {
	int status;
	struct http_response *response;
	struct buffer body; /* all that would be sent */
	struct buffer log;  /* each line with a newline */
	int answers;
	bool free_within; /* let go of the exchange inside the callback */
} seen = { .body = BUFFER((size_t)64 << 20), .log = BUFFER(65536) };

static void seen_done(void)
{
	http_response_free(TAKE(seen.response));
	buffer_done(&seen.body);
	buffer_done(&seen.log);
	seen.status = seen.answers = 0;
}

static void seen_answer(void *context, struct exchange *exchange, struct http_response *response)
{
	struct error error;
	size_t count;
	bool done = !http_response_sends_body(response, context);
	seen.answers++;
	seen.status = response->status;
	seen.response = response;
	/* Seven bytes at a time: spans and pieces do not fall together. */
	while (!done)
		assert_true(response_read(response, 7, &seen.body, &done, &error));
	const struct exchange_line *lines = exchange_lines(exchange, &count);
	for (size_t i = 0; i < count; i++)
		assert_true(buffer_format(
			&seen.log, &error, "%s: %s\n", lines[i].event, lines[i].text));
	if (seen.free_within)
		exchange_free(exchange);
}

static struct store *store;
static struct store_port *port;
static struct routes *routes;

static void ready_later(void *context)
{
	(void)context;
	fail_msg("this store answers within the call");
}

static inline void routes_up(const struct files *files)
{
	store = store_memory_new();
	port = store_port_open(store, ready_later, NULL);
	routes = routes_new(port, files);
}

static inline void routes_down(void)
{
	seen_done();
	routes_free(TAKE(routes));
	store_port_close(TAKE(port));
	store_free(TAKE(store));
}

/* For a test that has no files. */
static inline int routes_set_up(void **state)
{
	(void)state;
	routes_up(NULL);
	return 0;
}

static inline int routes_tear_down(void **state)
{
	(void)state;
	routes_down();
	return 0;
}

/* The answer is in `seen` afterwards. */
static void ask_bytes(const struct identity *identity, const struct tls_outcome *tls,
	const char *bytes, size_t count)
{
	const struct http_limits limits = HTTP_LIMITS_DEFAULT;
	OWN(h1) struct h1 *h1 = h1_new(&limits);
	size_t used;
	seen_done();
	if (h1_input(h1, bytes, count, &used) != H1_REQUEST)
		fail_msg("no request: %s", bytes);
	const struct exchange_facts facts = { h1_request(h1), identity, tls };
	struct exchange *exchange =
		exchange_new(routes, &facts, seen_answer, (void *)(uintptr_t)h1_request(h1));
	exchange_run(exchange);
	assert_int_equal(seen.answers, 1);
	if (!seen.free_within)
		exchange_free(exchange);
	if (!seen.body.data)
		assert_true(buffer_text(&seen.body, "", &(struct error){ 0 }));
	if (!seen.log.data)
		assert_true(buffer_text(&seen.log, "", &(struct error){ 0 }));
}

/* `headers` with their CR LF; `body` NULL for none, else its length is said. */
static void ask(const struct identity *identity, const char *method, const char *target,
	const char *headers, const char *body)
{
	OWN(char) char *length =
		body ? text_format("Content-Length: %zu\r\n", strlen(body)) : text_copy("");
	OWN(char) char *bytes = text_format("%s %s HTTP/1.1\r\nHost: h\r\n%s%s\r\n%s", method,
		target, headers, length, body ? body : "");
	ask_bytes(identity, NULL, bytes, strlen(bytes));
}

/* What `/usr/bin/python3 -c program` prints, with MTLS_TEST in its environment. */
static inline char *python(const char *program, const char *environment)
{
	OWN(buffer) struct buffer output = BUFFER((size_t)64 << 20);
	setenv("MTLS_TEST", environment, 1);
	setenv("MTLS_TEST_PROGRAM", program, 1);
	FILE *pipe = popen("exec /usr/bin/python3 -X utf8 -c \"$MTLS_TEST_PROGRAM\"", "r");
	char piece[65536];
	for (size_t got; (got = fread(piece, 1, sizeof piece, pipe));)
		assert_true(buffer_append(&output, piece, got, &(struct error){ 0 }));
	assert_int_equal(pclose(pipe), 0);
	return text_copy(output.data ? output.data : "");
}

#endif
