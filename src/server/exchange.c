/* An exchange lives as long as its maker or a handler that has not answered yet holds it. */
#include "server/exchange.h"

struct exchange *exchange_new(const struct routes *routes, const struct exchange_facts *facts,
	exchange_on_answer *answer, void *context)
{
	struct exchange *exchange = memory_object(sizeof *exchange, "an exchange");
	*exchange = (struct exchange){ .references = 1,
		.routes = routes,
		.facts = *facts,
		.answer = answer,
		.context = context };
	return exchange;
}

struct exchange *exchange_hold(struct exchange *exchange)
{
	exchange->references++;
	return exchange;
}

void exchange_release(struct exchange *exchange)
{
	if (!exchange || --exchange->references)
		return;
	for (size_t i = 0; i < exchange->line_count; i++)
		free(exchange->lines[i].text);
	client_shown_free(exchange->shown);
	memory_give(exchange);
}

void exchange_free(struct exchange *exchange)
{
	if (!exchange)
		return;
	exchange->abandoned = true;
	exchange_release(exchange);
}

/* Takes the text. */
static void add_line(struct exchange *exchange, const char *event, char *text)
{
	if (exchange->line_count == EXCHANGE_LINES_MAX)
		bug("a handler with more than %d lines to log", EXCHANGE_LINES_MAX);
	exchange->lines[exchange->line_count++] = (struct exchange_line){ event, text };
}

void exchange_log(struct exchange *exchange, const char *event, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = text_format_list(format, arguments);
	va_end(arguments);
	add_line(exchange, event, text);
}

const struct exchange_line *exchange_lines(const struct exchange *exchange, size_t *ret_count)
{
	*ret_count = exchange->line_count;
	return exchange->lines;
}

void exchange_answer(struct exchange *exchange, struct http_response *response)
{
	if (exchange->answered)
		bug("a handler answered twice");
	exchange->answered = true;
	if (exchange->abandoned)
		http_response_free(response);
	else
		exchange->answer(exchange->context, exchange, response);
}

struct http_response *exchange_json_response(int status, const json_t *json)
{
	struct error error;
	struct http_response *response = http_response_new(status);
	if (!http_response_json(response, json, &error)) {
		http_response_free(response);
		response = http_response_error(500, "the answer does not fit");
	}
	http_response_set(response, "Cache-Control", "no-store");
	return response;
}

void exchange_answer_json(struct exchange *exchange, int status, const json_t *json)
{
	exchange_answer(exchange, exchange_json_response(status, json));
}

const char *exchange_client(const struct exchange *exchange)
{
	const struct identity *identity = exchange->facts.identity;
	return identity ? identity->common_name : NULL;
}

json_t *exchange_client_json(const struct exchange *exchange)
{
	const char *client = exchange_client(exchange);
	return client ? json_string(client) : json_null();
}

struct client_shown *client_shown_new(const struct identity *identity)
{
	const char *name = identity ? identity->common_name : NULL;
	struct client_shown *shown = calloc(1, sizeof *shown);
	OWN(json_t) json_t *json = name ? json_string(name) : json_null();
	if (!shown)
		bug("out of memory for a client's name");
	shown->repr = python_repr(name);
	shown->json = json_dumps(json, JSON_ENCODE_ANY);
	if (!shown->json)
		bug("a client's name is no JSON");
	return shown;
}

void client_shown_free(struct client_shown *shown)
{
	if (!shown)
		return;
	free(shown->repr);
	free(shown->json);
	free(shown);
}

const struct client_shown *exchange_shown(struct exchange *exchange)
{
	if (exchange->facts.shown)
		return exchange->facts.shown;
	exchange->shown = client_shown_new(exchange->facts.identity);
	return exchange->facts.shown = exchange->shown;
}

void exchange_log_client(struct exchange *exchange, const char *doing)
{
	bool known = exchange->facts.identity != NULL;
	add_line(exchange, known ? "authenticated" : "unauthenticated",
		text_join((const char *const[]){
			known ? "AUTHENTICATED | CN=" : "NOT AUTHENTICATED | CN=",
			exchange_shown(exchange)->repr, " | ", doing, NULL }));
}
