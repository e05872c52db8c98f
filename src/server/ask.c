/* The way of a request that the versions of HTTP have in common. */
#include "server/ask.h"

#include "server/host.h"
#include "server/record.h"

struct http_response *ask_check(
	struct connection *connection, const struct http_request *request, const char **ret_refusal)
{
	const struct tls_outcome *outcome = tls_connection_outcome(connection->tls);
	/* A client that agrees on nothing in the handshake speaks HTTP/1 (RFC 7301). */
	if (request->version < connection->worker->settings->limits.http.version_min) {
		*ret_refusal = "only HTTP/2 is spoken here";
		return http_response_error(505, "%s", *ret_refusal);
	}
	if (host_is_server_name(request->authority, outcome->sni))
		return NULL;
	*ret_refusal = "the request's host is not the name that the connection is for";
	return http_response_error(421, "%s", *ret_refusal);
}

struct exchange *ask_new(struct connection *connection, const struct http_request *request,
	exchange_on_answer *answer, void *context)
{
	const struct exchange_facts facts = {
		.request = request,
		.identity = tls_connection_identity(connection->tls),
		.tls = tls_connection_outcome(connection->tls),
	};
	return exchange_new(connection->worker->routes, &facts, answer, context);
}

void ask_record(struct connection *connection, const struct http_request *request,
	const struct exchange *exchange, const char *refusal, int status)
{
	connection->requests++;
	connection->worker->counts.requests++;
	record_request(
		connection->worker, &(struct record_request){
					    .peer = net_stream_peer(connection->stream),
					    .identity = tls_connection_identity(connection->tls),
					    .request = request,
					    .exchange = exchange,
					    .refusal = refusal,
					    .status = status,
				    });
}
