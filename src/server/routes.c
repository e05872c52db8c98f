/* The table of routes, and what is answered where no route fits. */
#include "server/files.h"
#include "server/todo.h"

static const struct {
	const char *method, *path;
	void (*handler)(struct exchange *exchange);
} table[] = {
	{ "GET", "/todo", todo_list },
	{ "POST", "/todo", todo_create },
	{ "GET", "/whoami", whoami },
};

struct routes *routes_new(struct store_port *store, const struct files *files)
{
	struct routes *routes = calloc(1, sizeof *routes);
	if (!routes)
		bug("out of memory for the routes");
	*routes = (struct routes){ .store = store, .files = files };
	return routes;
}

void routes_free(struct routes *routes)
{
	free(routes);
}

/* `get` and `post`: what the path can do. OPTIONS and HEAD come with that. */
static struct http_response *answer_other_method(
	const struct http_request *request, bool get, bool post)
{
	bool asks = !strcmp(request->method, "OPTIONS");
	struct http_response *response = asks ? http_response_new(204)
					      : http_response_error(405, "%s does not take %s",
							request->path, request->method);
	http_response_set(
		response, "Allow", "%s%sOPTIONS", get ? "GET, HEAD, " : "", post ? "POST, " : "");
	return response;
}

static void run(struct exchange *exchange)
{
	const struct http_request *request = exchange->facts.request;
	const struct files *files = exchange->routes->files;
	const char *method = http_request_is_head(request) ? "GET" : request->method;
	bool get = false, post = false;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (strcmp(request->path, table[i].path) != 0 && strcmp(request->path, "*") != 0)
			continue;
		if (!strcmp(method, table[i].method)) {
			table[i].handler(exchange);
			return;
		}
		get |= !strcmp(table[i].method, "GET");
		post |= !strcmp(table[i].method, "POST");
	}
	if (get || post)
		exchange_answer(exchange, answer_other_method(request, get, post));
	else if (!files)
		exchange_answer(
			exchange, http_response_error(404, "there is no %s", request->path));
	else if (!strcmp(method, "GET"))
		exchange_answer(exchange, files_answer(files, request));
	else
		exchange_answer(exchange, answer_other_method(request, true, false));
}

void exchange_run(struct exchange *exchange)
{
	/* The answer may come within, and whoever gets it may let go of the exchange. */
	exchange_hold(exchange);
	run(exchange);
	exchange_release(exchange);
}
