/* The way of a request that the versions of HTTP have in common. */
#include "server/ask.h"

#include "server/exchange.h"
#include "server/host.h"

#include <stdio.h>

struct record_refusal ask_refusal(const char *text)
{
	struct record_refusal refusal = { .code = CODE_NONE };
	memccpy(refusal.text, text, 0, sizeof refusal.text - 1);
	return refusal;
}

static struct http_response *refuse(
	int status, const char *text, struct record_refusal *ret_refusal)
{
	*ret_refusal = ask_refusal(text);
	return http_response_error(status, "%s", text);
}

/* The client learns that the policy is against it, the log which rule. */
static struct http_response *refuse_by_policy(const struct policy *policy,
	const struct policy_decision *decision, bool anonymous, struct record_refusal *ret_refusal)
{
	struct error error;
	OWN(json_t)
	json_t *body = json_pack("{s:s, s:s}", "error",
		anonymous ? "the server's policy does not allow this without a client certificate"
			  : "the server's policy does not allow this client to do that",
		"code", code_name(CODE_NOT_AUTHORIZED));
	struct http_response *response = http_response_new(403);
	if (!http_response_json(response, body, &error))
		bug("%s", error.text);
	http_response_set(response, HTTP_FIELD_CACHE_CONTROL, "no-store");
	*ret_refusal =
		(struct record_refusal){ .code = CODE_NOT_AUTHORIZED, .rule = decision->rule };
	if (decision->rule)
		snprintf(ret_refusal->text, sizeof ret_refusal->text,
			"not authorized: the rule '%.60s' (%.120s line %zu) denies it",
			decision->rule, policy_path(policy), decision->line);
	else
		snprintf(ret_refusal->text, sizeof ret_refusal->text, "not authorized: %s",
			decision->why);
	return response;
}

struct http_response *ask_check(struct connection *connection, const struct http_request *request,
	struct record_refusal *ret_refusal)
{
	const struct tls_outcome *outcome = tls_connection_outcome(connection->tls);
	/* A client that agrees on nothing in the handshake speaks HTTP/1 (RFC 7301). */
	if (request->version < connection->worker->settings->limits.http.version_min)
		return refuse(505, "only HTTP/2 is spoken here", ret_refusal);
	enum code code = connection_standing(connection);
	if (code != CODE_NONE) {
		connection->keep_alive = false;
		struct http_response *response = refuse(403, code_info(code)->text, ret_refusal);
		ret_refusal->code = code;
		return response;
	}
	if (!host_is_server_name(request->authority, outcome->sni))
		return refuse(421, "the request's host is not the name that the connection is for",
			ret_refusal);
	/* The policy of now, not that of the handshake. */
	const struct policy *policy = connection->worker->snapshot->policy;
	if (!policy)
		return NULL;
	const struct identity *identity = tls_connection_identity(connection->tls);
	struct policy_decision decision =
		policy_decide(policy, identity, request->method, request->path);
	return decision.allowed ? NULL
				: refuse_by_policy(policy, &decision, !identity, ret_refusal);
}

static const struct client_shown *shown(struct connection *connection)
{
	if (!connection->shown)
		connection->shown = client_shown_new(tls_connection_identity(connection->tls));
	return connection->shown;
}

struct exchange *ask_new(struct connection *connection, const struct http_request *request,
	exchange_on_answer *answer, void *context)
{
	const struct exchange_facts facts = {
		.request = request,
		.identity = tls_connection_identity(connection->tls),
		.tls = tls_connection_outcome(connection->tls),
		.transcript = tls_connection_transcript(connection->tls),
		.shown = shown(connection),
	};
	struct exchange *exchange =
		exchange_new(connection->worker->routes, &facts, answer, context);
	if (connection->worker->settings->timed)
		exchange->began_ns = clock_monotonic_ns();
	return exchange;
}

static void log_access(struct connection *connection, const struct http_request *request,
	const struct http_response *response, const char *id, uint64_t took_ns)
{
	struct access_entry entry = {
		.id = id,
		.peer = net_stream_peer(connection->stream),
		.identity = tls_connection_identity(connection->tls),
		.tls = tls_connection_outcome(connection->tls),
		.request = request,
		.status = response->status,
		.bytes = http_response_sends_body(response, request) ? response->body_bytes : 0,
		.duration_ns = took_ns,
		.handshake_ns = connection->requests == 1 ? connection->handshake_ns : 0,
	};
	clock_gettime(CLOCK_REALTIME, &entry.at);
	access_put(connection->worker->settings->access, connection->worker->number, &entry);
}

void ask_record(struct connection *connection, const struct http_request *request,
	const struct exchange *exchange, const struct record_refusal *refusal,
	struct http_response *response)
{
	struct worker *worker = connection->worker;
	uint64_t took_ns = 0;
	char id[REQUEST_ID_BYTES] = "";
	connection->requests++;
	counts_answer(&worker->counts, request ? request->method : NULL, response->status);
	if (exchange && worker->settings->timed) {
		took_ns = clock_monotonic_ns() - exchange->began_ns;
		durations_count(&worker->counts.took, took_ns);
	}
	if (worker->settings->access) {
		http_response_set(
			response, HTTP_FIELD_X_REQUEST_ID, "%s", request_id(&worker->ids, id));
		log_access(connection, request, response, id, took_ns);
	}
	record_request(worker, &(struct record_request){
				       .peer = net_stream_peer(connection->stream),
				       .identity = tls_connection_identity(connection->tls),
				       .shown = shown(connection),
				       .request = request,
				       .exchange = exchange,
				       .refusal = refusal,
				       .status = response->status,
				       .id = *id ? id : NULL,
			       });
}
