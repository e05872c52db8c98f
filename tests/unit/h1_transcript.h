/* What the HTTP/1 parser made of some bytes, as text: for its tests and its fuzz target. */
#ifndef MTLS_TESTS_H1_TRANSCRIPT_H
#define MTLS_TESTS_H1_TRANSCRIPT_H

#include "http/http.h"

#include <assert.h>

static void h1_transcribe(const struct http_request *request, struct buffer *ret)
{
	struct error error;
	bool ok = buffer_format(ret, &error, "%s %s", request->method, request->path);
	if (request->query)
		ok &= buffer_format(ret, &error, "?%s", request->query);
	ok &= buffer_format(ret, &error, " %d %s", (int)request->version,
		request->authority ? request->authority : "-");
	for (size_t i = 0; i < request->header_count; i++)
		if (strcmp(request->headers[i].name, "host") != 0)
			ok &= buffer_format(ret, &error, " [%s=%s]", request->headers[i].name,
				request->headers[i].value);
	if (request->framed) {
		ok &= buffer_text(ret, " body=", &error);
		ok &= buffer_append(ret, request->body, request->body_bytes, &error);
	}
	ok &= buffer_text(ret, request->keep_alive ? "; " : " close; ", &error);
	assert(ok);
}

/* Feeds `bytes`, `step` at a time, and appends each event. */
static void h1_run(const struct http_limits *limits, const char *bytes, size_t count, size_t step,
	struct buffer *ret)
{
	OWN(h1) struct h1 *h1 = h1_new(limits);
	struct error error;
	const char *text;
	while (count) {
		size_t used, given = step < count ? step : count;
		switch (h1_input(h1, bytes, given, &used)) {
		case H1_MORE:
			assert(used == given);
			break;
		case H1_CONTINUE:
			assert(h1_request(h1)->expects_continue);
			assert(h1_stage(h1) == H1_BODY);
			if (!buffer_text(ret, "continue; ", &error))
				return;
			break;
		case H1_REQUEST:
			assert(h1_stage(h1) == H1_DONE);
			h1_transcribe(h1_request(h1), ret);
			h1_next(h1);
			assert(h1_stage(h1) == H1_IDLE);
			break;
		case H1_REFUSED:
			assert(!h1_request(h1));
			if (!buffer_format(ret, &error, "%d ", h1_refusal(h1, &text)) ||
				!buffer_text(ret, text, &error))
				return;
			return;
		}
		assert(used <= given);
		bytes += used;
		count -= used;
	}
	if (h1_stage(h1) != H1_IDLE && !buffer_text(ret, "...", &error))
		return;
}

#endif
