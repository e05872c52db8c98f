/* The exchange as handlers see it: its facts, its log, its answer, and how long it lives. */
#ifndef MTLS_SERVER_EXCHANGE_H
#define MTLS_SERVER_EXCHANGE_H

#include "server/routes.h"

struct routes {
	struct store_port *store;
	const struct files *files;
	struct kept_lists *lists;
};

#define EXCHANGE_LINES_MAX 4

struct exchange {
	unsigned references;
	bool answered, abandoned;
	const struct routes *routes;
	struct client_shown *shown;  /* made here, as nobody had one */
	struct exchange_facts facts; /* dangling once abandoned: a late answer must not look */
	exchange_on_answer *answer;
	void *context;
	struct exchange_line lines[EXCHANGE_LINES_MAX];
	size_t line_count;
	uint64_t began_ns; /* its maker's; 0: nobody asks how long it takes */
};

/* A handler that answers later keeps the exchange alive until it has. */
struct exchange *exchange_hold(struct exchange *exchange);
void exchange_release(struct exchange *exchange);
OWN_DEFINE(exchange, struct exchange, exchange_release);

void exchange_log(struct exchange *exchange, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with a text that the response, or whatever lives as long, holds. */
void exchange_log_borrowed(
	struct exchange *exchange, const char *event, const char *text, size_t bytes);
/* Once. Takes the response; nobody gets it when the exchange was abandoned. */
void exchange_answer(struct exchange *exchange, struct http_response *response);

/* An answer that only this client may see, and nobody may keep. */
struct http_response *exchange_json_response(int status, const json_t *json);
void exchange_answer_json(struct exchange *exchange, int status, const json_t *json);

/* The common name of the verified certificate; NULL when there is none. */
const char *exchange_client(const struct exchange *exchange);
/* It, or null. The caller's to free. */
json_t *exchange_client_json(const struct exchange *exchange);
const struct client_shown *exchange_shown(struct exchange *exchange);
/* "AUTHENTICATED | CN='mtls-client' | serving /todo"; without a certificate it says so. */
void exchange_log_client(struct exchange *exchange, const char *doing);
/* Its two parts: the event, and the text, the caller's to free. */
const char *exchange_client_event(const struct exchange *exchange);
char *exchange_client_line(struct exchange *exchange, const char *doing);

#endif
