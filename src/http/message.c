/* Looking into requests, and building responses. */
#include "http/message.h"

#include <unistd.h>

const char *http_request_header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (!strcmp(request->headers[i].name, name))
			return request->headers[i].value;
	return NULL;
}

bool http_request_is_head(const struct http_request *request)
{
	return !strcmp(request->method, "HEAD");
}

struct http_response *http_response_new(int status)
{
	struct http_response *response = calloc(1, sizeof *response);
	if (!response)
		bug("out of memory for a response");
	response->status = status;
	response->fd = -1;
	buffer_init(&response->bytes, HTTP_RESPONSE_BYTES_MAX);
	return response;
}

void http_response_free(struct http_response *response)
{
	if (!response)
		return;
	for (size_t i = 0; i < response->field_count; i++)
		free(response->fields[i].value);
	buffer_done(&response->bytes);
	free(response->spans);
	if (response->fd >= 0)
		close(response->fd);
	if (response->holder)
		response->release(response->holder);
	free(response);
}

bool http_response_set(struct http_response *response, const char *name, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	OWN(char)
	char *value = NULL;
	if (!strchr(format, '%'))
		value = text_copy(format);
	else if (!strcmp(format, "%s"))
		value = text_copy(va_arg(arguments, const char *));
	else
		value = text_format_list(format, arguments);
	va_end(arguments);
	for (const char *at = value; *at; at++)
		if (*at != '\t' && ((unsigned char)*at < 0x20 || *at == 0x7f))
			return false;
	if (response->field_count == HTTP_RESPONSE_FIELDS_MAX)
		bug("a response with more than %d header fields", HTTP_RESPONSE_FIELDS_MAX);
	response->fields[response->field_count++] = (struct http_field){ name, TAKE(value) };
	return true;
}

static void add_span(struct http_response *response, struct http_span span)
{
	struct http_span *spans =
		reallocarray(response->spans, response->span_count + 1, sizeof *response->spans);
	if (!spans)
		bug("out of memory for a response");
	spans[response->span_count++] = span;
	response->spans = spans;
	response->body_bytes += span.bytes;
}

bool http_response_append(
	struct http_response *response, const void *bytes, size_t count, struct error *reterr)
{
	size_t offset = response->bytes.length;
	if (!buffer_append(&response->bytes, bytes, count, reterr))
		return error_context(reterr, "body of a response");
	struct http_span *last =
		response->span_count ? &response->spans[response->span_count - 1] : NULL;
	if (!last || last->in_file) {
		add_span(response, (struct http_span){ false, offset, count });
		return true;
	}
	last->bytes += count;
	response->body_bytes += count;
	return true;
}

void http_response_append_file(struct http_response *response, uint64_t offset, uint64_t bytes)
{
	add_span(response, (struct http_span){ true, offset, bytes });
}

void http_response_file(struct http_response *response, int fd)
{
	if (response->fd >= 0)
		bug("a response with two files");
	response->fd = fd;
}

void http_response_hold(struct http_response *response, const char *file_bytes, void *holder,
	void (*release)(void *holder))
{
	response->file_bytes = file_bytes;
	response->holder = holder;
	response->release = release;
}

bool http_response_json(struct http_response *response, const json_t *json, struct error *reterr)
{
	OWN(buffer) struct buffer text = BUFFER(HTTP_RESPONSE_BYTES_MAX);
	if (!json_text(json, 0, &text, reterr) || !buffer_text(&text, "\n", reterr) ||
		!http_response_append(response, text.data, text.length, reterr))
		return false;
	http_response_set(response, "Content-Type", HTTP_TYPE_JSON);
	return true;
}

struct http_response *http_response_error(int status, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	OWN(char) char *text = text_format_list(format, arguments);
	va_end(arguments);
	struct error error;
	struct http_response *response = http_response_new(status);
	OWN(json_t) json_t *json = json_pack("{s:s}", "error", text);
	if (!json || !http_response_json(response, json, &error))
		bug("the sentence of an error is not UTF-8");
	return response;
}

const char *http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} known[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 301, "Moved Permanently" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 411, "Length Required" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 416, "Range Not Satisfiable" },
		{ 417, "Expectation Failed" },
		{ 421, "Misdirected Request" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
		{ 507, "Insufficient Storage" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].status == status)
			return known[i].text;
	return "";
}

bool http_response_has_length(const struct http_response *response)
{
	return response->status >= 200 && response->status != 204 && response->status != 304;
}

bool http_response_sends_body(
	const struct http_response *response, const struct http_request *request)
{
	return http_response_has_length(response) && !(request && http_request_is_head(request));
}
