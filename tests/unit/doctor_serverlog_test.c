/* What the logs of other makers' servers say of a refusal, and lines that say nothing about one. */
#include "unit.h"

#include "doctor/serverlog.h"

#include <unistd.h>

static const struct {
	const char *line, *code;
	int x509_error;
} rows[] = {
	{ "[SERVER] HANDSHAKE FAILED | peer=127.0.0.1:4 | code=client-revoked | refused-by=server",
		"client-revoked", 0 },
	{ "{\"time\": \"2026-01-01T00:00:00Z\", \"event\": \"handshake\", \"code\": "
	  "\"crl-missing\"}",
		"crl-missing", 0 },
	{ "{\"code\":\"client-no-eku\"}", "client-no-eku", 0 },
	{ "2026/11/22 [info] 7#7: *1 client SSL certificate verify error: (20:unable to get local "
	  "issuer certificate) while reading client request headers, client: 127.0.0.1",
		"client-unknown-ca", 20 },
	{ "2026/11/22 [info] 7#7: *1 client SSL certificate verify error: (12:CRL has expired)",
		"crl-expired", 12 },
	{ "2026/11/22 [info] 7#7: *1 client sent no required SSL certificate while reading",
		"no-client-certificate", 0 },
	{ "[ssl:info] [client 127.0.0.1:5] AH02276: Certificate Verification: Error (10): "
	  "certificate has expired [subject: CN=x]",
		"client-expired", 10 },
	{ "verify error:num=23:certificate revoked", "client-revoked", 23 },
	{ "40F7:error:0A0000C7:SSL routines:tls_process_client_certificate:peer did not return a "
	  "certificate:../ssl/statem/statem_srvr.c:3510:",
		"no-client-certificate", 0 },
	{ "error:0A0000C1:SSL routines:tls_early_post_process_client_hello:no shared cipher",
		"tls-no-shared-cipher", 0 },
	{ "error:0A000102:SSL routines:tls_early_post_process_client_hello:unsupported protocol",
		"tls-version", 0 },
	{ "LOG4[0]: CERT: Pre-verification error: certificate is not yet valid",
		"client-not-yet-valid", 9 },
	{ "Nov 22 haproxy[7]: 127.0.0.1:4 [22/Nov] in/1: SSL handshake failure (error:0A000086:SSL "
	  "routines::certificate verify failed: unsuitable certificate purpose)",
		"client-wrong-eku", 26 },
	{ "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify "
	  "failed: unable to get certificate CRL (_ssl.c:992)",
		"crl-missing", 3 },
	{ "tlsClientError UNABLE_TO_VERIFY_LEAF_SIGNATURE", "client-unknown-ca", 21 },
	{ "- Status: The certificate is NOT trusted. The certificate issuer is unknown. ",
		"client-unknown-ca", 0 },
	{ "- Status: The certificate is NOT trusted. The certificate chain is revoked. ",
		"client-revoked", 0 },
	{ "http: TLS handshake error from 127.0.0.1:5: tls: client didn't provide a certificate",
		"no-client-certificate", 0 },
	{ "http: TLS handshake error from 127.0.0.1:5: tls: failed to verify certificate: x509: "
	  "certificate signed by unknown authority",
		"client-unknown-ca", 0 },
	{ "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: "
	  "current time 2026-11-22T00:00:00Z is after 2026-11-21T00:00:00Z",
		"client-expired", 0 },
	{ "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: "
	  "current time 2026-11-22T00:00:00Z is before 2027-11-21T00:00:00Z",
		"client-not-yet-valid", 0 },
	{ "x509: certificate specifies an incompatible key usage", "client-wrong-eku", 0 },
	{ "tls: client offered only unsupported versions: [303]", "tls-version", 0 },
	{ "javax.net.ssl.SSLHandshakeException: Empty client certificate chain",
		"no-client-certificate", 0 },
	{ "javax.net.ssl.SSLHandshakeException: PKIX path building failed: "
	  "sun.security.provider.certpath.SunCertPathBuilderException",
		"client-unknown-ca", 0 },
	{ "Caused by: java.security.cert.CertificateExpiredException: NotAfter: Sat Nov 21",
		"client-expired", 0 },
	{ "sun.security.validator.ValidatorException: Extended key usage does not permit use for "
	  "TLS client authentication",
		"client-wrong-eku", 0 },
	{ "TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify "
	  "cert "
	  "failed: X509_verify_cert: certificate verification error at depth 0: certificate has "
	  "expired:TLS_error_end",
		"client-expired", 10 },
	{ "TLS_error:|268435655:SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE",
		"no-client-certificate", 0 },
};

static void each_maker_is_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct log_record record;
		if (!log_line_read(rows[i].line, &record))
			fail_msg("nothing seen in: %s", rows[i].line);
		assert_string_equal(code_name(record.code), rows[i].code);
		assert_int_equal(record.x509_error, rows[i].x509_error);
	}
}

static void other_lines_say_nothing(void **state)
{
	static const char *const lines[] = { "", "127.0.0.1 - - \"GET / HTTP/1.1\" 200 7",
		"[SERVER] mTLS server listening on https://127.0.0.1:8443",
		"| code=no-such-code | refused-by=server", "code=client-revoked",
		"SSL_do_handshake() failed (SSL: error:0A000126:unexpected eof while reading)" };
	struct log_record record = { .code = CODE_PEER_CLOSED };
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (log_line_read(lines[i], &record))
			fail_msg("%s seen in: %s", code_name(record.code), lines[i]);
	assert_int_equal(record.code, CODE_PEER_CLOSED);
}

static void a_line_cannot_break_ours(void **state)
{
	struct log_record record;
	(void)state;
	assert_true(log_line_read("certificate revoked\x1b[2J\r", &record));
	assert_string_equal(record.line, "certificate revoked\\x1b[2J\\x0d");
}

static void the_last_line_counts(void **state)
{
	char path[] = "/tmp/mtls-log-XXXXXX";
	static const char text[] = "certificate revoked\nsomething\ncertificate has expired\nmore";
	struct log_record record;
	int fd = mkstemp(path);
	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(log_size(path), strlen(text));
	assert_true(log_read(path, 0, CODE_NONE, &record));
	assert_int_equal(record.code, CODE_CLIENT_EXPIRED);
	assert_false(log_read(path, strlen(text) - 4, CODE_NONE, &record));
	assert_false(log_read(path, strlen(text), CODE_NONE, &record));
	unlink(path);
	assert_false(log_read(path, 0, CODE_NONE, &record));
	assert_int_equal(log_size(path), 0);
}

/* The server was late with a line about somebody who showed no certificate. */
static void a_line_about_somebody_else_does_not_count(void **state)
{
	char path[] = "/tmp/mtls-log-XXXXXX";
	static const char text[] = "certificate has expired\npeer did not return a certificate\n";
	size_t late = strlen("certificate has expired\n");
	struct log_record record = { .code = CODE_NONE };
	int fd = mkstemp(path);
	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_false(log_read(path, late, CODE_NO_CLIENT_CERTIFICATE, &record));
	assert_int_equal(record.code, CODE_NONE);
	assert_true(log_read(path, 0, CODE_NO_CLIENT_CERTIFICATE, &record));
	assert_int_equal(record.code, CODE_CLIENT_EXPIRED);
	assert_true(log_read(path, 0, CODE_NONE, &record));
	assert_int_equal(record.code, CODE_NO_CLIENT_CERTIFICATE);
	assert_true(log_read(path, 0, CODE_CLIENT_EXPIRED, &record));
	assert_int_equal(record.code, CODE_NO_CLIENT_CERTIFICATE);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_maker_is_understood),
		cmocka_unit_test(other_lines_say_nothing),
		cmocka_unit_test(a_line_cannot_break_ours),
		cmocka_unit_test(the_last_line_counts),
		cmocka_unit_test(a_line_about_somebody_else_does_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
