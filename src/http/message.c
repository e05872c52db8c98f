/* Looking into requests, and building responses. */
#include "http/message.h"

#include <stddef.h>
#include <unistd.h>

#define BODY_BYTES_USUAL 500

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
	struct http_response *response = memory_object(sizeof *response, "a response");
	memset(response, 0, offsetof(struct http_response, fields));
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
		free(response->fields[i].apart);
	buffer_done(&response->bytes);
	if (response->spans != &response->only_span)
		free(response->spans);
	if (response->fd >= 0)
		close(response->fd);
	if (response->holder)
		response->release(response->holder);
	memory_give(response);
}

/* A copy, within the response if it fits; else *ret_apart is it, too. */
static const char *copy_value(
	struct http_response *response, const char *value, size_t bytes, char **ret_apart)
{
	char *copy = response->text + response->text_bytes;
	if (bytes < sizeof response->text - response->text_bytes)
		response->text_bytes += bytes + 1;
	else
		*ret_apart = copy = memory_object(bytes + 1, "a header field");
	memcpy(copy, value, bytes);
	copy[bytes] = 0;
	return copy;
}

static void add_field(struct http_response *response, const struct http_field *field)
{
	if (response->field_count == HTTP_RESPONSE_FIELDS_MAX)
		bug("a response with more than %d header fields", HTTP_RESPONSE_FIELDS_MAX);
	response->fields[response->field_count++] = *field;
}

void http_response_put(struct http_response *response, struct http_name name, const char *value,
	size_t value_bytes)
{
	add_field(response, &(struct http_field){ name, value, value_bytes, NULL });
}

bool http_response_set(
	struct http_response *response, struct http_name name, const char *format, ...)
{
	struct http_field field = { .name = name, .value = format };
	va_list arguments;
	va_start(arguments, format);
	bool borrowed = !strcmp(format, "%s");
	if (borrowed)
		field.value = va_arg(arguments, const char *);
	else if (strchr(format, '%'))
		field.value = field.apart = text_format_list(format, arguments);
	va_end(arguments);
	field.value_bytes = strlen(field.value);
	if (text_line_bytes(field.value, field.value_bytes) != field.value_bytes) {
		free(field.apart);
		return false;
	}
	if (borrowed)
		field.value = copy_value(response, field.value, field.value_bytes, &field.apart);
	add_field(response, &field);
	return true;
}

static void add_span(struct http_response *response, struct http_span span)
{
	size_t count = response->span_count;
	struct http_span *spans = response->spans;
	if (!count)
		spans = &response->only_span;
	else
		spans = reallocarray(count == 1 ? NULL : spans, count + 1, sizeof *spans);
	if (!spans)
		bug("out of memory for a response");
	if (count == 1)
		spans[0] = response->only_span;
	spans[response->span_count++] = span;
	response->spans = spans;
	response->body_bytes += span.bytes;
}

bool http_response_append(
	struct http_response *response, const void *bytes, size_t count, struct error *reterr)
{
	size_t offset = response->bytes.length;
	char *room;
	/* Small answers fit at once: no growing from 64 bytes up. */
	if (!response->bytes.capacity && count < BODY_BYTES_USUAL &&
		response->bytes.bytes_max > BODY_BYTES_USUAL &&
		!buffer_reserve(&response->bytes, BODY_BYTES_USUAL, &room, reterr))
		return false;
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
	http_response_set(response, HTTP_FIELD_CONTENT_TYPE, HTTP_TYPE_JSON);
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
