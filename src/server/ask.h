/* What a request goes through whatever version of HTTP carried it: checks, handler, record. */
#ifndef MTLS_SERVER_ASK_H
#define MTLS_SERVER_ASK_H

#include "server/connection_parts.h"

/*
 * The answer to a request that comes to no handler, and why; NULL when one may answer it. The text
 * is for the log.
 */
struct http_response *ask_check(struct connection *connection, const struct http_request *request,
	const char **ret_refusal);
/* An exchange for the handler, to be run. */
struct exchange *ask_new(struct connection *connection, const struct http_request *request,
	exchange_on_answer *answer, void *context);
/* Counts and records an answer. `request`, `exchange` and `refusal` may be NULL (record.h). */
void ask_record(struct connection *connection, const struct http_request *request,
	const struct exchange *exchange, const char *refusal, int status);

#endif
