/* What a side presents: loaded when it fits together, refused with a code when it does not. */
#include "certs.h"

#include "pki/mint.h"

static struct {
	struct made *root, *sub, *leaf;
	const char *key, *other_key, *locked_key;
} world;

static int make_world(void **state)
{
	(void)state;
	world.root =
		MAKE(NULL, .subject = "CN=Root", .key = "P-256#root", .extensions = CA_EXTENSIONS);
	world.sub = MAKE(
		world.root, .subject = "CN=Sub", .key = "P-256#sub", .extensions = SUB_EXTENSIONS);
	world.leaf = MAKE(world.sub, .subject = "CN=leaf", .extensions = CLIENT_EXTENSIONS);
	world.key = certs_write_key("leaf.key", world.leaf->key, NULL);
	world.other_key = certs_write_key("other.key", certs_key("P-256#other"), NULL);
	world.locked_key = certs_write_key("locked.key", world.leaf->key, "secret");
	return 0;
}

static struct error error;

static struct credentials *load(const char *cert, const char *key, const char *passphrase)
{
	struct credentials *credentials = NULL;
	error = (struct error){ 0 };
	bool ok = credentials_load(cert, key, passphrase, &credentials, &error);
	assert_int_equal(ok, credentials != NULL);
	assert_int_equal(ok, error.kind == ERROR_NONE);
	return credentials;
}

static void says(const char *format, const char *a, const char *b)
{
	char expected[512];
	snprintf(expected, sizeof expected, format, a, b);
	assert_string_equal(error.text, expected);
}

static void leaf_chain_and_key_are_loaded(void **state)
{
	(void)state;
	const char *alone = WRITE("alone.crt", world.leaf->certificate);
	const char *chain = WRITE("chain.crt", world.leaf->certificate, world.sub->certificate);
	const char *whole = WRITE("whole.crt", world.leaf->certificate, world.sub->certificate,
		world.root->certificate);
	OWN(credentials) struct credentials *one = load(alone, world.key, NULL);
	assert_int_equal(sk_X509_num(one->chain), 0);
	assert_int_equal(X509_check_private_key(one->leaf, one->key), 1);
	OWN(credentials) struct credentials *two = load(chain, world.key, NULL);
	assert_int_equal(sk_X509_num(two->chain), 1);
	OWN(credentials) struct credentials *three = load(whole, world.key, NULL);
	assert_int_equal(sk_X509_num(three->chain), 1);
	assert_int_equal(X509_cmp(three->leaf, world.leaf->certificate), 0);
	assert_int_equal(X509_cmp(sk_X509_value(three->chain, 0), world.sub->certificate), 0);
}

/* A key file has a public half, too; what it signs tells whether the private one goes with it. */
static void a_key_proves_itself_by_signing(void **state)
{
	(void)state;
	static const int kinds[] = { EVP_PKEY_EC, EVP_PKEY_ED25519, EVP_PKEY_RSA };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		for (int forged = 0; forged < (i ? 1 : 2); forged++) {
			struct mint_recipe recipe = { .common_name = "leaf",
				.not_before_s = -60,
				.not_after_s = 3600,
				.faults = forged ? MINT_FOREIGN_KEY : 0 };
			struct mint *mint = NULL;
			if (i) /* P-256 without being told */
				recipe.key = (struct key_type){ .id = kinds[i],
					.bits = i == 2 ? 2048 : 0 };
			assert_true(mint_new(&recipe, NULL, time(NULL), &mint, &error));
			assert_true(mint_save(mint, "proof.crt", "proof.key", &error));
			mint_free(mint);
			OWN(credentials)
			struct credentials *own = load("proof.crt", "proof.key", NULL);
			assert_int_equal(credentials_prove(own), !forged);
		}
}

static void one_file_may_hold_both(void **state)
{
	(void)state;
	const char *path = certs_path("both.pem");
	FILE *file = fopen(path, "w");
	PEM_write_PKCS8PrivateKey(
		file, world.leaf->key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL);
	PEM_write_X509(file, world.leaf->certificate);
	fclose(file);
	OWN(credentials) struct credentials *one = load(path, path, "secret");
	assert_non_null(one);
}

static void a_ca_may_present_itself(void **state)
{
	(void)state;
	const char *cert = WRITE("sub.crt", world.sub->certificate);
	const char *key = certs_write_key("sub.key", world.sub->key, NULL);
	OWN(credentials) struct credentials *one = load(cert, key, NULL);
	assert_non_null(one);
}

static void key_of_another_is_refused_naming_both(void **state)
{
	(void)state;
	const char *cert = WRITE("mismatch.crt", world.leaf->certificate, world.sub->certificate);
	assert_null(load(cert, world.other_key, NULL));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_int_equal(error.code, CODE_KEY_MISMATCH);
	says("the key '%s' does not belong to the certificate '%s'", world.other_key, cert);
}

static void ca_first_is_refused_naming_the_file(void **state)
{
	(void)state;
	const char *cert = WRITE("order.crt", world.sub->certificate, world.leaf->certificate);
	assert_null(load(cert, world.key, NULL));
	assert_int_equal(error.code, CODE_PEM_ORDER);
	says("the key '%s' belongs to certificate 2 of '%s', not to the first: the leaf must "
	     "stand first",
		world.key, cert);
}

static void passphrase_opens_the_key_or_does_not(void **state)
{
	(void)state;
	const char *cert = WRITE("locked.crt", world.leaf->certificate);
	OWN(credentials) struct credentials *one = load(cert, world.locked_key, "secret");
	assert_non_null(one);
	assert_null(load(cert, world.locked_key, "wrong"));
	assert_int_equal(error.code, CODE_KEY_PASSPHRASE);
	assert_non_null(strstr(error.text, world.locked_key));
	assert_null(load(cert, world.locked_key, NULL));
	assert_int_equal(error.code, CODE_KEY_PASSPHRASE);
	assert_int_equal(error_exit_code(error.kind), 2);
}

static void files_of_another_kind_are_refused(void **state)
{
	(void)state;
	const char *cert = WRITE("kind.crt", world.leaf->certificate);
	const char *empty = certs_write_bytes("empty.crt", "", 0);
	const char *cut = certs_write_bytes("cut.crt", "-----BEGIN CERTIFICATE-----\nMIIB", 32);
	assert_null(load(world.key, world.key, NULL));
	says("cannot use '%s': it is a private key, not a certificate%s", world.key, "");
	assert_null(load(cert, cert, NULL));
	says("cannot use '%s': it is a certificate, not a private key%s", cert, "");
	assert_null(load(empty, world.key, NULL));
	says("cannot use '%s': it is empty%s", empty, "");
	assert_null(load("/nonexistent.crt", world.key, NULL));
	says("cannot read '%s': No such file or directory%s", "/nonexistent.crt", "");
	assert_null(load(cert, "/nonexistent.key", NULL));
	says("cannot read '%s': No such file or directory%s", "/nonexistent.key", "");
	assert_null(load(cut, world.key, NULL));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_non_null(strstr(error.text, cut));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaf_chain_and_key_are_loaded),
		cmocka_unit_test(a_key_proves_itself_by_signing),
		cmocka_unit_test(one_file_may_hold_both),
		cmocka_unit_test(a_ca_may_present_itself),
		cmocka_unit_test(key_of_another_is_refused_naming_both),
		cmocka_unit_test(ca_first_is_refused_naming_the_file),
		cmocka_unit_test(passphrase_opens_the_key_or_does_not),
		cmocka_unit_test(files_of_another_kind_are_refused),
	};
	return cmocka_run_group_tests(tests, make_world, certs_end);
}
