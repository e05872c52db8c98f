/* The parser's limits one below, at and one above; ranges against a reader that marks each byte. */
#include "unit.h"

#include "http/http.h"

#include <stdio.h>

/* ---- Limits ---- */

struct sizes {
	size_t target, line, header, lines, body;
};

/* A request whose parts have exactly these sizes; 0 leaves a part out. */
static void make_request(const struct sizes *sizes, struct buffer *ret)
{
	struct error error;
	bool ok = buffer_text(ret, "POST /", &error);
	for (size_t i = 1; i < sizes->target; i++)
		ok &= buffer_text(ret, "t", &error);
	ok &= buffer_text(ret, " HTTP/1.1\r\nHost: h\r\n", &error);
	size_t header = strlen("Host: h\r\n");
	if (sizes->line) {
		ok &= buffer_text(ret, "l:", &error);
		for (size_t i = strlen("l:"); i < sizes->line;
			i++) /* the line end does not count */
			ok &= buffer_text(ret, "v", &error);
		ok &= buffer_text(ret, "\r\n", &error);
	}
	for (size_t i = 1; i < sizes->lines; i++)
		ok &= buffer_text(ret, "n:\r\n", &error);
	/* In lines of ten bytes, the last one as long as is left. */
	while (header < sizes->header) {
		size_t line = sizes->header - header < 20 ? sizes->header - header : 10;
		ok &= buffer_text(ret, "b:", &error);
		for (size_t i = strlen("b:\r\n"); i < line; i++)
			ok &= buffer_text(ret, "v", &error);
		ok &= buffer_text(ret, "\r\n", &error);
		header += line;
	}
	if (sizes->body)
		ok &= buffer_format(ret, &error, "Content-Length: %zu\r\n", sizes->body);
	ok &= buffer_text(ret, "\r\n", &error);
	for (size_t i = 0; i < sizes->body; i++)
		ok &= buffer_text(ret, "b", &error);
	assert_true(ok);
}

enum { WIDE = 10000 };

static const struct {
	const char *name;
	size_t offset_limit, offset_size;
	int status;
	const char *refusal;
} edges[] = {
#define EDGE(limit, size, status, refusal) \
	{ \
#limit, offsetof(struct http_limits, limit), offsetof(struct sizes, size), status, \
			refusal \
	}
	EDGE(target_bytes_max, target, 414, "the request target is too long"),
	EDGE(header_line_bytes_max, line, 431, "a header line is too long"),
	EDGE(header_bytes_max, header, 431, "the header is too large"),
	EDGE(headers_max, lines, 431, "too many header lines"),
	EDGE(body_bytes_max, body, 413, "the body is too large"),
};

/* Whether `bytes` become a request; the refusal else. */
static bool becomes_request(const struct http_limits *limits, const struct buffer *bytes,
	size_t step, int *ret_status, const char **ret_text)
{
	OWN(h1) struct h1 *h1 = h1_new(limits);
	for (size_t at = 0; at < bytes->length;) {
		size_t used, left = bytes->length - at;
		switch (h1_input(h1, bytes->data + at, left < step ? left : step, &used)) {
		case H1_REQUEST:
			return true;
		case H1_REFUSED:
			*ret_status = h1_refusal(h1, ret_text);
			return false;
		case H1_MORE:
		case H1_CONTINUE:
			break;
		}
		at += used;
	}
	fail_msg("neither a request nor refused");
	return false;
}

static void each_limit_is_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
		for (size_t limit = 24; limit <= 200; limit += 88)
			for (size_t size = limit - 1; size <= limit + 1; size++) {
				struct http_limits limits = { WIDE, WIDE, WIDE, WIDE, WIDE };
				struct sizes sizes = { 0 };
				OWN(buffer) struct buffer bytes = BUFFER(65536);
				int status = 0;
				const char *text = "";
				memcpy((char *)&limits + edges[i].offset_limit, &limit,
					sizeof limit);
				memcpy((char *)&sizes + edges[i].offset_size, &size, sizeof size);
				make_request(&sizes, &bytes);
				size_t step = size % 3 ? SIZE_MAX : 1;
				bool taken = becomes_request(&limits, &bytes, step, &status, &text);
				if (taken != (size <= limit))
					fail_msg("%s %zu: %zu is %s", edges[i].name, limit, size,
						taken ? "taken" : text);
				if (!taken && (status != edges[i].status ||
						      strcmp(text, edges[i].refusal) != 0))
					fail_msg("%s: %d %s", edges[i].name, status, text);
			}
}

/* ---- Ranges ---- */

/* Marks in `marks` the bytes that one "first-last" of a file of `size` asks for; false: none. */
static bool mark(char *marks, size_t size, int first, int last)
{
	bool any = false;
	for (int at = 0; at < (int)size; at++) {
		bool wanted = first < 0 ? at >= (int)size - last
					: at >= first && (last < 0 || at <= last);
		if (wanted)
			marks[at]++;
		any |= wanted;
	}
	return any;
}

static void print_range(char *text, size_t bytes, int first, int last)
{
	if (first < 0)
		snprintf(text, bytes, "-%d", last);
	else if (last < 0)
		snprintf(text, bytes, "%d-", first);
	else
		snprintf(text, bytes, "%d-%d", first, last);
}

/* Every pair of ranges of every file of up to six bytes, beside the reader that marks. */
static void every_pair_of_small_ranges(void **state)
{
	(void)state;
	static const struct {
		int first, last;
	} all[] = { { -1, 0 }, { -1, 1 }, { -1, 3 }, { -1, 9 }, { 0, -1 }, { 0, 0 }, { 0, 2 },
		{ 1, 1 }, { 1, 4 }, { 2, -1 }, { 3, 3 }, { 4, 9 }, { 5, 5 }, { 6, -1 }, { 8, 9 } };
	enum { COUNT = sizeof all / sizeof *all };
	for (size_t size = 0; size <= 6; size++)
		for (size_t pair = 0; pair < (size_t)COUNT * COUNT; pair++) {
			const int first_a = all[pair / COUNT].first,
				  last_a = all[pair / COUNT].last;
			const int first_b = all[pair % COUNT].first,
				  last_b = all[pair % COUNT].last;
			char marks[8] = { 0 }, a[32], b[32], value[96];
			print_range(a, sizeof a, first_a, last_a);
			print_range(b, sizeof b, first_b, last_b);
			snprintf(value, sizeof value, "bytes=%s, %s", a, b);
			bool any = mark(marks, size, first_a, last_a);
			any |= mark(marks, size, first_b, last_b);
			enum http_ranges wanted =
				any ? HTTP_RANGES_SOME : HTTP_RANGES_UNSATISFIABLE;
			for (size_t at = 0; at < size; at++)
				if (marks[at] > 1)
					wanted = HTTP_RANGES_NONE; /* they overlap */
			struct http_range found[HTTP_RANGES_MAX];
			size_t count = 99;
			enum http_ranges seen = http_ranges_parse(value, size, found, &count);
			if (seen != wanted)
				fail_msg("%s of %zu: %d", value, size, (int)seen);
			if (seen != HTTP_RANGES_SOME) {
				assert_int_equal(count, 99);
				continue;
			}
			for (size_t i = 0; i < count; i++)
				for (uint64_t at = 0; at < found[i].bytes; at++)
					marks[found[i].first + at]--;
			for (size_t at = 0; at < size; at++)
				if (marks[at])
					fail_msg("%s of %zu: byte %zu", value, size, at);
		}
}

/* ---- Entity tags ---- */

static void a_tag_is_found_wherever_it_stands(void **state)
{
	(void)state;
	static const char *const before[] = { "", "\"x\", ", "W/\"x\",", "\"\", ", "\"a,b\" , ",
		"\"x\",,\t" };
	static const char *const behind[] = { "", ", \"y\"", ",W/\"y\"", " ", " ,\t\"y\"" };
	for (size_t i = 0; i < sizeof before / sizeof *before; i++)
		for (size_t j = 0; j < sizeof behind / sizeof *behind; j++)
			for (int weak = 0; weak < 2; weak++) {
				OWN(char) char *list = text_format(
					"%s%s\"tag\"%s", before[i], weak ? "W/" : "", behind[j]);
				OWN(char) char *other = text_format(
					"%s%s\"tagg\"%s", before[i], weak ? "W/" : "", behind[j]);
				assert_true(http_tag_listed(list, "\"tag\"", true));
				assert_int_equal(http_tag_listed(list, "\"tag\"", false), !weak);
				assert_false(http_tag_listed(other, "\"tag\"", true));
			}
}

/* ---- The head of an answer ---- */

/* Each status with each version and each wish for the connection: one line each, in this order. */
static void heads_of_all_kinds(void **state)
{
	(void)state;
	static const int statuses[] = { 200, 201, 204, 206, 301, 304, 400, 404, 416, 500, 507 };
	static const enum http_version versions[] = { HTTP_1_0, HTTP_1_1 };
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		for (size_t combination = 0; combination < 4; combination++) {
			struct error error;
			const struct http_request request = { .method = "GET",
				.version = versions[combination & 1] };
			bool keep_alive = combination & 2;
			OWN(http_response)
			struct http_response *response = http_response_new(statuses[i]);
			OWN(buffer) struct buffer head = BUFFER(4096);
			assert_true(h1_write_head(
				response, &request, keep_alive, 784111777, &head, &error));
			bool body = http_response_sends_body(response, &request);
			const char *connection = !keep_alive ? "Connection: close\r\n"
						 : request.version == HTTP_1_0
							 ? "Connection: keep-alive\r\n"
							 : "";
			OWN(char) char *expected = text_format(
				"HTTP/1.1 %d %s\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n%s%s\r\n",
				statuses[i], http_status_text(statuses[i]),
				body ? "Content-Length: 0\r\n" : "", connection);
			assert_string_equal(head.data, expected);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_limit_is_exact),
		cmocka_unit_test(every_pair_of_small_ranges),
		cmocka_unit_test(a_tag_is_found_wherever_it_stands),
		cmocka_unit_test(heads_of_all_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
