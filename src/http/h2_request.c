/* Fields and data become a request, or a refusal with the status that HTTP/1 would answer. */
#include "http/h2_request.h"

#include "http/h1_library.h"

#include <strings.h>

#define METHOD_BYTES_MAX 32
/* Most requests' fields fit: no growing from 64 bytes up. */
#define TEXT_BYTES_USUAL 512

void h2_request_init(struct h2_request *request, const struct http_limits *limits)
{
	*request = (struct h2_request){ 0 };
	/* Each field has two NULs more than its bytes here, the target stands twice. */
	buffer_init(&request->text, limits->header_bytes_max + 2 * limits->target_bytes_max +
					    2 * limits->headers_max + 256);
	buffer_init(&request->body, limits->body_bytes_max);
}

void h2_request_done(struct h2_request *request)
{
	buffer_done(&request->text);
	buffer_done(&request->body);
	memory_give(request->headers);
	request->headers = NULL;
}

size_t h2_request_bytes(const struct h2_request *request)
{
	return request->text.capacity + request->body.capacity +
	       request->header_count * sizeof *request->headers;
}

/* The first reason counts. */
static void refuse(struct h2_request *request, int status, const char *text)
{
	if (!request->refusal.status)
		request->refusal = (struct h1_refusal){ status, text };
}

static void apply(struct h2_request *request, struct h1_refusal refusal)
{
	if (refusal.status)
		refuse(request, refusal.status, refusal.text);
}

static void keep(struct h2_request *request, const char *text, size_t bytes)
{
	ERROR_UNFILLED struct error error;
	char *room;
	if (!request->text.data && bytes < TEXT_BYTES_USUAL &&
		!buffer_reserve(&request->text, TEXT_BYTES_USUAL, &room, &error))
		refuse(request, 431, "the header is too large");
	else if (!buffer_append(&request->text, text, bytes, &error) ||
		 !buffer_append(&request->text, "", 1, &error))
		refuse(request, 431, "the header is too large");
}

static void keep_pseudo(
	struct h2_request *request, struct h2_place *place, const char *value, size_t bytes)
{
	*place = (struct h2_place){ request->text.length, bytes, true };
	keep(request, value, bytes);
	request->headers_at = request->text.length;
}

/* As "name: value" CR LF would count; :authority stands for Host. */
static bool count_header(struct h2_request *request, const struct http_limits *limits,
	size_t name_bytes, size_t value_bytes)
{
	size_t line = name_bytes + value_bytes + 4;
	request->header_bytes += line;
	if (request->header_bytes > limits->header_bytes_max)
		refuse(request, 431, "the header is too large");
	else if (line > limits->header_line_bytes_max + 2)
		refuse(request, 431, "a header line is too long");
	else if (++request->header_count > limits->headers_max)
		refuse(request, 431, "too many header lines");
	return !request->refusal.status;
}

static bool is_name(const char *name, size_t bytes, const char *wanted)
{
	return strlen(wanted) == bytes && !memcmp(name, wanted, bytes);
}

static void take_pseudo(struct h2_request *request, const struct http_limits *limits,
	const char *name, size_t name_bytes, const char *value, size_t value_bytes)
{
	if (is_name(name, name_bytes, ":method")) {
		if (value_bytes > METHOD_BYTES_MAX)
			refuse(request, 501, "the method is not known");
		else
			keep_pseudo(request, &request->method, value, value_bytes);
	} else if (is_name(name, name_bytes, ":path")) {
		if (value_bytes > limits->target_bytes_max)
			refuse(request, 414, "the request target is too long");
		else
			keep_pseudo(request, &request->path, value, value_bytes);
	} else if (is_name(name, name_bytes, ":authority")) {
		if (!count_header(request, limits, strlen("host"), value_bytes))
			return;
		apply(request, h1_check_field("host", 4, value, value_bytes, &request->framing));
		keep_pseudo(request, &request->authority, value, value_bytes);
	}
}

void h2_request_field(struct h2_request *request, const struct http_limits *limits,
	const char *name, size_t name_bytes, const char *value, size_t value_bytes)
{
	request->fields++;
	if (request->refusal.status)
		return;
	if (*name == ':') {
		take_pseudo(request, limits, name, name_bytes, value, value_bytes);
		return;
	}
	if (!count_header(request, limits, name_bytes, value_bytes))
		return;
	if (request->trailers) {
		if (h1_is_framing(name, name_bytes))
			refuse(request, 400, "a trailer may not change how the message is read");
		return;
	}
	struct h1_framing *framing = &request->framing;
	/* One Host beside :authority is allowed, and compared when both are there. */
	bool again = framing->host && is_name(name, name_bytes, "host");
	if (again)
		framing->host = false;
	apply(request, h1_check_field(name, name_bytes, value, value_bytes, framing));
	keep(request, name, name_bytes);
	keep(request, value, value_bytes);
}

/* Splits :path, whose copy stands behind the fields. */
static void cut_target(struct http_request *request, size_t bytes, char *copy)
{
	memcpy(copy, request->target, bytes + 1);
	char *query = memchr(copy, '?', bytes);
	if (query) {
		*query = 0;
		request->query = query + 1;
	}
	request->path = copy;
}

static const char *at(const struct h2_request *made, const struct h2_place *place)
{
	return place->is ? made->text.data + place->at : NULL;
}

/* The strings of `text` become the request. False: out of memory. */
static bool cut(struct h2_request *made)
{
	struct http_request *request = &made->request;
	ERROR_UNFILLED struct error error;
	char *copy;
	made->headers = memory_take((made->header_count + 1) * sizeof *made->headers);
	if (!made->headers || !buffer_reserve(&made->text, made->path.bytes + 1, &copy, &error))
		return false;
	request->headers = made->headers;
	request->method = at(made, &made->method);
	request->target = at(made, &made->path);
	request->authority = at(made, &made->authority);
	const char *end = made->text.data + made->text.length;
	for (const char *name = made->text.data + made->headers_at; name < end;) {
		const char *value = name + strlen(name) + 1;
		made->headers[request->header_count++] = (struct http_header){ name, value };
		name = value + strlen(value) + 1;
	}
	if (!request->method)
		request->method = "";
	if (!request->target)
		request->target = "";
	cut_target(request, made->path.bytes, copy);
	return true;
}

static void check_head(struct h2_request *made, const struct http_limits *limits)
{
	struct http_request *request = &made->request;
	const char *host = http_request_header(request, "host");
	apply(made, h1_check_target(request->method, strlen(request->method), request->target,
			    made->path.bytes, limits->target_bytes_max));
	if (!request->authority)
		request->authority = host;
	else if (host && strcasecmp(host, request->authority) != 0)
		refuse(made, 400, "Host and :authority differ");
	if (!request->authority)
		refuse(made, 400, "the Host header is missing");
	apply(made, h1_check_framing(&made->framing, HTTP_2, limits->body_bytes_max));
	if (!h1_library_knows(request->method))
		refuse(made, 501, "the method is not known");
}

void h2_request_head(struct h2_request *made, const struct http_limits *limits, bool ended)
{
	struct http_request *request = &made->request;
	made->trailers = true;
	if (made->refusal.status)
		return;
	if (!made->text.length || !cut(made)) {
		refuse(made, 503, "out of memory for the request");
		return;
	}
	check_head(made, limits);
	request->version = HTTP_2;
	request->keep_alive = true;
	request->framed = !ended || made->framing.length;
	request->expects_continue = made->framing.expects_continue && !ended;
	request->body = "";
}

void h2_request_data(struct h2_request *made, const char *bytes, size_t count)
{
	ERROR_UNFILLED struct error error;
	if (made->refusal.status)
		return;
	if (count > made->body.bytes_max - made->body.length)
		refuse(made, 413, "the body is too large");
	else if (!buffer_append(&made->body, bytes, count, &error))
		refuse(made, 503, "out of memory for the request");
}

void h2_request_end(struct h2_request *made)
{
	if (made->body.data)
		made->request.body = made->body.data;
	made->request.body_bytes = made->body.length;
}
