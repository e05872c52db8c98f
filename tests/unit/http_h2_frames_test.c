/* Frames that RFC 9113 forbids, or allows though they look odd: which end a stream, which the
 * connection, and with which code. */
#include "h2_pair.h"

#define FIELDS " [:status=200] [x-who=me] [content-length=5]; "
#define ONE FIELDS "data 1 5 end; "
#define FIVE FIELDS "data 5 5 end; "
#define SEVEN FIELDS "data 7 5 end; "
#define ANSWER "(GET localhost /) headers 1" ONE
#define BAD_FRAME "goaway 0 last=0 code=1; "
#define BAD_SIZE "goaway 0 last=0 code=6; "
#define BAD_WINDOW "goaway 0 last=0 code=3; "
#define BROKEN "goaway 0 last=1 code=1; "
#define BAD_FIELDS "goaway 0 last=1 code=9; "

enum { ACK = NGHTTP2_FLAG_ACK, PADDED = NGHTTP2_FLAG_PADDED };

struct frame {
	const char *what;
	int type, flags;
	int32_t stream;
	const char *payload;
	size_t bytes;
	const char *said;
};

/* One frame behind the preface and the settings. */
static const struct frame first_frames[] = {
	{ "data of no stream", NGHTTP2_DATA, 0, 0, "x", 1, BAD_FRAME },
	{ "data of a stream that nobody opened", NGHTTP2_DATA, END_STREAM, 1, "x", 1, BAD_FRAME },
	{ "headers of no stream", NGHTTP2_HEADERS, END_HEADERS, 0, "\x82", 1, BAD_FRAME },
	{ "headers of a stream that is ours to open", NGHTTP2_HEADERS, END_HEADERS, 2, "\x82", 1,
		BAD_FRAME },
	{ "headers that no decoder takes", NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 1,
		"\xff\xff\xff\xff\xff", 5, BAD_FIELDS },
	{ "a field that no table has", NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 1, "\xbe", 1,
		BAD_FIELDS },
	{ "more padding than frame", NGHTTP2_DATA, PADDED, 1, "\x09x", 2, BAD_FRAME },
	{ "a continuation of nothing", NGHTTP2_CONTINUATION, END_HEADERS, 1, "\x82", 1, BAD_FRAME },
	{ "a push", NGHTTP2_PUSH_PROMISE, END_HEADERS, 1, "\0\0\0\2\x82", 5, BAD_FRAME },
	{ "a reset of no stream", NGHTTP2_RST_STREAM, 0, 0, "\0\0\0\10", 4, BAD_FRAME },
	{ "a reset of a stream that nobody opened", NGHTTP2_RST_STREAM, 0, 1, "\0\0\0\10", 4,
		BAD_FRAME },
	{ "a short reset", NGHTTP2_RST_STREAM, 0, 1, "\0\0\10", 3, BAD_SIZE },
	{ "settings of a stream", NGHTTP2_SETTINGS, 0, 1, "", 0, BAD_FRAME },
	{ "half a setting", NGHTTP2_SETTINGS, 0, 0, "\0\3\0", 3, BAD_SIZE },
	{ "an acknowledgement that says something", NGHTTP2_SETTINGS, ACK, 0, "\0\3\0\0\0\1", 6,
		BAD_SIZE },
	{ "a push setting that is neither", NGHTTP2_SETTINGS, 0, 0, "\0\2\0\0\0\2", 6, BAD_FRAME },
	{ "a window beyond 2^31 - 1", NGHTTP2_SETTINGS, 0, 0, "\0\4\x80\0\0\0", 6, BAD_WINDOW },
	{ "frames smaller than 16 KiB", NGHTTP2_SETTINGS, 0, 0, "\0\5\0\0\x3f\xff", 6, BAD_FRAME },
	{ "a setting that nobody knows", NGHTTP2_SETTINGS, 0, 0, "\x77\x77\0\0\0\1", 6, "" },
	{ "a ping of a stream", NGHTTP2_PING, 0, 1, "12345678", 8, BAD_FRAME },
	{ "a short ping", NGHTTP2_PING, 0, 0, "1234567", 7, BAD_SIZE },
	{ "a ping", NGHTTP2_PING, 0, 0, "12345678", 8, "ping 0; " },
	{ "an answer to no ping", NGHTTP2_PING, ACK, 0, "12345678", 8, "" },
	{ "a goodbye of a stream", NGHTTP2_GOAWAY, 0, 1, "\0\0\0\0\0\0\0\0", 8, BAD_FRAME },
	{ "a short goodbye", NGHTTP2_GOAWAY, 0, 0, "\0\0\0\0\0\0\0", 7, BAD_SIZE },
	{ "a window of nothing", NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\0", 4, BAD_FRAME },
	{ "a window that overflows", NGHTTP2_WINDOW_UPDATE, 0, 0, "\x7f\xff\xff\xff", 4,
		BAD_WINDOW },
	{ "a short window", NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\1", 3, BAD_SIZE },
	/* RFC 9113 has given priorities up: none is looked at. */
	{ "a priority of no stream", NGHTTP2_PRIORITY, 0, 0, "\0\0\0\0\1", 5, "" },
	{ "a priority of an idle stream", NGHTTP2_PRIORITY, 0, 1, "\0\0\0\0\1", 5, "" },
	{ "a type that nobody knows", 0x77, 0, 0, "anything", 8, "" },
};

static void one_frame_is_taken_or_ends_the_connection(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof first_frames / sizeof *first_frames; i++) {
		const struct frame *frame = &first_frames[i];
		struct pair pair;
		pair_start(&pair);
		put_frame(&pair.input, frame->type, frame->flags, frame->stream, frame->payload,
			frame->bytes);
		const char *said = run(&pair, i % 2 ? 1 : 1 << 24);
		if (strcmp(said, frame->said) != 0)
			fail_msg("%s: said %s, not %s", frame->what, said, frame->said);
		/* What was taken did no harm; what was not was the last. */
		bool over = strstr(frame->said, "goaway");
		assert_int_equal(h2_is_over(pair.h2), over);
		const char *why = "HTTP/2: the client broke the protocol (";
		if (pair.failed != over || (over && strncmp(pair.error.text, why, strlen(why))))
			fail_msg("%s: told as '%s'", frame->what, pair.error.text);
		put_get(&pair.input, 1, "/");
		assert_string_equal(run(&pair, 1 << 24), over ? "" : ANSWER);

		pair_done(&pair);
	}
}

/* What comes late is dropped: its sender need not know yet that the stream is over (5.1).
 * Frames of a stream whose request is complete, and those of a new one. */
static const struct frame later_frames[] = {
	{ "data behind the end", NGHTTP2_DATA, END_STREAM, 1, "x", 1, "" },
	{ "headers behind the end", NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 1, "\x82", 1, "" },
	{ "a smaller number than before", NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 3,
		"\x82\x84\x87\x41\1a", 6, "" },
	{ "a reset behind the end", NGHTTP2_RST_STREAM, 0, 1, "\0\0\0\10", 4, "" },
	{ "a window behind the end", NGHTTP2_WINDOW_UPDATE, 0, 1, "\0\0\0\1", 4, "" },
	{ "a stream that depends on itself", NGHTTP2_HEADERS,
		END_HEADERS | END_STREAM | NGHTTP2_FLAG_PRIORITY, 7,
		"\0\0\0\7\1\x82\x84\x87\x41\1a", 11, "goaway 0 last=5 code=1; " },
	{ "padding", NGHTTP2_HEADERS, END_HEADERS | END_STREAM | PADDED, 7,
		"\2\x82\x84\x87\x41\1a\0\0", 9, "(GET a /) headers 7" SEVEN },
	{ "fields out of the table", NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 7,
		"\x82\x84\x87\x41\1a", 6, "(GET a /) headers 7" SEVEN },
};

static void a_stream_that_is_over_stays_over(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof later_frames / sizeof *later_frames; i++) {
		const struct frame *frame = &later_frames[i];
		struct pair pair;
		pair_start(&pair);
		put_get(&pair.input, 1, "/");
		assert_string_equal(run(&pair, 1 << 24), ANSWER);
		put_get(&pair.input, 5, "/");
		assert_string_equal(run(&pair, 1 << 24), "(GET localhost /) headers 5" FIVE);
		put_frame(&pair.input, frame->type, frame->flags, frame->stream, frame->payload,
			frame->bytes);
		const char *said = run(&pair, 1);
		if (strcmp(said, frame->said) != 0)
			fail_msg("%s: said %s, not %s", frame->what, said, frame->said);
		pair_done(&pair);
	}
}

/* Nothing of another stream, and nothing of another kind, may stand within a header block (6.10).
 */
static void a_header_block_is_not_interrupted(void **state)
{
	(void)state;
	static const struct frame between[] = {
		{ "data", NGHTTP2_DATA, 0, 1, "x", 1, BROKEN },
		{ "a ping", NGHTTP2_PING, 0, 0, "12345678", 8, BROKEN },
		{ "another stream's fields", NGHTTP2_CONTINUATION, END_HEADERS, 3, "\x82", 1,
			BROKEN },
		{ "another request", NGHTTP2_HEADERS, END_HEADERS, 3, "\x82", 1, BROKEN },
		{ "a type that nobody knows", 0x77, 0, 0, "", 0, BROKEN },
		{ "its own fields", NGHTTP2_CONTINUATION, END_HEADERS, 1, "\x84\x87\x41\1a", 5,
			"(GET a /) headers 1" ONE },
	};
	for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
		struct pair pair;
		pair_start(&pair);
		put_frame(&pair.input, NGHTTP2_HEADERS, END_STREAM, 1, "\x82", 1);
		put_frame(&pair.input, between[i].type, between[i].flags, between[i].stream,
			between[i].payload, between[i].bytes);
		const char *said = run(&pair, 1 << 24);
		if (strcmp(said, between[i].said) != 0)
			fail_msg("between %s: said %s", between[i].what, said);
		pair_done(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_frame_is_taken_or_ends_the_connection),
		cmocka_unit_test(a_stream_that_is_over_stays_over),
		cmocka_unit_test(a_header_block_is_not_interrupted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
