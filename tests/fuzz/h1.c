/*
 * HTTP/1 requests: whatever comes, the parser says the same of it whole and byte by byte, it keeps
 * its limits, and what it calls a request holds nothing that could break out of a line.
 */
#include "../unit/h1_transcript.h"

#include "http_limits.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_request(const struct http_request *request)
{
	check_text(request->method, 32);
	check_text(request->target, limits.target_bytes_max);
	check_text(request->path, limits.target_bytes_max);
	assert(*request->path == '/' || !strcmp(request->path, "*"));
	if (request->query)
		check_text(request->query, limits.target_bytes_max);
	assert(request->authority || request->version == HTTP_1_0);
	assert(request->header_count <= limits.headers_max);
	assert(request->body_bytes <= limits.body_bytes_max);
	int hosts = 0, lengths = 0, encodings = 0;
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];
		check_text(header->name, limits.header_line_bytes_max);
		check_text(header->value, limits.header_line_bytes_max);
		assert(*header->name && !strpbrk(header->name, " \t:ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
		hosts += !strcmp(header->name, "host");
		lengths += !strcmp(header->name, "content-length");
		encodings += !strcmp(header->name, "transfer-encoding");
	}
	assert(hosts <= 1 && lengths + encodings <= 1);
	assert(request->framed == (lengths + encodings == 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	OWN(buffer) struct buffer whole = BUFFER((size_t)1 << 24);
	OWN(buffer) struct buffer cut = BUFFER((size_t)1 << 24);
	OWN(buffer) struct buffer threes = BUFFER((size_t)1 << 24);
	h1_run(&limits, bytes, size, SIZE_MAX, &whole);
	h1_run(&limits, bytes, size, 1, &cut);
	h1_run(&limits, bytes, size, 3, &threes);
	assert(whole.length == cut.length && whole.length == threes.length);
	assert(!whole.length || !memcmp(whole.data, cut.data, whole.length));
	assert(!whole.length || !memcmp(whole.data, threes.data, whole.length));

	OWN(h1) struct h1 *h1 = h1_new(&limits);
	while (size) {
		size_t used;
		enum h1_event event = h1_input(h1, bytes, size, &used);
		if (event == H1_REFUSED) {
			const char *text;
			int status = h1_refusal(h1, &text);
			assert(status >= 400 && *http_status_text(status) && *text);
			break;
		}
		if (event == H1_REQUEST) {
			check_request(h1_request(h1));
			h1_next(h1);
		}
		bytes += used;
		size -= used;
	}
	return 0;
}
