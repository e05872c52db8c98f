/* Responses as a client counts them: where each ends, however the bytes are cut. */
#include "unit.h"

#include "http/http.h"

/* Feeds `text` in pieces of `step`; returns the last event, and how much of it was used. */
static enum h1_answer_event feed(
	struct h1_answers *answers, const char *text, size_t step, size_t *ret_used)
{
	enum h1_answer_event event = H1_ANSWER_MORE;
	size_t length = strlen(text), used;
	*ret_used = 0;
	while (event == H1_ANSWER_MORE && *ret_used < length) {
		size_t left = length - *ret_used;
		event = h1_answers_input(
			answers, text + *ret_used, left < step ? left : step, &used);
		*ret_used += used;
	}
	return event;
}

#define BEHIND "HTTP/1.1 500 Never read\r\n"

static void an_answer_ends_where_it_says(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool head;
		int status;
		bool keep_alive;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, true },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 200, true },
		{ "HTTP/1.1 204 No Content\r\n\r\n", false, 204, true },
		{ "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", false, 304, true },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, 200, true },
		{ "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: "
		  "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			false, 404, true },
		{ "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", false, 200,
			false },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", false, 200, false },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: "
		  "2\r\n\r\nok",
			false, 201, true },
		{ "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 \r\n\r\nHTTP/1.1 200 "
		  "OK\r\nContent-Length: 0\r\n\r\n",
			false, 200, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(char) char *text = text_format("%s" BEHIND, rows[i].text);
		for (size_t step = 1; step < 300; step += step < 20 ? 1 : 93) {
			OWN(h1_answers) struct h1_answers *answers = h1_answers_new();
			size_t used;
			h1_answers_begin(answers, rows[i].head);
			assert_int_equal(feed(answers, text, step, &used), H1_ANSWER_DONE);
			assert_int_equal(used, strlen(rows[i].text));
			assert_int_equal(h1_answers_status(answers), rows[i].status);
			assert_int_equal(h1_answers_keep_alive(answers), rows[i].keep_alive);
		}
	}
}

static void one_after_the_other(void **state)
{
	(void)state;
	OWN(h1_answers) struct h1_answers *answers = h1_answers_new();
	static const char two[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
				  "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nb";
	size_t used, more;
	assert_int_equal(feed(answers, two, 1000, &used), H1_ANSWER_DONE);
	assert_int_equal(h1_answers_status(answers), 200);
	h1_answers_begin(answers, false);
	assert_int_equal(feed(answers, two + used, 1000, &more), H1_ANSWER_DONE);
	assert_int_equal(h1_answers_status(answers), 404);
	assert_int_equal(used + more, strlen(two));
}

static void the_end_of_the_connection(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum h1_answer_event event;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n\r\nuntil the end", H1_ANSWER_DONE },
		{ "HTTP/1.1 200 OK\r\n\r\n", H1_ANSWER_DONE },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", H1_ANSWER_REFUSED },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
			H1_ANSWER_REFUSED },
		{ "HTTP/1.1 200 OK\r\nContent-", H1_ANSWER_REFUSED },
		{ "HTTP/1.1 100 Continue\r\n\r\n", H1_ANSWER_REFUSED },
		{ "", H1_ANSWER_REFUSED },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(h1_answers) struct h1_answers *answers = h1_answers_new();
		size_t used;
		assert_int_equal(feed(answers, rows[i].text, 7, &used), H1_ANSWER_MORE);
		assert_int_equal(h1_answers_end(answers), rows[i].event);
	}
}

static void what_is_no_answer_is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = { "GET / HTTP/1.1\r\n\r\n", "\x15\x03\x01\x02",
		"HTTP/1.1 abc\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n" };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(h1_answers) struct h1_answers *answers = h1_answers_new();
		size_t used;
		assert_int_equal(feed(answers, rows[i], 1, &used), H1_ANSWER_REFUSED);
	}
}

/* A parser that refused, or that was left in the middle, begins anew with the next response. */
static void each_begin_forgets_what_was(void **state)
{
	(void)state;
	static const struct {
		const char *before;
		bool head;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", false },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", false },
		{ "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nany", false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true },
		{ "HTTP/1.1 2", true },
		{ "no HTTP at all\r\n", false },
		{ "", false },
	};
	OWN(h1_answers) struct h1_answers *answers = h1_answers_new();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		static const char next[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\nabc";
		size_t used;
		h1_answers_begin(answers, rows[i].head);
		feed(answers, rows[i].before, 3, &used);
		h1_answers_begin(answers, false);
		assert_int_equal(h1_answers_status(answers), 0);
		assert_int_equal(feed(answers, next, 5, &used), H1_ANSWER_DONE);
		assert_int_equal(used, strlen(next));
		assert_int_equal(h1_answers_status(answers), 202);
		assert_true(h1_answers_keep_alive(answers));
	}
}

/* A body far beyond any buffer is counted, not kept. */
static void a_long_body_is_passed_over(void **state)
{
	(void)state;
	static const char start[] = "HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n";
	static char block[1 << 20];
	OWN(h1_answers) struct h1_answers *answers = h1_answers_new();
	size_t used;
	unsigned long long left = 5000000000;
	assert_int_equal(feed(answers, start, 100, &used), H1_ANSWER_MORE);
	enum h1_answer_event event = H1_ANSWER_MORE;
	while (left && event == H1_ANSWER_MORE) {
		size_t count = left < sizeof block ? (size_t)left : sizeof block;
		event = h1_answers_input(answers, block, count, &used);
		assert_int_equal(used, count);
		left -= count;
	}
	assert_int_equal(event, H1_ANSWER_DONE);
	assert_int_equal(left, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_ends_where_it_says),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(the_end_of_the_connection),
		cmocka_unit_test(what_is_no_answer_is_refused),
		cmocka_unit_test(each_begin_forgets_what_was),
		cmocka_unit_test(a_long_body_is_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
