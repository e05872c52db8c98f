/*
 * client: HTTP requests over mutual TLS, and one sentence when one fails. libcurl speaks HTTP; who
 * is trusted, which certificate is shown and why a handshake failed is our tls/. A probe does
 * without libcurl: one connection, looked at closely.
 *
 * This is the room's door.
 */
#ifndef MTLS_CLIENT_CLIENT_H
#define MTLS_CLIENT_CLIENT_H

#include "client/probe.h"
#include "client/url.h"
#include "tls/tls.h"

#define CLIENT_BODY_BYTES_MAX ((size_t)64 << 20)
#define CLIENT_HEADER_BYTES_MAX ((size_t)256 << 10)
#define CLIENT_TIMEOUT_MS 30000
#define CLIENT_CONNECT_MS_MAX 10000

/* One server and what we show it; its connection is kept between requests. Not for two threads. */
struct client;

struct client_options {
	const char *url;            /* [https://]HOST[:PORT][/PATH] */
	struct tls_options tls;     /* the client fills in role and name */
	const char *const *resolve; /* "HOST:PORT:ADDRESS" instead of DNS */
	size_t resolve_count;
	bool http2;      /* and nothing else: nothing is sent to a server that chooses HTTP/1.1 */
	long timeout_ms; /* of a whole request; 0: CLIENT_TIMEOUT_MS */
};

/*
 * ERROR_USAGE for a URL that is none or has no https://, the errors of tls_context_new, ERROR_IO
 * when libcurl is missing or was built on another TLS library. Connects nowhere yet.
 */
must_check bool client_new(
	const struct client_options *options, struct client **ret, struct error *reterr);
void client_free(struct client *client);
OWN_DEFINE(client, struct client, client_free);

struct client_request {
	const char *method;         /* "GET" */
	const char *const *headers; /* "Name: value" */
	size_t headers_count;
	const void *body; /* NULL: none */
	size_t body_bytes;
};

struct client_response {
	int status;            /* 0 until a status line came */
	struct buffer headers; /* the last response's head: status line, fields, empty line */
	struct buffer body;
};
#define CLIENT_RESPONSE \
	{ \
		.headers = BUFFER(CLIENT_HEADER_BYTES_MAX), .body = BUFFER(CLIENT_BODY_BYTES_MAX) \
	}
void client_response_done(struct client_response *response);
static inline void own_client_response(struct client_response *response)
{
	client_response_done(response);
}

/*
 * Sends the request and reads the whole response into `ret`, a fresh CLIENT_RESPONSE. Any status is
 * a success here. A refusal, ours or the server's, is an error with its code (tls_explain); so is a
 * server that closes early. The URL is in the error's text.
 */
must_check bool client_perform(struct client *client, const struct client_request *request,
	struct client_response *ret, struct error *reterr);

/* What the last connection's handshake showed. Borrowed until the next request. */
const struct tls_outcome *client_outcome(const struct client *client);
const struct tls_peer *client_peer(const struct client *client);
/* Our own certificate; NULL without one. Lives as long as the client. */
const struct identity *client_identity(const struct client *client);
/* "127.0.0.1:8443" of the last connection, or "". */
const char *client_address(const struct client *client);

/*
 * A status of 400 or more as an error (ERROR_HTTP). Some servers (nginx) finish the handshake and
 * refuse the certificate with a page: then the code and the hint say so. Returns false.
 */
bool client_explain_status(
	const struct client *client, const struct client_response *response, struct error *reterr);

#endif
