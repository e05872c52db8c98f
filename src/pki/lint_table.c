/* Each finding's severity, and who minds it: error is what a stack refuses, or what leaks. */
#include "pki/lint.h"

#define ALL "OpenSSL, GnuTLS, Go, Java, .NET, browsers"

static const struct lint_rule rules[] = {
	{ CODE_CLIENT_EXPIRED, LINT_ERROR, ALL },
	{ CODE_SERVER_EXPIRED, LINT_ERROR, ALL },
	{ CODE_CA_EXPIRED, LINT_ERROR, ALL },
	{ CODE_CLIENT_NOT_YET_VALID, LINT_ERROR, ALL },
	{ CODE_SERVER_NOT_YET_VALID, LINT_ERROR, ALL },
	{ CODE_CA_NOT_YET_VALID, LINT_ERROR, ALL },
	{ CODE_EXPIRES_SOON, LINT_WARNING, "" },
	{ CODE_OUTLIVES_ISSUER, LINT_WARNING, ALL ", from the day on which the CA expires" },
	{ CODE_CLIENT_WRONG_EKU, LINT_ERROR, ALL },
	{ CODE_SERVER_WRONG_EKU, LINT_ERROR, ALL },
	{ CODE_CLIENT_NO_EKU, LINT_ERROR, "mtls, .NET, Windows" },
	{ CODE_SERVER_NO_EKU, LINT_WARNING, "Apple, Windows, mtls --eku strict" },
	{ CODE_CLIENT_WRONG_KEY_USAGE, LINT_ERROR, "OpenSSL, GnuTLS, Java, mtls" },
	{ CODE_SERVER_WRONG_KEY_USAGE, LINT_ERROR, "GnuTLS, Chrome, Firefox, mtls" },
	{ CODE_CLIENT_IS_CA, LINT_ERROR, "mtls, Firefox" },
	{ CODE_SERVER_IS_CA, LINT_ERROR, "mtls, Firefox, rustls" },
	{ CODE_CLIENT_SELF_SIGNED, LINT_WARNING, ALL ", unless it is trusted itself" },
	{ CODE_SERVER_SELF_SIGNED, LINT_WARNING, ALL ", unless it is trusted itself" },
	{ CODE_SERVER_NO_SAN, LINT_ERROR, "Go, Chrome, Firefox, urllib3 2, mtls" },
	{ CODE_CN_NOT_IN_SAN, LINT_WARNING, "people who read the common name only" },
	{ CODE_SAN_ADDRESS_AS_DNS, LINT_ERROR, "OpenSSL, Go, Chrome, Python" },
	{ CODE_SAN_BAD_DNS, LINT_ERROR, "Go, Java, Firefox" },
	{ CODE_SAN_WIDE_WILDCARD, LINT_WARNING, "browsers, Go" },
	{ CODE_SAN_EMPTY, LINT_ERROR, "OpenSSL, Go" },
	{ CODE_SAN_NOT_CRITICAL, LINT_WARNING, "Python 3.13" },
	{ CODE_SAN_CRITICAL, LINT_NOTE, "old Java" },
	{ CODE_SAN_BAD_URI, LINT_ERROR, "Go" },
	{ CODE_SAN_BAD_EMAIL, LINT_ERROR, "Go" },
	{ CODE_SAN_BAD_ADDRESS, LINT_ERROR, "Go, OpenSSL" },
	{ CODE_CA_WITHOUT_CONSTRAINTS, LINT_ERROR, ALL },
	{ CODE_CONSTRAINTS_NOT_CRITICAL, LINT_WARNING, "Python 3.13, mtls --profile strict" },
	{ CODE_PATHLEN_MISPLACED, LINT_WARNING, "Python 3.13, Go" },
	{ CODE_KEY_USAGE_MISSING, LINT_WARNING, "Python 3.13" },
	{ CODE_KEY_USAGE_EMPTY, LINT_ERROR, "OpenSSL, GnuTLS" },
	{ CODE_KEY_USAGE_NO_CERT_SIGN, LINT_ERROR, ALL },
	{ CODE_KEY_USAGE_LEAF_SIGNS, LINT_WARNING, "Python 3.13" },
	{ CODE_EKU_CRITICAL, LINT_NOTE, "old Java" },
	{ CODE_EKU_ANY, LINT_WARNING, "OpenSSL (of clients), mtls" },
	{ CODE_EKU_IN_ROOT, LINT_NOTE, "Windows, which applies it to everything below" },
	{ CODE_VERSION_NOT_3, LINT_ERROR, "Go, Java, Firefox, mtls" },
	{ CODE_SERIAL_ZERO, LINT_WARNING, "Go, Python cryptography" },
	{ CODE_SERIAL_NEGATIVE, LINT_ERROR, "Go, Python cryptography" },
	{ CODE_SERIAL_TOO_LONG, LINT_WARNING, "Go, Firefox" },
	{ CODE_SERIAL_DUPLICATE, LINT_ERROR, "Firefox, every CRL" },
	{ CODE_ISSUER_EMPTY, LINT_ERROR, "Python 3.13, Java" },
	{ CODE_SUBJECT_EMPTY, LINT_ERROR, "Python 3.13, Java" },
	{ CODE_VALIDITY_ENCODING, LINT_WARNING, "Go, GnuTLS" },
	{ CODE_UNIQUE_ID, LINT_NOTE, "Go" },
	{ CODE_KEY_DSA, LINT_ERROR, "Go, browsers, TLS 1.3" },
	{ CODE_KEY_RSA_SHORT, LINT_ERROR, ALL },
	{ CODE_KEY_RSA_ODD_SIZE, LINT_NOTE, "Windows" },
	{ CODE_KEY_CURVE, LINT_WARNING, "Go, browsers" },
	{ CODE_SIGNATURE_DIGEST, LINT_ERROR, ALL },
	{ CODE_EXTENSION_DUPLICATE, LINT_ERROR, "Go, OpenSSL" },
	{ CODE_EXTENSION_MALFORMED, LINT_ERROR, ALL },
	{ CODE_AKI_MISSING, LINT_WARNING, "Python 3.13" },
	{ CODE_AKI_CRITICAL, LINT_WARNING, "Python 3.13" },
	{ CODE_AKI_WITHOUT_KEY_ID, LINT_WARNING, "Python 3.13" },
	{ CODE_AKI_WITH_ISSUER, LINT_NOTE, "OpenSSL, once the CA is renewed" },
	{ CODE_AKI_ROOT_MISMATCH, LINT_ERROR, "OpenSSL, Go" },
	{ CODE_AKI_SELF_SIGNED, LINT_WARNING, "Python 3.13" },
	{ CODE_SKI_MISSING, LINT_WARNING, "Python 3.13" },
	{ CODE_SKI_CRITICAL, LINT_WARNING, "Python 3.13" },
	{ CODE_SKI_EMPTY, LINT_WARNING, "Go" },
	{ CODE_SKI_OF_NOTHING, LINT_ERROR, "OpenSSL and Go, when two CAs have it" },
	{ CODE_AIA_CRITICAL, LINT_WARNING, "Python 3.13" },
	{ CODE_POLICY_NOT_CRITICAL, LINT_NOTE, "Python 3.13" },
	{ CODE_NAME_CONSTRAINTS_IN_LEAF, LINT_WARNING, "Go" },
	{ CODE_NAME_CONSTRAINTS_NOT_CRITICAL, LINT_WARNING, "Python 3.13" },
	{ CODE_NAME_CONSTRAINTS_EMPTY, LINT_ERROR, "OpenSSL, Go" },
	{ CODE_NAME_CONSTRAINTS_MALFORMED, LINT_ERROR, "Go, OpenSSL" },
	{ CODE_WILDCARD_EXCLUDED, LINT_WARNING, "mtls" },
	{ CODE_KEY_MISMATCH, LINT_ERROR, ALL },
	{ CODE_PEM_ORDER, LINT_ERROR, ALL },
	{ CODE_CHAIN_ORDER, LINT_WARNING, "GnuTLS, Java, TLS 1.2 (RFC 5246 section 7.4.2)" },
	{ CODE_CHAIN_WITH_ROOT, LINT_NOTE, "" },
	{ CODE_KEY_FILE_READABLE, LINT_ERROR, "PostgreSQL, ssh, whoever else is on the machine" },
	{ CODE_KEY_FEW_ROUNDS, LINT_WARNING, "" },
	{ CODE_REQUEST_BAD_SIGNATURE, LINT_ERROR, "every CA" },
	{ CODE_REQUEST_ASKS_CA, LINT_WARNING, "every CA that copies it" },
	{ CODE_REQUEST_EXTENSIONS, LINT_NOTE, "openssl x509 -req" },
	{ CODE_PFX_OLD_CIPHER, LINT_ERROR, "OpenSSL 3, Node, Python" },
	{ CODE_PFX_WITHOUT_MAC, LINT_WARNING, "Windows, Java" },
	{ CODE_PFX_NO_PASSWORD, LINT_ERROR, "macOS, Java, whoever finds the file" },
	{ CODE_CRL_EXPIRED, LINT_ERROR, "OpenSSL, nginx, haproxy, Java, mtls" },
	{ CODE_CRL_EXPIRES_SOON, LINT_WARNING, "" },
	{ CODE_CRL_NOT_YET_VALID, LINT_ERROR, "OpenSSL, nginx, haproxy, mtls" },
	{ CODE_CRL_BAD_SIGNATURE, LINT_ERROR, ALL },
	{ CODE_CRL_NOT_V2, LINT_WARNING, "Java, mtls --profile strict" },
	{ CODE_CRL_NO_NEXT_UPDATE, LINT_WARNING, "GnuTLS, Java" },
	{ CODE_CRL_NO_NUMBER, LINT_NOTE, "mtls --profile strict" },
	{ CODE_CRL_NO_AKI, LINT_NOTE, "mtls --profile strict" },
	{ CODE_CNF_DUPLICATE_SECTION, LINT_WARNING, "openssl, which merges them in silence" },
	{ CODE_CNF_DUPLICATE_KEY, LINT_WARNING, "openssl, which drops the first in silence" },
	{ CODE_CNF_INCLUDE, LINT_NOTE, "" },
	{ CODE_CNF_ENVIRONMENT, LINT_NOTE, "" },
	{ CODE_CNF_PROMPT, LINT_WARNING, "openssl req, which takes answers for questions" },
	{ CODE_CNF_ENCODING, LINT_WARNING, "openssl, which reads Latin-1 in silence" },
	{ CODE_CNF_REQUEST_EXTENSIONS, LINT_WARNING, "openssl x509 -req, which drops them" },
};

const char *lint_level_name(enum lint_level level)
{
	static const char *const names[] = { "note", "warning", "error" };
	return names[level];
}

const struct lint_rule *lint_rule_at(size_t index)
{
	return index < sizeof rules / sizeof rules[0] ? &rules[index] : NULL;
}

const struct lint_rule *lint_rule(enum code code)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (rules[i].code == code)
			return &rules[i];
	return NULL;
}
