/* What a request about the to-do list asks for, and each way in which it can be wrong. */
#include "server/todo.h"

#include <strings.h>

/* That media type, with no other charset than UTF-8 (RFC 8259 section 8.1). */
static bool is_type(const char *type, const char *wanted)
{
	static const char charset[] = "charset=";
	if (!type || strncasecmp(type, wanted, strlen(wanted)) != 0)
		return false;
	type = text_skip_space(type + strlen(wanted));
	while (*type == ';') {
		type = text_skip_space(type + 1);
		if (!strncasecmp(type, charset, strlen(charset))) {
			const char *value = type + strlen(charset);
			size_t quoted = *value == '"';
			if (strncasecmp(value + quoted, "utf-8", 5) != 0)
				return false;
			size_t rest = strcspn(value + quoted + 5, "; \t");
			if (rest != quoted)
				return false;
		}
		type = text_skip_space(type + strcspn(type, "; \t"));
	}
	return !*type;
}

/* Whether str.strip() of Python would leave nothing. */
static bool is_blank(const char *text)
{
	static const char *const spaces[] = { "\t", "\n", "\v", "\f", "\r", "\x1c", "\x1d", "\x1e",
		"\x1f", " ", "\xc2\x85", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
		"\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u2028",
		"\u2029", "\u202f", "\u205f", "\u3000" };
	while (*text) {
		size_t i = 0, count = sizeof spaces / sizeof *spaces;
		while (i < count && strncmp(text, spaces[i], strlen(spaces[i])) != 0)
			i++;
		if (i == count)
			return false;
		text += strlen(spaces[i]);
	}
	return true;
}

static struct http_response *check_content(const struct http_request *request, bool edit)
{
	if (!request->framed)
		return http_response_error(411,
			"the request has neither Content-Length nor chunks: "
			"send a JSON object as its body");
	const char *type = http_request_header(request, "content-type");
	/* What a PATCH sends is also a merge patch (RFC 7396): what it names is what it changes. */
	if (is_type(type, "application/json") ||
		(edit && is_type(type, "application/merge-patch+json")))
		return NULL;
	if (!type)
		return http_response_error(
			415, "the Content-Type is missing: send application/json");
	char escaped[200];
	text_escape(escaped, sizeof escaped, type, strlen(type));
	return http_response_error(415,
		"the Content-Type is '%s': send application/json in UTF-8 "
		"(curl -d needs -H 'Content-Type: application/json')",
		escaped);
}

static struct http_response *check_syntax(const struct http_request *request, json_t **ret)
{
	json_error_t error;
	if (!request->body_bytes)
		return http_response_error(400, "the body is empty: send a JSON object");
	json_t *json = json_loadb(request->body, request->body_bytes,
		JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (json) {
		*ret = json;
		return NULL;
	}
	char escaped[300];
	text_escape(escaped, sizeof escaped, error.text, strlen(error.text));
	return http_response_error(400, "the body is not valid JSON: %s (line %d, column %d)",
		escaped, error.line, error.column);
}

static struct http_response *check_fields(const json_t *json, bool edit, struct store_write *ret)
{
	if (!json_is_object(json))
		return http_response_error(400, "the body must be a JSON object");
	const json_t *task = json_object_get(json, "task");
	const json_t *done = json_object_get(json, "done");
	if (!task && !edit)
		return http_response_error(400, "'task' is missing: it must be a non-empty string");
	if (!task && !done)
		return http_response_error(
			400, "'task' and 'done' are missing: nothing is asked for");
	if (task && (!json_is_string(task) || is_blank(json_string_value(task))))
		return http_response_error(400, "'task' must be a non-empty string");
	if (task && json_string_length(task) > STORE_TASK_BYTES_MAX)
		return http_response_error(
			400, "'task' must not be longer than %d bytes", STORE_TASK_BYTES_MAX);
	if (done && !json_is_boolean(done))
		return http_response_error(400, "'done' must be true or false");
	ret->task = json_string_value(task);
	ret->done = done ? json_is_true(done) : -1;
	return NULL;
}

struct http_response *todo_input_write(
	const struct http_request *request, bool edit, struct store_write *ret, json_t **ret_json)
{
	struct http_response *refusal = check_content(request, edit);
	if (!refusal)
		refusal = check_syntax(request, ret_json);
	if (!refusal)
		refusal = check_fields(*ret_json, edit, ret);
	return refusal;
}

int64_t todo_input_id(const struct http_request *request)
{
	long long id;
	return text_number(strrchr(request->path, '/') + 1, 1, INT64_MAX, &id) ? id : 0;
}

/* ---- Queries ---- */

/* Reads NAME=NUMBER at `text`, which is `bytes` long; *seen says that it came before. */
static struct http_response *read_number(const char *text, size_t bytes, const char *name,
	long long min, long long max, bool *seen, long long *ret)
{
	size_t name_bytes = strlen(name);
	if (bytes < name_bytes || strncmp(text, name, name_bytes) != 0)
		return NULL;
	OWN(char) char *value = text_format("%.*s", (int)(bytes - name_bytes), text + name_bytes);
	if (*seen || !text_number(value, min, max, ret))
		return http_response_error(400,
			"'%.*s' of the query must be one number from %lld to %lld",
			(int)name_bytes - 1, name, min, max);
	*seen = true;
	return NULL;
}

struct http_response *todo_input_page(const struct http_request *request, struct todo_page *ret)
{
	long long after = 0, limit = STORE_ITEMS_MAX;
	bool has_after = false, has_limit = false;
	const char *at = request->query;
	while (at && *at) {
		size_t bytes = strcspn(at, "&");
		struct http_response *refusal =
			read_number(at, bytes, "after=", 0, INT64_MAX, &has_after, &after);
		if (!refusal)
			refusal = read_number(
				at, bytes, "limit=", 1, TODO_LIMIT_MAX, &has_limit, &limit);
		if (refusal)
			return refusal;
		at += bytes + (at[bytes] == '&');
	}
	*ret = (struct todo_page){ after, (size_t)limit };
	return NULL;
}
