/* Alert and signature scheme names come from our own tables: every number the RFCs assign. */
#include "unit.h"

#include <stdio.h>

#include "tls/tls.h"

/* RFC 8446 section 6.2, with those of section 6 that are only reserved, and later registrations. */
static const struct {
	int alert;
	const char *name;
} alerts[] = {
	{ 0, "close_notify" },
	{ 10, "unexpected_message" },
	{ 20, "bad_record_mac" },
	{ 21, "decryption_failed" },
	{ 22, "record_overflow" },
	{ 30, "decompression_failure" },
	{ 40, "handshake_failure" },
	{ 41, "no_certificate" },
	{ 42, "bad_certificate" },
	{ 43, "unsupported_certificate" },
	{ 44, "certificate_revoked" },
	{ 45, "certificate_expired" },
	{ 46, "certificate_unknown" },
	{ 47, "illegal_parameter" },
	{ 48, "unknown_ca" },
	{ 49, "access_denied" },
	{ 50, "decode_error" },
	{ 51, "decrypt_error" },
	{ 60, "export_restriction" },
	{ 70, "protocol_version" },
	{ 71, "insufficient_security" },
	{ 80, "internal_error" },
	{ 86, "inappropriate_fallback" },
	{ 90, "user_canceled" },
	{ 100, "no_renegotiation" },
	{ 109, "missing_extension" },
	{ 110, "unsupported_extension" },
	{ 111, "certificate_unobtainable" },
	{ 112, "unrecognized_name" },
	{ 113, "bad_certificate_status_response" },
	{ 114, "bad_certificate_hash_value" },
	{ 115, "unknown_psk_identity" },
	{ 116, "certificate_required" },
	{ 120, "no_application_protocol" },
	{ 121, "ech_required" },
};

/* Section 4.2.3, with the legacy ones that a CertificateRequest of TLS 1.2 still names: all that
 * has a name on the wire, by number. */
static const char schemes[] =
	"0201 rsa_pkcs1_sha1, 0202 dsa_sha1, 0203 ecdsa_sha1, 0301 rsa_pkcs1_sha224, "
	"0302 dsa_sha224, 0303 ecdsa_sha224, 0401 rsa_pkcs1_sha256, 0402 dsa_sha256, "
	"0403 ecdsa_secp256r1_sha256, 0501 rsa_pkcs1_sha384, 0502 dsa_sha384, "
	"0503 ecdsa_secp384r1_sha384, 0601 rsa_pkcs1_sha512, 0602 dsa_sha512, "
	"0603 ecdsa_secp521r1_sha512, 0804 rsa_pss_rsae_sha256, 0805 rsa_pss_rsae_sha384, "
	"0806 rsa_pss_rsae_sha512, 0807 ed25519, 0808 ed448, 0809 rsa_pss_pss_sha256, "
	"080a rsa_pss_pss_sha384, 080b rsa_pss_pss_sha512, ";

static const char *assigned_alert(int alert)
{
	for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++)
		if (alerts[i].alert == alert)
			return alerts[i].name;
	return "unknown";
}

/* Every number that fits on the wire, so that no name stands one line too low. */
static void every_alert_has_the_name_of_its_number(void **state)
{
	(void)state;
	for (int alert = 0; alert < 256; alert++)
		assert_string_equal(tls_alert_name(alert), assigned_alert(alert));
}

static void what_is_no_alert_is_unknown(void **state)
{
	(void)state;
	static const int numbers[] = { -1, INT32_MIN, 256, 70000, INT32_MAX };
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		assert_string_equal(tls_alert_name(numbers[i]), "unknown");
}

/* Each alert that a code of ours stands for has a name. */
static void every_alert_of_the_codes_has_a_name(void **state)
{
	(void)state;
	for (int i = CODE_NONE + 1; i < CODE_COUNT; i++) {
		const struct code_info *info = code_info((enum code)i);
		if (info->alert12 >= 0)
			assert_string_not_equal(tls_alert_name(info->alert12), "unknown");
		if (info->alert13 >= 0)
			assert_string_not_equal(tls_alert_name(info->alert13), "unknown");
	}
}

static void every_signature_scheme_has_the_name_of_its_number(void **state)
{
	(void)state;
	char seen[2048] = "";
	size_t length = 0;
	for (unsigned scheme = 0; scheme <= 0xffff; scheme++) {
		const char *name = tls_signature_scheme_name(scheme);
		if (name)
			length += (size_t)snprintf(
				seen + length, sizeof seen - length, "%04x %s, ", scheme, name);
	}
	assert_string_equal(seen, schemes);
	assert_null(tls_signature_scheme_name(0x10403));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_alert_has_the_name_of_its_number),
		cmocka_unit_test(what_is_no_alert_is_unknown),
		cmocka_unit_test(every_alert_of_the_codes_has_a_name),
		cmocka_unit_test(every_signature_scheme_has_the_name_of_its_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
