/* What the openssl command says of the files that we write: CRLs, PFX files, and what inspect
 * shows. */
#include "pki_ca_folder.h"

/* The whole file `path`, made by write_crl: validity, number, authority, entries. */
static void write_crl(struct ca *ca, int days, const char *path)
{
	struct error error;
	OWN(buffer) struct buffer pem = BUFFER(CRL_BYTES_MAX);
	if (!ca_crl(ca, days, &pem, &error))
		fail_msg("%s", error.text);
	fixture_write_bytes(path, pem.data, pem.length);
}

static size_t occurrences(const char *text, const char *part)
{
	size_t count = 0;
	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		count++;
	return count;
}

static void openssl_reads_each_reason(void **state)
{
	(void)state;
	static const struct {
		const char *reason, *shown; /* NULL: no reason in the entry */
	} rows[] = {
		{ NULL, NULL },
		{ "unspecified", NULL },
		{ "keyCompromise", "Key Compromise" },
		{ "CACompromise", "CA Compromise" },
		{ "affiliationChanged", "Affiliation Changed" },
		{ "superseded", "Superseded" },
		{ "cessationOfOperation", "Cessation Of Operation" },
		{ "certificateHold", "Certificate Hold" },
	};
	OWN(ca) struct ca *ca = ca_folder_open();
	size_t reasons = 0;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error error;
		OWN(revoked) struct revoked revoked = { 0 };
		OWN(X509) X509 *leaf = ca_folder_issue(ca, "leaf", 5, NULL);
		fixture_write_certificate("leaf.crt", leaf);
		write_crl(ca, 7, "before.crl");
		fixture_says("openssl verify -crl_check -CAfile certs/ca.crt -CRLfile before.crl "
			     "leaf.crt");
		assert_true(ca_revoke(ca, "leaf.crt", rows[i].reason, &revoked, &error));
		write_crl(ca, 7, "x.crl");
		const char *text = fixture_says("openssl crl -in x.crl -noout -text");
		OWN(char) char *serial = text_format("Serial Number: %s", revoked.serial);
		assert_non_null(strstr(text, serial));
		assert_int_equal(occurrences(text, "Serial Number: "), i + 1);
		reasons += rows[i].shown != NULL;
		assert_int_equal(occurrences(text, "X509v3 CRL Reason Code"), reasons);
		if (rows[i].shown)
			assert_non_null(strstr(text, rows[i].shown));
		int status;
		text = fixture_shell(&status, "openssl verify -crl_check -CAfile certs/ca.crt "
					      "-CRLfile x.crl leaf.crt");
		assert_int_equal(status, 2);
		assert_non_null(strstr(text, "error 23 at 0 depth lookup: certificate revoked"));
	}
	assert_int_equal(ca_revoked_count(ca), ROWS(rows));
}

static void openssl_reads_the_head_of_a_crl(void **state)
{
	(void)state;
	static const int days[] = { 1, 7, 30, 365, 3650 };
	OWN(ca) struct ca *ca = ca_folder_open();
	for (size_t i = 0; i < ROWS(days); i++) {
		struct error error;
		OWN(bundle) struct bundle *bundle = NULL;
		int length = 0, seconds = 0;
		write_crl(ca, days[i], "x.crl");
		assert_true(bundle_read("x.crl", NULL, &bundle, &error));
		X509_CRL *crl = sk_X509_CRL_value(bundle->crls, 0);
		assert_true(ASN1_TIME_diff(&length, &seconds, X509_CRL_get0_lastUpdate(crl),
			X509_CRL_get0_nextUpdate(crl)));
		assert_int_equal(length, days[i]);
		assert_int_equal(seconds, 300);
		assert_true(X509_cmp_current_time(X509_CRL_get0_lastUpdate(crl)) < 0);
		const char *text = fixture_says(
			"openssl crl -in x.crl -noout -text -CAfile certs/ca.crt -nameopt RFC2253");
		assert_non_null(strstr(text, "verify OK"));
		assert_non_null(strstr(text, "Version 2 (0x1)"));
		assert_non_null(strstr(text, "Issuer: CN=Test CA"));
		assert_non_null(strstr(text, "Signature Algorithm: ecdsa-with-SHA256"));
		assert_non_null(strstr(text, "X509v3 Authority Key Identifier"));
		assert_null(strstr(text, "critical"));
	}
	assert_non_null(
		strstr(fixture_says("openssl crl -in x.crl -noout -crlnumber"), "crlNumber=0x"));
}

static void a_ca_that_may_not_sign_crls_makes_none(void **state)
{
	(void)state;
	struct error error;
	X509 *mute = fixture_ca("Mute CA", ca_key, 10);
	X509_EXTENSION_free(X509_delete_ext(mute, X509_get_ext_by_NID(mute, NID_key_usage, -1)));
	fixture_extension(mute, mute, NID_key_usage, "critical,keyCertSign");
	assert_true(X509_sign(mute, ca_key, EVP_sha256()));
	OWN(ca) struct ca *ca = NULL;
	OWN(buffer) struct buffer pem = BUFFER(CRL_BYTES_MAX);
	assert_true(ca_adopt("mute", "ca", mute, ca_key, &ca, &error));
	assert_false(ca_crl(ca, 7, &pem, &error));
	assert_string_equal(
		error.text, "cannot make a CRL: the key usage of 'mute/ca.crt' lacks cRLSign");
	assert_int_equal(pem.length, 0);
	X509_free(mute);
}

/* What `openssl pkcs12 -info` prints of each target's file. */
static void openssl_reads_each_pfx(void **state)
{
	(void)state;
	static const char aes[] = "PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256";
	static const char des[] = "pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048";
	static const struct {
		const char *target, *mac, *cipher;
	} rows[] = {
		{ "modern", "MAC: sha256, Iteration 2048", aes },
		{ "windows", "MAC: sha256, Iteration 2048", aes },
		{ "windows-2016", "MAC: sha1, Iteration 2048", des },
		{ "macos", "MAC: sha1, Iteration 2048", des },
		{ "android", "MAC: sha1, Iteration 2048", des },
		{ "java8", "MAC: sha1, Iteration 2048", des },
	};
	OWN(ca) struct ca *ca = ca_folder_open();
	OWN(X509) X509 *leaf = ca_folder_issue(ca, "a friendly name, \xc3\xb1", 5, NULL);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error error;
		int status;
		struct pfx_options options = { .generated = true };
		OWN(pfx) struct pfx *pfx = pfx_of(leaf, leaf_key, ca_certificate(ca));
		OWN(buffer) struct buffer der = BUFFER(PFX_BYTES_MAX);
		assert_true(pfx_target_parse(rows[i].target, &options.target));
		assert_true(pfx_make(pfx, "pass word", &options, &der, &error));
		fixture_write_bytes("x.pfx", der.data, der.length);
		const char *text = fixture_says(
			"openssl pkcs12 -in x.pfx -passin 'pass:pass word' -info -nodes");
		assert_non_null(strstr(text, rows[i].mac));
		assert_int_equal(occurrences(text, rows[i].cipher), 2);
		assert_null(strstr(text, "RC2"));
		assert_int_equal(occurrences(text, "-----BEGIN CERTIFICATE-----"), 2);
		assert_int_equal(occurrences(text, "-----BEGIN PRIVATE KEY-----"), 1);
		/* Leaf and key carry the name that a store will show; the CA does not. */
		assert_int_equal(occurrences(text, "friendlyName: "), 2);
		assert_int_equal(occurrences(text, "localKeyID: "), 2);
		text = fixture_shell(
			&status, "openssl pkcs12 -in x.pfx -passin pass:password -noout");
		assert_int_equal(status, 1);
		assert_non_null(strstr(text, "Mac verify error: invalid password?"));
	}
}

/* A fact that inspect tells as text, and the openssl command by other means. */
static void inspect_agrees_with_openssl(void **state)
{
	(void)state;
	static const struct {
		const char *member, *command;
	} rows[] = {
		{ "subject", "openssl x509 -in x.crt -noout -subject -nameopt RFC2253 | sed "
			     "s/^subject=//" },
		{ "issuer", "openssl x509 -in x.crt -noout -issuer -nameopt RFC2253 | sed "
			    "s/^issuer=//" },
		{ "serial", "openssl x509 -in x.crt -noout -serial | cut -d= -f2" },
		{ "sha256", "openssl x509 -in x.crt -outform DER | sha256sum | cut -d' ' -f1" },
		{ "subject_key_identifier",
			"openssl x509 -in x.crt -noout -ext subjectKeyIdentifier | tail -n 1 | "
			"tr -d ' :' | tr A-F a-f" },
		{ "authority_key_identifier", "openssl x509 -in certs/ca.crt -noout -ext "
					      "subjectKeyIdentifier | tail -n 1 "
					      "| tr -d ' :' | tr A-F a-f" },
	};
	struct error error;
	OWN(ca) struct ca *ca = ca_folder_open();
	OWN(X509) X509 *leaf = NULL;
	OWN(X509_NAME) X509_NAME *name = fixture_name("inspected");
	OWN(profile) struct profile *profile = NULL;
	OWN(file_set) struct file_set *set = file_set_new();
	const char *section = NULL;
	assert_true(profile_builtin(ROLE_CLIENT, &profile, &error));
	assert_true(profile_section(profile, ROLE_CLIENT, NULL, &section, &error));
	assert_true(ca_begin(ca, name, leaf_key, 5, NULL, &leaf, &error));
	assert_true(extensions_add(profile, section, ca_certificate(ca), leaf, NULL, &error));
	assert_true(ca_finish(ca, leaf, set, &error));
	fixture_write_certificate("x.crt", leaf);
	OWN(json_t) json_t *shown = NULL;
	OWN(buffer) struct buffer text = BUFFER(1 << 16);
	assert_true(
		show_file("x.crt", &(struct show_options){ .now = time(NULL) }, &shown, &error));
	assert_true(show_text(shown, &text, &error));
	const json_t *object = json_array_get(json_object_get(shown, "objects"), 0);
	for (size_t i = 0; i < ROWS(rows); i++) {
		OWN(char) char *theirs = text_copy(fixture_says(rows[i].command));
		theirs[strcspn(theirs, "\n")] = 0;
		const char *ours = json_string_value(json_object_get(object, rows[i].member));
		if (!ours || strcmp(ours, theirs) != 0)
			fail_msg("%s: %s, and openssl: %s", rows[i].member, ours, theirs);
		OWN(char) char *line = text_format(" %s\n", theirs);
		assert_non_null(strstr(text.data, line));
	}
}

/* What init and issue write, by role: it steps into no trap, and gives these extensions. */
static void own_templates_give_what_they_say(void **state)
{
	(void)state;
	static const char names[] = "DNS.1 = a.example\nIP.1 = 127.0.0.1\n";
	static const struct {
		enum role role;
		unsigned bits;                  /* of RSA; 0: another kind */
		const char *names, *extensions; /* as `openssl x509 -text` prints them */
	} rows[] = {
		{ ROLE_SERVER, 2048, names, "Digital Signature, Key Encipherment" },
		{ ROLE_SERVER, 0, names, "Digital Signature\n" },
		{ ROLE_SERVER, 0, names, "DNS:a.example, IP Address:127.0.0.1" },
		{ ROLE_SERVER, 0, names, "TLS Web Server Authentication\n" },
		{ ROLE_CLIENT, 2048, NULL, "Digital Signature\n" },
		{ ROLE_CLIENT, 0, NULL, "TLS Web Client Authentication\n" },
		{ ROLE_PEER, 2048, names, "Digital Signature, Key Encipherment" },
		{ ROLE_PEER, 0, names,
			"TLS Web Server Authentication, TLS Web Client Authentication\n" },
		{ ROLE_PEER, 0, names, "CA:FALSE" },
	};
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error error;
		size_t warnings;
		const char *section = NULL;
		OWN(char)
		char *cnf = profile_template(
			rows[i].role, rows[i].bits, "a name", rows[i].names, "`this`");
		OWN(profile) struct profile *profile = NULL;
		assert_non_null(strstr(cnf, "# Edit this file and run `this`: the certificate "
					    "follows.\n"));
		fixture_write_text("x.cnf", cnf);
		fixture_write_key("x.key", leaf_key, NULL);
		assert_true(profile_load("x.cnf", &profile, &error));
		assert_true(profile_section(profile, rows[i].role, NULL, &section, &error));
		profile_warnings(profile, &warnings);
		assert_int_equal(warnings, 0);
		OWN(char)
		char *line = text_format(
			"openssl req -new -config x.cnf -key x.key -out x.csr && openssl x509 -req "
			"-in x.csr -CA certs/ca.crt -CAkey certs/ca.key -set_serial 7 -extfile "
			"x.cnf "
			"-extensions %s -out x.crt 2>/dev/null && openssl x509 -in x.crt -noout "
			"-text",
			section);
		const char *text = fixture_says(line);
		if (!strstr(text, rows[i].extensions))
			fail_msg("%s: %s", rows[i].extensions, text);
		assert_int_equal(occurrences(text, "X509v3 "), rows[i].names ? 7 : 6);
		assert_int_equal(occurrences(text, "critical"), 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_reads_each_reason),
		cmocka_unit_test(openssl_reads_the_head_of_a_crl),
		cmocka_unit_test(a_ca_that_may_not_sign_crls_makes_none),
		cmocka_unit_test(openssl_reads_each_pfx),
		cmocka_unit_test(inspect_agrees_with_openssl),
		cmocka_unit_test(own_templates_give_what_they_say),
	};
	return cmocka_run_group_tests(tests, ca_folder_make, ca_folder_drop);
}
