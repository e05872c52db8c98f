/*
 * Lines as each maker's server writes them, whole, and what the doctor makes of them; and their
 * neighbours in the same logs, which only look like a refusal.
 */
#include "unit.h"

#include "doctor/serverlog.h"

struct row {
	const char *line, *code;
	int x509_error;
};

#define NGINX "2026/11/22 10:00:00 [info] 31#31: *7 "
#define WHILE " while reading client request headers, client: 10.0.0.9, server: example.org"
static const struct row nginx[] = {
	{ NGINX "client SSL certificate verify error: (10:certificate has expired)" WHILE,
		"client-expired", 10 },
	{ NGINX "client SSL certificate verify error: (9:certificate is not yet valid)" WHILE,
		"client-not-yet-valid", 9 },
	{ NGINX "client SSL certificate verify error: (23:certificate revoked)" WHILE,
		"client-revoked", 23 },
	{ NGINX "client SSL certificate verify error: (3:unable to get certificate CRL)" WHILE,
		"crl-missing", 3 },
	{ NGINX "client SSL certificate verify error: (18:self-signed certificate)" WHILE,
		"client-self-signed", 18 },
	{ NGINX "client SSL certificate verify error: (19:self-signed certificate in certificate "
		"chain)" WHILE,
		"client-unknown-ca", 19 },
	{ NGINX "client SSL certificate verify error: (21:unable to verify the first "
		"certificate)" WHILE,
		"client-unknown-ca", 21 },
	{ NGINX "client SSL certificate verify error: (22:certificate chain too long)" WHILE,
		"client-chain-too-long", 22 },
	{ NGINX "client SSL certificate verify error: (25:path length constraint exceeded)" WHILE,
		"client-path-length", 25 },
	{ NGINX "client SSL certificate verify error: (26:unsuitable certificate purpose)" WHILE,
		"client-wrong-eku", 26 },
	/* Built with OpenSSL 1.1 */
	{ NGINX "client SSL certificate verify error: (26:unsupported certificate purpose)" WHILE,
		"client-wrong-eku", 0 },
	{ NGINX "client SSL certificate verify error: (18:self signed certificate)" WHILE,
		"client-self-signed", 0 },
	{ NGINX "client sent no required SSL certificate" WHILE, "no-client-certificate", 0 },
	{ NGINX "client sent plain HTTP request to HTTPS port" WHILE, "plain-http", 0 },
	{ NGINX "SSL_do_handshake() failed (SSL: error:0A00009C:SSL routines::http request) while "
		"SSL handshaking",
		"plain-http", 0 },
	{ NGINX "SSL_do_handshake() failed (SSL: error:0A000102:SSL routines::unsupported "
		"protocol) while SSL handshaking",
		"tls-version", 0 },
	{ NGINX "SSL_do_handshake() failed (SSL: error:0A0000C1:SSL routines::no shared cipher) "
		"while SSL handshaking",
		"tls-no-shared-cipher", 0 },
	{ NGINX "SSL_do_handshake() failed (SSL: error:0A000065:SSL routines::no suitable key "
		"share) while SSL handshaking",
		"tls-no-shared-group", 0 },
	{ NGINX "SSL_do_handshake() failed (SSL: error:0A0000EB:SSL routines::no application "
		"protocol) while SSL handshaking",
		"alpn-mismatch", 0 },
};

#define HAPROXY "Nov 22 10:00:00 lb haproxy[7]: 10.0.0.9:40000 [22/Nov/2026:10:00:00.000] in/1: "
#define APACHE "[Sun Nov 22 10:00:00.0 2026] [ssl:error] [pid 7] [client 10.0.0.9:4] "
static const struct row of_openssl[] = {
	{ HAPROXY "SSL handshake failure (error:0A0000C7:SSL routines::peer did not return a "
		  "certificate)",
		"no-client-certificate", 0 },
	{ HAPROXY "SSL handshake failure (error:0A000102:SSL routines::unsupported protocol)",
		"tls-version", 0 },
	{ HAPROXY "SSL handshake failure (error:0A00009C:SSL routines::http request)", "plain-http",
		0 },
	{ APACHE "AH02039: Certificate Verification: Error (23): certificate revoked",
		"client-revoked", 23 },
	{ APACHE "AH02039: Certificate Verification: Error (79): invalid CA certificate",
		"client-issuer-not-ca", 79 },
	{ APACHE "SSL Library Error: error:0A0000C7:SSL routines::peer did not return a "
		 "certificate -- No CAs known to server for verification?",
		"no-client-certificate", 0 },
	{ "verify error:num=2:unable to get issuer certificate", "client-unknown-ca", 2 },
	{ "verify error:num=7:certificate signature failure", "client-bad-signature", 7 },
	{ "verify error:num=34:unhandled critical extension", "client-critical-extension", 34 },
	{ "verify error:num=47:permitted subtree violation", "client-name-constraint", 47 },
	{ "verify error:num=66:EE certificate key too weak", "client-weak-key", 66 },
	{ "LOG4[7]: CERT: Pre-verification error: CRL has expired", "crl-expired", 12 },
	{ "ssl.SSLError: [SSL: UNSUPPORTED_PROTOCOL] unsupported protocol (_ssl.c:1006)",
		"tls-version", 0 },
	{ "ssl.SSLError: [SSL: PEER_DID_NOT_RETURN_A_CERTIFICATE] peer did not return a "
	  "certificate (_ssl.c:1006)",
		"no-client-certificate", 0 },
	{ "SSL error, peer: 10.0.0.9, peer cert: , #<OpenSSL::SSL::SSLError: SSL_accept returned=1 "
	  "errno=0 peeraddr=10.0.0.9:4 state=error: http request>",
		"plain-http", 0 },
	{ "SSL_accept returned=1 errno=0 state=error: unsupported protocol", "tls-version", 0 },
	{ "tlsClientError Error: CERT_HAS_EXPIRED", "client-expired", 10 },
	{ "authorizationError: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'", "client-unknown-ca", 20 },
	{ "authorizationError: 'UNABLE_TO_GET_ISSUER_CERT'", "client-unknown-ca", 2 },
	{ "code: 'INVALID_CA'", "client-issuer-not-ca", 79 },
};

#define GO "2026/11/22 10:00:00 http: TLS handshake error from 10.0.0.9:4: "
#define ENVOY "TLS_error:|268435581:SSL routines:OPENSSL_internal:"
static const struct row of_others[] = {
	{ GO "tls: client didn't provide a certificate", "no-client-certificate", 0 },
	{ GO "tls: client offered only unsupported versions: [302 301]", "tls-version", 0 },
	{ GO "tls: no cipher suite supported by both client and server", "tls-no-shared-cipher",
		0 },
	{ GO "tls: client requested unsupported application protocols ([foo])", "alpn-mismatch",
		0 },
	{ GO "client sent an HTTP request to an HTTPS server", "plain-http", 0 },
	{ GO "tls: failed to verify certificate: x509: too many intermediates for path length "
	     "constraint",
		"client-path-length", 0 },
	{ GO "tls: failed to verify certificate: x509: invalid signature: parent certificate "
	     "cannot sign this kind of certificate",
		"client-issuer-not-ca", 0 },
	{ GO "tls: failed to verify certificate: x509: unhandled critical extension",
		"client-critical-extension", 34 },
	{ "javax.net.ssl.SSLHandshakeException: no cipher suites in common", "tls-no-shared-cipher",
		0 },
	{ "javax.net.ssl.SSLHandshakeException: Client requested protocol TLSv1.1 is not enabled "
	  "or supported in server context",
		"tls-version", 0 },
	{ "javax.net.ssl.SSLException: Unsupported or unrecognized SSL message", "plain-http", 0 },
	{ "javax.net.ssl.SSLProtocolException: Unrecognized server name indication", "sni-unknown",
		0 },
	{ "sun.security.validator.ValidatorException: No trusted certificate found",
		"client-unknown-ca", 0 },
	{ "java.security.cert.CertPathValidatorException: Path does not chain with any of the "
	  "trust anchors",
		"client-unknown-ca", 0 },
	{ "sun.security.validator.ValidatorException: KeyUsage does not allow digital signatures",
		"client-wrong-key-usage", 0 },
	{ "java.security.cert.CertPathValidatorException: Certificate has been revoked, reason: "
	  "KEY_COMPROMISE",
		"client-revoked", 0 },
	{ "Caused by: java.security.cert.CertificateNotYetValidException: NotBefore: Mon Nov 23",
		"client-not-yet-valid", 0 },
	{ ENVOY "CERTIFICATE_VERIFY_FAILED:verify cert failed: X509_verify_cert: certificate "
		"verification error at depth 0: unsupported certificate purpose:TLS_error_end",
		"client-wrong-eku", 0 },
	{ ENVOY "CERTIFICATE_VERIFY_FAILED:verify cert failed: X509_verify_cert: certificate "
		"verification error at depth 1: self signed certificate in certificate chain",
		"client-unknown-ca", 0 },
	{ ENVOY "NO_SHARED_CIPHER:TLS_error_end", "tls-no-shared-cipher", 0 },
	{ ENVOY "UNSUPPORTED_PROTOCOL:TLS_error_end", "tls-version", 0 },
	{ ENVOY "HTTP_REQUEST:TLS_error_end", "plain-http", 0 },
	{ "- Status: The certificate is NOT trusted. The certificate chain uses expired "
	  "certificate. ",
		"client-expired", 0 },
	{ "- Status: The certificate is NOT trusted. The certificate chain uses not yet valid "
	  "certificate. ",
		"client-not-yet-valid", 0 },
	{ "- Status: The certificate is NOT trusted. The certificate chain does not match the "
	  "intended purpose. ",
		"client-wrong-eku", 0 },
	{ "Error in the certificate verification: No certificate was found.",
		"no-client-certificate", 0 },
};

static void are_understood(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct log_record record;
		if (!log_line_read(rows[i].line, &record))
			fail_msg("nothing seen in: %s", rows[i].line);
		if (strcmp(code_name(record.code), rows[i].code) != 0 ||
			record.x509_error != rows[i].x509_error)
			fail_msg("%s (%d) seen in: %s", code_name(record.code), record.x509_error,
				rows[i].line);
		assert_string_equal(record.line, rows[i].line);
	}
}

static void nginx_is_understood(void **state)
{
	(void)state;
	are_understood(nginx, sizeof nginx / sizeof *nginx);
}

static void who_prints_openssls_words_is_understood(void **state)
{
	(void)state;
	are_understood(of_openssl, sizeof of_openssl / sizeof *of_openssl);
}

static void who_has_words_of_its_own_is_understood(void **state)
{
	(void)state;
	are_understood(of_others, sizeof of_others / sizeof *of_others);
}

static const char *const neighbours[] = {
	NGINX "client closed connection while SSL handshaking",
	NGINX "SSL_do_handshake() failed (SSL: error:0A000412:SSL routines::sslv3 alert bad "
	      "certificate:SSL alert number 42) while SSL handshaking",
	NGINX "peer closed connection in SSL handshake (104: Connection reset by peer)",
	"10.0.0.9 - - [22/Nov/2026:10:00:00 +0000] \"GET /certificate HTTP/1.1\" 200 7",
	HAPROXY "Connection closed during SSL handshake",
	HAPROXY "SSL handshake failure",
	APACHE "AH01964: Connection to child 0 established",
	GO "EOF",
	GO "remote error: tls: bad certificate",
	GO "tls: first record does not look like a TLS handshake",
	/* A proxy's own requests are no client's handshake. */
	"proxy error: Get \"ftp://a/\": unsupported protocol scheme \"ftp\"",
	"level=info msg=\"http request\" method=GET path=/ status=200",
	"handled http request in 3 ms",
	"env: HTTP_REQUEST_TIMEOUT=30",
	"TypeError [ERR_INVALID_CALLBACK]: Callback must be a function",
	"NODE_INVALID_CACHE was cleared",
	ENVOY "CERTIFICATE_VERIFY_FAILED:TLS_error_end",
	"javax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate",
	"- Status: The certificate is trusted. ",
	"| code= | refused-by=server",
	"{\"code\": 23, \"event\": \"request\"}",
	"{\"code\": \"ENOENT\"}",
};

static void neighbours_say_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof neighbours / sizeof *neighbours; i++) {
		struct log_record record = { .code = CODE_PEER_CLOSED, .line = "untouched" };
		if (log_line_read(neighbours[i], &record))
			fail_msg("%s seen in: %s", code_name(record.code), neighbours[i]);
		assert_string_equal(record.line, "untouched");
	}
}

/* What a line says itself goes before what can be guessed of its words. */
static void our_own_code_goes_first(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "HANDSHAKE FAILED | error=certificate revoked | code=client-ca-rekeyed | x",
			"client-ca-rekeyed", 0 },
		/* One that is no code of ours leaves it to the words. */
		{ "HANDSHAKE FAILED | error=certificate revoked | code=future | x",
			"client-revoked", 23 },
		{ "{\"code\": \"future\", \"text\": \"certificate revoked\"}", "client-revoked",
			23 },
		{ "{\"code\":\"crl-missing\", \"text\": \"certificate revoked\"}", "crl-missing",
			0 },
		/* Go's sentence of both ends holds OpenSSL's of one. */
		{ "x509: certificate has expired or is not yet valid: current time a is before b",
			"client-not-yet-valid", 0 },
		{ "x509: certificate has expired or is not yet valid", "client-expired", 0 },
	};
	are_understood(rows, sizeof rows / sizeof *rows);
}

/* A line longer than a record is cut, and its cause is found behind the cut as well. */
static void a_long_line_is_cut(void **state)
{
	(void)state;
	OWN(char) char *line = calloc(1, 4096);
	struct log_record record;
	memset(line, 'x', 4000);
	assert_false(log_line_read(line, &record));
	strcpy(line + 4000, " certificate revoked");
	assert_true(log_line_read(line, &record));
	assert_string_equal(code_name(record.code), "client-revoked");
	assert_true(strlen(record.line) < sizeof record.line);
	assert_memory_equal(record.line, "xxxxxxxx", 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nginx_is_understood),
		cmocka_unit_test(who_prints_openssls_words_is_understood),
		cmocka_unit_test(who_has_words_of_its_own_is_understood),
		cmocka_unit_test(neighbours_say_nothing),
		cmocka_unit_test(our_own_code_goes_first),
		cmocka_unit_test(a_long_line_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
