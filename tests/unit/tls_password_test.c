/* Keys from passwords are those of the RFCs' examples, and OpenSSL's for whatever is asked. */
#include "unit.h"

#include "tls/context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>

#define OURS tls_library()
#define OPENSSLS NULL
#define BYTES_MAX 512

struct wish {
	const char *name, *digest;
	const void *password, *salt; /* NULL: not given */
	size_t password_bytes, salt_bytes;
	int rounds, id; /* below 0: not given */
	int pkcs5;      /* 0: with lower bounds; below 0: not given */
	size_t bytes;
};

static OSSL_PARAM *put_bytes(OSSL_PARAM *at, const char *name, const void *data, size_t bytes)
{
	if (data)
		*at++ = OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)data, bytes);
	return at;
}

static OSSL_PARAM *put_number(OSSL_PARAM *at, const char *name, int *number)
{
	if (*number >= 0)
		*at++ = OSSL_PARAM_construct_int(name, number);
	return at;
}

static bool derive(OSSL_LIB_CTX *library, struct wish wish, unsigned char *ret)
{
	EVP_KDF *kdf = EVP_KDF_fetch(library, wish.name, NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[8], *at = params;
	at = put_bytes(at, OSSL_KDF_PARAM_PASSWORD, wish.password, wish.password_bytes);
	at = put_bytes(at, OSSL_KDF_PARAM_SALT, wish.salt, wish.salt_bytes);
	at = put_number(at, OSSL_KDF_PARAM_ITER, &wish.rounds);
	at = put_number(at, OSSL_KDF_PARAM_PKCS12_ID, &wish.id);
	at = put_number(at, OSSL_KDF_PARAM_PKCS5, &wish.pkcs5);
	if (wish.digest)
		*at++ = OSSL_PARAM_construct_utf8_string(
			OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)wish.digest, 0);
	*at = OSSL_PARAM_construct_end();
	assert_non_null(context);
	bool ok = EVP_KDF_derive(context, ret, wish.bytes, params) > 0;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	ERR_clear_error();
	return ok;
}

static struct wish pbkdf2(
	const char *digest, const char *password, const char *salt, int rounds, size_t bytes)
{
	return (struct wish){ "PBKDF2", digest, password, salt, strlen(password), strlen(salt),
		rounds, -1, 1, bytes };
}

static void assert_derives(struct wish wish, const char *hex)
{
	unsigned char expected[BYTES_MAX], ours[BYTES_MAX];
	size_t bytes;
	assert_true(OPENSSL_hexstr2buf_ex(expected, sizeof expected, &bytes, hex, 0));
	assert_int_equal(bytes, wish.bytes);
	assert_true(derive(OURS, wish, ours));
	assert_memory_equal(ours, expected, bytes);
}

static void the_rfcs_examples(void **state)
{
	(void)state;
	/* RFC 7914 section 11. */
	assert_derives(pbkdf2("SHA256", "passwd", "salt", 1, 64),
		"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
		"49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
	assert_derives(pbkdf2("SHA2-256", "Password", "NaCl", 80000, 64),
		"4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
		"a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d");
	/* RFC 6070 section 2. */
	assert_derives(pbkdf2("SHA1", "password", "salt", 1, 20),
		"0c60c80f961f0e71f3a9b524af6012062fe037a6");
	assert_derives(pbkdf2("SHA1", "password", "salt", 4096, 20),
		"4b007901b765489abead49d926f721d065a429c1");
	assert_derives(pbkdf2("SHA1", "passwordPASSWORDpassword",
			       "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 25),
		"3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
	struct wish zeros = pbkdf2("SHA1", "", "", 4096, 16);
	zeros.password = "pass\0word", zeros.password_bytes = 9;
	zeros.salt = "sa\0lt", zeros.salt_bytes = 5;
	assert_derives(zeros, "56fa6aa75548099dcc37d7f03425e0c3");
}

static void assert_as_openssl(struct wish wish)
{
	unsigned char ours[BYTES_MAX] = { 0 }, its[BYTES_MAX] = { 1 };
	assert_true(wish.bytes <= BYTES_MAX);
	bool possible = derive(OPENSSLS, wish, its);
	if (derive(OURS, wish, ours) != possible ||
		(possible && memcmp(ours, its, wish.bytes) != 0))
		fail_msg("%s with %s, %zu and %zu bytes, %d rounds, id %d, %zu bytes wanted: %s",
			wish.name, wish.digest, wish.password_bytes, wish.salt_bytes, wish.rounds,
			wish.id, wish.bytes, possible ? "other bytes" : "not possible");
}

static const char *const digests[] = { "SHA256", "SHA2-256", "sha256", "SHA1", "MD5", "SHA224",
	"SHA384", "SHA512", "SHA512-256", "SHA3-224", "SHA3-512", "RIPEMD160", "SM3" };
#define DIGESTS (sizeof digests / sizeof *digests)

/* Around what is a block, a digest, and two of them. */
static const size_t lengths[] = { 0, 1, 8, 31, 32, 33, 63, 64, 65, 128, 129, 200 };
#define LENGTHS (sizeof lengths / sizeof *lengths)

static void every_length_as_openssl(void **state)
{
	(void)state;
	unsigned char bytes[2][256];
	for (size_t i = 0; i < DIGESTS; i++)
		for (size_t j = 0; j < LENGTHS * LENGTHS; j++) {
			RAND_bytes((unsigned char *)bytes, sizeof bytes);
			if (j % 5 == 0)
				memset(bytes, 0xff, sizeof bytes); /* carries all the way */
			struct wish wish = { "PBKDF2", digests[i], bytes[0], bytes[1],
				lengths[j % LENGTHS], lengths[j / LENGTHS], 1 + (int)(j % 4), -1, 1,
				1 + lengths[j * 7 % LENGTHS] };
			assert_as_openssl(wish);
			wish.name = "PKCS12KDF", wish.id = 1 + (int)(j % 3), wish.pkcs5 = -1;
			assert_as_openssl(wish);
		}
}

static void many_rounds_as_openssl(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIGESTS; i++) {
		struct wish wish = pbkdf2(digests[i], "a password", "a salt", 700, 150);
		assert_as_openssl(wish);
		wish.pkcs5 = -1; /* OpenSSL's own default */
		assert_as_openssl(wish);
		wish.name = "PKCS12KDF", wish.id = PKCS12_MAC_ID;
		assert_as_openssl(wish);
	}
}

static void what_is_missing_or_wrong_is_refused(void **state)
{
	(void)state;
	static const char *const names[] = { "PBKDF2", "PKCS12KDF" };
	for (size_t i = 0; i < 2; i++) {
		unsigned char bytes[BYTES_MAX];
		struct wish good = pbkdf2("SHA256", "password", "salt", 3, 20);
		good.name = names[i];
		good.id = i ? PKCS12_KEY_ID : -1;
		assert_true(derive(OURS, good, bytes));
		struct wish bad = good;
		bad.rounds = 0;
		assert_false(derive(OURS, bad, bytes));
		bad.rounds = -1;
		assert_false(derive(OURS, bad, bytes));
		bad = good, bad.password = NULL;
		assert_false(derive(OURS, bad, bytes));
		bad = good, bad.salt = NULL;
		assert_false(derive(OURS, bad, bytes));
		bad = good, bad.digest = NULL;
		assert_false(derive(OURS, bad, bytes));
		bad.digest = "SHAKE-256"; /* of no length of its own */
		assert_false(derive(OURS, bad, bytes));
		bad.digest = "no such digest";
		assert_false(derive(OURS, bad, bytes));
		bad = good, bad.pkcs5 = 0;
		assert_false(derive(OURS, bad, bytes));
	}
}

/* What was given as another kind of value, or a second digest, changes nothing and leaks nothing.
 */
static void values_of_another_kind_are_refused(void **state)
{
	(void)state;
	unsigned char bytes[20];
	int number = 1;
	char text[] = "SHA256";
	OSSL_PARAM wrong[][2] = {
		{ OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_PASSWORD, text, 0),
			OSSL_PARAM_construct_end() },
		{ OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_ITER, text, 0),
			OSSL_PARAM_construct_end() },
		{ OSSL_PARAM_construct_int(OSSL_KDF_PARAM_DIGEST, &number),
			OSSL_PARAM_construct_end() },
		{ OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_PKCS5, text, 0),
			OSSL_PARAM_construct_end() },
	};
	EVP_KDF *kdf = EVP_KDF_fetch(OURS, "PBKDF2", NULL);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
		OSSL_PARAM params[] = {
			OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, text, 6),
			OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, text, 6),
			OSSL_PARAM_construct_int(OSSL_KDF_PARAM_ITER, &number),
			OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, text, 0),
			OSSL_PARAM_construct_end(),
			OSSL_PARAM_construct_end(),
		};
		assert_int_equal(EVP_KDF_derive(context, bytes, sizeof bytes, params), 1);
		params[4] = wrong[i][0];
		assert_int_not_equal(EVP_KDF_derive(context, bytes, sizeof bytes, params), 1);
		params[4] = params[3]; /* twice */
		assert_int_not_equal(EVP_KDF_derive(context, bytes, sizeof bytes, params), 1);
		EVP_KDF_CTX_free(context);
	}
	EVP_KDF_free(kdf);
	ERR_clear_error();
}

/* The functions that make and open PFX files come here, and say the same as without us. */
static void pkcs12s_functions_come_here(void **state)
{
	(void)state;
	unsigned char ours[64], its[64], salt[8] = { 1, 2, 3 };
	OSSL_LIB_CTX *before = OSSL_LIB_CTX_set0_default(OURS);
	assert_int_equal(PKCS5_PBKDF2_HMAC("word", -1, salt, 8, 2048, EVP_sha256(), 64, ours), 1);
	OSSL_LIB_CTX_set0_default(before);
	assert_int_equal(PKCS5_PBKDF2_HMAC("word", -1, salt, 8, 2048, EVP_sha256(), 64, its), 1);
	assert_memory_equal(ours, its, 64);
	OSSL_LIB_CTX_set0_default(OURS);
	assert_int_equal(PKCS12_key_gen_utf8(
				 "wörd", -1, salt, 8, PKCS12_MAC_ID, 2048, 64, ours, EVP_sha256()),
		1);
	OSSL_LIB_CTX_set0_default(before);
	assert_int_equal(PKCS12_key_gen_utf8(
				 "wörd", -1, salt, 8, PKCS12_MAC_ID, 2048, 64, its, EVP_sha256()),
		1);
	assert_memory_equal(ours, its, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rfcs_examples),
		cmocka_unit_test(every_length_as_openssl),
		cmocka_unit_test(many_rounds_as_openssl),
		cmocka_unit_test(what_is_missing_or_wrong_is_refused),
		cmocka_unit_test(values_of_another_kind_are_refused),
		cmocka_unit_test(pkcs12s_functions_come_here),
	};
	assert_non_null(OURS);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
