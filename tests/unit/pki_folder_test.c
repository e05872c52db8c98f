/* A CA folder: opened, refused, issued from, and its state kept in OpenSSL's formats. */
#include "pki_ca_folder.h"

static void a_certificate_is_version_3_signed_and_recorded(void **state)
{
	(void)state;
	struct error error;
	OWN(ca) struct ca *ca = NULL;
	OWN(notes) struct notes notes = { 0 };
	assert_true(ca_open("certs", NULL, &ca, &error));
	OWN(X509) X509 *leaf = ca_folder_issue(ca, "leaf", 30, &notes);
	assert_int_equal(notes.count, 0);
	assert_int_equal(X509_get_version(leaf), X509_VERSION_3);
	assert_int_equal(X509_verify(leaf, ca_key), 1);
	assert_int_not_equal(X509_verify(leaf, leaf_key), 1);
	assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(leaf),
				 X509_get_subject_name(ca_certificate(ca))),
		0);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(leaf);
	assert_in_range(ASN1_STRING_length(serial), 1, 20);
	assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER);
	/* Five minutes back, thirty days ahead. */
	int days = 0, seconds = 0;
	assert_true(ASN1_TIME_diff(
		&days, &seconds, X509_get0_notBefore(leaf), X509_get0_notAfter(leaf)));
	assert_int_equal(days, 30);
	assert_in_range(seconds, 300, 302);

	const char *last = fixture_read("certs/ca.srl");
	OWN(char) char *text = i2s_ASN1_INTEGER(NULL, serial);
	OWN(char) char *upper = text_format("%s\n", text + 2); /* after 0x */
	assert_string_equal(last, upper);
	upper[strlen(upper) - 1] = 0;
	OWN(char) char *line = text_format("Z\t\t%s\tunknown\t/CN=leaf\n", upper);
	const char *index = fixture_read("certs/index.txt");
	assert_int_equal(index[0], 'V');
	assert_non_null(strstr(index, line));
	assert_string_equal(fixture_read("certs/index.txt.attr"), "unique_subject = no\n");
	assert_string_equal(fixture_read("certs/crlnumber"), "01\n");
	assert_null(strstr(fixture_read("certs/serial"), upper));
}

static void a_leaf_never_outlives_its_ca(void **state)
{
	(void)state;
	struct error error;
	OWN(ca) struct ca *ca = NULL;
	OWN(notes) struct notes notes = { 0 };
	assert_true(ca_open("certs", NULL, &ca, &error));
	OWN(X509) X509 *leaf = ca_folder_issue(ca, "leaf", 365, &notes);
	assert_int_equal(
		ASN1_TIME_compare(X509_get0_notAfter(leaf), X509_get0_notAfter(ca_certificate(ca))),
		0);
	assert_int_equal(notes.count, 1);
	assert_non_null(strstr(notes.texts[0], "not 365: its CA 'certs/ca.crt' ends then"));
}

static void eight_at_once_lose_nothing(void **state)
{
	(void)state;
	enum { PROGRAMS = 8 };
	size_t before = 0, after = 0;
	for (const char *at = fixture_read("certs/index.txt"); *at; at++)
		before += *at == '\n';
	for (int i = 0; i < PROGRAMS; i++) {
		if (fork())
			continue;
		struct error error;
		struct ca *ca = NULL;
		if (!ca_open("certs", NULL, &ca, &error))
			_exit(1);
		X509_free(ca_folder_issue(ca, "leaf", 1, NULL));
		ca_free(ca);
		_exit(0);
	}
	for (int i = 0, status; i < PROGRAMS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	for (const char *at = fixture_read("certs/index.txt"); *at; at++)
		after += *at == '\n';
	assert_int_equal(after, before + PROGRAMS);
}

static void a_ca_has_any_name_and_may_be_new(void **state)
{
	(void)state;
	struct error error;
	OWN(X509) X509 *certificate = fixture_ca("Second CA", ca_key, 10);
	OWN(ca) struct ca *ca = NULL;
	assert_true(ca_adopt("CA2", "ca2", certificate, ca_key, &ca, &error));
	OWN(X509) X509 *leaf = ca_folder_issue(ca, "leaf", 1, NULL);
	assert_non_null(leaf);
	assert_int_equal(access("CA2/ca2.srl", F_OK), 0);
	assert_int_not_equal(access("CA2/ca2.crt", F_OK), 0);
	ca_free(TAKE(ca));
	fixture_write_certificate("CA2/ca2.crt", certificate);
	fixture_write_key("CA2/ca2.key", ca_key, "a secret");

	assert_false(ca_open_named("CA2", "ca2", NULL, &ca, &error));
	assert_int_equal(error.code, CODE_KEY_PASSPHRASE);
	assert_string_equal(error.text,
		"cannot read the key 'CA2/ca2.key': it is encrypted, and no passphrase is given");
	assert_false(ca_open_named("CA2", "ca2", "another", &ca, &error));
	assert_string_equal(
		error.text, "cannot read the key 'CA2/ca2.key': the passphrase is wrong");
	assert_null(ca);
	assert_true(ca_open_named("CA2", "ca2", "a secret", &ca, &error));
}

static void what_is_no_ca_is_refused(void **state)
{
	(void)state;
	struct error error;
	OWN(ca) struct ca *ca = NULL;
	mkdir("empty", 0755);
	assert_false(ca_open("empty", NULL, &ca, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_string_equal(error.text, "there is no CA in 'empty': 'empty/ca.crt' is missing");
	assert_int_not_equal(access("empty/.lock", F_OK), 0);

	mkdir("leaf", 0755);
	OWN(ca) struct ca *good = NULL;
	assert_true(ca_open("certs", NULL, &good, &error));
	OWN(X509) X509 *leaf = ca_folder_issue(good, "leaf", 1, NULL);
	fixture_write_certificate("leaf/ca.crt", leaf);
	assert_false(ca_open("leaf", NULL, &ca, &error));
	assert_string_equal(error.text,
		"cannot issue from 'leaf/ca.crt': it is no CA's certificate "
		"(basicConstraints CA:TRUE and keyCertSign)");
	assert_int_not_equal(access("leaf/.lock", F_OK), 0);
	assert_true(file_write("leaf/ca.crt", FILE_PUBLIC, "nothing", 7, &error));
	assert_false(ca_open("leaf", NULL, &ca, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_int_not_equal(access("leaf/.lock", F_OK), 0);

	fixture_write_certificate("leaf/ca.crt", ca_certificate(good));
	fixture_write_key("leaf/ca.key", leaf_key, NULL);
	assert_false(ca_open("leaf", NULL, &ca, &error));
	assert_int_equal(error.code, CODE_KEY_MISMATCH);
	assert_string_equal(error.text,
		"the key 'leaf/ca.key' does not belong to the certificate 'leaf/ca.crt'");

	fixture_write_certificate("leaf/ca.key", leaf);
	assert_false(ca_open("leaf", NULL, &ca, &error));
	assert_string_equal(
		error.text, "cannot use 'leaf/ca.key': it is a certificate, not a private key");
}

static void damaged_state_stops_everything(void **state)
{
	(void)state;
	static const struct {
		const char *file, *content, *text;
	} rows[] = {
		{ "bad/index.txt", "V\t271122000000Z\t\t01\tunknown\t/CN=a\nV\t27\n",
			"cannot read 'bad/index.txt': line 2 is not status, expiry, revocation, "
			"serial, file and subject with tabs between them" },
		{ "bad/index.txt", "X\t271122000000Z\t\t01\tunknown\t/CN=a\n",
			"cannot read 'bad/index.txt': line 1 is not" },
		{ "bad/index.txt", "V\t271122000000Z\t\t01g\tunknown\t/CN=a\n",
			"cannot read 'bad/index.txt': line 1 is not" },
		{ "bad/index.txt", "R\t271122000000Z\t\t01\tunknown\t/CN=a\n",
			"cannot read 'bad/index.txt': line 1 is not" },
		{ "bad/ca.srl", "zero\n", "cannot read 'bad/ca.srl': it is no hexadecimal number" },
		{ "bad/crlnumber", "01 02\n",
			"cannot read 'bad/crlnumber': it is no hexadecimal number" },
	};
	mkdir("bad", 0755);
	OWN(X509) X509 *certificate = fixture_ca("Bad CA", ca_key, 10);
	fixture_write_certificate("bad/ca.crt", certificate);
	fixture_write_key("bad/ca.key", ca_key, NULL);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct error error;
		OWN(ca) struct ca *ca = NULL;
		fixture_write_text(rows[i].file, rows[i].content);
		assert_false(ca_open("bad", NULL, &ca, &error));
		assert_int_equal(error.kind, ERROR_INPUT);
		assert_non_null(strstr(error.text, rows[i].text));
		assert_int_equal(unlink(rows[i].file), 0);
	}
	/* And once it is repaired, lines that another program wrote stay as they are. */
	static const char theirs[] =
		"E\t20510101000000Z\t\t00\tunknown\t/CN=a\\\tb\n"
		"R\t271122000000Z\t261122000000Z,keyCompromise\t0A\tx.pem\t/O=x\n";
	struct error error;
	OWN(ca) struct ca *ca = NULL;
	fixture_write_text("bad/index.txt", theirs);
	assert_true(ca_open("bad", NULL, &ca, &error));
	OWN(X509) X509 *leaf = ca_folder_issue(ca, "leaf", 1, NULL);
	assert_non_null(leaf);
	assert_memory_equal(fixture_read("bad/index.txt"), theirs, strlen(theirs));
}

static void an_expired_ca_issues_nothing(void **state)
{
	(void)state;
	struct error error;
	OWN(X509) X509 *certificate = fixture_ca("Old CA", ca_key, -1);
	OWN(ca) struct ca *ca = NULL;
	OWN(X509_NAME) X509_NAME *name = fixture_name("leaf");
	X509 *leaf = NULL;
	assert_true(ca_adopt("old", "ca", certificate, ca_key, &ca, &error));
	assert_false(ca_begin(ca, name, leaf_key, 1, NULL, &leaf, &error));
	assert_null(leaf);
	assert_string_equal(
		error.text, "cannot issue from 'old/ca.crt': the CA's certificate has expired");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_version_3_signed_and_recorded),
		cmocka_unit_test(a_leaf_never_outlives_its_ca),
		cmocka_unit_test(eight_at_once_lose_nothing),
		cmocka_unit_test(a_ca_has_any_name_and_may_be_new),
		cmocka_unit_test(what_is_no_ca_is_refused),
		cmocka_unit_test(damaged_state_stops_everything),
		cmocka_unit_test(an_expired_ca_issues_nothing),
	};
	return cmocka_run_group_tests(tests, ca_folder_make, ca_folder_drop);
}
