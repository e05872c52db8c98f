/*
 * HTTP/2: whatever comes behind a client's preface, whole or byte by byte, limits hold, what is
 * called a request holds nothing that could break out of a line, and what goes out is whole frames.
 */
#include "../unit/h2_frames.h"

#include "http_limits.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_request(const struct http_request *request, struct buffer *said)
{
	struct error error;
	check_text(request->method, 32);
	check_text(request->target, limits.target_bytes_max);
	assert(*request->path == '/' || !strcmp(request->path, "*"));
	assert(request->authority && request->version == HTTP_2);
	assert(request->header_count <= limits.headers_max);
	assert(request->body_bytes <= limits.body_bytes_max);
	for (size_t i = 0; i < request->header_count; i++) {
		check_text(request->headers[i].name, limits.header_line_bytes_max);
		check_text(request->headers[i].value, limits.header_line_bytes_max);
		assert(*request->headers[i].name != ':');
	}
	if (!buffer_format(said, &error, "%s %s %zu; ", request->method, request->target,
		    request->body_bytes))
		bug("%s", error.text);
}

static void run(const char *bytes, size_t count, size_t step, struct buffer *said)
{
	OWN(h2) struct h2 *h2 = h2_new(&limits, read_memory);
	OWN(buffer) struct buffer output = BUFFER((size_t)1 << 24);
	OWN(buffer) struct buffer frames = BUFFER((size_t)1 << 24);
	nghttp2_hd_inflater *inflater;
	struct h2_stream *stream;
	struct error error;
	bool goes_on = h2_input(h2, H2_PREFACE, strlen(H2_PREFACE), 0);
	if (nghttp2_hd_inflate_new(&inflater))
		bug("out of memory");
	for (size_t at = 0; goes_on && at < count; at += step) {
		size_t given = count - at < step ? count - at : step;
		goes_on = h2_input(h2, bytes + at, given, at);
		while (goes_on && (stream = h2_event(h2)) != NULL) {
			if (stream->ended)
				continue;
			assert(!stream->status || (stream->status >= 400 && *stream->text));
			if (!stream->status)
				check_request(stream->request, said);
			h2_answer(h2, stream,
				http_response_error(stream->status ? stream->status : 200, "x"), 0);
		}
	}
	if (!h2_output(h2, SIZE_MAX / 4, 0, &output, &error))
		assert(h2_is_over(h2));
	transcribe(&frames, inflater, output.data, output.length);
	nghttp2_hd_inflate_del(inflater);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(buffer) struct buffer whole = BUFFER((size_t)1 << 24);
	OWN(buffer) struct buffer cut = BUFFER((size_t)1 << 24);
	if (!size)
		return 0;
	run((const char *)data, size, size, &whole);
	run((const char *)data, size, 1, &cut);
	return 0;
}
