/* What a server writes into its log leads to OpenSSL's number, and that to the client's fault. */
#include "unit.h"

#include "pki/suspect.h"

static const struct {
	int number;
	const char *code, *word; /* Node's name for it, or NULL */
} rows[] = {
	{ 20, "client-unknown-ca", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" },
	{ 2, "client-unknown-ca", "UNABLE_TO_GET_ISSUER_CERT" },
	{ 21, "client-unknown-ca", "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
	{ 19, "client-unknown-ca", "SELF_SIGNED_CERT_IN_CHAIN" },
	{ 18, "client-self-signed", "DEPTH_ZERO_SELF_SIGNED_CERT" },
	{ 10, "client-expired", "CERT_HAS_EXPIRED" },
	{ 9, "client-not-yet-valid", "CERT_NOT_YET_VALID" },
	{ 23, "client-revoked", "CERT_REVOKED" },
	{ 3, "crl-missing", "UNABLE_TO_GET_CRL" },
	{ 12, "crl-expired", "CRL_HAS_EXPIRED" },
	{ 8, "crl-bad-signature", "CRL_SIGNATURE_FAILURE" },
	{ 26, "client-wrong-eku", "INVALID_PURPOSE" },
	{ 25, "client-path-length", "PATH_LENGTH_EXCEEDED" },
	{ 22, "client-chain-too-long", "CERT_CHAIN_TOO_LONG" },
	{ 79, "client-issuer-not-ca", "INVALID_CA" },
	{ 7, "client-bad-signature", "CERT_SIGNATURE_FAILURE" },
	{ 34, "client-critical-extension", NULL },
	{ 47, "client-name-constraint", NULL },
	{ 48, "client-name-constraint", NULL },
	{ 68, "client-weak-digest", NULL },
	{ 66, "client-weak-key", NULL },
	{ 67, "client-weak-key", NULL },
};

static void each_number_has_its_code(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(code_name(suspect_code(rows[i].number)), rows[i].code);
	assert_int_equal(suspect_code(-1), CODE_NONE);
	assert_int_equal(suspect_code(1), CODE_NONE);
}

static void openssls_sentence_is_known_in_any_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		OWN(char) char *line = text_format("nginx: client SSL certificate verify error: "
						   "(%d:%s) while reading",
			rows[i].number, suspect_error_text(rows[i].number));
		assert_int_equal(suspect_error_in(line), rows[i].number);
		for (char *at = line; *at; at++)
			if (*at >= 'a' && *at <= 'z')
				*at = (char)(*at - 'a' + 'A');
		assert_int_equal(suspect_error_in(line), rows[i].number);
	}
}

static void nodes_name_is_known_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!rows[i].word)
			continue;
		OWN(char) char *line = text_format("code: '%s',", rows[i].word);
		OWN(char) char *longer = text_format("code: '%sX',", rows[i].word);
		OWN(char) char *joined = text_format("code: '%s_',", rows[i].word);
		OWN(char) char *again = text_format("%sX %s", rows[i].word, rows[i].word);
		assert_int_equal(suspect_error_in(line), rows[i].number);
		assert_int_equal(suspect_error_in(rows[i].word), rows[i].number);
		assert_int_equal(suspect_error_in(longer), 0);
		assert_int_equal(suspect_error_in(joined), 0);
		/* One that does not count is passed over. */
		assert_int_equal(suspect_error_in(again), rows[i].number);
	}
	assert_int_equal(suspect_error_in(""), 0);
	assert_int_equal(suspect_error_in("ERR_INVALID_CALLBACK"), 0);
	assert_int_equal(suspect_error_in("cert_revoked"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_number_has_its_code),
		cmocka_unit_test(openssls_sentence_is_known_in_any_case),
		cmocka_unit_test(nodes_name_is_known_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
