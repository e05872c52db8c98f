/* /todo and its items: the lab's answers and log lines for GET and POST, and more in their manner.
 */
#include "server/todo_kept.h"

#include <inttypes.h>

/* ---- What did not go well ---- */

static struct http_response *failure_response(enum store_status status)
{
	if (status == STORE_FULL)
		return http_response_error(507, "the store is full");
	struct http_response *response = http_response_error(503, "the store failed%s",
		status == STORE_UNKNOWN ? ": whether this was written is not known" : "");
	http_response_set(response, HTTP_FIELD_RETRY_AFTER, "1");
	return response;
}

/* Why, for whoever runs the server: the client is told no more than that. */
static void fail(struct exchange *exchange, enum store_status status, const struct error *failure)
{
	char why[ERROR_TEXT_BYTES];
	text_escape(why, sizeof why, failure->text, strlen(failure->text));
	exchange_log(exchange, "store-failed", "STORE FAILED | %s", why);
	exchange_answer(exchange, failure_response(status));
}

static void answer_absent(struct exchange *exchange)
{
	exchange_answer(exchange,
		http_response_error(404, "there is no %s", exchange->facts.request->path));
}

static void answer_changed(struct exchange *exchange)
{
	exchange_answer(
		exchange, http_response_error(412, "it is not in the version that If-Match names"));
}

/* ---- GET ---- */

static json_t *item_json(const struct store_item *item)
{
	return json_pack("{s:I,s:s,s:b}", "id", (json_int_t)item->id, "task", item->task, "done",
		(int)item->done);
}

/* Whether the request's conditions were the answer. */
static bool answer_conditions(struct exchange *exchange, const char *tag)
{
	int status = todo_conditions(exchange, tag);
	if (status == 412) {
		answer_changed(exchange);
	} else if (status) {
		struct http_response *response = http_response_new(status);
		http_response_set(response, HTTP_FIELD_ETAG, "%s", tag);
		http_response_set(response, HTTP_FIELD_CACHE_CONTROL, "no-store");
		exchange_answer(exchange, response);
	}
	return status != 0;
}

static bool append_text(struct http_response *response, const char *text, struct error *reterr)
{
	return http_response_append(response, text, strlen(text), reterr);
}

static bool append_page(struct http_response *response, struct store_page *page,
	const struct todo_page *asked, struct error *reterr)
{
	const char *text;
	size_t bytes;
	while ((text = store_page_next(page, &bytes)) != NULL)
		if (!http_response_append(response, text, bytes, reterr))
			return false;
	/* RFC 8288 */
	if (page->more)
		http_response_set(response, HTTP_FIELD_LINK,
			"</todo?limit=%zu&after=%" PRId64 ">; rel=\"next\"", asked->limit,
			page->last);
	return http_response_append(response, "\n}\n", 3, reterr);
}

/* The same as answer_list, without making anything anew. */
static void answer_kept(struct exchange *exchange, struct kept_list *kept)
{
	if (answer_conditions(exchange, kept->tag))
		return;
	struct http_response *response = http_response_new(200);
	http_response_hold(response, kept->body, kept_list_hold(kept), kept_list_release);
	http_response_append_file(response, 0, kept->body_bytes);
	http_response_put(
		response, HTTP_FIELD_CONTENT_TYPE, HTTP_TYPE_JSON, strlen(HTTP_TYPE_JSON));
	http_response_put(response, HTTP_FIELD_CACHE_CONTROL, "no-store", strlen("no-store"));
	http_response_put(response, HTTP_FIELD_ETAG, kept->tag, kept->tag_bytes);
	exchange_log_borrowed(
		exchange, exchange_client_event(exchange), kept->line, kept->line_bytes);
	exchange_answer(exchange, response);
}

static void answer_list(
	struct exchange *exchange, const struct store_list *list, const struct todo_page *asked)
{
	struct kept_lists *lists = exchange->routes->lists;
	struct kept_list *kept = kept_lists_get(lists, exchange, store_list_version(list), asked);
	if (kept) {
		answer_kept(exchange, kept);
		return;
	}
	char tag[TODO_TAG_BYTES];
	todo_tag(exchange, store_list_version(list), tag);
	if (answer_conditions(exchange, tag))
		return;
	ERROR_UNFILLED struct error error;
	struct http_response *response = http_response_new(200);
	struct store_page page = store_list_page(list, asked->after, asked->limit);
	if (!append_text(response, "{\n  \"client\": ", &error) ||
		!append_text(response, exchange_shown(exchange)->json, &error) ||
		!append_text(response, ",\n  \"todos\": ", &error) ||
		!append_page(response, &page, asked, &error)) {
		http_response_free(response);
		exchange_answer(exchange, http_response_error(500, "the list does not fit"));
		return;
	}
	http_response_set(response, HTTP_FIELD_CONTENT_TYPE, HTTP_TYPE_JSON);
	http_response_set(response, HTTP_FIELD_CACHE_CONTROL, "no-store");
	http_response_set(response, HTTP_FIELD_ETAG, "%s", tag);
	exchange_log_client(exchange, "serving /todo");
	if (!page.more)
		kept_lists_put(lists, exchange, store_list_version(list), asked, &response->bytes);
	exchange_answer(exchange, response);
}

/* The answer of one item; `message` says what was done with it, NULL for nothing. */
static void answer_item(
	struct exchange *exchange, int status, const char *message, const struct store_item *item)
{
	char tag[TODO_TAG_BYTES];
	todo_tag(exchange, item->version, tag);
	if (!message && answer_conditions(exchange, tag))
		return;
	OWN(json_t) json_t *json = json_pack("{s:o,s:s*,s:o}", "client",
		exchange_client_json(exchange), "message", message, "todo", item_json(item));
	struct http_response *response = exchange_json_response(status, json);
	http_response_set(response, HTTP_FIELD_ETAG, "%s", tag);
	if (status == 201)
		http_response_set(response, HTTP_FIELD_LOCATION, "/todo/%" PRId64, item->id);
	exchange_answer(exchange, response);
}

static void on_list(void *context, struct store_list *list, const struct error *failure)
{
	OWN(exchange) struct exchange *exchange = context;
	struct todo_page page;
	if (exchange->abandoned)
		return;
	if (failure) {
		fail(exchange, STORE_DOWN, failure);
		return;
	}
	struct http_response *refusal = todo_input_page(exchange->facts.request, &page);
	if (refusal)
		exchange_answer(exchange, refusal);
	else
		answer_list(exchange, list, &page);
}

void todo_list(struct exchange *exchange)
{
	store_read(exchange->routes->store, on_list, exchange_hold(exchange));
}

static void on_list_of_one(void *context, struct store_list *list, const struct error *failure)
{
	OWN(exchange) struct exchange *exchange = context;
	if (exchange->abandoned)
		return;
	if (failure) {
		fail(exchange, STORE_DOWN, failure);
		return;
	}
	struct store_item item;
	OWN(char) char *task = NULL;
	if (!store_list_find(list, todo_input_id(exchange->facts.request), &item, &task)) {
		answer_absent(exchange);
		return;
	}
	OWN(char) char *doing = text_format("serving /todo/%" PRId64, item.id);
	exchange_log_client(exchange, doing);
	answer_item(exchange, 200, NULL, &item);
}

void todo_show(struct exchange *exchange)
{
	store_read(exchange->routes->store, on_list_of_one, exchange_hold(exchange));
}

/* ---- Changes ---- */

/* What each change is called: in the log, as the record's event, in its line, in the answer. */
static const struct {
	const char *doing, *event, *line, *message;
	int status;
} changes[] = {
	[STORE_ADD] = { "creating TODO", "todo-created", "TODO CREATED", "TODO item created", 201 },
	[STORE_EDIT] = { "changing TODO", "todo-changed", "TODO CHANGED", "TODO item changed",
		200 },
	[STORE_REMOVE] = { "removing TODO", "todo-removed", "TODO REMOVED", NULL, 204 },
};

static void log_change(
	struct exchange *exchange, enum store_change change, const struct store_item *item)
{
	const char *client = exchange_shown(exchange)->repr;
	OWN(char) char *task = python_repr(item->task);
	exchange_log_client(exchange, changes[change].doing);
	exchange_log(exchange, changes[change].event,
		"%s | CN=%s | item={'id': %" PRId64 ", 'task': %s, 'done': %s}",
		changes[change].line, client, item->id, task, item->done ? "True" : "False");
}

static void on_change(struct exchange *exchange, enum store_change change, enum store_status status,
	const struct store_item *item, const struct error *failure)
{
	if (exchange->abandoned)
		return;
	switch (status) {
	case STORE_DONE:
		log_change(exchange, change, item);
		if (changes[change].message)
			answer_item(
				exchange, changes[change].status, changes[change].message, item);
		else
			exchange_answer(exchange, http_response_new(changes[change].status));
		break;
	case STORE_ABSENT:
		answer_absent(exchange);
		break;
	case STORE_CHANGED:
		answer_changed(exchange);
		break;
	case STORE_INVALID:
	case STORE_FULL:
	case STORE_DOWN:
	case STORE_UNKNOWN:
		fail(exchange, status, failure);
		break;
	}
}

#define ON_CHANGE(name, change) \
	static void name(void *context, enum store_status status, const struct store_item *item, \
		const struct error *failure) \
	{ \
		OWN(exchange) struct exchange *exchange = context; \
		on_change(exchange, change, status, item, failure); \
	}
ON_CHANGE(on_created, STORE_ADD)
ON_CHANGE(on_changed, STORE_EDIT)
ON_CHANGE(on_removed, STORE_REMOVE)

void todo_create(struct exchange *exchange)
{
	OWN(json_t) json_t *json = NULL;
	struct store_write write = { .change = STORE_ADD };
	struct http_response *refusal =
		todo_input_write(exchange->facts.request, false, &write, &json);
	if (refusal)
		exchange_answer(exchange, refusal);
	else
		store_write(exchange->routes->store, &write, on_created, exchange_hold(exchange));
}

void todo_edit(struct exchange *exchange)
{
	OWN(json_t) json_t *json = NULL;
	struct store_write write = { .change = STORE_EDIT,
		.id = todo_input_id(exchange->facts.request) };
	struct http_response *refusal =
		todo_input_write(exchange->facts.request, true, &write, &json);
	if (refusal) {
		/* RFC 5789 section 2.2 */
		if (refusal->status == 415)
			http_response_set(refusal, HTTP_FIELD_ACCEPT_PATCH,
				"application/json, application/merge-patch+json");
		exchange_answer(exchange, refusal);
		return;
	}
	todo_match(exchange, &write);
	store_write(exchange->routes->store, &write, on_changed, exchange_hold(exchange));
}

void todo_remove(struct exchange *exchange)
{
	struct store_write write = { .change = STORE_REMOVE,
		.id = todo_input_id(exchange->facts.request) };
	todo_match(exchange, &write);
	store_write(exchange->routes->store, &write, on_removed, exchange_hold(exchange));
}
