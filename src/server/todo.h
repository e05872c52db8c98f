/* The to-do list over HTTP, and who the server thinks is asking. */
#ifndef MTLS_SERVER_TODO_H
#define MTLS_SERVER_TODO_H

#include "server/exchange.h"

void todo_list(struct exchange *exchange);   /* GET /todo?limit=&after= */
void todo_create(struct exchange *exchange); /* POST /todo */
void todo_show(struct exchange *exchange);   /* GET /todo/{id} */
void todo_edit(struct exchange *exchange);   /* PATCH /todo/{id} */
void todo_remove(struct exchange *exchange); /* DELETE /todo/{id} */
void whoami(struct exchange *exchange);      /* GET /whoami */
void handshake(struct exchange *exchange);   /* GET /handshake */

/* ---- What a request asks for (todo_input.c); NULL, or the response that says what is wrong ----
 */

/* Of a POST, or, with `edit`, of a PATCH. *ret->task borrows from *ret_json, the caller's. */
struct http_response *todo_input_write(
	const struct http_request *request, bool edit, struct store_write *ret, json_t **ret_json);

#define TODO_LIMIT_MAX 1000
struct todo_page {
	int64_t after;
	size_t limit;
};
struct http_response *todo_input_page(const struct http_request *request, struct todo_page *ret);

/* The id in /todo/{id}; 0, which no item has, for one that is too large. */
int64_t todo_input_id(const struct http_request *request);

/* ---- Versions as entity tags (todo_version.c) ---- */

#define TODO_TAG_BYTES 64
/* Quoted and strong. As answers name the client, each client has tags of its own. */
void todo_tag(struct exchange *exchange, struct store_version version,
	char target[static TODO_TAG_BYTES]);
/* Whether a GET with these conditions is answered otherwise: 304, 412, or 0. */
int todo_conditions(const struct exchange *exchange, const char *tag);
/* If-Match, of a PATCH or DELETE, into the write. */
void todo_match(struct exchange *exchange, struct store_write *ret);

#endif
