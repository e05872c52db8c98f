/* Alert and signature scheme names come from our own tables: every number the RFCs assign. */
#include "unit.h"

#include "tls/tls.h"

static void names_the_alerts_that_openssl_lacks(void **state)
{
	(void)state;
	assert_string_equal(tls_alert_name(86), "inappropriate_fallback");
	assert_string_equal(tls_alert_name(109), "missing_extension");
	assert_string_equal(tls_alert_name(116), "certificate_required");
	assert_string_equal(tls_alert_name(0), "close_notify");
	assert_string_equal(tls_alert_name(48), "unknown_ca");
	assert_string_equal(tls_alert_name(121), "ech_required");
}

static void knows_what_it_does_not_know(void **state)
{
	(void)state;
	const int unassigned[] = { -1, 1, 52, 117, 122, 255, 70000 };
	for (size_t i = 0; i < sizeof unassigned / sizeof unassigned[0]; i++)
		assert_string_equal(tls_alert_name(unassigned[i]), "unknown");
}

/* Each alert that a code of ours stands for has a name. */
static void names_every_alert_of_the_codes(void **state)
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

static void names_signature_schemes(void **state)
{
	(void)state;
	assert_string_equal(tls_signature_scheme_name(0x0403), "ecdsa_secp256r1_sha256");
	assert_string_equal(tls_signature_scheme_name(0x0804), "rsa_pss_rsae_sha256");
	assert_string_equal(tls_signature_scheme_name(0x0807), "ed25519");
	assert_null(tls_signature_scheme_name(0x0400));
	assert_null(tls_signature_scheme_name(0xffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_alerts_that_openssl_lacks),
		cmocka_unit_test(knows_what_it_does_not_know),
		cmocka_unit_test(names_every_alert_of_the_codes),
		cmocka_unit_test(names_signature_schemes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
