/* The X.509 numbers of the table are OpenSSL's own: each is one that it knows and calls the same.
 */
#include "unit.h"

#include "base/base.h"

#include <openssl/x509_vfy.h>

static const struct {
	const char *code;
	int x509_error;
} rows[] = {
	{ "client-unknown-ca", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY },
	{ "client-self-signed", X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT },
	{ "client-wrong-eku", X509_V_ERR_INVALID_PURPOSE },
	{ "client-expired", X509_V_ERR_CERT_HAS_EXPIRED },
	{ "client-not-yet-valid", X509_V_ERR_CERT_NOT_YET_VALID },
	{ "client-revoked", X509_V_ERR_CERT_REVOKED },
	{ "crl-missing", X509_V_ERR_UNABLE_TO_GET_CRL },
	{ "crl-expired", X509_V_ERR_CRL_HAS_EXPIRED },
	{ "crl-not-yet-valid", X509_V_ERR_CRL_NOT_YET_VALID },
	{ "crl-bad-signature", X509_V_ERR_CRL_SIGNATURE_FAILURE },
	{ "crl-unusable", X509_V_ERR_DIFFERENT_CRL_SCOPE },
	{ "client-path-length", X509_V_ERR_PATH_LENGTH_EXCEEDED },
	{ "client-chain-too-long", X509_V_ERR_CERT_CHAIN_TOO_LONG },
	{ "client-issuer-not-ca", X509_V_ERR_INVALID_CA },
	{ "client-name-constraint", X509_V_ERR_PERMITTED_VIOLATION },
	{ "wildcard-excluded", X509_V_ERR_EXCLUDED_VIOLATION },
	{ "client-bad-signature", X509_V_ERR_CERT_SIGNATURE_FAILURE },
	{ "client-critical-extension", X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION },
	{ "client-weak-digest", X509_V_ERR_CA_MD_TOO_WEAK },
	{ "client-weak-key", X509_V_ERR_EE_KEY_TOO_SMALL },
	{ "server-name-mismatch", X509_V_ERR_HOSTNAME_MISMATCH },
	{ "extension-malformed", X509_V_ERR_INVALID_EXTENSION },
	{ "certificate-invalid", X509_V_ERR_UNSPECIFIED },
	{ "no-client-certificate", X509_V_OK },
	{ "tls-version", X509_V_OK },
};

static void numbers_are_those_of_the_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum code code = code_from_name(rows[i].code);
		assert_int_not_equal(code, CODE_NONE);
		if (code_info(code)->x509_error != rows[i].x509_error)
			fail_msg("%s: %d instead of %d", rows[i].code, code_info(code)->x509_error,
				rows[i].x509_error);
	}
}

static void every_number_is_known_to_openssl(void **state)
{
	(void)state;
	for (int code = CODE_NONE + 1; code < CODE_COUNT; code++) {
		const struct code_info *info = code_info((enum code)code);
		const char *text = X509_verify_cert_error_string(info->x509_error);
		if (strstr(text, "unknown certificate verification error"))
			fail_msg("%s: %d", info->name, info->x509_error);
	}
	assert_non_null(strstr(X509_verify_cert_error_string(9999), "unknown"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_of_the_header),
		cmocka_unit_test(every_number_is_known_to_openssl),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
