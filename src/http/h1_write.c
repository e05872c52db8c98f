/* The head of a response, as HTTP/1.1 writes it (RFC 9112 section 4). */
#include "http/h1.h"

/* What all else than fields takes: the status line with the longest text, Date, Content-Length,
 * Connection and the empty line. */
#define FRAME_BYTES_MAX 256

static char *put_status_line(char *to, int status)
{
	char digits[TEXT_DECIMAL_BYTES];
	const char *text = http_status_text(status);
	to = TEXT_PUT(to, "HTTP/1.1 ");
	to = stpcpy(to, text_decimal((uint64_t)status, digits));
	*to++ = ' ';
	return text_put(to, text, strlen(text));
}

static char *put_fields(char *to, const struct http_response *response)
{
	for (size_t i = 0; i < response->field_count; i++) {
		const struct http_field *field = &response->fields[i];
		to = text_put(to, field->name.text, field->name.bytes);
		to = TEXT_PUT(to, ": ");
		to = text_put(to, field->value, field->value_bytes);
		to = TEXT_PUT(to, "\r\n");
	}
	return to;
}

bool h1_write_head(const struct http_response *response, const struct http_request *request,
	bool keep_alive, time_t now, struct buffer *ret, struct error *reterr)
{
	char digits[TEXT_DECIMAL_BYTES], date[CLOCK_HTTP_DATE_BYTES], *start;
	size_t room = FRAME_BYTES_MAX;
	for (size_t i = 0; i < response->field_count; i++)
		room += response->fields[i].name.bytes + response->fields[i].value_bytes + 4;
	if (!buffer_reserve(ret, room, &start, reterr))
		return false;
	char *to = put_status_line(start, response->status);
	to = TEXT_PUT(to, "\r\nDate: ");
	to = stpcpy(to, clock_http_date(now, date));
	to = put_fields(TEXT_PUT(to, "\r\n"), response);
	/* RFC 9110 section 8.6: 204 has none, and 304 would promise the length of a 200. */
	if (http_response_has_length(response)) {
		to = stpcpy(TEXT_PUT(to, "Content-Length: "),
			text_decimal(response->body_bytes, digits));
		to = TEXT_PUT(to, "\r\n");
	}
	/* 1.1 keeps alive unless told otherwise, 1.0 the other way round. */
	if (!keep_alive)
		to = TEXT_PUT(to, "Connection: close\r\n");
	else if (request && request->version == HTTP_1_0)
		to = TEXT_PUT(to, "Connection: keep-alive\r\n");
	to = TEXT_PUT(to, "\r\n");
	ret->length += (size_t)(to - start);
	*to = 0;
	return true;
}
