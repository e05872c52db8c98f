/*
 * HTTP/2 requests that RFC 9113 sections 8.2 and 8.3 call malformed, one by one, each beside what
 * is allowed; and that such a request costs its stream and nothing else. Below it, what one request
 * may hold at the edges, and the budget of a connection.
 */
#include "h2_pair.h"

#include "http/h2_budget.h"
#include "http/h2_request.h"

/* ---- Malformed ---- */

#define METHOD ":method", "GET"
#define SCHEME ":scheme", "https"
#define AUTHORITY ":authority", "a"
#define PATH ":path", "/"
#define FINE METHOD, SCHEME, AUTHORITY, PATH
#define RESET "rst 1 1; "
#define BYTE "(400 a header field holds a byte that it may not hold) headers 1 [:status=400]"

static const struct row {
	const char *what;
	const char *fields[24];
	const char *trailer[6];
	const char *said; /* its beginning */
} rows[] = {
	{ "nothing wrong", { FINE }, { 0 }, "(GET a /) headers 1" },
	{ "pseudo-fields in another order", { PATH, AUTHORITY, METHOD, SCHEME }, { 0 },
		"(GET a /) headers 1" },
	/* Section 8.3: each once, all before the fields, none of a response, none in trailers. */
	{ "two methods", { FINE, METHOD }, { 0 }, RESET },
	{ "two schemes", { FINE, SCHEME }, { 0 }, RESET },
	{ "two authorities", { FINE, AUTHORITY }, { 0 }, RESET },
	{ "two paths", { FINE, PATH }, { 0 }, RESET },
	{ "a status", { FINE, ":status", "200" }, { 0 }, RESET },
	{ "a method in capitals", { ":Method", "GET", SCHEME, AUTHORITY, PATH }, { 0 }, RESET },
	{ "a pseudo-field without a name", { FINE, ":", "x" }, { 0 }, RESET },
	{ "a pseudo-field of extended CONNECT", { FINE, ":protocol", "websocket" }, { 0 }, RESET },
	{ "the authority behind a field", { METHOD, SCHEME, PATH, "x-a", "b", AUTHORITY }, { 0 },
		RESET },
	{ "a pseudo-field in the trailers", { FINE }, { "x-sum", "1", PATH }, RESET },
	{ "only pseudo-fields in the trailers", { FINE }, { METHOD }, RESET },
	/* Section 8.3.1: what each request has. */
	{ "no scheme", { METHOD, AUTHORITY, PATH }, { 0 }, RESET },
	{ "no method", { SCHEME, AUTHORITY, PATH }, { 0 }, RESET },
	{ "no path", { METHOD, SCHEME, AUTHORITY }, { 0 }, RESET },
	{ "no pseudo-field at all", { "x-a", "b" }, { 0 }, RESET },
	{ "an empty path", { METHOD, SCHEME, AUTHORITY, ":path", "" }, { 0 }, RESET },
	{ "an asterisk without OPTIONS", { METHOD, SCHEME, AUTHORITY, ":path", "*" }, { 0 },
		RESET },
	{ "an empty Host", { METHOD, SCHEME, PATH, "host", "" }, { 0 }, RESET },
	{ "a user in the authority", { METHOD, SCHEME, ":authority", "me@a", PATH }, { 0 },
		"(400 Host is no host name) headers 1 [:status=400]" },
	{ "a path in the authority", { METHOD, SCHEME, ":authority", "a/b", PATH }, { 0 }, RESET },
	{ "a port in the authority", { METHOD, SCHEME, ":authority", "a:8443", PATH }, { 0 },
		"(GET a:8443 /) headers 1 [:status=200]" },
	{ "an address in the authority", { METHOD, SCHEME, ":authority", "[::1]:1", PATH }, { 0 },
		"(GET [::1]:1 /) headers 1 [:status=200]" },
	{ "a port of letters", { METHOD, SCHEME, ":authority", "a:b", PATH }, { 0 },
		"(400 Host is no host name) headers 1 [:status=400]" },
	/* Section 8.5: CONNECT has neither scheme nor path, and we are no proxy. */
	{ "CONNECT with a path", { ":method", "CONNECT", SCHEME, AUTHORITY, PATH }, { 0 }, RESET },
	{ "CONNECT without authority", { ":method", "CONNECT" }, { 0 }, RESET },
	/* Section 8.2.2: fields of a connection. */
	{ "Connection", { FINE, "connection", "close" }, { 0 }, RESET },
	{ "Proxy-Connection", { FINE, "proxy-connection", "close" }, { 0 }, RESET },
	{ "Keep-Alive", { FINE, "keep-alive", "timeout=5" }, { 0 }, RESET },
	{ "Upgrade", { FINE, "upgrade", "h2c" }, { 0 }, RESET },
	{ "Transfer-Encoding", { FINE, "transfer-encoding", "chunked" }, { 0 }, RESET },
	{ "TE with an encoding", { FINE, "te", "gzip" }, { 0 }, RESET },
	{ "TE with more than trailers", { FINE, "te", "trailers, gzip" }, { 0 }, RESET },
	{ "TE", { FINE, "te", "trailers" }, { 0 }, "(GET a / [te=trailers]) headers 1" },
	/* Section 8.2.1: names and values. */
	{ "capitals", { FINE, "X-a", "b" }, { 0 }, RESET },
	{ "a capital at the end", { FINE, "x-A", "b" }, { 0 }, RESET },
	{ "a colon in a name", { FINE, "x:a", "b" }, { 0 }, BYTE },
	{ "a space in a name", { FINE, "x a", "b" }, { 0 }, BYTE },
	{ "a name of no ASCII", { FINE, "x\xc3\xa9", "b" }, { 0 }, BYTE },
	{ "LF in a value", { FINE, "x-a", "b\nc" }, { 0 }, BYTE },
	{ "CR in a value", { FINE, "x-a", "b\rc" }, { 0 }, BYTE },
	{ "DEL in a value", { FINE, "x-a", "b\x7f" }, { 0 }, BYTE },
	{ "obs-text in a value", { FINE, "x-a", "b\xe9" }, { 0 }, "(GET a / [x-a=b\xe9]) headers" },
	{ "a tab in a value", { FINE, "x-a", "b\tc" }, { 0 }, "(GET a / [x-a=b\tc]) headers 1" },
	{ "a value of nothing", { FINE, "x-a", "" }, { 0 }, "(GET a / [x-a=]) headers 1" },
	/* Section 8.1.1: a length that is not the body's. */
	{ "a length without a body", { FINE, "content-length", "1" }, { 0 }, RESET },
	{ "two lengths", { FINE, "content-length", "0", "content-length", "0" }, { 0 }, RESET },
	{ "a length with a sign", { FINE, "content-length", "+0" }, { 0 }, RESET },
};

/* After each the connection goes on: the next request is answered. */
static void what_is_malformed_costs_its_stream(void **state)
{
	(void)state;
	const size_t steps[] = { 1 << 24, 1 };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t step = 0; step < sizeof steps / sizeof *steps; step++) {
			struct pair pair;
			const struct row *row = &rows[i];
			const int end = END_HEADERS | END_STREAM;
			pair_start(&pair);
			put_headers(
				&pair.input, 1, row->trailer[0] ? END_HEADERS : end, row->fields);
			if (row->trailer[0])
				put_headers(&pair.input, 1, end, row->trailer);
			const char *said = run(&pair, steps[step]);
			if (strncmp(said, row->said, strlen(row->said)) != 0)
				fail_msg("%s:\n said %s\nnot  %s", row->what, said, row->said);
			if (pair.resets != !strcmp(row->said, RESET))
				fail_msg("%s: told of %u times", row->what, pair.resets);
			put_get(&pair.input, 3, "/next");
			said = run(&pair, steps[step]);
			if (pair.failed ||
				strncmp(said, "(GET localhost /next) headers 3 [:status=200]", 45))
				fail_msg("%s, and the next: said %s", row->what, said);
			pair_done(&pair);
		}
}

/* ---- One request ---- */

static void field(struct h2_request *request, const char *name, const char *value)
{
	h2_request_field(request, &limits, name, strlen(name), value, strlen(value));
}

static void start(struct h2_request *request, const char *method, const char *path)
{
	h2_request_init(request, &limits);
	field(request, ":method", method);
	field(request, ":scheme", "https");
	field(request, ":authority", "a");
	field(request, ":path", path);
}

static void assert_refused(struct h2_request *request, int status, const char *text)
{
	if (request->refusal.status != status || strcmp(request->refusal.text, text) != 0)
		fail_msg("refused with %d %s, not %d %s", request->refusal.status,
			request->refusal.text ? request->refusal.text : "", status, text);
	h2_request_done(request);
}

static void a_target_is_cut_at_its_first_question_mark(void **state)
{
	(void)state;
	static const struct {
		const char *target, *path, *query;
	} targets[] = {
		{ "/", "/", NULL },
		{ "/?", "/", "" },
		{ "/a?b", "/a", "b" },
		{ "/a?b?c", "/a", "b?c" },
		{ "/%3F?x=%20", "/%3F", "x=%20" },
	};
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		struct h2_request made;
		start(&made, "GET", targets[i].target);
		h2_request_head(&made, &limits, true);
		assert_int_equal(made.refusal.status, 0);
		assert_string_equal(made.request.target, targets[i].target);
		assert_string_equal(made.request.path, targets[i].path);
		if (targets[i].query)
			assert_string_equal(made.request.query, targets[i].query);
		else
			assert_null(made.request.query);
		assert_true(made.request.keep_alive && !made.request.framed);
		assert_int_equal(made.request.version, HTTP_2);
		h2_request_done(&made);
	}
}

/* The last that is taken, and the first that is not. */
static void limits_hold_at_their_edges(void **state)
{
	(void)state;
	struct h2_request made;
	char text[512];
	memset(text, 'a', sizeof text);
	text[0] = '/';
	for (size_t over = 0; over < 2; over++) {
		h2_request_init(&made, &limits);
		h2_request_field(&made, &limits, ":path", 5, text, 100 + over);
		assert_int_equal(made.refusal.status, over ? 414 : 0);
		h2_request_done(&made);
		h2_request_init(&made, &limits);
		h2_request_field(&made, &limits, ":method", 7, text + 1, 32 + over);
		assert_int_equal(made.refusal.status, over ? 501 : 0);
		h2_request_done(&made);
		/* "x: " and CR LF: the line's limit does not count its end. */
		h2_request_init(&made, &limits);
		h2_request_field(&made, &limits, "x", 1, text, 197 + over);
		assert_int_equal(made.refusal.status, over ? 431 : 0);
		h2_request_done(&made);
		/* Three lines of 200 bytes make the whole. */
		h2_request_init(&made, &limits);
		for (size_t i = 0; i < 3; i++)
			h2_request_field(&made, &limits, "x", 1, text, 195 + (i == 2 ? over : 0));
		assert_int_equal(made.refusal.status, over ? 431 : 0);
		assert_int_equal(made.header_bytes, 600 + over);
		h2_request_done(&made);
	}
}

static void trailers_count_and_are_let_go(void **state)
{
	(void)state;
	struct h2_request made;
	start(&made, "POST", "/");
	h2_request_head(&made, &limits, false);
	const size_t bytes = made.text.length;
	for (int i = 0; i < 9; i++) /* with the authority: ten */
		field(&made, "x-sum", "1");
	assert_int_equal(made.refusal.status, 0);
	assert_int_equal(made.text.length, bytes);
	assert_int_equal(made.request.header_count, 0);
	field(&made, "x-sum", "1");
	assert_refused(&made, 431, "too many header lines");

	static const char *const framing[] = { "content-length", "transfer-encoding", "host",
		"expect" };
	for (size_t i = 0; i < sizeof framing / sizeof *framing; i++) {
		start(&made, "POST", "/");
		h2_request_head(&made, &limits, false);
		field(&made, framing[i], "1");
		assert_refused(&made, 400, "a trailer may not change how the message is read");
	}
}

static void a_body_is_gathered_up_to_its_limit(void **state)
{
	(void)state;
	struct h2_request made;
	char bytes[1000];
	memset(bytes, 'b', sizeof bytes);
	start(&made, "POST", "/");
	h2_request_head(&made, &limits, false);
	assert_true(made.request.framed);
	h2_request_data(&made, bytes, 999);
	h2_request_data(&made, bytes, 1);
	h2_request_data(&made, bytes, 0);
	assert_int_equal(made.refusal.status, 0);
	h2_request_end(&made);
	assert_int_equal(made.request.body_bytes, 1000);
	assert_memory_equal(made.request.body, bytes, 1000);
	h2_request_data(&made, bytes, 1);
	assert_int_equal(made.refusal.status, 413);
	/* What comes after a refusal is let go, and the first reason stays. */
	const size_t held = h2_request_bytes(&made);
	for (int i = 0; i < 100; i++) {
		h2_request_data(&made, bytes, sizeof bytes);
		field(&made, "x", "y");
	}
	assert_int_equal(h2_request_bytes(&made), held);
	assert_int_equal(made.fields, 104);
	assert_refused(&made, 413, "the body is too large");
}

static void who_expects_to_go_on_has_a_body(void **state)
{
	(void)state;
	for (int ended = 0; ended < 2; ended++) {
		struct h2_request made;
		start(&made, "POST", "/");
		field(&made, "expect", "100-Continue");
		h2_request_head(&made, &limits, ended);
		assert_int_equal(made.refusal.status, 0);
		assert_int_equal(made.request.expects_continue, !ended);
		assert_string_equal(made.request.body, "");
		h2_request_done(&made);
	}
}

static void the_first_reason_counts(void **state)
{
	(void)state;
	struct h2_request made;
	start(&made, "BREW", "/a#b");
	field(&made, "host", "other");
	h2_request_head(&made, &limits, true);
	assert_refused(&made, 400, "the request target holds a byte that no URI may hold");
	start(&made, "BREW", "/");
	field(&made, "host", "other");
	h2_request_head(&made, &limits, true);
	assert_refused(&made, 400, "Host and :authority differ");
	start(&made, "BREW", "/");
	field(&made, "host", "A");
	h2_request_head(&made, &limits, true);
	assert_refused(&made, 501, "the method is not known");
	start(&made, "GET", "/");
	field(&made, "host", "a");
	field(&made, "host", "a");
	h2_request_head(&made, &limits, true);
	assert_int_equal(made.refusal.status, 0); /* compared with :authority, both */
	h2_request_done(&made);
}

/* ---- The budget ---- */

static void a_budget_runs_dry_and_stays_dry(void **state)
{
	(void)state;
	struct h2_budget budget;
	h2_budget_init(&budget);
	for (int i = 0; i < H2_BUDGET_MAX / H2_COST_RESET; i++)
		assert_true(h2_budget_take(&budget, H2_COST_RESET));
	assert_int_equal(budget.left, 0);
	assert_false(h2_budget_take(&budget, H2_COST_FRAME));
	/* However long it goes on, it does not wrap round. */
	for (int i = 0; i < 10; i++)
		assert_false(h2_budget_take(&budget, INT32_MAX));
	assert_true(budget.left < 0);
}

static void a_budget_is_never_above_its_most(void **state)
{
	(void)state;
	struct h2_budget budget;
	h2_budget_init(&budget);
	h2_budget_pay(&budget, H2_PAY_ANSWER);
	assert_int_equal(budget.left, H2_BUDGET_MAX);
	assert_true(h2_budget_take(&budget, 25));
	h2_budget_pay(&budget, H2_PAY_ANSWER);
	assert_int_equal(budget.left, H2_BUDGET_MAX - 15);
	h2_budget_pay_bytes(&budget, (size_t)1 << 30);
	assert_int_equal(budget.left, H2_BUDGET_MAX);
}

/* Bytes that come one at a time pay as much as those that come at once. */
static void bytes_are_added_up(void **state)
{
	(void)state;
	struct h2_budget one, many;
	h2_budget_init(&one);
	h2_budget_init(&many);
	assert_true(h2_budget_take(&one, 100) && h2_budget_take(&many, 100));
	for (int i = 0; i < 3 * H2_BYTES_PER_FRAME - 1; i++)
		h2_budget_pay_bytes(&many, 1);
	h2_budget_pay_bytes(&one, 3 * H2_BYTES_PER_FRAME - 1);
	assert_int_equal(one.left, H2_BUDGET_MAX - 98);
	assert_int_equal(many.left, one.left);
	h2_budget_pay_bytes(&many, 1);
	assert_int_equal(many.left, one.left + 1);
	assert_int_equal(many.bytes, 0);
	h2_budget_pay_bytes(&many, 0);
	assert_int_equal(many.left, one.left + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_malformed_costs_its_stream),
		cmocka_unit_test(a_target_is_cut_at_its_first_question_mark),
		cmocka_unit_test(limits_hold_at_their_edges),
		cmocka_unit_test(trailers_count_and_are_let_go),
		cmocka_unit_test(a_body_is_gathered_up_to_its_limit),
		cmocka_unit_test(who_expects_to_go_on_has_a_body),
		cmocka_unit_test(the_first_reason_counts),
		cmocka_unit_test(a_budget_runs_dry_and_stays_dry),
		cmocka_unit_test(a_budget_is_never_above_its_most),
		cmocka_unit_test(bytes_are_added_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
