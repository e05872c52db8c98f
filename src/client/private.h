/* What the files of this room share. */
#ifndef MTLS_CLIENT_PRIVATE_H
#define MTLS_CLIENT_PRIVATE_H

#include "client/client.h"
#include "client/curl.h"
#include "client/url.h"

struct client {
	const struct curl *curl;
	CURL *easy;
	struct url url;
	struct curl_slist *resolve;
	struct tls_context *context;
	struct identity *identity;
	struct tls_outcome outcome;
	struct tls_peer peer;
	bool http2;
	bool reached; /* this request has a connection, with or without TLS yet */
	char address[64];
	struct error error; /* what a callback refused; kind ERROR_NONE: nothing */
	char message[CURL_ERROR_SIZE];
};

/* Why libcurl gave up, as our error. Returns false. */
bool client_explain(const struct client *client, CURLcode result, const char *method,
	const struct client_response *response, struct error *reterr);

#endif
