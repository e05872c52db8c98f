/* TLS 1.3's derivations give the bytes of RFC 8448's example, and OpenSSL's for whatever is asked.
 */
#include "unit.h"

#include "tls/context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#define OURS tls_library()
#define OPENSSLS NULL
#define BYTES_MAX 1024

struct wish {
	int mode;
	const char *digest;
	const void *key, *salt, *data; /* NULL: not given */
	size_t key_bytes, salt_bytes, data_bytes;
	const char *label;
	size_t bytes;
};

static bool derive(OSSL_LIB_CTX *library, const struct wish *wish, unsigned char *ret)
{
	EVP_KDF *kdf = EVP_KDF_fetch(library, "TLS13-KDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[8], *p = params;
	int mode = wish->mode;
	*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	if (wish->digest)
		*p++ = OSSL_PARAM_construct_utf8_string(
			OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)wish->digest, 0);
	if (wish->key)
		*p++ = OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)wish->key, wish->key_bytes);
	if (wish->salt)
		*p++ = OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)wish->salt, wish->salt_bytes);
	if (wish->data)
		*p++ = OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_DATA, (void *)(uintptr_t)wish->data, wish->data_bytes);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, "tls13 ", 6);
	*p++ = OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_LABEL, (void *)(uintptr_t)wish->label, strlen(wish->label));
	*p = OSSL_PARAM_construct_end();
	assert_non_null(context);
	bool ok = EVP_KDF_derive(context, ret, wish->bytes, params) > 0;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	ERR_clear_error();
	return ok;
}

static void assert_derives(const struct wish *wish, const char *hex, unsigned char *ret)
{
	unsigned char expected[BYTES_MAX];
	size_t bytes;
	assert_true(OPENSSL_hexstr2buf_ex(expected, sizeof expected, &bytes, hex, 0));
	assert_int_equal(bytes, wish->bytes);
	assert_true(derive(OURS, wish, ret));
	assert_memory_equal(ret, expected, bytes);
}

static void the_rfcs_example(void **state)
{
	(void)state;
	unsigned char early[32], handshake[32], master[32], traffic[32], key[16], iv[12];
	unsigned char shared[32], hash[32];
	size_t bytes;
	struct wish wish = {
		.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY,
		.digest = "SHA2-256",
		.label = "derived",
		.bytes = 32,
	};
	/* RFC 8448 section 3: early, handshake and master secret. */
	assert_derives(
		&wish, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a", early);
	assert_true(OPENSSL_hexstr2buf_ex(shared, sizeof shared, &bytes,
		"8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d", 0));
	wish.salt = early, wish.salt_bytes = 32, wish.key = shared, wish.key_bytes = 32;
	assert_derives(&wish, "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac",
		handshake);
	wish.salt = handshake, wish.key = NULL;
	assert_derives(
		&wish, "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919", master);
	/* The server's handshake keys. */
	assert_true(OPENSSL_hexstr2buf_ex(hash, sizeof hash, &bytes,
		"860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8", 0));
	wish = (struct wish){ EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA256", handshake, NULL, hash, 32, 0,
		32, "s hs traffic", 32 };
	assert_derives(
		&wish, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38", traffic);
	wish.key = traffic, wish.data = NULL, wish.label = "key", wish.bytes = 16;
	assert_derives(&wish, "3fce516009c21727d0f2e4e86ee403bc", key);
	wish.label = "iv", wish.bytes = 12;
	assert_derives(&wish, "5d313eb2671276ee13000b30", iv);
}

static void assert_as_openssl(const struct wish *wish)
{
	unsigned char ours[BYTES_MAX] = { 0 }, its[BYTES_MAX] = { 1 };
	assert_true(wish->bytes <= BYTES_MAX);
	assert_true(derive(OPENSSLS, wish, its));
	if (!derive(OURS, wish, ours) || memcmp(ours, its, wish->bytes) != 0)
		fail_msg("mode %d, %s, %zu bytes", wish->mode, wish->digest, wish->bytes);
}

static void whatever_is_asked_as_openssl_answers(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t bytes;
	} digests[] = { { "SHA2-256", 32 }, { "SHA2-384", 48 }, { "sha256", 32 },
		{ "SHA384", 48 } };
	static const char *const labels[] = { "", "key", "c ap traffic", "resumption",
		"exp master" };
	unsigned char random[3][256];
	for (size_t i = 0; i < 400; i++) {
		size_t digest = i % 4, bytes = digests[digest].bytes;
		RAND_bytes((unsigned char *)random, sizeof random);
		struct wish wish = { EVP_KDF_HKDF_MODE_EXPAND_ONLY, digests[digest].name, random[0],
			NULL, i % 3 ? random[1] : NULL, bytes, 0, random[2][0] % 65, labels[i % 5],
			1 + random[2][1] % (i % 7 ? bytes : BYTES_MAX) };
		assert_as_openssl(&wish);
		wish.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
		wish.label = "derived", wish.data = NULL, wish.bytes = bytes;
		wish.salt = i % 2 ? random[2] : NULL, wish.salt_bytes = bytes;
		wish.key = i % 5 ? random[0] : NULL;
		wish.key_bytes = 1 + random[2][2] % 255U; /* P-521's is longer than a block */
		assert_as_openssl(&wish);
	}
}

static void assert_refuses(struct wish wish)
{
	unsigned char ret[32 * 256 + 1];
	if (derive(OURS, &wish, ret))
		fail_msg("mode %d, %s, %zu bytes", wish.mode, wish.digest, wish.bytes);
}

static void what_is_no_derivation_is_refused(void **state)
{
	(void)state;
	static const char secret[200] = "secret";
	char label[251];
	memset(label, 'x', sizeof label);
	label[249] = label[250] = 0;
	const struct wish good = { EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", secret, NULL, NULL,
		32, 0, 0, label, 255 * 32 };
	unsigned char ret[255 * 32];
	assert_true(derive(OURS, &good, ret));
	struct wish bad = good;
	bad.bytes++;
	assert_refuses(bad);
	bad = good, bad.bytes = 0;
	assert_refuses(bad);
	bad = good, bad.key = NULL;
	assert_refuses(bad);
	bad = good, bad.key_bytes = 65;
	assert_refuses(bad);
	bad = good, bad.digest = NULL;
	assert_refuses(bad);
	bad = good, bad.digest = "SHA2-512";
	assert_refuses(bad);
	bad = good, bad.digest = "";
	assert_refuses(bad);
	bad = good, bad.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
	assert_refuses(bad);
	bad = good, bad.mode = -1;
	assert_refuses(bad);
	bad = good, bad.data = label, bad.data_bytes = 256;
	assert_refuses(bad);
	bad = good, label[249] = 'x';
	assert_refuses(bad);
	bad = good, bad.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY, bad.bytes = 31;
	assert_refuses(bad);
	bad.bytes = 32, bad.salt = secret, bad.salt_bytes = 65, bad.label = "derived";
	assert_refuses(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rfcs_example),
		cmocka_unit_test(whatever_is_asked_as_openssl_answers),
		cmocka_unit_test(what_is_no_derivation_is_refused),
	};
	assert_non_null(OURS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
