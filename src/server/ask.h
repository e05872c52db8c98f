/* What a request goes through whatever version of HTTP carried it: checks, handler, record. */
#ifndef MTLS_SERVER_ASK_H
#define MTLS_SERVER_ASK_H

#include "server/connection_parts.h"
#include "server/record.h"

/* The answer to a request that comes to no handler, and why, for the log; NULL when one may answer.
 */
struct http_response *ask_check(struct connection *connection, const struct http_request *request,
	struct record_refusal *ret_refusal);
/* An exchange for the handler, to be run. */
struct exchange *ask_new(struct connection *connection, const struct http_request *request,
	exchange_on_answer *answer, void *context);
/* The refusal that is a constant sentence. */
struct record_refusal ask_refusal(const char *text);
/*
 * Counts and records an answer that is about to be sent; with an access log it gets a request id.
 * `request`, `exchange` and `refusal` may be NULL (record.h).
 */
void ask_record(struct connection *connection, const struct http_request *request,
	const struct exchange *exchange, const struct record_refusal *refusal,
	struct http_response *response);

#endif
