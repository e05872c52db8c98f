/*
 * One server, asked through libcurl. By itself libcurl accepts a leaf as trust anchor, reads the
 * system's store and sends no alert 42: our context replaces its store, its verification and its
 * name check, and a request is sent only after our verifier has said yes.
 */
#include "client/private.h"

#include <stdio.h>

/* libcurl has made an SSL_CTX for a connection: from here on it is ours. */
static CURLcode take_over(CURL *easy, void *ssl_ctx, void *argument)
{
	(void)easy;
	struct client *client = argument;
	client->reached = true;
	tls_peer_done(&client->peer);
	tls_outcome_done(&client->outcome);
	if (!tls_context_apply(
		    client->context, ssl_ctx, &client->outcome, &client->peer, &client->error))
		return CURLE_ABORTED_BY_CALLBACK;
	return CURLE_OK;
}

/* Between handshake and request. A libcurl that went around our verifier gets no further. */
static int before_request(
	void *argument, char *remote, char *local, int remote_port, int local_port)
{
	(void)local, (void)local_port;
	struct client *client = argument;
	client->reached = true;
	bool v6 = strchr(remote, ':') != NULL;
	snprintf(client->address, sizeof client->address, "%s%s%s:%d", v6 ? "[" : "", remote,
		v6 ? "]" : "", remote_port);
	if (!client->outcome.finished || !client->outcome.verified)
		error_set(&client->error, ERROR_REFUSED_BY_US,
			"the server's certificate was not verified, so nothing was sent");
	else if (client->http2 && strcmp(client->outcome.alpn, "h2") != 0)
		error_set(&client->error, ERROR_REFUSED_BY_PEER,
			"the server does not speak HTTP/2, so nothing was sent");
	else
		return CURL_PREREQFUNC_OK;
	return CURL_PREREQFUNC_ABORT;
}

/* The server's alert may wait in the socket although writing to it failed. */
static void hear_last_words(struct client *client)
{
	curl_socket_t socket = CURL_SOCKET_BAD;
	if (client->outcome.alert_received >= 0 || !client->outcome.finished)
		return;
	client->curl->easy_getinfo(client->easy, CURLINFO_ACTIVESOCKET, &socket);
	if (socket != CURL_SOCKET_BAD)
		tls_peer_last_words(&client->peer, socket);
}

struct transfer {
	struct client *client;
	struct client_response *response;
};

static size_t keep(struct transfer *transfer, struct buffer *buffer, const char *what,
	const char *data, size_t bytes)
{
	struct error error;
	if (buffer_append(buffer, data, bytes, &error))
		return bytes;
	error_set(&transfer->client->error, ERROR_REFUSED_BY_US,
		"the response's %s is too large: %s", what, error.text);
	return 0;
}

static size_t take_header(char *data, size_t size, size_t count, void *argument)
{
	struct transfer *transfer = argument;
	struct client_response *response = transfer->response;
	size_t bytes = size * count;
	if (bytes > 5 && !memcmp(data, "HTTP/", 5)) {
		long status = 0; /* an interim response (1xx) is followed by another head */
		buffer_done(&response->headers);
		transfer->client->curl->easy_getinfo(
			transfer->client->easy, CURLINFO_RESPONSE_CODE, &status);
		response->status = (int)status;
	}
	return keep(transfer, &response->headers, "head", data, bytes);
}

static size_t take_body(char *data, size_t size, size_t count, void *argument)
{
	struct transfer *transfer = argument;
	return keep(transfer, &transfer->response->body, "body", data, size * count);
}

static struct curl_slist *list_add(
	const struct client *client, struct curl_slist *list, const char *text)
{
	struct curl_slist *longer = client->curl->slist_append(list, text);
	if (!longer)
		bug("out of memory for a list");
	return longer;
}

/* libcurl takes more than the form that we name: "-HOST:PORT" would forget an address again. */
static bool check_resolve(const struct client_options *options, struct error *reterr)
{
	for (size_t i = 0; i < options->resolve_count; i++) {
		const char *text = options->resolve[i], *port = strchr(text, ':');
		if (*text == '-' || !port || !strchr(port + 1, ':'))
			return error_set(reterr, ERROR_USAGE, "'%s' is no HOST:PORT:ADDRESS", text);
	}
	return true;
}

/* Everything that is the same for each request. */
static bool set_up(struct client *client, const struct client_options *options)
{
	const struct curl *curl = client->curl;
	CURL *easy = client->easy;
	bool ok = true;
#define SET(option, value) (ok = ok && curl->easy_setopt(easy, CURLOPT_##option, value) == CURLE_OK)
	SET(URL, client->url.text);
	SET(PATH_AS_IS, 1L);
	SET(PROTOCOLS_STR, "https");
	SET(FOLLOWLOCATION, 0L);
	SET(PROXY, ""); /* not even the environment's */
	SET(NETRC, (long)CURL_NETRC_IGNORED);
	SET(NOSIGNAL, 1L);
	SET(HTTP_VERSION, (long)(client->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	SET(HTTP09_ALLOWED, 0L);
	SET(USERAGENT, "mtls/" MTLS_VERSION);
	SET(ERRORBUFFER, client->message);
	SET(CONNECTTIMEOUT_MS, (long)CLIENT_CONNECT_MS_MAX);
	SET(TIMEOUT_MS, options->timeout_ms ? options->timeout_ms : (long)CLIENT_TIMEOUT_MS);
	/* No store but ours, and no check of libcurl's own: our verifier checks chain and name. */
	SET(CAINFO, NULL);
	SET(CAPATH, NULL);
	SET(SSL_VERIFYPEER, 1L);
	SET(SSL_VERIFYHOST, 0L);
	SET(SSL_SESSIONID_CACHE, 0L);
	SET(SSL_CTX_FUNCTION, take_over);
	SET(SSL_CTX_DATA, client);
	SET(PREREQFUNCTION, before_request);
	SET(PREREQDATA, client);
	SET(HEADERFUNCTION, take_header);
	SET(WRITEFUNCTION, take_body);
	for (size_t i = 0; i < options->resolve_count; i++)
		client->resolve = list_add(client, client->resolve, options->resolve[i]);
	SET(RESOLVE, client->resolve);
	return ok;
}

bool client_new(const struct client_options *options, struct client **ret, struct error *reterr)
{
	OWN(client) struct client *client = calloc(1, sizeof *client);
	if (!client)
		bug("out of memory for a client");
	client->http2 = options->http2;
	tls_outcome_init(&client->outcome);
	if (!curl_load(&client->curl, reterr) || !url_parse(options->url, &client->url, reterr) ||
		!check_resolve(options, reterr))
		return false;
	struct tls_options tls = options->tls;
	tls.server = false;
	if (options->http2) /* as libcurl would say it, so that what we set knows of it */
		tls.alpn = "h2,http/1.1";
	tls.verify.purpose = PURPOSE_SERVER;
	tls.verify.name = client->url.name;
	if (!tls_context_new(&tls, &client->context, reterr))
		return false;
	client->identity = tls_context_identity(client->context);
	client->easy = client->curl->easy_init();
	if (!client->easy || !set_up(client, options))
		return error_set(reterr, ERROR_IO, "this libcurl lacks an option that we need");
	*ret = TAKE(client);
	return true;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	if (client->easy)
		client->curl->easy_cleanup(client->easy); /* uses outcome and context to the end */
	if (client->resolve)
		client->curl->slist_free_all(client->resolve);
	tls_context_free(client->context);
	identity_free(client->identity);
	tls_peer_done(&client->peer);
	tls_outcome_done(&client->outcome);
	url_done(&client->url);
	free(client);
}

/* A header line that cannot smuggle another one in (RFC 9110 sections 5.1 and 5.5). */
static bool is_header(const char *text)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t name = strspn(text, token);
	if (!name || text[name] != ':')
		return false;
	for (const char *c = text + name; *c; c++)
		if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
			return false;
	return true;
}

static bool add_header(
	struct client *client, struct curl_slist **list, const char *text, struct error *reterr)
{
	if (!is_header(text))
		return error_set(
			reterr, ERROR_USAGE, "'%s' is no header of the form 'Name: value'", text);
	/* libcurl takes "Name:" as the wish to leave it out; an empty value is written "Name;". */
	OWN(char) char *line = text_copy(text);
	size_t name = strcspn(line, ":");
	if (!line[name + 1 + strspn(line + name + 1, " \t")])
		memcpy(line + name, ";", 2);
	*list = list_add(client, *list, line);
	return true;
}

static bool has_content_type(const struct client_request *request)
{
	static const char name[] = "content-type:";
	for (size_t i = 0; i < request->headers_count; i++)
		if (!strncasecmp(request->headers[i], name, strlen(name)))
			return true;
	return false;
}

static bool is_method(const char *text)
{
	size_t letters = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");
	return letters && letters < 32 && !text[letters];
}

static bool prepare(struct client *client, const struct client_request *request,
	struct curl_slist *headers, struct transfer *transfer)
{
	const struct curl *curl = client->curl;
	CURL *easy = client->easy;
	bool ok = true;
	SET(HTTPGET, 1L); /* undoes the request before */
	SET(NOBODY, (long)!strcmp(request->method, "HEAD"));
	if (request->body) {
		SET(POST, 1L);
		SET(POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes);
		SET(POSTFIELDS, request->body);
	}
	SET(CUSTOMREQUEST, request->method);
	SET(HTTPHEADER, headers);
	SET(HEADERDATA, transfer);
	SET(WRITEDATA, transfer);
	return ok;
#undef SET
}

bool client_perform(struct client *client, const struct client_request *request,
	struct client_response *ret, struct error *reterr)
{
	if (!is_method(request->method))
		return error_set(reterr, ERROR_USAGE, "'%s' is no HTTP method", request->method);
	/* Left out: libcurl would wait for a "100 Continue", and would call every body a form. */
	struct curl_slist *headers = list_add(client, NULL, "Expect:");
	if (!has_content_type(request))
		headers = list_add(client, headers, "Content-Type:");
	struct transfer transfer = { client, ret };
	bool ok = true;
	CURLcode result = CURLE_OK;
	for (size_t i = 0; ok && i < request->headers_count; i++)
		ok = add_header(client, &headers, request->headers[i], reterr);
	client->error = (struct error){ .kind = ERROR_NONE };
	client->reached = false;
	*client->message = 0;
	if (ok && !prepare(client, request, headers, &transfer))
		ok = error_set(reterr, ERROR_IO, "this libcurl lacks an option that we need");
	if (ok && (result = client->curl->easy_perform(client->easy)) != CURLE_OK) {
		hear_last_words(client);
		ok = client_explain(client, result, request->method, ret, reterr);
	}
	client->curl->slist_free_all(headers);
	return ok;
}

void client_response_done(struct client_response *response)
{
	buffer_done(&response->headers);
	buffer_done(&response->body);
}

const struct tls_outcome *client_outcome(const struct client *client)
{
	return &client->outcome;
}

const struct tls_peer *client_peer(const struct client *client)
{
	return &client->peer;
}

const struct identity *client_identity(const struct client *client)
{
	return client->identity;
}

const char *client_address(const struct client *client)
{
	return client->address;
}
