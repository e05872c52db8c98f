/* A context holds what was asked for and nothing that OpenSSL would choose by itself. */
#include "certs.h"

#include "tls/context.h"

#include <fcntl.h>
#include <sys/socket.h>

static struct made *ca, *other_ca, *server, *client;
static const char *ca_path, *other_path, *server_cert, *server_key, *client_cert, *client_key;

static int make_certificates(void **state)
{
	(void)state;
	ca = MAKE(NULL, .subject = "CN=Test CA", .extensions = CA_EXTENSIONS);
	other_ca =
		MAKE(NULL, .subject = "CN=Other CA", .key = "P-256#2", .extensions = CA_EXTENSIONS);
	server = MAKE(
		ca, .subject = "CN=localhost", .key = "P-256#3", .extensions = SERVER_EXTENSIONS);
	client = MAKE(
		ca, .subject = "CN=mtls-client", .key = "P-256#4", .extensions = CLIENT_EXTENSIONS);
	ca_path = WRITE("ca.crt", ca->certificate);
	other_path = WRITE("other.crt", other_ca->certificate);
	server_cert = WRITE("server.crt", server->certificate);
	server_key = certs_write_key("server.key", server->key, NULL);
	client_cert = WRITE("client.crt", client->certificate);
	client_key = certs_write_key("client.key", client->key, NULL);
	return 0;
}

static struct tls_options as_server(void)
{
	return (struct tls_options){ .server = true,
		.cert = server_cert,
		.key = server_key,
		.ca = &ca_path,
		.ca_count = 1,
		.verify = { .profile = PROFILE_MTLS,
			.purpose = PURPOSE_CLIENT,
			.at = NOW,
			.depth_max = -1 } };
}

static struct tls_options as_client(void)
{
	return (struct tls_options){ .ca = &ca_path,
		.ca_count = 1,
		.verify = { .profile = PROFILE_MTLS,
			.purpose = PURPOSE_SERVER,
			.name = "DNS:localhost",
			.at = NOW,
			.depth_max = -1 } };
}

static struct tls_context *make(const struct tls_options *options)
{
	struct error error;
	struct tls_context *context = NULL;
	if (!tls_context_new(options, &context, &error))
		fail_msg("%s", error.text);
	return context;
}

static void assert_locked_down(SSL_CTX *ssl)
{
	uint64_t options = SSL_CTX_get_options(ssl);
	assert_true(options & SSL_OP_NO_RENEGOTIATION);
	assert_true(options & SSL_OP_NO_COMPRESSION);
	assert_true(options & SSL_OP_NO_TICKET);
	assert_int_equal(SSL_CTX_get_num_tickets(ssl), 0);
	assert_int_equal(SSL_CTX_get_session_cache_mode(ssl), SSL_SESS_CACHE_OFF);
	assert_int_equal(SSL_CTX_get_max_early_data(ssl), 0);
	assert_int_equal(SSL_CTX_get_security_level(ssl), 2);
	assert_int_equal(SSL_CTX_get_min_proto_version(ssl), TLS1_2_VERSION);
	assert_true(SSL_CTX_get_mode(ssl) & SSL_MODE_NO_AUTO_CHAIN);
}

static void a_server_is_locked_down(void **state)
{
	(void)state;
	struct tls_options options = as_server();
	OWN(tls_context) struct tls_context *context = make(&options);
	SSL_CTX *ssl = context->ssl;
	assert_locked_down(ssl);
	assert_int_equal(
		SSL_CTX_get_verify_mode(ssl), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
	STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ssl);
	assert_string_equal(
		SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, 0)), "TLS_AES_128_GCM_SHA256");
	for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
		assert_true(SSL_CIPHER_is_aead(sk_SSL_CIPHER_value(ciphers, i)));
}

static void names_every_anchor_to_its_clients(void **state)
{
	(void)state;
	const char *both[] = { ca_path, other_path };
	struct tls_options options = as_server();
	options.ca = both;
	options.ca_count = 2;
	OWN(tls_context) struct tls_context *context = make(&options);
	STACK_OF(X509_NAME) *names = SSL_CTX_get_client_CA_list(context->ssl);
	assert_int_equal(sk_X509_NAME_num(names), 2);
}

static void modes_become_openssls(void **state)
{
	(void)state;
	struct tls_options options = as_server();
	options.verify_mode = TLS_VERIFY_OPTIONAL;
	OWN(tls_context) struct tls_context *optional = make(&options);
	assert_int_equal(SSL_CTX_get_verify_mode(optional->ssl), SSL_VERIFY_PEER);
	options.verify_mode = TLS_VERIFY_NONE;
	options.ca_count = 0;
	OWN(tls_context) struct tls_context *none = make(&options);
	assert_int_equal(SSL_CTX_get_verify_mode(none->ssl), SSL_VERIFY_NONE);
	options = as_client();
	options.verify_mode = TLS_VERIFY_NONE; /* a server's: a client always verifies */
	OWN(tls_context) struct tls_context *ours = make(&options);
	assert_int_equal(SSL_CTX_get_verify_mode(ours->ssl), SSL_VERIFY_PEER);
}

static void session_context(const struct tls_options *options, unsigned char ret[static 32])
{
	OWN(tls_context) struct tls_context *context = make(options);
	memcpy(ret, context->session_id, 32);
}

static void the_session_context_is_a_digest_of_the_rules(void **state)
{
	(void)state;
	unsigned char first[32], again[32], changed[32];
	struct tls_options options = as_server();
	session_context(&options, first);
	session_context(&options, again);
	assert_memory_equal(first, again, sizeof first);
	options.ca = &other_path;
	session_context(&options, changed);
	assert_memory_not_equal(first, changed, sizeof first);
	options = as_server();
	options.verify_mode = TLS_VERIFY_OPTIONAL;
	session_context(&options, changed);
	assert_memory_not_equal(first, changed, sizeof first);
	options = as_server();
	options.verify.profile = PROFILE_STRICT;
	session_context(&options, changed);
	assert_memory_not_equal(first, changed, sizeof first);
}

static void ciphers_fall_apart_by_version(void **state)
{
	(void)state;
	struct tls_options options = as_client();
	options.ciphers = "TLS_CHACHA20_POLY1305_SHA256";
	OWN(tls_context) struct tls_context *suites = make(&options);
	assert_string_equal(suites->suites, "TLS_CHACHA20_POLY1305_SHA256");
	assert_non_null(strstr(suites->ciphers, "ECDHE-RSA-AES128-GCM-SHA256"));
	options.ciphers = "ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_256_GCM_SHA384";
	OWN(tls_context) struct tls_context *both = make(&options);
	assert_string_equal(both->suites, "TLS_AES_256_GCM_SHA384");
	assert_string_equal(both->ciphers, "ECDHE-RSA-AES128-GCM-SHA256");
	options.ciphers = "DEFAULT@SECLEVEL=0";
	options.version_min = options.version_max = TLS_1_1;
	OWN(tls_context) struct tls_context *weak = make(&options);
	assert_int_equal(SSL_CTX_get_security_level(weak->ssl), 0);
	assert_int_equal(SSL_CTX_get_min_proto_version(weak->ssl), TLS1_1_VERSION);
}

static void refuses(
	const struct tls_options *options, enum error_kind kind, enum code code, const char *text)
{
	struct error error;
	struct tls_context *context = NULL;
	assert_false(tls_context_new(options, &context, &error));
	assert_null(context);
	assert_int_equal(error.kind, kind);
	assert_int_equal(error.code, code);
	if (!strstr(error.text, text))
		fail_msg("'%s' is not in: %s", text, error.text);
}

static void refuses_what_cannot_work(void **state)
{
	(void)state;
	struct tls_options options = as_server();
	options.cert = NULL;
	refuses(&options, ERROR_USAGE, CODE_NONE, "a server needs a certificate");
	options = as_server();
	options.ca_count = 0;
	refuses(&options, ERROR_INPUT, CODE_NONE, "");
	options = as_server();
	options.key = client_key;
	refuses(&options, ERROR_INPUT, CODE_KEY_MISMATCH, client_key);
	options = as_client();
	options.cert = "/nowhere/client.crt";
	options.key = client_key;
	refuses(&options, ERROR_INPUT, CODE_NONE, "/nowhere/client.crt");
	options = as_client();
	options.ciphers = "NONSENSE";
	refuses(&options, ERROR_USAGE, CODE_NONE, "cannot use the ciphers 'NONSENSE'");
	options = as_client();
	options.ciphers = "TLS_NONSENSE";
	refuses(&options, ERROR_USAGE, CODE_NONE, "cannot use the TLS 1.3 suites 'TLS_NONSENSE'");
	options = as_client();
	options.alpn = "h2,,http/1.1";
	refuses(&options, ERROR_USAGE, CODE_NONE, "is no list of application protocols");
	options = as_client();
	options.version_min = TLS_1_3;
	options.version_max = TLS_1_2;
	refuses(&options, ERROR_USAGE, CODE_NONE, "below the lowest");
}

/* ---- An SSL_CTX that a library made ---- */

/* One step of the server, between it and the socket. */
static void serve_step(struct tls_connection *connection, int socket)
{
	char bytes[16384];
	struct error error;
	ssize_t count = recv(socket, bytes, sizeof bytes, MSG_DONTWAIT);
	if (count > 0)
		(void)tls_connection_input(connection, bytes, (size_t)count, &error);
	size_t pending;
	const void *output = tls_connection_output(connection, &pending);
	if (pending && send(socket, output, pending, 0) == (ssize_t)pending)
		tls_connection_sent(connection, pending);
}

struct their_library {
	SSL_CTX *context;
	SSL *ssl;
	int sockets[2]; /* the library's, the server's */
	struct tls_outcome outcome;
	struct tls_peer peer;
};

/* What a library does: its own SSL_CTX, ours applied, and a handshake on a socket. */
static bool library_connects(struct their_library *library, const struct tls_context *ours,
	struct tls_connection *connection)
{
	struct error error;
	library->context = SSL_CTX_new(TLS_client_method());
	/* What a system's configuration, or the library, may have chosen before us. */
	SSL_CTX_set_security_level(library->context, 0);
	assert_true(SSL_CTX_set_min_proto_version(library->context, TLS1_VERSION));
	assert_true(tls_context_apply(
		ours, library->context, &library->outcome, &library->peer, &error));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, library->sockets), 0);
	fcntl(library->sockets[0], F_SETFL, O_NONBLOCK);
	library->ssl = SSL_new(library->context);
	SSL_set_fd(library->ssl, library->sockets[0]);
	for (int i = 0; i < 20 && SSL_connect(library->ssl) != 1; i++)
		serve_step(connection, library->sockets[1]);
	return library->outcome.finished;
}

static void library_done(struct their_library *library)
{
	SSL_free(library->ssl);
	assert_null(library->peer.connection); /* it knows that the connection is gone */
	SSL_CTX_free(library->context);
	tls_peer_done(&library->peer);
	close(library->sockets[0]);
	close(library->sockets[1]);
	tls_outcome_done(&library->outcome);
}

static void takes_over_a_librarys_context(void **state)
{
	(void)state;
	struct tls_options at_server = as_server(), at_client = as_client();
	at_client.cert = client_cert;
	at_client.key = client_key;
	OWN(tls_context) struct tls_context *theirs = make(&at_server);
	OWN(tls_context) struct tls_context *ours = make(&at_client);
	OWN(tls_connection) struct tls_connection *connection = tls_connection_new(theirs);
	struct their_library library = { 0 };
	assert_true(library_connects(&library, ours, connection));
	assert_locked_down(library.context);
	serve_step(connection, library.sockets[1]);
	assert_true(tls_connection_finished(connection));
	assert_true(library.outcome.verified);
	assert_true(library.outcome.certificate_sent);
	assert_string_equal(library.outcome.version, "TLSv1.3");
	assert_string_equal(library.peer.certificate->common_name, "localhost");
	const json_t *names = json_object_get(library.peer.certificate_request, "authorities");
	assert_string_equal(json_string_value(json_array_get(names, 0)), "CN=Test CA");
	library_done(&library);
}

static void checks_the_name_for_the_library(void **state)
{
	(void)state;
	struct tls_options at_server = as_server(), at_client = as_client();
	at_client.verify.name = "DNS:other.example";
	OWN(tls_context) struct tls_context *theirs = make(&at_server);
	OWN(tls_context) struct tls_context *ours = make(&at_client);
	OWN(tls_connection) struct tls_connection *connection = tls_connection_new(theirs);
	struct their_library library = { 0 };
	assert_false(library_connects(&library, ours, connection));
	assert_false(library.outcome.verified);
	assert_int_equal(library.outcome.refused->code, CODE_SERVER_NAME_MISMATCH);
	assert_string_equal(library.outcome.refused->subject, "CN=localhost");
	assert_int_equal(library.outcome.alert_sent, 42);
	assert_string_equal(library.peer.certificate->common_name, "localhost");
	library_done(&library);
}

/* TLS 1.3: our handshake is done, the refusal waits in the socket, and nobody has read it. */
static void hears_the_last_words(void **state)
{
	(void)state;
	struct tls_options at_server = as_server(), at_client = as_client();
	OWN(tls_context) struct tls_context *theirs = make(&at_server);
	OWN(tls_context) struct tls_context *ours = make(&at_client);
	OWN(tls_connection) struct tls_connection *connection = tls_connection_new(theirs);
	struct their_library library = { 0 };
	assert_true(library_connects(&library, ours, connection));
	serve_step(connection, library.sockets[1]);
	shutdown(library.sockets[1], SHUT_RDWR);
	assert_int_equal(library.outcome.alert_received, -1);
	tls_peer_last_words(&library.peer, library.sockets[0]);
	assert_int_equal(library.outcome.alert_received, 116);
	library_done(&library);
	tls_peer_last_words(&library.peer, -1); /* nothing left to hear, and nothing happens */
}

/* Without a record nobody has said whom to trust. */
static void fails_closed_without_a_record(void **state)
{
	(void)state;
	struct tls_options at_server = as_server(), at_client = as_client();
	OWN(tls_context) struct tls_context *theirs = make(&at_server);
	OWN(tls_context) struct tls_context *ours = make(&at_client);
	OWN(tls_connection) struct tls_connection *connection = tls_connection_new(theirs);
	int sockets[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	fcntl(sockets[0], F_SETFL, O_NONBLOCK);
	SSL *bare = SSL_new(ours->ssl);
	SSL_set_fd(bare, sockets[0]);
	int connected = 0;
	for (int i = 0; i < 20 && (connected = SSL_connect(bare)) != 1; i++)
		serve_step(connection, sockets[1]);
	assert_int_not_equal(connected, 1);
	assert_int_equal(SSL_get_verify_result(bare), X509_V_ERR_APPLICATION_VERIFICATION);
	SSL_free(bare);
	close(sockets[0]);
	close(sockets[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_is_locked_down),
		cmocka_unit_test(names_every_anchor_to_its_clients),
		cmocka_unit_test(modes_become_openssls),
		cmocka_unit_test(the_session_context_is_a_digest_of_the_rules),
		cmocka_unit_test(ciphers_fall_apart_by_version),
		cmocka_unit_test(refuses_what_cannot_work),
		cmocka_unit_test(takes_over_a_librarys_context),
		cmocka_unit_test(checks_the_name_for_the_library),
		cmocka_unit_test(hears_the_last_words),
		cmocka_unit_test(fails_closed_without_a_record),
	};
	return cmocka_run_group_tests(tests, make_certificates, certs_end);
}
