/* A table with one place for each remainder of the client's number: who comes later takes it. */
#include "server/todo_kept.h"

enum { PLACES = 16 };

struct kept_lists {
	struct kept_list *places[PLACES];
};

struct kept_lists *kept_lists_new(void)
{
	struct kept_lists *lists = calloc(1, sizeof *lists);
	if (!lists)
		bug("out of memory for lists");
	return lists;
}

void kept_lists_free(struct kept_lists *lists)
{
	if (!lists)
		return;
	for (size_t i = 0; i < PLACES; i++)
		kept_list_release(lists->places[i]);
	free(lists);
}

void *kept_list_hold(struct kept_list *list)
{
	list->references++;
	return list;
}

void kept_list_release(void *context)
{
	struct kept_list *list = context;
	if (list && !--list->references)
		free(list);
}

struct kept_list *kept_lists_get(const struct kept_lists *lists, struct exchange *exchange,
	struct store_version version, const struct todo_page *page)
{
	const struct client_shown *client = exchange_shown(exchange);
	struct kept_list *list = lists->places[client->number % PLACES];
	bool same = list && list->version.revision == version.revision &&
		    list->version.epoch == version.epoch && list->page.after == page->after &&
		    list->page.limit == page->limit &&
		    list->known == (exchange->facts.identity != NULL) &&
		    !strcmp(list->client, client->json);
	return same ? list : NULL;
}

static const char *put(char **at, const char *text, size_t bytes)
{
	char *copy = memcpy(*at, text, bytes);
	copy[bytes] = 0;
	*at += bytes + 1;
	return copy;
}

void kept_lists_put(struct kept_lists *lists, struct exchange *exchange,
	struct store_version version, const struct todo_page *page, const struct buffer *body)
{
	const struct client_shown *client = exchange_shown(exchange);
	struct kept_list **place = &lists->places[client->number % PLACES];
	if (body->length > KEPT_BYTES_MAX)
		return;
	OWN(char) char *line = exchange_client_line(exchange, "serving /todo");
	size_t line_bytes = strlen(line), client_bytes = strlen(client->json);
	struct kept_list *list =
		malloc(sizeof *list + body->length + line_bytes + client_bytes + 3);
	if (!list)
		bug("out of memory for a list");
	*list = (struct kept_list){ .references = 1,
		.known = exchange->facts.identity != NULL,
		.version = version,
		.page = *page,
		.body_bytes = body->length,
		.line_bytes = line_bytes };
	char *at = list->bytes;
	list->body = put(&at, body->data, body->length);
	list->line = put(&at, line, line_bytes);
	list->client = put(&at, client->json, client_bytes);
	todo_tag(exchange, version, list->tag);
	list->tag_bytes = strlen(list->tag);
	kept_list_release(*place);
	*place = list;
}
