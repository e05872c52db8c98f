/*
 * Two connections in memory, a server's and a client's, that talk to each other; and the good
 * certificates with which they would get on.
 */
#ifndef MTLS_TESTS_TLS_PAIR_H
#define MTLS_TESTS_TLS_PAIR_H

#include "certs.h"

#include "tls/tls.h"

static struct made *ca, *other_ca;
static const char *ca_path, *server_cert, *server_key, *good_cert, *good_key, *crl_path;
static const enum tls_version versions[] = { TLS_1_2, TLS_1_3 };

struct pair {
	struct tls_context *server_context, *client_context;
	struct tls_connection *server, *client;
	size_t step; /* bytes fed at a time; 0: all that there are */
	enum tls_status server_status, client_status;
	struct error server_error, client_error;
};

static inline struct tls_options server_options(void)
{
	static const char *ca_list[1], *crl_list[1];
	ca_list[0] = ca_path;
	crl_list[0] = crl_path;
	return (struct tls_options){
		.server = true,
		.cert = server_cert,
		.key = server_key,
		.ca = ca_list,
		.ca_count = 1,
		.crl = crl_list,
		.crl_count = crl_path ? 1 : 0,
		.verify = { .profile = PROFILE_MTLS,
			.purpose = PURPOSE_CLIENT,
			.at = NOW,
			.depth_max = -1 },
		.alpn = "http/1.1",
	};
}

static inline struct tls_options client_options(
	const char *cert, const char *key, enum tls_version version)
{
	static const char *ca_list[1];
	ca_list[0] = ca_path;
	return (struct tls_options){
		.cert = cert,
		.key = key,
		.ca = ca_list,
		.ca_count = 1,
		.verify = { .profile = PROFILE_MTLS,
			.purpose = PURPOSE_SERVER,
			.name = "DNS:localhost",
			.at = NOW,
			.depth_max = -1 },
		.version_max = version,
		.alpn = "http/1.1",
	};
}

/* The contexts alone, which a test may change before there is a connection. */
static inline void pair_contexts(
	struct pair *pair, const struct tls_options *server, const struct tls_options *client)
{
	struct error error = { 0 };
	*pair = (struct pair){ .server_status = TLS_WANT_INPUT, .client_status = TLS_WANT_INPUT };
	if (!tls_context_new(server, &pair->server_context, &error) ||
		!tls_context_new(client, &pair->client_context, &error))
		fail_msg("%s", error.text);
}

static inline void pair_connect(struct pair *pair)
{
	pair->server = tls_connection_new(pair->server_context);
	pair->client = tls_connection_new(pair->client_context);
}

static inline void pair_init(
	struct pair *pair, const struct tls_options *server, const struct tls_options *client)
{
	pair_contexts(pair, server, client);
	pair_connect(pair);
}

static inline void pair_done(struct pair *pair)
{
	tls_connection_free(pair->server);
	tls_connection_free(pair->client);
	tls_context_free(pair->server_context);
	tls_context_free(pair->client_context);
}

/* Moves what one side has to say to the other; false when it says nothing. */
static inline bool move(struct pair *pair, struct tls_connection *from, struct tls_connection *to,
	enum tls_status *status, struct error *error)
{
	size_t count;
	const char *bytes = tls_connection_output(from, &count);
	if (!count)
		return false;
	size_t step = pair->step ? pair->step : count;
	for (size_t at = 0; at < count; at += step) {
		size_t now = count - at < step ? count - at : step;
		if (*status != TLS_FAILED && *status != TLS_CLOSED)
			*status = tls_connection_input(to, bytes + at, now, error);
	}
	tls_connection_sent(from, count);
	return true;
}

static inline void pair_talk(struct pair *pair)
{
	bool any;
	do {
		any = move(pair, pair->client, pair->server, &pair->server_status,
			&pair->server_error);
		any |= move(pair, pair->server, pair->client, &pair->client_status,
			&pair->client_error);
	} while (any);
}

static inline void pair_handshake(struct pair *pair)
{
	pair->client_status = tls_connection_input(pair->client, NULL, 0, &pair->client_error);
	pair_talk(pair);
	/* What came after the client's own end of the handshake, as with TLS 1.3. */
	char byte;
	size_t count;
	if (pair->client_status == TLS_READY)
		pair->client_status =
			tls_connection_read(pair->client, &byte, 1, &count, &pair->client_error);
}

/* `ca`'s server and client as files, under the names that the options above use. */
static inline void pair_write(const struct made *server, const struct made *client)
{
	ca_path = WRITE("ca.crt", ca->certificate);
	server_cert = WRITE("server.crt", server->certificate);
	server_key = certs_write_key("server.key", server->key, NULL);
	good_cert = WRITE("client.crt", client->certificate);
	good_key = certs_write_key("client.key", client->key, NULL);
}

static inline int pair_world_make(void **state)
{
	(void)state;
	ca = MAKE(NULL, .subject = "CN=CA/O=Lab", .key = "P-256#1", .extensions = CA_EXTENSIONS);
	other_ca =
		MAKE(NULL, .subject = "CN=Other CA", .key = "P-256#2", .extensions = CA_EXTENSIONS);
	struct made *server = MAKE(ca, .subject = "CN=localhost", .extensions = SERVER_EXTENSIONS);
	struct made *client =
		MAKE(ca, .subject = "CN=mtls-client", .extensions = CLIENT_EXTENSIONS);
	pair_write(server, client);
	return 0;
}

#endif
