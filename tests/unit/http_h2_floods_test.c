/* HTTP/2 floods from memory: each runs dry, who gets somewhere does not, and broken frames end. */
#include "h2_pair.h"
#include "http/h2_budget.h"

static void flood_ping(struct buffer *input, int i)
{
	(void)i;
	put_frame(input, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void flood_settings(struct buffer *input, int i)
{
	(void)i;
	put_frame(input, NGHTTP2_SETTINGS, 0, 0, "", 0);
}

/* One frame of settings; 17 are twice as many as there are (CVE-2020-11080). */
static void put_settings(struct buffer *input, size_t count)
{
	char many[17 * 6] = { 0 };
	assert_true(count <= 17);
	put_frame(input, NGHTTP2_SETTINGS, 0, 0, many, count * 6);
}

static void flood_reset(struct buffer *input, int i)
{
	const unsigned char cancel[] = { 0, 0, 0, NGHTTP2_CANCEL };
	put_get(input, 2 * i + 1, "/x");
	put_frame(input, NGHTTP2_RST_STREAM, 0, 2 * i + 1, cancel, sizeof cancel);
}

/* The client provokes us into the reset (CVE-2025-8671): a window that overflows. */
static void flood_provoked(struct buffer *input, int i)
{
	const char *const post[] = { POST, NULL };
	put_headers(input, 2 * i + 1, END_HEADERS, post);
	put_window(input, 2 * i + 1, 0x7fffffff);
}

static void flood_window(struct buffer *input, int i)
{
	(void)i;
	put_window(input, 0, 1);
}

static void flood_priority(struct buffer *input, int i)
{
	(void)i;
	put_frame(input, NGHTTP2_PRIORITY, 0, 1, "\0\0\0\0\1", 5);
}

static void flood_unknown(struct buffer *input, int i)
{
	(void)i;
	put_frame(input, 0xbe, 0, 0, "", 0);
}

static void flood_empty_data(struct buffer *input, int i)
{
	const char *const post[] = { POST, NULL };
	if (!i)
		put_headers(input, 1, END_HEADERS, post);
	put_frame(input, NGHTTP2_DATA, 0, 1, "", 0);
}

static void flood_continuation(struct buffer *input, int i)
{
	const char *const get[] = { GET, "/", NULL };
	if (!i)
		put_headers(input, 1, END_STREAM, get);
	put_frame(input, NGHTTP2_CONTINUATION, 0, 1, "", 0);
}

/* Fields by reference to the static table: a byte each. */
static void flood_fields(struct buffer *input, int i)
{
	char many[9000];
	memset(many, 0x80 | 16, sizeof many); /* accept-encoding: gzip, deflate */
	put_frame(input, NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, many, sizeof many);
}

static const struct {
	const char *name;
	void (*put)(struct buffer *input, int i);
	int enough; /* after so many it has ended */
} floods[] = {
	{ "PING", flood_ping, H2_BUDGET_MAX + 2 },
	{ "SETTINGS", flood_settings, H2_BUDGET_MAX + 2 },
	{ "rapid reset", flood_reset, H2_BUDGET_MAX / H2_COST_RESET + 2 },
	{ "provoked resets", flood_provoked, H2_BUDGET_MAX / H2_COST_RESET + 2 },
	{ "WINDOW_UPDATE", flood_window, H2_BUDGET_MAX + 2 },
	{ "PRIORITY", flood_priority, H2_BUDGET_MAX + 2 },
	{ "unknown frames", flood_unknown, H2_BUDGET_MAX + 2 },
	{ "empty DATA", flood_empty_data, H2_BUDGET_MAX + 2 },
	{ "CONTINUATION", flood_continuation, 10 },
	{ "fields", flood_fields, 1 },
};

/* Each flood runs dry although its answers are read; the last word is ENHANCE_YOUR_CALM. */
static void test_floods(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
		struct pair pair;
		const char *said = "";
		pair_start(&pair);
		int sent = 0;
		for (; sent < floods[i].enough && !pair.failed; sent++) {
			floods[i].put(&pair.input, sent);
			said = run(&pair, 1 << 24);
		}
		if (!pair.failed || !strstr(said, "code=11"))
			fail_msg("%s: %d sent, said %s", floods[i].name, sent, said);
		assert_string_equal(
			pair.error.text, "HTTP/2: the client asks for too much on one connection");
		assert_true(h2_is_over(pair.h2));
		assert_false(h2_has_output(pair.h2));
		if (floods[i].enough > 100)
			assert_true(sent > 100); /* and not at once */
		pair_done(&pair);
	}
}

/* The twin: a busy client that does as much, and gets somewhere, is never stopped. */
static void test_busy(void **state)
{
	(void)state;
	struct pair pair;
	pair_start(&pair);
	for (int i = 0; i < 5000; i++) {
		put_get(&pair.input, 2 * i + 1, "/x");
		flood_ping(&pair.input, i);
		flood_window(&pair.input, i);
		if (i % 10 == 0)
			put_settings(&pair.input, (size_t)i % 17);
		run(&pair, 1 << 24);
		assert_false(pair.failed);
	}
	pair_done(&pair);
}

static void test_protocol_errors(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t count;
		const char *said;
	} wrong[] = {
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, "goaway 0 last=0 code=1; " },
		{ "\x16\x03\x01", 3, "goaway 0 last=0 code=1; " },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct pair pair;
		pair_start(&pair);
		pair.input.length = 0;
		put(&pair.input, wrong[i].bytes, wrong[i].count);
		assert_string_equal(run(&pair, 1), wrong[i].said);
		assert_true(pair.failed && h2_is_over(pair.h2));
		pair_done(&pair);
	}
	/* What breaks the rules of frames gets the library's GOAWAY. */
	struct pair pair;
	pair_start(&pair);
	put_frame(&pair.input, NGHTTP2_DATA, 0, 0, "x", 1);
	assert_string_equal(run(&pair, 1 << 24), "goaway 0 last=0 code=1; ");
	assert_true(h2_is_over(pair.h2));
	pair_done(&pair);
	pair_start(&pair);
	put_settings(&pair.input, 17);
	assert_string_equal(run(&pair, 1 << 24), "goaway 0 last=0 code=11; ");
	assert_true(h2_is_over(pair.h2));
	pair_done(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_protocol_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
