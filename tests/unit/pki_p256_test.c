/* The DER that we write of P-256 keys is OpenSSL's, and other keys are left to it. */
#include "pki_fixture.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

static void assert_same(
	unsigned char *ours, int ours_bytes, unsigned char *theirs, int theirs_bytes)
{
	assert_true(theirs_bytes > 0);
	assert_int_equal(ours_bytes, theirs_bytes);
	assert_memory_equal(ours, theirs, (size_t)ours_bytes);
	OPENSSL_free(ours);
	OPENSSL_free(theirs);
}

static void assert_private_as_openssl(EVP_PKEY *key)
{
	OWN(PKCS8_PRIV_KEY_INFO) PKCS8_PRIV_KEY_INFO *our_key = key_pkcs8(key);
	OWN(PKCS8_PRIV_KEY_INFO) PKCS8_PRIV_KEY_INFO *their_key = EVP_PKEY2PKCS8(key);
	unsigned char *ours = NULL, *theirs = NULL;
	int ours_bytes = i2d_PKCS8_PRIV_KEY_INFO(our_key, &ours);
	int theirs_bytes = i2d_PKCS8_PRIV_KEY_INFO(their_key, &theirs);
	assert_same(ours, ours_bytes, theirs, theirs_bytes);
}

static void assert_public_as_openssl(EVP_PKEY *key)
{
	OWN(X509) X509 *certificate = X509_new();
	X509_PUBKEY *target = X509_get_X509_PUBKEY(certificate);
	unsigned char *ours = NULL, *theirs = NULL;
	assert_true(key_put_public(key, target));
	int ours_bytes = i2d_X509_PUBKEY(target, &ours);
	int theirs_bytes = i2d_PUBKEY(key, &theirs);
	assert_same(ours, ours_bytes, theirs, theirs_bytes);
}

static void fresh_keys_are_written_as_openssl_does(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		OWN(EVP_PKEY) EVP_PKEY *key = EVP_EC_gen("P-256");
		assert_public_as_openssl(key);
		assert_private_as_openssl(key);
	}
}

/* The smallest of all keys: 31 of its 32 bytes are zeros, which must stay. */
static EVP_PKEY *key_one(void)
{
	static const char generator[] =
		"046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
		"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
	long bytes;
	unsigned char *point = OPENSSL_hexstr2buf(generator, &bytes);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OWN(EVP_PKEY_CTX) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	OWN(BIGNUM) BIGNUM *one = BN_secure_new();
	assert_true(BN_one(one));
	assert_true(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0));
	assert_true(OSSL_PARAM_BLD_push_octet_string(
		build, OSSL_PKEY_PARAM_PUB_KEY, point, (size_t)bytes));
	assert_true(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, one));
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters), 1);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(build);
	OPENSSL_free(point);
	return key;
}

static void leading_zeros_stay(void **state)
{
	(void)state;
	OWN(EVP_PKEY) EVP_PKEY *key = key_one();
	assert_public_as_openssl(key);
	assert_private_as_openssl(key);
}

static void assert_left_to_openssl(EVP_PKEY *key)
{
	OWN(X509) X509 *certificate = X509_new();
	assert_false(key_put_public(key, X509_get_X509_PUBKEY(certificate)));
	assert_int_equal(ERR_peek_error(), 0);
	assert_private_as_openssl(key);
	assert_int_equal(ERR_peek_error(), 0);
}

static void other_keys_are_left_to_openssl(void **state)
{
	(void)state;
	static const char *const types[] = { "rsa:2048", "ec:P-384", "ec:P-521", "ed25519" };
	for (size_t i = 0; i < ROWS(types); i++) {
		struct key_type type;
		struct error error;
		OWN(EVP_PKEY) EVP_PKEY *key = NULL;
		assert_true(key_type_parse(types[i], &type, &error));
		assert_true(key_make(&type, &key, &error));
		assert_left_to_openssl(key);
	}
}

/* RFC 5480 forbids written-out parameters; who has such a key gets what OpenSSL makes of it. */
static void other_forms_are_left_to_openssl(void **state)
{
	(void)state;
	OWN(EVP_PKEY) EVP_PKEY *written_out = EVP_EC_gen("P-256");
	assert_true(EVP_PKEY_set_utf8_string_param(
		written_out, OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT));
	assert_left_to_openssl(written_out);
	OWN(EVP_PKEY) EVP_PKEY *compressed = EVP_EC_gen("P-256");
	assert_true(EVP_PKEY_set_utf8_string_param(compressed,
		OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
		OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_COMPRESSED));
	assert_left_to_openssl(compressed);
}

static void a_public_half_has_no_private_form(void **state)
{
	(void)state;
	OWN(EVP_PKEY) EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *der = NULL;
	int bytes = i2d_PUBKEY(key, &der);
	const unsigned char *at = der;
	OWN(EVP_PKEY) EVP_PKEY *half = d2i_PUBKEY(NULL, &at, bytes);
	OPENSSL_free(der);
	assert_public_as_openssl(half);
	assert_null(key_pkcs8(half));
	ERR_clear_error();
}

static void a_certificate_in_the_making_is_completed(void **state)
{
	(void)state;
	struct error error;
	OWN(EVP_PKEY) EVP_PKEY *key = EVP_EC_gen("P-256");
	OWN(X509) X509 *certificate = fixture_ca("Test CA", key, 1);
	assert_true(key_put_public(key, X509_get_X509_PUBKEY(certificate)));
	assert_true(certificate_complete(&certificate, &error));
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(certificate), key), 1);

	/* What cannot be written stays as it was. */
	OWN(X509) X509 *empty = X509_new();
	X509 *before = empty;
	assert_false(certificate_complete(&empty, &error));
	assert_int_equal(error.kind, ERROR_BUG);
	assert_ptr_equal(empty, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_keys_are_written_as_openssl_does),
		cmocka_unit_test(leading_zeros_stay),
		cmocka_unit_test(other_keys_are_left_to_openssl),
		cmocka_unit_test(other_forms_are_left_to_openssl),
		cmocka_unit_test(a_public_half_has_no_private_form),
		cmocka_unit_test(a_certificate_in_the_making_is_completed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
