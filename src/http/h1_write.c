/* The head of a response, as HTTP/1.1 writes it (RFC 9112 section 4). */
#include "http/h1.h"

#include <inttypes.h>

bool h1_write_head(const struct http_response *response, const struct http_request *request,
	bool keep_alive, time_t now, struct buffer *ret, struct error *reterr)
{
	char date[CLOCK_HTTP_DATE_BYTES];
	if (!buffer_format(ret, reterr, "HTTP/1.1 %d %s\r\nDate: %s\r\n", response->status,
		    http_status_text(response->status), clock_http_date(now, date)))
		return false;
	for (size_t i = 0; i < response->field_count; i++)
		if (!buffer_format(ret, reterr, "%s: %s\r\n", response->fields[i].name,
			    response->fields[i].value))
			return false;
	/* RFC 9110 section 8.6: 204 has none, and 304 would promise the length of a 200. */
	if (http_response_has_length(response) &&
		!buffer_format(
			ret, reterr, "Content-Length: %" PRIu64 "\r\n", response->body_bytes))
		return false;
	/* 1.1 keeps alive unless told otherwise, 1.0 the other way round. */
	const char *connection = "";
	if (!keep_alive)
		connection = "Connection: close\r\n";
	else if (request && request->version == HTTP_1_0)
		connection = "Connection: keep-alive\r\n";
	return buffer_format(ret, reterr, "%s\r\n", connection);
}
