/* Minted certificates are broken in the one way that was asked for, and in no other. */
#include "unit.h"

#include "pki/mint.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY_S = 24 * 60 * 60 };

static const struct mint_recipe ca_recipe = { .common_name = "Test CA",
	.not_before_s = -3600,
	.not_after_s = DAY_S,
	.extensions = { { "basicConstraints", "critical,CA:TRUE" },
		{ "keyUsage", "critical,keyCertSign,cRLSign" } } };
static const struct mint_recipe leaf_recipe = { .common_name = "leaf",
	.not_before_s = -3600,
	.not_after_s = DAY_S,
	.extensions = { { "basicConstraints", "critical,CA:FALSE" },
		{ "extendedKeyUsage", "clientAuth" }, { "subjectAltName", "DNS:leaf" } } };

static struct mint *make(const struct mint_recipe *recipe, const struct mint *issuer)
{
	struct mint *mint = NULL;
	struct error error;
	if (!mint_new(recipe, issuer, time(NULL), &mint, &error))
		fail_msg("%s", error.text);
	return mint;
}

/* The X.509 error of `leaf` for `purpose` below `ca`, 0 when it is good. */
static int verify(const struct mint *ca, const struct mint *leaf, int purpose)
{
	OWN(X509_STORE) X509_STORE *store = X509_STORE_new();
	OWN(X509_STORE_CTX) X509_STORE_CTX *context = X509_STORE_CTX_new();
	assert_true(X509_STORE_add_cert(store, (X509 *)mint_certificate(ca)));
	assert_true(X509_STORE_CTX_init(context, store, (X509 *)mint_certificate(leaf), NULL));
	X509_STORE_CTX_set_purpose(context, purpose);
	X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
	X509_verify_cert(context);
	return X509_STORE_CTX_get_error(context);
}

static void a_sound_recipe_passes_strictly(void **state)
{
	(void)state;
	OWN(mint) struct mint *ca = make(&ca_recipe, NULL);
	OWN(mint) struct mint *leaf = make(&leaf_recipe, ca);
	assert_int_equal(verify(ca, leaf, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
	assert_int_equal(X509_get_version(mint_certificate(leaf)), X509_VERSION_3);
	assert_int_equal(X509_check_host((X509 *)mint_certificate(leaf), "leaf", 0, 0, NULL), 1);
}

static void each_fault_is_the_one_asked_for(void **state)
{
	(void)state;
	OWN(mint) struct mint *ca = make(&ca_recipe, NULL);
	OWN(mint) struct mint *other = make(&ca_recipe, NULL);
	OWN(mint) struct mint *sound = make(&leaf_recipe, ca);
	struct mint_recipe recipe = leaf_recipe;
	OWN(mint) struct mint *self = make(&recipe, NULL);
	recipe.not_after_s = -1;
	OWN(mint) struct mint *expired = make(&recipe, ca);
	recipe.not_before_s = 2 * DAY_S + 7;
	recipe.not_after_s = 3 * DAY_S;
	OWN(mint) struct mint *early = make(&recipe, ca);
	assert_int_equal(verify(ca, expired, X509_PURPOSE_SSL_CLIENT), X509_V_ERR_CERT_HAS_EXPIRED);
	assert_int_equal(verify(ca, early, X509_PURPOSE_SSL_CLIENT), X509_V_ERR_CERT_NOT_YET_VALID);
	assert_int_equal(verify(ca, sound, X509_PURPOSE_SSL_SERVER), X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(
		verify(ca, self, X509_PURPOSE_SSL_CLIENT), X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
	/* The other CA has the same name but another key: its identifier tells them apart. */
	assert_int_equal(verify(other, sound, X509_PURPOSE_SSL_CLIENT),
		X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

static void serials_differ_and_fit_twenty_octets(void **state)
{
	(void)state;
	OWN(mint) struct mint *one = make(&ca_recipe, NULL);
	OWN(mint) struct mint *two = make(&ca_recipe, NULL);
	const ASN1_INTEGER *first = X509_get0_serialNumber(mint_certificate(one));
	assert_int_not_equal(
		ASN1_INTEGER_cmp(first, X509_get0_serialNumber(mint_certificate(two))), 0);
	assert_int_equal(ASN1_STRING_length(first), 20);
	assert_true(ASN1_STRING_get0_data(first)[0] < 0x80);
}

static void a_bad_extension_is_named(void **state)
{
	(void)state;
	struct mint_recipe recipe = leaf_recipe;
	recipe.extensions[1].value = "noSuchAuth";
	struct error error;
	struct mint *mint = NULL;
	assert_false(mint_new(&recipe, NULL, time(NULL), &mint, &error));
	assert_null(mint);
	assert_int_equal(error.kind, ERROR_BUG);
	assert_non_null(strstr(error.text, "cannot mint extendedKeyUsage = noSuchAuth: "));
}

static void files_come_back_and_the_key_is_private(void **state)
{
	(void)state;
	char folder[] = "/tmp/mtls-mint-XXXXXX";
	assert_non_null(mkdtemp(folder));
	OWN(char) char *cert = text_format("%s/ca.crt", folder);
	OWN(char) char *key = text_format("%s/ca.key", folder);
	struct error error;
	OWN(mint) struct mint *ca = make(&ca_recipe, NULL);
	assert_true(mint_save(ca, cert, key, &error));
	struct stat about;
	assert_int_equal(stat(key, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);

	OWN(mint) struct mint *loaded = NULL;
	assert_true(mint_load(cert, key, &loaded, &error));
	OWN(mint) struct mint *leaf = make(&leaf_recipe, loaded);
	assert_int_equal(verify(ca, leaf, X509_PURPOSE_SSL_CLIENT), X509_V_OK);

	struct mint *none = NULL;
	assert_false(mint_load(key, key, &none, &error));
	assert_int_equal(error.kind, ERROR_INPUT);
	assert_non_null(strstr(error.text, "it is a private key, not a certificate"));
	assert_false(mint_load(cert, cert, &none, &error));
	assert_non_null(strstr(error.text, "it is a certificate, not a private key"));
	unlink(key);
	assert_false(mint_load(cert, key, &none, &error));
	assert_non_null(strstr(error.text, "ca.key': No such file or directory"));
	assert_null(none);
	unlink(cert);
	rmdir(folder);
}

static void each_flag_breaks_one_thing(void **state)
{
	(void)state;
	OWN(mint) struct mint *ca = make(&ca_recipe, NULL);
	struct mint_recipe recipe = leaf_recipe;
	recipe.faults = MINT_V1;
	OWN(mint) struct mint *old = make(&recipe, ca);
	assert_int_equal(X509_get_version(mint_certificate(old)), X509_VERSION_1);
	assert_int_equal(X509_get_ext_count(mint_certificate(old)), 0);
	recipe.faults = MINT_BARE;
	OWN(mint) struct mint *bare = make(&recipe, ca);
	assert_int_equal(X509_get_version(mint_certificate(bare)), X509_VERSION_3);
	assert_int_equal(X509_get_ext_count(mint_certificate(bare)), 0);
	recipe.faults = MINT_CORRUPT;
	OWN(mint) struct mint *corrupt = make(&recipe, ca);
	assert_int_equal(
		verify(ca, corrupt, X509_PURPOSE_SSL_CLIENT), X509_V_ERR_CERT_SIGNATURE_FAILURE);
	recipe.faults = 0;
	recipe.key = (struct key_type){ .id = EVP_PKEY_RSA, .bits = 1024 };
	recipe.digest = "sha1";
	OWN(mint) struct mint *weak = make(&recipe, ca);
	assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(mint_certificate(weak))), 1024);
	assert_int_equal(X509_get_signature_nid(mint_certificate(weak)), NID_ecdsa_with_SHA1);
}

static EVP_PKEY *key_of(const struct mint *mint)
{
	OWN(buffer) struct buffer pem = BUFFER(1 << 16);
	struct error error;
	assert_true(mint_add_key(mint, NULL, &pem, &error));
	OWN(BIO) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.length);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	assert_non_null(key);
	return key;
}

/* Whether what the mint's key signs is what its certificate's key verifies. */
static bool proves_itself(const struct mint *mint)
{
	OWN(EVP_PKEY) EVP_PKEY *key = key_of(mint);
	OWN(EVP_MD_CTX) EVP_MD_CTX *signing = EVP_MD_CTX_new();
	OWN(EVP_MD_CTX) EVP_MD_CTX *verifying = EVP_MD_CTX_new();
	unsigned char signature[256];
	size_t bytes = sizeof signature;
	/* The pair looks sound as long as nobody signs. */
	assert_int_equal(X509_check_private_key(mint_certificate(mint), key), 1);
	assert_int_equal(EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(
		EVP_DigestSign(signing, signature, &bytes, (const unsigned char *)"x", 1), 1);
	assert_int_equal(EVP_DigestVerifyInit(verifying, NULL, EVP_sha256(), NULL,
				 X509_get0_pubkey(mint_certificate(mint))),
		1);
	return EVP_DigestVerify(verifying, signature, bytes, (const unsigned char *)"x", 1) == 1;
}

static void a_foreign_key_signs_for_nobody(void **state)
{
	(void)state;
	struct mint_recipe recipe = leaf_recipe;
	OWN(mint) struct mint *good = make(&recipe, NULL);
	recipe.faults = MINT_FOREIGN_KEY;
	OWN(mint) struct mint *stranger = make(&recipe, NULL);
	assert_true(proves_itself(good));
	assert_false(proves_itself(stranger));
}

static X509_CRL *crl_of(const struct mint *ca, const struct mint *revoked, long long until_s)
{
	OWN(buffer) struct buffer pem = BUFFER(1 << 16);
	struct error error;
	assert_true(mint_add_crl(ca, revoked, -DAY_S, until_s, &pem, &error));
	OWN(BIO) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.length);
	X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
	assert_non_null(crl);
	return crl;
}

/* Whatever an intermediate issues has to be sent with it, and without the root. */
static void what_an_intermediate_issues_comes_with_it(void **state)
{
	(void)state;
	OWN(mint) struct mint *root = make(&ca_recipe, NULL);
	struct mint_recipe below = ca_recipe;
	below.common_name = "Below CA";
	OWN(mint) struct mint *between = make(&below, root);
	OWN(buffer) struct buffer file = BUFFER(1 << 16);
	OWN(buffer) struct buffer own = BUFFER(1 << 16);
	OWN(buffer) struct buffer above = BUFFER(1 << 16);
	OWN(buffer) struct buffer none = BUFFER(1 << 16);
	struct error error;
	struct mint *loaded;
	assert_true(mint_save(between, "between.crt", "between.key", &error));
	/* The file with the root behind it, as some have it. */
	assert_true(mint_add_certificate(between, &own, &error));
	assert_true(mint_add_certificate(between, &file, &error));
	assert_true(mint_add_certificate(root, &file, &error));
	assert_true(file_write("between.crt", FILE_PUBLIC, file.data, file.length, &error));
	assert_true(mint_load("between.crt", "between.key", &loaded, &error));
	OWN(mint) struct mint *leaf = make(&leaf_recipe, loaded);
	OWN(mint) struct mint *copy = mint_copy(leaf);
	mint_free(loaded);
	assert_true(mint_add_above(copy, &above, &error));
	assert_int_equal(above.length, own.length);
	assert_memory_equal(above.data, own.data, own.length);
	/* A root brings nothing. */
	assert_true(mint_save(root, "root.crt", "root.key", &error));
	assert_true(mint_load("root.crt", "root.key", &loaded, &error));
	OWN(mint) struct mint *direct = make(&leaf_recipe, loaded);
	mint_free(loaded);
	assert_true(mint_add_above(direct, &none, &error));
	assert_int_equal(none.length, 0);
}

/* A copy is the same key and certificate, and lives longer than what it was copied from. */
static void a_copy_is_byte_for_byte_the_same(void **state)
{
	(void)state;
	OWN(mint) struct mint *ca = make(&ca_recipe, NULL);
	struct mint *leaf = make(&leaf_recipe, ca);
	OWN(mint) struct mint *copy = mint_copy(leaf);
	OWN(buffer) struct buffer before = BUFFER(1 << 16);
	OWN(buffer) struct buffer after = BUFFER(1 << 16);
	struct error error;
	assert_true(mint_add_certificate(leaf, &before, &error));
	assert_true(mint_add_key(leaf, NULL, &before, &error));
	mint_free(leaf);
	assert_true(mint_add_certificate(copy, &after, &error));
	assert_true(mint_add_key(copy, NULL, &after, &error));
	assert_int_equal(before.length, after.length);
	assert_memory_equal(before.data, after.data, after.length);
	assert_int_equal(verify(ca, copy, X509_PURPOSE_SSL_CLIENT), 0);
}

static void a_crl_lists_one_or_nobody(void **state)
{
	(void)state;
	OWN(mint) struct mint *ca = make(&ca_recipe, NULL);
	OWN(mint) struct mint *leaf = make(&leaf_recipe, ca);
	OWN(X509_CRL) X509_CRL *full = crl_of(ca, leaf, DAY_S);
	OWN(X509_CRL) X509_CRL *empty = crl_of(ca, NULL, -3600);
	X509_REVOKED *entry = NULL;
	X509 *certificate = (X509 *)mint_certificate(leaf);
	assert_int_equal(X509_CRL_verify(full, X509_get0_pubkey(mint_certificate(ca))), 1);
	assert_int_equal(X509_CRL_get0_by_cert(full, &entry, certificate), 1);
	assert_int_equal(X509_CRL_get0_by_cert(empty, &entry, certificate), 0);
	assert_true(X509_cmp_current_time(X509_CRL_get0_nextUpdate(full)) > 0);
	assert_true(X509_cmp_current_time(X509_CRL_get0_nextUpdate(empty)) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_recipe_passes_strictly),
		cmocka_unit_test(each_fault_is_the_one_asked_for),
		cmocka_unit_test(serials_differ_and_fit_twenty_octets),
		cmocka_unit_test(a_bad_extension_is_named),
		cmocka_unit_test(each_flag_breaks_one_thing),
		cmocka_unit_test(a_foreign_key_signs_for_nobody),
		cmocka_unit_test(what_an_intermediate_issues_comes_with_it),
		cmocka_unit_test(a_copy_is_byte_for_byte_the_same),
		cmocka_unit_test(a_crl_lists_one_or_nobody),
		cmocka_unit_test(files_come_back_and_the_key_is_private),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
