/* GET /todo and POST /todo: the lab's answers, rules and log lines. */
#include "server/todo.h"

#include <inttypes.h>
#include <strings.h>

/* Whether the store's callback has no more to do: nobody waits any more, or the store failed. */
static bool is_over(struct exchange *exchange, const struct error *failure)
{
	if (exchange->abandoned)
		return true;
	if (!failure)
		return false;
	bool full = failure->kind == ERROR_LIMIT;
	struct http_response *response = full ? http_response_error(507, "%s", failure->text)
					      : http_response_error(503, "the store failed");
	if (!full)
		http_response_set(response, "Retry-After", "1");
	exchange_answer(exchange, response);
	return true;
}

/* ---- GET ---- */

static void on_list(void *context, const char *list, size_t bytes, const struct error *failure)
{
	OWN(exchange) struct exchange *exchange = context;
	if (is_over(exchange, failure))
		return;
	OWN(json_t) json_t *client = exchange_client_json(exchange);
	OWN(buffer) struct buffer text = BUFFER(4096);
	struct error error;
	struct http_response *response = http_response_new(200);
	if (!buffer_text(&text, "{\n  \"client\": ", &error) ||
		!json_text(client, 0, &text, &error) ||
		!buffer_text(&text, ",\n  \"todos\": ", &error) ||
		!http_response_append(response, text.data, text.length, &error) ||
		!http_response_append(response, list, bytes, &error) ||
		!http_response_append(response, "\n}\n", 3, &error)) {
		http_response_free(response);
		exchange_answer(exchange, http_response_error(500, "the list does not fit"));
		return;
	}
	http_response_set(response, "Content-Type", HTTP_TYPE_JSON);
	http_response_set(response, "Cache-Control", "no-store");
	exchange_log_client(exchange, "serving /todo");
	exchange_answer(exchange, response);
}

void todo_list(struct exchange *exchange)
{
	store_list(exchange->routes->store, on_list, exchange_hold(exchange));
}

/* ---- POST ---- */

/* application/json, with no other charset than UTF-8 (RFC 8259 section 8.1). */
static bool is_json(const char *type)
{
	static const char json[] = "application/json", charset[] = "charset=";
	if (!type || strncasecmp(type, json, strlen(json)) != 0)
		return false;
	type = text_skip_space(type + strlen(json));
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

static struct http_response *check_content(const struct http_request *request)
{
	if (!request->framed)
		return http_response_error(411,
			"the request has neither Content-Length nor chunks: "
			"send a JSON object as its body");
	const char *type = http_request_header(request, "content-type");
	if (is_json(type))
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

static struct http_response *check_fields(const json_t *json, const char **ret_task, bool *ret_done)
{
	if (!json_is_object(json))
		return http_response_error(400, "the body must be a JSON object");
	const json_t *task = json_object_get(json, "task");
	const json_t *done = json_object_get(json, "done");
	if (!task)
		return http_response_error(400, "'task' is missing: it must be a non-empty string");
	if (!json_is_string(task) || is_blank(json_string_value(task)))
		return http_response_error(400, "'task' must be a non-empty string");
	if (json_string_length(task) > STORE_TASK_BYTES_MAX)
		return http_response_error(
			400, "'task' must not be longer than %d bytes", STORE_TASK_BYTES_MAX);
	if (done && !json_is_boolean(done))
		return http_response_error(400, "'done' must be true or false");
	*ret_task = json_string_value(task);
	*ret_done = json_is_true(done);
	return NULL;
}

static void on_item(void *context, const struct store_item *item, const struct error *failure)
{
	OWN(exchange) struct exchange *exchange = context;
	if (is_over(exchange, failure))
		return;
	OWN(char) char *client = python_repr(exchange_client(exchange));
	OWN(char) char *task = python_repr(item->task);
	exchange_log_client(exchange, "creating TODO");
	exchange_log(exchange, "todo-created",
		"TODO CREATED | CN=%s | item={'id': %" PRId64 ", 'task': %s, 'done': %s}", client,
		item->id, task, item->done ? "True" : "False");
	OWN(json_t) json_t *json = json_pack("{s:o,s:s,s:{s:I,s:s,s:b}}", "client",
		exchange_client_json(exchange), "message", "TODO item created", "todo", "id",
		(json_int_t)item->id, "task", item->task, "done", item->done);
	exchange_answer_json(exchange, 201, json);
}

void todo_create(struct exchange *exchange)
{
	OWN(json_t) json_t *json = NULL;
	const char *task = NULL;
	bool done = false;
	struct http_response *refusal = check_content(exchange->facts.request);
	if (!refusal)
		refusal = check_syntax(exchange->facts.request, &json);
	if (!refusal)
		refusal = check_fields(json, &task, &done);
	if (refusal) {
		exchange_answer(exchange, refusal);
		return;
	}
	store_add(exchange->routes->store, task, done, on_item, exchange_hold(exchange));
}
