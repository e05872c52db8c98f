/* PFX files: each form is what it says, opens with its password and with no other. */
#include "pki_fixture.h"

#include <openssl/err.h>

static EVP_PKEY *ca_key, *leaf_key;
static X509 *ca, *leaf;

static int make(void **state)
{
	if (enter_folder(state) != 0)
		return -1;
	struct error error;
	ca_key = EVP_EC_gen("P-256");
	leaf_key = EVP_EC_gen("P-256");
	ca = fixture_ca("Test CA", ca_key, 10);
	OWN(ca) struct ca *folder = NULL;
	OWN(X509_NAME) X509_NAME *name = fixture_name("a client");
	OWN(file_set) struct file_set *set = file_set_new();
	if (!ca_adopt("certs", "ca", ca, ca_key, &folder, &error) ||
		!ca_begin(folder, name, leaf_key, 5, NULL, &leaf, &error) ||
		!ca_finish(folder, leaf, set, &error) || !certificate_complete(&leaf, &error))
		return -1;
	fixture_write_certificate("ca.crt", ca);
	fixture_write_certificate("leaf.crt", leaf);
	fixture_write_key("leaf.key", leaf_key, NULL);
	fixture_write_key("ca.key", ca_key, NULL);
	return 0;
}

static int drop(void **state)
{
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(leaf_key);
	X509_free(ca);
	X509_free(leaf);
	return leave_folder(state);
}

static void write_pfx(const char *path, const char *password, const struct pfx_options *options)
{
	struct error error;
	OWN(pfx) struct pfx *pfx = pfx_of(leaf, leaf_key, ca);
	OWN(buffer) struct buffer der = BUFFER(PFX_BYTES_MAX);
	if (!pfx_make(pfx, password, options, &der, &error) ||
		!file_write(path, FILE_PRIVATE, der.data, der.length, &error) ||
		!pfx_check(path, password, pfx, &error))
		fail_msg("%s", error.text);
}

/* The encryption of the first encrypted part, its rounds, and the MAC, as they stand in the file.
 */
static void look(const char *path, int *ret_cipher, int *ret_prf, long *ret_rounds, int *ret_mac,
	long *ret_mac_rounds)
{
	struct error error;
	OWN(bundle) struct bundle *bundle = NULL;
	assert_true(bundle_read(path, NULL, &bundle, &error));
	assert_int_equal(bundle->kind, BUNDLE_PFX);
	const X509_ALGOR *mac, *encryption = NULL;
	const ASN1_INTEGER *mac_rounds;
	PKCS12_get0_mac(NULL, &mac, NULL, &mac_rounds, bundle->pfx);
	*ret_mac = OBJ_obj2nid(mac->algorithm);
	*ret_mac_rounds = ASN1_INTEGER_get(mac_rounds);
	STACK_OF(PKCS7) *parts = PKCS12_unpack_authsafes(bundle->pfx);
	for (int i = 0; i < sk_PKCS7_num(parts); i++) {
		PKCS7 *part = sk_PKCS7_value(parts, i);
		if (PKCS7_type_is_encrypted(part))
			encryption = part->d.encrypted->enc_data->algorithm;
	}
	assert_non_null(encryption);
	*ret_cipher = OBJ_obj2nid(encryption->algorithm);
	*ret_prf = NID_undef;
	if (*ret_cipher == NID_pbes2) {
		PBE2PARAM *pbes2 =
			ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), encryption->parameter);
		PBKDF2PARAM *pbkdf2 = ASN1_TYPE_unpack_sequence(
			ASN1_ITEM_rptr(PBKDF2PARAM), pbes2->keyfunc->parameter);
		*ret_cipher = OBJ_obj2nid(pbes2->encryption->algorithm);
		*ret_prf = OBJ_obj2nid(pbkdf2->prf->algorithm);
		*ret_rounds = ASN1_INTEGER_get(pbkdf2->iter);
		PBKDF2PARAM_free(pbkdf2);
		PBE2PARAM_free(pbes2);
	} else {
		PBEPARAM *pbe =
			ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), encryption->parameter);
		*ret_rounds = ASN1_INTEGER_get(pbe->iter);
		PBEPARAM_free(pbe);
	}
	sk_PKCS7_pop_free(parts, PKCS7_free);
}

static void each_target_gets_its_form(void **state)
{
	(void)state;
	enum { WIDE = NID_pbe_WithSHA1And3_Key_TripleDES_CBC };
	static const struct {
		const char *name;
		int cipher, prf, mac;
		long rounds;
	} rows[] = {
		{ "modern", NID_aes_256_cbc, NID_hmacWithSHA256, NID_sha256, 600000 },
		{ "windows", NID_aes_256_cbc, NID_hmacWithSHA256, NID_sha256, 150000 },
		{ "windows-2016", WIDE, NID_undef, NID_sha1, 150000 },
		{ "macos", WIDE, NID_undef, NID_sha1, 600000 },
		{ "android", WIDE, NID_undef, NID_sha1, 600000 },
		{ "java8", WIDE, NID_undef, NID_sha1, 600000 },
	};
	assert_int_equal(sizeof rows / sizeof rows[0], PFX_TARGETS);
	for (size_t i = 0; i < PFX_TARGETS; i++)
		for (int generated = 0; generated < 2; generated++) {
			int cipher, prf, mac;
			long rounds, mac_rounds;
			struct pfx_options options = { .generated = generated };
			assert_true(pfx_target_parse(rows[i].name, &options.target));
			write_pfx("x.pfx", "password", &options);
			look("x.pfx", &cipher, &prf, &rounds, &mac, &mac_rounds);
			assert_int_equal(cipher, rows[i].cipher);
			assert_int_equal(prf, rows[i].prf);
			assert_int_equal(mac, rows[i].mac);
			assert_int_equal(rounds, generated ? 2048 : rows[i].rounds);
			assert_int_equal(mac_rounds, rounds);
		}
	enum pfx_target target;
	assert_false(pfx_target_parse("windows-95", &target));
}

static void only_its_password_opens_it(void **state)
{
	(void)state;
	struct error error;
	const struct pfx_options options = { .generated = true };
	char password[PFX_PASSWORD_BYTES], another[PFX_PASSWORD_BYTES];
	pfx_password_make(password);
	pfx_password_make(another);
	assert_int_equal(strspn(password, "0123456789abcdef"), 32);
	assert_string_not_equal(password, another);
	write_pfx("x.pfx", password, &options);

	OWN(bundle) struct bundle *bundle = NULL;
	OWN(pfx) struct pfx *pfx = NULL;
	assert_true(bundle_read("x.pfx", NULL, &bundle, &error));
	static const char *const wrong[] = { "", "x", "PASSWORD" };
	for (size_t i = 0; i < 3; i++) {
		assert_false(pfx_open("x.pfx", bundle->pfx, wrong[i], &pfx, &error));
		assert_int_equal(error.kind, ERROR_INPUT);
		assert_string_equal(error.text,
			"cannot open 'x.pfx': the password is wrong, or the file is damaged");
	}
	assert_null(pfx);
	assert_true(pfx_open("x.pfx", bundle->pfx, password, &pfx, &error));
	assert_int_equal(X509_cmp(pfx->leaf, leaf), 0);
	assert_int_equal(EVP_PKEY_eq(pfx->key, leaf_key), 1);
	assert_int_equal(sk_X509_num(pfx->others), 1);
	assert_int_equal(X509_cmp(sk_X509_value(pfx->others, 0), ca), 0);

	OWN(pfx) struct pfx *other = pfx_of(ca, ca_key, NULL);
	assert_false(pfx_check("x.pfx", password, other, &error));
	assert_string_equal(error.text,
		"'x.pfx' does not hold the leaf, its key and their CA after it was written");
}

static void no_password_is_refused(void **state)
{
	(void)state;
	struct error error;
	const struct pfx_options options = { 0 };
	OWN(pfx) struct pfx *pfx = pfx_of(leaf, leaf_key, ca);
	OWN(buffer) struct buffer der = BUFFER(PFX_BYTES_MAX);
	assert_false(pfx_make(pfx, "", &options, &der, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_int_equal(der.length, 0);
	assert_string_equal(
		error.text, "cannot make a PFX without a password: it holds the private key");
}

/* A right MAC around what cannot be decrypted: the cipher is at fault, and said to be. */
static void an_old_cipher_is_not_a_wrong_password(void **state)
{
	(void)state;
	struct error error;
	OWN(bundle) struct bundle *bundle = NULL;
	OWN(pfx) struct pfx *pfx = NULL;
	assert_int_equal(system("openssl pkcs12 -export -legacy -in leaf.crt -inkey leaf.key "
				"-passout pass:old -out old.pfx"),
		0);
	assert_true(bundle_read("old.pfx", NULL, &bundle, &error));
	assert_false(pfx_open("old.pfx", bundle->pfx, "old", &pfx, &error));
	assert_non_null(strstr(error.text,
		"cannot open 'old.pfx': the password is right, but its content cannot be read"));
	assert_non_null(strstr(error.hint, "-legacy"));
	assert_false(pfx_open("old.pfx", bundle->pfx, "new", &pfx, &error));
	assert_string_equal(
		error.text, "cannot open 'old.pfx': the password is wrong, or the file is damaged");
}

static void endless_rounds_and_no_mac_are_refused(void **state)
{
	(void)state;
	struct error error;
	OWN(pfx) struct pfx *pfx = NULL;
	OWN(PKCS12) PKCS12 *bare =
		PKCS12_create("x", "x", leaf_key, leaf, NULL, NID_aes_256_cbc, -1, 1, -1, 0);
	assert_false(pfx_open("bare.pfx", bare, "x", &pfx, &error));
	assert_string_equal(error.text,
		"cannot open 'bare.pfx': it has no MAC, so nothing says whether it is intact");
	/* The count is changed afterwards: nobody waits for a MAC of so many rounds. */
	assert_true(PKCS12_set_mac(bare, "x", -1, NULL, 0, 2, EVP_sha256()));
	const ASN1_INTEGER *rounds;
	PKCS12_get0_mac(NULL, NULL, NULL, &rounds, bare);
	assert_true(ASN1_INTEGER_set((ASN1_INTEGER *)(uintptr_t)rounds, 10000001));
	assert_false(pfx_open("slow.pfx", bare, "x", &pfx, &error));
	assert_int_equal(error.kind, ERROR_LIMIT);
	assert_string_equal(error.text, "cannot open 'slow.pfx': its MAC takes no number of rounds "
					"from 1 to 10000000");
}

static void files_that_do_not_belong_together_are_refused(void **state)
{
	(void)state;
	struct error error;
	OWN(pfx) struct pfx *pfx = NULL;
	const char *good[] = { "ca.crt" }, *foreign[] = { "foreign.crt" }, *none[] = { "leaf.key" };
	OWN(EVP_PKEY) EVP_PKEY *foreign_key = EVP_EC_gen("P-256");
	OWN(X509) X509 *namesake = fixture_ca("Test CA", foreign_key, 10);
	fixture_write_certificate("foreign.crt", namesake);

	assert_false(pfx_gather("leaf.crt", "ca.key", NULL, good, 1, &pfx, &error));
	assert_int_equal(error.code, CODE_KEY_MISMATCH);
	assert_string_equal(
		error.text, "the key 'ca.key' does not belong to the certificate 'leaf.crt'");
	assert_false(pfx_gather("leaf.crt", "leaf.key", NULL, foreign, 1, &pfx, &error));
	assert_string_equal(
		error.text, "the certificate 'leaf.crt' was not issued by the CA 'foreign.crt'");
	assert_false(pfx_gather("leaf.crt", "leaf.key", NULL, none, 1, &pfx, &error));
	assert_string_equal(
		error.text, "cannot use 'leaf.key': it is a private key, not a certificate");
	assert_null(pfx);
	assert_true(pfx_gather("leaf.crt", "leaf.key", NULL, good, 1, &pfx, &error));
	assert_int_equal(sk_X509_num(pfx->others), 1);
}

static void an_import_command_is_ready_to_paste(void **state)
{
	(void)state;
	static const struct {
		enum pfx_target target;
		const char *path, *password_path, *command;
	} rows[] = {
		{ PFX_MODERN, "c.pfx", NULL,
			"mkdir -p $HOME/.pki/nssdb && pk12util -d sql:$HOME/.pki/nssdb -i c.pfx" },
		{ PFX_MODERN, "c.pfx", "c.pass",
			"mkdir -p $HOME/.pki/nssdb && pk12util -d sql:$HOME/.pki/nssdb -i c.pfx -w "
			"c.pass" },
		{ PFX_WINDOWS, "my c.pfx", "c.pass", "certutil -user -importpfx 'my c.pfx'" },
		{ PFX_JAVA8, "it's", "p",
			"keytool -importkeystore -srcstoretype PKCS12 -srckeystore 'it'\\''s' "
			"-destkeystore keystore.jks -srcstorepass:file p" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		OWN(char) char *command =
			pfx_import_command(rows[i].target, rows[i].path, rows[i].password_path);
		assert_string_equal(command, rows[i].command);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_target_gets_its_form),
		cmocka_unit_test(only_its_password_opens_it),
		cmocka_unit_test(no_password_is_refused),
		cmocka_unit_test(an_old_cipher_is_not_a_wrong_password),
		cmocka_unit_test(endless_rounds_and_no_mac_are_refused),
		cmocka_unit_test(files_that_do_not_belong_together_are_refused),
		cmocka_unit_test(an_import_command_is_ready_to_paste),
	};
	return cmocka_run_group_tests(tests, make, drop);
}
