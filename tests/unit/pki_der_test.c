/* DER and PEM by our own means, beside OpenSSL's. */
#include "pki_fixture.h"

#include "pki/der.h"
#include "pki/pem.h"

#include <openssl/asn1.h>

/* Octets of that many bytes in a sequence, by OpenSSL. */
static int wanted_der(const unsigned char *content, int count, unsigned char **ret)
{
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	STACK_OF(ASN1_TYPE) *sequence = sk_ASN1_TYPE_new_null();
	ASN1_TYPE *type = ASN1_TYPE_new();
	assert_true(ASN1_OCTET_STRING_set(octets, content, count));
	ASN1_TYPE_set(type, V_ASN1_OCTET_STRING, octets);
	assert_true(sk_ASN1_TYPE_push(sequence, type));
	*ret = NULL;
	int bytes = i2d_ASN1_SEQUENCE_ANY(sequence, ret);
	sk_ASN1_TYPE_pop_free(sequence, ASN1_TYPE_free);
	return bytes;
}

static void lengths_are_the_shortest(void **state)
{
	(void)state;
	static const int counts[] = { 0, 1, 125, 126, 127, 128, 129, 250, 252, 253, 255, 256, 257,
		4000, 16300 };
	static unsigned char content[16384];
	static struct der der;
	for (size_t i = 0; i < ROWS(counts); i++) {
		unsigned char *wanted;
		size_t bytes;
		der_begin(&der);
		size_t end = der.at;
		der_put(&der, content, (size_t)counts[i]);
		der_head(&der, DER_OCTETS, end);
		der_head(&der, DER_SEQUENCE, end);
		const unsigned char *written = der_bytes(&der, &bytes);
		assert_int_equal(bytes, wanted_der(content, counts[i], &wanted));
		assert_memory_equal(written, wanted, bytes);
		OPENSSL_free(wanted);
	}
}

static void a_head_goes_around_what_is_behind_its_end_only(void **state)
{
	(void)state;
	static struct der der;
	static const unsigned char wanted[] = { DER_SET, 1, 7, DER_CONTEXT + 3, 0, 9 };
	size_t bytes;
	der_begin(&der);
	der_put(&der, "\x09", 1);
	der_head(&der, DER_CONTEXT + 3, der.at);
	size_t end = der.at;
	der_put(&der, "\x07", 1);
	der_head(&der, DER_SET, end);
	assert_memory_equal(der_bytes(&der, &bytes), wanted, sizeof wanted);
	assert_int_equal(bytes, sizeof wanted);
	der_begin(&der);
	der_bytes(&der, &bytes);
	assert_int_equal(bytes, 0);
}

static void pem_is_as_openssl_writes_it(void **state)
{
	(void)state;
	unsigned char der[200];
	for (size_t i = 0; i < sizeof der; i++)
		der[i] = (unsigned char)(i * 37 + 200);
	for (size_t count = 1; count < sizeof der; count++) {
		struct error error;
		OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
		OWN(buffer) struct buffer text = BUFFER(4096);
		assert_true(PEM_write_bio(bio, "THING", "", der, (long)count) > 0);
		char *wanted;
		long bytes = BIO_get_mem_data(bio, &wanted);
		assert_true(pem_add("THING", der, count, &text, &error));
		assert_int_equal(text.length, bytes);
		assert_memory_equal(text.data, wanted, text.length);
	}
}

static void pem_stays_below_its_cap(void **state)
{
	(void)state;
	static const unsigned char der[100];
	for (size_t cap = 0; cap < 160; cap++) {
		struct error error;
		OWN(buffer) struct buffer text = BUFFER(cap);
		assert_false(pem_add("THING", der, sizeof der, &text, &error));
		assert_int_equal(error.kind, ERROR_LIMIT);
	}
}

static void a_key_is_written_as_openssl_does(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct error error;
		struct key_p256 pair;
		OWN(EVP_PKEY) EVP_PKEY *key = EVP_EC_gen("P-256");
		OWN(BIO) BIO *bio = BIO_new(BIO_s_mem());
		OWN(buffer) struct buffer ours = BUFFER(4096);
		assert_true(key_p256_read(key, &pair));
		assert_true(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
		char *wanted;
		long bytes = BIO_get_mem_data(bio, &wanted);
		assert_true(key_p256_encode(&pair, &ours, &error));
		assert_int_equal(ours.length, bytes);
		assert_memory_equal(ours.data, wanted, ours.length);
		unsigned char public[KEY_P256_PUBLIC_BYTES], *whole = NULL;
		key_p256_public(&pair, public);
		assert_int_equal(i2d_PUBKEY(key, &whole), sizeof public);
		assert_memory_equal(public, whole, sizeof public);
		OPENSSL_free(whole);
	}
}

static EVP_PKEY *public_half(EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int bytes = i2d_PUBKEY(key, &der);
	const unsigned char *at = der;
	EVP_PKEY *public = d2i_PUBKEY(NULL, &at, bytes);
	assert_non_null(public);
	OPENSSL_free(der);
	return public;
}

static void only_p256_keys_are_read(void **state)
{
	(void)state;
	static const char *const kinds[] = { "ec:P-384", "ed25519", "rsa:2048" };
	for (size_t i = 0; i < ROWS(kinds); i++) {
		struct key_type type;
		struct key_p256 pair;
		struct error error;
		OWN(EVP_PKEY) EVP_PKEY *key = NULL;
		assert_true(key_type_parse(kinds[i], &type, &error));
		assert_true(key_make(&type, &key, &error));
		assert_false(key_p256_read(key, &pair));
	}
	/* And of these none that lacks its private half. */
	struct key_p256 pair;
	OWN(EVP_PKEY) EVP_PKEY *key = EVP_EC_gen("P-256");
	OWN(EVP_PKEY) EVP_PKEY *public = public_half(key);
	assert_false(key_p256_read(public, &pair));
}

static void signatures_hold(void **state)
{
	(void)state;
	static const char *const kinds[] = { "ec:P-256", "ed25519", "rsa:2048" };
	for (size_t i = 0; i < ROWS(kinds); i++) {
		struct key_type type;
		struct error error;
		static struct key_signature signature;
		const EVP_MD *digest;
		OWN(EVP_PKEY) EVP_PKEY *key = NULL;
		assert_true(key_type_parse(kinds[i], &type, &error));
		assert_true(key_make(&type, &key, &error));
		assert_true(key_digest(key, NULL, &digest, &error));
		assert_true(key_sign(key, digest, "text", 4, &signature));
		OWN(EVP_MD_CTX) EVP_MD_CTX *check = EVP_MD_CTX_new();
		assert_int_equal(EVP_DigestVerifyInit(check, NULL, digest, NULL, key), 1);
		assert_int_equal(EVP_DigestVerify(check, signature.bytes, signature.count,
					 (const unsigned char *)"text", 4),
			1);
		/* Not without the private half. */
		OWN(EVP_PKEY) EVP_PKEY *public = public_half(key);
		assert_false(key_sign(public, digest, "text", 4, &signature));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_are_the_shortest),
		cmocka_unit_test(a_head_goes_around_what_is_behind_its_end_only),
		cmocka_unit_test(pem_is_as_openssl_writes_it),
		cmocka_unit_test(pem_stays_below_its_cap),
		cmocka_unit_test(a_key_is_written_as_openssl_does),
		cmocka_unit_test(only_p256_keys_are_read),
		cmocka_unit_test(signatures_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
