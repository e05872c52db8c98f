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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_recipe_passes_strictly),
		cmocka_unit_test(each_fault_is_the_one_asked_for),
		cmocka_unit_test(serials_differ_and_fit_twenty_octets),
		cmocka_unit_test(a_bad_extension_is_named),
		cmocka_unit_test(files_come_back_and_the_key_is_private),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
