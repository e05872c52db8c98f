/* Two connections in memory, one feeding the other: whole flights, and one byte at a time. */
#include "certs.h"

#include "tls/tls.h"

#include <errno.h>

static struct made *ca, *other_ca;
static const char *ca_path, *server_cert, *server_key, *crl_path;

struct pair {
	struct tls_context *server_context, *client_context;
	struct tls_connection *server, *client;
	size_t step; /* bytes fed at a time; 0: all that there are */
	enum tls_status server_status, client_status;
	struct error server_error, client_error;
};

static struct tls_options server_options(void)
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

static struct tls_options client_options(
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

static void pair_init(
	struct pair *pair, const struct tls_options *server, const struct tls_options *client)
{
	struct error error = { 0 };
	*pair = (struct pair){ .server_status = TLS_WANT_INPUT, .client_status = TLS_WANT_INPUT };
	if (!tls_context_new(server, &pair->server_context, &error) ||
		!tls_context_new(client, &pair->client_context, &error))
		fail_msg("%s", error.text);
	pair->server = tls_connection_new(pair->server_context);
	pair->client = tls_connection_new(pair->client_context);
}

static void pair_done(struct pair *pair)
{
	tls_connection_free(pair->server);
	tls_connection_free(pair->client);
	tls_context_free(pair->server_context);
	tls_context_free(pair->client_context);
}

/* Moves what one side has to say to the other; false when it says nothing. */
static bool move(struct pair *pair, struct tls_connection *from, struct tls_connection *to,
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

static void pair_talk(struct pair *pair)
{
	bool any;
	do {
		any = move(pair, pair->client, pair->server, &pair->server_status,
			&pair->server_error);
		any |= move(pair, pair->server, pair->client, &pair->client_status,
			&pair->client_error);
	} while (any);
}

static void pair_handshake(struct pair *pair)
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

static void read_all(struct tls_connection *connection, const char *expected, size_t bytes)
{
	static char got[1 << 20];
	size_t total = 0, count;
	struct error error;
	while (tls_connection_read(connection, got + total, sizeof got - total, &count, &error) ==
		TLS_READY)
		total += count;
	assert_int_equal(total, bytes);
	assert_memory_equal(got, expected, bytes);
}

static const char *good_cert, *good_key;
static const size_t steps[] = { 0, 1, 7, 16389 };
static const enum tls_version versions[] = { TLS_1_2, TLS_1_3 };

static void bytes_go_both_ways(void **state)
{
	(void)state;
	static char large[200000];
	for (size_t i = 0; i < sizeof large; i++)
		large[i] = (char)(i * 7);
	for (size_t v = 0; v < 2; v++)
		for (size_t s = 0; s < 4; s++) {
			struct pair pair;
			struct error error;
			struct tls_options server = server_options(),
					   client =
						   client_options(good_cert, good_key, versions[v]);
			pair_init(&pair, &server, &client);
			pair.step = steps[s];
			pair_handshake(&pair);
			assert_true(tls_connection_finished(pair.server));
			assert_true(tls_connection_finished(pair.client));
			assert_true(tls_connection_write(pair.client, large, sizeof large, &error));
			assert_true(tls_connection_write(pair.server, "hello", 5, &error));
			pair_talk(&pair);
			read_all(pair.server, large, sizeof large);
			read_all(pair.client, "hello", 5);
			const struct tls_outcome *outcome = tls_connection_outcome(pair.server);
			assert_true(outcome->finished);
			assert_false(outcome->resumed);
			assert_true(outcome->verify.ok);
			assert_true(outcome->peer_certificate);
			assert_string_equal(outcome->version, v ? "TLSv1.3" : "TLSv1.2");
			assert_string_equal(outcome->alpn, "http/1.1");
			assert_int_equal(outcome->alert_sent, -1);
			assert_string_equal(
				tls_connection_identity(pair.server)->common_name, "mtls-client");
			tls_connection_shutdown(pair.server);
			pair_talk(&pair);
			char byte;
			size_t count;
			assert_int_equal(tls_connection_read(pair.client, &byte, 1, &count, &error),
				TLS_CLOSED);
			pair_done(&pair);
		}
}

/* An idle connection holds nothing: all that was made has been handed over. */
static void output_is_let_go(void **state)
{
	(void)state;
	struct pair pair;
	struct tls_options server = server_options(),
			   client = client_options(good_cert, good_key, TLS_1_3);
	pair_init(&pair, &server, &client);
	pair_handshake(&pair);
	size_t count;
	assert_null(tls_connection_output(pair.server, &count));
	assert_int_equal(count, 0);
	pair_done(&pair);
}

struct refusal {
	const char *what, *cert, *key;
	enum code code;
	int alert12, alert13;
};

static void refuse(const struct refusal *row, enum tls_version version, size_t step)
{
	struct pair pair;
	struct tls_options server = server_options(),
			   client = client_options(row->cert, row->key, version);
	pair_init(&pair, &server, &client);
	pair.step = step;
	pair_handshake(&pair);
	int alert = version == TLS_1_3 ? row->alert13 : row->alert12;
	const struct tls_outcome *ours = tls_connection_outcome(pair.server);
	const struct tls_outcome *theirs = tls_connection_outcome(pair.client);
	if (pair.server_status != TLS_FAILED || pair.server_error.code != row->code ||
		pair.server_error.kind != ERROR_REFUSED_BY_US || ours->alert_sent != alert)
		fail_msg("%s: status %d, code %s, alert %d: %s", row->what, pair.server_status,
			code_name(pair.server_error.code), ours->alert_sent,
			pair.server_error.text);
	if (pair.client_status != TLS_FAILED || theirs->alert_received != alert ||
		pair.client_error.kind != ERROR_REFUSED_BY_PEER)
		fail_msg("%s: the client has status %d, alert %d: %s", row->what,
			pair.client_status, theirs->alert_received, pair.client_error.text);
	/* On 1.3 the client's handshake was done before the server looked at its certificate. */
	assert_int_equal(theirs->finished, version == TLS_1_3);
	assert_false(tls_connection_finished(pair.server));
	assert_null(tls_connection_identity(pair.server));
	pair_done(&pair);
}

static struct refusal row(const char *what, struct made *one, enum code code)
{
	OWN(char) char *cert = text_format("%s.crt", what), *key = text_format("%s.key", what);
	return (struct refusal){ what, WRITE(cert, one->certificate),
		certs_write_key(key, one->key, NULL), code, code_info(code)->alert12,
		code_info(code)->alert13 };
}

static void every_refusal_has_its_alert(void **state)
{
	(void)state;
	struct made *revoked = MAKE(ca, .subject = "CN=revoked", .extensions = CLIENT_EXTENSIONS);
	crl_path = certs_write_crl(
		"revoked.crl", ca, &(struct crl_spec){ .revoked = revoked->certificate });
	const struct refusal rows[] = {
		{ "none", NULL, NULL, CODE_NO_CLIENT_CERTIFICATE, 40, 116 },
		row("revoked", revoked, CODE_CLIENT_REVOKED),
		row("foreign", MAKE(other_ca, .subject = "CN=f", .extensions = CLIENT_EXTENSIONS),
			CODE_CLIENT_UNKNOWN_CA),
		row("self",
			MAKE(NULL, .subject = "CN=s", .key = "P-256#4",
				.extensions = { "basicConstraints=critical,CA:FALSE",
					"keyUsage=critical,digitalSignature",
					"extendedKeyUsage=clientAuth" }),
			CODE_CLIENT_SELF_SIGNED),
		row("eku", MAKE(ca, .subject = "CN=e", .extensions = SERVER_EXTENSIONS),
			CODE_CLIENT_WRONG_EKU),
		row("no-eku",
			MAKE(ca, .subject = "CN=n",
				.extensions = { "subjectKeyIdentifier=hash",
					"authorityKeyIdentifier=keyid",
					"keyUsage=critical,digitalSignature" }),
			CODE_CLIENT_NO_EKU),
		row("expired",
			MAKE(ca, .subject = "CN=x", .not_before = NOW - 9 * DAY,
				.not_after = NOW - DAY, .extensions = CLIENT_EXTENSIONS),
			CODE_CLIENT_EXPIRED),
		row("early",
			MAKE(ca, .subject = "CN=y", .not_before = NOW + DAY,
				.extensions = CLIENT_EXTENSIONS),
			CODE_CLIENT_NOT_YET_VALID),
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t v = 0; v < 2; v++) {
			refuse(&rows[i], versions[v], 0);
			refuse(&rows[i], versions[v], 1);
		}
	crl_path = NULL;
}

static void the_client_refuses_with_an_alert(void **state)
{
	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct pair pair;
		struct tls_options server = server_options(),
				   client = client_options(good_cert, good_key, versions[v]);
		client.verify.name = "DNS:other.example";
		pair_init(&pair, &server, &client);
		pair_handshake(&pair);
		assert_int_equal(pair.client_status, TLS_FAILED);
		assert_int_equal(pair.client_error.code, CODE_SERVER_NAME_MISMATCH);
		assert_int_equal(pair.server_status, TLS_FAILED);
		assert_int_equal(pair.server_error.kind, ERROR_REFUSED_BY_PEER);
		assert_int_equal(tls_connection_outcome(pair.server)->alert_received, 42);
		pair_done(&pair);
	}
}

/* What a stranger may send, and what becomes of it. */
static void strangers_get_no_further(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		enum code code;
		bool alert;
	} rows[] = {
		{ "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", CODE_PLAIN_HTTP, false },
		{ "SSH-2.0-OpenSSH_9.2\r\n", CODE_NOT_TLS, false },
		{ "\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff", CODE_TLS_PROTOCOL, true },
	};
	static const size_t lengths[] = { 35, 21, 10 };
	for (size_t i = 0; i < 3; i++) {
		struct error error;
		struct tls_options options = server_options();
		OWN(tls_context) struct tls_context *context = NULL;
		assert_true(tls_context_new(&options, &context, &error));
		OWN(tls_connection)
		struct tls_connection *connection = tls_connection_new(context);
		assert_int_equal(
			tls_connection_input(connection, rows[i].bytes, lengths[i], &error),
			TLS_FAILED);
		if (error.code != rows[i].code)
			fail_msg("row %zu: %s: %s", i, code_name(error.code), error.text);
		size_t count;
		tls_connection_output(connection, &count);
		assert_int_equal(count > 0, rows[i].alert);
	}
}

static void an_end_is_no_refusal(void **state)
{
	(void)state;
	struct error error;
	struct tls_options options = server_options();
	OWN(tls_context) struct tls_context *context = NULL;
	assert_true(tls_context_new(&options, &context, &error));
	OWN(tls_connection) struct tls_connection *silent = tls_connection_new(context);
	assert_int_equal(tls_connection_end(silent, 0, &error), TLS_FAILED);
	assert_int_equal(error.code, CODE_PEER_CLOSED);
	assert_int_equal(error.kind, ERROR_NETWORK);

	struct pair pair;
	struct tls_options client = client_options(good_cert, good_key, TLS_1_3);
	pair_init(&pair, &options, &client);
	pair_handshake(&pair);
	assert_int_equal(tls_connection_end(pair.server, 0, &error), TLS_CLOSED);
	assert_int_equal(tls_connection_end(pair.client, ECONNRESET, &error), TLS_FAILED);
	assert_int_equal(error.system, ECONNRESET);
	pair_done(&pair);
}

static int make_all(void **state)
{
	(void)state;
	ca = MAKE(NULL, .subject = "CN=CA", .key = "P-256#1", .extensions = CA_EXTENSIONS);
	other_ca =
		MAKE(NULL, .subject = "CN=Other CA", .key = "P-256#2", .extensions = CA_EXTENSIONS);
	struct made *server = MAKE(ca, .subject = "CN=localhost", .extensions = SERVER_EXTENSIONS);
	struct made *client =
		MAKE(ca, .subject = "CN=mtls-client", .extensions = CLIENT_EXTENSIONS);
	ca_path = WRITE("ca.crt", ca->certificate);
	server_cert = WRITE("server.crt", server->certificate);
	server_key = certs_write_key("server.key", server->key, NULL);
	good_cert = WRITE("client.crt", client->certificate);
	good_key = certs_write_key("client.key", client->key, NULL);
	return 0;
}

static int remove_all(void **state)
{
	(void)state;
	certs_done();
	certs_folder_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_both_ways),
		cmocka_unit_test(output_is_let_go),
		cmocka_unit_test(every_refusal_has_its_alert),
		cmocka_unit_test(the_client_refuses_with_an_alert),
		cmocka_unit_test(strangers_get_no_further),
		cmocka_unit_test(an_end_is_no_refusal),
	};
	return cmocka_run_group_tests(tests, make_all, remove_all);
}
