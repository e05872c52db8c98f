/* Log lines of many makers, reduced to one code: patterns as data, the most telling first. */
#include "doctor/serverlog.h"

#include "pki/pki.h"

#include <sys/stat.h>

#define LOG_BYTES_MAX ((size_t)64 << 20)

static const struct {
	const char *text;
	enum code code;
} patterns[] = {
	/* OpenSSL and those who print its errors: nginx, Apache, haproxy, stunnel, Python, Node */
	{ "peer did not return a certificate", CODE_NO_CLIENT_CERTIFICATE },
	{ "PEER_DID_NOT_RETURN_A_CERTIFICATE", CODE_NO_CLIENT_CERTIFICATE }, /* BoringSSL: Envoy */
	{ "client sent no required SSL certificate", CODE_NO_CLIENT_CERTIFICATE },
	/* With what stands before it: "unsupported protocol scheme" is another matter. */
	{ ":unsupported protocol", CODE_TLS_VERSION },
	{ "state=error: unsupported protocol", CODE_TLS_VERSION }, /* Ruby */
	{ "UNSUPPORTED_PROTOCOL", CODE_TLS_VERSION },
	{ "no shared cipher", CODE_TLS_NO_SHARED_CIPHER },
	{ "NO_SHARED_CIPHER", CODE_TLS_NO_SHARED_CIPHER },
	{ "no suitable key share", CODE_TLS_NO_SHARED_GROUP },
	{ "no application protocol", CODE_ALPN_MISMATCH },
	{ ":http request", CODE_PLAIN_HTTP },
	{ ":HTTP_REQUEST", CODE_PLAIN_HTTP },
	{ "state=error: http request", CODE_PLAIN_HTTP },
	{ "client sent plain HTTP request to HTTPS port", CODE_PLAIN_HTTP },
	/* OpenSSL 1.1, LibreSSL and BoringSSL, where our own OpenSSL has other words */
	{ "self signed certificate in certificate chain", CODE_CLIENT_UNKNOWN_CA },
	{ "self signed certificate", CODE_CLIENT_SELF_SIGNED },
	{ "unsupported certificate purpose", CODE_CLIENT_WRONG_EKU },
	/* GnuTLS */
	{ "No certificate was found", CODE_NO_CLIENT_CERTIFICATE },
	{ "The certificate issuer is unknown", CODE_CLIENT_UNKNOWN_CA },
	{ "The certificate chain uses expired certificate", CODE_CLIENT_EXPIRED },
	{ "The certificate chain uses not yet valid certificate", CODE_CLIENT_NOT_YET_VALID },
	{ "The certificate chain is revoked", CODE_CLIENT_REVOKED },
	{ "The certificate chain does not match the intended purpose", CODE_CLIENT_WRONG_EKU },
	{ "The certificate chain violates the signer's constraints", CODE_CLIENT_ISSUER_NOT_CA },
	/* Go */
	{ "client didn't provide a certificate", CODE_NO_CLIENT_CERTIFICATE },
	{ "certificate signed by unknown authority", CODE_CLIENT_UNKNOWN_CA },
	{ "certificate specifies an incompatible key usage", CODE_CLIENT_WRONG_EKU },
	{ "client offered only unsupported versions", CODE_TLS_VERSION },
	{ "no cipher suite supported by both", CODE_TLS_NO_SHARED_CIPHER },
	{ "client requested unsupported application protocols", CODE_ALPN_MISMATCH },
	{ "client sent an HTTP request to an HTTPS server", CODE_PLAIN_HTTP },
	{ "too many intermediates for path length constraint", CODE_CLIENT_PATH_LENGTH },
	{ "parent certificate cannot sign this kind of certificate", CODE_CLIENT_ISSUER_NOT_CA },
	{ "unhandled critical extension", CODE_CLIENT_CRITICAL_EXTENSION },
	/* Java */
	{ "Empty client certificate chain", CODE_NO_CLIENT_CERTIFICATE },
	{ "unable to find valid certification path", CODE_CLIENT_UNKNOWN_CA },
	{ "PKIX path building failed", CODE_CLIENT_UNKNOWN_CA },
	{ "CertificateExpiredException", CODE_CLIENT_EXPIRED },
	{ "CertificateNotYetValidException", CODE_CLIENT_NOT_YET_VALID },
	{ "CertificateRevokedException", CODE_CLIENT_REVOKED },
	{ "Certificate has been revoked", CODE_CLIENT_REVOKED },
	{ "Extended key usage does not permit use for TLS client", CODE_CLIENT_WRONG_EKU },
	{ "no cipher suites in common", CODE_TLS_NO_SHARED_CIPHER },
	{ "No trusted certificate found", CODE_CLIENT_UNKNOWN_CA },
	{ "Path does not chain with any of the trust anchors", CODE_CLIENT_UNKNOWN_CA },
	{ "KeyUsage does not allow digital signatures", CODE_CLIENT_WRONG_KEY_USAGE },
	{ "is not enabled or supported in server context", CODE_TLS_VERSION },
	{ "Unrecognized server name indication", CODE_SNI_UNKNOWN },
	{ "Unsupported or unrecognized SSL message", CODE_PLAIN_HTTP },
};

/* "code=NAME" of our text, "code": "NAME" of our JSON. */
static enum code own_code(const char *line)
{
	static const char *const starts[] = { "| code=", "\"code\": \"", "\"code\":\"" };
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		const char *at = strstr(line, starts[i]);
		if (!at)
			continue;
		at += strlen(starts[i]);
		OWN(char)
		char *name = text_format(
			"%.*s", (int)strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-"), at);
		enum code code = code_from_name(name);
		if (code != CODE_NONE)
			return code;
	}
	return CODE_NONE;
}

/* Go has one sentence for both ends of the validity. */
static enum code go_time(const char *line)
{
	if (!strstr(line, "certificate has expired or is not yet valid"))
		return CODE_NONE;
	return strstr(line, " is before ") ? CODE_CLIENT_NOT_YET_VALID : CODE_CLIENT_EXPIRED;
}

bool log_line_read(const char *line, struct log_record *ret)
{
	struct log_record record = { .code = own_code(line) };
	if (record.code == CODE_NONE)
		record.code = go_time(line);
	if (record.code == CODE_NONE && (record.x509_error = suspect_error_in(line)) != 0)
		record.code = suspect_code(record.x509_error);
	for (size_t i = 0; record.code == CODE_NONE && i < sizeof patterns / sizeof patterns[0];
		i++)
		if (strstr(line, patterns[i].text))
			record.code = patterns[i].code;
	if (record.code == CODE_NONE)
		return false;
	text_escape(record.line, sizeof record.line, line, strlen(line));
	*ret = record;
	return true;
}

size_t log_size(const char *path)
{
	struct stat found;
	return stat(path, &found) == 0 && found.st_size > 0 ? (size_t)found.st_size : 0;
}

bool log_read(const char *path, size_t from, enum code except, struct log_record *ret)
{
	struct error ignored;
	bool any = false;
	OWN(buffer) struct buffer text = BUFFER(LOG_BYTES_MAX);
	if (!file_read(path, &text, &ignored) || from >= text.length)
		return false;
	for (char *line = text.data + from, *end; line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = 0;
		struct log_record record;
		if (!log_line_read(line, &record) || (record.code == except && except != CODE_NONE))
			continue;
		*ret = record;
		any = true;
	}
	return any;
}
