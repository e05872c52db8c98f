/* Two connections in memory, one feeding the other: whole flights, and one byte at a time. */
#include "tls_pair.h"

#include <errno.h>

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

static const size_t steps[] = { 0, 1, 7, 16389 };

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
			assert_true(outcome->verified);
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
		struct tls_outcome left;
		tls_outcome_init(&left);
		tls_outcome_copy(tls_connection_outcome(pair.client), &left);
		tls_outcome_copy(tls_connection_outcome(pair.client), &left);
		pair_done(&pair);
		/* What was copied outlives the connection. */
		assert_false(left.verified);
		assert_int_equal(left.alert_sent, 42);
		assert_int_equal(left.refused->code, CODE_SERVER_NAME_MISMATCH);
		assert_non_null(strstr(left.refused->why, "other.example"));
		tls_outcome_done(&left);
		assert_null(left.refused);
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

/* A context as a reload would make it; the CRL may be NULL. */
static enum code under(
	const struct pair *pair, const char *ca_file, const char *crl, time_t at, time_t *until)
{
	struct tls_options options = server_options();
	struct tls_context *now = NULL;
	struct error error;
	options.ca = &ca_file;
	options.crl = &crl;
	options.crl_count = crl ? 1 : 0;
	if (!tls_context_new(&options, &now, &error))
		fail_msg("%s", error.text);
	*until = -1;
	enum code code = tls_connection_check(pair->server, now, at, until);
	tls_context_free(now);
	return code;
}

static void a_connection_can_be_checked_again(void **state)
{
	(void)state;
	struct made *client = MAKE(ca, .subject = "CN=again", .extensions = CLIENT_EXTENSIONS,
		.not_after = NOW + 30 * DAY);
	const char *cert = WRITE("again.crt", client->certificate);
	const char *key = certs_write_key("again.key", client->key, NULL);
	const char *other = WRITE("other.crt", other_ca->certificate);
	const char *good = certs_write_crl("good.crl", ca, &(struct crl_spec){ 0 });
	const char *bad = certs_write_crl(
		"bad.crl", ca, &(struct crl_spec){ .revoked = client->certificate });
	const struct tls_options server = server_options();
	for (size_t i = 0; i < 2; i++) {
		const struct tls_options one = client_options(cert, key, versions[i]);
		struct pair pair;
		time_t until;
		pair_init(&pair, &server, &one);
		pair_handshake(&pair);
		assert_true(tls_connection_finished(pair.server));
		assert_int_equal(under(&pair, ca_path, NULL, NOW, &until), CODE_NONE);
		assert_int_equal(until, NOW + 30 * DAY - 1); /* its last second is asked for anew */
		assert_int_equal(under(&pair, ca_path, good, NOW, &until), CODE_NONE);
		assert_int_equal(until, NOW + 7 * DAY - 1);
		assert_int_equal(under(&pair, ca_path, bad, NOW, &until), CODE_CLIENT_REVOKED);
		assert_int_equal(under(&pair, other, NULL, NOW, &until), CODE_CLIENT_UNKNOWN_CA);
		assert_int_equal(
			under(&pair, ca_path, NULL, NOW + 31 * DAY, &until), CODE_CLIENT_EXPIRED);
		assert_int_equal(until, -1);
		pair_done(&pair);
	}
}

static void without_a_certificate_there_is_nothing_to_check(void **state)
{
	(void)state;
	struct tls_options server = server_options();
	server.verify_mode = TLS_VERIFY_OPTIONAL;
	const struct tls_options client = client_options(NULL, NULL, TLS_1_3);
	const char *bad = certs_write_crl("empty.crl", ca, &(struct crl_spec){ 0 });
	struct pair pair;
	time_t until;
	pair_init(&pair, &server, &client);
	pair_handshake(&pair);
	assert_true(tls_connection_finished(pair.server));
	assert_int_equal(under(&pair, ca_path, bad, NOW + 900 * DAY, &until), CODE_NONE);
	assert_true(until > NOW + 900 * DAY);
	pair_done(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_can_be_checked_again),
		cmocka_unit_test(without_a_certificate_there_is_nothing_to_check),
		cmocka_unit_test(bytes_go_both_ways),
		cmocka_unit_test(output_is_let_go),
		cmocka_unit_test(every_refusal_has_its_alert),
		cmocka_unit_test(the_client_refuses_with_an_alert),
		cmocka_unit_test(strangers_get_no_further),
		cmocka_unit_test(an_end_is_no_refusal),
	};
	return cmocka_run_group_tests(tests, pair_world_make, certs_end);
}
