/* HTTP/2 from memory: requests and refusals, answers and windows, limits, the end. */
#include "h2_pair.h"

/* ---- Requests ---- */

static const char hundred[] = "0123456789012345678901234567890123456789012345678901234567890123456"
			      "789012345678901234567890123456789";
#define FINE " 1 [:status=200] [x-who=me] [content-length=5]; data 1 5 end; "

struct row {
	const char *what;
	const char *fields[40];
	const char *body; /* NULL: the headers end the stream */
	const char *trailer[3];
	const char *said;
};

static const struct row rows[] = {
	{ "a path", { GET, "/a" }, NULL, { 0 }, "(GET localhost /a) headers" FINE },
	{ "a query and a header", { GET, "/a/b?c=d?e", "x-a", "b", "x-a", "" }, NULL, { 0 },
		"(GET localhost /a/b?c=d?e [x-a=b] [x-a=]) headers" FINE },
	{ "HEAD", { ":method", "HEAD", ":scheme", "https", ":authority", "a", ":path", "/" }, NULL,
		{ 0 }, "(HEAD a /) headers 1 [:status=200] [x-who=me] [content-length=5] end; " },
	{ "the server as a whole",
		{ ":method", "OPTIONS", ":scheme", "https", ":authority", "a", ":path", "*" }, NULL,
		{ 0 }, "(OPTIONS a *) headers" FINE },
	{ "Host instead", { ":method", "GET", ":scheme", "https", ":path", "/", "host", "a" }, NULL,
		{ 0 }, "(GET a / [host=a]) headers" FINE },
	{ "both the same", { GET, "/", "host", "LOCALHOST" }, NULL, { 0 },
		"(GET localhost / [host=LOCALHOST]) headers" FINE },
	{ "both, different", { GET, "/", "host", "other" }, NULL, { 0 },
		"(400 Host and :authority differ) headers 1 [:status=400] [x-who=me] "
		"[content-length=5]; data 1 5 end; " },
	{ "a host that is none",
		{ ":method", "GET", ":scheme", "https", ":path", "/", ":authority", "a@b" }, NULL,
		{ 0 },
		"(400 Host is no host name) headers 1 [:status=400] [x-who=me] [content-length=5]; "
		"data 1 5 end; " },
	{ "a body", { POST }, "hello", { 0 }, "(POST localhost /p body=hello) headers" FINE },
	{ "its length", { POST, "content-length", "5" }, "hello", { 0 },
		"(POST localhost /p [content-length=5] body=hello) headers" FINE },
	{ "a body of nothing", { POST }, "", { 0 }, "(POST localhost /p body=) headers" FINE },
	{ "no body", { POST }, NULL, { 0 }, "(POST localhost /p) headers" FINE },
	{ "a length of 0", { POST, "content-length", "0" }, NULL, { 0 },
		"(POST localhost /p [content-length=0] body=) headers" FINE },
	{ "another length", { POST, "content-length", "4" }, "hello", { 0 }, "rst 1 1; " },
	{ "no length", { POST, "content-length", "x" }, "hello", { 0 }, "rst 1 1; " },
	{ "a trailer", { POST }, "hello", { "x-sum", "1" },
		"(POST localhost /p body=hello) headers" FINE },
	{ "a trailer about framing", { POST }, "hello", { "expect", "1" },
		"(400 a trailer may not change how the message is read) headers 1 [:status=400] "
		"[x-who=me] [content-length=5]; data 1 5 end; " },
	{ "leave to go on", { POST, "expect", "100-continue" }, "hello", { 0 },
		"(POST localhost /p [expect=100-continue] body=hello) headers 1 [:status=100]; "
		"headers" FINE },
	{ "another expectation", { POST, "expect", "gold" }, "hello", { 0 },
		"(417 the only expectation that can be met is 100-continue) headers 1 "
		"[:status=417] [x-who=me] [content-length=5]; data 1 5 end; " },
	{ "a method of nobody",
		{ ":method", "BREW", ":scheme", "https", ":authority", "a", ":path", "/" }, NULL,
		{ 0 },
		"(501 the method is not known) headers 1 [:status=501] [x-who=me] "
		"[content-length=5]; data 1 5 end; " },
	{ "a long method",
		{ ":method", hundred, ":scheme", "https", ":authority", "a", ":path", "/" }, NULL,
		{ 0 },
		"(501 the method is not known) headers 1 [:status=501] [x-who=me] "
		"[content-length=5]; data 1 5 end; " },
	{ "a fragment", { GET, "/a#b" }, NULL, { 0 },
		"(400 the request target holds a byte that no URI may hold) headers 1 "
		"[:status=400] [x-who=me] [content-length=5]; data 1 5 end; " },
	/* Malformed (RFC 9113 section 8.1.1): the library's refusals. */
	{ "no path", { ":method", "GET", ":scheme", "https", ":authority", "a" }, NULL, { 0 },
		"rst 1 1; " },
	{ "no host", { ":method", "GET", ":scheme", "https", ":path", "/" }, NULL, { 0 },
		"rst 1 1; " },
	{ "no method", { ":scheme", "https", ":authority", "a", ":path", "/" }, NULL, { 0 },
		"rst 1 1; " },
	{ "two paths", { GET, "/a", ":path", "/b" }, NULL, { 0 }, "rst 1 1; " },
	{ "a relative path", { GET, "a" }, NULL, { 0 }, "rst 1 1; " },
	{ "a pseudo-field behind a field", { ":method", "GET", "a", "b", ":path", "/" }, NULL,
		{ 0 }, "rst 1 1; " },
	{ "an unknown pseudo-field", { GET, "/", ":x", "y" }, NULL, { 0 }, "rst 1 1; " },
	{ "a field of the connection", { GET, "/", "connection", "close" }, NULL, { 0 },
		"rst 1 1; " },
	{ "an encoding", { GET, "/", "transfer-encoding", "chunked" }, NULL, { 0 }, "rst 1 1; " },
	{ "CR and LF in a value", { GET, "/", "x-a", "b\r\nc: d" }, NULL, { 0 },
		"(400 a header field holds a byte that it may not hold) headers 1 [:status=400] "
		"[x-who=me] [content-length=5]; data 1 5 end; " },
	{ "capitals in a name", { GET, "/", "X-A", "b" }, NULL, { 0 }, "rst 1 1; " },
};

static void put_row(struct buffer *input, const struct row *row)
{
	int end = END_HEADERS | END_STREAM;
	put_headers(input, 1, row->body ? END_HEADERS : end, row->fields);
	if (row->body)
		put_frame(input, NGHTTP2_DATA, row->trailer[0] ? 0 : END_STREAM, 1, row->body,
			strlen(row->body));
	if (row->trailer[0])
		put_headers(input, 1, end, row->trailer);
}

static void test_requests(void **state)
{
	(void)state;
	const size_t steps[] = { 1 << 24, 1, 3 };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t step = 0; step < sizeof steps / sizeof *steps; step++) {
			struct pair pair;
			pair_start(&pair);
			put_row(&pair.input, &rows[i]);
			const char *said = run(&pair, steps[step]);
			if (strcmp(said, rows[i].said) != 0)
				fail_msg(
					"%s:\n said %s\nnot  %s", rows[i].what, said, rows[i].said);
			pair_done(&pair);
		}
}

static void test_limits(void **state)
{
	(void)state;
	char long_text[402];
	memset(long_text, 'a', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = 0;
	long_text[0] = '/';
	const char *value = long_text + 1; /* 400 bytes */
	const struct {
		const char *fields[40];
		const char *said;
	} wide[] = {
		{ { GET, long_text + sizeof long_text - 101 }, "rst" }, /* no slash */
		{ { GET, long_text }, "(414 the request target is too long)" },
		{ { GET, "/", "a", value }, "(431 a header line is too long)" },
		{ { GET, "/", "a", value + 204 }, "(GET" },
		{ { GET, "/", "a", value + 202 }, "(431 a header line is too long)" },
		{ { GET, "/", "a", value + 205, "b", value + 205, "c", value + 205 },
			"(431 the header is too large)" },
		{ { GET, "/", "1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8",
			  "", "9", "" },
			"(GET" },
		{ { GET, "/", "1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8",
			  "", "9", "", "10", "" },
			"(431 too many header lines)" },
		{ { POST, "content-length", "1001" }, "(413 the body is too large)" },
	};
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
		struct pair pair;
		pair_start(&pair);
		put_headers(&pair.input, 1, i == 8 ? END_HEADERS : END_HEADERS | END_STREAM,
			wide[i].fields);
		const char *said = run(&pair, SIZE_MAX / 2);
		if (strncmp(said, wide[i].said, strlen(wide[i].said)) != 0)
			fail_msg("row %zu said %s", i, said);
		pair_done(&pair);
	}
}

/* The rest of a body that is too large is not wanted: an answer, and some time later a reset. */
static void test_large_body(void **state)
{
	(void)state;
	struct pair pair;
	pair_start(&pair);
	const char *const post[] = { POST, NULL };
	char half[600] = "";
	put_headers(&pair.input, 1, END_HEADERS, post);
	put_frame(&pair.input, NGHTTP2_DATA, 0, 1, half, sizeof half);
	assert_string_equal(run(&pair, 100000), "");
	put_frame(&pair.input, NGHTTP2_DATA, 0, 1, half, sizeof half);
	assert_string_equal(run(&pair, 100000),
		"(413 the body is too large) headers 1 [:status=413] [x-who=me] "
		"[content-length=5]; data 1 5 end; ");
	for (int i = 0; i < 110; i++)
		put_frame(&pair.input, NGHTTP2_DATA, 0, 1, half, sizeof half);
	assert_non_null(strstr(run(&pair, 100000), "rst 1 0; "));
	put_frame(&pair.input, NGHTTP2_DATA, END_STREAM, 1, half, sizeof half);
	put_get(&pair.input, 3, "/next");
	assert_non_null(
		strstr(run(&pair, 100000), "(GET localhost /next) headers 3 [:status=200]"));
	assert_false(pair.failed);
	pair_done(&pair);
}

/* ---- Answers ---- */

static void test_many_at_once(void **state)
{
	(void)state;
	struct pair pair;
	pair_start(&pair);
	for (int i = 0; i < H2_STREAMS_MAX; i++)
		put_get(&pair.input, 2 * i + 1, "/x");
	const char *said = run(&pair, 1 << 24);
	for (int i = 0; i < H2_STREAMS_MAX; i++) {
		char wanted[32];
		snprintf(wanted, sizeof wanted, "data %d 5 end; ", 2 * i + 1);
		assert_non_null(strstr(said, wanted));
	}
	assert_int_equal(h2_answer_bytes(pair.h2), 0);
	assert_null(h2_open(pair.h2, NULL));
	pair_done(&pair);
}

static void test_too_many_streams(void **state)
{
	(void)state;
	struct pair pair;
	pair_start(&pair);
	pair.silent = true;
	run(&pair, 1 << 24);
	put_frame(&pair.input, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "", 0);
	for (int i = 0; i <= H2_STREAMS_MAX; i++)
		put_get(&pair.input, 2 * i + 1, "/x");
	const char *said = run(&pair, 1 << 24);
	size_t requests = 0;
	for (const char *at = said; (at = strstr(at, "(GET")); at++)
		requests++;
	assert_int_equal(requests, H2_STREAMS_MAX);
	assert_non_null(strstr(said, "goaway"));
	pair_done(&pair);
}

static void put_initial_window(struct buffer *input, unsigned bytes)
{
	const unsigned char payload[] = { 0, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
		(unsigned char)(bytes >> 24), (unsigned char)(bytes >> 16),
		(unsigned char)(bytes >> 8), (unsigned char)bytes };
	put_frame(input, NGHTTP2_SETTINGS, 0, 0, payload, sizeof payload);
}

/* Bodies that never end: all together may wait for 2 MiB, and what goes on behind that is refused.
 */
static void test_too_many_bytes_at_once(void **state)
{
	(void)state;
	static const char piece[10000];
	static const struct http_limits roomy = { .target_bytes_max = 100,
		.header_line_bytes_max = 200,
		.header_bytes_max = 600,
		.headers_max = 10,
		.body_bytes_max = 70000 };
	struct pair pair;
	pair_start(&pair);
	h2_free(pair.h2);
	pair.h2 = h2_new(&roomy, read_memory);
	size_t streams = 0;
	for (bool refused = false; !refused && streams < 99; streams++) {
		int32_t id = (int32_t)(2 * streams + 1);
		put_headers(&pair.input, id, END_HEADERS, (const char *const[]){ POST, NULL });
		for (int i = 0; i < 6; i++)
			put_frame(&pair.input, NGHTTP2_DATA, 0, id, piece, sizeof piece);
		refused = strstr(run(&pair, 1 << 24),
			"(503 too many requests at a time on this connection)");
		assert_false(pair.failed);
	}
	/* A body of 60,000 bytes takes 64 KiB, and its fields some more. */
	assert_int_equal(streams, (2 << 20) / (64 << 10));
	pair_done(&pair);
}

static void test_windows(void **state)
{
	(void)state;
	struct h2_waiting waiting;
	struct pair pair;
	pair_start(&pair);
	put_initial_window(&pair.input, 3);
	put_get(&pair.input, 1, "/x");
	pair.now_ms = 7;
	assert_string_equal(run(&pair, 1 << 24), "(GET localhost /x) headers 1 [:status=200] "
						 "[x-who=me] [content-length=5]; data 1 3; ");
	assert_false(h2_has_output(pair.h2));
	assert_int_equal(h2_answer_bytes(pair.h2), 5);
	h2_waiting(pair.h2, &waiting);
	assert_true(waiting.window && !waiting.head && !waiting.body);
	assert_int_equal(waiting.window_ms, 7);
	put_window(&pair.input, 1, 1);
	pair.now_ms = 9;
	assert_string_equal(run(&pair, 1 << 24), "data 1 1; ");
	h2_waiting(pair.h2, &waiting);
	assert_int_equal(waiting.window_ms, 9);
	put_window(&pair.input, 1, 1);
	assert_string_equal(run(&pair, 1 << 24), "data 1 1 end; ");
	h2_waiting(pair.h2, &waiting);
	assert_false(waiting.window);
	pair_done(&pair);
}

/* Output comes in pieces of about the size that was asked for, each of whole frames. */
static void test_pieces(void **state)
{
	(void)state;
	struct pair pair;
	struct error error;
	pair_start(&pair);
	pair.answer_bytes = 60000;
	put_get(&pair.input, 1, "/x");
	assert_true(h2_input(pair.h2, pair.input.data, pair.input.length, 0));
	events(&pair);
	size_t pieces = 0;
	while (h2_has_output(pair.h2)) {
		pair.output.length = 0;
		assert_true(h2_output(pair.h2, 20000, 0, &pair.output, &error));
		assert_true(pair.output.length && pair.output.length < 20000 + 16384 + 9);
		transcribe(&pair.said, pair.inflater, pair.output.data, pair.output.length);
		pieces++;
	}
	assert_int_equal(pieces, 2);
	assert_string_equal(pair.said.data,
		"(GET localhost /x) headers 1 [:status=200] [x-who=me] [content-length=60000]; "
		"data 1 16384; data 1 16384; data 1 16384; data 1 10848 end; ");
	pair_done(&pair);
}

static bool read_nothing(struct http_response *response, size_t bytes_max, struct buffer *ret,
	bool *ret_done, struct error *reterr)
{
	(void)response, (void)bytes_max, (void)ret, (void)ret_done;
	return error_set(reterr, ERROR_IO, "a file became shorter");
}

/* A body that cannot be read ends in a reset, and no byte of it stays in the output. */
static void test_broken_body(void **state)
{
	(void)state;
	struct pair pair;
	pair_start(&pair);
	h2_free(pair.h2);
	pair.h2 = h2_new(&limits, read_nothing);
	put_get(&pair.input, 1, "/x");
	assert_string_equal(run(&pair, 1 << 24), "(GET localhost /x) headers 1 [:status=200] "
						 "[x-who=me] [content-length=5]; rst 1 2; ");
	pair_done(&pair);
}

/* A stream that the client took back before, or after, its answer was ready. */
static void test_taken_back(void **state)
{
	(void)state;
	struct pair pair;
	const unsigned char cancel[] = { 0, 0, 0, NGHTTP2_CANCEL };
	pair_start(&pair);
	pair.silent = true;
	put_get(&pair.input, 1, "/never-seen");
	put_frame(&pair.input, NGHTTP2_RST_STREAM, 0, 1, cancel, sizeof cancel);
	assert_string_equal(run(&pair, 1 << 24), "");
	put_get(&pair.input, 3, "/seen");
	assert_string_equal(run(&pair, 1 << 24), "(GET localhost /seen) ");
	struct h2_stream *stream = h2_open(pair.h2, NULL);
	assert_non_null(stream);
	put_frame(&pair.input, NGHTTP2_RST_STREAM, 0, 3, cancel, sizeof cancel);
	assert_true(h2_input(pair.h2, pair.input.data, pair.input.length, 0));
	answer(&pair, stream); /* nobody gets it */
	assert_ptr_equal(h2_event(pair.h2), stream);
	assert_true(stream->ended);
	assert_null(h2_event(pair.h2));
	assert_null(h2_open(pair.h2, NULL));
	pair_done(&pair);
}

/* ---- Waiting, and the end ---- */

static void test_waiting(void **state)
{
	(void)state;
	struct h2_waiting waiting;
	struct pair pair;
	const char *const post[] = { POST, NULL };
	pair_start(&pair);
	pair.now_ms = 10;
	put_headers(&pair.input, 1, END_HEADERS, post);
	assert_string_equal(run(&pair, 1 << 24), "");
	pair.now_ms = 20;
	put_headers(&pair.input, 3, END_HEADERS, post);
	put_get(&pair.input, 5, "/x");
	run(&pair, 1 << 24);
	h2_waiting(pair.h2, &waiting);
	assert_true(waiting.body && !waiting.head && !waiting.window);
	assert_int_equal(waiting.body_ms, 10);
	put_headers(&pair.input, 7, 0, post);
	run(&pair, 1 << 24);
	h2_waiting(pair.h2, &waiting);
	assert_true(waiting.body && waiting.head);
	assert_int_equal(waiting.head_ms, 20);
	put_frame(&pair.input, NGHTTP2_CONTINUATION, END_HEADERS, 7, "", 0);
	run(&pair, 1 << 24);
	h2_expire(pair.h2, 10);
	assert_string_equal(run(&pair, 1),
		"(408 the request's body took too long) headers 1 [:status=408] "
		"[x-who=me] [content-length=5]; data 1 5 end; ");
	h2_expire(pair.h2, 10);
	assert_string_equal(run(&pair, 1), "rst 1 0; ");
	h2_waiting(pair.h2, &waiting);
	assert_true(waiting.body);
	assert_int_equal(waiting.body_ms, 20);
	pair_done(&pair);
}

static void test_drain(void **state)
{
	(void)state;
	struct pair pair;
	pair_start(&pair);
	put_get(&pair.input, 1, "/a");
	run(&pair, 1 << 24);
	h2_drain(pair.h2);
	h2_drain(pair.h2);
	assert_string_equal(run(&pair, 1), "goaway 0 last=2147483647 code=0; ping 0; ");
	assert_false(h2_is_over(pair.h2));
	put_get(&pair.input, 3, "/on-its-way");
	assert_non_null(strstr(run(&pair, 1 << 24), "(GET localhost /on-its-way) headers 3"));
	put_frame(&pair.input, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "goodbye", 8);
	put_get(&pair.input, 5, "/too-late");
	assert_string_equal(run(&pair, 1 << 24), "goaway 0 last=3 code=0; ");
	assert_true(h2_is_over(pair.h2));
	pair_done(&pair);

	pair_start(&pair);
	h2_end(pair.h2);
	assert_string_equal(run(&pair, 1 << 24), "goaway 0 last=0 code=0; ");
	pair_done(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_large_body),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_too_many_streams),
		cmocka_unit_test(test_too_many_bytes_at_once),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_broken_body),
		cmocka_unit_test(test_taken_back),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_drain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
