/* The table of routes, and what is answered where no route fits. */
#include "server/files.h"
#include "server/page.h"
#include "server/todo_kept.h"

/* The path of one item, whose number is all digits. */
#define ITEM "/todo/{id}"

static const struct {
	const char *method, *path;
	void (*handler)(struct exchange *exchange);
} table[] = {
	{ "GET", "/todo", todo_list },
	{ "POST", "/todo", todo_create },
	{ "GET", ITEM, todo_show },
	{ "PATCH", ITEM, todo_edit },
	{ "DELETE", ITEM, todo_remove },
	{ "GET", "/whoami", whoami },
	{ "GET", "/handshake", handshake },
};

/* The methods of the table, in the order in which Allow names them. */
static const char *const methods[] = { "GET", "POST", "PATCH", "DELETE" };
enum { METHODS = sizeof methods / sizeof *methods, GET_ONLY = 1 };

struct routes *routes_new(struct store_port *store, const struct files *files)
{
	struct routes *routes = calloc(1, sizeof *routes);
	if (!routes)
		bug("out of memory for the routes");
	*routes = (struct routes){ .store = store, .files = files, .lists = kept_lists_new() };
	return routes;
}

void routes_free(struct routes *routes)
{
	if (routes)
		kept_lists_free(routes->lists);
	free(routes);
}

/* `allowed` has a bit for each of `methods`. OPTIONS and HEAD come with that. */
static struct http_response *answer_other_method(
	const struct http_request *request, unsigned allowed)
{
	bool asks = !strcmp(request->method, "OPTIONS");
	struct http_response *response = asks ? http_response_new(204)
					      : http_response_error(405, "%s does not take %s",
							request->path, request->method);
	char names[100] = "";
	for (size_t i = 0; i < METHODS; i++)
		if (allowed & 1U << i)
			strcat(strcat(names, methods[i]), i ? ", " : ", HEAD, ");
	http_response_set(response, HTTP_FIELD_ALLOW, "%sOPTIONS", names);
	return response;
}

static bool is_path(const char *pattern, const char *path)
{
	size_t fixed = strcspn(pattern, "{");
	if (!pattern[fixed])
		return !strcmp(path, pattern);
	size_t digits = strncmp(path, pattern, fixed) ? 0 : strspn(path + fixed, "0123456789");
	return digits && !path[fixed + digits];
}

static unsigned method_bit(const char *method)
{
	unsigned bit = 0;
	for (size_t i = 0; i < METHODS; i++)
		bit |= !strcmp(method, methods[i]) ? 1U << i : 0;
	return bit;
}

static void run(struct exchange *exchange)
{
	const struct http_request *request = exchange->facts.request;
	const struct files *files = exchange->routes->files;
	const char *method = http_request_is_head(request) ? "GET" : request->method;
	unsigned allowed = 0;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (!is_path(table[i].path, request->path) && strcmp(request->path, "*") != 0)
			continue;
		if (!strcmp(method, table[i].method)) {
			table[i].handler(exchange);
			return;
		}
		allowed |= method_bit(table[i].method);
	}
	if (allowed)
		exchange_answer(exchange, answer_other_method(request, allowed));
	else if (!files && !page_has(request->path))
		exchange_answer(
			exchange, http_response_error(404, "there is no %s", request->path));
	else if (!strcmp(method, "GET"))
		exchange_answer(
			exchange, files ? files_answer(files, request) : page_answer(request));
	else
		exchange_answer(exchange, answer_other_method(request, GET_ONLY));
}

void exchange_run(struct exchange *exchange)
{
	/* The answer may come within, and whoever gets it may let go of the exchange. */
	exchange_hold(exchange);
	run(exchange);
	exchange_release(exchange);
}
