/* Reading a request's headers and body from the command line. */
#include "cmd/payload.h"

#include "client/client.h"

#include <strings.h>

static bool read_body(struct args *args, struct payload *payload, struct error *reterr)
{
	const char *text = args_text(args, "data");
	if (!payload->method)
		payload->method = text ? "POST" : "GET";
	if (!text)
		return true;
	payload->body = (struct buffer)BUFFER(CLIENT_BODY_BYTES_MAX);
	if (*text == '@')
		return file_read(text + 1, &payload->body, reterr);
	return buffer_text(&payload->body, text, reterr) || error_context(reterr, "--data");
}

/* What the body is, unless a -H says so: JSON when it reads as JSON. */
static const char *content_type(const struct payload *payload)
{
	OWN(json_t) json_t *json =
		json_loadb(payload->body.data, payload->body.length, JSON_REJECT_DUPLICATES, NULL);
	return json ? "Content-Type: application/json" : "Content-Type: application/octet-stream";
}

static bool read_operands(const struct args *args, struct payload *payload, struct error *reterr)
{
	bool two = args_count(args) == 2;
	payload->method = two ? args_operand(args, 0) : NULL;
	payload->url = args_operand(args, two);
	/* A method alone reads like the name of a host. */
	if (two || !payload->url ||
		payload->url[strspn(payload->url, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return true;
	error_set(reterr, ERROR_USAGE, "'%s' is a method, and the URL is missing", payload->url);
	return error_hint(reterr, "if it is a host, write https://%s", payload->url);
}

bool payload_read(struct args *args, struct payload *ret, struct error *reterr)
{
	static const char type[] = "content-type:";
	size_t count;
	bool typed = false;
	if (!read_operands(args, ret, reterr) || !read_body(args, ret, reterr))
		return false;
	const char *const *given = args_list(args, "header", &count);
	ret->headers = calloc(count + 1, sizeof *ret->headers);
	if (!ret->headers)
		bug("out of memory for headers");
	for (size_t i = 0; i < count; i++) {
		ret->headers[i] = given[i];
		typed = typed || !strncasecmp(given[i], type, strlen(type));
	}
	if (ret->body.data && !typed)
		ret->headers[count++] = content_type(ret);
	ret->headers_count = count;
	return true;
}

void payload_done(struct payload *payload)
{
	buffer_done(&payload->body);
	free(payload->headers);
}
