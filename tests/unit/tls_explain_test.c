/* From what a handshake left behind to a code: where it can be known, and where it must not be. */
#include "unit.h"

#include "tls/tls.h"

#include <errno.h>
#include <openssl/ssl.h>

struct row {
	const char *what;
	bool server, has_certificate, asked, sent;
	const char *version;
	int alert;
	enum code code;
	const char *hint; /* a part of it; NULL: do not look */
};

#define V12 "TLSv1.2"
#define V13 "TLSv1.3"

/* An alert of the peer. */
static const struct row rows[] = {
	{ "1.3 without a certificate", .asked = true, .version = V13, .alert = 116,
		.code = CODE_NO_CLIENT_CERTIFICATE },
	{ "1.2 without a certificate", .asked = true, .version = V12, .alert = 40,
		.code = CODE_NO_CLIENT_CERTIFICATE },
	{ "1.3 with one that could not be sent", .has_certificate = true, .asked = true,
		.version = V13, .alert = 116, .code = CODE_CLIENT_KEY_TYPE },
	{ "1.2 with one that could not be sent", .has_certificate = true, .asked = true,
		.version = V12, .alert = 40, .code = CODE_CLIENT_KEY_TYPE },
	{ "handshake_failure although one was sent", .has_certificate = true, .asked = true,
		.sent = true, .version = V12, .alert = 40, .code = CODE_NONE,
		.hint = "only the server's log knows" },
	{ "handshake_failure at the hello has two causes", .has_certificate = true, .alert = 40,
		.code = CODE_NONE, .hint = "tls-no-shared-cipher, tls-no-shared-group" },
	{ "revoked has one cause", .has_certificate = true, .asked = true, .sent = true,
		.version = V13, .alert = 44, .code = CODE_CLIENT_REVOKED },
	{ "expired has two", .has_certificate = true, .asked = true, .sent = true, .version = V13,
		.alert = 45, .code = CODE_NONE, .hint = "client-expired, crl-expired" },
	{ "unknown CA has many", .has_certificate = true, .asked = true, .sent = true,
		.version = V13, .alert = 48, .code = CODE_NONE,
		.hint = "client-unknown-ca, client-self-signed, crl-missing, "
			"client-chain-incomplete, client-path-length, client-issuer-not-ca, "
			"client-chain-too-long, client-ca-rekeyed" },
	{ "a fault of a certificate that was never sent is no cause", .asked = true, .version = V13,
		.alert = 48, .code = CODE_NONE, .hint = "only the server's log knows" },
	{ "decrypt_error has two", .has_certificate = true, .asked = true, .sent = true,
		.version = V12, .alert = 51, .code = CODE_NONE,
		.hint = "client-bad-signature, client-no-possession" },
	{ "version", .alert = 70, .code = CODE_TLS_VERSION },
	{ "server name", .alert = 112, .code = CODE_SNI_UNKNOWN },
	{ "application protocol", .version = V12, .alert = 120, .code = CODE_ALPN_MISMATCH },
	{ "an alert that stands for none of ours", .version = V13, .alert = 80, .code = CODE_NONE,
		.hint = "only the server's log knows" },
	{ "a client that refuses a server as revoked", .server = true, .has_certificate = true,
		.sent = true, .version = V13, .alert = 44, .code = CODE_SERVER_REVOKED },
	{ "a client that refuses a server's name, or more", .server = true, .has_certificate = true,
		.sent = true, .version = V13, .alert = 42, .code = CODE_NONE,
		.hint = "server-name-mismatch, server-no-san" },
};

static void tells_causes_of_alerts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		struct error error;
		struct tls_outcome outcome;
		tls_outcome_init(&outcome);
		outcome.version = row->version;
		outcome.alert_received = row->alert;
		outcome.certificate_requested = row->asked;
		outcome.certificate_sent = row->sent;
		const struct tls_failure failure = { .server = row->server,
			.has_certificate = row->has_certificate,
			.outcome = &outcome };
		assert_false(tls_explain(&failure, &error));
		if (error.code != row->code || (row->hint && !strstr(error.hint, row->hint)))
			fail_msg("%s: code '%s', hint '%s'", row->what, code_name(error.code),
				error.hint);
		assert_int_equal(error.kind, ERROR_REFUSED_BY_PEER);
		assert_int_equal(error.alert, row->alert);
	}
}

static void explain_reason(
	bool server, int reason, const char *version, int system, struct error *reterr)
{
	struct tls_outcome outcome;
	tls_outcome_init(&outcome);
	outcome.reason = reason;
	outcome.version = version;
	const struct tls_failure failure = {
		.server = server, .outcome = &outcome, .system = system
	};
	assert_false(tls_explain(&failure, reterr));
}

static void tells_our_own_reasons(void **state)
{
	(void)state;
	static const struct {
		bool server;
		int reason;
		const char *version;
		enum error_kind kind;
		enum code code;
	} own[] = {
		{ true, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, V13, ERROR_REFUSED_BY_US,
			CODE_NO_CLIENT_CERTIFICATE },
		{ true, SSL_R_UNSUPPORTED_PROTOCOL, NULL, ERROR_REFUSED_BY_US, CODE_TLS_VERSION },
		{ true, SSL_R_NO_SHARED_CIPHER, NULL, ERROR_REFUSED_BY_US,
			CODE_TLS_NO_SHARED_CIPHER },
		{ true, SSL_R_NO_SUITABLE_KEY_SHARE, NULL, ERROR_REFUSED_BY_US,
			CODE_TLS_NO_SHARED_GROUP },
		{ true, SSL_R_HTTP_REQUEST, NULL, ERROR_REFUSED_BY_US, CODE_PLAIN_HTTP },
		{ true, SSL_R_BAD_SIGNATURE, V12, ERROR_REFUSED_BY_US, CODE_CLIENT_NO_POSSESSION },
		{ true, SSL_R_EXCESSIVE_MESSAGE_SIZE, V13, ERROR_REFUSED_BY_US,
			CODE_CHAIN_TOO_LARGE },
		{ false, SSL_R_UNSUPPORTED_PROTOCOL, NULL, ERROR_REFUSED_BY_US, CODE_TLS_VERSION },
		{ false, SSL_R_WRONG_VERSION_NUMBER, NULL, ERROR_REFUSED_BY_US, CODE_NOT_TLS },
		{ false, SSL_R_WRONG_VERSION_NUMBER, V12, ERROR_REFUSED_BY_US, CODE_TLS_PROTOCOL },
		{ false, SSL_R_BAD_EXTENSION, V13, ERROR_REFUSED_BY_US, CODE_TLS_PROTOCOL },
		{ false, SSL_R_NO_CIPHERS_AVAILABLE, NULL, ERROR_USAGE, CODE_NONE },
		{ false, SSL_R_UNEXPECTED_EOF_WHILE_READING, V13, ERROR_NETWORK, CODE_PEER_CLOSED },
	};
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
		struct error error;
		explain_reason(own[i].server, own[i].reason, own[i].version, 0, &error);
		if (error.code != own[i].code || error.kind != own[i].kind)
			fail_msg("reason %d: '%s' %s", own[i].reason, code_name(error.code),
				error_kind_name(error.kind));
	}
}

static void tells_the_network_from_a_refusal(void **state)
{
	(void)state;
	struct error error;
	explain_reason(false, 0, NULL, ECONNREFUSED, &error);
	assert_int_equal(error.code, CODE_CONNECTION_REFUSED);
	assert_int_equal(error_exit_code(error.kind), 3);
	explain_reason(false, 0, V13, ECONNRESET, &error);
	assert_int_equal(error.code, CODE_PEER_CLOSED);
	assert_string_equal(error.text, "the server reset the connection without an alert");
	assert_int_equal(error.system, ECONNRESET);
	explain_reason(true, 0, V13, 0, &error);
	assert_string_equal(error.text, "the client closed the connection without an alert");
	assert_int_equal(error_exit_code(error.kind), 3);
	explain_reason(false, 0, NULL, ETIMEDOUT, &error);
	assert_int_equal(error.code, CODE_HANDSHAKE_TIMEOUT);
}

/* What our verifier found beats the alert that the peer may have sent meanwhile. */
static void our_verifier_is_the_most_specific(void **state)
{
	(void)state;
	struct error error;
	struct tls_outcome outcome;
	tls_outcome_init(&outcome);
	outcome.alert_sent = 42;
	outcome.alert_received = 80;
	struct verify_result refused = { .x509_error = 62, .code = CODE_SERVER_NAME_MISMATCH };
	outcome.refused = &refused;
	const struct tls_failure failure = { .outcome = &outcome };
	assert_false(tls_explain(&failure, &error));
	assert_int_equal(error.kind, ERROR_REFUSED_BY_US);
	assert_int_equal(error.code, CODE_SERVER_NAME_MISMATCH);
	assert_int_equal(error.alert, 42);
	assert_int_equal(error.x509_error, 62);
	assert_non_null(strstr(error.text, "we refused the server's certificate: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_causes_of_alerts),
		cmocka_unit_test(tells_our_own_reasons),
		cmocka_unit_test(tells_the_network_from_a_refusal),
		cmocka_unit_test(our_verifier_is_the_most_specific),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
