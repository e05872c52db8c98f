/*
 * Routes: which handler answers a request, and the exchange that carries it from request to answer.
 * No sockets here: a connection of any HTTP version makes an exchange and gets a response.
 *
 *	connection->exchange = exchange_new(routes, &facts, on_answer, connection);
 *	exchange_run(connection->exchange);           the answer may come within this call
 *	...
 *	on_answer(context, exchange, response):       log, send the response, h1_next
 *		exchange_free(exchange);                 may be called in here, too
 *
 * Whoever made an exchange frees it. Freed before its answer it is abandoned: the callback is
 * never called, and a store that answers later finds nobody to tell.
 */
#ifndef MTLS_SERVER_ROUTES_H
#define MTLS_SERVER_ROUTES_H

#include "http/http.h"
#include "store/store.h"
#include "tls/tls.h"

struct files; /* server/files.h */
struct routes;
struct exchange;

/*
 * The table of /todo and /whoami over `store`, and, where `files` is not NULL, that folder at "/"
 * behind them: a file named "todo" at its top is not reachable. Both are borrowed, must outlive it.
 */
struct routes *routes_new(struct store_port *store, const struct files *files);
void routes_free(struct routes *routes);
OWN_DEFINE(routes, struct routes, routes_free);

/* A client's common name, or that there is none, as lines and answers show it. */
struct client_shown {
	char *repr; /* as python_repr */
	size_t repr_bytes;
	char *json;
	uint32_t number; /* tells clients apart, mostly */
};
struct client_shown *client_shown_new(const struct identity *identity);
void client_shown_free(struct client_shown *shown);
OWN_DEFINE(client_shown, struct client_shown, client_shown_free);

/* What a handler may know. Borrowed until the answer or exchange_free, whichever is first. */
struct exchange_facts {
	const struct http_request *request;
	const struct identity *identity;         /* NULL without a verified certificate */
	const struct tls_outcome *tls;           /* NULL where there is none (tests) */
	const struct tls_transcript *transcript; /* NULL: none was kept */
	const struct client_shown *shown;        /* of `identity`; NULL: made when it is needed */
};

/* A line for the log, escaped, without "[SERVER] ": "AUTHENTICATED | CN='a' | creating TODO". */
struct exchange_line {
	const char *event; /* "authenticated", "todo-created" */
	const char *text;
	size_t bytes;
	char *apart; /* the text, where it has memory of its own; else NULL */
};

/* `response` is the callback's to free. It never is NULL. */
typedef void exchange_on_answer(
	void *context, struct exchange *exchange, struct http_response *response);

struct exchange *exchange_new(const struct routes *routes, const struct exchange_facts *facts,
	exchange_on_answer *answer, void *context);
void exchange_run(struct exchange *exchange);
void exchange_free(struct exchange *exchange);

/* What the handler has to say, in order, to be printed behind the REQUEST line. */
const struct exchange_line *exchange_lines(const struct exchange *exchange, size_t *ret_count);

/*
 * Appends up to `bytes_max` more of the response's body to `ret`, from memory or from its file, and
 * moves response->body_read on; *ret_done says whether that was all. ERROR_IO when the file cannot
 * be read or has shrunk: the promised length cannot be kept, so the connection must end.
 */
must_check bool response_read(struct http_response *response, size_t bytes_max, struct buffer *ret,
	bool *ret_done, struct error *reterr);
/*
 * The next bytes of the body, up to `bytes_max`, where they lie in memory: borrowed as long as the
 * response lives, and read, as above. 0 when they are few, or not in memory.
 */
size_t response_lend(
	struct http_response *response, size_t bytes_max, const char **ret, bool *ret_done);

/* `text` as Python's repr() shows a str, NULL as None: CN='mtls-client'. The caller's to free. */
char *python_repr(const char *text);

#endif
