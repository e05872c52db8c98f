/*
 * Our server and clients that are not ours: the names that they ask for, the sessions that they
 * bring back, what our CertificateRequest tells them; and what a connection does after its end.
 */
#include "tls_pair.h"

#include "tls/context.h"

/* Somebody else's client: plain OpenSSL over memory. */
struct stranger {
	SSL_CTX *context;
	SSL *ssl;
	BIO *input, *output; /* the SSL's */
	struct tls_connection *server;
	enum tls_status status; /* of the server */
	struct error error;
};

static void stranger_init(struct stranger *stranger, const struct tls_context *context)
{
	*stranger = (struct stranger){ .context = SSL_CTX_new(TLS_client_method()),
		.server = tls_connection_new(context) };
	assert_int_equal(
		SSL_CTX_use_certificate_file(stranger->context, good_cert, SSL_FILETYPE_PEM), 1);
	assert_int_equal(
		SSL_CTX_use_PrivateKey_file(stranger->context, good_key, SSL_FILETYPE_PEM), 1);
}

/* Its SSL, once the context is as a test wants it. */
static void stranger_begin(struct stranger *stranger)
{
	stranger->ssl = SSL_new(stranger->context);
	stranger->input = BIO_new(BIO_s_mem());
	stranger->output = BIO_new(BIO_s_mem());
	SSL_set_bio(stranger->ssl, stranger->input, stranger->output);
	SSL_set_connect_state(stranger->ssl);
}

static void stranger_talk(struct stranger *stranger)
{
	char bytes[65536];
	int count = 1;
	size_t waiting = 1;
	stranger->status = TLS_WANT_INPUT;
	while (count > 0 || waiting) {
		SSL_read(stranger->ssl, bytes, 1); /* the handshake, and what comes after it */
		count = BIO_read(stranger->output, bytes, sizeof bytes);
		if (count > 0 && stranger->status != TLS_FAILED)
			stranger->status = tls_connection_input(
				stranger->server, bytes, (size_t)count, &stranger->error);
		const void *answer = tls_connection_output(stranger->server, &waiting);
		if (waiting)
			BIO_write(stranger->input, answer, (int)waiting);
		tls_connection_sent(stranger->server, waiting);
	}
}

static void stranger_done(struct stranger *stranger)
{
	SSL_free(stranger->ssl);
	SSL_CTX_free(stranger->context);
	tls_connection_free(stranger->server);
	ERR_clear_error();
}

static struct tls_context *context_of(const struct tls_options *options)
{
	struct error error;
	struct tls_context *context = NULL;
	if (!tls_context_new(options, &context, &error))
		fail_msg("%s", error.text);
	return context;
}

/* ---- Names ---- */

static void names_are_any_or_strictly_ours(void **state)
{
	(void)state;
	static const struct {
		const char *asked, *seen; /* NULL: none */
		bool strict, served;
	} rows[] = {
		{ "localhost", "localhost", true, true },
		{ "LOCALHOST", "LOCALHOST", true, true },
		{ "localhost.", "localhost.", true, true },
		{ NULL, NULL, true, true },
		{ "other.example", "other.example", true, false },
		{ "localhost.example", "localhost.example", true, false },
		{ "other.example", "other.example", false, true },
		{ "localhost", "localhost", false, true },
		/* A name comes from outside: what would command a terminal is escaped. */
		{ "a\x1b[31mb", "a\\x1b[31mb", true, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t v = 0; v < 2; v++) {
			struct tls_options options = server_options();
			options.sni_strict = rows[i].strict;
			options.version_max = versions[v];
			OWN(tls_context) struct tls_context *context = context_of(&options);
			struct stranger stranger;
			stranger_init(&stranger, context);
			stranger_begin(&stranger);
			if (rows[i].asked)
				assert_int_equal(
					SSL_set_tlsext_host_name(stranger.ssl, rows[i].asked), 1);
			stranger_talk(&stranger);
			const struct tls_outcome *outcome = tls_connection_outcome(stranger.server);
			if (rows[i].seen)
				assert_string_equal(outcome->sni, rows[i].seen);
			else
				assert_null(outcome->sni);
			assert_int_equal(outcome->finished, rows[i].served);
			assert_int_equal(outcome->alert_sent, rows[i].served ? -1 : 112);
			if (!rows[i].served)
				assert_int_equal(stranger.error.code, CODE_SNI_UNKNOWN);
			stranger_done(&stranger);
		}
}

/* ---- What our CertificateRequest says ---- */

static void a_request_names_every_ca_that_is_trusted(void **state)
{
	(void)state;
	struct made *odd = MAKE(NULL, .subject = "CN=Z\xc3\xbcrich, \"the\" CA/O=A+B",
		.key = "P-256#4", .extensions = CA_EXTENSIONS);
	const char *both[] = { ca_path, WRITE("odd.crt", odd->certificate) };
	for (size_t v = 0; v < 2; v++) {
		struct tls_options at_server = server_options(),
				   at_client = client_options(good_cert, good_key, versions[v]);
		at_server.ca = both;
		at_server.ca_count = 2;
		OWN(tls_context) struct tls_context *theirs = context_of(&at_server);
		OWN(tls_context) struct tls_context *ours = context_of(&at_client);
		struct stranger client;
		struct tls_outcome outcome;
		struct tls_peer peer = { 0 };
		struct error error;
		stranger_init(&client, theirs);
		assert_true(tls_context_apply(ours, client.context, &outcome, &peer, &error));
		stranger_begin(&client);
		stranger_talk(&client);
		assert_true(outcome.finished);
		assert_true(outcome.certificate_requested);
		const json_t *names = json_object_get(peer.certificate_request, "authorities");
		assert_int_equal(json_array_size(names), 2);
		assert_string_equal(json_string_value(json_array_get(names, 0)), "O=Lab,CN=CA");
		assert_string_equal(json_string_value(json_array_get(names, 1)),
			"O=A\\x5c+B,CN=Z\xc3\xbcrich\\x5c, \\x5c\"the\\x5c\" CA");
		const json_t *schemes =
			json_object_get(peer.certificate_request, "signature_algorithms");
		assert_string_equal(
			json_string_value(json_array_get(schemes, 0)), "ecdsa_secp256r1_sha256");
		size_t index;
		const json_t *scheme;
		json_array_foreach((json_t *)schemes, index, scheme)
			assert_null(strstr(json_string_value(scheme), "sha1"));
		stranger_done(&client);
		tls_peer_done(&peer);
	}
}

/* ---- Sessions, where resumption is off ---- */

static SSL_SESSION *kept;

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(kept);
	kept = session;
	return 1;
}

/* One connection that offers what an earlier one left; its server's outcome in *ret. */
static void come_back(const struct tls_context *context, struct stranger *stranger)
{
	stranger_init(stranger, context);
	SSL_CTX_set_session_cache_mode(stranger->context, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(stranger->context, keep_session);
	stranger_begin(stranger);
	if (kept)
		assert_int_equal(SSL_set_session(stranger->ssl, kept), 1);
	stranger_talk(stranger);
	assert_false(SSL_session_reused(stranger->ssl));
	assert_false(tls_connection_outcome(stranger->server)->resumed);
	assert_true(tls_connection_outcome(stranger->server)->certificate_requested);
}

/* A server that does resume, with the same certificate, as sessions of ours there are none. */
static void get_a_session_elsewhere(enum tls_version version)
{
	struct tls_options options = server_options();
	options.version_max = version;
	OWN(tls_context) struct tls_context *context = context_of(&options);
	SSL_CTX_clear_options(context->ssl, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_SERVER);
	SSL_CTX_set_num_tickets(context->ssl, 1);
	struct stranger stranger;
	come_back(context, &stranger);
	assert_non_null(kept);
	stranger_done(&stranger);
}

static void an_old_session_gets_a_full_handshake(void **state)
{
	(void)state;
	FILE *file = fopen(good_cert, "r");
	X509 *good = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	const char *list = certs_write_crl("now.crl", ca, &(struct crl_spec){ .revoked = good });
	X509_free(good);
	for (size_t v = 0; v < 2; v++) {
		struct tls_options options = server_options();
		options.version_max = versions[v];
		OWN(tls_context) struct tls_context *context = context_of(&options);
		struct stranger stranger;
		/* Ours hands out nothing to come back with. */
		come_back(context, &stranger);
		assert_true(tls_connection_finished(stranger.server));
		assert_false(SSL_SESSION_is_resumable(SSL_get0_session(stranger.ssl)));
		stranger_done(&stranger);
		SSL_SESSION_free(kept);
		kept = NULL;
		/* What another one handed out is no key to ours. */
		get_a_session_elsewhere(versions[v]);
		come_back(context, &stranger);
		assert_true(tls_connection_finished(stranger.server));
		assert_string_equal(
			tls_connection_identity(stranger.server)->common_name, "mtls-client");
		stranger_done(&stranger);
		/* And after a revocation it is no way around the list. */
		options.crl = &list;
		options.crl_count = 1;
		OWN(tls_context) struct tls_context *strict = context_of(&options);
		come_back(strict, &stranger);
		assert_int_equal(stranger.status, TLS_FAILED);
		assert_int_equal(stranger.error.code, CODE_CLIENT_REVOKED);
		assert_int_equal(tls_connection_outcome(stranger.server)->alert_sent, 44);
		stranger_done(&stranger);
		SSL_SESSION_free(kept);
		kept = NULL;
	}
}

/* ---- The end, and limits ---- */

static void connected(struct pair *pair)
{
	struct tls_options server = server_options(),
			   client = client_options(good_cert, good_key, TLS_1_3);
	pair_init(pair, &server, &client);
	pair_handshake(pair);
	assert_true(tls_connection_finished(pair->server));
}

static void nothing_comes_after_an_end(void **state)
{
	(void)state;
	struct pair pair;
	struct error error;
	char byte;
	size_t count;
	connected(&pair);
	tls_connection_shutdown(pair.client);
	tls_connection_shutdown(pair.client); /* once is enough */
	pair_talk(&pair);
	assert_int_equal(tls_connection_read(pair.server, &byte, 1, &count, &error), TLS_CLOSED);
	assert_int_equal(tls_connection_input(pair.server, "x", 1, &error), TLS_CLOSED);
	assert_int_equal(tls_connection_read(pair.server, &byte, 1, &count, &error), TLS_CLOSED);
	assert_int_equal(tls_connection_end(pair.server, 0, &error), TLS_CLOSED);
	/* Half an end: the other direction still carries bytes. */
	assert_true(tls_connection_write(pair.server, "bye", 3, &error));
	pair_done(&pair);
}

static void a_record_that_was_touched_ends_it(void **state)
{
	(void)state;
	struct pair pair;
	struct error error;
	char record[256], byte;
	size_t count;
	connected(&pair);
	assert_true(tls_connection_write(pair.client, "secret", 6, &error));
	const char *output = tls_connection_output(pair.client, &count);
	assert_true(count && count < sizeof record);
	memcpy(record, output, count);
	assert_null(memmem(record, count, "secret", 6));
	record[count - 1] ^= 1;
	assert_int_equal(tls_connection_input(pair.server, record, count, &error), TLS_READY);
	assert_int_equal(tls_connection_read(pair.server, &byte, 1, &count, &error), TLS_FAILED);
	assert_int_equal(error.code, CODE_TLS_PROTOCOL);
	assert_int_equal(error.alert, 20);
	assert_int_equal(tls_connection_outcome(pair.server)->alert_sent, 20);
	/* From here on it takes nothing more: who feeds it has a bug. */
	assert_int_equal(tls_connection_input(pair.server, "x", 1, &error), TLS_FAILED);
	assert_int_equal(error.kind, ERROR_BUG);
	assert_string_equal(error.text, "bytes were fed to a TLS connection that has failed");
	tls_connection_sent(pair.server, 0);
	tls_connection_output(pair.server, &count);
	tls_connection_shutdown(pair.server); /* the alert was the last word */
	size_t after;
	tls_connection_output(pair.server, &after);
	assert_int_equal(after, count);
	pair_done(&pair);
}

static void what_waits_has_a_limit(void **state)
{
	(void)state;
	struct pair pair;
	struct error error;
	static char bytes[4 << 20];
	connected(&pair);
	/* What is to be sent: 4 MiB, counted before anything of it is encrypted. */
	size_t before, after;
	tls_connection_output(pair.client, &before);
	assert_false(tls_connection_write(pair.client, bytes, sizeof bytes, &error));
	assert_int_equal(error.kind, ERROR_LIMIT);
	tls_connection_output(pair.client, &after);
	assert_int_equal(after, before);
	assert_true(tls_connection_write(pair.client, bytes, 0, &error));
	tls_connection_output(pair.client, &after);
	assert_int_equal(after, before);
	/* What came and nobody reads: 1 MiB. */
	enum tls_status status = TLS_READY;
	for (int i = 0; i < 3 && status == TLS_READY; i++) {
		assert_true(tls_connection_write(pair.client, bytes, 500000, &error));
		const void *output = tls_connection_output(pair.client, &after);
		status = tls_connection_input(pair.server, output, after, &error);
		tls_connection_sent(pair.client, after);
	}
	assert_int_equal(status, TLS_FAILED);
	assert_int_equal(error.kind, ERROR_LIMIT);
	pair_done(&pair);
}

static void nothing_is_said_before_a_handshake(void **state)
{
	(void)state;
	struct tls_options options = server_options();
	OWN(tls_context) struct tls_context *context = context_of(&options);
	OWN(tls_connection) struct tls_connection *connection = tls_connection_new(context);
	size_t count;
	tls_connection_shutdown(connection);
	assert_null(tls_connection_output(connection, &count));
	assert_int_equal(count, 0);
	assert_false(tls_connection_finished(connection));
	assert_null(tls_connection_identity(connection));
	const struct tls_outcome *outcome = tls_connection_outcome(connection);
	assert_null(outcome->version);
	assert_int_equal(outcome->alert_sent, -1);
	assert_int_equal(outcome->alert_received, -1);
	assert_false(outcome->verified);
	assert_null(outcome->refused);
	assert_null(outcome->sni);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_any_or_strictly_ours),
		cmocka_unit_test(a_request_names_every_ca_that_is_trusted),
		cmocka_unit_test(an_old_session_gets_a_full_handshake),
		cmocka_unit_test(nothing_comes_after_an_end),
		cmocka_unit_test(a_record_that_was_touched_ends_it),
		cmocka_unit_test(what_waits_has_a_limit),
		cmocka_unit_test(nothing_is_said_before_a_handshake),
	};
	return cmocka_run_group_tests(tests, pair_world_make, certs_end);
}
