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
		free(exchange->lines[i].apart);
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

void exchange_log_borrowed(
	struct exchange *exchange, const char *event, const char *text, size_t bytes)
{
	if (exchange->line_count == EXCHANGE_LINES_MAX)
		bug("a handler with more than %d lines to log", EXCHANGE_LINES_MAX);
	exchange->lines[exchange->line_count++] =
		(struct exchange_line){ event, text, bytes, NULL };
}

/* Takes the text. */
static void add_line(struct exchange *exchange, const char *event, char *text)
{
	exchange_log_borrowed(exchange, event, text, strlen(text));
	exchange->lines[exchange->line_count - 1].apart = text;
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
	http_response_set(response, HTTP_FIELD_CACHE_CONTROL, "no-store");
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

/* FNV-1a: it need not keep anything secret. */
static uint32_t number_of(const char *client)
{
	uint32_t number = 2166136261U;
	for (; client && *client; client++)
		number = (number ^ (unsigned char)*client) * 16777619U;
	return number;
}

struct client_shown *client_shown_new(const struct identity *identity)
{
	const char *name = identity ? identity->common_name : NULL;
	struct client_shown *shown = calloc(1, sizeof *shown);
	OWN(json_t) json_t *json = name ? json_string(name) : json_null();
	if (!shown)
		bug("out of memory for a client's name");
	shown->repr = python_repr(name);
	shown->repr_bytes = strlen(shown->repr);
	shown->number = number_of(name);
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

const char *exchange_client_event(const struct exchange *exchange)
{
	return exchange->facts.identity ? "authenticated" : "unauthenticated";
}

char *exchange_client_line(struct exchange *exchange, const char *doing)
{
	return text_join((const char *const[]){
		exchange->facts.identity ? "AUTHENTICATED | CN=" : "NOT AUTHENTICATED | CN=",
		exchange_shown(exchange)->repr, " | ", doing, NULL });
}

void exchange_log_client(struct exchange *exchange, const char *doing)
{
	add_line(exchange, exchange_client_event(exchange), exchange_client_line(exchange, doing));
}
