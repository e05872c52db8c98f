/* A server of src/http/h2.h in memory with its client, and what both said, for its tests. */
#ifndef MTLS_TESTS_H2_PAIR_H
#define MTLS_TESTS_H2_PAIR_H

#include "unit.h"

#include "h2_frames.h"

static const struct http_limits limits = {
	.target_bytes_max = 100,
	.header_line_bytes_max = 200,
	.header_bytes_max = 600,
	.headers_max = 10,
	.body_bytes_max = 1000,
};

/* A server with a body of `answer_bytes` for each request, and the client's side of the wire. */
struct pair {
	struct h2 *h2;
	nghttp2_hd_inflater *inflater;
	struct buffer input, output, said; /* said: requests, then frames */
	size_t answer_bytes;
	bool silent, failed; /* silent: answers nothing */
	unsigned resets;     /* malformed requests that are told of */
	uint64_t now_ms;
	struct error error;
};

static inline void pair_start(struct pair *pair)
{
	*pair = (struct pair){ .h2 = h2_new(&limits, read_memory), .answer_bytes = 5 };
	buffer_init(&pair->input, 1 << 24);
	buffer_init(&pair->output, 1 << 24);
	buffer_init(&pair->said, 1 << 24);
	assert_int_equal(nghttp2_hd_inflate_new(&pair->inflater), 0);
	put_start(&pair->input);
}

static inline void pair_done(struct pair *pair)
{
	h2_free(pair->h2);
	nghttp2_hd_inflate_del(pair->inflater);
	buffer_done(&pair->input);
	buffer_done(&pair->output);
	buffer_done(&pair->said);
}

static inline void answer(struct pair *pair, struct h2_stream *stream)
{
	struct error error;
	char *body;
	struct http_response *response = http_response_new(stream->status ? stream->status : 200);
	http_response_set(response, HTTP_NAME("X-Who", "x-who"), "me");
	body = calloc(1, pair->answer_bytes + 1);
	assert_non_null(body);
	assert_true(http_response_append(response, body, pair->answer_bytes, &error));
	free(body);
	h2_answer(pair->h2, stream, response, 0);
}

static inline void say_request(struct pair *pair, const struct h2_stream *stream)
{
	struct error error;
	const struct http_request *request = stream->request;
	bool ok;
	if (stream->status) {
		ok = buffer_format(&pair->said, &error, "(%d %s) ", stream->status, stream->text);
	} else {
		ok = buffer_format(&pair->said, &error, "(%s %s %s%s%s", request->method,
			request->authority, request->path, request->query ? "?" : "",
			request->query ? request->query : "");
		for (size_t i = 0; i < request->header_count; i++)
			ok &= buffer_format(&pair->said, &error, " [%s=%s]",
				request->headers[i].name, request->headers[i].value);
		if (request->framed)
			ok &= buffer_format(&pair->said, &error, " body=%.*s",
				(int)request->body_bytes, request->body);
		ok &= buffer_text(&pair->said, ") ", &error);
	}
	assert_true(ok);
}

static inline void events(struct pair *pair)
{
	struct h2_stream *stream;
	while ((stream = h2_event(pair->h2)) != NULL) {
		if (stream->ended) {
			pair->resets += stream->reset;
			assert_true(!stream->reset || stream->status == 400);
			continue;
		}
		say_request(pair, stream);
		if (!pair->silent)
			answer(pair, stream);
	}
}

/* Feeds what was put into the input, `step` bytes at a time, and gathers what comes back. */
static inline const char *run(struct pair *pair, size_t step)
{
	pair->said.length = pair->output.length = 0;
	for (size_t at = 0; at < pair->input.length && !pair->failed; at += step) {
		size_t count = pair->input.length - at < step ? pair->input.length - at : step;
		pair->failed = !h2_input(pair->h2, pair->input.data + at, count, pair->now_ms);
		if (!pair->failed)
			events(pair);
	}
	pair->input.length = 0;
	if (!pair->failed)
		events(pair);
	while (h2_has_output(pair->h2)) {
		if (h2_output(pair->h2, (size_t)1 << 24, pair->now_ms, &pair->output, &pair->error))
			events(pair);
		else
			pair->failed = true;
	}
	if (pair->failed) /* its last word is said once */
		(void)!h2_output(pair->h2, 1, pair->now_ms, &pair->output, &pair->error);
	transcribe(&pair->said, pair->inflater, pair->output.data, pair->output.length);
	return pair->said.length ? pair->said.data : "";
}

#define GET ":method", "GET", ":scheme", "https", ":authority", "localhost", ":path"
#define POST ":method", "POST", ":scheme", "https", ":authority", "localhost", ":path", "/p"

static inline void put_window(struct buffer *input, int32_t stream, unsigned bytes)
{
	const unsigned char payload[] = { (unsigned char)(bytes >> 24),
		(unsigned char)(bytes >> 16), (unsigned char)(bytes >> 8), (unsigned char)bytes };
	put_frame(input, NGHTTP2_WINDOW_UPDATE, 0, stream, payload, sizeof payload);
}

#endif
