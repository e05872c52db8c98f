/* Revocation, and CRLs made of our lines of index.txt and of those that openssl ca writes. */
#include "pki_ca_folder.h"

/* Writes FILE, and the CA's state beside it. */
static X509 *issue(struct ca *ca, const char *file)
{
	X509 *leaf = ca_folder_issue(ca, file, 5, NULL);
	fixture_write_certificate(file, leaf);
	return leaf;
}

static X509_CRL *make_crl(struct ca *ca)
{
	struct error error;
	OWN(buffer) struct buffer pem = BUFFER(CRL_BYTES_MAX);
	OWN(BIO) BIO *bio = NULL;
	if (!ca_crl(ca, 7, &pem, &error))
		fail_msg("%s", error.text);
	bio = BIO_new_mem_buf(pem.data, (int)pem.length);
	X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
	assert_non_null(crl);
	return crl;
}

static long crl_number(X509_CRL *crl)
{
	OWN(ASN1_INTEGER) ASN1_INTEGER *number =
		X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	assert_non_null(number);
	return ASN1_INTEGER_get(number);
}

static void a_revoked_certificate_is_listed_and_no_other(void **state)
{
	(void)state;
	struct error error;
	OWN(ca) struct ca *ca = ca_folder_open();
	OWN(X509) X509 *bad = issue(ca, "bad.crt"), *good = issue(ca, "good.crt");
	OWN(revoked) struct revoked revoked = { 0 };
	assert_true(ca_revoke(ca, "bad.crt", "keyCompromise", &revoked, &error));
	assert_string_equal(revoked.subject, "CN=bad.crt");
	assert_int_equal(ca_revoked_count(ca), 1);

	OWN(X509_CRL) X509_CRL *crl = make_crl(ca);
	X509_REVOKED *entry = NULL;
	assert_int_equal(X509_CRL_verify(crl, ca_key), 1);
	assert_int_not_equal(X509_CRL_verify(crl, leaf_key), 1);
	assert_int_equal(X509_CRL_get_version(crl), X509_CRL_VERSION_2);
	assert_int_equal(X509_CRL_get0_by_cert(crl, &entry, bad), 1);
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
	assert_int_equal(ASN1_ENUMERATED_get(reason), CRL_REASON_KEY_COMPROMISE);
	ASN1_ENUMERATED_free(reason);
	assert_int_equal(X509_CRL_get0_by_cert(crl, &entry, good), 0);
	AUTHORITY_KEYID *authority =
		X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	assert_int_equal(ASN1_OCTET_STRING_cmp(
				 authority->keyid, X509_get0_subject_key_id(ca_certificate(ca))),
		0);
	AUTHORITY_KEYID_free(authority);
	long first = crl_number(crl);
	OWN(X509_CRL) X509_CRL *next = make_crl(ca);
	assert_int_equal(crl_number(next), first + 1);
}

static void a_serial_is_taken_as_people_write_it(void **state)
{
	(void)state;
	static const char *const before[] = { "", "0x", "00", "00:" };
	for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
		struct error error;
		OWN(ca) struct ca *ca = ca_folder_open();
		OWN(X509) X509 *leaf = issue(ca, "serial.crt");
		OWN(char) char *hexadecimal = i2s_ASN1_INTEGER(NULL, X509_get0_serialNumber(leaf));
		const char *digits = hexadecimal + 2; /* behind 0x */
		OWN(char) char *text = text_format("%s%s", before[i], digits);
		OWN(revoked) struct revoked revoked = { 0 };
		assert_true(ca_revoke(ca, text, NULL, &revoked, &error));
		assert_string_equal(revoked.serial, digits);
	}
}

static void what_cannot_be_revoked_is_refused(void **state)
{
	(void)state;
	struct error error;
	OWN(ca) struct ca *ca = ca_folder_open();
	OWN(X509) X509 *leaf = issue(ca, "twice.crt");
	assert_non_null(leaf);
	OWN(revoked) struct revoked revoked = { 0 };
	assert_true(ca_revoke(ca, "twice.crt", "unspecified", &revoked, &error));
	revoked_done(&revoked);
	assert_false(ca_revoke(ca, "twice.crt", NULL, &revoked, &error));
	assert_int_equal(error.kind, ERROR_CHECK);
	assert_non_null(strstr(error.text, "'twice.crt' is revoked already, since "));
	assert_null(strstr(error.text, "unspecified")); /* RFC 5280 5.3.1 */

	static const struct {
		const char *what, *text;
	} rows[] = {
		{ "no.crt", "cannot revoke 'no.crt': there is no such file, and it is no serial in "
			    "hexadecimal" },
		{ "", "cannot revoke '': there is no such file" },
		{ "0A", "cannot revoke '0A': 'certs/index.txt' has no certificate with the serial "
			"0A" },
		{ "certs/ca.key",
			"cannot use 'certs/ca.key': it is a private key, not a certificate" },
		{ "namesake.crt", "cannot revoke 'namesake.crt': 'CN=Test CA' issued it, and that "
				  "is not the CA 'certs/ca.crt'" },
		{ "unlisted.crt", "has no certificate with the serial" },
	};
	OWN(X509) X509 *namesake = fixture_ca("Test CA", leaf_key, 5);
	fixture_write_certificate("namesake.crt", namesake);
	OWN(X509) X509 *unlisted = fixture_ca("Test CA", ca_key, 5);
	fixture_write_certificate("unlisted.crt", unlisted);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_false(ca_revoke(ca, rows[i].what, NULL, &revoked, &error));
		assert_int_equal(error.kind, ERROR_INPUT);
		assert_non_null(strstr(error.text, rows[i].text));
		assert_null(revoked.serial);
	}
}

static void lines_of_openssl_ca_are_understood(void **state)
{
	(void)state;
	static const struct {
		const char *revocation;
		long reason; /* -1: none */
		bool since;
	} rows[] = {
		{ "261122000000Z", -1, false },
		{ "261122000000Z,unspecified", -1, false },
		{ "261122000000Z,CACompromise", CRL_REASON_CA_COMPROMISE, false },
		{ "20501122000000Z,superseded", CRL_REASON_SUPERSEDED, false },
		{ "261122000000Z,removeFromCRL", CRL_REASON_REMOVE_FROM_CRL, false },
		{ "261122000000Z,holdInstruction,holdInstructionReject",
			CRL_REASON_CERTIFICATE_HOLD, false },
		{ "261122000000Z,keyTime,20261101000000Z", CRL_REASON_KEY_COMPROMISE, true },
		{ "261122000000Z,CAkeyTime,20261101000000Z", CRL_REASON_CA_COMPROMISE, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(char) char *line = text_format(
			"R\t361122000000Z\t%s\t0B\tunknown\t/CN=x\n", rows[i].revocation);
		fixture_write_text("certs/index.txt", line);
		OWN(ca) struct ca *ca = ca_folder_open();
		OWN(X509_CRL) X509_CRL *crl = make_crl(ca);
		X509_REVOKED *entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), 0);
		ASN1_ENUMERATED *reason =
			X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
		assert_int_equal(reason ? ASN1_ENUMERATED_get(reason) : -1, rows[i].reason);
		ASN1_ENUMERATED_free(reason);
		assert_int_equal(X509_REVOKED_get_ext_by_NID(entry, NID_invalidity_date, -1) >= 0,
			rows[i].since);
	}
	static const char *const bad[] = { "yesterday", "261122000000Z,boredom",
		"261122000000Z,keyTime", "261122000000Z,keyTime,soon" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct error error;
		OWN(buffer) struct buffer pem = BUFFER(CRL_BYTES_MAX);
		OWN(char) char *line =
			text_format("R\t361122000000Z\t%s\t0B\tunknown\t/CN=x\n", bad[i]);
		fixture_write_text("certs/index.txt", line);
		OWN(ca) struct ca *ca = ca_folder_open();
		assert_false(ca_crl(ca, 7, &pem, &error));
		assert_int_equal(error.kind, ERROR_INPUT);
		assert_non_null(strstr(error.text, "cannot read 'certs/index.txt': the serial 0B"));
		assert_int_equal(pem.length, 0);
	}
	fixture_write_text("certs/index.txt", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_revoked_certificate_is_listed_and_no_other),
		cmocka_unit_test(a_serial_is_taken_as_people_write_it),
		cmocka_unit_test(what_cannot_be_revoked_is_refused),
		cmocka_unit_test(lines_of_openssl_ca_are_understood),
	};
	return cmocka_run_group_tests(tests, ca_folder_make, ca_folder_drop);
}
