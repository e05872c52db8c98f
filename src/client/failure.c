/* Why a request failed: what TLS saw comes first, then the network, then HTTP. */
#include "client/private.h"

#include <errno.h>
#include <stdio.h>

/* The results behind which the handshake, or a refusal after it, may stand. */
static bool may_be_tls(CURLcode result)
{
	switch ((int)result) {
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_PARTIAL_FILE:
		return true;
	default:
		return false;
	}
}

static bool explain_tls(const struct client *client, long system, struct error *reterr)
{
	const struct tls_failure failure = {
		.has_certificate = client->identity != NULL,
		.outcome = &client->outcome,
		.system = (int)system,
	};
	return tls_explain(&failure, reterr);
}

static bool explain_connect(const struct client *client, long system, struct error *reterr)
{
	if (system == ECONNREFUSED)
		return error_code(reterr, ERROR_NETWORK, CODE_CONNECTION_REFUSED, "%s",
			code_info(CODE_CONNECTION_REFUSED)->text);
	return error_set(reterr, ERROR_NETWORK, "cannot connect: %s",
		system ? strerror((int)system) : client->message);
}

static bool explain_timeout(
	const struct client *client, const struct client_response *response, struct error *reterr)
{
	if (!client->reached)
		return error_set(reterr, ERROR_NETWORK, "the connection took longer than allowed");
	if (!client->outcome.finished)
		return error_code(reterr, ERROR_NETWORK, CODE_HANDSHAKE_TIMEOUT, "%s",
			code_info(CODE_HANDSHAKE_TIMEOUT)->text);
	return error_set(reterr, ERROR_NETWORK, "the %s took longer than allowed",
		response->status ? "rest of the response" : "response");
}

static bool explain(const struct client *client, CURLcode result,
	const struct client_response *response, struct error *reterr)
{
	long system = 0;
	client->curl->easy_getinfo(client->easy, CURLINFO_OS_ERRNO, &system);
	const struct tls_outcome *outcome = &client->outcome;
	bool tls_said = outcome->alert_received >= 0 || outcome->reason || outcome->refused;
	if (may_be_tls(result) && (tls_said || !response->status))
		return explain_tls(client, system, reterr);
	switch ((int)result) {
	case CURLE_COULDNT_RESOLVE_HOST:
		error_code(reterr, ERROR_NETWORK, CODE_HOST_UNKNOWN,
			"cannot find the address of '%s'", client->url.host);
		return error_hint(reterr, "correct the name, or name its address with "
					  "--resolve HOST:PORT:ADDRESS");
	case CURLE_SETOPT_OPTION_SYNTAX: /* found only once it is used */
		return error_set(reterr, ERROR_USAGE,
			"--resolve takes HOST:PORT:ADDRESS with a port and an address in "
			"numbers: %s",
			client->message);
	case CURLE_COULDNT_CONNECT:
		return explain_connect(client, system, reterr);
	case CURLE_OPERATION_TIMEDOUT:
		return explain_timeout(client, response, reterr);
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
		return error_code(reterr, ERROR_NETWORK, CODE_PEER_CLOSED,
			"the server closed the connection in the middle of its response");
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return error_set(
			reterr, ERROR_REFUSED_BY_US, "the answer is no HTTP: %s", client->message);
	default:
		return error_set(reterr, ERROR_NETWORK, "%s",
			*client->message ? client->message : client->curl->easy_strerror(result));
	}
}

bool client_explain(const struct client *client, CURLcode result, const char *method,
	const struct client_response *response, struct error *reterr)
{
	if (client->error.kind != ERROR_NONE)
		*reterr = client->error;
	else
		explain(client, result, response, reterr);
	return error_context(reterr, "cannot %s %s", method, client->url.text);
}

/* Pages that refuse a certificate after a handshake that succeeded (nginx's 495 and 496). */
static const struct {
	const char *page;
	const char *what;
	bool none_sent;
} pages[] = {
	{ "No required SSL certificate was sent", "the server wants a client certificate", true },
	{ "The SSL certificate error", "the server refused the client's certificate", false },
};

bool client_explain_status(
	const struct client *client, const struct client_response *response, struct error *reterr)
{
	error_set(reterr, ERROR_HTTP, "%s answered HTTP %d", client->url.text, response->status);
	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		if (response->status != 400 || !response->body.data ||
			!strstr(response->body.data, pages[i].page))
			continue;
		error_code(reterr, ERROR_HTTP,
			!pages[i].none_sent ? CODE_NONE
			: client->identity  ? CODE_CLIENT_KEY_TYPE
					    : CODE_NO_CLIENT_CERTIFICATE,
			"%s answered HTTP %d: %s", client->url.text, response->status,
			pages[i].what);
		if (!pages[i].none_sent)
			error_hint(reterr,
				"the server verified it after the handshake and does not "
				"say why it refused: its log does (unknown CA, expired, "
				"revoked, wrong extended key usage, ...)");
	}
	return false;
}
